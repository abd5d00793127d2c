"""Which of the most common incidents has a runbook, and which change can be taken back by something rehearsed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from mttrlab.analysis.doors import Source
from mttrlab.analysis.incident_types import timed_types, type_key, type_ranking
from mttrlab.analysis.totals import total_interval
from mttrlab.errors import QuestionError
from mttrlab.schema import ChangePath, Practices, Runbook

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
    incidents: Source, practices: Practices, *, top: int = TOP, by: str = "count", clock: str = "recovery"
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
    clock : str
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
    if by not in ("count", "minutes") or isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise QuestionError(f"by must be count or minutes, and top a whole number from 1 on; got {by!r} and {top!r}")
    ranked = type_ranking(incidents, clock)
    ranked = ranked[ranked["incident_type"] != "unknown"].sort_values([f"by_{by}", "incident_type"], kind="stable")
    timed = timed_types(incidents, clock)
    rows = []
    for place, kind in enumerate(ranked.head(top).to_dict("records"), start=1):
        own = timed[timed["type"] == kind["incident_type"]]
        books = [book for book in practices.runbooks if _of_type(book, str(kind["incident_type"]), own["service"])]
        hits = [_answers(book, own) for book in books]
        automatic = [hit for book, hit in zip(books, hits, strict=True) if book.automated_diagnosis]
        diagnosed = own["diagnose"].dropna() if "diagnose" in own else own["spent"].iloc[:0]
        known = [book.diagnosis_minutes for book in books if book.diagnosis_minutes is not None]
        written, by_itself = _share(hits), _share(automatic)
        rows.append(
            {
                "rank": place,
                **{name: kind[name] for name in ("incident_type", "incidents", "minutes", "low", "high")},
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
    told = {"change": change, "path": "", "documented": False, "rehearsed": ""}
    return {**told, **unknown, **_behind(kind, history), "ready": False, "gap": "no way back is described"}


def _behind(kind: str, history: pd.DataFrame | None) -> dict[str, object]:
    if history is None or "fix_path" not in history or "resolve" not in history:
        return {"incidents": pd.NA, "resolve_minutes": np.nan, "low": np.nan, "high": np.nan}
    own = history[history["fix_path"].isin(_FIXES.get(kind, (kind,)))]
    spent = total_interval(own["resolve"].where(own["ended"]))
    return {"incidents": len(own), "resolve_minutes": spent.estimate, "low": spent.low, "high": spent.high}
