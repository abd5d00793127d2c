"""A large CSV table parted: what any reader must read alike, and what needs the strict one. Counted by us."""

from __future__ import annotations

import csv
import hashlib
import secrets
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mttrlab.errors import LoadError
from mttrlab.sources.exports.columns import IDS, Names, is_canonical, settle_columns
from mttrlab.sources.exports.event_log import is_event_log
from mttrlab.sources.exports.extracts import recognise_text
from mttrlab.sources.exports.reading import HEAD, MAX_BYTES, MAX_COLUMNS, header_of, open_stream

PIECE = 4 * 1024**2
"""Bytes that are examined at once; a piece with anything odd is halved until what is odd is small."""


_HALVINGS = 6


_LEAST_RECORD = 22


_LONGEST = 16 * PIECE


@dataclass(frozen=True)
class Odd:
    """Records that follow each other and need the strict reader."""

    row: int
    """Row number of the first one, as a spreadsheet shows it."""
    rows: int
    """Rows, blank ones too."""
    start: int
    """Where they begin in the file of odd records."""
    size: int
    """Bytes."""


class Shape(NamedTuple):
    """How a table is written."""

    width: int
    """Cells of the header."""
    delimiter: int
    """Code of the character between cells."""
    returns: bool
    """Lines end with a carriage return before the line feed."""


@dataclass(frozen=True)
class Scan:
    """A canonical table, its records copied into two files: plain ones and odd ones."""

    path: Path
    sha256: str
    size: int
    names: Names
    """The columns under our names, in the file's order."""
    first_line: str
    """The header as it stands there, with its line end."""
    shape: Shape
    rows: int
    """Rows under the header, blank ones too."""
    plain: Path
    """A row for each of them. Every reader of CSV must read it alike; an odd one has `mark` for its id and no more."""
    mark: str
    """What no id of the file can be."""
    strange: Path
    """The odd ones, as they stand in the file."""
    odd: tuple[Odd, ...]


def is_large_table(path: Path, least: int, format: str | None, columns: Mapping[str, str] | None = None) -> bool:
    """Return whether the file may be a canonical table of at least that many records, by its size and its header."""
    if format not in (None, "canonical") or not _LEAST_RECORD * least <= path.stat().st_size <= MAX_BYTES:
        return False
    with path.open("rb") as opened:
        return _begin(opened.read(HEAD).removeprefix(b"\xef\xbb\xbf"), format, columns) is not None


def scan_table(
    path: Path, folder: Path, *, least: int, format: str | None, columns: Mapping[str, str] | None = None
) -> Scan | None:
    """Part a canonical CSV table into two files in `folder`.

    Parameters
    ----------
    path : Path
        The table; read once, through one descriptor.
    folder : Path
        An empty folder that is the lab's own.
    least : int
        With fewer records it is not worth the trouble.
    format : str, optional
        What the caller said that the file is.
    columns : mapping, optional
        What the caller said of its columns.

    Returns
    -------
    Scan or None
        None: small, of another format, or with something about it as a whole that the strict reader must judge.
    """
    try:
        with open_stream(path) as (stream, size):
            scan = _cut(path, stream, size, folder, format, columns, PIECE)
    except (LoadError, OSError, UnicodeDecodeError, csv.Error):
        return None
    return scan if scan is not None and scan.rows >= least else None


def _cut(
    path: Path,
    stream: BinaryIO,
    size: int,
    folder: Path,
    wished: str | None,
    columns: Mapping[str, str] | None,
    piece: int,
) -> Scan | None:
    with ThreadPoolExecutor(1) as hasher:
        digest = hashlib.sha256()
        blocks = _hashed(stream, size, piece, digest, hasher)
        start = next(blocks, b"")
        began = _begin(start.removeprefix(b"\xef\xbb\xbf"), wished, columns)
        if began is None:
            return None
        first_line, names, shape = began
        skipped = len(start) - len(start.removeprefix(b"\xef\xbb\xbf")) + len(first_line.encode())
        odd: list[Odd] = []
        row = 2
        plain, strange = folder / "plain.csv", folder / "odd.csv"
        # The blank in front makes it an id that is doubted by any reader.
        mark = f" odd {secrets.token_hex(16)}"
        named = names.header.index(next(name for name in IDS if name in names.header))
        blank = (chr(shape.delimiter).join(mark if n == named else "" for n in range(shape.width)) + "\n").encode()
        with plain.open("xb") as copied, strange.open("xb") as kept:
            for piece_of in pieces(_chained(start[skipped:], blocks)):
                for records, seen in _examined(piece_of, shape, _HALVINGS):
                    if seen is None:
                        return None
                    if seen.plain:
                        # Every return of a plain piece ends a line, and DuckDB stumbles over that of the last line.
                        copied.write(records.replace(b"\r\n", b"\n") if shape.returns else records)
                        if not records.endswith(b"\n"):
                            copied.write(b"\n")
                    else:
                        copied.write(blank * seen.rows)
                        odd.append(Odd(row, seen.rows, kept.tell(), len(records)))
                        kept.write(records)
                    row += seen.rows
    return Scan(path, digest.hexdigest(), size, names, first_line, shape, row - 2, plain, mark, strange, tuple(odd))


