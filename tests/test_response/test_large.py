"""Large runs go to a lab or a file, span by span; what is finished is kept, and real incidents stay apart."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys

import duckdb
import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.errors import ModelError, QuestionError, StoreError
from mttrlab.response import Recording, Scenario, simulate
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.experiment import sinks
from mttrlab.schema import INCIDENT_COLUMNS, conform

WANTED = {"days": 30, "replications": 200, "seed": 5, "engine": "compiled"}


@pytest.fixture(autouse=True)
def small_spans(monkeypatch):
    """Four spans in place of one."""
    monkeypatch.setattr(model_runs, "INCIDENTS_AT_ONCE", 100)


def rows(path) -> pd.DataFrame:
    """Return a Parquet file's rows as `simulate` gives them."""
    found = duckdb.read_parquet(str(path)).df()
    made = conform(found.astype({c: "datetime64[us, UTC]" for c in found if c.endswith("_at")}), INCIDENT_COLUMNS)
    made["replication"] = found["replication"]
    return made


def stop_after(monkeypatch, keep, spans):
    """Press Ctrl-C once this many spans are kept."""
    kept = []

    def press(self, span, table):
        keep(self, span, table)
        kept.append(span)
        if len(kept) == spans:
            signal.raise_signal(signal.SIGINT)

    return press


def test_a_file_holds_the_incidents_that_the_frame_would(rich, tmp_path):
    told = simulate(rich, **WANTED, to=tmp_path / "runs.parquet")
    frame = simulate(rich, **WANTED)
    pd.testing.assert_frame_equal(rows(tmp_path / "runs.parquet"), frame, check_index_type=False)
    assert (told.incidents, told.replications, told.unfinished) == (len(frame), 200, "")
    assert f"{len(frame):,} incidents in 200 replications" in str(told)
    assert [p.name for p in tmp_path.iterdir()] == ["runs.parquet"]


def test_a_scenario_a_recording_and_two_workers_go_to_a_file_too(rich, tmp_path):
    more = {"scenario": Scenario("x", prevention=0.5), "recording": Recording(automated=0.0, grain=1.0)}
    simulate(rich, **WANTED, **more, n_jobs=2, to=tmp_path / "x.parquet")
    frame = simulate(rich, **WANTED, **more)
    pd.testing.assert_frame_equal(rows(tmp_path / "x.parquet"), frame, check_index_type=False)


