"""Files of practices: the founding text's as printed, real ones, and the lab's own forms."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from mttrlab.detection import Fault, detection_delay
from mttrlab.errors import LoadError
from mttrlab.schema import AlertMapping, MonitoringSettings, Practices
from mttrlab.sources.practices import (
    from_json,
    read_practices,
    recognise,
    rule_from_sentence,
    to_json,
)


def _write(folder: Path, text: str, name: str = "team.yml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_founding_monitors_are_read_as_printed(shared: Path) -> None:
    (monitor,) = read_practices(shared / "seed" / "synthetic-monitors.yml").monitors
    assert (monitor.name, monitor.interval_s, len(monitor.steps)) == ("User Login Flow", 60.0, 3)
    assert monitor.failure_modes == ("availability", "latency", "error_rate", "correctness")
    assert monitor.steps[0].load_time_ms == 2000
    assert monitor.steps[1].method == "POST"
    assert detection_delay(monitor).mean == pytest.approx(0.5)


def test_no_secret_of_the_founding_monitors_is_kept(shared: Path) -> None:
    kept = to_json(read_practices(shared / "seed" / "synthetic-monitors.yml"))
    assert "MONITOR_PASSWORD" not in kept
    assert "monitor@example.com" not in kept


def test_the_founding_remediation_is_read_as_printed(shared: Path) -> None:
    restart, flush, scale = read_practices(shared / "seed" / "remediation.yml").remediation
    assert (restart.action, restart.max_auto_attempts) == ("kubernetes_rollout_restart", 2)
    assert (flush.timeout_s, flush.notify) == (60.0, ("#platform-team",))
    assert dict(scale.settings) == {"deployment": "queue-consumer", "namespace": "workers", "replicas": "10"}


def test_attempts_and_timeout_may_stand_inside_the_action(tmp_path: Path) -> None:
    text = "remediation:\n- alert: a\n  action: {type: script, script: x.sh, max_auto_attempts: 3, timeout: 1m30s}\n"
    (rule,) = read_practices(_write(tmp_path, text)).remediation
    assert (rule.max_auto_attempts, rule.timeout_s, dict(rule.settings)) == (3, 90.0, {"script": "x.sh"})


def test_attempts_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    text = "remediation:\n- alert: a\n  max_auto_attempts: 2\n  action: {type: script, max_auto_attempts: 3}\n"
    with pytest.raises(LoadError, match="says 2 and its action says 3; keep one"):
        read_practices(_write(tmp_path, text))


def test_kube_prometheus_has_139_alerts_and_95_recording_rules(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "kube_prometheus")
    assert (len(read.alerts), len(read.recordings)) == (139, 95)
    assert sorted(rule.name for rule in read.alerts if rule.always_firing) == ["InfoInhibitor", "Watchdog"]
    assert len(read.paging()) == 137
    held = Counter(rule.for_s for rule in read.alerts)
    assert (held[900], held[300], held[600], held[3600], held[0]) == (66, 19, 19, 12, 11)
    assert len(read.probes) == 6


def test_intervals_come_from_the_manifests_beside_the_rules(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "kube_prometheus")
    wide = read.settings
    assert (wide.scrape_s, wide.eval_s, wide.group_wait_s) == (30.0, 30.0, 30.0)
    down = next(rule for rule in read.paging() if rule.name == "TargetDown")
    answer = detection_delay(down, Fault("availability"))
    assert answer.mean_s == pytest.approx(15 + 15 + 600 + 30)
    assert detection_delay(down, Fault("availability", share=0.05)).recall == 0


def test_windows_of_recording_rules_reach_the_alerts_written_over_them(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "kube_prometheus")
    burns = [rule for rule in read.alerts if rule.name == "KubeAPIErrorBudgetBurn"]
    windows = [[one.window_s for one in rule.conditions[0]] for rule in burns]
    assert windows == [[3600, 300], [21600, 1800], [86400, 7200], [259200, 21600]]
    grafana = next(rule for rule in read.alerts if rule.name == "GrafanaRequestsFailing")
    assert (grafana.window_s, grafana.threshold) == (300.0, 0.5)


def test_what_cannot_be_classified_is_unknown_until_somebody_says(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "kube_prometheus")
    rule = next(rule for rule in read.paging() if rule.name == "KubeVersionMismatch")
    assert rule.failure_mode == "unknown"
    mapping = AlertMapping("KubeVersion*", service="kubernetes", failure_mode="correctness")
    said = replace(read, mappings=(*read.mappings, mapping))
    rule = next(rule for rule in said.paging() if rule.name == "KubeVersionMismatch")
    assert (rule.service, rule.failure_mode) == ("kubernetes", "correctness")


def test_datadog_monitors_are_read_with_window_threshold_and_service(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "datadog")
    seen = {rule.service: (rule.failure_mode, rule.window_s, rule.conditions[0][0].kind) for rule in read.alerts}
    assert seen == {
        "algorithmia": ("latency", 300.0, "opaque"),
        "external_secrets": ("error_rate", 900.0, "opaque"),
        "mongodb-atlas": ("latency", 900.0, "share"),
        "nomad": ("error_rate", 300.0, "opaque"),
        "resilience4j": ("dependency", 300.0, "share"),
        "zenoh-router": ("availability", 600.0, "all"),
    }


def test_checkly_checks_are_read_without_running_them(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "checkly_samples")
    terraform, typescript = read.monitors
    assert (terraform.interval_s, terraform.retry_waits_s) == (86_400.0, (0.0,))
    assert (typescript.interval_s, typescript.retry_waits_s) == (3600.0, (60.0, 120.0))
    assert detection_delay(typescript).mean == pytest.approx(30 + 3)
    assert any("script is not executed" in note for note in read.notes)
    assert "utm_source" not in typescript.steps[0].url


def test_upptime_sites_are_probed_on_their_cron(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts" / "upptime" / "con-upptime.upptimerc.yml")
    assert len(read.monitors) == 10
    assert {monitor.interval_s for monitor in read.monitors} == {1800.0}


def test_the_whole_folder_of_other_teams_is_read_at_once_and_kept_as_text(shared: Path) -> None:
    read = read_practices(shared / "data" / "alerts")
    assert (len(read.alerts), len(read.recordings), len(read.monitors)) == (145, 95, 12)
    assert from_json(to_json(read)) == read


def test_exports_and_prose_are_not_taken_for_practices(shared: Path, tmp_path: Path) -> None:
    assert recognise(shared / "data" / "vendor_fixtures" / "rootly_incident.json") is None
    assert recognise(shared / "seed" / "reducing-mttr.txt") is None
    assert recognise(shared / "seed" / "remediation.yml") == "practices"
    assert recognise(_write(tmp_path, "sources: {}\n", "mttrlab.yml")) is None
    assert recognise(tmp_path) is None


OWN = """
monitoring: {scrape: 15, evaluation: 15s, group_wait: 30s}
alerts:
  - rule: "[P1] payment_error_rate > 5% for 5 minutes"
    service: payment-service
  - rule: checkout_p95_latency > 1000ms
    service: checkout-service
    severity: P2
  - {name: Stripe, service: payment-service, failure_mode: dependency, window: 5m, threshold: 0.05, for: 1m}
