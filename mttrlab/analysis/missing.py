"""What missing stamps do to the means of phases, and what merged spans give back."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.comparison import rank_test
from mttrlab.analysis.phases import SpanSplitter, judged_stamps, probability_seen
from mttrlab.analysis.query import open_query, records_basis
from mttrlab.errors import SchemaError
from mttrlab.schema import PHASES, STAMPS
from mttrlab.validate import inner_share

DONORS = 20
"""Incidents with every stamp of a span, without which merged spans are not split."""
WARN_ABOVE = 0.05
"""Relative bias above which a warning is given."""
_COLUMNS = [
    "phase", "incidents", "measured", "merged", "not_applicable", "unseen", "coverage", "mean_available", "n_complete",
    "mean_complete", "mean_estimated", "mean_low", "mean_high", "mean_weighted", "n_estimated", "share_estimated",
    "share_of_tail_estimated", "bias", "missing_on", "method", "sentence",
]  # fmt: skip


def _shares(filled: np.ndarray) -> list[dict[str, float]]:
    whole = filled[np.isfinite(filled).all(axis=1)]
    total = whole.sum(axis=1)
    if not total.sum() > 0:
        return [{"n_estimated": len(whole), "share_estimated": np.nan, "share_of_tail_estimated": np.nan}] * len(PHASES)
    tail = (total > np.quantile(total, 0.9)) | (total == total.max())
    return [
        {
            "n_estimated": len(whole),
            "share_estimated": float(whole[:, place].sum() / total.sum()),
            "share_of_tail_estimated": float(whole[tail, place].sum() / total[tail].sum()),
        }
        for place in range(len(PHASES))
    ]


Merged = dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
"""First and last phase of a kind of merged span → the rows that have it, and its minutes."""


def _spans(incidents: pd.DataFrame) -> tuple[np.ndarray, Merged, np.ndarray]:
    """Return minutes per row and phase (NaN: not alone), the merged spans, and where nothing is missing."""
    judged = judged_stamps(incidents).sort_values(list(STAMPS), kind="stable", ignore_index=True)
    judged["row"] = np.arange(len(judged))  # in an order of their own: no sum and no draw depends on the loading
    with open_query(judged, "incidents") as query:
        spans = query.ask("analysis/spans")
    spans = spans[spans["observed"].astype(bool)]
    place = {phase: i for i, phase in enumerate(PHASES)}
    first, last = spans["first_phase"].map(place).to_numpy(int), spans["last_phase"].map(place).to_numpy(int)
    row, length = spans["row"].to_numpy(int), spans["minutes"].to_numpy(float)
    minutes = np.full((len(judged), len(PHASES)), np.nan)
    alone = first == last
    minutes[row[alone], first[alone]] = length[alone]
    no_diagnosis = judged["diagnosed_at_verdict"].isin(["not_applicable", "recorded"]).to_numpy()
    exempt = np.zeros(minutes.shape, dtype=bool)
    merged: Merged = {}
    for a, b in sorted({(int(x), int(y)) for x, y in zip(first, last, strict=True) if x != y}):
        of_kind = (first == a) & (last == b)
        rows = row[of_kind]
        # A recorded diagnosis inside a merged span came after the fix: the order is known, no stamp is missing.
        nothing_missing = no_diagnosis[rows] & (a == 1) & (b == 2)
        exempt[rows[nothing_missing], a : b + 1] = True
        if not nothing_missing.all():
            merged[a, b] = rows[~nothing_missing], length[of_kind][~nothing_missing]
    return minutes, merged, exempt


def _split(
    minutes: np.ndarray, merged: Merged, counts: np.ndarray | None = None
) -> tuple[np.ndarray, dict[tuple[int, int], int]]:
    """Return minutes with merged spans split by their mean shares, and how many donors each kind had."""
    filled, donors = minutes.copy(), {}
    for (a, b), (rows, length) in merged.items():
        whole = np.isfinite(minutes[:, a : b + 1]).all(axis=1)
        if counts is not None:
            whole &= counts > 0
        donors[a, b] = int(whole.sum())
        enough = donors[a, b] >= (DONORS if counts is None else DONORS // 2)
        if enough and (minutes[whole, a : b + 1].sum(axis=1) > 0).any():
            splitter = SpanSplitter(minutes[whole, a : b + 1], None if counts is None else counts[whole])
            filled[rows, a : b + 1] = length[:, None] * splitter.shares(length)
    return filled, donors


def _mean(minutes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    known = np.isfinite(minutes)
    weight = counts[:, None] * known
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((np.where(known, minutes, 0) * weight).sum(axis=0) / weight.sum(axis=0))


def _row(
    place: int,
    minutes: np.ndarray,
    merged: Merged,
    exempt: np.ndarray,
    filled: np.ndarray,
    donors: dict[tuple[int, int], int],
    draws: np.ndarray,
    level: float,
) -> dict[str, object]:
    alone = minutes[np.isfinite(minutes[:, place]), place]
    around = {ends: span for ends, span in merged.items() if ends[0] <= place <= ends[1]}
    inside = sum(len(rows) for rows, _ in around.values())
    complete = minutes[np.isfinite(minutes).all(axis=1)]
    refused = [ends for ends in around if donors[ends] < DONORS]
    values = filled[np.isfinite(filled[:, place]), place]
    available = float(alone.mean()) if len(alone) else np.nan
    estimated = float(values.mean()) if len(values) and not refused else np.nan
    tails = [(1 - level) / 2, (1 + level) / 2]
    known = draws[np.isfinite(draws[:, place]), place]
    low, high = np.quantile(known, tails) if len(known) and not refused else (np.nan, np.nan)
    weighted, missing_on = _weighted(place, minutes, around) if around else (available, "no particular")
    bias = available / estimated - 1 if estimated else np.nan
    if refused:
        method = f"not estimable: {min(donors[ends] for ends in refused)} incidents have every stamp of a merged span"
    else:
        method = "merged spans split" if around else "nothing merged"
    return {
        "phase": PHASES[place],
        "incidents": len(minutes),
        "measured": len(alone),
        "merged": inside,
        "not_applicable": int(exempt[:, place].sum()),
        "unseen": len(minutes) - len(alone) - inside - int(exempt[:, place].sum()),
        "coverage": len(alone) / (len(alone) + inside) if len(alone) + inside else np.nan,
        "mean_available": available,
        "n_complete": len(complete),
        "mean_complete": float(complete[:, place].mean()) if len(complete) else np.nan,
        "mean_estimated": estimated,
        "mean_low": float(low),
        "mean_high": float(high),
        "mean_weighted": weighted,
        "bias": bias,
        "missing_on": missing_on,
        "method": method,
        "sentence": _sentence(PHASES[place], len(alone), inside, bias, missing_on),
    }


def _weighted(place: int, minutes: np.ndarray, around: Merged) -> tuple[float, str]:
    """Return the inverse-probability mean against the commonest merged span, and on which incidents stamps miss."""
    (a, b), (rows, length) = max(around.items(), key=lambda item: len(item[1][0]))
    whole = np.isfinite(minutes[:, a : b + 1]).all(axis=1)
    donors = minutes[whole, a : b + 1]
    if len(donors) < DONORS or len(rows) < 2:
        return np.nan, "no particular"
    total = donors.sum(axis=1)
    recorded = np.r_[np.ones(len(total), dtype=bool), np.zeros(len(rows), dtype=bool)]
    probability = probability_seen(recorded, np.r_[total, length])[: len(total)]
    p = rank_test(length, total)[1]
    shorter = np.median(length) < np.median(total)
    missing_on = "no particular" if p > 0.05 else "shorter" if shorter else "longer"
    return float((donors[:, place - a] / probability).sum() / (1 / probability).sum()), missing_on


def _sentence(phase: str, alone: int, inside: int, bias: float, missing_on: str) -> str:
    if not inside:
        return f"{phase.capitalize()} is measured wherever it is known to have ended."
    text = f"{phase.capitalize()} is measured in {alone} of {alone + inside} incidents"
    if np.isnan(bias):
        return f"{text}; the others hold it in a longer span that cannot be split from so few."
    if abs(bias) < WARN_ABOVE:
        return f"{text}; the others do not change its mean by more than {WARN_ABOVE:.0%}."
    side = "too long" if bias > 0 else "too short"
    why = (
        f", because the stamp is missing more often on {missing_on} incidents" if missing_on != "no particular" else ""
    )
    return f"{text}; their mean is {abs(bias):.0%} {side}{why}."


@records_basis
def missing_stamps(
    incidents: pd.DataFrame, *, level: float = 0.95, resamples: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Return, per phase, what its mean is by three ways of dealing with missing stamps, and how far they differ.

    Parameters
    ----------
    incidents : DataFrame
        Incidents; ended spans alone are used.
    level : float
        Level of the interval of `mean_estimated`.
    resamples : int
        Bootstrap samples of incidents behind that interval.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    DataFrame
        One row per phase. `incidents`; `measured` (the phase stands alone), `merged` (it ended, inside a longer span),
        `not_applicable` (automation ended the incident, or it was fixed before it was diagnosed: nothing is missing),
        `unseen` (no ended span holds it); `coverage`, measured of measured and merged. `mean_available` of the
        measured ones; `mean_complete` of the `n_complete` incidents with all four phases; `mean_estimated`, merged
        spans split as spans of their length split where every stamp is there, with `mean_low, mean_high`;
        `mean_weighted`, the measured ones weighted by how rarely spans of their length are measured; `share_estimated`
        and `share_of_tail_estimated`, of all minutes and of the worst tenth's, among the `n_estimated` incidents that
        have every phase, alone or split. `bias` of
        `mean_available` against `mean_estimated`, relative; `missing_on`: "shorter", "longer" or "no particular"
        incidents; `method`; and a `sentence`.

    Raises
    ------
    SchemaError
        When the table is no table of incidents.

    Notes
    -----
    Valid where stamps go missing by the length of the span, which merging shows, and not by how it splits. A stamp
    that is missing more often on short incidents makes the mean of the measured ones too long.
    """
    inner_share("level", level)
    if not isinstance(incidents, pd.DataFrame):
        raise SchemaError(f"expected incidents as a DataFrame; got {type(incidents).__name__}; call lab.incidents()")
    minutes, merged, exempt = _spans(incidents)
    filled, methods = _split(minutes, merged)
    rng = np.random.default_rng(seed)
    draws = np.full((resamples, len(PHASES)), np.nan)
    if merged:
        for k in range(resamples):
            counts = np.bincount(rng.integers(0, len(minutes), len(minutes)), minlength=len(minutes)).astype(float)
            again, _ = _split(minutes, merged, counts)
            draws[k] = _mean(again, counts)
    rows = [_row(place, minutes, merged, exempt, filled, methods, draws, level) for place in range(len(PHASES))]
    shares = _shares(filled)
    return pd.DataFrame([row | share for row, share in zip(rows, shares, strict=True)], columns=_COLUMNS)
