"""A folder of exports under its settings: all of it, or nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from mttrlab.errors import LoadError, SettingsError
from mttrlab.lab import Lab


@pytest.fixture
def folder(exports):
    exports.posts("b-posts.json", [{"id": "S", "at": "2026-03-01T10:05:00", "services": ["Payments"]}])
    exports.pager("a-pages.json", [{"id": "P", "at": "2026-03-01T10:00:00", "service": "pay-svc"}])
    (exports.folder / "README.md").write_text("ours")
    (exports.folder / "old").mkdir()
    return exports.folder


def test_a_folder_loads_in_name_order_and_says_what_was_left_aside(folder):
    (folder / "mttrlab.yml").write_text("services: {payments: [pay-svc]}\nsources: {'a-*': {source: pd-eu}}\n")
    with Lab() as lab:
        report = lab.load_folder(folder)
        assert [load.format for load in report.loads] == ["pagerduty", "statuspage"]
        assert report.skipped == ("README.md",)
        assert lab.settings.services == {"payments": ("pay-svc",)}
        one = lab.incidents(population=None)
    assert one[["incident_id", "source", "service"]].to_numpy().tolist() == [["P", "pd-eu", "payments"]]
    told = str(report)
    assert "left aside: README.md" in told
    assert report.population in told
    assert report.table()["rows"].tolist() == [1, 1]


def test_one_refused_file_leaves_data_and_settings_as_they_were(folder):
    with Lab() as lab:
        lab.load_folder(folder)
        before = lab.data_hash(), lab.loads()["name"].tolist(), lab.settings
        (folder / "c.json").write_text('{"incidents": [{"id": "x", "incident_updates": [], "broken')
        (folder / "mttrlab.yml").write_text("slo: 0.9\n")
        with pytest.raises(LoadError, match=r"c\.json"):
            lab.load_folder(folder)
        assert (lab.data_hash(), lab.loads()["name"].tolist(), lab.settings) == before
        assert lab.sql("SELECT said FROM settings")["said"].item() == before[2].model_dump_json()


def test_settings_that_cannot_be_refuse_the_folder(folder):
    (folder / "mttrlab.yml").write_text("slo: 9\n")
    with Lab() as lab:
        with pytest.raises(SettingsError, match="slo"):
            lab.load_folder(folder)
        assert lab.loads().empty


def test_the_key_table_of_a_folder_is_no_export(folder):
    (folder / "keys.csv").write_text("id,statuspage,pagerduty,started_at\n1,S,P,\n")
    (folder / "mttrlab.yml").write_text("join: {keys: keys.csv}\n")
    with Lab() as lab:
        report = lab.load_folder(folder)
        assert len(report.loads) == 2
        assert lab.incidents(population=None)["incident_id"].tolist() == ["P"]


def test_loading_a_folder_again_changes_nothing(folder):
    with Lab() as lab:
        lab.load_folder(folder)
        before = lab.data_hash(), lab.loads()["load_id"].tolist()
        again = lab.load_folder(folder)
        assert [load.new for load in again.loads] == [0, 0]
        assert (lab.data_hash(), lab.loads()["load_id"].tolist()) == before


def test_a_file_pattern_that_matches_nothing_is_named(folder):
    (folder / "mttrlab.yml").write_text("sources: {'*.csv': {timezone: UTC}, 'a-*': {source: pager}}\n")
    with Lab() as lab:
        report = lab.load_folder(folder)
    assert [warning for warning in report.warnings if "matches no file" in warning] == [
        "mttrlab.yml: sources: '*.csv' matches no file of this folder; correct or remove it"
    ]


def test_equal_files_of_two_accounts_are_two_loads(exports):
    pages = [{"id": "P", "at": "2026-03-01T10:00:00", "priority": "P1"}]
    exports.pager("eu.json", pages)
    exports.pager("us.json", pages)
    (exports.folder / "mttrlab.yml").write_text("sources: {eu.json: {source: pd-eu}, us.json: {source: pd-us}}\n")
    with Lab() as lab:
        lab.load_folder(exports.folder)
        before = lab.data_hash()
        lab.load_folder(exports.folder)
        assert lab.data_hash() == before
        assert lab.population()["source"].tolist() == ["pd-eu"]
        assert len(lab.loads()) == 2


def test_a_file_that_may_not_be_opened_refuses_the_folder_as_it_may_be_an_export(folder):
    locked = folder / "c-pages.json"
    locked.write_text((folder / "a-pages.json").read_text())
    locked.chmod(0)
    # Root opens every file, unless it gives that right away.
    drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if drop and shutil.which("setpriv") is None:
        pytest.skip("root may open every file here")
    asked = [*drop, sys.executable, "-m", "mttrlab", "quality", str(folder)]
    said = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert said.returncode != 0
    assert "c-pages.json cannot be opened (permission denied)" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_note_of_one_file_is_told_once(exports):
    (exports.folder / "a.csv").write_text("incident_id,started_at\nA,2026-03-01T10:00:00Z\nB,someday\n")
    with Lab() as lab:
        told = str(lab.load_folder(exports.folder))
    assert told.count("kept aside") == 1
