"""Incidents and stored metrics → onset and recovery of each, and the stamps that these can stand for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import duckdb
import numpy as np
import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.judge.dating import Checks, Dated, RecoveryRule, checks_of, date_checks
from mttrlab.lab.database import epoch_microseconds
from mttrlab.schema import STAMPS, Record, table_records

_LONGEST = 7 * 86_400_000_000
_NEAR = 6 * 3_600_000_000
_COLUMNS = ("incident_id", "source", "service", "onset_at", "onset_after", "onset_status", "healthy_from",
            "recovered_at", "recovered_status", "founding_at", "checks", "known", "reason")  # fmt: skip
_FREE = ("missing", "defaulted", "suspect", "out_of_order", "pending")
"""Verdicts beside which a derived stamp may stand."""


@dataclass(frozen=True)
class _Window:
    """Where to look for one incident; microseconds since 1970."""

    n: int
    incident_id: str
    source: str
    service: str
    detected: int
    resolved: int | None
    lo: int
    checks: int


def date_incidents(
    connection: duckdb.DuckDBPyConnection,
    incidents: pd.DataFrame,
    rule: RecoveryRule,
    before_minutes: float,
    after_minutes: float,
) -> pd.DataFrame:
    """Return one row per incident; see `Lab.dating`."""
    for name, minutes in (("before_minutes", before_minutes), ("after_minutes", after_minutes)):
        if isinstance(minutes, bool) or not isinstance(minutes, int | float) or not 0 < minutes <= 10_080:
            raise QuestionError(f"{name} must be a number above 0, of at most a week of minutes; got {minutes!r}")
    before, after = (round(60e6 * minutes) for minutes in (before_minutes, after_minutes))
    windows, lines = [], {}
    known = _names(connection)
    for n, said in enumerate(table_records(incidents)):
        window = _window(n, said, rule, before, after)
        if isinstance(window, str):
            lines[n] = _row(said, Dated(), window)
        elif window.service not in known:
            lines[n] = _row(said, Dated(), f"there are no metrics of {window.service}")
        else:
            windows.append(window)
    for window, checks in _checks(connection, windows, known, rule):
        dated = date_checks(checks, rule, window.detected, window.resolved)
        lines[window.n] = _row(
            Record(incident_id=window.incident_id, source=window.source, service=window.service),
            dated,
            reason_sentence(dated, rule, window.resolved is not None),
        )
    made = pd.DataFrame([lines[n] for n in sorted(lines)], columns=list(_COLUMNS))
    for name in ("onset_at", "onset_after", "healthy_from", "recovered_at", "founding_at"):
        made[name] = pd.to_datetime(made[name].astype("Int64"), unit="us", utc=True).dt.as_unit("us")
    return made.astype({"incident_id": "str", "source": "str", "service": "str", "reason": "str"})


def _window(n: int, said: Record, rule: RecoveryRule, before: int, after: int) -> _Window | str:
    service = said["service"]
    if pd.isna(service) or service == "several services":
        return "it names no single service whose metrics could be looked at"
    stamps = {name: _micros(said[name]) for name in STAMPS if said[f"{name}_verdict"] == "recorded"}
    seen = [at for name in (*STAMPS[1:], STAMPS[0]) if (at := stamps.get(name)) is not None]
    if not seen:
        return "it has no recorded stamp near which to look"
    detected = seen[0]
    resolved = stamps.get("resolved_at")
    step = 1_000_000 * rule.interval_s
    anchor = detected if resolved is None else resolved
    begin = min([detected, *seen]) - before
    lo = anchor - -(-(anchor - begin) // step) * step
    last = _micros(said["exported_at"]) or detected
    end = min(last, detected + _LONGEST) if resolved is None else resolved + after
    if stamps.get("verified_at") is not None:
        end = max(end, min(stamps["verified_at"] or end, detected + _LONGEST))
    checks = (max(end, detected) - lo) // step + 1
    return _Window(n, str(said["incident_id"]), str(said["source"]), str(service), detected, resolved, lo, checks)


def _micros(moment: pd.Timestamp | None) -> int | None:
    return None if pd.isna(moment) else epoch_microseconds(moment)


def _names(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Return what the files of metrics call each service."""
    names: dict[str, list[str]] = {}
    for stored, service in connection.execute(
        """
        SELECT DISTINCT s.service, coalesce(n.service, trim(s.service)) FROM metric_series AS s
        LEFT JOIN service_names AS n ON n.key = lower(trim(s.service)) ORDER BY ALL
        """
    ).fetchall():
        names.setdefault(service, []).append(stored)
    return names


