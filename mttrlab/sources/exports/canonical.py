"""The canonical table: our own columns by name, in any order; an id and one stamp are enough."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np

from mttrlab.errors import LoadError
from mttrlab.schema import ORIGINS, POPULATIONS, STAMPS
from mttrlab.sources.exports.columns import IDS, NAMES, Cells, Names, advice, advised, squeeze
from mttrlab.sources.exports.records import TIMES, Draft, Refusals, TimestampReader, emptied_sentence, name_list
from mttrlab.sources.exports.timestamps import StampColumn, read_column

_HEADER_UTC = ZoneInfo("UTC")


_IGNORED = frozenset(f"{stamp}_verdict" for stamp in STAMPS)


FLAG_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "0"), False),
}


STATUS_WORDS = {
    **dict.fromkeys(("open", "active", "ongoing", "new", "in progress", "triggered", "acknowledged"), "open"),
    **dict.fromkeys(("investigating", "identified", "monitoring", "mitigated"), "open"),
    **dict.fromkeys(("closed", "resolved", "verified", "done", "completed", "postmortem"), "closed"),
}


@dataclass
class TableNotes:
    """What people should know of a table that may be read in parts."""

    names: Names = field(default_factory=lambda: Names(()))
    """Which columns are read under another name than the file's."""
    unknown: list[str] = field(default_factory=list)
    """Columns whose names say nothing to us."""
    advised: dict[str, str] = field(default_factory=dict)
    """Columns of times that are not read, and which milestones they most likely are."""
    worded: Counter[str] = field(default_factory=Counter)
    """By column, cells that say in words that there is no time."""
    strange: dict[str, Counter[str]] = field(default_factory=dict)
    """By column, words that are not understood and read as empty."""
    emptied: dict[str, dict[int, tuple[str, str]]] = field(default_factory=dict)
    """By column that is no milestone, rows whose cell cannot be read, with its text and why."""
    channels: list[str] = field(default_factory=list)
    """What a column `source` holds, where that is no tool that keeps records."""

    def sentences(self) -> list[str]:
        """Return a sentence for each; the same ones in whatever parts the table was read."""
        made = self.names.sentences()
        if self.unknown:
            listed = ", ".join(repr(name[:40]) for name in self.unknown[:5]) + (", …" if len(self.unknown) > 5 else "")
            count = len(self.unknown)
            made.append(f"{count} column{'s' if count > 1 else ''} not read, as no such name is known: {listed}")
            if self.advised:
                read = {theirs for theirs, _ in self.names.read_as} | set(STAMPS)
                made.append(advice(self.advised, read))
        made += [
            f"{self.worded[name]:,} cells of {name} say in words that there is no time; read as empty"
            for name in TIMES
            if self.worded[name]
        ]
        made += [emptied_sentence(name, self.emptied[name]) for name in TIMES if name in self.emptied]
        if self.channels:
            shown = ", ".join(repr(word[:40]) for word in self.channels[:3])
            made.append(
                f"'source' ({shown}) says how somebody heard, not which tool keeps the record, so it is "
                "not read as one; source= says which tool the file comes from"
            )
        for name in (name for name in NAMES if name in self.strange):
            words = sorted(self.strange[name].items(), key=lambda word: (-word[1], word[0]))
            shown = ", ".join(repr(word[:40]) for word, _ in words[:3])
            what = "neither open nor closed" if name == "status" else "no origin that we know"
            made.append(f"{self.strange[name].total():,} cells of {name} say {what} ({shown}); read as empty")
        return made


CHANNELS = frozenset(
    {
        "email", "mail", "phone", "telephone", "call", "calls", "hotline", "chat", "sms", "text", "fax", "web",
        "website", "webform", "form", "portal", "selfservice", "walkin", "inperson", "direct", "monitoring",
        "monitor", "alert", "alerts", "alerting", "alarm", "customer", "customers", "client", "user", "users",
        "employee", "staff", "support", "helpdesk", "servicedesk", "internal", "external", "manual", "manually",
        "automatic", "automated", "automation", "twitter", "social", "media", "partner", "vendor", "virtualagent",
        "agent", "bot", "verbal", "meeting", "other", "unknown"
    }
)  # fmt: skip
"""Words for how somebody heard of an incident, by their letters."""


