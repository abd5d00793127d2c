"""Tables as they stand on the page: words and figures, every estimate with its n and its range."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

import pandas as pd

from mttrlab.analysis.intervals import MIN_ENDED
from mttrlab.analysis.summary import leading_estimates
from mttrlab.schema import POPULATIONS, VERDICTS, Cell, Record, table_records
from mttrlab.text import format_minutes


@dataclass(frozen=True)
class PageTable:
    """A table of the page."""

    caption: str
    """What it shows."""
    heads: tuple[str, ...]
    """Names of the columns."""
    rows: tuple[tuple[str, ...], ...]
    """Cells, as text."""
    texts: tuple[int, ...] = (0,)
    """Columns that hold text, not figures."""
    marked: int | None = None
    """The row that the page is about."""


def range_cell(value: float, low: float, high: float, why: object = "") -> str:
    """Return an estimate with its range; or why there is none.

    Examples
    --------
    >>> range_cell(42.0, 37.0, 49.0)
    '42 min (37 min to 49 min)'
    >>> range_cell(42.0, float("nan"), float("nan"))
    '42 min (no range)'
    >>> range_cell(float("nan"), float("nan"), float("nan"), "not estimable: n = 0")
    'not estimable: n = 0'
    """
    if not isfinite(value):
        return str(why) or "–"
    if isfinite(low) and high == inf:
        return f"{format_minutes(value)} (at least {format_minutes(low)})"
    if not (isfinite(low) and isfinite(high)):
        return f"{format_minutes(value)} (no range)"
    return f"{format_minutes(value)} ({format_minutes(low)} to {format_minutes(high)})"


def _of_few(n: float) -> str:
    """Return what stands in place of an average of so few; empty where there are enough."""
    return f"too few ({int(n)})" if n < MIN_ENDED else ""


def count_cell(value: float) -> str:
    """Return a count with its thousands apart."""
    return "–" if pd.isna(value) else f"{int(value):,}"


def durations_table(table: pd.DataFrame, name: str, caption: str) -> PageTable:
    """Return phases, merged phases or clocks: n, open, mean, median and, where it has a range, P90."""
    with_p90 = "p90_low" in table
    rows = []
    for line in table_records(table):
        p90 = (range_cell(line["p90"], line["p90_low"], line["p90_high"], line["p90_method"]),) if with_p90 else ()
        rows.append(
            (
                str(line[name]).replace("_", " "),
                count_cell(line["n"]),
                count_cell(line["open"]),
                range_cell(line["mean"], line["mean_low"], line["mean_high"], line["mean_method"]),
                _median_cell(line),
                *p90,
            )
        )
    heads = (
        "clock" if name == "measure" else name,
        "n",
        "still open",
        "mean (range)",
        "median (range)",
        *(("P90 (range)",) if with_p90 else ()),
    )
    return PageTable(caption, heads, tuple(rows))


def _median_cell(line: Record) -> str:
    """The median, or of too few the shortest and the longest."""
    if isfinite(line["median"]) or not isfinite(line["shortest"]):
        return range_cell(line["median"], line["median_low"], line["median_high"])
    if line["shortest"] == line["longest"]:
        return f"{format_minutes(line['longest'])}, all of them"
    return f"from {format_minutes(line['shortest'])} to {format_minutes(line['longest'])}"


def shares_table(table: pd.DataFrame, caption: str) -> PageTable:
    """Return shares of all minutes and of the worst tenth's."""
    rows = tuple(
        (
            str(line["phase"]),
            count_cell(line["n"]),
            "–" if pd.isna(line["share"]) else f"{line['share']:.0%}",
            "–" if pd.isna(line["share_of_tail"]) else f"{line['share_of_tail']:.0%}",
        )
        for line in table_records(table)
    )
    return PageTable(caption, ("phase", "n", "of all minutes", "of the worst tenth's minutes"), rows)


