"""Chance belongs to (incident, decision)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mttrlab.response import Noise
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.sampling import arrivals, random_streams
from mttrlab.response.sampling import records as record_types
from mttrlab.response.sampling.arrivals import draw_arrivals
from mttrlab.response.sampling.common_random_numbers import BLOCK, as_threshold
from mttrlab.response.sampling.random_streams import stream
from mttrlab.response.sampling.service_times import sample_service_times


def test_the_same_seed_draws_the_same_luck(rich):
    first, second = (draw_arrivals(rich, days=365, block=2, replications=BLOCK, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.at, second.at)
    np.testing.assert_array_equal(first.uniform("diagnose", 1), second.uniform("diagnose", 1))


@given(st.integers(0, 2**63), st.text(), st.integers(0, 200_000), st.integers(0, 5000))
@example(0, "fix", 0, 0)
@example(2**32 - 1, "fix", 127, 1)
@example(2**32, "fix", 128, 1)
@example(2**63, "fix", 200_000, 5000)
def test_a_stream_is_the_one_that_numpy_seeds_itself(seed, decision, block, part):
    word = int.from_bytes(hashlib.sha256(decision.encode()).digest()[:4], "big")
    own = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(word, block, part))))
    assert stream(seed, decision, block, part).random(3).tolist() == own.random(3).tolist()


@pytest.mark.parametrize(("kind", "seed"), [(np.int32, 201), (np.uint8, 202), (np.int64, 203), (np.uint64, 204)])
def test_a_seed_of_numpys_kinds_is_the_number_that_it_is(rich, kind, seed):
    # Streams that were drawn already are kept by their seed: these are drawn nowhere else.
    one, other = (model_runs.numbers_between(rich, (0, 10), days=30, seed=given) for given in (kind(seed), seed))
    assert len(one) > 100
    assert np.array_equal(one.at, other.at)
    assert np.array_equal(one.uniform("type"), other.uniform("type"))


def test_adding_a_decision_moves_no_other(rich):
    plain, more = (draw_arrivals(rich, days=100, block=0, replications=5, seed=5) for _ in range(2))
    more.uniform("a decision nobody had thought of")
    more.uniform("diagnose", 7)
    for decision in ("type", "detect", "fix", "path"):
        np.testing.assert_array_equal(plain.uniform(decision), more.uniform(decision))


def test_seeds_blocks_and_decisions_have_streams_of_their_own(rich):
    luck = draw_arrivals(rich, days=100, block=0, replications=5, seed=5)
    other = draw_arrivals(rich, days=100, block=1, replications=5, seed=5)
    assert not np.isin(luck.uniform("detect"), luck.uniform("fix")).any()
    assert not np.isin(luck.uniform("detect"), other.uniform("detect")).any()


def test_a_replication_is_the_same_whatever_their_number(rich):
    few = draw_arrivals(rich, days=365, block=0, replications=3, seed=1)
    many = draw_arrivals(rich, days=365, block=0, replications=BLOCK, seed=1)
    here = many.replication < 3
    np.testing.assert_array_equal(few.at, many.at[here])
    np.testing.assert_array_equal(few.uniform("verify", 1), many.uniform("verify", 1)[here])


def test_arrivals_are_poisson(rich):
    counts = np.concatenate(
        [
            np.bincount(draw_arrivals(rich, days=100, block=b, replications=BLOCK, seed=3).replication - b * BLOCK)
            for b in range(40)
        ]
    )
    expected = rich.per_day * 100
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / len(counts)))
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / len(counts)))


def test_incidents_arrive_in_order_within_the_horizon(rich):
    luck = draw_arrivals(rich, days=30, block=0, replications=BLOCK, seed=9)
    same = np.diff(luck.replication) == 0
    assert (np.diff(luck.at)[same] >= 0).all()
    assert (np.diff(luck.key)[same] == 1).all()
    assert luck.at.min() >= 0
    assert luck.at.max() < luck.horizon


def test_a_profile_moves_arrivals_to_its_hours_and_keeps_their_number(rich):
    hours = np.zeros(168)
    hours[24:48] = 1.0
    tuesdays = replace(rich, profile=tuple(hours.tolist()))
    luck = draw_arrivals(tuesdays, days=70, block=0, replications=BLOCK, seed=2, weekday=12.0)
    hour = (luck.at / 3_600_000_000 + 12.0) % 168
    assert ((hour >= 24) & (hour < 48)).all()
    mean = len(luck) / BLOCK
    assert mean == pytest.approx(rich.per_day * 70, abs=4 * np.sqrt(rich.per_day * 70 / BLOCK))


@pytest.mark.parametrize("skip", [0, 3])
def test_turns_drawn_together_are_those_drawn_alone(rich, skip):
    alone, together = (
        draw_arrivals(rich, days=30, block=1, replications=BLOCK, seed=9, blocks=2, skip=skip) for _ in range(2)
    )
    drawn = together.uniforms("fix", 3)
    for part in range(3):
        np.testing.assert_array_equal(drawn[part], alone.uniform("fix", part))
        np.testing.assert_array_equal(drawn[part], together.uniform("fix", part))


def test_thresholds_meet_their_probability(rich):
    u = draw_arrivals(rich, days=36_000, block=0, replications=2, seed=0).uniform("rule")
    marks = record_types.as_uint32(u)
    assert (marks < as_threshold(0.3)).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / len(u)))
    assert not (marks < as_threshold(0.0)).any()
    assert (marks < as_threshold(1.0)).all()


@pytest.mark.parametrize("noise", [None, Noise(0.5, Distribution("exponential", 10.0))])
def test_records_hold_whole_microseconds_and_32_bit_uniforms(rich, noise):
    model = replace(rich, noise=noise)
    luck = draw_arrivals(model, days=400, block=0, replications=BLOCK, seed=5)
    records, n = sample_service_times(model, luck), len(luck)
    chance = np.random.default_rng(5)
    minutes = np.concatenate([chance.lognormal(3.0, 2.0, n - 1_000), (np.arange(1_000) + 0.5) / 60_000_000])
    u = np.concatenate([chance.random(n - 2), [0.0, np.nextafter(1.0, 0.0)]])
    records.set_minutes("detect", minutes, factor=0.7)
    records.set_minutes("fix", minutes, 2 * minutes, factor=np.full(n, 0.5))
    records.set_uniform("u_verify", u, u**2)
    records.set_int("rule", u < 0.5)
    records.set_int("deploy", *[-1] * 2)
    pages = records.x["noise"] == 1
    assert (records.detect == np.rint(minutes * 0.7 * 60_000_000)).all()
    assert (records.fix[:, 1] == np.rint(2 * minutes * 0.5 * 60_000_000)).all()
    assert (records.u_verify[:, :2] == np.floor(np.stack([u, u**2], axis=1) * 2.0**32)).all()
    assert (records.rule == (u < 0.5)).all()
    assert (records.deploy[:, :2] == -1).all()
    assert pages.any() == (noise is not None)
    assert not records.x["detect"][pages].any()


@pytest.mark.parametrize("longest", [10**6, 2**60])
def test_arrivals_are_sorted_within_replications_whatever_the_horizon(longest):
    chance = np.random.default_rng(3)
    n = chance.poisson(10.0, BLOCK) * (chance.random(BLOCK) < 0.9)
    replication = np.repeat(np.arange(BLOCK), n)
    at = chance.random(len(replication)) * longest
    found, whose, key = random_streams.arrivals(random_streams.in_order(at, n), n, 100)
    order = np.lexsort((at, replication))
    np.testing.assert_array_equal(found, at[order].astype(np.int64))
    np.testing.assert_array_equal(whose, replication + 100)
    np.testing.assert_array_equal(key, arrivals._numbered(replication))


def test_replications_are_counted_added_up_and_put_in_order():
    chance = np.random.default_rng(8)
    n = chance.poisson(30.0, 100)
    place = np.repeat(np.arange(100), n)
    then, now = chance.lognormal(3.0, 2.0, (2, len(place)))
    then[chance.random(len(place)) < 0.1], now[chance.random(len(place)) < 0.2] = np.nan, np.nan
    happened, total, saved, arrived = np.zeros((4, 100))
    for r, before, after in zip(place, then, now, strict=True):
        arrived[r] += not np.isnan(before)
        happened[r] += not np.isnan(after)
        total[r] += np.nan_to_num(after)
        saved[r] += np.nan_to_num(before) - np.nan_to_num(after)
    found = random_streams.sums(then, now, place, 100)
    for one, by_hand in zip(found, (happened, total, saved, arrived), strict=True):
        np.testing.assert_array_equal(one, by_hand)
    minutes = np.nan_to_num(now)
    ordered = random_streams.in_order(minutes, n)
    for r in range(100):
        np.testing.assert_array_equal(ordered[r, : n[r]], np.sort(minutes[place == r]))


def test_the_last_pieces_are_short_and_no_replication_is_left_out(rich):
    for replications, n_jobs in ((40_000, 2), (9_999, 3), (7, 2), (120, 4)):
        pieces = model_runs.replication_spans(rich, 365, replications, n_jobs)
        assert [k for low, high in pieces for k in range(low, high)] == list(range(replications))
    longest = [high - low for low, high in model_runs.replication_spans(rich, 365, 40_000, 2)]
    assert max(longest[-4:]) < max(longest) / 2
