"""Numbers by which a prediction and what happened are held against each other, and which of them it contradicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mttrlab.response.laws import Floats

_LEVEL = 0.05
_HOUR = 60.0


class Discrepancy(NamedTuple):
    """A number that is computed of what happened and of each prediction."""

    name: str
    of: Callable[[Floats], Floats]
    """From rows of minutes (NaN where not known) to one number each."""
    near: float
    """Difference from the prediction's middle that does not matter: a factor, or a share where `absolute`."""
    absolute: bool = False


MEDIAN = Discrepancy("median", lambda rows: np.asarray(np.nanmedian(rows, axis=-1)), 1.1)


def numbers(simulated: Floats, band: tuple[float, float]) -> list[Discrepancy]:
    """Return the numbers to compare.

    Parameters
    ----------
    simulated : array
        Minutes of the model, the distribution that the real one is held against.
    band : tuple of float
        Its 80 % band.
    """
    low, high = band
    edges = np.sort(simulated)

    def share(which: np.ndarray, rows: Floats) -> Floats:
        return np.asarray(which.sum(axis=-1) / np.maximum((~np.isnan(rows)).sum(axis=-1), 1))

    def distance(rows: Floats) -> Floats:
        ordered = np.sort(np.atleast_2d(rows), axis=-1)
        n = (~np.isnan(ordered)).sum(axis=-1, keepdims=True)
        place = np.arange(1, ordered.shape[-1] + 1)
        expected = np.searchsorted(edges, ordered, side="right") / len(edges)
        # An unknown time sorts last and stands for nothing.
        off = np.maximum(np.abs(place / np.maximum(n, 1) - expected), np.abs((place - 1) / np.maximum(n, 1) - expected))
        return np.asarray(np.where(place <= n, off, 0.0).max(axis=-1)).reshape(rows.shape[:-1])

    return [
        MEDIAN,
        Discrepancy("P90", lambda rows: np.asarray(np.nanquantile(rows, 0.9, axis=-1)), 1.1),
        Discrepancy("share over an hour", lambda rows: share(rows > _HOUR, rows), 0.05, True),
        Discrepancy("largest", lambda rows: np.asarray(np.nanmax(rows, axis=-1)), 2.0),
        Discrepancy("share within the 80 % band", lambda rows: share((rows >= low) & (rows <= high), rows), 0.05, True),
        Discrepancy("distance between distributions", distance, 0.05, True),
    ]


def compared(one: Discrepancy, span: str, real: Floats, predicted: Floats) -> dict[str, object]:
    """Return one number of what happened beside its predictions (rows of minutes), as a row of the check's table."""
    observed = float(one.of(real[None, :])[0])
    there = (~np.isnan(predicted)).any(axis=1)
    values = one.of(predicted[there])
    low, middle, high = np.quantile(values, (0.025, 0.5, 0.975)).tolist()
    above = (1 + float((values >= observed).sum())) / (1 + len(values))
    below = (1 + float((values <= observed).sum())) / (1 + len(values))
    # Distributions can only be too far apart, never too near.
    one_sided = one.name.startswith("distance")
    p = above if one_sided else min(1.0, 2 * min(above, below))
    near = abs(observed - middle) <= one.near if one.absolute else (
        middle / one.near <= observed <= middle * one.near)  # fmt: skip
    return {"number": one.name, "span": span, "n": int((~np.isnan(real)).sum()), "observed": observed,
            "predicted": middle, "low": low, "high": high, "p": p, "holds": bool(near)}  # fmt: skip


def settle(rows: list[dict[str, object]]) -> None:
    """Let a number fail only where it lies outside its predictions, all numbers looked at together."""
    order = sorted(range(len(rows)), key=lambda k: float(str(rows[k]["p"])))
    outside = True
    for place, k in enumerate(order):
        outside = outside and float(str(rows[k]["p"])) * (len(rows) - place) < _LEVEL
        rows[k]["holds"] = bool(rows[k]["holds"]) or not outside
