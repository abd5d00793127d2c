"""Who is told outside of the Alertmanager: Grafana's policies, and the handles of Datadog messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mttrlab as ml
from mttrlab.errors import LoadError
from mttrlab.schema import Practices
from mttrlab.sources.practices import read_practices, recognise

RULES = """apiVersion: 1
groups:
- {orgId: 1, name: shop, folder: prod, interval: 1m, rules: [
    {title: Error ratio, for: 5m, labels: {severity: warning, team: shop, service: shop},
     data: [{refId: A, relativeTimeRange: {from: 600, to: 0}, datasourceUid: p}, {refId: C, datasourceUid: __expr__}]},
    {title: Latency high, labels: {severity: critical, service: shop}},
    {title: Downtime, labels: {severity: info, service: shop}, notification_settings: {receiver: own, group_wait: 1s,
     mute_time_intervals: [weekends]}}]}
"""
POLICIES = """apiVersion: 1
policies:
- receiver: slack
  group_wait: 45s
  routes:
  - receiver: slack
    object_matchers: [[severity, '=~', 'warning|info'], [grafana_folder, '=', prod]]
    group_wait: 5m
    mute_time_intervals: [weekends]
    routes:
    - {receiver: deep, matchers: ['team = shop'], group_wait: 2m}
  - {receiver: pager, object_matchers: [[severity, '=', critical]], continue: true, group_wait: 10s}
  - {receiver: log, object_matchers: [[severity, '=', critical]], group_wait: 0s}
contactPoints:
- {name: slack, receivers: [{uid: s, type: slack}]}
- {name: log, receivers: []}
muteTimes: [{name: weekends, time_intervals: [{weekdays: [saturday, sunday]}]}]
"""
ALERTMANAGER = "route: {receiver: void, group_wait: 9m}\nreceivers: [{name: void}, {name: x, y_configs: [1]}]\n"


def _read(folder: Path, **texts: str) -> Practices:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text)
    return read_practices(folder)


def test_alerts_of_grafana_take_its_policies_and_not_the_alert_manager_s_routes(tmp_path: Path) -> None:
    practices = _read(tmp_path, alertmanager=ALERTMANAGER, policies=POLICIES, rules=RULES)
    found = ml.alert_routes(practices).set_index("alert")
    assert found["receiver"].to_dict() == {"Error ratio": "deep", "Latency high": "pager, log", "Downtime": "own"}
    assert found["group_wait_s"].to_dict() == {"Error ratio": 120, "Latency high": 10, "Downtime": 1}
    # A policy's mute timings are not those of the policies below it.
    assert found["hours_per_week"].to_dict() == {"Error ratio": 168, "Latency high": 168, "Downtime": 120}
    alone = _read(tmp_path, policies="apiVersion: 1\ncontactPoints: []\n")
    assert {rule.group_wait_s for rule in alone.paging()} == {None, 1}
    assert "say nothing about detection" in " ".join(alone.notes)


def test_the_wait_of_the_matching_policy_is_in_the_delay_and_its_mute_timing_is_said(tmp_path: Path) -> None:
    text = POLICIES.replace("team = shop", "team = other")
    report = ml.alert_coverage(["shop"], _read(tmp_path, policies=text, rules=RULES))
    row = report.table.query("failure_mode == 'error_rate'").iloc[0]
    assert row["mean"] == pytest.approx(11.0) and row["on"] == "120 of 168 h (Mon-Fri UTC)"


def test_a_query_that_ends_in_the_past_is_late_by_that(tmp_path: Path) -> None:
    rule, *_ = _read(tmp_path, rules=RULES.replace("to: 0", "to: 300")).alerts
    assert rule.delay_s == 300
    with pytest.raises(LoadError, match=r"relativeTimeRange.to must be a number of seconds"):
        _read(tmp_path, rules=RULES.replace("to: 0", "to: now"))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[severity, '=', critical]], continue", "[severity, critical]], continue", "must be a label, an operator and"),
        ("policies:\n- receiver", "policies:\n  receiver", "policies must be a list of policies"),
        ("[weekends]", "weekends", "mute_time_intervals must be a list of names"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_with_its_place(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    text = POLICIES.replace(old, new, 1) if "policies:" not in old else "apiVersion: 1\npolicies: {receiver: slack}\n"
    with pytest.raises(LoadError) as refused:
        _read(tmp_path, policies=text)
    assert sentence in str(refused.value)


def test_policies_as_json_and_as_manifests_are_read(tmp_path: Path) -> None:
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"apiVersion": 1, "policies": [{"receiver": "a", "group_wait": "9s"}]}))
    assert recognise(file) == "grafana alerts"
    read = read_practices(file).settings.policies
    file.unlink()
    assert read is not None and (read.receiver, read.group_wait_s) == ("a", 9)
    manifests = """apiVersion: grafana.integreatly.org/v1beta1
