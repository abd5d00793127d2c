"""Planted truth for rankings: organisations and effects that are known, and what a ranking says of them before.

`python -m benchmarks.ranking [ORGANISATIONS [DAYS]]` prints the table of ranking.md. Every organisation of
`recovery.py` has a history; it is fitted and refitted, and three investments are ranked with effects and prices of
which only lowest, likely and highest are known. Nature then draws what they really do and cost, from these very ranges,
and the planted model says what that saves: is it in the band, is the best as often the best as P(best) says, and is
what the choice loses what the regret says?
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
from scipy import special

from benchmarks.recovery import KINDS, history, organisation
from mttrlab.decisions import keep_baseline, rank_investments, refits
from mttrlab.decisions.ranking import saving
from mttrlab.response import Investment, ResponseModel

ORGANISATIONS = 60
REFITS = 20
DRAWS = 100
NATURE = 10**9
"""The draw that comes true; no ranking gets so far."""
IDEAS = (
    Investment("runbooks", once=(10_000, 20_000, 45_000), yearly=5_000, diagnosis_factor=(0.6, 0.8, 1.0)),
    Investment("flags", once=(20_000, 50_000, 90_000), yearly=8_000, flagged=(0.6, 0.75, 0.95)),
    Investment("prevention", once=(30_000, 40_000, 100_000), yearly=20_000, prevention=(0.02, 0.1, 0.2)),
)


def asked(number: int, days: int) -> tuple[list[dict[str, object]], dict[str, float]]:
    """Return one row per investment of an organisation, and what became of the choice."""
    kind = KINDS[number % len(KINDS)]
    truth = organisation(np.random.default_rng(number), kind)
    past = history(truth, kind, days, 1000 + number)
    model = ResponseModel.fit(past, check=False)
    ranked = rank_investments(
        model, IDEAS, draws=DRAWS, replications=20, seed=number, refits=refits(past, n=REFITS, seed=number)
    ).set_index("investment")
    kept = keep_baseline(truth, days=3 * 365, replications=200, seed=5)
    real, per = {}, {}
    for idea in IDEAS:
        nature = idea.drawn(number, NATURE)
        real[idea.name] = float(saving(kept, nature).mean() / 3)
        per[idea.name] = 1000 * real[idea.name] / nature.cost_per_year(3)
    best = max(per, key=lambda name: per[name])
    rows: list[dict[str, object]] = [
        {
            "investment": name, "ratio": ranked.loc[name, "minutes_saved_per_year"] / real[name],
            "minutes": ranked.loc[name, "expected_low"] <= real[name] <= ranked.loc[name, "expected_high"],
            "per 1,000": ranked.loc[name, "per_1000_low"] <= per[name] <= ranked.loc[name, "per_1000_high"],
            "best": float(ranked.loc[name, "best"]), "was best": name == best,
        }
        for name in real
    ]  # fmt: skip
    first = ranked.index[0]
    return rows, {"regret": float(ranked.loc[first, "regret"]), "lost": per[best] - per[first],
                  "said": float(ranked.loc[first, "best"]), "right": float(first == best)}  # fmt: skip


def rate(held: pd.Series) -> str:
    """Return a share with its 95 % interval (Clopper, Pearson, 1934)."""
    n, k = len(held), int(held.sum())
    low = special.betaincinv(k, n - k + 1, 0.025) if k else 0.0
    high = special.betaincinv(k + 1, n - k, 0.975) if k < n else 1.0
    return f"{k / n:.0%} ({low:.0%} to {high:.0%})"


def main() -> None:
    """Print how often the bands hold what came true, and how the choices fared."""
    organisations = int(sys.argv[1]) if len(sys.argv) > 1 else ORGANISATIONS
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 180
    begin, rows, choices = time.process_time(), [], []
    for number in range(organisations):
        more, choice = asked(number, days)
        rows += more
        choices.append(choice)
        print(f"{number + 1} of {organisations}", file=sys.stderr, flush=True)
    table, chosen = pd.DataFrame(rows), pd.DataFrame(choices)
    print("| investment | n | estimate / truth, median | 80 % band holds the minutes (95 %) | … minutes per 1,000 |")
    print("|---|---|---|---|---|")
    for name, group in [*table.groupby("investment", sort=False), ("all", table)]:
        print(f"| {name} | {len(group)} | {group['ratio'].median():.2f} | {rate(group['minutes'])} "
              f"| {rate(group['per 1,000'])} |")  # fmt: skip
    print("\n| P(best) said | n | mean said | was the best (95 %) |\n|---|---|---|---|")
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.01)):
        group = table[(table["best"] >= low) & (table["best"] < high)]
        if len(group):
            said = f"{low:.0%} to {min(high, 1):.0%}"
            print(f"| {said} | {len(group)} | {group['best'].mean():.0%} | {rate(group['was best'])} |")
    lost, half = chosen["lost"], 1.96 * chosen["lost"].sem()
    print(f"\nThe first of each ranking was the best in {rate(chosen['right'])} of {organisations} organisations, "
          f"{chosen['said'].mean():.0%} said. It lost {lost.mean():.2f} ± {half:.2f} minutes per 1,000 on average, "
          f"{chosen['regret'].mean():.2f} said.")  # fmt: skip
    print(f"\n{organisations} organisations, {days} days, {REFITS} refits, {DRAWS} draws each; "
          f"{time.process_time() - begin:.0f} s CPU.")  # fmt: skip


if __name__ == "__main__":
    main()
