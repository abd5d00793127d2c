"""Planted truth: organisations that are known, a history of each, and what the fit makes of it.

`python -m benchmarks.recovery` prints the tables of recovery.md: how near the refitted mean and saving come, and how
often the 80 % band of the refits holds the truth. The truth is the planted model's own, by many replications.
"""

from __future__ import annotations

import time

import numpy as np

from mttrlab.decisions import compare_scenarios, refits
from mttrlab.response import FixPath, IncidentType, Law, ResponseModel, Scenario, simulate

ORGANISATIONS = 12
REFITS = 12
LEVERS = (
    Scenario("diagnosis ×0.7", diagnosis_factor=0.7),
    Scenario("alerts within 3 minutes", alert_latency=3.0),
    Scenario("flags on half the changes", flagged=0.5),
    Scenario("rollback within 5 minutes", rollback_minutes=5.0),
)


def organisation(chance: np.random.Generator) -> ResponseModel:
    """Return a random organisation of two types, lognormal work, changes behind some of it."""

    def law(middle: float, spread: float) -> Law:
        return Law("lognormal", float(np.log(middle) + chance.normal(0, 0.4)), float(spread * chance.uniform(0.8, 1.2)))

    def kind(name: str) -> IncidentType:
        back = float(chance.uniform(0.2, 0.6))
        paths = (
            FixPath("rollback", law(8.0, 0.5), back / 2, back),
            FixPath("forward_fix", law(30.0, 0.9), 1 - back / 2, 1 - back),
        )
        return IncidentType(
            name, float(chance.uniform(0.3, 1.0)), detect=law(8.0, 0.8), acknowledge=law(4.0, 0.6),
            diagnose=law(20.0, 0.9), paths=paths, verify=law(5.0, 0.5), change_caused=float(chance.uniform(0.3, 0.7)),
        )  # fmt: skip

    return ResponseModel((kind("release"), kind("other")))


def main() -> None:
    """Print one line for each length of history and each number."""
    print("| days of history | number | estimate / truth, median | 10 % to 90 % | 80 % band holds the truth |")
    print("|---|---|---|---|---|")
    begin = time.process_time()
    for days in (90, 365):
        names = ["mean", *(lever.name for lever in LEVERS)]
        ratios: dict[str, list[float]] = {name: [] for name in names}
        held: dict[str, list[bool]] = {name: [] for name in names}
        for number in range(ORGANISATIONS):
            truth = organisation(np.random.default_rng(number))
            past = simulate(truth, days=days, replications=1, seed=1000 + number).drop(columns="replication")
            true = compare_scenarios(truth, LEVERS, replications=400, seed=5)
            model = ResponseModel.fit(past, check=False)
            told = compare_scenarios(model, LEVERS, replications=200, refits=refits(past, n=REFITS, seed=number))
            for row, name in enumerate(names):
                column = "mean" if not row else "saving"
                planted, found = true[column][row], told.iloc[row]
                ratios[name].append(found[column] / planted)
                low, high = found[f"{column}_refit_low"], found[f"{column}_refit_high"]
                held[name].append(bool(low <= planted <= high))
        for name in names:
            low, middle, high = np.quantile(ratios[name], (0.1, 0.5, 0.9))
            share = np.mean(held[name])
            print(f"| {days} | {name} | {middle:.2f} | {low:.2f} to {high:.2f} | {share:.0%} |", flush=True)
    print(f"\n{ORGANISATIONS} organisations, {REFITS} refits each; {time.process_time() - begin:.0f} s of CPU.")


if __name__ == "__main__":
    main()