def test_after_ctrl_c_the_same_call_goes_on_and_the_file_is_the_same_byte_for_byte(rich, tmp_path, monkeypatch):
    simulate(rich, **WANTED, to=tmp_path / "whole.parquet")
    with monkeypatch.context() as patch:
        patch.setattr(sinks.ParquetSink, "write", stop_after(patch, sinks.ParquetSink.write, 2))
        told = simulate(rich, **WANTED, to=tmp_path / "halted.parquet")
    assert told.unfinished == "100 of 200 replications: it was stopped"
    assert not (tmp_path / "halted.parquet").exists()
    again = simulate(rich, **WANTED, to=tmp_path / "halted.parquet")
    assert (again.before, again.replications, again.unfinished) == (100, 200, "")
    assert (tmp_path / "halted.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()


KILLED = """
import os, signal, sys
import mttrlab as ml
from mttrlab.lab import Lab
from mttrlab.response import FixPath, IncidentType, Distribution, ResponseModel
from mttrlab.response.experiment import runs
runs.INCIDENTS_AT_ONCE = 100
fix = FixPath("x", Distribution("constant", 5.0), 1.0, 1.0)
kind = IncidentType("any", 0.9, diagnose=Distribution("exponential", 30.0), paths=(fix,))
lab = Lab(sys.argv[1])
keep, kept = Lab.keep_span, []
def then(self, run, span, table):
    keep(self, run, span, table)
    kept.append(span)
    if len(kept) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
Lab.keep_span = then
told = ml.simulate(ResponseModel((kind,)), days=30, replications=200, seed=5, engine="simpy", to=lab)
counts = lab.sql("SELECT count(*) AS n, count(DISTINCT incident_id) AS m FROM simulated").iloc[0].tolist()
print(told.before, told.replications, told.incidents, *counts)
"""


def test_a_killed_process_loses_no_finished_replication_of_a_lab(tmp_path):
    def ran(path, after):
        return subprocess.run([sys.executable, "-c", KILLED, str(path), str(after)], capture_output=True, text=True)

    assert ran(tmp_path / "a.duckdb", 3).returncode == -signal.SIGKILL
    resumed, whole = ran(tmp_path / "a.duckdb", 99).stdout.split(), ran(tmp_path / "b.duckdb", 99).stdout.split()
    assert resumed[:2] == ["150", "200"]
    assert resumed[1:] == whole[1:]
    assert len(set(whole[2:])) == 1


def test_a_lab_keeps_simulated_incidents_apart_and_answers_for_them(rich):
    with ml.Lab() as lab:
        told = simulate(rich, **WANTED, to=lab)
        frame = simulate(rich, **WANTED)
        assert lab.incidents(population=None).empty
        assert lab.sql("SELECT count(*) AS n FROM records")["n"].tolist() == [0]
        run = lab.simulated(told.run)
        key = ["replication", "started_at", "incident_id"]
        pd.testing.assert_frame_equal(
            run.incidents().sort_values(key, ignore_index=True), frame.sort_values(key, ignore_index=True),
            check_index_type=False,
        )  # fmt: skip
        pd.testing.assert_frame_equal(ml.monthly_mttr(run), ml.monthly_mttr(frame))
        pd.testing.assert_frame_equal(
            ml.phase_summary(run, by="incident_type"), ml.phase_summary(ml.phase_durations(frame), by="incident_type")
        )
        seen = lab.sql("SELECT count(DISTINCT replication) AS n, min(source) AS source FROM simulated").iloc[0]
        assert (seen["n"], seen["source"]) == (frame["replication"].nunique(), "simulated")
        origins = lab.sql("SELECT DISTINCT started_at_origin AS origin FROM simulated")["origin"].tolist()
        assert origins == ["simulated"]


def test_more_replications_of_a_kept_run_are_added_to_it_and_another_run_has_its_own_number(rich):
    with ml.Lab() as lab:
        simulate(rich, **{**WANTED, "replications": 70}, to=lab)
        more = simulate(rich, **WANTED, to=lab)
        other = simulate(rich, **{**WANTED, "seed": 6}, to=lab)
        assert (more.run, more.before, more.replications, other.run) == (1, 70, 200, 2)
        assert lab.simulations()["finished"].tolist() == [200, 200]
        frame = simulate(rich, **WANTED)
        assert lab.simulated(1).sql("SELECT count(*) AS n FROM incidents")["n"].tolist() == [len(frame)]
        lab.forget_simulated(1)
        assert lab.simulations()["run"].tolist() == [2]
        with pytest.raises(QuestionError, match="no simulated run 1"):
            lab.simulated(1)


def test_real_incidents_and_simulated_ones_live_in_one_file_and_never_mix(rich, root, tmp_path):
    with ml.Lab(tmp_path / "lab.duckdb") as lab:
        lab.load_folder(root / "data" / "small")
        before, hashed = lab.incidents(), lab.data_hash()
        simulate(rich, **WANTED, to=lab)
        pd.testing.assert_frame_equal(lab.incidents(), before)
        assert lab.data_hash() == hashed
    with ml.Lab(tmp_path / "lab.duckdb", read_only=True) as lab:
        assert len(ml.monthly_mttr(lab.simulated())) > 0
        assert lab.sql("SELECT count(*) AS n FROM incidents")["n"].tolist() == [len(before)]
        with pytest.raises(StoreError, match="reading only"):
            simulate(rich, **WANTED, to=lab)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"replications": 10**12}, "replications must be a whole number"),
        ({"replications": 1e12}, "replications must be a whole number"),
        ({"days": 1e18}, "days must be"),
        ({"days": 1e6, "replications": 10**7}, "incidents"),
        ({"days": float("nan")}, "days must be"),
    ],
)
@pytest.mark.parametrize("large", [False, True])
def test_what_is_absurd_is_refused_before_anything_is_allocated(rich, tmp_path, asked, says, large):
    to = {"to": tmp_path / "x.parquet"} if large else {}
    with pytest.raises(ModelError, match=says):
        simulate(rich, **{"days": 30, **asked}, **to)
    assert not list(tmp_path.iterdir())


def test_a_table_that_memory_cannot_hold_is_sent_to_a_file(rich, monkeypatch):
    monkeypatch.setattr("mttrlab.response.experiment.memory_limits.free_memory", lambda: 2**28)
    with pytest.raises(ModelError, match=r"to='runs\.parquet' or to=lab"):
        simulate(rich, days=365, replications=2000)


def test_a_full_disk_is_a_sentence_and_what_was_finished_is_gone_on_from(rich, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    whole = simulate(rich, **WANTED, to=tmp_path / "whole.parquet")
    parts = (tmp_path / "whole.parquet").stat().st_size // 2
    # Each part fits, the whole file does not.
    resource.setrlimit(resource.RLIMIT_FSIZE, (parts, hard))
    try:
        with pytest.raises(StoreError, match="finished replications are kept"):
            simulate(rich, **WANTED, to=tmp_path / "x.parquet")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (tmp_path / "x.parquet").exists()
    again = simulate(rich, **WANTED, to=tmp_path / "x.parquet")
    assert again.before > 0
    assert again.incidents == whole.incidents


def test_files_of_others_are_left_as_they_are(rich, tmp_path):
    (tmp_path / "there.parquet").write_text("mine")
    with pytest.raises(QuestionError, match="exists already"):
        simulate(rich, **WANTED, to=tmp_path / "there.parquet")
    assert (tmp_path / "there.parquet").read_text() == "mine"
    with pytest.raises(QuestionError, match="is no folder"):
        simulate(rich, **WANTED, to=tmp_path / "nowhere" / "x.parquet")
    for wrong in (tmp_path / "x.csv", 7):
        with pytest.raises(QuestionError, match="to= takes a Lab"):
            simulate(rich, **WANTED, to=wrong)


def test_the_parts_of_another_run_are_not_mixed_in(rich, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sinks.ParquetSink, "write", stop_after(patch, sinks.ParquetSink.write, 1))
        simulate(rich, **WANTED, to=tmp_path / "x.parquet")
    with pytest.raises(QuestionError, match=r"another run \(30 days, seed 5"):
        simulate(rich, **{**WANTED, "seed": 6}, to=tmp_path / "x.parquet")
