"""The files tell one story: titles, deployments, alerts, metrics and logs of an incident agree.

Everything is read from the files with the standard library and a YAML reader; the generator is not asked.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pytest
import yaml

VERSION = re.compile(r"\bv\d+\.\d+\.\d+")
SHOWS_IN = {
    'up{job="': "availability", "restarts_total": "availability", '"5..': "error_rate", "payment:errors": "error_rate",
    "duration_seconds_bucket": "latency", "upstream_requests": "dependency", "cpu_usage": "latency",
    "queue_depth": "latency",
}  # fmt: skip
"""What an expression of a rule speaks of, and the failure that it shows: busy processors and full queues are slow."""
JOURNEYS = {"payment-service", "checkout-service", "search-service", "fraud-service", "user-service"}
"""Services that a step of a synthetic journey needs; paying waits for the fraud check."""
MILESTONES = ("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "resolved_at")
FEW_MINUTES = timedelta(minutes=3)
FIRINGS_FROM = datetime(2026, 4, 1, tzinfo=UTC)
EXPORTED = datetime(2026, 7, 2, 6, tzinfo=UTC)
MARKUP = re.compile(r"<[a-z/!]", re.I)


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


@dataclass(frozen=True)
class Told:
    """What a tracker or the service desk says of one incident."""

    name: str
    service: str
    title: str
    kind: str = ""
    mode: str = ""
    detected_by: str = ""
    fix_path: str = ""
    change: str = ""
    severity: str = ""
    at: dict[str, datetime] = field(default_factory=dict)

    @property
    def started(self) -> datetime | None:
        """When it began; None: nobody stamped it, or a tool copied the moment of detection."""
        at = self.at.get("started_at")
        return None if at is None or at == self.at.get("detected_at") else at

    @property
    def began(self) -> datetime:
        """The start, or the first milestone after it that is known."""
        return next(self.at[name] for name in MILESTONES if name in self.at)

    @property
    def over(self) -> datetime | None:
        """When it was fixed; None: not yet, or the record says a time that has not come."""
        at = self.at.get("resolved_at")
        return None if at is None or at.year > 2030 else at

    def deployed_in(self) -> tuple[datetime, datetime]:
        """Between which moments what broke it went live: up to 25 minutes before it began."""
        return self.began - timedelta(minutes=25 if self.started else 180), self.began


@dataclass(frozen=True)
class Deployment:
    at: datetime
    service: str
    version: str
    status: str
    change: str


@dataclass(frozen=True)
class Firing:
    name: str
    service: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Sample:
    """The files of the large organisation."""

    data: Path

    def _table(self, name: str) -> list[dict[str, str]]:
        return list(csv.DictReader((self.data / name).read_text().splitlines()))

    def _lines(self, name: str) -> list[dict]:
        return [json.loads(line) for line in (self.data / name).read_text().splitlines()]

    @cached_property
    def incidents(self) -> list[Told]:
        """Every counted incident of both trackers, its newest record."""
        with (self.data / "exports/incidents.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        supply = json.loads((self.data / "exports/supply.json").read_text())
        rows += [{name: "" if value is None else str(value) for name, value in one.items()} for one in supply]
        newest = {one["incident_id"]: one for one in sorted(rows, key=lambda one: one["updated_at"])}
        found = []
        for one in newest.values():
            if one["population"] == "counted":
                read = {name: _time(text) for name, text in one.items() if name.endswith("_at")}
                stamps = {name: at for name, at in read.items() if at and name not in ("updated_at", "exported_at")}
                found.append(Told(one["incident_id"], one["service"], one["title"], one["incident_type"],
                                  one["failure_mode"], one["detected_by"], one["fix_path"], one["change_id"],
                                  one["severity"], stamps))  # fmt: skip
        return found

    @cached_property
    def desk(self) -> list[dict[str, str]]:
        """The last row of every number of the service desk's log."""
        return list({one["number"]: one for one in self._table("exports/servicenow.csv")}.values())

    @cached_property
    def pages(self) -> list[tuple[str, str, datetime, bool]]:
        """Title, service, moment and whether it is one of an incident, of every page."""
        listed = json.loads((self.data / "exports/pagerduty.json").read_text())["incidents"]
        return [(one["title"], one["service"]["summary"], datetime.fromisoformat(one["created_at"]),
                 one["priority"] is not None) for one in listed]  # fmt: skip

    @cached_property
    def deployments(self) -> dict[str, list[Deployment]]:
        found: dict[str, list[Deployment]] = {}
        for one in self._table("telemetry/deployments.csv"):
            found.setdefault(one["service"], []).append(
                Deployment(datetime.fromisoformat(one["time"]), one["service"], one["version"], one["status"],
                           one["change_id"]))  # fmt: skip
        return found

    def live(self, service: str, at: datetime) -> str:
        """Return the version that runs: of the last deployment that succeeded; empty before the first one."""
        ran = [one.version for one in self.deployments[service] if one.at <= at and one.status == "succeeded"]
        return ran[-1] if ran else ""

    @cached_property
    def rules(self) -> dict[str, tuple[str, str, str]]:
        """Service, kind of failure and summary of every alert, by name."""
        found = {}
        for path in sorted((self.data / "practices").glob("rules-*.yml")):
            for group in yaml.safe_load(path.read_text())["groups"]:
                for rule in group["rules"]:
                    if "alert" in rule and "service" in rule.get("labels", {}):
                        kind = next(kind for sign, kind in SHOWS_IN.items() if sign in rule["expr"])
                        summary = rule.get("annotations", {}).get("summary", "")
                        found[rule["alert"]] = (rule["labels"]["service"], kind, summary)
        return found

    @cached_property
    def firings(self) -> list[Firing]:
        found = []
        for line in self._lines("telemetry/alertmanager.jsonl"):
            for one in line["alerts"]:
                ended = None if one["endsAt"].startswith("0001") else datetime.fromisoformat(one["endsAt"])
                assert (one["status"] == "firing") == (ended is None)
                found.append(Firing(one["labels"]["alertname"], one["labels"]["service"],
                                    datetime.fromisoformat(one["startsAt"]), ended))  # fmt: skip
        return found

    @cached_property
    def metrics(self) -> dict[str, list[tuple[datetime, float, float]]]:
        """Moment, percent of errors and milliseconds, by service."""
        found: dict[str, list[tuple[datetime, float, float]]] = {}
        for one in self._table("telemetry/metrics.csv"):
            found.setdefault(one["service"], []).append(
                (datetime.fromisoformat(one["time"]), float(one["error_rate"]), float(one["latency_p95"]))
            )
        answer = json.loads((self.data / "telemetry/prometheus.json").read_text())["data"]["result"]
        series = {one["metric"]["__name__"]: one["values"] for one in answer}
        for (at, errors), (_, slow) in zip(
            series["service:error_ratio"], series["service:request_duration_p95_seconds"], strict=True
        ):
            found.setdefault(answer[0]["metric"]["service"], []).append(
                (datetime.fromtimestamp(at, UTC), 100 * float(errors), 1000 * float(slow))
            )
        return found

    @cached_property
    def log(self) -> list[dict]:
        return self._lines("telemetry/logs.jsonl")


