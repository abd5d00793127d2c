"""A model as a file: what was written is read again, and every mistake is named with its place."""

from __future__ import annotations

import json

import pandas as pd
import pytest
import yaml

from mttrlab.errors import ModelError
from mttrlab.response import Distribution, IncidentType, ResponseModel, Scenario, read_model, simulate, write_model
from mttrlab.response.model.deployments import Deployments
from mttrlab.response.model.detection import DetectionSettings
from mttrlab.schema import AlertRule, MonitorStep, SyntheticMonitor


@pytest.fixture
def whole(everything):
    """Every element, settings of real detectors, and a scenario for one type."""
    from dataclasses import replace

    detectors = (
        AlertRule("Down", "pay", "availability", for_s=300.0, labels=(("severity", "page"),)),
        SyntheticMonitor("Checkout", steps=(MonitorStep("a", status=200),)),
    )
    full = replace(
        everything, watch=DetectionSettings(detectors), deployments=Deployments(3.0, Distribution("constant", 5.0))
    )
    only = Scenario("x", incident_types=["deploy"], automation_attempts=3, alert_latency=2.0)
    return only.apply(full)


@pytest.mark.parametrize("suffix", [".yml", ".json"])
def test_every_element_comes_back_from_a_file_as_it_was(whole, tmp_path, suffix):
    again = read_model(write_model(whole, tmp_path / f"model{suffix}"))
    assert again == whole
    assert again.sources == whole.sources


def test_a_fitted_model_keeps_its_verdict_until_somebody_changes_it(planted, tmp_path):
    model = ResponseModel.fit(planted)
    path = write_model(model, tmp_path / "model.yml")
    assert read_model(path).verdict == model.verdict
    text = path.read_text()
    assert simulate(read_model(path), days=30, seed=1).equals(simulate(model, days=30, seed=1))
    path.write_text(text.replace("# A distribution", "# A comment and\n# A distribution"))
    assert read_model(path).verdict == model.verdict
    rate = f"per_day: {model.types[0].per_day!r}"
    assert rate in text
    path.write_text(text.replace(rate, "per_day: 2", 1))
    changed = read_model(path)
    assert changed.types[0].per_day == 2.0
    assert changed.verdict is None
    assert "Changed by hand since it was fitted" in changed.notes["sentence"].iloc[-1]
    with pytest.raises(ModelError, match="exists already"):
        write_model(model, path)


def test_a_model_written_by_hand_needs_little(tmp_path):
    path = tmp_path / "hand.yml"
    path.write_text(
        "types:\n- name: any\n  per_day: 1\n  detect: {lognormal: {median: 8, sigma: 0.8}}\n"
        "  diagnose: {constant: 5}\n  verify: {exponential: {mean: 4}}\nresponders: 2\n"
    )
    model = read_model(path)
    assert float(model.types[0].detect.quantile(0.5)) == pytest.approx(8)
    assert model.types[0].diagnose == Distribution("constant", 5.0)
    assert model.responders == 2
    assert isinstance(simulate(model, days=5), pd.DataFrame)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"type": []}, "has no type; did you mean types?"),
        ({"responders": 1.5}, "responders must be a whole number; got 1.5"),
        ({"responders": True}, "responders must be a whole number; got True"),
        ({"verify_pass": 1.5}, "verify_pass must be from 0 to 1; got 1.5"),
        ({"verify_pass": "often"}, "verify_pass must be a number; got 'often'"),
        ({"types": {}}, "types must be a list"),
        ({"types": [{"name": "a"}]}, r"types\[1\] needs per_day"),
        (
            {"types": [{"name": "a", "per_day": 1, "detect": 4}]},
            r"types\[1\].detect must be a Distribution, .* in a file {lognormal",
        ),
        ({"types": [{"name": "a", "per_day": 1, "alert": {"normal": 4}}]}, "no family normal; there are constant"),
        ({"types": [{"name": "a", "per_day": 1, "detect": {"lognormal": {"mu": 1}}}]}, "takes mu, sigma; got mu"),
        ({"types": [{"name": "a", "per_day": 1, "detect": {"constant": "x"}}]}, "minutes of a constant distr"),
        ({"types": [{"name": "a", "per_day": -1}]}, "per_day"),
        ({"deployments": {"per_day": 1.0}}, "deployments needs after"),
        ({"mttrlab_model": 9}, "another version"),
        ({"stamps": ["started_at", "solved_at"]}, "solved_at"),
    ],
)
def test_every_mistake_is_one_sentence_with_its_place(tmp_path, change, why):
    told = {"types": [{"name": "any", "per_day": 1.0, "detect": {"constant": 5}}], **change}
    path = tmp_path / "model.yml"
    path.write_text(yaml.safe_dump(told))
    with pytest.raises(ModelError, match=why) as refused:
        read_model(path)
    assert str(refused.value).startswith(str(path))
    (tmp_path / "model.json").write_text(json.dumps(told))
    with pytest.raises(ModelError, match=why):
        read_model(tmp_path / "model.json")


def test_two_mistakes_are_both_named_and_no_model_is_said(tmp_path):
    path = tmp_path / "model.yml"
    path.write_text("types: [{per_day: 1, name: a}]\nresponders: x\nverify_pass: y\n")
    with pytest.raises(ModelError, match=r"responders must be a whole number.*; verify_pass must be a number"):
        read_model(path)
    for text, why in [
        ("", "is no model"), ("- 1\n", "is no model"), ("a: [", "model.yml"), ("types: 1\ntypes: 2\n", "types"),
    ]:  # fmt: skip
        path.write_text(text)
        with pytest.raises(ModelError, match=why):
            read_model(path)
    path.write_bytes(b"\xff\xfe\x00types")
    with pytest.raises(ModelError, match="UTF-8"):
        read_model(path)
    with pytest.raises(ModelError, match="cannot be read"):
        read_model(tmp_path / "none.yml")
    with pytest.raises(ModelError, match=r"a model is a .yml, .yaml or .json file"):
        read_model(tmp_path / "model.txt")


@pytest.mark.parametrize(
    "name", ["a", "a type whose name alone takes one line of a file, and a little more of the next one"]
)
@pytest.mark.parametrize("law", [Distribution("constant", 1.0), Distribution("lognormal", 1.0, 0.5)])
def test_a_model_of_one_short_type_is_read_as_it_was_written(tmp_path, name, law):
    model = ResponseModel((IncidentType(name, 1.0, diagnose=law),), responders=2)
    write_model(model, tmp_path / "m.yml")
    assert read_model(tmp_path / "m.yml") == model