class Examined(NamedTuple):
    """What was seen in a piece."""

    plain: bool
    """Nothing odd: rows of `width` cells, quotes where they belong, no blank rows, one kind of line end."""
    rows: int
    """Rows, counted by the parity of quotes alone; blank ones too."""


def _examined(records: bytes, shape: Shape, halvings: int) -> Iterator[tuple[bytes, Examined | None]]:
    """Yield the records in stretches, each with its verdict; what is odd is narrowed down."""
    seen = examine(records, shape)
    half = 0 if seen is None or seen.plain or not halvings else _last_end(records[: len(records) // 2])
    if half:
        yield from _examined(records[:half], shape, halvings - 1)
        yield from _examined(records[half:], shape, halvings - 1)
    else:
        yield records, seen


def _hashed(
    stream: BinaryIO, size: int, piece: int, digest: hashlib._Hash, hasher: ThreadPoolExecutor
) -> Iterator[bytes]:
    total = 0
    before: Future[None] | None = None
    while block := stream.read(piece):
        if before is not None:
            before.result()
        before = hasher.submit(digest.update, block)
        total += len(block)
        yield block
    if before is not None:
        before.result()
    if total != size:
        raise LoadError("the file changed while it was read")


def _chained(start: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield start
    yield from blocks


def pieces(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield whole records: each piece ends with a line end that no quote holds, or with the file.

    Raises
    ------
    LoadError
        Where a record never seems to end.
    """
    rest = b""
    for block in blocks:
        rest += block
        end = _last_end(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > _LONGEST:
            raise LoadError("a record never ends")
    if rest:
        yield rest


def _last_end(text: bytes) -> int:
    """Return where the last whole record of `text` ends, which begins outside of quotes; 0: nowhere."""
    at = text.rfind(b"\n")
    if b'"' not in text:
        return at + 1
    quotes = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord('"'))
    while at >= 0:
        before = int(np.searchsorted(quotes, at))
        if before % 2 == 0:
            return at + 1
        at = text.rfind(b"\n", 0, int(quotes[before - 1]))
    return 0


def _begin(start: bytes, wished: str | None, columns: Mapping[str, str] | None) -> tuple[str, Names, Shape] | None:
    """Return the header line, the names and the shape; None where the file does not begin with a plain one."""
    line, end, _ = start.partition(b"\n")
    if not end or not line.strip() or line[:1] in b"{[\r" or line.count(b'"') % 2 or b"\r" in line[:-1]:
        return None
    try:
        text = line.decode() + "\n"
    except UnicodeDecodeError:
        # Packed, UTF-16 or damaged: the strict reader says which.
        return None
    delimiter, cells = header_of(text)
    try:
        names = settle_columns(cells, columns)
    except LoadError:
        return None
    header = names.header
    named = [name for name in header if name]
    known = is_canonical(header) if columns else recognise_text(text) == "canonical"
    if (
        not known
        or is_event_log(start.decode(errors="replace"))
        or len(header) < 2
        or len(header) > MAX_COLUMNS
        or len(set(named)) < len(named)
    ):
        return None
    if wished is None and not any(name in IDS for name in header):
        return None
    return text, names, Shape(len(header), ord(delimiter), line.endswith(b"\r"))


# Is there anything odd about these CSV records? Asked of bytes, many at once; whoever doubts says yes.


_QUOTE, _LINE, _RETURN = ord('"'), ord("\n"), ord("\r")


_LONG = 8 * 1024**2


def examine(records: bytes, shape: Shape) -> Examined | None:
    """Return what is to be said of whole records; None where they are no text or end inside a quote.

    Examples
    --------
    >>> examine(b'1,"a, b"\\n2,c\\n', Shape(2, ord(","), False))
    Examined(plain=True, rows=2)
    >>> examine(b"1,a\\n2\\n", Shape(2, ord(","), False))
    Examined(plain=False, rows=2)
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
    return Examined(plain and not _strange(records, shape), rows)


def _strange(records: bytes, shape: Shape) -> bool:
    """Records that are too long for comfort, or an end that only the last piece may have.

    Blank rows need no look of their own: they lack delimiters.
    """
    return len(records) > _LONG or (shape.returns and records[-1:] != b"\n")


def _quoted(records: bytes, shape: Shape) -> Examined | None:
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
    return Examined(bool(plain), rows)


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
