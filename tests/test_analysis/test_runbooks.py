"""Types by count and by minutes, runbooks, ways back, automation and capability: worked by hand."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from mttrlab.analysis import (
    automation_candidates,
    bottleneck_levers,
    capability,
    capability_level,
    disagreement,
    maturity,
    remediation_matches,
    rollback_readiness,
    runbook_coverage,
    type_ranking,
)
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.response import levers
from mttrlab.schema import (
    STAMPS,
    AlertRule,
    ChangePath,
    OnCallLevel,
    OnCallSchedule,
    Practices,
    RemediationRule,
    Runbook,
)

START = pd.Timestamp("2026-01-01T00:00:00Z")


def _incident(n: int, kind: str | None, minutes: float, fix: str | None = None, **more: Any) -> dict[str, Any]:
    """Started on day n; detected after a minute, diagnosed after half, fixed after 3/4, verified after all of it."""
    start = START + pd.Timedelta(days=n)
    ends = (0, 1, 1, minutes / 2, 3 * minutes / 4, minutes)
    stamps = {name: start + pd.Timedelta(minutes=at) for name, at in zip(STAMPS, ends, strict=True)}
    row = {"incident_id": f"i{n}", "service": "shop", "incident_type": kind, "fix_path": fix, "detected_by": "alert"}
    return {**row, "exported_at": START + pd.Timedelta(days=400), "failure_mode": "latency", **stamps, **more}


def _history(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(rows).astype(dict.fromkeys((*STAMPS, "exported_at"), "datetime64[us, UTC]"))


def test_the_most_common_type_need_not_be_the_dearest_and_spellings_are_one_type() -> None:
    ranked = type_ranking(
        _history(
            _incident(1, "bad_deployment", 20),
            _incident(2, "Bad deployment", 20),
            _incident(3, "bad_deployment", 20),
            _incident(4, "database", 200),
            _incident(5, None, 8),
        )
    )
    assert ranked["incident_type"].tolist() == ["database", "bad_deployment", "unknown"]
    assert ranked["minutes"].tolist() == [200, 60, 8] and ranked["by_count"].tolist() == [2, 1, 2]
    assert ((ranked["low"] < ranked["minutes"]) & (ranked["minutes"] < ranked["high"])).all()
    assert ranked["share"].sum() == pytest.approx(1)


def test_an_incident_that_nobody_closed_does_not_outweigh_its_type() -> None:
    open_one = _incident(3, "a", 10) | dict.fromkeys(("diagnosed_at", "resolved_at", "verified_at"), pd.NaT)
    ranked = type_ranking(_history(_incident(1, "a", 10), _incident(2, "a", 10), open_one))
    assert ranked.loc[0, ["minutes", "open", "never_closed", "not_timed"]].tolist() == [20, 1, 1, 0]


def test_written_runbooks_and_automated_diagnosis_are_told_apart() -> None:
    history = _history(
        *(_incident(n, "a", 20) for n in (1, 2, 3)),
        _incident(4, "b", 20),
        _incident(5, "b", 20, service="cart"),
        _incident(6, "c", 200),
    )
    books = Practices(
        runbooks=(
            Runbook("A", ("A",), automated_diagnosis=True, diagnosis_minutes=0.5),
            Runbook("B", ("b",), service="shop", diagnosis_minutes=8, reviewed="2026-02-01"),
        )
    )
    told = runbook_coverage(history, books)
    assert told["state"].tolist() == ["automated diagnosis", "written only, for 50% of them", "no runbook"]
    assert told["automated"].tolist() == [1, 0, 0] and told["written"].tolist() == [1, 0.5, 0]
    assert runbook_coverage(history, books, top=1, by="minutes")["incident_type"].tolist() == ["c"]
    with pytest.raises(QuestionError, match="by must be 'count' or 'minutes'"):
        runbook_coverage(history, books, by="cost")


def test_a_way_back_must_be_documented_and_rehearsed_lately() -> None:
    paths = Practices(
        change_paths=(
            ChangePath("flags", "flag", documented=True, rehearsed="2027-01-01"),
            ChangePath("undo", "rollback", documented=True, rehearsed="2025-01-01"),
            ChangePath("plan", "terraform", documented=False, rehearsed="soon"),
        )
    )
    ready = rollback_readiness(paths, _history(_incident(1, "a", 20, "flag"), _incident(2, "a", 40, "rollback")))
    assert ready["ready"].tolist() == [True, False, False, False]
    assert ready["gap"].tolist() == [
        "",
        "last rehearsed 25 months ago",
        "not documented, rehearsed 'soon', which is no date",
        "no way back is described",
    ]
    assert ready["resolve_minutes"].tolist() == [5, 10, 0, 0]
    assert rollback_readiness(Practices())["gap"].eq("no way back is described").all()


def test_every_lever_of_a_bottleneck_is_one_of_the_model() -> None:
    table = bottleneck_levers(_history(_incident(1, "a", 20)))
    assert set(table["lever"]) <= set(levers()["lever"])
    assert table.drop_duplicates("phase").set_index("phase")["minutes"].to_dict() == {
        "detect": 1,
        "diagnose": 9,
        "resolve": 5,
        "verify": 5,
    }
    assert {"alert latency", "monitoring gaps", "observability quality", "on-call expertise", "automation"} <= set(
        table["bottleneck"]
    )


def _firings(*rows: tuple[str, str, pd.Timestamp]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["alert", "service", "fired_at"])


def test_what_comes_back_is_told_alike_and_fixed_alike_can_be_automated() -> None:
    history = _history(
        *(_incident(n, "queue", 20, "scale") for n in range(1, 7)),
        _incident(7, "queue", 20, "automation"),
        *(_incident(n, "odd", 20, "scale" if n % 2 else "config") for n in range(11, 19)),
        *(_incident(n, "bug", 20, "forward_fix") for n in range(21, 29)),
        _incident(31, "rare", 20, "scale"),
    )
    begun = history.set_index("incident_id")["started_at"]
    fired = _firings(*(("depth", "shop", begun[f"i{n}"]) for n in range(1, 7)), ("depth", "cart", begun["i11"]))
    rules = Practices(remediation=(RemediationRule("dep*", "scale"),))
    told = automation_candidates(history, rules, fired).set_index("incident_type")
    assert told["predictable"].to_dict() == {"queue": True, "odd": False, "bug": False, "rare": False}
    # Diagnosis (1 to 10) and fix (10 to 15) of the six that people ended.
    assert told.loc["queue", ["at_stake", "same_fix", "same_alert", "rules"]].tolist() == [84.0, 1.0, 1.0, 1]
    assert told.loc["queue", "automated"] == pytest.approx(1 / 7)
    unheard = automation_candidates(history, rules).set_index("incident_type")
    assert unheard.loc["queue", "predictable"] is None and "needs alert firings" in unheard.loc["queue", "why"]


def test_remediation_rules_are_matched_to_alerts_that_exist_and_to_those_that_fired() -> None:
    practices = Practices(
        alerts=(AlertRule("depth"), AlertRule("crash-a")),
        remediation=(
            RemediationRule("depth", "scale"),
            RemediationRule("crash-*", "restart"),
            RemediationRule("x", "y"),
        ),
    )
    told = remediation_matches(practices).set_index("alert")
    assert told["defined"].to_dict() == {"depth": True, "crash-*": True, "x": False}
    assert told["fired"].isna().all()
    fired = remediation_matches(
        practices, _firings(("depth", "q", START), ("depth", "q", START), ("other", "q", START))
    )
    assert fired[["alert", "fired", "verdict"]].to_numpy().tolist() == [
        ["depth", 2, "fires"],
        ["crash-*", 0, "never fired"],
        ["x", 0, "no alert rule of this name, and it never fired"],
        ["other", 1, "no remediation rule"],
    ]
    silent = remediation_matches(practices, _firings(("depth", "q", START)).iloc[:0])
    assert silent["fired"].tolist() == [0, 0, 0]
    with pytest.raises(SchemaError, match="lacks service"):
        remediation_matches(practices, pd.DataFrame({"alert": ["a"], "fired_at": [START]}))


def test_capability_is_met_partly_or_not_shown_and_each_piece_says_its_n() -> None:
    history = _history(*(_incident(n, "a", 200, "flag") for n in range(1, 9)))
    practices = Practices(
        alerts=(AlertRule("slow", "shop", "latency"),),
        on_call=(OnCallSchedule("all", levels=(OnCallLevel("people"),)),),
        runbooks=(Runbook("A", ("a",)),),
    )
    shown = capability(practices, history, ["logs", "metrics", "spans"])
    reached = dict(zip(shown["level"], shown["reached"], strict=True))
    assert reached == {"Basic": "met", "Intermediate": "met", "Advanced": "partly", "Elite": "partly"}
    assert "1 of 1 services that had incidents" in shown["counted"].tolist()
    assert capability_level(shown) == "Intermediate"
    assert capability_level(capability(Practices(), history)) == "no level"
    assert (capability(Practices())["state"] == "not shown").all()


def test_outcome_and_capability_stand_side_by_side_with_where_they_disagree() -> None:
    history = _history(*(_incident(n, "a", 10 + n / 10, "automation") for n in range(1, 30)))
    told = maturity(history, practices=Practices())
    assert (told["capability"] == "no level").all() and told["awarded"].eq("Elite").all()
    assert told["disagreement"].str.startswith("minutes of Elite, but the practices of no level").all()
    assert "capability" not in maturity(history)
    bare = maturity(pd.DataFrame({"incident_id": list("abcdef"), "recovery": [9.0] * 6}), practices=Practices())
    assert (bare["capability"] == "no level").all()
    assert disagreement("no level", "Basic").startswith("practices of Basic, minutes of no level")
