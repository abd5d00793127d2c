"""A lab is built again from the files that its ledger names, or the sentence says which are not there."""

from __future__ import annotations

import stat

import duckdb
import pandas as pd
import pytest

from mttrlab.errors import LoadError, QuestionError, StoreError
from mttrlab.lab import Lab, Settings, rebuild
from mttrlab.lab.settings import Population

ROWS = [
    {"incident_id": "1", "started_at": "2026-03-01T10:00:00", "resolved_at": "2026-03-01T11:00:00", "population": ""},
    {"incident_id": "2", "started_at": "2026-03-02T10:00:00", "resolved_at": "", "population": "drill"},
]
NOTE = pd.DataFrame(
    [{"incident_id": "1", "milestone": "detected_at", "time": "2026-03-01T10:05Z", "who": "Ana", "why": ""}]
)


@pytest.fixture
def path(exports, tmp_path, monkeypatch):
    """A lab of a table, a pager export of local times, a worksheet, a recorded annotation and settings of its own."""
    local = exports.folder / "local.csv"
    local.write_text("incident_id,detected_at,resolved_at\nL,2026-03-03 10:00,2026-03-03 11:00\n")
    sheet = exports.folder / "sheet.csv"
    sheet.write_text(
        "incident_id,milestone,time,who,why\n1,diagnosed_at,2026-03-01T10:20:00Z,Bo,\nnone,diagnosed_at,2026-03-01T10:20:00Z,Bo,\n"
    )
    exports.table("t.csv", ROWS)
    exports.pager("pd.json", [{"id": "P", "at": "2026-03-09T10:00:00"}])
    monkeypatch.chdir(exports.folder)
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.apply(Settings(population=Population(count="all"), slo=0.99))
        lab.load("t.csv", as_of="2026-04-01T00:00:00Z")
        lab.load("pd.json", source="pager two")
        lab.load("local.csv", timezone="Asia/Tokyo", keep_raw=True)
        lab.load("sheet.csv", keep_people=True)
        lab.record(pd.concat([NOTE, NOTE.assign(milestone="no such")]))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "lab.duckdb"


def answers(path):
    with Lab(path, read_only=True) as lab:
        ledger = lab.loads().drop(columns=["loaded_at"])
        return lab.incidents(population=None), ledger, lab.data_hash(), lab.quarantine("all"), lab.settings


def same(one, other):
    pd.testing.assert_frame_equal(one[0], other[0])
    pd.testing.assert_frame_equal(one[1], other[1])
    pd.testing.assert_frame_equal(one[3], other[3])
    assert (one[2], one[4]) == (other[2], other[4])


def test_a_rebuilt_lab_says_the_same_as_the_old_one(path):
    before = answers(path)
    report = rebuild(path)
    assert str(report).endswith("built again from 5 loads.")
    same(answers(path), before)
    assert before[0].set_index("incident_id").loc["1", "detected_at_origin"] == "annotated"
    assert [p.name for p in sorted(path.parent.iterdir()) if p.name.startswith(("lab", ".lab"))] == [
        "lab.duckdb",
        "lab.duckdb.raw",
    ]


def test_beside_the_old_one_the_old_one_is_untouched(path, tmp_path):
    content = path.read_bytes()
    report = rebuild(path, tmp_path / "new.duckdb")
    assert path.read_bytes() == content
    same(answers(tmp_path / "new.duckdb"), answers(path))
    assert report.path == str(tmp_path / "new.duckdb")
    with pytest.raises(StoreError, match="exists already"):
        rebuild(path, tmp_path / "new.duckdb")


def test_what_is_missing_or_changed_is_named_and_the_old_lab_stays(path, exports):
    (exports.folder / "pd.json").unlink()
    with (exports.folder / "t.csv").open("a") as opened:
        opened.write("9,,\n")
    content = path.read_bytes()
    with pytest.raises(
        StoreError, match=r"t\.csv has changed since it was loaded; .*pd\.json is missing; bring the files"
    ):
        rebuild(path)
    assert path.read_bytes() == content
    assert not list(path.parent.glob("*rebuilding*"))


def test_partial_says_what_is_left_out_and_keeps_the_old_lab(path, exports):
    before = answers(path)
    (exports.folder / "pd.json").unlink()
    report = rebuild(path, partial=True)
    assert report.loads == 4
    assert "pd.json is missing" in report.left_out[0]
    same(answers(report.old), before)
    assert answers(path)[0]["source"].unique().tolist() == ["canonical"]
    with pytest.raises(StoreError, match=r"lab\.duckdb\.old exists already"):
        rebuild(path, partial=True)


def test_a_kept_copy_stands_in_for_a_file_that_is_gone(path, exports):
    raw = path.with_name("lab.duckdb.raw")
    (copy,) = raw.iterdir()
    assert (stat.S_IMODE(raw.stat().st_mode), stat.S_IMODE(copy.stat().st_mode)) == (0o700, 0o600)
    before = answers(path)
    (exports.folder / "local.csv").unlink()
    rebuild(path)
    same(answers(path), before)


def test_nothing_of_a_file_stays_unless_asked_nor_of_a_load_that_fails(exports, tmp_path):
    bad = exports.folder / "bad.csv"
    bad.write_text("")
    with Lab(tmp_path / "lab.duckdb") as lab:
        lab.load(exports.table("t.csv", ROWS))
        with pytest.raises(LoadError):
            lab.load(bad, keep_raw=True)
        exports.table("u.csv", ROWS[:1])
        (exports.folder / "v.csv").write_text("")
        with pytest.raises(LoadError):
            lab.load(exports.folder / "[uv].csv", keep_raw=True)
    assert not list(tmp_path.glob("*.raw/*"))
    with Lab() as lab, pytest.raises(QuestionError, match="keep_raw needs a lab with a file"):
        lab.load(exports.folder / "t.csv", keep_raw=True)


def test_a_lab_of_an_older_version_is_built_again(path, tmp_path):
    before = answers(path)
    with duckdb.connect(str(path)) as raw:
        raw.execute("UPDATE meta SET value = '1' WHERE name = 'schema_version'")
        raw.execute("ALTER TABLE loads DROP COLUMN people")
    with pytest.raises(StoreError, match="mttrlab rebuild --lab"):
        Lab(path)
    rebuild(path)
    pd.testing.assert_frame_equal(answers(path)[0], before[0])


def test_what_is_no_lab_cannot_be_rebuilt(tmp_path):
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute("CREATE TABLE t (a INT)")
    (tmp_path / "text.duckdb").write_text("hello")
    for name, says in (("other", "not a lab"), ("text", "is not a lab"), ("none", "does not exist")):
        with pytest.raises(StoreError, match=says):
            rebuild(tmp_path / f"{name}.duckdb")
