"""The worksheet asks first for what would narrow the answers most, opens safely in a spreadsheet, and loads back."""

from __future__ import annotations

import csv

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mttrlab.errors import QuestionError
from mttrlab.lab import Lab
from mttrlab.text import from_spreadsheet, spreadsheet_safe


def row(name: str, day: int, minutes: dict[str, int], **more: str) -> dict[str, str]:
    begin = pd.Timestamp(f"2026-03-{day:02d}T10:00:00")
    stamps = {stamp: (begin + pd.Timedelta(minutes=after)).isoformat() for stamp, after in minutes.items()}
    empty = dict.fromkeys(("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at"), "")
    return {"incident_id": name, "service": "pay", **empty, **stamps, **more}


ALL = {"started_at": 0, "detected_at": 5, "diagnosed_at": 20, "resolved_at": 50, "verified_at": 55}


def without(stamp: str, stretch: int = 1) -> dict[str, int]:
    return {name: after * stretch for name, after in ALL.items() if name != stamp}


@pytest.fixture
def lab(exports):
    rows = [
        row("short", 1, without("diagnosed_at"), title='=HYPERLINK("http://evil")', url="https://x/short"),
        row("long", 2, without("diagnosed_at", stretch=10)),
        row("unverified", 3, without("verified_at")),
        *(
            row(f"whole{i}", 4 + i, {k: v for k, v in ALL.items() if k != "diagnosed_at"} | {"diagnosed_at": 20})
            for i in range(6)
        ),
    ]
    with Lab() as opened:
        opened.load(exports.table("t.csv", rows), as_of="2026-04-01T00:00:00Z")
        yield opened


def test_long_incidents_come_first_and_the_row_shows_what_stands_around(lab):
    sheet = lab.worksheet()
    # Eight have a verification and a recovery already, seven a diagnosis: the gain of both is worked by hand.
    # long: 550 min x (1/8 + 1/8); short: 55 x (1/8 + 1/8); unverified: 50 x (1/9 + 1/9).
    assert sheet["incident_id"].tolist() == ["long", "short", "unverified"]
    first = sheet.iloc[0]
    assert first["milestone"] == "diagnosed_at"
    assert (first["before"], first["after"]) == ("detected_at 2026-03-02T10:50:00Z", "resolved_at 2026-03-02T18:20:00Z")
    assert (first["stands"], first["gives"]) == ("missing", "diagnose, resolve")
    assert sheet["gives"].tolist()[2] == "verify, recovery"
    assert lab.worksheet(month="2026-04").empty
    assert len(lab.worksheet(month="2026-03", count=2)) == 2


def test_a_stamp_that_would_complete_nothing_is_not_asked_for(exports):
    with Lab() as lab:
        lab.load(exports.table("t.csv", [row("a", 1, {"started_at": 5})]), as_of="2026-03-01T11:00:00Z")
        assert lab.worksheet().empty
        with pytest.raises(QuestionError, match="no stamp is missing that would give"):
            lab.annotate(exports.folder / "sheet.csv")


def test_filled_in_it_loads_back_and_empty_rows_are_counted(lab, exports):
    path = lab.annotate(exports.folder / "sheet.csv")
    with path.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert rows[1]["title"] == '\'=HYPERLINK("http://evil")'
    rows[0] |= {"time": "2026-03-02T13:00:00Z", "who": "Ana", "why": "chat log"}
    with path.open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    report = lab.load(path)
    assert (report.format, report.rows, report.accepted, report.changed) == ("annotations", 1, 1, 1)
    assert "2 rows have no time and were left out" in report.warnings
    found = lab.incidents().set_index("incident_id").loc["long"]
    assert (found["diagnosed_at"], found["diagnosed_at_origin"]) == (pd.Timestamp("2026-03-02T13:00Z"), "annotated")
    assert lab.worksheet()["incident_id"].tolist() == ["short", "unverified"]


def test_a_worksheet_never_overwrites(lab, exports):
    path = exports.folder / "sheet.csv"
    path.write_text("mine")
    with pytest.raises(QuestionError, match="exists already and is left as it is"):
        lab.annotate(path)
    assert path.read_text() == "mine"
    with pytest.raises(QuestionError, match="is no folder"):
        lab.annotate(exports.folder / "none" / "sheet.csv")


@pytest.mark.parametrize(("month", "count"), [("June", 15), ("2026-13", 15), (None, 0), (None, True)])
def test_a_month_or_count_that_cannot_be_is_refused(lab, month, count):
    with pytest.raises(QuestionError, match="must be"):
        lab.worksheet(month=month, count=count)


@given(st.text(alphabet=st.sampled_from("'=+-@\t\r\0aé ,\"\n"), max_size=8))
def test_neutralised_text_is_no_formula_and_comes_back(text):
    safe = spreadsheet_safe(text)
    assert safe[:1] not in tuple("=+-@\t\r\0")
    assert from_spreadsheet(safe) == text
