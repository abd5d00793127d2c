"""How many incidents each kind of number needs, and what is shown instead."""

from __future__ import annotations

from typing import NamedTuple

from mttrlab.errors import QuestionError


class MinimumCount(NamedTuple):
    """What one kind of number needs."""

    number: str
    """The kind of number, as `why_withheld` is asked for it."""
    needs: int
    """Smallest count of ended incidents."""
    instead: str
    """The best weaker statement, in plain words."""
    why: str
    """The reason, in plain words."""


MINIMUM_COUNTS = tuple(
    MinimumCount(*row)
    for row in (
        ("mean", 10, "the middle value", "one long incident moves an average of so few"),
        ("median", 6, "the shortest and the longest", "fewer than six leave the middle anywhere between the two"),
        ("p90", 29, "a range read off the fitted shape, labelled as such", "the worst tenth of so few is no incident"),
        ("p95", 59, "the worst tenth", "the worst twentieth of so few is no incident"),
        ("p99", 299, "the worst tenth", "the worst hundredth of so few is no incident"),
        ("month", 10, "the quarter", "a month of so few says more about luck than about the team"),
        ("compare", 5, "the two counts and the times themselves", "so few differ by luck alone"),
        ("adjust", 20, "the plain comparison", "so few cannot be split by severity and type"),
        ("distribution", 5, "the times themselves, one by one", "every shape fits so few"),
        ("wide_distribution", 100, "the four plain shapes", "shapes with more freedom fit the noise"),
        ("trend", 20, "the first half beside the second", "a line through so few follows single incidents"),
        ("monthly_trend", 6, "the months side by side", "fewer than six months show no direction"),
        ("change_point", 20, "the months side by side", "a break in so few is found by luck"),
        ("control_limits", 8, "the times themselves, in order", "limits from so few move with each incident"),
        ("explain", 5, "the two counts", "so few cannot be split into causes"),
        ("pooled_service", 1, "the level of all services together", "a service without incidents says nothing"),
    )
)
"""Order-statistic bounds for the quantiles (1 - q**n >= 0.95); the rest are house rules, chosen so that the
intervals shown keep their promise at the size shown."""

_BY_NUMBER = {row.number: row for row in MINIMUM_COUNTS}


def minimum_count(number: str) -> MinimumCount:
    """Return the row of `MINIMUM_COUNTS` for one kind of number.

    Parameters
    ----------
    number : str
        One of the kinds that `MINIMUM_COUNTS` lists.

    Raises
    ------
    QuestionError
        When there is no such kind.

    Examples
    --------
    >>> minimum_count("p90").needs
    29
    """
    if number not in _BY_NUMBER:
        raise QuestionError(f"number must be one of {', '.join(_BY_NUMBER)}; got {number!r}")
    return _BY_NUMBER[number]


def why_withheld(number: str, n: int) -> str:
    """Return why a number is withheld and what stands in its place; empty where `n` is enough.

    Parameters
    ----------
    number : str
        One of the kinds that `MINIMUM_COUNTS` lists.
    n : int
        Ended incidents at hand.

    Raises
    ------
    QuestionError
        When there is no such kind of number.

    Examples
    --------
    >>> why_withheld("median", 3)
    'needs 6 ended incidents, has 3 (fewer than six leave the middle anywhere between the two); shown instead: the shortest and the longest'
    >>> why_withheld("median", 6)
    ''
    """  # noqa: E501
    row = minimum_count(number)
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
