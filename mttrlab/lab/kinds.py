"""What a lab holds beside incidents: one line a kind says how its files are recognised and how they are loaded.

A further kind is a module with two functions and one line in `KINDS`; nothing else of the lab's door changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from mttrlab.lab import practices, telemetry
from mttrlab.lab.ledger import Asked
from mttrlab.lab.report import LoadReport


class Recognise(Protocol):
    """Whether a file is of a kind: a look at its beginning, never an exception."""

    def __call__(self, file: Path) -> bool: ...


class Load(Protocol):
    """Read a file and store it with its line in the ledger; the caller holds the transaction.

    `booked` is where the ledger says that the file is: `file` itself, unless a lab is built again from kept copies.
    `asked` is what the caller or the settings said about it, `keep_people` whether people may be stored as written.
    What cannot be read is a LoadError.
    """

    def __call__(
        self, connection: duckdb.DuckDBPyConnection, file: Path, booked: Path, asked: Asked, *, keep_people: bool
    ) -> LoadReport: ...


@dataclass(frozen=True)
class Kind:
    """One kind of file that is no incident export."""

    name: str
    """As in `format=`, in the ledger's column `format`, and the subfolder of a folder of exports."""
    recognise: Recognise
    load: Load
    suffixes: frozenset[str] = frozenset()
    """Suffixes that only this kind has: such a file, named by hand, is read as one, to say what is wrong with it."""


KINDS: tuple[Kind, ...] = (
    Kind(telemetry.FORMAT, telemetry.is_telemetry, telemetry.load),
    Kind(practices.FORMAT, practices.is_practices, practices.load, practices.ALONE),
)
"""In the order in which a file that is no export is tried."""


def kind_named(name: str | None) -> Kind | None:
    """Return the kind of that name; None: the name is an export's format, or none."""
    return next((kind for kind in KINDS if kind.name == name), None)


def kind_of(file: Path) -> Kind | None:
    """Return the first kind that recognises a file, else the one that alone has its suffix, or None."""
    found = next((kind for kind in KINDS if kind.recognise(file)), None)
    return found or next((kind for kind in KINDS if file.suffix.lower() in kind.suffixes), None)
