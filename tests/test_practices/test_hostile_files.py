"""Hostile and careless files: one sentence per fault, all at once, with line and place; never a traceback."""

from __future__ import annotations

import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mttrlab.errors import LoadError
from mttrlab.sources.practices import read_practices
from mttrlab.sources.practices.promql import conditions
from mttrlab.yaml_io import documents

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
RULE = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: up == 0\n"


def _refused(tmp_path: Path, text: str | bytes, name: str = "x.yml") -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(LoadError) as refusal:
        read_practices(path)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BOMB, "expands to more than 300,000 values"),
        ("a: &a\n  b: *a\n", "holds itself through an alias"),
        ("[" * 5000, "nests deeper than 60 levels"),
        ("monitors: [1\n", "this is not YAML"),
        ("{{ .Values.rules }}\n", "render it first"),
        ("monitors:\n- {{ x }}: [\n", "render it first"),
        ("", "holds nothing"),
        ("just words\n", "must hold named lists"),
        (b"\xff\xfea\x00", "is not UTF-8"),
        ("a: b\0c\n", "NUL"),
        ("monitors: !!python/object/apply:os.system [ls]\n", "x.yml"),
        ("groups: 3\n", "groups must be a list; got 3"),
        ("groups:\n- 3\n", "groups[0] must be a group of rules; got 3"),
        (RULE + "    for: on\n", "line 6: groups[0].rules[0].for must be a number of seconds or a duration"),
        (RULE + "    for: 12:30\n", "got '12:30'"),
        (RULE + "    for: 300\n", "must be a duration with its unit, such as 5m; got 300"),
        (RULE + "    for: -5m\n", "got '-5m'"),
        (RULE + "    fro: 5m\n", "groups[0].rules[0].fro is no setting here; did you mean for?"),
        (RULE + "    labels: [a]\n", "labels must be a mapping of words; got a list of 1"),
        (RULE + "    record: r\n", "must say either alert or record"),
        (RULE + "  interval: 1_000\n", "groups[0].interval must be a number of seconds"),
        (RULE.replace("up == 0", "[1]"), "expr must be text; got a list of 1"),
        (RULE + "groups: []\n", "line 6: the file says 'groups' twice; keep one"),
        ("sites: x\n", "sites must be a list; got 'x'"),
        ("sites: []\nworkflowSchedule: {uptime: hourly}\n", "cron schedule of five fields; got 'hourly'"),
        ("sites: []\nworkflowSchedule: {uptime: '61 * * * *'}\n", "must be a cron schedule of numbers"),
        ("apiVersion: v1\nkind: PrometheusRule\nspec: {}\n", "spec must hold groups of rules"),
        ("route: {group_wait: soon}\n", "route.group_wait must be a number of seconds or a duration"),
    ],
)
def test_each_fault_gets_its_sentence(tmp_path: Path, text: str | bytes, sentence: str) -> None:
    assert sentence in _refused(tmp_path, text)


def test_all_faults_of_a_file_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    text = """monitors:
  - name: on
    interval: 12:30
    steps:
      - {url: https://x/, assert_staus: 200, assert_status: "200"}
      - {url: https://x/, assert_load_time_ms: 1_000}
  - name: other
    interval: yes
    steps: []
    enabled: yes
remediation:
  - alert: a
    action: {type: script, max_auto_attemps: 2}
    timeout: 0
change_paths:
  - {name: p, kind: flg, minutes: {low: 3, likely: 2, high: 5}}
on_call:
  - {name: o, timezone: Mars/Olympus, levels: [{pool: p, start: 25:00}]}
monitrs: []
"""
    told = _refused(tmp_path, text).splitlines()
    assert told[0] == "x.yml has 14 faults:"
    expected = [
        "line 3: monitors[0].interval must be a number of seconds or a duration such as 60s or 5m; got '12:30'",
        "line 5: monitors[0].steps[0].assert_status must be a whole number; got '200'",
        "line 5: monitors[0].steps[0].assert_staus is no setting here; did you mean assert_status?",
        "line 6: monitors[0].steps[1].assert_load_time_ms must be a number; got '1_000'",
        "line 8: monitors[1].interval must be a number of seconds or a duration such as 60s or 5m; got 'yes'",
        "line 9: monitors[1].steps must hold at least one entry; got a list of 0",
        "line 10: monitors[1].enabled must be true or false; got 'yes'",
        "line 13: remediation[0].action.max_auto_attemps is no setting here; did you mean max_auto_attempts?",
        "line 14: remediation[0].timeout must be greater than 0; got 0",
        "line 16: change_paths[0].minutes must rise from low to high; got 3, 2, 5",
        "line 18: on_call[0].timezone must be an IANA name, such as Europe/Berlin; got 'Mars/Olympus'",
        "line 19: monitrs is no setting here; did you mean monitors?",
    ]
    for sentence in expected:
        assert f"  {sentence}" in told


