"""The founding text's key capabilities, each with what was loaded as evidence, beside the level of the outcome."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from mttrlab.analysis.coverage import AlertCoverage, alert_coverage
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.query import Source
from mttrlab.analysis.remediation import remediation_matches, rollback_readiness, runbook_coverage
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import LEVELS, NO_LEVEL, Practices, check_incidents
from mttrlab.validate import as_names, number

CAPABILITIES = {
    "Basic": "Monitoring alerts work",
    "Intermediate": "Good observability, playbooks",
    "Advanced": "Automated diagnosis, runbooks",
    "Elite": "Automated remediation, feature flags",
}
"""The founding text's key capability of each level, the lowest level first."""
ENOUGH = 0.8
"""Share from which a piece of evidence is met; above 0 it is partly."""
FIXED_ENOUGH = 0.2
"""Share of the incidents that automation or a flag must have ended: most failures are not of that kind."""
_FIXED = "incidents ended by automation or a flag"
_PILLARS = {"logs": ("logs",), "metrics": ("metrics",), "traces": ("traces", "spans")}
_RANKS = [name for name, _ in reversed(LEVELS)]


def capability(
    practices: Practices,
    incidents: Source | None = None,
    telemetry: pd.DataFrame | Iterable[str] | None = None,
    *,
    coverage: AlertCoverage | None = None,
) -> pd.DataFrame:
    """Return the evidence that practices give for each of the founding text's key capabilities.

    Parameters
    ----------
    practices : Practices
        As `lab.practices()` gives them.
    incidents : DataFrame or Lab, optional
        History: which services fail and how, which types are common. Without it, evidence that needs it is not shown.
    telemetry : DataFrame or iterable of str, optional
        What telemetry the lab holds: a table with `kind`, or words such as logs, metrics, traces.
    coverage : AlertCoverage, optional
        What `alert_coverage` says of these practices and incidents, where that was asked already.

    Returns
    -------
    DataFrame
        One row per level and piece of evidence, the lowest level first: `level, capability, evidence, share` (0 to 1;
        NaN: nothing to count), `counted` (in words, with n), `needs` (the share that is enough), `state` (met, partly,
        not shown), and `reached`: the state of the whole capability.

    Notes
    -----
    A piece of evidence is met from the share that it needs: ENOUGH, or FIXED_ENOUGH for incidents that ended by
    themselves. A capability is met where all of its pieces are, not shown where none is
    even partly. It says what was written and loaded, never that it works at three in the morning: the outcome says
    that, and `maturity` shows where the two disagree.
    """
    if not isinstance(practices, Practices):
        raise QuestionError(f"practices must be what lab.practices() gives; got {type(practices).__name__}")
    phases = None if incidents is None else phase_durations(incidents)
    pieces = [*_alerts(practices, phases, coverage), *_observed(telemetry), *_diagnosed(practices, phases),
              *_repaired(practices, phases)]  # fmt: skip
    rows = []
    for level, evidence, share, counted in pieces:
        needs = FIXED_ENOUGH if evidence == _FIXED else ENOUGH
        state = "not shown" if not share > 0 else "met" if share >= needs else "partly"
        rows.append({"level": level, "capability": CAPABILITIES[level], "evidence": evidence, "share": share,
                     "counted": counted, "needs": needs, "state": state})  # fmt: skip
    table = pd.DataFrame(rows)
    table["reached"] = table.groupby("level")["state"].transform(_together)
    return table


def _together(states: pd.Series) -> str:
    if (states == "met").all():
        return "met"
    return "not shown" if (states == "not shown").all() else "partly"


_Piece = tuple[str, str, float, str]


def _part(level: str, evidence: str, part: int, whole: int, of: str) -> _Piece:
    return level, evidence, part / whole if whole else float("nan"), f"{part:,} of {whole:,} {of}"


