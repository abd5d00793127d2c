"""How many incidents alerts see: told by the export, by firings, by the delays' shape, or borrowed and then doubted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.decisions import refits
from mttrlab.decisions.refits import ends
from mttrlab.errors import SchemaError
from mttrlab.response import ResponseModel
from mttrlab.response.calibration import detection
from mttrlab.response.calibration.priors import DEFAULT_PRIORS, Priors


def fitted(incidents, **known):
    return ResponseModel.fit(incidents, check=False, **known)


def note(model, element="alert coverage"):
    return model.notes.set_index("element").loc[element]


def noticed(incidents, share, quick=3.0, slow=30.0, seed=5):
    """Return the incidents with delays of alerts and of people, and which of them alerts saw."""
    chance = np.random.default_rng(seed)
    seen = chance.random(len(incidents)) < share
    minutes = np.where(seen, quick, slow) * np.exp(0.5 * chance.normal(size=len(incidents)))
    shift = pd.to_timedelta(minutes, "min") - (incidents["detected_at"] - incidents["started_at"])
    moved = incidents.copy()
    for stamp in ("detected_at", "diagnosed_at", "resolved_at", "verified_at"):
        moved[stamp] = moved[stamp] + shift
    return moved, seen


def test_quick_and_slow_delays_tell_the_share_that_nobody_says(history):
    for share in (0.3, 0.8):
        incidents, seen = noticed(history(250, seed=3), share)
        model = fitted(incidents)
        assert note(model)["source"] == "fitted"
        assert "two clumps" in note(model)["sentence"]
        share = np.dot([kind.alert_coverage for kind in model.types], model.weights)
        assert share == pytest.approx(seen.mean(), abs=0.06)
        assert float(model.types[0].alert.quantile(0.5)) == pytest.approx(3, rel=0.2)
        assert float(model.types[0].detect.quantile(0.5)) == pytest.approx(30, rel=0.25)


@pytest.mark.parametrize("shape", ["lognormal", "weibull", "two types", "both slow", "few"])
def test_one_clump_is_never_taken_for_two(shape):
    chance = np.random.default_rng(4)
    n, group = 300, np.arange(300) % 2
    minutes = {
        "lognormal": np.exp(2 + 0.9 * chance.normal(size=n)),
        "weibull": 20 * chance.weibull(0.7, n),
        "two types": np.exp(np.where(group, 1.0, 4.0) + 0.5 * chance.normal(size=n)),
        "both slow": np.exp(np.where(chance.random(n) < 0.5, 4.0, 7.0) + 0.4 * chance.normal(size=n)),
        "few": np.array([1.0, 60.0] * 15),
    }[shape]
    assert detection.two_component_mixture(minutes, group[: len(minutes)], 2) is None


def test_the_interval_of_a_share_read_from_the_delays_holds_it_at_about_its_rate():
    held, n = 0, 60
    for seed in range(n):
        chance = np.random.default_rng(seed)
        quick = chance.random(120) < 0.6
        minutes = np.exp(np.where(quick, 1.0, 3.4) + 0.5 * chance.normal(size=120))
        found = detection.two_component_mixture(minutes, np.zeros(120, dtype=np.int64), 1)
        held += found is not None and found.low <= 0.6 <= found.high
    # Of 60 intervals of 95 %, fewer than 50 would be seen in one of a thousand such studies.
    assert held >= 50


def test_who_says_it_counts_and_the_rest_is_borrowed(planted):
    few = planted.assign(detected_by=np.where(np.arange(len(planted)) < 80, "person", None))
    model = fitted(few)
    assert note(model)["source"] == "prior"
    assert "says of 80 of 800 incidents" in note(model)["sentence"]
    for kind in model.types:
        assert kind.alert_coverage == pytest.approx(0.9 * 0.61)
    none = fitted(planted.assign(detected_by="customer"))
    assert note(none)["source"] == "fitted"
    assert "Alerts saw 0% first (95 % 0% to 0%)" in note(none)["sentence"]
    assert {kind.alert_coverage for kind in none.types} == {0.0}


def test_the_log_of_firings_says_what_the_export_does_not(planted):
    first = planted["started_at"]
    seen = np.arange(len(planted)) % 3 == 0
    fired = pd.DataFrame({"service": "checkout", "started_at": planted["detected_at"][seen], "source": "alertmanager"})
    # A page may have been sent by a person; a firing of another service is about something else.
    pages = fired.assign(source="pagerduty", started_at=first + pd.Timedelta(seconds=5))
    model = fitted(planted, firings=pd.concat([fired, pages, fired.assign(service="else", started_at=first)]))
    assert "do not say who noticed" in note(model, "who noticed")["sentence"]
    told = note(model)
    assert told["source"] == "fitted"
    assert "Alerts saw 3" in told["sentence"]
    with pytest.raises(SchemaError, match=r"the firings lack source; pass lab.firings\(\)"):
        fitted(planted, firings=fired.drop(columns="source"))
    assert fitted(planted, firings=fired.head(0)).types == fitted(planted).types


def test_every_refit_doubts_what_is_borrowed_and_nothing_else_moves_with_it(history):
    incidents = history(60, seed=2)
    again = refits(incidents, n=9, seed=4)
    shares = {model.types[0].alert_coverage for model in again}
    assert len(shares) == 9
    assert max(shares) - min(shares) > 0.3
    assert len({model.runbook_factor for model in again}) == 9
    assert len({model.flag for model in again}) == 9
    assert again[0] == refits(incidents, n=9, seed=4)[0]
    assert fitted(incidents).types[0].alert_coverage == DEFAULT_PRIORS.seen


def test_draws_from_the_priors_have_their_stated_middles_and_widths():
    draws = [Priors.sample(np.random.default_rng(seed)) for seed in range(4000)]
    seen, success = np.array([d.seen for d in draws]), np.array([d.success for d in draws])
    assert seen.mean() == pytest.approx(0.61, abs=0.02)
    assert np.quantile(seen, (0.1, 0.9)) == pytest.approx([0.19, 0.96], abs=0.02)
    assert success.mean() == pytest.approx(0.7, abs=0.01)
    assert np.quantile(success, (0.1, 0.9)) == pytest.approx([0.43, 0.92], abs=0.02)
    books = np.quantile([d.runbook for d in draws], (0.1, 0.5, 0.9))
    assert books == pytest.approx([0.2, 1 / 3, 0.56], abs=0.02)


@pytest.mark.parametrize("m", [5, 8, 12, 20])
def test_the_band_of_few_refits_holds_as_much_as_it_says(m):
    chance = np.random.default_rng(m)
    found = np.array([ends(chance.normal(size=m)) for _ in range(4000)])
    another = chance.normal(size=4000)
    assert ((found[:, 0] <= another) & (another <= found[:, 1])).mean() == pytest.approx(0.8, abs=0.03)