def _checks(
    connection: duckdb.DuckDBPyConnection, windows: list[_Window], names: dict[str, list[str]], rule: RecoveryRule
) -> Iterator[tuple[_Window, Checks]]:
    """Yield what the metrics say at each check of each window; samples between windows are not read."""
    step = 1_000_000 * rule.interval_s
    back = 1_000_000 * rule.window_s
    loads = connection.execute("SELECT service, load_id, first_at, last_at FROM metric_series").fetchall()
    for service, group in groupby(sorted(windows, key=lambda w: (w.service, w.lo)), key=lambda w: w.service):
        stored = names[service]
        spans = [(first, last) for name, _, first, last in loads if name in stored]
        for stretch in _neighbouring(list(group), step, back):
            lo, hi = stretch[0].lo - back, max(window.lo + step * window.checks for window in stretch)
            alone = sum(first < hi and last >= lo for first, last in spans) <= 1
            found = connection.execute(
                sql.text("lab/samples_of_one" if alone and len(stored) == 1 else "lab/samples"),
                {"lo": lo, "hi": hi, "names": stored},
            ).fetchnumpy()
            at, errors, latency = (np.asarray(found[name]) for name in ("at", "error_rate", "latency_p95"))
            if len(at) and (np.diff(at) < 0).any():
                order = np.argsort(at, kind="stable")
                at, errors, latency = at[order], errors[order], latency[order]
            for window in stretch:
                yield window, checks_of(at, errors, latency, rule, window.lo, window.checks)


def _neighbouring(windows: list[_Window], step: int, back: int) -> Iterator[list[_Window]]:
    """Yield windows of one service together where little lies between them: one query for all."""
    held: list[_Window] = []
    end = 0
    for window in windows:
        if held and window.lo - back > end + _NEAR:
            yield held
            held = []
        held.append(window)
        end = max(end, window.lo + step * window.checks)
    if held:
        yield held


def _row(said: Record, dated: Dated, why: str) -> dict[str, object]:
    return {
        "incident_id": said["incident_id"],
        "source": said["source"],
        "service": said["service"],
        "onset_at": dated.onset,
        "onset_after": dated.onset_after,
        "onset_status": dated.onset_status,
        "healthy_from": dated.healthy_from,
        "recovered_at": dated.recovered,
        "recovered_status": dated.recovered_status,
        "founding_at": dated.founding,
        "checks": dated.checks,
        "known": dated.known,
        "reason": why,
    }


def reason_sentence(dated: Dated, rule: RecoveryRule, fixed: bool) -> str:
    """Return in a sentence what the metrics say, and what they cannot."""
    if not dated.known:
        return "there are no metrics of the service around it"
    began = {
        "dated": "onset dated",
        "censored": "already bad where the metrics begin, so it began earlier",
        "gap": "onset dated to the first bad check after a gap; it may have begun inside the gap",
        "healthy": "never bad by these limits, so no onset",
        "unknown": "no metrics around its detection",
    }[dated.onset_status]
    how = f"{rule.healthy} good checks " + ("in a row" if rule.among == rule.healthy else f"of {rule.among}")
    ended = {
        "dated": f"health confirmed by {how}",
        "late": f"health confirmed by {how}, more than {rule.within_minutes:g} min after the fix",
        "censored": f"not confirmed by {how} within the metrics looked at",
        "gap": "health confirmed after a gap; the gap itself is unknown, not healthy",
        "unknown": "no metrics after the fix" if fixed else "no end to be seen",
    }[dated.recovered_status]
    thin = ""
    if dated.known < 0.8 * dated.covered:
        thin = f"; {dated.known:,} of {dated.covered:,} checks have metrics (samples further apart than the window?)"
    return f"{began}; {ended}{thin}"


def derivable_stamps(incidents: pd.DataFrame, dated: pd.DataFrame) -> pd.DataFrame:
    """Return the stamps that stand for nothing that anybody recorded; see `Lab.derivable`.

    Parameters
    ----------
    incidents : DataFrame
        INCIDENT_COLUMNS.
    dated : DataFrame
        As `date_incidents` gives it.
    """
    joined = incidents.merge(
        dated[["incident_id", "source", "onset_at", "onset_status", "recovered_at", "recovered_status", "reason"]],
        on=["incident_id", "source"],
        how="inner",
    )
    parts = []
    for stamp, time, status, usable in (
        ("started_at", "onset_at", "onset_status", ("dated",)),
        ("verified_at", "recovered_at", "recovered_status", ("dated", "late")),
    ):
        free = joined[f"{stamp}_verdict"].isin(_FREE) & joined[status].isin(usable) & joined[time].notna()
        if stamp == "verified_at":
            # Health without a fix on record may be a pause; whether the incident is over is for people to say.
            free &= joined["resolved_at"].notna() & (joined["resolved_at_verdict"] == "recorded")
        chosen = joined[free]
        parts.append(
            pd.DataFrame(
                {
                    "incident_id": chosen["incident_id"],
                    "source": chosen["source"],
                    "milestone": stamp,
                    "time": chosen[time],
                    "who": "metrics",
                    "why": chosen["reason"],
                }
            )
        )
    return pd.concat(parts, ignore_index=True).sort_values(["incident_id", "milestone"], ignore_index=True)
