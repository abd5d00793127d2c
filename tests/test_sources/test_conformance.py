"""The same hostile records, written in every format, through every adapter: each must keep the same promises."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.lab import Lab
from mttrlab.sources.exports import Extract, extract, recognise


@dataclass(frozen=True)
class Row:
    """An incident as a user would describe it, whatever the format."""

    id: str | None = "A-1"
    detected: str = "2026-03-02T10:00:00Z"
    resolved: str = "2026-03-02T11:30:00Z"
    updated: str = "2026-03-02T12:00:00Z"
    title: str = "Checkout fails"


@dataclass(frozen=True)
class Adapter:
    """One spelling of one format."""

    name: str
    format: str
    write: Callable[[list[Row]], bytes]
    is_json: bool = False
    timezone: str | None = None
    rows_each: int = 1
    first_row: int = 1

    def file(self, folder: Path, rows: list[Row]) -> Path:
        path = folder / "hostile export"
        path.write_bytes(self.write(rows))
        return path

    def read(self, folder: Path, rows: list[Row], **options: Any) -> Extract:
        found = extract(self.file(folder, rows), **{"timezone": self.timezone, **options})
        assert found.accepted + len(found.quarantine) + found.duplicates == found.rows
        return found


def _csv(header: list[str], rows: list[list[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def _canonical(row: Row) -> dict[str, Any]:
    return {
        "title": row.title,
        "resolved_at": row.resolved,
        "incident_id": row.id,
        "updated_at": row.updated,
        "detected_at": row.detected,
    }


def _canonical_csv(rows: list[Row]) -> bytes:
    header = ["Title", "Resolved At", "INCIDENT_ID", "updated_at", "detected at"]
    return _csv(header, [[value or "" for value in _canonical(row).values()] for row in rows])


def _parquet(rows: list[Row]) -> bytes:
    import tempfile

    frame = pd.DataFrame([_canonical(row) for row in rows], columns=list(_canonical(A))).astype("str")
    with tempfile.TemporaryDirectory() as folder, sql.connect() as connection:
        connection.register("frame", frame)
        connection.execute(f"COPY frame TO '{folder}/a.parquet' (FORMAT parquet)")
        return Path(folder, "a.parquet").read_bytes()


def _statuspage(row: Row) -> dict[str, Any]:
    updates = [
        {"status": "resolved", "display_at": row.updated, "body": "Over."},
        {"status": "monitoring", "display_at": row.resolved, "body": "Fixed."},
        {"status": "investigating", "display_at": row.detected, "body": "We look."},
    ]
    return {
        "id": row.id,
        "name": row.title,
        "status": "resolved",
        "impact": "major",
        "created_at": row.detected,
        "updated_at": row.updated,
        "incident_updates": updates,
    }


def _history(row: Row) -> dict[str, Any]:
    posts = [("Investigating", row.detected), ("Monitoring", row.resolved), ("Resolved", row.updated)]
    return {
        "id": "77",
        "title": row.title,
        "url": f"https://status.example.com/incidents/{row.id}" if row.id else "",
        "updated_at": row.updated,
        "impact": "minor",
        "updates": [{"at": at, "status": status, "message": "…"} for status, at in posts],
    } | ({} if row.id else {"id": ""})


def _pagerduty(row: Row) -> dict[str, Any]:
    entries = [
        {"type": "resolve_log_entry", "created_at": row.resolved, "channel": {"type": "website"}},
        {"type": "trigger_log_entry", "created_at": row.detected, "channel": {"type": "api"}},
    ]
    return {
        "id": row.id,
        "title": row.title,
        "status": "resolved",
        "urgency": "high",
        "created_at": row.detected,
        "last_status_change_at": row.updated,
        "acknowledgements": [],
        "log_entries": entries,
    }


def _wall(text: str) -> str:
    return text.replace("T", " ").removesuffix("Z")


def _service_table(rows: list[Row]) -> bytes:
    header = ["short_description", "resolved_at", "number", "sys_updated_on", "opened_at", "state", "sys_updated_at"]
    body = [
        [row.title, _wall(row.resolved), row.id or "", "x", _wall(row.detected), "Closed", _wall(row.updated)]
        for row in rows
    ]
    return _csv(header, body)


def _service_log(rows: list[Row]) -> bytes:
    header = ["number", "incident_state", "sys_mod_count", "opened_at", "sys_updated_at", "resolved_at"]
    header += ["short_description"]
    body = []
    for row in rows:
        opened, resolved, title = _wall(row.detected), _wall(row.resolved), row.title
        body.append([row.id or "", "New", "0", opened, "2026-03-02 10:00:00", "", title])
        body.append([row.id or "", "Closed", "1", opened, _wall(row.updated), resolved, title])
    return _csv(header, body)


def _service_json(rows: list[Row]) -> bytes:
    header, *body = csv.reader(io.StringIO(_service_table(rows).decode(), newline=""))
    return json.dumps({"result": [dict(zip(header, cells, strict=True)) for cells in body]}).encode()


def _raw(spell: Callable[[Row], dict[str, Any]]) -> Callable[[list[Row]], bytes]:
    """The raw table that a data pipeline keeps of a tool's answers."""
    return lambda rows: _csv(
        ["id", "params", "data", "url", "input"],
        [[str(place), "{}", json.dumps(spell(row)), "https://x", "{}"] for place, row in enumerate(rows)],
    )


