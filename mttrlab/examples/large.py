"""The large organisation: two years, five files, and a better diagnosis from January 2026 on."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pandas as pd

from mttrlab.examples import dirt, servicenow, tracker
from mttrlab.examples.arrivals import EXPORTED, MONTHS, incidents, others
from mttrlab.examples.large_files import of_pagerduty, of_servicenow, of_statuspage, of_tracker
from mttrlab.examples.laws import IMPROVED_FROM, IMPROVEMENT
from mttrlab.examples.organisation import IDENTIFIERS, Facts, Organisation, frozen, truth_table
from mttrlab.examples.practices import large_practices
from mttrlab.examples.routes import first_posts, paged, tracked
from mttrlab.examples.settings import SETTINGS
from mttrlab.examples.telemetry import telemetry_files, telemetry_truth

_COLUMNS = {
    "exports/incidents.csv": "tracker_id",
    "exports/supply.json": "tracker_id",
    "exports/pagerduty.json": "pagerduty_id",
    "exports/servicenow.csv": "servicenow_id",
    "exports/statuspage.json": "statuspage_id",
}
_REOPENED = 3


@cache
def large() -> Organisation:
    """Return the large organisation."""
    counted = dirt.reopen(incidents(), _REOPENED)
    everything = sorted([*counted, *others(counted)], key=lambda one: (one.started_at or 0, one.key))
    posts = first_posts(counted)
    elsewhere = {one.key for one in counted if paged(one)} | set(posts)
    entries = dirt.entries([one for one in counted if tracked(one)], elsewhere)
    marks = {entry.incident.key: entry.marks for entry in entries}
    listed = [
        *entries,
        *(dirt.Entry(one, dirt.stamps_of(one), ()) for one in everything if one.population != "counted"),
    ]
    supply = [entry for entry in listed if entry.incident.service in dirt.TIMED]
    main = [entry for entry in listed if entry.incident.service not in dirt.TIMED]
    files = {
        "exports/incidents.csv": of_tracker(main, "INC", tracker.table, twice=6, older=8),
        "exports/supply.json": of_tracker(supply, "STK", tracker.array, twice=1, older=2),
        "exports/pagerduty.json": of_pagerduty(counted),
        "exports/servicenow.csv": of_servicenow(counted),
        "exports/statuspage.json": of_statuspage(counted, posts),
    }
    planted: Counter[str] = Counter(mark for words in marks.values() for mark in words)
    for file in files.values():
        planted += file.marks
    planted["open"] = sum(one.open for one in counted)
    planted["reopened"] = sum(one.first_resolved_at is not None for one in counted)
    planted["fixed before diagnosed"] = sum(
        one.diagnosed_at is not None and one.resolved_at is not None and one.diagnosed_at > one.resolved_at
        for one in counted
    )
    facts = Facts(
        exported_at=pd.Timestamp(EXPORTED, unit="s", tz="UTC"),
        months=MONTHS[:-1],
        records=frozen({name: file.records for name, file in files.items()}),
        dirt=frozen(dict(sorted(planted.items()))),
        improved_from=pd.Timestamp(IMPROVED_FROM, tz="UTC"),
        improvement=IMPROVEMENT,
        timer_hours={"exports/supply.json": dirt.TIMER_HOURS, "exports/servicenow.csv": servicenow.TIMER_HOURS},
        zones={"exports/servicenow.csv": "Europe/Berlin"},
        telemetry=telemetry_truth(counted),
    )
    ids = {
        column: {
            key: name for path, file in files.items() if _COLUMNS[path] == column for key, name in file.ids.items()
        }
        for column in IDENTIFIERS
    }
    contents = {name: file.content for name, file in files.items()}
    contents["exports/mttrlab.yml"] = SETTINGS.encode()
    contents |= large_practices()
    contents |= telemetry_files(counted)
    return Organisation("large", truth_table(everything, ids, marks), facts, contents)
