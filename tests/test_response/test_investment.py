"""An investment is a scenario with a price, a ramp, side effects, and numbers that nobody knows exactly."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from mttrlab.decisions import compare_scenarios
from mttrlab.errors import ModelError
from mttrlab.response import (
    Distribution,
    FixPath,
    IncidentProfile,
    IncidentType,
    Investment,
    Noise,
    Paging,
    PertEstimate,
    Ramp,
    ResponseModel,
    Scenario,
    read_investments,
    read_scenarios,
    simulate,
)
from mttrlab.response.engines import compiled
from mttrlab.response.model.response_model import MONTH_DAYS

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]


def organisation(**more):
    paths = (FixPath("rollback", Distribution("lognormal", 3.0, 1.0), 1.0, 1.0),)
    kind = IncidentType(
        "a",
        2.0,
        profiles=(IncidentProfile(1.0, "shop"),),
        diagnose=Distribution("lognormal", 3.0, 1.0),
        paths=paths,
        change_caused=1.0,
    )
    return ResponseModel((kind,), **more)


def minutes(model, investment, days=3650, **more):
    table = simulate(model, days=days, replications=1, seed=3, scenario=investment, **more).set_index("incident_id")
    taken = (table["resolved_at"] - table["started_at"]).dt.total_seconds() / 60
    return table["started_at"], taken


@pytest.mark.parametrize("engine", ENGINES)
def test_an_effect_is_nothing_on_the_first_day_and_whole_once_its_ramp_is_over(engine):
    model = organisation()
    start, before = minutes(model, None, engine=engine)
    _, within = minutes(
        model, Investment("runbooks", ramp=Ramp(months=12, delay=6), diagnosis_factor=0.5), engine=engine
    )
    _, at_once = minutes(model, Investment("runbooks", ramp=None, diagnosis_factor=0.5), engine=engine)
    month = (start - start.min().normalize()).dt.total_seconds() / 86_400 / MONTH_DAYS
    assert within[month < 6].equals(before[month < 6])
    assert within[month > 18.1].equals(at_once[month > 18.1])
    between = (month > 6) & (month < 18)
    reached = (within != before)[between]
    # A straight line: half of those on the way, 5 standard errors of some 730 incidents.
    assert abs(reached.mean() - 0.5) < 5 * np.sqrt(0.25 / len(reached))
    assert (within[between][reached] == at_once[between][reached]).all()


def test_adoption_and_decay_reach_the_share_of_incidents_that_the_ramp_says():
    ramp = Ramp(months=6, delay=3, adoption=0.8, decay=0.02)
    _, before = minutes(organisation(), None, days=3 * 365)
    _, after = minutes(organisation(), Investment("runbooks", ramp=ramp, diagnosis_factor=0.5), days=3 * 365)
    months = 3 * 365 / MONTH_DAYS
    expected, _ = integrate.quad(
        lambda m: float(ramp.fraction_reached(np.array([m]))[0]), 0, months, points=[3, 9], limit=200
    )
    share = expected / months
    assert abs((after != before).mean() - share) < 4 * np.sqrt(share * (1 - share) / len(before))


def test_side_effects_come_with_the_same_incidents_and_can_be_switched_off():
    paging, noise = Paging(levels=(Distribution("exponential", 5.0),)), Noise(0.5, Distribution("constant", 10.0))
    model = organisation(paging=paging, noise=noise, responders=50)
    ramp = Ramp(months=12)
    plain = Investment("more alerts", ramp=ramp, diagnosis_factor=0.8)
    dull = Investment("more alerts", ramp=ramp, diagnosis_factor=0.8, side_effects={"dulled": 2.0})
    _, before = minutes(model, None, days=365)
    _, without = minutes(model, plain, days=365)
    _, both = minutes(model, dull, days=365)
    assert ((both > without) <= (without < before)).all()
    assert (both > without).any()
    table = compare_scenarios(model, [dull], days=30, replications=20)
    assert "dulled" not in table["note"][1]
    assert table["what"][1].count("within 12 months") == 2


def test_settings_that_cannot_come_by_and_by_hold_from_the_first_day():
    model = organisation(responders=1)
    people = Investment("second responder", yearly=150_000, responders=2, diagnosis_factor=(0.8, 0.9, 1.0))
    table = compare_scenarios(model, [people], days=30, replications=2)
    assert table["what"][1] == (
        "responders: 1 → 2, from the first day; and diagnosis takes this many times as long: 1 → 0.9 (0.8 to 1); "
        "reaching 100% of them within 6 months"
    )
    changed = people.apply(model)
    assert changed.responders == 2
    assert [one.ramp for one in changed.overrides] == [Ramp(months=6)]
    assert people.parts == (
        Scenario("second responder", responders=2),
        Scenario("second responder", ramp=Ramp(months=6), diagnosis_factor=0.9),
    )


def test_pert_has_its_mean_and_its_ends():
    guess = PertEstimate(0.2, 0.3, 0.9)
    mean, _ = integrate.quad(guess.quantile, 0, 1)
    assert mean == pytest.approx(guess.mean, abs=1e-6)
    assert (guess.quantile(0.0), guess.quantile(1.0)) == pytest.approx((0.2, 0.9))
    assert PertEstimate(0.4, 0.4, 0.4).quantile(0.7) == 0.4
    # Low, likely and high of the published example: (2 + 4 * 5 + 14) / 6.
    assert PertEstimate(2, 5, 14).mean == pytest.approx(6.0)


@given(
    three=st.lists(st.floats(0, 1), min_size=3, max_size=3).map(sorted),
    u=st.lists(st.integers(0, 2**53).map(lambda k: k / 2**53), min_size=2, max_size=2).map(sorted),
)
def test_a_draw_lies_in_its_range_and_grows_with_luck(three, u):
    guess = PertEstimate(*three)
    low, high = (guess.quantile(one) for one in u)
    assert three[0] <= low <= high <= three[2]


def test_each_number_has_a_draw_of_its_own_that_nothing_else_moves():
    one = Investment(
        "flags", once=(10, 20, 60), flagged=(0.2, 0.5, 0.6), side_effects={"arrivals_factor": (1, 1.1, 1.3)}
    )
    other = Investment("flags", once=20, yearly=(1, 2, 3), flagged=(0.2, 0.5, 0.6), prevention=0.1)
    draws = [one.drawn(7, k) for k in range(200)]
    assert [d.levers["flagged"] for d in draws] == [other.drawn(7, k).levers["flagged"] for k in range(200)]
    assert draws[3] == one.drawn(7, 3) != one.drawn(8, 3)
    assert not draws[0].ranges
    settings = np.array([[d.once, d.levers["flagged"], d.side_effects["arrivals_factor"]] for d in draws])
    assert np.abs(np.corrcoef(settings.T) - np.eye(3)).max() < 0.25
    assert settings[:, 0].mean() == pytest.approx(one.ranges["once"].mean, rel=0.1)
    assert settings[:, 1].mean() == pytest.approx(one.ranges["flagged"].mean, rel=0.05)


def test_an_investment_travels_and_says_itself_again():
    one = Investment(
        "flags", once=(10, 20, 60), services=["shop"], ramp=None, flagged=0.5, side_effects={"dulled": 1.2}
    )
    assert pickle.loads(pickle.dumps(one)) == one
    assert eval(repr(one)) == one
    assert len({one, pickle.loads(pickle.dumps(one))}) == 1


def test_investments_are_read_from_a_file_as_they_are_written_in_python(tmp_path):
    file = tmp_path / "money.yml"
    file.write_text(
        "investments:\n"
        "- name: Flags on half the changes\n"
        "  levers: {flagged: {low: 0.3, likely: 0.5, high: 0.6}}\n"
        "  side_effects: {arrivals_factor: [1.0, 1.01, 1.05]}\n"
        "  once: [20000, 40000, 90000]\n"
        "  yearly: 6000\n"
        "  ramp: {months: 9, adoption: 0.8}\n"
        "- {name: A second responder, levers: {responders: 2}, yearly: 150000, ramp: none}\n"
    )
    assert read_investments(file) == [
        Investment(
            "Flags on half the changes",
            once=(20_000, 40_000, 90_000),
            yearly=6_000,
            ramp=Ramp(9, adoption=0.8),
            flagged=(0.3, 0.5, 0.6),
            side_effects={"arrivals_factor": (1.0, 1.01, 1.05)},
        ),
        Investment("A second responder", yearly=150_000, ramp=None, responders=2),
    ]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "moves no lever"),
        ({"flagged": (0.1, 0.2)}, "flagged must be a number, or three"),
        (
            {"flagged": (0.3, 0.2, 0.1)},
            "flagged must go from the lowest over the likely to the highest; got 0.3, 0.2, 0.1",
        ),
        ({"flagged": (0.3, 0.5, 1.1)}, "flagged must be from 0 to 1; got 1.1"),
        ({"flagged": 0.5, "once": -1}, "once must be from 0"),
        ({"flagged": 0.5, "yearly": float("nan")}, "yearly must be from 0"),
        ({"flagged": 0.5, "ramp": 3}, "ramp must be a Ramp"),
        ({"flagged": 0.5, "pools": ["x"]}, "flagged is no setting of a pool"),
        ({"responders": (1, 2, 3)}, "responders is counted in whole numbers: give one, not a range"),
        ({"responders": 2, "services": ["shop"]}, "responders holds for all incidents"),
        ({"flagged": 0.5, "side_effects": {"flagged": 0.2}}, "flagged is a side effect of itself"),
        ({"flagged": 0.5, "side_effects": 3}, "side_effects must hold levers"),
        ({"flagged": 0.5, "side_effects": {"nonsense": 3}}, "has no lever nonsense"),
        ({"nonsense": 3}, "has no lever nonsense"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(settings, sentence):
    with pytest.raises(ModelError, match=sentence) as refusal:
        Investment("x", **settings)
    assert str(refusal.value).startswith("investment 'x'")


def test_a_file_names_every_mistake_with_its_place():
    text = (
        "investments:\n"
        "- {name: a, levers: {name: 1}}\n"
        "- {name: b, once: much, levers: {flagged: 0.5}}\n"
        "- {name: c, levers: {flagged: 0.5}, ramp: {month: 3}}\n"
        "- {name: d, levers: {flagged: 0.5}, price: 3}\n"
        "- {levers: {flagged: 0.5}}\n"
        "- {name: e, levers: {flagged: 0.5}}\n"
        "- {name: e, levers: {flagged: 0.5}}\n"
    )
    with pytest.raises(ModelError) as refusal:
        read_investments(text)
    for part in (
        "investment 1: has no lever name",
        "investment 2: once must be a number, or three",
        "investment 3: ramp has no month",
        "investment 4: has no price",
        "investment 5: needs a name",
        "name 'e' is given 2 times",
    ):
        assert part in str(refusal.value)


def test_a_lever_called_like_an_argument_is_refused_in_scenarios_too():
    with pytest.raises(ModelError, match="scenario 1: has no lever ramp"):
        read_scenarios("scenarios:\n- {name: a, levers: {ramp: 1}}")


def test_levers_that_a_model_cannot_move_are_named():
    model = ResponseModel((IncidentType("a", 1.0, diagnose=Distribution("constant", 5.0)),))
    flags = Investment("flags", flagged=0.5, side_effects={"dulled": 1.2})
    assert set(flags.reasons(model)) == {"flagged", "dulled"}
    assert flags.apply(model).overrides == ()
    with pytest.raises(ModelError, match="moves flagged"):
        simulate(model, days=10, replications=1, seed=1, scenario=flags)