runbooks:
  - name: Payments
    incident_types: [payment]
    alerts: [payment_error_rate]
    automated_diagnosis: true
    diagnosis_minutes: 3
change_paths:
  - {name: Checkout flag, kind: flag, services: [checkout-service], eligible: 0.5, minutes: 0.5, documented: true}
  - {name: Rollback, kind: rollback, minutes: {low: 5, likely: 7, high: 10}, rehearsed: 2026-01-15}
on_call:
  - name: Payments
    timezone: Europe/Berlin
    repeats: 1
    levels:
      - {pool: primary, ack_timeout_minutes: 5, ack_minutes: 4}
      - {pool: secondary, people: 2, days: [mon, tue], start: 09:00, end: 17:00}
alert_map:
  - {alert: "Kube*", service: kubernetes, failure_mode: availability}
"""


def test_the_labs_own_forms_say_everything_a_team_runs(tmp_path: Path) -> None:
    read = read_practices(_write(tmp_path, OWN))
    first, second, third = read.paging()
    assert (first.service, first.failure_mode, first.severity) == ("payment-service", "error_rate", "P1")
    assert detection_delay(first).mean_s == 345.0
    assert (second.failure_mode, second.threshold, second.severity) == ("latency", 1.0, "P2")
    assert detection_delay(third, Fault("dependency")).mean_s == pytest.approx(15 + 15 + 60 + 30)
    assert read.runbooks[0].diagnosis_minutes == 3
    flag, rollback = read.change_paths
    assert (flag.low_minutes, flag.high_minutes) == (0.5, 0.5)
    assert (rollback.low_minutes, rollback.likely_minutes, rollback.high_minutes) == (5, 7, 10)
    assert rollback.rehearsed == "2026-01-15"
    assert read.on_call[0].levels[1].start == "09:00"
    assert read.mappings[0].failure_mode == "availability"
    assert from_json(to_json(read)) == read


def test_a_catalogue_of_rules_by_service_is_read(tmp_path: Path) -> None:
    text = """groups:
