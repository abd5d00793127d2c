"""The verbs that keep and mend: what they write, what they say, and how they refuse."""

from __future__ import annotations

import csv
import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from contextlib import chdir, redirect_stderr, redirect_stdout

import pytest

from mttrlab.cli import main
from mttrlab.lab import Lab

ROWS = [
    {
        "incident_id": f"i{n}",
        "service": "pay",
        "title": "Disk full",
        "started_at": f"2026-03-{n:02d}T10:00:00",
        "detected_at": f"2026-03-{n:02d}T10:06:00",
        "diagnosed_at": "" if n < 3 else f"2026-03-{n:02d}T10:16:00",
        "resolved_at": f"2026-03-{n:02d}T11:0{n}:00",
        "verified_at": f"2026-03-{n:02d}T11:1{n}:00",
    }
    for n in range(1, 9)
]


@pytest.fixture
def run(exports, tmp_path):
    """Call the command line in a folder of its own, with one table loaded."""

    def call(*arguments: object) -> tuple[int, str, str]:
        out, error = io.StringIO(), io.StringIO()
        with chdir(tmp_path), redirect_stdout(out), redirect_stderr(error):
            code = main([str(argument) for argument in arguments])
        return code, out.getvalue(), error.getvalue()

    call("load", exports.table("t.csv", ROWS), "--keep-raw")
    return call


def test_annotate_fill_in_and_load_mend_an_incident(run, tmp_path):
    code, told, _ = run("annotate", "--count", 1, "--month", "2026-03")
    assert code == 0
    assert "Ranked by" in told
    assert "mttrlab load worksheet.csv" in told
    with (tmp_path / "worksheet.csv").open(newline="") as opened:
        (row,) = csv.DictReader(opened)
    with (tmp_path / "worksheet.csv").open("w", newline="") as opened:
        writer = csv.DictWriter(opened, list(row))
        writer.writeheader()
        writer.writerow({**row, "time": f"2026-03-0{row['incident_id'][1:]}T10:20:00Z", "who": "Ana"})
    assert "1 accepted" in run("load", "worksheet.csv")[1]
    with Lab(tmp_path / "mttrlab.duckdb", read_only=True) as lab:
        assert lab.incidents()["diagnosed_at_origin"].eq("annotated").sum() == 1
    code, _, refused = run("annotate", "--out", "worksheet.csv")
    assert (code, refused.count("\n")) == (1, 1)
    assert "exists already" in refused


def test_quality_is_a_sentence_and_a_table_and_a_figure(run, tmp_path):
    code, told, _ = run("quality", "--by", "source", "--by", "month", "--figure", "q.svg")
    assert code == 0
    assert "Of 8 incidents, these shares have a stamp that durations can use: start 100 %" in told
    assert "diagnosis 75 %" in told
    assert "0 are not known to be over." in told
    assert "canonical 2026-03" in " ".join(told.split())
    assert (tmp_path / "q.svg").read_text().startswith("<?xml")
    assert run("quality", "--figure", "q.svg")[0] == 1
    assert run("quality", "--figure", "q.txt")[0] == 1
    assert "recurrence" in run("quality", "--recurrences")[1]


def test_export_and_rebuild_say_what_they_did(run, exports, tmp_path, pseudonym_key):
    code, told, _ = run("export", "all.csv", "--anonymise")
    assert code == 0
    assert str(pseudonym_key) in told
    assert "pay" not in (tmp_path / "all.csv").read_text()
    assert run("export", exports.folder, "folder.parquet")[0] == 0
    (exports.folder / "t.csv").unlink()
    assert "built again from 1 load." in run("rebuild")[1]
    for copy in (tmp_path / "mttrlab.duckdb.raw").iterdir():
        copy.unlink()
    code, _, refused = run("rebuild")
    assert code == 1
    assert "t.csv is missing" in refused
    assert "left out: " in run("rebuild", "--partial")[1]


def test_a_load_reads_as_a_sentence_and_on_request_as_a_table(run, exports):
    told = run("load", exports.table("u.csv", ROWS[:2]), "--table")[1]
    assert "2 records: 2 accepted" in told
    assert "quarantined" in told.splitlines()[-2]


def test_a_bar_is_shown_on_a_terminal_only(exports, tmp_path):
    path = exports.table("long.csv", ROWS)
    script = (
        "import sys\nfrom mttrlab.lab import Lab, load\nload._PATIENCE = 0\nwith Lab() as lab: lab.load(sys.argv[1])"
    )
    command = [sys.executable, "-c", script, str(path)]
    assert b"loading" not in subprocess.run(command, capture_output=True, check=True).stderr
    ours, theirs = pty.openpty()
    # A terminal without a width shows nothing.
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with subprocess.Popen(command, stderr=theirs, stdout=subprocess.DEVNULL):
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # the end of a terminal on Linux
            pass
    os.close(ours)
    assert b"loading long.csv" in shown or b"judging together" in shown
