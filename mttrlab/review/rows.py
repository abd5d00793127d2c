"""Tables as they stand on the page: words and figures, every estimate with its n and its range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from mttrlab.review.words import minutes


@dataclass(frozen=True)
class Shown:
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


def ranged(value: float, low: float, high: float, why: Any = "") -> str:
    """Return an estimate with its range; or why there is none.

    Examples
    --------
    >>> ranged(42.0, 37.0, 49.0)
    '42 min (37 min to 49 min)'
    >>> ranged(42.0, float("nan"), float("nan"))
    '42 min (no range)'
    >>> ranged(float("nan"), float("nan"), float("nan"), "not estimable: n = 0")
    'not estimable: n = 0'
    """
    if pd.isna(value):
        return str(why) if why and pd.notna(why) else "–"
    if pd.isna(low) or pd.isna(high):
        return f"{minutes(value)} (no range)"
    return f"{minutes(value)} ({minutes(low)} to {minutes(high)})"


def count(value: Any) -> str:
    """Return a count with its thousands apart."""
    return "–" if pd.isna(value) else f"{int(value):,}"


def durations(table: pd.DataFrame, name: str, caption: str) -> Shown:
    """Return phases, merged phases or clocks: n, open, mean, median, P90."""
    heads = (name, "n", "still open", "mean (range)", "median (range)", "P90 (range)")
    rows = []
    for line in table.to_dict("records"):
        why = line.get("mean_method", "")
        p90 = ranged(
            line["p90"],
            line.get("p90_low", float("nan")),
            line.get("p90_high", float("nan")),
            line.get("p90_method", ""),
        )
        rows.append(
            (
                str(line[name]).replace("_", " "),
                count(line["n"]),
                count(line["open"]),
                ranged(line["mean"], line["mean_low"], line["mean_high"], why),
                ranged(line["median"], line["median_low"], line["median_high"], "too few"),
                p90,
            )
        )
    return Shown(caption, heads, tuple(rows))


def share_rows(table: pd.DataFrame, caption: str) -> Shown:
    """Return shares of all minutes and of the worst tenth's."""
    rows = tuple(
        (
            str(line["phase"]),
            count(line["n"]),
            "–" if pd.isna(line["share"]) else f"{line['share']:.0%}",
            "–" if pd.isna(line["share_of_tail"]) else f"{line['share_of_tail']:.0%}",
        )
        for line in table.to_dict("records")
    )
    return Shown(caption, ("phase", "n", "of all minutes", "of the worst tenth's minutes"), rows)


def months(table: pd.DataFrame, seed: pd.DataFrame, clock: str, month: pd.Timestamp) -> Shown:
    """Return the founding text's own monthly table beside the leading clock."""
    theirs = {} if seed.empty else {pd.Timestamp(line["month"]): line for line in seed.to_dict("records")}
    heads = (
        "month", "incidents", "still open", "n", f"mean, {clock} (range)", "median (range)", "level",
        "seed: count", "seed: mean, detected to resolved", "seed: median", "seed: max",
    )  # fmt: skip
    rows = []
    for line in table.to_dict("records"):
        seeds = theirs.get(pd.Timestamp(line["month"]))
        named = ("incident_count", "avg_mttr_minutes", "median_mttr_minutes", "max_mttr_minutes")
        beside = (
            [count(seeds[named[0]]), *(minutes(float(seeds[n])) for n in named[1:])] if seeds else ["0", "–", "–", "–"]
        )
        rows.append(
            (
                f"{pd.Timestamp(line['month']):%Y-%m}",
                count(line["incidents"]),
                count(line["open"]),
                count(line["n"]),
                ranged(line["mean"], line["mean_low"], line["mean_high"], line["mean_method"]),
                ranged(line["median"], line["median_low"], line["median_high"], "too few"),
                str(line["maturity"]),
                *beside,
            )
        )
    places = [i for i, line in enumerate(table["month"]) if pd.Timestamp(line) == month]
    return Shown(
        "The founding text's monthly query, as printed, beside the leading clock",
        heads,
        tuple(rows),
        (0, 6),
        places[0] if places else None,
    )


def compared(row: dict[str, Any], before: str, after: str) -> tuple[str, ...]:
    """Return one comparison as a line of a table."""
    lead = str(row["based_on"])
    ratio = row[lead]
    said = "–" if pd.isna(ratio) else f"{ratio:.2f} ×"
    if pd.notna(row[f"{lead}_low"]):
        said += f" ({row[f'{lead}_low']:.2f} to {row[f'{lead}_high']:.2f})"
    return (
        f"{after} against {before}",
        count(row["n_before"]),
        count(row["n_after"]),
        minutes(row["typical_before"]),
        minutes(row["typical_after"]),
        said,
        str(row["verdict"]),
    )


def levers(table: pd.DataFrame) -> Shown:
    """Return the levers side by side, the largest saving first."""
    apart = table[table["scenario"] != "Baseline"].sort_values("saving", ascending=False, kind="stable")
    rows = tuple(
        (
            str(line["scenario"]),
            str(line["what"]),
            ranged(line["saving"], line["saving_low"], line["saving_high"]),
            ranged(line["minutes_saved_per_year"], line["minutes_saved_low"], line["minutes_saved_high"]),
            count(line["replications"]),
        )
        for line in apart.to_dict("records")
    )
    heads = (
        "lever",
        "what changes",
        "saved per incident (8 of 10 runs)",
        "saved per year (8 of 10 runs)",
        "n (simulated years)",
    )
    return Shown("Each lever alone, against the same luck", heads, rows, (0, 1))


def verdicts(table: pd.DataFrame) -> Shown:
    """Return the verdict counts, a row per milestone."""
    wide = table.pivot_table(
        index="milestone", columns="verdict", values="incidents", aggfunc="sum", fill_value=0, sort=False
    )
    rows = tuple(
        (str(name).removesuffix("_at"), *(count(value) for value in line))
        for name, line in zip(wide.index, wide.to_numpy(), strict=True)
    )
    return Shown(
        "Incidents by milestone and verdict", ("milestone", *(str(v).replace("_", " ") for v in wide.columns)), rows
    )


def plain(table: pd.DataFrame, caption: str, limit: int = 20) -> Shown:
    """Return any small table as text, its first `limit` rows."""
    shown = table.head(limit)
    rows = tuple(tuple(_cell(value) for value in line) for line in shown.itertuples(index=False))
    more = f" (the first {limit} of {len(table):,})" if len(table) > limit else ""
    texts = tuple(i for i, kind in enumerate(shown.dtypes) if not pd.api.types.is_numeric_dtype(kind))
    return Shown(caption + more, tuple(str(c).replace("_", " ") for c in shown.columns), rows, texts or (0,))


def _cell(value: Any) -> str:
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return "–"
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)
