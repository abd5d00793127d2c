"""From milestones to minutes: how long each phase and each clock of an incident took."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from mttrlab.analysis.conventions import longest_ended
from mttrlab.analysis.query import (
    MEASURES,
    Source,
    is_lab,
    open_query,
    own_measures,
    records_basis,
    with_team_words,
)
from mttrlab.errors import SchemaError
from mttrlab.schema import (
    CLOCK_ENDS,
    INCIDENT_COLUMNS,
    MEASURE_ENDS,
    MILESTONES,
    PHASE_ENDS,
    PHASES,
    SPAN_COLUMNS,
    STAMPS,
    STEP_PLACES,
    check_incidents,
    clock_name,
    conform,
)

_BESIDE = ("_verdict", "_origin")
_DESCRIPTIVE = tuple(column for column in INCIDENT_COLUMNS if not column.name.endswith(_BESIDE))
_MEASURED = [*MEASURES, *(f"{measure}_observed" for measure in MEASURES)]
_BETWEEN = tuple(name for name in MEASURE_ENDS if name not in MEASURES)


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    inside = ("everything", "fix_ahead", "check_ahead", *_MEASURED, "month", *(f"ended_us_{m}" for m in MEASURES))
    others = [name for name in rows if name not in inside]
    types: dict[str, str] = dict.fromkeys(MEASURES, "float64") | {f"{m}_observed": "boolean" for m in MEASURES}
    return rows[[*others, *_MEASURED, "month"]].astype({**types, "month": "datetime64[us, UTC]"})


def judged_stamps(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return the stamps, verdicts and export times of a frame, its verdicts filled in where it brings none.

    Parameters
    ----------
    incidents : DataFrame

    Returns
    -------
    DataFrame
        `row` (position), `incident_id`, the six stamps, their verdicts, `exported_at`.

    Raises
    ------
    SchemaError
        When the table is no table of incidents.
    """
    check_incidents(incidents)
    if not any(stamp in incidents for stamp in MILESTONES):
        raise SchemaError("the table has none of the milestones; it needs two of " + ", ".join(MILESTONES))
    columns = tuple(
        c for c in INCIDENT_COLUMNS if c.name in ("incident_id", "exported_at", *STAMPS) or c.name.endswith("_verdict")
    )
    stamps = conform(_zoned(incidents), columns).reset_index(drop=True)
    stamps["row"] = np.arange(len(stamps))
    present = stamps[list(STAMPS)].notna().to_numpy()
    unjudged = stamps[[f"{stamp}_verdict" for stamp in STAMPS]].isna().to_numpy()
    if unjudged.any():
        _fill_verdicts(stamps, present, unjudged)
    _set_aside_reversed(stamps)
    return stamps


def _zoned(incidents: pd.DataFrame) -> pd.DataFrame:
    # pandas gives a column of no times at all no zone; there is nothing in it to misread.
    timeless = [n for n in (*STAMPS, "exported_at") if n in incidents and incidents[n].isna().all()]
    return incidents.assign(**{n: pd.Series(pd.NaT, incidents.index, dtype="datetime64[us, UTC]") for n in timeless})


def _fill_verdicts(stamps: pd.DataFrame, present: np.ndarray, unjudged: np.ndarray) -> None:
    is_open = stamps[["resolved_at", "verified_at"]].isna().all(axis=1).to_numpy()
    for place, stamp in enumerate(STAMPS):
        ahead = is_open & ~present[:, place:].any(axis=1)
        filled = np.where(present[:, place], "recorded", np.where(ahead, "pending", "missing"))
        verdict = f"{stamp}_verdict"
        stamps[verdict] = stamps[verdict].where(~unjudged[:, place], filled)


def _set_aside_reversed(stamps: pd.DataFrame) -> None:
    """Call a recorded milestone out of order where it contradicts most of the others, the later one of two."""
    usable = np.column_stack([microseconds(stamps[m].where(stamps[f"{m}_verdict"].eq("recorded"))) for m in MILESTONES])
    _after_fix(usable)
    for row in np.flatnonzero(_reversed(usable)):
        while True:
            known = np.flatnonzero(np.isfinite(usable[row]))
            conflicts = {i: sum((usable[row, i] - usable[row, j]) * (i - j) < 0 for j in known) for i in known}
            worst = max(known, key=lambda i: (conflicts[i], i), default=None)
            if worst is None or not conflicts[worst]:
                break
            usable[row, worst] = np.nan
            stamps.loc[row, f"{MILESTONES[worst]}_verdict"] = "out_of_order"


