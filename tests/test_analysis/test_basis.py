"""Every table says which clock and which verdicts it rests on."""

import pandas as pd
import pytest

import mttrlab as ml


@pytest.fixture(scope="module")
def incidents(root):
    """Return the small organisation's incidents."""
    with ml.Lab() as lab:
        lab.load_folder(root / "data" / "small")
        return lab.incidents()


ESTIMATES = {
    "monthly_mttr": lambda i, c: ml.monthly_mttr(i, measure=c),
    "monthly_limits": lambda i, c: ml.monthly_limits(i, measure=c),
    "compare_periods": lambda i, c: ml.compare_periods(i.iloc[:20], i.iloc[20:], measure=c),
    "compare_services": lambda i, c: ml.compare_services(i.iloc[:20], i.iloc[20:], measure=c),
    "explain_change": lambda i, c: ml.explain_change(i.iloc[:20], i.iloc[20:], measure=c),
    "trend": lambda i, c: ml.trend(i, measure=c),
    "change_points": lambda i, c: ml.change_points(i, measure=c, permutations=99),
    "maturity": lambda i, c: ml.maturity(i, measure=c),
    "distance_to_next": lambda i, c: ml.distance_to_next(i, measure=c),
    "downtime": lambda i, c: ml.downtime(i, measure=c),
    "pool_services": lambda i, c: ml.pool_services(i, measure=c),
}


@pytest.mark.parametrize("name", ESTIMATES)
@pytest.mark.parametrize("measure", ["detected_to_resolved", "detected_to_verified"])
def test_a_table_names_its_clock_and_its_verdicts(incidents, name, measure):
    table = ESTIMATES[name](incidents, measure)
    assert table.attrs["measure"] == measure
    assert table.attrs["verdicts"].startswith("recorded")


@pytest.mark.parametrize("name", ["change_points", "compare_services", "distance_to_next", "pool_services"])
def test_a_table_of_one_clock_carries_it_in_a_column(incidents, name):
    measure = "detected_to_verified"
    assert set(ESTIMATES[name](incidents, measure)["measure"]) <= {measure}
    assert "measure" in ESTIMATES[name](incidents.iloc[:0], measure)


def test_a_column_of_minutes_brings_its_clock_along_and_a_bare_list_says_that_it_has_none(incidents):
    phases = ml.phase_durations(incidents)
    of_column = ml.survival(phases["detected_to_verified"], phases["detected_to_verified_observed"])
    assert of_column.attrs["measure"] == "detected_to_verified"
    assert of_column.attrs["verdicts"].startswith("recorded")
    assert ml.survival([3.0, 5.0]).attrs == {"measure": "as given", "verdicts": "as given"}


def test_tables_without_one_clock_say_so(incidents):
    phases = ml.phase_durations(incidents)
    assert ml.phase_summary(phases).attrs["measure"] == "phases"
    assert ml.clock_summary(phases).attrs["measure"] == "row by row"


def test_the_verdicts_named_are_those_used(incidents):
    # A stamp of any other verdict changes nothing: the numbers are those of the table without it.
    marked = incidents.assign(verified_at_verdict="suspect")
    bare = incidents.assign(verified_at=pd.NaT, verified_at_verdict="missing")
    pd.testing.assert_frame_equal(
        ml.monthly_mttr(marked).drop(columns="note", errors="ignore"),
        ml.monthly_mttr(bare).drop(columns="note", errors="ignore"),
    )
