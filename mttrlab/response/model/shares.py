"""Shares: raised, weighted, seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mttrlab.response.model.response_model import ResponseModel


def weighted_share(shares: Sequence[float], weights: Sequence[float]) -> float:
    """Return the share over all incidents."""
    return math.fsum(s * w for s, w in zip(shares, weights, strict=True))


def raise_shares(shares: Sequence[float], weights: Sequence[float], target: float | None) -> list[float]:
    """Return the types' shares such that the overall share is `target`.

    To rise, the lowest types rise to one floor (no type falls); to fall, all fall in proportion.

    Parameters
    ----------
    shares : sequence of float
        Share per type.
    weights : sequence of float
        Share of the incidents that each type makes; they add up to 1.
    target : float or None
        The overall share; None leaves the types as they are.

    Examples
    --------
    >>> [round(s, 9) for s in raise_shares([0.0, 0.5], [0.5, 0.5], 0.35)]
    [0.2, 0.5]
    >>> [round(s, 9) for s in raise_shares([0.2, 0.6], [0.5, 0.5], 0.2)]
    [0.1, 0.3]
    """
    if target is None:
        return list(shares)
    now = weighted_share(shares, weights)
    if target <= now:
        return [s * target / now for s in shares] if now else [0.0 for _ in shares]
    order = sorted(range(len(shares)), key=lambda t: shares[t])
    mass = reached = 0.0
    for place, t in enumerate(order):
        mass += weights[t]
        reached += weights[t] * shares[t]
        ceiling = shares[order[place + 1]] if place + 1 < len(order) else 1.0
        rest = now - reached
        if mass and mass * ceiling + rest >= target - 1e-15:
            return [max(s, min(1.0, (target - rest) / mass)) for s in shares]
    return [1.0 for _ in shares]


def seen_shares(model: ResponseModel) -> tuple[list[float], list[float]]:
    """Return, per face through all types, the share of its incidents that alerts see, and the face's weight."""
    shares = [kind.seen(face) for kind in model.types for face in kind.profiles]
    weights = [w * face.share for kind, w in zip(model.types, model.weights, strict=True) for face in kind.profiles]
    return shares, weights


def automation_shares(model: ResponseModel) -> list[float]:
    """Return the share of each type's incidents that has a remediation rule."""
    return raise_shares([kind.automation for kind in model.types], model.weights, model.automation)


def runbook_shares(model: ResponseModel, target: float | None = None) -> list[float]:
    """Return the share of each type's incidents that a runbook answers."""
    shares = [kind.hypotheses.runbook if kind.hypotheses else kind.runbook for kind in model.types]
    return raise_shares(shares, model.weights, target)
