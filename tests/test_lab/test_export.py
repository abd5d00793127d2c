"""What leaves a lab loads back as the same incidents; anonymised, no word tells whose they are."""

from __future__ import annotations

import stat

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mttrlab.errors import QuestionError, StoreError
from mttrlab.lab import Lab

NAMES = ["=1+1 checkout", "-pay", "@cache", "+data", "'=quoted", 'plain, "quoted" and\nbroken', "café \N{SNOWMAN}"]
_STAMPS = ("started_at", "detected_at", "diagnosed_at", "resolved_at", "verified_at")
_SOME = settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def incident_rows(draw):
    rows = []
    for number in range(draw(st.integers(1, 4))):
        stamps = {}
        for stamp in _STAMPS:
            minute = draw(st.none() | st.integers(0, 59))
            stamps[stamp] = (
                "" if minute is None else f"2026-03-{number + 1:02d}T10:{minute:02d}:{draw(st.integers(0, 59)):02d}"
            )
        stamps["started_at"] = stamps["started_at"] or f"2026-03-{number + 1:02d}T09:59:00"
        text = {name: draw(st.sampled_from(NAMES)) for name in ("title", "service", "team")}
        words = {
            "population": draw(st.sampled_from(["", "drill", "page"])),
            "users": draw(st.sampled_from(["", "0.25"])),
            "reopened": draw(st.sampled_from(["", "true", "false"])),
            "status": draw(st.sampled_from(["open", "closed"])),
        }
        rows.append({"incident_id": f"{draw(st.sampled_from('=-a'))}{number}", **text, **words, **stamps})
    return rows


@_SOME
@given(rows=incident_rows(), name=st.sampled_from(["out.csv", "out.parquet"]))
def test_an_export_loads_back_as_the_same_incidents(exports, rows, name):
    for old in exports.folder.iterdir():
        old.unlink()
    with Lab() as first, Lab() as second:
        first.load(exports.table("t.csv", rows), as_of="2026-04-01T00:00:00Z")
        path = first.export(exports.folder / name)
        report = second.load(path)
        assert report.accepted == report.rows == len(rows)
        pd.testing.assert_frame_equal(first.incidents(population=None), second.incidents(population=None))


def test_an_export_of_several_tools_keeps_its_sources_and_stamps(exports):
    with Lab() as first, Lab() as second:
        first.load(
            exports.pager("pd.json", [{"id": "P", "at": "2026-03-01T10:00:00", "priority": "P1", "title": "=x"}])
        )
        first.load(
            exports.posts("s.json", [{"id": "S", "at": "2026-03-09T10:05:00", "resolved": "2026-03-09T11:00:00"}])
        )
        second.load(first.export(exports.folder / "all.csv"))
        columns = ["incident_id", "source", "title", "population", "exported_at", *_STAMPS, "detected_at_origin"]
        pd.testing.assert_frame_equal(first.incidents()[columns], second.incidents()[columns])


def test_no_text_of_an_export_is_a_formula(exports):
    rows = [
        {"incident_id": f"i{n}", "title": name, "started_at": "2026-03-01T10:00:00"} for n, name in enumerate(NAMES)
    ]
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows))
        told = pd.read_csv(lab.export(exports.folder / "out.csv"), keep_default_na=False)
    assert told["title"].tolist()[:5] == ["'=1+1 checkout", "'-pay", "'@cache", "'+data", "'=quoted"]


def test_an_anonymised_export_tells_no_word_and_keeps_times_and_structure(exports, pseudonym_key):
    words = {
        "service": "Acme Pay", "team": "Blue Team", "title": "Ana restarted db-1", "url": "https://acme.example/1",
        "change_id": "CHG-77", "incident_type": "acme outage", "severity": "Acme red", "fix_path": "flag",
    }  # fmt: skip
    rows = [{"incident_id": f"ACME-{n}", **words, "started_at": f"2026-03-0{n}T10:00:00"} for n in (1, 2)]
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows), source="acme tracker")
        path = lab.export(exports.folder / "out.csv", anonymise=True)
        again = lab.export(exports.folder / "again.csv", anonymise=True)
        with Lab() as other:
            other.load(path)
            found = other.incidents()
    text = path.read_text()
    assert not [word for word in ("acme", "blue", "ana", "db-1", "chg-77") if word in text.lower()]
    assert found["started_at"].dt.day.tolist() == [1, 2]
    assert len(set(found["service"])) == 1
    assert found["incident_id"].nunique() == 2
    assert set(found["fix_path"]) == {"flag"}
    assert again.read_bytes() == path.read_bytes()
    assert stat.S_IMODE(pseudonym_key.stat().st_mode) == 0o600


def test_another_key_gives_other_pseudonyms_and_an_open_key_is_refused(exports, pseudonym_key, monkeypatch):
    with Lab() as lab:
        lab.load(exports.table("t.csv", [{"incident_id": "a", "started_at": "2026-03-01T10:00:00"}]))
        first = lab.export(exports.folder / "first.csv", anonymise=True).read_text()
        monkeypatch.setenv("MTTRLAB_KEY", str(pseudonym_key.with_name("other.key")))
        assert lab.export(exports.folder / "second.csv", anonymise=True).read_text() != first
        pseudonym_key.with_name("other.key").chmod(0o644)
        with pytest.raises(StoreError, match="others may read the key"):
            lab.export(exports.folder / "third.csv", anonymise=True)
        with pytest.raises(QuestionError, match="exists already"):
            lab.export(exports.folder / "first.csv")
        assert not (exports.folder / "third.csv").exists()
