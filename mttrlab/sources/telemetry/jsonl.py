"""JSON text → documents: one, a list, or one a line; a line that is no JSON is put aside, not the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mttrlab.errors import LoadError
from mttrlab.sources.exports.reading import MAX_JSON

MAX_LINE = 1_000_000
"""Characters of a line; a longer one is no log line that a person has written."""


class JunkError(ValueError):
    """A line that cannot be read, with the reason."""


def documents(text: str, name: str) -> Iterator[tuple[int, Any]]:
    """Yield each document with its row: elements of a list, one object, or one a line.

    A line that cannot be read is yielded as the `JunkError` that says why.

    Raises
    ------
    LoadError
        When a whole document (not one a line) is no JSON.
    """
    start = text.lstrip()[:1]
    lines = text.split("\n")
    filled = sum(1 for line in lines if line.strip())
    if filled > 1 and start == "{" and _is_line(next(line for line in lines if line.strip())):
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield number, _line(line)
        return
    if len(text) > MAX_JSON:
        raise LoadError(f"{name} has {len(text):,} characters of JSON, more than the limit of {MAX_JSON:,}; split it")
    try:
        found = loads(text)
    except JunkError as trouble:
        if filled > 1 and start not in ("[", "{"):
            # A log may begin with a line that is none (a banner, a stack trace).
            yield from ((number, _line(line)) for number, line in enumerate(lines, 1) if line.strip())
            return
        raise LoadError(f"{name}: {trouble}; export it again") from None
    if isinstance(found, list):
        yield from enumerate(found, 1)
    else:
        yield 1, found


def loads(text: str) -> Any:
    """Return the value of a JSON text; no key twice.

    Raises
    ------
    JunkError
    """
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        where = f" at line {error.lineno}" if error.lineno > 1 else ""
        raise JunkError(f"is no JSON ({error.msg.lower()}{where})") from None
    except RecursionError:
        raise JunkError("is JSON that nests too deeply") from None
    except JunkError:
        raise
    except ValueError:
        raise JunkError("holds a number with more digits than any") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise JunkError(f"says {twice[:60]!r} twice in one object")
    return found


def _line(line: str) -> Any:
    if len(line) > MAX_LINE:
        return JunkError(f"has {len(line):,} characters, more than the limit of {MAX_LINE:,} a line")
    try:
        return loads(line)
    except JunkError as trouble:
        return trouble


def _is_line(line: str) -> bool:
    return isinstance(_line(line), dict)
