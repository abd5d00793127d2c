"""What a month cost, worked by hand."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis import phase_durations
from mttrlab.lab.settings import Settings, WorkingHours
from mttrlab.review.findings import at_work, month_cost

MAY = pd.Timestamp("2026-05-01T00:00:00Z")


def incidents(*spans: tuple[str, str | None], users: float | None = None) -> pd.DataFrame:
    begin, end = zip(*spans, strict=True)
    return pd.DataFrame(
        {
            "incident_id": [f"I-{n}" for n in range(len(spans))],
            "service": "pay",
            "detected_at": pd.to_datetime(pd.Series(begin), utc=True).astype("datetime64[us, UTC]"),
            "resolved_at": pd.to_datetime(pd.Series(end), utc=True).astype("datetime64[us, UTC]"),
            "users": pd.Series([users] * len(spans), dtype="float64"),
            "exported_at": pd.Timestamp("2026-06-02T00:00:00Z"),
        }
    )


def told(found: pd.DataFrame) -> dict[str, str]:
    return dict(zip(found["what"], found["value"], strict=True))


def of(table: pd.DataFrame, settings: Settings) -> dict[str, str]:
    return told(month_cost(table, phase_durations(table), MAY, "detected_to_resolved", settings))


def test_overlaps_count_once_against_the_budget_and_each_for_the_price() -> None:
    # Two hours that overlap by thirty minutes, on a Sunday.
    table = incidents(
        ("2026-05-03T10:00:00Z", "2026-05-03T11:00:00Z"), ("2026-05-03T10:30:00Z", "2026-05-03T11:30:00Z")
    )
    said = of(table, Settings(price_of_a_minute=10.0, currency="EUR"))
    assert said["with an incident running"] == "1 h 30 min"
    assert said["at the price of a minute"] == "1,200 EUR"
    assert said["began outside working hours"] == "2 of 2"
    # May has 44,640 minutes; a thousandth of them is the budget, and 90 are 2.0 times as much.
    assert said["of the budget of 45 min"] == "2 × it"


def test_users_weigh_the_budget() -> None:
    said = of(incidents(("2026-05-04T10:00:00Z", "2026-05-04T11:00:00Z"), users=0.5), Settings())
    assert said["weighted by users"] == "30 min"
    assert said["of the budget of 45 min"] == "67%"
    assert "at the price of a minute" not in said


def test_an_open_incident_does_not_eat_the_budget() -> None:
    said = of(incidents(("2026-05-04T10:00:00Z", None)), Settings())
    assert list(said) == ["began outside working hours"]


def test_working_hours_are_those_of_the_teams_own_zone_and_may_pass_midnight() -> None:
    moments = pd.to_datetime(pd.Series(["2026-06-01T07:30:00Z", "2026-06-01T23:00:00Z", "2026-06-06T10:00:00Z"]))
    assert at_work(moments, WorkingHours(timezone="Europe/Berlin")).tolist() == [True, False, False]
    assert at_work(moments, WorkingHours(start="22:00", end="06:00")).tolist() == [False, True, False]
