"""What a table calls its columns → what we call them: by spelling, by words that mean one thing, else when told."""

from __future__ import annotations

import json
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS
from mttrlab.sources.exports.reading import Documents, Even, Opened, Table, fold, printable_key
from mttrlab.sources.exports.records import RecordError, Refusals, text_field
from mttrlab.sources.exports.timestamps import is_time

IDS = ("incident_id", "source_id", "id")
"""Columns that may name the incident in a canonical table, the first that is there."""


_EXTRAS = ("status", "priority", "services", "closed_at", "updated_at", "automated")
"""Columns of a report that a canonical table may also have."""


NAMES = (*(c.name for c in INCIDENT_COLUMNS if not c.name.endswith("_verdict")), *_EXTRAS)
"""Columns of a canonical table, whatever their order."""


_STEMS = {
    "started_at": ("started", "impact_started", "impact_start", "incident_started"),
    "detected_at": ("detected", "incident_detected"),
    "acknowledged_at": ("acknowledged", "acked"),
    "diagnosed_at": ("diagnosed", "cause_identified", "root_cause_identified"),
    "resolved_at": ("resolved", "mitigated", "fixed"),
    "verified_at": ("verified",),
    "closed_at": ("closed",),
    "updated_at": ("updated", "last_updated"),
}


_WORDS = {
    "incident_id": (
        "incident number",
        "incident no",
        "incident key",
        "incident ref",
        "incident reference",
        "incident",
        "ticket id",
        "ticket key",
        "ticket",
        "issue key",
        "issue id",
        "issue",
        "reference",
        "key",
        "number",
    ),
    "title": ("summary", "incident title", "incident name", "short description"),
    "service": ("service name", "affected service"),
    "team": ("team name",),
    "severity": ("sev", "severity level"),
    "url": ("link", "permalink"),
    "status": ("state", "incident status"),
}
"""Words for a column that mean nothing else, the best first. `created`, `opened`, `identified` or `end` do."""


_ENDINGS = ("at", "", "on", "time", "date", "datetime", "timestamp")


_UTC = re.compile(r"[_\s]*(\(utc\)|\[utc\]|\butc|_utc)$")


_LIKELY = re.compile(
    r"(^|_)(creat(ed|ion)|open(ed)?|report(ed)?|declared|start(ed|s)?|beg[ai]n|detect(ed|ion)|identified|alert(ed)?|"
    r"stabl?e|restored|end(ed|s)?|time|date|at)(_|$)"
)


_LENGTH = re.compile(
    r"(^|_)(time_to|time_in|seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|duration|elapsed|count|sla)(_|$)"
)


def squeeze(name: str) -> str:
    """Return the letters and digits of a name, in lower case.

    Examples
    --------
    >>> squeeze("Started At"), squeeze("startedAt")
    ('startedat', 'startedat')
    """
    return "".join(character for character in name.lower() if character.isalnum())


def _meanings() -> dict[str, tuple[str, int]]:
    said: dict[str, tuple[str, int]] = {squeeze(name): (name, 0) for name in (*NAMES, *IDS)}
    for name, stems in _STEMS.items():
        words = [f"{stem}{ending}" for stem in stems for ending in _ENDINGS]
        words += [f"{before}{stem}" for stem in stems for before in ("time", "date")]
        for place, word in enumerate(words, start=1):
            said.setdefault(squeeze(word), (name, place))
    for name, spoken in _WORDS.items():
        for place, word in enumerate(spoken, start=1):
            said.setdefault(squeeze(word), (name, place))
    return said


_MEANINGS = _meanings()


@dataclass(frozen=True)
class Names:
    """The columns of a table under our names."""

    header: tuple[str, ...]
    """In the file's order; what we have no name for keeps its own."""
    utc: frozenset[str] = frozenset()
    """Columns whose header says that their times are in UTC."""
    read_as: tuple[tuple[str, str], ...] = ()
    """The file's name and ours, where ours is no mere spelling of it."""
    passed_over: tuple[tuple[str, str], ...] = ()
    """The file's name of a column that means what another one already says, and our name of it."""

    def sentences(self) -> list[str]:
        """Return what people should know of it."""
        told = []
        if self.read_as:
            listed = ", ".join(f"{theirs!r} as {ours}" for theirs, ours in self.read_as)
            told.append(f"columns read under our names: {listed} (columns= or columns: in mttrlab.yml says otherwise)")
        told += [
            f"{theirs!r} is not read, as another column is read as {ours}; columns= or columns: in mttrlab.yml decides"
            for theirs, ours in self.passed_over
        ]
        return told