def months_table(table: pd.DataFrame, seed: pd.DataFrame, measure: str, month: pd.Timestamp) -> PageTable:
    """Return the founding text's own monthly table beside the leading clock; bare minutes, so that it fits."""
    theirs = {} if seed.empty else {pd.Timestamp(line["month"]): line for line in table_records(seed)}
    heads = (
        "month", "incidents", "still open", "timed", f"average, {measure} (range)", "half within (range)", "level",
        "plain query: incidents", "average, detected to resolved", "half within", "longest",
    )  # fmt: skip
    named = ("avg_mttr_minutes", "median_mttr_minutes", "max_mttr_minutes")
    rows = []
    for line in table_records(leading_estimates(table)):
        seeds = theirs.get(pd.Timestamp(line["month"]))
        beside = (
            [
                count_cell(seeds["incident_count"]),
                *(_of_few(seeds["incident_count"]) or bare_minutes(seeds[n]) for n in named[:2]),
                bare_minutes(seeds[named[2]]),
            ]
            if seeds
            else ["0", "–", "–", "–"]
        )
        rows.append(
            (
                f"{pd.Timestamp(line['month']):%Y-%m}",
                count_cell(line["incidents"]),
                count_cell(line["open"]),
                count_cell(line["n"]),
                bare_range(line["mean"], line["mean_low"], line["mean_high"]),
                bare_range(line["median"], line["median_low"], line["median_high"])
                + (", open ones counted" if "counted" in line["note"] else ""),
                str(line["maturity"]) or "–",
                *beside,
            )
        )
    places = [i for i, line in enumerate(table["month"]) if pd.Timestamp(line) == month]
    caption = "Minutes on the leading clock, beside the plain monthly query that most teams run"
    return PageTable(caption, heads, tuple(rows), (0, 6), places[0] if places else None)


def bare_minutes(value: float | None) -> str:
    """Return minutes without their unit.

    Examples
    --------
    >>> bare_minutes(4.25), bare_minutes(1234.5), bare_minutes(float("nan"))
    ('4.2', '1,234', '–')
    """
    if pd.isna(value):
        return "–"
    return f"{value:.1f}" if abs(value) < 9.95 else f"{value:,.0f}"


def bare_range(value: float, low: float, high: float) -> str:
    """Return minutes and their range without the unit.

    Examples
    --------
    >>> bare_range(42.0, 37.0, 49.0), bare_range(42.0, 37.0, float("inf"))
    ('42 (37 to 49)', '42 (at least 37)')
    """
    if not isfinite(value):
        return "–"
    if isfinite(low) and high == inf:
        return f"{bare_minutes(value)} (at least {bare_minutes(low)})"
    return (
        f"{bare_minutes(value)} ({bare_minutes(low)} to {bare_minutes(high)})"
        if isfinite(high - low)
        else bare_minutes(value)
    )


def median_table(table: pd.DataFrame, measure: str) -> PageTable:
    """Return the typical time with open incidents counted, of the month and of the last three months."""
    rows = tuple(
        (
            str(line["of"]),
            count_cell(line["n"]),
            count_cell(line["open"]),
            range_cell(line["median"], line["median_low"], line["median_high"], line["method"]),
        )
        for line in table_records(table)
    )
    heads = ("of the", "n (ended)", "still open", "median (range)")
    return PageTable(f"The middle incident on the clock {measure}, open ones counted", heads, rows)


def comparison_row(row: Record, before: str, after: str) -> tuple[str, ...]:
    """Return one comparison as a line of a table."""
    lead = str(row["based_on"])
    ratio = row[lead]
    said = "–" if pd.isna(ratio) else f"{ratio:.2f} ×"
    if pd.notna(row[f"{lead}_low"]):
        said += f" ({row[f'{lead}_low']:.2f} to {row[f'{lead}_high']:.2f})"
    return (
        f"{after} against {before}",
        count_cell(row["n_before"]),
        count_cell(row["n_after"]),
        _of_few(row["n_before"]) or format_minutes(row["geometric_mean_before"]),
        _of_few(row["n_after"]) or format_minutes(row["geometric_mean_after"]),
        said,
        str(row["verdict"]),
    )


def levers_table(table: pd.DataFrame) -> PageTable:
    """Return the levers side by side, the largest saving first."""
    apart = table[table["scenario"] != "Baseline"].sort_values("saving", ascending=False, kind="stable")
    rows = tuple(
        (
            str(line["scenario"]),
            str(line["what"]),
            range_cell(line["saving"], line["saving_low"], line["saving_high"]),
            range_cell(
                line["minutes_saved_per_year"], line["minutes_saved_per_year_low"], line["minutes_saved_per_year_high"]
            ),
            count_cell(line["replications"]),
        )
        for line in table_records(apart)
    )
    heads = (
        "lever",
        "what changes",
        "saved per incident (8 of 10 runs)",
        "saved per year (8 of 10 runs)",
        "n (simulated runs)",
    )
    return PageTable("Each lever alone, against the same luck", heads, rows, (0, 1))


