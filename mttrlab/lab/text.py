"""Text from data, made safe for a terminal and a log line."""

from __future__ import annotations

import unicodedata

# Format characters include the bidi controls, which can make a line read as something that it is not.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


def plain(text: object, limit: int | None = None) -> str:
    """Return `text` without control and direction characters, shortened to `limit`.

    Parameters
    ----------
    text : object
        Anything; its `str`.
    limit : int, optional
        Longest result, in characters.

    Examples
    --------
    >>> plain("pay\\x1b[31mments")
    'pay?[31mments'
    >>> plain("a very long title", limit=8)
    'a very …'
    """
    cleaned = "".join("?" if unicodedata.category(c) in _UNSEEN else c for c in str(text))
    return cleaned if limit is None or len(cleaned) <= limit else cleaned[: limit - 1] + "…"
