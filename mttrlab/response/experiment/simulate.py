"""Incidents that the model would make."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, overload

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.errors import ModelError
from mttrlab.refusals import shown
from mttrlab.response.engines.transition import MICROSECONDS, STAMPED
from mttrlab.response.experiment import memory_limits, sinks
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment.parallel import Finished, each
from mttrlab.response.experiment.runs import Outcomes
from mttrlab.response.experiment.utilization import refuse_unstable_queue
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.workflow import Impact, Recording
from mttrlab.response.sampling import arrivals
from mttrlab.response.sampling.common_random_numbers import RandomNumbers
from mttrlab.response.sampling.overrides import flat_face
from mttrlab.response.scenarios.scenario import Scenario
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS, conform

if TYPE_CHECKING:
    import os

    from mttrlab.lab.lab import Lab
    from mttrlab.response.calibration.history import History
    from mttrlab.response.experiment.sinks import LargeRun
    from mttrlab.response.model.incident_types import IncidentProfile, IncidentType


@overload
def simulate(
    model: ResponseModel,
    *,
    days: float = ...,
    replications: int = ...,
    seed: int = ...,
    engine: str = ...,
    n_jobs: int = ...,
    scenario: Scenario | None = ...,
    start: str | pd.Timestamp | None = ...,
    recording: Recording | None = ...,
) -> pd.DataFrame: ...


@overload
def simulate(
    model: ResponseModel,
    *,
    to: str | os.PathLike[str] | Lab,
    days: float = ...,
    replications: int = ...,
    seed: int = ...,
    engine: str = ...,
    n_jobs: int = ...,
    scenario: Scenario | None = ...,
    start: str | pd.Timestamp | None = ...,
    recording: Recording | None = ...,
    progress: bool = ...,
) -> LargeRun: ...


def simulate(
    model: ResponseModel,
    *,
    days: float = 365,
    replications: int = 1,
    seed: int = 0,
    engine: str = "auto",
    n_jobs: int = 1,
    scenario: Scenario | None = None,
    start: str | pd.Timestamp | None = None,
    recording: Recording | None = None,
    to: str | os.PathLike[str] | Lab | None = None,
    progress: bool = False,
) -> pd.DataFrame | LargeRun:
    """Return simulated incidents in the same table as real ones, plus `replication`.

    Parameters
    ----------
    model : ResponseModel
    days : float, default 365
        Horizon. Incidents that arrive in it are in the table; what would happen after it is pending.
    replications : int, default 1
        Horizons, each with random numbers of its own; replication 3 is the same whatever the number.
    seed : int, default 0
    engine : str, default "auto"
        "simpy", "compiled" (needs numba), or "auto": compiled where it can run. The incidents are the same; which
        engine ran is in `attrs["engine"]`.
    n_jobs : int, default 1
        Workers; the incidents are the same for any number. A cluster is one line around the call:
        `joblib.parallel_config(backend="dask")` beside a Dask client, or `backend="ray"` after
        `ray.util.joblib.register_ray()`.
    scenario : Scenario, optional
        Levers to move. One that this model cannot move is refused.
    start : str or Timestamp, optional
        When the horizon begins (UTC where no zone is said); default `model.start`.
    recording : Recording, optional
        Return what an export would have shown instead of what happened.
    to : Lab or path, optional
        Where a large run goes without a frame: a lab (`lab.simulated()` answers for it) or a new `.parquet` file.
        What is finished is kept: after Ctrl-C or a crash the same call goes on from there, and ends with the same rows.
    progress : bool, default False
        Show a bar (with `to`).

    Returns
    -------
    DataFrame
        `INCIDENT_COLUMNS` and `replication` (counted from 0); origin and source `simulated`. With `to`: a `LargeRun`,
        whose text says how many incidents are there and what is missing.

    Raises
    ------
    ModelError
        When the model or the scenario cannot be run as described, or memory or disk will not hold what is asked for.
    StoreError, QuestionError
        When `to` cannot be written.
    """
    validation.a("model", ResponseModel, model)
    validation.whole("replications", replications, 1, 10_000_000)
    days = validation.finite("days", days, open_low=True, high=1_000_000.0)
    validation.whole("seed", seed, 0, 2**63)
    validation.flag("progress", progress)
    if recording is not None:
        validation.a("recording", Recording, recording)
    begin = utc(model.start if start is None else start)
    changed = model
    if scenario is not None:
        validation.a("scenario", Scenario, scenario)
        scenario.require_effect(model)
        changed = scenario.apply(model)
    runs_on = model_runs.engine_name(engine, changed)
    refuse_unstable_queue(changed, days)
    work = partial(_span, model, changed, days, seed, begin, runs_on, recording)
    layers = arrivals.extra_layers(model, changed)
    if to is None:
        memory_limits.refuse_table(model, days, replications, n_jobs=n_jobs, engine=runs_on, layers=layers)
    else:
        sink = sinks.sink_of(to)
        memory_limits.refuse_large_run(
            model, days, replications, n_jobs=n_jobs, engine=runs_on, layers=layers, free=sink.free_bytes()
        )
        changes = repr(scenario) if scenario else "as it is"
        return sinks.run_into(
            sink,
            partial(_table, work),
            model,
            key=sinks.run_key(model, changed, days, seed, begin, recording),
            description=f"{days:g} days, seed {seed}, from {begin:%Y-%m-%d}, {changes}",
            days=days,
            replications=replications,
            n_jobs=n_jobs,
            engine=runs_on,
            seed=seed,
            progress=progress,
        )
    pieces = model_runs.replication_spans(model, days, replications, n_jobs)
    made = each(work, pieces, n_jobs=n_jobs, threads=runs_on == "compiled", split=model_runs.one_by_one)
    if not made.results:
        raise ModelError("nothing was finished before it was stopped")
    table_of_all = to_frame(concatenated(made.results))
    table_of_all.attrs["engine"] = runs_on
    table_of_all.attrs["engine_why"] = model_runs.engine_why(engine, runs_on, changed)
    if made.interrupted or made.lost:
        table_of_all.attrs["unfinished"] = unfinished(made, replications)
    return table_of_all


def unfinished(made: Finished, replications: int, done: int | None = None) -> str:
    """Return what is missing, in a sentence; `done` where earlier runs count as well."""
    if done is None:
        done = sum(high - low for low, high in made.done)
    why = "it was stopped" if made.interrupted else "a process died"
    return f"{done} of {replications} replications: {why}"


def utc(moment: str | pd.Timestamp) -> pd.Timestamp:
    """Return a moment in UTC microseconds."""
    stamp = pd.to_datetime(moment, errors="coerce") if isinstance(moment, (str, date, np.datetime64)) else None
    if not isinstance(stamp, pd.Timestamp):
        raise ModelError(f"start must be a date such as 2026-01-01; got {shown(moment)}")
    return (stamp.tz_localize("UTC") if stamp.tz is None else stamp.tz_convert("UTC")).as_unit("us")


def hours_since_monday(begin: pd.Timestamp) -> float:
    """Return where in the week a moment lies."""
    return begin.weekday() * 24 + begin.hour + begin.minute / 60


def _span(
    model: ResponseModel,
    changed: ResponseModel,
    days: float,
    seed: int,
    begin: pd.Timestamp,
    engine: str,
    recording: Recording | None,
    span: model_runs.Span,
) -> ObservedIncidents:
    numbers = model_runs.numbers_between(
        model,
        span,
        days=days,
        seed=seed,
        weekday=hours_since_monday(begin),
        layers=arrivals.extra_layers(model, changed),
    )
    made = model_runs.run_model(changed, numbers, engine)
    return observed_incidents(changed, made, begin, recording)


def _table(work: Callable[[model_runs.Span], ObservedIncidents], span: model_runs.Span) -> pd.DataFrame:
    return to_frame(work(span))


# Simulated incidents are incidents: outcomes become the same table that exports become. Words are made last, of all
# incidents together: Python makes them one at a time, whatever the number of threads.


SOURCE = "simulated"


class Categorical(NamedTuple):
    """A column of texts, each one of a few."""

    words: tuple[str | None, ...]
    which: Ints
    """Place of each incident's among them."""


