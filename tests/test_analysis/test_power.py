from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.analysis.power import incidents_needed, months_until_visible, power_of, smallest_change
from mttrlab.errors import QuestionError


def known(shared: Path, case: str) -> dict:
    cases = json.loads((shared / "truth" / "known_truth.json").read_text())
    return next(c for c in cases if c["id"] == case)


def test_incidents_needed_follow_the_normal_formula(shared: Path) -> None:
    for name, expected in known(shared, "POW-1")["expected"].items():
        sigma, reduction = name.removeprefix("sigma").split("_red")
        assert incidents_needed(float(reduction), float(sigma)) == expected["n_normal"]


def test_power_is_that_of_the_t_test_on_logs(shared: Path) -> None:
    published = known(shared, "POW-2")
    for name, expected in published["expected"].items():
        n, reduction = name.removeprefix("n").split("_red")
        assert power_of(int(n), float(reduction)) == pytest.approx(expected, abs=1e-4)
    for name, printed in published["inputs"]["published"].items():
        n, reduction = name.removeprefix("n").split("_")
        assert power_of(int(n), float(reduction.rstrip("%")) / 100) == pytest.approx(printed, abs=0.015)
    for name, expected in known(shared, "POW-6")["expected"].items():
        n, reduction = name.removeprefix("n").split("_")
        assert power_of(int(n), float(reduction.rstrip("%")) / 100) == pytest.approx(expected, abs=1e-4)


def test_smallest_change_at_usual_counts(shared: Path) -> None:
    for n, expected in known(shared, "POW-4")["expected"].items():
        assert smallest_change(int(n)) == pytest.approx(expected, abs=1e-4)


def test_months_for_a_fifth_less_at_ten_a_month() -> None:
    assert months_until_visible(0.2, 10) == pytest.approx(49.3)
    assert months_until_visible(0.2, 200) == pytest.approx(2.465)


@given(st.floats(0.02, 0.97), st.floats(0.2, 3))
def test_the_smallest_change_of_the_needed_count_is_the_change_asked_for(reduction: float, sigma: float) -> None:
    n = incidents_needed(reduction, sigma)
    assert smallest_change(n, sigma) <= reduction + 1e-12
    if n > 1:
        assert smallest_change(n - 1, sigma) > reduction


@given(st.integers(2, 100_000), st.floats(0.01, 0.99))
def test_power_is_a_share_and_never_unknown(n: int, reduction: float) -> None:
    power = power_of(n, reduction)
    assert math.isfinite(power)
    assert 0.05 - 1e-9 <= power <= 1


def test_impossible_questions_are_refused() -> None:
    for call in (
        lambda: incidents_needed(0),
        lambda: incidents_needed(1.0),
        lambda: incidents_needed(0.2, sigma=-1),
        lambda: smallest_change(0),
        lambda: power_of(1),
        lambda: months_until_visible(0.2, 0),
    ):
        with pytest.raises(QuestionError):
            call()
