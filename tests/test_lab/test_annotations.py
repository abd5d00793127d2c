"""Stamps that people correct win over every export, are shown as annotated, and are judged with the others."""

from __future__ import annotations

import pandas as pd
import pytest

from mttrlab.errors import QuestionError, SchemaError
from mttrlab.lab import Lab

ROWS = [
    {
        "incident_id": "1",
        "service": "pay",
        "started_at": "2026-03-01T10:00:00",
        "detected_at": "2026-03-01T10:05:00",
        "diagnosed_at": "",
        "resolved_at": "2026-03-01T11:00:00",
        "verified_at": "2026-03-01T11:07:00",
    },
    {
        "incident_id": "2",
        "service": "pay",
        "started_at": "2026-03-02T10:00:00",
        "detected_at": "2026-03-02T09:00:00",
        "diagnosed_at": "",
        "resolved_at": "",
        "verified_at": "",
    },
]
AS_OF = "2026-04-01T00:00:00Z"


def said(*rows: tuple[str, str, str], who: str = "Ana Reis", **more: str) -> pd.DataFrame:
    return pd.DataFrame(
        [{"incident_id": i, "milestone": m, "time": t, "who": who, "why": "log", **more} for i, m, t in rows]
    )


@pytest.fixture
def lab(exports):
    with Lab() as opened:
        opened.load(exports.table("t.csv", ROWS), as_of=AS_OF)
        yield opened


def incident(lab: Lab, name: str) -> pd.Series:
    return lab.incidents(population=None).set_index("incident_id").loc[name]


def test_an_annotation_fills_a_missing_stamp_and_is_shown_as_annotated(lab):
    assert incident(lab, "1")["diagnosed_at_verdict"] == "missing"
    report = lab.record(said(("1", "diagnosed", "2026-03-01T12:20:00+02:00")))
    found = incident(lab, "1")
    assert found["diagnosed_at"] == pd.Timestamp("2026-03-01T10:20Z")
    assert (found["diagnosed_at_verdict"], found["diagnosed_at_origin"]) == ("recorded", "annotated")
    assert (found["resolved_at_verdict"], found["resolved_at_origin"]) == ("recorded", "export")
    assert (report.rows, report.accepted, report.changed, report.new) == (1, 1, 1, 0)
    assert lab.loads()["format"].tolist() == ["canonical", "annotations"]
    assert (
        lab.record(said(("1", "diagnosed", "2026-03-01T12:20:00+02:00"))).warnings[0].startswith("this file was loaded")
    )


def test_a_later_export_does_not_undo_what_people_said(lab, exports):
    lab.record(said(("1", "resolved_at", "2026-03-01T10:50:00Z")))
    newer = [{**ROWS[0], "resolved_at": "2026-03-01T10:59:00"}]
    lab.load(exports.table("newer.csv", newer), as_of="2026-05-01T00:00:00Z")
    found = incident(lab, "1")
    assert found["resolved_at"] == pd.Timestamp("2026-03-01T10:50Z")
    assert found["exported_at"] == pd.Timestamp("2026-05-01", tz="UTC")


def test_correcting_one_stamp_gives_its_neighbour_a_second_chance(lab):
    assert incident(lab, "2")["detected_at_verdict"] == "out_of_order"
    lab.record(said(("2", "started_at", "2026-03-02T08:55:00Z")))
    assert incident(lab, "2")[["started_at_verdict", "detected_at_verdict"]].tolist() == ["recorded"] * 2


def test_an_annotation_that_contradicts_the_order_is_reported_and_not_clamped(lab):
    lab.record(said(("1", "verified_at", "2026-03-01T09:00:00Z")))
    found = incident(lab, "1")
    assert found["verified_at"] == pd.Timestamp("2026-03-01T09:00Z")
    assert found["verified_at_verdict"] == "out_of_order"
    assert any("verified_at of '1'" in w and "out_of_order" in w for w in lab.warnings())


def test_an_annotation_behind_the_export_is_suspect_and_said_so(lab):
    lab.record(said(("2", "resolved_at", "2026-06-01T00:00:00Z")))
    assert incident(lab, "2")["resolved_at_verdict"] == "suspect"
    assert any("resolved_at of '2'" in w and "newer export" in w for w in lab.warnings())


def test_an_annotated_fix_closes_an_open_incident(lab):
    assert incident(lab, "2")["verified_at_verdict"] == "pending"
    lab.record(said(("2", "resolved_at", "2026-03-02T11:00:00Z")))
    verdicts = incident(lab, "2")[["diagnosed_at_verdict", "resolved_at_verdict", "verified_at_verdict"]]
    assert verdicts.tolist() == ["missing", "recorded", "missing"]


def test_the_annotation_loaded_last_holds_and_in_one_table_the_last_row(lab):
    lab.record(said(("1", "diagnosed_at", "2026-03-01T10:20:00Z"), ("1", "diagnosed_at", "2026-03-01T10:25:00Z")))
    assert incident(lab, "1")["diagnosed_at"] == pd.Timestamp("2026-03-01T10:25Z")
    lab.record(said(("1", "diagnosed_at", "2026-03-01T10:10:00Z")))
    assert incident(lab, "1")["diagnosed_at"] == pd.Timestamp("2026-03-01T10:10Z")
    assert any("more than once" in w for w in lab.warnings())


