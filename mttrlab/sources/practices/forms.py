"""The lab's own YAML forms, typed strictly: a typo, a wrong type or a word too many is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from mttrlab.sources.practices.durations import seconds

Seconds = Annotated[float, BeforeValidator(seconds)]
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


def _count(value: Any) -> Any:
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
    action: dict[str, Any]
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


def _three(value: Any) -> Any:
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
