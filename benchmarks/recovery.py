"""Planted truth: organisations that are known, a history of each, and what the fit makes of it.

`python -m benchmarks.recovery [ORGANISATIONS [DAYS]]` prints the table of recovery.md: how near the refitted mean and
savings come, and how often the 80 % band of the refits holds the truth. The truth is the planted model's own, by many
replications. Three kinds of history take turns: one says who noticed each incident; one does not, but alerts are quick
and people slow; one does not, and both are alike (`KINDS`). `python -m benchmarks.recovery told [ORGANISATIONS]` asks
it of the saving by faster alerts where history says who noticed, by its formula, without a simulation: more, sooner.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.decisions import compare_scenarios, refits
from mttrlab.decisions.refits import ends
from mttrlab.response import Distribution, FixPath, IncidentType, ResponseModel, Scenario, simulate
from mttrlab.response.calibration.history import FEWEST
from mttrlab.response.calibration.pooling import group_laws
from mttrlab.response.calibration.priors import COVERAGE_PRIOR, COVERAGE_WEIGHT
from mttrlab.response.calibration.repair import shrunk_shares

ORGANISATIONS = 120
REFITS = 20
KINDS = ("who noticed is said", "not said, quick and slow delays", "not said, all delays alike")
LEVERS = (
    Scenario("diagnosis ×0.7", diagnosis_factor=0.7),
    Scenario("alerts within 3 minutes", alert_latency=3.0),
    Scenario("flags on half the changes", flagged=0.5),
    Scenario("rollback within 5 minutes", rollback_minutes=5.0),
)


def organisation(chance: np.random.Generator, kind: str = KINDS[2]) -> ResponseModel:
    """Return a random organisation of two types, lognormal work, changes behind some of it.

    What alerts see is drawn from the very prior that a fit borrows: a band can be honest for such organisations only.
    """

    def law(middle: float, spread: float) -> Distribution:
        return Distribution(
            "lognormal", float(np.log(middle) + chance.normal(0, 0.4)), float(spread * chance.uniform(0.8, 1.2))
        )

    def made(name: str) -> IncidentType:
        back = float(chance.uniform(0.2, 0.6))
        paths = (
            FixPath("rollback", law(8.0, 0.5), back / 2, back),
            FixPath("forward_fix", law(30.0, 0.9), 1 - back / 2, 1 - back),
        )
        return IncidentType(
            name, float(chance.uniform(0.3, 1.0)), detect=slow, alert=quick, alert_coverage=seen,
            acknowledge=law(4.0, 0.6), diagnose=law(20.0, 0.9), paths=paths, verify=law(5.0, 0.5),
            change_caused=float(chance.uniform(0.3, 0.7)),
        )  # fmt: skip

    weight = COVERAGE_PRIOR * COVERAGE_WEIGHT
    seen = float(special.betaincinv(weight, COVERAGE_WEIGHT - weight, chance.random()))
    slow, quick = (law(8.0, 0.8), None) if kind == KINDS[2] else (law(30.0, 0.6), law(4.0, 0.5))
    return ResponseModel((made("release"), made("other")))


def history(truth: ResponseModel, kind: str, days: int, seed: int) -> pd.DataFrame:
    """Return what an organisation's export would hold."""
    past = simulate(truth, days=days, replications=1, seed=seed).drop(columns="replication")
    if kind != KINDS[0]:
        past["detected_by"] = pd.array([None] * len(past), dtype="str")
    return past


def asked(number: int, days: int) -> list[dict[str, object]]:
    """Return one row per number of one organisation: estimate over truth, and whether the band holds the truth."""
    kind = KINDS[number % len(KINDS)]
    truth = organisation(np.random.default_rng(number), kind)
    past = history(truth, kind, days, 1000 + number)
    true = compare_scenarios(truth, LEVERS, replications=400, seed=5)
    model = ResponseModel.fit(past, check=False)
    shown = compare_scenarios(model, LEVERS, replications=100, refits=refits(past, n=REFITS, seed=number))
    rows = []
    for row, name in enumerate(["mean", *(lever.name for lever in LEVERS)]):
        column = "mean" if not row else "saving"
        planted, found = float(true[column][row]), shown.iloc[row]
        low, high = found[f"{column}_refit_low"], found[f"{column}_refit_high"]
        whose = kind if "alerts" in name else ""
        ratio = found[column] / planted if planted else np.nan
        rows.append({"number": name, "history": whose, "ratio": ratio, "held": low <= planted <= high,
                     "width": (high - low) / planted if planted else np.nan})  # fmt: skip
    return rows


