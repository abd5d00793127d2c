"""What is written on the drawing of an incident's life: lines, their heights, and the levers among them."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any, NamedTuple

from mttrlab.figures.style import INK, MARK, minutes, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = 9.5
"""Points of the writing where the drawing has the height that it asks for."""
LINE = 2.15
"""Height of a line in the drawing's own units."""
MARKED = "◆ "


class Line(NamedTuple):
    """A line of writing."""

    words: str
    colour: str = INK
    weight: str = "normal"


class Pen(NamedTuple):
    """Where it is written, and how large."""

    ax: Axes
    size: float


def share(value: float) -> str:
    """Return a share in words.

    Examples
    --------
    >>> share(0.001), share(0.25)
    ('<1%', '25%')
    """
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def took(row: Any) -> str:
    """Return the minutes of a part: the median, and what 90 % are below."""
    if row["median"] != row["median"]:
        return ""
    if row["p90"] != row["p90"] or row["p90"] == row["median"]:
        return minutes(row["median"])
    return f"{minutes(row['median'])} ({minutes(row['p90'])})"


def flowing(levers: str, width: int) -> list[Line]:
    """Return the levers of a part, as many on a line as go.

    Examples
    --------
    >>> [line.words for line in flowing("prevention, novel, ack_timeout", 24)]
    ['◆ prevention   ◆ novel', '◆ ack_timeout']
    """
    lines: list[str] = []
    for lever in filter(None, levers.split(", ")):
        longer = f"{lines[-1]}   {MARKED}{lever}" if lines else ""
        if lines and len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(f"{MARKED}{lever}")
    return [Line(line, MARK) for line in lines]


def told(row: Any, width: int) -> list[Line]:
    """Return what a part is, its minutes and its levers, in lines of at most `width` letters where words allow it."""
    if row is None:
        return []
    words = plain(row["words"], 160)
    if row["share"] == row["share"] and row["share"] < 1:
        words = f"{share(row['share'])} {words}"
    spent = [Line(line, INK, "bold") for line in (took(row),) if line]
    return [*(Line(line) for line in wrap(words, width)), *spent, *flowing(str(row["levers"]), width)]


def write(pen: Pen, x: float, y: float, lines: list[Line], *, above: bool = False) -> float:
    """Write lines downwards from `y`, or standing on it (`above`); return where they end."""
    top = y + LINE * len(lines) if above else y
    for place, line in enumerate(lines):
        pen.ax.text(
            x, top - LINE * place, line.words, fontsize=pen.size, color=line.colour, fontweight=line.weight, va="top",
            parse_math=False, zorder=5,
        )  # fmt: skip
    return top if above else y - LINE * len(lines)
