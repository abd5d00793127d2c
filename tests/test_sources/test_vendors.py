"""What each vendor's words mean, worked by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mttrlab.errors import LoadError
from mttrlab.judge import judge
from mttrlab.schema import STAMPS
from mttrlab.sources.exports import Extract, extract


def load(folder: Path, content: Any, **options: Any) -> Extract:
    path = folder / "export"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return extract(path, **options)


def clocks(found: Extract, place: int = 0) -> dict[str, str]:
    """Stamps that are there, as hours and minutes."""
    row = found.reports.iloc[place]
    return {stamp: f"{row[stamp]:%H:%M}" for stamp in STAMPS if not pd.isna(row[stamp])}


def posts(*updates: tuple[str, str], **fields: Any) -> dict[str, Any]:
    listed = [{"status": status, "display_at": f"2026-03-02T{at}:00.000Z", "body": ""} for at, status in updates]
    return {
        "id": "x1",
        "name": "Slow",
        "status": updates[-1][1],
        "impact": "minor",
        "shortlink": "https://stspg.io/x1",
        "created_at": "2026-03-02T09:59:00.000Z",
        "started_at": "2026-03-02T09:58:00.000Z",
        "incident_updates": listed[::-1],
    } | fields


def test_the_first_post_of_each_status_counts(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        [
            posts(
                ("10:00", "investigating"),
                ("10:10", "identified"),
                ("10:15", "identified"),
                ("10:30", "monitoring"),
                ("10:40", "monitoring"),
                ("11:00", "resolved"),
                ("15:00", "postmortem"),
            )
        ],
    )
    assert clocks(found) == {
        "detected_at": "10:00",
        "diagnosed_at": "10:10",
        "resolved_at": "10:30",
        "verified_at": "11:00",
    }
    report = found.reports.iloc[0]
    assert (report["status"], report["severity"], report["population"]) == ("closed", "minor", "counted")
    assert {report[f"{stamp}_origin"] for stamp in clocks(found)} == {"proxy"}
    assert found.reports["reopened"].tolist() == [False]


def test_back_dated_posts_are_read_where_the_page_shows_them(tmp_path: Path) -> None:
    post = posts(("10:00", "resolved"))
    post["incident_updates"][0] |= {"created_at": "2026-03-02T20:00:00.000Z"}
    assert clocks(load(tmp_path, [post]))["verified_at"] == "10:00"


def test_a_reopened_incident_ends_at_its_last_resolution(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        [
            posts(
                ("10:00", "investigating"),
                ("10:20", "monitoring"),
                ("10:30", "resolved"),
                ("10:50", "investigating"),
                ("11:20", "monitoring"),
                ("11:40", "resolved"),
            )
        ],
    )
    assert clocks(found) == {"detected_at": "10:00", "resolved_at": "11:20", "verified_at": "11:40"}
    assert found.reports["reopened"].tolist() == [True]
    assert found.reports["first_resolved_at"].tolist() == [pd.Timestamp("2026-03-02T10:20Z")]


def test_reopened_and_still_open(tmp_path: Path) -> None:
    found = load(tmp_path, [posts(("10:00", "investigating"), ("10:30", "resolved"), ("10:50", "investigating"))])
    assert clocks(found) == {"detected_at": "10:00"}
    assert found.reports["status"].tolist() == ["open"]
    assert found.reports["first_resolved_at"].tolist() == [pd.Timestamp("2026-03-02T10:30Z")]


@pytest.mark.parametrize(
    "told",
    [
        posts(("10:00", "resolved")),
        posts(("10:00", "resolved"), ("12:00", "postmortem")),
        {"created_at": "2026-03-02T10:00:00Z", "resolved_at": "2026-03-02T10:00:00.412Z", "incident_updates": []},
    ],
)
def test_a_page_that_speaks_only_when_all_is_over_detected_nothing(told: dict[str, Any], tmp_path: Path) -> None:
    record = posts(("10:00", "resolved")) | {"created_at": None} | told
    judged = judge(load(tmp_path, [record]).reports).iloc[0]
    assert f"{judged['verified_at']:%H:%M}" == "10:00"
    assert [judged[f"{stamp}_verdict"] for stamp in ("started_at", "detected_at", "resolved_at", "verified_at")] == [
        "missing",
        "suspect",
        "missing",
        "recorded",
    ]


def test_a_page_that_first_spoke_in_a_postmortem_detected_nothing(tmp_path: Path) -> None:
    record = posts(("12:00", "postmortem")) | {"status": "postmortem", "resolved_at": "2026-03-02T11:00:00Z"}
    judged = judge(load(tmp_path, [record]).reports).iloc[0]
    assert (judged["detected_at_verdict"], judged["verified_at_verdict"]) == ("suspect", "recorded")
    assert f"{judged['verified_at']:%H:%M}" == "11:00"


def test_maintenance_is_kept_apart(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        {
            "page": {"id": "p", "updated_at": "2026-03-02T12:00:00Z"},
            "incidents": [posts(("10:00", "investigating"))],
            "scheduled_maintenances": [
                posts(("10:00", "scheduled"), ("11:00", "completed"), id="m1", impact="maintenance")
            ],
        },
    )
    assert found.reports["population"].tolist() == ["counted", "maintenance"]
    assert (found.rows, found.exported_at_from) == (2, "the file")
    assert found.exported_at == pd.Timestamp("2026-03-02T12:00Z")


def test_a_page_may_write_its_own_offset(tmp_path: Path) -> None:
    post = posts(("10:00", "resolved"))
    post["incident_updates"][0]["display_at"] = "2019-02-21T08:31:24.239-06:00"
    found = load(tmp_path, [post])
    assert found.reports["detected_at"].tolist() == [pd.Timestamp("2019-02-21T14:31:24.239Z")]


def test_one_component_is_the_service_and_several_are_a_list(tmp_path: Path) -> None:
    groups = [{"name": "All", "group": True}, {"name": "API", "group": False}]
    one = posts(("10:00", "resolved"), components=groups)
    two = posts(("10:00", "resolved"), id="x2", components=[{"name": "API"}, {"name": "Web"}])
    found = load(tmp_path, [one, two]).reports
    assert found["service"].fillna("-").tolist() == ["API", "-"]
    assert found["services"].tolist() == ['["API"]', '["API", "Web"]']


def page(status: str = "resolved", *log: tuple[str, str, str], **fields: Any) -> dict[str, Any]:
    entries = [
        {"type": f"{kind}_log_entry", "created_at": f"2026-03-02T{at}:00Z", "channel": {"type": channel}}
        for at, kind, channel in log
    ]
    return {
        "id": "P1",
        "status": status,
        "title": "Down",
        "urgency": "high",
        "created_at": "2026-03-02T10:00:00Z",
        "last_status_change_at": "2026-03-02T12:00:00Z",
        "acknowledgements": [],
        "escalation_policy": {"id": "E"},
        "service": {"id": "S", "summary": "checkout"},
        "teams": [{"summary": "Payments"}],
        "html_url": "https://x/P1",
        "log_entries": entries[::-1],
    } | fields


FULL = (("10:00", "trigger", "api"), ("10:02", "acknowledge", "mobile"), ("10:05", "acknowledge", "website"))


def test_a_page_has_a_trigger_an_answer_and_an_end(tmp_path: Path) -> None:
    found = load(tmp_path, {"incidents": [page("resolved", *FULL, ("11:00", "resolve", "website"))]})
    assert clocks(found) == {"detected_at": "10:00", "acknowledged_at": "10:02", "resolved_at": "11:00"}
    report = found.reports.iloc[0]
    assert (report["service"], report["team"], report["url"]) == ("checkout", "Payments", "https://x/P1")
    assert (report["detected_by"], report["severity"], report["population"]) == ("alert", "high", "page")
    assert not report["automated"] and not report["reopened"]


def test_a_priority_makes_a_page_an_incident(tmp_path: Path) -> None:
    found = load(tmp_path, [page("resolved", *FULL, priority={"summary": "P1"})]).reports.iloc[0]
    assert (found["severity"], found["priority"], found["population"]) == ("P1", "P1", "counted")


@pytest.mark.parametrize(("channel", "automated"), [("auto", True), ("timeout", True), ("website", False)])
def test_who_ended_it_is_told_from_the_channel(channel: str, automated: bool, tmp_path: Path) -> None:
    found = load(tmp_path, [page("resolved", *FULL, ("11:00", "resolve", channel))])
    assert found.reports["automated"].tolist() == [automated]


@pytest.mark.parametrize(
    ("channel", "verdict"), [("timeout", "suspect"), ("auto", "recorded"), ("website", "recorded")]
)
def test_a_page_that_the_pager_gave_up_on_has_a_suspect_end(channel: str, verdict: str, tmp_path: Path) -> None:
    found = load(tmp_path, [page("resolved", *FULL, ("11:00", "resolve", channel))])
    assert judge(found.reports)["resolved_at_verdict"].tolist() == [verdict]


def test_a_page_that_came_back_ends_at_its_last_end(tmp_path: Path) -> None:
    found = load(tmp_path, [page("resolved", *FULL, ("11:00", "resolve", "website"), ("12:00", "resolve", "website"))])
    assert clocks(found)["resolved_at"] == "12:00"
    assert found.reports["reopened"].tolist() == [True]
    assert found.reports["first_resolved_at"].tolist() == [pd.Timestamp("2026-03-02T11:00Z")]


def test_a_page_that_came_back_and_is_open_has_no_end(tmp_path: Path) -> None:
    found = load(tmp_path, [page("acknowledged", *FULL, ("11:00", "resolve", "website"))])
    assert "resolved_at" not in clocks(found)
    assert found.reports[["status", "reopened"]].iloc[0].tolist() == ["open", True]


def test_a_log_may_stand_beside_the_incidents(tmp_path: Path) -> None:
    record = page("resolved")
    del record["log_entries"]
    entries = [
        {"type": "acknowledge_log_entry", "created_at": "2026-03-02T10:07:00Z", "incident": {"id": "P1"}},
        {"type": "acknowledge_log_entry", "created_at": "2026-03-02T09:07:00Z", "incident": {"id": "another"}},
    ]
    found = load(tmp_path, {"incidents": [record], "log_entries": entries, "more": True})
    assert clocks(found) == {"detected_at": "10:00", "acknowledged_at": "10:07", "resolved_at": "12:00"}
    assert any("more pages" in warning for warning in found.warnings)
    bare = load(tmp_path, {"incidents": [record]})
    assert any("without log_entries" in warning for warning in bare.warnings)
    assert bare.reports["reopened"].isna().all()


def test_merged_pages_are_kept_apart(tmp_path: Path) -> None:
    merged = page("resolved", resolve_reason={"type": "merge_resolve_reason", "incident": {"id": "P0"}})
    assert load(tmp_path, [merged]).reports["population"].tolist() == ["merged"]


HEADER = "number,state,opened_at,resolved_at,closed_at,sys_updated_on,short_description\n"


@pytest.mark.parametrize(
    ("state", "status", "population"),
    [
        ("New", "open", "counted"),
        ("2", "open", "counted"),
        ("On Hold", "open", "counted"),
        ("6", "closed", "counted"),
        ("7 - Closed", "closed", "counted"),
        ("Canceled", "closed", "cancelled"),
        ("8", "closed", "cancelled"),
    ],
)
def test_states_of_a_plain_table(state: str, status: str, population: str, tmp_path: Path) -> None:
    found = load(tmp_path, HEADER + f"INC1,{state},2026-03-02 10:00:00,,,x,Slow\n", timezone="UTC")
    assert found.reports[["status", "population"]].iloc[0].tolist() == [status, population]
    assert clocks(found) == {"detected_at": "10:00"}


def test_labels_of_a_list_export_are_understood(tmp_path: Path) -> None:
    text = "Number,Opened,State,Resolved,Closed,Configuration item\n"
    text += "INC1,2026-03-02 10:00:00,Closed,2026-03-02 11:00:00,2026-03-07 11:00:00,checkout\n"
    found = load(tmp_path, text, timezone="UTC")
    assert clocks(found) == {"detected_at": "10:00", "resolved_at": "11:00"}
    assert found.reports["service"].tolist() == ["checkout"]
    assert found.reports["closed_at"].tolist() == [pd.Timestamp("2026-03-07T11:00Z")]


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (("3/5/2026 10:00", "29/5/2026 10:00"), "2026-05-03T10:00Z"),
        (("3/5/2026 10:00", "5/29/2026 10:00"), "2026-03-05T10:00Z"),
        (("3/5/2026 02:15:30 PM", "5/29/2026 12:00:00 AM"), "2026-03-05T14:15:30Z"),
        (("4-4-2026 10:00",) * 2, "2026-04-04T10:00Z"),
    ],
)
def test_the_day_is_found_from_the_whole_file(dates: tuple[str, str], first: str, tmp_path: Path) -> None:
    text = "number,opened_at\n" + "".join(f"INC{n},{date}\n" for n, date in enumerate(dates))
    assert load(tmp_path, text, timezone="UTC").reports["detected_at"].tolist()[0] == pd.Timestamp(first)


def test_a_file_whose_days_cannot_be_told_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"may be day or month first.*yyyy-MM-dd"):
        load(tmp_path, "number,opened_at\nINC1,3/5/2026 10:00\n", timezone="UTC")
    with pytest.raises(LoadError, match=r"puts the day first and .* the month"):
        load(tmp_path, "number,opened_at\nINC1,13/5/2026 10:00\nINC2,5/13/2026 10:00\n", timezone="UTC")


def test_a_log_of_a_reopened_incident_keeps_its_first_resolution(tmp_path: Path) -> None:
    text = "number,incident_state,sys_mod_count,reopen_count,opened_at,sys_updated_at,resolved_at,closed_at\n"
    for changes, (state, again, updated, resolved) in enumerate(
        [
            ("New", 0, "10:00", ""),
            ("Active", 0, "10:10", ""),
            ("Resolved", 0, "11:00", "2026-03-02 11:00:00"),
            ("Active", 1, "12:00", "2026-03-02 11:00:00"),
            ("Resolved", 1, "13:00", "2026-03-02 13:00:00"),
        ]
    ):
        text += f"INC1,{state},{changes},{again},2026-03-02 10:00:00,2026-03-02 {updated}:00,{resolved},\n"
    found = load(tmp_path, text, timezone="UTC")
    assert clocks(found) == {"detected_at": "10:00", "acknowledged_at": "10:10", "resolved_at": "13:00"}
    assert found.reports["first_resolved_at"].tolist() == [pd.Timestamp("2026-03-02T11:00Z")]
    lines = text.splitlines(keepends=True)
    back_at_work = load(tmp_path, "".join(lines[:-1]), timezone="UTC")
    assert clocks(back_at_work) == {"detected_at": "10:00", "acknowledged_at": "10:10"}
    assert back_at_work.reports["first_resolved_at"].tolist() == [pd.Timestamp("2026-03-02T11:00Z")]
    shuffled = load(tmp_path, "".join([lines[0], *lines[:0:-1]]), timezone="UTC")
    columns = ["acknowledged_at", "resolved_at", "first_resolved_at", "content_hash"]
    pd.testing.assert_frame_equal(shuffled.reports[columns], found.reports[columns])


def test_a_refused_row_takes_its_incident_with_it(tmp_path: Path) -> None:
    text = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,resolved_at\n"
    text += "INC1,New,0,2026-03-02 10:00:00,2026-03-02 10:00:00,\n"
    text += "INC1,Closed,1,2026-03-02 10:00:00,2026-03-02 11:00:00,tomorrow\n"
    text += "INC2,New,0,2026-03-02 10:00:00,2026-03-02 10:00:00,\n"
    found = load(tmp_path, text, timezone="UTC")
    assert found.reports["source_id"].tolist() == ["INC2"]
    assert found.quarantine[["row", "reason"]].to_numpy().tolist()[0] == [2, "row 3 of the same incident is refused"]


def test_canonical_columns_say_what_they_mean(tmp_path: Path) -> None:
    text = (
        "ID;Started-At;Reopened;Users;Population;Resolved_At;Resolved At Origin;Status;source;started_at_verdict\n"
        "1;2026-03-02T10:00Z;yes;0.25;Drill;2026-03-02T11:00Z;annotated;Resolved;jira;suspect\n"
        "2;N/A;;;;2026-03-02T11:00Z;hearsay;?;;\n3;2026-03-02T10:00Z;maybe;;;;;;;\n4;2026-03-02T10:00Z;;;chaos;;;;;\n"
    )
    found = load(tmp_path, text)
    first, second = (found.reports.iloc[place] for place in (0, 1))
    assert (first["source"], first["population"], first["users"], first["status"]) == ("jira", "drill", 0.25, "closed")
    assert (first["reopened"], first["resolved_at_origin"]) == (True, "annotated")
    assert (second["source"], second["population"], second["resolved_at_origin"]) == ("canonical", "counted", "export")
    assert found.quarantine["row"].tolist() == [4, 5]
    told = " ".join(found.warnings)
    assert "1 cells of started_at say in words" in told and "'hearsay'" in told and "'?'" in told


def test_one_wrong_year_does_not_move_the_end_of_the_window(tmp_path: Path) -> None:
    text = (
        "incident_id,detected_at,acknowledged_at,resolved_at\n1,2026-03-02T10:00Z,2026-03-02T10:01Z,2062-03-02T11:00Z\n"
    )
    text += "2,2026-04-02T10:00Z,,\n"
    found = load(tmp_path, text)
    assert set(found.reports["exported_at"]) == {pd.Timestamp("2026-04-02T10:00Z")}
    assert found.exported_at_from == "the newest stamp"


def test_parquet_is_read_by_its_types(tmp_path: Path) -> None:
    from mttrlab import sql

    with sql.connect() as connection:
        connection.execute(
            "COPY (SELECT 7 AS id, TIMESTAMPTZ '2026-03-02 10:00:00+02' AS started_at, "
            "TIMESTAMP_NS '2026-03-02 10:00:00.123456789' AS detected_at, NULL::TIMESTAMP AS resolved_at, 3 AS other) "
            f"TO '{tmp_path}/export.parquet' (FORMAT parquet)"
        )
    path = tmp_path / "export.parquet"
    with pytest.raises(LoadError, match=r"export.parquet row 1: detected_at .* has no time zone"):
        extract(path)
    found = extract(path, timezone="Europe/Berlin")
    assert found.reports["source_id"].tolist() == ["7"]
    assert found.reports["started_at"].tolist() == [pd.Timestamp("2026-03-02T08:00Z")]
    assert found.reports["detected_at"].tolist() == [pd.Timestamp("2026-03-02T09:00:00.123456Z")]
    assert found.reports["resolved_at"].isna().all()
    assert found.warnings == ("1 column not read, as no such name is known: 'other'",)
