"""A load is all or nothing: through a failing statement and an interruption; `test_promises` kills processes."""

from __future__ import annotations

import os
import signal

import duckdb
import pytest

from mttrlab.errors import LoadError, StoreError
from mttrlab.lab import Lab, load, reports

ROWS = [{"incident_id": str(i), "started_at": "2026-01-05T10:00:00"} for i in range(20)]


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

        monkeypatch.setattr(load, "derive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            lab.load(exports.table("t.csv", ROWS))
        assert state(lab) == before


def test_counts_that_do_not_add_up_refuse_the_file(exports, monkeypatch):
    from dataclasses import replace

    real = load.extract
    monkeypatch.setattr(load, "extract", lambda *a, **k: replace(real(*a, **k), accepted=19))
    with Lab() as lab:
        with pytest.raises(LoadError, match=r"20 records, but 19 accepted"):
            lab.load(exports.table("t.csv", ROWS))
        assert lab.incidents().empty


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_pipe_is_not_waited_for_and_a_device_is_not_read(tmp_path, kind):
    path = tmp_path / "export.csv"
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")

    def late(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(60)
    try:
        with Lab() as lab, pytest.raises(LoadError, match=r"export\.csv is not a regular file"):
            lab.load(path)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_large_and_small_loads_by_turns_give_every_report_its_own_number(exports, monkeypatch):
    monkeypatch.setattr(reports, "OWN_TABLE_FROM", 10)
    with Lab() as lab:
        for turn, count in enumerate([20, 3, 20, 3]):
            rows = [row | {"source": f"s{turn}"} for row in ROWS[:count]]
            assert lab.load(exports.table(f"{turn}.csv", rows)).new == count
        counts = lab.sql("SELECT count(*) AS n, count(DISTINCT report_id) AS ids FROM reports").iloc[0]
        assert (counts["n"], counts["ids"]) == (46, 46)


def test_the_order_of_rows_is_kept_again_after_a_large_load_and_after_one_that_failed(exports, monkeypatch):
    monkeypatch.setattr(reports, "OWN_TABLE_FROM", 10)
    ordered = "SELECT current_setting('preserve_insertion_order') AS it"
    with Lab() as lab:
        lab.load(exports.table("a.csv", ROWS))
        assert lab.sql(ordered)["it"].item()
        monkeypatch.setattr(reports, "sql_name", lambda name: '"no such column"')
        with pytest.raises(StoreError, match="nothing of it was"):
            lab.load(exports.table("b.csv", [row | {"source": "other"} for row in ROWS]))
        assert lab.sql(ordered)["it"].item()
