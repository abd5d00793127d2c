"""How incidents end: by automation, by a flag, a rollback, a forward fix, or in ways the export does not name."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np

from mttrlab.response.calibration.history import FEWEST, Flags, History
from mttrlab.response.calibration.pooling import group_laws, note_disagreement, span_note
from mttrlab.response.calibration.priors import SUCCESS_PRIOR, Priors
from mttrlab.response.calibration.staffing import OWN
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.incident_types import FixPath, IncidentType
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import Override, ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.response.sampling.overrides import MAX_OWN_PARAMETERS
from mttrlab.schema import AlertRule, ChangePath, Practices, Runbook, SyntheticMonitor

ATTEMPTS_PRIOR = 2
TIMEOUT_PRIOR = 1.0
PRIOR_INCIDENTS = 5.0
"""Incidents of the overall share that steady the share of each type."""


def shrunk_shares(hit: Flags, group: Ints, groups: int) -> list[float]:
    """Return the share of hits per group, pulled to the overall share as by five more incidents of it."""
    n = np.bincount(group, minlength=groups)
    k = np.bincount(group[hit], minlength=groups)
    overall = hit.mean() if len(hit) else 0.0
    return [float(share) for share in (k + PRIOR_INCIDENTS * overall) / (n + PRIOR_INCIDENTS)]


def fit_automation(
    past: History,
    types: list[IncidentType],
    group: Ints,
    notes: list[Note],
    priors: Priors,
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
        timeout = told[1] if told else max(TIMEOUT_PRIOR, priors.run.mean)
        # A rule's timeout leaves room for its run, or nobody would keep the rule.
        run = Distribution("constant", min(priors.run.mean, timeout))
        sentence = f"{n} incident(s) ended by automation, too few to fit; {prior}, a run takes {run.mean:.3g} minute(s)"
        notes.append(Note("automation", "prior", n, sentence + "."))
        if not n:
            return types, _settings(run, timeout, attempts, priors.success)
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
    success = float(min(max(priors.success, least / in_time), 1.0))
    if success > priors.success:
        said = f"So many ended by automation that an attempt works {success:.0%} of the time at least; that is used."
        notes.append(Note("automation", "fitted", n, said))
    caught = 1 - (1 - success * in_time) ** attempts
    rule = [min(share / caught, 1.0) for share in shrunk_shares(ended[closed], group[closed], len(types))]
    ruled = [updated(kind, automation=rule[t]) for t, kind in enumerate(types)]
    return ruled, _settings(run, timeout, attempts, success)


def fit_paths(
    past: History,
    types: list[IncidentType],
    group: Ints,
    begin: str,
    end: str,
    notes: list[Note],
    priors: Priors,
) -> tuple[list[IncidentType], Distribution, Floats]:
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
            span_note(which, begin, end, laws[path], int(np.sum(minutes[rows] == 0)), past.never_closed(begin, end))
        )
    ended = np.flatnonzero(known & observed)
    place = np.array([found.index(str(n)) for n in name[ended].tolist()], dtype=np.int64)
    after, before = (_mix(place, group[ended], which[ended], len(found), len(types)) for which in (changed, ~changed))
    made = [
        updated(
            kind,
            paths=tuple(
                FixPath(path, laws[path].law(t), float(before[t, p]), float(after[t, p]))
                for p, path in enumerate(found)
            ),
        )
        for t, kind in enumerate(types)
    ]
    flag = laws.get("flag")
    law = Distribution("lognormal", float(flag.mu.mean()), float(flag.sigma.mean())) if flag else priors.flag
    return made, law, residual


def _settings(run: Distribution, timeout: float, attempts: int, success: float) -> dict[str, Any]:
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
    share = shrunk_shares(changed, group, len(types))
    return [updated(kind, change_caused=share[t]) for t, kind in enumerate(types)]


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


# Repair by settings: remediation rules, runbooks and change paths, and where history says otherwise.


_ATTEMPTS = 20


class Attempts(NamedTuple):
    """What a remediation rule does before it gives up."""

    attempts: int
    timeout: float
    """Minutes."""


def attempts_of(practices: Practices, past: History | None = None) -> Attempts | None:
    """Return the attempts and the timeout that most remediation rules have; None: there are no rules.

    Where most of the incidents that automation ended took longer than that allows (`past`), the timeout is as long as
    nearly all of them took: a rule's timeout is then not what ends an attempt.
    """
    usual = _usual(practices)
    if usual is None or past is None:
        return usual
    minutes = _ended(past)
    if len(minutes) >= FEWEST and np.median(minutes) > usual.attempts * usual.timeout:
        return usual._replace(timeout=float(np.quantile(minutes, 0.95)))
    return usual


def _ended(past: History) -> Floats:
    """Return the minutes of incidents that automation ended."""
    minutes, observed, known = past.span("detected_at", "resolved_at")
    return minutes[past.automated & observed & known]


def _usual(practices: Practices) -> Attempts | None:
    found = Counter(_attempts(rule.max_auto_attempts, rule.timeout_s) for rule in practices.remediation)
    return max(found, key=lambda one: (found[one], one)) if found else None


def _attempts(most: int, timeout_s: float | None) -> Attempts:
    return Attempts(min(max(most, 1), _ATTEMPTS), TIMEOUT_PRIOR if timeout_s is None else timeout_s / 60)


def with_remediation(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
    """Return the model with the attempts and timeouts of real rules, for the services whose alerts start them."""
    usual, kept = _usual(practices), attempts_of(practices, past)
    if usual is None or kept is None:
        notes.append(Note("automation by settings", "left out", 0, "The practices hold no remediation rule."))
        return model
    cells: dict[Attempts, set[str]] = {}
    starts: set[tuple[str, str]] = set()
    lost = []
    for rule in practices.remediation:
        alerts = [one for one in practices.paging() if one.name == rule.alert]
        if not alerts:
            lost.append(rule.alert)
        for alert in alerts:
            starts |= {(service, mode) for service in alert.targets for mode in alert.failure_modes}
            cells.setdefault(_attempts(rule.max_auto_attempts, rule.timeout_s), set()).update(alert.targets)
    model = updated(model, automation_attempts=kept.attempts, automation_timeout=kept.timeout)
    others = [
        (one._replace(timeout=max(one.timeout, kept.timeout if kept != usual else 0.0)), services)
        for one, services in cells.items()
        if one != usual and services
    ]
    special = tuple(
        Override(
            (("automation_attempts", one.attempts), ("automation_timeout", one.timeout)),
            services=tuple(sorted(services)),
            name="remediation",
        )
        for one, services in others[: MAX_OWN_PARAMETERS - 4]
    )
    said = (
        f"{len(practices.remediation)} remediation rule(s): {usual.attempts} attempt(s) of {usual.timeout:g} minutes"
        + (f", others on {len({s for _, group in others for s in group})} service(s)" if others else "")
        + (f"; no loaded alert is called {', '.join(sorted(set(lost)))}" if lost else "")
    )
    ended = int((past.automated & past.closed).sum())
    if ended < FEWEST and starts:
        types = tuple(updated(kind, automation=_started(kind, starts)) for kind in model.types)
        model = updated(model, types=types)
        said += "; history shows hardly any end by automation, so the share is that of the alerts that start a rule"
    said += f". An attempt works {model.automation_success:.0%} of the time: borrowed, for no setting says it."
    notes.append(Note("automation by settings", "practices", len(practices.remediation), said))
    _too_long(past, usual, kept, notes)
    return updated(model, overrides=(*model.overrides, *special))


def _started(kind: IncidentType, starts: set[tuple[str, str]]) -> float:
    """Return the share of a type's incidents whose alert starts a rule."""
    hit = ((face, (str(face.service), str(face.failure_mode)) in starts) for face in kind.profiles)
    return math.fsum(face.share * kind.seen(face) for face, started in hit if started)


