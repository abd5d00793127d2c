"""Of the services that `compare_services` calls changed, how many did not change? Held at 10 % it should be.

Forty services, two periods; 20 incidents of lognormal minutes (sigma 1) in each unless the setting says otherwise.
Run `python -m benchmarks.fdr [draws]`; it prints `fdr.md`.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from mttrlab.analysis.services import compare_services

SERVICES, INCIDENTS, CHANGED, RATE, SEED = 40, 20, 10, 0.1, 2026
SETTINGS = {
    "nothing changed": {"cut": 0.0},
    "10 services take half as long": {"cut": 0.5},
    "10 services take a quarter as long": {"cut": 0.75},
    "as the second, about one in six of the later period still open": {"cut": 0.5, "open": True},
    "as the second, 5 to 60 incidents a service": {"cut": 0.5, "uneven": True},
    "as the second, log-logistic minutes without a finite variance": {"cut": 0.5, "law": "log-logistic"},
    "as the second, each incident hits two services for equally long": {"cut": 0.5, "pairs": True},
    "30 services take half as long": {"cut": 0.5, "changed": 30},
}


def period(generator: np.random.Generator, setting: dict[str, Any], later: bool) -> pd.DataFrame:
    """Return one period: `service, recovery, recovery_observed`."""
    sizes = generator.integers(5, 61, SERVICES) if setting.get("uneven") else np.full(SERVICES, INCIDENTS)
    service = np.repeat(np.arange(SERVICES), sizes)
    if setting.get("law") == "log-logistic":
        luck = stats.fisk.ppf(generator.random(len(service)), 1.5)
    else:
        luck = np.exp(generator.normal(0, 1, len(service)))
    if setting.get("pairs"):  # services 0 and 1, 2 and 3 ... have their incidents together
        luck = luck.reshape(SERVICES, INCIDENTS)[::2].repeat(2, axis=0).ravel()
    minutes = 55 * luck
    if later:
        minutes = np.where(service < setting.get("changed", CHANGED), minutes * (1 - setting["cut"]), minutes)
    ended = np.ones(len(service), dtype=bool)
    if later and setting.get("open"):
        age = generator.uniform(0, 480, len(service))  # minutes from the start to the export
        ended, minutes = minutes <= age, np.minimum(minutes, age)
    return pd.DataFrame({"service": service, "recovery": minutes, "recovery_observed": ended})


def study(setting: dict[str, Any], draws: int, seed: int = SEED) -> dict[str, float]:
    """Return the false discovery rate with its interval, the power, and draws with any false call."""
    generator = np.random.default_rng(seed)
    false, right, calls = np.zeros(draws), np.zeros(draws), np.zeros(draws)
    really = {str(k) for k in range(setting.get("changed", CHANGED) if setting["cut"] else 0)}
    for draw in range(draws):
        found = compare_services(*(period(generator, setting, later) for later in (False, True)), rate=RATE)
        called = found[found["verdict"] != "cannot tell"]
        right[draw] = ((called["verdict"] == "better") & called["service"].isin(really)).sum()
        calls[draw] = len(called)
        false[draw] = calls[draw] - right[draw]
    share = false / np.maximum(calls, 1)
    half = 1.96 * share.std(ddof=1) / np.sqrt(draws)
    return {
        "rate": share.mean(),
        "low": max(share.mean() - half, 0),
        "high": share.mean() + half,
        "bound": RATE * (1 - len(really) / SERVICES),
        "calls": calls.sum(),
        "false": false.sum(),
        "any": (false > 0).mean(),
        "power": right.sum() / (draws * len(really)) if really else np.nan,
    }


def main(draws: int = 200) -> None:
    """Print the page."""
    print(f"# How many of the services called changed did not change, at a rate of {RATE:.0%}\n")
    print(
        f"`compare_services` over {SERVICES} services, {INCIDENTS} incidents each in both periods, lognormal minutes "
        f"of sigma 1, {draws:,} draws a row, seed {SEED}."
    )
    print(f"Written by `python -m benchmarks.fdr {draws}`.\n")
    print("The rate is the mean over draws of false calls / calls (0 where nothing is called), with its 95 % interval.")
    print("Benjamini and Hochberg promise at most 10 % x the share of services that did not change (theory).")
    print("A call in the wrong direction counts as false. Power: share of the really changed that are called.\n")
    print("| setting | false discovery rate | theory | calls (false) | draws with a false call | power |")
    print("|---|---|---|---|---|---|")
    for name, setting in SETTINGS.items():
        f = study(setting, draws)
        power = "" if np.isnan(f["power"]) else f"{f['power']:.0%}"
        print(
            f"| {name} | {f['rate']:.1%} ({f['low']:.1%}–{f['high']:.1%}) | {f['bound']:.1%} | "
            f"{f['calls']:,.0f} ({f['false']:,.0f}) | {f['any']:.1%} | {power} |",
            flush=True,
        )


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
