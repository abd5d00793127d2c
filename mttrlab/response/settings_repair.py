"""Repair by settings: remediation rules, runbooks and change paths, and where history says otherwise."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from mttrlab.response.apart import Special
from mttrlab.response.fix_paths import TIMEOUT_PRIOR
from mttrlab.response.history import FEWEST, History
from mttrlab.response.incident_type import IncidentType
from mttrlab.response.laws import Floats, Law
from mttrlab.response.model import ResponseModel
from mttrlab.response.notes import Note, disagreement
from mttrlab.response.settings_people import OWN
from mttrlab.response.special import MOST_PLANS
from mttrlab.schema import AlertRule, ChangePath, Practices, Runbook, SyntheticMonitor

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


def remediated(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
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
    model = replace(model, automation_attempts=kept.attempts, automation_timeout=kept.timeout)
    others = [
        (one._replace(timeout=max(one.timeout, kept.timeout if kept != usual else 0.0)), services)
        for one, services in cells.items()
        if one != usual and services
    ]
    special = tuple(
        Special(
            (("automation_attempts", one.attempts), ("automation_timeout", one.timeout)),
            services=tuple(sorted(services)),
            name="remediation",
        )
        for one, services in others[: MOST_PLANS - 4]
    )
    said = (
        f"{len(practices.remediation)} remediation rule(s): {usual.attempts} attempt(s) of {usual.timeout:g} minutes"
        + (f", others on {len({s for _, group in others for s in group})} service(s)" if others else "")
        + (f"; no loaded alert is called {', '.join(sorted(set(lost)))}" if lost else "")
    )
    ended = int((past.automated & past.closed).sum())
    if ended < FEWEST and starts:
        types = tuple(replace(kind, automation=_started(kind, starts)) for kind in model.types)
        model = replace(model, types=types)
        said += "; history shows hardly any end by automation, so the share is that of the alerts that start a rule"
    said += f". An attempt works {model.automation_success:.0%} of the time: borrowed, for no setting says it."
    notes.append(Note("automation by settings", "practices", len(practices.remediation), said))
    _too_long(past, usual, kept, notes)
    return replace(model, special=(*model.special, *special))


def _started(kind: IncidentType, starts: set[tuple[str, str]]) -> float:
    """Return the share of a type's incidents whose alert starts a rule."""
    hit = ((face, (str(face.service), str(face.failure_mode)) in starts) for face in kind.faces)
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


def booked(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
    """Return the model with the share of each type's incidents that a runbook answers."""
    if not practices.runbooks:
        notes.append(Note("runbooks", "left out", 0, "The practices hold no runbook."))
        return model
    by_name = {one.name: one for one in practices.paging()}
    kinds = tuple(replace(kind, runbook=_answered(kind, practices.runbooks, by_name)) for kind in model.types)
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
            disagreement(notes, "runbooks", f"diagnosis by {book.name}", np.array([book.diagnosis_minutes]),
                         minutes[rows], words)  # fmt: skip
    return replace(model, types=kinds)


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
    hit = (f for f in kind.faces if f.service in services or (str(f.service), str(f.failure_mode)) in reached)
    return min(math.fsum(face.share for face in hit), 1.0)


def undone(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
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
            disagreement(notes, "change paths", f"{path.name} ({name})", grid, own, words)
        taken = law if len(own) < OWN else None
        if name == "flag" and taken is not None:
            model = replace(model, flag=taken)
        # Fixes that ended an incident in history hold the failed ones before them already.
        success = path.success if len(own) < OWN else 1.0
        types = tuple(_with_path(kind, path, name, taken, success) for kind in model.types)
        there = any(one.name == name for kind in types for one in kind.paths)
        model = replace(model, types=types)
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


def _law(path: ChangePath) -> Law | None:
    """Return the law whose median is the likely time, and of which low and high cut off a twentieth each."""
    likely = path.likely_minutes
    if likely is None and path.low_minutes and path.high_minutes:
        likely = math.sqrt(path.low_minutes * path.high_minutes)
    if not likely:
        return None
    low, high = path.low_minutes or likely, path.high_minutes or likely
    return Law("lognormal", math.log(likely), max(math.log(high / low) / (2 * 1.6449), 0.0))


def _with_path(kind: IncidentType, path: ChangePath, name: str, law: Law | None, success: float) -> IncidentType:
    if path.incident_types and kind.name not in path.incident_types:
        return kind
    if path.services and not any(face.service in path.services for face in kind.faces):
        return kind
    paths = tuple(
        replace(one, law=one.law if law is None else law, success=success) if one.name == name else one
        for one in kind.paths
    )
    return replace(kind, paths=paths)
