"""The verbs that tell what the incidents say, as a person meets them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from mttrlab.cli import main

HEAD = "incident_id,service,severity,started_at,detected_at,diagnosed_at,resolved_at,verified_at\n"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty incidents from January to June; from April on each takes a third of the time; one is still open."""
    folder = tmp_path_factory.mktemp("telling")
    rows = []
    for i in range(60):
        at = pd.Timestamp("2026-01-02T10:00Z") + pd.Timedelta(days=3 * i)
        scale = (1 + i * 7 % 10) / (1 if at.month < 4 else 3)
        stamps = [at + pd.Timedelta(minutes=m * scale) for m in (0, 3, 20, 31, 36)]
        rows.append(f"I-{i},{'pay' if i % 2 else 'web'},SEV2," + ",".join(f"{s:%Y-%m-%dT%H:%M:%SZ}" for s in stamps))
    rows.append("I-90,pay,SEV2,2026-07-01T09:00:00Z,2026-07-01T09:05:00Z,,,")
    (folder / "team.csv").write_text(HEAD + "\n".join(rows) + "\n")
    assert main(["load", str(folder / "team.csv"), "--lab", str(folder / "team.duckdb")]) == 0
    return folder / "team.duckdb"


def told(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main([str(argument) for argument in arguments]) == 0
    return capsys.readouterr().out


def test_compare_says_better_names_its_clock_and_where_the_minutes_went(
    lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = told(capsys, "compare", "--lab", lab, "--before", "2026-01..2026-03", "--after", "2026-04..2026-06")
    assert "Clock: recovery; only recorded stamps are used" in said
    assert "Better: a typical incident took" in said
    assert "from finding the cause" in said
    assert "p_better" in said and "nan" not in said
    by_service = told(capsys, "compare", "--lab", lab, "--by", "service")
    assert "pay" in by_service and "p_adjusted" in by_service


def test_of_fewer_than_five_incidents_the_count_or_the_times_stand_in_the_place_of_an_average(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        "a,pay,P1,2026-05-03T10:00Z,2026-05-03T10:05Z,2026-05-03T10:25Z,2026-05-03T11:00Z,2026-05-03T11:10Z",
        "b,pay,P2,2026-05-09T10:00Z,2026-05-09T10:02Z,2026-05-09T10:30Z,2026-05-09T10:50Z,2026-05-09T11:00Z",
        "c,pay,P1,2026-06-03T10:00Z,2026-06-03T10:15Z,2026-06-03T11:25Z,2026-06-03T14:00Z,2026-06-03T14:10Z",
    ]
    (tmp_path / "team.csv").write_text(HEAD + "\n".join(rows) + "\n")
    for verb in (["phases"], ["phases", "--clocks"], ["months"], ["months", "--averages"], ["maturity"]):
        said = told(capsys, *verb, tmp_path)
        assert "n = 2" in said or "n = 3" in said
        # The means: of the phases, of the clocks, of May.
        assert not [mean for mean in ("7.33", "39.3", "126", "65.0 ", " 65 ") if mean in said]
    said = told(capsys, "compare", tmp_path, "--before", "2026-05", "--after", "2026-06")
    assert "(before 60 min and 70 min; after 4.2 h)" in said
    assert "Too few to explain what moved the average (2 incidents before, 1 after)." in said


def test_every_verb_answers_from_a_lab_and_writes_its_table_unrounded(
    lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "diagnose" in told(capsys, "phases", "--lab", lab, "--by", "service", "--csv", tmp_path / "phases.csv")
    saved = pd.read_csv(tmp_path / "phases.csv")
    assert len(saved) == 8 and saved["mean"].notna().all()
    assert "2026-03" in told(capsys, "months", "--lab", lab)
    assert "Getting better" in told(capsys, "trend", "--lab", lab)
    assert "Intermediate" in told(capsys, "maturity", "--lab", lab, "--months", "2026-04..2026-06")
    assert "p_blown" in told(capsys, "downtime", "--lab", lab, "--slo", "0.99")
    needed = told(capsys, "needed", "--per-month", 10)
    assert "493 incidents in each period: at 10 a month 49.3 months" in needed
    assert "By raw averages it takes 1,214: 121.4 months." in needed
    own = told(capsys, "needed", "--lab", lab, "--from", "detected_at", "--to", "diagnosed_at")
    assert "Clock: detected to diagnosed" in own and "geometric mean" in own
    curve = told(capsys, "survival", "--lab", lab, "--measure", "diagnose", "--figure", tmp_path / "curve.svg")
    assert "Clock: diagnose" in curve and "The longest tenth of 60 incidents holds" in curve
    assert (tmp_path / "curve.svg").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["compare", "--before", "2026-03..2026-01"], "months look like 2026-01 or 2026-01..2026-03"),
        (["months", "--service", "nobody"], "no incident is of service 'nobody'"),
        (["trend", "--measure", "mttr"], "measure"),
        (["phases", "--by", "colour"], "no column"),
        (["maturity", "--months", "2031-01"], "no incident began in 2031-01"),
        (["needed", "--reduction", "1.5"], "reduction must lie between 0 and 1"),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, list) else "",
)
def test_a_wrong_question_gets_one_sentence(
    arguments: list[str], sentence: str, lab: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = [] if arguments[0] == "needed" else ["--lab", str(lab)]
    assert main([*arguments, *source]) == 1
    captured = capsys.readouterr()
    assert sentence in captured.err
    assert len(captured.err.strip().splitlines()) == 1