# Each returns what disagrees, and how many were looked at.


def titles(sample: Sample) -> tuple[list[str], int]:
    """A version in a title is the one that its service deployed last before the incident began."""
    wrong, looked = [], 0
    for one in sample.incidents:
        for version in VERSION.findall(one.title):
            looked += 1
            early, late = one.deployed_in()
            before = [made for made in sample.deployments[one.service] if made.at <= late]
            ran = [made for made in before if made.at >= early and made.status == "succeeded"]
            fits = [made for made in ran if made.version == version]
            if not fits or (one.started and fits[-1] != before[-1]):
                wrong.append(f"{one.name}: {one.title}")
    return wrong, looked


def changes(sample: Sample) -> tuple[list[str], int]:
    """A failed release or change is in the table, of its service, just before; by its name where it is known."""
    wrong, looked = [], 0
    for one in sample.incidents:
        if one.change or one.kind in ("bad_deployment", "config_change") or one.fix_path == "rollback":
            looked += 1
            early, late = one.deployed_in()
            fits = [made for made in sample.deployments[one.service] if early <= made.at <= late]
            if not any(made.status == "succeeded" and made.change == (one.change or made.change) for made in fits):
                wrong.append(f"{one.name}: {one.kind} {one.change} ended by {one.fix_path}")
    return wrong, looked


def rollbacks(sample: Sample) -> tuple[list[str], int]:
    """Where people rolled back, the version of before is live again when the fix is in place."""
    wrong, looked = [], 0
    for one in sample.incidents:
        if one.fix_path == "rollback" and one.started and one.over:
            looked += 1
            early, late = one.deployed_in()
            broke = [made for made in sample.deployments[one.service] if early <= made.at <= late]
            good = broke and sample.live(one.service, broke[-1].at - timedelta(seconds=1))
            if not broke or (good and sample.live(one.service, one.over) != good):
                wrong.append(f"{one.name}: after {one.title}")
    return wrong, looked


def noticed(sample: Sample) -> tuple[list[str], int]:
    """What an alert noticed has an alert that watches that service for that kind of failure."""
    watched = {(service, kind) for service, kind, _ in sample.rules.values()}
    by_alert = [one for one in sample.incidents if one.detected_by == "alert"]
    wrong = [f"{one.name}: {one.service} {one.mode}" for one in by_alert if (one.service, one.mode) not in watched]
    events = [one for one in sample.desk if one["contact_type"] == "Event"]
    services = {service for service, _ in watched}
    wrong += [f"{one['number']}: {one['cmdb_ci']}" for one in events if one["cmdb_ci"] not in services]
    return wrong, len(by_alert) + len(events)


