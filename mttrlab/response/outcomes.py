"""What became of simulated incidents, block by block: whole columns, no frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mttrlab.errors import ModelError
from mttrlab.response import checks, simpy_engine
from mttrlab.response.laws import Floats
from mttrlab.response.luck import BLOCK, Ints, Luck, draw
from mttrlab.response.model import ResponseModel
from mttrlab.response.records import MICROSECONDS, Parameters, Records, parameters, path_names, realise
from mttrlab.schema import CLOCK_ENDS

ENGINES = ("auto", "simpy", "compiled")


@dataclass(frozen=True)
class Outcomes:
    """Incidents of one block after their run to the end."""

    records: Records
    ends: Ints
    """One row per incident, columns as `simpy_engine.FIELDS`."""
    paths: tuple[str, ...]
    """Names that `path` counts."""
    horizon: int
    """Microseconds."""

    def column(self, name: str) -> Ints:
        """Return one column of the ends."""
        return np.ascontiguousarray(self.ends[:, simpy_engine.FIELDS.index(name)])

    def path(self) -> Ints:
        """Return which of `paths` ended each incident, -1 where none did."""
        last = np.minimum(self.column("round"), self.records.path.shape[1] - 1)
        return np.asarray(self.records.path[np.arange(len(self.ends)), last])

    def minutes(self, clock: str) -> Floats:
        """Return each incident's minutes on a clock; NaN where it was prevented."""
        begin, end = (self.column(stamp.removesuffix("_at")) for stamp in CLOCK_ENDS[clock])
        return np.where(self.records.happens == 1, (end - begin) / MICROSECONDS, np.nan)


def engine_name(engine: str) -> str:
    """Return the engine that will run; refuse one that does not exist."""
    if engine not in ENGINES:
        raise ModelError(f"engine must be one of {', '.join(ENGINES)}; got {engine!r}")
    if engine == "compiled":
        raise ModelError("engine 'compiled' does not exist yet; use engine='simpy' (or 'auto', which is the same now)")
    return "simpy"


def blocks(replications: int) -> list[tuple[int, int]]:
    """Return the blocks that hold these replications: number of the block, replications wanted of it."""
    checks.whole("replications", replications, 1, 10_000_000)
    return [(b, min(BLOCK, replications - b * BLOCK)) for b in range(-(-replications // BLOCK))]


def luck_of(model: ResponseModel, *, days: float, block: int, wanted: int, seed: int, weekday: float = 0.0) -> Luck:
    """Return the kept luck of one block, for `run` under any scenario of the same model."""
    days = checks.finite("days", days, open_low=True, high=1_000_000.0)
    checks.whole("seed", seed, 0, 2**63)
    return draw(model, days=days, block=block, replications=wanted, seed=seed, weekday=weekday)


def run(model: ResponseModel, luck: Luck) -> Outcomes:
    """Return what becomes of these incidents under `model`."""
    refuse_endless_queue(model)
    records = realise(model, luck)
    ends = simpy_engine.run(records, parameters(model), model.responders)
    return Outcomes(records, ends, path_names(model), luck.horizon)


def rerun(model: ResponseModel, luck: Luck, baseline: ResponseModel, before: Outcomes) -> Outcomes:
    """Return the same as `run(model, luck)`, running only incidents that differ from a baseline already run.

    Without a pool incidents do not meet, so one whose record is as it was ends as it did.
    """
    if model.responders is not None or baseline.responders is not None:
        return run(model, luck)
    records = realise(model, luck)
    rows = np.flatnonzero(_differ(before.records, records, parameters(baseline), parameters(model)))
    ends = before.ends.copy()
    ends[rows] = simpy_engine.run(records.rows(rows), parameters(model), None)
    return Outcomes(records, ends, path_names(model), luck.horizon)


def _differ(before: Records, after: Records, was: Parameters, now: Parameters) -> npt.NDArray[np.bool_]:
    if (was.verified, was.rounds) != (now.verified, now.rounds):
        return np.ones(len(after), dtype=bool)
    had, has = (r.u_rule < np.array(P.rule)[r.type] for r, P in ((before, was), (after, now)))
    differ = (had != has) | (before.happens != after.happens)
    for name in ("detect", "acknowledge", "diagnose", "fix", "verify"):
        columns = getattr(before, name) != getattr(after, name)
        differ |= columns if columns.ndim == 1 else columns.any(axis=1)
    same_rule = (was.success, was.timeout, was.attempts) == (now.success, now.timeout, now.attempts)
    if not same_rule or not np.array_equal(before.run, after.run):
        differ |= has
    return np.asarray(differ)


def each_block(
    model: ResponseModel, *, days: float, replications: int, seed: int, weekday: float = 0.0
) -> Iterator[Outcomes]:
    """Run block after block."""
    for block, wanted in blocks(replications):
        yield run(model, luck_of(model, days=days, block=block, wanted=wanted, seed=seed, weekday=weekday))


def refuse_endless_queue(model: ResponseModel) -> None:
    """Refuse a model whose responders get more work than there are hours."""
    if model.responders is None:
        return
    load = offered_load(model) / model.responders
    if not load < 1:
        raise ModelError(
            f"{model.responders} responder(s) would be busy {load:.0%} of the time, so the queue grows for ever; "
            f"give the model more responders, or none to leave waiting out"
        )


def offered_load(model: ResponseModel) -> float:
    """Return the mean number of responders at work if nobody waited (an upper bound: automation takes some away)."""
    rounds = sum((1 - model.verify_pass) ** r for r in range(model.max_rounds))
    minutes = 0.0
    for kind in model.types:
        fix = sum(
            path.law.mean * ((1 - kind.change_caused) * path.share + kind.change_caused * path.share_changed)
            for path in kind.paths
        )
        diagnose = kind.diagnose.mean * model.diagnosis_factor if kind.diagnose else 0.0
        verify = min(kind.verify.mean, model.verification_window) if kind.verify else 0.0
        caught = (kind.automation if model.automation is None else 0.0) * _caught(model)
        minutes += kind.per_day * (1 - caught) * rounds * (diagnose + fix + verify)
    return minutes * (1 - model.prevention) / 1440.0


def _caught(model: ResponseModel) -> float:
    run = model.automation_run
    in_time = float(np.mean(run.quantile((np.arange(1000) + 0.5) / 1000) <= model.automation_timeout))
    return 1 - (1 - model.automation_success * in_time) ** model.automation_attempts
