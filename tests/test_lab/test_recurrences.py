"""Coming back, being told twice and being reopened are three different things."""

from __future__ import annotations

import pytest

from mttrlab.errors import QuestionError
from mttrlab.lab import Lab


def row(name: str, begin: str, end: str, title: str = "Disk full on db-1", **more: str) -> dict[str, str]:
    return {"incident_id": name, "service": "pay", "title": title, "detected_at": begin, "resolved_at": end, **more}


def told(exports, rows, **options) -> list[tuple]:
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows), as_of="2026-05-01T00:00:00Z")
        found = lab.recurrences(**options)
        assert len(lab.incidents()) == len(rows)
    return list(found[["kind", "incident_id", "other_id", "minutes"]].itertuples(index=False, name=None))


FIRST = row("a", "2026-03-01T10:00:00", "2026-03-01T11:00:00")


def test_the_same_failure_soon_after_the_end_is_a_recurrence(exports):
    later = row("b", "2026-03-01T13:00:00", "2026-03-01T14:00:00", title="disk full on DB-22!")
    assert told(exports, [FIRST, later]) == [("recurrence", "b", "a", 120.0)]
    assert told(exports, [FIRST, later], within_hours=1.9) == []


def test_another_failure_or_another_service_is_no_recurrence(exports):
    other = row("b", "2026-03-01T13:00:00", "2026-03-01T14:00:00", title="Certificate expired")
    elsewhere = row("c", "2026-03-01T13:00:00", "2026-03-01T14:00:00") | {"service": "fraud"}
    assert told(exports, [FIRST, other, elsewhere]) == []


def test_the_type_tells_where_titles_differ(exports):
    first = FIRST | {"incident_type": "disk"}
    later = row("b", "2026-03-01T13:00:00", "2026-03-01T14:00:00", title="No space left", incident_type="disk")
    assert told(exports, [first, later]) == [("recurrence", "b", "a", 120.0)]


def test_only_the_nearest_earlier_one_is_named(exports):
    rows = [FIRST] + [row(n, f"2026-03-01T{h}:00:00", f"2026-03-01T{h}:30:00") for n, h in (("b", 12), ("c", 14))]
    assert told(exports, rows) == [("recurrence", "b", "a", 60.0), ("recurrence", "c", "b", 90.0)]


def test_two_records_that_overlap_under_nearly_one_title_may_be_one_incident(exports):
    twin = row("b", "2026-03-01T10:04:00", "2026-03-01T11:10:00", title="Disk full on db-1.")
    assert told(exports, [FIRST, twin]) == [("duplicate", "b", "a", 4.0)]
    assert told(exports, [FIRST, twin], duplicate_minutes=3) == []
    late = row("b", "2026-03-01T10:40:00", "2026-03-01T11:10:00")
    assert told(exports, [FIRST, late]) == []


def test_resolved_twice_under_one_id_is_reopened(exports):
    again = FIRST | {"reopened": "true", "first_resolved_at": "2026-03-01T10:20:00"}
    assert told(exports, [again]) == [("reopened", "a", "a", 40.0)]


@pytest.mark.parametrize("hours", [-1, float("nan"), True, "a day"])
def test_a_window_that_cannot_be_is_refused(hours):
    with Lab() as lab, pytest.raises(QuestionError, match="within_hours must be a number"):
        lab.recurrences(within_hours=hours)
