"""Chance belongs to (incident, decision)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mttrlab.response.engines import compiled
from mttrlab.response.engines.transition import LUCK, MINUTES, UNIFORM, WHOLE
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.model.distributions import Law
from mttrlab.response.sampling import arrivals, random_streams
from mttrlab.response.sampling import records as record_types
from mttrlab.response.sampling.arrivals import draw
from mttrlab.response.sampling.common_random_numbers import BLOCK, threshold
from mttrlab.response.sampling.random_streams import stream
from mttrlab.response.sampling.records import write


def test_the_same_seed_draws_the_same_luck(rich):
    first, second = (draw(rich, days=365, block=2, replications=BLOCK, seed=5) for _ in range(2))
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
    one, other = (model_runs.luck_between(rich, (0, 10), days=30, seed=given) for given in (kind(seed), seed))
    assert len(one) > 100
    assert np.array_equal(one.at, other.at)
    assert np.array_equal(one.uniform("type"), other.uniform("type"))


def test_adding_a_decision_moves_no_other(rich):
    plain, more = (draw(rich, days=100, block=0, replications=5, seed=5) for _ in range(2))
    more.uniform("a decision nobody had thought of")
    more.uniform("diagnose", 7)
    for decision in ("type", "detect", "fix", "path"):
        np.testing.assert_array_equal(plain.uniform(decision), more.uniform(decision))


def test_seeds_blocks_and_decisions_have_streams_of_their_own(rich):
    luck = draw(rich, days=100, block=0, replications=5, seed=5)
    other = draw(rich, days=100, block=1, replications=5, seed=5)
    assert not np.isin(luck.uniform("detect"), luck.uniform("fix")).any()
    assert not np.isin(luck.uniform("detect"), other.uniform("detect")).any()


def test_a_replication_is_the_same_whatever_their_number(rich):
    few = draw(rich, days=365, block=0, replications=3, seed=1)
    many = draw(rich, days=365, block=0, replications=BLOCK, seed=1)
    here = many.replication < 3
    np.testing.assert_array_equal(few.at, many.at[here])
    np.testing.assert_array_equal(few.uniform("verify", 1), many.uniform("verify", 1)[here])


def test_arrivals_are_poisson(rich):
    counts = np.concatenate(
        [
            np.bincount(draw(rich, days=100, block=b, replications=BLOCK, seed=3).replication - b * BLOCK)
            for b in range(40)
        ]
    )
    expected = rich.per_day * 100
    assert counts.mean() == pytest.approx(expected, abs=4 * np.sqrt(expected / len(counts)))
    assert counts.var() / counts.mean() == pytest.approx(1.0, abs=4 * np.sqrt(2 / len(counts)))


def test_incidents_arrive_in_order_within_the_horizon(rich):
    luck = draw(rich, days=30, block=0, replications=BLOCK, seed=9)
    same = np.diff(luck.replication) == 0
    assert (np.diff(luck.at)[same] >= 0).all()
    assert (np.diff(luck.key)[same] == 1).all()
    assert luck.at.min() >= 0
    assert luck.at.max() < luck.horizon


def test_a_profile_moves_arrivals_to_its_hours_and_keeps_their_number(rich):
    hours = np.zeros(168)
    hours[24:48] = 1.0
    tuesdays = replace(rich, profile=tuple(hours.tolist()))
    luck = draw(tuesdays, days=70, block=0, replications=BLOCK, seed=2, weekday=12.0)
    hour = (luck.at / 3_600_000_000 + 12.0) % 168
    assert ((hour >= 24) & (hour < 48)).all()
    mean = len(luck) / BLOCK
    assert mean == pytest.approx(rich.per_day * 70, abs=4 * np.sqrt(rich.per_day * 70 / BLOCK))


@pytest.mark.parametrize("skip", [0, 3])
def test_turns_drawn_together_are_those_drawn_alone(rich, skip):
    alone, together = (draw(rich, days=30, block=1, replications=BLOCK, seed=9, blocks=2, skip=skip) for _ in range(2))
    drawn = together.uniforms("fix", 3)
    for part in range(3):
        np.testing.assert_array_equal(drawn[part], alone.uniform("fix", part))
        np.testing.assert_array_equal(drawn[part], together.uniform("fix", part))


def test_thresholds_meet_their_probability(rich):
    u = draw(rich, days=36_000, block=0, replications=2, seed=0).uniform("rule")
    marks = record_types.marked(u)
    assert (marks < threshold(0.3)).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / len(u)))
    assert not (marks < threshold(0.0)).any()
    assert (marks < threshold(1.0)).all()


@pytest.fixture
def machine_code(monkeypatch):
    """Return what says whether columns are filled by machine code from now on."""
    pytest.importorskip("numba")
    compiled.load()
    compiled._load("columns")
    loaded = compiled.columns
    return lambda on: monkeypatch.setattr(compiled, "columns", loaded if on else lambda numbers=0: None)


@given(
    st.integers(0, 2**63),
    st.integers(0, 5000),
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
    st.integers(0, 9),
)
@example(5, 254, [3, 0, 2, 1], 0)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_machine_code_draws_the_numbers_of_numpy(machine_code, seed, block, counts, part):
    drawn = []
    for on in (False, True):
        machine_code(on)
        blocks = range(block, block + len(counts))
        drawn.append(random_streams.uniform(seed, "fix", part, blocks, np.array(counts)).tolist())
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("shuffled", [False, True])
def test_machine_code_writes_the_integers_of_numpy(machine_code, shuffled):
    chance = np.random.default_rng(5)
    n = 10_000
    minutes = np.concatenate([chance.lognormal(3.0, 2.0, n - 1_000), (np.arange(1_000) + 0.5) / 60_000_000])
    u = np.concatenate([chance.random(n - 2), [0.0, np.nextafter(1.0, 0.0)]])
    place = chance.permutation(12_000)[:n] if shuffled else slice(None)
    writes = [
        write("detect", 0, MINUTES, minutes, n, 0.7),
        *(write("fix", turn, MINUTES, (turn + 1) * minutes, n) for turn in range(3)),
        *(write("u_verify", turn, UNIFORM, u ** (turn + 1), n) for turn in range(2)),
        write("at", 0, WHOLE, chance.integers(0, 2**62, n), n),
        write("priority", 0, WHOLE, chance.integers(0, 2**30, n), n),
        write("hands", 0, WHOLE, chance.integers(0, 4, n), n),
        write("rule", 0, WHOLE, u < 0.5, n),
        *(write("deploy", turn, WHOLE, -1, n) for turn in range(2)),
        write("pool", 0, WHOLE, 7, n),
        write("happens", 0, WHOLE, True, n),
        write("harm", 0, MINUTES, 3.5, n),
    ]
    written = []
    for on in (False, True):
        machine_code(on)
        x = np.zeros(12_000, dtype=LUCK) if shuffled else np.frombuffer(b"\7" * (n * LUCK.itemsize), LUCK).copy()
        record_types.perform(x, writes, place, n, fresh=not shuffled)
        written.append(x.tobytes())
    assert written[0] == written[1]
    assert (x["detect"][place] == np.rint(minutes * 0.7 * 60_000_000)).all()
    assert (x["deploy"][place] == [-1, -1, 0, 0, 0]).all()


@pytest.mark.parametrize("on", [True, False])
@pytest.mark.parametrize("longest", [10**6, 2**60])
def test_arrivals_are_sorted_within_replications_whatever_the_horizon(machine_code, on, longest):
    machine_code(on)
    chance = np.random.default_rng(3)
    n = chance.poisson(10.0, BLOCK) * (chance.random(BLOCK) < 0.9)
    replication = np.repeat(np.arange(BLOCK), n)
    at = chance.random(len(replication)) * longest
    found, whose, key = random_streams.arrivals(random_streams.in_order(at, n), n, 100)
    order = np.lexsort((at, replication))
    np.testing.assert_array_equal(found, at[order].astype(np.int64))
    np.testing.assert_array_equal(whose, replication + 100)
    np.testing.assert_array_equal(key, arrivals._numbered(replication))


@pytest.mark.parametrize(
    "law",
    [Law("lognormal", 2.0, 1.5), Law("lognormal", 4.0, 4.0), Law("exponential", 7.0), Law("exponential", 5e6),
     Law("gamma", 0.4, 9.0), Law("constant", 3.0), Law("empirical", 1.0, 4.0, 9.0)],
    ids=str,
)  # fmt: skip
def test_minutes_of_kept_uniforms_are_the_quantiles_of_the_law(machine_code, law):
    u = np.concatenate([np.random.default_rng(4).random(50_000), [0.0, random_streams.BELOW_ONE]])
    expected = law.quantile(u)
    for on in (False, True):
        machine_code(on)
        np.testing.assert_array_equal(random_streams.minutes(law, u), expected)
        over = u.copy()
        assert random_streams.minutes(law, over, out=over) is over
        np.testing.assert_array_equal(over, expected)
        np.testing.assert_array_equal(
            random_streams.minutes(law, u[:-1].reshape(3, -1)[:, ::2]), expected[:-1].reshape(3, -1)[:, ::2]
        )


def test_machine_code_for_columns_is_compiled_once_many_numbers_are_drawn(machine_code, monkeypatch):
    monkeypatch.setattr(compiled, "_LOADED", {"kernel": compiled._LOADED["kernel"]})
    monkeypatch.setattr(compiled, "_DRAWN", [])
    assert compiled.columns(compiled._WORTH - 1) is None
    assert compiled.columns(0) is None
    assert compiled.columns(1) is not None


def test_machine_code_counts_and_adds_as_numpy_does(machine_code):
    chance = np.random.default_rng(8)
    n = chance.poisson(30.0, 100)
    place = np.repeat(np.arange(100), n)
    then, now = chance.lognormal(3.0, 2.0, (2, len(place)))
    then[chance.random(len(place)) < 0.1], now[chance.random(len(place)) < 0.2] = np.nan, np.nan
    begin = chance.integers(0, 10**13, len(place))
    happens = chance.integers(0, 2, len(place) + 9).astype(np.int8)
    last = chance.integers(0, 10**13, len(place) + 9)
    rows = chance.permutation(len(place) + 9)[: len(place)]
    found = []
    for on in (False, True):
        machine_code(on)
        found.append([
            *random_streams.sums(then, now, place, 100),
            random_streams.in_order(then, n),
            random_streams.elapsed(last, begin, happens, rows),
            random_streams.elapsed(last, np.stack([begin, begin], axis=1)[:, 0], happens, rows),
            random_streams.chosen(np.array([2.0, 20.0]), then),
            random_streams.grouped(place % 7, 9)[0],
            random_streams.grouped(place % 7, 9)[1],
        ])  # fmt: skip
    for plain, fast in zip(*found, strict=True):
        np.testing.assert_array_equal(plain, fast)


def test_the_last_pieces_are_short_and_no_replication_is_left_out(rich):
    for replications, n_jobs in ((40_000, 2), (9_999, 3), (7, 2), (120, 4)):
        pieces = model_runs.spans(rich, 365, replications, n_jobs)
        assert [k for low, high in pieces for k in range(low, high)] == list(range(replications))
    longest = [high - low for low, high in model_runs.spans(rich, 365, 40_000, 2)]
    assert max(longest[-4:]) < max(longest) / 2
