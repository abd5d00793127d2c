"""Files of practices in the lab: each kept as it was read, one revision a path, with a line in the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb

from mttrlab import __version__
from mttrlab.errors import LoadError
from mttrlab.files import file_sha256
from mttrlab.lab.reports import LoadOptions, LoadReport
from mttrlab.schema import Practices
from mttrlab.sources.practices import SUFFIXES, from_json, read_file, recognise, to_json, with_windows
from mttrlab.text import plain

FORMAT = "practices"
_WORDS = {
    "alerts": "alerts",
    "recordings": "recording rules",
    "monitors": "synthetic monitors",
    "remediation": "remediation rules",
    "runbooks": "runbooks",
    "change_paths": "change paths",
    "on_call": "on-call schedules",
    "probes": "probe modules",
    "mappings": "alert mappings",
}
"""What a file of practices can hold, in the words of a report."""
OWN_SUFFIXES = frozenset(SUFFIXES) - {".json"}
"""Suffixes that no other kind of file has."""


def is_practices(file: Path) -> bool:
    """Return whether a file says that it is one of practices."""
    with suppress(OSError):
        return recognise(file) is not None
    return False


def load_practices(
    connection: duckdb.DuckDBPyConnection, file: Path, booked: Path, options: LoadOptions, *, keep_people: bool
) -> LoadReport:
    """Keep what a file says about practices; the caller holds the transaction. There is nothing to ask about it.

    The same content changes nothing, also where the file has moved. Other content under the same path replaces what
    was read there before.

    Raises
    ------
    LoadError
        When it is refused, with all its faults.
    """
    try:
        sha256, size = file_sha256(file), file.stat().st_size
    except OSError as error:
        raise LoadError(f"{file}: cannot be read ({error.strerror}); check the file") from None
    path = str(booked.absolute())
    known = _known(connection, sha256, path)
    if known is not None:
        load_id, kind, read = known
        told = counts(read)
        return _report(booked, kind, told, (0, 0, sum(n for _, n in told)), load_id, ("this file was loaded before",))
    kind, read = read_file(file, booked.name)
    before = _forget(connection, path)
    changes, gone = _count_changes(before, read)
    notes = (
        () if not gone else (f"no longer in it, and left out from now on: {', '.join(gone[:8])}{_and_more(gone, 8)}",)
    )
    load_id = int(connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0])
    told = counts(read)
    entries = sum(n for _, n in told)
    line: dict[str, object] = {
        "load_id": load_id, "path": path, "name": booked.name, "sha256": sha256, "size": size, "format": FORMAT,
        "source": kind, "rows": entries, "accepted": entries, "quarantined": 0, "duplicates": 0, "new": changes[0],
        "changed": changes[1], "unchanged": changes[2], "warnings": json.dumps(notes), "version": __version__,
        "people": False,
    }  # fmt: skip
    names = ", ".join(f'"{name}"' for name in line)
    places = ", ".join(f"${place}" for place in range(1, len(line) + 1))
    connection.execute(f"INSERT INTO loads ({names}, loaded_at) VALUES ({places}, now())", list(line.values()))
    connection.execute("INSERT INTO practices VALUES ($1, $2)", [load_id, to_json(read)])
    return _report(booked, kind, told, changes, load_id, (*notes, *read.notes))


def stored_practices(connection: duckdb.DuckDBPyConnection, names: Iterable[tuple[str, str]] = ()) -> Practices:
    """Return everything that the files say together, under the team's names of its services.

    Parameters
    ----------
    connection : DuckDBPyConnection
    names : iterable of (str, str)
        A tool's name of a service, and the team's.
    """
    rows = connection.execute("SELECT said FROM practices JOIN loads USING (load_id) ORDER BY path, load_id").fetchall()
    made = sum((from_json(said) for (said,) in rows), Practices())
    return with_windows(_renamed(made, {alias.strip().lower(): service for alias, service in names}))


def counts(read: Practices) -> tuple[tuple[str, int], ...]:
    """Return what there is of each kind of entry, in plural words.

    Examples
    --------
    >>> from mttrlab.schema import AlertRule
    >>> counts(Practices(alerts=(AlertRule("TargetDown"),)))
    (('alerts', 1),)
    """
    held = {_WORDS.get(kind, kind): entries for kind, entries in _kinds(read).items()}
    return tuple((word, len(entries)) for word, entries in held.items() if entries)


def _kinds(read: Practices) -> dict[str, Sequence[object]]:
    """Return the entries of each kind, and the routes and time intervals by which alerts are told."""
    wide = read.settings
    trees = {"routes": wide.routing, "policy routes": wide.policies}
    routes = {kind: [replace(one, routes=()) for one in root.walk()] if root else [] for kind, root in trees.items()}
    return {
        **{kind: getattr(read, kind) for kind in _WORDS},
        **routes,
        "time intervals": (*wide.time_intervals, *wide.mute_timings),
    }


def _known(connection: duckdb.DuckDBPyConnection, sha256: str, path: str) -> tuple[int, str, Practices] | None:
    found = connection.execute(
        """
        SELECT load_id, path, source, said FROM loads JOIN practices USING (load_id)
        WHERE sha256 = $1 ORDER BY path <> $2, load_id LIMIT 1
        """,
        [sha256, path],
    ).fetchall()
    if not found:
        return None
    load_id, was, kind, said = found[0]
    if was != path and not Path(was).is_file():
        # It has moved: its next revision must be found under the path that it has now.
        _forget(connection, path)
        connection.execute("UPDATE loads SET path = $2, name = $3 WHERE load_id = $1", [load_id, path, Path(path).name])
    elif was != path and _forget(connection, path) is not None:
        # What stood under this path is gone; what stands there now is in the lab under another one.
        pass
    return int(load_id), str(kind), from_json(said)


def _forget(connection: duckdb.DuckDBPyConnection, path: str) -> Practices | None:
    """Take back what was read under a path, and return it."""
    rows = connection.execute(
        "SELECT load_id, said FROM loads JOIN practices USING (load_id) WHERE path = $1 ORDER BY load_id", [path]
    ).fetchall()
    for load_id, _ in rows:
        for table in ("practices", "loads"):
            connection.execute(f"DELETE FROM {table} WHERE load_id = $1", [load_id])
    return from_json(rows[-1][1]) if rows else None


def _count_changes(before: Practices | None, now: Practices) -> tuple[tuple[int, int, int], list[str]]:
    """Return how many entries are new, changed, unchanged, and the names of those that are gone."""
    old, new = _entries(before or Practices()), _entries(now)
    shared = set(old) & set(new)
    unchanged = sum(old[key] == new[key] for key in shared)
    gone = sorted({plain(name, 60) for _, name, _ in set(old) - set(new)})
    return (len(new) - len(shared), len(shared) - unchanged, unchanged), gone


def _entries(practices: Practices) -> dict[tuple[str, str, int], object]:
    """Return every entry by its kind, its name, and which of that name it is."""
    seen: Counter[tuple[str, str]] = Counter()
    found = {}
    for kind, entries in _kinds(practices).items():
        for entry in entries:
            names = (str(getattr(entry, key, "")) for key in ("name", "alert", "receiver"))
            name = str(entry[0]) if isinstance(entry, tuple) else next(filter(None, names), "")
            found[kind, name, seen[kind, name]] = entry
            seen[kind, name] += 1
    return found


def _renamed(practices: Practices, names: dict[str, str]) -> Practices:
    if not names:
        return practices

    def team(name: str) -> str:
        return names.get(name.strip().lower(), name)

    def entry(one: Any) -> Any:
        said: dict[str, Any] = {}
        if getattr(one, "service", None):
            said["service"] = team(one.service)
        for many in ("also", "services"):
            if getattr(one, many, ()):
                said[many] = tuple(map(team, getattr(one, many)))
        if getattr(one, "steps", ()):
            said["steps"] = tuple(map(entry, one.steps))
        return replace(one, **said) if said else one

    jobs = tuple((team(job), interval) for job, interval in practices.settings.jobs)
    told = {kind: tuple(map(entry, getattr(practices, kind))) for kind in _WORDS}
    return replace(practices, settings=replace(practices.settings, jobs=jobs), **told)


def _report(
    file: Path,
    kind: str,
    told: tuple[tuple[str, int], ...],
    changes: tuple[int, int, int],
    load_id: int,
    notes: tuple[str, ...],
) -> LoadReport:
    entries = sum(n for _, n in told)
    new, changed, unchanged = changes
    return LoadReport(
        path=str(file), format=FORMAT, rows=entries, accepted=entries, quarantined=0, duplicates=0, new=new,
        changed=changed, unchanged=unchanged, warnings=notes, load_id=load_id, kind=kind, contents=told,
    )  # fmt: skip


def _and_more(names: list[str], shown: int) -> str:
    return f" and {len(names) - shown} more" if len(names) > shown else ""
