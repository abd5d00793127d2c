"""Each alert waits as its own route says, and one that is sent to nobody covers nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import mttrlab as ml
from mttrlab.errors import LoadError
from mttrlab.schema import AlertRule, Practices
from mttrlab.sources.practices import read_practices
from mttrlab.sources.practices.own import from_json, to_json

ROUTES = """route:
  receiver: everybody
  group_wait: 30s
  group_interval: 5m
  routes:
  - matchers: ['severity =~ "page|critical"', team!="lab"]
    receiver: pager
    group_wait: 0s
    routes:
    - {match: {alertname: Slow}, group_wait: 2m, repeat_interval: 1h}
  - match_re: {namespace: (kube-.*|default)}
    receiver: platform
    group_wait: 5m
  - matchers: ['{severity="info", alertname!~"Keep.*"}']
    receiver: 'null'
receivers:
- {name: everybody, slack_configs: [{channel: x}]}
- {name: pager, pagerduty_configs: [{routing_key: abc}]}
- {name: platform, email_configs: [{to: a}]}
- name: 'null'
"""
RULES = """groups:
- name: shop
  rules:
  - {alert: Down, expr: 'up{job="shop"} == 0', labels: {severity: page, team: shop}}
  - {alert: Slow, expr: latency > 1, labels: {severity: critical, team: shop, service: shop}}
  - {alert: LabErrors, expr: errors > 1, labels: {severity: page, team: lab, service: shop}}
  - {alert: PodsDown, expr: up == 0, labels: {severity: warning, namespace: kube-system}}
  - {alert: Errors, expr: errors > 1, labels: {severity: info, namespace: shop, service: shop}}
  - {alert: KeepErrors, expr: errors > 1, labels: {severity: info, namespace: shop, service: shop}}
  - {alert: Odd, expr: 'up{job="odd"} == 0'}
"""


def _read(folder: Path, **texts: str) -> Practices:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text)
    return read_practices(folder)


def test_each_alert_takes_the_route_that_its_labels_say_with_the_waits_of_that_route(tmp_path: Path) -> None:
    practices = _read(tmp_path, alertmanager=ROUTES, rules=RULES)
    found = ml.alert_routes(practices).set_index("alert")
    assert found["receiver"].to_dict() == {
        "Down": "pager", "Slow": "pager", "LabErrors": "everybody", "PodsDown": "platform", "Errors": "null",
        "KeepErrors": "everybody", "Odd": "everybody",
    }  # fmt: skip
    assert found["group_wait_s"].to_dict() == {
        "Down": 0, "Slow": 120, "LabErrors": 30, "PodsDown": 300, "Errors": 30, "KeepErrors": 30, "Odd": 30,
    }  # fmt: skip
    assert found.loc["Slow", ["group_interval_s", "repeat_s"]].tolist() == [300, 3600]
    assert found["unsure"].to_dict()["Odd"] == 'namespace=~"(kube-.*|default)"'
    # scrape 60 + evaluation 60, half of each, and the route's own wait
    rules = {rule.name: rule for rule in practices.paging()}
    means = [ml.detection_delay(rules[name]).mean_s for name in ("Down", "Slow")]
    assert means == pytest.approx([60, 180])
    assert "depends on namespace" in " ".join(ml.detection_delay(rules["Odd"]).notes)


def test_an_alert_that_is_sent_to_nobody_is_no_coverage_and_is_shown(tmp_path: Path) -> None:
    practices = _read(tmp_path, alertmanager=ROUTES, rules=RULES.replace("KeepErrors", "DropErrors"))
    report = ml.alert_coverage(["shop"], practices)
    assert report.unheard["alert"].tolist() == ["Errors", "DropErrors"]
    assert "2 are sent to nobody" in str(report)
    rules = _read(tmp_path, rules=RULES)
    assert [rule.name for rule in rules.unheard()] == ["Errors"]


def test_a_configuration_whose_receivers_are_all_empty_is_a_template_and_silences_nobody(tmp_path: Path) -> None:
    text = "route: {receiver: a, routes: [{receiver: b, match: {severity: page}}]}\nreceivers: [{name: a}, {name: b}]\n"
    practices = _read(tmp_path, alertmanager=text, rules=RULES)
    assert not practices.unheard() and "none of its 2 receivers notifies anybody" in practices.notes[0]


def test_continue_tries_the_next_routes_and_the_first_notification_that_anybody_hears_counts(tmp_path: Path) -> None:
    text = """route:
  receiver: a
  routes:
  - {receiver: silent, continue: true, group_wait: 0s}
  - {receiver: slow, continue: true, group_wait: 2m}
  - {receiver: quick, matchers: [alertname="Down"], group_wait: 10s}
  - {receiver: never}
