"""Instants: what is read, what is refused, and that the fast reader says exactly what the strict one says."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mttrlab.sources.exports.timestamps import NONE, read_column, read_stamp

AT = 1752004320_000000  # 2025-07-08T19:52:00Z


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2025-07-08T19:52:00Z", AT),
        ("2025-07-08t19:52:00z", AT),
        ("2025-07-08 19:52Z", AT),
        ("2025-07-08 19:52:00 UTC", AT),
        ("2025-07-08T21:52:00+02:00", AT),
        ("2025-07-08T21:52:00+0200", AT),
        ("2025-07-08T21:52:00+02", AT),
        ("2025/07/08 19:52:00Z", AT),
        ("2025/7/8 19:52 UTC", AT),
        ("2025.07.08T21:52+02:00", AT),
        ("2025-07-09T01:22:00+05:30", AT),
        ("2025-07-08T15:52:00-04:00", AT),
        ("20250708T195200Z", AT),
        ("20250708T1952Z", AT),
        ("  2025-07-08T19:52:00Z ", AT),
        ("2025-07-08T19:52:00.25Z", AT + 250_000),
        ("2025-07-08T19:52:00,25Z", AT + 250_000),
        ("2025-07-08T19:52:00.123456789Z", AT + 123_456),
    ],
)
def test_legal_iso_is_read(text: str, micros: int) -> None:
    assert read_stamp(text).micros == micros


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1752004320", "a number"),
        ("1752004320000", "a number"),
        ("45846.8", "a number"),
        ("1.75e9", "a number"),
        ("20250708", "a number"),
        ("2025-07-08", "no time of day"),
        ("03/05/2024 10:00", "day and month"),
        ("24-03-05 10:00", "day and month"),
        ("8.7.2025 19:52", "day and month"),
        ("2025-07-08T24:00:00Z", "24 o'clock"),
        ("2025-07-08T23:59:60Z", "leap second"),
        ("2025-02-29T10:00:00Z", "does not exist"),
        ("2025-13-01T10:00:00Z", "does not exist"),
        ("2025-07-08T25:00:00Z", "does not exist"),
        ("2025-07-08T19:60:00Z", "does not exist"),
        ("2025-07-08T19:52:00+25:00", "no place"),
        ("2025-07-08T19:52:00+02:75", "no place"),
        ("2025-07-08T19:52:00 EST", "not a time"),
        ("1969-12-31T23:59:59Z", "outside the years"),
        ("2201-01-01T00:00:00Z", "outside the years"),
        ("10:00:00", "not a time"),
        ("2025/13/08 10:00Z", "does not exist"),
        ("2025/07-08 10:00Z", "not a time"),
        ("2025/07/08", "no time of day"),
        ("07/08/2025 10:00", "either way round"),
        ("now", "not a time"),
        ("infinity", "not a time"),
        ("２０２５-07-08T19:52:00Z", "not a time"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(text: str, why: str) -> None:
    stamp = read_stamp(text)
    assert stamp.micros is None
    assert why in stamp.reason


@pytest.mark.parametrize("text", ["", "  ", "null", "None", "N/A", "?", "0001-01-01T00:00:00Z"])
def test_words_for_no_time_are_no_time(text: str) -> None:
    assert read_stamp(text) == read_stamp(None) == (None, False, "")


def test_a_clock_on_the_wall_needs_a_zone() -> None:
    assert read_stamp("2025-07-08 19:52").local
    assert read_stamp("2025-07-08 21:52", ZoneInfo("Europe/Berlin")).micros == AT


@pytest.mark.parametrize(("text", "why"), [("2025-03-30 02:30", "does not exist"), ("2025-10-26 02:30", "twice")])
def test_a_clock_change_is_not_guessed(text: str, why: str) -> None:
    assert why in read_stamp(text, ZoneInfo("Europe/Berlin")).reason
    assert read_stamp(text + "+01:00", ZoneInfo("Europe/Berlin")).micros is not None


DIGITS = st.text("0123456789", min_size=1, max_size=4)
LIKELY = st.builds(
    "{}-{:02}-{:02}{}{:02}:{:02}{}{}".format,
    st.integers(1960, 2210).map("{:04}".format) | DIGITS,
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from("Tt _"),
    st.integers(0, 25),
    st.integers(0, 61),
    st.sampled_from(["", ":00", ":59", ":60", ":07.5", ":07,123456789", ":07.1234567890", ":0"]),
    st.sampled_from(
        ["Z", "z", "", " UTC", "+02:00", "-0530", "+14", "+14:30", "-00:00", "+25:00", "+02:61", "EST", " "]
    ),
)
CELLS = st.lists(
    LIKELY
    | LIKELY.map(lambda text: text.replace("-", "/", 2))
    | st.text(max_size=12)
    | st.sampled_from(["", "null", "1752004320", "2025-07-08T19:52:00Z\0"])
)
ZONES = st.sampled_from([None, "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"])


@settings(max_examples=300)
@given(CELLS, ZONES)
@example(["2025-03-30 02:30", "2025-10-26 02:30:00", "2025-10-26 03:30:00"], "Europe/Berlin")
def test_the_fast_reader_says_what_the_strict_one_says(cells: list[str], zone: str | None) -> None:
    # Repeated, so that the column is long enough for the fast reader and shapes meet each other.
    cells = cells * 40
    timezone = ZoneInfo(zone) if zone else None
    column = read_column(cells, timezone)
    strict = [read_stamp(cell, timezone) for cell in cells]
    assert column.micros.tolist() == [NONE if s.local or s.micros is None else s.micros for s in strict]
    assert column.reasons == {place: s.reason for place, s in enumerate(strict) if s.reason}
    assert list(column.local) == [place for place, s in enumerate(strict) if s.local]


@settings(max_examples=100)
@given(st.datetimes(datetime(1970, 1, 2), datetime(2199, 12, 30)), st.integers(-14 * 60, 14 * 60))
def test_any_instant_survives_being_written_in_any_offset(wall: datetime, offset: int) -> None:
    instant = wall.replace(tzinfo=UTC)
    hours, minutes = divmod(abs(offset), 60)
    local = (instant + timedelta(minutes=offset)).replace(tzinfo=None)
    text = f"{local.isoformat()}{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
    if 1970 <= local.year <= 2200:
        assert read_stamp(text).micros == (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def test_host_zone_and_hash_seed_have_no_influence(tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "a.csv"
    file.write_text("incident_id,detected_at\n1,2025-03-30 02:15\n2,2025-07-08T19:52Z\n3,2025-07-08 19:52\n")
    code = (
        "from mttrlab.sources.exports import extract; import sys;"
        "x = extract(sys.argv[1], timezone='Asia/Tokyo');"
        "print(x.reports.drop(columns='exported_at').to_json(), x.exported_at, x.quarantine.to_json())"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code, str(file)],
            env={**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for zone, seed in (("America/New_York", "1"), ("Europe/Berlin", "2"))
    }
    assert len(told) == 1