def verdict_table(table: pd.DataFrame) -> PageTable:
    """Return the verdict counts, a row per milestone."""
    wide = _pivot(table, "milestone", "verdict", "incidents", VERDICTS)
    wide.index = [str(name).removesuffix("_at") for name in wide.index]
    return _crosstab(wide, "Incidents by milestone and verdict", "milestone")


def population_table(table: pd.DataFrame) -> PageTable:
    """Return how many records of each source count, and how many were left out as what."""
    wide = _pivot(table, "source", "population", "records", POPULATIONS)
    return _crosstab(wide, "Records: counted as incidents, or left out as", "source")


def _pivot(table: pd.DataFrame, across: str, down: str, what: str, order: tuple[str, ...]) -> pd.DataFrame:
    wide = table.pivot_table(index=across, columns=down, values=what, aggfunc="sum", fill_value=0, sort=False)
    return wide[[name for name in order if name in wide]]


def _crosstab(wide: pd.DataFrame, caption: str, corner: str) -> PageTable:
    rows = tuple((str(name), *map(count_cell, line)) for name, line in zip(wide.index, wide.to_numpy(), strict=True))
    return PageTable(caption, (corner, *(str(name).replace("_", " ") for name in wide.columns)), rows)


def raw_table(table: pd.DataFrame, caption: str, limit: int = 20) -> PageTable:
    """Return any small table as text, its first `limit` rows."""
    shown = table.head(limit)
    rows = tuple(tuple(_cell(value) for value in line) for line in shown.itertuples(index=False))
    more = f" (the first {limit} of {len(table):,})" if len(table) > limit else ""
    texts = tuple(i for i, kind in enumerate(shown.dtypes) if not pd.api.types.is_numeric_dtype(kind))
    return PageTable(caption + more, tuple(str(c).replace("_", " ") for c in shown.columns), rows, texts or (0,))


def _cell(value: Cell) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


# Tables of how sure the page is: levels with their chances, what moved the mean, what missing stamps do to it.


_PROBABILITIES = ("p_elite", "p_advanced", "p_intermediate", "p_basic", "p_no_level")


def maturity_table(table: pd.DataFrame, caption: str) -> PageTable:
    """Return, by mean, median and P90, the level that the evidence carries and how likely each level is."""
    rows = tuple(
        (
            str(line["statistic"]),
            count_cell(line["n"]),
            count_cell(line["open"]),
            _of_few(line["n"]) or range_cell(line["minutes"], line["low"], line["high"], line["method"]),
            str(line["awarded"]),
            *(probability_cell(line[name]) for name in _PROBABILITIES),
        )
        for line in table_records(table)
    )
    heads = ("level by", "n", "still open", "minutes (range)", "what the evidence carries", "Elite", "Advanced",
             "Intermediate", "Basic", "no level")  # fmt: skip
    return PageTable(caption, heads, rows, (0, 4))


def distance_table(table: pd.DataFrame) -> PageTable:
    """Return what each phase would have to give, alone, to bring the average to the next level."""
    rows = tuple(
        (
            str(line["phase"]),
            count_cell(line["n"]),
            format_minutes(line["mean"]),
            "alone it cannot" if line["cut_needed"] >= 1 else f"{line['cut_needed']:.0%}",
        )
        for line in table_records(table)
    )
    first = table.iloc[0]
    caption = (
        f"To {first['next_level']}, {format_minutes(float(first['to_next']))} away: what each phase alone would give"
    )
    return PageTable(caption, ("phase", "n with every stamp", "mean", "cut needed"), rows)


def probability_cell(value: float) -> str:
    """Return a probability as a percentage that is never quite sure.

    Examples
    --------
    >>> [probability_cell(p) for p in (0.0004, 0.0, 0.8, 0.9996, float("nan"))]
    ['< 1%', '< 1%', '80%', '> 99%', '–']
    """
    if not isfinite(value):
        return "–"
    if value < 0.005:
        return "< 1%"
    return "> 99%" if value >= 0.995 else f"{value:.0%}"


