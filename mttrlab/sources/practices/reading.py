"""Opening a settings file: once, as text, within limits."""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from urllib.parse import urlsplit

from mttrlab.errors import LoadError
from mttrlab.yaml_io import FileFaults, Place

LARGEST = 5_000_000
"""Bytes; rule files of whole companies are far smaller."""


def text_of(path: Path) -> str:
    """Return the text of a regular file.

    Raises
    ------
    LoadError
        For what is no regular file, is too large, or is not UTF-8.
    """
    try:
        kind = path.stat()
        if not stat.S_ISREG(kind.st_mode):
            raise LoadError(f"{path} is not a regular file; pass a file or a folder of files")
        if kind.st_size > LARGEST:
            raise LoadError(f"{path} has {kind.st_size:,} bytes; settings files are read up to {LARGEST:,}")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise LoadError(f"{path} cannot be opened: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise LoadError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    if "\0" in text:
        raise LoadError(f"{path} holds NUL characters; it is no text")
    return text


# Addresses without what must not be kept.


def without_secrets(url: str) -> str:
    """Return scheme, host and path of an address; user names, query strings and `${…}` are cut out.

    Examples
    --------
    >>> without_secrets("https://me:secret@example.com/login/${TOKEN}?key=1#top")
    'https://example.com/login/…'
    """
    clean = re.sub(r"\$\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z_][A-Z0-9_]*", "…", url.strip())
    try:
        parts = urlsplit(clean)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return re.sub(r"[?#].*|.*@", "", clean)[:300]
    if not parts.netloc:
        return re.sub(r"[?#].*", "", clean.rsplit("@", 1)[-1])[:300]
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"[:300]


# Durations as settings files write them.


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0, "y": 31_536_000.0}


_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|w|y)")


_WHOLE = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ms|s|m|h|d|w|y))+")


def duration_seconds(value: object) -> float:
    """Return a duration in seconds: a number of seconds, or text such as `60s`, `5m`, `1h30m`.

    Raises
    ------
    ValueError
        For anything else; the text says what to write.

    Examples
    --------
    >>> duration_seconds("1h30m"), duration_seconds(60), duration_seconds("500ms")
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


def said_seconds(holder: Mapping[str, object], key: str, place: Place, faults: FileFaults) -> float | None:
    """Return a duration that a mapping may say under `key`, seconds; what is wrong with it goes to `faults`."""
    if holder.get(key) is None:
        return None
    try:
        return duration_seconds(holder[key])
    except ValueError as error:
        faults.add((*place, key), str(error))
        return None


def mapping_of(holder: Mapping[str, object], key: str) -> dict[str, object]:
    """Return the mapping under `key`; empty where there is none."""
    value = holder.get(key)
    return value if isinstance(value, dict) else {}


def windows(expr: str) -> list[float]:
    """Return the range windows of a PromQL expression, seconds: `[5m]`, and `[1h:30s]` as its hour."""
    return [
        duration_seconds(found)
        for found in re.findall(r"\[\s*([0-9][0-9a-z.]*)\s*(?::[^\]]*)?\]", expr)
        if _WHOLE.fullmatch(found)
    ]
