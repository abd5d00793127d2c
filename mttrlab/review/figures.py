"""The page's figures, as pictures inside the page, each with a sentence for those who cannot see it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from mttrlab import figures
from mttrlab.analysis.changes import measure_words
from mttrlab.analysis.conventions import Periods
from mttrlab.analysis.decomposition import change_explained, enough_to_explain
from mttrlab.review.phase_shares import best_shares
from mttrlab.schema import table_records
from mttrlab.text import format_minutes, list_in_words, month_name, month_range_with_years

_PLAIN = {"mean": "on average", "median": "within which half end", "P90": "within which nine in ten end"}


@dataclass(frozen=True)
class Drawing:
    """One figure of the page."""

    name: str
    """What it is called."""
    png: bytes
    """The picture."""
    alt: str
    """What it shows, in a sentence."""

    @property
    def address(self) -> str:
        """The picture as an address that needs no file."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def draw_figure(
    name: str, title: str, plot: Callable[..., object], table: pd.DataFrame, alt: str, height: float, **options: object
) -> Drawing:
    """Draw `table` without touching any global state; the same table gives the same bytes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with figures.style():
        figure = Figure(figsize=(9.0, height + 0.25), dpi=160, layout="constrained")
        plot(table, ax=figure.subplots(), **options)
        # Over the whole picture, so that it names itself on a slide and long row names leave it room.
        figure.suptitle(title, x=0.008, ha="left", fontsize=12, fontweight="bold", parse_math=False)
        picture = io.BytesIO()
        # Not `savefig`: it draws a figure with a layout twice.
        FigureCanvasAgg(figure).print_png(picture, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return Drawing(name, picture.getvalue(), alt)


def draw_figures(tables: dict[str, pd.DataFrame], measure: str, periods: Periods) -> dict[str, Drawing]:
    """Return the figures of a review, by name; a table with nothing in it gives none."""
    made: list[Drawing] = []
    recent, named = month_range_with_years(periods.quarter), measure.replace("_", " ")
    if len(tables["dots"]):
        dots = tables["dots"]
        rows = len(dots[["first_phase", "last_phase"]].drop_duplicates())
        told = tables["spans"]
        title = f"How long each step took  ·  {recent}"
        made.append(draw_figure("phases", title, figures.plot_phases, dots, phases_alt(told), 1.7 + 0.62 * max(rows, 2),
                          summary=told))  # fmt: skip
    share = best_shares(tables)
    if len(share) > 1:
        title = f"Where the minutes went  ·  {recent}"
        made.append(
            draw_figure(
                "shares", title, figures.plot_bottleneck, share, shares_alt(share), 1.3 + 0.62 * max(len(share), 2)
            )
        )
    if tables["limits"]["geometric_mean"].notna().any():
        known = tables["limits"]
        title = f"Typical time of an incident, month by month  ·  {named}"
        month = f"{periods.month:%Y-%m}"
        made.append(
            draw_figure("months", title, figures.plot_months, known, months_alt(known, measure), 4.3, reviewed=month)
        )
    if "changed_months" in tables:
        shown, changes = tables["changed_months"], tables["changes"]
        words = measure_words(str(shown["measure"].iloc[0]))
        title = f"{words[0].upper()}{words[1:]}, month by month"
        alt = f"{changes.attrs['sentence']} {title}, with the level before and after and what the team did when."
        made.append(draw_figure("changed", title, figures.plot_months, shown, alt, 4.6, changes=changes))
    levels = tables["maturity"]
    title = f"Which level the incidents earn  ·  {recent}"
    made.append(draw_figure("maturity", title, figures.plot_maturity, levels, maturity_alt(levels), 3.4))
    compared = (
        f"{month_range_with_years(periods.recent)} against {month_range_with_years(periods.earlier)}"
        if periods.earlier
        else ""
    )
    if "change" in tables and enough_to_explain(tables["change"]):
        change = tables["change"]
        title = f"What moved the average  ·  {compared}"
        height = 1.0 + 0.5 * (len(change) + 1)
        made.append(draw_figure("change", title, figures.plot_change, change, change_alt(change), height))
    if "moved" in tables and all(line["n_before"] and line["n_after"] for line in table_records(tables["moved"])):
        moved = tables["moved"]
        title = f"Better or worse  ·  {compared}"
        made.append(draw_figure("moved", title, figures.plot_comparison, moved, moved_alt(moved), 2.0))
    if "coverage" in tables and len(tables["coverage"]):
        cells = tables["coverage"]
        title = "How soon each failure would page somebody, and what was lost there"
        height = 1.6 + 0.52 * cells["service"].nunique()
        made.append(draw_figure("coverage", title, figures.plot_coverage, cells, coverage_alt(cells), height))
    if "levers" in tables and len(tables["levers"]) > 1:
        levers = tables["levers"]
        title = "What each lever alone would save"
        height = 1.5 + 0.5 * (len(levers) - 1)
        made.append(draw_figure("levers", title, figures.plot_levers, levers, levers_alt(levers), height))
    if len(tables["quality"]):
        quality = tables["quality"]
        title = f"How good the stamps are  ·  {recent}"
        made.append(draw_figure("quality", title, figures.plot_quality, quality, quality_alt(quality), 4.4))
    return {drawing.name: drawing for drawing in made}


def phases_alt(lengths: pd.DataFrame) -> str:
    """Return the lengths of the phases as a sentence."""
    name = "span" if "span" in lengths else "phase"
    parts = [
        f"{line[name]} {format_minutes(line['mean'])} ({line['n']:,} incidents)" for line in table_records(lengths)
    ]
    said = list_in_words(parts or ["nothing known"])
    return f"Every incident as a dot over the typical ranges, average by step: {said}."


def shares_alt(shares: pd.DataFrame) -> str:
    """Return the shares of the phases as a sentence."""
    parts = [
        f"{line['phase']} {line['share']:.0%} of all minutes and {line['share_of_tail']:.0%} of the worst tenth's"
        for line in table_records(shares)
        if pd.notna(line["share"])
    ]
    return f"Bars of each phase's share: {list_in_words(parts or ['nothing known'])}."


def coverage_alt(cells: pd.DataFrame) -> str:
    """Return the map of alert coverage as a sentence."""
    asked = cells[cells["failure_mode"] != "unknown"]
    known = asked["state"].value_counts()
    parts = [f"{n} {state}" for state, n in known.items()]
    return f"A map of {asked['service'].nunique()} services by failure mode: {list_in_words(parts or ['nothing'])}."


def months_alt(months: pd.DataFrame, measure: str) -> str:
    """Return the run of months as a sentence."""
    known = months[months["geometric_mean"].notna()]
    first, last = known.iloc[0], known.iloc[-1]
    run = [
        f"{format_minutes(row['geometric_mean'])} in {month_name(pd.Timestamp(row['month']))}" for row in (first, last)
    ]
    outside = [month_name(pd.Timestamp(line["month"])) for line in table_records(known) if line["signal"]]
    signals = f"outside the limits of luck: {list_in_words(outside)}" if outside else "none outside the limits of luck"
    return f"Typical times by month on the clock {measure.replace('_', ' ')}, from {run[0]} to {run[1]}; {signals}."


def maturity_alt(maturity: pd.DataFrame) -> str:
    """Return the levels that the evidence carries as a sentence."""
    parts = [
        f"{_PLAIN[line['statistic']]} {line['awarded']} ({line['n']:,} incidents)" for line in table_records(maturity)
    ]
    return f"A strip of how likely each maturity level is: {list_in_words(parts)}."


def change_alt(change: pd.DataFrame) -> str:
    """Return what moved the mean as a sentence."""
    return f"A bridge from the average before to the average after. {change_explained(change)}"


def moved_alt(moved: pd.DataFrame) -> str:
    """Return the comparison as a sentence."""
    return f"How long incidents took against before, with its band. {moved['sentence'].iloc[0]}"


def levers_alt(levers: pd.DataFrame) -> str:
    """Return the savings as a sentence."""
    apart = levers[levers["scenario"] != "Baseline"].sort_values("saving", ascending=False, kind="stable")
    parts = [f"{line['scenario']} {format_minutes(line['saving'])}" for line in table_records(apart)]
    return f"Minutes saved per incident by each lever alone, with bands: {list_in_words(parts)}."


def quality_alt(quality: pd.DataFrame) -> str:
    """Return the quality of the stamps as a sentence."""
    recorded = quality[quality["verdict"] == "recorded"].set_index("milestone")["share"]
    parts = [f"{str(m).removesuffix('_at')} {recorded.get(m, 0.0):.0%}" for m in quality["milestone"].unique()]
    return f"Stacked bars of verdicts per milestone; recorded are {list_in_words(parts)}."
