"""What the made-up organisations run agrees with what happens to them, and has the gaps that are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mttrlab.examples import organisation
from mttrlab.lab import Lab
from mttrlab.schema import Practices

LARGE = organisation("large").truth.query("population == 'counted'")


@pytest.fixture(scope="module")
def lab(root: Path) -> Iterator[Lab]:
    with Lab() as loaded:
        loaded.load_folder(root / "data" / "exports")
        yield loaded


@pytest.fixture(scope="module")
def practices(lab: Lab) -> Practices:
    return lab.practices()


def test_the_practices_come_with_the_exports(lab: Lab, practices: Practices) -> None:
    assert (lab.loads()["format"] == "practices").sum() == 13
    assert (len(practices.alerts), len(practices.recordings), len(practices.runbooks)) == (30, 2, 4)
    assert (practices.settings.scrape_s, practices.settings.group_wait_s) == (15.0, 30.0)


def test_they_speak_of_services_and_types_that_exist(practices: Practices) -> None:
    services, types = set(LARGE["service"]), set(LARGE["incident_type"])
    assert {name for rule in practices.paging() for name in rule.targets} <= services
    assert {kind for book in practices.runbooks for kind in book.incident_types} <= types
    assert {kind for path in practices.change_paths for kind in path.incident_types} <= types
    assert {name for schedule in practices.on_call for name in schedule.services} <= services


def test_the_planted_gaps_are_gaps(practices: Practices) -> None:
    watched = {name for rule in practices.paging() for name in rule.targets}
    assert set(LARGE["service"]) - watched == {"reporting-service", "ledger-service"}
    names = {rule.name for rule in practices.alerts}
    assert [rule.alert for rule in practices.remediation if rule.alert not in names] == ["cache-memory-high"]
    slow = {rule.service for rule in practices.alerts if rule.failure_mode == "latency"}
    assert "user-service" not in slow and "notification-service" not in slow
    assert [path.kind for path in practices.change_paths if not path.rehearsed] == ["terraform", "migration"]


def test_the_founding_text_s_files_are_there_as_printed(root: Path, shared: Path) -> None:
    for name in ("synthetic-monitors.yml", "remediation.yml"):
        assert (root / "data" / "practices" / name).read_bytes() == (shared / "seed" / name).read_bytes()
