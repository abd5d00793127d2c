from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mttrlab.analysis.services import false_discovery, pool
from mttrlab.errors import QuestionError


def test_six_services_worked_out(shared: Path) -> None:
    case = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == "EB-1")
    given_, expected = case["inputs"], case["expected"]
    found = pool(given_["mean_log"], given_["sigma"] / np.sqrt(given_["n"]))
    assert found.q == pytest.approx(expected["Q"], abs=1e-6)
    assert found.tau2 == pytest.approx(expected["tau2"], abs=1e-6)
    assert found.mu == pytest.approx(expected["mu"], abs=1e-6)
    assert found.weight == pytest.approx(expected["weight_on_own"], abs=1e-6)
    assert np.exp(found.shrunk) == pytest.approx(expected["shrunk_gm_min"], abs=1e-4)


def test_eight_schools_may_all_be_equal() -> None:
    found = pool([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    assert (found.mu, found.error) == pytest.approx((7.686, 4.072), abs=1e-3)
    assert found.q == pytest.approx(4.707, abs=1e-3)
    assert found.tau2 == 0
    assert found.shrunk == pytest.approx([found.mu] * 8)


def test_paule_and_mandel_make_q_what_it_should_be() -> None:
    y, errors = np.array([3.2, 4.1, 3.8, 4.9, 2.9, 3.7]), 1.2 / np.sqrt([40, 12, 5, 3, 8, 25])
    tau2 = pool(y, errors, method="Paule–Mandel").tau2
    w = 1 / (errors**2 + tau2)
    assert (w * (y - (w * y).sum() / w.sum()) ** 2).sum() == pytest.approx(5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_chances_are_those_of_scipy(p: list[float]) -> None:
    assert false_discovery(p) == pytest.approx(stats.false_discovery_control(p))


def test_unknown_chances_are_not_counted() -> None:
    assert false_discovery([0.01, math.nan, 0.04]) == pytest.approx([0.02, math.nan, 0.04], nan_ok=True)


def test_bad_questions_are_refused() -> None:
    with pytest.raises(QuestionError, match="method must be"):
        pool([1, 2], [1, 1], method="REML")
    with pytest.raises(QuestionError, match="error above zero"):
        pool([1, 2], [1, 0])
