"""Every fault of a file, gathered and told at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from mttrlab.errors import LoadError

Place = tuple[str | int, ...]
_MOST = 20


def spelled(place: Place) -> str:
    """Return a place inside a document as people write it.

    Examples
    --------
    >>> spelled(("groups", 0, "rules", 2, "for"))
    'groups[0].rules[2].for'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".") or "the file"


def shown(value: object) -> str:
    """Return a value for an error sentence: short, on one line, never a whole document."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


@dataclass
class Faults:
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
        self.found.append((known or 0, f"{where}{spelled(place)} {sentence}"))

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
