"""Which phase holds the minutes, merged where it must be; and where the minutes of the worst incidents went."""

from __future__ import annotations

import pandas as pd

from mttrlab.analysis.bottlenecks import bottleneck
from mttrlab.analysis.phases import (
    phase_spans,
    phases_of,
    span_name,
    span_summary,
    spans_at_acknowledgement,
)
from mttrlab.analysis.query import records_basis
from mttrlab.schema import STEP_PLACES

_COMPLETE = 0.5
"""Phases are shown one by one where at least this share of the ended incidents has all four."""


def divided_at_acknowledgement(incidents: pd.DataFrame) -> bool:
    """Return whether a page divides incidents where somebody took the page, as nobody stamps a diagnosis."""
    recorded = {
        stamp: incidents[f"{stamp}_verdict"].eq("recorded").any() for stamp in ("diagnosed_at", "acknowledged_at")
    }
    return bool(recorded["acknowledged_at"] and not recorded["diagnosed_at"])


def placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with their place for an identifier: those of two tools may be equal, a row's place is not."""
    return rows.reset_index(drop=True).assign(incident_id=[str(i) for i in range(len(rows))])


def placed_spans(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return the spans of incidents, each named by its place."""
    return phase_spans(placed(incidents))


def has_merged_phases(table: pd.DataFrame) -> bool:
    """Return whether a table of shares holds phases that a missing stamp merged."""
    return bool(table["phase"].str.contains("+", regex=False).any())


def best_shares(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the shares of the phases; where stamps merged them and enough incidents have all, as these split."""
    held, divided = tables["shares"], tables["split"]
    return divided if has_merged_phases(held) and len(divided) else held


@records_basis
def split_shares(stamps: pd.DataFrame) -> pd.DataFrame:
    """Return each phase's share with merged spans split, as `missing_stamps` estimates it; empty where it cannot.

    Parameters
    ----------
    stamps : DataFrame
        As `missing_stamps` gives it.

    Returns
    -------
    DataFrame
        `phase`, `n` (incidents that hold every phase, alone or split), `share`, `share_of_tail`.
    """
    usable = stamps["mean_estimated"].notna().all() and stamps["share_estimated"].notna().all()
    if not usable or not stamps["merged"].sum():
        return pd.DataFrame(columns=["phase", "n", "share", "share_of_tail"])
    return pd.DataFrame(
        {
            "phase": stamps["phase"],
            "n": stamps["n_estimated"],
            "share": stamps["share_estimated"],
            "share_of_tail": stamps["share_of_tail_estimated"],
        }
    )


def ended_span_minutes(spans: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the ended minutes of each kind of span, by its name."""
    ended = spans[spans["observed"].fillna(False).astype(bool)]
    kinds = ended.groupby(["first_phase", "last_phase"])["minutes"]
    return {span_name(str(first), str(last)): minutes for (first, last), minutes in kinds}


def longest_incidents(
    incidents: pd.DataFrame, phases: pd.DataFrame, measure: str, count: int = 3, *, at_acknowledgement: bool = False
) -> pd.DataFrame:
    """Return the incidents that took longest and where their minutes went.

    Parameters
    ----------
    incidents, phases : DataFrame
        The incidents of a month and their phases, row by row.
    measure : str
        The clock that ranks them; an incident that lacks one of its ends is ranked by what was measured.
    count : int
        How many.
    at_acknowledgement : bool
        As `divided_at_acknowledgement` says it of the page.

    Returns
    -------
    DataFrame
        `incident_id, title, url, service, severity, minutes, still_open, whole` (False: only a part could be
        measured), `spans` (list of (phase or merged phases, minutes), those that the clock holds).
    """
    names = ["incident_id", "title", "url", "service", "severity"]
    described = incidents[names].reset_index(drop=True)
    minutes = phases[measure].reset_index(drop=True).astype(float)
    running = ~phases[f"{measure}_observed"].reset_index(drop=True).fillna(True).astype(bool)
    spans = placed_spans(incidents)
    if at_acknowledgement:
        spans = spans_at_acknowledgement(spans, placed(phases))
    measured = spans.groupby("incident_id")["minutes"].sum()
    measured.index = measured.index.astype(int)
    described["minutes"] = minutes.fillna(measured.reindex(minutes.index))
    described["still_open"] = running | described.index.isin(
        spans.loc[~spans["observed"].astype(bool), "incident_id"].astype(int)
    )
    described["whole"] = minutes.notna()
    ranked = described[described["minutes"].notna()].sort_values(["minutes", "incident_id"], ascending=[False, True])
    top = ranked.head(count).copy()
    within = phases_of(measure)
    held = (STEP_PLACES[within[0]], STEP_PLACES[within[-1]])
    parts = {place: spans[spans["incident_id"] == str(place)] for place in top.index}
    top["spans"] = pd.Series(
        [
            [
                (span_name(f, s), float(m))
                for f, s, m in zip(rows["first_phase"], rows["last_phase"], rows["minutes"], strict=True)
                if STEP_PLACES[f] <= held[1] and STEP_PLACES[s] >= held[0]
            ]
            for rows in parts.values()
        ],
        index=top.index,
        dtype=object,
    )
    return top.reset_index(drop=True)


@records_basis
def _merged_shares(spans: pd.DataFrame) -> pd.DataFrame:
    columns = ["phase", "n", "share", "share_of_tail"]
    if spans.empty or not spans["minutes"].sum() > 0:
        return pd.DataFrame(columns=columns).astype({"n": "int64", "share": float, "share_of_tail": float})
    per_incident = spans.groupby("incident_id")["minutes"].transform("sum")
    totals = spans.groupby("incident_id")["minutes"].sum()
    worst = (per_incident > totals.quantile(0.9)) | (per_incident == totals.max())
    names = [span_name(f, s) for f, s in zip(spans["first_phase"], spans["last_phase"], strict=True)]
    named = spans.assign(phase=names, tail=spans["minutes"].where(worst, 0.0))
    sums = named.groupby("phase")[["minutes", "tail"]].sum()
    order = [name for name in span_summary(spans)["span"] if name in sums.index]
    sums = sums.loc[order]
    return pd.DataFrame(
        {
            "phase": order,
            "n": len(totals),
            "share": (sums["minutes"] / sums["minutes"].sum()).to_numpy(),
            "share_of_tail": (sums["tail"] / sums["tail"].sum()).to_numpy(),
        }
    )


@records_basis
def measured_shares(phases: pd.DataFrame, spans: pd.DataFrame) -> pd.DataFrame:
    """Return each phase's share of all minutes and of the worst tenth's, merged where stamps are missing.

    Parameters
    ----------
    phases : DataFrame
        As `phase_durations` gives them.
    spans : DataFrame
        As `phase_spans` gives them, of the same incidents.

    Returns
    -------
    DataFrame
        `phase` ("diagnose", or "diagnose + resolve"), `n` (incidents that the shares are of), `share`,
        `share_of_tail`.
    """
    whole = bottleneck(phases)
    complete = int(whole["n"].max()) if whole["share"].notna().all() else 0
    ended = spans[spans["observed"].fillna(False).astype(bool)]
    if complete >= 10 and complete >= _COMPLETE * ended["incident_id"].nunique():
        return whole[["phase", "n", "share", "share_of_tail"]]
    return _merged_shares(ended)
