"""Is there anything odd about these CSV records? Asked of bytes, many at once; whoever doubts says yes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_QUOTE, _LINE, _RETURN = ord('"'), ord("\n"), ord("\r")
_LONG = 8 * 1024**2


class Shape(NamedTuple):
    """How a table is written."""

    width: int
    """Cells of the header."""
    delimiter: int
    """Code of the character between cells."""
    returns: bool
    """Lines end with a carriage return before the line feed."""


class Verdict(NamedTuple):
    """What was seen in a piece."""

    plain: bool
    """Nothing odd: rows of `width` cells, quotes where they belong, no blank rows, one kind of line end."""
    rows: int
    """Rows, counted by the parity of quotes alone; blank ones too."""


def examine(records: bytes, shape: Shape) -> Verdict | None:
    """Return what is to be said of whole records; None where they are no text or end inside a quote.

    Examples
    --------
    >>> examine(b'1,"a, b"\\n2,c\\n', Shape(2, ord(","), False))
    Verdict(plain=True, rows=2)
    >>> examine(b"1,a\\n2\\n", Shape(2, ord(","), False))
    Verdict(plain=False, rows=2)
    """
    if b"\0" in records:
        return None
    if not records.isascii():
        try:
            records.decode()
        except UnicodeDecodeError:
            return None
    if b'"' in records:
        return _quoted(records, shape)
    codes = np.frombuffer(records, dtype=np.uint8)
    returns = records.count(b"\r") if b"\r" in records else 0
    lines = int(np.count_nonzero(codes == _LINE))
    pairs = records.count(b"\r\n") if returns else 0
    rows = lines + returns - pairs + (records[-1] not in b"\r\n")
    plain = returns == pairs == (lines if shape.returns else 0)
    plain = plain and int(np.count_nonzero(codes == shape.delimiter)) == rows * (shape.width - 1)
    return Verdict(plain and not _strange(records, shape), rows)


def _strange(records: bytes, shape: Shape) -> bool:
    """Records that are too long for comfort, or an end that only the last piece may have.

    Blank rows need no look of their own: they lack delimiters.
    """
    return len(records) > _LONG or (shape.returns and records[-1:] != b"\n")


def _quoted(records: bytes, shape: Shape) -> Verdict | None:
    codes = np.frombuffer(records, dtype=np.uint8)
    quotes = np.flatnonzero(codes == _QUOTE)
    if len(quotes) % 2:
        return None
    lines, returns = np.flatnonzero(codes == _LINE), np.flatnonzero(codes == _RETURN)
    outside = lines[_outside(quotes, lines)]
    ends = returns[_outside(quotes, returns)]
    pairs = int((codes[np.minimum(ends + 1, len(codes) - 1)] == _LINE).sum()) - int(
        len(ends) > 0 and ends[-1] == len(codes) - 1
    )
    rows = len(outside) + len(ends) - max(pairs, 0) + (records[-1] not in b"\r\n")
    delimiters = np.flatnonzero(codes == shape.delimiter)
    plain = (
        len(returns) == len(ends) == max(pairs, 0) == (len(outside) if shape.returns else 0)
        and int(_outside(quotes, delimiters).sum()) == rows * (shape.width - 1)
        and _well_placed(codes, quotes, shape)
        and not _swallowing(records, lines, _outside(quotes, lines), shape)
        and not _strange(records, shape)
    )
    return Verdict(bool(plain), rows)


def _outside(quotes: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.bool_]:
    outside: NDArray[np.bool_] = np.searchsorted(quotes, places) % 2 == 0
    return outside


def _well_placed(codes: NDArray[np.uint8], quotes: NDArray[np.int64], shape: Shape) -> bool:
    """A quote opens at the beginning of a cell and closes at its end, or is one of a doubled pair."""
    opening, closing = quotes[0::2], quotes[1::2]
    before = codes[np.maximum(opening - 1, 0)]
    opens = (opening == 0) | (before == shape.delimiter) | (before == _LINE) | (before == _QUOTE)
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    closes = closing == len(codes) - 1
    closes |= (after == shape.delimiter) | (after == _LINE) | (after == _RETURN) | (after == _QUOTE)
    return bool(opens.all() and closes.all())


def _swallowing(records: bytes, lines: NDArray[np.int64], outside: NDArray[np.bool_], shape: Shape) -> bool:
    """Return whether a line inside a cell might look like a row: its quote may never have been meant to be open."""
    mark = bytes([shape.delimiter])
    for place in np.flatnonzero(~outside).tolist():
        end = int(lines[place + 1]) if place + 1 < len(lines) else len(records)
        if records.count(mark, int(lines[place]) + 1, end) >= shape.width - 1:
            return True
    return False
