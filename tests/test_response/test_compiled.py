"""The compiled engine gives every stamp that SimPy gives."""

from __future__ import annotations

import ast
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mttrlab
from mttrlab.errors import ModelError
from mttrlab.response import (
    Bursts,
    DiagnosisAttempts,
    Distribution,
    FixPath,
    IncidentProfile,
    IncidentType,
    Noise,
    Paging,
    Pipeline,
    Pool,
    Ramp,
    Reopening,
    ResponseModel,
    Routing,
    Scenario,
    Shift,
    Verification,
    simulate,
)
from mttrlab.response.engines import compiled, simpy_engine
from mttrlab.response.engines.transition import COUNTED, INCIDENT_OF_MANY_CALLS, STAMPED
from mttrlab.response.experiment import runs as model_runs
from mttrlab.response.sampling.parameters import parameter_sets, parameters, pools
from mttrlab.response.sampling.service_times import sample_service_times
from mttrlab.response.scenarios.levers import LEVERS
from mttrlab.schema import CLOCK_ENDS

needs_numba = pytest.mark.skipif(not compiled.numba_installed(), reason="numba is not installed (the extra 'fast')")

MINUTE = 60_000_000
DURATIONS = ("detect", "acknowledge", "diagnose", "fix", "verify", "run", "notice", "reopen", "harm")


def anything(seed: int) -> ResponseModel:
    """Return a random organisation."""
    chance = np.random.default_rng(seed)

    def law(mean):
        kinds = [
            Distribution("constant", mean),
            Distribution("exponential", mean),
            Distribution("lognormal", float(np.log(mean)), 1.0),
        ]
        return kinds[chance.integers(len(kinds))]

    def maybe(element):
        return element if chance.random() < 0.5 else None

    def kind(name, pool):
        flag, rollback = float(chance.uniform(0, 0.3)), float(chance.uniform(0, 0.5))
        paths = (
            FixPath("flag", law(0.5), flag, flag),
            FixPath("rollback", law(7.0), rollback, rollback),
            FixPath("forward_fix", law(30.0), 1 - flag - rollback, 1 - flag - rollback),
        )
        return IncidentType(
            name,
            float(chance.uniform(0.5, 4.0)),
            detect=law(8.0),
            alert=law(3.0),
            acknowledge=law(4.0),
            diagnose=law(20.0),
            paths=paths,
            verify=law(4.0),
            alert_coverage=0.6,
            automation=float(chance.uniform(0, 0.6)),
            change_caused=0.5,
            profiles=(IncidentProfile(0.3, priority=1), IncidentProfile(0.7, priority=2)),
            pool=pool,
            hypotheses=maybe(DiagnosisAttempts(0.4, law(8.0), 0.5)),
        )

    def pool(name):
        shifts = (Shift(8.0, 20.0, 2), Shift(30.0, 50.0, 1)) if chance.random() < 0.6 else ()
        return Pool(
            name,
            int(chance.integers(1, 3)),
            shifts,
            preemptive=bool(chance.random() < 0.5),
            end_of_shift=str(chance.choice(["finishes", "hands over"])),
            handover_minutes=float(chance.choice([0.0, 5.0])),
            queue_limit=None if chance.random() < 0.6 else int(chance.integers(0, 3)),
        )

    staffed = chance.random() < 0.85
    pools = (pool("a"), pool("b")) if staffed else ()
    return ResponseModel(
        (kind("one", "a" if staffed else None), kind("two", "b" if staffed else None)),
        pools=pools,
        verify_pass=float(chance.uniform(0.5, 1.0)),
        false_pass=float(chance.uniform(0.0, 0.5)),
        max_rounds=int(chance.choice([1, 3, 9])),
        difficulty=float(chance.uniform(0, 0.6)),
        automation_attempts=int(chance.choice([1, 2, 6])),
        automation_harm=float(chance.uniform(0, 1)),
        harm=law(15.0),
        paging=maybe(Paging(1.0, 5.0, (law(4.0), law(6.0)), repeats=int(chance.choice([1, 3])), startup=10.0)),
        routing=maybe(Routing(0.3, 0.7, law(8.0), 5.0, max_transfers=6, between=("a", "b") if staffed else None)),
        noise=maybe(Noise(3.0, law(10.0), pool="b")) if staffed else None,
        pipeline=maybe(Pipeline(int(chance.integers(1, 3)), law(8.0))),
        verification=maybe(Verification(healthy=0.8, in_a_row=2, false_pass=0.3, max_samples=6)),
        reopening=maybe(Reopening(law(200.0), right=0.2)),
        bursts=maybe(Bursts(0.3, 4.0, 10.0)),
    )


