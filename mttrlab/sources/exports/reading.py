"""A file, read once through one descriptor: regular, bounded, hashed, and text where it should be text."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import os
import re
import stat
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from io import BufferedReader
from pathlib import Path
from typing import overload

import numpy as np

from mttrlab.errors import LoadError

MAX_BYTES = 2 * 1024**3
"""Largest file, and largest content of a .gz; greater ones are to be split or given as Parquet."""


MAX_RATIO = 200
"""A .gz that grows by more than this is no export."""


HEAD = 64 * 1024
"""What is enough to recognise a format."""


_ARCHIVES = {
    b"PK\x03\x04": "a zip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"Rar!": "a rar archive",
}


_OTHERS = {
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x89PNG": "a picture",
}


_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


_PAGE = re.compile(r"\s*(?:<!doctype html|<html|<head|<!--)", re.IGNORECASE)


_XML = re.compile(r"\s*<(?:\?xml|feed|rss|rdf:rdf)\b", re.IGNORECASE)


_ROOT = re.compile(r"<(!doctype html|[a-z][\w:.-]*)", re.IGNORECASE)


_HOME = re.compile(r"<link\b[^>]*\bhref=[\"'](https://[\w.-]{1,80})[/\"']", re.ASCII)


_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


@dataclass(frozen=True)
class Opened:
    """A file as it was at one moment."""

    path: Path
    content: bytes
    """What is in it, inflated where it was a .gz."""
    sha256: str
    """Hash of the file as it lies on disk."""
    size: int
    """Bytes on disk."""

    @property
    def name(self) -> str:
        """What sentences call it."""
        return self.path.name

    @property
    def is_parquet(self) -> bool:
        """Whether the content says that it is Parquet."""
        return self.content[:4] == b"PAR1"


def open_file(path: str | Path) -> Opened:
    """Return the file's content.

    Raises
    ------
    LoadError
        Where it is missing, no regular file, empty, larger than MAX_BYTES, an archive other than .gz, or unreadable.
    """
    content, size = _read(path, MAX_BYTES)
    name = Path(path).name
    digest = hashlib.sha256(content).hexdigest()
    if content[:2] == b"\x1f\x8b":
        content = _inflate(content, name)
    _refuse_others(content[:16], name)
    if not content.strip(b"\0 \t\r\n"):
        raise LoadError(f"{name} holds nothing; export it again")
    return Opened(Path(path), content, digest, size)


def head(path: str | Path) -> bytes:
    """Return the first bytes of the content, enough to recognise its format; raises as `open_file` does."""
    content, _ = _read(path, HEAD, whole=False)
    if content[:2] == b"\x1f\x8b":
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, HEAD)
        except zlib.error:
            raise LoadError(f"{Path(path).name} is a damaged .gz; fetch it again") from None
    _refuse_others(content[:16], Path(path).name)
    return content


def foot(path: str | Path) -> bytes:
    """Return the last bytes of the file, where Parquet keeps its names."""
    with Path(path).open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 16 * HEAD))
        return file.read()


def _read(path: str | Path, most: int, whole: bool = True) -> tuple[bytes, int]:
    name = Path(path).name or str(path)
    with open_stream(path) as (file, size):
        if whole and size > most:
            raise LoadError(f"{name} has {size:,} bytes, more than the limit of {most:,}; split it by month")
        try:
            content = file.read(most + 1 if whole else most)
        except OSError as error:
            raise LoadError(f"{name} cannot be read ({(error.strerror or 'error').lower()}); fetch it again") from None
    if whole and len(content) != size:
        raise LoadError(f"{name} changed while it was read; wait until it is written, then load it again")
    return content, size


@contextmanager
def open_stream(path: str | Path) -> Iterator[tuple[BufferedReader, int]]:
    """Open a regular file that is not empty, once, and say how many bytes it has.

    Raises
    ------
    LoadError
        Where it is missing, an address, a folder, a pipe, empty, or cannot be opened.
    """
    name = Path(path).name or str(path)
    if _SCHEME.match(str(path)):
        raise LoadError(f"{str(path)[:80]} is an address, not a file; download it, then load the file")
    try:
        # Non-blocking, so that a named pipe is refused instead of waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise LoadError(f"{path} does not exist; check the path") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise LoadError(f"{name} cannot be opened ({reason.lower()}); check the path and its permissions") from None
    try:
        about = os.fstat(descriptor)
        if stat.S_ISDIR(about.st_mode):
            raise LoadError(f"{name} is a folder; name the files in it, for example {name}/*.csv")
        if not stat.S_ISREG(about.st_mode):
            raise LoadError(f"{name} is not a regular file; save the export to a file first")
        if about.st_size == 0:
            raise LoadError(f"{name} is empty (0 bytes); export it again")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file, about.st_size
    finally:
        os.close(descriptor)


def _inflate(packed: bytes, name: str) -> bytes:
    most = min(MAX_BYTES, MAX_RATIO * len(packed))
    parts: list[bytes] = []
    total = 0
    while packed:
        stream = zlib.decompressobj(wbits=31)
        try:
            part = stream.decompress(packed, most - total + 1)
        except zlib.error:
            raise LoadError(f"{name} is a damaged .gz; fetch it again") from None
        total += len(part)
        if total > most:
            raise LoadError(f"{name} grows to more than {most:,} bytes when unpacked, the limit; unpack and split it")
        if not stream.eof:
            raise LoadError(f"{name} is a .gz that ends too early; fetch it again")
        parts.append(part)
        packed = stream.unused_data.lstrip(b"\0")
        if packed and packed[:2] != b"\x1f\x8b":
            raise LoadError(f"{name} has something behind its .gz content; fetch it again")
    return b"".join(parts)


def _refuse_others(start: bytes, name: str) -> None:
    for magic, kind in _ARCHIVES.items():
        if start.startswith(magic):
            raise LoadError(f"{name} is {kind} or an Excel workbook; unpack it, or save it as CSV")
    for magic, kind in _OTHERS.items():
        if start.startswith(magic):
            raise LoadError(f"{name} is {kind}, not an export; export incidents as JSON or CSV")


def decode(content: bytes, name: str) -> str:
    """Return the text of `content`: UTF-8 with or without a mark, or UTF-16 with one.

    Raises
    ------
    LoadError
        Naming the row where it is no text, or saying that it is a web page.
    """
    encoding = "utf-8"
    for mark, encoding_of in _MARKS.items():
        if content.startswith(mark):
            encoding, content = encoding_of, content[len(mark) :]
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise LoadError(
            f"{name} row {row}: byte {error.object[error.start]:#04x} is not {encoding.upper()}; "
            f"export it again as UTF-8"
        ) from None
    zero = text.find("\0")
    if zero >= 0:
        row = text.count("\n", 0, zero) + 1
        raise LoadError(
            f"{name} row {row}: a NUL character, so it is no text (or UTF-16 without its mark); "
            "export it again as UTF-8"
        )
    if _XML.match(text) or _PAGE.match(text):
        raise LoadError(f"{name} is {_markup(text)}")
    if not text.strip():
        raise LoadError(f"{name} holds nothing; export it again")
    return text


def _markup(text: str) -> str:
    """Return what a text of HTML or XML is, and what to fetch instead."""
    found = _ROOT.search(text, 0, HEAD)
    root = found[1].lower() if found else ""
    if root in ("feed", "rss", "rdf:rdf"):
        home = _HOME.search(text, 0, HEAD)
        return (
            f"{'an Atom' if root == 'feed' else 'an RSS'} feed, whose posts are prose without milestones; fetch "
            f"{home[1] if home else 'the status page'}/api/v2/incidents.json instead"
        )
    if _XML.match(text) and root not in ("!doctype html", "html"):
        return "XML, which no export that is read comes in; export incidents as JSON or CSV"
    return "a web page (a login page?), not an export; sign in and download it again"


# Keys of JSON as a sentence may print them: some people's files have names of people for keys.


_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


_LISTED = """
    account acked acknowledged action active affected agent alert alerts app area assigned at attributes author begin
    body business by category cause caused change channel class close closed cluster code comment company component
    components config contact cost count country created creation current custom customer data date datetime day
    declared deploy description detail details detected detection device diagnosed domain downtime drill duration
    email end ended ends env environment error event events external field fields file first fix fixed flag from group
    host hours id identified impact incident incidents index info instance is issue item items key kind label labels
    last level link links list location log logs major message meta metadata method metric milestones minutes mitigated
    mode model month monitor name namespace network node note notes number object open opened operator order org
    organisation organization origin owner page parent path period person phase platform policy postmortem priority
    problem product project provider queue rank reason record ref reference region release reopened report reported
    repo request resolution resolve resolved resource response responder restored result results role root rule run
    scheduled score seconds sev severity service services short site size source stable stage start started starts
    state status step stop subject summary system tag tags target team tenant text ticket tier time timeline timestamp
    timezone title to total type types until update updated updates uptime urgency url user users utc value values
    vendor verified version week work year zone