def settle_columns(
    header: Iterable[str],
    columns: Mapping[str, str] | None = None,
    file: str = "",
    show: Callable[[str], str] = str,
) -> Names:
    """Return the columns under our names.

    Parameters
    ----------
    header : iterable of str
        As the file spells them, folded or not.
    columns : mapping, optional
        What the caller says: the file's name of a column, and ours. It wins over every rule.
    file : str
        Named in a refusal.
    show : callable
        How a refusal prints a name of the file's own.

    Raises
    ------
    LoadError
        Where the caller names a column that is not there, or a name that is not ours.

    Examples
    --------
    >>> settle_columns(["Issue", "Mitigated at", "startedAt (UTC)", "Owner"]).header
    ('incident_id', 'resolved_at', 'started_at', 'owner')
    """
    folded = [fold(name) for name in header]
    ours: dict[int, str] = {}
    told: dict[str, str] = {}
    for theirs, wanted in (columns or {}).items():
        place = next((at for at, name in enumerate(folded) if squeeze(name) == squeeze(theirs)), None)
        wanted = our_name(wanted, file)
        if place is None:
            listed = ", ".join(show(name)[:40] for name in folded[:12])
            raise LoadError(f"{file} row 1: no column {theirs[:60]!r} to read as {wanted}; its columns are {listed}")
        if wanted in told or place in ours:
            raise LoadError(f"{file}: columns= says two things of {wanted}; say which one column it is")
        ours[place] = wanted
        told[wanted] = theirs
    utc: set[int] = set()
    found: dict[str, list[tuple[int, int]]] = {}
    for place, name in enumerate(folded):
        bare = _UTC.sub("", name)
        if bare != name:
            utc.add(place)
        meaning = _MEANINGS.get(squeeze(bare))
        if place not in ours and meaning is not None:
            found.setdefault(meaning[0], []).append((meaning[1], place))
    read_as, passed_over = [], []
    for name, candidates in found.items():
        (rank, best), *others = sorted(candidates)
        if name not in told and others and not others[0][0]:
            count = 1 + sum(not other for other, _ in others)
            raise LoadError(f"{file} row 1: {count} columns are called {name!r}; rename or remove all but one")
        identified = name == "incident_id" and rank and any(other in found or other in told for other in IDS[1:])
        if name in told or identified:
            others = [(rank, best), *others]
        else:
            ours[best] = name
            if rank:
                read_as.append((folded[best], name))
        passed_over += [(folded[place], name) for other, place in others if other]
    made = [ours.get(place, name) for place, name in enumerate(folded)]
    # A column of our name that the caller gave another meaning keeps its place under a name that says nothing.
    made = [f"{name}_" if name in told and place not in ours else name for place, name in enumerate(made)]
    in_utc = frozenset(ours[place] for place in utc if place in ours)
    return Names(tuple(made), in_utc, tuple(read_as), tuple(passed_over))


def our_name(name: str, file: str) -> str:
    """Return our name of a column as a caller spells it.

    Raises
    ------
    LoadError
        Where it is none of ours.
    """
    folded = fold(name)
    if folded not in NAMES and folded not in IDS:
        raise LoadError(
            f"{file}: {name[:60]!r} is no column of ours; say incident_id, {', '.join(STAMPS)}, title, service …"
        )
    return "incident_id" if folded in IDS else folded


def is_canonical(names: Iterable[str]) -> bool:
    """Return whether a table with these of our names can be read: it has an id and a milestone."""
    return bool(set(names) & set(IDS) and set(names) & set(STAMPS))


_MEANT = (
    ("acknowledged_at", re.compile(r"(^|_)(ack\w*|accepted|engaged|respon\w+)(_|$)")),
    ("diagnosed_at", re.compile(r"(^|_)(identified|diagnos\w+|cause)(_|$)")),
    ("resolved_at", re.compile(r"(^|_)(monitoring|mitigat\w+|fix\w*|stabl?e|restored|recovered|end(ed|s)?)(_|$)")),
    ("verified_at", re.compile(r"(^|_)(verified|confirmed|healthy)(_|$)")),
    ("started_at", re.compile(r"(^|_)(start(ed|s)?|beg[ai]n|impact|onset)(_|$)")),
)
"""What a column of times most likely means, by a word in its name; every other one means detection."""

_FLAG = re.compile(r"(^|_)(flag|is|has|bool)(_|$)")


