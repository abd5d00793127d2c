"""A file, read once through one descriptor: regular, bounded, hashed, and text where it should be text."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

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
