"""The life of an incident as a model holds it, with the levers where they act."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from mttrlab.errors import SchemaError
from mttrlab.figures.style import BAND, INK, MARK, PHASE_COLOURS, QUIET, drawable, minutes_label, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_MIDDLE = 37.0


_STAGES = {
    "started": (4.5, "fault\nbegins"),
    "detected": (22.5, "detected"),
    "person": (39.4, "a person\nhas it"),
    "diagnosed": (53.2, "cause\nknown"),
    "resolved": (89.0, "fix in\nplace"),
    "verified": (102.0, "healthy,\nclosed"),
}


_HALF = (3.2, 3.6)


_TOP = _MIDDLE + _HALF[1] + 0.8


_BOTTOM = _MIDDLE - _HALF[1] - 1.0


_SHOWN_PATHS = 8


_GAP = 5.6


_WIDTHS = {
    "alert": 21, "otherwise": 22, "arrive": 30, "automation": 92, "page": 25, "people": 24, "routing": 24, "noise": 24,
    "diagnose": 24, "otherwise_diagnose": 24, "pipeline": 40, "verify": 24,
}  # fmt: skip
"""Letters on a line of each part's writing."""


_INCHES = 13.5, 7.0


_UNITS = 72.0
"""Height of the drawing, in its own units, that fills these inches; more levers and elements need more of both."""


def plot_life(model: object, *, ax: Axes | None = None) -> Axes:
    """Draw an incident's life in a model: what is switched on, the minutes of each way, each lever where it acts.

    Parameters
    ----------
    model : ResponseModel or DataFrame
        A model, or its table `model.description`.
    ax : Axes, optional
        Wide ones: the drawing is made for 13.5 by 7 inches, and higher where many elements and levers stand on it; in
        lower axes the writing is smaller.

    Returns
    -------
    Axes
    """
    parts = model if isinstance(model, pd.DataFrame) else getattr(model, "description", None)
    if not isinstance(parts, pd.DataFrame) or "part" not in parts:
        raise SchemaError("plot_life needs a response model, or the table of its parts: model.description")
    known = {str(row["part"]): row for _, row in parts.iterrows()}
    paths = parts[parts["part"] == "path"]
    heights = _heights(known, len(paths))
    with style():
        inches = _INCHES[1] * (heights.top - heights.bottom) / _UNITS
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots(figsize=(_INCHES[0], inches), layout="constrained")[1]
            size = SIZE
        else:
            there = ax.get_window_extent().height / ax.get_figure(root=True).dpi  # type: ignore[union-attr]
            size = SIZE * min(max(there / inches, 0.4), 1.0)
        pen = Pen(ax, size)
        ax.set_axis_off()
        ax.set_xlim(0, 106)
        ax.set_ylim(heights.bottom, heights.top)
        for x, words in _STAGES.values():
            _box(pen, x, words)
        _beginning(pen, known, heights)
        _people(pen, known)
        _paths(pen, paths, known)
        _end(pen, known, heights)
        off = drawable(known["off"]["words"], 200) if "off" in known and known["off"]["words"] else "nothing"
        key = "minutes: median (90 % are below), waiting for people not counted  ·  not in this model: "
        write(pen, 0.5, heights.footer, [Line(line, QUIET) for line in wrap(key + off, 175)])
        ax.text(105.5, heights.top - 0.5, f"{MARKED}a lever", color=MARK, fontsize=1.15 * size, ha="right", va="top",
                parse_math=False)  # fmt: skip
        return ax


class _Heights(NamedTuple):
    """Where the lines around the boxes lie, so that they touch no writing."""

    top: float
    around: float
    """Of the way that automation takes."""
    closing: float
    """Of the way back to diagnosis."""
    reopening: float
    """Of the way back to detection."""
    footer: float
    bottom: float


