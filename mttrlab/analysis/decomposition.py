"""Why did the mean change? Other kinds of incident, or other speed, and in which phase."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.basis import says_basis
from mttrlab.analysis.decomposition_parts import Ended, parts_of, periods, tables
from mttrlab.analysis.reading import share_between
from mttrlab.analysis.thresholds import incidents, threshold, withheld

NAN = float("nan")
MIX, WHOLE, NOT_SPLIT = "mix", "total", "not split"
_CELLS = 20_000_000


@says_basis
def explain_change(
    before: pd.DataFrame,
    after: pd.DataFrame,
    clock: str = "recovery",
    *,
    by: str = "incident_type",
    level: float = 0.95,
    draws: int = 999,
    seed: int = 0,
) -> pd.DataFrame:
    """Return what moved the mean time: other kinds of incident, or each phase within the same kinds.

    Parameters
    ----------
    before, after : DataFrame
        Incidents, or phases as `phase_durations` gives them.
    clock : str
        One of the clocks.
    by : str
        Column that says what kind an incident is; an empty cell is a kind of its own.
    level : float
        Level of the bands.
    draws : int
        Bootstrap samples of incidents within each period (fewer where the periods are large).
    seed : int
        Seed of these samples.

    Returns
    -------
    DataFrame
        One row per `part`: "mix" (other kinds of incident), one row per phase of the clock (speed within the same
        kinds), "not split" (speed where no stamp tells phases apart), and "total" last. Neighbouring phases that
        fewer than 20 incidents tell apart are one part, "diagnose + resolve"; where more do, the merged span of an
        incident that lacks the stamp is divided as spans of its length are, and `note` counts these. `minutes`
        (after less before, of the mean), `low, high`; `mean_before, mean_after` of the whole; `n_before, n_after`
        (ended), `open_before, open_after` (counted, not averaged), `clock, by, note`. The parts add up to the total.

    Raises
    ------
    QuestionError
        For a clock or a column that does not exist.
    SchemaError
        When a frame is no table of incidents.

    Notes
    -----
    Kitagawa's decomposition (1955), which is Shapley's for two factors: swapping the periods changes every sign. The
    part within kinds is split by phase, since the mean of a sum is the sum of the means.

    Examples
    --------
    >>> before = pd.DataFrame({"incident_type": ["a"] * 6 + ["b"] * 4, "recovery": [30.0] * 6 + [120.0] * 4})
    >>> after = pd.DataFrame({"incident_type": ["a"] * 8 + ["b"] * 2, "recovery": [35.0] * 8 + [130.0] * 2})
    >>> table = explain_change(before, after).set_index("part")
    >>> table["minutes"].round(6)[["mix", "not split", "total"]].tolist()
    [-18.5, 6.5, -12.0]
    """
    share_between("level", level)
    first, second, kinds, phases = periods(before, after, clock, by)
    n, m = len(first.kinds), len(second.kinds)
    names = (MIX, *phases, NOT_SPLIT, WHOLE)
    notes = [
        f"{p}: {incidents(e.unknown)} {'has' if e.unknown == 1 else 'have'} no known minutes"
        for p, e in _named(first, second)
        if e.unknown
    ]
    notes += [f"{p}: {incidents(e.open)} still open" for p, e in _named(first, second) if e.open]
    notes += [
        f"{p}: {incidents(e.divided)} with a merged span, divided as others divide theirs"
        for p, e in _named(first, second)
        if e.divided
    ]
    if min(n, m) == 0:
        values, bands, means = np.full(len(names), NAN), np.full((2, len(names)), NAN), (NAN, NAN)
        notes.append("not estimable: n = 0 in a period")
    else:
        point = _whole(first, second, len(kinds), np.arange(n)[None, :], np.arange(m)[None, :])
        values, means = point[0][0], (float(point[1][0, 0]), float(point[1][1, 0]))
        bands = np.full((2, len(names)), NAN)
        if min(n, m) < threshold("explain").needs:
            notes.append("bands " + withheld("explain", min(n, m)))
        elif draws:
            bands = _bands(first, second, len(kinds), level, min(draws, max(199, _CELLS // (n + m))), seed)
    return pd.DataFrame(
        {
            "part": names,
            "minutes": values,
            "low": bands[0],
            "high": bands[1],
            "mean_before": means[0],
            "mean_after": means[1],
            "n_before": n,
            "n_after": m,
            "open_before": first.open,
            "open_after": second.open,
            "clock": clock,
            "by": by,
            "note": "; ".join(notes),
        }
    )


def _named(first: Ended, second: Ended) -> tuple[tuple[str, Ended], ...]:
    return ("before", first), ("after", second)


def _whole(
    first: Ended, second: Ended, kinds: int, rows: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    parts = parts_of(tables(first, kinds, rows), tables(second, kinds, others))
    columns = np.column_stack([parts["mix"].sum(axis=1), parts["within"].sum(axis=1)])
    return np.column_stack([columns, columns.sum(axis=1)]), parts["means"]


def _bands(first: Ended, second: Ended, kinds: int, level: float, draws: int, seed: int) -> np.ndarray:
    streams = [np.random.Generator(np.random.PCG64(s)) for s in np.random.SeedSequence(seed).spawn(2)]
    n, m = len(first.kinds), len(second.kinds)
    size = max(1, 1_000_000 // (n + m))
    found = []
    for done in range(0, draws, size):
        rows = min(size, draws - done)
        drawn = (streams[0].integers(0, n, (rows, n)), streams[1].integers(0, m, (rows, m)))
        found.append(_whole(first, second, kinds, *drawn)[0])
    return np.asarray(np.quantile(np.concatenate(found), [(1 - level) / 2, (1 + level) / 2], axis=0))
