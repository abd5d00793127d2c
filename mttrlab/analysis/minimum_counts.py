"""The one table of what a number needs before it is printed, and what is said instead."""

from __future__ import annotations

from typing import NamedTuple

from mttrlab.errors import QuestionError


class Threshold(NamedTuple):
    """What one kind of number needs."""

    number: str
    """The kind of number, as `withheld` is asked for it."""
    needs: int
    """Smallest count of ended incidents."""
    instead: str
    """The best weaker statement, in plain words."""
    why: str
    """The reason, in plain words."""


THRESHOLDS = (
    Threshold("mean", 10, "the middle value", "one long incident moves an average of so few"),
    Threshold("median", 6, "the shortest and the longest", "fewer than six leave the middle anywhere between the two"),
    Threshold(
        "p90", 29, "a range read off the fitted shape, labelled as such", "the worst tenth of so few is no incident"
    ),
    Threshold("p95", 59, "the worst tenth", "the worst twentieth of so few is no incident"),
    Threshold("p99", 299, "the worst tenth", "the worst hundredth of so few is no incident"),
    Threshold("month", 10, "the quarter", "a month of so few says more about luck than about the team"),
    Threshold("compare", 5, "the two counts and typical times side by side", "so few differ by luck alone"),
    Threshold("adjust", 20, "the plain comparison", "so few cannot be split by severity and type"),
    Threshold("distribution", 5, "the times themselves, one by one", "every shape fits so few"),
    Threshold("wide_distribution", 100, "the four plain shapes", "shapes with more freedom fit the noise"),
    Threshold("trend", 20, "the first half beside the second", "a line through so few follows single incidents"),
    Threshold("monthly_trend", 6, "the months side by side", "fewer than six months show no direction"),
    Threshold("change_point", 20, "the months side by side", "a break in so few is found by luck"),
    Threshold("control_limits", 8, "the times themselves, in order", "limits from so few move with each incident"),
    Threshold("explain", 5, "the two averages side by side", "so few cannot be split into causes"),
    Threshold("pooled_service", 1, "the level of all services together", "a service without incidents says nothing"),
)
"""Order-statistic bounds for the quantiles (1 - q**n >= 0.95); the rest are house rules, chosen so that the
intervals shown keep their promise at the size shown."""

_BY_NUMBER = {row.number: row for row in THRESHOLDS}


def threshold(number: str) -> Threshold:
    """Return the row of `THRESHOLDS` for one kind of number.

    Parameters
    ----------
    number : str
        One of the kinds that `THRESHOLDS` lists.

    Raises
    ------
    QuestionError
        When there is no such kind.

    Examples
    --------
    >>> threshold("p90").needs
    29
    """
    if number not in _BY_NUMBER:
        raise QuestionError(f"number must be one of {', '.join(_BY_NUMBER)}; got {number!r}")
    return _BY_NUMBER[number]


def withheld(number: str, n: int) -> str:
    """Return why a number is withheld and what stands in its place; empty where `n` is enough.

    Parameters
    ----------
    number : str
        One of the kinds that `THRESHOLDS` lists.
    n : int
        Ended incidents at hand.

    Raises
    ------
    QuestionError
        When there is no such kind of number.

    Examples
    --------
    >>> withheld("median", 3)
    'needs 6 ended incidents, has 3 (fewer than six leave the middle anywhere between the two); shown instead: the shortest and the longest'
    >>> withheld("median", 6)
    ''
    """  # noqa: E501
    row = threshold(number)
    if n >= row.needs:
        return ""
    return f"needs {row.needs} ended incidents, has {n} ({row.why}); shown instead: {row.instead}"


def incidents(count: int) -> str:
    """Return a count of incidents in words that agree.

    Examples
    --------
    >>> incidents(1), incidents(0), incidents(1200)
    ('1 incident', '0 incidents', '1,200 incidents')
    """
    return f"{int(count):,} incident{'' if int(count) == 1 else 's'}"
