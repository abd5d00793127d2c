"""One test per promise that a load makes, each tried for real: other processes, real signals, a real full disk."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd
import pytest

from mttrlab.errors import LoadError, MttrlabError, StoreError
from mttrlab.lab import Lab, rebuild

_LOAD = """
import sys
from mttrlab.lab import Lab
lab = Lab(sys.argv[1])
print("open", flush=True)
lab.load(sys.argv[2])
print("loaded", flush=True)
sys.stdin.read()
"""
_ASK = """
import sys
from mttrlab.lab import Lab
with Lab() as lab:
    for path in sys.argv[1:]:
        lab.load(path)
    found = lab.incidents(population=None)
    print(lab.data_hash())
    print(found.to_json(date_format="iso", date_unit="us", orient="records"))
    print(lab.quality(by=("source", "month")).to_json())
    print(lab.worksheet().to_json(), lab.recurrences().to_json(), *lab.warnings())
"""
_FEW = [{"incident_id": f"few{i}", "started_at": "2026-01-05T10:00:00", "detected_at": ""} for i in range(5)]


def many(folder: Path, rows: int, **more: list[str]) -> Path:
    """A canonical table of so many incidents, an hour long each, with more columns."""
    path = folder / f"many{rows}.csv"
    begin = pd.date_range("2020-01-01", periods=rows, freq="7min", tz="UTC")
    stamps = {
        name: (begin + pd.Timedelta(minutes=after)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for name, after in (("started_at", 0), ("detected_at", 4), ("resolved_at", 60))
    }
    pd.DataFrame({"incident_id": [f"m{i}" for i in range(rows)], **stamps, **more}).to_csv(path, index=False)
    return path


def loading(lab: Path, export: Path) -> subprocess.Popen[str]:
    """A process that has opened the lab and is loading the export."""
    process = subprocess.Popen(
        [sys.executable, "-c", _LOAD, str(lab), str(export)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


def killed(exports, tmp_path, kills: int, rows: int) -> None:
    first, second = exports.table("first.csv", _FEW), many(exports.folder, rows)
    whole_lab, chance, path = tmp_path / "whole.duckdb", random.Random(3), tmp_path / "lab.duckdb"
    with Lab(whole_lab) as lab:
        lab.load(first, as_of="2026-02-01T00:00:00Z")
        before = lab.data_hash()
    start = tmp_path / "start.duckdb"
    shutil.copy(whole_lab, start)
    process = loading(whole_lab, second)
    began = time.monotonic()
    process.stdout.readline()
    whole = time.monotonic() - began
    process.communicate("")
    with Lab(whole_lab, read_only=True) as lab:
        after = lab.data_hash()
    seen = []
    for _ in range(kills):
        for rest in tmp_path.glob("lab.duckdb*"):
            rest.unlink()
        shutil.copy(start, path)
        process = loading(path, second)
        time.sleep(chance.uniform(0, 1.1 * whole))
        process.send_signal(signal.SIGKILL)
        with suppress(BrokenPipeError):
            process.communicate()
        with Lab(path) as lab:
            seen.append(lab.data_hash())
            assert len(lab.loads()) == (2 if seen[-1] == after else 1)
    assert set(seen) <= {before, after}
    with Lab(path) as lab:
        lab.load(second)
        assert lab.data_hash() == after


def test_p1_a_load_killed_at_any_moment_is_there_wholly_or_not_at_all(exports, tmp_path):
    killed(exports, tmp_path, kills=8, rows=40_000)


@pytest.mark.soak
def test_p1_two_hundred_kills(exports, tmp_path):
    killed(exports, tmp_path, kills=200, rows=100_000)


def test_p1_ctrl_c_is_one_sentence_and_keeps_nothing(exports, tmp_path):
    path, export = tmp_path / "lab.duckdb", many(exports.folder, 200_000)
    with Lab(path) as lab:
        lab.load(exports.table("first.csv", _FEW))
        before = lab.data_hash()
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "mttrlab", "load", str(export), "--lab", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    # Once the log of last writes or the lock is there, the load is under way.
    for _ in range(600):
        if process.poll() is not None or holds(process.pid, path):
            break
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 130, (out, error)
    assert error.strip() == "mttrlab: stopped; nothing half-done was kept"
    with Lab(path) as lab:
        assert lab.data_hash() == before


def holds(pid: int, path: Path) -> bool:
    """Whether the process has the file open."""
    with suppress(OSError):
        return any(os.path.realpath(link) == str(path) for link in Path(f"/proc/{pid}/fd").iterdir())
    return False


@contextmanager
def small_disk(folder: Path, size: str):
    """A disk of that size, mounted for the test."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted here ({mounted.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_p1_a_full_disk_is_a_sentence_and_the_lab_is_as_it_was(exports, tmp_path):
    chance = random.Random(1)
    # Text that cannot be compressed, so that it does not fit.
    export = many(exports.folder, 100_000, title=[chance.randbytes(24).hex() for _ in range(100_000)])
    with small_disk(tmp_path / "disk", "16m") as disk:
        path = disk / "lab.duckdb"
        with Lab(path) as lab:
            lab.load(exports.table("first.csv", _FEW))
            before = lab.data_hash()
            (disk / "what others keep").write_bytes(bytes(shutil.disk_usage(disk).free - 256 * 1024))
            with pytest.raises(
                StoreError, match=r"many100000\.csv could not be stored, and nothing of it was: .*space"
            ) as told:
                lab.load(export)
            assert "\n" not in str(told.value)
            assert lab.data_hash() == before
            with pytest.raises((StoreError, OSError)):
                lab.load(export, keep_raw=True)
        assert not list(disk.glob("*.raw/*"))
        with Lab(path) as lab:
            assert lab.data_hash() == before


