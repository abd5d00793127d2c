"""Which failures page somebody, which incidents have a runbook, and what the practices show of each level."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from mttrlab.review.rows import Shown, count, ranged
from mttrlab.review.words import lines, listed, minutes

if TYPE_CHECKING:
    from mttrlab.review.review import Review

_GAPS = 8
_MODES = {"error_rate": "error rate"}


def fill(review: Review) -> dict[str, Any] | None:
    """Return what the section names; None: no practices are loaded."""
    tables = review.findings.tables
    if "coverage" not in tables:
        return None
    clock = review.findings.clock.replace("_", " ")
    return {
        "said": (_covered(tables["coverage"]), _dearest(tables["gaps"]), *_runbooks(tables["runbooks"])),
        "levels": _levels(tables["capability"], tables["capable"]),
        "gaps_table": _gaps(tables["gaps"]),
        "runbook_table": _answered(tables["runbooks"], clock) if len(tables["runbooks"]) else None,
        "back_table": _back(tables["rollback"]),
        "automation_table": _automation(tables["automation"]) if len(tables["automation"]) else None,
        "capability_table": _evidence(tables["capability"]),
    }


def _covered(cells: pd.DataFrame) -> str:
    asked = cells[cells["failure_mode"] != "unknown"]
    met, late = int((asked["state"] == "in time").sum()), int((asked["state"] == "late").sum())
    return (
        f"Of {len(asked)} ways in which {asked['service'].nunique()} services can fail, {met} would page within "
        f"two minutes, {late} later, and {len(asked) - met - late} have no alert that would tell."
    )


def _dearest(gaps: pd.DataFrame) -> str:
    behind = gaps[gaps["minutes_lost"] > 0]
    if behind.empty:
        return "No minutes of history lie behind the gaps."
    first = behind.iloc[0]
    return (
        f"The dearest gap: {first['service']}, {_mode(first['failure_mode'])} ({first['verdict']}); "
        f"{count(first['incidents'])} incidents lost {minutes(first['minutes_lost'])} there before anybody knew."
    )


def _runbooks(runbooks: pd.DataFrame) -> tuple[str, ...]:
    if runbooks.empty:
        return ()
    without = runbooks[runbooks["written"] == 0]
    by_itself = int((runbooks["automated"] > 0).sum())
    told = (
        f"Of the {len(runbooks)} most common incident types, {len(runbooks) - len(without)} have a runbook, and "
        f"{by_itself} of these a diagnosis that runs by itself."
    )
    if without.empty:
        return (told,)
    dear = without.sort_values("minutes", ascending=False)["incident_type"].head(3)
    return (f"{told} Nothing is written for {listed([str(name).replace('_', ' ') for name in dear])}.",)


def _levels(held: pd.DataFrame, capable: pd.DataFrame) -> str:
    reached = held.drop_duplicates("level")
    parts = [f"{line['level']} {line['reached']}" for line in lines(reached)]
    level = str(capable["capability"].iloc[0])
    shown = f"What is loaded shows the practices of {level}" if level != "no level" else "No level is shown whole"
    apart = next((str(text) for text in capable["disagreement"] if text), "")
    return f"{shown} ({', '.join(parts)}).{f' Beside the outcome: {apart}.' if apart else ''}"


def _gaps(gaps: pd.DataFrame) -> Shown:
    rows = tuple(
        (
            str(line["service"]),
            _mode(line["failure_mode"]),
            str(line["verdict"]),
            str(line["fastest"]) or "–",
            minutes(line["mean"]) if pd.notna(line["mean"]) else "–",
            count(line["incidents"]),
            ranged(line["minutes_lost"], line["lost_low"], line["lost_high"]),
        )
        for line in lines(gaps[gaps["minutes_lost"] > 0].head(_GAPS))
    )
    heads = (
        "service",
        "fails by",
        "the page comes",
        "fastest alert",
        "after",
        "incidents",
        "lost before detection (range)",
    )
    return Shown("The dearest gaps of alerting, all history", heads, rows, (0, 1, 2, 3))


def _answered(runbooks: pd.DataFrame, clock: str) -> Shown:
    rows = tuple(
        (
            str(line["incident_type"]).replace("_", " "),
            count(line["incidents"]),
            ranged(line["minutes"], line["low"], line["high"]),
            str(line["runbook"]) or "–",
            str(line["state"]),
            str(line["reviewed"]) or "–",
        )
        for line in lines(runbooks)
    )
    heads = ("incident type", "incidents", f"minutes, {clock} (range)", "runbook", "state", "reviewed")
    return Shown("The most common incident types and their runbooks, all history", heads, rows, (0, 3, 4, 5))


def _back(rollback: pd.DataFrame) -> Shown:
    rows = tuple(
        (
            str(line["change"]),
            str(line["path"]) or "–",
            "yes" if line["documented"] else "no",
            str(line["rehearsed"]) or "never",
            minutes(line["likely_minutes"]) if pd.notna(line["likely_minutes"]) else "–",
            count(line["incidents"]),
            str(line["gap"]) or "ready",
        )
        for line in lines(rollback)
    )
    heads = ("change", "way back", "documented", "rehearsed", "likely takes", "incidents ended so", "gap")
    return Shown("Can each kind of change be taken back?", heads, rows, (0, 1, 2, 3, 6))


def _automation(automation: pd.DataFrame) -> Shown:
    words = {True: "yes", False: "no"}
    rows = tuple(
        (
            str(line["incident_type"]).replace("_", " "),
            count(line["incidents"]),
            words.get(line["predictable"], "cannot be told"),
            str(line["why"]),
            ranged(line["at_stake"], line["low"], line["high"]),
        )
        for line in lines(automation)
    )
    heads = ("incident type", "incidents", "predictable", "why", "minutes at stake (range)")
    return Shown("What is predictable enough to repair itself", heads, rows, (0, 2, 3))


def _evidence(held: pd.DataFrame) -> Shown:
    rows = tuple(
        (
            f"{line['level']}: {str(line['capability'])[0].lower()}{str(line['capability'])[1:]}",
            str(line["evidence"]),
            str(line["counted"]),
            str(line["state"]),
        )
        for line in lines(held)
    )
    return Shown("Key capabilities and their evidence", ("level", "evidence", "counted", "state"), rows, (0, 1, 2, 3))


def _mode(mode: object) -> str:
    return _MODES.get(str(mode), str(mode))
