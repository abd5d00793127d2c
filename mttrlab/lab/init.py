"""`mttrlab init`: a first `mttrlab.yml` from what a folder holds, to be corrected by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mttrlab.errors import LoadError, SettingsError
from mttrlab.lab.load import folder_files
from mttrlab.lab.settings import FILE_NAME, Settings
from mttrlab.schema import REPORT_COLUMNS, empty
from mttrlab.sources.exports import extract, recognise
from mttrlab.text import plain


def init_settings(folder: str | Path) -> tuple[Path, str, list[str]]:
    """Write `mttrlab.yml` into a folder of exports; return its path, its text, and what to look at.

    Parameters
    ----------
    folder : str or Path
        Holds the exports.

    Returns
    -------
    tuple of Path, str, list of str
        The file, what stands in it, and sentences that say what needs a decision.

    Raises
    ------
    SettingsError
        When there is such a file already: it is never overwritten.
    LoadError
        When the folder holds no export.
    """
    folder = Path(folder)
    path = folder / FILE_NAME
    if path.exists():
        raise SettingsError(f"{path} exists and is not overwritten; correct it by hand, or remove it first")
    files = folder_files(folder, Settings.default())
    looks = [inspect_export(file) for file in files.exports]
    if all(seen.reports is None for seen in looks):
        raise LoadError(f"none of the exports can be read: {looks[0].refused}")
    text = _text(looks)
    try:
        with path.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written ({error.strerror}); check the folder") from None
    return path, text, _notes(looks, files.skipped, path)


def _notes(looks: list[ExportSummary], skipped: tuple[str, ...], path: Path) -> list[str]:
    told = [f"{seen.name}: {seen.format}, {seen.incidents:,} incidents." for seen in looks if seen.reports is not None]
    told += [f"{seen.name} cannot be read: {seen.refused}" for seen in looks if seen.reports is None]
    told += [
        f"{seen.name} has times without a zone: write the zone into {path} before loading."
        for seen in looks
        if seen.zoneless
    ]
    if skipped:
        told.append(f"Not an export, left aside: {', '.join(plain(name, 80) for name in skipped)}.")
    groups = similar_services(looks)
    if groups:
        told.append(f"Services that seem to have several names: {len(groups)}; check them under `services`.")
    return told


def _text(looks: list[ExportSummary]) -> str:
    parts = [_HEAD, _sources(looks), _population(looks), _services(looks), _severity(looks), _types(looks), _TAIL]
    return "\n".join(parts)


def _sources(looks: list[ExportSummary]) -> str:
    lines = ['# How to read each file, by name or pattern ("pd-*.json"). Formats are recognised by content.']
    active: list[str] = []
    for seen in looks:
        if seen.zoneless:
            active += [
                f"  {yaml_quoted(seen.name)}:",
                f"    format: {seen.format}",
                "    timezone: null  # REQUIRED: its times carry no zone. Write the zone of the account that exported"
                " it, such as Europe/Lisbon or UTC",
            ]
        elif seen.reports is not None:
            lines.append(f"#   {plain(seen.name, 80)}: {seen.format}, {seen.incidents} incidents, zone in the file")
        else:
            lines.append(f"#   {plain(seen.name, 80)}: cannot be read: {plain(seen.refused, 200)}")
    return "\n".join([*lines, "sources:" if active else "sources: {}", *active, ""])


def _population(looks: list[ExportSummary]) -> str:
    seen = priorities(looks)
    told = ", ".join(f"{plain(word, 30)} ({n})" for word, n in seen) or "none"
    hints = [
        f"    # - {{pattern: {yaml_quoted(word)}, population: {population}}}  # {n} titles"
        for word, population, n in title_words(looks).apart
    ]
    return "\n".join(
        [
            "# Which records count as incidents. Pages do only by this rule; records of other tools do unless their",
            "# source or a title says drill, test, maintenance or cancelled. All are kept and counted.",
            "population:",
            "  count: priority_or_public  # or: priority (never by joining alone), or: all",
            f"  # priorities that count; null: any. Seen: {told}",
            "  priorities: null",
            "  include_titles: []  # regular expressions; upper and lower case alike",
            "  exclude_titles: []" + ("  # seen in titles; to use them, replace [] by lines such as:" if hints else ""),
            *hints,
            "",
        ]
    )


def _services(looks: list[ExportSummary]) -> str:
    groups = similar_services(looks)
    lines = [
        "# Your name of a service, and the names that tools use for it (whole names; upper and lower case alike).",
        "services:" if groups else "services: {}",
    ]
    for name, aliases in groups:
        lines.append(f"  {yaml_quoted(name)}: [{', '.join(map(yaml_quoted, aliases))}]  # check: proposed by spelling")
    grouped = {name for name, _ in groups} | {alias for _, aliases in groups for alias in aliases}
    others = sorted({name for seen in looks for name in seen.services} - grouped)
    if others:
        shown = ", ".join(plain(name, 60) for name in others[:40]) + (", …" if len(others) > 40 else "")
        lines.append(f"# Others seen: {shown}")
    return "\n".join([*lines, ""])


def _severity(looks: list[ExportSummary]) -> str:
    told = [f"#   {plain(word, 40)}: ({n} incidents)" for word, n in severities(looks)]
    return "\n".join(
        [
            "# A source's severity word, and yours, such as `critical: SEV1`. Other words stay as they are. Seen:",
            *(told or ["#   none"]),
            "severity: {}",
            "",
        ]
    )


def _types(looks: list[ExportSummary]) -> str:
    hints = [
        f"#   - {{pattern: {yaml_quoted(word)}, type: {yaml_quoted(word)}}}  # {n} titles"
        for word, n in title_words(looks).frequent
    ]
    return "\n".join(
        [
            "# A title pattern (regular expression) and the incident type it tells of; the first match wins, and only",
            "# where the source names no type." + (" Words that stand in several titles:" if hints else ""),
            *hints,
            "incident_types: []",
            "",
        ]
    )


def yaml_quoted(text: str) -> str:
    """Return a YAML text in double quotes.

    Examples
    --------
    >>> yaml_quoted('say "on"')
    '"say \\\\"on\\\\""'
    """
    escaped = plain(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_HEAD = """\
