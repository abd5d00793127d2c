from __future__ import annotations

import hashlib
import os
import subprocess
import sys

PROGRAM = """
import hashlib
import numpy as np, pandas as pd
from mttrlab.analysis.change_points import change_points
from mttrlab.analysis.comparison import compare_periods
from mttrlab.analysis.decomposition import explain_change
from mttrlab.analysis.durations import fit_durations
from mttrlab.analysis.services import pool_services
from mttrlab.analysis.trend import trend

chance = np.random.default_rng(1)
def made(n, mu):
    at = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(np.sort(chance.uniform(0, 300, n)), unit="D")
    frame = pd.DataFrame({"recovery": np.exp(chance.normal(mu, 1.2, n)), "started_at": at.as_unit("us")})
    for name, words in (("severity", "ab"), ("incident_type", "pqrst"), ("service", "xyz")):
        frame[name] = chance.choice(list(words), n)
    frame["recovery_observed"] = pd.array(chance.random(n) < 0.95, dtype="boolean")
    return frame
one, two = made(6000, 4.2), made(5000, 4.0)
told = [
    compare_periods(one, two), trend(one, adjust=("severity",)), explain_change(one, two, draws=50),
    change_points(one.iloc[:400], shuffles=99), pool_services(one),
    fit_durations(one["recovery"][:500], one["recovery_observed"][:500], families=("weibull",), replications=19),
]
print(hashlib.sha256("".join(table.to_csv() for table in told).encode()).hexdigest())
"""


def test_the_number_of_threads_changes_no_byte() -> None:
    answers = set()
    for threads in ("1", "8"):
        names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        environment = {**os.environ, **dict.fromkeys(names, threads)}
        run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        answers.add(run.stdout)
    assert len(answers) == 1
    assert len(answers.pop().strip()) == hashlib.sha256().digest_size * 2
