"""A verdict beside each stamp, from the record alone. The rules are `sql/judge.sql`, so that a lab can run the same."""

from __future__ import annotations

import pandas as pd

from mttrlab import sql
from mttrlab.schema import REPORT_COLUMNS, STAMPS, conform

_READ = [*STAMPS, "detected_at_origin", "exported_at", "status", "automated", "resolution_s", "copies"]
_VERDICTS = [f"{stamp}_verdict" for stamp in STAMPS]


def judge(reports: pd.DataFrame) -> pd.DataFrame:
    """Return the reports with a verdict beside each stamp.

    Parameters
    ----------
    reports : DataFrame
        REPORT_COLUMNS of `mttrlab.schema`; absent ones count as empty, verdicts already there are replaced.

    Returns
    -------
    DataFrame
        REPORT_COLUMNS, in the order and with the index of `reports`. No stamp is changed, whatever its verdict.

    Raises
    ------
    SchemaError
        When a column holds the wrong kind of value, or times without a zone.

    Notes
    -----
    A stamp is, in this order of precedence:

    - `suspect`: before 1990, later than `exported_at` (5 minutes of grace), more than 366 days from most of the
      record's other stamps; or, where detection is a public post, an impact window that ended six hours before it; or
      an end that the tool's own timer made, or a public page's first word that already tells the end (`copies`);
    - `out_of_order`: the milestone that contradicts most others (ties: the later one), dropped until the rest agree.
      A diagnosis after the fix contradicts nothing;
    - `defaulted`: the same instant as its neighbour, where the source's clock is finer than a minute or the vendor is
      known to copy (`copies`);
    - `recorded`: anything else that is there.

    An empty one is `pending` (open, and nothing later is stamped), `not_applicable` (automation ended the incident,
    so nobody diagnosed it) or `missing`. Where the source has no word for open, an incident with neither a fix nor a
    verification is open.

    Examples
    --------
    >>> stamps = {"detected_at": ["2026-01-01T10:00Z"], "resolved_at": ["2026-01-01T09:00Z"]}
    >>> judged = judge(pd.DataFrame(stamps).apply(pd.to_datetime, utc=True))
    >>> judged[["started_at_verdict", "detected_at_verdict", "resolved_at_verdict"]].iloc[0].tolist()
    ['missing', 'recorded', 'out_of_order']
    """
    told = conform(reports, REPORT_COLUMNS)
    # Only what the rules read goes through the engine: the other forty columns would cost most of the time.
    read = told[_READ].reset_index(drop=True).rename_axis("judged_row").reset_index()
    verdicts = sql.run("judge", {"reports": read}).set_index("judged_row").sort_index()
    return conform(told.assign(**{name: verdicts[name].to_numpy() for name in _VERDICTS}), REPORT_COLUMNS)