def _level_cell(value: float, kind: str) -> str:
    if not isfinite(value):
        return "–"
    return f"{value:.0%}" if kind == "share" else f"{value:.0f}" if kind == "count" else format_minutes(value)


def changes_table(table: pd.DataFrame, caption: str) -> PageTable:
    """Return every measure that was asked for a change, those that changed first."""
    rows = []
    ordered = table.assign(quiet=table["at"].isna()).sort_values(["quiet", "by"], kind="stable")
    for line in table_records(ordered):
        changed = not pd.isna(line["at"])
        before, after = (_level_cell(line[name], str(line["kind"])) for name in ("before", "after"))
        when = f"{line['at']:%Y-%m-%d}" if changed else ""
        if changed and not pd.isna(line["at_low"]):
            when += f" ({line['at_low']:%Y-%m-%d} to {line['at_high']:%Y-%m-%d})"
        size = ""
        if isfinite(line["ratio"]) and str(line["kind"]) != "share":
            size = f"× {line['ratio']:.2f} ({line['ratio_low']:.2f} to {line['ratio_high']:.2f})"
        elif isfinite(line["ratio"]):
            size = (
                f"{100 * line['ratio']:+.0f} points ({100 * line['ratio_low']:+.0f} to {100 * line['ratio_high']:+.0f})"
            )
        group = f", {line['group']}" if line["group"] else ""
        name = str(line["measure"]).replace("_", " ") + group
        rows.append((name, str(line["n"]), before, after if changed else "", size, when, str(line["verdict"]),
                     str(line["event"])))  # fmt: skip
    heads = ("measure", "n", "half within, share or count", "since the change", "change, like for like (95 %)",
             "since (95 %)", "verdict", "known event near it")  # fmt: skip
    return PageTable(caption, heads, tuple(rows), (0, 5, 6, 7))


def change_table(table: pd.DataFrame, caption: str) -> PageTable:
    """Return the parts of a changed mean; they add up to the last row."""
    names = {"mix": "other kinds of incident", "not split": "steps that no stamp tells apart", "total": "in all"}
    rows = tuple(
        (names.get(str(line["part"]), str(line["part"])), signed_range_cell(line["minutes"], line["low"], line["high"]))
        for line in table_records(table)
        # A part that no incident shows did not move, and no luck could move it.
        if line["part"] == "total"
        or max(abs(line[name]) for name in ("minutes", "low", "high") if isfinite(line[name])) > 1e-9
    )
    return PageTable(caption, ("what changed", "minutes of the mean (range)"), rows)


def signed_range_cell(value: float, low: float, high: float) -> str:
    """Return a difference in minutes with its sign and its range.

    Examples
    --------
    >>> signed_range_cell(-12.0, -20.5, 3.0), signed_range_cell(4.0, float("nan"), float("nan"))
    ('−12 min (−20 min to +3 min)', '+4 min (no range)')
    """
    if not isfinite(value):
        return "–"
    said = [f"{'−' if end < 0 else '+'}{format_minutes(abs(end))}" for end in (value, low, high) if isfinite(end)]
    return f"{said[0]} ({said[1]} to {said[2]})" if len(said) == 3 else f"{said[0]} (no range)"


def stamps_table(table: pd.DataFrame, caption: str) -> PageTable:
    """Return the mean of each phase by three ways of dealing with missing stamps."""
    rows = tuple(
        (
            str(line["phase"]),
            count_cell(line["measured"]),
            count_cell(line["merged"]),
            _of_few(line["measured"]) or format_minutes(line["mean_available"]),
            count_cell(line["n_complete"]),
            _of_few(line["n_complete"]) or format_minutes(line["mean_complete"]),
            range_cell(line["mean_estimated"], line["mean_low"], line["mean_high"], line["method"]),
        )
        for line in table_records(table)
    )
    heads = ("phase", "n measured", "n merged", "mean of the measured", "n with every stamp", "mean of these",
             "mean with merged spans split (range)")  # fmt: skip
    return PageTable(caption, heads, rows)
