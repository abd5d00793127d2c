from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.errors import QuestionError, SchemaError, SettingsError
from mttrlab.lab import rebuild
from mttrlab.lab.settings import Settings

RUNBOOKS = pd.DataFrame({"date": ["2026-01-15"], "name": ["runbooks"], "moves": ["diagnose"]})


def test_an_event_is_kept_once_and_survives_a_rebuild(tmp_path: Path) -> None:
    path = tmp_path / "lab.duckdb"
    with ml.Lab(path) as lab:
        assert lab.events() == ()
        assert lab.record(RUNBOOKS, kind="events").accepted == 1
        assert lab.record(RUNBOOKS, kind="events").duplicates == 1
        (event,) = lab.events()
        assert (event.name, event.moves, f"{event.at:%Y-%m-%d}") == ("runbooks", "diagnose", "2026-01-15")
        assert lab.loads()["format"].tolist() == ["events", "events"]
    rebuild(path)
    with ml.Lab(path, read_only=True) as lab:
        assert lab.events() == (event,)


def test_events_of_the_settings_and_of_the_lab_stand_together() -> None:
    with ml.Lab() as lab:
        lab.apply(Settings.checked({"events": [{"date": "2026-02-01", "name": "flags", "moves": "resolve"},
                                               {"date": "2026-01-15", "name": "runbooks"}]}))  # fmt: skip
        lab.record(RUNBOOKS, kind="events")
        assert [event.name for event in lab.events()] == ["runbooks", "flags"]
        assert lab.incidents().attrs["events"] == lab.events()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"date": "15.1.", "name": "x"}, "the date must look like 2026-01-15"),
        ({"date": "2026-01-15", "name": "  "}, "say what happened on 2026-01-15"),
        ({"date": "2026-01-15", "name": "x", "moves": "speed"}, "measure must be one of"),
    ],
)
def test_an_event_that_says_too_little_is_refused_and_nothing_is_kept(row: dict[str, str], words: str) -> None:
    with ml.Lab() as lab:
        with pytest.raises(QuestionError, match=words):
            lab.record(pd.DataFrame([{"date": "2026-01-01", "name": "fine"}, row]), kind="events")
        assert lab.events() == ()
        with pytest.raises(SchemaError, match="events lack name"):
            lab.record(pd.DataFrame({"date": ["2026-01-01"]}), kind="events")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"measures": {"detect": ["started_at", "detected_at"]}}, "has a meaning already"),
        ({"measures": {"x": ["acknowledged_at", "detected_at"]}}, "comes before"),
        ({"measures": {"x": ["acknowledged", "detected_at"]}}, "no milestone"),
        ({"events": [{"date": "2026-02-30", "name": "x"}]}, "no day"),
        ({"events": [{"date": "2026-02-01", "name": "x", "moves": "speed"}]}, "measure must be one of"),
    ],
)
def test_settings_refuse_measures_and_events_that_mean_nothing(said: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        Settings.checked(said)


def test_a_measure_of_the_teams_own_goes_through_the_estimators() -> None:
    with ml.Lab() as lab:
        lab.load_folder("data/exports")
        lab.apply(Settings.checked({"measures": {"time_to_engage": ["detected_at", "acknowledged_at"]}}))
        own, known = lab.incidents(), "acknowledge"
        phases = ml.phase_durations(lab)
        pd.testing.assert_series_equal(phases["time_to_engage"], phases[known], check_names=False)
        for ask in (ml.monthly_mttr, ml.monthly_limits, ml.trend, ml.maturity, ml.pool_services):
            by_name, by_pair = ask(own, measure="time_to_engage"), ask(own, measure="detected_to_acknowledged")
            drop = [name for name in ("measure",) if name in by_name]
            pd.testing.assert_frame_equal(by_name.drop(columns=drop), by_pair.drop(columns=drop))
        assert "time_to_engage" in set(ml.what_changed(lab, groups=False)["measure"])
        with pytest.raises(QuestionError, match="time_to_engage"):
            ml.trend(own, measure="time_to_nothing")
