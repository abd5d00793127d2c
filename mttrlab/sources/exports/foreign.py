"""Exports that are not read: whose they are, by their keys, and how to make a table of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

from mttrlab.errors import LoadError
from mttrlab.sources.exports.keys import is_plain
from mttrlab.sources.exports.names import is_canonical, likely_time, settle, squeeze
from mttrlab.sources.exports.table import header_of

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
            if len(names) > 1 and is_canonical(settle(dict.fromkeys(names)).header):
                return place
    return None
