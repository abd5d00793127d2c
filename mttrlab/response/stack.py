"""Room on Python's stack, for work that calls many small functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Made = TypeVar("_Made")

_WORDS = 40_000


def roomy(function: Callable[..., _Made]) -> Callable[..., _Made]:
    """Return a function that does the same with room on the stack for all that it calls.

    Python asks the system for its stack in pieces of 16 kB, and gives a piece back as soon as the call that began it
    returns. Where a loop happens to stand at the end of a piece, every call of the loop asks and gives back: compiling
    the engine took a fifth longer for it, at some depths. A frame that says that it needs much is given a large piece,
    whose rest the frames above it use. Memory that nobody touches costs nothing.

    Examples
    --------
    >>> roomy(max)(1, 3)
    3
    """

    def run(*given: Any, **named: Any) -> _Made:
        return function(*given, **named)

    run.__code__ = run.__code__.replace(co_stacksize=_WORDS)
    return run
