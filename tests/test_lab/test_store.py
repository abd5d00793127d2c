"""Opening a lab: what is in use, foreign, older or damaged is named in a sentence."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from mttrlab.errors import StoreError
from mttrlab.lab import Lab
from mttrlab.lab.store import SCHEMA_VERSION

_HOLD = """
import sys
from mttrlab.lab import Lab
lab = Lab(sys.argv[1], read_only=len(sys.argv) > 2)
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A lab's file, closed."""
    Lab(tmp_path / "lab.duckdb").close()
    return tmp_path / "lab.duckdb"


def held(path: Path, *flags: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path), *flags], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def test_another_process_holding_the_file_is_named_with_its_pid(path):
    process = held(path)
    try:
        for read_only in (False, True):
            with pytest.raises(StoreError, match=rf"in use by python.* \(PID {process.pid}\); close the lab there"):
                Lab(path, read_only=read_only)
    finally:
        process.communicate("")
    Lab(path).close()


def test_several_processes_may_read_at_once(path):
    process = held(path, "read")
    try:
        with Lab(path, read_only=True) as lab:
            assert lab.incidents().empty
        with pytest.raises(StoreError, match=f"PID {process.pid}"):
            Lab(path)
    finally:
        process.communicate("")


def test_opening_the_file_a_second_time_in_one_process_is_the_same_lab(path, exports):
    with Lab(path) as first, Lab(path) as second:
        first.load(exports.table("t.csv", [{"incident_id": "1", "started_at": "2026-01-01T00:00:00"}]))
        assert second.incidents()["incident_id"].tolist() == ["1"]
    with Lab(path), pytest.raises(StoreError, match="already open in this process in another way"):
        Lab(path, read_only=True)


def test_a_file_that_is_no_lab_is_named_and_left_alone(tmp_path):
    written = {
        "empty.duckdb": (b"", "is empty, not a lab"),
        "table.csv": (b"incident_id,started_at\n1,2026-01-01T00:00:00Z\n" * 200, "is not a lab"),
        "short.txt": (b"hello", "is not a lab"),
        "posts.json": (b'{"incidents": []}', "is not a lab"),
        "rows.parquet": (b"PAR1" + bytes(50), "is not a lab"),
    }
    for name, (content, says) in written.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(StoreError, match=says):
            Lab(path)
        assert path.read_bytes() == content


def test_another_database_is_named_as_foreign(tmp_path):
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute("CREATE TABLE incidents AS SELECT 1 AS incident_id")
    with pytest.raises(StoreError, match="a DuckDB file but not a lab"):
        Lab(tmp_path / "other.duckdb")
    connection = sqlite3.connect(tmp_path / "lite.db")
    connection.execute("CREATE TABLE t (a)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="is not a lab"):
        Lab(tmp_path / "lite.db")


@pytest.mark.parametrize(("version", "says"), [(0, "an older mttrlab"), (99, "a newer mttrlab")])
def test_a_lab_of_another_schema_is_named_with_both_numbers(path, version, says):
    with duckdb.connect(str(path)) as raw:
        raw.execute(f"UPDATE meta SET value = '{version}' WHERE name = 'schema_version'")
    with pytest.raises(StoreError, match=rf"{says} .*schema {version}; this one knows {SCHEMA_VERSION}"):
        Lab(path)


def test_views_of_an_earlier_release_are_renewed(path):
    with duckdb.connect(str(path)) as raw:
        raw.execute("UPDATE meta SET value = 'other' WHERE name = 'views'")
        raw.execute("CREATE OR REPLACE VIEW incidents AS SELECT 1 AS old")
    with pytest.raises(StoreError, match="open it once for writing"):
        Lab(path, read_only=True)
    with Lab(path) as lab:
        assert lab.incidents().empty


def test_a_damaged_file_is_named_as_damaged(path):
    whole = path.read_bytes()
    for damaged in (whole[:6000], whole[:40] + bytes([whole[40] ^ 4]) + whole[41:]):
        path.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"is damaged .*build the lab again"):
            Lab(path)


def test_a_bit_flipped_anywhere_is_named_or_changes_nothing(path, exports):
    rows = [{"incident_id": f"i{n}", "started_at": "2026-01-01T00:00:00", "title": f"{n}" * 50} for n in range(3000)]
    with Lab(path) as lab:
        lab.load(exports.table("t.csv", rows))
        told = lab.data_hash()
    whole, chance, named = path.read_bytes(), random.Random(4), 0
    for _ in range(12):
        place = chance.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        try:
            with Lab(path) as lab:
                assert lab.data_hash() == told
                assert len(lab.incidents()) == 3000
        except StoreError as refusal:
            assert "is damaged" in str(refusal)
            assert "\n" not in str(refusal)
            named += 1
    assert named > 3
    for cut in (len(whole) // 2, 4096, 100, 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(StoreError, match=r"is damaged|is not a lab") as refusal, Lab(path) as lab:
            lab.incidents()
        assert "\n" not in str(refusal.value)


def test_after_a_load_the_file_alone_is_whole_and_no_log_is_left(path, exports, tmp_path):
    with Lab(path) as lab:
        lab.load(exports.table("t.csv", [{"incident_id": "1", "started_at": "2026-01-01T00:00:00"}]))
        # Copied by another process: opening and closing the live file in this one would drop DuckDB's lock.
        subprocess.run(["cp", str(path), str(tmp_path / "copy.duckdb")], check=True)
        with Lab(tmp_path / "copy.duckdb") as copy:
            assert copy.data_hash() == lab.data_hash()
    assert not Path(f"{path}.wal").exists()


def test_a_damaged_log_of_last_writes_is_named_with_both_files(path, exports, tmp_path):
    script = (
        "import os, sys\nfrom mttrlab.lab import Lab\nlab = Lab(sys.argv[1])\n"
        "lab._connection.execute('SET checkpoint_threshold = \\'1TB\\'')\n"
        "type(lab)._keep = lambda self, reports: None\nlab.load(sys.argv[2])\nos._exit(0)"
    )
    rows = [{"incident_id": f"i{n}", "started_at": "2026-01-01T00:00:00"} for n in range(50)]
    subprocess.run([sys.executable, "-c", script, str(path), str(exports.table("t.csv", rows))], check=True)
    log = Path(f"{path}.wal")
    content = log.read_bytes()
    with Lab(path, read_only=True) as lab:
        assert len(lab.incidents()) == 50
    middle = len(content) // 2
    log.write_bytes(content[:middle] + bytes([content[middle] ^ 8]) + content[middle + 1 :])
    with pytest.raises(StoreError, match=r"the log of its last writes \(.*\.wal\) is damaged; keep both files"):
        Lab(path)


def test_places_where_no_lab_can_be_are_refused(tmp_path):
    for place, says in (
        (tmp_path / "new.csv", "new.csv"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "lab.duckdb", "is no folder"),
    ):
        with pytest.raises(StoreError, match=says):
            Lab(place)
    with pytest.raises(StoreError, match="does not exist"):
        Lab(tmp_path / "absent.duckdb", read_only=True)
    with pytest.raises(StoreError, match="in memory starts empty"):
        Lab(read_only=True)


def test_a_lab_reads_no_file_and_fetches_nothing(path):
    with Lab(path) as lab:
        told = lab.sql(
            "SELECT current_setting('enable_external_access') AS e, current_setting('TimeZone') AS z, "
            "current_setting('autoinstall_known_extensions') AS i"
        )
    assert [str(value) for value in told.iloc[0]] == ["False", "UTC", "False"]
