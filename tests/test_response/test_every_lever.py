"""Every lever of the table: both engines alike, never longer the way that it says, nothing left without one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mttrlab.panels.ranges import slides
from mttrlab.response import Distribution, Ramp, Reopening, ResponseModel, Scenario, levers, read_scenarios, what_moves
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import COUNTED, STAMPED
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model.incident_types import NAMED
from mttrlab.response.sampling.overrides import IN_PARAMETERS
from mttrlab.response.sampling.parameters import parameter_sets, pools
from mttrlab.response.sampling.service_times import sample_service_times
from mttrlab.response.scenarios.applicability import has_effect, reason_without_effect
from mttrlab.response.scenarios.levers import HIGHER, LEVERS, LOWER

MOVED = {
    "prevention": 0.4, "changes_prevented": 0.5, "arrivals_factor": 0.5, "deploys_factor": 0.5,
    "failing_changes": 0.004,
    "burst_share": 0.05, "burst_size": 1.5,
    "evaluation_interval": 5, "alert_for": 20, "scrape_interval": 5, "group_wait": 1, "monitor_interval": 20,
    "confirmations": 1, "gaps_closed": 0.6, "failing_requests": 1.0, "alert_latency": 1, "alert_coverage": 0.95,
    "report_minutes": 4,
    "page_delivery": 0.1, "ack_timeout": 2, "escalation_repeats": 1, "night_startup": 1, "acknowledge_factor": 0.4,
    "backup_factor": 0.3, "dulled": 1.0,
    "responders": 2, "pool_people": 2, "shift_people": 3, "pool_preempts": 0, "pool_hands_over": 0,
    "handover_minutes": 30, "pool_queue_limit": 0, "noise_cut": 0.6, "noise_factor": 3.0,
    "misrouted": 0.05, "ping_pong": 0.05, "max_transfers": 1, "notice_factor": 0.3, "transfer_minutes": 1,
    "runbooks": 0.9, "runbook_factor": 0.2, "first_hit": 0.99, "hypothesis_hit": 0.8, "novel": 0.0, "try_minutes": 4,
    "diagnosis_factor": 0.5,
    "automation": 0.9, "automation_success": 0.95, "automation_attempts": 1, "automation_timeout": 0.4,
    "automation_run_factor": 0.3, "automation_harm": 0.1, "harm_factor": 0.3,
    "flagged": 0.8, **{f"{path}_minutes": 3 for path in NAMED}, "flag_minutes": 0.5,
    **{f"{path}_success": 0.97 for path in NAMED}, "deployment_minutes": 3, "lanes": 3,
    "verification_window": 2, "verify_pass": 0.97, "false_pass": 0.8, "max_rounds": 2, "sample_every": 15,
    "healthy_in_a_row": 1, "sample_window": 20, "sample_threshold": 0.6, "sample_healthy": 0.97,
    "sample_false_pass": 0.8, "samples_most": 4, "reopen_wrong": 0.2, "reopen_right": 0.01,
}  # fmt: skip
"""Every lever, moved the way that shortens where there is one."""

MORE = {"arrivals_factor": 2.3, "deploys_factor": 1.7, "failing_changes": 0.3}
"""Levers that bring incidents which the baseline does not have."""

STAMPS = (*STAMPED, *COUNTED)


@pytest.fixture(scope="module")
def organisation(whole, spanned):
    """Return the organisation that a lever can move."""
    return lambda lever: whole if reason_without_effect(whole, lever, MOVED[lever]) is None else spanned


def calm(model: ResponseModel, **changes) -> ResponseModel:
    """Return the organisation in which nobody waits for anybody, and no answer falls into the night."""
    kinds = tuple(
        replace(kind, pool=None, profiles=tuple(replace(face, pool=None) for face in kind.profiles))
        for kind in model.types
    )
    return replace(
        model,
        types=kinds,
        pools=(),
        responders=100_000,
        noise=replace(model.noise, pool=None),
        routing=replace(model.routing, between=None),
        pipeline=replace(model.pipeline, lanes=100_000),
        paging=replace(model.paging, startup=0.0),
        **changes,
    )


def its_type(lever, model):
    """Return an incident type that a lever can move."""
    stuck = Scenario("x", incident_types=["capacity"], **{lever: MOVED[lever]}).reasons(model)
    return "deploy" if stuck else "capacity"


def luck_of(model, days=40.0, wanted=3):
    return model_runs.numbers_of_blocks(model, days=days, block=0, wanted=wanted, seed=8)


def ended(model, luck):
    return model_runs.run_model(model, luck, model_runs.engine_name("auto", model)).minutes("recovery")


def test_the_table_holds_every_lever_and_both_organisations_together_can_move_each(organisation):
    assert set(MOVED) == set(LEVERS)
    assert {LEVERS[lever].field or lever for lever in MOVED} >= IN_PARAMETERS
    for lever, value in MOVED.items():
        model = organisation(lever)
        assert reason_without_effect(model, lever, value) is None, lever
        assert LEVERS[lever].now(Scenario("x", **{lever: value}).apply(model)) == pytest.approx(value), lever


def test_a_file_of_scenarios_takes_every_lever():
    rows = [f"- {{name: {lever}, levers: {{{lever}: {value}}}}}" for lever, value in MOVED.items()]
    told = read_scenarios("\n".join(["scenarios:", *rows]))
    assert told == [Scenario(lever, **{lever: value}) for lever, value in MOVED.items()]


@pytest.mark.skipif(not compiled.numba_installed(), reason="numba is not installed (the extra 'fast')")
@pytest.mark.parametrize("lever", LEVERS)
def test_engines_agree_on_every_lever_for_all_and_for_one_type_by_and_by(organisation, lever):
    model = organisation(lever)
    luck = luck_of(model, days=60.0, wanted=4)
    before = sample_service_times(model, luck)
    stamps = compiled.run_compiled(before.x, parameter_sets(model, luck.week), before.bounds, pools(model))
    ways = [{}]
    if LEVERS[lever].alone:
        ways.append({"incident_types": [its_type(lever, model)], "ramp": Ramp(1.0, adoption=0.9)})
    for only in ways:
        changed = Scenario("x", **only, **{lever: MOVED[lever]}).apply(model)
        records = sample_service_times(changed, luck)
        given = records.x, parameter_sets(changed, luck.week), records.bounds, pools(changed)
        reference, compared = simpy_engine.run_simpy(*given), compiled.run_compiled(*given)
        assert [name for name in STAMPS if (reference[name] != compared[name]).any()] == []
        assert any((stamps[name] != compared[name]).any() for name in STAMPED), "it moves nothing"


@pytest.mark.parametrize("lever", [name for name, lever in LEVERS.items() if lever.alone])
def test_a_lever_of_one_type_leaves_the_other_alone_where_nobody_waits(organisation, lever):
    model = calm(organisation(lever))
    luck = luck_of(model, days=60.0)
    engine = model_runs.engine_name("auto", model)
    before = model_runs.run_model(model, luck, engine)
    mine = its_type(lever, model)
    after = model_runs.run_model(
        Scenario("x", incident_types=[mine], **{lever: MOVED[lever]}).apply(model), luck, engine
    )
    moved = np.any([before.column(name) != after.column(name) for name in STAMPED], axis=0)
    its = before.records.type == ["deploy", "capacity"].index(mine)
    assert moved[its].any()
    assert not moved[~its].any()


def holding(lever: str, model: ResponseModel) -> ResponseModel:
    """Return the organisation in which the way that a lever shortens has no exception."""
    said = LEVERS[lever].unless
    if "come back" in said:
        return replace(model, reopening=None)
    if "start-up" in said:
        return replace(model, paging=replace(model.paging, startup=10.0), verify_pass=1.0, reopening=None)
    return replace(model, flag_success=1.0) if "flag_success" in said else model


@pytest.mark.parametrize("lever", [name for name, lever in LEVERS.items() if lever.shortens])
def test_a_lever_moved_the_way_that_shortens_lengthens_no_incident(organisation, lever):
    model = holding(lever, calm(organisation(lever)))
    luck = luck_of(model, days=120.0)
    before, after = ended(model, luck), ended(Scenario("x", **{lever: MOVED[lever]}).apply(model), luck)
    stays = ~np.isnan(after)
    assert (after[stays] <= before[stays]).all()
    assert (after[stays] < before[stays]).any() or not stays.all()
    if LEVERS[lever].moves == "arrivals":
        assert (after[stays] == before[stays]).all()


def some_values(lever, chance):
    """Return values of a lever, each the shorter way from the one before."""
    one = LEVERS[lever]
    if one.whole:
        made = [float(k) for k in chance.integers(one.low, 8, 4)]
    elif lever in ("sample_every", "evaluation_interval"):
        # Any other interval than half of one may end later, rounded up to whole ones.
        made = [80.0, 40.0, 20.0, 10.0]
    else:
        highest = {"share": 1.0, "minutes": 30.0, "seconds": 240.0, "times": 3.0, "incidents": 5.0}[one.unit]
        made = chance.uniform(0.01 * highest, highest if one.moves != "arrivals" else min(highest, 1.0), 4).tolist()
    return [int(v) if one.whole else v for v in sorted(made, reverse=one.shortens == LOWER)]


@pytest.mark.parametrize("lever", [name for name, lever in LEVERS.items() if lever.shortens])
def test_of_any_two_values_the_one_that_shortens_is_never_longer(organisation, lever):
    model = holding(lever, calm(organisation(lever)))
    luck = luck_of(model, days=40.0)
    values = some_values(lever, np.random.default_rng(5))
    runs = [ended(Scenario("x", **{lever: value}).apply(model), luck) for value in values]
    for value, longer, shorter in zip(values[1:], runs[:-1], runs[1:], strict=True):
        stays = ~np.isnan(shorter)
        assert not np.isnan(longer[stays]).any(), value
        assert (shorter[stays] <= longer[stays]).all(), value


@pytest.mark.parametrize("lever", [name for name, lever in LEVERS.items() if not lever.shortens])
def test_a_lever_that_shortens_neither_way_says_why_and_it_is_so(organisation, lever):
    assert len(LEVERS[lever].unless) > 40
    model = calm(organisation(lever))
    luck = luck_of(model, days=120.0)
    before = ended(model, luck)
    if "waiting alone" in LEVERS[lever].unless:
        if LEVERS[lever].of_pools or lever in ("responders", "lanes"):
            return
        np.testing.assert_array_equal(before, ended(Scenario("x", **{lever: MOVED[lever]}).apply(model), luck))
        return
    after = ended(Scenario("x", **{lever: MOVED[lever]}).apply(model), luck)
    assert (after > before).any()
    assert (after < before).any()


@pytest.mark.parametrize(
    ("lever", "value", "changes"),
    [
        ("verify_pass", 0.97, {"max_rounds": 2, "verify_pass": 0.3}),
        ("healthy_in_a_row", 1, {}),
        ("sample_healthy", 0.97, {"max_rounds": 2}),
        ("flagged", 0.9, {"flag_success": 0.3, "flag": Distribution("constant", 60.0)}),
        ("runbooks", 0.9, {"runbook_factor": 3.0, "runbooks": None}),
        ("sample_every", 45, {}),
        ("evaluation_interval", 25, {}),
    ],
)
def test_where_the_table_names_an_exception_there_is_one(organisation, lever, value, changes):
    assert LEVERS[lever].unless
    model = calm(organisation(lever), **changes)
    luck = luck_of(model, days=200.0)
    before, after = ended(model, luck), ended(Scenario("x", **{lever: value}).apply(model), luck)
    assert (after > before).any()


def test_a_start_up_time_at_night_may_lengthen_what_comes_sooner(organisation):
    model = calm(organisation("night_startup"), reopening=Reopening(Distribution("exponential", 300.0), right=1.0))
    model = replace(model, paging=replace(model.paging, startup=120.0, night=(0.0, 12.0)))
    luck = luck_of(model, days=200.0)
    before, after = ended(model, luck), ended(Scenario("x", night_startup=90).apply(model), luck)
    assert (after > before).any()
    assert after.mean() < before.mean()


def test_every_setting_has_a_lever_or_a_sentence_why_not():
    table = what_moves().set_index("setting")
    bare = table[(table["levers"] == "") & (table["why_none"] == "")]
    assert bare.index.tolist() == [], "give it a lever, or say in what_moves.REASONS why people cannot move it"
    both = table[(table["levers"] != "") & (table["why_none"] != "")]
    assert both.index.tolist() == []
    from mttrlab.response.scenarios.applicability import REASONS, moving

    assert set(REASONS) | set(moving()) == set(table.index)
    assert all(why.endswith(".") and why[0].isupper() and len(why) < 120 for why in REASONS.values())


def test_a_new_field_without_lever_or_reason_is_found():
    from dataclasses import make_dataclass

    from mttrlab.response.scenarios.applicability import settings_of

    longer = make_dataclass("ResponseModel", [("patience", float, 1.0)], bases=(ResponseModel,), frozen=True)
    assert set(settings_of(longer)) - set(settings_of()) == {"ResponseModel.patience"}


def test_the_table_of_levers_says_the_way_that_shortens():
    table = levers().set_index("lever")
    assert set(table["shortens"]) == {LOWER, HIGHER, ""}
    assert (table["shortens"].ne("") | table["unless"].ne("")).all()
    assert table["meaning"].str.endswith((".", ")")).all()


def test_both_ends_of_every_slide_can_be_set(whole, spanned):
    for model in (whole, spanned):
        made = slides(model)
        assert {slide.lever for slide in made} == {lever for lever in LEVERS if has_effect(model, lever)}
        for slide in made:
            assert slide.low <= slide.now <= slide.high, slide
            for end in (slide.low, slide.high):
                value = int(end) if LEVERS[slide.lever].whole else end
                Scenario("x", **{slide.lever: value}).apply(model)