def _json(spell: Callable[[Row], dict[str, Any]]) -> Callable[[list[Row]], bytes]:
    return lambda rows: json.dumps([spell(row) for row in rows]).encode()


def _lines(spell: Callable[[Row], dict[str, Any]]) -> Callable[[list[Row]], bytes]:
    return lambda rows: "".join(json.dumps(spell(row)) + "\n" for row in rows).encode()


def _envelope(spell: Callable[[Row], dict[str, Any]], **around: Any) -> Callable[[list[Row]], bytes]:
    return lambda rows: json.dumps({**around, "incidents": [spell(row) for row in rows]}).encode()


PAGE = {"id": "p1", "name": "Example", "updated_at": "2026-03-03T00:00:00Z"}
ADAPTERS = [
    Adapter("canonical csv", "canonical", _canonical_csv, first_row=2),
    Adapter("canonical json", "canonical", _json(_canonical), is_json=True),
    Adapter("canonical lines", "canonical", _lines(_canonical), is_json=True),
    Adapter("canonical parquet", "canonical", _parquet),
    Adapter("statuspage list", "statuspage", _json(_statuspage), is_json=True),
    Adapter("statuspage envelope", "statuspage", _envelope(_statuspage, page=PAGE), is_json=True),
    Adapter("statuspage lines", "statuspage", _lines(_statuspage), is_json=True),
    Adapter("statuspage history", "statuspage", _lines(_history), is_json=True),
    Adapter("pagerduty envelope", "pagerduty", _envelope(_pagerduty, more=False), is_json=True),
    Adapter("pagerduty list", "pagerduty", _json(_pagerduty), is_json=True),
    Adapter("pagerduty lines", "pagerduty", _lines(_pagerduty), is_json=True),
    Adapter("pagerduty raw", "pagerduty", _raw(_pagerduty), first_row=2),
    Adapter("servicenow json", "servicenow", _service_json, is_json=True, timezone="UTC"),
    Adapter("servicenow table", "servicenow", _service_table, timezone="UTC", first_row=2),
    Adapter("servicenow log", "servicenow", _service_log, timezone="UTC", first_row=2, rows_each=2),
]
TEXTS = [adapter for adapter in ADAPTERS if adapter.name != "canonical parquet"]
each = pytest.mark.parametrize("adapter", ADAPTERS, ids=lambda adapter: adapter.name)
each_text = pytest.mark.parametrize("adapter", TEXTS, ids=lambda adapter: adapter.name)

A, B, C = Row("A-1"), Row("B-2", detected="2026-03-02T10:05:00Z"), Row("C-3", resolved="2026-03-02T11:45:00Z")


def refusal(adapter: Adapter, path: Path, **options: Any) -> str:
    with pytest.raises(LoadError) as caught:
        extract(path, **{"timezone": adapter.timezone, **options})
    sentence = str(caught.value)
    assert "hostile export" in sentence
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