_PART = re.compile(r"[\s_./:-]+")


def is_tools(named: Iterable[str], columns: Iterable[str]) -> bool:
    """Return whether a column `source` says which tool keeps the record, and not how somebody heard.

    A table with verdicts is one that we wrote, and its sources are what the lab called them.

    Examples
    --------
    >>> is_tools(["PagerDuty", "stockroom"], ["source"]), is_tools(["Self-service", "Opsgenie"], ["source"])
    (True, False)
    """
    if any(name in _IGNORED for name in columns):
        return True
    return not any(CHANNELS & {squeeze(name), *map(squeeze, _PART.split(name))} for name in named)


def id_column_of(names: Iterable[str]) -> str | None:
    """Return which of the columns names the incident."""
    return next((name for name in IDS if name in names), None)


def unknown_columns(names: Iterable[str], id_column: str) -> list[str]:
    """Return the columns whose names say nothing to us."""
    return [name for name in names if name not in (*NAMES, id_column) and name not in _IGNORED]


def read_canonical(cells: Cells, clock: TimestampReader, told: TableNotes) -> tuple[Draft, Refusals]:
    """Return the reports of a canonical table and what is refused; what people should know goes to `told`.

    Raises
    ------
    LoadError
        Where it has no column of ids, or none of stamps.
    """
    found = id_column_of(cells.columns)
    stamps = [stamp for stamp in STAMPS if stamp in cells.columns]
    if not (found and stamps) and (cells.rows or not cells.faults.by_row):
        raise LoadError(
            f"{cells.name} row 1: no column {'incident_id' if not found else 'of a milestone'}; "
            f"an incidents table needs incident_id and at least one of {', '.join(STAMPS)}"
        )
    reading = _Reading(cells, clock, told)
    id_column = found or "incident_id"
    reading.texts(id_column, "source_id")
    times = {name: reading.times(name) for name in TIMES if name in cells.columns}
    for name in NAMES:
        if name in cells.columns and name not in TIMES and name not in IDS:
            reading.column(name)
    told.names = cells.names
    passed_over = {theirs for theirs, _ in cells.names.passed_over}
    unknown = unknown_columns((name for name in cells.columns if name not in passed_over), id_column)
    told.unknown = list(map(cells.show, unknown))
    plain = {name: cells.columns[name] for name in unknown if cells.show(name) == name}
    told.advised = advised(plain, cells.columns, cells.names.read_as)
    draft = Draft(list(cells.rows), reading.made, times, id_column)
    if not cells.faults.by_row:
        return draft, cells.faults
    kept = np.fromiter((row not in cells.faults.by_row for row in cells.rows), dtype=bool, count=len(cells.rows))
    return draft.take(kept), cells.faults


