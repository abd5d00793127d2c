"""What never became an incident: pages that ended by themselves, beside the incidents that were counted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from mttrlab.analysis.query import Source, is_lab, onset, open_query
from mttrlab.errors import SchemaError
from mttrlab.schema import STAMPS
from mttrlab.validate import as_names, as_numbers, as_table, as_times, check_words, finite

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
    with open_query(records, "records") as query:
        counts = query.ask("analysis/unseen")
    counted, untaken = counts["sum_counted"].astype(float), counts["sum_untaken"].astype(float).fillna(0.0)
    return pd.DataFrame(
        {
            "month": counts["month"].astype("datetime64[us, UTC]"),
            **{name: counts[name].astype("int64") for name in ("incidents", "automated", "pages", "untaken")},
            "median_untaken": counts["median_untaken"].astype(float) / 6e7,
            "n": counts["n"],
            "mean_counted": counted / counts["n"].where(counts["n"] > 0) / 6e7,
            "n_untaken": counts["n_untaken"],
            "mean_with_untaken": (counted.fillna(0.0) + untaken)
            / (counts["n"] + counts["n_untaken"]).where(counts["n"] + counts["n_untaken"] > 0)
            / 6e7,
        }
    )


# What ended by itself or by automation before it became an incident: firings of alerts that no incident goes with.


WITHIN = 30.0
"""Minutes before and after an incident in which an alert of its service is taken to be part of it."""
_FIRED = ("alert", "service", "started_at", "ended_at")
_COLUMNS = [
    "month", "incidents", "firings", "running", "during", "alone", "remediated", "median_alone", "n", "mean_counted",
    "mean_with_alone", "mean_with_remediated",
]  # fmt: skip


def unseen_firings(
    firings: pd.DataFrame,
    incidents: pd.DataFrame,
    *,
    remediated: Iterable[str] = (),
    runs: pd.DataFrame | None = None,
    within: float = WITHIN,
) -> pd.DataFrame:
    """Return, month by month, how many alerts ended with no incident near them, and what they would do to the mean.

    Parameters
    ----------
    firings : DataFrame
        `alert, service, started_at, ended_at` (`lab.firings()`); pages of PagerDuty among them (`source`) are left
        out, because `unseen_incidents` counts them.
    incidents : DataFrame
        The counted incidents.
    remediated : iterable of str
        Names of alerts that a remediation rule answers (`rule.alert for rule in lab.practices().remediation`).
    runs : DataFrame, optional
        Runs of remediation that are known: `alert, service, started_at`, and perhaps `succeeded`. A firing during
        which such a run began counts as remediated, whatever the rules say; one that failed does not.
    within : float
        Minutes around an incident in which an alert of its service is taken to be part of it.

    Returns
    -------
    DataFrame
        `month` (first day, UTC, of the first stamp or the firing); `incidents`; `firings` that ended, and `running`
        ones; `during` an incident of their service (or of any, where one of the two names none), `alone` not;
        `remediated`, those of `alone` that automation answers; `median_alone`, minutes; `mean_counted`, minutes from
        detection to the fix of the `n` incidents that carry both, beside `mean_with_alone` and
        `mean_with_remediated`, of these together with the firings that stood alone, and with the remediated ones.

    Raises
    ------
    SchemaError
        When a table lacks a column.
    QuestionError
        When `within` is negative.

    Notes
    -----
    What automation ends in minutes never reaches the export, so recorded MTTR rises while downtime falls. An alert
    that stood alone is a fault that ended by itself or by automation, or an alert without a fault: these are shown
    beside, never mixed in.

    Examples
    --------
    >>> at = pd.Timestamp("2026-03-02T10:00Z")
    >>> fired = {"alert": ["Disk", "Disk"], "service": "db", "started_at": [at, at + pd.Timedelta(days=3)]}
    >>> firings = pd.DataFrame(fired).assign(ended_at=lambda f: f["started_at"] + pd.Timedelta(minutes=4))
    >>> incident = {"service": ["db"], "detected_at": [at], "resolved_at": [at + pd.Timedelta(minutes=40)]}
    >>> found = unseen_firings(firings, pd.DataFrame(incident), remediated=["Disk"])
    >>> found.loc[0, ["during", "alone", "remediated", "mean_counted", "mean_with_alone"]].tolist()
    [1.0, 1.0, 1.0, 40.0, 22.0]
    """
    finite("within", within, 0)
    firings = as_table(firings, _FIRED, "firings", "lab.firings()", words=("alert", "service"))
    firings = firings.assign(**{stamp: as_times(firings, stamp) for stamp in ("started_at", "ended_at")})
    incidents = as_table(incidents, ("detected_at", "resolved_at"), "incidents", "lab.incidents()")
    incidents = incidents.assign(**{stamp: as_times(incidents, stamp) for stamp in STAMPS if stamp in incidents})
    if "service" in incidents:
        check_words(incidents["service"])
    fired = firings if "source" not in firings else firings[firings["source"].ne("pagerduty").fillna(True)]
    fired = fired[fired["started_at"].notna()].reset_index(drop=True)
    begun, ended = _minutes(fired["started_at"]), _minutes(fired["ended_at"])
    known = ended >= begun  # False also where it still fires
    during = _during_incident(fired, begun, np.where(known, ended, begun), incidents, within)
    answered = fired["alert"].isin(as_names(remediated, "remediated")).to_numpy()
    if runs is not None:
        answered = answered | _ran(fired, begun, ended, runs)
    rows = pd.DataFrame({
        "month": _months(fired["started_at"]), "running": ~known, "during": known & during, "alone": known & ~during,
        "remediated": known & ~during & answered, "length": np.where(known & ~during, ended - begun, np.nan),
    })  # fmt: skip
    length = _usable(incidents, "resolved_at") - _usable(incidents, "detected_at")
    durations = pd.DataFrame({
        "month": _months(onset(incidents)), "length": np.where(length >= 0, length, np.nan),
    }).dropna(subset="month")  # fmt: skip
    return _table(rows, durations)


def _minutes(times: pd.Series) -> np.ndarray:
    whole = pd.to_datetime(times, utc=True).dt.tz_convert(None).to_numpy("datetime64[us]")
    return np.where(np.isnat(whole), np.nan, whole.astype("int64") / 6e7)


def _usable(incidents: pd.DataFrame, stamp: str) -> np.ndarray:
    verdict = incidents.get(f"{stamp}_verdict")
    times = incidents[stamp]
    return _minutes(times if verdict is None else times.where(verdict.eq("recorded")))


def _months(times: pd.Series) -> np.ndarray:
    whole = pd.to_datetime(times, utc=True).dt.tz_convert(None).to_numpy("datetime64[us]")
    return whole.astype("datetime64[M]").astype("datetime64[us]")


def _during_incident(
    fired: pd.DataFrame, begun: np.ndarray, ended: np.ndarray, incidents: pd.DataFrame, within: float
) -> np.ndarray:
    """Return whether an incident of the firing's service ran within so many minutes of it."""
    start = _minutes(onset(incidents))
    stamps = [_minutes(incidents[s]) for s in ("resolved_at", "verified_at") if s in incidents]
    end = np.fmax.reduce([start, *stamps])
    if "exported_at" in incidents and "resolved_at_verdict" in incidents:
        still = incidents["resolved_at_verdict"].eq("pending").to_numpy(dtype=bool)
        end = np.where(still, np.fmax(end, _minutes(incidents["exported_at"])), end)
    there = np.isfinite(start)
    service_of = incidents["service"].to_numpy(dtype=object) if "service" in incidents else np.full(len(start), None)
    during = np.zeros(len(fired), dtype=bool)
    services = fired["service"].to_numpy(dtype=object)
    for service in pd.unique(services):
        own = services == service if pd.notna(service) else pd.isna(services)
        candidates = there & ((service_of == service) | pd.isna(service_of)) if pd.notna(service) else there
        # An interval is met where more have begun by its end than were over before it.
        begun_by_end = np.searchsorted(np.sort(start[candidates] - within), ended[own], side="right")
        over_before = np.searchsorted(np.sort(end[candidates] + within), begun[own], side="left")
        during[own] = begun_by_end > over_before
    return during


