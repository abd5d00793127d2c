"""The founding text's recovery rule, live or over stored metrics: every 30 s for 5 min, < 1 % errors, p95 < 500 ms."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite, nan
from typing import Protocol

import pandas as pd

from mttrlab.errors import MttrlabError, QuestionError, SchemaError

ERROR_RATE, LATENCY_P95 = 1.0, 500.0
"""Percent and milliseconds that a healthy service stays below."""


@dataclass(frozen=True)
class HealthCheck:
    """One look at a service."""

    at: float
    """Seconds since 1970."""
    error_rate: float
    """Percent; NaN where it could not be read."""
    latency_p95: float
    """Milliseconds; NaN where it could not be read."""
    healthy: bool
    trouble: str = ""
    """Why the metrics could not be read."""


@dataclass(frozen=True, eq=False)
class Recovery:
    """Whether a service recovered, true or false as a value, with what was seen."""

    recovered: bool
    service: str
    checks: tuple[HealthCheck, ...]
    reason: str
    """One sentence."""
    seconds: float
    """From the first check to the verdict."""

    def __bool__(self) -> bool:
        return self.recovered

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool):
            return self.recovered is other
        return isinstance(other, Recovery) and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash(self.recovered)

    @property
    def verified_at(self) -> pd.Timestamp | None:
        """When recovery was confirmed; None where it was not."""
        return pd.Timestamp(self.checks[-1].at, unit="s", tz="UTC").as_unit("us") if self.recovered else None

    def table(self) -> pd.DataFrame:
        """Return one row per check."""
        rows = pd.DataFrame([vars(check) for check in self.checks], columns=list(HealthCheck.__dataclass_fields__))
        rows["at"] = pd.to_datetime(rows["at"], unit="s", utc=True).astype("datetime64[us, UTC]")
        return rows

    def __str__(self) -> str:
        return self.reason


Source = Callable[..., Mapping[str, object]]


# What tells the time while a service is watched: the computer, or a clock that only counts.


class Clock(Protocol):
    """What tells the time and waits: the computer's clock, or one that only counts."""

    def now(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def verify_service_recovery(
    service: str,
    metrics: Source | pd.DataFrame,
    *,
    check_duration_minutes: float = 5,
    interval_s: float = 30,
    window_s: float = 60,
    clock: Clock | None = None,
    at: str | pd.Timestamp | None = None,
    healthy: int = 1,
    of: int | None = None,
    error_rate: float = ERROR_RATE,
    latency_p95: float = LATENCY_P95,
    say: Callable[[str], object] | None = None,
) -> Recovery:
    """Return whether a service is healthy again, and what was seen.

    Parameters
    ----------
    service : str
    metrics : callable or DataFrame
        Live: called as `metrics(service, window_seconds=60)`, it returns a mapping with `error_rate` (percent) and
        `latency_p95` (milliseconds). Stored: a table with `service`, `at` (UTC), `latency_p95`, and either
        `error_rate` or `requests` and `errors`.
    check_duration_minutes, interval_s, window_s : float
        How long to look (minutes), how often, and over which trailing window (seconds).
    clock : Clock, optional
        Default: the computer's; for stored metrics one that starts at `at` and waits for nobody.
    at : str or Timestamp, optional
        When the fix went in; needed for stored metrics without a clock.
    healthy, of : int
        Confirmed by `healthy` good checks among the last `of`; without `of`, by that many in a row. The founding
        text's rule is one, and a flap passes it.
    error_rate, latency_p95 : float
        A good check is strictly below both.
    say : callable, optional
        Told one line per check (`print` shows them); nothing is printed otherwise.

    Returns
    -------
    Recovery
        True or false as a value. A check whose metrics cannot be read is not healthy, and says why.

    Raises
    ------
    QuestionError, SchemaError
        For settings that cannot be, and tables without the columns.

    Examples
    --------
    >>> answers = iter([{"error_rate": 5.0, "latency_p95": 300}, {"error_rate": 0.2, "latency_p95": 300}])
    >>> seen = verify_service_recovery("pay", lambda service, window_seconds: next(answers), clock=ReplayClock(0))
    >>> bool(seen), seen.seconds
    (True, 30.0)
    """
    numbers = {"check_duration_minutes": check_duration_minutes, "interval_s": interval_s, "window_s": window_s}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not (isfinite(value) and value > 0):
            raise QuestionError(f"{name} must be a finite number above 0; got {value!r}")
    among = healthy if of is None else of
    if not 1 <= healthy <= among:
        raise QuestionError(
            f"healthy checks needed must be between 1 and those looked at; got {healthy!r} of {among!r}"
        )
    if isinstance(metrics, pd.DataFrame):
        ask = stored(metrics, service)
        clock = clock or ReplayClock(_start(at))
    elif callable(metrics):
        ask = _live(metrics, service)
        clock = clock or (SystemClock() if at is None else ReplayClock(at))
    else:
        raise QuestionError(f"metrics must be a function or a table of stored metrics; got {type(metrics).__name__}")
    begin = clock.now()
    checks: list[HealthCheck] = []
    while clock.now() < begin + 60 * check_duration_minutes:
        check = _look(ask, clock.now(), window_s, error_rate, latency_p95)
        checks.append(check)
        if say is not None:
            say(_line(check))
        recent = checks[-among:]
        if sum(one.healthy for one in recent) >= healthy and check.healthy:
            return Recovery(True, service, tuple(checks), _confirmed(service, check, healthy, among), check.at - begin)
        clock.sleep(interval_s)
    return Recovery(False, service, tuple(checks), _not_confirmed(service, checks), clock.now() - begin)


# A table of stored metrics that answers as a live source does: for a service, at an instant, over a window.


Ask = Callable[[float, float], Mapping[str, object]]
"""Given an instant (seconds since 1970) and a trailing window (seconds): error_rate in percent, latency_p95 in ms."""


def _look(ask: Ask, now: float, window: float, error_rate: float, latency_p95: float) -> HealthCheck:
    try:
        answer = ask(now, window)
        errors, slow = (_number(answer, name) for name in ("error_rate", "latency_p95"))
    except MttrlabError as refusal:
        return HealthCheck(now, nan, nan, False, str(refusal))
    except Exception as error:
        # A source of metrics is not ours; whatever it throws is a failed check, never the end of the watch.
        return HealthCheck(now, nan, nan, False, f"{type(error).__name__}: {str(error)[:120]}".rstrip(": "))
    unknown = [name for name, value in (("error_rate", errors), ("latency_p95", slow)) if not isfinite(value)]
    trouble = f"{' and '.join(unknown)} is not a number" if unknown else ""
    return HealthCheck(now, errors, slow, not unknown and errors < error_rate and slow < latency_p95, trouble)


def _number(answer: Mapping[str, object], name: str) -> float:
    try:
        value = answer[name]
    except (KeyError, TypeError, IndexError):
        raise SchemaError(f"the metrics lack {name}") from None
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise SchemaError(f"{name} is {str(value)[:40]!r}, not a number")
    return float(value)


def _live(metrics: Source, service: str) -> Ask:
    return lambda now, window: metrics(service, window_seconds=window if window % 1 else int(window))


def _start(at: str | pd.Timestamp | None) -> float:
    if at is None:
        raise QuestionError("stored metrics have no now; pass at= (when the fix went in), or clock=")
    return seconds_since_1970(at)


def _line(check: HealthCheck) -> str:
    clock = pd.Timestamp(check.at, unit="s", tz="UTC").strftime("%H:%M:%S")
    if check.trouble:
        return f"[{clock}] no metrics: {check.trouble}"
    return f"[{clock}] Error rate: {check.error_rate:.2f}%, P95 latency: {check.latency_p95:g}ms"


def _confirmed(service: str, check: HealthCheck, healthy: int, among: int) -> str:
    how = "one good check" if healthy == 1 else f"{healthy} good checks of {among}"
    return f"{service} is healthy ({how}): error rate {check.error_rate:.2f} %, p95 {check.latency_p95:g} ms"


def _not_confirmed(service: str, checks: list[HealthCheck]) -> str:
    unread = [check for check in checks if check.trouble]
    if not checks:
        return f"{service} was not looked at: the time was over before the first check"
    if unread:
        return (
            f"{service} is not confirmed: its metrics could not be read in {len(unread)} of {len(checks)} checks "
            f"({unread[-1].trouble})"
        )
    last, good = checks[-1], sum(check.healthy for check in checks)
    return (
        f"{service} did not recover in the time given: {good} of {len(checks)} checks were good, the last saw an error "
        f"rate of {last.error_rate:.2f} % and a p95 of {last.latency_p95:g} ms"
    )


def stored(metrics: pd.DataFrame, service: str) -> Ask:
    """Return the source of metrics that a table is.

    Parameters
    ----------
    metrics : DataFrame
        `service`, `at` (UTC), `latency_p95`, and either `error_rate` or `requests` and `errors`.
    service : str

    Raises
    ------
    SchemaError
        Naming the columns that are missing; when asked, for windows without a sample.
    """
    counted = {"requests", "errors"} <= set(metrics)
    needed = ["service", "at", "latency_p95", *([] if counted else ["error_rate"])]
    missing = [name for name in needed if name not in metrics]
    if missing:
        raise SchemaError(f"the stored metrics lack {', '.join(missing)}; error_rate may stand as requests and errors")
    if not isinstance(metrics["at"].dtype, pd.DatetimeTZDtype):
        raise SchemaError("at of the stored metrics has no time zone; localise it (tz_localize) first")
    own = metrics.loc[metrics["service"] == service].sort_values("at", kind="stable")
    times = own["at"].astype("datetime64[us, UTC]").astype("int64").to_numpy() / 1e6

    def ask(now: float, window: float) -> Mapping[str, object]:
        # A sample stands for the time that begins at its stamp, so the one stamped now is not over yet.
        first, last = times.searchsorted([now - window - 1e-6, now - 1e-6])
        if first == last:
            raise SchemaError(f"there are no metrics of {service} in the {window:g} s before")
        part = own.iloc[first:last]
        if counted:
            asked = float(part["requests"].sum())
            share = 100 * float(part["errors"].sum()) / asked if asked else nan
        else:
            share = float(part["error_rate"].mean(skipna=False))
        # The p95 of all requests is never above the worst p95 of its parts.
        return {"error_rate": share, "latency_p95": float(part["latency_p95"].max(skipna=False))}

    return ask


class SystemClock:
    """The computer's own clock."""

    def now(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait really."""
        time.sleep(seconds)


class ReplayClock:
    """A clock that starts where it is told and moves only while somebody sleeps.

    Examples
    --------
    >>> clock = ReplayClock("2026-03-01T12:00:00Z")
    >>> clock.sleep(30)
    >>> pd.Timestamp(clock.now(), unit="s", tz="UTC").isoformat()
    '2026-03-01T12:00:30+00:00'
    """

    def __init__(self, start: str | float | pd.Timestamp) -> None:
        self._now = float(start) if isinstance(start, int | float) else seconds_since_1970(start)

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move on."""
        self._now += seconds


def seconds_since_1970(at: str | pd.Timestamp) -> float:
    """Return a time with a zone as seconds since 1970."""
    try:
        stamp = pd.Timestamp(at)
    except (TypeError, ValueError):
        raise QuestionError(f"at must be a time such as 2026-03-01T12:00:00Z; got {at!r}") from None
    if pd.isna(stamp) or stamp.tzinfo is None:
        raise QuestionError(f"at must be a time with its zone, such as 2026-03-01T12:00:00Z; got {at!r}")
    return float(stamp.timestamp())