# Settings of mttrlab for this folder. Correct them by hand; nothing needs to be exported or loaded again.
"""
_TAIL = """\
# Records of different sources are one incident when they name the same service and begin within so many minutes of
# each other, and only one pairing is possible. Others are listed and left apart. A key table (CSV, one column of ids
# per source, such as `pagerduty,statuspage`) always wins.
join:
  within_minutes: 30
  keys: null
# Whose identity (id, service, severity, title) a joined incident has, best first.
precedence: [canonical, servicenow, pagerduty, statuspage]

slo: 0.999               # share of time that must be good
price_of_a_minute: null  # what a minute of an incident costs
currency: EUR
working_hours:
  timezone: UTC
  days: [mon, tue, wed, thu, fri]
  start: "09:00"
  end: "18:00"
# The clock that leads the review: recovery, started_to_resolved, detected_to_verified or detected_to_resolved.
lead_clock: null         # null: the widest that most incidents carry
"""

# What exports look like before anyone has said how to read them: services, severities, words in titles.


_SUFFIX = re.compile(r"[\s_\-./]+(service|services|svc|api|app|prod|production)$")
_SEPARATOR = re.compile(r"[\s_\-./]+")
_APART = (
    (r"\bdrill\b", "drill"),
    (r"\bgame ?day\b", "drill"),
    (r"\bexercise\b", "drill"),
    (r"\btest(ing)?\b", "test"),
    (r"\b(planned|scheduled) (maintenance|work)\b", "maintenance"),
    (r"\bmaintenance\b", "maintenance"),
)
_COMMON = """\
about after again alert alerts availability been being could data degraded delays does down elevated error errors
experiencing failed failing failure failures from have high impact impacted incident incidents investigating
issue issues latency loading more multiple news none not notice ongoing outage partial performance problem
problems production rate rates reduced report reported requests responding service services several slow some
system systems that their there this unavailable users when with
"""


@dataclass(frozen=True)
class ExportSummary:
    """What one export holds at first sight."""

    name: str
    format: str
    zoneless: bool
    """Its times carry no zone, so it cannot be loaded yet."""
    reports: pd.DataFrame | None
    """None: it cannot be read at all."""
    refused: str

    @property
    def incidents(self) -> int:
        """Incidents in the file."""
        return 0 if self.reports is None else len(self.reports)

    @property
    def services(self) -> Counter[str]:
        """Every service that a record names, with the number of records."""
        if self.reports is None:
            return Counter()
        listed = [name for text in self.reports["services"].dropna() for name in json.loads(text)]
        single = list(self.reports["service"].dropna())
        return Counter(str(name).strip() for name in (listed or single) if str(name).strip())


def inspect_export(path: Path) -> ExportSummary:
    """Return what the export holds; a missing zone is UTC for the look alone."""
    named = recognise(path) or "unknown"
    try:
        return ExportSummary(path.name, named, False, extract(path).reports, "")
    except LoadError as refusal:
        if "timezone=" not in str(refusal):
            return ExportSummary(path.name, named, False, None, str(refusal))
    try:
        return ExportSummary(path.name, named, True, extract(path, timezone="UTC").reports, "")
    except LoadError as refusal:
        return ExportSummary(path.name, named, True, None, str(refusal))


def similar_services(looks: list[ExportSummary]) -> list[tuple[str, list[str]]]:
    """Return services that differ only in case, separators, number or suffix: the commonest name and the others."""
    counts: Counter[str] = Counter()
    for seen in looks:
        counts.update(seen.services)
    groups: dict[str, list[str]] = {}
    for name in sorted(counts):
        if plain(name) == name:
            groups.setdefault(_core(name), []).append(name)
    found = []
    for names in groups.values():
        if len({name.lower() for name in names}) > 1:
            first = min(names, key=lambda name: (-counts[name], len(name), name))
            others = {name.lower(): name for name in names if name.lower() != first.lower()}
            found.append((first, [others[key] for key in sorted(others)]))
    return sorted(found)


def _core(name: str) -> str:
    bare = _SEPARATOR.sub("", _SUFFIX.sub("", name.strip().lower()))
    return bare.removesuffix("s") if len(bare) > 4 and not bare.endswith("ss") else bare


def severities(looks: list[ExportSummary]) -> list[tuple[str, int]]:
    """Return the severity words, commonest first."""
    return _commonest(looks, "severity")


def priorities(looks: list[ExportSummary]) -> list[tuple[str, int]]:
    """Return the priority words, commonest first."""
    return _commonest(looks, "priority")


def _commonest(looks: list[ExportSummary], column: str) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for seen in looks:
        if seen.reports is not None:
            counts.update(str(word) for word in seen.reports[column].dropna())
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]


def _ranked(seen: ExportSummary) -> pd.DataFrame:
    """Return the records that are no bare pages: those of a pager that people gave a priority, and all others."""
    if seen.reports is None:
        return empty(REPORT_COLUMNS)
    return seen.reports[seen.reports["priority"].notna()] if seen.format == "pagerduty" else seen.reports


class TitleWords(NamedTuple):
    """What titles suggest."""

    apart: list[tuple[str, str, int]]
    """Pattern, population, titles that match."""
    frequent: list[tuple[str, int]]
    """Word, titles that hold it."""


def title_words(looks: list[ExportSummary]) -> TitleWords:
    """Return patterns of titles that may tell of no incident, and words that may name a type, bare pages aside."""
    titles = [str(title).lower() for seen in looks for title in _ranked(seen)["title"].dropna()]
    apart = [(p, population, sum(bool(re.search(p, title)) for title in titles)) for p, population in _APART]
    common = set(_COMMON.split())
    named = {part for seen in looks for name in seen.services for part in _SEPARATOR.split(name.lower())}
    counts = Counter(word for title in titles for word in set(re.findall(r"[a-z]{4,}", title)))
    frequent = [(word, n) for word, n in counts.items() if n >= 3 and word not in common and word not in named]
    return TitleWords(
        [found for found in apart if found[2]], sorted(frequent, key=lambda item: (-item[1], item[0]))[:12]
    )
