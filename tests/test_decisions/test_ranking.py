"""Investments side by side: minutes, money, and how sure the order is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis import incidents_needed
from mttrlab.decisions import compare_scenarios, rank_investments, ranking
from mttrlab.errors import ModelError
from mttrlab.response import Distribution, FixPath, Impact, IncidentType, Investment, Pool, Ramp, ResponseModel
from mttrlab.response.engines import compiled

ENGINES = [
    "simpy",
    pytest.param("compiled", marks=pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")),
]
RUN = {"years": 1, "draws": 30, "replications": 60, "seed": 5}


def organisation(sigma=1.0, **more):
    law = Distribution("lognormal", 4.0, sigma) if sigma else Distribution("constant", 60.0)
    kind = IncidentType("a", 0.5, diagnose=law, paths=(FixPath("other", Distribution("constant", 30.0), 1.0, 1.0),))
    return ResponseModel((kind,), **more)


def ranked(model, investments, **more):
    return rank_investments(model, investments, **(RUN | more)).set_index("investment")


def arrived(model, years=1):
    return compare_scenarios(model, [], days=365 * years, replications=60, seed=5)["incidents"][0]


def test_minutes_and_money_by_hand():
    # Diagnosis takes 60 minutes and then 45: 15 saved, from the first day.
    book = Investment("runbooks", once=9_000, yearly=1_000, ramp=None, diagnosis_factor=0.75)
    table = ranked(organisation(0), [book], years=3, minute_value=2.0)
    row = table.loc["runbooks"]
    a_year = 15 * arrived(organisation(0), 3) / 3
    assert row["minutes_saved_per_year"] == pytest.approx(a_year)
    assert row["expected_low"] == row["expected_high"] == pytest.approx(a_year)
    assert row["cost_per_year"] == 4_000
    assert row["per_1000"] == pytest.approx(a_year / 4)
    assert row["net"] == pytest.approx(2 * a_year - 4_000)
    assert row["worth_it"] == (2 * a_year > 4_000)
    assert row["doubt"] == pytest.approx(0, abs=1e-12)


def test_minutes_count_with_the_share_of_users_hit():
    book = [Investment("runbooks", diagnosis_factor=0.75, ramp=None)]
    whole = rank_investments(organisation(0), book, **RUN)
    tenth = rank_investments(organisation(0, users=(Impact((0.1,)),)), book, **RUN)
    assert np.allclose(tenth["minutes_saved_per_year"], whole["minutes_saved_per_year"] / 10)
    assert "share of users" in tenth.attrs["weighted"]
    assert "nobody said" in whole.attrs["weighted"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_investment_whose_numbers_are_known_saves_what_the_comparison_says(engine):
    model = organisation(responders=1)
    ideas = [Investment("second", yearly=9e4, responders=2), Investment("books", once=1e4, diagnosis_factor=0.8)]
    table = ranked(model, ideas, engine=engine, draws=2)
    compared = compare_scenarios(model, ideas, days=365, replications=60, seed=5).set_index("scenario")
    for name in ("second", "books"):
        assert table.loc[name, "minutes_saved_per_year"] == pytest.approx(compared.loc[name, "minutes_saved_per_year"])
        assert table.loc[name, "minutes_saved_per_year_low"] == pytest.approx(
            compared.loc[name, "minutes_saved_per_year_low"]
        )


@pytest.mark.skipif(not compiled.numba_installed(), reason="no numba")
def test_the_numbers_are_the_same_for_any_engine_and_number_of_workers():
    ideas = [
        Investment("books", once=(1e4, 2e4, 4e4), diagnosis_factor=(0.6, 0.8, 1.0)),
        Investment("x", prevention=0.1),
    ]
    model = organisation(responders=1)
    one, two, three = (
        rank_investments(model, ideas, **RUN, engine=engine, n_jobs=jobs)
        for engine, jobs in (("simpy", 1), ("compiled", 1), ("compiled", 2))
    )
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(two, three)


def test_the_draws_average_to_what_is_expected_of_the_range():
    # The saving is linear in the factor, so its mean is that of PERT: (0.4 + 4 * 0.7 + 1.0) / 6 = 0.7.
    books = [Investment("books", once=1_000, ramp=None, diagnosis_factor=(0.4, 0.7, 1.0))]
    row = ranked(organisation(0), books, draws=400, replications=20).loc["books"]
    incidents = compare_scenarios(organisation(0), [], days=365, replications=20, seed=5)["incidents"][0]
    assert row["minutes_saved_per_year"] == pytest.approx(0.3 * 60 * incidents, rel=0.05)
    # 80 % of PERT(0.4, 0.7, 1.0): beta(3, 3) has its 10th percentile at 0.2466.
    assert row["expected_low"] == pytest.approx((0.6 - 0.6 * 0.7534) * 60 * incidents, rel=0.08)


def test_more_replications_shrink_luck_and_not_what_is_not_known():
    books = [Investment("books", once=1_000, ramp=None, diagnosis_factor=(0.4, 0.7, 1.0))]
    few, many = (rank_investments(organisation(), books, **(RUN | {"replications": n})) for n in (20, 500))
    width = [float((t["expected_high"] - t["expected_low"])[0]) for t in (few, many)]
    assert width[1] == pytest.approx(width[0], rel=0.15)
    assert many.attrs["half_width"] < few.attrs["half_width"] / 3
    assert 0.05 < many["doubt"][0] < 0.95


def test_refits_are_drawn_too():
    books = [Investment("books", once=1_000, ramp=None, diagnosis_factor=0.8)]
    others = [organisation(sigma) for sigma in (0.7, 0.9, 1.1, 1.3)]
    alone = rank_investments(organisation(), books, **RUN)
    refitted = rank_investments(organisation(), books, **RUN, refits=others)
    assert alone["expected_low"][0] == alone["expected_high"][0]
    assert refitted["expected_low"][0] < refitted["expected_high"][0]
    assert "what the fit does not know" in refitted["checked"][0]
    assert refitted["draws"][0] == 30


def test_refits_that_cannot_answer_are_left_out_and_counted():
    def of(per_day):
        return ResponseModel((IncidentType("a", per_day, diagnose=Distribution("constant", 60.0)),), responders=1)

    books = [Investment("books", once=1_000, ramp=None, diagnosis_factor=0.8)]
    table = rank_investments(of(2.0), books, **RUN, refits=[of(1.0), of(30.0), of(3.0)])
    assert table["draws"][0] == 20
    assert table.attrs["left_out"].startswith(
        "1 of 3 refits cannot answer and are left out: 1 responder(s) would be busy"
    )
    with pytest.raises(ModelError, match="would be busy"):
        rank_investments(of(2.0), books, **RUN, refits=[of(30.0), of(40.0)])


def test_what_the_model_cannot_simulate_is_unknown_and_not_nothing():
    books = Investment("books", once=1_000, diagnosis_factor=0.8)
    flags = Investment("flags", once=3_000, flagged=0.5, side_effects={"arrivals_factor": 1.2})
    table = ranked(organisation(), [flags, books])
    assert table.index.tolist() == ["books", "One incident in ten prevented", "flags"]
    assert table.loc["flags", ["minutes_saved_per_year", "per_1000", "best", "regret", "visible_month"]].isna().all()
    assert table.loc["flags", "cost_per_year"] == 3_000
    assert table.loc["flags", "note"].startswith("not ranked: ")
    assert "change_id" in table.loc["flags", "note"]
    with pytest.raises(ModelError, match="can simulate none of the investments"):
        rank_investments(organisation(), [flags], **RUN)


def test_the_best_buys_the_most_minutes_for_its_money_and_loses_least():
    ideas = [
        Investment("cheap", once=1_000, ramp=None, diagnosis_factor=(0.8, 0.9, 1.0)),
        Investment("dear", once=50_000, ramp=None, diagnosis_factor=(0.3, 0.5, 0.8)),
        Investment("hopeless", once=50_000, ramp=None, diagnosis_factor=(1.0, 1.1, 1.2)),
    ]
    table = rank_investments(organisation(0), ideas, **RUN)
    assert table["investment"].tolist() == ["cheap", "dear", "hopeless", "One incident in ten prevented"]
    assert table.attrs["best_by"] == "minutes per 1,000"
    named = table.set_index("investment")
    assert named["best"].dropna().sum() == pytest.approx(1.0)
    assert named["regret"].idxmin() == "cheap"
    assert named.loc["hopeless", "minutes_saved_per_year_high"] < 0
    assert named.loc["hopeless", "per_1000"] < 0
    # At which price "dear" buys as much for its money as "cheap" does.
    price = named.loc["dear", "price_to_match"]
    assert 1000 * named.loc["dear", "minutes_saved_per_year"] / price == pytest.approx(named.loc["cheap", "per_1000"])
    by_value = rank_investments(organisation(0), ideas, **RUN, minute_value=100)
    assert by_value["investment"][0] == "dear"
    assert by_value.attrs["knowing_all"][0] == pytest.approx(by_value["regret"].min())


def test_doing_nothing_is_a_choice_where_money_is_weighed():
    dear = [Investment("dear", once=1e9, diagnosis_factor=0.9), Investment("dearer", once=2e9, diagnosis_factor=0.8)]
    table = ranked(organisation(0), dear, minute_value=1.0)
    assert table["best"].dropna().tolist() == [0.0, 0.0]
    assert table["worth_it"].dropna().tolist() == [0.0, 0.0]
    assert table.loc["dear", "regret"] == pytest.approx(-table.loc["dear", "net"])


def test_prevention_and_one_more_person_are_among_the_rivals_unless_they_are_there():
    books = Investment("books", once=1_000, diagnosis_factor=0.8)
    table = ranked(organisation(responders=1), [books])
    assert table.index[table["rival"]].tolist() == ["One incident in ten prevented", "One more responder"]
    assert table.loc[table["rival"], ["best", "regret", "per_1000"]].isna().all(axis=None)
    assert (table.loc[table["rival"], "price_to_match"] > 0).all()
    own = [books, Investment("p", prevention=0.2, once=5), Investment("s", responders=2, once=5)]
    assert not ranked(organisation(responders=1), own)["rival"].any()
    pools = organisation(pools=(Pool("payments", 1),))
    assert "One more in payments" in ranked(pools, [books]).index


def test_what_has_no_price_is_not_compared_by_price_and_says_so():
    ideas = [Investment("free", diagnosis_factor=0.9), Investment("books", once=1_000, diagnosis_factor=0.8)]
    table = ranked(organisation(), ideas)
    assert np.isnan(table.loc["free", "best"])
    assert "no price is told" in table.loc["free", "note"]
    assert table.loc["books", "best"] == 1.0
    unpriced = rank_investments(organisation(), [ideas[0], Investment("more", diagnosis_factor=0.7)], **RUN)
    assert unpriced.attrs["best_by"] == "minutes a year"
    assert unpriced["investment"][0] == "more"


def test_the_month_that_shows_a_change_is_the_first_with_enough_incidents():
    # Everything takes half as long from the first day: log minutes of spread 1 need so many before and after.
    one = IncidentType("a", 3.0, diagnose=Distribution("lognormal", 4.0, 1.0))
    needed = incidents_needed(0.5, 1.0)
    table = ranked(ResponseModel((one,)), [Investment("half", ramp=None, diagnosis_factor=0.5)], draws=2)
    assert table.loc["half", "visible_month"] == np.ceil(needed / (3.0 * 365.25 / 12))
    slow = ranked(ResponseModel((one,)), [Investment("half", ramp=Ramp(12), diagnosis_factor=0.5)], draws=2)
    assert slow.loc["half", "visible_month"] > table.loc["half", "visible_month"]
    assert pd.isna(table.loc["One incident in ten prevented", "visible_month"])


def test_ctrl_c_keeps_the_draws_that_are_finished(monkeypatch):
    saving, calls = ranking.saving, []

    def stopped(*given):
        calls.append(given)
        # The likely settings of the two come first.
        if len(calls) == 2 + 12:
            raise KeyboardInterrupt
        return saving(*given)

    books = [Investment("books", once=1_000, diagnosis_factor=(0.4, 0.7, 1.0), ramp=None)]
    whole = rank_investments(organisation(), books, **(RUN | {"draws": 8}))
    monkeypatch.setattr(ranking, "saving", stopped)
    table = rank_investments(organisation(), books, **RUN)
    assert table["draws"][0] == 10
    assert table.attrs["unfinished"] == "10 of 30 draws: it was stopped"
    monkeypatch.setattr(ranking, "saving", saving)
    again = rank_investments(organisation(), books, **(RUN | {"draws": 10}))
    pd.testing.assert_series_equal(table["per_1000"], again["per_1000"])
    assert whole["per_1000"][0] != table["per_1000"][0]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"investments": []}, "there is no investment to rank"),
        ({"investments": Investment("a", diagnosis_factor=0.5)}, "investments must be a list"),
        ({"investments": [Investment("a", prevention=0.5)] * 2}, "names of their own; got a, a"),
        ({"years": 0}, "years must be above 0"),
        ({"minute_value": -1}, "minute_value must be from 0"),
        ({"draws": 1}, "draws must be a whole number from 2"),
        ({"replications": 0}, "replications must be a whole number"),
        ({"refits": [3]}, "refits must be a list, each a ResponseModel"),
        ({"investments": [Investment("twice", arrivals_factor=3)]}, "investment 'twice': .*busy"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_one_sentence(given, sentence):
    model = ResponseModel((IncidentType("a", 10.0, diagnose=Distribution("constant", 60.0)),), responders=1)
    wanted = {"investments": [Investment("books", diagnosis_factor=0.8)], **RUN} | given
    with pytest.raises(ModelError, match=sentence):
        rank_investments(model, **wanted)
