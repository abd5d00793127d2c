"""One definition in SQL, asked inside a lab or over a frame."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, Protocol, TypeAlias, runtime_checkable

import duckdb
import numpy as np
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import CLOCKS, INCIDENT_COLUMNS, PHASES, STAMPS, Event

MEASURES = PHASES + CLOCKS
_AHEAD = {
    "fix_ahead": ("started_to_resolved", "detected_to_resolved"),
    "check_ahead": ("recovery", "detected_to_verified"),
}
EVERYTHING = "everything"
"""The group of all incidents, where nobody asked for groups."""


@runtime_checkable
class LabLike(Protocol):
    """Whatever answers SQL over a table `incidents`."""

    def sql(self, query: str, **parameters: object) -> pd.DataFrame:
        """Return the rows of a query."""


Source: TypeAlias = "pd.DataFrame | LabLike"


def with_team_words(table: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Return a table that carries on what its source knows and pandas forgets when it joins tables.

    The team's own measures, its events, its lead clock, and how long the longest ended incident of the lab took.
    """
    table.attrs |= {"measures": own_measures(source), "events": events_of(source), "lead_clock": lead_setting(source)}
    if isinstance(source, pd.DataFrame) and "longest_ended" in source.attrs:
        table.attrs["longest_ended"] = source.attrs["longest_ended"]
    return table


def lead_setting(source: Source) -> str | None:
    """Return the clock that the team's settings let lead; None where they say none."""
    if isinstance(source, pd.DataFrame):
        return source.attrs.get("lead_clock")
    return getattr(getattr(source, "settings", None), "lead_clock", None)


def own_measures(source: Source) -> Mapping[str, tuple[str, str]]:
    """Return the team's own measures, by name: of a lab, or as a frame from a lab carries them."""
    if isinstance(source, pd.DataFrame):
        return dict(source.attrs.get("measures", {}))
    measures = getattr(source, "measures", None)
    return dict(measures()) if callable(measures) else {}


def events_of(source: Source) -> tuple[Event, ...]:
    """Return what the team says it did and when: of a lab's settings, or as a frame from a lab carries them."""
    if isinstance(source, pd.DataFrame):
        return tuple(source.attrs.get("events", ()))
    events = getattr(source, "events", None)
    return tuple(events()) if callable(events) else ()


def is_lab(source: object, wanted: str) -> bool:
    """Return whether `source` answers SQL; a frame does not.

    Raises
    ------
    SchemaError
        When it is neither; the sentence says which table was `wanted`.
    """
    if isinstance(source, pd.DataFrame):
        return False
    if isinstance(source, LabLike):
        return True
    raise SchemaError(f"expected {wanted} as a DataFrame, or a Lab; got {type(source).__name__}")


def over(question: str, steps: Sequence[tuple[str, str]]) -> str:
    """Return the text of a SQL file over tables that other files answer.

    Parameters
    ----------
    question : str
        SQL file, without `.sql`.
    steps : sequence of (table, file)
        Each table that the next one reads, first one first.
    """
    if not steps:
        return sql.text(question)
    tables = ",\n".join(f"{table} AS (\n{sql.text(file)}\n)" for table, file in steps)
    return f"WITH {tables}\nSELECT * FROM (\n{sql.text(question)}\n)"


@dataclass(frozen=True)
class Query:
    """An open way to ask SQL files about incidents or phases."""

    lab: LabLike
    steps: tuple[tuple[str, str], ...]
    """The tables that must be derived before a question about `phases` can be asked."""

    def ask(self, question: str, *steps: tuple[str, str], **parameters: object) -> pd.DataFrame:
        """Return what the file `question` answers, over `phases` and the further steps."""
        return self.lab.sql(over(question, (*self.steps, *steps)), **parameters)


