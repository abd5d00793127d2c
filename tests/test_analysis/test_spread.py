"""Ends of intervals that the engine finds without sorting everything."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis import phase_summary
from mttrlab.analysis.intervals import quantile_ranks
from mttrlab.analysis.summary import _HALF, _margin, reach_of, sizes_from

SIZES = (1, 5, 6, 28, 29, 57, 1040, 1041, 2300, 7662, 7663, 20_000)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("grain", [0, 5])
def test_ends_are_those_of_the_sorted_minutes_in_groups_of_every_size(level: float, grain: int) -> None:
    generator = np.random.default_rng(5)
    rows = pd.DataFrame({"service": np.repeat([f"s{n}" for n in SIZES], SIZES)})
    minutes = generator.lognormal(4.25, 1.25, len(rows))
    # Times noted to five minutes fall together in heaps: ranks must be counted through them.
    rows["detect"] = np.ceil(minutes / grain) * grain if grain else minutes
    told = phase_summary(rows, by="service", level=level).set_index(["service", "phase"])
    for n in SIZES:
        ordered = np.sort(rows.loc[rows["service"] == f"s{n}", "detect"].to_numpy())
        line = told.loc[(f"s{n}", "detect")]
        assert line["median"] == pytest.approx(np.quantile(ordered, 0.5), abs=1e-6)
        assert line["p90"] == pytest.approx(np.quantile(ordered, 0.9), abs=1e-6)
        for name, quantile in (("median", 0.5), ("p90", 0.9)):
            low, high = (int(rank[0]) for rank in quantile_ranks(np.array([n]), quantile, level))
            if low:
                assert line[f"{name}_low"] == pytest.approx(ordered[low - 1], abs=1e-6)
                assert line[f"{name}_high"] == pytest.approx(ordered[high - 1], abs=1e-6)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99, 0.9999])
def test_every_rank_lies_in_its_short_list_and_every_list_among_the_sorted(level: float) -> None:
    enough, reach = sizes_from(level), reach_of(level)
    n = np.unique(np.r_[np.arange(enough["large"], 4 * enough["large"]), np.geomspace(enough["large"], 1e8, 4000)])
    n = n.astype(np.int64)
    half = np.where(n >= enough["huge"], _HALF["huge"], _HALF["large"])
    for quantile in (0.5, 0.9):
        for side, ranks in zip((-1, 1), quantile_ranks(n, quantile, level), strict=True):
            first = np.floor(n * quantile + side * reach * np.sqrt(n * quantile * (1 - quantile))) - _margin(reach)
            assert (first <= ranks).all() and (ranks <= first + 2 * _margin(reach)).all()
            assert (np.abs(ranks - n * quantile) <= half * n).all()