def differing(model, records):
    """Return how many of the incidents have any stamp or count that the engines do not share."""
    given = records.x, parameter_sets(model, 5 * MINUTE), records.bounds, pools(model)
    reference, compared = simpy_engine.run_simpy(*given), compiled.run_compiled(*given)
    unlike = np.zeros(len(records.x), dtype=bool)
    for name in (*STAMPED, *COUNTED):
        unlike |= reference[name] != compared[name]
    return int(unlike.sum())


def records_of(model, seed, days):
    return sample_service_times(model, model_runs.numbers_of_blocks(model, days=days, block=0, wanted=4, seed=seed))


def moved(model, seed):
    """Return an organisation with levers moved at random: everywhere, for one type alone, and by and by."""
    chance = np.random.default_rng([seed, 1])

    def setting(lever):
        one = LEVERS[lever]
        if one.whole:
            # Fewer samples than must be healthy in a row are refused.
            low, high = (10, 20) if lever == "samples_most" else (int(one.low), min(int(one.high), 3))
            return int(chance.integers(low, high + 1))
        if one.unit == "share":
            return float(chance.choice([0.1 if one.open_low else 0.0, 1.0, *chance.uniform(0.1, 1, 3)]))
        if lever == "failing_changes":
            return float((one.now(model) or 1.0) * chance.uniform(0.2, 2.0))
        return float(chance.uniform(0.2, 3.0) if one.unit in ("times", "incidents") else chance.uniform(0.5, 60.0))

    here = [name for name in LEVERS if LEVERS[name].alone]
    for levers, only in ((list(LEVERS), {}), (here, {"incident_types": ["one"]}), (here, {"ramp": ramp(chance)})):
        names = chance.choice(levers, 3, replace=False)
        model = Scenario("moved", **only, **{str(name): setting(name) for name in names}).apply(model)
    return model


def ramp(chance):
    months, delay, adoption, decay = chance.uniform(0, [3.0, 1.0, 1.0, 0.3])
    return Ramp(months, delay, adoption, decay)


def busy(seed, incidents=1800):
    """Return a random organisation and its incidents; in every second one, levers are moved."""
    model = moved(anything(seed), seed) if seed % 2 else anything(seed)
    return model, records_of(model, seed, incidents / 4 / model.per_day)


@needs_numba
@pytest.mark.parametrize("first", range(0, 40, 10))
def test_random_organisations_have_the_same_stamps(first):
    compared = 0
    for seed in range(first, first + 10):
        model, records = busy(seed)
        assert differing(model, records) == 0, f"organisation {seed}"
        compared += len(records)
    assert compared > 12_000


@needs_numba
@pytest.mark.parametrize("grain", [MINUTE, 15 * MINUTE])
def test_on_a_grid_of_minutes_everything_ties_and_the_stamps_are_the_same(grain):
    compared = zeros = 0
    for seed in range(100, 118):
        model, records = busy(seed)
        for name in ("at", *DURATIONS):
            records.x[name] = records.x[name] // grain * grain
        zeros += int((records.x["fix"][:, 0] == 0).sum())
        compared += len(records)
        assert differing(model, records) == 0, f"organisation {seed}"
    assert compared > 25_000
    assert zeros > 2_000


@needs_numba
def test_without_any_duration_at_all_the_stamps_are_the_same():
    for seed in range(200, 206):
        model, records = busy(seed)
        for name in DURATIONS:
            records.x[name] = 0
        records.x["at"] = records.x["at"] // (60 * MINUTE) * (60 * MINUTE)
        assert differing(model, records) == 0, f"organisation {seed}"


