"""Files of practices in a lab: through the same door, one revision a path, none half."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mttrlab.errors import LoadError
from mttrlab.lab import Lab, rebuild

RULES = """
groups:
  - name: checkout
    rules:
      - alert: CheckoutDown
        expr: up{job="checkout"} == 0
        for: 1m
      - alert: CheckoutErrors
        expr: sum(rate(errors_total{job="checkout"}[5m])) / sum(rate(requests_total{job="checkout"}[5m])) > 0.05
"""
SETTINGS = "global:\n  scrape_interval: 15s\n  evaluation_interval: 15s\n"


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_routes_and_time_intervals_are_counted(tmp_path: Path) -> None:
    route = "route: {receiver: a, routes: [{receiver: b, mute_time_intervals: [nights]}]}\n"
    nights = "{name: nights, time_intervals: [{times: [{start_time: '00:00', end_time: '06:00'}]}]}"
    file = tmp_path / "alertmanager.yml"
    with Lab() as lab:
        file.write_text(f"{route}time_intervals: [{nights}]\n")
        report = lab.load(file)
        assert (report.contents, report.new) == ((("routes", 2), ("time intervals", 1)), 3)
        file.write_text(f"{route.replace('receiver: b', 'receiver: c')}time_intervals: [{nights}]\n")
        report = lab.load(file)
        assert (report.new, report.unchanged) == (1, 2)
        file.write_text("apiVersion: 1\npolicies: [{receiver: r}]\n")
        assert lab.load(file).contents == (("policy routes", 1),) and lab.practices().settings.policies is not None


def test_rules_go_through_the_same_door_and_the_report_says_what_they_are(tmp_path: Path) -> None:
    _write(tmp_path / "rules.yml", RULES)
    _write(tmp_path / "prometheus.yml", SETTINGS)
    with Lab() as lab:
        assert not lab.practices().alerts
        report = lab.load(tmp_path / "*.yml")
        assert (report.rows, report.accepted, report.new, report.contents) == (2, 2, 2, (("alerts", 2),))
        assert "2 alerts; 2 new, 0 changed, 0 unchanged" in str(report)
        assert {rule.scrape_s for rule in lab.practices().paging()} == {15.0}
        assert lab.loads()[["name", "format", "source"]].to_numpy().tolist() == [
            ["prometheus.yml", "practices", "prometheus settings"],
            ["rules.yml", "practices", "prometheus rules"],
        ]
        assert lab.loads()["sha256"].str.len().eq(64).all()


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file = _write(tmp_path / "rules.yml", RULES)
    with Lab() as lab:
        lab.load(file)
        before = lab.data_hash()
        again = lab.load(file)
        assert (again.new, again.changed, again.unchanged) == (0, 0, 2)
        assert "was loaded before" in str(again)
        assert (len(lab.practices().alerts), len(lab.loads()), lab.data_hash()) == (2, 1, before)


def test_a_changed_file_replaces_what_was_read_under_its_path(tmp_path: Path) -> None:
    file = _write(tmp_path / "rules.yml", RULES)
    with Lab() as lab:
        lab.load(file)
        before = lab.data_hash()
        late = RULES.replace("for: 1m", "for: 10m").replace("CheckoutErrors", "CheckoutFailures")
        report = lab.load(_write(file, late))
        assert (report.new, report.changed, report.unchanged) == (1, 1, 0)
        assert "no longer in it" in str(report) and "CheckoutErrors" in str(report)
        assert [(rule.name, rule.for_s) for rule in lab.practices().alerts] == [
            ("CheckoutDown", 600.0),
            ("CheckoutFailures", 0.0),
        ]
        assert lab.data_hash() != before
        # Back to the first text: it holds again, although it was loaded once before.
        assert lab.load(_write(file, RULES)).changed == 1
        assert lab.practices().alerts[0].for_s == 60.0 and lab.data_hash() == before and len(lab.loads()) == 1


def test_a_file_that_moved_is_not_counted_twice(tmp_path: Path) -> None:
    file = _write(tmp_path / "old" / "rules.yml", RULES)
    with Lab() as lab:
        lab.load(file)
        moved = tmp_path / "new" / "alerts.yml"
        moved.parent.mkdir()
        file.rename(moved)
        assert lab.load(moved).unchanged == 2
        lab.load(_write(moved, RULES.replace("1m", "2m")))
        assert [rule.for_s for rule in lab.practices().alerts] == [120.0, 0.0]
        assert lab.loads()["path"].tolist() == [str(moved)]


def test_a_path_whose_content_now_stands_elsewhere_holds_it_once(tmp_path: Path) -> None:
    first, second = _write(tmp_path / "a.yml", RULES), _write(tmp_path / "b.yml", RULES.replace("Checkout", "Cart"))
    with Lab() as lab:
        lab.load(tmp_path / "*.yml")
        _write(second, RULES)
        lab.load(second)
        assert [rule.name for rule in lab.practices().alerts] == ["CheckoutDown", "CheckoutErrors"]
        assert lab.loads()["path"].tolist() == [str(first)]


def test_one_refused_file_of_a_pattern_leaves_the_lab_as_it_was(tmp_path: Path) -> None:
    _write(tmp_path / "a.yml", RULES)
    with Lab() as lab:
        lab.load(tmp_path / "a.yml")
        before = (lab.data_hash(), len(lab.loads()))
        _write(tmp_path / "a.yml", RULES.replace("1m", "3m"))
        _write(tmp_path / "b.yml", RULES.replace("for: 1m", "fro: 1m").replace("expr: up", "exp: up"))
        with pytest.raises(LoadError) as refused:
            lab.load(tmp_path / "*.yml")
        assert "b.yml has 3 faults" in str(refused.value) and "did you mean for?" in str(refused.value)
        assert (lab.data_hash(), len(lab.loads())) == before and lab.practices().alerts[0].for_s == 60.0


def test_exports_and_practices_of_one_pattern_each_go_their_way(tmp_path: Path) -> None:
    _write(tmp_path / "incidents.csv", "incident_id,started_at,resolved_at\nA,2026-01-01T00:00Z,2026-01-01T01:00Z\n")
    _write(tmp_path / "rules.yml", RULES)
    monitor = {"name": "Slow", "type": "query alert", "query": "avg(last_5m):avg:x.latency{service:checkout} > 2"}
    _write(tmp_path / "monitor.json", json.dumps(monitor))
    with Lab() as lab:
        report = lab.load(tmp_path / "*")
        assert len(lab.incidents()) == 1 and len(lab.practices().alerts) == 3
        assert report.format == "canonical + practices"
        assert "incidents: 1 new" in str(report) and "3 alerts; 3 new" in str(report)


def test_a_settings_file_of_nothing_known_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = _write(tmp_path / "compose.yml", "services:\n  web:\n    image: nginx\n")
    with Lab() as lab, pytest.raises(LoadError, match=r"compose\.yml"):
        lab.load(file)


def test_a_folder_takes_its_practices_along_and_names_what_is_none(tmp_path: Path) -> None:
    _write(tmp_path / "incidents.csv", "incident_id,started_at,resolved_at\nA,2026-01-01T00:00Z,2026-01-01T01:00Z\n")
    _write(tmp_path / "practices" / "deep" / "rules.yml", RULES)
    _write(tmp_path / "practices" / "README.md", "words")
    with Lab() as lab:
        report = lab.load_folder(tmp_path)
        assert len(lab.practices().alerts) == 2 and report.skipped == ("practices/README.md",)


def test_the_settings_name_another_folder_of_practices_and_the_team_s_names(tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    _write(exports / "incidents.csv", "incident_id,started_at,resolved_at\nA,2026-01-01T00:00Z,2026-01-01T01:00Z\n")
    _write(tmp_path / "infra" / "rules.yml", RULES)
    _write(exports / "mttrlab.yml", "practices: ../infra\nservices:\n  checkout-service: [Checkout]\n")
    with Lab() as lab:
        lab.load_folder(exports)
        assert {rule.service for rule in lab.practices().alerts} == {"checkout-service"}
    _write(exports / "mttrlab.yml", "practices: ../nowhere\n")
    with Lab() as lab, pytest.raises(LoadError, match=r"practices.*is no folder"):
        lab.load_folder(exports)


def test_recording_rules_of_one_file_give_the_windows_of_another(tmp_path: Path) -> None:
    alert = "groups: [{name: g, rules: [{alert: Errors, expr: 'errors:ratio > 0.1'}]}]"
    record = "groups: [{name: g, rules: [{record: 'errors:ratio', expr: 'a / b * rate(x[10m])'}]}]"
    _write(tmp_path / "a.yml", alert), _write(tmp_path / "b.yml", record)
    with Lab() as lab:
        lab.load(tmp_path / "a.yml")
        assert lab.practices().alerts[0].window_s == 0
        lab.load(tmp_path / "b.yml")
        assert lab.practices().alerts[0].window_s == 600


def test_a_lab_with_practices_is_built_again_also_from_kept_copies(tmp_path: Path) -> None:
    file, monitors = _write(tmp_path / "rules.yml", RULES), tmp_path / "monitor.json"
    monitor = {"name": "Slow", "type": "query alert", "query": "avg(last_5m):avg:x.latency{service:checkout} > 2"}
    _write(monitors, json.dumps(monitor))
    path = tmp_path / "lab.duckdb"
    with Lab(path) as lab:
        for one in (file, monitors):
            lab.load(one, keep_raw=True)
        before, told = lab.data_hash(), lab.practices()
    file.unlink(), monitors.unlink()
    assert rebuild(path).loads == 2
    with Lab(path, read_only=True) as lab:
        assert lab.data_hash() == before and lab.practices() == told