def _ran(fired: pd.DataFrame, begun: np.ndarray, ended: np.ndarray, runs: pd.DataFrame) -> np.ndarray:
    """Return whether a run of remediation for this alert and service began while it fired."""
    keys = ("alert", "service")
    runs = as_table(runs, (*keys, "started_at"), "runs", "a table of remediation runs", words=keys)
    runs = runs.assign(started_at=as_times(runs, "started_at"))
    worked = runs if "succeeded" not in runs else runs[as_numbers(runs["succeeded"], "succeeded") != 0]
    at = _minutes(worked["started_at"])
    ran = np.zeros(len(fired), dtype=bool)
    firing_keys = pd.MultiIndex.from_frame(fired[["alert", "service"]].astype("object"))
    run_keys = pd.MultiIndex.from_frame(worked[["alert", "service"]].astype("object"))
    for key in run_keys.unique():
        times = np.sort(at[run_keys == key])
        place = np.flatnonzero(firing_keys == key)
        first = np.searchsorted(times, begun[place], side="left")
        last = np.searchsorted(times, np.where(np.isfinite(ended[place]), ended[place], np.inf), side="right")
        ran[place] = last > first
    return ran


def _table(rows: pd.DataFrame, durations: pd.DataFrame) -> pd.DataFrame:
    months = pd.DatetimeIndex(sorted({*rows["month"], *durations["month"]}), name="month").as_unit("us")
    counts = rows.groupby("month")[["running", "during", "alone", "remediated"]].sum()
    result = counts.reindex(months, fill_value=0).astype("int64")
    result["firings"] = result["during"] + result["alone"]
    result["median_alone"] = rows.groupby("month")["length"].median().reindex(months)
    by_month = durations.groupby("month")["length"]
    result["incidents"] = durations.groupby("month").size().reindex(months, fill_value=0).astype("int64")
    result["n"] = by_month.count().reindex(months, fill_value=0).astype("int64")
    total, n = by_month.sum().reindex(months, fill_value=0.0), result["n"]
    result["mean_counted"] = total / n.where(n > 0)
    for name, which in (("mean_with_alone", "alone"), ("mean_with_remediated", "remediated")):
        more = rows["length"].where(rows[which]).groupby(rows["month"]).sum().reindex(months, fill_value=0.0)
        both = n + result[which]
        result[name] = (total + more) / both.where(both > 0)
    return result.reset_index().assign(month=lambda t: t["month"].dt.tz_localize("UTC"))[_COLUMNS]
