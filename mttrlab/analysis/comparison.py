"""Two periods compared: did incidents get shorter, or were we lucky?"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.comparison_words import BETTER, CANNOT_TELL, WORSE, mostly_mix, sentence
from mttrlab.analysis.period_models import adjusted_model
from mttrlab.analysis.period_ratio import ratio_columns, unadjusted
from mttrlab.analysis.permutation import pairwise_shift, permutation_test, rank_test
from mttrlab.analysis.power import incidents_needed, smallest_change
from mttrlab.analysis.reading import share_between
from mttrlab.analysis.regression import Regression
from mttrlab.analysis.sample import Sample, forgotten_aside, months_spanned, sample_of, starts_of, with_clocks
from mttrlab.analysis.thresholds import incidents, threshold, withheld

NAN = float("nan")


@says_basis
def compare_periods(
    before: pd.DataFrame,
    after: pd.DataFrame,
    clock: str = "recovery",
    *,
    adjust: str | tuple[str, ...] = ("severity", "incident_type"),
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Return whether incidents became shorter from one set to another, and how sure that is.

    Parameters
    ----------
    before, after : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    clock : str
        One of the clocks.
    adjust : str or tuple of str
        Columns whose mix shall not pass for a change of speed; those that the frames lack are named in `note`.
    level : float
        Level of every interval.
    seed : int
        Seed of the shuffles.

    Returns
    -------
    DataFrame
        One row. `clock, level`; `n_before, n_after` (ended incidents with minutes above zero), `open_before,
        open_after` (still running), `forgotten` (open three times longer than any that ended, and a day at least:
        left out as most likely never closed); `typical_before, typical_after` (geometric means, minutes); `ratio,
        ratio_low, ratio_high` (after / before, ended incidents, Welch's t on log minutes); `ratio_with_open` and its
        ends (open incidents count with their minutes so far); `adjusted_ratio` and its ends (mix held, open incidents
        included) and `adjusted_for`; `p_better` (probability that the typical time fell), `p_fifth_better` (that it
        fell by a fifth or more); `verdict` ("better", "worse" or "cannot tell") and `based_on`, the ratio that both
        rest on; `smallest_change` (the smallest true reduction that these counts show four times in five);
        `incidents_needed` (in each period, for a true change as large as the one seen), `incidents_per_month`,
        `months_until_visible`; `shift_ratio` and its ends (Hodges–Lehmann), `rank_u, rank_p` (Mann–Whitney),
        `permutation_p` (log minutes), `permutation_p_mean` (minutes), `permutation_method`; `sentence` in plain
        words; `note`: what was left out, and why a number is missing.

    Raises
    ------
    QuestionError
        For a clock or a level that does not exist.
    SchemaError
        When a frame is no table of incidents.

    Notes
    -----
    The ratio of geometric means, because a difference of means needs 2.4 times the incidents at the usual spread.
    The verdict rests on the ratio that counts open incidents wherever there are any: leaving them out makes the
    later period look better than it is. It is "cannot tell" when the interval holds 1, when there are too few, and
    when the mix explains most of the change: like for like the times went the other way, or luck could explain them
    and they moved less than half as far (on the logarithmic scale).

    Examples
    --------
    >>> before = pd.DataFrame({"recovery": [10.0, 12, 15, 20, 90]})
    >>> found = compare_periods(before, pd.DataFrame({"recovery": [5.0, 7, 9, 14, 30]})).iloc[0]
    >>> round(float(found.ratio), 6), found.verdict
    (0.527476, 'cannot tell')
    """
    share_between("level", level)
    adjust = (adjust,) if isinstance(adjust, str) else tuple(adjust)
    frames = (with_clocks(before, clock), with_clocks(after, clock))
    first, second = forgotten_aside(*(sample_of(frame, clock) for frame in frames))
    notes = [*_order(frames, clock, first, second), *_left_out("before", first), *_left_out("after", second)]
    row: dict[str, Any] = {
        "clock": clock,
        "level": level,
        "n_before": first.n,
        "n_after": second.n,
        "open_before": first.open,
        "open_after": second.open,
        "forgotten": first.forgotten + second.forgotten,
        "typical_before": math.exp(first.logs.mean()) if first.n else NAN,
        "typical_after": math.exp(second.logs.mean()) if second.n else NAN,
    }
    found, plain = unadjusted(first, second, level)
    row |= found
    model, used, why_not = adjusted_model(frames, (first, second), adjust)
    notes += why_not
    row |= ratio_columns("adjusted_ratio", model, level) | {"adjusted_for": ", ".join(used)}
    row["verdict"] = _verdict(row, min(first.n, second.n))
    row |= _size(row, frames, first, second, plain)
    row |= _checks(first, second, level, seed)
    if min(first.n, second.n) < threshold("compare").needs:
        notes.append("a verdict " + withheld("compare", min(first.n, second.n)))
    elif math.isnan(row["ratio_low"]):
        notes.append("no interval: the incidents of both periods took exactly equal times")
    if math.isnan(row["incidents_per_month"]):
        notes.append("the frames carry no times, so the months until a change shows are not known")
    row["sentence"] = sentence(row)
    row["note"] = "; ".join(notes)
    return pd.DataFrame([row])


