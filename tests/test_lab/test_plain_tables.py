"""Tables that people write by hand: whatever an optional column holds, a lab that took the file can be read."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import mttrlab as ml
from mttrlab.cli import main
from mttrlab.errors import LoadError
from mttrlab.review.findings import collect_findings
from mttrlab.review.sentences import first_screen
from mttrlab.schema import INCIDENT_COLUMNS
from mttrlab.sources.exports.canonical import names_in
from mttrlab.sources.exports.columns import IDS, NAMES

AS_OF = "2026-07-01T00:00:00Z"
NEEDED = ("incident_id", "detected_at", "resolved_at")
OPTIONAL = sorted({*NAMES} - {*NEEDED, *IDS})
ROWS = (
    {"incident_id": "A-1", "detected_at": "2026-06-01T10:00:00Z", "resolved_at": "2026-06-01T11:00:00Z"},
    {"incident_id": "A-2", "detected_at": "2026-06-02T10:00:00Z", "resolved_at": "2026-06-02T11:00:00Z"},
)
ODD = [
    "", "Checkout", "Search, Login", "a; b", '["a", "b"]', "[]", "[", "{", "{}", '{"name": "a"}', "[1, null]", '"',
    "'a'",
    "['a', 'b']", "null", "0", "-1", "1e9", "nan", "true", "100%", ",", ";", "=1+1", "'=1", "\\", "$1", "x" * 5_000,
    "Überweisung", "支払い", "2026-06-01T09:00:00Z", "maintenance", "open", "[[[[", "%s{}",
]  # fmt: skip
CELLS = st.one_of(
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=20),
)


def table(rows: list[dict[str, str]]) -> str:
    written = io.StringIO()
    writer = csv.DictWriter(written, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def everything(lab: ml.Lab) -> None:
    incidents = lab.incidents()
    phases = ml.phase_durations(incidents)
    ml.phase_summary(phases)
    ml.monthly_mttr(phases)
    for answer in (
        lab.quality,
        lab.population,
        lab.warnings,
        lab.quarantine,
        lab.ambiguous,
        lab.joins,
        lab.recurrences,
    ):
        answer()


def odd_rows(cells: list[str], *columns: str) -> list[dict[str, str]]:
    return [{**ROWS[n % 2], "incident_id": f"A-{n}", **dict.fromkeys(columns, cell)} for n, cell in enumerate(cells)]


@pytest.mark.parametrize("column", OPTIONAL)
def test_a_lab_that_took_a_table_answers_whatever_a_column_holds(tmp_path_factory, column):
    @settings(max_examples=2, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.lists(CELLS, min_size=20, max_size=20))
    def holds(cells):
        path = tmp_path_factory.mktemp("table") / "table.csv"
        path.write_text(table(odd_rows(cells, column)), encoding="utf-8")
        with ml.Lab() as lab:
            try:
                lab.load(path, as_of=AS_OF, format="canonical", timezone="UTC")
            except LoadError:
                return
            everything(lab)

    holds()


def test_a_review_of_odd_words_in_every_column_answers(tmp_path):
    path = tmp_path / "table.csv"
    words = sorted({*OPTIONAL} & {column.name for column in INCIDENT_COLUMNS if column.kind == "text"} - {"population"})
    path.write_text(table(odd_rows(ODD, "services", "priority", *words)), encoding="utf-8")
    with ml.Lab() as lab:
        lab.load(path, as_of=AS_OF)
        everything(lab)
        collect_findings(lab, None, seed=1, replications=10, days=30)


def test_a_table_without_any_optional_column_answers(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(table([dict(row) for row in ROWS]))
    with ml.Lab() as lab:
        lab.load(path, as_of=AS_OF)
        everything(lab)
        collect_findings(lab, None, seed=1, replications=10, days=30)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("Checkout", ["Checkout"]),
        ("Search, Login", ["Search", "Login"]),
        ("Search; Login", ["Search", "Login"]),
        ('["Search", "Login"]', ["Search", "Login"]),
        ("['Search', 'Login']", ["Search", "Login"]),
        ('[{"name": "Search"}]', ["Search"]),
        ("[Search", ["[Search"]),
        ("", []),
        ("[]", []),
        ("7", ["7"]),
    ],
)
def test_names_of_services_are_read_in_every_spelling(cell, names):
    assert names_in(cell) == names


def load(shared: Path, name: str, **options: str) -> tuple[ml.Lab, str]:
    lab = ml.Lab()
    return lab, str(lab.load(shared / "cases" / "small" / name, as_of=AS_OF, **options))


def test_services_in_a_column_of_names(shared):
    lab, _ = load(shared, "services.csv")
    assert lab.incidents()["service"].tolist() == ["Checkout", "several services"]
    everything(lab)


def test_a_channel_is_no_tool_and_rows_of_one_file_are_never_joined(shared):
    lab, told = load(shared, "source.csv")
    assert "'email', 'phone'" in told
    assert sorted(lab.incidents()["incident_id"]) == ["A-1", "A-2", "A-3"]
    other, _ = load(shared, "source_ok.csv")
    assert lab.incidents()["resolved_at"].tolist() == other.incidents()["resolved_at"].tolist()


def twice(tmp_path: Path, sources: tuple[str, str], name: str = "table.csv") -> Path:
    path = tmp_path / name
    rows = [
        {"incident_id": f"{name}-{n}", "source": source, "service": "shop",
         "detected_at": f"2026-06-01T10:{20 * n:02}:00Z", "resolved_at": "2026-06-01T12:00:00Z"}
        for n, source in enumerate(sources)
    ]  # fmt: skip
    path.write_text(table(rows))
    return path


@pytest.mark.parametrize(
    "words", [("Self-service", "Phone"), ("e-mail", "Opsgenie"), ("Monitoring", ""), ("user", "x")]
)
def test_a_word_for_how_somebody_heard_is_no_tool(tmp_path, words):
    with ml.Lab() as lab:
        report = lab.load(twice(tmp_path, words), as_of=AS_OF)
        assert set(lab.incidents()["source"]) == {"canonical"}
        assert "says how somebody heard" in str(report)


def test_rows_of_one_file_are_two_incidents_though_they_name_two_tools(tmp_path):
    with ml.Lab() as lab:
        report = lab.load(twice(tmp_path, ("Jira", "Opsgenie")), as_of=AS_OF)
        assert (len(lab.incidents()), len(lab.joins()), report.joined) == (2, 0, 0)
        assert set(lab.incidents()["source"]) == {"Jira", "Opsgenie"}


def test_joins_between_files_are_counted_and_listed(tmp_path):
    paths = [tmp_path / f"{name}.csv" for name in ("one", "two")]
    for path, row in zip(paths, ROWS, strict=True):
        path.write_text(table([{**row, "service": "shop", "detected_at": ROWS[0]["detected_at"], "resolved_at": ""}]))
    with ml.Lab() as lab:
        assert lab.load(paths[0], source="desk", as_of=AS_OF).joined == 0
        report = lab.load(paths[1], source="pager", as_of=AS_OF)
        assert report.joined == 1
        assert "1 record is one incident with another file's" in str(report)
        assert lab.joins()[["source", "other_source", "how"]].to_numpy().tolist() == [["desk", "pager", "time"]]


def test_scheduled_maintenance_is_kept_apart(shared):
    lab, _ = load(shared, "maint.csv")
    found = lab.population().set_index("population")["records"]
    assert found.to_dict() == {"counted": 2, "maintenance": 1}


@pytest.mark.parametrize(
    ("column", "cell", "population"),
    [
        ("severity", "Scheduled Maintenance", "maintenance"),
        ("incident_type", "planned_maintenance", "maintenance"),
        ("title", "Planned maintenance of the database", "maintenance"),
        ("title", "[Maintenance] Network", "maintenance"),
        ("title", "Outage after scheduled maintenance", "counted"),
        ("title", "Scheduled jobs fail", "counted"),
        ("severity", "major", "counted"),
    ],
)
def test_what_was_planned_says_so_in_a_word(tmp_path, column, cell, population):
    path = tmp_path / "table.csv"
    path.write_text(table([{**ROWS[0], column: cell}]))
    with ml.Lab() as lab:
        lab.load(path, as_of=AS_OF)
        assert lab.population()["population"].tolist() == [population]


def test_a_closing_time_that_never_was_empties_that_cell_alone(shared):
    lab, told = load(shared, "sn.csv", timezone="Europe/London")
    assert sorted(lab.incidents()["incident_id"]) == ["INC1", "INC2"]
    assert "1 cell of closed_at is read as empty" in told
    assert lab.quarantine().empty


@pytest.mark.parametrize("column", ["closed_at", "updated_at", "first_resolved_at", "exported_at"])
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_time_that_is_no_milestone_empties_that_cell_alone(tmp_path, column, kind):
    rows = [{**ROWS[0], column: "31/02/2026 25:61"}, {**ROWS[1], column: "2026-06-02T12:00:00Z"}]
    path = tmp_path / f"table.{kind}"
    path.write_text(table(rows) if kind == "csv" else json.dumps(rows))
    with ml.Lab() as lab:
        report = lab.load(path, as_of=AS_OF)
        assert len(lab.incidents()) == 2 and lab.quarantine().empty
        assert any(f"1 cell of {column} is read as empty" in told and "31/02/2026" in told for told in report.warnings)


@pytest.mark.parametrize("column", ["started_at", "verified_at", "resolved_at"])
def test_a_milestone_that_cannot_be_read_sets_its_row_aside(tmp_path, column):
    path = tmp_path / "table.csv"
    path.write_text(table([{**ROWS[0], column: "after lunch"}, {**ROWS[1], column: "2026-06-02T11:00:00Z"}]))
    with ml.Lab() as lab:
        lab.load(path, as_of=AS_OF)
        assert lab.incidents()["incident_id"].tolist() == ["A-2"]


def advice(told: str) -> dict[str, str]:
    """The columns that a load advises, as somebody would paste them."""
    return ast.literal_eval(re.search(r"columns=(\{.*?\})", told)[1])


def test_advice_that_is_followed_gives_the_right_milestones(shared):
    _, told = load(shared, "flag.csv")
    assert "'identified_flag' sounds" not in told
    lab, _ = load(shared, "flag.csv", columns=advice(told))
    (seen,) = lab.incidents().to_dict("records")
    found = {name: f"{seen[name]:%H:%M}" for name in ("diagnosed_at", "resolved_at", "verified_at")}
    assert found == {"diagnosed_at": "17:37", "resolved_at": "17:41", "verified_at": "18:21"}


@pytest.mark.parametrize("kind", ["csv", "json", "parquet"])
def test_advice_looks_at_what_a_column_holds(tmp_path, kind):
    rows = [{"incident_id": "A-1", "resolved_at": "2026-06-01T11:00:00Z", "created_flag": "1", "opened_count": "3",
             "begin_time": "2026-06-01T09:00:00Z", "Reported on": "2026-06-01T09:05:00Z",
             "root_cause_seen": "2026-06-01T10:00:00Z", "notes": "none"}]  # fmt: skip
    path = tmp_path / f"table.{kind}"
    if kind == "parquet":
        written = pd.DataFrame(rows)
        duckdb.from_df(written).write_parquet(str(path))
    else:
        path.write_text(table(rows) if kind == "csv" else json.dumps(rows))
    with ml.Lab() as lab:
        told = advice(" ".join(lab.load(path, as_of=AS_OF).warnings))
    right = {"begin_time": "started_at", "reported_on": "detected_at", "root_cause_seen": "diagnosed_at"}
    assert {name: told.get(name) for name in right} == right
    assert not {"created_flag", "opened_count", "notes"} & told.keys()


def test_a_table_without_a_milestone_is_told_which_column_may_be_one(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("incident_id,identified_flag,identified\nA-1,1,2026-06-01T10:00:00Z\n")
    with ml.Lab() as lab, pytest.raises(LoadError, match=r"columns=.'identified': 'diagnosed_at'"):
        lab.load(path, as_of=AS_OF)


def test_the_page_says_first_which_column_was_not_read_and_blames_nobody(shared):
    lab, _ = load(shared, "atlas.csv")
    found = collect_findings(lab, "2026-06", seed=7, replications=20, days=30)
    said = {one.label: one.text for one in first_screen(found)[0]}
    assert said["Data"].startswith("'created_at' was not read: mttrlab.yml can say what it means")
    assert "nobody records" not in said["Data"]
    assert said["Ask"] == "No ask yet: first say what 'created_at' means."


def test_a_row_per_event_is_read_as_a_log(shared):
    lab, told = load(shared, "log.csv")
    assert ml.phase_durations(lab.incidents())["detected_to_resolved"].tolist() == [120, 60]
    assert "4 rows are events of 2 incidents" in told
    everything(lab)


EVENTS = (
    ("E-2", "New", "2026-06-02T10:00:00Z"), ("E-1", "Resolved", "2026-06-01T12:00:00Z"),
    ("E-1", "Triggered", "2026-06-01T10:00:00Z"), ("E-1", "Acknowledged", "2026-06-01T10:05:00Z"),
    ("E-1", "On hold", "2026-06-01T10:30:00Z"), ("E-1", "Identified", "2026-06-01T11:00:00Z"),
    ("E-2", "Closed", "2026-06-02T11:00:00Z"), ("E-3", "Investigating", "2026-06-03T10:00:00Z"),
)  # fmt: skip


@pytest.mark.parametrize("names", [("incident_id", "status", "time"), ("Ticket", "New state", "Changed on"),
                                   ("key", "event", "updated_at"), ("id", "status", "detected_at")])  # fmt: skip
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_events_in_any_order_and_under_other_names_give_the_milestones(tmp_path, names, kind):
    rows = [dict(zip((*names, "service"), (*event, "db"), strict=True)) for event in EVENTS]
    path = tmp_path / f"log.{kind}"
    path.write_text(table(rows) if kind == "csv" else json.dumps(rows))
    with ml.Lab() as lab:
        report = lab.load(path, as_of=AS_OF)
        assert report.accepted == len(EVENTS)
        seen = lab.incidents().set_index("incident_id")
    minutes = {
        name: ((seen[f"{name}_at"] - seen["detected_at"]).dt.total_seconds() / 60).fillna(-1).tolist()
        for name in ("acknowledged", "diagnosed", "resolved")
    }
    assert minutes == {"acknowledged": [5, -1, -1], "diagnosed": [60, -1, -1], "resolved": [120, 60, -1]}
    assert seen["service"].tolist() == ["db"] * 3
    assert seen["resolved_at_verdict"].tolist() == ["recorded", "recorded", "pending"]
    assert any("1 of them say what is no milestone ('On hold')" in told for told in report.warnings)


def log_of(tmp_path: Path, *events: tuple[str, str]) -> tuple[pd.DataFrame, ml.Lab]:
    path = tmp_path / "log.csv"
    path.write_text(table([{"incident_id": "E-1", "status": state, "time": at} for state, at in events]))
    lab = ml.Lab()
    lab.load(path, as_of=AS_OF)
    return lab.incidents(), lab


def test_what_is_resolved_after_it_was_mitigated_is_confirmed(tmp_path):
    seen, _ = log_of(tmp_path, ("Investigating", "2026-06-01T10:00:00Z"), ("Monitoring", "2026-06-01T10:30:00Z"),
                     ("Resolved", "2026-06-01T11:00:00Z"))  # fmt: skip
    assert seen["resolved_at"].tolist() == [pd.Timestamp("2026-06-01T10:30Z")]
    assert seen["verified_at"].tolist() == [pd.Timestamp("2026-06-01T11:00Z")]


def test_what_was_reopened_ends_with_its_last_resolution(tmp_path):
    seen, _ = log_of(tmp_path, ("New", "2026-06-01T10:00:00Z"), ("Resolved", "2026-06-01T10:30:00Z"),
                     ("Reopened", "2026-06-01T11:00:00Z"), ("Resolved", "2026-06-01T12:00:00Z"))  # fmt: skip
    assert seen["resolved_at"].tolist() == [pd.Timestamp("2026-06-01T12:00Z")]
    assert seen["first_resolved_at"].tolist() == [pd.Timestamp("2026-06-01T10:30Z")]


def test_a_cancelled_log_never_counts(tmp_path):
    seen, lab = log_of(tmp_path, ("New", "2026-06-01T10:00:00Z"), ("Canceled", "2026-06-01T10:30:00Z"))
    assert seen.empty and lab.population()["population"].tolist() == ["cancelled"]


def test_an_event_without_a_readable_time_takes_its_history_along(tmp_path):
    seen, lab = log_of(tmp_path, ("New", "2026-06-01T10:00:00Z"), ("Acknowledged", "2026-06-01T10:10:00Z"),
                       ("Resolved", "after lunch"))  # fmt: skip
    assert seen.empty and len(lab.quarantine()) == 3


def test_revisions_of_a_record_are_no_log(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(table([
        {**ROWS[0], "resolved_at": "", "status": "open", "updated_at": "2026-06-01T10:10:00Z"},
        {**ROWS[0], "status": "resolved", "updated_at": "2026-06-01T12:00:00Z"},
    ]))  # fmt: skip
    with ml.Lab() as lab:
        lab.load(path, as_of=AS_OF)
        assert lab.incidents()["resolved_at"].tolist() == [pd.Timestamp("2026-06-01T11:00Z")]


@pytest.mark.parametrize("name", ["sn3.csv", "sn4.csv"])
def test_a_cancelled_ticket_never_counts(shared, name):
    lab, _ = load(shared, name, timezone="Europe/London")
    assert lab.population()["population"].tolist() == ["cancelled"]


DESK = "number,{},opened_at,resolved_at,approval\nN1,{},26/3/2016 10:00,26/3/2016 11:00,ok\n"


@pytest.mark.parametrize(
    ("column", "cell", "population"),
    [
        ("ticket_state", "Canceled", "cancelled"),
        ("u_status", "8", "cancelled"),
        ("Where it stands", "Cancelled", "cancelled"),
        ("stage", "Closed", "counted"),
    ],
)
def test_states_of_the_service_desk_are_known_by_what_they_say(tmp_path, column, cell, population):
    path = tmp_path / "desk.csv"
    path.write_text(DESK.format(column, cell))
    with ml.Lab() as lab:
        report = lab.load(path, timezone="UTC")
        assert lab.population()["population"].tolist() == [population]
        assert any("is read as state" in told for told in report.warnings)


def test_states_that_nobody_knows_stop_the_load(tmp_path):
    path = tmp_path / "desk.csv"
    path.write_text(DESK.format("workflow_state", "Abandoned"))
    with ml.Lab() as lab, pytest.raises(LoadError, match="'workflow_state' may hold it"):
        lab.load(path, timezone="UTC")


def test_a_desk_without_states_says_that_cancelled_incidents_count(tmp_path):
    path = tmp_path / "desk.csv"
    path.write_text("number,opened_at,resolved_at\nN1,26/3/2016 10:00,26/3/2016 11:00\n")
    with ml.Lab() as lab:
        assert any("cancelled ones count" in told for told in lab.load(path, timezone="UTC").warnings)


def test_an_outage_without_a_start_is_not_known(shared):
    lab, _ = load(shared, "nostart.csv")
    answer = ml.downtime(lab).set_index("service").loc["gateway"]
    assert answer[["minutes", "availability", "budget_spent", "p_blown"]].isna().all()
    assert answer["note"].startswith("not known: 10 of 10 left out: started_at recorded")


def test_an_outage_without_its_end_is_not_known_and_one_never_closed_stands_apart(shared):
    lab, _ = load(shared, "no_verified.csv")
    answer = ml.downtime(lab).set_index("service")
    assert answer.loc[["web", "old"], "availability"].isna().all()
    assert answer.loc["web", "note"].startswith("not known: 2 of 2 left out: verified_at recorded")
    assert answer.loc["old", "never_closed"] == 1
    assert answer.loc["api", "minutes"] == 170
    assert answer.loc["api", ["p_blown", "p_blown_low", "p_blown_high"]].eq(1).all()


@pytest.mark.parametrize(("month", "minutes", "days"), [("2026-05", 270, 31), ("2026-06", 60, 30), ("2026-04", 0, 30)])
def test_the_months_asked_for_are_the_window_and_cut_what_reaches_over_them(shared, tmp_path, month, minutes, days):
    path, out = tmp_path / "lab.duckdb", tmp_path / "answer.csv"
    with ml.Lab(path) as lab:
        lab.load(shared / "cases" / "public" / "overlap.csv", as_of=AS_OF)
    assert main(["downtime", "--lab", str(path), "--slo", "0.999", "--months", month, "--csv", str(out)]) == 0
    answer = pd.read_csv(out).iloc[0]
    assert (answer["minutes"], answer["days"]) == (minutes, days)
    assert answer["availability"] == pytest.approx(1 - minutes / 1440 / days)