def _too_long(past: History, usual: Attempts, kept: Attempts, notes: list[Note]) -> None:
    minutes = _ended(past)
    late = int((minutes > usual.attempts * usual.timeout).sum())
    if len(minutes) >= FEWEST and late > 0.1 * len(minutes):
        done = f"; {kept.timeout:.3g} minutes are used" if kept != usual else ""
        sentence = (
            f"{late} of {len(minutes)} incidents that automation ended took longer than {usual.attempts} attempt(s) "
            f"of {usual.timeout:g} minutes allow; a person may have helped, or other rules are at work{done}."
        )
        notes.append(Note("automation by settings", "disagreement", len(minutes), sentence))


def with_runbooks(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
    """Return the model with the share of each type's incidents that a runbook answers."""
    if not practices.runbooks:
        notes.append(Note("runbooks", "left out", 0, "The practices hold no runbook."))
        return model
    by_name = {one.name: one for one in practices.paging()}
    kinds = tuple(updated(kind, runbook=_answered(kind, practices.runbooks, by_name)) for kind in model.types)
    share = math.fsum(kind.runbook * kind.per_day for kind in kinds) / model.per_day
    begin = "acknowledged_at" if "acknowledged_at" in model.stamps else "detected_at"
    notes.append(
        Note("runbooks", "practices", len(practices.runbooks), f"Runbooks answer {share:.0%} of the incidents; what "
             "diagnosis takes with them is in history already. What a new one would do is borrowed (see the lever).")
    )  # fmt: skip
    minutes, observed, known = past.span(begin, "diagnosed_at")
    name = past.text("incident_type")
    for book in practices.runbooks:
        rows = np.isin(name.astype(str), book.incident_types) & observed & known & ~past.automated
        if book.diagnosis_minutes and rows.sum() >= FEWEST:
            words = ("people take longer than the runbook says", "people are faster than the runbook says")
            note_disagreement(notes, "runbooks", f"diagnosis by {book.name}", np.array([book.diagnosis_minutes]),
                         minutes[rows], words)  # fmt: skip
    return updated(model, types=kinds)


def _answered(
    kind: IncidentType, books: tuple[Runbook, ...], by_name: dict[str, AlertRule | SyntheticMonitor]
) -> float:
    if any(kind.name in book.incident_types for book in books):
        return 1.0
    reached: set[tuple[str, str]] = set()
    services: set[str] = set()
    for book in books:
        if book.incident_types:
            continue
        if book.service and not book.alerts:
            services.add(book.service)
        for alert in (by_name[name] for name in book.alerts if name in by_name):
            reached |= {(service, mode) for service in alert.targets for mode in alert.failure_modes}
    hit = (f for f in kind.profiles if f.service in services or (str(f.service), str(f.failure_mode)) in reached)
    return min(math.fsum(face.share for face in hit), 1.0)


def with_change_paths(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
    """Return the model with the times and chances of change paths, where history has too few fixes of its own."""
    if not practices.change_paths:
        notes.append(Note("change paths", "left out", 0, "The practices hold no change path."))
    for path in practices.change_paths:
        name = path.kind
        law = _law(path)
        rows = past.text("fix_path") == name
        minutes, observed, known = past.span("diagnosed_at", "resolved_at")
        own = minutes[rows & observed & known]
        if law is not None and len(own) >= FEWEST:
            words = ("people take longer than the path says", "people are faster than the path says")
            grid = law.quantile((np.arange(1000) + 0.5) / 1000)
            note_disagreement(notes, "change paths", f"{path.name} ({name})", grid, own, words)
        taken = law if len(own) < OWN else None
        if name == "flag" and taken is not None:
            model = updated(model, flag=taken)
        # Fixes that ended an incident in history hold the failed ones before them already.
        success = path.success if len(own) < OWN else 1.0
        types = tuple(_with_path(kind, path, name, taken, success) for kind in model.types)
        there = any(one.name == name for kind in types for one in kind.paths)
        model = updated(model, types=types)
        said = f"{path.name} ({name}): "
        if taken is not None:
            said += f"{taken.quantile(0.5).item():.3g} minutes typically, as its low, likely and high say"
        else:
            said += f"its times are those of {len(own)} fixes in history" if len(own) >= OWN else "it says no times"
        said += f"; it works {path.success:.0%} of the time" if success < 1 else ""
        if not there and name != "flag":
            said += f"; history shows no such fix, so none is simulated (it could end {path.eligible:.0%})"
        notes.append(Note("change paths", "practices", len(own), said + "."))
    return model


def _law(path: ChangePath) -> Distribution | None:
    """Return the law whose median is the likely time, and of which low and high cut off a twentieth each."""
    likely = path.likely_minutes
    if likely is None and path.low_minutes and path.high_minutes:
        likely = math.sqrt(path.low_minutes * path.high_minutes)
    if not likely:
        return None
    low, high = path.low_minutes or likely, path.high_minutes or likely
    return Distribution("lognormal", math.log(likely), max(math.log(high / low) / (2 * 1.6449), 0.0))


def _with_path(
    kind: IncidentType, path: ChangePath, name: str, law: Distribution | None, success: float
) -> IncidentType:
    if path.incident_types and kind.name not in path.incident_types:
        return kind
    if path.services and not any(face.service in path.services for face in kind.profiles):
        return kind
    paths = tuple(
        updated(one, law=one.law if law is None else law, success=success) if one.name == name else one
        for one in kind.paths
    )
    return updated(kind, paths=paths)
