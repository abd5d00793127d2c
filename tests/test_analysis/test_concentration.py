from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mttrlab.analysis import (
    change_needed,
    concentration,
    incidents_needed,
    restricted_mean,
    survival,
    survival_quantiles,
    tail_guard,
)
from mttrlab.errors import QuestionError


def test_four_incidents_worked_by_hand() -> None:
    # 10, 20, 30, 140 of 200: the longest quarter holds 0.7; differences 10+20+130+10+120+110 = 400 over 3 * 200.
    found = concentration([140.0, 10, 30, 20], top=0.25).iloc[0]
    assert found["top_share"] == pytest.approx(0.7)
    assert found["gini"] == pytest.approx(400 / 600)
    # The longest 3 of 8: one and a half of four.
    assert concentration([140.0, 10, 30, 20], top=0.375).iloc[0]["top_share"] == pytest.approx((140 + 15) / 200)
    assert concentration([5.0] * 30).iloc[0]["gini"] == pytest.approx(0)


def test_a_lognormal_sample_has_what_its_law_would_give() -> None:
    found = concentration(np.random.default_rng(1).lognormal(4, 1.0, 40_000)).iloc[0]
    assert found["top_share"] == pytest.approx(stats.norm.cdf(1.0 - stats.norm.ppf(0.9)), abs=0.02)
    assert found["gini"] == pytest.approx(2 * stats.norm.cdf(1 / np.sqrt(2)) - 1, abs=0.01)
    assert found["lognormal_share"] == pytest.approx(found["top_share"], abs=0.02)
    assert found["lognormal_gini"] == pytest.approx(found["gini"], abs=0.01)
    assert found["gini_low"] < found["gini"] < found["gini_high"]


def test_the_longest_tenth_of_the_public_phases_holds_what_was_published(shared: Path) -> None:
    phases = pd.read_csv(shared / "data" / "issre22" / "issre22_phases.csv")
    for column, share in (("ttd_min", 0.49), ("tti_min", 0.43), ("ttm_min", 0.62), ("duration_min", 0.61)):
        # Published are whole incidents, four of 43; here the fifth counts in part.
        assert concentration(phases[column].dropna()).iloc[0]["top_share"] == pytest.approx(share, abs=0.025)


def test_raw_means_need_the_incidents_that_their_spread_asks_for() -> None:
    cuts = (0.1, 0.2, 0.3, 0.5)
    assert [incidents_needed(cut, 1.25, statistic="mean") for cut in cuts] == [5357, 1214, 490, 148]
    with pytest.raises(QuestionError, match="statistic must be"):
        incidents_needed(statistic="median")


def test_a_planted_spread_and_rate_give_the_incidents_and_months_of_the_formula() -> None:
    rng = np.random.default_rng(2)
    days = pd.date_range("2026-01-01", periods=400, freq="12h", tz="UTC")
    rows = pd.DataFrame({"incident_id": range(400), "detected_at": days, "diagnose": rng.lognormal(3, 0.8, 400)})
    geometric, raw = change_needed(rows, "diagnose", reduction=0.3).to_dict("records")
    assert geometric["sigma"] == pytest.approx(0.8, abs=0.1)
    assert geometric["incidents_per_month"] == pytest.approx(2 * 365.25 / 12, rel=0.01)
    assert geometric["incidents_needed"] == incidents_needed(0.3, geometric["sigma"])
    assert raw["incidents_needed"] == incidents_needed(0.3, raw["sigma"], statistic="mean")
    assert raw["months_until_visible"] == pytest.approx(raw["incidents_needed"] / raw["incidents_per_month"])
    assert change_needed(rows.head(3), "diagnose")["incidents_needed"].isna().all()


def test_survival_of_a_measure_is_that_of_its_minutes_without_those_never_closed() -> None:
    rows = pd.DataFrame({"diagnose": [5.0, 9, 30, 60, 90_000], "diagnose_observed": [True, True, False, True, False]})
    listed = rows["diagnose"].head(4), rows["diagnose_observed"].head(4)
    for ask in (survival, survival_quantiles, restricted_mean):
        arguments = {"horizon": 50.0} if ask is restricted_mean else {}
        found = ask(rows, measure="diagnose", **arguments)
        pd.testing.assert_frame_equal(found, ask(*listed, **arguments), check_like=True)
        assert found.attrs["measure"] == "diagnose"
    assert concentration(rows, measure="diagnose").iloc[0][["n", "open"]].tolist() == [3, 1]
    with pytest.raises(QuestionError, match="observed= goes with a list"):
        survival(rows, [True] * 5)
    assert tail_guard(rows["diagnose"].head(3)).iloc[0]["n"] == 3
