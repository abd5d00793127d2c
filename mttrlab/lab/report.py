"""What a load did: a sentence and a table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from html import escape
from pathlib import Path

import pandas as pd

from mttrlab.lab.plain import plain

_COUNTS = ("rows", "accepted", "quarantined", "duplicates", "new", "changed", "unchanged")


@dataclass(frozen=True)
class LoadReport:
    """What one `lab.load` did. Records are counted in the file, incidents in the lab."""

    path: str
    """File, or pattern of files."""
    format: str
    """Format of the file; several are joined by a plus sign."""
    rows: int
    """Records in the file."""
    accepted: int
    """Records that became incidents or part of one."""
    quarantined: int
    """Records refused, each with a reason."""
    duplicates: int
    """Records that say exactly what another one says."""
    new: int
    """Incidents that the lab did not know."""
    changed: int
    """Incidents that it knew with other content; the older revision is kept."""
    unchanged: int
    """Incidents that it knew just so."""
    warnings: tuple[str, ...] = ()
    """Sentences that a reader of the numbers should know."""
    load_id: int | None = None
    """Number in the ledger; None for a pattern of files."""
    files: tuple[LoadReport, ...] = ()
    """The single files of a pattern."""
    kind: str = ""
    """What a file is that is no export of incidents, such as prometheus rules."""
    contents: tuple[tuple[str, int], ...] = ()
    """What is in such a file, in plural words, with counts; records, new, changed and unchanged are then of these."""

    def __str__(self) -> str:
        """Return the report as a sentence, with a line for each warning."""
        parts = [part for part in (self._incidents(), self._contents()) if part]
        told = f"{plain(self.path, 200)} ({plain(self.kind, 60) or self.format}): {' '.join(parts)}"
        return "\n".join([told, *(f"  note: {plain(warning)}" for warning in self.warnings)])

    def _incidents(self) -> str:
        rows = [report for report in self.files or (self,) if not report.kind]
        if not rows:
            return ""
        n = {name: sum(getattr(report, name) for report in rows) for name in _COUNTS}
        return (
            f"{n['rows']:,} records: {n['accepted']:,} accepted, "
            f"{n['quarantined']:,} quarantined, {n['duplicates']:,} duplicates; "
            f"incidents: {n['new']:,} new, {n['changed']:,} changed, {n['unchanged']:,} unchanged."
        )

    def _contents(self) -> str:
        rows = [report for report in self.files or (self,) if report.kind]
        if not rows:
            return ""
        parts = [f"{n:,} {word if n != 1 else word[:-1]}" for word, n in self.contents]
        held = ", ".join(parts or ["nothing that the lab uses"])
        n = {name: sum(getattr(report, name) for report in rows) for name in _COUNTS}
        return f"{held}; {n['new']:,} new, {n['changed']:,} changed, {n['unchanged']:,} unchanged."

    def table(self) -> pd.DataFrame:
        """Return one row per file, with the counts."""
        names = [f.name for f in fields(self) if f.name not in {"warnings", "files", "load_id", "kind", "contents"}]
        return pd.DataFrame([{n: getattr(report, n) for n in names} for report in self.files or (self,)])

    def _repr_html_(self) -> str:
        notes = "".join(f"<li>{escape(plain(warning))}</li>" for warning in self.warnings)
        shown = self.table().to_html(index=False, escape=True, border=0)
        return shown + (f"<ul>{notes}</ul>" if notes else "")


@dataclass(frozen=True)
class FolderReport:
    """What `lab.load_folder` did."""

    folder: str
    """The folder."""
    loads: tuple[LoadReport, ...]
    """One per export, in the order of their names."""
    skipped: tuple[str, ...]
    """Names of files that are no export."""
    settings: str | None
    """The settings file; None: there is none, and the defaults hold."""
    population: str
    """The rule that says which records count, in plain words."""
    warnings: tuple[str, ...]
    """Sentences that a reader of the numbers should know."""

    def __str__(self) -> str:
        """Return the loads, what was left aside, the rule and the warnings, a line each."""
        kinds = dict.fromkeys(load.format for load in self.loads if load.kind)
        lines = [str(load) for load in self.loads if not load.kind]
        for kind in kinds:
            several = tuple(load for load in self.loads if load.kind and load.format == kind)
            lines.append(str(together(f"{len(several)} files", several)))
        if self.skipped:
            lines.append(f"Not an export, left aside: {', '.join(plain(name, 80) for name in self.skipped)}.")
        lines.append(
            f"Settings: {plain(self.settings)}." if self.settings else "No mttrlab.yml here: the defaults hold."
        )
        lines.append(self.population)
        told = [(note, Path(load.path).name) for load in self.loads for note in load.warnings]
        loaded = {said for note, name in told for said in (note, _named(name, note))}
        lines += [f"  note: {plain(warning)}" for warning in self.warnings if warning not in loaded]
        return "\n".join(lines)

    def table(self) -> pd.DataFrame:
        """Return one row per file that was loaded."""
        return pd.concat([load.table() for load in self.loads], ignore_index=True) if self.loads else pd.DataFrame()

    def _repr_html_(self) -> str:
        return f"{self.table().to_html(index=False, escape=True, border=0)}<pre>{escape(str(self))}</pre>"


_VALUE = r""" (?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?= )"""


def why_refused(quarantine: pd.DataFrame) -> str | None:
    """Return in a sentence how many records were refused, the commonest reason and its first row; None: none was."""
    if quarantine.empty:
        return None
    told = (quarantine["column"].fillna("") + " " + quarantine["reason"]).str.strip()
    # The value of a second bad cell stands in the reason; the reason is the same without it.
    kinds = told.str.replace(_VALUE, "", regex=True)
    alike = kinds == kinds.value_counts(sort=False).idxmax()
    said = told[alike]
    common = said.iloc[0] if (said == said.iloc[0]).all() else kinds[alike].iloc[0]
    first = int(quarantine.loc[alike, "row"].iloc[0])
    n, same = len(quarantine), int(alike.sum())
    records = "1 record is" if n == 1 else f"{n:,} records are"
    many = "" if same == n else f"{same:,} of them as "
    return (
        f"{records} kept aside: {many}{plain(common, 160)} (first: row {first:,}); "
        "lab.quarantine() or mttrlab quality --quarantine lists them"
    )


def together(path: str | Path, reports: tuple[LoadReport, ...]) -> LoadReport:
    """Return one report over the files of a pattern."""
    counts = {name: sum(getattr(report, name) for report in reports) for name in _COUNTS}
    held: dict[str, int] = {}
    for report in reports:
        for word, n in report.contents:
            held[word] = held.get(word, 0) + n
    formats = " + ".join(sorted({report.format for report in reports}))
    notes = tuple(dict.fromkeys(_named(Path(r.path).name, note) for r in reports for note in r.warnings))
    return LoadReport(
        path=str(path),
        format=formats,
        warnings=notes,
        files=reports,
        contents=tuple(sorted(held.items(), key=lambda pair: -pair[1])),
        **counts,
    )


def _named(name: str, note: str) -> str:
    return note if note.startswith(name) else f"{name}: {note}"