kind: GrafanaNotificationPolicy
metadata: {name: p}
spec: {route: {receiver: b, mute_time_intervals: [nights]}}
---
apiVersion: grafana.integreatly.org/v1beta1
kind: GrafanaMuteTiming
metadata: {name: m}
spec: {name: nights, time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]}
"""
    found = _read(tmp_path, manifests=manifests).settings
    assert found.policies is not None and found.policies.receiver == "b"
    assert [(name, on.hours_per_week) for name, on in found.mute_timings] == [("nights", 42)]


def _monitor(message: Any, **more: Any) -> dict[str, Any]:
    query = '"http.can_connect".over("instance:orders").by("*").last(2).count_by_status()'
    said = {"name": "Orders down", "type": "service check", "query": query, "tags": ["service:orders"]}
    return {**said, "message": message, "options": {"thresholds": {"critical": 1}, **more}}


def _datadog(folder: Path, *monitors: dict[str, Any]) -> Practices:
    (folder / "monitors.json").write_text(json.dumps(list(monitors)))
    return read_practices(folder / "monitors.json")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Orders cannot be reached. @pagerduty-orders", "@pagerduty-orders"),
        ("@slack-ops-alerts, @ann.lee@example.com.", "@slack-ops-alerts, @ann.lee@example.com"),
        ("{{#is_alert}}@pagerduty-x{{/is_alert}}", "@pagerduty-x"),
        ("{{#is_alert}}\nDown\n@webhook-a\n{{/is_alert}}{{#is_recovery}}@slack-b{{/is_recovery}}", "@webhook-a"),
        ("{{^is_recovery}}@opsgenie-x{{/is_recovery}}", "@opsgenie-x"),
        ("{{#is_warning}}low{{else}}@oncall-orders{{/is_warning}}", "@oncall-orders"),
        ("@slack-{{owner.name}}", "@slack-{{owner.name}}"),
        ("@{{owner.handle}}", "@{{owner.handle}}"),
        ("@here something is wrong", ""),
        ("Ask the team.", ""),
        ("{{#is_warning}}@slack-low{{/is_warning}}", ""),
        ("{{#is_recovery}}@pagerduty-x{{/is_recovery}}{{#is_no_data}}@slack-y{{/is_no_data}}", ""),
        ("{{#is_renotify}}@pagerduty-x{{/is_renotify}}", ""),
        ("{{^is_alert}}@slack-x{{/is_alert}}", ""),
        ("{{!-- @slack-old --}} mail ops@example.com", ""),
        ("{{#is_match \"env\" \"prod\"}}{{#is_recovery}}@slack-x{{/is_recovery}}{{/is_match}}", ""),
        ("errors of @http.status_code:500 by @usr.id in {{@usr.id}}", ""),
        ("cc @slack-x: look", "@slack-x"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_handles_that_an_alert_reaches_are_told_and_none_is_no_coverage(
    tmp_path: Path, message: str, told: str
) -> None:
    practices = _datadog(tmp_path, _monitor(message))
    (route,) = ml.alert_routes(practices).to_dict("records")
    assert (route["receiver"], route["pages"], route["unsure"]) == (told, bool(told), "")
    report = ml.alert_coverage(None, practices)
    row = report.table.query("failure_mode == 'availability'").iloc[0]
    assert (row["covered"], row["verdict"]) == ((True, "late") if told else (False, "sent to nobody"))
    silent = "1 of 1 monitors name no @-handle for an alert (Orders down)"
    assert (silent in " ".join(practices.notes)) is not bool(told)
    assert ("notification rule" in " ".join(report.unheard["why"])) is not bool(told)


def test_a_handle_that_depends_on_a_tag_is_told_and_unsure(tmp_path: Path) -> None:
    practices = _datadog(tmp_path, _monitor('{{#is_match "env.name" "prod"}}@pagerduty-x{{/is_match}}'))
    (route,) = ml.alert_routes(practices).to_dict("records")
    assert route["pages"] and route["unsure"] == '#is_match "env.name" "prod"'


def test_templates_and_monitors_without_a_message_silence_nobody(tmp_path: Path) -> None:
    read = _datadog(tmp_path, {"definition": _monitor("Notify:")}, {**_monitor(None)})
    assert not read.unheard() and not read.notes


def test_what_datadog_looks_at_in_the_past_is_late_by_that(tmp_path: Path) -> None:
    shifted = "avg(last_5m):timeshift(avg:shop.errors{service:orders}.as_rate(), -900) > 3"
    beside = "avg(last_5m):avg:shop.errors{*} - timeshift(avg:shop.errors{*}, -900) > 3"
    monitors = [{**_monitor("@a", evaluation_delay=60), "type": "metric alert", "query": q} for q in (shifted, beside)]
    assert [rule.delay_s for rule in _datadog(tmp_path, *monitors).alerts] == [960, 60]


@pytest.mark.parametrize(
    ("rrule", "hours", "every"),
    [
        ("FREQ=HOURLY;BYDAY=MO,TU,WE,TH,FR;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0", 40, 3600),
        ("FREQ=MINUTELY;INTERVAL=10;BYHOUR=8,9", 14, 600),
        ("FREQ=HOURLY;INTERVAL=1", 168, 3600),
        ("FREQ=DAILY;INTERVAL=1;BYHOUR=9;BYMINUTE=30", 168, 86_400),
        ("FREQ=WEEKLY;BYDAY=MO", 168, 7 * 86_400),
    ],
)
def test_a_custom_schedule_is_the_hours_in_which_a_monitor_is_evaluated(
    tmp_path: Path, rrule: str, hours: float, every: float
) -> None:
    schedule = {"custom_schedule": {"recurrences": [{"rrule": rrule, "timezone": "Europe/Paris"}]}}
    (rule,) = _datadog(tmp_path, _monitor("@a", scheduling_options=schedule)).paging()
    assert rule.eval_s == every
    assert (168 if rule.hours is None else rule.hours.hours_per_week) == hours
    wrong = {"custom_schedule": {"recurrences": [{"rrule": "FREQ=SOMETIMES"}]}}
    with pytest.raises(LoadError, match="must have a rrule such as FREQ=DAILY"):
        _datadog(tmp_path, _monitor("@a", scheduling_options=wrong))
