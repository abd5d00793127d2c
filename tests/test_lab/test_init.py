"""`mttrlab init`: a settings file that can be read as it is, and says what needs a decision."""

from __future__ import annotations

import pytest

from mttrlab.errors import LoadError, SettingsError
from mttrlab.lab import Lab, Settings, init_settings


def filled(exports):
    exports.pager(
        "pd.json",
        [
            {
                "id": "A",
                "at": "2026-03-01T10:00:00",
                "priority": "P1",
                "service": "payment-service",
                "title": "Drill: x",
            },
            {
                "id": "B",
                "at": "2026-03-02T10:00:00",
                "service": 'odd "n": #1',
                "priority": "P2",
                "title": "timeout: a",
            },
            {
                "id": "C",
                "at": "2026-03-03T10:00:00",
                "service": "payment-service",
                "priority": "P2",
                "title": "timeout b",
            },
            {"id": "D", "at": "2026-03-04T10:00:00", "service": "web", "priority": "P2", "title": "upstream timeout"},
        ],
    )
    exports.posts("sp.json", [{"id": "S", "at": "2026-03-01T10:05:00", "services": ["Payment API", "Search"]}])
    (exports.folder / "notes.txt").write_text("nothing to see")
    return exports.folder


def test_what_is_written_can_be_read_and_proposes_aliases_to_check(exports):
    folder = filled(exports)
    path, text, notes = init_settings(folder)
    settings = Settings.read(path)
    assert path.read_text() == text
    assert settings.services == {"payment-service": ("Payment API",)}
    assert "# check: proposed by spelling" in text
    assert settings == Settings(services=settings.services)
    assert "Seen: P2 (3), P1 (1)" in text
    assert "population: drill}  # 1 titles" in text
    assert '{pattern: "timeout", type: "timeout"}  # 3 titles' in text
    assert any("pd.json: pagerduty, 4 incidents" in note for note in notes)
    assert any("left aside: notes.txt" in note for note in notes)


def test_an_existing_file_is_never_overwritten(exports):
    folder = filled(exports)
    (folder / "mttrlab.yml").write_text("slo: 0.9\n")
    with pytest.raises(SettingsError, match="not overwritten"):
        init_settings(folder)
    assert (folder / "mttrlab.yml").read_text() == "slo: 0.9\n"


def test_a_file_without_zone_is_marked_and_loads_once_the_zone_is_written(exports):
    (exports.folder / "local.csv").write_text("incident_id,detected_at,service\na,2026-03-03 10:00,web\n")
    path, text, notes = init_settings(exports.folder)
    assert "timezone: null  # REQUIRED" in text
    assert any("write the zone" in note for note in notes)
    with Lab() as lab:
        with pytest.raises(LoadError, match=r"sources: 'local\.csv': write timezone"):
            lab.load_folder(exports.folder)
        path.write_text(text.replace("timezone: null  # REQUIRED", "timezone: Asia/Tokyo  #"))
        lab.load_folder(exports.folder)
        assert lab.incidents()["detected_at"].astype(str).tolist() == ["2026-03-03 01:00:00+00:00"]


def test_a_folder_without_exports_gets_no_file(exports):
    with pytest.raises(LoadError, match="holds no export"):
        init_settings(exports.folder)
    with pytest.raises(LoadError, match="is no folder"):
        init_settings(exports.folder / "absent")
    assert list(exports.folder.iterdir()) == []
