from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

from mttrlab.analysis.outages import budget_risk, error_budget, outage_arithmetic
from mttrlab.errors import QuestionError

LOGNORMAL = np.exp(4.25 + 1.25 * special.ndtri((np.arange(4000) + 0.5) / 4000))


def test_two_minutes_a_week_and_four_hours_a_month_differ_by_27_7_times(shared: Path) -> None:
    cases = json.loads((shared / "truth" / "known_truth.json").read_text(encoding="utf-8"))
    claim = next(case for case in cases if case["id"] == "AV-1")["expected"]
    table = outage_arithmetic().set_index("outage")
    assert table["minutes_per_year"].tolist() == [claim["a_min_per_year"], claim["b_min_per_year"]]
    assert table.loc["long", "times_the_other"] == pytest.approx(claim["ratio"], abs=1e-4)
    assert 100 * table["availability"].to_numpy() == pytest.approx(
        [claim["a_availability_pct"], claim["b_availability_pct"]], abs=1e-5
    )
    assert table["equal_at"].tolist() == pytest.approx(
        [claim["equal_when_a_is_min"], claim["equal_when_b_is_min"]], abs=1e-4
    )
    budget = next(case for case in cases if case["id"] == "AV-2")["expected"]
    spent = (100 * table["budget_spent"]).tolist()
    assert spent == pytest.approx([budget["weekly_2min_pct"], budget["one_4h_outage_pct"]], abs=1e-3)
    for slo, name in ((0.999, "budget_min"), (0.9995, "slo_9995"), (0.9999, "slo_9999"), (0.99, "slo_99")):
        assert error_budget(slo, 30) == pytest.approx(budget[name], abs=1e-3)


def test_one_incident_a_month_blows_a_999_budget_half_of_the_time() -> None:
    assert budget_risk(1, 43.2, LOGNORMAL) == pytest.approx(0.491, abs=0.003)


@pytest.mark.parametrize(("incidents", "budget"), [(0.3, 43.2), (4, 432.0), (10, 1500.0), (30, 5000.0)])
def test_the_risk_is_that_of_drawn_months(incidents: float, budget: float) -> None:
    generator = np.random.default_rng(9)
    counts = generator.poisson(incidents, 200_000)
    minutes = np.exp(generator.normal(4.25, 1.25, counts.sum()))
    months = np.bincount(np.repeat(np.arange(len(counts)), counts), minutes, len(counts))
    assert budget_risk(incidents, budget, LOGNORMAL) == pytest.approx((months > budget).mean(), abs=0.005)


def test_the_risk_of_one_known_duration_is_a_poisson_probability() -> None:
    # Three incidents of 20 minutes exceed 43.2 minutes, two do not.
    assert budget_risk(1.0, 43.2, np.array([20.0])) == pytest.approx(stats.poisson.sf(2, 1.0), abs=1e-9)


def test_very_many_incidents_blow_any_budget() -> None:
    assert budget_risk(5000, 43.2, LOGNORMAL) == 1


def test_bad_questions_are_refused() -> None:
    with pytest.raises(QuestionError, match="slo must lie between 0 and 1"):
        error_budget(99.9)
    with pytest.raises(QuestionError, match="every day, week, month"):
        outage_arithmetic(long_every="fortnight")
    with pytest.raises(QuestionError, match="short must be above 0"):
        outage_arithmetic(short=0)
    with pytest.raises(QuestionError, match="budget must be above 0"):
        budget_risk(1, 0, LOGNORMAL)
    with pytest.raises(QuestionError, match="at least one duration"):
        budget_risk(1, 10, np.array([]))
