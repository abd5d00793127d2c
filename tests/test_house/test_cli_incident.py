"""The verbs `incident` and `derive`, as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

import mttrlab as ml
from mttrlab.cli import main


@pytest.fixture(scope="module")
def lab(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cli") / "team.duckdb"
    with ml.Lab(path) as made:
        made.load(root / "data/exports/incidents.csv")
        made.load(str(root / "data/telemetry/*"))
    return path


def test_an_incident_is_replayed_as_text_and_as_a_page(
    lab: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "it.html"
    arguments = ["incident", "INC-1473", "--lab", str(lab), "--at", "2026-06-10T10:55Z", "--timeline"]
    assert main([*arguments, "--out", str(page)]) == 0
    told = capsys.readouterr().out
    for words in ("Command center of INC-1473", "=== fraud-service Diagnostic Report", "CHG-33065", "--- Timeline ---"):
        assert words in told
    written = page.read_text()
    assert 'alt="Command center of INC-1473' in written and "data:image/png;base64," in written
    assert main([*arguments, "--out", str(page)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert main([*arguments[:4], "--out", str(tmp_path / "it.doc")]) == 1


def test_an_unknown_incident_is_one_sentence(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["incident", "INC-1437X", "--lab", str(lab)]) == 1
    assert "there is no incident 'INC-1437X' in the lab; did you mean" in capsys.readouterr().err


def test_derive_shows_first_and_writes_then(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--lab", str(lab), "--show"]) == 0
    assert "INC-1478" in capsys.readouterr().out
    with ml.Lab(lab, read_only=True) as before:
        assert "derived" not in set(before.incidents()["started_at_origin"].dropna())
    strict = ["--healthy", "4", "--of", "5", "--error-rate", "0.05", "--latency-p95", "100"]
    assert main(["derive", "--lab", str(lab), "--show", *strict]) == 0
    told = capsys.readouterr().out
    # Nothing is ever that good: all are bad from the first sample on, and no stamp follows.
    assert "onset: 464 unknown, 4 censored" in told and "(no rows)" in told and "INC-1478" not in told
    for wrong in (["--healthy", "4", "--of", "2"], ["--error-rate", "-1"], ["--window-s", "45"]):
        assert main(["derive", "--lab", str(lab), "--show", *wrong]) == 1
        assert "must be" in capsys.readouterr().err
    assert main(["derive", "--lab", str(lab)]) == 0
    assert "(recorded) (derived): 3 records: 3 accepted" in capsys.readouterr().out
    with ml.Lab(lab, read_only=True) as after:
        assert "derived" in set(after.incidents()["started_at_origin"].dropna())