def test_p2_overlapping_older_and_equal_exports_in_any_order_give_one_lab(exports):
    old = exports.table("old.csv", [{**row, "resolved_at": ""} for row in _FEW])
    new = exports.table("new.csv", [{**row, "resolved_at": "2026-01-05T11:00:00"} for row in _FEW[:3]])
    told = []
    for order in ((old, new), (new, old), (new, old, new, old)):
        with Lab() as lab:
            for path in order:
                lab.load(path, as_of="2026-02-01T00:00:00Z" if path == old else "2026-03-01T00:00:00Z")
            told.append((lab.data_hash(), lab.incidents()["resolved_at_verdict"].tolist()))
    assert told[0] == told[1] == told[2]
    assert told[0][1] == ["recorded"] * 3 + ["pending"] * 2


def test_p3_records_in_are_accepted_quarantined_or_duplicates(exports):
    lines = [
        "a,2026-01-01T10:00:00Z",
        "a,2026-01-01T10:00:00Z",
        "b,soon",
        ",2026-01-01T10:00:00Z",
        "c,2026-01-01T10:00:00Z,x",
    ]
    path = exports.folder / "t.csv"
    path.write_text("incident_id,started_at\n" + "\n".join(lines) + "\n")
    with Lab() as lab:
        report = lab.load(path)
        assert (report.rows, report.accepted, report.quarantined, report.duplicates) == (5, 1, 3, 1)
        assert len(lab.quarantine()) == 3


@pytest.mark.parametrize(
    "bad", ["soon", "2026-02-30T10:00:00Z", "1767225600", "01/02/2026 10:00", "2026-01-01T10:00:00+25:00"]
)
def test_p4_nothing_unparsable_becomes_an_open_incident(exports, bad):
    path = exports.folder / "t.csv"
    path.write_text(f"incident_id,started_at,resolved_at\na,2026-01-01T09:00:00Z,{bad}\nb,2026-01-01T09:00:00Z,\n")
    with Lab() as lab:
        assert lab.load(path).quarantined == 1
        assert lab.incidents()["incident_id"].tolist() == ["b"]