@dataclass(frozen=True)
class ObservedIncidents:
    """Simulated incidents as an export would show them, in numbers alone: many are quickly put together."""

    replication: Ints
    key: Ints
    """Number of each within its replication."""
    columns: dict[str, np.ndarray | Categorical]
    """Columns of the table by name; times are UTC, in microseconds."""
    changed: np.ndarray
    """Which of them a change caused."""

    def __len__(self) -> int:
        return len(self.key)


def observed_incidents(
    model: ResponseModel, outcomes: Outcomes, start: pd.Timestamp, recording: Recording | None = None
) -> ObservedIncidents:
    """Return the outcomes as they are seen at the end of the horizon.

    Parameters
    ----------
    model : ResponseModel
    outcomes : Outcomes
    start : Timestamp
        When the horizon begins, UTC.
    recording : Recording, optional
        What an export would have shown of them.

    Notes
    -----
    What would happen after the horizon is `pending`; a stamp that the model's export does not show is `missing`; a
    diagnosis that automation made needless is `not_applicable`. Prevented incidents are not among them.
    """
    records = outcomes.records
    happens = records.happens == 1
    if recording is not None:
        happens &= _recorded(recording, outcomes)
    grain = round(recording.grain * MICROSECONDS) if recording is not None else 0
    there = np.flatnonzero(happens)
    automated = outcomes.column("automated")[there] == 1
    columns: dict[str, np.ndarray | Categorical] = {**_faces(model, records.type[there], records.face[there])}
    if model.users:
        columns["users"] = users_hit(model, records.numbers, records.facts)[there]
    origin = start.tz_convert("UTC").tz_localize(None).to_datetime64().astype("datetime64[us]")
    stamped = _as_seen(outcomes, there)
    ended = stamped[model.stamps[-1].removesuffix("_at")] <= outcomes.horizon
    for stamp in STAMPS:
        at = stamped[stamp.removesuffix("_at")]
        at = at // grain * grain if grain else at
        known = np.full(len(there), stamp in model.stamps) & (at >= 0) & (at <= outcomes.horizon)
        columns[stamp] = _moments(origin, at, known)
        skipped = automated & (stamp in ("acknowledged_at", "diagnosed_at"))
        verdict = np.where(known, 0, np.where(~ended, 1, np.where(skipped, 2, 3)))
        columns[f"{stamp}_verdict"] = Categorical(("recorded", "pending", "not_applicable", "missing"), verdict)
        columns[f"{stamp}_origin"] = Categorical((None, SOURCE), known.astype(np.int64))
    columns["detected_by"] = _detected_by(model, records.covered[there])
    columns["fix_path"] = _fix_path(outcomes, there, automated, ended)
    if model.reopening is not None:
        first = outcomes.column("first_resolved")[there]
        columns["reopened"] = again = (first >= 0) & ~_back_later(outcomes, there)
        columns["first_resolved_at"] = _moments(origin, first, again)
    columns["exported_at"] = np.full(len(there), origin + np.timedelta64(outcomes.horizon, "us"))
    return ObservedIncidents(
        records.numbers.replication[there], records.numbers.key[there], columns, records.changed[there] == 1
    )  # fmt: skip


