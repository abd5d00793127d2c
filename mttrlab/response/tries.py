"""Minutes of diagnosis where hypotheses are tried in turn."""

from __future__ import annotations

from typing import Any

import numpy as np

from mttrlab.response import columns
from mttrlab.response.elements import Hypotheses
from mttrlab.response.laws import Floats
from mttrlab.response.luck import Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.special import Facts, setting


def settings(model: ResponseModel) -> tuple[object, ...]:
    """Return the settings of levers that act on hypotheses, besides runbooks."""
    return model.hypothesis_hit, model.first_hit, model.novel, model.try_minutes


def minutes(
    model: ResponseModel, hypotheses: Hypotheses, luck: Luck, mine: Any, r: int, answered: Floats, facts: Facts
) -> Floats:
    """Return minutes until the right hypothesis has been tried in round `r`, of the incidents `mine`.

    Parameters
    ----------
    answered : array
        Share of each one's like that a runbook answers.
    """

    def own(name: str, moved: float | None, usual: float) -> Any:
        value = setting(model, facts, name, usual if moved is None else moved)
        return value[mine] if np.ndim(value) else value

    hit = own("hypothesis_hit", model.hypothesis_hit, hypotheses.hit)
    first_hit = own("first_hit", model.first_hit, hypotheses.first_hit)
    longest = own("try_minutes", model.try_minutes, np.inf)
    novel = luck.uniform("novel")[mine] < own("novel", model.novel, hypotheses.novel)
    runbook = ~novel & (luck.uniform("runbook")[mine] < answered)
    later = np.where(novel, hit / 2, hit)
    first = np.where(runbook, np.maximum(first_hit, hit), later)
    spent = np.zeros(len(novel))
    going = np.ones(len(novel), dtype=bool)
    for k in range(hypotheses.most):
        part = r * 100 + k
        one = np.minimum(columns.minutes(hypotheses.minutes, luck.uniform("try", part)[mine]), longest)
        spent += np.where(going, one, 0.0)
        going &= luck.uniform("hit", part)[mine] >= (first if k == 0 else later)
        if not going.any():
            break
    return spent
