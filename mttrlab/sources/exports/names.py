"""What a table calls its columns → what we call them: by spelling, by words that mean one thing, else when told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from mttrlab.errors import LoadError
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS
from mttrlab.sources.exports.table import fold

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


def settle(
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
    >>> settle(["Issue", "Mitigated at", "startedAt (UTC)", "Owner"]).header
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


def likely_time(names: Iterable[str]) -> str | None:
    """Return a column that might hold a milestone, to be shown as an example; None: no name sounds like it.

    Examples
    --------
    >>> likely_time(["vendor", "Created"])
    'created'
    >>> likely_time(["time_to_resolve_minutes"])
    """
    return next((name for name in map(fold, names) if _LIKELY.search(name) and not _LENGTH.search(name)), None)
