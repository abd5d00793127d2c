"""What an explained change says to somebody who reads no tables."""

from __future__ import annotations

import math

import pandas as pd

from mttrlab.analysis.thresholds import incidents

_PHASES = {
    "detect": "noticing",
    "diagnose": "finding the cause",
    "resolve": "fixing",
    "verify": "confirming the fix",
    "not split": "steps that the records do not tell apart",
}


def change_explained(table: pd.DataFrame) -> str:
    """Return the table of `explain_change` in two sentences without a statistical term.

    Parameters
    ----------
    table : DataFrame
        As `explain_change` gives it.

    Examples
    --------
    >>> from mttrlab.analysis.decomposition import explain_change
    >>> before = pd.DataFrame({"incident_type": ["a"] * 6 + ["b"] * 4, "recovery": [30.0] * 6 + [120.0] * 4})
    >>> after = pd.DataFrame({"incident_type": ["a"] * 8 + ["b"] * 2, "recovery": [35.0] * 8 + [130.0] * 2})
    >>> change_explained(explain_change(before, after, draws=0))
    'The average went from 66 to 54 minutes (10 incidents before, 10 after). Of that, −18 come from other kinds of \
incident happening, and +6.5 from steps that the records do not tell apart.'
    """
    first = table.iloc[0]
    counts = f"({incidents(first['n_before'])} before, {first['n_after']:,} after)"
    minutes = dict(zip(table["part"], table["minutes"].astype(float), strict=True))
    if math.isnan(minutes["total"]):
        return f"There is nothing to explain: one of the periods holds no ended incident {counts}."
    size, unit = _unit(max(first["mean_before"], first["mean_after"]))
    ends = f"{_figure(first['mean_before'] / size)} to {_figure(first['mean_after'] / size)}"
    told = f"The average went from {ends} {unit} {counts}."
    phases = [name for name in minutes if name not in ("mix", "total")]
    phases.sort(key=lambda name: -abs(minutes[name]))
    parts = [
        f"{_signed(minutes[name] / size)} from {_in_words(name)}" for name in phases if _shown(minutes[name] / size)
    ]
    if _shown(minutes["mix"] / size):
        parts.insert(0, f"{_signed(minutes['mix'] / size)} come from other kinds of incident happening")
    if not parts:
        return told
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    whole = table.iloc[-1]
    luck = " Luck alone could explain the whole of it." if whole["low"] <= 0 <= whole["high"] else ""
    return f"{told} Of that, {listed}.{luck}"


def _in_words(part: str) -> str:
    names = [_PHASES.get(name, name) for name in part.split(" + ")]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]} (not told apart)"


def _unit(minutes: float) -> tuple[float, str]:
    if minutes < 600:
        return 1.0, "minutes"
    return (60.0, "hours") if minutes < 5760 else (1440.0, "days")


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 20 else f"{value:.1f}".removesuffix(".0")


def _shown(value: float) -> bool:
    return abs(value) >= 0.05


def _signed(value: float) -> str:
    size = f"{abs(value):,.0f}" if abs(value) >= 9.95 else f"{abs(value):.1f}".removesuffix(".0")
    return f"{'+' if value > 0 else '−'}{size}"
