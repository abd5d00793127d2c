"""Whose mean does `tail_guard` trust, at the laws whose variance is finite and at those where it is not?

`python -m benchmarks.tails [SAMPLES]` writes the table of `benchmarks/tails.md`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.months import SHAPES
from mttrlab.analysis.distribution_fit import tail_guard

SEED = 2026
LAWS: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], bool]] = {
    **{name: (shape.draw, name not in ("Pareto 1.8", "log-logistic 1.5")) for name, shape in SHAPES.items()},
    "Pareto 1.5": (lambda rng, n: rng.pareto(1.5, n) + 1, False),
    "Pareto 3": (lambda rng, n: rng.pareto(3.0, n) + 1, True),
    "Lomax 1.8": (lambda rng, n: rng.pareto(1.8, n), False),
    "gamma 2": (lambda rng, n: rng.gamma(2.0, 1.0, n), True),
}
"""Law, and whether its variance is finite."""


def trusted(name: str, n: int, samples: int, seed: int = SEED) -> float:
    """Return the share of samples whose mean is trusted."""
    rng = np.random.default_rng([seed, n])
    return float(np.mean([bool(tail_guard(LAWS[name][0](rng, n) * 20)["mean_trusted"][0]) for _ in range(samples)]))


def report(samples: int) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f"""# Whose mean does `tail_guard` trust?

Share of {samples} samples whose mean is trusted (seed {SEED}). Written by `python -m benchmarks.tails {samples}`.
No test of 60 durations tells a Lomax from a Weibull law, or a log-logistic from a lognormal, each time.

| law | variance | n = 60 | n = 200 |
|---|---|---|---|"""
    for name, (_, finite) in LAWS.items():
        shares = " | ".join(f"{trusted(name, n, samples):.0%}" for n in (60, 200))
        yield f"| {name} | {'finite' if finite else 'not finite'} | {shares} |"


if __name__ == "__main__":
    for line in report(int(sys.argv[1]) if len(sys.argv) > 1 else 100):
        print(line, flush=True)