def microseconds(times: pd.Series) -> np.ndarray:
    """Return times with a zone as microseconds, NaN where there is none."""
    whole = times.dt.tz_convert(None).to_numpy("datetime64[us]")
    return np.where(np.isnat(whole), np.nan, whole.astype("int64").astype("float64"))


def _after_fix(usable: np.ndarray) -> None:
    fixed = np.where(np.isfinite(usable[:, 3]), usable[:, 3], usable[:, 4])
    usable[:, 2] = np.where(usable[:, 2] > fixed, np.nan, usable[:, 2])


def _reversed(usable: np.ndarray) -> np.ndarray:
    latest = np.full(len(usable), -np.inf)
    wrong = np.zeros(len(usable), dtype=bool)
    for place in range(usable.shape[1]):
        wrong |= usable[:, place] < latest
        latest = np.fmax(latest, usable[:, place])
    return wrong


@records_basis
def phase_durations(incidents: Source) -> pd.DataFrame:
    """Return how long each phase and each clock of each incident took.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents. Only stamps with the verdict `recorded` are used; where a frame has no verdict columns, every
        stamp that is there, except those that contradict the order of the others.

    Returns
    -------
    DataFrame
        The descriptive columns of `incidents` (and any column of its own, such as `replication`); minutes of
        `detect, diagnose, resolve, verify, recovery, started_to_resolved, detected_to_verified,
        detected_to_resolved`, NaN where an end is unknown or not usable; `*_observed`, False where the phase or
        clock still ran at `exported_at`, so that the minutes are a lower bound; `month`, the first day (UTC) of the
        month of the first usable stamp; last, and in the same way, `acknowledge, acknowledged_to_diagnosed,
        acknowledged_to_resolved`.

    Raises
    ------
    SchemaError
        When the table is no table of incidents, or a time has no zone.

    Notes
    -----
    A diagnosis after the fix is good practice, not an error: neither `diagnose` nor `resolve` has minutes then, and
    `phase_spans` shows detected to resolved as one span. An incident that automation ended has no diagnosis either.
    The phases of an incident that has all four add up to `recovery`.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "incident_id": ["a"],
    ...     "started_at": pd.to_datetime(["2026-01-05 10:00Z"]), "detected_at": pd.to_datetime(["2026-01-05 10:10Z"]),
    ...     "diagnosed_at": pd.to_datetime(["2026-01-05 10:40Z"]), "resolved_at": pd.to_datetime(["2026-01-05 11:10Z"]),
    ...     "verified_at": pd.to_datetime(["2026-01-05 11:15Z"]),
    ... })
    >>> phase_durations(rows)[["detect", "diagnose", "resolve", "verify", "recovery"]].values.tolist()
    [[10.0, 30.0, 30.0, 5.0, 75.0]]
    """
    if is_lab(incidents, "a table of incidents"):
        with open_query(incidents, "incidents") as query:
            rows = query.ask("analysis/phases")
        described = conform(rows, _DESCRIPTIVE)
        own = [n for n in rows if n not in described and n not in _MEASURED and not str(n).endswith(_BESIDE)]
        between = _steps_between(rows, rows.index, own_measures(incidents))
        phases = _typed(pd.concat([described, rows[own], rows[_MEASURED]], axis="columns"))
        return _with_longest(with_team_words(pd.concat([phases, between], axis="columns"), incidents))
    assert isinstance(incidents, pd.DataFrame)
    if set(_MEASURED) <= set(incidents):
        return incidents.copy()
    stamps = judged_stamps(incidents)
    with open_query(stamps, "incidents") as query:
        measured = query.ask("analysis/phases").sort_values("row", ignore_index=True)
    measured.index = incidents.index
    described = conform(_zoned(incidents), _DESCRIPTIVE)
    own = [c for c in incidents if c not in described and c not in measured and not str(c).endswith(_BESIDE)]
    phases = _typed(pd.concat([described, incidents[own], measured[[*_MEASURED, "month"]]], axis="columns"))
    between = _steps_between(stamps, incidents.index, own_measures(incidents))
    return _with_longest(with_team_words(pd.concat([phases, between], axis="columns"), incidents))


def _with_longest(phases: pd.DataFrame) -> pd.DataFrame:
    # Any part of the table then has the same open incidents that were probably never closed.
    phases.attrs["longest_ended"] = longest_ended(phases)
    return phases


