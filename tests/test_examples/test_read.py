"""The lab's readers and the lab itself see in the files what was planted there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from mttrlab.examples import organisation
from mttrlab.lab import Lab, Settings
from mttrlab.sources.exports import extract, recognise

LARGE, SMALL = organisation("large"), organisation("small")
DIRT = LARGE.facts.dirt
FORMATS = {
    "exports/incidents.csv": "canonical",
    "exports/supply.json": "canonical",
    "exports/pagerduty.json": "pagerduty",
    "exports/servicenow.csv": "servicenow",
    "exports/statuspage.json": "statuspage",
    "small/pagerduty.json": "pagerduty",
    "small/statuspage.json": "statuspage",
}


@pytest.fixture(scope="module")
def lab(root: Path) -> Iterator[Lab]:
    with Lab() as loaded:
        loaded.load_folder(root / "data" / "exports")
        yield loaded


def _month(incidents: pd.DataFrame) -> pd.Series:
    return incidents[["started_at", "detected_at"]].min(axis=1).dt.strftime("%Y-%m")


@pytest.mark.parametrize(("name", "format_name"), FORMATS.items())
def test_every_file_is_recognised_by_its_content_and_every_record_accounted_for(
    root: Path, name: str, format_name: str
) -> None:
    assert recognise(root / "data" / name) == format_name
    found = extract(root / "data" / name, timezone=LARGE.facts.zones.get(name))
    assert found.format == format_name
    assert found.rows == {**LARGE.facts.records, **SMALL.facts.records}[name]
    assert found.accepted + len(found.quarantine) + found.duplicates == found.rows


def test_exports_say_or_show_when_they_were_taken(lab: Lab) -> None:
    # Files that do not say it are dated by their newest stamp: less than two hours before.
    exports = lab.loads().query("format in @FORMATS.values()")
    behind = LARGE.facts.exported_at - exports["exported_at"]
    assert len(exports) == 5
    assert (behind.abs() < pd.Timedelta(hours=2)).all()


def test_the_log_is_refused_until_its_zone_is_given(root: Path) -> None:
    with pytest.raises(ValueError, match="timezone"):
        extract(root / "data" / "exports" / "servicenow.csv")


def test_every_complete_month_counts_20_to_30_incidents(lab: Lab) -> None:
    months = _month(lab.incidents()).value_counts()
    assert months[list(LARGE.facts.months)].between(20, 30).all()


def test_the_lab_counts_the_true_incidents_save_for_what_was_planted(lab: Lab) -> None:
    truth = LARGE.truth
    refused = DIRT["unreadable time"] + DIRT["ambiguous local times"]
    apart = DIRT["ambiguous pages"] + DIRT["posts too late to join"]
    assert len(lab.incidents()) == (truth["population"] == "counted").sum() - refused + apart


def test_ambiguous_pages_are_listed_and_not_guessed(lab: Lab) -> None:
    listed = lab.ambiguous()
    pages = set(listed["source_id"]) | set(listed["other_source_id"])
    assert len({one for one in pages if one.startswith("Q")}) == DIRT["ambiguous pages"]


def test_planted_dirt_gets_its_verdict(lab: Lab) -> None:
    trackers = lab.incidents().query("source in ('canonical', 'stockroom')")

    def count(stamp: str, verdict: str) -> int:
        return int((trackers[f"{stamp}_at_verdict"] == verdict).sum())

    assert count("started", "defaulted") == DIRT["started copied from detected"]
    assert count("verified", "defaulted") == DIRT["verified copied from resolved"]
    assert count("verified", "suspect") == DIRT["verified by timer"]
    assert count("verified", "out_of_order") == DIRT["verified a day early"]
    assert count("detected", "out_of_order") == DIRT["detected a day late"]
    assert count("resolved", "suspect") == DIRT["resolved in the future"]
    assert count("diagnosed", "not_applicable") > 20


def test_recorded_stamps_are_the_true_ones(lab: Lab) -> None:
    truth = LARGE.truth.set_index("tracker_id")
    seen = lab.incidents().query("source in ('canonical', 'stockroom')").set_index("incident_id")
    for stamp in ("started_at", "diagnosed_at", "verified_at"):
        good = seen[(seen[f"{stamp}_verdict"] == "recorded") & (seen[f"{stamp}_origin"] == "export")]
        assert (good[stamp] == truth.loc[good.index, stamp]).all(), stamp


def test_most_incidents_carry_both_ends_of_recovery(lab: Lab) -> None:
    incidents = lab.incidents()
    both = (incidents["started_at_verdict"] == "recorded") & (incidents["verified_at_verdict"] == "recorded")
    assert both.mean() > 0.6


@pytest.mark.parametrize(
    "aliases",
    [{}, {"checkout": ("Checkout", "Checkout API", "checkout-service"), "website": ("Website", "web-frontend")}],
    ids=["out of the box", "with aliases"],
)
def test_the_small_organisation_counts_35_with_and_without_aliases(
    root: Path, aliases: dict[str, tuple[str, ...]]
) -> None:
    with Lab() as small:
        small.load_folder(root / "data" / "small", Settings(services=aliases))
        incidents = small.incidents()
        assert len(incidents) == 35
        assert _month(incidents).value_counts().to_dict() == {"2026-04": 12, "2026-05": 11, "2026-06": 12}
        assert small.ambiguous().empty
        alone = (incidents["source"] == "statuspage").sum()
        assert alone == (0 if aliases else SMALL.facts.dirt["posts under another service name"])
