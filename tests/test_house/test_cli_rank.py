"""`mttrlab rank` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mttrlab.response import Distribution, IncidentType, ResponseModel, write_model
from tests.test_house.test_cli import mttrlab

IDEAS = (
    "investments:\n"
    "- {name: Runbooks, levers: {diagnosis_factor: [0.5, 0.8, 1.0]}, once: 10000, yearly: 2000}\n"
    "- {name: A second responder, levers: {responders: 2}, yearly: 120000, ramp: none}\n"
)


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """A folder with a model and investments."""
    kind = IncidentType("a", 0.5, diagnose=Distribution("lognormal", 4.0, 1.0))
    write_model(ResponseModel((kind,), responders=1), tmp_path / "m.yml")
    (tmp_path / "ideas.yml").write_text(IDEAS)
    return tmp_path


def rank(there: Path, *more: str):
    quick = ("--draws", "20", "--replications", "20", "--engine", "simpy", "--years", "1")
    return mttrlab("rank", "--model", "m.yml", "--investments", "ideas.yml", *quick, *more, cwd=there)


def test_rank_prints_the_best_first_with_bands_chances_and_what_it_rests_on(there: Path) -> None:
    shown = rank(there, "--csv", "ranked.csv")
    assert shown.returncode == 0, shown.stderr
    for part in (
        "n = 20 draws of what is not known, 20 runs of 1 years each, seed 7",
        "every minute counts whole",
        "P(best)",
        "regret, minutes per 1,000",
        "Knowing everything before choosing is worth",
        "One incident in ten prevented (nobody has priced it) is as good as the best at",
        "diagnosis takes this many times as long: 1 → 0.8 (0.5 to 1)",
    ):
        assert part in shown.stdout
    lines = shown.stdout.splitlines()
    assert next(k for k, line in enumerate(lines) if "Runbooks" in line) < next(
        k for k, line in enumerate(lines) if "A second responder" in line
    )
    assert max(map(len, lines)) <= 200
    written = pd.read_csv(there / "ranked.csv")
    assert written["investment"][0] == "Runbooks"
    again = rank(there, "--csv", "ranked.csv")
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_rank_weighs_money_where_a_minute_has_a_value(there: Path) -> None:
    shown = rank(there, "--minute-value", "10")
    assert "P(worth it)" in shown.stdout
    assert "net a year" in shown.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "ideas.yml: cannot be read"),
        ("scenarios: []", "must hold one list under 'investments'"),
        ("investments: []", "there is no investment to rank"),
        ("investments:\n- {name: a, levers: {warp: 9}}", "investment 1: has no lever warp"),
        ("investments:\n- {name: a, levers: {flagged: [0.5, 0.2, 0.1]}}", "from the lowest over the likely"),
        ("investments:\n- {name: a, once: 40_000 EUR, levers: {flagged: 0.5}}", "once must be a number, or three"),
        ("investments:\n- {name: a, levers: {flagged: 0.5}, levers: {flagged: 0.6}}", "twice"),
    ],
)
def test_a_file_that_is_wrong_gets_one_sentence(there: Path, text: str | None, sentence: str) -> None:
    (there / "ideas.yml").unlink()
    if text is not None:
        (there / "ideas.yml").write_text(text)
    refused = rank(there)
    assert refused.returncode == 1
    assert sentence in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_rank_needs_its_file(there: Path) -> None:
    assert mttrlab("rank", "--model", "m.yml", cwd=there).returncode == 2


def test_the_file_of_a_ranking_runs_no_formula_and_one_that_is_there_is_refused_before_the_work(there: Path) -> None:
    (there / "ideas.yml").write_text("investments:\n- {name: '=1+1', levers: {diagnosis_factor: 0.8}, once: 10}\n")
    assert rank(there, "--csv", "ranked.csv").returncode == 0
    assert pd.read_csv(there / "ranked.csv")["investment"][0] == "'=1+1"
    (there / "ideas.yml").unlink()
    # The file of investments is gone, and nobody has looked for it yet.
    assert "ranked.csv exists already" in rank(there, "--csv", "ranked.csv").stderr
