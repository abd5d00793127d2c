"""A model is held against months that it has not seen, and the verdict stands beside every what-if."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.decisions import compare_scenarios
from mttrlab.errors import ModelError
from mttrlab.response import Scenario, check_model
from mttrlab.response.model.response_model import ResponseModel

STAMPS = ("detected_at", "diagnosed_at", "resolved_at", "verified_at")


def slower(incidents: pd.DataFrame, factor: float, of: slice | None = None) -> pd.DataFrame:
    """Return the incidents with all their times that much longer (of some rows)."""
    made = incidents.copy()
    rows = np.zeros(len(made), dtype=bool)
    rows[of or slice(None)] = True
    for stamp in STAMPS:
        longer = made["started_at"] + (made[stamp] - made["started_at"]) * factor
        made[stamp] = made[stamp].where(~rows, longer.dt.as_unit("us"))
    return made


@pytest.fixture(scope="module")
def model(history) -> ResponseModel:
    """Fitted to six hundred incidents."""
    return ResponseModel.fit(history(600, seed=1), check=False)


@pytest.fixture(scope="module")
def later(history) -> pd.DataFrame:
    """Two hundred others of the same organisation."""
    return history(200, seed=35, days=180.0)


def test_months_of_the_same_organisation_pass(model, later):
    check = check_model(model, later)
    assert check.verdict.word == "passed"
    assert str(check).startswith("Passed: on 200 ended incidents from 2024-01 to 2024-06 that the fit has not seen")
    assert check.measure == "recovery"
    numbers = check.table.set_index(["number", "span"])
    median = numbers.loc[("median", "started to verified")]
    assert median["observed"] == pytest.approx(
        float(((later["verified_at"] - later["started_at"]).dt.total_seconds() / 60).median())
    )
    assert median["low"] < median["predicted"] < median["high"]
    band = numbers.loc[("share within the 80 % band", "started to verified")]
    assert band["predicted"] == pytest.approx(0.8, abs=0.02)
    phases = [span for number, span in numbers.index if number == "median"]
    assert phases == ["started to verified", "started to detected", "detected to diagnosed", "diagnosed to resolved",
                      "resolved to verified"]  # fmt: skip
    assert check.table["holds"].all()


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_months_twice_as_slow_or_fast_fail_and_it_is_said_where(model, later, factor):
    check = check_model(model, slower(later, factor))
    assert check.verdict.word == "failed"
    assert "median of started to verified was" in str(check)
    assert "take the what-ifs for directions" in str(check)


def test_a_single_phase_that_is_off_fails_by_its_name(model, later):
    broken = later.copy()
    shift = (broken["detected_at"] - broken["started_at"]) * 3
    for stamp in STAMPS:
        broken[stamp] = (broken[stamp] + shift).dt.as_unit("us")
    wrong = check_model(model, broken).table
    assert set(wrong[~wrong["holds"]]["span"]) >= {"started to detected"}
    assert wrong[wrong["span"] == "resolved to verified"]["holds"].all()


def test_few_incidents_cannot_tell(model, later):
    for n in (0, 1, 5, 19):
        if n:
            check = check_model(model, later.iloc[:n])
            assert (check.verdict.word, len(check.table)) == ("too few to tell", 0)
            assert f"{n} ended incident(s)" in str(check)
        else:
            with pytest.raises(ModelError, match="there are no incidents"):
                check_model(model, later.iloc[:0])


def test_incidents_cut_off_by_the_export_do_not_make_a_true_model_fail(model, later):
    cut = later["started_at"].iloc[0] + pd.Timedelta(days=90)
    open_ones = later[later["started_at"] < cut].copy()
    open_ones["exported_at"] = np.minimum(open_ones["started_at"] + pd.Timedelta(minutes=90), cut).dt.as_unit("us")
    for stamp in STAMPS:
        after = open_ones[stamp] > open_ones["exported_at"]
        open_ones.loc[after, f"{stamp}_verdict"] = "pending"
        open_ones[stamp] = open_ones[stamp].mask(after)
    assert open_ones["verified_at"].isna().mean() > 0.2
    assert check_model(model, open_ones).verdict.word == "passed"


def test_the_same_seed_gives_the_same_check(model, later):
    first, again = (check_model(model, later, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first.table, again.table)
    assert str(first) == str(again)


def test_a_true_model_fails_seldom(history):
    failed = 0
    for seed in range(10):
        everything = history(240, seed=100 + seed)
        model = ResponseModel.fit(everything.iloc[:160], check=False)
        failed += check_model(model, everything.iloc[160:]).verdict.word == "failed"
    # At five in a hundred, four or more of ten would be seen once in a thousand times.
    assert failed < 4


def test_the_fit_checks_itself_on_its_last_quarter_and_says_so(history):
    fitted = ResponseModel.fit(history(400, seed=5))
    assert fitted.verdict is not None
    assert fitted.verdict.word == "passed"
    assert "100 ended incidents" in fitted.verdict.line
    note = fitted.notes.set_index("element").loc["months not seen"]
    assert (note["source"], note["n"]) == ("check", 100)
    changed = ResponseModel.fit(slower(history(400, seed=5), 2.5, slice(300, None)))
    assert changed.verdict.word == "failed"
    few = ResponseModel.fit(history(40, seed=5))
    assert few.verdict.word == "too few to tell"
    assert ResponseModel.fit(history(40, seed=5), check=False).verdict is None


def test_the_verdict_travels_with_every_result(model, later):
    known = check_model(model, later).model
    assert known == model
    table = compare_scenarios(known, [Scenario("x", diagnosis_factor=0.5)], days=30, replications=20, engine="simpy")
    assert table["checked"].str.startswith("Passed: on 200 ended incidents").all()
    assert Scenario("x", diagnosis_factor=0.5).apply(known).verdict == known.verdict
    bare = compare_scenarios(model, [], days=30, replications=20, engine="simpy")
    assert set(bare["checked"]) == {"not yet checked against history; luck only"}
