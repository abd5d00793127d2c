"""Control charts: which incidents, months and gaps are more than the usual noise?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from mttrlab.analysis.minimum_counts import threshold, withheld
from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.query import onset, says_basis
from mttrlab.analysis.sample import sample_of, with_clocks
from mttrlab.analysis.validation import as_number, as_series
from mttrlab.errors import QuestionError

NAN = float("nan")
D2 = 2 / math.sqrt(math.pi)
"""Mean moving range of two, in sigmas."""
E2 = 3 / D2
"""Three sigmas in mean moving ranges."""
WIDTH = 2.66
"""`E2` as every table of control charts prints it, and so as every other chart of the same values is drawn."""
D4 = 1 + 3 * math.sqrt(2 - D2**2) / D2
"""Upper limit of a moving range, in mean moving ranges; tables print 3.268."""
NELSON = 1 / 3.6
"""Power that makes an exponential gap nearly normal (Nelson 1994)."""


def xmr(values: npt.ArrayLike, *, log: bool = True, baseline: int | None = None) -> pd.DataFrame:
    """Return individual values with the limits that their own moving ranges give (Shewhart's XmR chart).

    Parameters
    ----------
    values : array-like
        In order of time; above zero where `log` is true.
    log : bool
        Limits on logarithms. On raw durations four times as many points ring false alarms as should.
    baseline : int, optional
        How many of the first values set the limits; default all.

    Returns
    -------
    DataFrame
        `value, centre, low, high, moving_range, range_high, signal`; with `log`, centre and limits in the values'
        unit (the centre is a geometric mean), ranges of logarithms.

    Raises
    ------
    QuestionError
        When a value has no logarithm, or the baseline is shorter than two.

    Examples
    --------
    >>> xmr([45, 30, 60, 22, 95, 38, 41, 27, 180, 33, 52, 29]).loc[0, ["centre", "low", "high"]].round(2).tolist()
    [44.71, 4.38, 456.38]
    """
    x = as_series(values)
    if log and not (x > 0).all():
        raise QuestionError("a chart of logarithms needs values above zero; leave zeros out and count them")
    y = np.log(x) if log else x
    first = len(y) if baseline is None else baseline
    if first < 2 or first > len(y):
        raise QuestionError(f"the baseline needs 2 values or more, of {len(y)}; got {first}")
    ranges = np.abs(np.diff(y))
    middle, spread = float(y[:first].mean()), float(ranges[: first - 1].mean())
    low, high = middle - WIDTH * spread, middle + WIDTH * spread
    slack = 1e-9 * max(1.0, abs(middle))  # equal values lie on their limits, whatever their sum was rounded to
    with np.errstate(over="ignore"):
        ends = [float(np.exp(v)) if log else v for v in (middle, low, high)]
    return pd.DataFrame(
        {
            "value": x,
            "centre": ends[0],
            "low": ends[1],
            "high": ends[2],
            "moving_range": np.append(NAN, ranges),
            "range_high": D4 * spread,
            "signal": (y < low - slack) | (y > high + slack),
        }
    )


def ewma(
    values: npt.ArrayLike,
    *,
    centre: float | None = None,
    sigma: float | None = None,
    weight: float = 0.2,
    width: float = 2.962,
) -> pd.DataFrame:
    """Return an exponentially weighted average of standardised values: it sees small lasting shifts.

    Parameters
    ----------
    values : array-like
        In order of time; of durations, their logarithms.
    centre, sigma : float, optional
        Level and spread when nothing changes; default the mean of the values and the spread that their moving
        ranges give, which a lasting shift does not widen.
    weight : float
        Weight of the newest value.
    width : float
        Limits in sigmas of the average; 2.962 rings falsely every 500 values.

    Returns
    -------
    DataFrame
        `value, average, limit` (both in sigmas; the limits are ±), `signal`.

    Raises
    ------
    QuestionError
        When the weight is no share, or there is no spread.

    Notes
    -----
    Roberts (1959); limits grow as the average fills: `width * sqrt(w / (2 - w) * (1 - (1 - w)^(2 i)))`.
    """
    if not 0 < weight <= 1:
        raise QuestionError(f"weight must lie above 0 and at most at 1; got {weight}")
    y = as_series(values)
    if len(y) < 2:
        raise QuestionError(f"a chart needs 2 values or more; got {len(y)}")
    middle = float(y.mean()) if centre is None else centre
    spread = float(np.abs(np.diff(y)).mean()) / D2 if sigma is None else sigma
    if not spread > 0:
        raise QuestionError("the values do not differ, so a chart has no limits")
    average = np.empty(len(y))
    now = 0.0
    for i, z in enumerate((y - middle) / spread):
        now += weight * (z - now)
        average[i] = now
    filled = 1 - (1 - weight) ** (2.0 * np.arange(1, len(y) + 1))
    limit = width * np.sqrt(weight / (2 - weight) * filled)
    return pd.DataFrame({"value": y, "average": average, "limit": limit, "signal": np.abs(average) > limit})


def run_length(shift: float = 0.0, *, weight: float = 0.2, width: float = 2.962, states: int = 201) -> float:
    """Return how many values an EWMA chart needs on average before it rings.

    Parameters
    ----------
    shift : float
        True shift in sigmas; 0: how long until a false alarm. A fifth less time is a shift of 0.18 at sigma 1.25.
    weight, width : float
        As for `ewma`; a weight of 1 is Shewhart's chart.
    states : int
        Cells of the Markov chain (Brook and Evans 1972).

    Examples
    --------
    >>> round(run_length(1.0), 1)
    10.5
    """
    as_number("shift", shift)
    if weight == 1:
        return float(1 / (special.ndtr(-width - shift) + special.ndtr(-width + shift)))
    reach = width * math.sqrt(weight / (2 - weight))
    half = reach / states
    middles = -reach + half * (2 * np.arange(states) + 1)
    start = (1 - weight) * middles[:, None]
    upper = special.ndtr((middles + half - start) / weight - shift)
    lower = special.ndtr((middles - half - start) / weight - shift)
    lengths = np.linalg.solve(np.eye(states) - (upper - lower), np.ones(states))
    return float(lengths[states // 2])


def t_chart(gaps: npt.ArrayLike) -> pd.DataFrame:
    """Return gaps between incidents with the limits of a steady stream.

    Parameters
    ----------
    gaps : array-like
        Times between incidents, in order, zero or more, any unit.

    Returns
    -------
    DataFrame
        `gap, centre, low, high` (exact limits of an exponential gap: 0.135 %, half, 99.865 %), `transformed` (Nelson's
        power), `signal` ("longer than usual", "shorter than usual" or empty).

    Raises
    ------
    QuestionError
        When a gap is negative or there are none.
    """
    x = as_series(gaps, "gaps")
    if len(x) == 0 or not (x >= 0).all() or not x.mean() > 0:
        raise QuestionError("gaps must be zero or more, and not all zero; sort the incidents by time first")
    tail = 0.00135  # three sigmas of a normal value, as tables print it
    low, middle, high = (-math.log1p(-share) * float(x.mean()) for share in (tail, 0.5, 1 - tail))
    words = np.where(x > high, "longer than usual", np.where(x < low, "shorter than usual", ""))
    return pd.DataFrame(
        {"gap": x, "centre": middle, "low": low, "high": high, "transformed": x**NELSON, "signal": words}
    )


# Which months differ by more than their few incidents explain?


def _periods(times: pd.Series) -> pd.Series:
    return pd.Series(times.dt.tz_convert("UTC").dt.tz_localize(None).dt.to_period("M").array)


@says_basis
def monthly_limits(incidents: pd.DataFrame, clock: str = "recovery") -> pd.DataFrame:
    """Return the typical time of each month with the limits that luck alone keeps, given its count.

    Parameters
    ----------
    incidents : DataFrame
        Incidents, or phases as `phase_durations` gives them, with their times.
    clock : str
        One of the clocks.

    Returns
    -------
    DataFrame
        `month` (of the first known stamp, UTC; those between the first and the last that had none too), `incidents`,
        `n` (ended and timed on this clock), `open`, `typical` (geometric mean of the ended, minutes) with
        `typical_low, typical_high` (its 95 % interval from that month alone), `centre, low, high` (minutes; three
        standard errors for that month's count), `signal` ("longer than usual", "shorter than usual" or empty),
        `clock`, `note` where limits are withheld.

    Raises
    ------
    QuestionError
        For a word that is no clock.
    SchemaError
        When the frame is no table of incidents.

    Notes
    -----
    The spread is pooled within months, so a change of level does not widen the limits that should show it.
    """
    frame = with_clocks(incidents, clock)
    if clock not in incidents:
        frame = frame.assign(month=phase_durations(incidents)["month"].array)
    sample = sample_of(frame, clock)
    times = frame["month"] if "month" in frame else onset(frame)
    rows = pd.DataFrame({"month": _periods(times), "log": np.nan, "open": False})
    rows.loc[sample.rows, "log"] = np.where(sample.observed, np.log(sample.minutes), np.nan)
    rows.loc[sample.rows, "open"] = ~sample.observed
    rows = rows.dropna(subset="month").sort_values(["month", "log", "open"], kind="stable")
    table = rows.groupby("month").agg(
        incidents=("open", "size"), n=("log", "count"), open=("open", "sum"), typical=("log", "mean"),
        spread=("log", "var"),
    )  # fmt: skip
    if len(table):
        table = table.reindex(pd.period_range(table.index.min(), table.index.max(), freq="M"))
    counts = table[["incidents", "n", "open"]].fillna(0).astype("int64")
    n = counts["n"]
    ended = int(n.sum())
    freedom = float((n - 1).clip(lower=0).sum())
    enough = ended >= threshold("control_limits").needs and freedom > 0
    within = float((table["spread"].fillna(0) * (n - 1).clip(lower=0)).sum())
    sigma = math.sqrt(within / freedom) if enough else NAN
    centre = float((table["typical"].fillna(0) * n).sum()) / ended if enough else NAN
    half = 3 * sigma / np.sqrt(n.where(n > 0))
    own = special.stdtrit(np.maximum(n - 1, 1), 0.975) * np.sqrt(table["spread"] / n.where(n > 1))
    high, low = table["typical"] > centre + half, table["typical"] < centre - half
    return pd.DataFrame(
        {
            "month": pd.PeriodIndex(table.index, freq="M").to_timestamp().tz_localize("UTC").as_unit("us"),
            **{name: counts[name].to_numpy() for name in counts},
            "typical": np.exp(table["typical"].to_numpy(dtype=float)),
            "typical_low": np.exp((table["typical"] - own).to_numpy(dtype=float)),
            "typical_high": np.exp((table["typical"] + own).to_numpy(dtype=float)),
            "centre": math.exp(centre),
            "low": np.exp(centre - half.to_numpy(dtype=float)),
            "high": np.exp(centre + half.to_numpy(dtype=float)),
            "signal": np.where(high, "longer than usual", np.where(low, "shorter than usual", "")),
            "clock": clock,
            "note": withheld("control_limits", ended) if not enough else "",
        }
    )
