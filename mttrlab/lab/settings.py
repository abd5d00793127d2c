"""What a team says about its own data: `mttrlab.yml`, frozen, checked whole."""

from __future__ import annotations

import csv
import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import duckdb
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from mttrlab import sql
from mttrlab.errors import LoadError, QuestionError, SettingsError
from mttrlab.refusals import sentence
from mttrlab.schema import INCIDENT_COLUMNS, MEASURE_ENDS, STAMPS, measure_ends
from mttrlab.sources.exports.columns import our_name
from mttrlab.text import plain
from mttrlab.yaml_io import documents

FILE_NAME = "mttrlab.yml"
_COLUMN_NAMES = {column.name for column in INCIDENT_COLUMNS}


def _zone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        raise ValueError(f"{plain(name, 60)!r} is no time zone; write one such as Europe/Lisbon or UTC") from None
    return name


def _pattern(text: str) -> str:
    reason = _regex_error(text)
    if reason:
        raise ValueError(f"{plain(text, 60)!r} is no regular expression ({reason})")
    return text


def _regex_error(pattern: str) -> str | None:
    # RE2 itself judges: it is what the lab will run.
    with sql.aside() as connection:
        try:
            connection.execute("SELECT regexp_matches('', $1, 'i')", [pattern])
        except duckdb.Error as error:
            return plain(str(error).splitlines()[0].partition("Error: ")[2], 100)
    return None


Zone = Annotated[str, AfterValidator(_zone)]
Pattern = Annotated[str, Field(min_length=1, max_length=1000), AfterValidator(_pattern)]
Word = Annotated[str, Field(min_length=1)]
TimeOfDay = Annotated[str, Field(pattern=r"^([01]\d|2[0-4]):[0-5]\d$")]


def _column(name: str) -> str:
    try:
        return our_name(name, "columns")
    except LoadError as refusal:
        raise ValueError(str(refusal)) from None


ColumnName = Annotated[str, AfterValidator(_column)]


def _day(text: str) -> str:
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        raise ValueError(f"{plain(text, 40)!r} is no day; write one such as 2026-01-15") from None
    return text


def _pair(stamps: tuple[str, str]) -> tuple[str, str]:
    wrong = [stamp for stamp in stamps if stamp not in STAMPS]
    if wrong:
        raise ValueError(f"{plain(wrong[0], 40)!r} is no milestone; write two of {', '.join(STAMPS)}")
    if STAMPS.index(stamps[0]) >= STAMPS.index(stamps[1]):
        raise ValueError(f"{stamps[1]} comes before {stamps[0]}; write the earlier one first")
    return stamps


