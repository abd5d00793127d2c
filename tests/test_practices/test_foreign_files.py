"""Rule files as other teams have them: every rule placed, or unknown with its reason; a fault is a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mttrlab.errors import LoadError
from mttrlab.schema import Practices
from mttrlab.sources.practices import read_practices, recognise

RULES = """groups:
- name: api
  rules:
  - alert: ApiDown
    expr: up{job="api"} == 0
    for: 5m
"""


def _read(folder: Path, text: str, name: str = "rules.yml") -> Practices:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return read_practices(file)


def _indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}\n" for line in text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        RULES.replace("\n", "\r\n"),
        "namespace: team\n" + RULES,
        "x-labels: &all {severity: page}\n" + RULES + "    labels: *all\n",
        RULES.replace("    for: 5m", "    for: 5m\n    keep_firing_for: 1h30m"),
        "apiVersion: operator.victoriametrics.com/v1beta1\nkind: VMRule\nmetadata: {name: a}\nspec:\n"
        + _indented(RULES, 2),
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  api.rules: |\n" + _indented(RULES, 4),
        "additionalPrometheusRulesMap:\n  custom:\n" + _indented(RULES, 4),
        "serverFiles:\n  alerting_rules.yml:\n" + _indented(RULES, 4),
        RULES.replace("groups:", "team-a:"),
        RULES.replace('job="api"', 'job=~".*api.*"'),
    ],
)
def test_the_same_rule_is_read_in_whatever_a_team_wraps_it(tmp_path: Path, text: str) -> None:
    (rule,) = _read(tmp_path, text).alerts
    assert (rule.name, rule.service, rule.failure_mode, rule.for_s) == ("ApiDown", "api", "availability", 300.0)
    assert recognise(tmp_path / "rules.yml") is not None


def test_alerts_that_grafana_manages_are_named_and_their_queries_said_to_be_unread(tmp_path: Path) -> None:
    text = """apiVersion: 1
groups:
- orgId: 1
  name: shop
  interval: 30s
  rules:
  - {uid: a, title: Checkout latency high, condition: C, data: [], for: 2m, labels: {service: checkout, severity: page}}
  - {uid: b, title: Odd, condition: C, data: []}
"""
    read = _read(tmp_path, text)
    latency, odd = read.alerts
    assert (latency.service, latency.failure_mode, latency.for_s, latency.eval_s) == ("checkout", "latency", 120, 30)
    assert odd.failure_mode == "unknown" and "not read" in odd.why
    assert "2 alerts that Grafana manages" in read.notes[0]
    with pytest.raises(LoadError) as refused:
        _read(tmp_path, text.replace("30s", "often").replace("2m", "12:30"))
    assert "has 2 faults" in str(refused.value) and "groups[0].rules[0].for" in str(refused.value)


def test_nested_routes_inherit_their_wait_and_each_wrong_one_is_named(tmp_path: Path) -> None:
    text = """route:
  group_wait: 45s
  routes:
  - {matchers: [severity="page"], group_wait: 5s, routes: [{receiver: a}, {receiver: b, group_wait: 1m}]}
  - {receiver: c}
