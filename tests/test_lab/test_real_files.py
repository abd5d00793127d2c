"""Real exports: what GitHub's page and a ServiceNow log can carry, and what they cannot."""

from __future__ import annotations

import pandas as pd
import pytest

from mttrlab.lab import Lab


@pytest.fixture(scope="module")
def github(shared):
    return shared / "data/statuspage_github"


def test_snapshots_alone_are_open_and_censored_at_last_sight_never_at_now(github):
    with Lab() as lab:
        report = lab.load(github / "summary_v2_last_snapshots.json")
        incidents = lab.incidents()
    assert report.new == len(incidents) == 760
    assert set(incidents["verified_at_verdict"]) == {"pending"}
    assert incidents["exported_at"].max() < pd.Timestamp("2026-08-22", tz="UTC")
    assert incidents["exported_at"].nunique() > 700


def test_with_the_history_653_close_and_107_stay_open_in_either_order(github):
    names = ["summary_v2_last_snapshots.json", "github_incidents_with_updates.jsonl"]
    seen = []
    for order in (names, names[::-1]):
        with Lab() as lab:
            for name in order:
                lab.load(github / name)
            seen.append(lab.incidents(population=None))
            snapshots = lab.sql(
                "SELECT DISTINCT source_id FROM reports JOIN loads USING (load_id) WHERE name = $name", name=names[0]
            )
    pd.testing.assert_frame_equal(*seen)
    both = seen[0][seen[0]["incident_id"].isin(snapshots["source_id"])]
    assert (both["verified_at_verdict"] == "pending").sum() == 107
    assert (both["verified_at_verdict"] != "pending").sum() == 653


def test_the_servicenow_timer_is_found_and_closing_is_no_verification(shared):
    path = shared / "data/servicenow_uci/incident_event_log_first5999rows_zero_padded.csv"
    with Lab() as lab:
        lab.load(path, timezone="UTC")
        incidents, warnings = lab.incidents(), lab.warnings()
    assert incidents["verified_at"].isna().all()
    assert incidents["resolved_at"].notna().any()
    assert any("ServiceNow" in warning and "h after resolution: a timer" in warning for warning in warnings)
