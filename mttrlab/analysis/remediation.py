"""What is predictable enough to be repaired without a person, and which remediation rules ever had something to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

import numpy as np
import pandas as pd

from mttrlab.analysis.incident_types import timed_types, type_key, type_ranking
from mttrlab.analysis.query import Source
from mttrlab.analysis.sample import total_interval
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import UNKNOWN, ChangePath, Practices, Runbook
from mttrlab.validate import whole

AGAIN = 6
"""Incidents of a type from which it can be called recurrent."""
STABLE = 0.7
"""Share of a type's incidents that must have the same alert, and the same fix."""
_EARLY, _LATE = pd.Timedelta(minutes=10), pd.Timedelta(minutes=30)
"""A firing belongs to an incident of its service from so long before its start to so long after its detection."""


def automation_candidates(
    incidents: Source, practices: Practices | None = None, firings: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return which incident types come back, are told by the same alert, and are fixed alike; most minutes first.

    Parameters
    ----------
    incidents : DataFrame or Lab
    practices : Practices, optional
        Remediation rules that exist already.
    firings : DataFrame, optional
        Alert firings: `alert, service` and `fired_at` or `started_at`. Without them, whether the alert is stable is
        not known.

    Returns
    -------
    DataFrame
        One row per type: `incidents, a_month`; the most common `fix_path` of people, with its share `same_fix` of the
        `fixes` that are known; the most common `alert`, with its share `same_alert` of the `heard` incidents that any
        alert fired for; `automated`, the share that automation ended already; `rules`, remediation rules for that
        alert; `at_stake`, minutes of diagnosis and fix that people spent on those with that fix, summed, with `low,
        high`; `predictable` (None where it cannot be told) and `why`.

    Notes
    -----
    Predictable is a type of at least AGAIN incidents of which STABLE have the same alert and STABLE the same fix. A
    fix that is a correction of the program (`forward_fix`) cannot be automated however often it is made.
    """
    timed = timed_types(incidents, "recovery")
    timed = timed[timed["type"] != UNKNOWN].reset_index(drop=True)
    months = _months(timed)
    alerts = None if firings is None else _alerts_around(timed, firings)
    rows = [_candidate(str(name), own, months, alerts, practices) for name, own in timed.groupby("type", sort=True)]
    columns = ["incident_type", "incidents", "a_month", "fix_path", "same_fix", "fixes", "alert", "same_alert", "heard",
               "automated", "rules", "at_stake", "low", "high", "predictable", "why"]  # fmt: skip
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["at_stake", "incident_type"], ascending=[False, True], ignore_index=True)


def _months(timed: pd.DataFrame) -> float:
    begun = timed["started_at"].fillna(timed["detected_at"]) if "started_at" in timed else pd.Series(dtype="float64")
    span = (begun.max() - begun.min()).days / 30.44 if begun.notna().any() else np.nan
    return max(float(span), 1.0) if span == span else np.nan


def _candidate(
    name: str, own: pd.DataFrame, months: float, alerts_of: pd.Series | None, practices: Practices | None
) -> dict[str, object]:
    paths = own["fix_path"].dropna()
    by_hand = paths[paths != "automation"]
    fix, same = _most_common(by_hand)
    names = [] if alerts_of is None else [alert for key in own.index for alert in alerts_of[key]]
    heard = 0 if alerts_of is None else int(sum(bool(alerts_of[key]) for key in own.index))
    alert, _ = _most_common(pd.Series(names, dtype="str"))
    same_alert = (
        sum(alert in alerts_of[key] for key in own.index) / heard if alerts_of is not None and heard else np.nan
    )
    stake = own[(own["fix_path"] == fix) & (own["fix_path"] != "automation")]
    spent = total_interval(stake.loc[stake["ended"], ["diagnose", "resolve"]].sum(axis=1, min_count=1))
    rules = (
        [] if practices is None or not alert else [r.alert for r in practices.remediation if _matches(r.alert, alert)]
    )
    predictable, why = _verdict(len(own), fix, same, len(by_hand), alert, same_alert)
    return {
        "incident_type": name,
        "incidents": len(own),
        "a_month": len(own) / months,
        "fix_path": fix,
        "same_fix": same,
        "fixes": len(by_hand),
        "alert": alert,
        "same_alert": same_alert,
        "heard": heard,
        "automated": float((paths == "automation").mean()) if len(paths) else np.nan,
        "rules": len(rules),
        "at_stake": spent.estimate,
        "low": spent.low,
        "high": spent.high,
        "predictable": predictable,
        "why": why,
    }


def _most_common(words: pd.Series) -> tuple[str, float]:
    if words.empty:
        return "", np.nan
    counts = words.value_counts()
    first = sorted(counts[counts == counts.iloc[0]].index)[0]
    return str(first), float(counts.iloc[0] / counts.sum())


def _verdict(n: int, fix: str, same: float, fixes: int, alert: str, same_alert: float) -> tuple[bool | None, str]:
    if n < AGAIN:
        return False, f"{n} incidents; from {AGAIN} on it can be called recurrent"
    if not fixes:
        return None, "how it was fixed is not recorded"
    if same < STABLE:
        return False, f"fixed in different ways: the most common, {fix}, in {same:.0%} of {fixes}"
    if fix == "forward_fix":
        return False, "the fix is a correction of the program, which nothing can make by itself"
    if not alert:
        return None, f"fixed by {fix} in {same:.0%} of {fixes}; whether one alert tells it needs alert firings"
    if same_alert < STABLE:
        return False, f"told by different alerts: the most common, {alert}, for {same_alert:.0%}"
    return True, f"{alert} tells it ({same_alert:.0%}) and {fix} ends it ({same:.0%} of {fixes})"


def _fired(firings: pd.DataFrame) -> pd.DataFrame:
    at = next((name for name in ("fired_at", "started_at") if name in firings), None)
    missing = [name for name in ("alert", "service") if name not in firings] + ([] if at else ["fired_at"])
    if missing:
        raise SchemaError(f"the table of firings lacks {', '.join(missing)}; it needs alert, service and fired_at")
    if "source" in firings:
        # A page carries the title of an incident, not the name of an alert.
        firings = firings[firings["source"].ne("pagerduty").fillna(True)]
    when = pd.to_datetime(firings[at], utc=True)
    return pd.DataFrame({"alert": firings["alert"].astype("str"), "service": firings["service"], "at": when})


def _alerts_around(timed: pd.DataFrame, firings: pd.DataFrame) -> pd.Series:
    """Return, for each incident, the names of the alerts that fired around its beginning on its service."""
    fired = _fired(firings).dropna(subset=["at"]).sort_values("at", kind="stable")
    # Instants alone are sought: each incident as a query of a frame would be most of the answer's time.
    by_service = {
        str(name): (pd.DatetimeIndex(own["at"]), own["alert"].to_numpy()) for name, own in fired.groupby("service")
    }
    begun = timed["started_at"].fillna(timed["detected_at"]) - _EARLY
    until = timed["detected_at"].fillna(timed["started_at"]) + _LATE
    names: list[frozenset[str]] = []
    for service, low, high in zip(timed["service"], begun, until, strict=True):
        around: Iterable[object] = ()
        if str(service) in by_service and pd.notna(low) and pd.notna(high):
            at, alerts = by_service[str(service)]
            around = alerts[at.searchsorted(low, "left") : at.searchsorted(high, "right")]
        names.append(frozenset(map(str, around)))
    return pd.Series(names, index=timed.index, dtype="object")


def remediation_matches(practices: Practices, firings: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return which remediation rules answer an alert that exists, and how often it fired.

    Parameters
    ----------
    practices : Practices
    firings : DataFrame, optional
        Alert firings: `alert, service` and `fired_at` or `started_at`; pages of PagerDuty, which carry a title and no
        alert's name, are left out.

    Returns
    -------
    DataFrame
        One row per rule, and, where firings are given, one per alert that fired and has none: `alert, action,
        max_auto_attempts, defined` (an alert rule of that name is loaded), `fired`, `services, first, last`, and
        `verdict` in words. The most often fired stand on top.

    Raises
    ------
    SchemaError
        When the table of firings lacks a column.

    Notes
    -----
    The name of a remediation rule's alert may hold * and ?. Case, hyphens and underscores are as written: an
    Alertmanager compares them too.
    """
    defined = {rule.name for rule in practices.alerts}
    fired = None if firings is None else _fired(firings)
    rows = [_rule(rule.alert, rule.action, rule.max_auto_attempts, defined, fired) for rule in practices.remediation]
    names = [rule.alert for rule in practices.remediation]
    if fired is not None:
        for alert, own in fired.groupby("alert", sort=True):
            if not any(_matches(name, str(alert)) for name in names):
                rows.append(_match_row(str(alert), "", 0, str(alert) in defined, own, "no remediation rule"))
    columns = ["alert", "action", "max_auto_attempts", "defined", "fired", "services", "first", "last", "verdict"]
    table = pd.DataFrame(rows, columns=columns).astype({"fired": "Int64", "max_auto_attempts": "Int64"})
    order = table.assign(_no=table["action"] == "", _n=table["fired"].fillna(0))
    kept = order.sort_values(["_no", "_n", "alert"], ascending=[True, False, True], ignore_index=True)
    return kept.drop(columns=["_no", "_n"])


def _rule(
    name: str, action: str, attempts: int, defined: Iterable[str], fired: pd.DataFrame | None
) -> dict[str, object]:
    known = any(_matches(name, alert) for alert in defined)
    if fired is None:
        none = pd.DataFrame({"alert": [], "service": [], "at": pd.Series([], dtype="datetime64[us, UTC]")})
        words = "the alert is defined; whether it fires needs alert firings" if known else "no alert rule of this name"
        return {**_match_row(name, action, attempts, known, none, words), "fired": pd.NA}
    own = fired.loc[fired["alert"].map(lambda alert: _matches(name, alert)).astype(bool)]
    words = "fires" if len(own) else "never fired" if known else "no alert rule of this name, and it never fired"
    return _match_row(name, action, attempts, known, own, words)


def _match_row(
    alert: str, action: str, attempts: int, defined: bool, own: pd.DataFrame, verdict: str
) -> dict[str, object]:
    return {
        "alert": alert,
        "action": action,
        "max_auto_attempts": attempts or pd.NA,
        "defined": defined,
        "fired": len(own),
        "services": ", ".join(sorted({str(name) for name in own["service"].dropna()})),
        "first": own["at"].min() if len(own) else pd.NaT,
        "last": own["at"].max() if len(own) else pd.NaT,
        "verdict": verdict,
    }


def _matches(pattern: str, alert: str) -> bool:
    return fnmatchcase(alert, pattern)


# Which of the most common incidents has a runbook, and which change can be taken back by something rehearsed.


TOP = 10
"""The founding text: diagnosis automation for the top ten incident types."""
STALE_MONTHS = 12
"""Months after which a review or a rehearsal says little about today."""
CHANGES = {
    "flag": "feature flag",
    "rollback": "deployment",
    "terraform": "infrastructure (Terraform)",
    "migration": "database migration",
}
"""The founding text's kinds of change, by the kind of path that takes them back."""
_FIXES = {"terraform": ("config", "terraform")}
"""Fix paths of incidents by kind of change path, where they are not called alike."""


def runbook_coverage(
    incidents: Source, practices: Practices, *, top: int = TOP, by: str = "count", measure: str = "recovery"
) -> pd.DataFrame:
    """Return which of the top incident types a runbook answers, and whether the diagnosis runs by itself.

    Parameters
    ----------
    incidents : DataFrame or Lab
    practices : Practices
    top : int
        How many types.
    by : str
        'count', the founding text's "most common", or 'minutes'.
    measure : str
        For the minutes.

    Returns
    -------
    DataFrame
        One row per type, in its rank: `rank, incident_type, incidents, minutes, low, high`; `runbook` (names; empty:
        none), `written`, `automated` (the share of its incidents that a runbook answers, and that one answers whose
        diagnosis runs by itself), `runbook_minutes` (what following it takes), `diagnose` (median minutes of the phase
        in history) with its `n`, `reviewed`, and `state` in words.

    Raises
    ------
    QuestionError

    Notes
    -----
    A runbook answers an incident where it names its type, and its service if it names one; one that names no type
    answers every incident of its service. Runbooks that name neither answer nothing that could be told.
    """
    top = whole("top", top, 1)
    if by not in ("count", "minutes"):
        raise QuestionError(f"by must be 'count' or 'minutes'; got {by!r}")
    ranked = type_ranking(incidents, measure)
    ranked = ranked[ranked["incident_type"] != "unknown"].sort_values([f"by_{by}", "incident_type"], kind="stable")
    timed = timed_types(incidents, measure)
    rows = []
    for place, ranked_type in enumerate(ranked.head(top).to_dict("records"), start=1):
        own = timed[timed["type"] == ranked_type["incident_type"]]
        books = [
            book for book in practices.runbooks if _of_type(book, str(ranked_type["incident_type"]), own["service"])
        ]
        hits = [_answers(book, own) for book in books]
        automatic = [hit for book, hit in zip(books, hits, strict=True) if book.automated_diagnosis]
        diagnosed = own["diagnose"].dropna() if "diagnose" in own else own["spent"].iloc[:0]
        known = [book.diagnosis_minutes for book in books if book.diagnosis_minutes is not None]
        written, by_itself = _share(hits), _share(automatic)
        rows.append(
            {
                "rank": place,
                **{name: ranked_type[name] for name in ("incident_type", "incidents", "minutes", "low", "high")},
                "runbook": ", ".join(book.name for book in books),
                "written": written,
                "automated": by_itself,
                "runbook_minutes": min(known) if known else np.nan,
                "diagnose": float(diagnosed.median()) if len(diagnosed) else np.nan,
                "n": len(diagnosed),
                "reviewed": max((book.reviewed for book in books), default=""),
                "state": _state(written, by_itself),
            }
        )
    columns = ["rank", "incident_type", "incidents", "minutes", "low", "high", "runbook", "written", "automated",
               "runbook_minutes", "diagnose", "n", "reviewed", "state"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _of_type(book: Runbook, kind: str, services: pd.Series) -> bool:
    if book.incident_types:
        return type_key(kind) in {type_key(name) for name in book.incident_types}
    return bool(book.service) and bool((services == book.service).any())


def _answers(book: Runbook, own: pd.DataFrame) -> np.ndarray:
    if not book.service:
        return np.ones(len(own), dtype=bool)
    return (own["service"] == book.service).fillna(False).to_numpy(dtype=bool)


def _share(hits: Sequence[np.ndarray]) -> float:
    return float(np.any(hits, axis=0).mean()) if len(hits) else 0.0


def _state(written: float, automated: float) -> str:
    if written == 0:
        return "no runbook"
    words = "automated diagnosis" if automated else "written only"
    part = automated or written
    return words if part == 1 else f"{words}, for {part:.0%} of them"


def rollback_readiness(practices: Practices, incidents: Source | None = None) -> pd.DataFrame:
    """Return, for each kind of change, whether a documented and rehearsed way back exists.

    Parameters
    ----------
    practices : Practices
    incidents : DataFrame or Lab, optional
        History: what was ended on that way, and what a gap may concern. Also dates the rehearsals.

    Returns
    -------
    DataFrame
        One row per change path, and one for each of the founding text's kinds of change that has none: `change, path,
        documented, rehearsed` (as written; empty: never), `months_ago` (before the newest export; NaN:
        never, or not readable), `likely_minutes, success, eligible`, `incidents` that history ended this way with the
        `resolve_minutes` they took (sum, with `low, high`), `ready`, and the `gap` in words.
    """
    history = None if incidents is None else timed_types(incidents, "recovery")
    newest = _newest(history)
    known = {kind: [path for path in practices.change_paths if path.kind == kind] for kind in CHANGES}
    others = [path for path in practices.change_paths if path.kind not in CHANGES]
    rows = []
    for kind, change in CHANGES.items():
        rows += [_path(path, change, newest, history) for path in known[kind]] or [_missing(kind, change, history)]
    rows += [_path(path, path.kind, newest, history) for path in others]
    return pd.DataFrame(rows)


def _newest(history: pd.DataFrame | None) -> pd.Timestamp | None:
    if history is None:
        return None
    taken = history["exported_at"].max() if "exported_at" in history else pd.NaT
    return None if pd.isna(taken) else taken


def _path(
    path: ChangePath, change: str, newest: pd.Timestamp | None, history: pd.DataFrame | None
) -> dict[str, object]:
    at = pd.to_datetime(path.rehearsed, errors="coerce", utc=True) if path.rehearsed else pd.NaT
    months = np.nan if newest is None or pd.isna(at) else (newest - at).days / 30.44
    gaps = [
        words
        for wrong, words in (
            (not path.documented, "not documented"),
            (not path.rehearsed, "never rehearsed"),
            (bool(path.rehearsed) and bool(pd.isna(at)), f"rehearsed {path.rehearsed[:20]!r}, which is no date"),
            (months > STALE_MONTHS, f"last rehearsed {months:.0f} months ago"),
        )
        if wrong
    ]
    return {
        "change": change,
        "path": path.name,
        "documented": path.documented,
        "rehearsed": path.rehearsed,
        "months_ago": months,
        "likely_minutes": np.nan if path.likely_minutes is None else path.likely_minutes,
        "success": path.success,
        "eligible": path.eligible,
        **_behind(path.kind, history),
        "ready": not gaps,
        "gap": ", ".join(gaps),
    }


def _missing(kind: str, change: str, history: pd.DataFrame | None) -> dict[str, object]:
    unknown = dict.fromkeys(("months_ago", "likely_minutes", "success", "eligible"), np.nan)
    described = {"change": change, "path": "", "documented": False, "rehearsed": ""}
    return {**described, **unknown, **_behind(kind, history), "ready": False, "gap": "no way back is described"}


def _behind(kind: str, history: pd.DataFrame | None) -> dict[str, object]:
    if history is None or "fix_path" not in history or "resolve" not in history:
        return {"incidents": pd.NA, "resolve_minutes": np.nan, "low": np.nan, "high": np.nan}
    own = history[history["fix_path"].isin(_FIXES.get(kind, (kind,)))]
    spent = total_interval(own["resolve"].where(own["ended"]))
    return {"incidents": len(own), "resolve_minutes": spent.estimate, "low": spent.low, "high": spent.high}
