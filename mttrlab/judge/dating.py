"""Checks of a service around an incident → when the impact began and health was confirmed, or why nobody knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mttrlab.judge.episodes import Episode, RecoveryRule, episodes, first_steady

NONE = np.iinfo(np.int64).min
"""No instant, among microseconds."""


@dataclass(frozen=True)
class Checks:
    """One row of checks. All arrays have one element a check; times are microseconds since 1970."""

    start: int
    """When the first check is made."""
    error_rate: np.ndarray
    """Percent over the trailing window; NaN: unknown."""
    latency_p95: np.ndarray
    """Milliseconds, the greatest in the trailing window; NaN: unknown."""
    first_bad: np.ndarray
    """The first sample in the trailing window that is not below both limits; NONE: none."""


def checks_of(
    at: np.ndarray, error_rate: np.ndarray, latency_p95: np.ndarray, rule: RecoveryRule, start: int, count: int
) -> Checks:
    """Return what samples say at `count` checks, the first at `start`.

    Parameters
    ----------
    at : array of int64
        Microseconds since 1970, in order. A sample stands for the time that begins at its stamp, so the one stamped at
        the instant of a check is not over yet.
    error_rate, latency_p95 : array of float
        Percent and milliseconds; NaN: no data, which is neither good nor bad.
    rule : RecoveryRule
    start, count : int

    Returns
    -------
    Checks
        Unknown where the window of a check has no sample of a measure.
    """
    step, looks = 1_000_000 * rule.interval_s, rule.window_s // rule.interval_s
    edges = start + step * np.arange(-looks, count, dtype=np.int64)
    cuts = np.searchsorted(at, edges)
    first, last = int(cuts[0]), int(cuts[-1])
    cuts, inside = cuts - first, slice(first, last)
    said = ~np.isnan(error_rate[inside])
    errors = _reduced(np.add, np.where(said, error_rate[inside], 0.0), cuts, 0.0)
    counts = _reduced(np.add, said.astype(np.int64), cuts, 0)
    latency = _reduced(np.fmax, latency_p95[inside], cuts, np.nan)
    with np.errstate(invalid="ignore"):
        bad = (error_rate[inside] >= rule.error_rate) | (latency_p95[inside] >= rule.latency_p95)
    never = np.iinfo(np.int64).max
    bads = _reduced(np.minimum, np.where(bad, at[inside], never), cuts, never)
    windows = [np.lib.stride_tricks.sliding_window_view(steps, looks) for steps in (errors, counts, latency, bads)]
    seen = windows[1].sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = windows[0].sum(axis=1) / seen
    earliest = windows[3].min(axis=1)
    return Checks(start, share, np.fmax.reduce(windows[2], axis=1), np.where(earliest == never, NONE, earliest))


def _reduced(how: np.ufunc, values: np.ndarray, cuts: np.ndarray, nothing: float) -> np.ndarray:
    """Return one number for the values between each cut and the next; `nothing` where there are none."""
    filled = cuts[:-1] < cuts[1:]
    made = np.full(len(cuts) - 1, nothing, dtype=np.result_type(values, type(nothing)))
    if filled.any():
        made[filled] = how.reduceat(values, cuts[:-1][filled])
    return made


@dataclass(frozen=True)
class Dated:
    """What the metrics say of one incident; times are microseconds since 1970, None: not known."""

    onset: int | None = None
    onset_after: int | None = None
    """The last good check before the onset: it began after this. None: no good check was seen before."""
    onset_status: str = "unknown"
    """dated; censored (already bad when the metrics begin); gap (unknown just before it); healthy (never bad);
    unknown (no metrics)."""
    recovered: int | None = None
    """When the last of the good checks confirmed health."""
    healthy_from: int | None = None
    """The first of those good checks."""
    recovered_status: str = "unknown"
    """dated; late (after the window of verification); censored (not seen within the metrics); gap; unknown."""
    founding: int | None = None
    """The first good check after the fix within the window of verification: the founding text's rule."""
    checks: int = 0
    known: int = 0
    """Checks that the metrics could answer."""
    covered: int = 0
    """Checks from the first to the last that they could answer."""