def concatenated(parts: Sequence[ObservedIncidents]) -> ObservedIncidents:
    """Return incidents of the same model together."""
    if len(parts) == 1:
        return parts[0]
    columns: dict[str, np.ndarray | Categorical] = {}
    for name, first in parts[0].columns.items():
        if isinstance(first, Categorical):
            columns[name] = Categorical(first.words, np.concatenate([one.columns[name].which for one in parts]))  # type: ignore[union-attr]
        else:
            columns[name] = np.concatenate([one.columns[name] for one in parts])
    whole = [np.concatenate([getattr(one, name) for one in parts]) for name in ("replication", "key", "changed")]
    return ObservedIncidents(whole[0], whole[1], columns, whole[2])


def to_frame(incidents: ObservedIncidents) -> pd.DataFrame:
    """Return simulated incidents as the table that exports become, plus `replication`."""
    everywhere = np.zeros(len(incidents), dtype=np.int64)
    columns: dict[str, object] = {
        name: _text(values) if isinstance(values, Categorical) else values for name, values in incidents.columns.items()
    }
    for name, values in columns.items():
        if isinstance(values, np.ndarray) and values.dtype.kind == "M":
            columns[name] = pd.Series(pd.DatetimeIndex(values, tz="UTC"))
    columns["incident_id"] = _numbered("sim", incidents.replication, incidents.key)
    change = np.full(len(incidents), None, dtype=object)
    change[incidents.changed] = _numbered(
        "sim-change", incidents.replication[incidents.changed], incidents.key[incidents.changed]
    )
    columns["change_id"] = change
    columns |= {
        "source": _text(Categorical((SOURCE,), everywhere)),
        "population": _text(Categorical(("counted",), everywhere)),
    }
    made = conform(pd.DataFrame(columns, copy=False), INCIDENT_COLUMNS)
    made["replication"] = incidents.replication
    return made


