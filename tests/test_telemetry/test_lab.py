"""Telemetry in the lab: stored once, found again, rebuilt, and the large road gives what the strict one gives."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.lab import telemetry
from mttrlab.lab.rebuilding import rebuild


@pytest.fixture
def metrics(tmp_path: Path) -> Path:
    """Two services, out of order, with all that can be wrong with a row."""
    at = pd.date_range("2026-03-01T12:00Z", periods=300, freq="30s")
    rows = [
        f"{moment:%Y-%m-%dT%H:%M:%SZ},{service},{0.1 + n % 7 / 3:.3f},{100 + n % 11},{50 + n % 5}"
        for n, moment in enumerate(at)
        for service in ("pay", "check out")
    ]
    rows[40:40] = [
        "2026-03-01T12:00:00Z,pay,0.100,100,50",
        "2026-03-01T12:00:30Z,pay,9,100,50",
        "2026-03-01T09:00:00+01:00,pay,NaN,,",
        "2026-03-01T09:00:00Z,pay,-3,100,50",
        "2026-03-01T09:00:30Z, spaced ,1e-05,100.25,1E2",
        "31/02/2026,pay,1,2,3",
        "2026-03-01T24:00:00Z,pay,1,2,3",
    ]
    path = tmp_path / "metrics.csv"
    path.write_text("\n".join(["time,service,error_rate,latency_p95,throughput", *rows]) + "\n")
    return path


def test_the_large_road_gives_what_the_strict_reader_gives(metrics: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ml.Lab() as strict:
        first = strict.load(metrics)
        expected, refused = strict.metrics(), strict.quarantine()
    monkeypatch.setattr(telemetry, "LARGE_FROM", 1)
    called = []
    real = telemetry._stage
    monkeypatch.setattr(telemetry, "_stage", lambda *a: called.append(real(*a)) or called[-1])
    with ml.Lab() as lab:
        second = lab.load(metrics)
        assert called and called[0] is not None
        pd.testing.assert_frame_equal(lab.metrics(), expected)
        pd.testing.assert_frame_equal(lab.quarantine(), refused)
    counts = ("rows", "accepted", "quarantined", "duplicates")
    assert [getattr(first, name) for name in counts] == [getattr(second, name) for name in counts] == [607, 602, 4, 1]


def test_parquet_and_csv_give_the_same(metrics: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    with ml.Lab() as lab:
        lab.load(metrics)
        expected = lab.metrics()
    parquet = tmp_path / "m.parquet"
    with duckdb.connect() as connection:
        connection.register("rows", expected)
        connection.execute(f"COPY (SELECT * FROM rows) TO '{parquet}' (FORMAT parquet)")
    for least in (1, 10**9):
        monkeypatch.setattr(telemetry, "LARGE_FROM", least)
        with ml.Lab() as lab:
            lab.load(parquet)
            pd.testing.assert_frame_equal(lab.metrics(), expected)


def test_loading_twice_changes_nothing_and_says_so(metrics: Path) -> None:
    with ml.Lab() as lab:
        first, second = lab.load(metrics), lab.load(metrics)
        assert "602 metrics; 602 new" in str(first)
        assert second.new == 0 and second.unchanged == first.new
        assert "loaded before" in second.warnings[0]
        assert len(lab.loads()) == 1


def test_a_range_is_asked_under_the_teams_own_name(metrics: Path) -> None:
    with ml.Lab() as lab:
        lab.apply(ml.lab.Settings(services={"payment-service": ["pay"]}))
        lab.load(metrics)
        found = lab.metrics("payment-service", since="2026-03-01T12:10", until="2026-03-01T12:11")
        assert found["at"].dt.strftime("%H:%M:%S").tolist() == ["12:10:00", "12:10:30"]
        assert set(found["service"]) == {"payment-service"}
        assert lab.metrics("pay").empty


def test_of_two_files_the_newer_load_holds_measure_by_measure(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("time,service,error_rate,latency_p95\n2026-03-01T12:00:00Z,pay,1,100\n")
    (tmp_path / "b.csv").write_text("time,service,error_rate\n2026-03-01T12:00:00Z,pay,2\n")
    with ml.Lab() as lab:
        lab.load(tmp_path / "a.csv")
        lab.load(tmp_path / "b.csv")
        assert lab.metrics()[["error_rate", "latency_p95"]].iloc[0].tolist() == [2, 100]


def test_a_lab_with_telemetry_is_built_again(metrics: Path, tmp_path: Path) -> None:
    place = tmp_path / "lab.duckdb"
    with ml.Lab(place) as lab:
        lab.load(metrics)
        expected = lab.metrics()
    assert rebuild(place).loads == 1
    with ml.Lab(place, read_only=True) as lab:
        pd.testing.assert_frame_equal(lab.metrics(), expected)
        assert lab.telemetry()["rows"].sum() == len(expected)


def test_a_refused_file_leaves_the_lab_as_it_was(metrics: Path, tmp_path: Path) -> None:
    broken = tmp_path / "z.csv"
    broken.write_text("time,service,error_rate\n2026-03-01 12:00,pay,1\n")
    with ml.Lab() as lab:
        lab.load(metrics)
        before = lab.metrics()
        with pytest.raises(ml.LoadError, match="no time zone"):
            lab.load(broken)
        pd.testing.assert_frame_equal(lab.metrics(), before)


def test_pages_stand_beside_other_firings_and_can_be_told_apart(tmp_path: Path, root: Path) -> None:
    table = "alert,service,severity,started_at,ended_at\nDisk,pay,warning,2026-04-02T12:00:00Z,\n"
    (tmp_path / "f.csv").write_text(table)
    with ml.Lab() as lab:
        lab.load(root / "data/small/pagerduty.json")
        lab.load(tmp_path / "f.csv")
        found = lab.firings()
        assert found["source"].value_counts().to_dict()["pagerduty"] == len(lab.sql("SELECT * FROM settled"))
        assert len(lab.firings("pay")) == 1
        assert found["started_at"].is_monotonic_increasing