def own_alerts(sample: Sample) -> tuple[list[str], int]:
    """What an alert noticed since firings are kept has its own: the rule's, begun since the start, before detection."""
    wrong, looked = [], 0
    for one in sample.incidents:
        seen = one.at.get("detected_at")
        if one.detected_by == "alert" and seen and one.began >= FIRINGS_FROM and seen - one.began < timedelta(hours=12):
            looked += 1
            early = max(one.started or seen - FEW_MINUTES, seen - FEW_MINUTES)
            fits = [
                firing for firing in sample.firings
                if firing.service == one.service and early <= firing.start <= seen
                and sample.rules.get(firing.name, ())[:2] == (one.service, one.mode)
            ]  # fmt: skip
            if len(fits) != 1:
                wrong.append(f"{one.name}: {one.service} {one.mode}, {len(fits)} firings of its own")
    return wrong, looked


def endings(sample: Sample) -> tuple[list[str], int]:
    """When an incident is over its alert has ended; one that still fires belongs to an incident that has just begun."""
    wrong, looked = [], 0
    for firing in sample.firings:
        mine = [
            one for one in sample.incidents
            if one.service == firing.service and one.detected_by == "alert"
            and abs(firing.start - one.at.get("detected_at", one.began)) < FEW_MINUTES
        ]  # fmt: skip
        still = [one for one in mine if "resolved_at" not in one.at]
        looked += bool(mine) or firing.end is None
        if firing.end is None and not (still and EXPORTED - firing.start < timedelta(days=2)):
            wrong.append(f"{firing.name} of {firing.service} at {firing.start} fires and no incident has just begun")
        # Two incidents of one service may begin within minutes.
        over = max((one.over for one in mine if one.over), default=None)
        if firing.end is not None and over is not None and firing.end > over + FEW_MINUTES:
            wrong.append(f"{firing.name} of {firing.service} at {firing.start} fires after its incident was over")
    return wrong, looked


def pages(sample: Sample) -> tuple[list[str], int]:
    """What the pager says of an incident is the summary of a rule of that service, or a journey that needs it."""
    said = {(service, f"[FIRING] {summary}") for service, _, summary in sample.rules.values()}
    journeys = [one["name"] for name in ("monitors-shop.yml", "synthetic-monitors.yml")
                for one in yaml.safe_load((sample.data / "practices" / name).read_text())["monitors"]]  # fmt: skip
    mine = [(title, service) for title, service, _, real in sample.pages if real and service != "gateway-service"]
    wrong = [
        f"{service}: {title}" for title, service in mine
        if (service, title) not in said
        and not (service in JOURNEYS and any(title.startswith(f"[FIRING] {name}:") for name in journeys))
    ]  # fmt: skip
    return wrong, len(mine)


def faults(sample: Sample) -> tuple[list[str], int]:
    """Metrics show the fault from the start of the incident to its fix, and quiet before and after."""
    wrong, looked = [], 0
    for one in sample.incidents:
        if one.started and one.over:
            first, last = one.started - timedelta(minutes=30), one.over + timedelta(minutes=15)
            near = [row for row in sample.metrics.get(one.service, []) if first <= row[0] <= last]
            looked += bool(near)
            for at, errors, slow in near:
                failing = errors > 1 or slow > 500
                if one.started <= at <= one.over and not failing:
                    wrong.append(f"{one.name}: quiet at {at}")
                if (at < one.started - FEW_MINUTES or at > one.over + FEW_MINUTES) and failing:
                    wrong.append(f"{one.name}: failing at {at}")
    return wrong, looked


def logs(sample: Sample) -> tuple[list[str], int]:
    """A line of the log says the version that the deployments say is live, and errors say the one that broke it."""
    said = [one for one in sample.log if "version" in one]
    wrong = [
        f"{one['timestamp']} {one['service']} {one['version']}" for one in said
        if one["version"] != sample.live(one["service"], datetime.fromisoformat(one["timestamp"]))
    ]  # fmt: skip
    return wrong, len(said)


def markup(sample: Sample) -> tuple[list[str], int]:
    """No markup in the titles of the ten longest incidents of any month."""
    wrong, looked = [], 0
    months: dict[str, list[tuple[timedelta, Told]]] = {}
    for one in sample.incidents:
        lasted = (one.over or datetime(2030, 1, 1, tzinfo=UTC)) - one.began
        months.setdefault(f"{one.began:%Y-%m}", []).append((lasted, one))
    for listed in months.values():
        longest = [one for _, one in sorted(listed, key=lambda pair: pair[0], reverse=True)[:10]]
        looked += len(longest)
        wrong += [f"{one.name}: {one.title}" for one in longest if MARKUP.search(one.title)]
    return wrong, looked


CHECKS = (titles, changes, rollbacks, noticed, own_alerts, endings, pages, faults, logs, markup)


@pytest.fixture(scope="module")
def sample(root: Path) -> Sample:
    return Sample(root / "data")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_files_agree(sample: Sample, check: Callable[[Sample], tuple[list[str], int]]) -> None:
    wrong, looked = check(sample)
    assert looked > 0 and wrong == []
