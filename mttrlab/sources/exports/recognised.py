"""Which format a file has, by its content and never by its name."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from mttrlab.errors import LoadError
from mttrlab.schema import STAMPS
from mttrlab.sources.exports.opened import HEAD, foot, head
from mttrlab.sources.exports.table import fold, header_of

FORMATS = ("canonical", "statuspage", "pagerduty", "servicenow")
IDS = ("incident_id", "source_id", "id")
"""Columns that may name the incident in a canonical table, the first that is there."""

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]')
_PAGERDUTY = {"log_entries", "first_trigger_log_entry", "incident_key", "escalation_policy", "last_status_change_at"}


def recognise(path: str | Path) -> str | None:
    """Return the format of the file, or None where it is no export that we know.

    Parameters
    ----------
    path : str or Path
        Only its first 64 KiB are read.

    Returns
    -------
    str or None
        canonical, statuspage, pagerduty or servicenow.
    """
    try:
        content = head(path)
        if content[:4] == b"PAR1":
            # The names of the columns stand in the footer as they are.
            return _canonical({name for name in (*IDS, *STAMPS) if name.encode() in foot(path).lower()})
        encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        return recognise_text(content.decode(encoding, errors="replace"))
    except LoadError:
        return None


def recognise_text(text: str) -> str | None:
    """Return the format of a text by its first keys or its header, or None."""
    start = text[:HEAD].lstrip()
    if start[:1] in ("{", "["):
        return _by_keys(*_keys(start))
    names = set(map(fold, header_of(start)[1]))
    if "number" in names and names & {"opened_at", "opened"} and not names & set(IDS):
        return "servicenow"
    return _canonical(names)


def _keys(start: str) -> tuple[set[str], set[str]]:
    """Return every key in the beginning of a JSON text, and those of the records alone: not of what is inside them."""
    every: set[str] = set()
    shallow: dict[int, set[str]] = {}
    depth = 0
    for token in _TOKEN.finditer(start):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
        elif token[2]:
            every.add(token[1])
            shallow.setdefault(depth, set()).add(token[1])
    levels = [shallow[depth] for depth in sorted(shallow)]
    inside = next((place for place, keys in enumerate(levels[:-1]) if "incidents" in keys), -1)
    return every, levels[inside + 1] if levels else set()


def _by_keys(keys: set[str], own: set[str]) -> str | None:
    if "incident_updates" in keys or {"updates", "at", "status"} <= keys or {"page", "incidents"} <= keys:
        return "statuspage"
    if keys & _PAGERDUTY:
        return "pagerduty"
    if {"impact", "shortlink"} <= own:
        return "statuspage"
    if {"urgency", "created_at", "status"} <= own:
        return "pagerduty"
    return _canonical(set(map(fold, own)))


def _canonical(names: set[str]) -> str | None:
    return "canonical" if names & set(IDS) and names & set(STAMPS) else None
