"""A model's limits and thresholds as whole numbers: what the transition function compares with."""

from __future__ import annotations

from functools import cache

import numpy as np

from mttrlab.response.engines.transition import CALLS, INCIDENT, INCIDENT_OF_MANY_CALLS, LATER, MICROSECONDS, Parameters
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.responders import Paging, Pool
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.sampling.common_random_numbers import as_threshold
from mttrlab.response.sampling.overrides import largest, parameter_set_models, smallest

_HOUR = 3_600_000_000
_NO_PAGING = Paging()


def rounds(model: ResponseModel) -> int:
    """Return how many rounds of diagnosis, fix and verification an incident may need."""
    sampled = model.verification
    sure = smallest(model, "verify_pass", model.verify_pass) >= 1 and (
        sampled is None
        or (
            smallest(model, "verification.healthy", sampled.healthy) >= 1
            and smallest(model, "verification.max_samples", sampled.max_samples)
            >= largest(model, "verification.in_a_row", sampled.in_a_row)
        )
    )
    return 1 if sure and model.reopening is None else int(largest(model, "max_rounds", model.max_rounds))


def attempts(model: ResponseModel) -> int:
    """Return how many automatic attempts an incident may need."""
    return int(largest(model, "automation_attempts", model.automation_attempts))


def calls(model: ResponseModel) -> int:
    """Return how many people are called for an incident at most, one after the other."""
    if model.paging is None:
        return 1
    return max(len(model.paging.levels), 1) * int(largest(model, "paging.repeats", model.paging.repeats))


def record_type(model: ResponseModel) -> np.dtype:
    """Return the record of this model's random numbers: the usual one where it will do."""
    return INCIDENT if calls(model) <= CALLS else INCIDENT_OF_MANY_CALLS


@cache
def attempt_lengths(run: Distribution, factor: float = 1.0) -> tuple[int, ...]:
    """Return equally likely lengths of an automatic attempt, microseconds: the law at the middles of equal shares."""
    minutes = run.quantile((np.arange(LATER) + 0.5) / LATER) * factor
    return tuple(np.rint(minutes * MICROSECONDS).astype(np.int64).tolist())


def pools(model: ResponseModel) -> tuple[Pool, ...]:
    """Return every pool that incidents ask: people, then the deployment lanes."""
    return (*model.people, _lanes(model.pipeline.lanes)) if model.pipeline else model.people


@cache
def _lanes(lanes: int) -> Pool:
    return Pool("pipeline", lanes)


def parameter_sets(model: ResponseModel, week: int = 0) -> tuple[Parameters, ...]:
    """Return the integers of `model`, once for every set of special settings that an incident may meet."""
    turns = rounds(model)
    return tuple(
        parameters(one, week)._replace(rounds=min(turns, one.max_rounds)) for one in parameter_set_models(model)
    )


def parameters(model: ResponseModel, week: int = 0) -> Parameters:
    """Return the integers of `model`, its special settings left aside.

    Parameters
    ----------
    week : int
        Microseconds since Monday 00:00 UTC at which the horizon begins.
    """
    paging = model.paging or _NO_PAGING
    sampled, back = model.verification, model.reopening
    return Parameters(
        success=as_threshold(model.automation_success),
        harm=as_threshold(model.automation_harm),
        timeout=round(model.automation_timeout * MICROSECONDS),
        attempt_lengths=attempt_lengths(model.automation_run, model.automation_run_factor),
        attempts=int(model.automation_attempts),
        calls=calls(model),
        ack_timeout=round(paging.timeout * MICROSECONDS),
        delivery=round(paging.delivery * MICROSECONDS),
        startup=round(paging.startup * MICROSECONDS),
        dusk=round(paging.night[0] * _HOUR),
        dawn=round(paging.night[1] * _HOUR),
        day=week,
        transfer=round(model.routing.transfer * MICROSECONDS) if model.routing else 0,
        pipeline=len(model.people) if model.pipeline else -1,
        verified=as_threshold(model.verify_pass),
        false_pass=as_threshold(sampled.false_pass if sampled else model.false_pass),
        every=round(sampled.every_s * 1_000_000) if sampled else 0,
        first=round(sampled.first_healthy_s * 1_000_000) if sampled else 0,
        row=sampled.in_a_row if sampled else 1,
        healthy=as_threshold(sampled.healthy if sampled else 1.0),
        samples=sampled.max_samples if sampled else 1,
        reopen_wrong=as_threshold(back.wrong) if back else 0,
        reopen_right=as_threshold(back.right) if back else 0,
        rounds=rounds(model),
        pooled=int(bool(model.people)),
    )
