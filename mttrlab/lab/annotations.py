"""Stamps that people correct: a worksheet or a frame → rows, each accepted or refused with a reason."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pandas as pd

from mttrlab import __version__, sql
from mttrlab.errors import LoadError, QuestionError, SchemaError, StoreError
from mttrlab.lab.export import local_pseudonyms, write_csv
from mttrlab.lab.reports import LoadReport, forget_same_file
from mttrlab.schema import STAMPS, Record
from mttrlab.sources.exports.reading import decode, fold, head, header_of, open_file, read_table
from mttrlab.sources.exports.timestamps import read_stamp, zone
from mttrlab.sources.privacy import scrub
from mttrlab.text import from_spreadsheet, plain

FORMAT = "annotations"
RECORDED = "(recorded)"
"""Stands in the ledger in the place of a path where annotations came from Python."""
_NEEDED = ("incident_id", "milestone", "time")
_COLUMNS = (*_NEEDED, "who", "why", "source")
_SHORT = 80


@dataclass(frozen=True)
class Annotations:
    """What people wrote."""

    path: str
    name: str
    sha256: str
    size: int
    rows: int
    """Rows with a time; the others say nothing."""
    accepted: pd.DataFrame
    """`row, incident_id, source, stamp, time, who, why`."""
    quarantine: pd.DataFrame
    """`row, column, value, reason`."""
    duplicates: int
    warnings: tuple[str, ...]


def is_worksheet(path: str | Path) -> bool:
    """Return whether the file is a CSV of annotations: it has the columns incident_id, milestone and time."""
    try:
        start = head(path)
    except LoadError:
        return False
    text = start.decode("utf-8-sig", errors="replace")
    return text.lstrip()[:1] not in ("", "{", "[") and set(_NEEDED) <= set(map(fold, header_of(text)[1]))


def read_worksheet(path: Path, *, timezone: str | None = None, keep_people: bool = False) -> Annotations:
    """Return the annotations of a worksheet.

    Raises
    ------
    LoadError
        When the file as a whole cannot be read.
    """
    opened = open_file(path)
    table = read_table(decode(opened.content, opened.name), opened.name)
    missing = [name for name in _NEEDED if name not in table.header]
    if missing:
        raise LoadError(f"{opened.name} row 1: no column {missing[0]}; a worksheet has {', '.join(_COLUMNS)}")
    rows, misshapen = [], []
    for number, cells in zip(table.numbers, table.rows, strict=True):
        if len(cells) != len(table.header):
            reason = f"has {len(cells)} cells where the header has {len(table.header)}"
            misshapen.append((number, "", plain(",".join(cells), _SHORT), reason))
        else:
            said = dict(zip(table.header, cells, strict=True))
            rows.append((number, {name: from_spreadsheet(said.get(name, "")).strip() for name in _COLUMNS}))
    return _checked(opened.path, opened.name, opened.sha256, opened.size, rows, misshapen, timezone, keep_people)


def read_frame(table: pd.DataFrame, *, timezone: str | None = None, keep_people: bool = False) -> Annotations:
    """Return the annotations of a frame.

    Raises
    ------
    SchemaError
        When it lacks a column.
    """
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise SchemaError(f"annotations lack {', '.join(missing)}; they need {', '.join(_NEEDED)}, who and why")
    given = [{name: _text(row.get(name)) for name in _COLUMNS} for row in table.to_dict("records")]
    spelled = repr([sorted(row.items()) for row in given]).encode("utf-8", errors="surrogatepass")
    digest = hashlib.sha256(spelled).hexdigest()
    rows = list(enumerate(given, start=1))
    return _checked(RECORDED, f"recorded {digest[:8]}", digest, len(spelled), rows, [], timezone, keep_people)


def _text(value: object) -> str:
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    return value.isoformat() if isinstance(value, datetime) else str(value).strip()


def _checked(
    path: str | Path,
    name: str,
    sha256: str,
    size: int,
    rows: list[tuple[int, dict[str, str]]],
    refused: list[tuple[int, str, str, str]],
    timezone: str | None,
    keep_people: bool,
) -> Annotations:
    clock = zone(timezone, name) if timezone else None
    filled = [(number, row) for number, row in rows if row["time"]]
    accepted: list[Record] = []
    seen: set[tuple] = set()
    duplicates = 0
    for number, row in filled:
        trouble, stamp, micros = _read_row(row, clock)
        if trouble:
            refused.append((number, trouble[0], plain(row[trouble[0]], _SHORT), trouble[1]))
            continue
        said = (row["incident_id"], row["source"], stamp, micros, row["who"], row["why"])
        if said in seen:
            duplicates += 1
            continue
        seen.add(said)
        moment = pd.Timestamp(micros, unit="us", tz="UTC")
        accepted.append(Record(row, row=number, stamp=stamp, time=moment, source=row["source"] or None))
    warnings = _warnings(len(rows) - len(filled), accepted)
    if not keep_people:
        warnings += _hide_people(accepted)
    made = pd.DataFrame(accepted, columns=["row", "incident_id", "source", "stamp", "time", "who", "why"])
    made["time"] = pd.to_datetime(made["time"], utc=True).astype("datetime64[us, UTC]")
    return Annotations(
        path=str(path),
        name=name,
        sha256=sha256,
        size=size,
        rows=len(accepted) + len(refused) + duplicates,
        accepted=made,
        quarantine=pd.DataFrame(sorted(refused), columns=["row", "column", "value", "reason"]),
        duplicates=duplicates,
        warnings=tuple(warnings),
    )


def _read_row(row: dict[str, str], clock: ZoneInfo | None) -> tuple[tuple[str, str] | None, str, int]:
    stamp = fold(row["milestone"])
    stamp = stamp if stamp.endswith("_at") else f"{stamp}_at"
    if not row["incident_id"]:
        return ("incident_id", "is empty: nobody can tell which incident is meant"), "", 0
    if stamp not in STAMPS:
        return ("milestone", f"is no milestone; write one of {', '.join(STAMPS)}"), "", 0
    if not row["who"]:
        return ("who", "is empty: a correction needs somebody who answers for it"), "", 0
    told = read_stamp(row["time"], clock)
    if told.reason:
        return ("time", told.reason), "", 0
    if told.local:
        return ("time", "has no time zone; write an offset such as Z or +02:00, or pass timezone="), "", 0
    if told.micros is None:
        return ("time", "says in words that there is no time; leave the cell empty"), "", 0
    return None, stamp, told.micros


def _warnings(idle: int, accepted: list[Record]) -> list[str]:
    told = []
    if idle:
        told.append(f"{idle:,} {'row has' if idle == 1 else 'rows have'} no time and were left out")
    times = Counter((row["incident_id"], row["source"], row["stamp"]) for row in accepted)
    repeated = sum(1 for count in times.values() if count > 1)
    if repeated:
        told.append(f"{repeated:,} stamps are corrected more than once here; the last row holds")
    return told


def _hide_people(accepted: list[Record]) -> list[str]:
    if not accepted:
        return []
    try:
        pseudonyms = local_pseudonyms()
    except StoreError as trouble:
        for row in accepted:
            row |= {"who": None, "why": scrub(row["why"])}
        return [f"who corrected is left out, as it could not be made a pseudonym: {trouble}"]
    for row in accepted:
        row |= {"who": pseudonyms.of("person", row["who"].casefold()), "why": scrub(row["why"])}
    return []


# The worksheet: the stamps whose filling would narrow the answers most.


RANK = (
    "Ranked by the incident's known minutes, times one over the observations (+ 1) of each phase or clock that the "
    "stamp would give: long incidents, and phases that few others show, come first."
)
"""Why a worksheet has the order that it has."""
_TO_FILL = ("time", "who", "why")


def worksheet_rows(
    connection: duckdb.DuckDBPyConnection, lead_clock: str | None, month: str | None, count: int
) -> pd.DataFrame:
    """Return the stamps that are worth filling in, best first; see `Lab.worksheet`."""
    if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise QuestionError(f"month must be such as 2026-06, got {month!r}")
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise QuestionError(f"count must be a whole number from 1 on, got {count!r}")
    rows = sql.frame(connection, sql.text("lab/worksheet"), lead=lead_clock, month=month, count=count)
    return rows.assign(**dict.fromkeys(_TO_FILL, ""))


def write_worksheet(rows: pd.DataFrame, path: str | Path) -> Path:
    """Write a worksheet as a new CSV.

    Raises
    ------
    QuestionError
        When there is nothing to fill in.
    """
    if rows.empty:
        raise QuestionError("no stamp is missing that would give a phase or a clock to an incident")
    return write_csv(path, list(rows.columns), rows.astype(str).to_numpy().tolist())


# The door for what flows back into a lab: annotations, kept with a line in the ledger.


DERIVED = "derived"
RECORD_KINDS = (FORMAT, DERIVED)
"""What `lab.record` takes: what people say, and what was computed from telemetry."""


def store_annotations(
    connection: duckdb.DuckDBPyConnection,
    told: Annotations,
    timezone: str | None,
    *,
    keep_people: bool,
    kind: str = FORMAT,
) -> LoadReport:
    """Write the annotations, what is refused of them, and their line in the ledger; the caller holds the transaction.

    Which incident each one means is found when the lab derives, after the last file: so the counts are of then.
    """
    notes = [*told.warnings, *forget_same_file(connection, told.sha256, told.name)]
    load_id = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    for table, rows, query in (
        (
            "accepted",
            told.accepted,
            'INSERT INTO annotations SELECT $1, "row", incident_id, source, stamp, "time", who, why FROM accepted',
        ),
        (
            "refused",
            told.quarantine,
            'INSERT INTO quarantine SELECT $1, "row", "column", value, reason FROM refused ORDER BY "row"',
        ),
    ):
        if not rows.empty:
            connection.register(table, rows)
            try:
                connection.execute(query, [load_id])
            finally:
                connection.unregister(table)
    line = {
        "load_id": load_id,
        "path": told.path if told.path == RECORDED else str(Path(told.path).absolute()),
        "name": told.name,
        "sha256": told.sha256,
        "size": told.size,
        "format": kind,
        "source": kind,
        "timezone": timezone,
        "rows": told.rows,
        "accepted": len(told.accepted),
        "quarantined": len(told.quarantine),
        "duplicates": told.duplicates,
        "new": 0,
        "changed": 0,
        "unchanged": 0,
        "warnings": json.dumps(notes),
        "version": __version__,
        "people": keep_people,
    }
    names = ", ".join(f'"{name}"' for name in line)
    places = ", ".join(f"${place}" for place in range(1, len(line) + 1))
    connection.execute(
        f"INSERT INTO loads ({names}, loaded_at) VALUES ({places}, now())",
        list(line.values()),
    )
    return LoadReport(
        path=told.path,
        format=kind,
        rows=told.rows,
        accepted=len(told.accepted),
        quarantined=len(told.quarantine),
        duplicates=told.duplicates,
        new=0,
        changed=0,
        unchanged=0,
        warnings=tuple(notes),
        load_id=load_id,
    )


def refresh_report(connection: duckdb.DuckDBPyConnection, report: LoadReport) -> LoadReport:
    """Return the report with the counts that the ledger has, once it is known which incidents are meant."""
    accepted, quarantined, changed = connection.execute(
        "SELECT accepted, quarantined, changed FROM loads WHERE load_id = $1", [report.load_id]
    ).fetchall()[0]
    return replace(report, accepted=accepted, quarantined=quarantined, changed=changed)