def _heights(known: dict[str, pd.Series], paths: int) -> _Heights:
    def tall(*names: str) -> float:
        return sum(LINE * len(_told(known, name)) + 0.7 for name in names)

    fan = _GAP * max(min(paths, _SHOWN_PATHS) - 1, 0) / 2
    above = max(tall("page"), tall("diagnose", "otherwise_diagnose"), fan - 2.0)
    around = max(61.4, _TOP + above + 1.2)
    top = max(68.5, around + tall("automation") + 1.0, _TOP + tall("alert") + 1.5, _TOP + tall("verify") + 3.0)
    fixed = _MIDDLE - 1.0 - fan - 3.2 - (LINE if paths > _SHOWN_PATHS else 0.0) - tall("pipeline")
    closing = min(9.0, fixed - 3.4 if "again" in known else fixed)
    reopening = min(4.0, closing - 5.0, _BOTTOM - tall("people", "routing", "noise") - 0.5)
    footer = min(1.0, reopening - 1.2, _BOTTOM - 2.5 - tall("otherwise", "arrive"))
    return _Heights(top, around, closing, reopening, footer, footer - 4.5)


class Line(NamedTuple):
    """A line of writing."""

    words: str
    colour: str = INK
    weight: str = "normal"


def _told(known: dict[str, pd.Series], part: str) -> list[Line]:
    return lines_of_part(known.get(part), _WIDTHS[part])


class Pen(NamedTuple):
    """Where it is written, and how large."""

    ax: Axes
    size: float


def _beginning(pen: Pen, known: dict[str, pd.Series], heights: _Heights) -> None:
    x = _STAGES["started"][0]
    begin, end = x + _HALF[0], _STAGES["detected"][0] - _HALF[0]
    if "otherwise" in known:
        _arrow(pen, begin, end, colour=PHASE_COLOURS["detect"], bend=-0.22, up=1.5)
        _arrow(pen, begin, end, colour=PHASE_COLOURS["detect"], bend=0.22, up=-1.5)
    else:
        _arrow(pen, begin, end, colour=PHASE_COLOURS["detect"])
    write(pen, begin, _TOP + 1.2, _told(known, "alert"), above=True)
    below = write(pen, begin, _BOTTOM - 1.0, _told(known, "otherwise"))
    write(pen, x - _HALF[0], min(below - 1.5, _BOTTOM), _told(known, "arrive"))
    if "automation" in known:
        begin, end = _STAGES["detected"][0], _STAGES["resolved"][0]
        _around(pen, begin, end, heights.around, PHASE_COLOURS["resolve"])
        write(pen, begin + 2.0, heights.around + 0.6, _told(known, "automation"), above=True)


def _people(pen: Pen, known: dict[str, pd.Series]) -> None:
    first, second, third = (_STAGES[stage][0] for stage in ("detected", "person", "diagnosed"))
    _arrow(pen, first + _HALF[0], second - _HALF[0], colour=PHASE_COLOURS["diagnose"])
    write(pen, first + 1.5, _TOP, _told(known, "page"), above=True)
    height = _BOTTOM
    for part in ("people", "routing", "noise"):
        height = write(pen, first + 1.5, height, _told(known, part)) - 0.7
    _arrow(pen, second + _HALF[0], third - _HALF[0], colour=PHASE_COLOURS["diagnose"])
    height = _TOP
    for part in ("otherwise_diagnose", "diagnose"):
        height = write(pen, second + 0.5, height, _told(known, part), above=True) + 0.4


def _paths(pen: Pen, paths: pd.DataFrame, known: dict[str, pd.Series]) -> None:
    begin, end = _STAGES["diagnosed"][0] + _HALF[0], _STAGES["resolved"][0] - _HALF[0]
    shown, left = paths.head(_SHOWN_PATHS), paths.iloc[_SHOWN_PATHS:]
    n = len(shown)
    if not n:
        _arrow(pen, begin, end, colour=PHASE_COLOURS["resolve"])
    for place, (_, row) in enumerate(shown.iterrows()):
        height = _MIDDLE - 1.0 + _GAP * ((n - 1) / 2 - place)
        steps = [(begin, _MIDDLE), (begin + 1.8, height), (end - 1.8, height), (end, _MIDDLE)]
        pen.ax.plot(*zip(*steps, strict=True), color=PHASE_COLOURS["resolve"], linewidth=1 + 4 * float(row["share"]))
        words = f"{share_label(row['share'])} {drawable(row['words'], 14)}  {minutes_of_part(row)}"
        write(pen, begin + 2.2, height + 0.4, [Line(words)], above=True)
        write(pen, begin + 2.2, height - 0.4, [Line(f"{MARKED}{row['levers']}", MARK)] if row["levers"] else [])
    bottom = _MIDDLE - 1.0 - _GAP * max(n - 1, 0) / 2 - 3.2
    if len(left):
        bottom = write(
            pen, begin + 2.2, bottom, [Line(f"and {len(left)} more: {share_label(left['share'].sum())}", QUIET)]
        )
    write(pen, begin + 2.2, bottom, _told(known, "pipeline"))