"""


_WORDS = frozenset(_LISTED.split())
"""Words of which names of columns are made, and names of people hardly ever."""


_LONG = tuple(word for word in _WORDS if len(word) > 4)


_ALIKE = 0.92
"""A slip of one letter in a word of seven; names of people are less like any of the words."""


def is_plain(key: str) -> bool:
    """Return whether some word of the key is one of which columns are named, run together or misspelt as it may be.

    Examples
    --------
    >>> is_plain("customerTier"), is_plain("assigned_to"), is_plain("Jane Doe"), is_plain("jane.doe@example.com")
    (True, True, False, False)
    >>> is_plain("rootcause"), is_plain("priorty"), is_plain("Stuart")
    (True, True, False)
    """
    if "@" in key:
        return False
    words = [word.lower() for word in _PARTS.findall(key)]
    return any(
        word in _WORDS or any(known in word for known in _LONG) or get_close_matches(word, _LONG, 1, _ALIKE)
        for word in words
    )


def printable_key(key: str) -> str:
    """Return the key as a sentence may print it: whole where it is plain, else its first letter.

    Examples
    --------
    >>> printable_key("started_at"), printable_key("Jane Doe")
    ('started_at', 'J…')
    """
    return key[:40] if is_plain(key) else f"{key[:1]}…"


# JSON text → records, strictly: one document or one object a line, no key twice, no number that is none.


MAX_JSON = 512 * 1024**2
"""Characters of a JSON file; a longer one is to be split or given one object a line in several files."""


_STRUCTURE = re.compile(r"[,:{}\[\]\"]")


_LISTS = ("incidents", "scheduled_maintenances")


WRAPPERS = ("data", "result", "results", "items", "records", "rows", "values")
"""Keys under which an API answers with its list of records."""


JsonObject = dict[str, object]
"""An object of a JSON file: what a field holds is known when it is asked for."""


class Written(float):
    """A number with a point or an exponent that remembers how it was written: an id `1E5` stays `1E5`."""

    text: str

    def __new__(cls, text: str) -> Written:
        number = super().__new__(cls, text)
        number.text = text
        return number


@dataclass(frozen=True)
class Documents:
    """The records of a JSON file."""

    name: str
    records: list[object]
    """What should be objects, one per record; readers quarantine what is none."""
    numbers: list[int] | range
    """Line (one object a line) or place in the list, from 1."""
    envelope: Mapping[str, object]
    """What stands around the list."""

    @property
    def log_entries(self) -> list[object]:
        """What stands beside the list as the log of its records; empty where there is none."""
        entries = self.envelope.get("log_entries")
        return entries if isinstance(entries, list) else []


def read_documents(text: str, name: str) -> Documents:
    """Return the records of a JSON list, of an envelope around lists of incidents, or of one object a line.

    Raises
    ------
    LoadError
        Where the text is cut off, holds several documents, a key twice, NaN or Infinity, is nested too deeply or too
        long, or holds no record.
    """
    if len(text) > MAX_JSON:
        raise LoadError(f"{name} has {len(text):,} characters of JSON, more than the limit of {MAX_JSON:,}; split it")
    lines = text.split("\n")
    filled = [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if len(filled) > 1 and text.lstrip()[0] == "{" and _whole(filled[0][1]):
        found = _lines(filled, name)
        return _pages(found.records, name) or found
    document = _load(text, name, None)
    envelope: JsonObject = {}
    if isinstance(document, dict):
        lists = [key for key in _LISTS if isinstance(document.get(key), list)]
        if not lists and "id" not in document:
            lists = [key for key in WRAPPERS if _is_list_of_objects(document.get(key))][:1]
        if lists:
            envelope = {key: value for key, value in document.items() if key not in lists}
            document = [record for key in lists for record in document[key]]
        else:
            single = document.get("incident")
            document = [single if isinstance(single, dict) and "id" in single and "id" not in document else document]
    if not isinstance(document, list):
        raise LoadError(f"{name} is JSON but neither a list nor an object; export incidents as a list of objects")
    if not document:
        raise LoadError(f"{name} holds an empty list and no incidents; export it again, or leave it out")
    return _pages(document, name) or Documents(name, document, range(1, len(document) + 1), envelope)


def _is_list_of_objects(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(record, dict) for record in value)


def _pages(records: list[object], name: str) -> Documents | None:
    """Return the incidents of several pages of answers, one behind the other; None where the records are none."""
    pages = [page for page in records if isinstance(page, dict) and isinstance(page.get("incidents"), list)]
    if len(pages) < len(records):
        return None
    incidents = [record for page in pages for record in page["incidents"]]
    around: JsonObject = {}
    for page in pages:
        around |= {key: value for key, value in page.items() if key != "incidents"}
    logs = [page["log_entries"] for page in pages if isinstance(page.get("log_entries"), list)]
    around |= {"log_entries": [entry for entries in logs for entry in entries]} if logs else {}
    return Documents(name, incidents, range(1, len(incidents) + 1), around)


def _lines(filled: list[tuple[int, str]], name: str) -> Documents:
    records = [_load(line, name, number, last=number == filled[-1][0]) for number, line in filled]
    return Documents(name, records, [number for number, _ in filled], {})


def _whole(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_json(text: str, name: str, row: int) -> object:
    """Return what one cell or line says, as strictly as a whole file.

    Raises
    ------
    LoadError
        Naming the row.
    """
    return _load(text, name, row, last=True)


def _load(text: str, name: str, line: int | None, last: bool = False) -> object:
    where = f"{name} row {line}" if line else name
    try:
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=Written)
    except json.JSONDecodeError as error:
        row = line or error.lineno
        if error.msg.startswith("Extra data"):
            raise LoadError(
                f"{name} row {row}: a second JSON document begins; keep one list, or one object a line"
            ) from None
        # Nothing but half a word is left: the file ended there.
        ends = not _STRUCTURE.search(text, error.pos) or error.msg.startswith("Unterminated string")
        what = "the JSON is cut off in the middle of a record" if ends else f"no JSON ({error.msg.lower()})"
        raise LoadError(f"{name} row {row}: {what}; export it again") from None
    except RecursionError:
        raise LoadError(f"{where}: JSON nested too deeply to be an export; export it again") from None
    except _UnfitError as error:
        raise LoadError(f"{where}: {error}; correct or export it again") from None
    except ValueError:
        raise LoadError(f"{where}: a number with more digits than any export has; correct or export it again") from None


class _UnfitError(Exception):
    """What JSON allows to be written and nobody can read for certain."""


def _once(pairs: list[tuple[str, object]]) -> JsonObject:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _UnfitError(f"the key {printable_key(twice)!r} stands twice in one object")
    return found


def _no_number(word: str) -> object:
    raise _UnfitError(f"{word} is no number in JSON")


# CSV text → rows, with our own count of them: what the file holds is what comes out, or the file is refused.


MAX_CELL = 16 * 1024**2


MAX_COLUMNS = 10_000


DELIMITERS = (",", ";", "\t", "|")


_FOLD = re.compile(r"[\s_\-]+")


_SEP = re.compile(r"[\ufeff\s]*\"?sep=.\"?[ \t]*(?:\r\n|\r|\n)", re.IGNORECASE)


_LINE = ord("\n")


_BREAKS = re.compile(r"\r\n|\r|\n")


def fold(name: str) -> str:
    """Return a header as it is compared: without case, spaces and hyphens as underscores.

    Examples
    --------
    >>> fold(" Started At")
    'started_at'
    """
    return _FOLD.sub("_", name.strip().lower()).strip("_")


class Even(Sequence[Sequence[str]]):
    """Rows that all have one length, kept column by column: most readers want the columns."""

    def __init__(self, by_place: list[list[str]]) -> None:
        self.by_place = by_place

    def __len__(self) -> int:
        return len(self.by_place[0])

    @overload
    def __getitem__(self, at: int) -> Sequence[str]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Sequence[str]]: ...
    def __getitem__(self, at: int | slice) -> Sequence[str] | Sequence[Sequence[str]]:
        if isinstance(at, slice):
            return Even([column[at] for column in self.by_place])
        return [column[at] for column in self.by_place]

    def __iter__(self) -> Iterator[Sequence[str]]:
        return iter(zip(*self.by_place, strict=True))


@dataclass(frozen=True)
class Table:
    """The rows of a CSV file, all text."""

    name: str
    header: tuple[str, ...]
    """Folded names, in the file's order."""
    rows: Sequence[Sequence[str]]
    """Blank lines are not rows."""
    numbers: list[int] | range
    """Row number of each as a spreadsheet shows it: the header is the first row of the file."""


