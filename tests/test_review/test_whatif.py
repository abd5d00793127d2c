"""A model that does not repeat the history it was fitted to puts no lever forward."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis import phase_durations
from mttrlab.review.sentences import ask_sentence
from mttrlab.review.what_if import WhatIf, _mismatch

START = pd.Timestamp("2026-05-01T10:00:00Z")


def history(*minutes: float) -> pd.DataFrame:
    starts = [START + pd.Timedelta(days=n) for n in range(len(minutes))]
    ends = [start + pd.Timedelta(minutes=length) for start, length in zip(starts, minutes, strict=True)]
    return pd.DataFrame(
        {
            "incident_id": [f"I-{n}" for n in range(len(minutes))],
            "detected_at": pd.Series(starts, dtype="datetime64[us, UTC]"),
            "resolved_at": pd.Series(ends, dtype="datetime64[us, UTC]"),
        }
    )


def baseline(mean: float, median: float) -> dict[str, object]:
    return {"scenario": "Baseline", "measure": "detected_to_resolved", "mean": mean, "median": median}


def test_a_model_near_its_history_is_believed() -> None:
    assert _mismatch(phase_durations(history(30, 60, 90)), baseline(70, 55)) == ""


def test_a_model_whose_mean_is_far_from_history_is_named_with_both_figures() -> None:
    said = _mismatch(phase_durations(history(30, 60, 90)), baseline(120, 60))
    assert said == "the average of 3 incidents is 1 h in the exports and 2 h in the model"


def test_a_model_whose_median_is_far_from_history_is_named() -> None:
    said = _mismatch(phase_durations(history(30, 60, 90)), baseline(60, 20))
    assert said.startswith("the time within which half end of 3 incidents")


def test_where_many_are_open_history_counts_them_as_the_model_does() -> None:
    table = history(30, 60, 90, 1, 1)
    table.loc[3:, "resolved_at"] = pd.NaT
    table["exported_at"] = table["detected_at"] + pd.Timedelta(hours=2)
    # Ended ones alone say 60 minutes; with two that still run after two hours the middle is 90, and no mean is known.
    assert _mismatch(phase_durations(table), baseline(500, 90)) == ""
    said = _mismatch(phase_durations(table), baseline(60, 50))
    assert said.startswith("the time within which half end of 5 incidents is 1 h 30 min")


def test_no_lever_is_asked_for_where_the_model_is_unlike_its_history() -> None:
    levers = pd.DataFrame(
        {
            "scenario": ["Baseline", "Flags"],
            "saving": [0.0, 9.0],
            "saving_low": [0.0, 5.0],
            "saving_high": [0.0, 12.0],
        }
    )
    best = WhatIf(levers, "").best
    assert best is not None
    assert best["scenario"] == "Flags"
    assert WhatIf(levers, "", unlike="the mean is off").best is None
    assert ask_sentence(None, "diagnosed_at", unlike=True) == (
        "No ask yet: the simulation does not repeat this history; record when the cause is found."
    )
