from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.decomposition import study
from mttrlab.analysis.decomposition import Ended, _totals, change_explained, explain_change
from mttrlab.errors import QuestionError

PHASES = ["detect", "diagnose", "resolve", "verify"]


def known(shared: Path, case: str) -> dict:
    found = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == case)
    return dict(found)


def phases(kinds: list[str], pieces: np.ndarray, whole: np.ndarray | None = None) -> pd.DataFrame:
    frame = pd.DataFrame(np.asarray(pieces, float).reshape(len(kinds), 4), columns=PHASES)
    frame["incident_type"] = pd.array(kinds, dtype="str")
    frame["recovery"] = frame[PHASES].sum(axis=1) if whole is None else whole
    frame["recovery_observed"] = pd.array([True] * len(kinds), dtype="boolean")
    return frame


def drawn(seed: int, n: int, kinds: str = "abc") -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    return phases(list(chance.choice(list(kinds), n)), np.exp(chance.normal(3, 1, (n, 4))))


def test_both_kinds_got_slower_and_the_mean_fell(shared: Path) -> None:
    case = known(shared, "DEC-1")
    periods = []
    for i in "01":
        counts = [round(100 * s) for s in case["inputs"][f"share{i}"]]
        means = case["inputs"][f"mean{i}"]
        minutes = np.repeat(np.array(means, float), counts)
        kinds = ["a"] * counts[0] + ["b"] * counts[1]
        periods.append(phases(kinds, np.column_stack([minutes * 0, minutes, minutes * 0, minutes * 0])))
    table = explain_change(*periods).set_index("part")
    expected = case["expected"]
    assert table["mean_before"].iloc[0] == pytest.approx(expected["mttr0"])
    assert table["mean_after"].iloc[0] == pytest.approx(expected["mttr1"])
    assert table["minutes"]["total"] == pytest.approx(expected["delta"], abs=1e-9)
    assert table["minutes"]["mix"] == pytest.approx(expected["mix_effect"], abs=1e-9)
    assert table["minutes"]["diagnose"] == pytest.approx(expected["rate_effect"], abs=1e-9)


@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 40), st.sampled_from(["abc", "cde", "xyz"]))
def test_parts_add_up_and_change_sign_when_the_periods_are_swapped(seed: int, n: int, m: int, kinds: str) -> None:
    before, after = drawn(seed, n), drawn(seed + 1, m, kinds)
    there = explain_change(before, after, draws=0).set_index("part")["minutes"]
    back = explain_change(after, before, draws=0).set_index("part")["minutes"]
    assert there.drop("total").sum() == pytest.approx(there["total"], abs=1e-9)
    assert there["total"] == pytest.approx(after["recovery"].mean() - before["recovery"].mean(), abs=1e-9)
    assert (there + back).abs().max() < 1e-9


def test_the_part_of_a_phase_by_a_second_route() -> None:
    before, after = drawn(1, 60), drawn(2, 50)
    table = explain_change(before, after, draws=0).set_index("part")["minutes"]
    expected = 0.0
    for kind in "abc":
        old, new = (f[f["incident_type"] == kind] for f in (before, after))
        share = (len(old) / 60 + len(new) / 50) / 2
        expected += share * (new["diagnose"].mean() - old["diagnose"].mean())
    assert table["diagnose"] == pytest.approx(expected)


def test_merged_phases_stay_in_the_sum() -> None:
    before = phases(["a"] * 6, np.tile([1.0, 2, 3, 4], (6, 1)))
    after = phases(["a"] * 6, np.tile([1.0, np.nan, np.nan, 4], (6, 1)), np.full(6, 30.0))
    table = explain_change(before, after, draws=0).set_index("part")["minutes"]
    # No incident of the later period tells them apart, so they are one part in both.
    assert table["diagnose + resolve"] == 20
    assert (table["not split"], table["detect"], table["verify"]) == (0, 0, 0)
    assert table["total"] == 20


def test_a_stamp_that_is_forgotten_more_often_does_not_pass_for_a_quicker_phase() -> None:
    chance = np.random.default_rng(5)
    shares = chance.dirichlet([2, 6, 4, 1], 400)
    pieces = np.exp(chance.normal(4, 1, 400))[:, None] * shares
    before, after = pieces[:200], pieces[200:].copy()
    truth = explain_change(phases(["a"] * 200, before), phases(["a"] * 200, after), draws=0).set_index("part")
    whole = after.sum(axis=1)
    after[chance.random(200) < 0.5, 1:3] = np.nan
    table = explain_change(phases(["a"] * 200, before), phases(["a"] * 200, after, whole), draws=0)
    found = table.set_index("part")["minutes"]
    assert found["not split"] == pytest.approx(0, abs=1e-9)
    for phase in ("detect", "diagnose", "resolve", "verify"):
        assert found[phase] == pytest.approx(truth["minutes"][phase], abs=3)
    assert "with a merged span, divided as others divide theirs" in table["note"][0]
    back = explain_change(phases(["a"] * 200, after, whole), phases(["a"] * 200, before), draws=0)
    assert (back.set_index("part")["minutes"] + found).abs().max() < 1e-9


