"""However many threads the machine lends, every public estimator gives the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import hashlib, json, sys
import numpy as np, pandas as pd
from mttrlab import sql

plain, threads = sql.connect, sys.argv[1]

def connect(*given, **options):
    connection = plain(*given, **options)
    connection.execute(f"SET threads = {threads}")
    return connection

sql.connect = connect
from mttrlab import analysis as a
from test_order import ANSWERS, made

pair = made(1, 150, 4.0), made(2, 120, 3.8)
told = {name: answer(pair) for name, answer in ANSWERS.items()}
# Sums of many are where threads would share the work.
one, two = (a.phase_durations(made(seed, n, mu)) for seed, n, mu in ((3, 6000, 4.2), (4, 5000, 4.0)))
told |= {
    "compare_periods": [told["compare_periods"], a.compare_periods(one, two)],
    "trend": [told["trend"], a.trend(one, adjust=("severity",))],
    "explain_change": [told["explain_change"], a.explain_change(one, two, draws=20)],
    "pool_services": [told["pool_services"], a.pool_services(one)],
    "phase_summary": [told["phase_summary"], a.phase_summary(one, by="service")],
    "goodness_of_fit": [told["goodness_of_fit"], a.goodness_of_fit(one["recovery"][:500], replications=9)],
}

def text(answer):
    if isinstance(answer, list):
        return "".join(map(text, answer))
    return answer.to_csv() if isinstance(answer, pd.DataFrame) else repr(answer)

print(json.dumps({name: hashlib.sha256(text(answer).encode()).hexdigest() for name, answer in told.items()}))
"""


def test_the_number_of_threads_changes_no_byte_of_any_estimator() -> None:
    names, runs = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), []
    paths = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    for threads in ("1", "8"):
        environment = {**os.environ, **dict.fromkeys(names, threads), "PYTHONPATH": paths}
        command = [sys.executable, "-c", PROGRAM, threads]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        runs.append(subprocess.Popen(command, env=environment, text=True, **pipes))
    told = [run.communicate() for run in runs]
    assert not any(run.returncode for run in runs), told
    one, eight = (json.loads(out) for out, _ in told)
    assert len(one) > 25
    assert [name for name in one if one[name] != eight[name]] == []
