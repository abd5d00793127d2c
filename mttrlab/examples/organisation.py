"""What a made-up organisation is: its files, and the truth that made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from mttrlab.examples.incidents import Incident
from mttrlab.schema import STAMPS

IDENTIFIERS = ("tracker_id", "pagerduty_id", "statuspage_id", "servicenow_id")
"""Columns of the truth that say which file carries an incident, and under which id."""

_TIMES = (*STAMPS, "first_resolved_at")


@dataclass(frozen=True)
class Facts:
    """What was planted, so that a measurement can be held against it."""

    exported_at: pd.Timestamp
    """When the exports were taken, UTC."""
    months: tuple[str, ...]
    """The complete months that the exports cover."""
    records: Mapping[str, int]
    """Records in each file: lines of a table, elements of a list, rows of a log."""
    dirt: Mapping[str, int]
    """How often each kind of dirt was planted."""
    improved_from: pd.Timestamp | None = None
    """From this instant the work of diagnosis is shorter."""
    improvement: float = 1.0
    """What share of it is left."""
    improved_late: Mapping[str, pd.Timestamp] = field(default_factory=dict)
    """Teams whose work is shorter from a later instant on."""
    timer_hours: Mapping[str, float] = field(default_factory=dict)
    """Hours after which a tool closes or confirms by itself, by file."""
    zones: Mapping[str, str] = field(default_factory=dict)
    """The time zone of files that do not say it."""
    telemetry: pd.DataFrame | None = field(default=None, compare=False)
    """What the telemetry was made from: `incident_id` (of the truth), `service, onset, healthy`; None: there is none.
    `healthy` is when the last request failed."""


@dataclass(frozen=True)
class Organisation:
    """A made-up organisation."""

    name: str
    """`large` or `small`."""
    truth: pd.DataFrame
    """One row per true incident of any population, by start: what it was, its true stamps (UTC; empty: not happened
    when the exports were taken), the files that carry it (`*_id`) and what is wrong with its record (`marks`)."""
    facts: Facts
    contents: Mapping[str, bytes]

    def files(self) -> dict[str, bytes]:
        """Return the files, by path relative to the folder of all examples."""
        return dict(self.contents)

    def write(self, folder: Path | str) -> list[Path]:
        """Write the files into a folder and return their paths.

        Parameters
        ----------
        folder : Path or str
            Made if it does not exist. Files of the same names are replaced; others stay.
        """
        written: list[Path] = []
        for name, content in self.contents.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            written.append(path)
        return written


def truth_table(
    incidents: Sequence[Incident], identifiers: Mapping[str, Mapping[str, str]], marks: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """Return the truth as a table.

    Parameters
    ----------
    incidents : sequence of Incident
    identifiers : mapping
        Per column of `IDENTIFIERS`, the file's id of an incident by its key.
    marks : mapping
        What is wrong with its record, by key.
    """
    names = [one.name for one in fields(Incident)]
    table = pd.DataFrame([[getattr(one, name) for name in names] for one in incidents], columns=names)
    for name in _TIMES:
        instants = pd.to_datetime(pd.array(table[name].tolist(), dtype="Int64"), unit="s", utc=True)
        table[name] = instants.as_unit("us")
    for name in IDENTIFIERS:
        known = identifiers.get(name, {})
        table[name] = pd.array([known.get(one.key) for one in incidents], dtype="str")
    table["marks"] = pd.array(["; ".join(marks.get(one.key, ())) for one in incidents], dtype="str")
    return table.rename(columns={"key": "incident_id"})


def frozen(counts: Mapping[str, int]) -> Mapping[str, int]:
    """Return counts that nobody can change."""
    return MappingProxyType(dict(counts))