@needs_numba
def test_everything_at_once_in_an_overload_has_the_same_stamps(everything):
    crowd = replace(everything, types=tuple(replace(kind, per_day=14.0) for kind in everything.types))
    records = records_of(crowd, 7, 10)
    assert differing(crowd, records) == 0
    assert (
        simpy_engine.run_simpy(records.x, (parameters(crowd),), records.bounds, pools(crowd))["interrupted"].sum() > 100
    )


@needs_numba
@pytest.mark.soak
def test_ten_million_incidents_have_the_same_stamps():
    compared, seed = 0, 1000
    while compared < 10_000_000:
        model, records = busy(seed, 40_000)
        assert differing(model, records) == 0, f"organisation {seed}"
        compared, seed = compared + len(records), seed + 1


@needs_numba
def test_simulated_incidents_are_the_same_for_either_engine_and_any_number_of_threads(everything):
    reference = simulate(everything, days=60, replications=60, seed=3, engine="simpy")
    for jobs in (1, 2):
        made = simulate(everything, days=60, replications=60, seed=3, engine="compiled", n_jobs=jobs)
        pd.testing.assert_frame_equal(made, reference)
        assert made.attrs["engine"] == "compiled"
    assert simulate(everything, days=5)["replication"].eq(0).all()


@needs_numba
@pytest.mark.parametrize("noise", [None, Noise(0.5, Distribution("exponential", 10.0))])
def test_a_run_in_the_memory_of_another_gives_what_a_run_of_its_own_gives(rich, noise):
    model = replace(rich, noise=noise)
    changed = Scenario("x", diagnosis_factor=0.5, prevention=0.3, alert_latency=1.0).apply(model)
    luck = model_runs.numbers_between(model, (30, 130), days=60, seed=3)
    assert len(luck) > 200
    last = None
    for one in (model, changed, model):
        last = model_runs.run_model(one, luck, "compiled", last, over=last is not None)
        own = model_runs.run_model(one, luck, "compiled")
        for measure in CLOCK_ENDS:
            np.testing.assert_array_equal(last.minutes(measure), own.minutes(measure))
        np.testing.assert_array_equal(last.records.facts["path"], own.records.facts["path"])
    assert np.isnan(model_runs.run_model(changed, luck, "compiled").minutes("recovery")).any()


@needs_numba
def test_a_span_in_which_nothing_happens_has_no_minutes(rich):
    luck = model_runs.numbers_between(rich, (0, 3), days=1e-6, seed=1)
    assert not len(luck)
    assert model_runs.run_model(rich, luck, "compiled").minutes("recovery").tolist() == []


@needs_numba
def test_auto_is_compiled_where_it_can_be_and_says_so(four_phases):
    told = simulate(four_phases, days=20).attrs
    assert told["engine"] == "compiled"
    assert told["engine_why"].startswith("compiled; numba is there")


@needs_numba
def test_what_the_compiled_engine_cannot_run_it_names_and_auto_leaves_to_simpy(rich):
    long = replace(rich, paging=Paging(levels=(Distribution("exponential", 4.0),) * 3, repeats=3))
    with pytest.raises(ModelError, match=r"cannot run 9 calls of an escalation \(at most 8\); use engine='simpy'"):
        simulate(long, engine="compiled")
    told = simulate(long, days=20).attrs
    assert told["engine"] == "simpy"
    assert told["engine_why"].startswith("simpy; engine 'compiled' cannot run 9 calls")


@needs_numba
def test_loops_longer_than_their_columns_go_on_by_lot_with_the_same_stamps(rich):
    for seed in range(3):
        model = replace(
            rich, max_rounds=20, verify_pass=0.3, automation_attempts=20, automation_success=0.1, automation_harm=0.2,
            harm=Distribution("constant", 3.0), responders=2,
            routing=Routing(1.0, 0.9, Distribution("exponential", 2.0), 1.0, max_transfers=8),
            automation_run=Distribution("lognormal", -1.0, 1.0),
        )  # fmt: skip
        records = records_of(model, seed, 700)
        assert differing(model, records) == 0
        ended = compiled.run_compiled(records.x, (parameters(model),), records.bounds, pools(model))
        assert (ended["round"] > 5).sum() > 100
        assert (ended["attempt"] > 5).sum() > 100
        assert (ended["transfers"] > 3).sum() > 100


