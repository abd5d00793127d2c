"""What-ifs in a terminal: one short line of numbers for each, and below them what changed and what must be said."""

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
    shown = pd.DataFrame({"scenario": [row["scenario"] for row in rows]})
    shown["incidents a run"] = [f"{row['incidents']:,.0f}" for row in rows]
    for name, words in (("mean", "mean (80 %)"), ("median", "median (80 %)"), ("p90", "P90 (80 %)")):
        shown[words] = [_banded(row, name, name) for row in rows]
    shown["saved an incident (80 %)"] = [_saved(row, "saving", "saving") for row in rows]
    shown["saved a year (80 %)"] = [_saved(row, "minutes_saved_per_year", "minutes_saved") for row in rows]
    if "saving_refit_low" in compared:
        shown["refits: mean"] = [_range(row["mean_refit_low"], row["mean_refit_high"]) for row in rows]
        shown["refits: saved an incident"] = [
            "" if not k else _range(row["saving_refit_low"], row["saving_refit_high"]) for k, row in enumerate(rows)
        ]
    table(shown)
    say("")
    for row in rows[1:]:
        said = f"{row['scenario']}: {row['what']}" + (f". Note: {row['note']}" if row["note"] else "") + "."
        say(textwrap.fill(said, _WIDE, initial_indent="  ", subsequent_indent="      "))


def _banded(row: dict[str, Any], name: str, band: str) -> str:
    return f"{_number(row[name])} ({_range(row[f'{band}_low'], row[f'{band}_high'])})"


def _saved(row: dict[str, Any], name: str, band: str) -> str:
    return "" if row["scenario"] == "Baseline" else _banded(row, name, band)


def _range(low: float, high: float) -> str:
    return "unknown" if math.isnan(low) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