def told(organisations: int) -> None:
    """Print how often the band holds the saving by alerts within 3 minutes, where history says who noticed."""
    held, ratios = [], []
    for number in range(1000, 1000 + organisations):
        truth, chance = organisation(np.random.default_rng(number), KINDS[0]), np.random.default_rng(number + 5)
        kind = truth.types[0]
        true = kind.alert_coverage * _above(kind.alert, 20_000)
        n = chance.poisson(truth.per_day * 90)
        group = (chance.random(n) < truth.weights[1]).astype(np.int64)
        seen = chance.random(n) < kind.alert_coverage
        minutes = kind.alert.quantile(chance.random(n))
        found = _saving(seen, minutes, group)
        resampled = (chance.integers(0, n, chance.poisson(n)) for _ in range(REFITS))
        low, high = ends(np.array([_saving(seen[k], minutes[k], group[k]) for k in resampled]))
        held.append(low <= true <= high)
        ratios.append(found / true)
    k = sum(held)
    low = special.betaincinv(k, organisations - k + 1, 0.025)
    high = special.betaincinv(k + 1, organisations - k, 0.975)
    print(f"{organisations} organisations: estimate / truth {np.median(ratios):.2f} in the middle")
    print(f"{k / organisations:.0%} ({low:.0%} to {high:.0%}) of the 80 % bands hold the truth.")


def _above(law: Distribution, n: int = 1000) -> float:
    return float(np.maximum(law.quantile((np.arange(n) + 0.5) / n) - 3.0, 0.0).mean())


def _saving(seen: np.ndarray, minutes: np.ndarray, group: np.ndarray) -> float:
    """Return minutes saved per incident, by the fit's own shares and laws."""
    fast = np.flatnonzero(seen)
    if len(fast) < FEWEST:
        return 0.0
    part = shrunk_shares(seen, group, 2)
    laws = group_laws(minutes[fast], np.ones(len(fast), dtype=bool), group[fast], 2)
    weights = np.bincount(group, minlength=2) / len(group)
    return float(sum(weights[t] * part[t] * _above(laws.law(t)) for t in range(2)))


def main() -> None:
    """Print one line for each number, and one for each kind of history where kinds matter."""
    if sys.argv[1:2] == ["told"]:
        told(int(sys.argv[2]) if len(sys.argv) > 2 else 240)
        return
    organisations = int(sys.argv[1]) if len(sys.argv) > 1 else ORGANISATIONS
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 90
    begin, rows = time.process_time(), []
    for number in range(organisations):
        rows += asked(number, days)
        print(f"{number + 1} of {organisations}", file=sys.stderr, flush=True)
        if (number + 1) % 30 == 0 or number + 1 == organisations:
            table = pd.DataFrame(rows)
            print("\n| number | history | n | estimate / truth, median | 10 % to 90 % | band's width / truth, median | "
                  "80 % band holds the truth (95 %) |\n|---|---|---|---|---|---|---|")  # fmt: skip
            for (name, whose), group in table.groupby(["number", "history"], sort=False):
                n, k = len(group), int(group["held"].sum())
                low = special.betaincinv(k, n - k + 1, 0.025) if k else 0.0
                high = special.betaincinv(k + 1, n - k, 0.975) if k < n else 1.0
                at = np.nanquantile(group["ratio"], (0.5, 0.1, 0.9))
                found = f"{at[0]:.2f} | {at[1]:.2f} to {at[2]:.2f} | {group['width'].median():.2f}"
                rate = f"{k / n:.0%} ({low:.0%} to {high:.0%})"
                print(f"| {name} | {whose or 'all'} | {n} | {found} | {rate} |", flush=True)
    spent = time.process_time() - begin
    print(f"\n{organisations} organisations, {days} days, {REFITS} refits each; {spent:.0f} s CPU.")


if __name__ == "__main__":
    main()
