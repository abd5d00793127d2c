"""Strict YAML 1.2, and every fault of a file told at once.

YAML that means what it shows: no alias bombs, no duplicate keys, no `on` that is true, no 12:30 that is 750.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import yaml

from mttrlab.errors import LoadError

Place = tuple[str | int, ...]
_MOST = 20


def place_in_words(place: Place) -> str:
    """Return a place inside a document as people write it.

    Examples
    --------
    >>> place_in_words(("groups", 0, "rules", 2, "for"))
    'groups[0].rules[2].for'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "the file"


def value_in_words(value: object) -> str:
    """Return a value for an error sentence: short, on one line, never a whole document."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass
class FileFaults:
    """The faults found so far in one file."""

    file: str
    lines: dict[Place, int] = field(default_factory=dict)
    """Line of each place, counted from 1."""
    found: list[tuple[int, str]] = field(default_factory=list)
    """Line (0 where not known) and sentence."""

    def add(self, place: Place, sentence: str) -> None:
        """Note one fault."""
        known = next((self.lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self.lines), None)
        where = f"line {known}: " if known else ""
        self.found.append((known or 0, f"{where}{place_in_words(place)} {sentence}"))

    def unknown_keys(self, place: Place, found: Iterable[object], known: Iterable[str]) -> None:
        """Note every key that does not belong there, with the key that was probably meant."""
        belonging = sorted(known)
        for key in found:
            if key not in belonging:
                near = get_close_matches(str(key), belonging, n=1)
                hint = f"; did you mean {near[0]}?" if near else f"; known are {', '.join(belonging)}"
                self.add((*place, str(key)[:60]), f"is no setting here{hint}")

    def refuse(self) -> None:
        """Raise what was found, if anything.

        Raises
        ------
        LoadError
            One sentence per fault.
        """
        if not self.found:
            return
        if len(self.found) == 1:
            raise LoadError(f"{self.file}: {self.found[0][1]}")
        told = [sentence for _, sentence in sorted(self.found, key=lambda fault: fault[0])][:_MOST]
        if len(self.found) > _MOST:
            told.append(f"and {len(self.found) - _MOST} more")
        raise LoadError(f"{self.file} has {len(self.found)} faults:\n  " + "\n  ".join(told))


# The reader.


DEEPEST, MOST_NODES = 60, 300_000
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_STANDARD = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Document:
    """One document of a file, as plain values, and the line of each place in it."""

    value: Any
    lines: dict[Place, int]


def documents(text: str, file: str, *, typed: bool = True, aliases: bool = True) -> tuple[Document, ...]:
    """Return the documents of a YAML text; scalars follow YAML 1.2, whatever PyYAML would make of them.

    Parameters
    ----------
    text : str
    file : str
        Its name, for error sentences.
    typed : bool
        False: every scalar stays the text that was written, or None where nothing was.
    aliases : bool
        False: aliases are refused.

    Raises
    ------
    LoadError
        For text that is no YAML, duplicate keys, foreign tags, too much nesting or expansion; all duplicate keys and
        tags at once.
    """
    faults = FileFaults(file)
    read: list[Document] = []
    try:
        _check_events(text, file, aliases=aliases)
        for node in yaml.compose_all(text, Loader=_LOADER):
            _check_size(node, file)
            reader = _Reader(file, faults, typed=typed)
            value = reader.value(node, ())
            read.append(Document(value, reader.lines))
    except yaml.YAMLError as error:
        raise LoadError(f"{file}: {_sentence(error, text)}") from None
    except RecursionError:
        raise LoadError(f"{file} nests too deeply; nothing of ours goes deeper than {DEEPEST} levels") from None
    faults.refuse()
    return tuple(document for document in read if document.value is not None)


def _check_events(text: str, file: str, *, aliases: bool) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.events.AliasEvent) and not aliases:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise LoadError(f"{file} line {line}: aliases (*name) are not allowed; write the value out")
        if isinstance(event, yaml.events.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                mark = event.start_mark
                where = f" line {mark.line + 1}" if mark else ""
                raise LoadError(f"{file}{where} nests deeper than {DEEPEST} levels; no settings file needs that")
        elif isinstance(event, yaml.events.CollectionEndEvent):
            depth -= 1


def _check_size(root: yaml.Node | None, file: str) -> None:
    """Refuse what aliases multiply beyond reason, before anything is built from it."""
    sizes: dict[int, int] = {}

    def size(node: yaml.Node) -> int:
        known = sizes.get(id(node))
        if known is None:
            sizes[id(node)] = -1
            parts = [part for pair in node.value for part in (pair if isinstance(pair, tuple) else (pair,))]
            known = sizes[id(node)] = 1 + sum(map(size, () if isinstance(node, yaml.ScalarNode) else parts))
        elif known < 0:
            line = node.start_mark.line + 1 if node.start_mark else 0
            raise LoadError(f"{file} line {line} holds itself through an alias")
        return known

    if root is not None and size(root) > MOST_NODES:
        raise LoadError(f"{file} expands to more than {MOST_NODES:,} values; its aliases (&, *) multiply")


def _sentence(error: yaml.YAMLError, text: str) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be read"
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    template = " (a template with {{ }}? render it first)" if re.search(r"^\s*(- )?\{\{", text, re.MULTILINE) else ""
    line = text.splitlines()[mark.line] if mark and mark.line < len(text.splitlines()) else ""
    tabs = " (indent with spaces; this line has a tab)" if re.match(r"\s*\t", line) else ""
    return f"{where}this is not YAML: {str(problem)[:120]}{template}{tabs}"


class _Reader:
    """Turns composed nodes into plain values, and keeps their lines."""

    def __init__(self, file: str, faults: FileFaults, *, typed: bool) -> None:
        self.file, self.faults, self.typed = file, faults, typed
        self.lines: dict[Place, int] = {}

    def value(self, node: yaml.Node | None, place: Place) -> object:
        if node is None:
            return None
        self.lines.setdefault(place, node.start_mark.line + 1)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, place)
        return self._list(node, place) if isinstance(node, yaml.SequenceNode) else self._mapping(node, place)

    def _list(self, node: yaml.SequenceNode, place: Place) -> list[object]:
        return [self.value(child, (*place, n)) for n, child in enumerate(node.value)]

    def _mapping(self, node: yaml.Node, place: Place) -> dict[str, object]:
        made: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key_node, child in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._fault(key_node, place, "has a key that is no plain word (a template with {{ }}? render it first)")
                continue
            key = str(key_node.value)
            if key_node.tag == f"{_STANDARD}merge":
                merged = {**self._merged(child, (*place, "<<")), **merged}
            elif key in made:
                self._fault(key_node, place, f"says {key[:60]!r} twice; keep one")
            else:
                self.lines[*place, key] = key_node.start_mark.line + 1
                made[key] = self.value(child, (*place, key))
        return {**merged, **made}

    def _merged(self, node: yaml.Node, place: Place) -> dict[str, object]:
        value = self.value(node, place)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            self._fault(node, place, "must merge a mapping")
            return {}
        return {key: kept for part in reversed(parts) for key, kept in part.items()}

    def _fault(self, node: yaml.Node, place: Place, sentence: str) -> None:
        self.faults.lines = {place: node.start_mark.line + 1}
        self.faults.add(place, sentence)

    def _scalar(self, node: yaml.ScalarNode, place: Place) -> object:
        text = str(node.value)
        if not node.tag.startswith(_STANDARD) or node.tag.startswith(f"{_STANDARD}python"):
            self._fault(node, place, f"carries the tag {node.tag[:60]!r}; only plain values are read")
            return None
        if node.style in ("'", '"', "|", ">") or node.tag == f"{_STANDARD}binary":
            return text
        if not self.typed:
            return None if _NULL.fullmatch(text) else text
        return plain_scalar(text)


def plain_scalar(text: str) -> object:
    """Return what an unquoted scalar means in YAML 1.2: `on`, `12:30`, `1_000` and dates stay words.

    Examples
    --------
    >>> [plain_scalar(word) for word in ("on", "12:30", "1_000", "1e-3", "60", "true", "~", "007")]
    ['on', '12:30', '1_000', 0.001, 60, True, None, '007']
    """
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text) if len(text) <= 30 else text
    return float(text) if _FLOAT.fullmatch(text) and not re.fullmatch(r"[-+]?0[0-9]+", text) else text