def _alerts(practices: Practices, phases: pd.DataFrame | None, coverage: AlertCoverage | None) -> list[_Piece]:
    if phases is None:
        n = len(practices.paging())
        return [
            (
                "Basic",
                "alerts that can page",
                float(n > 0),
                f"{n:,} alerts and monitors; no history to hold them against",
            )
        ]
    report = alert_coverage(None, practices, incidents=phases) if coverage is None else coverage
    cells = report.table[report.table["incidents"] > 0]
    failed = int(cells["incidents"].sum())
    covered = int(cells.loc[cells["covered"], "incidents"].sum())
    services = set(phases["service"].dropna())
    watched = {name for rule in practices.paging() for name in rule.targets}
    called = {name for schedule in practices.on_call for name in schedule.services or services}
    by = phases["detected_by"].dropna() if "detected_by" in phases else pd.Series(dtype="str")
    by_alert = int(by.isin(["alert", "monitor"]).sum())
    return [
        _part("Basic", "services with an alert", len(services & watched), len(services), "services that had incidents"),
        _part("Basic", "failures that an alert covers", covered, failed, "incidents of known service and failure mode"),
        _part("Basic", "incidents found by alerts", by_alert, len(by), "incidents that say who found them"),
        _part("Basic", "somebody on call", len(services & called), len(services), "services that had incidents"),
    ]


def _observed(telemetry: pd.DataFrame | Iterable[str] | None) -> list[_Piece]:
    if isinstance(telemetry, pd.DataFrame):
        if "kind" not in telemetry:
            raise SchemaError("the table of telemetry must say kind, as lab.telemetry() does")
        held = {str(kind) for kind in telemetry["kind"]}
    else:
        held = {str(word) for word in as_names(() if telemetry is None else telemetry, "telemetry")}
    return [
        (
            "Intermediate",
            name,
            float(bool(held & set(words))),
            f"{name} {'are' if held & set(words) else 'are not'} loaded",
        )
        for name, words in _PILLARS.items()
    ]


def _diagnosed(practices: Practices, phases: pd.DataFrame | None) -> list[_Piece]:
    if phases is None:
        n, by_itself = len(practices.runbooks), sum(book.automated_diagnosis for book in practices.runbooks)
        words = "no history says which types are common"
        return [
            ("Intermediate", "playbooks for the common incident types", float("nan"), f"{n:,} runbooks; {words}"),
            ("Advanced", "runbooks for the common incident types", float("nan"), f"{n:,} runbooks; {words}"),
            ("Advanced", "automated diagnosis of the common types", float("nan"), f"{by_itself:,} runbooks; {words}"),
        ]
    types = runbook_coverage(phases, practices)
    of = f"most common types (the founding text's top ten; {len(types)} there are)"
    written = int((types["written"] >= ENOUGH).sum())
    automated = int((types["automated"] >= ENOUGH).sum())
    return [
        _part("Intermediate", "playbooks for the common incident types", written, len(types), of),
        _part("Advanced", "runbooks for the common incident types", written, len(types), of),
        _part("Advanced", "automated diagnosis of the common types", automated, len(types), of),
    ]


def _repaired(practices: Practices, phases: pd.DataFrame | None) -> list[_Piece]:
    rules = remediation_matches(practices)
    flags = [path for path in practices.change_paths if path.kind == "flag"]
    ready = rollback_readiness(practices, phases)
    ready = ready[(ready["change"] == "feature flag") & (ready["path"] != "")]
    pieces = [
        _part("Elite", "remediation rules whose alert exists", int(rules["defined"].sum()), len(rules), "rules"),
        _part("Elite", "feature flags documented and rehearsed", int(ready["ready"].sum()), len(flags), "flag paths"),
    ]
    if phases is not None and "fix_path" in phases and phases["fix_path"].notna().any():
        fixes = phases["fix_path"].dropna()
        n = int(fixes.isin(["automation", "flag"]).sum())
        pieces.append(_part("Elite", _FIXED, n, len(fixes), "incidents that say how"))
    return pieces