def header_of(text: str) -> tuple[str, list[str]]:
    """Return the delimiter and the header cells of a CSV text, whichever delimiter splits it into most."""
    start = without_sep(text).lstrip("\ufeff").lstrip("\r\n")
    line = _BREAKS.split(start, maxsplit=1)[0]
    best = max(DELIMITERS, key=line.count)
    try:
        return best, next(csv.reader([line], delimiter=best, strict=True), [])
    except csv.Error:
        return best, line.split(best)


def without_sep(text: str) -> str:
    """Return the text without the line in which spreadsheets tell each other the delimiter, and which they hide."""
    return _SEP.sub("", text, count=1) if _SEP.match(text) else text


def read_table(text: str, name: str) -> Table:
    """Return the rows of a CSV text.

    Raises
    ------
    LoadError
        Where rows cannot be told apart for certain: an open quote, a stray one, a cell above MAX_CELL, more than
        MAX_COLUMNS columns, two columns of one name, no rows under the header.
    """
    text = without_sep(text)
    delimiter, header_cells = header_of(text)
    even = _even(text, delimiter, len(header_cells))
    if even is not None:
        header = _header([column[0] for column in even], name)
        return Table(name, header, Even([column[1:] for column in even]), range(2, len(even[0]) + 1))
    counted, breaks = count_rows(text), count_rows(text.replace('"', ""))
    # Where no quote holds a line end, no cell can run over rows, and the rows need no second look.
    every = list(_rows(text, name, delimiter, multiline=breaks != counted))
    if len(every) != counted:
        raise LoadError(_lost(text, name, delimiter, len(every), counted))
    first = next(place for place, row in enumerate(every) if row)
    header = _header(every[first], name)
    body = every[first + 1 :]
    numbers: list[int] | range = range(first + 2, first + 2 + len(body))
    if [] in body:
        numbers = [number for number, row in zip(numbers, body, strict=True) if row]
        body = [row for row in body if row]
    if body and len(body[-1]) < len(header) and not text.endswith(("\n", "\r")):
        raise LoadError(f"{name} row {numbers[-1]}: the file ends in the middle of it; it was cut off, export it again")
    if not body:
        raise LoadError(f"{name} holds a header and no rows; export it again, or leave it out")
    return Table(name, header, body, numbers)


