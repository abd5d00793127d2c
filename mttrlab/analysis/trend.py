"""Are incidents getting shorter over time?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.comparison_words import change_in_words, taking
from mttrlab.analysis.kendall import mann_kendall, theil_sen
from mttrlab.analysis.reading import share_between
from mttrlab.analysis.regression import dummies, fit, independent
from mttrlab.analysis.sample import forgotten_aside, months_of, sample_of, starts_of, with_clocks
from mttrlab.analysis.thresholds import incidents as in_words
from mttrlab.analysis.thresholds import threshold, withheld

NAN = float("nan")


@says_basis
def trend(
    incidents: pd.DataFrame,
    clock: str = "recovery",
    *,
    adjust: tuple[str, ...] = (),
    level: float = 0.95,
) -> pd.DataFrame:
    """Return whether incidents get shorter or longer over time, incident by incident.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    clock : str
        One of the clocks.
    adjust : tuple of str
        Columns whose mix is held: `("severity", "incident_type")`.
    level : float
        Level of the intervals.

    Returns
    -------
    DataFrame
        One row: `clock, level, n` (ended), `open, months` (spanned); `per_month, per_month_low, per_month_high`
        (ratio of typical times a month apart; 0.95: five percent less each month), `per_year` and its ends;
        `p_better` (probability that times fall), `verdict` ("better", "worse" or "cannot tell"); of the monthly
        typical times: `months_used, kendall_s, kendall_tau, kendall_p, sen_per_month` and its ends (ratio);
        `adjusted_for, sentence, note`.

    Raises
    ------
    QuestionError
        For a clock or a level that does not exist.
    SchemaError
        When the frame is no table of incidents.

    Notes
    -----
    Lognormal regression of every incident on its time, open ones censored. Monthly summaries see a change less
    often: with ten incidents a month and half the time after a year in 25 to 35 of 100 cases, against 47 here.
    """
    share_between("level", level)
    frame = with_clocks(incidents, clock)
    (sample,) = forgotten_aside(sample_of(frame, clock))
    times = starts_of(frame, clock, sample.rows)
    months = months_of(times)
    dated = np.isfinite(months)
    row: dict[str, Any] = {"clock": clock, "level": level, "n": int((sample.observed & dated).sum())}
    row |= {"open": int((~sample.observed & dated).sum()), "months": float(months[dated].max()) if dated.any() else NAN}
    ratios = [name + end for name in ("per_month", "per_year") for end in ("", "_low", "_high")]
    row |= dict.fromkeys(ratios, NAN) | {"p_better": NAN, "verdict": "cannot tell"}
    notes = []
    if sample.unknown:
        notes.append(f"{sample.unknown} of {in_words(sample.incidents)} lack a usable end of this clock")
    if sample.not_positive:
        notes.append(f"{in_words(sample.not_positive)} of zero or negative minutes left out")
    if sample.forgotten:
        notes.append(
            f"left out: {in_words(sample.forgotten)} open three times longer than any that ended, most likely "
            "never closed"
        )
    if not dated.all():
        timeless = int((~dated).sum())
        notes.append(f"{in_words(timeless)} {'carries' if timeless == 1 else 'carry'} no time")
    used: tuple[str, ...] = ()
    if row["n"] < threshold("trend").needs:
        notes.append("a trend " + withheld("trend", row["n"]))
    else:
        used = tuple(column for column in adjust if column in frame and frame[column].notna().any())
        design = np.column_stack([np.ones(int(dated.sum())), months[dated]])
        if used:
            mix, _ = dummies(frame.iloc[sample.rows[dated]].reset_index(drop=True), used)
            design = np.column_stack([design, mix])
            design = design[:, independent(design[sample.observed[dated]])]
        names = ("constant", "time", *(f"mix {i}" for i in range(design.shape[1] - 2)))
        logs = np.log(sample.minutes[dated])
        model = fit(logs, sample.observed[dated], design, names) if row["months"] > 0 else None
        if model is None:
            notes.append("no trend: the incidents took exactly equal times, or all began together")
        else:
            slope, low, high = model.effect("time", level)
            for name, unit in (("per_month", 1.0), ("per_year", 12.0)):
                row |= {name: _ratio(slope * unit), f"{name}_low": _ratio(low * unit)}
                row[f"{name}_high"] = _ratio(high * unit)
            row["p_better"] = model.chance_below("time", 0.0)
            row["verdict"] = "better" if high < 0 else "worse" if low > 0 else "cannot tell"
    row |= _monthly(times[dated & sample.observed], sample.logs[dated[sample.observed]], level)
    row["adjusted_for"] = ", ".join(used)
    row["sentence"] = _sentence(row)
    row["note"] = "; ".join(notes)
    return pd.DataFrame([row])


def _ratio(log: float) -> float:
    return math.exp(min(log, 700.0))


def _monthly(times: pd.Series, logs: np.ndarray, level: float) -> dict[str, float]:
    names = ("kendall_s", "kendall_tau", "kendall_p", "sen_per_month", "sen_per_month_low", "sen_per_month_high")
    number = (times.dt.year * 12 + times.dt.month).to_numpy()
    typical = pd.Series(logs).groupby(number).mean()
    found: dict[str, float] = {"months_used": len(typical)} | dict.fromkeys(names, NAN)
    if len(typical) < threshold("monthly_trend").needs:
        return found
    kendall = mann_kendall(typical.to_numpy())
    slopes = theil_sen(typical.to_numpy(), typical.index.to_numpy(dtype=float), level=level)
    answers = (kendall.s, kendall.tau, kendall.p, *(_ratio(slope) for slope in slopes))
    return found | dict(zip(names, answers, strict=True))


def _sentence(row: dict[str, Any]) -> str:
    counts = in_words(row["n"]) + (f", {row['open']} still open" if row["open"] else "")
    if math.isnan(row["per_month"]):
        return f"Cannot tell where this is going: {counts} are too few or carry no times."
    # Over what was seen, not over a year that nobody has seen yet.
    months = min(12.0, row["months"])
    whole, low, high = (_ratio(math.log(row["per_month" + end]) * months) for end in ("", "_low", "_high"))
    over = "a year" if months == 12 else f"{months:.0f} months" if months >= 1.5 else "this time"
    span = f"somewhere between {change_in_words(low)} and {change_in_words(high)}; {counts}"
    if row["verdict"] == "cannot tell":
        return f"Cannot tell where this is going: {taking(whole)} after {over}, but luck could do that ({span})."
    word = "Getting better" if row["verdict"] == "better" else "Getting worse"
    return f"{word}: after {over} a typical incident takes {taking(whole)} ({span})."
