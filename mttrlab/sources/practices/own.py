"""The lab's own YAML forms → practices: the founding text's monitors and remediation as printed, and its kin."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from mttrlab.errors import LoadError
from mttrlab.schema import (
    AlertMapping,
    AlertRule,
    ChangePath,
    Condition,
    MonitoringSettings,
    MonitorStep,
    OnCallLevel,
    OnCallSchedule,
    Practices,
    RemediationRule,
    Runbook,
    SyntheticMonitor,
)
from mttrlab.sources.practices.promql import failure_mode
from mttrlab.sources.practices.reading import duration_seconds, without_secrets
from mttrlab.yaml_io import FileFaults, Place, value_in_words

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


def own_forms(value: dict[str, object], faults: FileFaults, file: str) -> Practices:
    """Return what a document of our own forms says; what is wrong goes to `faults`."""
    actions = _actions(value, faults)
    try:
        form = PracticesForm.model_validate(value)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _told(fault, faults)
    if faults.found:
        return Practices()
    wide = form.monitoring or MonitoringForm()
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


def _told(fault: ErrorDetails, faults: FileFaults) -> None:
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
    faults.add(place, text[0].lower() + text[1:] + ("" if told else f"; got {value_in_words(value)}"))


def _known_keys(place: Place) -> list[str]:
    model: type[Form] = PracticesForm
    for part in place:
        if isinstance(part, int):
            continue
        field = model.model_fields.get(part)
        inner: list[object] = [field.annotation] if field else []
        found: type[Form] | None = None
        while inner:
            kind = inner.pop()
            if isinstance(kind, type) and issubclass(kind, Form):
                found = kind
            inner += list(getattr(kind, "__args__", ()))
        if found is None:
            return []
        model = found
    return [field.alias or name for name, field in model.model_fields.items()]


def _monitor(form: MonitorForm, file: str) -> SyntheticMonitor:
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


def _actions(value: dict[str, object], faults: FileFaults) -> list[dict[str, object]]:
    """Return each rule's action with its attempts and timeout, wherever they stand; what is wrong goes to `faults`."""
    rules = value.get("remediation")
    made = []
    for n, rule in enumerate(rules if isinstance(rules, list) else []):
        action = rule.get("action") if isinstance(rule, dict) else None
        made.append(_action(rule, dict(action), ("remediation", n), faults) if isinstance(action, dict) else {})
    return made


def _action(rule: dict[str, object], action: dict[str, object], place: Place, faults: FileFaults) -> dict[str, object]:
    kind = action.get("type")
    if not isinstance(kind, str) or not kind.strip():
        faults.add((*place, "action"), "must say its type, such as script or scale_deployment")
    for key in ("max_auto_attempts", "timeout"):
        if key not in action:
            continue
        try:
            inside = action[key] = _attempts_or_timeout(key, action[key])
            beside = None if rule.get(key) is None else _attempts_or_timeout(key, rule[key])
        except ValueError as error:
            faults.add((*place, "action", key), str(error))
            continue
        if beside not in (None, inside):
            faults.add((*place, key), f"says {beside:g} and its action says {inside:g}; keep one")
    known = ("max_auto_attempts", "timeout", "type", "notify", "alert")
    for key, value in action.items():
        near = [name for name in known if _like(key, name)]
        if near:
            faults.add((*place, "action", key), f"is no setting here; did you mean {near[0]}?")
        elif isinstance(value, dict | list):
            faults.add((*place, "action", key), f"must be a plain value; got {value_in_words(value)}")
    return action


def _remediation(form: RemediationForm, action: dict[str, object], file: str) -> RemediationRule:
    attempts = action.get("max_auto_attempts", form.max_auto_attempts)
    timeout = action.get("timeout", form.timeout)
    kept = tuple(
        (key, str(value)[:300])
        for key, value in action.items()
        if key not in ("type", "max_auto_attempts", "timeout") and "$" not in str(value)
    )
    return RemediationRule(
        form.alert, str(action["type"]), attempts if isinstance(attempts, int) else 1,
        timeout if isinstance(timeout, float) else None, tuple(form.notify), kept, file,
    )  # fmt: skip


def _attempts_or_timeout(key: str, value: object) -> float:
    if key == "timeout":
        run = duration_seconds(value)
        if run == 0:
            raise ValueError("must be above 0")
        return run
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise ValueError(f"must be a whole number from 1 to 100; got {value_in_words(value)}")
    return value


def _like(key: str, known: str) -> bool:
    from difflib import SequenceMatcher

    return key != known and SequenceMatcher(None, key, known).ratio() > 0.85


