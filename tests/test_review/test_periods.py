"""Which month is reviewed, and what it is compared with."""

from __future__ import annotations

import pandas as pd
import pytest

from mttrlab.analysis.conventions import Periods, choose_periods, months_in_short
from mttrlab.analysis.query import month_starts, onset
from mttrlab.errors import QuestionError


def stamps(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True)).astype("datetime64[us, UTC]")


def chosen(first: str, last: str, taken: str, month: str | None = None) -> Periods:
    every = pd.Series(pd.date_range(first, last, freq="7D", tz="UTC"))
    return choose_periods(month_starts(pd.concat([every, stamps(first, last)])), stamps(taken), month)


def names(months: list[pd.Timestamp]) -> list[str]:
    return [f"{month:%Y-%m}" for month in months]


def test_the_default_is_the_last_complete_month_before_the_export() -> None:
    assert chosen("2024-07-03", "2026-07-02", "2026-07-05 06:00").name == "June 2026"
    assert chosen("2024-07-03", "2026-06-30", "2026-07-01 00:00").name == "June 2026"


def test_where_the_last_months_are_empty_the_newest_month_with_an_incident_is_reviewed() -> None:
    long_ago = chosen("2016-02-29", "2016-05-20", "2017-02-15")
    assert (long_ago.name, long_ago.quiet) == ("May 2016", True)
    one_quiet_month = chosen("2026-02-01", "2026-05-20", "2026-07-02")
    assert (one_quiet_month.name, one_quiet_month.quiet) == ("June 2026", False)


def test_data_of_one_unfinished_month_are_reviewed_as_they_are() -> None:
    only = chosen("2026-07-01", "2026-07-02", "2026-07-05")
    assert (only.name, only.complete, only.earlier) == ("July 2026", False, [])


def test_three_months_are_compared_with_the_three_before() -> None:
    periods = chosen("2024-07-03", "2026-07-02", "2026-07-05")
    assert names(periods.recent) == ["2026-04", "2026-05", "2026-06"]
    assert names(periods.earlier) == ["2026-01", "2026-02", "2026-03"]
    assert months_in_short(periods.recent) == "April to June"


@pytest.mark.parametrize(
    ("first", "recent", "earlier"),
    [
        ("2026-06-02", ["2026-06"], []),
        ("2026-05-02", ["2026-06"], ["2026-05"]),
        ("2026-04-02", ["2026-06"], ["2026-04", "2026-05"]),
        ("2026-02-02", ["2026-05", "2026-06"], ["2026-02", "2026-03", "2026-04"]),
    ],
)
def test_short_histories_are_split_so_that_both_sides_hold_something(first: str, recent: list, earlier: list) -> None:
    periods = chosen(first, "2026-07-02", "2026-07-05")
    assert (names(periods.recent), names(periods.earlier)) == (recent, earlier)


def test_a_month_outside_the_data_is_refused_with_the_window() -> None:
    with pytest.raises(QuestionError, match="from 2024-07 to 2026-07"):
        chosen("2024-07-03", "2026-07-02", "2026-07-05", "2023-01")


@pytest.mark.parametrize("month", ["2026-13", "June", "2026-6", "2026-06-01", "", "2026-06\n"])
def test_what_is_no_month_is_refused(month: str) -> None:
    with pytest.raises(QuestionError, match="must look like 2026-06"):
        chosen("2024-07-03", "2026-07-02", "2026-07-05", month)


def test_no_incident_is_refused_with_what_to_do() -> None:
    with pytest.raises(QuestionError, match="load exports"):
        choose_periods(stamps(), stamps(), None)


def test_an_incident_belongs_to_the_month_of_its_first_usable_milestone() -> None:
    incidents = pd.DataFrame(
        {
            "started_at": stamps("2019-01-01 00:00", "2026-01-31 23:59"),
            "started_at_verdict": ["suspect", "recorded"],
            "detected_at": stamps("2026-03-01 00:00", "2026-02-01 00:05"),
            "detected_at_verdict": ["recorded", "recorded"],
        }
    )
    assert names(list(month_starts(onset(incidents)))) == ["2026-03", "2026-01"]