def _moments(origin: np.datetime64, at: Ints, known: np.ndarray) -> np.ndarray:
    return np.where(known, origin + at.astype("timedelta64[us]"), np.datetime64("NaT", "us"))


def _text(column: Categorical) -> pd.api.extensions.ExtensionArray:
    """Return texts: taken from the few, which is quicker by far than to look at each one."""
    return pd.array(list(column.words), dtype="str").take(column.which)


def _numbered(name: str, replication: Ints, key: Ints) -> np.ndarray:
    """Return an id for each incident, `name-replication-key`."""
    found, which = np.unique(replication, return_inverse=True)
    first = [f"{name}-{r}-" for r in found.tolist()]
    last = [str(k) for k in range(int(key.max(initial=0)) + 1)]
    made = [first[r] + last[k] for r, k in zip(which.tolist(), key.tolist(), strict=True)]
    return np.array(made, dtype=object)


def _faces(model: ResponseModel, kinds: Ints, faces: Ints) -> dict[str, Categorical]:
    names = ("service", "team", "severity", "failure_mode")
    offsets = np.cumsum([0, *(len(kind.profiles) for kind in model.types)])[:-1]
    flat = [face for kind in model.types for face in kind.profiles]
    place = offsets[kinds] + faces
    columns = {name: Categorical(tuple(getattr(face, name) for face in flat), place) for name in names}
    return {**columns, "incident_type": Categorical(tuple(kind.name for kind in model.types), kinds)}


def _detected_by(model: ResponseModel, covered: Ints) -> Categorical:
    # Where the export never says who noticed, every type has one law for both ways, and neither has its table.
    if all(kind.alert is None for kind in model.types):
        return Categorical((None,), np.zeros(len(covered), dtype=np.int64))
    return Categorical(("person", "alert"), (covered == 1).astype(np.int64))


def _fix_path(outcomes: Outcomes, there: Ints, automated: np.ndarray, ended: np.ndarray) -> Categorical:
    # Place -1, that of an incident without a path, is the last.
    names = (*(None if name == "other" else name for name in outcomes.paths), "automation", None)
    path = np.where(automated, len(names) - 2, outcomes.path()[there] % len(names))
    return Categorical(names, np.where(ended, path, len(names) - 1))


def _recorded(recording: Recording, outcomes: Outcomes) -> np.ndarray:
    """Return which incidents reach the export."""
    share = np.where(outcomes.column("automated") == 1, recording.automated, recording.handled)
    return np.asarray(outcomes.records.numbers.uniform("recorded") < share)


def _as_seen(outcomes: Outcomes, there: Ints) -> dict[str, Ints]:
    """Return the stamps; what comes back after the horizon has not come back yet."""
    stamped = {name: outcomes.column(name)[there] for name in STAMPED}
    later = _back_later(outcomes, there)
    for name in ("resolved", "verified"):
        stamped[name] = np.where(later, stamped[f"first_{name}"], stamped[name])
    return stamped


def _back_later(outcomes: Outcomes, there: Ints) -> np.ndarray:
    closed = outcomes.column("first_verified")[there]
    return np.asarray((closed >= 0) & (closed + outcomes.records.reopen[there] > outcomes.horizon))


# How many users an incident hits, by incident type and severity.


FEWEST = 5
"""Incidents that a type and severity need to have shares of their own; with fewer, those of the severity count."""

_MOST = 200


def impact_of(users: tuple[Impact, ...], kind: IncidentType, face: IncidentProfile) -> Impact | None:
    """Return what holds for a type's incidents that look like this; None: nobody has said how many they hit."""
    name, severity = kind.name, face.severity
    for wanted in ((name, severity), (None, severity), (name, None), (None, None)):
        for one in users:
            if (one.incident_type, one.severity) == wanted:
                return one
    return None