@each
def test_a_clean_file_is_read_whole(adapter: Adapter, tmp_path: Path) -> None:
    assert recognise(adapter.file(tmp_path, [A, B, C])) == adapter.format
    found = adapter.read(tmp_path, [A, B, C])
    assert (found.format, found.source) == (adapter.format, adapter.format)
    assert (found.rows, found.accepted, found.duplicates) == (3 * adapter.rows_each, 3 * adapter.rows_each, 0)
    assert found.quarantine.empty
    assert found.reports["source_id"].tolist() == ["A-1", "B-2", "C-3"]
    assert found.reports["detected_at"].tolist() == [pd.Timestamp(row.detected) for row in (A, B, C)]
    assert found.reports["resolved_at"].tolist() == [pd.Timestamp(row.resolved) for row in (A, B, C)]
    assert found.reports["exported_at"].notna().all()


@each
def test_a_bad_stamp_is_refused_and_never_becomes_an_open_incident(adapter: Adapter, tmp_path: Path) -> None:
    bad = ["32/13/2026", "1772445600", "2026-02-30T10:00:00Z", "soon"]
    rows = [A, *(replace(B, id=f"B-{n}", resolved=stamp) for n, stamp in enumerate(bad)), C]
    found = adapter.read(tmp_path, rows)
    assert found.reports["source_id"].tolist() == ["A-1", "C-3"]
    assert found.reports["resolved_at"].notna().all()
    refused = found.quarantine
    assert len(refused) == len(bad) * adapter.rows_each
    last = adapter.first_row + adapter.rows_each * (len(bad) + 1) - 1
    assert refused["row"].between(adapter.first_row + adapter.rows_each, last).all()
    for stamp in bad:
        assert (_wall(stamp) if adapter.format == "servicenow" else stamp) in refused["value"].tolist()
    assert refused["reason"].str.len().gt(10).all()


@each
def test_a_file_of_which_nothing_can_be_accepted_is_kept_aside_whole(adapter: Adapter, tmp_path: Path) -> None:
    path = adapter.file(tmp_path, [replace(A, resolved="soon"), replace(B, resolved="soon")])
    with Lab() as lab:
        told = lab.load(path, timezone=adapter.timezone)
        assert (told.rows, told.accepted, told.quarantined) == (2 * adapter.rows_each, 0, 2 * adapter.rows_each)
        assert len(lab.quarantine()) == told.quarantined
        assert lab.incidents().empty
    assert any("no record of the file could be accepted" in warning for warning in told.warnings)


@each
def test_a_time_without_a_zone_is_refused_unless_the_zone_is_given(adapter: Adapter, tmp_path: Path) -> None:
    path = adapter.file(tmp_path, [A, replace(B, detected="2026-03-02 10:05:00"), C])
    sentence = refusal(adapter, path, timezone=None)
    assert "has no time zone; pass timezone=" in sentence
    if adapter.timezone is None:
        assert f"row {adapter.first_row + 1}: " in sentence
        assert "(1 such row)" in sentence
    found = extract(path, timezone="Asia/Tokyo").reports.set_index("source_id")["detected_at"]
    assert found["B-2"] == pd.Timestamp("2026-03-02T01:05:00Z")


@each
def test_an_exact_duplicate_is_counted_and_changes_nothing(adapter: Adapter, tmp_path: Path) -> None:
    found = adapter.read(tmp_path, [A, B, A])
    assert (found.duplicates, found.accepted) == (adapter.rows_each, 2 * adapter.rows_each)
    assert found.quarantine.empty
    assert sorted(found.reports["source_id"]) == ["A-1", "B-2"]


@each
def test_two_records_of_one_id_that_disagree_are_both_refused(adapter: Adapter, tmp_path: Path) -> None:
    found = adapter.read(tmp_path, [A, B, replace(A, detected="2026-03-02T09:00:00Z")])
    assert found.reports["source_id"].tolist() == ["B-2"]
    assert len(found.quarantine) == 2 * adapter.rows_each
    assert found.quarantine["reason"].str.contains("disagree").all()


@each
def test_of_two_states_of_an_incident_the_newer_one_counts(adapter: Adapter, tmp_path: Path) -> None:
    if adapter.name == "servicenow log":
        pytest.skip("there, several rows of one number are its history")
    newer = replace(A, title="Checkout failed", updated="2026-03-02T13:00:00Z")
    for rows in ([A, B, newer], [newer, B, A]):
        found = adapter.read(tmp_path, rows)
        assert found.reports.set_index("source_id")["title"].to_dict() == {"A-1": "Checkout failed", "B-2": B.title}
        assert found.quarantine["reason"].tolist() == ["is an older state of the same incident in this file"]
        assert found.quarantine["row"].tolist() == [adapter.first_row + rows.index(A)]


