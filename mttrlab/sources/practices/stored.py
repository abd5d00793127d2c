"""Practices as text and back, so that a lab can keep what was read and not the files."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter

from mttrlab.schema import Practices


@cache
def _adapter() -> TypeAdapter[Any]:
    return TypeAdapter(Practices)


def to_json(practices: Practices) -> str:
    """Return practices as JSON text; the same practices give the same text."""
    return _adapter().dump_json(practices).decode()


def from_json(text: str) -> Practices:
    """Return the practices that `to_json` wrote."""
    made: Practices = _adapter().validate_json(text)
    return made