def _change_path(form: ChangePathForm, file: str) -> ChangePath:
    time = form.minutes
    low, likely, high = (time.low, time.likely, time.high) if isinstance(time, TimeForm) else (time,) * 3
    return ChangePath(
        form.name, form.kind, tuple(form.services), tuple(form.incident_types), form.eligible, low, likely, high,
        form.success, form.documented, form.rehearsed, form.command, file,
    )  # fmt: skip


def _schedule(form: OnCallForm, file: str) -> OnCallSchedule:
    levels = tuple(
        OnCallLevel(
            level.pool, level.people, level.ack_timeout_minutes, tuple(level.days), level.start, level.end,
            level.ack_minutes,
        )
        for level in form.levels
    )  # fmt: skip
    return OnCallSchedule(form.name, form.timezone, levels, form.repeats, tuple(form.services), file)


def _alert(form: AlertForm, file: str) -> AlertRule:
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


# The lab's own YAML forms, typed strictly: a typo, a wrong type or a word too many is refused.


Seconds = Annotated[float, BeforeValidator(duration_seconds)]
Positive = Annotated[Seconds, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Minutes = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True, max_length=500)]
Mode = Literal["availability", "latency", "error_rate", "dependency", "correctness"]
Hour = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


class Form(BaseModel):
    """Base of every form: strict types, nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, str_strip_whitespace=True)


class StepForm(Form):
    name: Text = ""
    url: Text
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = "GET"
    body: str = Field(default="", repr=False)
    headers: dict[str, str] = Field(default_factory=dict, repr=False)
    assert_status: Annotated[int, Field(ge=100, le=599)] | None = None
    assert_load_time_ms: Annotated[float, Field(gt=0)] | None = None
    assert_json_path: Text | None = None
    assert_body_contains: Text | None = None
    use_auth_from_step: Annotated[int, Field(ge=1)] | None = None
    service: Text = ""


def _count(value: object) -> object:
    return len(value) if isinstance(value, list) else value


class MonitorForm(Form):
    name: Text
    type: Text = "multi-step"
    interval: Positive
    steps: Annotated[list[StepForm], Field(min_length=1)]
    service: Text = ""
    services: list[Text] = []
    confirmations: Annotated[int, Field(ge=1, le=100)] = 1
    retry_interval: Seconds | None = None
    locations: Annotated[int, Field(ge=1, le=50), BeforeValidator(_count)] = 1
    quorum: Annotated[int, Field(ge=1)] = 1
    spread: Literal["random", "staggered", "together"] = "random"
    timeout: Seconds = 0.0
    sensitivity: Share = 1.0
    severity: Text = ""
    enabled: bool = True

    @model_validator(mode="after")
    def _possible(self) -> MonitorForm:
        if self.quorum > self.locations:
            raise ValueError(f"needs {self.quorum} locations to agree and has {self.locations}")
        for n, step in enumerate(self.steps, start=1):
            if step.use_auth_from_step is not None and step.use_auth_from_step >= n:
                raise ValueError(
                    f"step {n} takes its login from step {step.use_auth_from_step}, which is not before it"
                )
        return self


class RemediationForm(Form):
    alert: Text
    action: dict[str, object]
    max_auto_attempts: Annotated[int, Field(ge=1, le=100)] | None = None
    timeout: Positive | None = None
    notify: list[Text] = []


class RunbookForm(Form):
    name: Text
    incident_types: list[Text] = []
    alerts: list[Text] = []
    service: Text = ""
    url: Text = ""
    automated_diagnosis: bool = False
    diagnosis_minutes: Minutes | None = None
    reviewed: Text = ""


class TimeForm(Form):
    """Minutes: low, likely, high; one number stands for all three."""

    low: Minutes
    likely: Minutes
    high: Minutes

    @model_validator(mode="after")
    def _ordered(self) -> TimeForm:
        if not self.low <= self.likely <= self.high:
            raise ValueError(f"must rise from low to high; got {self.low:g}, {self.likely:g}, {self.high:g}")
        return self


def _three(value: object) -> object:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"low": value, "likely": value, "high": value} if number else value


class ChangePathForm(Form):
    name: Text
    kind: Literal["flag", "rollback", "terraform", "migration", "config", "scale", "failover", "other"]
    services: list[Text] = []
    incident_types: list[Text] = []
    eligible: Share = 1.0
    minutes: Annotated[TimeForm | None, BeforeValidator(_three)] = None
    success: Share = 1.0
    documented: bool = False
    rehearsed: Text = ""
    command: Text = ""


class LevelForm(Form):
    pool: Text
    people: Annotated[int, Field(ge=1)] = 1
    ack_timeout_minutes: Annotated[float, Field(gt=0)] = 5.0
    ack_minutes: Annotated[float, Field(gt=0)] | None = None
    days: Annotated[list[Day], Field(min_length=1)] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    start: Hour = "00:00"
    end: Hour = "24:00"


def _zone(value: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(value)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"must be an IANA name, such as Europe/Berlin; got {value[:40]!r}") from None
    return value


class OnCallForm(Form):
    name: Text
    timezone: Annotated[Text, AfterValidator(_zone)] = "UTC"
    levels: Annotated[list[LevelForm], Field(min_length=1)]
    repeats: Annotated[int, Field(ge=0)] = 0
    services: list[Text] = []


class AlertForm(Form):
    name: Text = ""
    rule: Text = ""
    service: Text = ""
    services: list[Text] = []
    failure_mode: Mode | None = None
    for_: Seconds = Field(default=0.0, alias="for")
    window: Seconds = 0.0
    threshold: float | None = None
    scrape: Seconds | None = None
    evaluation: Positive | None = None
    group_wait: Seconds | None = None
    severity: Text = ""

    @model_validator(mode="after")
    def _named(self) -> AlertForm:
        if not (self.name or self.rule):
            raise ValueError("must have a name or a rule")
        return self


class MappingForm(Form):
    alert: Text
    service: Text | None = None
    failure_mode: Mode | None = None


class MonitoringForm(Form):
    scrape: Seconds | None = None
    evaluation: Positive | None = None
    group_wait: Seconds | None = None


class PracticesForm(Form):
    """One file may hold any of these lists."""

    monitors: list[MonitorForm] = []
    remediation: list[RemediationForm] = []
    runbooks: list[RunbookForm] = []
    change_paths: list[ChangePathForm] = []
    on_call: list[OnCallForm] = []
    alerts: list[AlertForm] = []
    alert_map: list[MappingForm] = []
    monitoring: MonitoringForm | None = None


KEYS = frozenset(PracticesForm.model_fields)


# Practices as text and back, so that a lab can keep what was read and not the files.


@cache
def _adapter() -> TypeAdapter[Practices]:
    return TypeAdapter(Practices)


def to_json(practices: Practices) -> str:
    """Return practices as JSON text; the same practices give the same text."""
    return _adapter().dump_json(practices).decode()


def from_json(text: str) -> Practices:
    """Return the practices that `to_json` wrote."""
    return _adapter().validate_json(text)


# An alert as people say it: `[P1] payment_error_rate > 5% for 5 minutes`.


_SENTENCE = re.compile(
    r"\s*(?:\[(?P<severity>[^\]]{1,20})\]\s*)?(?P<metric>[A-Za-z_][\w.:-]*(?:\s[A-Za-z_][\w.:-]*){0,3})\s*"
    r"(?P<sign>>=|<=|>|<)\s*(?P<value>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>%|ms|s)?"
    r"(?:\s+for\s+(?P<hold>[0-9]+(?:\.[0-9]+)?)\s*(?P<span>s|secs?|seconds?|m|mins?|minutes?|h|hours?))?\s*"
)
_SPANS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MEASURE = re.compile(
    r"[_ ](error_rate|error rate|errors?|(p[0-9]{2}_?)?latency|latency|availability|up|duration)\b.*$"
)


def rule_from_sentence(text: str) -> AlertRule:
    """Return the alert rule that a sentence describes.

    Parameters
    ----------
    text : str
        Severity in brackets (optional), a measure, a comparison with %, ms or s, and `for …` (optional).

    Raises
    ------
    LoadError
        When it says something else.

    Examples
    --------
    >>> rule = rule_from_sentence("[P1] payment_error_rate > 5% for 5 minutes")
    >>> rule.service, rule.failure_mode, rule.threshold, rule.for_s, rule.severity
    ('payment', 'error_rate', 0.05, 300.0, 'P1')
    """
    found = _SENTENCE.fullmatch(text)
    if found is None:
        raise LoadError(f"{text[:80]!r} is no alert rule such as 'payment_error_rate > 5% for 5 minutes'")
    metric, unit = found["metric"], found["unit"]
    value = float(found["value"])
    threshold = value / 100 if unit == "%" else value / 1000 if unit == "ms" else value
    held = float(found["hold"]) * _SPANS[found["span"][0]] if found["hold"] else 0.0
    mode, why = failure_mode(metric.replace(" ", "_"), "")
    service = _MEASURE.sub("", metric) if _MEASURE.search(metric) else ""
    severity = found["severity"] or ""
    # The measure is taken as the latest sample: the sentence names no window.
    watched = ((Condition(0.0, threshold),),)
    return AlertRule(
        metric, service, mode, text.strip(), held, 0.0, threshold, severity=severity, conditions=watched, why=why
    )