MeasureName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
StampPair = Annotated[tuple[str, str], AfterValidator(_pair)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class FileSettings(_Model):
    """How to read the files that a name pattern covers."""

    format: (
        Literal["canonical", "statuspage", "pagerduty", "servicenow", "annotations", "practices", "telemetry"] | None
    ) = None
    """None: recognised by content."""
    timezone: Zone | None = None
    """Zone of stamps that carry none."""
    source: Word | None = None
    """Name of the source in every table; None: the format's own."""
    columns: dict[Word, ColumnName] | None = None
    """For a table of the team's own: the file's name of a column, and ours."""


class Excluded(_Model):
    """Titles that tell of no incident."""

    pattern: Pattern
    """Regular expression, upper and lower case alike."""
    population: Literal["drill", "test", "maintenance", "cancelled"] = "test"
    """Where such records are kept and counted."""


class Population(_Model):
    """Which pages count as incidents. Records of other tools always do, unless their source or a title says not."""

    count: Literal["priority_or_public", "priority", "all"] = "priority_or_public"
    """A page counts if it has a priority or joins a public record; has a priority; always."""
    priorities: tuple[Word, ...] | None = None
    """Priorities that make a page count; None: any."""
    include_titles: tuple[Pattern, ...] = ()
    """Pages with such titles count."""
    exclude_titles: tuple[Excluded, ...] = ()
    """Records of any source with such titles are kept apart; the first match wins."""


class TypePattern(_Model):
    """A title pattern and the incident type it tells of."""

    pattern: Pattern
    type: Word


class Join(_Model):
    """When records of different sources are one incident."""

    within_minutes: Annotated[float, Field(ge=0, le=1440, allow_inf_nan=False)] = 30.0
    """Minutes between their first known stamps, on the same service."""
    keys: Path | None = None
    """A CSV with one column of ids per source; each line is one incident. It always wins."""


class EventSettings(_Model):
    """Something the team did: where `mttrlab changes` finds a change near it, it says so."""

    date: Annotated[str, AfterValidator(_day)]
    """A day such as 2026-01-15, UTC."""
    name: Word
    """In a few words, such as runbooks."""
    moves: Word | None = None
    """The measure that it was to move, such as diagnose; None: not said."""


class WorkingHours(_Model):
    """When people are at work."""

    timezone: Zone = "UTC"
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ("mon", "tue", "wed", "thu", "fri")
    start: TimeOfDay = "09:00"
    end: TimeOfDay = "18:00"


class Settings(_Model):
    """Everything that `mttrlab.yml` may say."""

    sources: dict[str, FileSettings] = {}
    """By file name pattern; the first that matches."""
    population: Population = Population()
    services: dict[str, tuple[Word, ...]] = {}
    """The team's name of a service, and the names that tools use for it."""
    severity: dict[str, Word] = {}
    """A source's word, and the team's."""
    incident_types: tuple[TypePattern, ...] = ()
    """The first pattern that matches names the type, where the source gives none."""
    join: Join = Join()
    precedence: tuple[Word, ...] = ("canonical", "servicenow", "pagerduty", "statuspage")
    """Sources, or formats, best first: whose identity a joined incident has."""
    slo: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.999
    """Share of time that must be good."""
    price_of_a_minute: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    """What a minute of an incident costs, in `currency`."""
    currency: Word = "EUR"
    working_hours: WorkingHours = WorkingHours()
    practices: Word | None = None
    """Folder of the files that say what the team runs, from the folder of the exports; None: its `practices/`."""
    telemetry: Word | None = None
    """Folder of the files that say what the systems said, from the folder of the exports; None: its `telemetry/`."""
    measures: dict[MeasureName, StampPair] = {}
    """The team's own measures, each by its two milestones: `time_to_engage: [detected_at, acknowledged_at]`."""
    events: tuple[EventSettings, ...] = ()
    """What the team did and when."""
    lead_clock: Literal["recovery", "started_to_resolved", "detected_to_verified", "detected_to_resolved"] | None = None
    """The clock that leads the review; None: the widest that the data carry."""

    @model_validator(mode="after")
    def _one_name_per_alias(self) -> Settings:
        seen: dict[str, str] = {}
        for service, aliases in self.services.items():
            for alias in (service, *aliases):
                owner = seen.setdefault(alias.strip().lower(), service)
                if owner != service:
                    raise ValueError(f"services: {plain(alias, 60)!r} is named under both {owner!r} and {service!r}")
        return self

    @model_validator(mode="after")
    def _own_measures(self) -> Settings:
        taken = [name for name in self.measures if name in MEASURE_ENDS or name in _COLUMN_NAMES]
        if taken:
            raise ValueError(f"measures: {taken[0]!r} has a meaning already; choose another name")
        for event in self.events:
            if event.moves is not None:
                try:
                    measure_ends(event.moves, self.measures)
                except QuestionError as refusal:
                    raise ValueError(f"events: {plain(event.name, 60)}: {refusal}") from None
        return self

    @classmethod
    def default(cls) -> Settings:
        """Return what holds for a team that has said nothing."""
        return cls()

    @classmethod
    def read(cls, path: str | Path) -> Settings:
        """Return what the file says; what it leaves out has its default.

        Parameters
        ----------
        path : str or Path
            A `mttrlab.yml`. `join.keys` in it is relative to its folder.

        Raises
        ------
        SettingsError
            One text with every error, each with its place in the file.
        """
        path = Path(path)
        said = {name: value for name, value in read_yaml(path).items() if value is not None}
        settings = cls.checked(said, path.name)
        if settings.join.keys is not None and not settings.join.keys.is_absolute():
            keys = path.parent / settings.join.keys
            settings = settings.model_copy(update={"join": settings.join.model_copy(update={"keys": keys})})
        read_keys(settings)
        return settings

    @classmethod
    def checked(cls, said: Mapping[str, object], where: str = "settings") -> Settings:
        """Return settings from a mapping, or refuse with every error at once.

        Raises
        ------
        SettingsError
        """
        try:
            return cls.model_validate(said)
        except ValidationError as error:
            raise SettingsError("; ".join(_sentences(error, where))) from None


def _sentences(error: ValidationError, where: str) -> Iterator[str]:
    for problem in error.errors(include_url=False):
        place = plain(".".join(str(part) for part in problem["loc"]) or "the file", 120)
        unknown = f"{place} is no setting; correct the name or remove it"
        yield f"{where}: {unknown if problem['type'] == 'extra_forbidden' else sentence(problem, place)}"


def read_keys(settings: Settings) -> list[tuple[int, str, str]]:
    """Return the key table as (line, source, id), one per cell that is filled.

    Raises
    ------
    SettingsError
        When the file is absent, has no header of at least two sources, or a line of another length.
    """
    path = settings.join.keys
    if path is None:
        return []
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            lines = list(csv.reader(opened, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"join.keys: {path} cannot be read as CSV ({plain(error, 100)})") from None
    if not lines or len(lines[0]) < 2 or len({name.strip() for name in lines[0]}) < len(lines[0]):
        raise SettingsError(f"join.keys: {path} line 1 must name at least two different sources, such as pagerduty")
    header = [name.strip() for name in lines[0]]
    cells = []
    for number, line in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(header):
            raise SettingsError(f"join.keys: {path} line {number} has {len(line)} cells, its header {len(header)}")
        cells += [(number, name, cell.strip()) for name, cell in zip(header, line, strict=True) if cell.strip()]
    return cells


_LIMIT = 1_000_000
"""Bytes; a settings file of a person is far below."""


def read_yaml(path: Path) -> dict[str, object]:
    """Return the mapping that a settings file holds; scalars are text or None.

    `on`, `no`, `18:00` and `0123` stay what was typed: the settings say what each is.

    Raises
    ------
    SettingsError
        For a file that is absent, too long, no YAML, no mapping, or that repeats a key or uses an alias.
    """
    try:
        if path.stat().st_size > _LIMIT:
            raise SettingsError(f"{path}: longer than {_LIMIT:,} bytes; this is no settings file")
        found = documents(path.read_text(encoding="utf-8-sig"), str(path), typed=False, aliases=False)
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror}); give the path of a mttrlab.yml") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{path}: is not UTF-8 text; save it as UTF-8") from None
    except LoadError as refusal:
        raise SettingsError(f"{refusal}; correct the YAML there") from None
    if not found:
        return {}
    if len(found) > 1 or not isinstance(found[0].value, dict):
        raise SettingsError(f"{path}: must hold settings as `name: value` lines")
    return found[0].value
