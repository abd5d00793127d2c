"""The order in which incidents were loaded changes no byte of any answer."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from mttrlab import analysis as a


def made(seed: int, n: int, mu: float) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    at = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.sort(chance.uniform(0, 200, n)), unit="D")
    frame = pd.DataFrame({"incident_id": [f"{seed}-{i}" for i in range(n)], "started_at": at.as_unit("us")})
    time = frame["started_at"]
    for stamp, more in (("detected_at", 0.5), ("diagnosed_at", 1.0), ("resolved_at", 0.7), ("verified_at", 0.2)):
        time = time + pd.to_timedelta((np.exp(chance.normal(mu - 2 + more, 1, n)) * 6e7).astype("int64"), unit="us")
        frame[stamp] = time.astype("datetime64[us, UTC]")
    frame.loc[chance.random(n) < 0.2, "diagnosed_at"] = pd.NaT
    frame.loc[chance.random(n) < 0.05, ["diagnosed_at", "resolved_at", "verified_at"]] = pd.NaT
    frame["exported_at"] = pd.Timestamp("2026-09-01", tz="UTC")
    for name, words in (("severity", "ab"), ("incident_type", "pqrst"), ("service", "xyz")):
        frame[name] = chance.choice(list(words), n)
    return frame


Pair = tuple[pd.DataFrame, pd.DataFrame]
P = a.phase_durations
LENGTHS: Callable[[Pair], pd.Series] = lambda p: P(p[0])["recovery"].where(P(p[0])["recovery_observed"].fillna(False))  # noqa: E731
ANSWERS: dict[str, Callable[[Pair], object]] = {
    "compare_periods": lambda p: a.compare_periods(*map(P, p)),
    "explain_change": lambda p: a.explain_change(*map(P, p), draws=30),
    "compare_services": lambda p: a.compare_services(*map(P, p)),
    "trend": lambda p: a.trend(P(p[0]), adjust=("severity",)),
    "change_points": lambda p: a.change_points(P(p[0]), permutations=49),
    "monthly_limits": lambda p: a.monthly_limits(P(p[0])),
    "monthly_mttr": lambda p: a.monthly_mttr(P(p[0])),
    "maturity": lambda p: a.maturity(P(p[0])),
    "distance_to_next": lambda p: a.distance_to_next(P(p[0])),
    "pool_services": lambda p: a.pool_services(P(p[0])),
    "downtime": lambda p: a.downtime(p[0]),
    "phase_summary": lambda p: a.phase_summary(P(p[0]), by="service"),
    "clock_summary": lambda p: a.clock_summary(P(p[0])),
    "bottleneck": lambda p: a.bottleneck(P(p[0])),
    "phase_correlations": lambda p: a.phase_correlations(P(p[0])),
    "missing_stamps": lambda p: a.missing_stamps(p[0], resamples=10),
    "span_summary": lambda p: a.span_summary(a.phase_spans(p[0])),
    "survival": lambda p: a.survival(P(p[0])["recovery"], P(p[0])["recovery_observed"]),
    "restricted_mean": lambda p: a.restricted_mean(P(p[0])["recovery"], P(p[0])["recovery_observed"]),
    "fit_durations": lambda p: a.fit_durations(LENGTHS(p), replications=9),
    "goodness_of_fit": lambda p: a.goodness_of_fit(LENGTHS(p), replications=9),
    "qq_table": lambda p: a.qq_table(LENGTHS(p)),
    "tail_guard": lambda p: a.tail_guard(LENGTHS(p)),
    "mean_interval": lambda p: a.mean_interval(LENGTHS(p)),
    "quantile_interval": lambda p: a.quantile_interval(LENGTHS(p)),
    "apparent_change": lambda p: a.apparent_change(LENGTHS(p).dropna(), 20, 20, draws=50),
    "unseen_firings": lambda p: a.unseen_firings(p[0].assign(alert="x", ended_at=p[0]["resolved_at"]), p[1]),
}


@pytest.fixture(scope="module")
def pairs() -> tuple[Pair, Pair]:
    pair = made(1, 150, 4.0), made(2, 120, 3.8)
    first, second = (frame.sample(frac=1, random_state=3).reset_index(drop=True) for frame in pair)
    return pair, (first, second)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_order_of_rows_changes_no_byte(name: str, pairs: tuple[Pair, Pair]) -> None:
    one, two = (ANSWERS[name](pair) for pair in pairs)
    texts = [told.to_csv() if isinstance(told, pd.DataFrame) else repr(told) for told in (one, two)]
    assert texts[0] == texts[1]
