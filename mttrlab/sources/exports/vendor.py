"""What the JSON vendors share: a record is an object that either becomes a report or is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from mttrlab.sources.exports.reading import Documents, Misshapen
from mttrlab.sources.exports.records import Draft, Faults, RecordError

Report = dict[str, Any]
"""Columns of a report, times in microseconds, `record` its row."""


def read_records(documents: Documents, read: Callable[[dict[str, Any], int], Report]) -> tuple[Draft, Faults]:
    """Return the draft of what `read` makes of each record, and what it refuses."""
    faults = Faults()
    reports: list[Report] = []
    for number, record in zip(documents.numbers, documents.records, strict=True):
        try:
            if isinstance(record, Misshapen):
                raise RecordError("", "", record.reason)
            if not isinstance(record, dict):
                raise RecordError("", kind_of(record), "is not an object")
            reports.append({**read(record, number), "record": number})
        except RecordError as refusal:
            faults.add(number, refusal.column, refusal.value, refusal.reason)
    return Draft.of(reports), faults


def kind_of(value: Any) -> str:
    """Return what a value is, never what it says: it stands where it should not, so it may name a person."""
    kinds = {str: "a text", list: "a list", dict: "an object", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")


def objects(record: dict[str, Any], column: str) -> list[dict[str, Any]]:
    """Return the list of objects in that field; empty where there is none.

    Raises
    ------
    RecordError
        Where the field holds something else.
    """
    values = record.get(column)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        raise RecordError(column, kind_of(values), "is not a list of objects")
    return values


def object_of(record: dict[str, Any], column: str) -> dict[str, Any]:
    """Return the object in that field; empty where there is none."""
    value = record.get(column)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RecordError(column, kind_of(value), "is not an object")
    return value


def name_list(names: Iterable[str | None]) -> str | None:
    """Return the names as a JSON list, each once and in order; None where there is none."""
    once = list(dict.fromkeys(name for name in names if name))
    return json.dumps(once, ensure_ascii=False) if once else None