def _header(cells: list[str], name: str) -> tuple[str, ...]:
    header = tuple(map(fold, cells))
    if len(header) > MAX_COLUMNS:
        raise LoadError(f"{name} has {len(header):,} columns, more than the limit of {MAX_COLUMNS:,}")
    for column, times in Counter(filter(None, header)).items():
        if times > 1:
            raise LoadError(f"{name} row 1: {times} columns are called {column!r}; rename or remove all but one")
    return header


def _even(text: str, delimiter: str, width: int) -> list[list[str]] | None:
    """Return the columns of a text without quotes whose every line has `width` cells; None where any is otherwise.

    Without quotes nothing stands between a delimiter and the end of a cell, so cutting there is all of CSV.
    """
    if '"' in text or not 1 < width <= MAX_COLUMNS:
        return None
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if "\r" in text:
            return None
    text = text.removesuffix("\n")
    codes = np.frombuffer(text.encode(), dtype=np.uint8)
    ends = codes == _LINE
    between = ends[ends | (codes == ord(delimiter))]
    rows = int(np.count_nonzero(ends)) + 1
    # Every `width`-th of what stands between cells is the end of a line, and no other is.
    if rows < 2 or len(between) != rows * width - 1 or not between[width - 1 :: width].all():
        return None
    if np.diff(np.flatnonzero(ends), prepend=0, append=len(codes)).max() > MAX_CELL:
        return None
    cells = text.replace("\n", delimiter).split(delimiter)
    return [cells[place::width] for place in range(width)]


