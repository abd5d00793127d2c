"""What is finished is kept."""

from __future__ import annotations

import os

import joblib
import pandas as pd
import pytest
from joblib.parallel import ThreadingBackend

from mttrlab.decisions import compare_scenarios
from mttrlab.response import Scenario, simulate
from mttrlab.response.experiment.parallel import each


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
    # What comes after it finds processes of its own.
    assert each(fatal, [(0, 4), (8, 12)], n_jobs=2).results == [4, 4]


class AllAtOnce(ThreadingBackend):
    """What Ray's backend for joblib is like: it gives nothing before a whole batch is done."""

    supports_return_generator = False


@pytest.fixture
def all_at_once():
    joblib.register_parallel_backend("all at once", AllAtOnce)
    with joblib.parallel_config(backend="all at once"):
        yield
    joblib.parallel.BACKENDS.pop("all at once")


@pytest.mark.usefixtures("all_at_once")
def test_a_backend_that_gives_all_at_once_works_batch_by_batch_and_keeps_what_is_finished(rich):
    assert each(square, range(20), n_jobs=2).results == [n * n for n in range(20)]
    wanted = {"days": 60, "replications": 120, "seed": 7}
    pd.testing.assert_frame_equal(simulate(rich, **wanted, n_jobs=2), simulate(rich, **wanted))

    def stopped(n):
        if n == 11:
            raise KeyboardInterrupt
        return n

    made = each(stopped, range(20), n_jobs=2)
    assert made.results == list(range(8))
    assert made.interrupted


def test_an_interrupt_keeps_what_is_finished():
    def stopped(n):
        if n == 3:
            raise KeyboardInterrupt
        return n

    made = each(stopped, range(6))
    assert made.results == [0, 1, 2]
    assert made.interrupted


@pytest.fixture(scope="module")
def cluster():
    """A local Dask cluster of two processes, without its pages."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as processes,
        Client(processes) as client,
    ):
        yield client


def steps(dask_scheduler):
    return dask_scheduler.transition_counter


def test_a_dask_cluster_gives_the_same_incidents(rich, cluster):
    wanted = {"days": 60, "replications": 120, "seed": 7}
    alone = simulate(rich, **wanted)
    before = cluster.run_on_scheduler(steps)
    with joblib.parallel_config(backend="dask"):
        pd.testing.assert_frame_equal(alone, simulate(rich, **wanted, n_jobs=2))
    assert cluster.run_on_scheduler(steps) > before, "the work was done elsewhere"


def test_a_dask_cluster_gives_the_same_savings(rich, cluster):
    faster = [Scenario("Alerts", alert_latency=2), Scenario("Second responder", responders=2)]
    wanted = {"days": 60, "replications": 120, "seed": 7, "engine": "simpy"}
    alone = compare_scenarios(rich, faster, **wanted)
    with joblib.parallel_config(backend="dask"):
        pd.testing.assert_frame_equal(alone, compare_scenarios(rich, faster, **wanted, n_jobs=2))
