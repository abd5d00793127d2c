"""Suspects, what failed first, the span path and the five-minute goal: worked by hand, and against a second route."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

import mttrlab as ml
from mttrlab.errors import QuestionError, SchemaError

ONSET = pd.Timestamp("2026-03-11T12:00Z")


def _deployments() -> pd.DataFrame:
    """Ten days: pay every two days, and six of others; pay and search shortly before the onset."""
    pay = [f"2026-03-{day:02d}T09:00Z" for day in (1, 3, 5, 7)] + ["2026-03-11T11:50Z"]
    other = [f"2026-03-{day:02d}T15:00Z" for day in (2, 4, 6, 8)] + ["2026-03-11T11:55Z"]
    rows = [(at, "pay", f"p{n}") for n, at in enumerate(pay)] + [(at, "search", f"s{n}") for n, at in enumerate(other)]
    made = pd.DataFrame(rows, columns=["at", "service", "version"]).assign(change_id=None)
    return made.assign(at=pd.to_datetime(made["at"]))


def test_the_chance_of_a_deployment_is_the_poisson_formula_by_hand() -> None:
    found = ml.suspects(_deployments(), ONSET, service="pay", since="2026-03-01T12:00Z", until="2026-03-11T12:00Z")
    own, other = found.iloc[0], found.iloc[1]
    # Pay: 4 in 14,400 minutes (one lies before), 10 minutes before. All: 9, 5 minutes before.
    assert (own["service"], own["deployments"], own["minutes_before"]) == ("pay", 4, 10)
    assert own["chance"] == pytest.approx(1 - math.exp(-4 * 10 / 14_400))
    assert (other["deployments"], other["chance"]) == (9, pytest.approx(1 - math.exp(-9 * 5 / 14_400)))
    assert (found["chance_low"] < found["chance"]).all() and (found["chance"] < found["chance_high"]).all()


def test_chance_is_how_often_a_random_moment_has_one_so_near() -> None:
    rng = np.random.default_rng(7)
    minutes = np.sort(rng.uniform(0, 100_000, 400))
    start = pd.Timestamp("2026-01-01T00:00Z")
    table = pd.DataFrame({"at": start + pd.to_timedelta(minutes, "min"), "service": "pay"})
    onset = table["at"].iloc[200] + pd.Timedelta("30min")
    told = ml.suspects(table, onset, service="pay", since=start, until=start + pd.Timedelta(minutes=100_000))
    moments = rng.uniform(100, 100_000, 20_000)
    last = minutes[np.searchsorted(minutes, moments) - 1]
    seen = (moments - last <= 30).mean()
    assert told.loc[told["minutes_before"].round(6) == 30, "chance"].iloc[0] == pytest.approx(seen, abs=0.02)


def test_a_change_that_people_named_stands_first() -> None:
    rows = _deployments().assign(change_id=[None] * 9 + ["CHG-9"])
    found = ml.suspects(rows, ONSET, service="pay", change_id="CHG-9")
    assert found["service"].tolist() == ["search", "pay"] and found["named"].tolist() == [True, False]


def test_deployments_after_the_onset_or_long_before_are_no_suspects() -> None:
    assert len(ml.suspects(_deployments(), ONSET, within_minutes=7)) == 1
    assert ml.suspects(_deployments(), "2026-03-20T00:00Z").empty
    with pytest.raises(QuestionError, match="with its zone"):
        ml.suspects(_deployments(), "2026-03-20")
    with pytest.raises(SchemaError, match="the deployments lack service"):
        ml.suspects(_deployments().drop(columns="service"), ONSET)


def _log(rows: list[tuple[str, str, str, str]]) -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["at", "service", "level", "event"])
    return made.assign(at=pd.to_datetime("2026-03-11T" + made["at"] + "Z"))


def test_the_first_new_error_comes_before_a_service_that_always_errs() -> None:
    usual = [(f"{11 + n // 60}:{n % 60:02d}:00", "noisy", "error", "retry") for n in range(75)]
    db = [("11:59:40", "db", "error", "disk.full"), ("12:03:00", "db", "critical", "disk.full")]
    pay = [(f"12:0{n}:30", "pay", "error", "charge.failed") for n in range(1, 8)]
    quiet = [("11:00:00", "pay", "info", "fine")]
    found = ml.failed_first(_log([*quiet, *usual, *db, *pay]), ONSET)
    assert found["service"].tolist() == ["db", "pay", "noisy"]
    first = found.iloc[0]
    assert (first["event"], first["new"], first["errors"], first["errors_before"]) == ("disk.full", True, 2, 0)
    assert first["minutes_after_onset"] == pytest.approx(-1 / 3)
    noisy = found.iloc[2]
    # 55 in the 55 minutes before 11:55, 20 in the 20 minutes after: the same rate.
    assert (noisy["errors_before"], noisy["minutes_before"], noisy["errors"], noisy["ratio"]) == (55, 55, 20, 1.0)
    assert noisy["p"] > 0.9 and not noisy["new"]


def test_a_log_that_begins_at_the_onset_has_no_baseline() -> None:
    found = ml.failed_first(_log([("11:56:00", "pay", "error", "x")]), ONSET)
    assert found["ratio"].isna().all() and found["minutes_before"].tolist() == [0]
    assert ml.failed_first(_log([]), ONSET).empty


def _spans(*rows: tuple[str, str | None, str, int, int], trace: str = "t") -> pd.DataFrame:
    made = pd.DataFrame(rows, columns=["span_id", "parent_id", "service", "start", "end"])
    return made.assign(trace_id=trace, name=made["service"], target=None, start_ns=made["start"] * 1_000_000,
                       end_ns=made["end"] * 1_000_000)  # fmt: skip


def test_the_critical_path_by_hand() -> None:
    # gateway waits 10, then pay (10 to 90) waits for two calls at once: only the later end holds it up.
    steps = ml.critical_path(_spans(
        ("a", None, "gateway", 0, 100), ("b", "a", "pay", 10, 90),
        ("c", "b", "fraud", 20, 50), ("d", "b", "db", 30, 85),
    ))  # fmt: skip
    own = steps.set_index("service")["self_ms"].to_dict()
    assert own == {"gateway": 20, "pay": 15, "fraud": 10, "db": 55}
    assert steps["self_ms"].sum() == steps["trace_ms"].iloc[0] == 100


def test_orphans_are_roots_and_circles_are_left_out() -> None:
    steps = ml.critical_path(_spans(("a", "gone", "pay", 0, 10), ("x", "y", "loop", 0, 99), ("y", "x", "loop", 0, 99)))
    assert steps["service"].tolist() == ["pay"]
    assert ml.critical_path(_spans(("x", "y", "loop", 0, 9), ("y", "x", "loop", 0, 9))).empty


def test_a_child_beyond_its_parent_is_cut_to_it() -> None:
    steps = ml.critical_path(_spans(("a", None, "pay", 0, 10), ("b", "a", "skewed", -5, 40)))
    assert steps.set_index("service")["self_ms"].to_dict() == {"pay": 0, "skewed": 10}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(-5, 60), st.integers(0, 60)), min_size=1, max_size=10))
def test_time_on_the_path_adds_up_to_the_trace(rows: list[tuple[int, int, int]]) -> None:
    spans = [(str(n), None if n == 0 else str(parent % n), "s", start, start + length)
             for n, (parent, start, length) in enumerate(rows)]  # fmt: skip
    steps = ml.critical_path(_spans(*spans))
    assert steps["self_ms"].sum() == pytest.approx(steps["trace_ms"].iloc[0])
    assert (steps["self_ms"] >= 0).all()


def test_the_step_that_grew_is_told_against_a_usual_time() -> None:
    def trace(name: str, db: int) -> pd.DataFrame:
        return _spans(("a", None, "pay", 0, db + 20), ("b", "a", "db", 10, db + 10), trace=name)

    slow = pd.concat([trace("1", 900), trace("2", 700), trace("3", 30)])
    found = ml.span_path(slow, trace("0", 30), slowest=2)
    assert found.iloc[0][["service", "traces", "self_ms", "before_ms", "grew_ms"]].tolist() == ["db", 2, 800, 30, 770]
    assert found["share"].sum() == pytest.approx(1)


def test_verification_is_held_to_five_minutes_with_its_interval(tmp_path: object) -> None:
    resolved = pd.Timestamp("2026-03-01T12:00Z")
    minutes = [2, 4, 5, 5.1, 30]
    rows = pd.DataFrame({
        "incident_id": list("abcdefg"), "resolved_at": resolved, "resolved_at_verdict": "recorded",
        "verified_at": [resolved + pd.Timedelta(minutes=m) for m in minutes] + [pd.NaT] * 2,
        "verified_at_verdict": ["recorded"] * 5 + ["missing", "pending"],
        "verified_at_origin": ["export"] * 3 + ["derived"] * 2 + [None] * 2,
    })  # fmt: skip
    found = ml.verification_goal(rows).set_index("origin")
    every = binomtest(3, 5).proportion_ci(method="exact")
    assert found.loc["all", ["n", "within", "left_out"]].tolist() == [5, 3, 1]
    assert found.loc["all", ["low", "high"]].tolist() == pytest.approx([every.low, every.high])
    assert (found.loc["export", "share"], found.loc["derived", "share"]) == (1.0, 0.0)
    empty = ml.verification_goal(rows.iloc[5:])
    assert empty["n"].tolist() == [0] and empty["share"].isna().all()
