"""Investments side by side: minutes that each buys back, what they cost, and how sure the order is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.analysis.power import incidents_needed
from mttrlab.decisions import value_of_information
from mttrlab.decisions.baseline import BAND, Baseline, Piece, keep_baseline, saved_by, shown_clock
from mttrlab.decisions.compare import checked, note, what
from mttrlab.errors import ModelError, QuestionError
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats
from mttrlab.response.model.response_model import MONTH_DAYS, ResponseModel
from mttrlab.response.sampling.common_random_numbers import MICROSECONDS_PER_DAY
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
    measure: str | None = None,
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
        Horizons of each draw, all with the same random numbers; default so many that a draw meets some 40,000 incidents
        (SimPy: 4,000).
    refits : sequence of ResponseModel, optional
        As `refits(incidents)` gives them: the draws take turns with them, so that what the fit does not know is drawn
        too.
    seed, measure, engine, n_jobs
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
        `_low` and `_high` hold 80 % of single horizons, by the year: chance and what is not known;
        `expected_low, expected_high` 80 % of what is expected: what is not known alone, which more replications do not
        shrink; `doubt`, its share of the variance of both. `cost_per_year` with `_low, _high` (80 %).
        `per_1000`, minutes saved for 1,000 of money, with `_low, _high` (80 % of what is expected). With
        `minute_value`: `net` a year, with `_low, _high`, and `worth_it`, how likely it is above nothing.
        `best`, how likely it is the best of those with a price, `best_low, best_high` (95 %, of the number of draws);
        `regret`, what it loses on average against the best, with 95 % ends; `finding_out`, what it is worth to learn
        this investment's own numbers before choosing; the unit of both is that of `attrs["best_by"]`.
        `price_to_match`, the cost of a year at which it would buy as many minutes per 1,000 as the best of the others.
        `visible_month`, the first month at whose end the typical time of incidents would show it (in 8 cases of
        10; NA: not within the horizon). `what`, `note`, `checked`, `measure`, `draws`, `replications`, `seed`.
        `attrs`: `years`, `days`, `engine`, `engine_why`, `best_by`, `weighted` in words, `knowing_all` (value, low,
        high: what it would be worth to know everything before choosing), `half_width` (of the mean minutes saved, 95 %,
        of chance alone, the least known), `left_out` in words where refits cannot answer, `unfinished` after
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
    >>> from mttrlab.response import IncidentType, Distribution
    >>> model = ResponseModel((IncidentType("a", 0.3, diagnose=Distribution("exponential", 60.0)),))
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
    measure = shown_clock(model, measure)
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
        "days": days, "replications": replications, "measure": measure, "engine": runs_on, "n_jobs": n_jobs
    }  # fmt: skip
    baseline = keep_baseline(model, seed=seed, **run)
    likely = [saving(baseline, one) / years for one in every]
    months = [visible(baseline, one) for one in every]
    found = drawn(refits or [model], every, draws=draws, seed=seed, progress=progress, **run)
    found.saved /= years

    table = pd.DataFrame({"investment": pd.Series([one.name for one in every], dtype="str")})
    table["rival"] = [False] * len(told) + [True] * len(added)
    table["measure"] = pd.Series([measure] * len(every), dtype="str")
    expected = found.saved.mean(axis=2)
    saved_bands(table, found)
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
    table = pd.concat([table, _untold(model, untold, measure, years)], ignore_index=True)
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


def _untold(model: ResponseModel, untold: Sequence[Investment], measure: str, years: float) -> pd.DataFrame:
    """Return rows without minutes for investments whose levers the model cannot move: unknown is not nothing."""
    rows = [
        (one.name, False, measure, one.cost_per_year(years), what(model, one), f"not ranked: {note(model, one)}")
        for one in untold
    ]
    made = pd.DataFrame(rows, columns=["investment", "rival", "measure", "cost_per_year", "what", "note"])
    return made.astype(dict.fromkeys(("investment", "measure", "what", "note"), "str") | {"rival": bool})


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


# What minutes cost: the columns of a ranking that come from money, and those that say how sure the order is.


NET, PER_1000, MINUTES = "net money a year", "minutes per 1,000", "minutes a year"
"""What the best is the best by."""


def saved_bands(table: pd.DataFrame, found: Draws) -> None:
    """Write the minutes saved: what is expected, and what chance and what is not known make of it."""
    expected = found.saved.mean(axis=2)
    each = np.moveaxis(found.saved, 1, 0).reshape(found.saved.shape[1], -1)
    table["minutes_saved_per_year"] = expected.mean(axis=0)
    table["minutes_saved_per_year_low"], table["minutes_saved_per_year_high"] = np.quantile(each, BAND, axis=1)
    table["expected_low"], table["expected_high"] = np.quantile(expected, BAND, axis=0)
    both = each.var(axis=1)
    table["doubt"] = np.divide(expected.var(axis=0), both, out=np.zeros(len(both)), where=both > 0)


def priced(table: pd.DataFrame, expected: Floats, cost: Floats, minute_value: float | None) -> None:
    """Write what a year costs, and what the money buys."""
    rival = table["rival"].to_numpy()
    known = np.where(rival, np.nan, cost)
    table["cost_per_year"] = known.mean(axis=0)
    table["cost_low"], table["cost_high"] = np.quantile(known, BAND, axis=0)
    free = (known <= 0).any(axis=0)
    per = np.where(free, np.nan, 1000 * expected / np.where(known > 0, known, np.nan))
    # Minutes over money, not the mean of ratios: what the money buys on average.
    table["per_1000"] = 1000 * expected.mean(axis=0) / np.where(free, np.nan, known.mean(axis=0))
    table["per_1000_low"], table["per_1000_high"] = np.quantile(per, BAND, axis=0)
    table["price_to_match"] = [
        1000 * max(saved, 0.0) / rest if (rest := _best_of_others(table["per_1000"], place)) > 0 else np.nan
        for place, saved in enumerate(table["minutes_saved_per_year"])
    ]
    if minute_value is not None:
        net = minute_value * expected - known
        table["net"] = net.mean(axis=0)
        table["net_low"], table["net_high"] = np.quantile(net, BAND, axis=0)
        table["worth_it"] = np.where(rival, np.nan, (net > 0).mean(axis=0))


def _best_of_others(per: pd.Series, place: int) -> float:
    others = per.drop(index=place).dropna()
    return float(others.max()) if len(others) else np.nan


def chosen(
    table: pd.DataFrame,
    every: Sequence[Investment],
    expected: Floats,
    cost: Floats,
    minute_value: float | None,
    numbers: list[int],
    seed: int,
) -> str:
    """Write how likely each is the best and what a wrong choice costs; return what the best is the best by."""
    rival = table["rival"].to_numpy()
    if minute_value is not None:
        best_by, values, compared = NET, minute_value * expected - cost, ~rival
    elif (cost[:, ~rival] > 0).all(axis=0).any():
        priced = (cost > 0).all(axis=0)
        best_by, values = PER_1000, 1000 * expected / np.where(cost > 0, cost, np.nan)
        compared = priced & ~rival
    else:
        best_by, values, compared = MINUTES, expected, ~rival
    places = np.flatnonzero(compared).tolist()
    those = values[:, places]
    # Nothing done costs nothing and saves nothing: a choice too, where money is weighed.
    rows = np.hstack([those, np.zeros((len(those), 1))]) if best_by == NET else those
    own = [_numbers(every[k], seed, numbers) for k in places] + [np.empty((len(those), 0))] * (best_by == NET)
    written = {
        "best": value_of_information.chance_best(rows),
        "regret": value_of_information.regret(rows),
        "finding_out": value_of_information.finding_out(rows, own),
    }
    for name, found in written.items():
        for suffix, field in (("", "value"), ("_low", "low"), ("_high", "high")):
            column = np.full(len(table), np.nan)
            column[places] = [getattr(one, field) for one in found[: len(places)]]
            table[name + suffix] = column
    # As the table shows them: of minutes per 1,000, those that the money buys on average.
    shown = {NET: "net", PER_1000: "per_1000", MINUTES: "minutes_saved_per_year"}[best_by]
    table["order"] = table[shown].where(compared)
    table.attrs["knowing_all"] = tuple(min(written["regret"]))
    return best_by


def _numbers(investment: Investment, seed: int, numbers: list[int]) -> Floats:
    """Return what an investment drew of its own numbers, one row for each draw."""
    rows = []
    for number in numbers:
        told = investment.drawn(seed, number)
        settings = {"once": told.once, "yearly": told.yearly, **told.levers, **told.side_effects}
        rows.append([settings[name] for name in investment.ranges])
    return np.array(rows, dtype=np.float64).reshape(len(numbers), len(investment.ranges))


# What an investment must be compared with even if nobody asked: fewer incidents, and one more person.


_PREVENTS = {"prevention", "changes_prevented"}
_PEOPLE = {"responders", "pool_people", "shift_people"}


def rivals(model: ResponseModel, investments: Sequence[Investment]) -> list[Investment]:
    """Return prevention and a second responder, without a price, where no investment has them.

    Examples
    --------
    >>> from mttrlab.response import IncidentType, Distribution
    >>> model = ResponseModel((IncidentType("a", 0.3, diagnose=Distribution("constant", 5.0)),), responders=1)
    >>> [rival.name for rival in rivals(model, [Investment("runbooks", diagnosis_factor=0.8)])]
    ['One incident in ten prevented', 'One more responder']
    """
    moved = {lever for one in investments for lever in one.levers}
    taken = {one.name for one in investments}
    found = []
    if not moved & _PREVENTS:
        found.append(Investment("One incident in ten prevented", prevention=0.1))
    if not moved & _PEOPLE:
        if model.responders is not None:
            found.append(Investment("One more responder", responders=model.responders + 1))
        found += [
            Investment(f"One more in {pool.name}", pools=[pool.name], pool_people=pool.people + 1)
            for pool in model.pools
        ]
    return [rival for rival in found if rival.name not in taken]


# Minutes that investments save in each of the ways in which what is not known may turn out.


_TOGETHER = 5
"""Draws of one investment that follow each other: at most so many are lost to Ctrl-C."""

_LEAST_REDUCTION = 1e-3
"""Reductions below show to nobody."""


@dataclass
class Draws:
    """What became of some draws."""

    numbers: list[int]
    """Of the draws, in their order."""
    saved: Floats
    """Minutes, by draw, investment and replication."""
    stopped: bool
    """Whether Ctrl-C left draws out."""
    refused: tuple[str, ...]
    """Why models could not answer; their draws are left out."""


def drawn(
    models: Sequence[ResponseModel],
    investments: Sequence[Investment],
    *,
    draws: int,
    seed: int,
    progress: bool,
    **run: Any,
) -> Draws:
    """Return what each investment saves in each draw and replication.

    Parameters
    ----------
    models : sequence of ResponseModel
        The draws take turns with them.
    run
        As for `keep_baseline`: every draw meets the same random numbers.
    """
    from tqdm import tqdm

    rows: dict[int, list[Floats]] = {}
    refused: list[str] = []
    stopped = False
    with tqdm(total=draws * len(investments), desc="draws", disable=not progress) as shown:
        try:
            for turn, model in enumerate(models[:draws]):
                numbers = range(turn, draws, len(models))
                try:
                    baseline = keep_baseline(model, seed=seed, **run)
                    for number, row in zip(numbers, _of_one(baseline, investments, numbers, seed), strict=True):
                        rows[number] = row
                        shown.update(len(investments))
                except (ModelError, QuestionError) as refusal:
                    if len(models) == 1:
                        raise
                    # A refit may lack what an investment changes, or have people who never get through their work.
                    refused.append(str(refusal))
                    rows = {number: row for number, row in rows.items() if number not in numbers}
        except KeyboardInterrupt:
            stopped = True
    if not rows:
        raise ModelError(refused[-1] if refused else "no draw was finished before it was stopped")
    order = sorted(rows)
    return Draws(order, np.array([rows[number] for number in order]), stopped, tuple(refused))


def _of_one(
    baseline: Baseline, investments: Sequence[Investment], numbers: Sequence[int], seed: int
) -> Iterator[list[Floats]]:
    """Yield what each investment saves in each replication, draw after draw.

    A few draws of one investment follow each other, so that what the last has written stands for the next.
    """
    known: dict[str, tuple[object, Floats]] = {}
    for together in range(0, len(numbers), _TOGETHER):
        columns = []
        for investment in investments:
            column = []
            for number in numbers[together : together + _TOGETHER]:
                one = investment.drawn(seed, number)
                # An investment whose effect is known saves the same in every draw.
                settings = tuple(one.levers.values()), tuple(one.side_effects.values())
                if investment.name not in known or known[investment.name][0] != settings:
                    known[investment.name] = settings, saving(baseline, one)
                column.append(known[investment.name][1])
            columns.append(column)
        yield from map(list, zip(*columns, strict=True))


def saving(baseline: Baseline, investment: Investment) -> Floats:
    """Return the minutes that an investment saves in each replication, each weighted by the share of users hit.

    Where nobody has said how many users an incident hits, every minute counts whole.

    Raises
    ------
    ModelError
        When people would have more work than hours with it; the sentence names the investment.
    """
    try:
        return np.concatenate(baseline.under(investment.apply(baseline.model), lambda *at: _saved(baseline.model, *at)))
    except ModelError as refusal:
        raise ModelError(f"investment {investment.name!r}: {refusal}") from None


def _saved(model: ResponseModel, piece: Piece, now: Floats) -> Floats:
    wanted = piece.span[1] - piece.span[0]
    return saved_by(piece.then, now, piece.place, wanted, piece.weights(model))


def visible(baseline: Baseline, investment: Investment) -> int | None:
    """Return the first month at whose end the typical time would show the change; None: none within the horizon.

    Notes
    -----
    After m months as many incidents are behind as before are compared with; by then the change has reached what its
    ramp says. The first m at which `incidents_needed` are there for the reduction of the typical time so far (80 %
    power, 95 % interval).
    """
    months = int(baseline.days / MONTH_DAYS)
    parts = baseline.under(investment.apply(baseline.model), lambda piece, now: _by_month(piece, now, months))
    n, log_ratio, log, square = np.cumsum(np.sum(parts, axis=0), axis=1)
    replications = sum(piece.span[1] - piece.span[0] for piece in baseline.pieces)
    for month in range(months):
        if n[month] < 2:
            continue
        sigma = np.sqrt(max(square[month] / n[month] - (log[month] / n[month]) ** 2, 0.0))
        reduction = -np.expm1(log_ratio[month] / n[month])
        if not sigma or reduction < _LEAST_REDUCTION:
            continue
        if n[month] / replications >= incidents_needed(min(reduction, 0.999), float(sigma)):
            return month + 1
    return None


def _by_month(piece: Piece, now: Floats, months: int) -> Floats:
    """Return incidents, sums of log ratios, of log minutes and of their squares, by month of the start."""
    there = (piece.then > 0) & (now > 0)
    month = (piece.numbers.at[there] / (MICROSECONDS_PER_DAY * MONTH_DAYS)).astype(np.int64)  # noqa: PD008 - an array of instants
    before = np.log(piece.then[there])
    values = (np.ones(len(before)), np.log(now[there]) - before, before, before**2)
    made = [np.bincount(month, weights=one, minlength=months + 1)[:months] for one in values]
    return np.asarray(made, dtype=np.float64)
