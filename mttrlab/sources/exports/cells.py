"""Cells of a table of incidents by our names of its columns, whatever kind of file it comes from."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.sources.exports.documents import Documents
from mttrlab.sources.exports.drafts import Faults, RecordError, text_of
from mttrlab.sources.exports.keys import shown
from mttrlab.sources.exports.names import IDS, NAMES, Names, settle
from mttrlab.sources.exports.opened import Opened
from mttrlab.sources.exports.table import Even, Table, fold


@dataclass
class Cells:
    """Texts of the file by our name of the column; empty text where there is nothing."""

    name: str
    columns: dict[str, Sequence[str]]
    rows: Sequence[int]
    faults: Faults = field(default_factory=Faults)
    names: Names = field(default_factory=lambda: Names(()))
    show: Callable[[str], str] = str
    """How sentences print a name of the file's own."""


def from_table(table: Table, columns: Mapping[str, str] | None = None, names: Names | None = None) -> Cells:
    """Return the cells of a CSV table; rows of another length than the header are refused one by one.

    Parameters
    ----------
    table : Table
    columns : mapping, optional
        What the caller says of the columns.
    names : Names, optional
        The columns under our names, where they are settled already.
    """
    names = names or settle(table.header, columns, table.name)
    table = replace(table, header=names.header)
    width = len(table.header)
    cells = Cells(table.name, {}, table.numbers, names=names)
    body = table.rows
    if isinstance(body, Even):
        cells.columns = {column: body.by_place[place] for place, column in enumerate(table.header) if column}
        return cells
    if any(len(row) != width for row in body):
        for number, row in zip(table.numbers, body, strict=True):
            if len(row) != width:
                # Without the row itself: nobody can tell which of its cells names a person.
                cells.faults.add(number, "", "", f"has {len(row)} cells where the header has {width}")
        whole = [(number, row) for number, row in zip(table.numbers, body, strict=True) if len(row) == width]
        cells.rows, body = [number for number, _ in whole], [row for _, row in whole]
    by_place = list(zip(*body, strict=True)) if body else [()] * width
    cells.columns = {column: by_place[place] for place, column in enumerate(table.header) if column}
    return cells


def from_documents(documents: Documents, columns: Mapping[str, str] | None = None) -> Cells:
    """Return the cells of JSON records; what is no object, or holds one where a text belongs, is refused."""
    keys = dict.fromkeys(fold(key) for record in documents.records if isinstance(record, dict) for key in record)
    settled = settle(keys, columns, documents.name, show=shown)
    ours = dict(zip(keys, settled.header, strict=True))
    cells = Cells(documents.name, {}, [], names=settled, show=shown)
    kept: list[tuple[int, dict[str, str]]] = []
    for number, record in zip(documents.numbers, documents.records, strict=True):
        try:
            kept.append((number, _flat(record, ours)))
        except RecordError as refusal:
            cells.faults.add(number, refusal.column, refusal.value, refusal.reason)
    names = dict.fromkeys(name for _, record in kept for name in record)
    cells.rows = [number for number, _ in kept]
    cells.columns = {name: [record.get(name, "") for _, record in kept] for name in names}
    return cells


def _flat(record: Any, ours: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(record, dict):
        raise RecordError("", "", "is not an object")
    flat: dict[str, str] = {}
    for key, value in record.items():
        name = ours[fold(key)]
        if name in flat and name in NAMES:
            raise RecordError(name, value, "stands twice in this record, spelled differently")
        if name not in NAMES and name not in IDS:
            flat[name] = ""
        elif isinstance(value, bool):
            flat[name] = "true" if value else "false"
        elif name == "services" and isinstance(value, list):
            flat[name] = _names(value)
        else:
            flat[name] = text_of({name: value}, name) or ""
    return flat


def _names(values: list[Any]) -> str:
    return json.dumps([str(value) for value in values if isinstance(value, str)], ensure_ascii=False)


def from_parquet(opened: Opened, columns: Mapping[str, str] | None = None) -> Cells:
    """Return the cells of a Parquet file, each as DuckDB writes it in text.

    Raises
    ------
    LoadError
        Where it is damaged or has two columns of one name.
    """
    # DuckDB takes a path as a pattern, so it is given a copy under a name of ours.
    with tempfile.TemporaryDirectory(prefix="mttrlab-") as folder, sql.connect() as connection:
        copy = Path(folder) / "export.parquet"
        copy.write_bytes(opened.content)
        connection.execute(f"SET allowed_directories = ['{folder}']; SET enable_external_access = false")
        try:
            relation = connection.read_parquet(str(copy))
            for column, times in Counter(map(fold, relation.columns)).items():
                if times > 1:
                    raise LoadError(f"{opened.name}: {times} columns are called {column!r}; rename all but one")
            settled = settle(relation.columns, columns, opened.name)
            names = settled.header
            wanted = [(name, raw) for name, raw in zip(names, relation.columns, strict=True) if name in (*NAMES, *IDS)]
            if not wanted:
                raise LoadError(f"{opened.name}: none of its columns is one of ours; name them as the README lists")
            listed = ", ".join(f"coalesce(CAST({_quoted(raw)} AS VARCHAR), '')" for _, raw in wanted)
            rows = relation.project(listed).fetchall()
        except LoadError:
            raise
        except Exception as error:
            # The engine speaks of our copy.
            said = str(error).replace(str(copy), opened.name).split("\n")[0][:120]
            raise LoadError(f"{opened.name} is no Parquet file that can be read ({said}); export it again") from None
    if not rows:
        raise LoadError(f"{opened.name} holds no rows; export it again, or leave it out")
    by_place = list(zip(*rows, strict=True))
    cells = Cells(
        opened.name,
        {name: by_place[place] for place, (name, _) in enumerate(wanted)},
        range(1, len(rows) + 1),
        names=settled,
    )
    cells.columns |= {name: [""] * len(rows) for name in names if name not in cells.columns}
    return cells


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