def _rows(text: str, name: str, delimiter: str, multiline: bool) -> Iterator[list[str]]:
    before = csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    started = 1
    try:
        if not multiline:
            yield from reader
            return
        columns = None
        for row in reader:
            columns = columns or len(row)
            if reader.line_num > started:
                _refuse_swallowed(row, name, started, columns, delimiter)
            started = reader.line_num + 1
            yield row
    except csv.Error as error:
        started = started if multiline else reader.line_num
        if "field larger" in str(error):
            raise LoadError(f"{name} row {started}: a cell has more than {MAX_CELL:,} characters, the limit") from None
        raise LoadError(
            f"{name} row {started}: a quote is opened and not closed properly ({error}); "
            "the file is cut off or damaged there, export it again"
        ) from None
    finally:
        csv.field_size_limit(before)


def _refuse_swallowed(row: list[str], name: str, started: int, columns: int, delimiter: str) -> None:
    """Refuse a cell that runs over lines which look like rows themselves: its quote was never meant to be open."""
    lines = [line for cell in row if "\n" in cell or "\r" in cell for line in _BREAKS.split(cell)[1:]]
    if (len(row) != columns and lines) or any(line.count(delimiter) >= columns - 1 > 0 for line in lines):
        raise LoadError(f"{name} row {started}: a quote is opened and swallows the rows after it; export it again")


