"""What memory cannot hold is refused before it begins, with numbers, and what to do instead works."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.errors import ModelError
from mttrlab.response import Distribution, IncidentType, Noise, ResponseModel, Scenario, simulate, trace
from mttrlab.response.engines import compiled
from mttrlab.response.experiment import memory_limits as limits
from mttrlab.response.experiment import runs as model_runs

PLAIN = ResponseModel((IncidentType("any", 2.0, diagnose=Distribution("exponential", 30.0)),))
FASTER = [Scenario("a", diagnosis_factor=0.5), Scenario("b", prevention=0.1)]
GB = 2**30


@pytest.fixture
def small(monkeypatch):
    """A machine with a gigabyte left."""
    monkeypatch.setattr(limits, "free_memory", lambda: GB)


LARGE = {
    "compare_scenarios": lambda model: compare_scenarios(model, FASTER, replications=100_000),
    "keep_baseline": lambda model: keep_baseline(model, replications=100_000),
    "simulate": lambda model: simulate(model, replications=100_000),
}


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("call", LARGE)
def test_a_run_that_memory_cannot_hold_is_refused_at_once_with_numbers(call):
    begin = time.monotonic()
    with pytest.raises(ModelError) as refusal:
        LARGE[call](PLAIN)
    assert time.monotonic() - begin < 1
    said = str(refusal.value)
    assert "73,000,000 incidents" in said
    assert re.search(r"needs? [\d,.]+ GB of memory, and [\d,.]+ [GM]B may be taken; ask for", said)
    assert "\n" not in said


@pytest.mark.usefixtures("small")
def test_as_many_replications_as_the_refusal_names_are_let_through(monkeypatch):
    with pytest.raises(ModelError, match="at most") as refusal:
        compare_scenarios(PLAIN, FASTER, replications=100_000)
    most = int(re.search(r"at most ([\d,]+) replications", str(refusal.value))[1].replace(",", ""))
    size = {"n_jobs": 1, "engine": "simpy"}
    assert limits.max_comparable(PLAIN, 365, most, 2, **size, fewest=most) == most
    assert limits.max_comparable(PLAIN, 365, 10**6, 2, **size, fewest=1) < 1.1 * most


@pytest.mark.usefixtures("small")
def test_pages_that_are_no_incident_take_memory_too():
    quiet = replace(PLAIN, responders=5)
    keep_baseline(quiet, days=30, replications=10)
    with pytest.raises(ModelError, match="incidents at once"):
        compare_scenarios(
            replace(quiet, noise=Noise(1e5, Distribution("constant", 0.01))), [], days=30, replications=10
        )


@pytest.mark.usefixtures("small")
def test_a_story_and_refits_are_measured_as_well():
    with pytest.raises(ModelError, match="days hold about"):
        trace(replace(PLAIN, types=(replace(PLAIN.types[0], per_day=50_000.0),)), days=365)
    crowd = replace(PLAIN, types=(replace(PLAIN.types[0], per_day=5_000.0),))
    with pytest.raises(ModelError, match="a kept baseline of 50 replications"):
        compare_scenarios(PLAIN, FASTER, replications=10, refits=[crowd] * 5)


def test_a_run_until_enough_is_known_ends_where_memory_does_and_says_so(monkeypatch):
    monkeypatch.setattr(limits, "free_memory", lambda: int(1.49 * model_runs.INCIDENTS_AT_ONCE * limits.HELD_BYTES))
    made = compare_scenarios(PLAIN, FASTER, replications=1_000_000, half_width=0.0001, days=10)
    n = int(made["replications"].iloc[0])
    assert 200 <= n < 100_000
    assert made.attrs["unfinished"] == f"{n} of 1000000 replications: memory holds no more"
    assert made.attrs["half_width"] > 0.0001


def test_what_containers_allow_counts_and_files_that_nobody_needs_do_not(tmp_path):
    (tmp_path / "memory.max").write_text(str(4 * GB))
    (tmp_path / "memory.current").write_text(str(3 * GB))
    (tmp_path / "memory.stat").write_text(f"anon 5\ninactive_file {GB // 2}\nactive_file 7\n")
    assert limits._control_group(tmp_path) == [GB + GB // 2]
    (tmp_path / "memory.max").write_text("max")
    assert limits._control_group(tmp_path) == []
    assert 0 < limits.free_memory() <= limits._machine()


PEAK = """
import sys
from mttrlab.decisions import compare_scenarios, keep_baseline
from mttrlab.response import FixPath, IncidentType, Distribution, ResponseModel, Scenario, simulate
fix = FixPath("rollback", Distribution("lognormal", 2.0, 0.6), 1.0, 1.0)
gamma = Distribution("gamma", 1.5, 20.0)
kind = IncidentType("any", 5.0, diagnose=gamma, paths=(fix,), verify=Distribution("constant", 5.0))
model = ResponseModel((kind,), responders=2, verify_pass=0.8, difficulty=0.4)
ways = [Scenario("a", diagnosis_factor=0.5), Scenario("b", prevention=0.1), Scenario("c", responders=3)]
run = {
    "compare_scenarios": lambda **how: compare_scenarios(model, ways, **how),
    "keep_baseline": lambda **how: keep_baseline(model, **how).against(ways[0]),
    "simulate": lambda **how: simulate(model, **how),
}[sys.argv[1]]
run(days=30, replications=2, engine=sys.argv[2])
def peak():
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
before = peak()
run(days=80, replications=50, engine=sys.argv[2])
print(peak() - before)
"""


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
@pytest.mark.parametrize("call", LARGE)
def test_no_run_takes_more_than_was_estimated(call, engine):
    if engine == "compiled" and not compiled.numba_installed():
        pytest.skip("no numba")
    if not sys.platform.startswith("linux"):
        pytest.skip("no /proc")
    ran = subprocess.run([sys.executable, "-c", PEAK, call, engine], capture_output=True, text=True, check=True)
    expected = limits.expected_rows(replace(PLAIN, types=(replace(PLAIN.types[0], per_day=5.0),)), 80) * 50
    each = {
        "compare_scenarios": limits.HELD_BYTES + 6 * limits.MINUTES_BYTES,
        "keep_baseline": limits.KEPT_BYTES,
        "simulate": limits.HELD_BYTES + limits.ROW_BYTES,
    }
    # What a process takes once, whatever it runs, is told apart by an allowance of some megabytes.
    assert int(ran.stdout) < each[call] * expected + limits.OBJECT_BYTES * expected / 50 + 12e6
