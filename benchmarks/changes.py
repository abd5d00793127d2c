"""How often is a change called where nothing changed, and a true one with the right phase, date and size?

`python -m benchmarks.changes [ORGANISATIONS]` writes the tables of `benchmarks/changes.md`; the organisations come from
this file, not from the simulator.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from mttrlab.analysis.changes import what_changed

FIRST = pd.Timestamp("2024-01-01", tz="UTC")
STEPS = ("detect", "acknowledge", "work", "resolve", "verify")
_MIDDLES = dict(zip(STEPS, (6.0, 5.0, 30.0, 18.0, 6.0), strict=True))
_SPREADS = dict(zip(STEPS, (1.0, 0.9, 0.8, 1.0, 0.8), strict=True))
_TYPES = np.array([0.2, 0.17, 0.15, 0.13, 0.11, 0.1, 0.08, 0.06])
_SEVERITIES = np.array([0.08, 0.3, 0.42, 0.2])
_MISSING = {"started_at": 0.15, "acknowledged_at": 0.13, "diagnosed_at": 0.25, "verified_at": 0.16}


@dataclass(frozen=True)
class Organisation:
    """A made-up organisation: what it is like, and what changed when."""

    a_month: float = 25
    months: int = 24
    shape: str = "lognormal"
    scatter: float = 0.0
    """Standard deviation of a month's effect on the log of every phase."""
    follows: float = 0.0
    """Correlation of neighbouring months' effects."""
    season: float = 0.0
    """Yearly swing of all durations, as a share."""
    changes: tuple[tuple[str, float, float], ...] = ()
    """(step, month, factor from then on)."""