@each
@pytest.mark.parametrize("blank", [None, "", "   "])
def test_a_record_without_an_id_is_refused(adapter: Adapter, blank: str | None, tmp_path: Path) -> None:
    if adapter.name == "statuspage history" and blank == "   ":
        pytest.skip("an address cannot end in blanks")
    found = adapter.read(tmp_path, [A, replace(B, id=blank), C])
    assert found.reports["source_id"].tolist() == ["A-1", "C-3"]
    assert found.quarantine["reason"].str.contains("without an id").all()


@each
def test_ids_are_text_as_they_stand(adapter: Adapter, tmp_path: Path) -> None:
    ids = ["0001", "1E5", "NA", "null", "9007199254740993", "1e999", "-1", "ünï"]
    if adapter.format == "servicenow":
        ids.remove("null")  # written where there is nothing
    found = adapter.read(tmp_path, [A, *(replace(B, id=id_) for id_ in ids)])
    assert sorted(found.reports["source_id"]) == sorted(["A-1", *ids])


HOSTILE = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "'; DROP TABLE incidents; --",
    '=HYPERLINK("http://x","click")',
    "$\\frac{1}{0}$ _label %s {0} \\x1b[31m",
    'two\nlines, a comma and a "quote"',
    "x" * 100_000,
]


@each
def test_a_hostile_title_is_a_title(adapter: Adapter, tmp_path: Path) -> None:
    found = adapter.read(tmp_path, [A, *(replace(B, id=f"B-{n}", title=title) for n, title in enumerate(HOSTILE))])
    assert found.reports.set_index("source_id")["title"].to_dict() == {
        "A-1": A.title,
        **{f"B-{n}": title for n, title in enumerate(HOSTILE)},
    }


@each_text
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_changes_nothing(adapter: Adapter, encoding: str, tmp_path: Path) -> None:
    rows = [A, replace(B, title="Zahlungsausfall — Прод")]
    plain = adapter.read(tmp_path, rows).reports
    marked = tmp_path / "marked"
    marked.write_bytes(adapter.write(rows).decode().encode(encoding))
    pd.testing.assert_frame_equal(extract(marked, timezone=adapter.timezone).reports, plain)


@each_text
def test_line_ends_of_any_system_change_nothing(adapter: Adapter, tmp_path: Path) -> None:
    content = adapter.write([A, B])
    plain = adapter.read(tmp_path, [A, B]).reports
    for end in (b"\n", b"\r\n"):
        other = tmp_path / "other"
        other.write_bytes(content.replace(b"\r\n", b"\n").replace(b"\n", end))
        pd.testing.assert_frame_equal(extract(other, timezone=adapter.timezone).reports, plain)


@each_text
def test_bytes_that_are_no_text_are_refused_with_their_row(adapter: Adapter, tmp_path: Path) -> None:
    path = adapter.file(tmp_path, [A, replace(B, title="MARK")])
    content = path.read_bytes()
    path.write_bytes(content.replace(b"MARK", b"\xe9t\xe9"))
    assert "is not UTF-8" in refusal(adapter, path)
    path.write_bytes(content.replace(b"MARK", b"\0"))
    assert "NUL" in refusal(adapter, path)


