from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats

from mttrlab.analysis.control_charts import D2, D4, E2, NELSON, ewma, run_length, t_chart, xmr
from mttrlab.errors import QuestionError

SERIES = [45, 30, 60, 22, 95, 38, 41, 27, 180, 33, 52, 29]


def known(shared: Path, case: str) -> dict:
    found = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == case)
    return dict(found["expected"])


def test_constants_of_the_moving_range(shared: Path) -> None:
    expected = known(shared, "XMR-2")
    assert pytest.approx((expected["E2"], expected["D4"], expected["d2"]), abs=1e-4) == (E2, D4, D2)


def test_twelve_incidents_on_logarithms_and_raw(shared: Path) -> None:
    expected = known(shared, "XMR-3")
    log, raw = xmr(SERIES), xmr(SERIES, log=False)
    assert log["centre"][0] == pytest.approx(expected["center_gm"], abs=1e-4)
    assert log["moving_range"].mean() == pytest.approx(expected["mr_bar"], abs=1e-4)
    assert log["high"][0] == pytest.approx(expected["ucl"], abs=1e-4)
    assert log["low"][0] == pytest.approx(expected["lcl"], abs=1e-4)
    assert raw["centre"][0] == pytest.approx(expected["raw_center"], abs=1e-4)
    assert raw["high"][0] == pytest.approx(expected["raw_ucl"], abs=1e-4)
    assert not log["signal"].any()
    assert not raw["signal"].any()


def test_false_alarms_of_raw_durations(shared: Path) -> None:
    expected = known(shared, "XMR-1")
    values = np.exp(np.random.default_rng(1).normal(4.25, 1.25, 200_000))
    raw = xmr(values, log=False)
    assert raw["high"][0] / values.mean() == pytest.approx(expected["UCL_over_mean"], rel=0.02)
    assert raw["signal"].mean() == pytest.approx(expected["false_alarm_per_point"], abs=0.002)
    assert xmr(values)["signal"].mean() == pytest.approx(0.0027, abs=0.0006)


def test_a_baseline_sets_the_limits_alone() -> None:
    shifted = xmr([10, 12, 9, 11, 10, 12, 200, 300], baseline=6)
    assert shifted["signal"].tolist() == [False] * 6 + [True] * 2
    assert shifted["high"][0] == pytest.approx(xmr([10, 12, 9, 11, 10, 12])["high"][0])


def test_the_weighted_average_of_the_twelve(shared: Path) -> None:
    expected = known(shared, "EWMA-1")
    found = ewma(np.log(SERIES))
    assert found["average"].tolist() == pytest.approx(expected["z"], abs=1e-6)
    assert found["limit"][[0, 1, 2, 11]].tolist() == pytest.approx(expected["limits"], abs=1e-6)
    assert not found["signal"].any()


def test_run_lengths_are_those_of_the_tables(shared: Path) -> None:
    expected = known(shared, "EWMA-2")
    for shift, name in ((0, "ARL0"), (0.5, "shift_0_5"), (1, "shift_1"), (2, "shift_2")):
        assert run_length(shift) == pytest.approx(expected[name], rel=0.005)
    assert run_length(0, weight=1, width=3) == pytest.approx(expected["shewhart3_ARL0"], rel=0.005)
    assert run_length(1, weight=1, width=3) == pytest.approx(expected["shewhart_shift1"], rel=0.005)
    shifts = known(shared, "EWMA-3")
    for reduction, shift in shifts.items():
        assert -math.log1p(-float(reduction)) / 1.25 == pytest.approx(shift, abs=1e-4)
    # A fifth less time is found after hundreds of incidents, half the time after about thirty.
    assert run_length(shifts["0.2"]) == pytest.approx(234, rel=0.02)
    assert run_length(shifts["0.5"]) == pytest.approx(34, rel=0.02)


def test_run_length_of_simulated_charts() -> None:
    chance = np.random.default_rng(2)
    lengths = []
    for _ in range(400):
        average, step = 0.0, 0
        while abs(average) <= 2.962 * math.sqrt(0.2 / 1.8):
            average += 0.2 * (chance.normal(1, 1) - average)
            step += 1
        lengths.append(step)
    assert np.mean(lengths) == pytest.approx(run_length(1), rel=0.1)


def test_gaps_have_the_exact_limits_of_a_steady_stream(shared: Path) -> None:
    expected = known(shared, "TCHART")
    assert pytest.approx(expected["power"], abs=1e-6) == NELSON
    mean_y, _ = integrate.quad(lambda t: t**NELSON * math.exp(-t), 0, np.inf)
    assert mean_y == pytest.approx(expected["mean_y"], abs=1e-6)
    table = t_chart([0.5, 1.5, 0.9, 1.1])
    limits = expected["exact_probability_limits"]
    assert table["low"][0] == pytest.approx(limits["LCL"], abs=1e-6)
    assert table["centre"][0] == pytest.approx(limits["CL"], abs=1e-6)
    assert table["high"][0] == pytest.approx(limits["UCL"], abs=1e-6)
    gaps = np.random.default_rng(3).exponential(5, 100_000)
    table = t_chart(gaps)
    assert table["transformed"].mean() / gaps.mean() ** NELSON == pytest.approx(expected["mean_y"], rel=0.005)
    assert (table["signal"] != "").mean() == pytest.approx(2 * stats.norm.sf(3), abs=0.0006)


def test_what_has_no_chart_is_refused() -> None:
    with pytest.raises(QuestionError, match="above zero"):
        xmr([0, 1, 2])
    with pytest.raises(QuestionError, match="baseline needs 2"):
        xmr([1, 2, 3], baseline=1)
    with pytest.raises(QuestionError, match="do not differ"):
        ewma([2, 2, 2])
    with pytest.raises(QuestionError, match="2 values or more"):
        ewma([2])
    with pytest.raises(QuestionError, match="weight must lie"):
        ewma([1, 2], weight=0)
    with pytest.raises(QuestionError, match="sort the incidents"):
        t_chart([1, -2])


def test_limits_beyond_every_number_are_infinite_and_not_a_crash() -> None:
    assert xmr([1e300, 1, 2])["high"].iloc[0] == np.inf
