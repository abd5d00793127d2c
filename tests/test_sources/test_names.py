"""Columns under other names than ours: by spelling, by words that mean one thing, by what the caller says."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mttrlab.cli import main
from mttrlab.errors import LoadError, SettingsError
from mttrlab.lab import Lab, bulk
from mttrlab.lab.settings import Settings
from mttrlab.sources.exports import extract
from mttrlab.sources.exports.columns import IDS, NAMES, settle_columns

TIMES = ["2026-03-02T10:00:00Z", "2026-03-02T10:05:00Z", "2026-03-02T11:00:00Z"]


def table(folder: Path, header: str, *rows: str) -> Path:
    path = folder / "own.csv"
    path.write_text("\n".join([header, *(rows or ("A-1," + ",".join(TIMES[: header.count(",")]),))]) + "\n")
    return path


@pytest.mark.parametrize(
    "header",
    [
        "Incident ID,Started At,Detected At,Resolved At",
        "incidentId,startedAt,detectedAt,resolvedAt",
        "INCIDENT-ID,STARTED-AT,DETECTED-AT,RESOLVED-AT",
        "Incident,Impact start,Detected,Fixed",
        "Ticket,Time started,Date detected,Mitigated on",
        "key,started_time,detected_date,Resolved (UTC)",
    ],
)
def test_columns_are_known_by_what_they_say(header: str, tmp_path: Path) -> None:
    found = extract(table(tmp_path, header))
    said = found.reports.iloc[0]
    assert said["source_id"] == "A-1"
    assert [said[name] for name in ("started_at", "detected_at", "resolved_at")] == [pd.Timestamp(at) for at in TIMES]


def test_our_own_names_are_never_read_as_anything_else() -> None:
    assert settle_columns(NAMES).header == NAMES
    assert settle_columns(IDS).header == IDS
    assert settle_columns(dict.fromkeys([*NAMES, *IDS])).read_as == ()


def test_a_word_that_may_mean_two_things_is_not_read_and_said_to_sound_like_a_time(tmp_path: Path) -> None:
    found = extract(table(tmp_path, "ID,Created,Resolved"))
    assert found.reports["detected_at"].isna().all()
    assert any("columns={'created': 'detected_at'}" in warning for warning in found.warnings)


@pytest.mark.parametrize("columns", [{"Created": "detected_at"}, {"created": "Detected At"}])
def test_the_caller_says_what_a_column_is(columns: dict[str, str], tmp_path: Path) -> None:
    found = extract(table(tmp_path, "ID,Created,Resolved"), columns=columns)
    assert found.reports["detected_at"].tolist() == [pd.Timestamp(TIMES[0])]


def test_what_the_caller_says_wins_over_the_names(tmp_path: Path) -> None:
    path = table(tmp_path, "id,mitigated_at,resolved_at")
    plain = extract(path)
    assert plain.reports["resolved_at"].tolist() == [pd.Timestamp(TIMES[1])]
    assert any("'mitigated_at' is not read" in warning for warning in plain.warnings)
    told = extract(path, columns={"mitigated_at": "resolved_at", "resolved_at": "verified_at"}).reports.iloc[0]
    assert (told["resolved_at"], told["verified_at"]) == (pd.Timestamp(TIMES[0]), pd.Timestamp(TIMES[1]))
    # A column whose name somebody else has been given is left alone.
    assert extract(path, columns={"mitigated_at": "resolved_at"}).reports["resolved_at"][0] == pd.Timestamp(TIMES[0])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"opened": "detected_at"}, "no column 'opened' to read as detected_at; its columns are id, created"),
        ({"Created": "begun"}, "'begun' is no column of ours"),
        ({"Created": "detected_at", "resolved": "detected_at"}, "says two things of detected_at"),
    ],
)
def test_what_the_caller_cannot_mean_is_refused(columns: dict[str, str], says: str, tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=says):
        extract(table(tmp_path, "ID,Created,Resolved"), columns=columns)


def test_two_columns_of_one_meaning_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="2 columns are called 'started_at'"):
        extract(table(tmp_path, "id,startedAt,started_at"))


def test_a_header_that_says_utc_gives_its_times_a_zone_and_no_others(tmp_path: Path) -> None:
    path = table(tmp_path, "id,Started At (UTC),resolved_at", "A,2026-03-02 10:00,2026-03-02 12:00")
    with pytest.raises(LoadError, match="row 2: resolved_at '2026-03-02 12:00' has no time zone"):
        extract(path)
    said = extract(path, timezone="Europe/Berlin").reports.iloc[0]
    assert said["started_at"] == pd.Timestamp("2026-03-02T10:00Z")
    assert said["resolved_at"] == pd.Timestamp("2026-03-02T11:00Z")


def test_columns_are_a_setting_an_option_and_part_of_the_ledger(tmp_path: Path, capsys) -> None:
    path, lab_path = table(tmp_path, "ID,Created,Resolved"), tmp_path / "lab.duckdb"
    assert main(["load", str(path), "--lab", str(lab_path), "--column", "Created=detected_at"]) == 0
    assert main(["rebuild", "--lab", str(lab_path), "--out", str(tmp_path / "new.duckdb")]) == 0
    with Lab(lab_path) as first, Lab(tmp_path / "new.duckdb") as second, Lab() as third:
        assert first.incidents()["detected_at"].tolist() == [pd.Timestamp(TIMES[0])]
        third.apply(Settings.checked({"sources": {"own.csv": {"columns": {"Created": "detected_at"}}}}))
        third.load(path)
        assert first.data_hash() == second.data_hash()
        pd.testing.assert_frame_equal(first.incidents(), third.incidents())
        again = third.load(path, columns={"Created": "started_at"})
        assert any("this load replaces that one" in warning for warning in again.warnings)
    assert main(["load", str(path), "--lab", str(lab_path), "--column", "Created"]) == 1
    assert "--column takes THEIRS=OURS" in capsys.readouterr().err
    with pytest.raises(SettingsError, match="no column of ours"):
        Settings.checked({"sources": {"own.csv": {"columns": {"Created": "begun"}}}})


def test_a_large_table_under_other_names_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"A-{i},2026-03-02T10:00:{i % 60:02d}Z,2026-03-02 11:00,x" for i in range(300)]
    path = table(tmp_path, "Issue,Created,Mitigated (UTC),owner", *rows, "A-1,soon,2026-03-02 11:00,x", "A-2,,")
    told = []
    for least in (10, 10**9):
        monkeypatch.setattr(bulk, "LARGE_FROM", least)
        with Lab() as lab:
            report = lab.load(path, columns={"created": "detected_at"})
            told.append((lab.data_hash(), report.warnings, lab.quarantine().to_csv(index=False), report.accepted))
    assert told[0] == told[1]
    assert told[0][3] == 300


def test_json_and_what_lies_around_it(tmp_path: Path) -> None:
    record = {"incidentId": "A-1", "Started At": TIMES[0], "mitigatedAt": TIMES[2]}
    for around in ({"data": [record]}, {"results": [record], "total": 1}, [record], record):
        path = tmp_path / "own.json"
        path.write_text(json.dumps(around))
        assert extract(path).reports["resolved_at"].tolist() == [pd.Timestamp(TIMES[2])]


def test_the_line_of_spreadsheets_and_rows_above_the_header(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("sep=;\nincident_id;started_at;users\nA;2026-03-02T10:00Z;0,25\nB;soon;25%\n")
    found = extract(path)
    assert found.reports["users"].tolist() == [0.25]
    assert found.quarantine["row"].tolist() == [3], "as a spreadsheet shows it"
    path.write_text("Incidents in March\n\nincident_id,started_at\nA,2026-03-02T10:00Z\n")
    with pytest.raises(LoadError, match="the header seems to stand in row 3; remove the rows above it"):
        extract(path)


def test_a_row_of_another_length_names_nobody(tmp_path: Path) -> None:
    path = table(tmp_path, "incident_id,started_at,owner", "A,2026-03-02T10:00Z,x", "B,Jane Roe")
    assert "Jane" not in extract(path).quarantine.to_csv()


def test_what_stands_where_it_should_not_is_kept_aside_without_its_text(tmp_path: Path) -> None:
    page = {"id": "P1", "status": "resolved", "urgency": "high", "created_at": TIMES[0], "incident_key": "k"}
    wrong = [
        {**page, "teams": "Jane Roe"},
        {**page, "id": "P2", "service": ["Jane Roe"]},
        "Jane Roe",
        page | {"id": "P3"},
    ]
    path = tmp_path / "pages.json"
    path.write_text(json.dumps(wrong))
    found = extract(path)
    assert (found.accepted, len(found.quarantine)) == (1, 3)
    assert "Jane" not in found.quarantine.to_csv()
    path.write_text("Jane Roe,INC-1,x\nJohn Doe,INC-2,y\n")
    with pytest.raises(LoadError, match="its first row holds values") as told:
        extract(path)
    assert "Jane" not in str(told.value)
