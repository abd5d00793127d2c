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
incident happening, and +6 from steps that the records do not tell apart.'
    """
    first = table.iloc[0]
    counts = f"({incidents(first['n_before'])} before, {first['n_after']} after)"
    minutes = dict(zip(table["part"], table["minutes"].astype(float), strict=True))
    if math.isnan(minutes["total"]):
        return f"There is nothing to explain: one of the periods holds no ended incident {counts}."
    told = f"The average went from {first['mean_before']:.0f} to {first['mean_after']:.0f} minutes {counts}."
    phases = [name for name in minutes if name not in ("mix", "total")]
    phases.sort(key=lambda name: -abs(minutes[name]))
    parts = [f"{_signed(minutes[name])} from {_PHASES.get(name, name)}" for name in phases if abs(minutes[name]) >= 0.5]
    if abs(minutes["mix"]) >= 0.5:
        parts.insert(0, f"{_signed(minutes['mix'])} come from other kinds of incident happening")
    if not parts:
        return told
    listed = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])}, and {parts[-1]}"
    whole = table.iloc[-1]
    luck = " Luck alone could explain the whole of it." if whole["low"] <= 0 <= whole["high"] else ""
    return f"{told} Of that, {listed}.{luck}"


def _signed(minutes: float) -> str:
    return f"{'+' if minutes > 0 else '−'}{abs(minutes):.0f}"
