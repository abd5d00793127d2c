"""The command line as a person meets it: what it prints, where, and the exit code."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

from mttrlab.cli import main
from mttrlab.response import Distribution, Impact, IncidentType, ResponseModel, write_model

INCIDENT = "incident_id,service,started_at,detected_at,diagnosed_at,resolved_at,verified_at\n"
ROW = "I-{n},pay,2026-05-{d:02d}T10:00:00Z,2026-05-{d:02d}T10:05:10Z,2026-05-{d:02d}T10:20:00Z,{r},{v}\n"


class Ran(NamedTuple):
    """What a run of the command line left behind."""

    returncode: int
    stdout: str
    stderr: str


def mttrlab(*arguments: str | Path, cwd: Path) -> Ran:
    """Run the command line in this process: the same door, without a new interpreter each time."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stop:
            code = int(stop.code or 0)
    return Ran(code, out.getvalue(), err.getvalue())


def process(*arguments: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mttrlab", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A canonical export: twenty closed incidents in May, one open since 29 May, a last stamp in June."""
    rows = [
        ROW.format(n=d, d=d, r=f"2026-05-{d:02d}T10:{30 + d}:00Z", v=f"2026-05-{d:02d}T10:{35 + d}:00Z")
        for d in range(1, 21)
    ]
    rows.append("I-90,pay,2026-05-29T10:00:00Z,2026-05-29T10:04:00Z,,,\n")
    rows.append("I-91,pay,2026-06-02T10:00:00Z,2026-06-02T10:04:00Z,,2026-06-02T11:00:00Z,2026-06-02T11:09:00Z\n")
    path = tmp_path / "team.csv"
    path.write_text(INCIDENT + "".join(rows))
    return path


def test_load_then_review_writes_the_page_and_says_where(export: Path, tmp_path: Path) -> None:
    loaded = process("load", export.name, cwd=tmp_path)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert "22" in loaded.stdout
    reviewed = mttrlab("review", cwd=tmp_path)
    assert (reviewed.returncode, reviewed.stderr) == (0, "")
    page = tmp_path / "reviews" / "mttr-review-2026-05.html"
    assert str(page.relative_to(tmp_path)) in reviewed.stdout
    assert "<html" in page.read_text()


def test_loading_again_changes_nothing_and_says_so(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    again = mttrlab("load", export.name, cwd=tmp_path)
    assert again.returncode == 0
    assert "unchanged" in again.stdout


def test_a_folder_is_loaded_whole_as_its_settings_say(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    export.rename(folder / export.name)
    (folder / "mttrlab.yml").write_text("services:\n  payments: [pay]\n")
    (folder / "notes.txt").write_text("nothing to load\n")
    loaded = mttrlab("load", "exports", cwd=tmp_path)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    assert "22 records: 22 accepted" in loaded.stdout
    assert "Not an export, left aside: notes.txt." in loaded.stdout
    assert "payments" in mttrlab("quality", "--by", "service", cwd=tmp_path).stdout
    again = mttrlab("load", "exports", "--table", cwd=tmp_path)
    assert "this file was loaded before; nothing changed" in again.stdout


@pytest.mark.parametrize("said", [["--timezone", "UTC"], ["--column", "a=detected_at"], ["--keep-raw"]])
def test_what_is_said_of_files_is_refused_for_a_folder(said: list[str], export: Path, tmp_path: Path) -> None:
    refused = mttrlab("load", ".", *said, cwd=tmp_path)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert f"a folder, which is loaded as its mttrlab.yml says; {said[0]} is for files" in refused.stderr
    assert not (tmp_path / "mttrlab.duckdb").exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("missing.csv", None, "missing.csv"),
        ("empty.csv", b"", "empty.csv"),
        ("page.csv", b"<!DOCTYPE html><html><body>Log in</body></html>", "page.csv"),
        ("half.csv", (INCIDENT + 'I-1,pay,2026-05-01T10:00:00Z,2026-05-01T10:01:00Z,"half a li').encode(), "half.csv"),
        ("half.json", b'{"incidents": [{"id": "P1", "created_at": "2026-', "half.json"),
        ("zoneless.csv", (INCIDENT + "I-1,pay,2026-05-01 10:00,2026-05-01 10:01,,,\n").encode(), "timezone"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(64), "photo.png"),
    ],
)
def test_a_bad_file_gets_one_sentence_and_the_lab_stays_as_it_was(
    name: str, content: bytes | None, says: str, export: Path, tmp_path: Path
) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    before = mttrlab("quality", cwd=tmp_path).stdout
    if content is not None:
        (tmp_path / name).write_bytes(content)
    refused = mttrlab("load", name, cwd=tmp_path)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert says in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "Traceback" not in refused.stderr
    assert mttrlab("quality", cwd=tmp_path).stdout == before


@pytest.mark.parametrize("month", ["2031-01", "2026-13", "June", "2026-6"])
def test_a_month_that_is_not_there_is_refused_with_the_window(month: str, export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    refused = mttrlab("review", "--month", month, cwd=tmp_path)
    assert refused.returncode == 1
    assert month in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "reviews").exists()


def test_one_refused_file_refuses_the_whole_folder(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    export.rename(folder / "a.csv")
    (folder / "b.json").write_text('{"incidents": [{"id": "P1", "log_entries": [], "created_at": "2026-')
    refused = mttrlab("review", folder, cwd=tmp_path)
    assert refused.returncode == 1
    assert "b.json" in refused.stderr
    assert not (tmp_path / "reviews").exists()


def test_files_that_are_no_export_are_listed(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    export.rename(folder / "a.csv")
    (folder / "notes.txt").write_text("call Ana about the pager")
    reviewed = mttrlab("review", folder, cwd=tmp_path)
    assert reviewed.returncode == 0
    assert "notes.txt" in reviewed.stdout


def test_wrong_arguments_exit_with_two(tmp_path: Path) -> None:
    assert mttrlab("lod", "a.csv", cwd=tmp_path).returncode == 2
    assert mttrlab("simulate", "--replications", "0", cwd=tmp_path).returncode == 2


def test_a_verb_without_a_lab_says_how_to_make_one(tmp_path: Path) -> None:
    refused = mttrlab("review", cwd=tmp_path)
    assert refused.returncode == 1
    assert "mttrlab load" in refused.stderr


def test_init_writes_settings_once_and_the_review_reads_them(export: Path, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    export.rename(folder / "team.csv")
    first = mttrlab("init", folder, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert (folder / "mttrlab.yml").is_file()
    assert mttrlab("init", folder, cwd=tmp_path).returncode == 1
    assert mttrlab("review", folder, cwd=tmp_path).returncode == 0


def test_simulate_shows_a_lever_beside_the_baseline(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    shown = mttrlab("simulate", "--lever", "alert_latency=2", "--replications", "20", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "; luck only" in shown.stdout
    assert "alert_latency=2" in shown.stdout
    assert "Engine: " in shown.stdout
    assert "n = 20 replications of 365 days, seed 7" in shown.stdout
    assert "Half-width: every number is known to" in shown.stdout


ON_CALL = """
on_call:
  - name: payments
    services: [pay]
    levels:
      - {pool: responders, people: 2, ack_timeout_minutes: 5, ack_minutes: 4}
"""


def test_simulate_takes_the_people_of_the_loaded_schedules(export: Path, tmp_path: Path) -> None:
    (tmp_path / "on-call.yml").write_text(ON_CALL)
    for loaded in (export.name, "on-call.yml"):
        assert mttrlab("load", loaded, cwd=tmp_path).returncode == 0
    quick = ("--replications", "20", "--days", "60", "--lever", "shift_people=1")
    by_name, as_printed = (
        mttrlab("simulate", "--responders", who, *quick, cwd=tmp_path) for who in ("on call", "on-call")
    )
    assert by_name.returncode == 0, by_name.stderr
    assert by_name.stdout == as_printed.stdout
    assert "2 → 1" in by_name.stdout
    nobody = mttrlab("simulate", "--responders", "many", *quick, cwd=tmp_path)
    assert nobody.returncode == 2
    assert "must be a whole number of people, or 'on call', got 'many'" in nobody.stderr


def test_simulate_takes_scenarios_from_a_file_up_to_a_half_width(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    (tmp_path / "ideas.yml").write_text(
        "scenarios:\n- {name: Prevention, levers: {prevention: 0.1}}\n- {name: Three, levers: {responders: 3}}\n"
    )
    wanted = ("--scenarios", "ideas.yml", "--responders", "2", "--engine", "simpy", "--days", "60")
    shown = mttrlab("simulate", *wanted, "--half-width", "0.000001", "--replications", "20", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "Prevention" in shown.stdout
    assert "responders: 2 → 3" in shown.stdout
    assert "Engine: simpy, as asked" in shown.stdout
    assert "NOT reached" in shown.stdout
    both = mttrlab("simulate", *wanted, "--lever", "prevention=0.1", cwd=tmp_path)
    assert both.returncode == 1
    assert "not both" in both.stderr


def test_simulate_writes_a_file_and_leaves_one_that_is_there(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    wanted = ("--to", "runs.parquet", "--replications", "3", "--days", "60", "--engine", "simpy")
    shown = mttrlab("simulate", *wanted, cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "in 3 replications" in shown.stdout
    assert (tmp_path / "runs.parquet").is_file()
    again = mttrlab("simulate", *wanted, cwd=tmp_path)
    assert again.returncode == 1
    assert "exists already" in again.stderr
    wrong = mttrlab("simulate", "--to", "runs.csv", cwd=tmp_path)
    assert wrong.returncode == 1
    assert ".parquet" in wrong.stderr


def test_a_fitted_model_is_written_corrected_and_run(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    shown = mttrlab("fit", "--to", "model.yml", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "Fitted to history:\n  arrivals (n = 22): 22 incidents" in shown.stdout
    assert "Borrowed, from neither" in shown.stdout
    text = (tmp_path / "model.yml").read_text()
    assert "verify_pass" not in text
    (tmp_path / "model.yml").write_text(text + "verify_pass: 0.5\n")
    wanted = ("simulate", "--model", "model.yml", "--lever", "verify_pass=1", "--replications", "20", "--days", "60")
    told = mttrlab(*wanted, cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "Check: not yet checked against history" in told.stdout
    assert "chance that a fix holds: 50% → 100%" in told.stdout
    assert "data of the model model.yml" in told.stdout
    for more, why in [
        (("--refits", "5"), "leave out --refits"),
        (("--responders", "2", "--lab", "mttrlab.duckdb"), "leave out --lab, --responders"),
    ]:
        refused = mttrlab(*wanted, *more, cwd=tmp_path)
        assert refused.returncode == 1
        assert why in refused.stderr
    assert "exists already" in mttrlab("fit", "--to", "model.yml", cwd=tmp_path).stderr
    (tmp_path / "model.yml").write_text(text + "responders: many\n")
    wrong = mttrlab(*wanted, cwd=tmp_path)
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert wrong.stderr == "mttrlab: model.yml: responders must be a whole number; got 'many'\n"


def test_refits_show_what_the_fit_does_not_know(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    wanted = ("simulate", "--lever", "alert_latency=2", "--replications", "20", "--days", "60")
    shown = mttrlab(*wanted, "--refits", "6", cwd=tmp_path)
    assert shown.returncode == 0, shown.stderr
    assert "luck, and what the fit does not know apart" in " ".join(shown.stdout.split())
    assert "6 refits to resampled history" in shown.stdout
    assert "refits: saved an incident" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) < 250
    few = mttrlab(*wanted, "--refits", "2", cwd=tmp_path)
    assert (few.returncode, few.stdout) == (1, "")
    assert "n of refits must be a whole number from 5 to 1000; got 2" in few.stderr


def test_an_unknown_lever_is_refused_with_the_list(export: Path, tmp_path: Path) -> None:
    mttrlab("load", export.name, cwd=tmp_path)
    refused = mttrlab("simulate", "--lever", "warp=9", cwd=tmp_path)
    assert refused.returncode == 1
    assert "has no lever warp; the nearest are" in refused.stderr
    assert "mttrlab simulate --levers, lists all" in refused.stderr


def test_a_lever_holds_for_the_types_and_pools_that_are_named(tmp_path: Path) -> None:
    kinds = "".join(f"- {{name: {name}, per_day: 1.0, diagnose: {{constant: 5}}}}\n" for name in ("a", "b"))
    (tmp_path / "m.yml").write_text(f"types:\n{kinds}pools:\n- {{name: core, people: 3}}\n")
    wanted = ("simulate", "--model", "m.yml", "--replications", "5", "--days", "30", "--engine", "simpy")
    for lever, only, says in (
        ("diagnosis_factor=0.5", ("--only-types", "a"), "(of a alone)"),
        ("pool_people=2", ("--only-pools", "core"), "people of a pool beside its shifts: 3 → 2 (of core alone)"),
    ):
        shown = mttrlab(*wanted, "--lever", lever, *only, cwd=tmp_path)
        assert shown.returncode == 0, shown.stderr
        assert says in shown.stdout
    refused = mttrlab(*wanted, "--only-pools", "core", cwd=tmp_path)
    assert refused.returncode == 1
    assert "say where --lever NAME=VALUE holds" in refused.stderr


def test_a_hostile_title_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "incident_id,title,started_at\nI-1,x,\x1b[2Jnot a time\nI-2,y,2026-05-01T10:00:00Z\n"
    )
    mttrlab("load", "a.csv", cwd=tmp_path)
    shown = mttrlab("quality", "--quarantine", cwd=tmp_path)
    assert shown.returncode == 0
    assert "\x1b" not in shown.stdout
    assert "not a time" in shown.stdout


def test_the_host_zone_changes_no_number(export: Path, tmp_path: Path) -> None:
    assert mttrlab("review", tmp_path, "--out", tmp_path / "here", cwd=tmp_path).returncode == 0
    done = process("review", tmp_path, "--out", tmp_path / "there", cwd=tmp_path, TZ="America/New_York")
    assert done.returncode == 0, done.stderr
    name = "mttr-review-2026-05.html"
    assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_even_a_fault_of_ours_is_a_sentence_and_the_traceback_is_there_for_who_asks(
    export: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("mttrlab.lab.Lab.load", broken)
    refused = mttrlab("load", export.name, cwd=tmp_path)
    assert refused.returncode == 1
    assert "ZeroDivisionError" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    monkeypatch.setenv("MTTRLAB_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        mttrlab("load", export.name, cwd=tmp_path)


def test_practices_are_asked_by_three_verbs_and_their_absence_is_a_sentence(export: Path, tmp_path: Path) -> None:
    lab = tmp_path / "team.duckdb"
    mttrlab("load", export, "--lab", lab, cwd=tmp_path)
    for verb in ("coverage", "runbooks", "capability"):
        refused = mttrlab(verb, "--lab", lab, cwd=tmp_path)
        assert refused.returncode == 1 and "no practices are loaded" in refused.stderr
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "alerts:\n  - {rule: '[P1] pay_error_rate > 5% for 5 minutes', service: pay}\n"
        "remediation:\n  - {alert: pay_error_rate, action: {type: restart}}\n"
        "runbooks:\n  - {name: All, service: pay}\n",
        encoding="utf-8",
    )
    loaded = mttrlab("load", rules, "--lab", lab, cwd=tmp_path)
    assert "1 alert, 1 remediation rule, 1 runbook; 3 new" in loaded.stdout
    told = mttrlab("coverage", "--lab", lab, "--all", "--figure", "map.png", cwd=tmp_path)
    assert told.returncode == 0 and "1 services × 5 failure modes: 1 of 5 have an alert" in told.stdout
    assert (tmp_path / "map.png").stat().st_size > 10_000
    assert "pay_error_rate" in mttrlab("runbooks", "--remediation", "--lab", lab, cwd=tmp_path).stdout
    for option in ("--types", "--rollback", "--automation", "--levers", "--by=minutes"):
        assert mttrlab("runbooks", option, "--lab", lab, cwd=tmp_path).returncode == 0
    shown = mttrlab("capability", "--lab", lab, cwd=tmp_path)
    assert shown.returncode == 0 and "Monitoring alerts work" in shown.stdout
    assert "the practices of no level are shown whole" in shown.stdout


def test_what_a_worse_scenario_costs_users_is_said_as_a_cost(tmp_path):
    kind = IncidentType("a", 1.0, diagnose=Distribution("exponential", 30.0))
    write_model(ResponseModel((kind,), users=(Impact((0.5,)),)), tmp_path / "m.yml")
    wanted = ("simulate", "--model", "m.yml", "--replications", "20", "--days", "60", "--engine", "simpy")
    worse = mttrlab(*wanted, "--lever", "arrivals_factor=2", cwd=tmp_path)
    assert worse.returncode == 0 and "hit it costs " in worse.stdout and "hit it saves" not in worse.stdout
    assert "(-" not in worse.stdout.split("hit it costs ")[1]
    better = mttrlab(*wanted, "--lever", "prevention=0.5", cwd=tmp_path)
    assert "hit it saves " in better.stdout


def test_what_changed_is_said_by_changes_trend_and_compare_alike(root: Path, tmp_path: Path) -> None:
    run = partial(mttrlab, cwd=tmp_path)
    lab = tmp_path / "lab.duckdb"
    run("load", root / "data/exports", "--lab", lab)
    said = run("changes", "--lab", lab).stdout
    first = said.splitlines()[0]
    assert first.startswith("Finding the cause is faster since")
    assert "95 % sure" in said
    assert "runbooks" in said
    assert first in run("compare", "--lab", lab).stdout
    assert first in run("trend", "--lab", lab).stdout
    for verb in ("months", "trend", "compare", "maturity"):
        for asked in (["--measure", "diagnose"], ["--from", "acknowledged_at", "--to", "resolved_at"]):
            assert run(verb, "--lab", lab, *asked).returncode == 0
    refused = run("trend", "--lab", lab, "--from", "acknowledged_at")
    assert refused.returncode == 1
    assert "--to MILESTONE" in refused.stderr


def test_an_event_is_recorded_from_the_command_line(root: Path, tmp_path: Path) -> None:
    run = partial(mttrlab, cwd=tmp_path)
    lab = tmp_path / "lab.duckdb"
    run("load", root / "data/small", "--lab", lab)
    assert "Kept: flags" in run("annotate", "--event", "2026-03-01", "--name", "flags", "--lab", lab).stdout
    assert "known already" in run("annotate", "--event", "2026-03-01", "--name", "flags", "--lab", lab).stdout
    refused = run("annotate", "--event", "March", "--name", "flags", "--lab", lab)
    assert refused.returncode == 1
    assert "2026-01-15" in refused.stderr
    assert run("annotate", "--event", "2026-03-01", "--name", "x", "--lab", tmp_path / "none").returncode == 1
