"""How incidents end: by automation, by a flag, a rollback, a forward fix, or in ways the export does not name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mttrlab.response.borrowed import SUCCESS_PRIOR, Borrowed
from mttrlab.response.history import FEWEST, Flags, History
from mttrlab.response.incident_type import FixPath, IncidentType
from mttrlab.response.laws import Floats, Law
from mttrlab.response.luck import Ints
from mttrlab.response.notes import Note, span_note
from mttrlab.response.pooling import group_laws

ATTEMPTS_PRIOR = 2
TIMEOUT_PRIOR = 1.0
PRIOR_INCIDENTS = 5.0
"""Incidents of the overall share that steady the share of each type."""


def shares(hit: Flags, group: Ints, groups: int) -> list[float]:
    """Return the share of hits per group, pulled to the overall share as by five more incidents of it."""
    n = np.bincount(group, minlength=groups)
    k = np.bincount(group[hit], minlength=groups)
    overall = hit.mean() if len(hit) else 0.0
    return [float(share) for share in (k + PRIOR_INCIDENTS * overall) / (n + PRIOR_INCIDENTS)]


def automation(
    past: History,
    types: list[IncidentType],
    group: Ints,
    notes: list[Note],
    borrowed: Borrowed,
    told: tuple[int, float] | None = None,
) -> tuple[list[IncidentType], dict[str, Any]]:
    """Return the types with their share of rules, and the settings of automatic attempts.

    Parameters
    ----------
    told : tuple, optional
        Attempts and minutes after which one has failed, as real rules say.
    """
    attempts = told[0] if told else ATTEMPTS_PRIOR
    # Records that say neither how they were fixed nor when they were diagnosed cannot tell automation from people.
    says = np.array([word is not None for word in past.text("fix_path")]) | ~np.isnan(past.stamped["diagnosed_at"])
    closed = past.closed & (says | past.automated)
    ended = past.automated & closed
    n = int(ended.sum())
    prior = f"success {SUCCESS_PRIOR:g} an attempt{'' if told else f' and {attempts} attempts'} is borrowed"
    minutes, observed, known = past.span("detected_at", "resolved_at")
    rows = np.flatnonzero(ended & observed & known)
    if n < FEWEST or len(rows) < FEWEST:
        timeout = told[1] if told else max(TIMEOUT_PRIOR, borrowed.run.mean)
        # A rule's timeout leaves room for its run, or nobody would keep the rule.
        run = Law("constant", min(borrowed.run.mean, timeout))
        sentence = f"{n} incident(s) ended by automation, too few to fit; {prior}, a run takes {run.mean:.3g} minute(s)"
        notes.append(Note("automation", "prior", n, sentence + "."))
        if not n:
            return types, _settings(run, timeout, attempts, borrowed.success)
    else:
        fitted = group_laws(minutes[rows], observed[rows], np.zeros(len(rows), dtype=np.int64), 1)
        run = fitted.law(0)
        timeout = float(run.quantile(0.95))
        sentence = (
            f"Automation ended {n / closed.sum():.0%} of the {closed.sum()} closed incidents that say how they ended, "
            f"geometric mean {fitted.geometric_mean[0]:.3g} minutes; {prior}: an export shows no failed attempt."
        )
        notes.append(Note("automation", "fitted", n, sentence))
    timeout = told[1] if told else timeout
    in_time = max(float(np.mean(run.quantile((np.arange(1000) + 0.5) / 1000) <= timeout)), 0.01)
    # Rules cannot have ended more than they can catch: history says how well they work at the least.
    least = 1 - (1 - (n + 0.5) / (closed.sum() + 1)) ** (1 / attempts)
    success = float(min(max(borrowed.success, least / in_time), 1.0))
    if success > borrowed.success:
        said = f"So many ended by automation that an attempt works {success:.0%} of the time at least; that is used."
        notes.append(Note("automation", "fitted", n, said))
    caught = 1 - (1 - success * in_time) ** attempts
    rule = [min(share / caught, 1.0) for share in shares(ended[closed], group[closed], len(types))]
    ruled = [replace(kind, automation=rule[t]) for t, kind in enumerate(types)]
    return ruled, _settings(run, timeout, attempts, success)


def paths(
    past: History,
    types: list[IncidentType],
    group: Ints,
    begin: str,
    end: str,
    notes: list[Note],
    borrowed: Borrowed,
) -> tuple[list[IncidentType], Law, Floats]:
    """Return the types with their ways to end, the law of flags, and each fix's normal score within its group.

    Parameters
    ----------
    begin, end : str
        The stamps that the export shows on both sides of the fix.
    """
    minutes, observed, known = past.span(begin, end)
    known &= ~past.automated
    changed = np.array([word is not None for word in past.text("change_id")])
    types = _changes(types, changed, group, notes)
    name = _names(past, known & observed, notes)
    if len(set(name[known & observed].tolist())) > 1:
        # How a running fix will end is not known, and among the unnamed paths it would weigh far too much.
        known &= observed
    found = sorted({str(n) for n in name[known].tolist()})
    residual, laws = np.full(len(past), np.nan), {}
    for path in found:
        rows = np.flatnonzero(known & (name == path))
        laws[path] = group_laws(minutes[rows], observed[rows], group[rows], len(types))
        residual[rows[observed[rows]]] = laws[path].residual[observed[rows]]
        which = f"fix by {path}" if len(found) > 1 else "fix"
        notes.append(
            span_note(which, begin, end, laws[path], int(np.sum(minutes[rows] == 0)), past.forgotten(begin, end))
        )
    ended = np.flatnonzero(known & observed)
    place = np.array([found.index(str(n)) for n in name[ended].tolist()], dtype=np.int64)
    after, before = (_mix(place, group[ended], which[ended], len(found), len(types)) for which in (changed, ~changed))
    made = [
        replace(
            kind,
            paths=tuple(
                FixPath(path, laws[path].law(t), float(before[t, p]), float(after[t, p]))
                for p, path in enumerate(found)
            ),
        )
        for t, kind in enumerate(types)
    ]
    flag = laws.get("flag")
    law = Law("lognormal", float(flag.mu.mean()), float(flag.sigma.mean())) if flag else borrowed.flag
    return made, law, residual


def _settings(run: Law, timeout: float, attempts: int, success: float) -> dict[str, Any]:
    return {
        "automation_success": success,
        "automation_run": run,
        "automation_timeout": timeout,
        "automation_attempts": attempts,
    }


def _changes(types: list[IncidentType], changed: Flags, group: Ints, notes: list[Note]) -> list[IncidentType]:
    n = int(changed.sum())
    if n < FEWEST:
        sentence = f"{n} incident(s) name a change (change_id), too few to move flags."
        notes.append(Note("changes", "left out", n, sentence))
        return types
    notes.append(
        Note("changes", "fitted", len(changed), f"A known change caused {changed.mean():.0%} of the incidents.")
    )
    share = shares(changed, group, len(types))
    return [replace(kind, change_caused=share[t]) for t, kind in enumerate(types)]


def _names(past: History, ended: Flags, notes: list[Note]) -> np.ndarray:
    """Return each incident's path; rare and unnamed ones are `other`."""
    name = past.text("fix_path")
    named = np.array([n is not None for n in name])
    if named[ended].sum() < ended.sum() / 2:
        sentence = "Fewer than half of the incidents say how they were fixed (fix_path), so there is one path, other."
        notes.append(Note("fix paths", "left out", int(named[ended].sum()), sentence))
        return np.full(len(past), "other", dtype=object)
    common = [word for word in set(name[named].tolist()) if np.sum((name == word) & ended) >= FEWEST]
    return np.array([word if word in common else "other" for word in name.tolist()], dtype=object)


def _mix(place: Ints, group: Ints, which: Flags, ways: int, groups: int) -> Floats:
    """Return shares of the paths per type, pulled to those of all types; of the chosen incidents where any are."""
    use = which if which.any() else np.ones(len(place), dtype=bool)
    counts = np.zeros((groups, ways))
    np.add.at(counts, (group[use], place[use]), 1)
    pooled = counts.sum(axis=0) / counts.sum()
    mixed = counts + PRIOR_INCIDENTS * pooled
    return np.asarray(mixed / mixed.sum(axis=1, keepdims=True))
