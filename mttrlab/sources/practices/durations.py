"""Durations as settings files write them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from mttrlab.sources.practices.faults import Faults, Place

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w|y)")
_WHOLE = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w|y))+")


def seconds(value: object) -> float:
    """Return a duration in seconds: a number of seconds, or text such as `60s`, `5m`, `1h30m`.

    Raises
    ------
    ValueError
        For anything else; the text says what to write.

    Examples
    --------
    >>> seconds("1h30m"), seconds(60), seconds("500ms")
    (5400.0, 60.0, 0.5)
    """
    wrong = f"must be a number of seconds or a duration such as 60s or 5m; got {str(value)[:40]!r}"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(wrong)
    if isinstance(value, str):
        text = value.strip()
        if text == "0":
            return 0.0
        if not _WHOLE.fullmatch(text):
            raise ValueError(wrong)
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text))
    if not isfinite(value) or value < 0:
        raise ValueError(wrong)
    return float(value)


def said_seconds(holder: Mapping[str, Any], key: str, place: Place, faults: Faults) -> float | None:
    """Return a duration that a mapping may say under `key`, seconds; what is wrong with it goes to `faults`."""
    if holder.get(key) is None:
        return None
    try:
        return seconds(holder[key])
    except ValueError as error:
        faults.add((*place, key), str(error))
        return None


def windows(expr: str) -> list[float]:
    """Return the range windows of a PromQL expression, seconds: `[5m]`, and `[1h:30s]` as its hour."""
    return [
        seconds(found)
        for found in re.findall(r"\[\s*([0-9][0-9a-z.]*)\s*(?::[^\]]*)?\]", expr)
        if _WHOLE.fullmatch(found)
    ]
