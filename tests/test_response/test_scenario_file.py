"""Scenarios in YAML are checked whole."""

from __future__ import annotations

import pytest

from mttrlab.errors import ModelError
from mttrlab.response import Ramp, Scenario, read_scenarios


def test_a_file_holds_scenarios(tmp_path):
    path = tmp_path / "what-if.yml"
    path.write_text("scenarios:\n- name: A\n  levers: {flagged: 0.5}\n  incident_types: [deploy]\n")
    assert read_scenarios(path) == [Scenario("A", flagged=0.5, incident_types=["deploy"])]


def test_every_mistake_is_named_with_its_place():
    text = """
scenarios:
- {name: A, levers: {detection: 1}}
- {name: B, levers: {flagged: 2}}
- {levers: {flagged: 0.5}}
- {name: C, lever: {flagged: 0.5}}
- {name: D, levers: {flagged: true}}
- {name: E, levers: {prevention: 0.1}, services: checkout}
"""
    with pytest.raises(ModelError) as refused:
        read_scenarios(text)
    for words in ("scenario 1: ", "no lever detection", "scenario 2: flagged must be from 0 to 1", "3: needs a name",
                  "4: has no lever", "5: flagged must be a number", "6: services of 'E' must be a list"):  # fmt: skip
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("a: [\n", "is not YAML"), ("[]\n", "one list under 'scenarios'"), ("scenarios: 3\n", "one list under")],
)
def test_what_is_no_list_of_scenarios_is_refused(text, words):
    with pytest.raises(ModelError, match=words):
        read_scenarios(text)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        read_scenarios(tmp_path / "none.yml")


def test_a_scenario_of_a_file_may_arrive_with_a_ramp():
    told = "scenarios:\n- {name: A, levers: {flagged: 0.5}, ramp: {months: 6, adoption: 0.8}}\n"
    assert read_scenarios(told) == [Scenario("A", flagged=0.5, ramp=Ramp(months=6, adoption=0.8))]


@pytest.mark.parametrize(
    ("ramp", "words"),
    [
        ("6", "scenario 1: ramp must hold months, delay, adoption, decay"),
        ("{month: 6}", "ramp has no month; there are months"),
        ("{months: true}", "months of a ramp must be a number; got True"),
        ("{adoption: 2}", "adoption of a ramp must be from 0 to 1; got 2"),
    ],
)
def test_a_wrong_ramp_is_refused_with_its_place(ramp, words):
    with pytest.raises(ModelError, match=words):
        read_scenarios(f"scenarios:\n- {{name: A, levers: {{flagged: 0.5}}, ramp: {ramp}}}\n")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("scenarios:\n- name: A\n  name: B\n  levers: {flagged: 0.5}\n", "name.*twice|duplicate|again"),
        ("scenarios:\n- name: A\n  levers:\n    flagged: 0.5\n    flagged: 0.6\n", "flagged"),
        ("scenarios:\n- {name: A, levers: {flagged: '0.5'}}\n", "flagged must be a number; got '0.5'"),
        ("scenarios:\n\t- {name: A}\n", "line 2"),
        ("scenarios: 5\n", "must hold one list under 'scenarios'"),
        ("---\n---\n", "must hold one list under 'scenarios'"),
    ],
)
def test_slips_of_yaml_are_named_and_none_of_two_keys_is_dropped(text, words):
    with pytest.raises(ModelError, match=words) as refusal:
        read_scenarios(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("source", ["", "   ", None, 3, b"scenarios", ["scenarios"]])
def test_what_is_neither_a_file_nor_a_text_is_refused_in_one_sentence(source):
    with pytest.raises(ModelError, match=r"^scenarios are read from a YAML file, or from a text of several lines;"):
        read_scenarios(source)


def test_what_no_file_can_be_called_is_refused():
    with pytest.raises(ModelError, match="is no name of a file"):
        read_scenarios("a\0b.yml")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            "{name: 2024, levers: {flagged: 0.5}}",
            "needs a name in words, in quotes where it looks like a number; got 2024",
        ),
        ("{levers: {flagged: 0.5}}", "needs a name$"),
        ("{name: A, levers: {flagged: 0,5}}", "'A': a number has a point, not a comma, before 5, such as 0.5"),
    ],
)
def test_a_name_that_is_a_number_and_a_decimal_comma_are_told_as_what_they_are(row, words):
    with pytest.raises(ModelError, match=words):
        read_scenarios(f"scenarios:\n- {row}\n")
