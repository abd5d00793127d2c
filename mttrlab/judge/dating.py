"""Checks of a service around an incident → when the impact began and health was confirmed, or why nobody knows."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from mttrlab.errors import QuestionError
from mttrlab.judge.recovery import ERROR_RATE, LATENCY_P95

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


# A row of checks → the stretches in which a service was unhealthy: k of n begin and end one, gaps are unknown.


STEADY = 3
"""Checks in a row that begin and end an episode: 90 s at the founding interval, so that neither one bad sample nor a
flap decides, and three times within its five minutes of verification."""


@dataclass(frozen=True)
class RecoveryRule:
    """When a service counts as healthy, and how often that must be seen; the founding text's thresholds and times."""

    error_rate: float = ERROR_RATE
    """Percent; a good check is strictly below."""
    latency_p95: float = LATENCY_P95
    """Milliseconds; a good check is strictly below."""
    interval_s: int = 30
    """Seconds from check to check."""
    window_s: int = 60
    """Each check looks back over so many seconds; a multiple of the interval."""
    healthy: int = STEADY
    """Good checks that end an episode, and bad ones that begin one. The founding text's own rule is 1."""
    of: int | None = None
    """Among so many of the last checks; None: in a row."""
    within_minutes: float = 5.0
    """The founding text's window of verification after the fix."""

    def __post_init__(self) -> None:
        whole = (self.interval_s, self.window_s, self.healthy, self.among)
        if any(isinstance(value, bool) or not isinstance(value, int) or value < 1 for value in whole):
            raise QuestionError("interval_s, window_s, healthy and of must be whole numbers from 1 on")
        for name, limit in (("error_rate", self.error_rate), ("latency_p95", self.latency_p95),
                            ("within_minutes", self.within_minutes)):  # fmt: skip
            if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 < limit < inf:
                raise QuestionError(f"{name} must be a finite number above 0; got {limit!r}")
        if self.window_s % self.interval_s or self.healthy > self.among:
            raise QuestionError(
                f"window_s must be a multiple of interval_s, and healthy at most of; got {self.window_s} and "
                f"{self.interval_s}, {self.healthy} of {self.among}"
            )

    @property
    def among(self) -> int:
        """How many of the last checks are looked at."""
        return self.healthy if self.of is None else self.of


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


@dataclass(frozen=True)
class Episode:
    """A stretch of bad checks, by the places of its checks."""

    first: int
    """The first bad check."""
    before: int | None
    """The last good check before it; None: none was seen, so it may have begun earlier."""
    ended: int | None
    """The first of the good checks that end it; None: not seen to end."""
    confirmed: int | None
    """The check that confirms the end."""


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


def episodes(good: np.ndarray, bad: np.ndarray, rule: RecoveryRule) -> list[Episode]:
    """Return the episodes in a row of checks.

    Parameters
    ----------
    good, bad : array of bool
        One per check, in order; neither: unknown, which is neither health nor trouble and breaks a row of either.
    rule : RecoveryRule

    Returns
    -------
    list of Episode

    Examples
    --------
    >>> row = "ggggbbbb?bgbbgggg"
    >>> good, bad = (np.array([c == kind for c in row]) for kind in "gb")
    >>> episodes(good, bad, RecoveryRule())
    [Episode(first=4, before=3, ended=13, confirmed=15)]
    """
    found: list[Episode] = []
    good, bad = np.asarray(good, dtype=bool), np.asarray(bad, dtype=bool)
    begins = _confirmed(bad, rule)
    ends = _confirmed(good, rule)
    at = 0
    while True:
        begun = begins.searchsorted(at)
        if begun == len(begins):
            return found
        confirmed_bad = int(begins[begun])
        first = _first_of(bad, confirmed_bad, rule, at)
        earlier = np.flatnonzero(good[:first])
        ended = ends.searchsorted(confirmed_bad + 1)
        if ended == len(ends):
            return [*found, Episode(first, int(earlier[-1]) if len(earlier) else None, None, None)]
        confirmed = int(ends[ended])
        healthy_from = _first_of(good, confirmed, rule, confirmed_bad + 1)
        found.append(Episode(first, int(earlier[-1]) if len(earlier) else None, healthy_from, confirmed))
        at = confirmed + 1


def first_steady(good: np.ndarray, start: int, rule: RecoveryRule) -> tuple[int, int] | None:
    """Return the first of the good checks that confirm health, and the one that does, all at or after `start`."""
    ends = _confirmed(good[start:], rule)
    if not len(ends):
        return None
    return start + _first_of(good[start:], int(ends[0]), rule, 0), start + int(ends[0])


def _confirmed(hits: np.ndarray, rule: RecoveryRule) -> np.ndarray:
    """Return the places where a hit is the k-th among the last n."""
    total = np.concatenate([[0], np.cumsum(hits)])
    places = np.arange(1, len(hits) + 1)
    counted = total[places] - total[np.maximum(places - rule.among, 0)]
    return np.flatnonzero(hits & (counted >= rule.healthy))


def _first_of(hits: np.ndarray, confirmed: int, rule: RecoveryRule, least: int) -> int:
    start = max(confirmed - rule.among + 1, least)
    return start + int(np.flatnonzero(hits[start : confirmed + 1])[0])