def _shaped(shape: str, sigma: float, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return logs around zero."""
    if shape == "lognormal":
        return rng.normal(0, sigma, n)
    if shape == "mixture":
        slow = rng.random(n) < 0.25
        return np.where(slow, rng.normal(2.0, 0.7, n), rng.normal(-0.2, 0.5, n))
    if shape == "weibull":
        return np.log(rng.weibull(0.7, n) + 1e-9)
    if shape == "pareto":
        return rng.exponential(1 / 1.8, n)
    raise ValueError(shape)


def incidents_of(made: Organisation, seed: int) -> pd.DataFrame:
    """Return the incidents of an organisation as an export would hold them, without what was not recorded."""
    rng = np.random.default_rng([2026, seed])
    counts = rng.poisson(made.a_month, made.months)
    month = np.repeat(np.arange(made.months), counts)
    n = len(month)
    begun = month + rng.random(n)
    kind, severity = rng.choice(8, n, p=_TYPES), rng.choice(4, n, p=_SEVERITIES)
    together = rng.normal(0, 0.3, n)
    ends = pd.date_range(FIRST, periods=made.months + 1, freq="MS")
    edges = ends.tz_localize(None).to_numpy("datetime64[us]").astype("int64").astype(float)
    at = np.interp(begun, np.arange(made.months + 1), edges)
    stamps = {"started_at": at}
    for step, stamp in zip(
        STEPS, ("detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at"), strict=True
    ):
        effect = rng.normal(0, 1, made.months)
        for j in range(1, made.months):
            effect[j] = made.follows * effect[j - 1] + np.sqrt(1 - made.follows**2) * effect[j]
        logs = np.log(_MIDDLES[step]) + _shaped(made.shape, _SPREADS[step], n, rng) + together
        logs += made.scatter * effect[month] + np.log1p(made.season * np.sin(2 * np.pi * begun / 12))
        if step in ("work", "resolve"):
            logs += np.linspace(-0.5, 0.5, 8)[kind] - 0.15 * severity
        for changed, when, factor in made.changes:
            if changed == step:
                logs += np.log(factor) * (begun >= when)
        at = at + np.exp(np.minimum(logs, 12)) * 6e7
        stamps[stamp] = at
    export = edges[-1]
    frame = pd.DataFrame({"incident_id": [f"I{i}" for i in range(n)], "incident_type": kind.astype(str),
                          "severity": severity.astype(str)})  # fmt: skip
    late = np.zeros(n, dtype=bool)
    for stamp, times in stamps.items():
        ahead = times > export
        late |= ahead
        hidden = ahead | ((rng.random(n) < _MISSING.get(stamp, 0.0)) & ~late)
        whole = times.astype("int64").astype("datetime64[us]")
        frame[stamp] = pd.Series(whole).mask(hidden).dt.tz_localize("UTC")
    seen, mended = rng.random((2, n))
    frame["detected_by"] = np.where(seen < 0.7, "alert", "customer")
    frame["fix_path"] = np.select(
        [mended < 0.1, mended < 0.3, mended < 0.4], ["flag", "rollback", "automation"], "config"
    )
    return frame.assign(exported_at=ends[-1])


NOTHING = {
    **{f"{name}, {rate:g} a month": Organisation(rate, **how)
       for name, how in (("plain", {}), ("scatter 0.3", {"scatter": 0.3}), ("mixture", {"shape": "mixture"}),
                         ("Weibull 0.7", {"shape": "weibull"}))
       for rate in (8, 25, 60)},
}  # fmt: skip
HARD = {
    "months that follow each other (0.4), scatter 0.3": Organisation(scatter=0.3, follows=0.4),
    "season ± 20 %": Organisation(season=0.2),
    "Pareto 1.8": Organisation(shape="pareto"),
}
POWER = {
    "× 0.5, month 12, 25 a month": Organisation(changes=(("work", 12, 0.5),)),
    "× 0.5, month 18, 25 a month": Organisation(changes=(("work", 18, 0.5),)),
    "× 0.5, month 21, 25 a month": Organisation(changes=(("work", 21, 0.5),)),
    "× 0.5, month 12, scatter 0.3": Organisation(scatter=0.3, changes=(("work", 12, 0.5),)),
    "× 0.5, month 12, 8 a month": Organisation(8, changes=(("work", 12, 0.5),)),
    "× 0.75, month 12, 25 a month": Organisation(changes=(("work", 12, 0.75),)),
    "× 0.75, month 12, 60 a month": Organisation(60, changes=(("work", 12, 0.75),)),
    "× 0.5 at 8, back at 16": Organisation(changes=(("work", 8, 0.5), ("work", 16, 2.0))),
}
_RIGHT = ("diagnose", "acknowledged_to_diagnosed")


def _headline(made: Organisation, seed: int, start: int = 0) -> dict[str, object]:
    """Return the headline of one organisation, or nothing."""
    found = what_changed(incidents_of(made, start + seed), groups=False, seed=seed)
    rows = found[found["headline"]].to_dict("records")
    return {str(name): value for name, value in rows[0].items()} if rows else {}


def _headlines(made: Organisation, organisations: int, start: int, n_jobs: int) -> list[dict[str, object]]:
    return list(Parallel(n_jobs)(delayed(_headline)(made, seed, start) for seed in range(organisations)))


def false_alarms(made: Organisation, organisations: int, n_jobs: int = 1) -> tuple[int, Counter[str]]:
    """Return in how many organisations a headline is called, and which measures it names."""
    called = Counter(str(found["measure"]) for found in _headlines(made, organisations, 0, n_jobs) if found)
    return called.total(), called


def found_changes(made: Organisation, organisations: int, n_jobs: int = 1) -> pd.DataFrame:
    """Return one row per organisation: whether the change is called, with the right phase, date and size."""
    (_, month, factor), *_ = made.changes
    truth = pd.date_range(FIRST, periods=made.months + 1, freq="MS")[int(month)]
    day = pd.Timedelta(days=1)
    rows = []
    for told in _headlines(made, organisations, 10_000, n_jobs):
        row: dict[str, object] = dict.fromkeys(("near", "dated", "sized", "ratio"), np.nan)
        row |= {"called": bool(told), "right": bool(told) and told["measure"] in _RIGHT}
        if row["right"]:
            at, low, high = (pd.Timestamp(str(told[name])) for name in ("at", "at_low", "at_high"))
            row["near"] = abs((at - truth).days) <= 42
            if told["measure"] == "acknowledged_to_diagnosed" and pd.isna(pd.Timestamp(str(told["until"]))):
                row["dated"] = low - day <= truth <= high + day
                row["sized"] = float(str(told["ratio_low"])) <= factor <= float(str(told["ratio_high"]))
                row["ratio"] = told["ratio"]
        rows.append(row)
    return pd.DataFrame(rows)


def report(organisations: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f"""# Is a change called where nothing changed, and a true one with the right phase, date and size?

`what_changed` over made-up organisations of 24 months (`benchmarks/changes.py`): four phases and the acknowledgement,
eight types, four severities, times missing as in `data/exports`, a shared difficulty of each incident; lognormal unless
said.
Written by `python -m benchmarks.changes {organisations}`.

Called: the search has a headline. Right: it names the work of finding the cause. Dates and sizes are of those called.
"""
    yield "| nothing changes | organisations | a headline is called | named |\n|---|---|---|---|"
    pooled = 0
    for name, made in (NOTHING | HARD).items():
        count, called = false_alarms(made, organisations, n_jobs=-1)
        pooled += count if name in NOTHING else 0
        names = ", ".join(f"{measure} {n}" for measure, n in sorted(called.items(), key=lambda item: -item[1]))
        yield f"| {name} | {organisations} | {count / organisations:.1%} | {names} |"
    yield (
        f"| **pooled, first {len(NOTHING)}** | {organisations * len(NOTHING)} | "
        f"**{pooled / (organisations * len(NOTHING)):.1%}** | |"
    )
    yield (
        "\n| diagnosis changes | organisations | called, right phase | wrong phase | within six weeks | date holds | "
        "size holds | middle ratio |\n|---|---|---|---|---|---|---|---|"
    )
    for name, made in POWER.items():
        few = max(organisations * 2 // 3, 1)
        rows = found_changes(made, few, n_jobs=-1)
        means = rows[["near", "dated", "sized"]].astype(float).mean()
        shares = [f"{means[name]:.0%}" if means[name] == means[name] else "–" for name in ("near", "dated", "sized")]
        middle = f"{rows['ratio'].median():.2f}" if rows["ratio"].notna().any() else "–"
        yield (
            f"| {name} | {few} | {rows['right'].mean():.1%} | {(rows['called'] & ~rows['right']).mean():.1%} | "
            f"{' | '.join(shares)} | {middle} |"
        )


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 300):
        print(line, flush=True)