"""
    read = _read(tmp_path, text)
    assert read.settings.group_wait_s == 45
    assert "4 routes below the first, waiting 5 to 60 s" in read.notes[0]
    with pytest.raises(LoadError) as refused:
        _read(tmp_path, text.replace("5s", "soon").replace("1m", "5"))
    assert "route.routes[0].group_wait" in str(refused.value)


def test_probes_in_scrape_settings_measure_and_keep_no_secret(tmp_path: Path) -> None:
    read = _read(
        tmp_path,
        "global: {scrape_interval: 1m}\nscrape_configs:\n- job_name: pages\n  metrics_path: /probe\n"
        "  scrape_interval: 30s\n  static_configs: [{targets: ['https://me:pw@shop.example/login?token=abc']}]\n",
    )
    (probe,) = read.monitors
    assert (probe.name, probe.interval_s, probe.pages) == ("https://shop.example/login", 30.0, False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services:\n  web: {image: nginx}\n", "nothing of practices"),
        ("rules:\n- alert: X\n  expr: up == 0\n", "rules outside a group"),
        ("version: prometheus/v1\nservice: a\nslos: []\n", "objectives and no rules"),
        ("groups:\n\t- name: a\n", "indent with spaces"),
        ("{{- if .Values.on }}\ngroups: []\n{{- end }}\n", "render it first"),
        ("groups: []\n---\ngroups: 5\n", "document 2"),
        ("on_call: [{name: a, levels: [{pool: p, start: 9:00}]}]\n", "time of day"),
    ],
)
def test_what_is_none_of_ours_is_said_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(LoadError) as refused:
        _read(tmp_path, text)
    assert words in str(refused.value) and "rules.yml" in str(refused.value)


def test_terraform_of_other_tools_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="export the monitors"):
        _read(tmp_path, 'resource "datadog_monitor" "x" {\n name = "X"\n}\n', "main.tf")


@pytest.mark.parametrize(
    ("kind", "query", "mode", "window"),
    [
        ("query alert", "sum(last_5m):sum:x.errors{service:a} / sum:x.hits{service:a} > 0.05", "error_rate", 300),
        ("log alert", 'logs("service:a status:error").index("*").rollup("count").last("5m") > 9', "error_rate", 300),
        ("event-v2 alert", 'events("sources:nagios").rollup("count").last("5m") > 0', "unknown", 300),
        ("process alert", "processes('java').rollup('count').last('10m') < 1", "unknown", 600),
        ("composite", "123 && 456", "unknown", 0),
        ("synthetics alert", "no_query", "unknown", 0),
        ("slo alert", 'burn_rate("a").over("30d").long_window("1h").short_window("5m") > 14.4', "error_rate", 3600),
        ("query alert", "change(avg(last_5m),last_1h):avg:x.errors{*} > 10", "error_rate", 300),
        ("query alert", "max(next_1w):forecast(avg:x.in_use{*}, 'linear', 1) >= 0.9", "unknown", 0),
        ("query alert", "avg(last_4h):anomalies(avg:latency, 'basic', alert_window='last_15m') >= 1", "latency", 900),
        ("service check", '"http.can_connect".over("*").by("*").last(4).count_by_status()', "availability", 0),
    ],
)  # fmt: skip
def test_every_kind_of_datadog_monitor_is_placed_or_says_why_not(
    tmp_path: Path, kind: str, query: str, mode: str, window: float
) -> None:
    monitor: dict[str, Any] = {"name": "It", "type": kind, "query": query, "options": {}}
    (rule,) = _read(tmp_path, json.dumps(monitor), "monitor.json").alerts
    assert (rule.failure_mode, rule.window_s) == (mode, window)
    assert rule.why


def test_what_is_paused_muted_or_a_draft_pages_nobody_and_is_named(tmp_path: Path) -> None:
    rules = [
        {"uid": "a", "title": "Checkout errors", "condition": "C", "data": [], "labels": {"service": "checkout"}},
        {"uid": "b", "title": "Paused errors", "condition": "C", "data": [], "isPaused": True},
        {"uid": "c", "title": "Recorded", "condition": "C", "data": [], "record": {"metric": "x", "from": "A"}},
    ]
    exported = {"apiVersion": 1, "groups": [{"orgId": 1, "name": "g", "interval": "1m", "rules": rules}]}
    read = _read(tmp_path, json.dumps(exported), "grafana.json")
    assert recognise(tmp_path / "grafana.json") == "grafana alerts"
    assert [rule.name for rule in read.alerts] == ["Checkout errors"]
    assert "paused and left out: Paused errors" in read.notes[1]
    query = "avg(last_5m):sum:errors{service:x}.as_rate() > 1"
    monitors = [
        {"name": "all", "type": "metric alert", "query": query, "options": {"silenced": {"*": None}}},
        {"name": "part", "type": "metric alert", "query": query, "options": {"silenced": {"host:a": None}}},
        {"name": "draft", "type": "metric alert", "query": query, "draft_status": "draft"},
    ]
    read = _read(tmp_path, json.dumps(monitors), "datadog.json")
    assert [rule.name for rule in read.alerts] == ["part"]
    told = " ".join(read.notes)
    assert "all is silenced until" in told and "draft is a draft" in told and "part is silenced in part" in told


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("PrometheusServiceLevel", "load the rules that are generated"),
        ("ServiceLevelObjective", "load the rules that are generated"),
        ("AlertmanagerConfig", "are not read; load the configuration"),
        ("DatadogMonitor", "are not read; export the monitors as JSON"),
        ("Deployment", "says nothing about detection"),
    ],
)
def test_manifests_that_are_not_read_say_what_to_load_instead(tmp_path: Path, kind: str, told: str) -> None:
    read = _read(tmp_path, f"apiVersion: v1\nkind: List\nitems:\n- {{kind: {kind}, spec: {{}}}}\n- null\n")
    assert not read.alerts and told in read.notes[0]


def test_rules_deep_in_the_values_of_a_chart_are_all_found(tmp_path: Path) -> None:
    shallow = "extra:\n  groups:\n  - {name: s, rules: [{record: r, expr: sum(up)}]}\n"
    deep = "prometheus:\n  serverFiles:\n    alerting_rules.yml:\n" + _indented(RULES, 6)
    read = _read(tmp_path, shallow + deep)
    assert (len(read.alerts), len(read.recordings)) == (1, 1)