def users_hit(model: ResponseModel, numbers: RandomNumbers, facts: dict[str, np.ndarray]) -> Floats:
    """Return the share of users that each incident hits; NaN where nobody has said.

    Parameters
    ----------
    facts : dict
        `type` and `face` of each incident.
    """
    made = np.full(len(numbers), np.nan)
    if not model.users:
        return made
    which = flat_face(model, facts)
    u = numbers.uniform("users")
    for place, (kind, face) in enumerate(_looks(model)):
        one = impact_of(model.users, kind, face)
        if one is not None:
            mine = np.flatnonzero(which == place)
            made[mine] = np.array(one.shares)[(u[mine] * len(one.shares)).astype(np.int64)]
    return made


def user_weights(model: ResponseModel, numbers: RandomNumbers, facts: dict[str, np.ndarray]) -> Floats | None:
    """Return how much a minute of each incident weighs: the share of users hit, one where nobody has said it.

    None: the model knows nothing of users.
    """
    if not model.users:
        return None
    if "users hit" not in numbers.cache:
        numbers.cache["users hit"] = np.nan_to_num(users_hit(model, numbers, facts), nan=1.0)
    return np.asarray(numbers.cache["users hit"])


def fit_impact(past: History, group: Ints, names: list[str | None], notes: list[Note]) -> tuple[Impact, ...]:
    """Return the shares that these incidents carry, by severity, and by type where a type has enough of one severity.

    Parameters
    ----------
    past : History
    group : array of int
        Type of each incident.
    names : list
        The types' names.
    notes : list of Note
        A sentence is added: how many say it, and whether those that hit many last longer.
    """
    if "users" not in past.incidents:
        return ()
    shares = past.incidents["users"].to_numpy(dtype="float64", na_value=np.nan)
    said = np.isfinite(shares)
    n = int(said.sum())
    if not n:
        return ()
    frame = pd.DataFrame({"share": shares, "type": group, "severity": past.text("severity")})[said]
    made = [Impact(_few(frame["share"]))]
    for severity, mine in frame.dropna(subset=["severity"]).groupby("severity"):
        if len(mine) >= FEWEST:
            made.append(Impact(_few(mine["share"]), severity=str(severity)))
        for t, own in mine.groupby("type"):
            if len(own) >= FEWEST and len(own) < len(mine) and names[int(t)] is not None:
                made.append(Impact(_few(own["share"]), names[int(t)], str(severity)))
    notes.append(Note("share of users", "fitted", n, _sentence(past, shares, said)))
    return tuple(made)


def _sentence(past: History, shares: Floats, said: np.ndarray) -> str:
    n, all_of_them, mean = int(said.sum()), len(past), float(shares[said].mean())
    sentence = f"{n} of {all_of_them} incidents say how many users they hit, {mean:.1%} on average"
    if n > 1:
        half = float(special.stdtrit(n - 1, 0.975) * (shares[said].std(ddof=1) / n**0.5))
        sentence += f" (95 % {max(mean - half, 0.0):.1%} to {min(mean + half, 1.0):.1%})"
    if n < all_of_them:
        sentence += "; the others are taken for incidents of the same severity"
    minutes, ended, _ = past.span("started_at", "resolved_at")
    both = said & ended
    if both.sum() >= 30 and np.ptp(shares[both]) > 0 and np.ptp(minutes[both]) > 0:
        found = rank_correlation(shares[both], minutes[both])
        half = 1.96 / np.sqrt(both.sum() - 3)
        low, high = np.tanh(np.arctanh(found) + np.array([-half, half]))
        sentence += (
            f"; share and minutes go together by {found:.2f} (rank correlation, 95 % {low:.2f} to "
            f"{high:.2f}, n = {int(both.sum())}), of which the model holds what type and severity explain"
        )
    return sentence + "."


def rank_correlation(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation.

    Examples
    --------
    >>> round(rank_correlation(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1.0, 9.0, 4.0, 16.0])), 2)
    0.8
    """
    ranks = np.column_stack([pd.Series(values).rank().to_numpy() for values in (one, other)])
    return float(np.asarray(np.corrcoef(ranks, rowvar=False))[1, 0])


def _few(shares: pd.Series) -> tuple[float, ...]:
    """Return the shares themselves, or as many of their quantiles as a file can show."""
    values = np.sort(shares.to_numpy(dtype=np.float64))
    if len(values) > _MOST:
        values = np.quantile(values, (np.arange(_MOST) + 0.5) / _MOST, method="inverted_cdf")
    return tuple(values.tolist())


def _looks(model: ResponseModel) -> Iterator[tuple[IncidentType, IncidentProfile]]:
    return ((kind, face) for kind in model.types for face in kind.profiles)
