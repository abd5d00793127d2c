from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis.control_charts import monthly_limits


def phases(months: list[str], minutes: list[float], observed: list[bool] | None = None) -> pd.DataFrame:
    frame = pd.DataFrame({"recovery": minutes, "started_at": pd.to_datetime(months, utc=True).as_unit("us")})
    frame["recovery_observed"] = pd.array([True] * len(frame) if observed is None else observed, dtype="boolean")
    return frame


def test_limits_by_hand() -> None:
    # Logs 1, 2, 3, 4 in January and 2, 3, 4, 5 in February: centre 3, pooled variance 5/3, four a month.
    frame = phases(["2026-01-05"] * 4 + ["2026-02-07"] * 4, [math.e**k for k in (1, 2, 3, 4, 2, 3, 4, 5)])
    table = monthly_limits(frame)
    half = 3 * math.sqrt(5 / 3) / 2
    assert np.log(table["geometric_mean"]).tolist() == pytest.approx([2.5, 3.5])
    assert np.log(table["centre"]).tolist() == pytest.approx([3, 3])
    assert np.log(table["high"]).tolist() == pytest.approx([3 + half] * 2)
    assert table["signal"].tolist() == ["", ""]
    assert table["month"].tolist() == [pd.Timestamp("2026-01-01", tz="UTC"), pd.Timestamp("2026-02-01", tz="UTC")]


def test_a_month_far_off_is_marked_and_open_incidents_are_counted() -> None:
    chance = np.random.default_rng(1)
    usual = list(np.exp(chance.normal(4, 0.5, 100)))
    frame = phases(
        ["2026-01-05"] * 50 + ["2026-02-07"] * 50 + ["2026-03-07"] * 20 + ["2026-03-08"],
        [*usual, *np.exp(chance.normal(6, 0.5, 20)), 10.0],
        [True] * 120 + [False],
    )
    table = monthly_limits(frame)
    assert table["signal"].tolist()[2] == "longer than usual"
    assert table["n"].tolist() == [50, 50, 20]
    assert table["open"].tolist() == [0, 0, 1]


def test_too_few_have_no_limits_and_say_so() -> None:
    table = monthly_limits(phases(["2026-01-05"] * 3, [5.0, 6, 7]))
    assert math.isnan(table["high"][0])
    assert "needs 8 ended incidents, has 3" in table["note"][0]
    assert monthly_limits(phases([], [])).empty
