"""Response models from history: what the export supports is fitted, the rest is borrowed or left out, and said so."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.errors import ModelError
from mttrlab.response.calibration import arrivals, detection, history, repair, staffing
from mttrlab.response.calibration.arrivals import with_deployments
from mttrlab.response.calibration.check import check_on_held_out
from mttrlab.response.calibration.history import History
from mttrlab.response.calibration.pooling import SHORTEST, GroupLaws, group_laws, span_note
from mttrlab.response.calibration.priors import DEFAULT_PRIORS, Priors
from mttrlab.response.calibration.staffing import ON_CALL
from mttrlab.response.experiment import simulate
from mttrlab.response.experiment.runs import each_block
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Ints
from mttrlab.response.model.incident_types import IncidentType
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.schema import CLOCK_ENDS, Practices

_STEP = {
    "detected_at": "detect",
    "acknowledged_at": "acknowledge",
    "diagnosed_at": "diagnose",
    "resolved_at": "fix",
    "verified_at": "verify",
}
_NEEDS = {
    "detect": "started_at and detected_at",
    "acknowledge": "acknowledged_at",
    "diagnose": "diagnosed_at",
    "verify": "verified_at",
}


def fit_model(
    incidents: pd.DataFrame,
    practices: Practices | None = None,
    responders: int | str | None = None,
    *,
    deployments: pd.DataFrame | None = None,
    firings: pd.DataFrame | None = None,
    check: bool = True,
    priors: Priors = DEFAULT_PRIORS,
    back_test: bool = True,
) -> ResponseModel:
    """Return the model that these incidents support; see `ResponseModel.fit`.

    `priors` is what a refit draws; nobody reads its notes, so it needs no `back_test`.
    """
    validation.flag("check", check)
    fitted = partial(
        _fitted, practices=practices, responders=responders, deployments=deployments, firings=firings, priors=priors
    )
    model = fitted(incidents, back_test=back_test)
    if not check:
        return model
    n, verdict = check_on_held_out(incidents, fitted)
    return updated(model, verdict=verdict, sources=(*model.sources, Note("months not seen", "check", n, verdict.line)))


def _fitted(
    incidents: pd.DataFrame,
    practices: Practices | None,
    responders: int | str | None,
    deployments: pd.DataFrame | None,
    firings: pd.DataFrame | None,
    priors: Priors,
    back_test: bool = False,
) -> ResponseModel:
    if practices is not None and not isinstance(practices, Practices):
        raise ModelError(f"practices must be Practices, as lab.practices() gives them; got {type(practices).__name__}")
    if isinstance(responders, str) and responders != ON_CALL:
        raise ModelError(f"responders must be a whole number or {ON_CALL!r}; got {responders!r}")
    past = history.read_history(incidents)
    measure = history.widest_clock(past)
    stamps = history.stamps_shown(past, measure)
    kinds, group = arrivals.group_by_type(past)
    notes: list[Note] = []
    past = detection.infer_detected_by(past, firings, notes)
    types, start = arrivals.fit_types(past, kinds, group, notes)
    laws = _spans(past, stamps, group, len(kinds), notes)
    types = _with_laws(types, laws)
    types = detection.with_alerts(past, stamps, types, group, notes, priors)
    rules = repair.attempts_of(practices, past) if practices else None
    types, automation = repair.fit_automation(past, types, group, notes, priors, rules)
    end = fix_end(stamps)
    begin = stamps[stamps.index(end) - 1]
    types, flag, residual = repair.fit_paths(past, types, group, begin, end, notes, priors)
    types = _reconciled(past, stamps, types, notes)
    model = ResponseModel(
        types=tuple(types),
        responders=None if isinstance(responders, str) else responders,
        difficulty=_difficulty(laws, residual, notes),
        profile=arrivals.fit_profile(past, notes),
        users=simulate.fit_impact(past, group, kinds, notes),
        stamps=stamps,
        start=start,
        **automation,
        flag=flag,
        runbook_factor=priors.runbook,
    )
    model = with_deployments(model, past, deployments, notes)
    if practices is None:
        said = "No settings were given (practices=); everything is as history has it, or borrowed."
        notes.append(Note("settings", "left out", 0, said))
    else:
        for settings in (detection.with_detectors, repair.with_remediation, repair.with_runbooks,
                         repair.with_change_paths, staffing.with_escalation):  # fmt: skip
            model = settings(model, past, practices, notes)
    if isinstance(responders, str):
        model = staffing.with_schedule(model, practices, notes)
    else:
        _waiting(stamps, responders, len(past), notes)
    if back_test:
        notes.append(_back_test(model, past, measure))
    return updated(model, sources=tuple(notes))


def fix_end(stamps: tuple[str, ...]) -> str:
    """Return the stamp that ends the fix: `verified_at` where the export shows no resolution and the two are one."""
    return "resolved_at" if "resolved_at" in stamps else stamps[-1]


def _spans(
    past: History, stamps: tuple[str, ...], group: Ints, groups: int, notes: list[Note]
) -> dict[str, tuple[GroupLaws, np.ndarray]]:
    """Return the laws of each span but the fix, with the rows they came from."""
    laws = {}
    for begin, end in pairwise(stamps):
        step = _STEP[end]
        if step == "fix" or end == fix_end(stamps):
            continue
        minutes, observed, known = past.span(begin, end)
        if step in ("acknowledge", "diagnose"):
            known &= ~past.automated
        if step == "diagnose":
            # Fixed first: only the span that holds both phases speaks about these (`_reconciled`).
            with np.errstate(invalid="ignore"):
                known &= ~(past.stamped["diagnosed_at"] > past.stamped["resolved_at"])
        rows = np.flatnonzero(known)
        fitted = group_laws(minutes[rows], observed[rows], group[rows], groups)
        residual = np.full(len(past), np.nan)
        residual[rows[observed[rows]]] = fitted.residual[observed[rows]]
        laws[step] = fitted, residual
        notes.append(
            span_note(step, begin, end, fitted, int(np.sum(minutes[rows] == 0)), past.never_closed(begin, end))
        )
    for step, needs in _NEEDS.items():
        if step not in laws:
            notes.append(Note(step, "left out", 0, f"Too few incidents carry {needs}, so this phase is not shown."))
    return laws


def _with_laws(types: list[IncidentType], laws: dict[str, tuple[GroupLaws, np.ndarray]]) -> list[IncidentType]:
    made = []
    for t, kind in enumerate(types):
        fitted = {step: group.law(t) for step, (group, _) in laws.items()}
        made.append(updated(kind, **fitted))
    return made


def _reconciled(
    past: History, stamps: tuple[str, ...], types: list[IncidentType], notes: list[Note]
) -> list[IncidentType]:
    """Return the types with diagnosis and fix scaled so that together they are as long as the span that holds both.

    Incidents fixed before they were diagnosed, or never diagnosed, show only that span; leaving them out would make
    the two phases too long or too short.
    """
    if "diagnosed_at" not in stamps or "resolved_at" not in stamps or stamps[0] == "diagnosed_at":
        return types
    begin = stamps[stamps.index("diagnosed_at") - 1]
    minutes, ended, _ = past.span(begin, "resolved_at")
    whole = ended & ~past.automated
    _, diagnosed, _ = past.span(begin, "diagnosed_at")
    _, fixed, _ = past.span("diagnosed_at", "resolved_at")
    both = whole & diagnosed & fixed
    n, split = int(whole.sum()), int(both.sum())
    if split < 10 or n == split:
        return types
    logs = np.log(np.maximum(minutes, SHORTEST), where=whole, out=np.full(len(past), np.nan))
    factor = float(np.exp(logs[whole].mean() - logs[both].mean()))
    sentence = (
        f"{n - split} of {n} incidents show {begin} to resolved_at but not diagnosis before fix; "
        f"so that the span holds for all, both phases are scaled by {factor:.3g}."
    )
    notes.append(Note("diagnose and fix", "fitted", n, sentence))
    return [
        updated(
            kind,
            diagnose=kind.diagnose.scaled(factor) if kind.diagnose else None,
            paths=tuple(updated(path, law=path.law.scaled(factor)) for path in kind.paths),
        )
        for kind in types
    ]


def _difficulty(laws: dict[str, tuple[GroupLaws, np.ndarray]], fix: np.ndarray, notes: list[Note]) -> float:
    """Return how strongly diagnosis and fix of one incident go together."""
    if "diagnose" not in laws:
        return 0.0
    diagnose = laws["diagnose"][1]
    both = ~np.isnan(diagnose) & ~np.isnan(fix)
    n = int(both.sum())
    if n < 30:
        notes.append(Note("difficulty", "left out", n, "Too few incidents show both phases; taken as independent."))
        return 0.0
    if not np.ptp(diagnose[both]) or not np.ptp(fix[both]):
        said = "One of the two phases always takes the same time, so they cannot go together."
        notes.append(Note("difficulty", "left out", n, said))
        return 0.0
    spearman = simulate.rank_correlation(diagnose[both], fix[both])
    correlation = 2 * np.sin(np.pi * spearman / 6)
    half = float(special.ndtri(0.975)) / np.sqrt(n - 3)
    low, high = np.tanh(np.arctanh(correlation) - half), np.tanh(np.arctanh(correlation) + half)
    sentence = f"Diagnosis and fix of one incident correlate by {correlation:.2f} (95 % {low:.2f} to {high:.2f})"
    used = float(np.clip(correlation, 0.0, 0.9)) if low > 0 else 0.0
    notes.append(Note("difficulty", "fitted", n, sentence + ("." if used else ", which may be none; none is used.")))
    return used


def _waiting(stamps: tuple[str, ...], responders: int | None, n: int, notes: list[Note]) -> None:
    separate = "acknowledged_at" in stamps
    if responders is None:
        why = "acknowledgement holds it" if separate else "the time to diagnose already holds it"
        notes.append(Note("waiting for a person", "left out", n, f"Nobody waits for a person in this model; {why}."))
        return
    sentence = f"{responders} responder(s), one incident each at a time"
    if not separate:
        sentence += "; the recorded time to diagnose may already hold the wait, which is then counted twice"
    notes.append(Note("waiting for a person", "prior", n, sentence + "."))


def _back_test(model: ResponseModel, past: History, measure: str) -> Note:
    """Return how near the model comes to the history that it was fitted to."""
    begin, end = CLOCK_ENDS[measure]
    real = past.stamped[end] - past.stamped[begin]
    real = real[past.closed & (real >= 0)]
    days = float(np.clip(4000 / model.per_day, 1.0, 365.0))
    replications = int(np.clip(np.ceil(4000 / (model.per_day * days)), 1, 200))
    made = np.concatenate([o.minutes(measure) for o in each_block(model, days=days, replications=replications, seed=0)])
    pairs = [
        (name, f(real), f(made))
        for name, f in (("mean", np.mean), ("median", np.median), ("P90", lambda x: np.quantile(x, 0.9)))
    ]
    words = ", ".join(f"{name} {then:.3g} in history, {now:.3g} simulated" for name, then, now in pairs)
    return Note("back-test", "check", len(real), f"{measure}, minutes, on the months it was fitted to: {words}.")
