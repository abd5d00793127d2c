from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mttrlab.analysis.trends import mann_kendall, theil_sen


def test_twelve_months_worked_out(shared: Path) -> None:
    case = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == "MK-1")
    expected, y = case["expected"], case["inputs"]["y"]
    found = mann_kendall(y)
    assert (found.s, found.variance) == (expected["S"], pytest.approx(expected["var"], abs=1e-6))
    assert found.z == pytest.approx(expected["Z"], abs=1e-6)
    assert found.p == pytest.approx(expected["p"], abs=1e-6)
    assert found.tau == pytest.approx(expected["tau"], abs=1e-6)
    assert theil_sen(y) == pytest.approx((expected["sen_slope"], expected["sen_lo"], expected["sen_hi"]))
    assert 100 * math.expm1(theil_sen(np.log(y))[0]) == pytest.approx(expected["log_sen_pct_per_month"], abs=1e-6)


@given(st.lists(st.integers(-9, 9), min_size=4, max_size=30))
def test_the_slope_is_that_of_scipy(values: list[int]) -> None:
    found, oracle = theil_sen(values), stats.theilslopes(values)
    assert found[0] == pytest.approx(oracle.slope)
    if len(set(values)) > 1:
        assert found[1:] == pytest.approx((oracle.low_slope, oracle.high_slope))


@given(st.lists(st.integers(-9, 9), min_size=3, max_size=30))
def test_turning_time_round_turns_the_direction_round(values: list[int]) -> None:
    there, back = mann_kendall(values), mann_kendall(values[::-1])
    assert there.s == -back.s
    assert there.p == pytest.approx(back.p)


def test_two_values_have_no_direction() -> None:
    assert math.isnan(mann_kendall([1, 2]).p)
    assert math.isnan(theil_sen([1, 2])[0])
