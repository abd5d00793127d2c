"""The lab as a user meets it: load, ask, load again."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from mttrlab.errors import LoadError, QuestionError, StoreError
from mttrlab.lab import Lab, LoadReport, read
from mttrlab.schema import INCIDENT_COLUMNS

NAMES = [column.name for column in INCIDENT_COLUMNS]
THREE = [
    {
        "incident_id": "1",
        "started_at": "2026-01-05T10:00:00",
        "detected_at": "2026-01-05T10:10:00",
        "resolved_at": "2026-01-05T11:10:00",
    },
    {
        "incident_id": "2",
        "started_at": "2026-01-31T23:50:00",
        "detected_at": "2026-02-01T00:05:00",
        "resolved_at": "2026-02-01T02:05:00",
    },
    {"incident_id": "3", "started_at": "2026-02-10T08:00:00", "detected_at": "2026-02-10T08:02:00", "resolved_at": ""},
]


def test_the_founding_sql_runs_verbatim_and_gives_the_known_means(exports, shared):
    known = {case["id"]: case for case in json.loads((shared / "truth/known_truth.json").read_text())}
    expected = known["SQL-1"]["expected"]["seed_sql"]
    with Lab() as lab:
        lab.load(exports.table("three.csv", THREE))
        months = lab.sql((shared / "seed/monthly-mttr.sql").read_text())
    said = {month.strftime("%b"): [n, mean] for month, n, mean in months.iloc[:, :3].itertuples(index=False)}
    assert said == expected
    assert months["month"].is_monotonic_decreasing


def test_incidents_have_exactly_the_columns_of_the_schema(exports):
    with Lab() as lab:
        assert lab.sql("SELECT * FROM incidents").columns.tolist() == NAMES
        assert lab.sql("SELECT * FROM records").columns.tolist() == NAMES
        lab.load(exports.table("three.csv", THREE))
        incidents = lab.incidents()
    assert incidents.columns.tolist() == NAMES
    assert str(incidents["started_at"].dtype) == "datetime64[us, UTC]"
    assert incidents["incident_id"].tolist() == ["1", "2", "3"]


def test_an_open_incident_is_pending_and_censored_at_the_export_not_at_now(exports):
    with Lab() as lab:
        lab.load(exports.table("three.csv", THREE), as_of="2026-02-11T00:00:00Z")
        third = lab.incidents().set_index("incident_id").loc["3"]
    assert third["resolved_at_verdict"] == "pending"
    assert third["exported_at"] == pd.Timestamp("2026-02-11", tz="UTC")


def test_loading_the_same_file_twice_changes_nothing(exports, tmp_path):
    path = exports.table("three.csv", THREE)
    with Lab(tmp_path / "lab.duckdb") as lab:
        first = lab.load(path)
        before = lab.incidents(), lab.loads(), lab.data_hash(), len(lab.sql("SELECT * FROM reports"))
        second = lab.load(path)
        after = lab.incidents(), lab.loads(), lab.data_hash(), len(lab.sql("SELECT * FROM reports"))
    assert (first.new, first.changed, first.unchanged) == (3, 0, 0)
    assert (second.new, second.changed, second.unchanged) == (0, 0, 3)
    assert second.rows == first.rows
    assert any("loaded before" in warning for warning in second.warnings)
    pd.testing.assert_frame_equal(before[0], after[0])
    pd.testing.assert_frame_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_a_later_export_counts_new_changed_and_unchanged_and_keeps_the_old_revision(exports):
    later = [dict(row) for row in THREE]
    later[2]["resolved_at"] = "2026-02-10T09:00:00"
    later.append({"incident_id": "4", "started_at": "2026-02-12T08:00:00"})
    with Lab() as lab:
        lab.load(exports.table("february.csv", THREE), as_of="2026-02-11T00:00:00Z")
        report = lab.load(exports.table("march.csv", later), as_of="2026-03-01T00:00:00Z")
        assert (report.new, report.changed, report.unchanged) == (1, 1, 2)
        third = lab.incidents().set_index("incident_id").loc["3"]
        assert third["resolved_at"] == pd.Timestamp("2026-02-10T09:00Z")
        revisions = lab.sql("SELECT count(*) AS n FROM reports WHERE source_id = '3'")["n"].item()
        assert revisions == 2


def test_an_older_export_loaded_later_undoes_nothing_and_says_so(exports):
    later = [dict(row) for row in THREE]
    later[2]["resolved_at"] = "2026-02-10T09:00:00"
    with Lab() as lab:
        lab.load(exports.table("march.csv", later), as_of="2026-03-01T00:00:00Z")
        report = lab.load(exports.table("february.csv", THREE), as_of="2026-02-11T00:00:00Z")
        third = lab.incidents().set_index("incident_id").loc["3"]
    assert report.changed == 1
    assert any("older" in warning for warning in report.warnings)
    assert third["resolved_at"] == pd.Timestamp("2026-02-10T09:00Z")
    assert third["exported_at"] == pd.Timestamp("2026-03-01", tz="UTC")


def test_the_same_content_seen_later_moves_the_censoring_on(exports):
    path = exports.table("february.csv", THREE)
    again = exports.folder / "march.csv"
    again.write_text(path.read_text() + "\n")
    with Lab() as lab:
        lab.load(path, as_of="2026-02-11T00:00:00Z")
        report = lab.load(again, as_of="2026-03-01T00:00:00Z")
        incidents = lab.incidents()
        assert len(lab.sql("SELECT * FROM reports")) == 3
    assert report.unchanged == 3
    assert set(incidents["exported_at"]) == {pd.Timestamp("2026-03-01", tz="UTC")}


def test_the_same_file_under_another_zone_replaces_the_wrong_load(exports):
    path = exports.folder / "local.csv"
    path.write_text("incident_id,detected_at,resolved_at\na,2026-03-03 10:00,2026-03-03 11:00\n")
    with Lab() as lab:
        lab.load(path, timezone="UTC")
        report = lab.load(path, timezone="Asia/Tokyo")
        incidents = lab.incidents()
        assert len(lab.loads()) == 1
    assert incidents["detected_at"].tolist() == [pd.Timestamp("2026-03-03T01:00Z")]
    assert any("replaces" in warning for warning in report.warnings)


def test_a_zone_less_file_is_refused_with_the_place_to_write_the_zone(exports):
    path = exports.folder / "local.csv"
    path.write_text("incident_id,detected_at\na,2026-03-03 10:00\n")
    with Lab() as lab, pytest.raises(LoadError, match=r"timezone=.*mttrlab\.yml.*'local\.csv'"):
        lab.load(path)


def test_a_pattern_loads_its_files_in_one_transaction(exports):
    exports.table("a.csv", THREE[:1])
    exports.table("b.csv", THREE[1:])
    with Lab() as lab:
        report = lab.load(exports.folder / "*.csv")
        assert (report.rows, report.new) == (3, 3)
        assert [Path(single.path).name for single in report.files] == ["a.csv", "b.csv"]
        assert report.table()["rows"].tolist() == [1, 2]


def test_one_refused_file_of_a_pattern_refuses_them_all(exports):
    exports.table("a.csv", THREE)
    (exports.folder / "b.csv").write_text("")
    with Lab() as lab:
        with pytest.raises(LoadError):
            lab.load(exports.folder / "*.csv")
        assert lab.loads().empty
        assert lab.incidents().empty


def test_a_file_named_like_a_pattern_is_that_file_and_not_its_neighbour(exports):
    exports.table("b1.csv", THREE)
    path = exports.table("b[1].csv", THREE[:1])
    with Lab() as lab:
        assert lab.load(path).rows == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [("", "mttrlab load"), ("absent.csv", "does not exist"), ("absent*.csv", "no file matches")],
)
def test_what_is_no_file_is_refused_with_advice(exports, name, says):
    with Lab() as lab, pytest.raises(LoadError, match=says):
        lab.load(exports.folder / name)


def test_refused_records_are_kept_with_row_column_value_and_reason(exports):
    bad = [*THREE, {"incident_id": "5", "started_at": "", "detected_at": "yesterday", "resolved_at": ""}]
    good = exports.table("good.csv", THREE[:1])
    with Lab() as lab:
        report = lab.load(exports.table("bad.csv", bad))
        refused = lab.quarantine()
        assert refused.columns.tolist() == ["load_id", "row", "column", "value", "reason"]
        assert refused["column"].tolist() == ["detected_at"]
        assert "yesterday" in refused["value"].item()
        lab.load(good)
        assert lab.quarantine().empty
        assert len(lab.quarantine("all")) == len(lab.quarantine(report.load_id)) == 1
    assert report.accepted + report.quarantined + report.duplicates == report.rows == 4
    with Lab() as lab, pytest.raises(QuestionError, match="'last', 'all'"):
        lab.quarantine("everything")


def test_since_and_until_bound_the_first_known_stamp(exports):
    with Lab() as lab:
        lab.load(exports.table("three.csv", THREE))
        assert lab.incidents(since="2026-01-31", until="2026-02-01")["incident_id"].tolist() == ["2"]
        assert lab.incidents(until="2026-01-05T10:00")["incident_id"].tolist() == []
        assert lab.incidents(since="2026-02-10T10:00+02:00")["incident_id"].tolist() == ["3"]
        for wrong in ("soon", 2026, float("nan")):
            with pytest.raises(QuestionError, match="since must be"):
                lab.incidents(since=wrong)
        with pytest.raises(QuestionError, match="population must be one of counted"):
            lab.incidents(population="pages")


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM reports",
        "INSERT INTO reports (source) VALUES ('x')",
        "SELECT 1; DROP TABLE reports",
        "EXPLAIN ANALYZE DELETE FROM reports",
        "SET enable_external_access = true",
        "COPY (SELECT 1) TO 'out.csv'",
        "ATTACH 'other.duckdb'",
        "",
    ],
)
def test_only_one_reading_statement_is_answered(exports, query):
    with Lab() as lab:
        lab.load(exports.table("three.csv", THREE))
        with pytest.raises(QuestionError, match="one statement that reads"):
            lab.sql(query)
        assert len(lab.incidents()) == 3


@pytest.mark.parametrize(
    "query", ["SELECT * FROM read_csv('/etc/passwd')", "SELECT nothing FROM incidents", "SELEC 1", "SELECT $x"]
)
def test_an_unanswerable_query_is_one_line_and_the_lab_goes_on(query):
    with Lab() as lab:
        with pytest.raises(QuestionError, match="cannot be answered") as refusal:
            lab.sql(query)
        assert "\n" not in str(refusal.value)
        assert lab.sql("SELECT $n + 1 AS m", n=1)["m"].tolist() == [2]


def test_quality_counts_each_verdict_and_its_share(exports):
    with Lab() as lab:
        lab.load(exports.table("three.csv", THREE))
        quality = lab.quality().set_index(["milestone", "verdict"])
        assert quality.loc[("resolved_at", "recorded"), "incidents"] == 2
        assert quality.loc[("resolved_at", "pending"), "share"] == pytest.approx(1 / 3)
        months = lab.quality(by="month")
        assert months.columns.tolist() == ["month", "milestone", "verdict", "incidents", "share"]
        assert months.groupby(["month", "milestone"])["share"].sum().round(9).eq(1).all()
        assert set(months["month"]) == {"2026-01", "2026-02"}
        with pytest.raises(QuestionError, match="by must be"):
            lab.quality(by="team")


def test_reading_a_file_gives_the_lab_s_rows_without_a_lab(exports):
    path = exports.table("three.csv", THREE)
    with Lab() as lab:
        lab.load(path)
        pd.testing.assert_frame_equal(read(path), lab.incidents(), check_dtype=False)
    pages = read(exports.pager("pd.json", [{"id": "A", "at": "2026-01-01T00:00:00"}]))
    assert pages["population"].tolist() == ["page"]


def test_a_lab_open_for_reading_answers_and_refuses_to_change(exports, tmp_path):
    path = exports.table("three.csv", THREE)
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(path)
        told = lab.data_hash()
    with Lab(tmp_path / "lab.duckdb", read_only=True) as lab:
        assert len(lab.incidents()) == 3
        assert lab.data_hash() == told
        with pytest.raises(StoreError, match="reading only"):
            lab.load(path)
        with pytest.raises(StoreError, match="reading only"):
            lab.apply(lab.settings)


def test_exported_at_is_the_newest_of_all_loads(exports):
    with Lab() as lab:
        assert lab.exported_at() is None
        lab.load(exports.table("a.csv", THREE), as_of="2026-05-01T00:00:00Z")
        lab.load(exports.table("b.csv", THREE[:1]), as_of="2026-04-01T00:00:00Z")
        assert lab.exported_at() == pd.Timestamp("2026-05-01", tz="UTC")


def test_reports_and_labs_shown_in_a_notebook_escape_what_data_say(exports):
    path = exports.table("<b>x.csv", THREE)
    with Lab() as lab:
        report = lab.load(path, source="<script>alert(1)</script>")
        shown = report._repr_html_() + lab._repr_html_()
    assert "<b>" not in shown
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_a_report_reads_as_a_sentence_without_control_characters():
    report = LoadReport("a\x1b[2J\u202e.csv", "canonical", 5, 3, 1, 1, 2, 1, 0, ("b\x07ell",))
    told = str(report)
    assert "5 records: 3 accepted, 1 quarantined, 1 duplicates; incidents: 2 new, 1 changed, 0 unchanged." in told
    assert all(character.isprintable() or character == "\n" for character in told)


def test_rows_refused_for_the_same_two_reasons_are_counted_together_whatever_their_values(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("incident_id,started_at,resolved_at\nA,1767616000,1767619000\nB,1767626000,1767629000\n")
    with Lab() as lab:
        notes = " ".join(lab.load(path).warnings)
    assert "2 records are kept aside: started_at is a number, not a date" in notes
    assert "resolved_at is a number" in notes
    assert "1767619000" not in notes