def _order(frames: tuple[pd.DataFrame, pd.DataFrame], clock: str, first: Sample, second: Sample) -> list[str]:
    """Return what is odd about the two periods: incidents that stand in both, or the later one first."""
    said = []
    names = [name for name in ("source", "incident_id") if all(name in frame for frame in frames)]
    if "incident_id" in names:
        known = [pd.MultiIndex.from_frame(frame[names].astype("object")).unique() for frame in frames]
        both = len(known[0].intersection(known[1]))
        if both:
            said.append(f"{incidents(both)} stand{'s' if both == 1 else ''} in both periods, which must not overlap")
    earliest, latest = (starts_of(f, clock, s.rows) for f, s in zip(frames, (first, second), strict=True))
    if earliest.min() > latest.max():
        said.append("the first period begins after the second has ended: read better and worse the other way round")
    return said


def _left_out(period: str, sample: Sample) -> list[str]:
    said = []
    if sample.unknown:
        said.append(f"{period}: {sample.unknown} of {incidents(sample.incidents)} lack a usable end of this clock")
    if sample.not_positive:
        said.append(f"{period}: {incidents(sample.not_positive)} of zero or negative minutes left out")
    if sample.forgotten:
        said.append(
            f"{period}: left out: {incidents(sample.forgotten)} open three times longer than any that ended, "
            "most likely never closed"
        )
    return said


def _verdict(row: dict[str, Any], fewest: int) -> str:
    low, high = row[f"{row['based_on']}_low"], row[f"{row['based_on']}_high"]
    if fewest < threshold("compare").needs:
        return CANNOT_TELL
    if not (high < 1 or low > 1) or mostly_mix(row):
        return CANNOT_TELL
    return BETTER if high < 1 else WORSE


def _size(
    row: dict[str, Any],
    frames: tuple[pd.DataFrame, pd.DataFrame],
    first: Sample,
    second: Sample,
    plain: Regression | None,
) -> dict[str, float]:
    found = dict.fromkeys(("smallest_change", "incidents_needed", "incidents_per_month", "months_until_visible"), NAN)
    pairs = zip(frames, (first, second), strict=True)
    spans = [months_spanned(starts_of(f, row["clock"], s.rows)) for f, s in pairs]
    counted = [(len(s.rows), span) for s, span in zip((first, second), spans, strict=True) if span > 0]
    if counted:
        # The first and the last incident bound the span, so n of them hold n - 1 gaps.
        found["incidents_per_month"] = sum(n - 1 for n, _ in counted) / sum(span for _, span in counted)
    if min(first.n, second.n) < 2:
        return found
    within = first.logs.var(ddof=1) * (first.n - 1) + second.logs.var(ddof=1) * (second.n - 1)
    sigma = math.sqrt(within / (first.n + second.n - 2))
    if plain is not None:
        sigma = max(sigma, plain.sigma)  # those still open are the long ones, so the ended alone spread too little
    if not sigma > 1e-12:
        return found
    found["smallest_change"] = smallest_change(first.n, sigma, level=row["level"], n_after=second.n)
    change = abs(math.log(row[row["based_on"]])) if row[row["based_on"]] > 0 else NAN
    if change > 1e-6:
        needed = incidents_needed(-math.expm1(-change), sigma, level=row["level"])
        found["incidents_needed"] = float(needed)
        found["months_until_visible"] = needed / found["incidents_per_month"]
    return found


def _checks(first: Sample, second: Sample, level: float, seed: int) -> dict[str, Any]:
    shift = pairwise_shift(first.logs, second.logs, level)
    u, p = rank_test(first.logs, second.logs)
    logs = permutation_test(first.logs, second.logs, seed=seed)
    means = permutation_test(first.minutes[first.observed], second.minutes[second.observed], seed=seed)
    return {
        "shift_ratio": math.exp(shift[0]),
        "shift_ratio_low": math.exp(shift[1]),
        "shift_ratio_high": math.exp(shift[2]),
        "rank_u": u,
        "rank_p": p,
        "permutation_p": logs.p,
        "permutation_p_mean": means.p,
        "permutation_method": logs.method,
    }
