"""The truth obeys the laws that the README states."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.examples import laws, organisation


@pytest.fixture(scope="module")
def counted() -> pd.DataFrame:
    truth = organisation("large").truth
    return truth[truth["population"] == "counted"].reset_index(drop=True)


def _minutes(table: pd.DataFrame, first: str, last: str) -> pd.Series:
    return (table[last] - table[first]).dt.total_seconds() / 60


def _months(table: pd.DataFrame) -> pd.Series:
    return table["started_at"].dt.strftime("%Y-%m")


def _work(counted: pd.DataFrame) -> pd.DataFrame:
    """Log of the work of diagnosis, less the logs of its law's median and of the factor of the hour."""
    ordinary = counted[counted["diagnosed_at"] < counted["resolved_at"]]
    types = {one.name: one for one in laws.TYPES}
    local = ordinary["started_at"].dt.tz_convert("Europe/Berlin")
    off = (local.dt.hour >= 22) | (local.dt.hour < 7) | (local.dt.day_of_week >= 5)
    median = ordinary["incident_type"].map({name: one.diagnose.median for name, one in types.items()})
    sigma = ordinary["incident_type"].map({name: one.diagnose.sigma for name, one in types.items()})
    log = np.log(_minutes(ordinary, "acknowledged_at", "diagnosed_at") / median)
    log -= np.log(laws.OFF_HOURS["diagnose"]) * off
    return pd.DataFrame({"log": log, "sigma": sigma, "after": ordinary["started_at"] >= laws.IMPROVED_FROM})


def test_every_complete_month_has_20_to_30_incidents(counted: pd.DataFrame) -> None:
    months = _months(counted).value_counts()
    facts = organisation("large").facts
    assert len(facts.months) == 24 and facts.months[-1] == "2026-06"
    assert months[list(facts.months)].between(20, 30).all()


def test_recovery_takes_about_as_long_as_the_founding_text_expects(counted: pd.DataFrame) -> None:
    recovery = _minutes(counted, "started_at", "verified_at").dropna()
    assert 80 < recovery.mean() < 150
    assert recovery.quantile(0.9) > 2.4 * recovery.median()


def test_the_work_of_diagnosis_follows_its_law(counted: pd.DataFrame) -> None:
    work = _work(counted)
    before = work[~work["after"]]
    # A share of incidents is harder by a factor: the mean of the logarithm moves by so much.
    hard = laws.HARD_SHARE * np.log(laws.HARD_FACTOR)
    assert (before["log"] / before["sigma"]).mean() == pytest.approx(
        (hard / before["sigma"]).mean(), abs=3 / np.sqrt(len(before))
    )


def test_the_planted_improvement_is_there_in_its_size(counted: pd.DataFrame) -> None:
    work = _work(counted)
    before, after = work.loc[~work["after"], "log"], work.loc[work["after"], "log"]
    error = np.sqrt(before.var() / len(before) + after.var() / len(after))
    assert after.mean() - before.mean() == pytest.approx(np.log(laws.IMPROVEMENT), abs=2.5 * error)


def test_the_improvement_shows_in_half_a_year_of_recovery_but_in_no_single_month(counted: pd.DataFrame) -> None:
    log = np.log(_minutes(counted, "started_at", "verified_at"))
    after = counted["started_at"] >= laws.IMPROVED_FROM
    spread = log[~after].std()

    def deviates(chosen: pd.Series) -> float:
        gain = log[~after].mean() - log[chosen].mean()
        return float(gain / (spread * np.sqrt(1 / log[chosen].count() + 1 / log[~after].count())))

    assert deviates(after) > 2.5
    single = [deviates(after & (_months(counted) == month)) for month in ("2026-02", "2026-04", "2026-06")]
    assert np.median(single) < 1.96


def test_each_way_of_fixing_takes_its_own_time(counted: pd.DataFrame) -> None:
    ordinary = counted[(counted["diagnosed_at"] < counted["resolved_at"]) & (counted["first_resolved_at"].isna())]
    log = np.log(_minutes(ordinary, "diagnosed_at", "resolved_at"))
    for path in ("flag", "rollback", "config", "scale", "forward_fix"):
        mine = log[ordinary["fix_path"] == path]
        law = laws.FIX[path]
        assert mine.mean() == pytest.approx(np.log(law.median), abs=3 * law.sigma / np.sqrt(len(mine))), path


def test_detection_takes_as_long_as_who_notices_needs(counted: pd.DataFrame) -> None:
    log = np.log(_minutes(counted, "started_at", "detected_at"))
    for name, law in laws.DETECT.items():
        mine = log[counted["detected_by"] == name]
        assert mine.mean() == pytest.approx(np.log(law.median), abs=3 * law.sigma / np.sqrt(len(mine))), name


def test_types_come_as_often_as_their_shares_say(counted: pd.DataFrame) -> None:
    for one in laws.TYPES:
        share = (counted["incident_type"] == one.name).mean()
        assert share == pytest.approx(one.share, abs=3 * np.sqrt(one.share / len(counted))), one.name


def test_phases_of_one_incident_are_hard_together(counted: pd.DataFrame) -> None:
    work = _work(counted)
    chosen = counted.loc[work.index]
    median = chosen["fix_path"].map({path: law.median for path, law in laws.FIX.items()})
    sigma = chosen["fix_path"].map({path: law.sigma for path, law in laws.FIX.items()})
    fix = np.log(_minutes(chosen, "diagnosed_at", "resolved_at") / median) / sigma
    expected = laws.LOADINGS["diagnose"] * laws.LOADINGS["resolve"]
    shift = work["log"] - np.log(laws.IMPROVEMENT) * work["after"]
    once = chosen["first_resolved_at"].isna()
    assert (shift / work["sigma"])[once].corr(fix[once]) == pytest.approx(expected, abs=0.12)


def test_nights_and_weekends_are_rarer(counted: pd.DataFrame) -> None:
    local = counted["started_at"].dt.tz_convert("Europe/Berlin")
    weekend = (local.dt.day_of_week >= 5).mean()
    night = ((local.dt.hour >= 22) | (local.dt.hour < 7)).mean()
    # Half as likely an hour: two days of seven hold 1/6 of incidents; nine night hours hold 4.05 / 19.05.
    assert weekend == pytest.approx(1 / 6, abs=0.045)
    assert night == pytest.approx(4.05 / 19.05, abs=0.05)


def test_stamps_of_the_truth_are_in_order_save_where_people_mitigated_first(counted: pd.DataFrame) -> None:
    assert (counted["detected_at"] > counted["started_at"]).all()
    assert (counted["verified_at"] >= counted["resolved_at"]).sum() == counted["verified_at"].notna().sum()
    late = counted["diagnosed_at"] > counted["resolved_at"]
    assert set(counted.loc[late, "fix_path"]) <= {"flag", "rollback"}
    assert late.sum() == organisation("large").facts.dirt["fixed before diagnosed"]


def test_the_small_organisation_has_35_incidents_in_three_months() -> None:
    truth = organisation("small").truth
    assert _months(truth).value_counts().to_dict() == {"2026-04": 12, "2026-05": 11, "2026-06": 12}
