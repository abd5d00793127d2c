"""The life of an incident, told from the model itself, and drawn."""

from __future__ import annotations

import math
from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot
import numpy as np
import pytest

from mttrlab.figures import plot_life, plot_story
from mttrlab.figures.style import minutes_label
from mttrlab.response import Deployments, Distribution, FixPath, IncidentType, Pool, ResponseModel, Scenario, trace
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment.description import ACTS_ON, describe_model
from mttrlab.response.scenarios.applicability import has_effect
from mttrlab.response.scenarios.levers import LEVERS

mpl.use("Agg")


def words_of(ax):
    return [text.get_text() for text in ax.texts]


def test_every_lever_acts_somewhere_on_the_drawing():
    assert {lever for levers in ACTS_ON.values() for lever in levers} == set(LEVERS)


def test_every_lever_that_the_model_can_move_is_drawn_and_no_other(rich, everything, four_phases):
    for model in (rich, everything, four_phases):
        drawn = {name for row in describe_model(model)["levers"] for name in row.split(", ") if name}
        assert drawn == {lever for lever in LEVERS if has_effect(model, lever)}


def test_the_minutes_on_the_drawing_are_the_laws_own(four_phases):
    parts = describe_model(four_phases).set_index("part")
    assert parts.loc["alert", "median"] == pytest.approx(5.0, rel=0.01)
    assert parts.loc["diagnose", "p90"] == pytest.approx(30.0 * math.exp(1.2816), rel=0.01)
    assert minutes_label(parts.loc["verify", "median"]) in " ".join(words_of(plot_life(four_phases)))


def test_the_shares_of_the_fix_paths_are_those_that_the_simulator_takes(rich):
    more = Scenario("x", flagged=0.6).apply(rich)
    for model in (rich, more):
        run = model_runs.run_model(model, model_runs.numbers_of_blocks(model, days=3650, block=0, wanted=10, seed=1))
        first = np.bincount(run.records.path[:, 0], minlength=len(run.paths)) / len(run.records)
        told = describe_model(model).query("part == 'path'").set_index("name")["share"]
        for name, share in zip(run.paths, first, strict=True):
            assert told.get(name, 0.0) == pytest.approx(share, abs=0.01), name


def test_a_lever_that_is_moved_moves_the_drawing(rich):
    parts = describe_model(
        Scenario("x", rollback_minutes=3, diagnosis_factor=0.5, alert_latency=2).apply(rich)
    ).set_index("part")
    rollback = parts.query("name == 'rollback'").iloc[0]
    assert rollback["p90"] == 3.0
    assert parts.loc["alert", "p90"] == 2.0
    assert parts.loc["diagnose", "median"] == pytest.approx(
        describe_model(rich).set_index("part").loc["diagnose", "median"] / 2
    )


def test_what_is_switched_off_is_said_and_what_is_on_is_not(four_phases, everything):
    off = describe_model(four_phases).set_index("part").loc["off", "words"]
    assert "reopening" in off
    assert "waiting for a person" in off
    linked = describe_model(
        replace(everything, deployments=Deployments(5.0, Distribution("exponential", 20.0)))
    ).set_index("part")
    assert linked.loc["off", "words"] == ""
    assert "follow one of 5 deployments a day" in linked.loc["arrive", "words"]


def test_a_model_without_any_phase_but_one_is_drawn(four_phases):
    bare = ResponseModel((IncidentType("any", 0.5, diagnose=Distribution("constant", 30.0)),))
    assert any("30 min" in words for words in words_of(plot_life(bare)))


def test_names_that_try_to_be_formulas_or_controls_are_only_text(rich):
    wicked = "_$\\frac{1}$\u202e\n^bad"
    kind = replace(rich.types[0], paths=(FixPath(wicked, Distribution("constant", 5.0), 1.0, 1.0),), pool=wicked)
    model = ResponseModel((kind,), pools=(Pool(wicked, 2),))
    for ax in (plot_life(model), plot_story(trace(model, seed=1))):
        ax.figure.canvas.draw()
        texts = [text for text in (*ax.texts, *ax.get_yticklabels()) if "frac" in text.get_text()]
        assert texts
        assert not any(text.get_parse_math() for text in texts)
        assert not any(c in text.get_text() for text in texts for c in "\u202e")


def test_nothing_on_the_fullest_drawings_overlaps(everything, whole, rich, four_phases):
    for model in (everything, whole, rich, four_phases):
        ax = plot_life(model)
        assert clashes_on(ax) == []
    small = mpl.figure.Figure((13.5, 7.0)).add_axes((0, 0, 1, 1))
    assert clashes_on(plot_life(whole, ax=small)) == []


def clashes_on(ax):
    ax.figure.canvas.draw()
    texts = [text for text in ax.texts if text.get_text().strip()]
    boxes = [text.get_window_extent().shrunk(1.0, 0.8) for text in texts]
    clashes = [
        (texts[i].get_text(), texts[j].get_text())
        for i in range(len(boxes)) for j in range(i) if boxes[i].overlaps(boxes[j])
    ]  # fmt: skip
    mpl.pyplot.close(ax.figure)
    return clashes


def test_the_timeline_has_a_line_for_each_thing_that_happened_and_bars_for_the_minutes(everything):
    told = trace(everything, 3, seed=3)
    ax = plot_story(told)
    lines = [label.get_text() for label in ax.get_yticklabels()]
    assert len(lines) == len(told)
    assert all(what.startswith(line) for what, line in zip(told["what"], lines, strict=True))
    passed = sum(bar.get_width() for bar in ax.patches)
    assert passed == pytest.approx(told["minute"].iloc[-1])