@each
@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"\0" * 64, b"\xef\xbb\xbf"], ids=["0 bytes", "lines", "NUL", "mark"]
)
def test_an_empty_file_is_refused(adapter: Adapter, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "hostile export"
    path.write_bytes(content)
    assert "export it again" in refusal(adapter, path, format=adapter.format)


@each
def test_a_file_without_a_record_is_refused(adapter: Adapter, tmp_path: Path) -> None:
    path = tmp_path / "hostile export"
    path.write_bytes(adapter.write([]) if "lines" not in adapter.name and "history" not in adapter.name else b"[]")
    assert "hold" in refusal(adapter, path, format=adapter.format)


@each
def test_a_file_cut_off_anywhere_is_refused_or_loses_nothing_in_silence(adapter: Adapter, tmp_path: Path) -> None:
    content = adapter.write([A, B, C])
    whole = adapter.read(tmp_path, [A, B, C]).reports.set_index("source_id")
    cut = tmp_path / "hostile export"
    for length in range(len(content) // 2, len(content) - 1, 7):
        cut.write_bytes(content[:length])
        try:
            found = extract(cut, timezone=adapter.timezone)
        except LoadError as error:
            assert "\n" not in str(error)
            continue
        assert found.accepted + len(found.quarantine) + found.duplicates == found.rows
        # A row whose last cell is cut in half cannot be known; what is accepted has its stamps as they were.
        kept = found.reports.set_index("source_id")
        for name in set(kept.index) & set(whole.index):
            # A log that ends with a whole row is the incident as it was then.
            for stamp in ("detected_at", "resolved_at")[: 1 if adapter.name == "servicenow log" else 2]:
                assert kept.loc[name, stamp] == whole.loc[name, stamp]


@each_text
def test_half_a_record_is_refused_with_its_row(adapter: Adapter, tmp_path: Path) -> None:
    path = adapter.file(tmp_path, [A, B])
    if adapter.is_json:
        path.write_bytes(path.read_bytes().rstrip()[:-9])
        assert "cut off" in refusal(adapter, path)
        return
    path.write_bytes(path.read_bytes() + b"C-3,half a row")
    assert f"row {2 + 2 * adapter.rows_each}: the file ends in the middle of it" in refusal(adapter, path)
    path.write_bytes(path.read_bytes() + b"\r\n")
    found = extract(path, timezone=adapter.timezone)
    assert found.reports["source_id"].tolist() == ["A-1", "B-2"]
    assert found.quarantine["row"].tolist() == [2 + 2 * adapter.rows_each]
    assert "cells where the header has" in found.quarantine["reason"][0]


@each_text
def test_what_no_format_knows_is_ignored(adapter: Adapter, tmp_path: Path) -> None:
    plain = adapter.read(tmp_path, [A, B]).reports
    path = tmp_path / "more"
    if adapter.is_json:
        text = adapter.write([A, B]).decode()
        path.write_text(
            text.replace('"updated_at":', '"x_secret": {"a": [1]}, "updated_at":').replace(
                '"acknowledgements":', '"x_secret": {"a": [1]}, "acknowledgements":'
            )
        )
    else:
        rows = list(csv.reader(io.StringIO(adapter.write([A, B]).decode())))
        path.write_bytes(_csv([*rows[0], "x_secret"], [[*row, "1"] for row in rows[1:]]))
    found = extract(path, timezone=adapter.timezone)
    pd.testing.assert_frame_equal(found.reports, plain)
    # A key of JSON may be the name of a person; the header of a table is none.
    told = "'x…'" if adapter.is_json else "'x_secret'"
    assert adapter.format != "canonical" or any(told in warning for warning in found.warnings)


@each
def test_the_same_content_has_the_same_hash_wherever_it_stands(adapter: Adapter, tmp_path: Path) -> None:
    one = adapter.read(tmp_path, [A, B, C]).reports.set_index("source_id")["content_hash"]
    other = adapter.read(tmp_path, [C, A, replace(B, title="Other")]).reports.set_index("source_id")["content_hash"]
    assert one[["A-1", "C-3"]].equals(other[["A-1", "C-3"]])
    assert one["B-2"] != other["B-2"]


@each
def test_as_of_says_when_the_file_was_taken(adapter: Adapter, tmp_path: Path) -> None:
    found = adapter.read(tmp_path, [A, B], as_of="2026-04-01T00:00:00+02:00", source="tool")
    assert set(found.reports["exported_at"]) == {pd.Timestamp("2026-03-31T22:00:00Z")}
    assert found.exported_at_from == "as_of"
    assert set(found.reports["source"]) == {"tool"}


@each
def test_another_format_than_the_file_has_is_refused(adapter: Adapter, tmp_path: Path) -> None:
    if adapter.name == "servicenow json":
        pytest.skip("there, every record lacks the id of the other format and is kept aside")
    path = adapter.file(tmp_path, [A, B])
    other = {
        "canonical": "servicenow",
        "statuspage": "servicenow",
        "pagerduty": "servicenow",
        "servicenow": "pagerduty",
    }
    refusal(adapter, path, format=other[adapter.format])
    assert "format 'nagios' is not known" in refusal(adapter, path, format="nagios")