@needs_numba
def test_machine_code_takes_addresses_alone_so_that_it_is_made_once():
    kernel = compiled._kernel()
    with pytest.raises(TypeError, match="No matching definition"):
        kernel.run_replications(*[np.zeros(1, dtype=INCIDENT_OF_MANY_CALLS)] * 7)
    assert len(kernel.run_replications.signatures) == 1


def hidden(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)


def test_without_numba_everything_runs_on_simpy(four_phases, monkeypatch):
    hidden(monkeypatch)
    assert simulate(four_phases, days=20).attrs["engine"] == "simpy"
    with pytest.raises(ModelError, match=r"needs numba, which is not installed; install mttrlab\[fast\]"):
        simulate(four_phases, engine="compiled")


PROGRAM = """
import logging, sys
logging.basicConfig(level=logging.INFO)
from mttrlab.response import *
path = FixPath("other", Distribution("constant", 5.0), 1.0, 1.0)
kind = IncidentType("a", 1.0, diagnose=Distribution("constant", 10.0), paths=(path,))
made = simulate(ResponseModel((kind,)), days=30, engine="compiled")
print(((made["resolved_at"] - made["started_at"]).dt.total_seconds() / 60).median())
"""


def run_copy(root: Path, **environment: str) -> tuple[str, str]:
    given = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "MPLCONFIGDIR": str(root), **environment}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=given, cwd=root, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout.strip(), ran.stderr


@needs_numba
def test_an_edited_callee_changes_the_answer_and_an_unedited_one_is_not_compiled_again(tmp_path):
    package = tmp_path / "mttrlab"
    shutil.copytree(Path(mttrlab.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    cache = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, said = run_copy(tmp_path, **cache)
    again, quiet = run_copy(tmp_path, **cache)
    assert first == again == "15.0"
    assert "Compiling the simulator, once" in said
    assert "Compiling" not in quiet
    source = package / "response" / "engines" / "transition.py"
    before = source.stat()
    text = source.read_text()
    # A callee of a callee, with the file's date put back: what numba's own cache cannot see.
    source.write_text(
        text.replace("s.passed = 1 if not s.wrong", "s.resolved += 60_000_000; s.passed = 1 if not s.wrong")
    )
    assert source.read_text() != text
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    # Python's own cache goes by date and length.
    shutil.rmtree(package / "response" / "engines" / "__pycache__", ignore_errors=True)
    assert run_copy(tmp_path, **cache)[0] == "16.0"


def test_the_cache_lies_where_people_say_or_where_they_may_write(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "mine"))
    assert compiled.cache_folder().parent == tmp_path / "mine"
    monkeypatch.delenv("NUMBA_CACHE_DIR")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert compiled.cache_folder().parent == tmp_path / ".cache" / "mttrlab"
    locked = tmp_path / "a file, no folder"
    locked.write_text("")
    monkeypatch.setenv("HOME", str(locked))
    assert compiled.cache_folder().parent.name.startswith("mttrlab-")


def test_log_files_are_not_filled_and_watched_screens_are_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert compiled._level() == logging.WARNING


def test_the_key_of_the_machine_code_covers_every_file_that_it_is_made_from():
    folder = Path(compiled.__file__).parents[1]
    read = [folder / "engines" / f"{name}.py" for name in ("numba_kernel", "transition")]
    found = set()
    for node in (node for path in read for node in ast.walk(ast.parse(path.read_text()))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("mttrlab.response."):
            room, *module = str(node.module).split(".")[2:]
            found |= {f"{room}/{name}.py" for name in (module or [one.name for one in node.names])}
    assert {"engines/transition.py", "model/responders.py"} <= found
    assert found <= set(compiled._SOURCES)
