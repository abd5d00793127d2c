from __future__ import annotations

import pandas as pd
import pytest

from mttrlab.analysis import unseen_incidents
from mttrlab.errors import SchemaError


def records() -> pd.DataFrame:
    """Two incidents of 30 and 34 minutes, one ended by automation; three pages, two of them untaken, of 2 and 4."""
    at = pd.Timestamp("2026-03-02 10:00Z")
    minutes = [30, 34, 2, 4, 9]
    acknowledged = [True, False, False, False, True]
    rows = pd.DataFrame(
        {
            "population": ["counted", "counted", "page", "page", "page"],
            "started_at": [at] * 5,
            "detected_at": [at] * 5,
            "acknowledged_at": [at if taken else pd.NaT for taken in acknowledged],
            "resolved_at": [at + pd.Timedelta(minutes=m) for m in minutes],
            "fix_path": ["config", "automation", None, None, None],
            "diagnosed_at_verdict": ["recorded", "not_applicable", "missing", "missing", "missing"],
            "acknowledged_at_verdict": ["recorded" if taken else "missing" for taken in acknowledged],
        }
    )
    return rows.assign(**{f"{stamp}_verdict": "recorded" for stamp in ("started_at", "detected_at", "resolved_at")})


def test_pages_that_ended_untaken_stand_beside_the_incidents_and_pull_the_mean_down() -> None:
    line = unseen_incidents(records()).iloc[0]
    assert line[["incidents", "automated", "pages", "untaken"]].tolist() == [2, 1, 3, 2]
    assert line["mean_counted"] == 32
    assert line["median_untaken"] == 3
    assert line["mean_with_untaken"] == (30 + 34 + 2 + 4) / 4


def test_without_pages_nothing_is_unseen_and_a_table_without_populations_is_refused() -> None:
    line = unseen_incidents(records().iloc[:2]).iloc[0]
    assert line["untaken"] == 0
    assert line["mean_with_untaken"] == line["mean_counted"] == 32
    with pytest.raises(SchemaError, match="lacks population"):
        unseen_incidents(records().drop(columns="population"))