def advised(
    unread: Mapping[str, Sequence[str] | None], known: Iterable[str], read_as: Iterable[tuple[str, str]] = ()
) -> dict[str, str]:
    """Return which columns that were not read hold times, and which milestone each would be, one for each milestone.

    Where a table says when it was fixed (monitored, mitigated) and when it was resolved, the second is a confirmation.

    Parameters
    ----------
    unread : mapping
        What each holds, by its folded name; None: not looked at, so that the name alone decides.
    known : iterable of str
        Our names of the columns that are read.
    read_as : iterable of (str, str)
        The file's name of a column and ours, where they differ.

    Examples
    --------
    >>> advised({"identified_flag": ["1"], "identified": ["2026-02-26 17:37Z"]}, [])
    {'identified': 'diagnosed_at'}
    >>> advised({"monitoring": ["2026-02-26 17:41Z"]}, ["resolved_at"])
    {'monitoring': 'resolved_at', 'resolved_at': 'verified_at'}
    """
    taken = set(known)
    told: dict[str, str] = {}
    theirs = {ours: name for name, ours in read_as}
    for name, cells in unread.items():
        filled = [text for text in (cells or ())[:200] if text.strip()]
        if cells is None:
            sounds = _LIKELY.search(name) or any(word.search(name) for _, word in _MEANT)
            holds = bool(sounds) and not _LENGTH.search(name) and not _FLAG.search(name)
        else:
            holds = bool(filled) and 2 * sum(map(is_time, filled)) > len(filled)
        meant = next((milestone for milestone, word in _MEANT if word.search(name)), "detected_at")
        if not holds:
            continue
        resolved = theirs.get("resolved_at", "resolved_at")
        if meant == "resolved_at" in taken and "resolved" in resolved and "verified_at" not in taken:
            told |= {name: meant, resolved: "verified_at"}
            taken.add("verified_at")
        elif meant not in taken:
            told[name] = meant
            taken.add(meant)
    return told


def advice(columns: Mapping[str, str], read: Iterable[str] = ()) -> str:
    """Return the sentence that says of columns which milestones they may be; those in `read` are only re-read."""
    again = set(read)
    unread = [repr(name[:60]) for name in columns if name not in again]
    told = ", ".join(f"{name[:60]!r}: {ours!r}" for name, ours in columns.items())
    options = " ".join(f"--column {name[:60]}={ours}" for name, ours in columns.items())
    if len(unread) == 1:
        return f"{unread[0]} sounds like a time; if it is a milestone, say which: columns={{{told}}}, or {options}"
    listed = f"{', '.join(unread[:-1])} and {unread[-1]}"
    return f"{listed} sound like times; if they are milestones, say which: columns={{{told}}}, or {options}"


_ADVICE = re.compile(r"(.*) sounds? like (?:a time|times); .*?columns=\{(.*?)\}, or --column")


def columns_not_read(warnings: Iterable[str]) -> dict[str, str]:
    """Return the columns that some load advised to read, and as which milestones, from its sentences.

    Examples
    --------
    >>> columns_not_read([advice({"created_at": "detected_at"})])
    {'created_at': 'detected_at'}
    """
    found: dict[str, str] = {}
    for sentence in warnings:
        match = _ADVICE.search(sentence)
        if match is not None:
            unread = re.findall(r"'([^']*)'", match[1])
            meant = dict(re.findall(r"'([^']*)': '(\w+)'", match[2]))
            found |= {name: meant[name] for name in unread if name in meant}
    return found


# Cells of a table of incidents by our names of its columns, whatever kind of file it comes from.


@dataclass
class Cells:
    """Texts of the file by our name of the column; empty text where there is nothing."""

    name: str
    columns: dict[str, Sequence[str]]
    rows: Sequence[int]
    faults: Refusals = field(default_factory=Refusals)
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
    names = names or settle_columns(table.header, columns, table.name)
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
    settled = settle_columns(keys, columns, documents.name, show=printable_key)
    ours = dict(zip(keys, settled.header, strict=True))
    cells = Cells(documents.name, {}, [], names=settled, show=printable_key)
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


def _flat(record: object, ours: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(record, dict):
        raise RecordError("", "", "is not an object")
    flat: dict[str, str] = {}
    for key, value in record.items():
        name = ours[fold(key)]
        if name in flat and name in NAMES:
            raise RecordError(name, value, "stands twice in this record, spelled differently")
        if name not in NAMES and name not in IDS:
            # What it holds is asked, and never kept.
            flat[name] = value if isinstance(value, str) else ""
        elif isinstance(value, bool):
            flat[name] = "true" if value else "false"
        elif name == "services" and isinstance(value, list):
            flat[name] = _names(value)
        else:
            flat[name] = text_field({name: value}, name) or ""
    return flat


def _names(values: list[object]) -> str:
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
            settled = settle_columns(relation.columns, columns, opened.name)
            names = settled.header
            wanted = [
                (name, raw) for name, raw in zip(names, relation.columns, strict=True)
                if name in (*NAMES, *IDS) or advised({name: None}, ())
            ]  # fmt: skip
            if not any(name in (*NAMES, *IDS) for name, _ in wanted):
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