def capability_level(evidence: pd.DataFrame) -> str:
    """Return the highest level whose capability is met, with those of all levels below it.

    Parameters
    ----------
    evidence : DataFrame
        As `capability` gives it.
    """
    reached = dict(zip(evidence["level"], evidence["reached"], strict=True))
    level = NO_LEVEL
    for name in _RANKS:
        if reached.get(name) != "met":
            break
        level = name
    return level


def disagreement(awarded: str, capable: str) -> str:
    """Return in words where an outcome level (or a range such as Basic–Advanced) and the capability level disagree.

    Examples
    --------
    >>> disagreement("Basic", "Elite")
    'practices of Elite, minutes of Basic: what is written does not shorten incidents yet'
    >>> disagreement("Basic–Advanced", "Intermediate"), disagreement("unknown", "Basic")
    ('', '')
    """
    order = [NO_LEVEL, *_RANKS]
    outcome = [order.index(name) for name in awarded.split("–") if name in order]
    if not outcome or capable not in order:
        return ""
    rank = order.index(capable)
    if rank > max(outcome):
        return f"practices of {capable}, minutes of {awarded}: what is written does not shorten incidents yet"
    if rank < min(outcome):
        practised = "the practices of no level are shown whole" if capable == NO_LEVEL else f"practices of {capable}"
        return f"minutes of {awarded}, but {practised}: not all are loaded, or it rests on people and luck"
    return ""


def held_telemetry(source: object) -> pd.DataFrame | None:
    """Return what telemetry a lab holds; None where there is no lab to ask."""
    ask = getattr(source, "telemetry", None)
    return ask() if callable(ask) else None


# Verification held to the founding text's five minutes, as detection is to its two.


GOAL_MINUTES = 5.0
"""The founding text: "This should be fast — under 5 minutes"."""


def verification_goal(incidents: pd.DataFrame, within: float = GOAL_MINUTES, level: float = 0.95) -> pd.DataFrame:
    """Return how many incidents were verified within five minutes of their fix.

    Parameters
    ----------
    incidents : DataFrame
        As `lab.incidents()` gives them.
    within : float
        Minutes; at most so many is within.
    level : float

    Returns
    -------
    DataFrame
        One row for all and one per origin of the verification (`export`, `annotated`, `derived` from metrics, …):
        `origin, n, within, share, low, high` (Clopper–Pearson), `median` minutes, `left_out` (closed incidents without
        both usable stamps; in the row for all).

    Notes
    -----
    C. J. Clopper, E. S. Pearson, *The use of confidence or fiducial limits*, Biometrika 26 (1934).
    """
    if not isinstance(incidents, pd.DataFrame):
        raise SchemaError(f"expected incidents as a DataFrame; got {type(incidents).__name__}; call lab.incidents()")
    check_incidents(incidents, "resolved_at", "verified_at", "resolved_at_verdict", "verified_at_verdict")
    number("within", within, 0, open_low=True)
    usable = (incidents["resolved_at_verdict"] == "recorded") & (incidents["verified_at_verdict"] == "recorded")
    known = incidents[usable]
    minutes = (known["verified_at"] - known["resolved_at"]).dt.total_seconds() / 60
    closed = (incidents["verified_at_verdict"] != "pending").sum()
    parts = [("all", minutes), *minutes.groupby(known["verified_at_origin"], sort=True)]
    lines = []
    for origin, own in parts:
        n, hits = len(own), int((own <= within).sum())
        low, high = _bounds(hits, n, level)
        lines.append(
            {"origin": origin, "n": n, "within": hits, "share": hits / n if n else float("nan"), "low": low,
             "high": high, "median": own.median(), "left_out": int(closed - n) if origin == "all" else 0}
        )  # fmt: skip
    return pd.DataFrame(lines)


def _bounds(hits: int, n: int, level: float) -> tuple[float, float]:
    from scipy.stats import binomtest

    if not n:
        return 0.0, 1.0
    interval = binomtest(hits, n).proportion_ci(level, method="exact")
    return float(interval.low), float(interval.high)
