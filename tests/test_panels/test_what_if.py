"""The sliders show what the plain functions say."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios
from mttrlab.errors import ModelError, QuestionError
from mttrlab.panels import answer_html, keep_for_sliders, slides, what_if, what_if_panel
from mttrlab.response import Distribution, FixPath, IncidentProfile, IncidentType, Pool, ResponseModel, Scenario

WICKED = "<script>$\\bad$</script>"


@pytest.fixture(scope="module")
def model() -> ResponseModel:
    """Two types on two services, one with a name that tries to be markup; three responders."""
    paths = (
        FixPath("rollback", Distribution("lognormal", 2.5, 0.6), 0.5, 1.0),
        FixPath("forward_fix", Distribution("lognormal", 3.5, 0.8), 0.5, 0.0),
    )
    kinds = tuple(
        IncidentType(
            name,
            0.4,
            detect=Distribution("lognormal", 2.0, 0.8),
            alert=Distribution("lognormal", 1.0, 0.5),
            diagnose=Distribution("exponential", 30.0),
            paths=paths,
            verify=Distribution("lognormal", 1.5, 0.4),
            alert_coverage=0.6,
            change_caused=0.5,
            profiles=(IncidentProfile(1.0, service=f"{name} service"),),
        )
        for name in ("deploy", WICKED)
    )
    return ResponseModel(kinds, responders=3)


@pytest.fixture(scope="module")
def kept(model: ResponseModel):
    """A small baseline."""
    return keep_for_sliders(model, replications=50, days=60, seed=3)


def test_the_sliders_show_the_numbers_of_compare_scenarios(model, kept):
    shown = what_if(kept, flagged=0.5, alert_latency=2.0)
    parts = [Scenario("flags", flagged=0.5), Scenario("alerts", alert_latency=2.0)]
    both = Scenario("both", flagged=0.5, alert_latency=2.0)
    wanted = compare_scenarios(model, [*parts, both], days=60, replications=50, seed=3)
    same = [c for c in wanted.columns if c != "scenario"]
    pd.testing.assert_frame_equal(shown[same], wanted[same])


def test_the_baseline_saves_nothing_and_a_prevented_incident_saves_all_its_minutes(kept):
    shown = what_if(kept, prevention=1.0)
    assert shown["saving"].iloc[0] == 0
    assert shown["saving"].iloc[1] == pytest.approx(shown["mean"].iloc[0])


def test_levers_of_one_type_leave_the_others_alone(kept):
    whole = what_if(kept, diagnosis_factor=0.5).iloc[1]
    halves = [what_if(kept, incident_types=[name], diagnosis_factor=0.5).iloc[1] for name in ("deploy", WICKED)]
    assert all(0 < half["saving"] < whole["saving"] for half in halves)


def test_an_answer_that_is_known_is_not_computed_again(kept):
    known: dict = {}
    first = what_if(kept, known=known, flagged=0.5)
    row = next(row for scenario, row in known.items() if scenario.levers)
    row["saving"] = -1.0
    assert what_if(kept, known=known, flagged=0.5)["saving"].iloc[1] == -1.0 != first["saving"].iloc[1]


@pytest.mark.parametrize("value", [-1.0, 2.0, float("nan"), True, "half"])
def test_a_setting_that_cannot_be_is_refused_by_name(kept, value):
    with pytest.raises(ModelError, match="flagged"):
        what_if(kept, flagged=value)


def test_every_slide_moves_its_lever_at_one_end_at_least(model):
    for slide in slides(model):
        assert slide.low <= slide.now <= slide.high
        whole = slide.unit in ("people", "lanes") or slide.lever in ("automation_attempts", "healthy_in_a_row")
        for end in (slide.low, slide.high):
            Scenario("x", **{slide.lever: int(end) if whole else end}).apply(model)


def test_the_panel_shows_what_if_while_a_slider_moves(model, kept):
    pytest.importorskip("ipywidgets")
    panel = what_if_panel(model, baseline=kept)
    page = panel.children[1]
    slider = next(w for w in panel.children[2].children if getattr(w, "description", "").startswith("diagnosis takes"))
    assert "Nothing is moved yet" in page.value
    slider.value = 0.5
    pd.testing.assert_frame_equal(panel.table, what_if(kept, diagnosis_factor=0.5))
    assert "n = 50 replications of 60 days" in page.value
    assert "seed 3" in page.value
    panel.children[0].children[1].click()
    assert "Nothing is moved yet" in page.value


def test_too_few_people_are_a_sentence_in_the_panel_not_a_traceback(model):
    pytest.importorskip("ipywidgets")
    busy = ResponseModel(tuple(kind for kind in model.types), responders=3, start="2026-01-05")
    kinds = tuple(IncidentType(k.name, 20.0, diagnose=k.diagnose, paths=k.paths, verify=k.verify) for k in busy.types)
    panel = what_if_panel(ResponseModel(kinds, responders=3), replications=2, days=1)
    slider = next(w for w in panel.children[2].children if getattr(w, "description", "").startswith("responders"))
    slider.value = 1
    assert "the queue grows for ever" in panel.children[1].value


def test_names_that_try_to_be_markup_are_only_text(kept):
    page = answer_html(what_if(kept, incident_types=[WICKED], diagnosis_factor=0.5))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_without_numba_simpy_answers_with_fewer_replications_and_says_so(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    few = keep_for_sliders(model)
    shown = what_if(few, prevention=0.5)
    assert few.engine == "simpy"
    assert shown["replications"].iloc[0] == 20
    assert "numba is not installed: fewer replications" in answer_html(shown)


def test_without_ipywidgets_the_panel_is_refused_in_one_sentence(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(QuestionError, match=r"mttrlab\[lab\]"):
        what_if_panel(model)


def test_one_pool_is_moved_alone_and_what_is_no_pools_stands_still():
    pytest.importorskip("ipywidgets")
    work = Distribution("exponential", 30.0)
    kinds = tuple(IncidentType(name, 8.0, diagnose=work, pool=name) for name in ("core", "edge"))
    busy = ResponseModel(kinds, pools=(Pool("core", 1), Pool("edge", 1)))
    baseline = keep_for_sliders(busy, replications=5, days=20, engine="simpy")
    panel = what_if_panel(busy, baseline=baseline)
    places = panel.children[0].children[0]
    places.value = ("pools", "core")
    people, work = (
        next(w for w in panel.children[2].children if getattr(w, "description", "").startswith(words))
        for words in ("people of a pool", "diagnosis takes")
    )
    assert work.disabled
    assert not people.disabled
    people.value = 2
    pd.testing.assert_frame_equal(panel.table, what_if(baseline, pools=["core"], pool_people=2))
    assert 0 < panel.table["saving"].iloc[1] < what_if(baseline, pool_people=2)["saving"].iloc[1]