def date_checks(checks: Checks, rule: RecoveryRule, detected: int, resolved: int | None) -> Dated:
    """Return onset and recovery of one incident.

    Parameters
    ----------
    checks : Checks
    rule : RecoveryRule
    detected : int
        When it was first known of, microseconds since 1970.
    resolved : int or None
        When the fix went in; one of the checks is made at this very instant.

    Returns
    -------
    Dated

    Notes
    -----
    The onset is that of the episode under way at detection, else of the first one between detection and fix, else of
    the last one that ended in the quarter of an hour before. It is the first sample in the first bad check's window
    that is not below both limits, so at most one window early and never a whole interval late. Recovery is confirmed by
    the rule's k of n good checks at or after the fix; without a fix, by those that end the episode.
    """
    step = rule.interval_s * 1_000_000
    known = ~(np.isnan(checks.error_rate) | np.isnan(checks.latency_p95))
    with np.errstate(invalid="ignore"):
        good = known & (checks.error_rate < rule.error_rate) & (checks.latency_p95 < rule.latency_p95)
    bad = known & ~good
    if not known.any():
        return Dated(checks=len(known))
    at_detection = _place(detected, checks.start, step, len(known))
    at_fix = None if resolved is None else _place(resolved, checks.start, step, len(known))
    chosen = _chosen(episodes(good, bad, rule), at_detection, at_fix, round(900 / rule.interval_s))
    onset, after, onset_status = _onset(chosen, checks, known, step, at_detection)
    healthy_from, recovered, recovered_status = _recovery(chosen, good, known, rule, at_fix)
    founding = None
    if at_fix is not None:
        last = at_fix + int(np.ceil(60 * rule.within_minutes / rule.interval_s))
        hits = np.flatnonzero(good[at_fix:last])
        founding = checks.start + step * (at_fix + int(hits[0])) if len(hits) else None
    return Dated(
        onset=onset,
        onset_after=after,
        onset_status=onset_status,
        recovered=None if recovered is None else checks.start + step * recovered,
        healthy_from=None if healthy_from is None else checks.start + step * healthy_from,
        recovered_status=recovered_status,
        founding=founding,
        checks=len(known),
        known=int(known.sum()),
        covered=int(np.ptp(np.flatnonzero(known))) + 1,
    )


def _place(moment: int, start: int, step: int, length: int) -> int:
    return min(max(-((start - moment) // step), 0), length - 1)


def _chosen(found: list[Episode], detected: int, fixed: int | None, near: int) -> Episode | None:
    under_way = [e for e in found if e.first <= detected and (e.ended is None or e.ended > detected)]
    later = [e for e in found if e.first > detected and (fixed is None or e.first <= fixed)]
    earlier = [e for e in found if e.ended is not None and detected - near <= e.ended <= detected]
    return next(iter([*under_way, *later, *earlier[-1:]]), None)


def _onset(
    chosen: Episode | None, checks: Checks, known: np.ndarray, step: int, detected: int
) -> tuple[int | None, int | None, str]:
    if chosen is None:
        # Health at detection must have been seen to be said.
        seen = known[max(detected - 2, 0) : detected + 3]
        return None, None, "healthy" if seen.any() else "unknown"
    if chosen.before is None:
        return None, None, "censored"
    after = checks.start + step * chosen.before
    first = int(checks.first_bad[chosen.first])
    at = first if first != NONE else checks.start + step * chosen.first
    unseen = not known[chosen.before : chosen.first].all()
    return at, after, "gap" if unseen else "dated"


def _recovery(
    chosen: Episode | None, good: np.ndarray, known: np.ndarray, rule: RecoveryRule, fixed: int | None
) -> tuple[int | None, int | None, str]:
    if fixed is None:
        if chosen is None or chosen.confirmed is None:
            return None, None, "censored" if chosen is not None else "unknown"
        return chosen.ended, chosen.confirmed, "dated"
    steady = first_steady(good, fixed, rule)
    if steady is None:
        return None, None, "censored" if known[fixed:].any() else "unknown"
    healthy_from, confirmed = steady
    if not known[fixed : healthy_from + 1].all():
        return healthy_from, confirmed, "gap"
    late = (confirmed - fixed) * rule.interval_s > 60 * rule.within_minutes
    return healthy_from, confirmed, "late" if late else "dated"
