"""What-ifs in a terminal: short lines of numbers for each, and below them what changed and what must be said."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

from mttrlab.cli.door import say, table

if TYPE_CHECKING:
    import pandas as pd

_WIDE = 116


def scenarios(compared: pd.DataFrame) -> None:
    """Print the rows of `compare_scenarios`."""
    import pandas as pd

    rows: list[dict[str, Any]] = [{str(name): own for name, own in row.items()} for row in compared.to_dict("records")]
    unsure = "saving_refit_low" in compared
    lasts = pd.DataFrame({"scenario": [row["scenario"] for row in rows]})
    lasts["incidents"] = [f"{row['incidents']:,.0f}" for row in rows]
    for name, words in (("mean", "mean (80 %)"), ("median", "median (80 %)"), ("p90", "P90 (80 %)")):
        lasts[words] = [_banded(row, name, name) for row in rows]
    if unsure:
        lasts["refits: mean"] = [_range(row["mean_refit_low"], row["mean_refit_high"]) for row in rows]
    table(lasts)
    say("")
    # In a table of its own, as no terminal is wide enough for both.
    changed = rows[1:]
    saved = pd.DataFrame({"scenario": [row["scenario"] for row in changed]})
    saved["saved an incident (80 %)"] = [_banded(row, "saving", "saving") for row in changed]
    saved["saved a year (80 %)"] = [_banded(row, "minutes_saved_per_year", "minutes_saved") for row in changed]
    if unsure:
        saved["refits: saved an incident"] = [
            _range(row["saving_refit_low"], row["saving_refit_high"]) for row in changed
        ]
    if changed:
        table(saved)
        say("")
    _told(changed)


def ranking(ranked: pd.DataFrame) -> None:
    """Print the rows of `rank_investments`, the best first, and what it is worth to know more."""
    import pandas as pd

    rows: list[dict[str, Any]] = [{str(name): own for name, own in row.items()} for row in ranked.to_dict("records")]
    by = ranked.attrs["best_by"]
    shown = pd.DataFrame({"investment": [row["investment"] for row in rows]})
    shown["saved a year (80 %)"] = [
        "cannot tell" if math.isnan(row["expected_low"]) else _banded(row, "minutes_saved_per_year", "minutes_saved")
        for row in rows
    ]
    shown["cost a year"] = ["" if math.isnan(row["cost_per_year"]) else _number(row["cost_per_year"]) for row in rows]
    shown["min per 1,000"] = [_unless_unknown(row, "per_1000") for row in rows]
    if "net" in ranked:
        shown["net a year"] = [_unless_unknown(row, "net") for row in rows]
        shown["P(worth it)"] = [_percent(row["worth_it"]) for row in rows]
    table(shown)
    say("")
    choice = pd.DataFrame({"investment": [row["investment"] for row in rows]})
    choice["P(best), 95 %"] = [
        f"{row['best']:.0%} ({row['best_low']:.0%} to {row['best_high']:.0%})" if row["best"] == row["best"] else ""
        for row in rows
    ]
    choice[f"regret, {by}"] = [_unless_unknown(row, "regret") for row in rows]
    choice["shows in month"] = [_month(row) for row in rows]
    table(choice)
    say("")
    value, low, high = ranked.attrs["knowing_all"]
    said = f"Knowing everything before choosing is worth {_number(value)} {by} (95 %: {_range(low, high)})"
    most = max(rows, key=lambda row: -1.0 if math.isnan(row["finding_out"]) else row["finding_out"])
    if value > 0 and most["finding_out"] > 0:
        said += f"; finding out about {most['investment']} alone {_number(most['finding_out'])}"
    say(textwrap.fill(f"{said}.", _WIDE, subsequent_indent="  "))
    for row in rows:
        price = row["price_to_match"]
        if row["rival"] and not math.isnan(price):
            words = f"{row['investment']} (nobody has priced it) is as good as the best at {_number(price)} a year."
            say(textwrap.fill(words, _WIDE, subsequent_indent="  "))
    say("")
    _told(rows)


def _month(row: dict[str, Any]) -> str:
    import pandas as pd

    if math.isnan(row["expected_low"]):
        return ""
    return "later" if pd.isna(row["visible_month"]) else f"{row['visible_month']}"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.0%}"


def _unless_unknown(row: dict[str, Any], name: str) -> str:
    return "" if math.isnan(row[name]) else _banded(row, name, name)


def _told(rows: list[dict[str, Any]]) -> None:
    """Print what each row changes, and what must be said of it."""
    for row in rows:
        name = row.get("scenario", row.get("investment"))
        said = f"{name}: {row['what']}."
        if "user_minutes_saved_per_year" in row:
            said += f" Weighted by users hit it {_saves_or_costs(row)} minutes a year."
        said += f" Note: {row['note']}." if row["note"] else ""
        say(textwrap.fill(said, _WIDE, initial_indent="  ", subsequent_indent="      "))


def _saves_or_costs(row: dict[str, Any]) -> str:
    name, band = "user_minutes_saved_per_year", "user_minutes_saved"
    if not row[name] < 0:
        return f"saves {_banded(row, name, band)}"
    costs = {name: -row[name], f"{band}_low": -row[f"{band}_high"], f"{band}_high": -row[f"{band}_low"]}
    return f"costs {_banded(costs, name, band)}"


def _banded(row: dict[str, Any], name: str, band: str) -> str:
    return f"{_number(row[name])} ({_range(row[f'{band}_low'], row[f'{band}_high'])})"


def _range(low: float, high: float) -> str:
    return "unknown" if math.isnan(low) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
