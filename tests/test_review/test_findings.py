"""What stands behind the page, worked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis import phase_durations, phase_spans
from mttrlab.review import phase_shares
from mttrlab.review import what_if as what_if_table
from mttrlab.review.findings import _median_time, _stamps, with_extremes, without_thin_numbers


def at(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True)).astype("datetime64[us, UTC]")


def three() -> pd.DataFrame:
    """Two ended incidents, one of them undiagnosed, and one that only has a detection and a fix."""
    return pd.DataFrame(
        {
            "incident_id": ["same", "same", "c"],
            "title": ["first", "second", "third"],
            "url": ["", "", ""],
            "service": "checkout",
            "severity": "SEV2",
            "started_at": at("2026-06-01 10:00", "2026-06-02 10:00", None),
            "detected_at": at("2026-06-01 10:10", "2026-06-02 10:05", "2026-06-03 10:00"),
            "diagnosed_at": at("2026-06-01 10:30", None, None),
            "resolved_at": at("2026-06-01 10:50", "2026-06-02 11:05", "2026-06-03 12:00"),
            "verified_at": at("2026-06-01 11:00", "2026-06-02 11:10", None),
        }
    )


def test_the_longest_incidents_are_ranked_by_the_clock_or_by_what_was_measured() -> None:
    incidents = three()
    found = phase_shares.longest_incidents(incidents, phase_durations(incidents), "recovery")
    assert found["title"].tolist() == ["third", "second", "first"]
    assert found["minutes"].tolist() == [120.0, 70.0, 60.0]
    assert found["whole"].tolist() == [False, True, True]


def test_two_incidents_of_one_name_keep_their_own_spans() -> None:
    incidents = three()
    found = phase_shares.longest_incidents(incidents, phase_durations(incidents), "recovery").set_index("title")[
        "spans"
    ]
    assert found["second"] == [("detect", 5.0), ("diagnose + resolve", 60.0), ("verify", 5.0)]
    assert found["first"] == [("detect", 10.0), ("diagnose", 20.0), ("resolve", 20.0), ("verify", 10.0)]


def test_spans_outside_the_clock_are_not_shown_beside_its_minutes() -> None:
    incidents = three()
    found = phase_shares.longest_incidents(incidents, phase_durations(incidents), "detected_to_resolved").set_index(
        "title"
    )
    assert found.loc["first", "minutes"] == 40.0
    assert found.loc["first", "spans"] == [("diagnose", 20.0), ("resolve", 20.0)]


def test_shares_of_too_few_complete_incidents_keep_the_merged_phases_apart() -> None:
    incidents = three().assign(incident_id=["a", "b", "c"])
    found = phase_shares.measured_shares(phase_durations(incidents), phase_spans(incidents)).set_index("phase")
    # 250 measured minutes: detect 15, diagnose 20, diagnose + resolve 180, resolve 20, verify 15.
    assert found["share"].to_dict() == pytest.approx(
        {"detect": 0.06, "diagnose": 0.08, "diagnose + resolve": 0.72, "resolve": 0.08, "verify": 0.06}
    )
    assert found.loc["diagnose + resolve", "share_of_tail"] == 1.0  # the worst tenth of three is the longest one
    assert found["n"].tolist() == [3] * 5


def test_complete_incidents_show_the_four_phases() -> None:
    many = pd.concat([three().iloc[[0]].assign(incident_id=f"i{n}") for n in range(12)], ignore_index=True)
    found = phase_shares.measured_shares(phase_durations(many), phase_spans(many)).set_index("phase")
    assert found["share"].round(3).to_dict() == {"detect": 0.167, "diagnose": 0.333, "resolve": 0.333, "verify": 0.167}


def test_open_incidents_count_in_the_typical_time() -> None:
    minutes = [10.0, 20, 30, 40, 50, 60, 70]
    ended = pd.DataFrame({"recovery": minutes, "recovery_observed": True})
    still_open = pd.DataFrame({"recovery": [1000.0] * 4, "recovery_observed": False})
    assert _median_time(ended, "recovery", "month")["median"] == 40.0
    both = _median_time(pd.concat([ended, still_open]), "recovery", "month")
    assert (both["n"], both["open"], both["median"]) == (7, 4, 60.0)  # the sixth of eleven is the middle one
    assert both["longest"] == 70.0


def test_too_few_ended_incidents_have_no_typical_time_but_two_ends() -> None:
    few = _median_time(pd.DataFrame({"recovery": [10.0, 90.0], "recovery_observed": True}), "recovery", "month")
    assert np.isnan(few["median"])
    assert (few["shortest"], few["longest"], few["method"]) == (10.0, 90.0, "too few: n = 2")


def test_numbers_that_their_n_cannot_carry_are_withheld_with_the_reason() -> None:
    row = {"mean": 40.0, "mean_low": 1.0, "mean_high": 9000.0, "mean_method": "lognormal"}
    row |= {"median": 30.0, "median_low": 20.0, "median_high": 50.0}
    table = pd.DataFrame(
        [{"phase": name, "n": n, **row} for name, n in (("detect", 5), ("resolve", 9), ("verify", 10))]
    )
    made = with_extremes(table, "phase", {"detect": pd.Series([3.0, 80.0])}).set_index("phase")
    assert made["mean"].isna().tolist() == [True, True, False]
    assert made["median"].isna().tolist() == [True, False, False]
    assert made.loc["resolve", "mean_method"] == "too few: n = 9"
    assert made.loc["detect", ["shortest", "longest"]].tolist() == [3.0, 80.0]
    assert without_thin_numbers(table.iloc[[2]])["mean"].tolist() == [40.0]


def test_the_stamp_to_record_is_the_one_that_hides_most_minutes() -> None:
    incidents = three().assign(incident_id=["a", "b", "c"])
    judged = incidents.assign(
        **{
            f"{s}_verdict": incidents[s].notna().map({True: "recorded", False: "missing"})
            for s in incidents
            if s.endswith("_at")
        }
    )
    weakest, record = _stamps(judged, phase_spans(incidents))
    assert weakest == ("diagnosed_at", pytest.approx(2 / 3))
    assert record == "diagnosed_at"


def test_what_cannot_be_fitted_says_why_and_raises_nothing() -> None:
    answer = what_if_table.try_levers(
        three(), phase_durations(three()), None, "recovery", seed=1, replications=2, days=365
    )
    assert answer.levers is None
    assert answer.best is None
    assert answer.why


def test_the_ask_is_the_largest_saving_that_luck_does_not_undo() -> None:
    levers = pd.DataFrame(
        {
            "scenario": ["Baseline", "large but unsure", "sure", "small"],
            "saving": [0.0, 9.0, 5.0, 1.0],
            "saving_low": [0.0, -1.0, 4.0, 0.5],
            "saving_high": [0.0, 20.0, 6.0, 1.5],
        }
    )
    best = what_if_table.WhatIf(levers, "").best
    assert best is not None
    assert best["scenario"] == "sure"
    assert what_if_table.WhatIf(levers.head(2), "").best is None
