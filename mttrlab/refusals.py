"""Refusals in words: what is wrong with a value that a person gave, where, and what it was, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MEANINGS = {
    "string_type": "must be a text",
    "bool_type": "must be True or False",
    "tuple_type": "must be a list, such as [one, other]",
    "list_type": "must be a list, such as [one, other]",
    "dict_type": "must hold names and values",
}
"""What Pydantic's commonest refusals ask for."""


def shown(value: object, longest: int = 80) -> str:
    """Return a value as a sentence can hold it: on one line, and short.

    Examples
    --------
    >>> shown("a\\nb"), shown("x" * 100, 10)
    ("'a\\\\nb'", "'xxxxxxxx…")
    """
    line = " ".join(repr(value).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def sentence(problem: ErrorDetails, place: str) -> str:
    """Return one problem that Pydantic has found as a sentence.

    Parameters
    ----------
    problem : ErrorDetails
        One of `ValidationError.errors()`. What our own validators raise says already what must be and what was given.
    place : str
        Where it stands, in words; empty: the sentence says it itself.
    """
    own = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return f"{place} {own}".strip()
    said = _meaning(problem, own)
    return f"{place} {said}; got {shown(problem['input'])}".strip()


def _meaning(problem: ErrorDetails, own: str) -> str:
    if problem["type"] == "dataclass_type":
        return f"must be {with_article(problem['ctx']['class_name'])}"
    plain = own.removeprefix("Input ").replace("should be", "must be", 1)
    return _MEANINGS.get(problem["type"], plain[:1].lower() + plain[1:])


def with_article(noun: str) -> str:
    """Return a noun with its article.

    Examples
    --------
    >>> with_article("IncidentType"), with_article("Pool")
    ('an IncidentType', 'a Pool')
    """
    return f"{'an' if noun[:1] in 'AEIOUaeiou' else 'a'} {noun}"


def nearest(key: object, known: Mapping[str, object] | list[str]) -> str:
    """Return which of the known names was meant, or all of them, as the end of a sentence."""
    from difflib import get_close_matches

    near = get_close_matches(str(key), list(known), n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
