from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from scipy import stats

from mttrlab.analysis.rates import compare_counts, rate_interval
from mttrlab.errors import QuestionError


def test_rates_have_garwoods_interval(shared: Path) -> None:
    cases = json.loads((shared / "truth" / "known_truth.json").read_text(encoding="utf-8"))
    seen = [case for case in cases if case["id"] in ("POIS-0", "POIS-3")]
    assert len(seen) == 2
    for case in seen:
        found = rate_interval(case["inputs"]["n"], case["inputs"]["exposure_months"])
        assert found.low == pytest.approx(case["expected"]["lo"], abs=1e-6)
        assert found.high == pytest.approx(case["expected"]["hi"], abs=1e-6)


@pytest.mark.parametrize("count", [0, 1, 7, 250])
def test_garwoods_ends_leave_half_of_the_doubt_on_either_side(count: int) -> None:
    found = rate_interval(count, level=0.9)
    assert stats.poisson.cdf(count, found.high) == pytest.approx(0.05)
    if count:
        assert stats.poisson.sf(count - 1, found.low) == pytest.approx(0.05)


def test_twenty_and_twelve_incidents_do_not_differ_for_sure() -> None:
    found = compare_counts(20, 12)
    assert found.p == pytest.approx(0.215327, abs=1e-6)
    assert found.ratio == 0.6
    assert found.low < 1 < found.high


def test_longer_periods_count_for_what_they_are() -> None:
    found = compare_counts(10, 30, exposure_before=1, exposure_after=3)
    assert found.ratio == pytest.approx(1)
    assert found.p == pytest.approx(1)


def test_the_interval_of_the_ratio_excludes_one_where_a_one_sided_test_does() -> None:
    found = compare_counts(40, 15)
    assert found.high < 1
    assert stats.binom.cdf(15, 55, found.high / (1 + found.high)) == pytest.approx(0.025)


def test_nothing_before_or_nothing_at_all_is_said_plainly() -> None:
    none = compare_counts(0, 0)
    assert math.isnan(none.ratio)
    assert (none.low, none.high, none.p) == (0, math.inf, 1)
    assert compare_counts(0, 4).high == math.inf
    assert compare_counts(4, 0).low == 0


@pytest.mark.parametrize("count", [-1, 2.5, "three", True, math.nan])
def test_what_is_no_count_is_refused(count: object) -> None:
    with pytest.raises(QuestionError, match="count must be a whole number"):
        rate_interval(count)  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match="exposure must be above 0"):
        rate_interval(3, exposure=0)
