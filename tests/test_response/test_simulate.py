"""Simulated incidents are incidents."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis import monthly_mttr
from mttrlab.errors import ModelError
from mttrlab.response import simulate, trace
from mttrlab.schema import INCIDENT_COLUMNS, STAMPS, VERDICTS, conform


def test_the_table_is_the_incidents_table_plus_replication(rich):
    made = simulate(rich, days=60, replications=3)
    assert made.columns.tolist() == [*(c.name for c in INCIDENT_COLUMNS), "replication"]
    pd.testing.assert_frame_equal(made.drop(columns="replication"), conform(made, INCIDENT_COLUMNS))
    assert made["incident_id"].is_unique
    assert set(made["source"]) == {"simulated"}
    assert set(made["replication"]) == {0, 1, 2}


def test_the_same_seed_gives_the_same_bytes_for_any_number_of_processes(rich):
    one = simulate(rich, days=60, replications=120, seed=7)
    two = simulate(rich, days=60, replications=120, seed=7, n_jobs=2)
    pd.testing.assert_frame_equal(one, two)
    assert pd.util.hash_pandas_object(one).tolist() == pd.util.hash_pandas_object(two).tolist()
    assert not one["started_at"].equals(simulate(rich, days=60, replications=120, seed=8)["started_at"])


def test_what_happens_after_the_horizon_is_pending(rich):
    made = simulate(replace(rich, responders=None), days=20, replications=200, start="2026-03-01")
    assert (made["exported_at"] == pd.Timestamp("2026-03-21", tz="UTC")).all()
    assert made["started_at"].between("2026-03-01", "2026-03-21").all()
    open_ones = made["verified_at_verdict"] == "pending"
    assert 0 < open_ones.mean() < 0.2
    for stamp in STAMPS:
        stamped = made[stamp].notna()
        assert (made.loc[stamped, f"{stamp}_verdict"] == "recorded").all()
        assert (made.loc[stamped, f"{stamp}_origin"] == "simulated").all()
        assert made.loc[~stamped, f"{stamp}_origin"].isna().all()
        assert (made.loc[stamped, stamp] <= made.loc[stamped, "exported_at"]).all()
        assert set(made[f"{stamp}_verdict"]) <= set(VERDICTS)
    assert made.loc[open_ones, "fix_path"].isna().all()


def test_what_automation_ends_is_never_diagnosed(rich):
    made = simulate(replace(rich, responders=None), days=365, replications=5)
    automated = made["fix_path"] == "automation"
    assert automated.any()
    assert set(made.loc[automated, "diagnosed_at_verdict"]) == {"not_applicable"}
    assert set(made.loc[automated, "incident_type"]) == {"capacity"}


def test_milestones_are_in_order(rich):
    made = simulate(rich, days=365, replications=5)
    stamps = made[list(STAMPS)].astype("int64").where(made[list(STAMPS)].notna()).to_numpy(dtype=float)
    for row in stamps:
        known = row[~np.isnan(row)]
        assert (np.diff(known) >= 0).all()


def test_stamps_that_the_export_does_not_show_are_missing(four_phases):
    made = simulate(replace(four_phases, stamps=("detected_at", "resolved_at")), days=200)
    closed = made[made["resolved_at_verdict"] == "recorded"]
    assert len(closed) > 50
    assert set(closed["started_at_verdict"]) == set(closed["verified_at_verdict"]) == {"missing"}
    assert closed["diagnosed_at"].isna().all()


def test_monthly_mttr_of_a_simulation_is_a_sentence_that_works(rich):
    months = monthly_mttr(simulate(rich, days=90, start="2026-01-01"))
    assert months["incidents"].sum() == len(simulate(rich, days=90, start="2026-01-01"))


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"engine": "salabim"}, "engine must be one of"),
        ({"replications": 0}, "replications must be a whole number"),
        ({"replications": True}, "replications must be a whole number"),
        ({"days": 0}, "days must be above 0"),
        ({"days": float("inf")}, "days must be"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"start": "soon"}, "start must be a date"),
    ],
)
def test_what_cannot_be_run_is_refused_in_a_sentence(four_phases, how, words):
    with pytest.raises(ModelError, match=words):
        simulate(four_phases, **how)


def test_the_caller_keeps_a_model_untouched(rich):
    before = hash(rich)
    simulate(rich, days=30)
    assert hash(rich) == before


def test_an_empty_horizon_gives_an_empty_table(four_phases):
    made = simulate(four_phases, days=0.001, seed=1)
    assert made.empty
    assert "replication" in made


def test_a_trace_tells_the_same_incident_that_the_table_holds(rich):
    made = simulate(rich, days=200, replications=2, seed=5)
    row = made[(made["replication"] == 1) & made["diagnosed_at"].notna() & made["verified_at"].notna()].iloc[0]
    number = int(row["incident_id"].rsplit("-", 1)[1])
    story = trace(rich, number, replication=1, days=200, seed=5)
    assert story["at"].iloc[0] == row["started_at"]
    assert story["at"].iloc[-1] == row["verified_at"]
    assert story["command"].iloc[-1] == "DONE"
    assert {"ASK", "GIVE"} <= set(story["command"])
    assert story["minute"].iloc[-1] == pytest.approx((row["verified_at"] - row["started_at"]).total_seconds() / 60)
    assert row["fix_path"] in " ".join(story["what"])


def test_a_trace_of_an_incident_that_is_not_there_is_refused(rich):
    with pytest.raises(ModelError, match="has no incident 100000"):
        trace(rich, 100_000)
