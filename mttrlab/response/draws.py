"""Kept uniforms become minutes: the law of each incident's type, in bulk, computed once for one luck."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from scipy import special

from mttrlab.response import columns, tries
from mttrlab.response.laws import Floats, Law
from mttrlab.response.luck import Ints, Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.special import Facts, of_each, setting

_FEW = 8
"""Edges up to which comparing with each is quickest."""

Rows = list[Any]
"""Per type, which incidents are of it."""


def keep(luck: Luck, key: Hashable, make: Callable[[], Any]) -> Any:
    """Return what `make` gives, made once for one luck and one `key`."""
    if key not in luck.kept:
        luck.kept[key] = make()
    return luck.kept[key]


def kinds(model: ResponseModel, luck: Luck) -> tuple[Ints, Rows]:
    """Return each incident's type, and the incidents of each type."""

    def make() -> tuple[Ints, Rows]:
        if len(model.types) == 1:
            return np.zeros(len(luck), dtype=np.int64), [slice(None)]
        kind = place(model.weights, luck.uniform("type"))
        return kind, [np.flatnonzero(kind == t) for t in range(len(model.types))]

    return keep(luck, ("kinds", model.weights), make)  # type: ignore[no-any-return]


def of_types(luck: Luck, rows: Rows, laws: list[Law | None], u: Floats) -> Floats:
    """Return minutes under each type's law at these uniforms, a row or several; 0 where a type has none."""
    if len(laws) == 1 and laws[0] is not None:
        return columns.minutes(laws[0], u)
    minutes = np.zeros(u.shape)
    for law, mine in zip(laws, rows, strict=True):
        if law is not None:
            minutes[..., mine] = columns.minutes(law, u[..., mine])
    return minutes


def shared(correlation: float, luck: Luck, decision: str, turns: int) -> Floats:
    """Return a phase's own uniforms in each round, or such that share the incident's difficulty."""
    own = luck.uniforms(decision, turns)
    if not correlation:
        return own

    def make() -> Floats:
        hard = np.sqrt(correlation) * special.ndtri(luck.uniforms("difficulty", turns))
        made = special.ndtr(hard + np.sqrt(1 - correlation) * special.ndtri(own))
        return np.asarray(np.minimum(made, columns.BELOW_ONE, out=made))

    return np.asarray(keep(luck, ("shared", correlation, decision, turns), make))


def with_runbooks(model: ResponseModel, luck: Luck, facts: Facts, now: Floats) -> Floats | None:
    """Return how many times as long diagnosis takes where a runbook is new, or gone, for types with one law of it.

    None: as long as before, for all.

    Parameters
    ----------
    facts : dict
        `type` of each incident among them.
    now : array
        Share of its like that a runbook answers.
    """
    if model.runbooks is None and not any("runbooks" in dict(one.settings) for one in model.special):
        return None
    was = np.array([0.0 if one.hypotheses else one.runbook for one in model.types])[facts["type"]]
    lawful = np.array([one.hypotheses is None for one in model.types])[facts["type"]]
    if np.array_equal(was, np.where(lawful, now, 0.0)):
        return None
    u = luck.uniform("runbook")
    factor = setting(model, facts, "runbook_factor", model.runbook_factor)
    return np.where(lawful & (u >= was) & (u < now), factor, np.where(lawful & (u < was) & (u >= now), 1 / factor, 1.0))


def diagnosis(model: ResponseModel, luck: Luck, rows: Rows, turns: int, answered: Floats, facts: Facts) -> Floats:
    """Return minutes of work to the diagnosis in each round, before levers.

    Parameters
    ----------
    answered : array
        Share of each incident's like that a runbook answers.
    """
    laws = [None if kind.hypotheses else kind.diagnose for kind in model.types]
    tried = [kind.hypotheses for kind in model.types]

    def make() -> Floats:
        minutes = np.zeros((turns, len(luck)))
        if any(law is not None for law in laws):
            minutes = of_types(luck, rows, laws, shared(model.difficulty, luck, "diagnose", turns))
        for hypotheses, mine in zip(tried, rows, strict=True):
            if hypotheses is None:
                continue
            for r in range(turns):
                minutes[r, mine] = tries.minutes(model, hypotheses, luck, mine, r, answered[mine], facts)
        return minutes

    key = ("diagnosis", turns, tuple(laws), model.difficulty, model.weights)
    if not any(tried):
        return np.asarray(keep(luck, key, make))
    # What a runbook answers is another number for every lever that moves it: the last alone is kept.
    said = (*key, tuple(tried), model.runbooks, tries.settings(model), model.special, model.types)
    if luck.kept.get("tries", (None,))[0] != said:
        luck.kept["tries"] = said, make()
    return np.asarray(luck.kept["tries"][1])


def place(shares: Sequence[float], u: Floats) -> Ints:
    """Return which of several, each with its share, the uniforms choose.

    Examples
    --------
    >>> place([0.2, 0.3, 0.5], np.array([0.1, 0.2, 0.4999, 0.9])).tolist()
    [0, 1, 1, 2]
    """
    edges = np.cumsum(shares)[:-1]
    if len(edges) > _FEW:
        return np.searchsorted(edges, u, side="right")
    return columns.chosen(edges, u)


def times(minutes: Floats, *factors: Any) -> Floats:
    """Return minutes, each so many times as long; a plain 1 costs nothing."""
    for factor in factors:
        if np.ndim(factor) or factor != 1:
            minutes = minutes * factor
    return minutes


def at_most(minutes: Floats, longest: Any) -> Floats:
    """Return minutes, none longer than `longest`; no limit costs nothing."""
    return np.minimum(minutes, longest) if np.any(np.isfinite(longest)) else minutes


def changed(model: ResponseModel, luck: Luck, kind: Ints) -> np.ndarray:
    """Return which incidents a change caused; `kind` is the type of each."""
    shares = [one.change_caused for one in model.types]
    return (
        np.asarray(luck.uniform("change") < of_each(shares, kind)) if any(shares) else np.zeros(len(luck), dtype=bool)
    )
