"""The lab's own YAML forms → practices: the founding text's monitors and remediation as printed, and its kin."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mttrlab.schema import (
    AlertMapping,
    AlertRule,
    ChangePath,
    MonitoringSettings,
    MonitorStep,
    OnCallLevel,
    OnCallSchedule,
    Practices,
    RemediationRule,
    Runbook,
    SyntheticMonitor,
)
from mttrlab.sources.practices import forms
from mttrlab.sources.practices.addresses import without_secrets
from mttrlab.sources.practices.durations import seconds
from mttrlab.sources.practices.faults import Faults, Place, shown
from mttrlab.sources.practices.labelling import failure_mode
from mttrlab.sources.practices.sentence import rule_from_sentence

_SECRET = {"body", "headers"}
_PLAIN = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": 'must be a time of day in quotes, such as "09:00"',
    "too_short": "must hold at least one entry",
}


def own_forms(value: dict[str, Any], faults: Faults, file: str) -> Practices:
    """Return what a document of our own forms says; what is wrong goes to `faults`."""
    actions = _actions(value, faults)
    try:
        form = forms.PracticesForm.model_validate(value)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _told(fault, faults)
    if faults.found:
        return Practices()
    wide = form.monitoring or forms.MonitoringForm()
    silent = tuple(monitor.name for monitor in form.monitors if not monitor.enabled)
    return Practices(
        alerts=tuple(_alert(alert, file) for alert in form.alerts),
        monitors=tuple(_monitor(monitor, file) for monitor in form.monitors if monitor.enabled),
        remediation=tuple(_remediation(*pair, file) for pair in zip(form.remediation, actions, strict=True)),
        runbooks=tuple(
            Runbook(
                book.name, tuple(book.incident_types), tuple(book.alerts), book.service, without_secrets(book.url),
                book.automated_diagnosis, book.diagnosis_minutes, book.reviewed, file,
            )
            for book in form.runbooks
        ),
        change_paths=tuple(_change_path(path, file) for path in form.change_paths),
        on_call=tuple(_schedule(schedule, file) for schedule in form.on_call),
        mappings=tuple(AlertMapping(one.alert, one.service, one.failure_mode, file) for one in form.alert_map),
        settings=MonitoringSettings(
            wide.scrape, wide.evaluation, wide.group_wait, source=file if form.monitoring else ""
        ),
        notes=(f"{file}: switched off and left out: {', '.join(silent)}",) if silent else (),
    )  # fmt: skip


def _told(fault: ErrorDetails, faults: Faults) -> None:
    place: Place = tuple(fault["loc"])
    kind, value = fault["type"], fault.get("input")
    if kind == "extra_forbidden":
        faults.unknown_keys(place[:-1], [place[-1]], _known_keys(place[:-1]))
        return
    if kind == "missing":
        faults.add(place, "is missing")
        return
    text = _PLAIN.get(kind) or fault["msg"].removeprefix("Value error, ")
    told = (
        any(part in _SECRET for part in place) or "; got" in text or (kind == "value_error" and isinstance(value, dict))
    )
    text = text.replace("Input should", "must")
    faults.add(place, text[0].lower() + text[1:] + ("" if told else f"; got {shown(value)}"))


def _known_keys(place: Place) -> list[str]:
    model: Any = forms.PracticesForm
    for part in place:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner = [field.annotation] if field else []
        model = None
        while inner:
            kind = inner.pop()
            if isinstance(kind, type) and issubclass(kind, forms.Form):
                model = kind
            inner += list(getattr(kind, "__args__", ()))
        if model is None:
            return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _monitor(form: forms.MonitorForm, file: str) -> SyntheticMonitor:
    steps = tuple(
        MonitorStep(
            step.name or f"step {n}",
            without_secrets(step.url),
            step.method,
            step.assert_status,
            step.assert_load_time_ms,
            step.assert_json_path is not None or step.assert_body_contains is not None,
            step.service,
        )
        for n, step in enumerate(form.steps, start=1)
    )
    return SyntheticMonitor(
        form.name, form.interval, form.confirmations, form.retry_interval, (), form.locations, form.quorum, form.spread,
        form.timeout, form.sensitivity, steps, form.service, tuple(form.services), severity=form.severity, source=file,
    )  # fmt: skip


def _actions(value: dict[str, Any], faults: Faults) -> list[dict[str, Any]]:
    """Return each rule's action with its attempts and timeout, wherever they stand; what is wrong goes to `faults`."""
    rules = value.get("remediation")
    made = []
    for n, rule in enumerate(rules if isinstance(rules, list) else []):
        action = rule.get("action") if isinstance(rule, dict) else None
        made.append(_action(rule, dict(action), ("remediation", n), faults) if isinstance(action, dict) else {})
    return made


