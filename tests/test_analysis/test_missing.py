from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis.missing import missing_stamps
from mttrlab.analysis.phases import SpanSplitter
from mttrlab.errors import SchemaError
from mttrlab.schema import MILESTONES, PHASES

LAWS = ((5, 1.0), (30, 1.0), (15, 0.9), (4, 0.5))


def incidents_of(minutes: np.ndarray) -> pd.DataFrame:
    """Incidents with these minutes per phase, one row each."""
    at = np.column_stack([np.zeros(len(minutes)), minutes.cumsum(axis=1)])
    start = pd.Timestamp("2026-01-01", tz="UTC")
    stamps = {
        name: start + pd.to_timedelta(np.rint(at[:, i] * 6e7).astype("int64"), unit="us")
        for i, name in enumerate(MILESTONES)
    }
    return pd.DataFrame({"incident_id": [str(i) for i in range(len(minutes))], **stamps})


def drawn(n: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.column_stack([np.exp(generator.normal(np.log(m), s, n)) for m, s in LAWS])


def forgotten(minutes: np.ndarray, seed: int, slope: float) -> pd.DataFrame:
    """The diagnosis is forgotten, more often (slope > 0) where diagnose + resolve are short."""
    generator = np.random.default_rng(seed)
    logs = np.log(minutes[:, 1:3].sum(axis=1))
    chance = 1 / (1 + np.exp(slope * (logs - np.median(logs))))
    rows = incidents_of(minutes)
    return rows.assign(diagnosed_at=rows["diagnosed_at"].mask(generator.random(len(rows)) < chance))


def test_a_stamp_forgotten_on_short_incidents_biases_the_available_mean_and_the_merged_spans_repair_it() -> None:
    minutes = drawn(8000, seed=1)
    table = missing_stamps(forgotten(minutes, 2, slope=1.5), resamples=40).set_index("phase")
    true = minutes[:, 1].mean()
    row = table.loc["diagnose"]
    assert row["mean_available"] / true > 1.12
    assert row["mean_estimated"] == pytest.approx(true, rel=0.03)
    assert row["mean_weighted"] == pytest.approx(true, rel=0.03)
    assert row["mean_low"] < true < row["mean_high"]
    assert row["missing_on"] == "shorter"
    assert "too long, because the stamp is missing more often on shorter incidents" in row["sentence"]
    assert table.loc["resolve", "mean_estimated"] == pytest.approx(minutes[:, 2].mean(), rel=0.03)
    assert table.loc["detect", "method"] == "nothing merged"
    shares = minutes.sum(axis=0) / minutes.sum()
    assert table["share_estimated"].to_numpy() == pytest.approx(shares, abs=0.015)
    assert table[["share_estimated", "share_of_tail_estimated"]].sum().tolist() == pytest.approx([1, 1])
    assert set(table["n_estimated"]) == {8000}


def test_stamps_forgotten_at_random_do_no_harm() -> None:
    table = missing_stamps(forgotten(drawn(4000, 3), 4, slope=0), resamples=20).set_index("phase")
    assert abs(table.loc["diagnose", "bias"]) < 0.05
    assert table.loc["diagnose", "coverage"] == pytest.approx(0.5, abs=0.03)


def test_split_spans_add_up_to_the_minutes_that_were_measured() -> None:
    minutes = drawn(300, 5)
    table = missing_stamps(forgotten(minutes, 6, slope=1), resamples=5)
    assert table["mean_estimated"].sum() == pytest.approx(minutes.sum(axis=1).mean(), rel=1e-6)


def test_what_automation_ended_or_was_fixed_first_is_not_missing() -> None:
    rows = incidents_of(drawn(30, 7))
    rows["diagnosed_at_verdict"] = "recorded"
    rows.loc[:4, "diagnosed_at"] = pd.NaT
    rows.loc[:4, "diagnosed_at_verdict"] = "not_applicable"
    rows.loc[5:9, "diagnosed_at"] = rows.loc[5:9, "verified_at"] + pd.Timedelta(hours=1)
    row = missing_stamps(rows, resamples=5).set_index("phase").loc["diagnose"]
    assert (row["measured"], row["merged"], row["not_applicable"], row["unseen"]) == (20, 0, 10, 0)
    assert row["coverage"] == 1


def test_from_few_complete_incidents_nothing_is_split_and_the_reason_is_given() -> None:
    rows = incidents_of(drawn(30, 8))
    rows["diagnosed_at"] = rows["diagnosed_at"].mask(np.arange(30) < 22)
    row = missing_stamps(rows, resamples=5).set_index("phase").loc["diagnose"]
    assert np.isnan(row["mean_estimated"])
    assert row["method"] == "not estimable: 8 incidents have every stamp of a merged span"
    assert "cannot be split from so few" in row["sentence"]


def test_incidents_whose_start_nobody_knows_are_unseen_not_merged() -> None:
    rows = incidents_of(drawn(10, 9)).drop(columns="started_at")
    table = missing_stamps(rows, resamples=5).set_index("phase")
    assert (table.loc["detect", "unseen"], table.loc["detect", "merged"]) == (10, 0)
    assert np.isnan(table.loc["detect", "coverage"])


def test_shares_follow_the_length_of_the_span() -> None:
    whole = np.exp(np.linspace(1, 6, 400))
    share = 1 / (1 + np.exp(-(np.log(whole) - 3.5)))
    learnt = SpanSplitter(np.column_stack([whole * share, whole * (1 - share)]))
    np.testing.assert_allclose(learnt.shares(whole)[:, 0], share, atol=0.005)
    np.testing.assert_allclose(learnt.shares(np.array([1e-9, 1e6])).sum(axis=1), 1)


def test_the_same_seed_gives_the_same_table() -> None:
    rows = forgotten(drawn(200, 10), 11, slope=1)
    pd.testing.assert_frame_equal(missing_stamps(rows, resamples=10), missing_stamps(rows, resamples=10))


def test_a_lab_or_a_table_of_phases_is_refused() -> None:
    with pytest.raises(SchemaError, match="got NoneType"):
        missing_stamps(None)  # type: ignore[arg-type]
    with pytest.raises(SchemaError, match="milestones"):
        missing_stamps(pd.DataFrame({"incident_id": ["a"], **{phase: [1.0] for phase in PHASES}}))
