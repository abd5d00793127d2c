from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.analysis.outages import covered, downtime
from mttrlab.errors import QuestionError

HOUR = 3_600_000_000.0


def times(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601")).astype("datetime64[us, UTC]")


def overlapping() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "service": ["checkout", "fraud", "checkout"],
            "started_at": times("2026-06-01 10:00", "2026-06-01 11:00", "2026-06-20 23:00"),
            "verified_at": times("2026-06-01 12:00", "2026-06-01 13:00", None),
            "users": [0.5, 1.0, 0.25],
            "exported_at": times(*["2026-07-01"] * 3),
        }
    )


def test_overlapping_incidents_of_two_services_are_one_downtime() -> None:
    rows = overlapping().head(2)
    table = downtime(rows, since="2026-06-01", until="2026-07-01").set_index("service")
    assert table["minutes"].to_dict() == {"all services": 180, "checkout": 120, "fraud": 120}
    assert table.loc["all services", "sum_minutes"] == 240
    assert table.loc["all services", "weighted_minutes"] == 60 * 0.5 + 120
    assert table.loc["all services", "budget"] == pytest.approx(43.2)
    assert table.loc["all services", "budget_spent"] == pytest.approx(180 / 43.2)
    assert table.loc["checkout", "availability"] == pytest.approx(1 - 120 / 43200)


def test_an_open_incident_is_down_until_the_export_and_is_counted_as_open() -> None:
    table = downtime(overlapping(), since="2026-06-01", measure="recovery").set_index("service")
    assert table.loc["checkout", "open"] == 1
    assert table.loc["checkout", "minutes"] == pytest.approx(120 + 10 * 1440 + 60 - 24 * 60 + 1440)


def test_incidents_that_reach_over_the_period_are_clipped_and_counted() -> None:
    table = downtime(overlapping().head(2), since="2026-06-01 11:30", until="2026-06-02")
    whole = table.iloc[0]
    assert (whole["incidents"], whole["clipped"], whole["minutes"]) == (2, 2, 90)
    later = downtime(overlapping().head(2), since="2026-06-02", until="2026-06-03").iloc[0]
    assert (later["incidents"], later["minutes"], later["availability"]) == (0, 0, 1)


def test_an_incident_without_an_end_is_left_out_and_counted() -> None:
    rows = overlapping().assign(resolved_at=times(None, None, "2026-06-21"))
    whole = downtime(rows, since="2026-06-01", measure="recovery").iloc[0]
    assert (whole["left_out"], whole["minutes"]) == (1, 180)


def test_bad_questions_are_refused() -> None:
    with pytest.raises(QuestionError, match="slo must lie between"):
        downtime(overlapping(), slo=99.9)
    with pytest.raises(QuestionError, match="since= must lie before until="):
        downtime(overlapping(), since="2026-07-01", until="2026-06-01")
    with pytest.raises(QuestionError, match="since= must be a time"):
        downtime(overlapping(), since="soon")
    with pytest.raises(QuestionError, match="no period"):
        downtime(overlapping().head(0))


SPANS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60), st.sampled_from([0.25, 0.5, 1.0])), max_size=12)


@given(SPANS)
def test_the_union_is_what_counting_minute_by_minute_gives(spans: list[tuple[int, int, float]]) -> None:
    worst = np.zeros(300)
    for start, length, weight in spans:
        worst[start : start + length] = np.maximum(worst[start : start + length], weight)
    start = np.array([s for s, _, _ in spans], dtype=float) * 6e7
    end = start + np.array([length for _, length, _ in spans], dtype=float) * 6e7
    weight = np.array([w for _, _, w in spans], dtype=float)
    assert covered(start, end, weight) == pytest.approx(worst.sum())
    assert covered(start, end, np.ones(len(spans))) == pytest.approx((worst > 0).sum())
