"""How the lab draws: a style that is entered and left, colours for every eye, text that is only text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


INK = "#1a1a1a"


QUIET = "#6b6b6b"


BAND = "#e9e6df"


PHASE_COLOURS = {
    "detect": "#E69F00", "diagnose": "#0072B2", "resolve": "#009E73", "verify": "#CC79A7",
    "acknowledge": "#0072B2", "acknowledged_to_resolved": "#009E73",
}  # fmt: skip
"""Okabe and Ito's colours; every phase is named beside its bar as well."""


OTHER = "#56B4E9"


MARK = "#D55E00"


LIMITS = "#e3e6ea"


LEVEL_COLOURS = ("#08519c", "#3182bd", "#9ecae1", "#fdae6b", "#d94801")
"""From the best level to none, light in the middle: apart in grey print as well, and named beside."""


_RULES: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.titlesize": 12,
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelsize": 10.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "xtick.labelsize": 10.5,
    "ytick.labelsize": 11,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.8,
    "hatch.linewidth": 0.7,
    "text.color": INK,
    # Titles come from exports: "$\\bad$" is a title, not a formula.
    "text.parse_math": False,
    "text.usetex": False,
    "figure.figsize": (9.0, 3.8),
    "figure.dpi": 100,
    "savefig.dpi": 160,
    "svg.hashsalt": "mttrlab",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the lab's style inside this context; nothing global changes.

    Examples
    --------
    >>> import matplotlib
    >>> with style():
    ...     matplotlib.rcParams["text.parse_math"]
    False
    """
    import matplotlib

    if "inline" in str(matplotlib.get_backend(auto_select=False)):
        # A notebook switches its drawing on when this is first imported. Inside the context that would be undone with
        # the rest, and no figure after the first would be shown.
        import_module("matplotlib_inline.backend_inline")
    with matplotlib.rc_context(_RULES):
        yield


def axes(ax: Axes | None, *, height: float = 3.8) -> Axes:
    """Return `ax`, or the only axes of a new figure of the lab's size."""
    if ax is not None:
        return ax
    from matplotlib import pyplot as plt

    return plt.subplots(figsize=(9.0, height), layout="constrained")[1]


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family="DejaVu Sans"))).get_charmap())


def drawable(text: object, width: int = 48) -> str:
    """Return `text` as ink can show it: one line, no control or direction characters, at most `width` letters.

    A letter that the font lacks becomes a box, so that nothing vanishes unmentioned.

    Examples
    --------
    >>> drawable("checkout\\x00\\n down")
    'checkout down'
    >>> drawable("")
    '(no name)'
    """
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    shown = "".join(c if ord(c) in _glyphs() else "□" for c in words)
    if not shown:
        return "(no name)"
    return shown if len(shown) <= width else shown[: width - 1].rstrip() + "…"


def name_rows(ax: Axes, labels: Iterable[object], *, width: int = 28) -> None:
    """Name the rows 0, 1, … of a horizontal chart, the first on top."""
    names = [drawable(label, width) for label in labels]
    ax.set_yticks(range(len(names)), names)
    # Ticks are made late, outside the style; each is told by itself that its text is only text.
    for label in ax.get_yticklabels():
        label.set_parse_math(False)
    ax.set_ylim(len(names) - 0.45, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)


def minutes_label(value: float) -> str:
    """Return minutes as people say them on a chart.

    Examples
    --------
    >>> minutes_label(0.4), minutes_label(42.4), minutes_label(94), minutes_label(120), minutes_label(4000)
    ('0.4 min', '42 min', '1 h 34 min', '2 h', '2.8 days')
    """
    if abs(value) < 9.95:
        return f"{value:.1f} min".replace(".0 ", " ")
    if round(abs(value)) < 60:
        return f"{value:.0f} min"
    hours, rest = divmod(round(abs(value)), 60)
    sign = "-" if value < 0 else ""
    if hours < 48:
        return f"{sign}{hours} h {rest} min" if rest and hours < 10 else f"{sign}{round(abs(value) / 60)} h"
    days = value / 1440
    return f"{days:,.0f} days" if abs(days) >= 10 else f"{days:.1f} days".replace(".0 ", " ")