def test_a_typo_inside_an_action_is_found(tmp_path: Path) -> None:
    text = "remediation:\n- alert: a\n  action: {type: script, max_auto_attemps: 2}\n"
    assert "action.max_auto_attemps is no setting here; did you mean max_auto_attempts?" in _refused(tmp_path, text)


def test_an_error_never_prints_a_password(tmp_path: Path) -> None:
    text = "monitors:\n- name: m\n  interval: 60\n  steps: [{url: https://x/, body: {password: hunter2}, headers: 7}]\n"
    told = _refused(tmp_path, text)
    assert "hunter2" not in told
    assert "steps[0].body must be text" in told


def test_scalars_mean_what_they_show() -> None:
    text = "a: on\nb: no\nc: 12:30\nd: 1_000\ne: 2024-01-01\nf: '60'\ng: 1e-3\nh: ~\ni: 0x1F\n"
    (document,) = documents(text, "x")
    assert document.value == {
        "a": "on", "b": "no", "c": "12:30", "d": "1_000", "e": "2024-01-01", "f": "60", "g": 0.001, "h": None,
        "i": "0x1F",
    }  # fmt: skip


def test_anchors_and_merges_of_ordinary_files_work() -> None:
    text = "base: &b {x: 1, y: 2}\none: {<<: *b, y: 3}\ntwo: {<<: [*b, {z: 4}]}\n"
    (document,) = documents(text, "x")
    assert document.value["one"] == {"x": 1, "y": 3}
    assert document.value["two"] == {"x": 1, "y": 2, "z": 4}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "this is not JSON"),
        ('{"query": "x", "query": "y", "type": "a"}', "says 'query' twice"),
        ('{"query": 3, "type": "query alert", "name": "n"}', "query must be text; got 3"),
        ('{"query": "x", "type": "t", "name": "n", "options": []}', "x.json"),
        ("[1]", "is no Datadog monitor"),
        ('{"a":' * 60_000, "x.json"),
    ],
)
def test_json_that_is_no_monitor_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    if "options" in text:
        text = text.replace("[]", '["a"]')
    assert sentence in _refused(tmp_path, text, "x.json")


def test_an_empty_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="holds no file of practices"):
        read_practices(tmp_path)
    with pytest.raises(LoadError, match="cannot be opened"):
        read_practices(tmp_path / "none.yml")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet=string.ascii_letters + ":-[]{}&*!|>'\"#\n ,.0123456789%@`~<", max_size=120))
def test_any_text_is_read_or_refused_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "any.yml"
    path.write_text(text)
    try:
        read_practices(path)
    except LoadError as refusal:
        assert str(refusal).startswith("any.yml")


@settings(max_examples=200)
@given(st.text(alphabet="up()[]{}<>=!5m andorunless.0123*/+-\"'#rate,", max_size=80))
def test_any_expression_gives_comparisons_with_windows_that_are_not_negative(expr: str) -> None:
    for together in conditions(expr):
        for one in together:
            assert one.window_s >= 0


def test_a_hostile_expression_costs_no_time() -> None:
    assert conditions("(" * 15_000 + "up" + ")" * 15_000)[0][0].kind == "opaque"
    assert len(conditions(" or ".join(["(a > 1 and b > 2)"] * 800))) <= 64
