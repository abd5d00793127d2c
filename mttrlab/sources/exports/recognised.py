"""Which format a file has, by its content and never by its name."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from pathlib import Path

from mttrlab.errors import LoadError
from mttrlab.sources.exports.documents import WRAPPERS
from mttrlab.sources.exports.foreign import foreign
from mttrlab.sources.exports.names import IDS, is_canonical, settle
from mttrlab.sources.exports.opened import HEAD, foot, head
from mttrlab.sources.exports.table import fold, header_of
from mttrlab.sources.exports.wrapped import first_answer, is_raw

FORMATS = ("canonical", "statuspage", "pagerduty", "servicenow")
_PARQUET_NAME = re.compile(rb"[A-Za-z][\w \-()]{1,60}", re.ASCII)
_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"(\s*:)?|[{}\[\]]')
_ANALYTICS = {"seconds_to_first_ack", "created_at", "id"}
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
            return _canonical(name.decode() for name in _PARQUET_NAME.findall(foot(path)))
        encoding = "utf-16" if content[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"
        return recognise_text(content.decode(encoding, errors="replace"))
    except LoadError:
        return None


def recognise_text(text: str) -> str | None:
    """Return the format of a text by its first keys or its header, or None."""
    start = text[:HEAD].lstrip()
    if start[:1] in ("{", "["):
        return _by_keys(*_keys(start))
    header = header_of(start)[1]
    if is_raw(start):
        return recognise_text(first_answer(text)) if text.count("\n") else None
    names = set(map(fold, header))
    if names >= _ANALYTICS:
        return "pagerduty"
    if "number" in names and names & {"opened_at", "opened"} and not names & set(IDS):
        return "servicenow"
    return _canonical(header)


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
    inside = next((place for place, keys in enumerate(levels[:-1]) if keys & {"incidents", *WRAPPERS}), -1)
    return every, levels[inside + 1] if levels else set()


def keys_of(text: str) -> tuple[set[str], set[str]] | None:
    """Return every key in the beginning of a JSON text, and those of the records alone; None where it is none."""
    start = text[:HEAD].lstrip()
    return _keys(start) if start[:1] in ("{", "[") else None


def _by_keys(keys: set[str], own: set[str]) -> str | None:
    if "incident_updates" in keys or {"updates", "at", "status"} <= keys or {"page", "incidents"} <= keys:
        return "statuspage"
    if keys & _PAGERDUTY or own >= _ANALYTICS:
        return "pagerduty"
    if {"number", "opened_at"} <= own and not own & set(IDS):
        return "servicenow"
    if {"impact", "shortlink"} <= own:
        return "statuspage"
    if {"urgency", "created_at", "status"} <= own:
        return "pagerduty"
    return _canonical(own)


def _canonical(header: Iterable[str]) -> str | None:
    """Return whether the columns make a canonical table: under our own names, or under words of no known tool."""
    listed = list(dict.fromkeys(map(fold, header)))
    if is_canonical(listed):
        return "canonical"
    if foreign(listed) is not None:
        return None
    try:
        return "canonical" if is_canonical(settle(listed).header) else None
    except LoadError:
        # Two columns of one name: of our kind, and refused when it is read.
        return "canonical"
