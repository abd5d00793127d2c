"""What an estimate rests on, said by the table itself: which clock, and stamps of which verdicts."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import pandas as pd

from mttrlab.schema import CLOCKS, PHASES

VERDICTS_USED = "recorded at both ends; pending: open so far"
"""The one rule of the house: what has ended lies between recorded stamps, what is open is a lower bound."""

P = ParamSpec("P")


def says_basis(estimate: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """Let the tables of an estimator say which clock and which verdicts they rest on.

    Parameters
    ----------
    estimate : callable
        A function that returns a table; its parameter `clock`, where it has one, is the clock.

    Returns
    -------
    callable
        The same function; `attrs["verdicts"]` of its table is `VERDICTS_USED`, and `attrs["clock"]` is the clock, "row
        by row" where a column says it, or "phases" where each phase has its own.

    Examples
    --------
    >>> @says_basis
    ... def longest(minutes, clock="recovery"):
    ...     return pd.DataFrame({"minutes": [max(minutes)]})
    >>> longest([3, 5]).attrs
    {'clock': 'recovery', 'verdicts': 'recorded at both ends; pending: open so far'}
    """
    form = inspect.signature(estimate)

    @wraps(estimate)
    def said(*args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = estimate(*args, **kwargs)
        given = form.bind(*args, **kwargs)
        given.apply_defaults()
        named = given.arguments.get("clock")
        table.attrs["clock"] = str(named) if named else "row by row" if "clock" in table else "phases"
        table.attrs["verdicts"] = VERDICTS_USED
        return table

    return said


AS_GIVEN = "as given"
"""The clock and the verdicts of a bare list of minutes: whoever made the list knows them."""


def says_basis_of_list(estimate: Callable[P, pd.DataFrame]) -> Callable[P, pd.DataFrame]:
    """Let the tables of an estimator of a list of minutes say what that list says of itself.

    Parameters
    ----------
    estimate : callable
        A function whose first argument is minutes, and that returns a table.

    Returns
    -------
    callable
        The same function. A column of `phase_durations` carries its clock (its name) and its verdicts; of any other
        list both are `AS_GIVEN`.

    Examples
    --------
    >>> @says_basis_of_list
    ... def longest(minutes):
    ...     return pd.DataFrame({"minutes": [max(minutes)]})
    >>> longest(pd.Series([3, 5], name="recovery")).attrs["clock"], longest([3, 5]).attrs["clock"]
    ('recovery', 'as given')
    """

    @wraps(estimate)
    def said(*args: P.args, **kwargs: P.kwargs) -> pd.DataFrame:
        table = estimate(*args, **kwargs)
        minutes = args[0] if args else next(iter(kwargs.values()), None)
        name, carried = getattr(minutes, "name", None), getattr(minutes, "attrs", {})
        table.attrs["clock"] = name if isinstance(name, str) and name in (*CLOCKS, *PHASES) else AS_GIVEN
        table.attrs["verdicts"] = carried.get("verdicts", AS_GIVEN)
        return table

    return said