- name: Databases
  services:
  - name: PostgreSQL
    exporters:
    - name: postgres_exporter
      rules:
      - {name: Postgresql down, description: d, query: pg_up == 0, severity: critical, for: 0m}
      - {name: Postgresql slow queries, query: "pg_slow_queries > 0", severity: warning, for: 2m, comments: none}
"""
    down, slow = read_practices(_write(tmp_path, text)).alerts
    assert (down.service, down.failure_mode, down.severity) == ("PostgreSQL", "availability", "critical")
    assert (slow.failure_mode, slow.for_s) == ("latency", 120.0)


def test_a_prometheus_configuration_gives_intervals_by_job(tmp_path: Path) -> None:
    _write(
        tmp_path, "global: {scrape_interval: 20s}\nscrape_configs:\n- {job_name: api, scrape_interval: 5s}\n", "a.yml"
    )
    _write(tmp_path, "groups:\n- name: x\n  rules:\n  - {alert: Down, expr: 'up{job=\"api\"} == 0'}\n", "b.yml")
    (rule,) = read_practices(tmp_path).paging()
    assert (rule.scrape_s, rule.eval_s, rule.service) == (5.0, 60.0, "api")


def test_several_manifests_in_one_file_and_in_a_list(tmp_path: Path) -> None:
    rule = "{groups: [{name: g, rules: [{alert: A, expr: up == 0}]}]}"
    one = f"apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nspec: {rule}\n"
    two = f"apiVersion: v1\nkind: List\nitems:\n- {{kind: PrometheusRule, spec: {rule}}}\n"
    assert len(read_practices(_write(tmp_path, f"{one}---\n{two}")).alerts) == 2


def test_datadog_ratios_fill_their_window_and_wait_for_late_metrics(tmp_path: Path) -> None:
    monitor = {
        "name": "Errors",
        "type": "query alert",
        "query": "sum(last_10m):sum:errors{service:pay}.as_count() / sum:requests{service:pay}.as_count() > 0.1",
        "options": {"evaluation_delay": 120, "thresholds": {"critical": 0.1}},
        "priority": 1,
    }
    (rule,) = read_practices(_write(tmp_path, json.dumps([monitor]), "m.json")).alerts
    assert (rule.service, rule.severity, rule.delay_s) == ("pay", "P1", 120)
    assert detection_delay(rule, Fault("error_rate", share=0.5)).mean_s == pytest.approx(120 + 120 + 7.5 + 30)


def test_a_sentence_that_is_no_rule_is_refused() -> None:
    with pytest.raises(LoadError, match="is no alert rule such as"):
        rule_from_sentence("page me when it hurts")


def test_settings_read_later_win_and_lists_add_up() -> None:
    early = Practices(settings=MonitoringSettings(15.0, 15.0, jobs=(("a", 5.0),)), notes=("one",))
    late = Practices(settings=MonitoringSettings(scrape_s=30.0), notes=("two",))
    both = early + late
    assert (both.settings.scrape_s, both.settings.eval_s, both.settings.jobs) == (30.0, 15.0, (("a", 5.0),))
    assert both.notes == ("one", "two")


def test_a_query_offset_of_a_group_or_of_the_server_makes_its_alerts_late(tmp_path: Path) -> None:
    rule = "rules: [{alert: Down, expr: up == 0}]"
    (tmp_path / "rules.yml").write_text(
        f"groups:\n- {{name: a, query_offset: 2m, {rule}}}\n- {{name: b, eval_delay: 30s, {rule}}}\n"
        f"- {{name: c, {rule}}}\n- {{name: d, query_offset: 0s, {rule}}}\n"
    )
    (tmp_path / "prometheus.yml").write_text("global: {rule_query_offset: 1m}\n")
    assert [one.delay_s for one in read_practices(tmp_path).paging()] == [120, 30, 60, 0]
    alone = read_practices(tmp_path / "rules.yml").paging()
    assert [detection_delay(one).mean_s for one in alone] == pytest.approx([210, 120, 90, 90])