def test_an_annotation_may_come_before_its_incident(exports):
    table = exports.table("t.csv", ROWS)
    notes = said(("1", "diagnosed_at", "2026-03-01T10:20:00Z"), ("9", "diagnosed_at", "2026-03-01T10:20:00Z"))
    with Lab() as first, Lab() as second:
        early = first.record(notes)
        assert (early.accepted, early.quarantined) == (0, 2)
        assert first.quarantine()["reason"].str.contains("takes effect when that record is loaded").all()
        first.load(table, as_of=AS_OF)
        second.load(table, as_of=AS_OF)
        second.record(notes)
        pd.testing.assert_frame_equal(first.incidents(), second.incidents())
        assert first.data_hash() == second.data_hash()
        for lab in (first, second):
            counts = lab.loads().set_index("format").loc["annotations", ["rows", "accepted", "quarantined"]]
            assert counts.tolist() == [2, 1, 1]
            assert lab.quarantine("all")["value"].tolist() == ["9"]


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ({"incident_id": "77"}, "incident_id", "names no record of this lab"),
        ({"incident_id": ""}, "incident_id", "is empty"),
        ({"milestone": "mitigated_at"}, "milestone", "is no milestone"),
        ({"time": "2026-03-01 10:20"}, "time", "has no time zone"),
        ({"time": "ten past"}, "time", "is not a time"),
        ({"who": " "}, "who", "is empty"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_reason(lab, row, column, reason):
    good = {"incident_id": "1", "milestone": "diagnosed_at", "time": "2026-03-01T10:20:00Z", "who": "Ana", "why": ""}
    report = lab.record(pd.DataFrame([good | row]))
    assert (report.accepted, report.quarantined) == (0, 1)
    refused = lab.quarantine().iloc[0]
    assert refused["column"] == column
    assert reason in refused["reason"]
    assert (incident(lab, "1")["diagnosed_at_origin"] == "annotated") is False


def test_a_zone_makes_times_without_one_readable(lab):
    lab.record(said(("1", "diagnosed_at", "2026-03-01 12:20")), timezone="Europe/Helsinki")
    assert incident(lab, "1")["diagnosed_at"] == pd.Timestamp("2026-03-01T10:20Z")


def test_empty_rows_are_left_out_and_counted(lab):
    report = lab.record(said(("1", "diagnosed_at", ""), ("1", "verified_at", "2026-03-01T11:09:00Z"), ("2", "x", "")))
    assert (report.rows, report.accepted) == (1, 1)
    assert "2 rows have no time and were left out" in report.warnings


def test_who_it_was_is_a_pseudonym_unless_asked(lab, exports):
    lab.record(said(("1", "diagnosed_at", "2026-03-01T10:20:00Z"), why="asked bo@example.com"))
    kept = lab.sql("SELECT * FROM annotations").iloc[0]
    assert kept["who"].startswith("person-")
    assert kept["why"] == "asked [address]"
    lab.record(said(("1", "diagnosed_at", "2026-03-01T10:21:00Z")), keep_people=True)
    assert lab.sql("SELECT who FROM annotations ORDER BY load_id")["who"].tolist()[1] == "Ana Reis"


def test_one_id_of_two_tools_needs_the_source(lab, exports):
    lab.load(exports.pager("pd.json", [{"id": "1", "at": "2026-03-20T10:00:00", "priority": "P1"}]), as_of=AS_OF)
    doubtful = lab.record(said(("1", "started_at", "2026-03-01T09:58:00Z")))
    assert doubtful.quarantined == 1
    assert "canonical, pagerduty" in lab.quarantine()["reason"].item()
    assert lab.record(said(("1", "started_at", "2026-03-20T09:58:00Z"), source="pagerduty")).changed == 1
    found = lab.incidents().set_index(["source", "incident_id"])["started_at"]
    assert found["pagerduty", "1"] == pd.Timestamp("2026-03-20T09:58Z")
    assert found["canonical", "1"] == pd.Timestamp("2026-03-01T10:00Z")


def test_an_annotation_of_a_joined_incident_may_use_either_id(exports):
    pages = exports.pager("pd.json", [{"id": "P", "at": "2026-03-01T10:00:00", "priority": "P1"}])
    posts = exports.posts("s.json", [{"id": "S", "at": "2026-03-01T10:05:00", "resolved": "2026-03-01T11:00:00"}])
    for name in "PS":
        with Lab() as lab:
            lab.load(pages)
            lab.load(posts)
            lab.record(said((name, "diagnosed_at", "2026-03-01T10:30:00Z")))
            found = lab.incidents()
            assert found["incident_id"].tolist() == ["P"]
            assert found["diagnosed_at_origin"].tolist() == ["annotated"]


def test_a_worksheet_is_recognised_by_load_and_by_a_folder(exports):
    exports.table("z.csv", ROWS)
    sheet = exports.folder / "a worksheet.csv"
    sheet.write_text("incident_id;milestone;time;who;why\n1;diagnosed_at;2026-03-01T10:20:00Z;Ana;\n1;verified_at;;;\n")
    with Lab() as lab:
        report = lab.load_folder(exports.folder)
        assert [load.format for load in report.loads] == ["annotations", "canonical"]
        assert (report.loads[0].accepted, report.loads[0].changed) == (1, 1)
        assert incident(lab, "1")["diagnosed_at_origin"] == "annotated"
        assert lab.load(sheet).unchanged == 1


def test_only_kinds_and_tables_that_exist_are_recorded(lab):
    with pytest.raises(QuestionError, match="kind must be one of annotations"):
        lab.record(said(), kind="guesses")
    with pytest.raises(SchemaError, match="annotations lack milestone, time"):
        lab.record(pd.DataFrame({"incident_id": ["1"]}))
