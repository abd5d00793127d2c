"""Investments side by side: minutes that each buys back, what they cost, and how sure the order is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.decisions.clock import shown_clock
from mttrlab.decisions.compare import checked
from mttrlab.decisions.drawn import drawn, saving, visible
from mttrlab.decisions.kept import keep_baseline
from mttrlab.decisions.money import bands, chosen, priced
from mttrlab.decisions.rivals import rivals
from mttrlab.decisions.words import note, what
from mttrlab.errors import ModelError
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.investment import Investment

_INCIDENTS = {"compiled": 40_000, "simpy": 4_000}
"""That each draw runs, where nobody says how many replications."""
_DRAWS = {"compiled": 200, "simpy": 40}


def rank_investments(
    model: ResponseModel,
    investments: Sequence[Investment],
    *,
    years: float = 3,
    minute_value: float | None = None,
    draws: int | None = None,
    replications: int | None = None,
    refits: Sequence[ResponseModel] = (),
    seed: int = 0,
    clock: str | None = None,
    engine: str = "auto",
    n_jobs: int = 1,
    progress: bool = False,
) -> pd.DataFrame:
    """Return what each investment saves and costs, and how likely it is the best, the best first.

    Parameters
    ----------
    model : ResponseModel
        As it is now.
    investments : sequence of Investment
    years : float, default 3
        Horizon: simulated from the first day, ramps and all, and what is paid once is spread over it (undiscounted).
    minute_value : float, optional
        Money that a minute is worth, in the currency of the costs; an incident's minutes count with the share of users
        that it hits, where the model knows it. Without it, the best is the one with the most minutes per 1,000 of
        money; with no prices at all, with the most minutes.
    draws : int, optional
        Ways in which the numbers that are not known may turn out; default 200 (SimPy: 40).
    replications : int, optional
        Horizons of each draw, all with the same luck; default so many that a draw meets some 40,000 incidents
        (SimPy: 4,000).
    refits : sequence of ResponseModel, optional
        As `refits(incidents)` gives them: the draws take turns with them, so that what the fit does not know is drawn
        too.
    seed, clock, engine, n_jobs
        As for `compare_scenarios`.
    progress : bool, default False
        Show a bar.

    Returns
    -------
    DataFrame
        One row per investment, the best first; last those without a price and the rivals that belong into every such
        table and are added where nobody named them (`rival`: one incident in ten prevented, one more responder), and,
        without minutes, what this model cannot simulate, with the reason in `note`.

        `minutes_saved_per_year` (weighted by the share of users hit where it is known), its mean over the draws;
        `_low` and `_high` hold 80 % of single horizons, by the year: luck and what is not known;
        `expected_low, expected_high` 80 % of what is expected: what is not known alone, which more replications do not
        shrink; `doubt`, its share of the variance of both. `cost_per_year` with `_low, _high` (80 %).
        `per_1000`, minutes saved for 1,000 of money, with `_low, _high` (80 % of what is expected). With
        `minute_value`: `net` a year, with `_low, _high`, and `worth_it`, how likely it is above nothing.
        `best`, how likely it is the best of those with a price, `best_low, best_high` (95 %, of the number of draws);
        `regret`, what it loses on average against the best, with 95 % ends; `finding_out`, what it is worth to learn
        this investment's own numbers before choosing; the unit of both is that of `attrs["best_by"]`.
        `price_to_match`, the cost of a year at which it would buy as many minutes per 1,000 as the best of the others.
        `visible_month`, the first month at whose end the typical time of incidents would show it (in 8 cases of
        10; NA: not within the horizon). `what`, `note`, `checked`, `clock`, `draws`, `replications`, `seed`.
        `attrs`: `years`, `days`, `engine`, `engine_why`, `best_by`, `weighted` in words, `knowing_all` (value, low,
        high: what it would be worth to know everything before choosing), `half_width` (of the mean minutes saved, 95 %,
        of luck alone, the least known), `left_out` in words where refits cannot answer, `unfinished` after
        Ctrl-C.

    Raises
    ------
    QuestionError
        When the model does not show the clock.
    ModelError
        When two investments have one name, the model can simulate none of them, one cannot be run, or memory will not
        hold what is asked for.

    See Also
    --------
    compare_scenarios : takes investments too, with their likely numbers.

    Examples
    --------
    >>> from mttrlab.response import IncidentType, Law
    >>> model = ResponseModel((IncidentType("a", 0.3, diagnose=Law("exponential", 60.0)),))
    >>> ideas = [
    ...     Investment("Runbooks", once=20_000, diagnosis_factor=(0.7, 0.8, 1.0)),
    ...     Investment("Tracing", once=60_000, yearly=10_000, diagnosis_factor=(0.5, 0.8, 0.9)),
    ... ]
    >>> ranked = rank_investments(model, ideas, draws=20, replications=20, engine="simpy")
    >>> ranked["investment"].tolist()
    ['Runbooks', 'Tracing', 'One incident in ten prevented']
    """
    validation.a("model", ResponseModel, model)
    investments = validation.several("investments", Investment, investments)
    refits = validation.several("refits", ResponseModel, refits)
    if not investments:
        raise ModelError("there is no investment to rank; give at least one, such as Investment('Flags', flagged=0.5)")
    names = [one.name for one in investments]
    if len(set(names)) < len(names):
        raise ModelError(f"investments need names of their own; got {', '.join(names)}")
    years = validation.finite("years", years, 0.0, 100.0, open_low=True)
    if minute_value is not None:
        validation.finite("minute_value", minute_value, 0.0, 1e12)
    validation.whole("seed", seed, 0, 2**63)
    validation.flag("progress", progress)
    clock = shown_clock(model, clock)
    untold = [one for one in investments if one.reasons(model).keys() & one.levers]
    told = [one for one in investments if one not in untold]
    if not told:
        why = "; ".join(f"{one.name}: {note(model, one)}" for one in untold)
        raise ModelError(f"this model can simulate none of the investments. {why}")
    added = rivals(model, investments)
    every = [*told, *added]
    runs_on = model_runs.engine_name(engine, model, *(one.apply(model) for one in every))
    days = 365.0 * years
    if replications is None:
        replications = int(min(max(_INCIDENTS[runs_on] / max(model.per_day * days, 1e-9), 20), 1000))
    draws = _DRAWS[runs_on] if draws is None else validation.whole("draws", draws, 2, 10_000)
    run: dict[str, Any] = {
        "days": days, "replications": replications, "clock": clock, "engine": runs_on, "n_jobs": n_jobs
    }  # fmt: skip
    baseline = keep_baseline(model, seed=seed, **run)
    likely = [saving(baseline, one) / years for one in every]
    months = [visible(baseline, one) for one in every]
    found = drawn(refits or [model], every, draws=draws, seed=seed, progress=progress, **run)
    found.saved /= years

    table = pd.DataFrame({"investment": pd.Series([one.name for one in every], dtype="str")})
    table["rival"] = [False] * len(told) + [True] * len(added)
    table["clock"] = pd.Series([clock] * len(every), dtype="str")
    expected = found.saved.mean(axis=2)
    bands(table, found)
    cost = np.array([[one.drawn(seed, k).cost_per_year(years) for one in every] for k in found.numbers])
    priced(table, expected, cost, minute_value)
    best_by = chosen(table, every, expected, cost, minute_value, found.numbers, seed)
    table["visible_month"] = pd.array(months, dtype="Int64")
    table["what"] = pd.Series([what(model, one) for one in every], dtype="str")
    table["note"] = pd.Series(
        [_note(model, one, minute_value is None, rival) for one, rival in zip(every, table["rival"], strict=True)],
        dtype="str",
    )
    knowing = table.attrs["knowing_all"]
    table = table.sort_values(
        ["rival", "order", "minutes_saved_per_year"], ascending=[True, False, False], kind="stable"
    ).drop(columns="order")  # fmt: skip
    table = pd.concat([table, _untold(model, untold, clock, years)], ignore_index=True)
    table["draws"], table["replications"], table["seed"] = len(found.numbers), replications, seed
    table["checked"] = pd.Series([_doubts(model, bool(refits))] * len(table), dtype="str")
    table.attrs |= {
        "years": years, "days": days, "engine": runs_on, "engine_why": model_runs.engine_why(engine, runs_on, model),
        "best_by": best_by, "knowing_all": knowing, "half_width": max(map(_half_width, likely)),
        "weighted": "minutes count with the share of users hit" if model.users else
                    "every minute counts whole: nobody said how many users an incident hits",
    }  # fmt: skip
    if found.refused:
        out = f"{len(found.refused)} of {len(refits)} refits cannot answer and are left out: {found.refused[0]}"
        table.attrs["left_out"] = out
    if found.stopped:
        table.attrs["unfinished"] = f"{len(found.numbers)} of {draws} draws: it was stopped"
    return table


def _untold(model: ResponseModel, untold: Sequence[Investment], clock: str, years: float) -> pd.DataFrame:
    """Return rows without minutes for investments whose levers the model cannot move: unknown is not nothing."""
    rows = [
        (one.name, False, clock, one.cost_per_year(years), what(model, one), f"not ranked: {note(model, one)}")
        for one in untold
    ]
    made = pd.DataFrame(rows, columns=["investment", "rival", "clock", "cost_per_year", "what", "note"])
    return made.astype(dict.fromkeys(("investment", "clock", "what", "note"), "str") | {"rival": bool})


def _doubts(model: ResponseModel, refitted: bool) -> str:
    said = checked(model).removesuffix("; luck only")
    unknown = "luck, the numbers of the investments" + (" and what the fit does not know" if refitted else "")
    return f"{said}; bands hold {unknown}"


def _note(model: ResponseModel, investment: Investment, by_price: bool, rival: bool) -> str:
    said = [note(model, investment)]
    if rival:
        said.append("added, as it belongs into every comparison; nobody has priced it")
    elif not (investment.once or investment.yearly) and not investment.ranges.keys() & {"once", "yearly"}:
        said.append(
            "no price is told, so it is not compared by price" if by_price else "no price is told: taken as free"
        )
    if not investment.ranges and (investment.once or investment.yearly):
        said.append("all of its numbers are taken as known")
    return "; ".join(filter(None, said))


def _half_width(saved: Floats) -> float:
    n, mean = len(saved), float(saved.mean())
    if n < 2 or not mean:
        return float("inf") if n < 2 else 0.0
    return float(special.stdtrit(n - 1, 0.975) * saved.std(ddof=1) / np.sqrt(n) / abs(mean))
