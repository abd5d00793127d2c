"""Which format a file has, by its content and never by its name."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from mttrlab.errors import LoadError
from mttrlab.sources.exports.columns import IDS, is_canonical, likely_time, settle_columns, squeeze
from mttrlab.sources.exports.reading import HEAD, WRAPPERS, first_answer, fold, foot, head, header_of, is_plain, is_raw

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
        return "canonical" if is_canonical(settle_columns(listed).header) else None
    except LoadError:
        # Two columns of one name: of our kind, and refused when it is read.
        return "canonical"


# Exports that are not read: whose they are, by their keys, and how to make a table of them.


_SIGNS = (
    ("Opsgenie", {"tinyid"}),
    ("Opsgenie", {"impactstartdate"}),
    ("incident.io", {"incidenttimestampvalues"}),
    ("incident.io", {"incidentstatus", "permalink"}),
    ("FireHydrant", {"milestones", "currentmilestone"}),
    ("Rootly", {"intriageat"}),
    ("Rootly", {"sequentialid", "mitigatedat"}),
    ("Grafana IRM", {"isdrill", "incidentid"}),
    ("Datadog", {"customerimpacted"}),
    ("Datadog", {"customerimpactstart"}),
    ("Jira", {"issuekey", "issuetype"}),
    ("Jira", {"completedcycles"}),
    ("Jira", {"changelog", "fields"}),
    ("OneUptime", {"currentincidentstateid"}),
    ("Netflix Dispatch", {"reportedat", "stableat"}),
    ("Alertmanager", {"grouplabels"}),
    ("Alertmanager", {"receiver", "alerts"}),
    ("Google Cloud status", {"externaldesc"}),
    ("Google Cloud status", {"externaldescription", "mostrecentupdate"}),
    ("Better Stack", {"startedat", "acknowledgedat", "cause"}),
    ("GitHub issues", {"closedat", "repositoryurl"}),
    ("GitHub issues", {"closedat", "repo"}),
    ("GitHub issues", {"number", "labels", "title"}),
    ("GitLab issues", {"iid", "projectid"}),
    ("Statuspage's display history, whose times carry no year; load incidents.json instead", {"months", "components"}),
    ("Statuspage's status, which names no incident; load incidents.json instead", {"page", "status"}),
)
READ = (
    "Statuspage, PagerDuty, ServiceNow and tables with incident_id and "
    "started_at, detected_at, diagnosed_at, resolved_at or verified_at"
)
_COLUMNS_SHOWN = 6
_WORD = re.compile(r"[^\W\d][\w .,#()/%-]{0,39}")
_VALUE = re.compile(r"\d{4}-\d\d|\d[/.:]\d|@|^[A-Z]+[-_]?\d+$|^\d+$")


def foreign(names: Iterable[str]) -> str | None:
    """Return whose export has these keys or columns; None: nobody's that we know.

    Examples
    --------
    >>> foreign(["incidentID", "title", "isDrill"])
    'Grafana IRM'
    """
    squeezed = {squeeze(name) for name in names}
    return next((tool for tool, signs in _SIGNS if signs <= squeezed), None)


def unknown_export(text: str, keys: tuple[set[str], set[str]] | None) -> str:
    """Return what is to be said of a text that is no export we know.

    Parameters
    ----------
    text : str
        Its beginning.
    keys : (set of str, set of str), optional
        Every key in it and those of its records, where it is JSON.
    """
    if keys is not None:
        every, own = keys
        if not own:
            return f"JSON without a record; read are {READ}"
        return _sentence(sorted(own), "keys", foreign(own) or foreign(every))
    header = [cell.strip() for cell in header_of(text)[1]]
    if any(_VALUE.search(cell) for cell in header):
        return f"its first row holds values and not the names of columns; add a header; read are {READ}"
    below = _header_below(text)
    if below:
        return f"the header seems to stand in row {below}; remove the rows above it"
    return _sentence(header, "columns", foreign(header))


def _sentence(names: list[str], what: str, tool: str | None) -> str:
    if tool is not None:
        return f"{tool}, by its {what}; read are {READ}: make such a table of it" if ";" not in tool else tool
    shown = [name for name in names if _WORD.fullmatch(name) and (what == "columns" or is_plain(name))][:_COLUMNS_SHOWN]
    if len(names) < 2 or not shown:
        return f"read are {READ}"
    listed = ", ".join(shown) + (", …" if len(names) > len(shown) else "")
    example = likely_time(names)
    hint = f", or pass columns={{{example[:40]!r}: 'detected_at'}}" if example else ""
    return f"its {what} are {listed}; read are {READ}: rename them{hint}"


def _header_below(text: str) -> int | None:
    rows = text.splitlines()[:10]
    for place, row in enumerate(rows[1:], start=2):
        names = header_of(row)[1] if row.strip() else []
        with suppress(LoadError):
            if len(names) > 1 and is_canonical(settle_columns(dict.fromkeys(names)).header):
                return place
    return None