def _steps_between(stamps: pd.DataFrame, index: pd.Index, own: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Return the measures by name that are neither phase nor clock, the team's own among them."""
    columns: dict[str, object] = {}
    for name, ends in {**{name: MEASURE_ENDS[name] for name in _BETWEEN}, **own}.items():
        columns[name], columns[f"{name}_observed"] = minutes_between(stamps, *ends)
    return pd.DataFrame(columns, index=index)


def minutes_between(stamps: pd.DataFrame, first: str, last: str) -> tuple[np.ndarray, pd.arrays.BooleanArray]:
    """Return the minutes between two milestones, and whether the span has ended, by the rules of `phase_durations`.

    Parameters
    ----------
    stamps : DataFrame
        Stamps with their verdicts and `exported_at`, as a lab or `judged_stamps` gives them.
    first, last : str
        Names of the milestones, such as "acknowledged_at".

    Returns
    -------
    ndarray, BooleanArray
        Minutes, NaN where an end is unknown; False where the span still ran at `exported_at`, empty where the minutes
        are.
    """
    begun, ended = (_recorded(stamps, stamp) for stamp in (first, last))
    pending = stamps[f"{last}_verdict"].eq("pending").fillna(False).to_numpy(dtype=bool)
    still = np.where(pending, microseconds(stamps["exported_at"]), np.nan)
    minutes = (np.where(np.isfinite(ended), ended, still) - begun) / 6e7
    minutes = np.where(minutes >= 0, minutes, np.nan)
    return minutes, pd.arrays.BooleanArray(np.isfinite(ended), ~np.isfinite(minutes))


def _recorded(stamps: pd.DataFrame, stamp: str) -> np.ndarray:
    times = microseconds(stamps[stamp].where(stamps[f"{stamp}_verdict"].eq("recorded").fillna(False)))
    if stamp != "diagnosed_at":
        return times
    # Diagnosed after the fix: no end of a phase.
    fixed, checked = (_recorded(stamps, end) for end in ("resolved_at", "verified_at"))
    fixed = np.where(np.isfinite(fixed), fixed, checked)
    return np.where(times > fixed, np.nan, times)


# Spans: phases, merged where a milestone between them is missing.


@records_basis
def phase_spans(incidents: Source) -> pd.DataFrame:
    """Return the spans between neighbouring usable milestones of each incident.

    Parameters
    ----------
    incidents : DataFrame or Lab
        Incidents, as for `phase_durations`.

    Returns
    -------
    DataFrame
        One row per span, in the order of the incidents: `incident_id, first_phase, last_phase` (different where a
        milestone between them is missing, or the fix came before the diagnosis), `minutes`, `observed` (False: still
        running at `exported_at`). `replication` is kept where the frame has one. The spans of an incident add up to
        the time from its first usable milestone to its last, or to `exported_at` while it is open.

    Raises
    ------
    SchemaError
        When the table is no table of incidents.

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "incident_id": ["a"], "detected_at": pd.to_datetime(["2026-01-05 10:00Z"]),
    ...     "resolved_at": pd.to_datetime(["2026-01-05 10:42Z"]),
    ... })
    >>> phase_spans(rows).values.tolist()
    [['a', 'diagnose', 'resolve', 42.0, True]]
    """
    if is_lab(incidents, "a table of incidents"):
        with open_query(incidents, "incidents") as query:
            rows = query.ask("analysis/spans")
        return conform(rows.sort_values(["incident_id", "place"], ignore_index=True), SPAN_COLUMNS)
    assert isinstance(incidents, pd.DataFrame)
    with open_query(judged_stamps(incidents), "incidents") as query:
        rows = query.ask("analysis/spans")
    rows = rows.sort_values(["row", "place"], ignore_index=True)
    spans = conform(rows, SPAN_COLUMNS)
    if "replication" in incidents:
        spans["replication"] = incidents["replication"].to_numpy()[rows["row"].to_numpy(dtype=int)]
    return spans


def spans_at_acknowledgement(spans: pd.DataFrame, phases: pd.DataFrame) -> pd.DataFrame:
    """Return spans divided where somebody took the page: what a tool without a diagnosis can still tell apart.

    Parameters
    ----------
    spans : DataFrame
        As `phase_spans` gives them.
    phases : DataFrame
        Of the same incidents, each identifier once, as `phase_durations` gives them.

    Returns
    -------
    DataFrame
        The same table; a span from detection to the fix is two, `acknowledge` and `acknowledged_to_resolved`, where
        the acknowledgement is usable. They add up to it.
    """
    known = phases.set_index("incident_id").reindex(spans["incident_id"])
    whole = (
        spans["first_phase"].eq("diagnose").to_numpy() & spans["last_phase"].isin(["diagnose", "resolve"]).to_numpy()
    )
    steps = {name: known[name].to_numpy(dtype=float) for name in ("acknowledge", "acknowledged_to_resolved")}
    taken = whole & known["acknowledge_observed"].fillna(False).to_numpy(dtype=bool)
    taken &= np.isfinite(steps["acknowledged_to_resolved"])
    waiting = whole & known["acknowledge_observed"].eq(False).fillna(False).to_numpy(dtype=bool)
    parts = [spans[~taken].assign(place=np.flatnonzero(~taken))]
    parts[0].loc[waiting[~taken], ["first_phase", "last_phase"]] = "acknowledge"
    for half, (name, minutes) in enumerate(steps.items()):
        own = spans[taken].assign(
            first_phase=name, last_phase=name, minutes=minutes[taken], place=np.flatnonzero(taken) + half / 2
        )
        parts.append(own.assign(observed=True) if name == "acknowledge" else own)
    divided: pd.DataFrame = pd.concat(parts).sort_values("place", ignore_index=True)[list(spans)]
    return divided


def span_name(first_phase: str, last_phase: str) -> str:
    """Return the phases that a span holds, in words.

    Examples
    --------
    >>> span_name("acknowledge", "acknowledge")
    'acknowledge'
    >>> span_name("diagnose", "resolve")
    'diagnose + resolve'
    >>> span_name("verify", "verify")
    'verify'
    """
    if first_phase == last_phase:
        return first_phase
    return " + ".join(PHASES[PHASES.index(first_phase) : PHASES.index(last_phase) + 1])


_SUMMARY = [
    "first_phase", "last_phase", "span", "n", "open", "mean", "mean_low", "mean_high", "mean_method", "median",
    "median_low", "median_high", "p90", "minutes",
]  # fmt: skip


@records_basis
def span_summary(spans: pd.DataFrame) -> pd.DataFrame:
    """Return how long each kind of span takes: what an export without the middle stamps can still say.

    Parameters
    ----------
    spans : DataFrame
        As `phase_spans` returns it.

    Returns
    -------
    DataFrame
        One row per pair of `first_phase, last_phase` in the order of the phases: `span` in words
        ("diagnose + resolve"), `n` (ended), `open`, `mean, median, p90` in minutes of the ended spans, `minutes`
        (their sum) and `share` of all ended minutes. Shares add up to one.

    Raises
    ------
    SchemaError
        When the table has no spans.
    """
    from mttrlab.analysis.intervals import mean_interval, median_interval
    from mttrlab.schema import empty

    spans = conform(spans, SPAN_COLUMNS) if len(spans.columns) else empty(SPAN_COLUMNS)
    summaries = []
    for (first, last), rows in spans.groupby(["first_phase", "last_phase"], observed=True):
        ended = np.sort(rows.loc[rows["observed"].fillna(True).astype(bool), "minutes"].to_numpy())
        mean, median = mean_interval(ended), median_interval(ended)
        summaries.append(
            {
                "first_phase": first,
                "last_phase": last,
                "span": span_name(str(first), str(last)),
                "n": len(ended),
                "open": len(rows) - len(ended),
                "mean": mean.estimate,
                "mean_low": mean.low,
                "mean_high": mean.high,
                "mean_method": mean.method,
                "median": median.estimate,
                "median_low": median.low,
                "median_high": median.high,
                "p90": float(np.quantile(ended, 0.9)) if len(ended) else np.nan,
                "minutes": round(ended.sum() * 60_000_000) / 60_000_000,
            }
        )
    table = pd.DataFrame(summaries, columns=_SUMMARY)
    place = [(STEP_PLACES[f], STEP_PLACES[s]) for f, s in zip(table["first_phase"], table["last_phase"], strict=True)]
    table = table.iloc[sorted(range(len(table)), key=lambda i: place[i])].reset_index(drop=True)
    return table.assign(share=table["minutes"] / table["minutes"].sum())


# How a merged span splits into its phases: mean shares given its length, learnt from incidents with every stamp.


_STEPS = 60


def _terms(minutes: np.ndarray) -> np.ndarray:
    logs = np.log(np.maximum(minutes, 1e-6))
    return np.column_stack([np.ones(len(logs)), logs, logs**2])


class SpanSplitter:
    """Mean share of each phase as a function of the log minutes of the span that holds them.

    A fractional multinomial logit (L. Papke, J. Wooldridge, *Econometric methods for fractional response variables*,
    J. Appl. Econometrics 11, 1996): phases of zero minutes are no trouble, and the parts add up to the span.
    """

    def __init__(self, parts: np.ndarray, weight: np.ndarray | None = None) -> None:
        whole = parts.sum(axis=1)
        known = whole > 0
        parts, whole = parts[known], whole[known]
        weight = np.ones(len(whole)) if weight is None else weight[known]
        terms = _terms(whole)
        self._middle, self._scale = terms[:, 1:].mean(axis=0), np.maximum(terms[:, 1:].std(axis=0), 1e-9)
        self._slopes = _fit_slopes(self._standard(terms), parts / whole[:, None], weight)

    def _standard(self, terms: np.ndarray) -> np.ndarray:
        return np.column_stack([terms[:, 0], (terms[:, 1:] - self._middle) / self._scale])

    def shares(self, minutes: np.ndarray) -> np.ndarray:
        """Return the mean shares for spans of these lengths; each row adds up to one."""
        return _softmax(self._standard(_terms(minutes)) @ self._slopes)


def _softmax(scores: np.ndarray) -> np.ndarray:
    full = np.column_stack([scores, np.zeros(len(scores))])
    raised = np.exp(full - full.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _fit_slopes(terms: np.ndarray, shares: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the slopes by Newton's method, with a little ridge so that few incidents do not diverge."""
    size, others = terms.shape[1], shares.shape[1] - 1
    slopes = np.zeros((size, others))
    ridge = 1e-3 * np.eye(size * others)
    for _ in range(_STEPS):
        expected = _softmax(terms @ slopes)[:, :-1]
        gradient = (terms.T @ ((shares[:, :-1] - expected) * weight[:, None])).T.ravel()
        hessian = np.empty((others, size, others, size))
        for a in range(others):
            for b in range(others):
                curve = expected[:, a] * ((a == b) - expected[:, b]) * weight
                hessian[a, :, b, :] = terms.T @ (terms * curve[:, None])
        flat = slopes.T.ravel()
        step = np.linalg.solve(hessian.reshape(size * others, -1) + ridge, gradient - ridge @ flat)
        slopes = (flat + np.clip(step, -3, 3)).reshape(others, size).T
        if np.abs(step).max() < 1e-9:
            break
    return slopes


def probability_seen(recorded: np.ndarray, minutes: np.ndarray) -> np.ndarray:
    """Return the probability of being `seen`, given the minutes: what inverse weights are made of.

    Parameters
    ----------
    seen : ndarray of bool
    minutes : ndarray
    """
    terms = _terms(minutes)[:, :2]
    terms[:, 1] -= terms[:, 1].mean()
    shares = np.column_stack([recorded, ~recorded]).astype(float)
    return np.asarray(_softmax(terms @ _fit_slopes(terms, shares, np.ones(len(recorded))))[:, 0])


# What a clock holds, and what it does not.


def unseen_phases(measure: str) -> tuple[tuple[str, str], ...]:
    """Return the phases that a clock does not contain, each with the stamp that would show it.

    Raises
    ------
    QuestionError
        For a word that is no clock.

    Examples
    --------
    >>> unseen_phases("detected_to_resolved")
    (('detect', 'started_at'), ('verify', 'verified_at'))
    """
    start, end = CLOCK_ENDS[clock_name(measure)]
    unseen = []
    if start != "started_at":
        unseen.append(("detect", "started_at"))
    if end != "verified_at":
        unseen.append(("verify", "verified_at"))
    return tuple(unseen)


def phases_of(measure: str) -> tuple[str, ...]:
    """Return the phases that add up to a clock.

    Raises
    ------
    QuestionError
        For a word that is no clock.

    Examples
    --------
    >>> phases_of("detected_to_resolved")
    ('diagnose', 'resolve')
    """
    start, end = CLOCK_ENDS[clock_name(measure)]
    first = next(i for i, phase in enumerate(PHASES) if PHASE_ENDS[phase][0] == start)
    last = next(i for i, phase in enumerate(PHASES) if PHASE_ENDS[phase][1] == end)
    return PHASES[first : last + 1]
