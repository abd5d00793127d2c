"""What exports look like before anyone has said how to read them: services, severities, words in titles."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.lab.plain import plain
from mttrlab.schema import REPORT_COLUMNS, empty
from mttrlab.sources.exports import extract, recognise

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
class FileLook:
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


def look(path: Path) -> FileLook:
    """Return what the export holds; a missing zone is UTC for the look alone."""
    named = recognise(path) or "unknown"
    try:
        return FileLook(path.name, named, False, extract(path).reports, "")
    except LoadError as refusal:
        if "timezone=" not in str(refusal):
            return FileLook(path.name, named, False, None, str(refusal))
    try:
        return FileLook(path.name, named, True, extract(path, timezone="UTC").reports, "")
    except LoadError as refusal:
        return FileLook(path.name, named, True, None, str(refusal))


def alike(looks: list[FileLook]) -> list[tuple[str, list[str]]]:
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


def severities(looks: list[FileLook]) -> list[tuple[str, int]]:
    """Return the severity words, commonest first."""
    return _commonest(looks, "severity")


def priorities(looks: list[FileLook]) -> list[tuple[str, int]]:
    """Return the priority words, commonest first."""
    return _commonest(looks, "priority")


def _commonest(looks: list[FileLook], column: str) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter()
    for seen in looks:
        if seen.reports is not None:
            counts.update(str(word) for word in seen.reports[column].dropna())
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:20]


def _ranked(seen: FileLook) -> pd.DataFrame:
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


def title_words(looks: list[FileLook]) -> TitleWords:
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
