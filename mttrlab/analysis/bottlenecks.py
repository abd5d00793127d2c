"""Which phase to attack: four answers that may disagree."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mttrlab.analysis.phases import phase_durations
from mttrlab.analysis.query import EVERYTHING, Source, open_phases, records_basis
from mttrlab.analysis.sample import minutes_so_far, total_interval
from mttrlab.analysis.summary import NO_BASIS, share_basis
from mttrlab.schema import PHASES
from mttrlab.validate import inner_share

_COLUMNS = [
    "phase", "n", "mean", "share", "share_low", "share_high", "share_of_tail", "elasticity_mean", "elasticity_p90",
    "halved_saves", "halved_saves_p90", "share_of",
]  # fmt: skip


def _views(minutes: np.ndarray, level: float) -> pd.DataFrame:
    total = minutes.sum(axis=1)
    p90 = np.quantile(total, 0.9)
    tail = (total > p90) | (total == total.max())
    share = minutes.sum(axis=0) / total.sum()
    low, high = _share_bounds(minutes, total, share, level)
    weights = _around(len(total), 0.9)
    by_length = np.argsort(total, kind="stable")
    around_p90 = weights @ minutes[by_length]
    return pd.DataFrame(
        {
            "mean": minutes.mean(axis=0),
            "share": share,
            "share_low": low,
            "share_high": high,
            "share_of_tail": minutes[tail].sum(axis=0) / total[tail].sum(),
            "elasticity_mean": share,
            "elasticity_p90": around_p90 / around_p90.sum(),
            "halved_saves": minutes.mean(axis=0) / 2,
            "halved_saves_p90": [p90 - np.quantile(total - minutes[:, i] / 2, 0.9) for i in range(minutes.shape[1])],
        }
    )


def _around(n: int, quantile: float) -> np.ndarray:
    from scipy import special

    edges = special.betainc((n + 1) * quantile, (n + 1) * (1 - quantile), np.linspace(0, 1, n + 1))
    return np.diff(edges)


def _share_bounds(
    minutes: np.ndarray, total: np.ndarray, share: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    from scipy import special

    n = len(total)
    if n < 2:
        return np.full(len(share), np.nan), np.full(len(share), np.nan)
    inside = (share > 0) & (share < 1)
    inside_share = np.where(inside, share, 0.5)
    error = (minutes - total[:, None] * share).std(axis=0, ddof=1) / np.sqrt(n) / total.mean()
    reach = special.stdtrit(n - 1, (1 + level) / 2) * error / (inside_share * (1 - inside_share))
    log_odds = np.log(inside_share / (1 - inside_share))
    low, high = special.expit(log_odds - reach), special.expit(log_odds + reach)
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


@records_basis
def bottleneck(phases: Source, *, level: float = 0.95) -> pd.DataFrame:
    """Return what each phase holds, and what halving it would save.

    Parameters
    ----------
    phases : DataFrame or Lab
        As `phase_durations` gives them.
    level : float
        Level of the interval of `share`.

    Returns
    -------
    DataFrame
        One row per phase: `n`, the incidents that have all phases of `share_of`; `mean` minutes; `share` of the mean
        with `share_low, share_high`; `share_of_tail`, of the worst tenth; `elasticity_mean` and `elasticity_p90`, the
        percent that mean and P90 fall when the phase gets one percent shorter; `halved_saves` and
        `halved_saves_p90`, the minutes by which they fall when it is halved. NaN for phases that shares are not of.

    Raises
    ------
    SchemaError
        When the table is no table of phases.

    Notes
    -----
    The elasticity of the mean is the share. That of the P90 is the phase's part of the incidents around the P90,
    weighted as the quantile estimator of Harrell and Davis (Biometrika 69, 1982) weights them, so that the four add
    up to one. The interval of the share is the delta method's on the log-odds.

    Examples
    --------
    >>> rows = pd.DataFrame({"detect": [5.0, 15.0], "diagnose": [30.0, 30.0], "resolve": [10, 30], "verify": [5, 5]})
    >>> bottleneck(rows)[["phase", "n", "mean", "halved_saves"]].values.tolist()
    [['detect', 2, 10.0, 5.0], ['diagnose', 2, 30.0, 15.0], ['resolve', 2, 20.0, 10.0], ['verify', 2, 5.0, 2.5]]
    """

    inner_share("level", level)
    with open_phases(phases, [EVERYTHING]) as query:
        basis, n = share_basis(query)
        asked = {phase: phase in basis for phase in PHASES}
        rows = query.ask("analysis/complete", **asked) if basis else None
    table = pd.DataFrame({"phase": list(PHASES)}).reindex(columns=_COLUMNS)
    table["n"] = n
    table["share_of"] = " + ".join(basis) if basis else NO_BASIS
    if rows is not None:
        minutes = rows[list(PHASES)].to_numpy(dtype=float)
        # Sorted, so that the sums do not depend on the order in which incidents were loaded.
        minutes = minutes[np.lexsort(minutes.T)]
        table.update(_views(minutes, level))
    table.loc[~table["phase"].isin(basis), _COLUMNS[2:-1]] = np.nan
    return table.astype(dict.fromkeys(_COLUMNS[2:-1], "float64"))


@records_basis
def phase_correlations(phases: Source) -> pd.DataFrame:
    """Return how far phases go together: Spearman's rank correlation of each pair, with its n and p-value.

    Parameters
    ----------
    phases : DataFrame or Lab
        As `phase_durations` gives them.

    Returns
    -------
    DataFrame
        One row per pair of phases: `first, second, n` (incidents in which both ended), `correlation` (-1 to 1; NaN
        below five incidents), `p` (chance of as strong a one where the phases have nothing to do with one another).

    Raises
    ------
    SchemaError
        When the table is no table of phases.
    """
    from itertools import combinations

    from scipy import stats

    rows = []
    with open_phases(phases, [EVERYTHING]) as query:
        for first, second in combinations(PHASES, 2):
            asked = {phase: phase in (first, second) for phase in PHASES}
            both = query.ask("analysis/complete", **asked)[[first, second]].to_numpy(dtype=float)
            varied = len(both) >= 5 and (both.std(axis=0) > 0).all()
            result = stats.spearmanr(both) if varied else None
            rows.append(
                {
                    "first": first,
                    "second": second,
                    "n": len(both),
                    "correlation": float(result.statistic) if result else np.nan,
                    "p": float(result.pvalue) if result else np.nan,
                }
            )
    return pd.DataFrame(rows)


# What acts on the bottleneck of each phase: the founding text's words, and the levers of the response model.


_LEVERS: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("detect", "alert latency", ("alert_latency",), "shorter `for`, evaluation and scrape intervals; narrower windows"),
    ("detect", "monitoring gaps", ("alert_coverage",), "alerts and journeys where nobody is told today"),
    ("diagnose", "observability quality", ("diagnosis_factor",), "logs, metrics and traces that shorten each try"),
    (
        "diagnose",
        "on-call expertise",
        ("runbooks", "responders", "misrouted", "night_startup"),
        "what the expert knows, written down; a second responder; the right team first; who works at night",
    ),
    (
        "resolve",
        "change process speed",
        ("flagged", "rollback_minutes", "lanes"),
        "flags, rollbacks of one command, more deployments at a time",
    ),
    (
        "resolve",
        "automation",
        ("automation", "automation_success", "automation_attempts", "automation_timeout"),
        "remediation rules for what comes back and is always fixed alike",
    ),
    (
        "verify",
        "monitoring feedback loops",
        ("verification_window", "sample_every", "healthy_in_a_row", "verify_pass"),
        "samples more often, and as many in a row as flapping demands",
    ),
)


def bottleneck_levers(incidents: Source | None = None) -> pd.DataFrame:
    """Return the founding text's bottlenecks with the levers that act on them.

    Parameters
    ----------
    incidents : DataFrame or Lab, optional
        History: the minutes behind each phase.

    Returns
    -------
    DataFrame
        `phase, bottleneck, lever` (a name of `ml.levers()`, to be used in a `Scenario`), `how`; with history also
        `minutes` of the phase, summed, with `low, high`, and `n` (what nobody ever closed is left out).

    Examples
    --------
    >>> table = bottleneck_levers()
    >>> table.loc[table["bottleneck"] == "on-call expertise", "lever"].tolist()
    ['runbooks', 'responders', 'misrouted', 'night_startup']
    """
    rows = [
        {"phase": phase, "bottleneck": bottleneck, "lever": lever, "how": how}
        for phase, bottleneck, levers, how in _LEVERS
        for lever in levers
    ]
    table = pd.DataFrame(rows)
    if incidents is None:
        return table
    phases = phase_durations(incidents)
    spent = {
        name: total_interval(minutes_so_far(phases, name)["minutes"])
        for name in dict.fromkeys(table["phase"])
        if name in phases
    }
    for column, part in (("minutes", "estimate"), ("low", "low"), ("high", "high"), ("n", "n")):
        table[column] = [getattr(spent[name], part) if name in spent else np.nan for name in table["phase"]]
    return table
