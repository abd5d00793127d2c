"""What a check against months not seen has found, in one word and one line; it travels with the model."""

from __future__ import annotations

from typing import NamedTuple

PASSED, FAILED, TOO_FEW = "passed", "failed", "too few to tell"

UNCHECKED = "not yet checked against history"


class Verdict(NamedTuple):
    """One word and one line."""

    word: str
    """passed, failed, or too few to tell."""
    line: str
    """One plain line that stands above every what-if."""

    def __str__(self) -> str:
        return self.line
