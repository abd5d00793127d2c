"""A load is all or nothing: through a failing statement, an interruption and kill -9."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from contextlib import suppress

import duckdb
import pandas as pd
import pytest

from mttrlab.errors import LoadError, StoreError
from mttrlab.lab import Lab, loading

ROWS = [{"incident_id": str(i), "started_at": "2026-01-05T10:00:00"} for i in range(20)]
_LOAD = """
import sys
from mttrlab.lab import Lab
lab = Lab(sys.argv[1])
print("open", flush=True)
lab.load(sys.argv[2])
print("loaded", flush=True)
sys.stdin.read()
"""


def state(lab: Lab) -> dict[str, list]:
    """Every row of every table."""
    tables = lab.sql("SELECT table_name AS t FROM duckdb_tables() WHERE NOT temporary ORDER BY t")["t"]
    return {t: lab._connection.execute(f'SELECT * FROM "{t}" ORDER BY ALL').fetchall() for t in tables}


class Failing:
    """A connection whose n-th statement fails; the store behind it is real."""

    def __init__(self, connection, number, error):
        self.connection, self.left, self.error = connection, number, error

    def __getattr__(self, name):
        return getattr(self.connection, name)

    def execute(self, query, *arguments):
        if not query.startswith("ROLLBACK"):
            self.left -= 1
            if self.left == 0:
                raise self.error
        return self.connection.execute(query, *arguments)


@pytest.mark.parametrize(
    ("error", "step"), [(duckdb.Error("no space left on device"), 1), (KeyboardInterrupt(), 6), (MemoryError(), 7)]
)
def test_a_failure_at_any_statement_leaves_the_lab_as_it_was(exports, tmp_path, monkeypatch, error, step):
    path = exports.table("more.csv", ROWS)
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(exports.table("first.csv", ROWS[:3]), as_of="2026-01-06T00:00:00Z")
        lab.load(exports.pager("pd.json", [{"id": "P", "at": "2026-01-05T10:00:00"}]))
        before, connection = state(lab), lab._connection
        failed = 0
        for number in range(1, 200, step):
            monkeypatch.setattr(lab, "_connection", Failing(connection, number, error))
            try:
                lab.load(path)
            except (StoreError, KeyboardInterrupt, MemoryError):
                monkeypatch.setattr(lab, "_connection", connection)
                failed += 1
                if lab.loads()["name"].tolist() == ["first.csv", "pd.json"]:
                    assert state(lab) == before, f"statement {number}"
                    continue
            break
        monkeypatch.setattr(lab, "_connection", connection)
        assert failed * step > 20
        assert len(lab.loads()) == 3
        assert len(lab.incidents()) == 20


def test_an_interrupted_query_is_an_interruption_and_nothing_is_kept(exports, monkeypatch):
    with Lab() as lab:
        before = state(lab)

        def interrupted(connection):
            raise RuntimeError("Query interrupted")

        monkeypatch.setattr(loading, "derive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lab.load(exports.table("t.csv", ROWS))
        assert state(lab) == before


def test_counts_that_do_not_add_up_refuse_the_file(exports, monkeypatch):
    from dataclasses import replace

    real = loading.extract
    monkeypatch.setattr(loading, "extract", lambda *a, **k: replace(real(*a, **k), accepted=19))
    with Lab() as lab:
        with pytest.raises(LoadError, match=r"20 records, but 19 accepted"):
            lab.load(exports.table("t.csv", ROWS))
        assert lab.incidents().empty


def test_a_load_killed_at_any_moment_leaves_all_of_it_or_none(exports, tmp_path):
    many = [{"incident_id": str(i), "started_at": "2026-01-05T10:00:00", "title": "x" * 50} for i in range(4000)]
    first, second = exports.table("first.csv", ROWS), exports.table("second.csv", many)
    chance = random.Random(5)
    began = time.monotonic()
    whole = 0.0
    for kill in range(8):
        path = tmp_path / f"lab{kill}.duckdb"
        with Lab(path) as lab:
            lab.load(first, as_of="2026-02-01T00:00:00Z")
            before = lab.incidents()
        process = subprocess.Popen(
            [sys.executable, "-c", _LOAD, str(path), str(second)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        began = time.monotonic()
        if kill == 0:
            # How long a whole load takes here, so that the others are killed inside one.
            process.stdout.readline()
            whole = time.monotonic() - began
        else:
            time.sleep(chance.uniform(0, whole))
        process.send_signal(signal.SIGKILL)
        with suppress(BrokenPipeError):
            process.communicate()
        with Lab(path) as lab:
            loads, incidents = lab.loads(), lab.incidents()
            assert len(loads) in (1, 2)
            if len(loads) == 1:
                pd.testing.assert_frame_equal(incidents, before)
            else:
                assert len(incidents) == 4000
            lab.load(second)
            assert len(lab.incidents()) == 4000
