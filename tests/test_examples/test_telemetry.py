"""The made-up telemetry says what its truth says: onset, recovery, the culprit, the first failure, the slow span."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.examples import organisation
from mttrlab.examples.telemetry import FAILS_FIRST, HOLDS_LATENCY


@pytest.fixture(scope="module")
def lab(root: Path) -> Iterator[ml.Lab]:
    with ml.Lab() as made:
        made.load(root / "data/exports/incidents.csv")
        report = made.load(str(root / "data/telemetry/*"))
        assert report.quarantined == 0
        yield made


def test_onset_and_recovery_are_dated_within_a_check_of_the_truth(lab: ml.Lab) -> None:
    large = organisation("large")
    truth = large.facts.telemetry.merge(large.truth[["incident_id", "tracker_id"]], on="incident_id")
    dated = lab.dating(since="2026-06-01").set_index("incident_id")
    for one in truth.to_dict("records"):
        seen = dated.loc[one["tracker_id"]]
        assert abs((seen["onset_at"] - one["onset"]).total_seconds()) <= 30
        # The last failed request leaves the window after a minute, and two more checks confirm.
        assert pd.Timedelta(0) < seen["recovered_at"] - one["healthy"] <= pd.Timedelta("180s")


def test_the_metrics_give_what_nobody_stamped(lab: ml.Lab) -> None:
    given = lab.derivable().set_index("incident_id")["milestone"].to_dict()
    assert given == {"INC-1476": "verified_at", "INC-1478": "started_at", "INC-1486": "started_at"}


def test_the_change_that_people_named_is_the_suspect(lab: ml.Lab) -> None:
    (suspect,) = ml.incident_suspects(lab, "INC-1473").to_dict("records")
    assert suspect["named"] and suspect["own"] and suspect["change_id"] == "CHG-33065"
    assert suspect["chance"] < 0.01


def test_the_planted_service_failed_first_and_the_planted_span_holds_the_latency(lab: ml.Lab) -> None:
    assert ml.incident_failed_first(lab, "INC-1473")["service"].iloc[0] == FAILS_FIRST
    slowest = ml.incident_span_path(lab, "INC-1473").iloc[0]
    assert (slowest["service"], slowest["name"]) == HOLDS_LATENCY and slowest["share"] > 0.9


def test_some_firings_never_became_incidents(lab: ml.Lab) -> None:
    fired = lab.firings(since="2026-04-01")
    remedied = fired["alert"].isin(["payment-service-pod-crashlooping", "cache-memory-high", "queue-depth-critical"])
    remedied &= fired["summary"].str.endswith("ended by itself")
    assert 10 < remedied.sum() < 40
    assert (fired["source"] == "alertmanager").all()
    lasted = (fired["ended_at"] - fired["started_at"])[remedied]
    assert (lasted < pd.Timedelta("8min")).all()
