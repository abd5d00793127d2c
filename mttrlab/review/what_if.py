"""The levers of the month, or one line that says why there are none."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from mttrlab import decisions
from mttrlab.analysis.survival_curves import survival_quantiles
from mttrlab.response import ResponseModel
from mttrlab.schema import CLOCK_ENDS, Practices, Record, table_records
from mttrlab.text import format_minutes

MAX_INCIDENTS = 120_000
"""Incidents that a review simulates in all: what a page may cost in time."""

_LEAST_SAVING = 1.0
"""Minutes per incident that a saving must be able to reach before anybody is asked for it."""
_MIN_REPLICATIONS = 20
"""Runs that a band of 8 of 10 needs."""
_MAX_OPEN_SHARE = 0.02
"""Share of open incidents up to which the ended ones alone may speak for history."""
_PLAIN = {"mean": "the average", "median": "the time within which half end"}
_MAX_FACTOR = 1.5
"""A simulated mean or median further than this factor from history's: the model does not repeat it."""


@dataclass(frozen=True)
class WhatIf:
    """What the model answered."""

    levers: pd.DataFrame | None
    """As `compare_scenarios` gives it; None: see `why`."""
    why: str
    """Why there is no table; empty where there is one."""
    days: float = 365.0
    """Length of a simulated run."""
    model: pd.DataFrame | None = None
    """Where each part of the model came from."""
    unlike: str = ""
    """How the model differs from the history it was fitted to, where it differs too much; empty: it does not."""

    @property
    def best(self) -> Record | None:
        """The lever with the largest saving that luck does not undo; None: there is none, or none to be believed."""
        if self.levers is None or self.unlike:
            return None
        clear = self.levers[(self.levers["scenario"] != "Baseline") & (self.levers["saving_low"] > 0)]
        clear = clear[clear["saving_high"] >= _LEAST_SAVING]
        if clear.empty:
            return None
        return table_records(clear.sort_values(["saving", "scenario"], ascending=[False, True]))[0]


def try_levers(
    incidents: pd.DataFrame,
    phases: pd.DataFrame,
    practices: Practices | None,
    measure: str,
    *,
    seed: int,
    replications: int,
    days: float,
    deployments: pd.DataFrame | None = None,
    firings: pd.DataFrame | None = None,
) -> WhatIf:
    """Fit the model to `incidents` and move its levers, one at a time.

    Parameters
    ----------
    incidents : DataFrame
        Everything up to the end of the reviewed month.
    phases : DataFrame
        The same, as `phase_durations` gives them.
    practices, deployments, firings : optional
        What the team runs, and what the lab holds of deployments and alerts.
    measure : str
        The clock of the savings; where the model does not show it, the widest that it shows.
    seed, replications, days
        As for `compare_scenarios`; fewer or shorter runs where so many incidents would take too long.

    Returns
    -------
    WhatIf
        Never an error: a review must not fail because a model cannot be fitted.
    """
    try:
        model = ResponseModel.fit(incidents, practices=practices, deployments=deployments, firings=firings)
        scenarios = decisions.default_levers(model)
        if not scenarios:
            return WhatIf(None, "the export shows too little of the response to move any lever", days, model.notes)
        a_run = max(model.per_day * days, 1.0) * (len(scenarios) + 1)
        wanted = min(replications, max(int(MAX_INCIDENTS / a_run), _MIN_REPLICATIONS))
        # So many incidents that a run must be shorter: a band of a few runs would be none.
        days = max(7.0, min(days, days * MAX_INCIDENTS / a_run / wanted))
        shown = measure if set(CLOCK_ENDS[measure]) <= set(model.stamps) else None
        # The reference engine: quick enough here, and a page owes nothing to a compiler.
        compared = decisions.compare_scenarios(
            model, scenarios, days=days, replications=wanted, seed=seed, measure=shown, engine="simpy"
        )
    except ValueError as refusal:
        return WhatIf(None, str(refusal).removesuffix("."), days)
    return WhatIf(compared, "", days, model.notes, _mismatch(phases, table_records(compared)[0]))


def _mismatch(phases: pd.DataFrame, baseline: Record) -> str:
    """Return how the simulated baseline differs from history, or nothing where it is near enough.

    Not the check against months that the model has not seen: a model that fails this one is not worth that one.
    """
    measure = str(baseline["measure"])
    known = phases[phases[measure].notna() & (phases[measure] > 0)]
    ended = known[f"{measure}_observed"].fillna(False).astype(bool)
    real = known.loc[ended, measure]
    history = {"mean": float(real.mean()), "median": float(real.median())}
    if (~ended).mean() > _MAX_OPEN_SHARE:
        # The model counts open incidents, so history must; their mean is not known.
        middle = survival_quantiles(known[measure], ended, shares=(0.5,))["minutes"]
        history = {"median": float(middle.iloc[0])}
    for name, then in history.items():
        now = baseline[name]
        if not then / _MAX_FACTOR <= now <= then * _MAX_FACTOR:
            return (
                f"{_PLAIN[name]} of {len(known):,} incidents is {format_minutes(then)} in the exports "
                f"and {format_minutes(now)} in the model"
            )
    return ""
