"""What never became an incident: pages that ended by themselves, beside the incidents that were counted."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis.doors import Source, is_lab, opened
from mttrlab.errors import SchemaError

_NEEDED = ("population", "detected_at", "resolved_at", "acknowledged_at")


def unseen_incidents(records: Source) -> pd.DataFrame:
    """Return, month by month, how many pages ended untaken beside the incidents, and what they would do to the mean.

    Parameters
    ----------
    records : Lab or DataFrame
        A lab, or its table `records`: every population, not the counted one alone.

    Returns
    -------
    DataFrame
        `month` (first day, UTC); `incidents` (counted) and `automated`, those of them that automation ended; `pages`
        that are no incident, and `untaken`, those that were resolved although nobody acknowledged them;
        `median_untaken`, minutes from detection to resolution; `mean_counted` and `mean_with_untaken`, minutes on the
        clock detected_to_resolved of the `n` counted, and of these and the `n_untaken` together.

    Raises
    ------
    SchemaError
        When the table has no populations.

    Notes
    -----
    The better automation gets, the fewer of the short ones reach the export, and the longer the mean of the others:
    recorded MTTR can rise while downtime falls. An untaken page is a fault that ended by itself or by automation, or
    a page without a fault: the export cannot tell, so these are shown beside, never mixed in.
    """
    if isinstance(records, pd.DataFrame):
        lacking = [name for name in _NEEDED if name not in records]
        if lacking:
            raise SchemaError(f"the table lacks {', '.join(lacking)}; pass a lab, or lab.sql('SELECT * FROM records')")
        wanted = [c for c in records if str(c).endswith("_verdict") or c in (*_NEEDED, "started_at", "fix_path")]
        records = records[wanted]
    is_lab(records, "the table of records")
    with opened(records, "records") as door:
        found = door.ask("analysis/unseen")
    counted, untaken = found["sum_counted"].astype(float), found["sum_untaken"].astype(float).fillna(0.0)
    return pd.DataFrame(
        {
            "month": found["month"].astype("datetime64[us, UTC]"),
            **{name: found[name].astype("int64") for name in ("incidents", "automated", "pages", "untaken")},
            "median_untaken": found["median_untaken"].astype(float) / 6e7,
            "n": found["n"],
            "mean_counted": counted / found["n"].where(found["n"] > 0) / 6e7,
            "n_untaken": found["n_untaken"],
            "mean_with_untaken": (counted.fillna(0.0) + untaken)
            / (found["n"] + found["n_untaken"]).where(found["n"] + found["n_untaken"] > 0)
            / 6e7,
        }
    )