class _FrameSource:
    """A frame that answers SQL, as a lab does."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def sql(self, query: str, **parameters: object) -> pd.DataFrame:
        return sql.frame(self._connection, query, **parameters)


@contextmanager
def open_query(source: Source, table: str, *steps: tuple[str, str]) -> Iterator[Query]:
    """Open a query of a lab as it is, or of a frame registered as `table`.

    Parameters
    ----------
    source : DataFrame or Lab
    table : str
        Name of the frame in the SQL files.
    *steps : (table, file)
        What must be derived from that table first.
    """
    if not isinstance(source, pd.DataFrame):
        yield Query(source, steps)
        return
    with sql.aside() as connection:
        connection.register(table, source)
        yield Query(_FrameSource(connection), steps)


FROM_INCIDENTS = ("phases", "analysis/phases")
"""The step from a table of incidents to a table of phases."""


def group_columns(by: str | Sequence[str] | None) -> list[str]:
    """Return `by` as a list of names.

    Raises
    ------
    QuestionError
        When a name is repeated or is a measure.
    """
    if by is None:
        return []
    names = [by] if isinstance(by, str) or not isinstance(by, Sequence) else list(by)
    if not names:
        return []
    wrong = [name for name in names if not isinstance(name, str) or name in MEASURES]
    if wrong or len(set(names)) < len(names):
        raise QuestionError(
            f"by= takes different names of descriptive columns, such as 'service' or 'month'; got {by!r}"
        )
    return names


def _phase_columns(phases: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    if not any(measure in phases for measure in MEASURES):
        raise SchemaError("the table has no phase and no clock; pass what phase_durations(incidents) returns")
    columns: dict[str, pd.Series] = {}
    for name in by:
        if name in phases:
            columns[name] = phases[name]
        elif name == "month":
            columns[name] = month_starts(onset(phases))
        elif name == EVERYTHING:
            columns[name] = pd.Series("all", index=phases.index)
        else:
            raise QuestionError(f"by= names {name!r}, which is no column of this table")
    for measure in MEASURES:
        columns[measure] = _minutes(phases, measure)
        flag = f"{measure}_observed"
        observed = phases[flag] if flag in phases else pd.Series(pd.NA, index=phases.index)
        columns[flag] = _flags(observed, flag)
        columns[f"ended_us_{measure}"] = _ended(columns[measure], columns[flag])
    columns["exported_at"] = phases["exported_at"] if "exported_at" in phases else _timeless(phases)
    for flag, clocks in _AHEAD.items():
        open_now = [columns[f"{measure}_observed"].eq(False).fillna(False) for measure in clocks]
        columns[flag] = (open_now[0] | open_now[1]).astype(bool)
    return pd.DataFrame(columns, index=phases.index)


def _flags(observed: pd.Series, flag: str) -> pd.Series:
    try:
        return observed.astype("boolean")
    except (TypeError, ValueError):
        raise SchemaError(f"{flag} must hold True (ended), False (still running) or nothing") from None


def _minutes(phases: pd.DataFrame, measure: str) -> pd.Series:
    if measure not in phases:
        return pd.Series(np.nan, index=phases.index, dtype="float64")
    try:
        minutes = phases[measure].astype("float64")
    except (TypeError, ValueError):
        raise SchemaError(f"{measure} must hold minutes as numbers; convert it first") from None
    too_long = minutes.abs() > 1e9
    if too_long.any():
        row = int(too_long.to_numpy().argmax())
        raise SchemaError(f"{measure} in row {row} is {minutes.iloc[row]:g} minutes; correct it or leave it empty")
    return minutes


def _ended(minutes: pd.Series, observed: pd.Series) -> pd.Series:
    """Return whole microseconds of the spans that have ended; empty where one is unknown or still runs."""
    ended = observed.fillna(True).astype(bool) & minutes.notna()
    whole = (minutes.where(ended, 0.0) * 6e7).round().astype("int64").astype("Int64")
    return whole.where(ended)


# What an estimate rests on, said by the table itself: which clock, and stamps of which verdicts.


VERDICTS_USED = "recorded at both ends; pending: open so far"
"""The one rule of the house: what has ended lies between recorded stamps, what is open is a lower bound."""

P = ParamSpec("P")


def records_basis(estimate: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """Let the tables of an estimator say which clock and which verdicts they rest on.

    Parameters
    ----------
    estimate : callable
        A function that returns a table; its parameter `measure`, where it has one, is the clock.

    Returns
    -------
    callable
        The same function; `attrs["verdicts"]` of its table is `VERDICTS_USED`, and `attrs["measure"]` is the clock,
        "row by row" where a column says it, or "phases" where each phase has its own.

    Examples
    --------
    >>> @records_basis
    ... def longest(minutes, measure="recovery"):
    ...     return pd.DataFrame({"minutes": [max(minutes)]})
    >>> longest([3, 5]).attrs
    {'measure': 'recovery', 'verdicts': 'recorded at both ends; pending: open so far'}
    """
    signature = inspect.signature(estimate)

    @wraps(estimate)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = estimate(*args, **kwargs)
        arguments = signature.bind(*args, **kwargs)
        arguments.apply_defaults()
        measure = arguments.arguments.get("measure")
        table.attrs["measure"] = str(measure) if measure else "row by row" if "measure" in table else "phases"
        table.attrs["verdicts"] = VERDICTS_USED
        return table

    return wrapper


AS_GIVEN = "as given"
"""The clock and the verdicts of a bare list of minutes: whoever made the list knows them."""


def records_basis_of_list(estimate: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """Let the tables of an estimator of a list of minutes say what that list says of itself.

    Parameters
    ----------
    estimate : callable
        A function whose first argument is minutes, and that returns a table.

    Returns
    -------
    callable
        The same function. A column of `phase_durations` carries its clock (its name) and its verdicts, incidents carry
        the verdicts and the clock is the argument `measure`; of any other list both are `AS_GIVEN`.

    Examples
    --------
    >>> @records_basis_of_list
    ... def longest(minutes):
    ...     return pd.DataFrame({"minutes": [max(minutes)]})
    >>> longest(pd.Series([3, 5], name="recovery")).attrs["measure"], longest([3, 5]).attrs["measure"]
    ('recovery', 'as given')
    """

    @wraps(estimate)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = estimate(*args, **kwargs)
        minutes = args[0] if args else next(iter(kwargs.values()), None)
        if isinstance(minutes, (pd.DataFrame, LabLike)):
            table.attrs |= {"measure": str(kwargs.get("measure", "recovery")), "verdicts": VERDICTS_USED}
            return table
        name, carried = getattr(minutes, "name", None), getattr(minutes, "attrs", {})
        table.attrs["measure"] = name if isinstance(name, str) and name in (*CLOCKS, *PHASES) else AS_GIVEN
        table.attrs["verdicts"] = carried.get("verdicts", AS_GIVEN)
        return table

    return wrapper


def onset(incidents: pd.DataFrame) -> pd.Series:
    """Return the first usable milestone of each incident: the time that says to which period it belongs.

    Stamps whose verdict forbids their use do not count. A table of phases says no verdicts, but the month of the first
    usable one: what lies before it was not usable.
    """
    known = {stamp: incidents[stamp] for stamp in STAMPS if stamp in incidents}
    for stamp, times in known.items():
        if f"{stamp}_verdict" in incidents:
            known[stamp] = times.where(incidents[f"{stamp}_verdict"].eq("recorded").fillna(False))
        elif "month" in incidents and times.notna().any():
            known[stamp] = times.where(times >= incidents["month"])
    return pd.DataFrame(known).min(axis=1) if known else _timeless(incidents)


def month_starts(times: pd.Series) -> pd.Series:
    """Return the first day of the month (UTC) of each time."""
    naive = times.dt.tz_convert(None)
    first: pd.Series = naive.dt.normalize() - pd.to_timedelta(naive.dt.day - 1, unit="D")
    zoned: pd.Series = first.dt.tz_localize("UTC")
    return zoned


def _timeless(rows: pd.DataFrame) -> pd.Series:
    return pd.Series(pd.NaT, index=rows.index, dtype="datetime64[us, UTC]")


@contextmanager
def open_phases(source: Source, by: Sequence[str]) -> Iterator[Query]:
    """Open a query of a table of phases, or of the lab that can derive one.

    Raises
    ------
    SchemaError
        When a frame is no table of phases, or its minutes are absurd.
    QuestionError
        When a group column is not there.
    """
    if is_lab(source, "the table of phase_durations()"):
        known = {column.name for column in INCIDENT_COLUMNS} | {"month", EVERYTHING}
        unknown = [name for name in by if name not in known]
        if unknown:
            raise QuestionError(f"by= must name columns of incidents, or 'month'; got {', '.join(unknown)}")
        with open_query(source, "incidents", FROM_INCIDENTS) as query:
            yield query
        return
    assert isinstance(source, pd.DataFrame)
    with open_query(_phase_columns(source, by), "phases") as query:
        yield query