def _action(rule: dict[str, Any], action: dict[str, Any], place: Place, faults: Faults) -> dict[str, Any]:
    if not isinstance(action.get("type"), str) or not action["type"].strip():
        faults.add((*place, "action"), "must say its type, such as script or scale_deployment")
    for key in ("max_auto_attempts", "timeout"):
        if key not in action:
            continue
        try:
            action[key] = _inside(key, action[key])
            beside = None if rule.get(key) is None else _inside(key, rule[key])
        except ValueError as error:
            faults.add((*place, "action", key), str(error))
            continue
        if beside not in (None, action[key]):
            faults.add((*place, key), f"says {beside:g} and its action says {action[key]:g}; keep one")
    known = ("max_auto_attempts", "timeout", "type", "notify", "alert")
    for key, value in action.items():
        near = [name for name in known if _like(key, name)]
        if near:
            faults.add((*place, "action", key), f"is no setting here; did you mean {near[0]}?")
        elif isinstance(value, dict | list):
            faults.add((*place, "action", key), f"must be a plain value; got {shown(value)}")
    return action


def _remediation(form: forms.RemediationForm, action: dict[str, Any], file: str) -> RemediationRule:
    attempts = action.get("max_auto_attempts", form.max_auto_attempts)
    kept = tuple(
        (key, str(value)[:300])
        for key, value in action.items()
        if key not in ("type", "max_auto_attempts", "timeout") and "$" not in str(value)
    )
    return RemediationRule(
        form.alert, str(action["type"]), 1 if attempts is None else attempts, action.get("timeout", form.timeout),
        tuple(form.notify), kept, file,
    )  # fmt: skip


def _inside(key: str, value: Any) -> float:
    if key == "timeout":
        run = seconds(value)
        if run == 0:
            raise ValueError("must be above 0")
        return run
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise ValueError(f"must be a whole number from 1 to 100; got {shown(value)}")
    return value


def _like(key: str, known: str) -> bool:
    from difflib import SequenceMatcher

    return key != known and SequenceMatcher(None, key, known).ratio() > 0.85


def _change_path(form: forms.ChangePathForm, file: str) -> ChangePath:
    time = form.minutes
    low, likely, high = (time.low, time.likely, time.high) if isinstance(time, forms.TimeForm) else (time,) * 3
    return ChangePath(
        form.name, form.kind, tuple(form.services), tuple(form.incident_types), form.eligible, low, likely, high,
        form.success, form.documented, form.rehearsed, form.command, file,
    )  # fmt: skip


def _schedule(form: forms.OnCallForm, file: str) -> OnCallSchedule:
    levels = tuple(
        OnCallLevel(
            level.pool, level.people, level.ack_timeout_minutes, tuple(level.days), level.start, level.end,
            level.ack_minutes,
        )
        for level in form.levels
    )  # fmt: skip
    return OnCallSchedule(form.name, form.timezone, levels, form.repeats, tuple(form.services), file)


def _alert(form: forms.AlertForm, file: str) -> AlertRule:
    said = rule_from_sentence(form.rule) if form.rule else AlertRule(form.name)
    name = form.name or said.name
    mode, why = (form.failure_mode, "its failure_mode") if form.failure_mode else (said.failure_mode, said.why)
    if mode == "unknown":
        mode, why = failure_mode(name, form.rule)
    return AlertRule(
        name, form.service or (form.services[0] if form.services else said.service), mode, form.rule,
        form.for_ or said.for_s, form.window or said.window_s,
        said.threshold if form.threshold is None else form.threshold, form.evaluation, form.scrape, form.group_wait,
        severity=form.severity or said.severity, source=file, why=why,
        also=tuple(form.services[0 if form.service else 1 :]), conditions=() if form.window else said.conditions,
    )  # fmt: skip
