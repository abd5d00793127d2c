"""Revisions of one record: the newest holds, and a poorer one takes nothing away."""

from __future__ import annotations

import itertools
import json

import pandas as pd
import pytest

from mttrlab.lab import Lab

RICH = {
    "id": "P1",
    "status": "resolved",
    "title": "Checkout is down",
    "urgency": "high",
    "created_at": "2026-03-02T10:00:00Z",
    "last_status_change_at": "2026-03-02T11:00:00Z",
    "acknowledgements": [],
    "escalation_policy": {"id": "E"},
    "service": {"summary": "checkout"},
    "html_url": "https://x/P1",
    "log_entries": [
        {"type": "trigger_log_entry", "created_at": "2026-03-02T10:00:00Z", "channel": {"type": "api"}},
        {"type": "acknowledge_log_entry", "created_at": "2026-03-02T10:04:00Z", "channel": {"type": "mobile"}},
        {"type": "resolve_log_entry", "created_at": "2026-03-02T11:00:00Z", "channel": {"type": "timeout"}},
    ],
}
"""The pager's own record, which its timer ended."""
POOR = (
    "id,created_at,resolved_at,status,description,service_name,seconds_to_first_ack,auto_resolved,updated_at\n"
    "P1,2026-03-02T10:00:00Z,2026-03-02T11:00:00Z,resolved,Checkout is down,checkout,240,true,2026-03-05T00:00:00Z\n"
)
"""The same incident as Analytics tells it, days later."""
OPEN = RICH | {
    "status": "acknowledged",
    "last_status_change_at": "2026-03-02T10:04:00Z",
    "log_entries": RICH["log_entries"][:2],
}
LATER = RICH | {"log_entries": [], "last_status_change_at": "2026-03-02T11:00:05Z"}
"""The list without logs: PagerDuty empties the acknowledgements on resolving."""


@pytest.fixture
def told(tmp_path):
    """What the lab says of P1 once these files are loaded in this order."""

    def tell(*contents):
        with Lab() as lab:
            for place, content in enumerate(contents):
                path = tmp_path / str(place)
                path.write_text(content if isinstance(content, str) else json.dumps([content]))
                lab.load(path)
            found = lab.incidents(population=None)
        assert found["incident_id"].tolist() == ["P1"]
        return found.iloc[0]

    return tell


@pytest.mark.parametrize("order", list(itertools.permutations([RICH, POOR])))
def test_a_row_of_analytics_does_not_replace_the_richer_record(told, order):
    found = told(*order)
    assert (found["url"], found["detected_by"]) == ("https://x/P1", "alert")
    assert found["resolved_at_verdict"] == "suspect"


@pytest.mark.parametrize("order", list(itertools.permutations([OPEN, POOR])))
def test_a_row_of_analytics_that_knows_the_end_closes_the_older_record_and_keeps_what_it_lacks(told, order):
    found = told(*order)
    assert (found["url"], found["detected_by"]) == ("https://x/P1", "alert")
    assert found["resolved_at"] == pd.Timestamp("2026-03-02T11:00Z")


@pytest.mark.parametrize("order", list(itertools.permutations([OPEN, LATER])))
def test_an_acknowledgement_that_the_pager_emptied_is_kept(told, order):
    found = told(*order)
    assert found["acknowledged_at"] == pd.Timestamp("2026-03-02T10:04Z")
    assert found["acknowledged_at_verdict"] == "recorded"


def test_a_cell_that_people_emptied_stays_empty(told):
    first = "incident_id,detected_at,resolved_at,updated_at\nP1,2026-03-02T10:00Z,2026-03-02T11:00Z,2026-03-02T11:00Z\n"
    found = told(first, "incident_id,detected_at,resolved_at,updated_at\nP1,2026-03-02T10:00Z,,2026-03-02T12:00Z\n")
    assert pd.isna(found["resolved_at"])
