"""The life of an incident as a model holds it, with the levers where they act."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

import pandas as pd

from mttrlab.figures.style import BAND, INK, MARK, PHASE_COLOURS, QUIET, minutes, plain, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MIDDLE = 37.0
_STAGES = {
    "started": (4.5, "fault\nbegins"),
    "detected": (22.5, "detected"),
    "person": (39.5, "a person\nhas it"),
    "diagnosed": (55.5, "cause\nknown"),
    "resolved": (85.5, "fix in\nplace"),
    "verified": (101.0, "healthy,\nclosed"),
}
_HALF = (3.2, 3.6)
_LINE = 2.15
_TOP = _MIDDLE + _HALF[1] + 0.8
_BOTTOM = _MIDDLE - _HALF[1] - 1.0
_SHOWN_PATHS = 5


def plot_life(model: Any, *, ax: Axes | None = None) -> Axes:
    """Draw an incident's life in a model: what is switched on, the minutes of each way, each lever where it acts.

    Parameters
    ----------
    model : ResponseModel or DataFrame
        A model, or its table `model.life`.
    ax : Axes, optional
        Wide ones: the drawing is made for 13.5 by 7 inches.

    Returns
    -------
    Axes
    """
    parts: pd.DataFrame = model if isinstance(model, pd.DataFrame) else model.life
    with style():
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots(figsize=(13.5, 7.0), layout="constrained")[1]
        ax.set_axis_off()
        ax.set_xlim(0, 106)
        ax.set_ylim(-3.5, 68.5)
        for x, words in _STAGES.values():
            _box(ax, x, words)
        known = {str(row["part"]): row for _, row in parts.iterrows()}
        _beginning(ax, known)
        _people(ax, known)
        _paths(ax, parts[parts["part"] == "path"], known)
        _end(ax, known)
        off = plain(known["off"]["words"], 200) if "off" in known and known["off"]["words"] else "nothing"
        key = "minutes: median (90 % are below), waiting for people not counted  ·  not in this model: "
        _write(ax, 0.5, 1.0, [(line, QUIET, "normal") for line in wrap(key + off, 175)])
        ax.text(105.5, 68, "◆ a lever", color=MARK, fontsize=11, ha="right", va="top", parse_math=False)
        return ax


def _beginning(ax: Axes, known: dict[str, Any]) -> None:
    x = _STAGES["started"][0]
    begin, end = x + _HALF[0], _STAGES["detected"][0] - _HALF[0]
    if "otherwise" in known:
        _arrow(ax, begin, end, colour=PHASE_COLOURS["detect"], bend=-0.22, up=1.5)
        _arrow(ax, begin, end, colour=PHASE_COLOURS["detect"], bend=0.22, up=-1.5)
    else:
        _arrow(ax, begin, end, colour=PHASE_COLOURS["detect"])
    _label(ax, begin, _TOP + 1.2, known.get("alert"), width=20, above=True)
    below = _label(ax, begin, _BOTTOM - 1.0, known.get("otherwise"), width=20)
    _label(ax, x - _HALF[0], min(below - 1.5, _BOTTOM), known.get("arrive"), width=22)
    if "automation" in known:
        begin, end = _STAGES["detected"][0], _STAGES["resolved"][0]
        _around(ax, begin, end, 61.4, PHASE_COLOURS["resolve"])
        _label(ax, begin + 2.0, 62.0, known["automation"], width=110, above=True)


def _people(ax: Axes, known: dict[str, Any]) -> None:
    first, second, third = (_STAGES[stage][0] for stage in ("detected", "person", "diagnosed"))
    _arrow(ax, first + _HALF[0], second - _HALF[0], colour=PHASE_COLOURS["diagnose"])
    _label(ax, first + 1.5, _TOP, known.get("page"), width=20, above=True)
    height = _BOTTOM
    for part in ("people", "routing", "noise"):
        height = _label(ax, first + 2.5, height, known.get(part), width=26) - 0.7
    _arrow(ax, second + _HALF[0], third - _HALF[0], colour=PHASE_COLOURS["diagnose"])
    height = _TOP
    for part in ("otherwise_diagnose", "diagnose"):
        height = _label(ax, second + 1.0, height, known.get(part), width=21, above=True) + 0.4


def _paths(ax: Axes, paths: pd.DataFrame, known: dict[str, Any]) -> None:
    begin, end = _STAGES["diagnosed"][0] + _HALF[0], _STAGES["resolved"][0] - _HALF[0]
    shown, left = paths.head(_SHOWN_PATHS), paths.iloc[_SHOWN_PATHS:]
    n = len(shown)
    if not n:
        _arrow(ax, begin, end, colour=PHASE_COLOURS["resolve"])
    gap = 5.6
    for place, (_, row) in enumerate(shown.iterrows()):
        height = _MIDDLE - 1.0 + gap * ((n - 1) / 2 - place)
        steps = [(begin, _MIDDLE), (begin + 1.8, height), (end - 1.8, height), (end, _MIDDLE)]
        ax.plot(*zip(*steps, strict=True), color=PHASE_COLOURS["resolve"], linewidth=1 + 4 * float(row["share"]))
        told = f"{_share(row['share'])} {plain(row['words'], 14)}  {_took(row)}"
        ax.text(begin + 2.2, height + 0.5, told, fontsize=9.5, color=INK, va="bottom", parse_math=False)
        if row["levers"]:
            _write(ax, begin + 2.2, height - 0.4, [(f"◆ {row['levers']}", MARK, "normal")])
    bottom = _MIDDLE - 1.0 - gap * max(n - 1, 0) / 2 - 3.2
    if len(left):
        words = f"and {len(left)} more: {_share(left['share'].sum())}"
        bottom = _write(ax, begin + 2.2, bottom, [(words, QUIET, "normal")])
    _label(ax, begin + 2.2, bottom, known.get("pipeline"), width=34)


def _end(ax: Axes, known: dict[str, Any]) -> None:
    begin, end = _STAGES["resolved"][0] + _HALF[0], _STAGES["verified"][0] - _HALF[0]
    _arrow(ax, begin, end, colour=PHASE_COLOURS["verify"])
    _label(ax, begin - 1.7, _TOP, known.get("verify"), width=24, above=True)
    if "again" in known:
        _back(ax, end + 2.2, _STAGES["person"][0] + 1.5, 9.0, known["again"])
    if "reopen" in known:
        _back(ax, end + 4.2, _STAGES["detected"][0], 4.0, known["reopen"])


def _back(ax: Axes, begin: float, end: float, height: float, row: Any) -> None:
    _around(ax, begin, end, height, QUIET, dashed=True)
    told = f"{_share(row['share'])} {plain(row['words'], 80)}  {_took(row)}".strip()
    place = _STAGES["diagnosed"][0] - 5.0
    said = ax.text(place, height + 0.5, told, fontsize=9.5, color=INK, va="bottom", parse_math=False)
    if row["levers"]:
        ax.annotate(
            f"◆ {row['levers']}", (1, 0), (10, 0), xycoords=said, textcoords="offset points", fontsize=9.5, color=MARK,
            va="bottom", parse_math=False,
        )  # fmt: skip


def _box(ax: Axes, x: float, words: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    w, h = _HALF
    ax.add_patch(
        FancyBboxPatch(
            (x - w, _MIDDLE - h), 2 * w, 2 * h, boxstyle="round,pad=0,rounding_size=1", fc=BAND, ec=QUIET, zorder=3
        )
    )
    ax.text(x, _MIDDLE, words, ha="center", va="center", fontsize=11, color=INK, zorder=4, parse_math=False)


def _arrow(ax: Axes, begin: float, end: float, *, colour: str, bend: float = 0.0, up: float = 0.0) -> None:
    ax.annotate(
        "",
        (end, _MIDDLE + up),
        (begin, _MIDDLE + up),
        arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2.2, "connectionstyle": f"arc3,rad={bend}"},
    )


def _around(ax: Axes, begin: float, end: float, height: float, colour: str, *, dashed: bool = False) -> None:
    """Draw a way around the boxes between, from one stage to another."""
    edge = _MIDDLE + (_HALF[1] if height > _MIDDLE else -_HALF[1])
    line = "--" if dashed else "-"
    ax.plot([begin, begin, end], [edge, height, height], color=colour, linewidth=1.8, linestyle=line)
    ax.annotate(
        "", (end, edge), (end, height), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.8, "linestyle": line}
    )


def _share(value: float) -> str:
    return "<1%" if 0 < value < 0.005 else f"{value:.0%}"


def _took(row: Any) -> str:
    if row["median"] != row["median"]:
        return ""
    if row["p90"] != row["p90"] or row["p90"] == row["median"]:
        return minutes(row["median"])
    return f"{minutes(row['median'])} ({minutes(row['p90'])})"


def _label(ax: Axes, x: float, y: float, row: Any, *, width: int, above: bool = False) -> float:
    """Write what a part is, its minutes and its levers, downwards from `y` or standing on it; return where it ends."""
    if row is None:
        return y
    words = plain(row["words"], 160)
    if row["share"] == row["share"] and row["share"] < 1:
        words = f"{_share(row['share'])} {words}"
    levers = [f"◆ {lever}" for lever in str(row["levers"]).split(", ") if lever]
    if width > 60:
        levers = ["   ".join(levers)] if levers else []
    told = [(line, INK, "normal") for line in wrap(words, width)]
    told += [(line, INK, "bold") for line in (_took(row),) if line]
    told += [(lever, MARK, "normal") for lever in levers]
    if not above:
        return _write(ax, x, y, told)
    _write(ax, x, y + _LINE * len(told), told)
    return y + _LINE * len(told)


def _write(ax: Axes, x: float, y: float, told: list[tuple[str, str, str]]) -> float:
    """Write lines downwards from `y`; return where they end."""
    for place, (line, colour, weight) in enumerate(told):
        ax.text(
            x, y - _LINE * place, line, fontsize=9.5, color=colour, fontweight=weight, va="top", parse_math=False,
            zorder=5,
        )  # fmt: skip
    return y - _LINE * len(told)
