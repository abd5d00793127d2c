"""What is finished is kept."""

from __future__ import annotations

import os

import pytest

from mttrlab.response.parallel import each


def square(n):
    return n * n


def fatal(span):
    if span[0] <= 5 < span[1]:
        os._exit(1)
    return span[1] - span[0]


def singles(span):
    return [(k, k + 1) for k in range(*span)]


@pytest.mark.parametrize(("jobs", "threads"), [(1, False), (2, True), (2, False)])
def test_results_come_in_the_order_of_the_pieces(jobs, threads):
    assert each(square, [3, 1, 2], n_jobs=jobs, threads=threads).results == [9, 1, 4]


def test_a_dead_process_loses_one_replication():
    made = each(fatal, [(0, 4), (4, 8), (8, 12)], n_jobs=2, split=singles)
    assert made.lost == [(5, 6)]
    assert sum(made.results) == 11
    assert sum(high - low for low, high in made.done) == 11


def test_an_interrupt_keeps_what_is_finished():
    def stopped(n):
        if n == 3:
            raise KeyboardInterrupt
        return n

    made = each(stopped, range(6))
    assert made.results == [0, 1, 2]
    assert made.interrupted


def test_a_dask_cluster_gives_the_same_numbers(rich):
    pytest.importorskip("distributed", reason="dask is not in the lock")
    import joblib
    import pandas as pd
    from distributed import Client

    from mttrlab.response import simulate

    alone = simulate(rich, days=60, replications=120, seed=7, engine="simpy")
    with Client(n_workers=2, threads_per_worker=1), joblib.parallel_config(backend="dask"):
        pd.testing.assert_frame_equal(
            alone, simulate(rich, days=60, replications=120, seed=7, engine="simpy", n_jobs=2)
        )
