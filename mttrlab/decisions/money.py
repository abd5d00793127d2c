"""What minutes cost: the columns of a ranking that come from money, and those that say how sure the order is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mttrlab.decisions import worth
from mttrlab.decisions.drawn import Draws
from mttrlab.decisions.paired import BAND
from mttrlab.response.model.arrays import Floats
from mttrlab.response.scenarios.investment import Investment

NET, PER_1000, MINUTES = "net money a year", "minutes per 1,000", "minutes a year"
"""What the best is the best by."""


def bands(table: pd.DataFrame, found: Draws) -> None:
    """Write the minutes saved: what is expected, and what luck and what is not known make of it."""
    expected = found.saved.mean(axis=2)
    each = np.moveaxis(found.saved, 1, 0).reshape(found.saved.shape[1], -1)
    table["minutes_saved_per_year"] = expected.mean(axis=0)
    table["minutes_saved_low"], table["minutes_saved_high"] = np.quantile(each, BAND, axis=1)
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
        "best": worth.chance_best(rows),
        "regret": worth.regret(rows),
        "finding_out": worth.finding_out(rows, own),
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