def test_an_incident_fixed_before_it_was_diagnosed_is_never_divided() -> None:
    before = phases(["a"] * 30, np.tile([1.0, 2, 3, 4], (30, 1)))
    after = phases(["a"] * 30, np.tile([1.0, 2, 3, 4], (30, 1)))
    after.loc[:4, ["diagnose", "resolve"]] = np.nan
    after["diagnosed_at_verdict"] = "recorded"
    table = explain_change(before, after, draws=0).set_index("part")["minutes"]
    assert table["not split"] == pytest.approx(5 * 5 / 30)
    assert table["diagnose"] == pytest.approx(-2 * 5 / 30)
    assert table["total"] == pytest.approx(0, abs=1e-12)


def test_bands_hold_the_truth_as_often_as_they_say() -> None:
    chance = np.random.default_rng(3)
    hits = 0
    for round_ in range(200):
        made = []
        for share, scale in ((0.6, 1.0), (0.4, 0.8)):
            kinds = np.where(chance.random(80) < share, "a", "b")
            pieces = chance.exponential(np.where(kinds == "a", 10.0, 30.0)[:, None] * scale, (80, 4))
            made.append(phases(list(kinds), pieces))
        row = explain_change(*made, draws=299, seed=round_).set_index("part").loc["total"]
        truth = 4 * (0.8 * (0.4 * 10 + 0.6 * 30) - (0.6 * 10 + 0.4 * 30))
        hits += row["low"] <= truth <= row["high"]
    assert hits / 200 == pytest.approx(0.95, abs=0.05)


def test_open_and_unknown_incidents_are_counted_and_said() -> None:
    before, after = drawn(1, 20), drawn(2, 20)
    after["recovery_observed"] = pd.array([False] * 2 + [pd.NA] + [True] * 17, dtype="boolean")
    table = explain_change(before, after, draws=0)
    assert (table["n_after"] == 17).all()
    assert (table["open_after"] == 2).all()
    assert table["note"][0] == "after: 1 incident has no known minutes; after: 2 incidents still open"


def test_an_empty_period_and_a_missing_column_say_so() -> None:
    before = drawn(1, 20)
    empty = explain_change(before, before.iloc[:0])
    assert empty["minutes"].isna().all()
    assert "n = 0" in empty["note"][0]
    assert change_explained(empty).startswith("There is nothing to explain")
    with pytest.raises(QuestionError, match="no column of this table"):
        explain_change(before, before, by="colour")


def test_the_sentence_names_the_largest_parts_in_plain_words() -> None:
    before = phases(["a"] * 30, np.tile([5.0, 40, 20, 5], (30, 1)))
    after = phases(["a"] * 30, np.tile([5.0, 15, 22, 5], (30, 1)))
    told = change_explained(explain_change(before, after))
    assert told == (
        "The average went from 70 to 47 minutes (30 incidents before, 30 after). "
        "Of that, −25 from finding the cause, and +2 from fixing."
    )


def test_the_same_call_gives_the_same_bytes() -> None:
    before, after = drawn(1, 300), drawn(2, 200)
    assert explain_change(before, after).to_csv() == explain_change(before, after).to_csv()


def test_the_bands_hold_the_true_parts() -> None:
    held = study(20, 120, sigma=1.25).mean()
    # At 95 % and 120 comparisons 0.90 lies 2.6 standard errors down; percentiles of the bootstrap held 0.85 here.
    assert (held >= 0.90).all()


def test_the_standard_errors_are_those_of_incidents_left_out_one_by_one() -> None:
    rng = np.random.default_rng(8)
    period = [Ended(rng.integers(0, 2, n), rng.lognormal(3, 0.5, (n, 3)), 0, 0) for n in (150, 200)]

    def parts(first: Ended, second: Ended) -> tuple[np.ndarray, np.ndarray]:
        rows = (np.arange(len(p.groups))[None, :] for p in (first, second))
        values, errors, _ = _totals(first, second, 2, *rows)
        return values[0], errors[0]

    variance = np.zeros(5)
    for place, whole in enumerate(period):
        n = len(whole.groups)
        left = []
        for row in range(n):
            fewer = list(period)
            fewer[place] = Ended(np.delete(whole.groups, row), np.delete(whole.pieces, row, axis=0), 0, 0)
            left.append(parts(*fewer)[0])
        variance += (n - 1) ** 2 / n * np.var(left, axis=0, ddof=1)
    np.testing.assert_allclose(parts(*period)[1], np.sqrt(variance), rtol=0.03)