def counted(n: int) -> str:
    """Return a number of incidents in words.

    Examples
    --------
    >>> counted(1), counted(1200)
    ('1 incident', '1,200 incidents')
    """
    return f"{n:,} incident{'' if n == 1 else 's'}"


def name_axis(ax: Axes, *, x: str | None = None, y: str | None = None, rests_on: pd.DataFrame | None = None) -> None:
    """Name the axes; the caller may have made them outside the style, so each name is told that it is only text.

    Below the name of x stands what the table `rests_on` says of its clock and its stamps.
    """
    if x is not None:
        ax.set_xlabel(_with_basis(x, rests_on), parse_math=False)
    if y is not None:
        ax.set_ylabel(y, parse_math=False)


def _with_basis(words: str, table: pd.DataFrame | None) -> str:
    basis = "" if table is None else basis_words(table)
    return f"{words}\n{basis}" if basis else words


def clock_words(table: pd.DataFrame) -> str:
    """Return the clock of a table in words; a question mark where it does not say."""
    return drawable(str(table["measure"].iloc[0]).replace("_", " ")) if "measure" in table and len(table) else "?"


def basis_words(table: pd.DataFrame) -> str:
    """Return which clock and which stamps a table says it rests on, as one line; empty where it says neither.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"measure": ["detected_to_resolved"]})
    >>> basis_words(told)
    'clock: detected to resolved'
    >>> told.attrs["verdicts"] = "recorded at both ends"
    >>> basis_words(told)
    'clock: detected to resolved  ·  stamps used: recorded at both ends'
    """
    measure = (
        str(table["measure"].iloc[0]) if "measure" in table and len(table) else str(table.attrs.get("measure", ""))
    )
    measure = _CLOCK_WORDS.get(measure, drawable(measure.replace("_", " ")) if measure else "")
    verdicts = drawable(table.attrs["verdicts"], 80) if table.attrs.get("verdicts") else ""
    return "  ·  ".join([f"clock: {measure}"] * bool(measure) + [f"stamps used: {verdicts}"] * bool(verdicts))


_CLOCK_WORDS = {
    "phases": "each step its own", "row by row": "named in each row", "recovery": "recovery (started to verified)",
    "detect": "started to detected",
}  # fmt: skip


def nothing(ax: Axes, words: str, *, keep_marks: bool = False) -> None:
    """Say in the middle of the axes why they are empty; the marks of the x axis go, unless they say something still."""
    ax.text(0.5, 0.5, words, transform=ax.transAxes, ha="center", va="center", color=QUIET, parse_math=False)
    if not keep_marks:
        ax.set_xticks([])
        ax.set_xticks([], minor=True)


def beside(ax: Axes, position: float, words: str) -> None:
    """Write `words` right of the axes, on the row at `position`."""
    ax.annotate(words, (1.02, position), xycoords=("axes fraction", "data"), va="center", fontsize=10, linespacing=1.3)


_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440, 2880, 7200, 14400, 28800, 43200, 144000, 432000, 1440000)


TIME_MARKS = (0.1, 1, 5, 15, 30, 60, 240, 1440, 10080, 43200)
"""Where a logarithmic axis of minutes is marked."""


def time_axis(ax: Axes, most: int = 7) -> None:
    """Mark an x axis of minutes at times that people use: 15 min, 2 h, 5 days; at `most` of them or one more."""
    low, high = ax.get_xlim()
    step = next((step for step in _STEPS if (high - low) / step <= most), None)
    if step is None or high - low < 3:
        return
    marks = [step * place for place in range(math.ceil(low / step), math.floor(high / step) + 1)]
    ax.set_xticks(marks, ["0" if mark == 0 else minutes_label(mark) for mark in marks])


def room_right(ax: Axes, ends: Sequence[float], share: float = 0.0) -> float:
    """Let the x axis run from zero past the longest bar, and `share` of it further for text; return its end."""
    longest = max([value for value in ends if value == value], default=1.0) or 1.0
    ax.set_xlim(0, longest * (1.04 + share))
    return longest * 1.04