receivers: [{name: a, x_configs: [1]}, {name: silent}, {name: slow, x_configs: [1]}, {name: quick, x_configs: [1]}]
"""
    found = ml.alert_routes(_read(tmp_path, alertmanager=text, rules=RULES)).set_index("alert")
    assert found.loc["Down", ["receiver", "group_wait_s", "pages"]].tolist() == ["silent, slow, quick", 10, True]
    assert found.loc["Slow", ["receiver", "group_wait_s"]].tolist() == ["silent, slow, never", 30]


def test_a_wait_that_is_said_later_or_by_the_rule_itself_overrules_the_routes() -> None:
    from mttrlab.schema import MonitoringSettings, Route

    rules = Practices(alerts=(AlertRule("a"), AlertRule("b", group_wait_s=0.0)))
    routes = Practices(settings=MonitoringSettings(group_wait_s=45.0, routing=Route("all", group_wait_s=45.0)))
    said = Practices(settings=MonitoringSettings(group_wait_s=5.0))
    assert [rule.group_wait_s for rule in (rules + routes).paging()] == [45, 0]
    assert [rule.group_wait_s for rule in (rules + routes + said).paging()] == [5, 0]
    deep = Route("leaf")
    for _ in range(30):
        deep = Route("branch", routes=(deep,))
    both = rules + routes + Practices(settings=MonitoringSettings(routing=deep, group_wait_s=1.0))
    assert from_json(to_json(both)) == both


@pytest.mark.parametrize(
    ("routes", "sentence"),
    [
        ("[{matchers: severity=page}]", "route.routes[0].matchers must be a list"),
        ("[{matchers: [severity]}]", "route.routes[0].matchers[0] is no matcher"),
        ("[{matchers: [{severity: page}]}]", "route.routes[0].matchers[0] must be text"),
        ("[{match: [severity]}]", "route.routes[0].match must be a mapping of labels"),
        ("[{group_interval: soon}]", "route.routes[0].group_interval must be"),
        ("{a: b}", "route.routes must be a list"),
        ("[" + "{routes: [" * 40 + "]}" * 40 + "]", "nests deeper than 60 levels"),
    ],
)
def test_a_route_that_cannot_be_is_refused_with_its_place(tmp_path: Path, routes: str, sentence: str) -> None:
    with pytest.raises(LoadError) as refused:
        _read(tmp_path, alertmanager=f"route:\n  routes: {routes}\n")
    assert sentence in str(refused.value) and str(refused.value).count("\n") == 0


@pytest.mark.parametrize("pattern", ["(a+)+$", "((", "x" * 600])
def test_a_pattern_that_cannot_be_tried_is_not_known_and_never_hangs(tmp_path: Path, pattern: str) -> None:
    text = f"route: {{receiver: r, routes: [{{match_re: {{team: '{pattern}'}}, group_wait: 1s}}]}}\n"
    rules = RULES.replace("team: shop", f"team: {'a' * 60}b")
    found = ml.alert_routes(_read(tmp_path, alertmanager=text, rules=rules)).set_index("alert")
    assert found.loc["Down", "group_wait_s"] == 30 and "team=~" in found.loc["Down", "unsure"]


def test_the_kube_prometheus_alerts_go_the_way_of_their_severity(shared: Path) -> None:
    found = ml.alert_routes(read_practices(shared / "data" / "alerts" / "kube_prometheus")).set_index("severity")
    assert len(found) == 137 and set(found.loc["critical", "receiver"]) == {"Critical"}
    assert set(found.loc["warning", "receiver"]) == {"Default"} and found["pages"].all()