def count_rows(text: str) -> int:
    """Count rows by the parity of quotes alone, blank ones too: nothing of the CSV reader is used here."""
    # Joined by a character that decode() refuses, so that no line end is made or lost at a seam.
    outside = "\0".join(text.split('"')[::2]) if '"' in text else text
    breaks = outside.count("\n") + outside.count("\r") - outside.count("\r\n")
    return breaks + (not text.endswith(("\n", "\r")))


def _lost(text: str, name: str, delimiter: str, read: int, counted: int) -> str:
    stray = re.search(rf'[^{re.escape(delimiter)}\r\n"]"', text)
    row = text.count("\n", 0, stray.start() + 1) + 1 if stray else 1
    return (
        f"{name} row {row}: a quote inside a cell that is not quoted, so rows cannot be told apart for certain "
        f"({read:,} or {counted:,}); export it again with quotes doubled"
    )


# Records that lie inside something else: JSON, a table of raw answers, a table with a tool's own columns.


RAW = frozenset({"params", "data", "url", "input"})
"""Columns of a raw table as data pipelines keep one: `data` is what the tool's API answered, a record a row."""


@dataclass(frozen=True)
class Misshapen:
    """A row that has not as many cells as the header."""

    cells: int
    width: int

    @property
    def reason(self) -> str:
        """What to say of it."""
        return f"has {self.cells} cells where the header has {self.width}"


def is_raw(text: str) -> bool:
    """Return whether a CSV text is a table of raw answers."""
    return set(map(fold, header_of(text)[1])) >= RAW


def first_answer(text: str) -> str:
    """Return the first record of a table of raw answers, as JSON; empty where its beginning holds none whole."""
    import csv
    import io

    delimiter, header = header_of(text)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        next(rows)
        cells = dict(zip(map(fold, header), next(rows, []), strict=False))
    except (csv.Error, StopIteration):
        return ""
    return cells.get("data", "")


def documents_of(text: str, name: str) -> Documents:
    """Return the records of a JSON text, of a table of raw answers, or the rows of a table as records.

    Raises
    ------
    LoadError
        As `read_documents` and `read_table` do.
    """
    if text.lstrip()[:1] in ("{", "["):
        return read_documents(text, name)
    table = read_table(text, name)
    rows = [_record(table, row) for row in table.rows]
    if not set(table.header) >= RAW:
        return Documents(name, list(rows), table.numbers, {})
    answers = [
        row if isinstance(row, Misshapen) else read_json(row["data"], name, number)
        for number, row in zip(table.numbers, rows, strict=True)
    ]
    return Documents(name, answers, table.numbers, {})


def _record(table: Table, row: Sequence[str]) -> dict[str, str] | Misshapen:
    if len(row) != len(table.header):
        return Misshapen(len(row), len(table.header))
    return dict(zip(table.header, row, strict=True))