def _end(pen: Pen, known: dict[str, pd.Series], heights: _Heights) -> None:
    begin, end = _STAGES["resolved"][0] + _HALF[0], _STAGES["verified"][0] - _HALF[0]
    _arrow(pen, begin, end, colour=PHASE_COLOURS["verify"])
    write(pen, begin - 2.0, _TOP, _told(known, "verify"), above=True)
    if "again" in known:
        _back(pen, end + 2.2, _STAGES["person"][0] + 1.5, heights.closing, known["again"])
    if "reopen" in known:
        _back(pen, end + 4.2, _STAGES["detected"][0], heights.reopening, known["reopen"])


def _back(pen: Pen, begin: float, end: float, height: float, row: pd.Series) -> None:
    _around(pen, begin, end, height, QUIET, dashed=True)
    words = f"{share_label(row['share'])} {drawable(row['words'], 80)}  {minutes_of_part(row)}".strip()
    begin = _STAGES["person"][0] + 3.0
    said = pen.ax.text(begin, height + 0.5, words, fontsize=pen.size, color=INK, va="bottom", parse_math=False)
    if row["levers"]:
        pen.ax.annotate(
            f"{MARKED}{row['levers']}", (1, 0), (10, 0), xycoords=said, textcoords="offset points", fontsize=pen.size,
            color=MARK, va="bottom", parse_math=False,
        )  # fmt: skip


def _box(pen: Pen, x: float, words: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    w, h = _HALF
    pen.ax.add_patch(
        FancyBboxPatch(
            (x - w, _MIDDLE - h), 2 * w, 2 * h, boxstyle="round,pad=0,rounding_size=1", fc=BAND, ec=QUIET, zorder=3
        )
    )
    pen.ax.text(
        x, _MIDDLE, words, ha="center", va="center", fontsize=pen.size * 1.15, color=INK, zorder=4, parse_math=False
    )


def _arrow(pen: Pen, begin: float, end: float, *, colour: str, bend: float = 0.0, up: float = 0.0) -> None:
    pen.ax.annotate(
        "",
        (end, _MIDDLE + up),
        (begin, _MIDDLE + up),
        arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2.2, "connectionstyle": f"arc3,rad={bend}"},
    )


def _around(pen: Pen, begin: float, end: float, height: float, colour: str, *, dashed: bool = False) -> None:
    """Draw a way around the boxes between, from one stage to another."""
    edge = _MIDDLE + (_HALF[1] if height > _MIDDLE else -_HALF[1])
    line = "--" if dashed else "-"
    pen.ax.plot([begin, begin, end], [edge, height, height], color=colour, linewidth=1.8, linestyle=line)
    pen.ax.annotate(
        "", (end, edge), (end, height), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.8, "linestyle": line}
    )


# What is written on the drawing of an incident's life: lines, their heights, and the levers among them.


SIZE = 9.5
"""Points of the writing where the drawing has the height that it asks for."""


LINE = 2.15
"""Height of a line in the drawing's own units."""


MARKED = "◆ "


def share_label(value: float) -> str:
    """Return a share in words.

    Examples
    --------
    >>> share_label(0.001), share_label(0.25)
    ('<1%', '25%')
    """
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def minutes_of_part(row: pd.Series) -> str:
    """Return the minutes of a part: the median, and what 90 % are below."""
    if row["median"] != row["median"]:
        return ""
    if row["p90"] != row["p90"] or row["p90"] == row["median"]:
        return minutes_label(row["median"])
    return f"{minutes_label(row['median'])} ({minutes_label(row['p90'])})"


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


def lines_of_part(row: pd.Series | None, width: int) -> list[Line]:
    """Return what a part is, its minutes and its levers, in lines of at most `width` letters where words allow it."""
    if row is None:
        return []
    words = drawable(row["words"], 160)
    if row["share"] == row["share"] and row["share"] < 1:
        words = f"{share_label(row['share'])} {words}"
    spent = [Line(line, INK, "bold") for line in (minutes_of_part(row),) if line]
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