def test_p5_p6_host_zone_locale_hash_seed_and_threads_change_no_byte(exports):
    local = exports.folder / "zoned.csv"
    local.write_text("incident_id,detected_at,resolved_at\nz,2026-03-29T00:30:00+01:00,2026-03-29T03:10:00+02:00\n")
    files = [
        exports.pager(
            "pd.json", [{"id": f"P{i}", "at": f"2026-03-{i + 1:02d}T10:00:00", "priority": "P1"} for i in range(9)]
        ),
        exports.posts("s.json", [{"id": "S", "at": "2026-03-01T10:05:00", "resolved": "2026-03-01T11:00:00"}]),
        local,
    ]
    told = set()
    for worlds in (
        {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0"},
        {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"},
        {"TZ": "Asia/Tokyo", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "77"},
    ):
        # The second world has one processor, so DuckDB has one thread.
        command = ["taskset", "-c", "0"] if "OMP_NUM_THREADS" in worlds and shutil.which("taskset") else []
        done = subprocess.run(
            [*command, sys.executable, "-c", _ASK, *map(str, files)],
            env={**os.environ, **worlds},
            capture_output=True,
            text=True,
            check=True,
        )
        told.add(done.stdout)
    assert len(told) == 1
    (text,) = told
    zoned = next(row for row in json.loads(text.splitlines()[1]) if row["incident_id"] == "z")
    assert zoned["detected_at"].startswith("2026-03-28T23:30:00")


@pytest.mark.parametrize(
    "hostile",
    [
        "'; DROP TABLE reports; --",
        "<script>alert(1)</script>",
        "=HYPERLINK(\"http://evil\",\"x\")",
        "$\\frac{1}{0}$",
        "../../etc/passwd",
        "*.csv",
        "{0} %s $1",
    ],
)  # fmt: skip
def test_p8_data_is_never_code(exports, hostile, tmp_path):
    rows = [
        {
            "incident_id": hostile,
            "title": hostile,
            "service": hostile,
            "team": hostile,
            "started_at": "2026-01-01T00:00:00",
        }
    ]
    with Lab(tmp_path / "lab.duckdb") as lab:
        report = lab.load(exports.table("t.csv", rows), source=hostile)
        found = lab.incidents().iloc[0]
        assert found[["incident_id", "title", "service", "team", "source"]].tolist() == [hostile] * 5
        assert "<script" not in report._repr_html_() + lab._repr_html_()
        lab.record(
            pd.DataFrame(
                [
                    {
                        "incident_id": hostile,
                        "milestone": "detected_at",
                        "time": "2026-01-01T00:05Z",
                        "who": hostile,
                        "why": hostile,
                    }
                ]
            )
        )
        assert lab.incidents()["detected_at_origin"].tolist() == ["annotated"]
        assert not [
            cell for cell in lab.export(tmp_path / "o.csv").read_text().splitlines()[1].split(",") if cell[:1] == "="
        ]
        assert len(lab.worksheet()) + len(lab.recurrences()) >= 0


def test_p8_a_title_cannot_steer_a_terminal(exports):
    rows = [
        {
            "incident_id": "a",
            "title": "\x1b[2J\u202eevil",
            "service": "\x1b]0;x\x07",
            "started_at": "2026-01-01T00:00:00",
        }
    ]
    with Lab() as lab:
        report = lab.load(exports.table("\x1b[31m.csv", rows), source="\x1b[2J")
        told = [str(report), *lab.warnings(), lab.quality_sentence()]
    assert all(character.isprintable() or character == "\n" for text in told for character in text)


def test_p9_loading_and_asking_reach_for_no_network(exports, tmp_path, monkeypatch):
    def refused(self, address):
        if self.family != socket.AF_UNIX:
            raise AssertionError(f"something reached for {address}")
        return None

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket.socket, "connect_ex", refused)
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(
            exports.pager("pd.json", [{"id": "P", "at": "2026-03-01T10:00:00", "priority": "P1", "title": "http://x"}])
        )
        lab.load(exports.posts("s.json", [{"id": "S", "at": "2026-03-01T10:05:00"}]))
        assert len(lab.incidents()) == 1
        lab.export(tmp_path / "out.parquet")
    with pytest.raises(LoadError, match=r"is an address, not a file|does not exist"):
        Lab().load("https://example.com/export.csv")


def test_p10_what_is_too_large_is_refused_with_the_limit(exports, monkeypatch):
    from mttrlab.sources.exports import reading

    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    with Lab() as lab, pytest.raises(LoadError, match=r"more than the limit of 1,000"):
        lab.load(many(exports.folder, 1000), format="canonical")


@pytest.mark.parametrize(
    "content", [b"", b"\0\1\2", b"incident_id\n", b"[1, 2", b"PAR1garbage", b"\x1f\x8bbroken", b"<html>"]
)
def test_p11_every_refusal_is_one_sentence_with_the_file(exports, content):
    path = exports.folder / "strange file.csv"
    path.write_bytes(content)
    with Lab() as lab, pytest.raises(MttrlabError, match="strange file") as told:
        lab.load(path)
    assert "\n" not in str(told.value)
    assert "Traceback" not in str(told.value)


def test_p12_a_table_that_cannot_be_written_leaves_no_half_of_it(exports, tmp_path, monkeypatch):
    with Lab() as lab:
        lab.load(exports.table("t.csv", _FEW))
        monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        with pytest.raises(OSError, match="No space"):
            lab.export(tmp_path / "out.csv")
    assert not [path.name for path in tmp_path.iterdir() if "out" in path.name]


def test_p13_people_of_no_tool_are_in_any_table(root, shared, exports):
    with (shared / "data/vendor_fixtures/pagerduty_incidents_raw_devlake.csv").open(newline="") as opened:
        records = [json.loads(row["data"]) for row in csv.DictReader(opened)]
    real = exports.folder / "real.json"
    real.write_text(json.dumps({"incidents": records}))
    made_up = json.loads((root / "data/exports/pagerduty.json").read_text())
    people = set(named(records)) | set(named(made_up))
    with (root / "data/exports/servicenow.csv").open(newline="") as opened:
        people |= {row[who] for row in csv.DictReader(opened) for who in ("caller_id", "assigned_to")} - {"?", ""}
    assert len(people) > 20, "the exports name hardly anybody: this test would see nothing"
    with Lab() as lab:
        lab.load_folder(root / "data/exports")
        lab.load(real)
        note = {"incident_id": records[0]["id"], "milestone": "started_at", "time": "2022-11-03T06:00Z"}
        lab.record(pd.DataFrame([{**note, "who": "Keyon Amini", "why": "keyon@merico.dev said so"}]))
        tables = lab.sql("SELECT table_name AS t FROM duckdb_tables() WHERE NOT temporary")["t"]
        stored = "\n".join(str(lab._connection.execute(f'SELECT * FROM "{t}"').fetchall()) for t in tables)
    assert not [person for person in people | {"Amini", "keyon@"} if person in stored]


def named(told) -> list[str]:
    """Every e-mail address and every name of a user in a PagerDuty export."""
    if isinstance(told, list):
        return [name for item in told for name in named(item)]
    if not isinstance(told, dict):
        return []
    own = [told["email"]] if isinstance(told.get("email"), str) and "@" in told["email"] else []
    if str(told.get("type", "")).startswith("user") and len(str(told.get("summary", ""))) > 4:
        own.append(told["summary"])
    return own + [name for item in told.values() for name in named(item)]


def test_p14_the_lab_can_be_built_again_from_the_raw_files(exports, tmp_path):
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(exports.table("t.csv", _FEW), keep_raw=True)
        before = lab.data_hash()
    (exports.folder / "t.csv").unlink()
    rebuild(tmp_path / "lab.duckdb", tmp_path / "new.duckdb")
    with Lab(tmp_path / "new.duckdb") as lab:
        assert lab.data_hash() == before