class _Reading:
    """Turns texts into values, column by column, and keeps what could not be turned."""

    def __init__(self, cells: Cells, clock: TimestampReader, told: TableNotes) -> None:
        self.cells, self.clock, self.told = cells, clock, told
        self.made: dict[str, Sequence[object]] = {}

    def times(self, name: str) -> np.ndarray:
        texts = self.cells.columns[name]
        zone = _HEADER_UTC if name in self.cells.names.utc else self.clock.timezone
        column: StampColumn = read_column(texts, zone)
        for place, reason in column.reasons.items():
            if name in STAMPS:
                self.cells.faults.add(self.cells.rows[place], name, texts[place], reason)
            else:
                self.told.emptied.setdefault(name, {})[self.cells.rows[place]] = texts[place], reason
        self.clock.zoneless.extend((self.cells.rows[place], name, texts[place]) for place in column.local)
        self.told.worded[name] += column.worded
        return column.micros

    def texts(self, name: str, into: str) -> None:
        values = list(map(str.strip, self.cells.columns.get(name, ())))
        for place in () if all(values) else (place for place, value in enumerate(values) if not value):
            self.cells.faults.add(
                self.cells.rows[place], name, "", "is empty: a record without an id cannot be told from others"
            )
        self.made[into] = values

    def column(self, name: str) -> None:
        texts = self.cells.columns[name]
        if not any(texts):
            return
        if name in ("reopened", "automated"):
            self.made[name] = self._each(name, lambda text: FLAG_WORDS[text.lower()], "is neither true nor false")
        elif name == "users":
            self.made[name] = self._each(name, _share, "is no share between 0 and 1; write 0.25 or 25%")
        elif name == "population":
            words = f"is none of {', '.join(POPULATIONS)}"
            self.made[name] = [v or "counted" for v in self._each(name, lambda t: _one_of(POPULATIONS, t), words)]
        elif name.endswith("_origin"):
            self.made[name] = self._loose(name, {word: word for word in ORIGINS})
        elif name == "status":
            self.made[name] = self._loose(name, STATUS_WORDS)
        elif name == "services":
            known = {text: name_list(names_in(text)) for text in set(texts)}
            self.made[name] = [known[text] for text in texts]
        elif name == "source":
            self._sources([text.strip() for text in texts])
        else:
            self.made[name] = texts if all(texts) else [text or None for text in texts]

    def _sources(self, texts: list[str]) -> None:
        """Keep the tools that the rows come from, unless they are ways in which somebody heard."""
        named = set(texts) - {""}
        if is_tools(named, self.cells.columns):
            self.made["source"] = [text or "canonical" for text in texts]
        else:
            self.told.channels = sorted(named)

    def _each(self, name: str, turn: Callable[[str], object], reason: str) -> list[object]:
        known: dict[str, object] = {"": None}
        made: list[object] = []
        for place, text in enumerate(map(str.strip, self.cells.columns[name])):
            if text not in known:
                try:
                    known[text] = turn(text)
                except (KeyError, ValueError):
                    self.cells.faults.add(self.cells.rows[place], name, text, reason)
                    made.append(None)
                    continue
            made.append(known[text])
        return made

    def _loose(self, name: str, words: dict[str, str]) -> list[str | None]:
        texts = [text.strip().lower() for text in self.cells.columns[name]]
        strange = Counter(text for text in texts if text and text not in words)
        if strange:
            self.told.strange.setdefault(name, Counter()).update(strange)
        return [words.get(text) for text in texts]


_BETWEEN = re.compile(r"[;\n\r|]")


def names_in(text: str) -> list[str]:
    """Return the names in a cell: a JSON list, names between commas, semicolons, bars or line ends, or one name.

    Examples
    --------
    >>> names_in('["Search", "Login"]'), names_in("Search, Login"), names_in("Checkout; EU, west")
    (['Search', 'Login'], ['Search', 'Login'], ['Checkout', 'EU, west'])
    """
    listed = _json_list(text)
    if listed is not None:
        return listed
    bare = text.strip()
    if bare[:1] + bare[-1:] in ("[]", "{}", "()"):
        bare = bare[1:-1]
    parts = _BETWEEN.split(bare) if _BETWEEN.search(bare) else bare.split(",")
    return [name for part in parts if (name := part.strip().strip("\"'").strip())]


def _json_list(text: str) -> list[str] | None:
    try:
        told = json.loads(text) if text.lstrip()[:1] == "[" else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, list):
        return None
    named = [value.get("name") or value.get("summary") if isinstance(value, dict) else value for value in told]
    return [name for value in named if isinstance(value, str | int | float) and (name := str(value).strip())]


def _share(text: str) -> float:
    # A comma can only be a decimal one: a share has no thousands.
    share = float(text.removesuffix("%").rstrip().replace(",", ".", 1))
    share = share / 100 if text.endswith("%") else share
    if not 0 <= share <= 1:
        raise ValueError
    return share


def _one_of(words: tuple[str, ...], text: str) -> str:
    return words[words.index(text.lower())]
