"""A large table takes another road, and nobody can tell from what is in the lab."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.lab import Lab, bulk, load, reports
from mttrlab.sources.exports import large_tables
from mttrlab.sources.exports.timestamps import Stamp, read_stamp

TABLES = ("reports", "quarantine", "loads", "superseded", "timers")
GOOD = ["2026-03-01T10:00:00Z", "2026-03-01T10:07:30Z", "2026-03-01T11:00:00+01:00", "2026-03-02 00:00:00.250Z", ""]
ODD = [
    "n/a",
    "2026-03-01T24:00:00Z",
    "1772000000",
    "01/02/2026 10:00",
    "2026-02-30T10:00:00Z",
    "20260301T100000Z",
    " 2026-03-01T10:00:00Z ",
    "2026-03-01T10:00:00+99:00",
    "1969-12-31T23:59:59Z",
    "2027-08-01T00:00:00Z",
    "2026-03-01T10:00:00.1234567Z",
    "2200-06-01T00:00:00Z",
    "2026-03-01T10:00Z",
]
WORDS = ["", "checkout", "a, b", 'say "no"', "two\nlines", "'=1+1", "naïve ☂", " padded ", "NULL", "\u00a0x"]
OPTIONS = [{}, {"timezone": "Europe/Berlin"}, {"source": "mine"}, {"as_of": "2026-05-01T00:00:00Z"}]
CELLS = {
    "started_at": st.sampled_from(GOOD * 6 + ODD),
    "detected_at": st.sampled_from(GOOD * 6 + ODD),
    "resolved_at": st.sampled_from(GOOD * 6 + ODD),
    "exported_at": st.sampled_from(["", "2026-04-01T00:00:00Z", "2026-04-02T00:00:00Z"]),
    "updated_at": st.sampled_from(["", "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z"]),
    "service": st.sampled_from(WORDS),
    "title": st.sampled_from(WORDS),
    "source": st.sampled_from(["", "pager", "desk", " pager"]),
    "status": st.sampled_from(["", "open", "Closed", "what"]),
    "population": st.sampled_from(["", "counted", "DRILL", "page", "nobody"]),
    "reopened": st.sampled_from(["", "yes", "0", "maybe"]),
    "users": st.sampled_from(["", "0.25", "1", "1e-3", "7", "0.000001"]),
    "detected_at_origin": st.sampled_from(["", "proxy", "Export", "rumour"]),
    "Notes": st.sampled_from(["", "x"]),
}


@st.composite
def tables(draw):
    """Bytes of a canonical CSV: clean stretches with anything that can go wrong between them."""
    names = draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=8, unique=True))
    if not any(name in ("started_at", "detected_at", "resolved_at") for name in names):
        names.append("started_at")
    header = ["incident_id", *names]
    ids = st.sampled_from([f"INC{n}" for n in range(40)] + ["", "'=7", " INC1"])
    rows = draw(st.lists(st.tuples(ids, *(CELLS[name] for name in names)), min_size=1, max_size=30))
    plain = [(f"OK{n}", *("2026-03-01T10:00:00Z" if name.endswith("_at") else "" for name in names)) for n in range(25)]
    end = draw(st.sampled_from(["\n", "\r\n"]))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=draw(st.sampled_from(",;")), lineterminator=end)
    writer.writerows([header, *plain, *rows, *plain[:3]])
    lines = text.getvalue()
    hurt = draw(st.sampled_from(["", "", "", "short", "long", "blank", "open", "stray", "cut", "old mac", "zone-less"]))
    if hurt == "zone-less":
        lines = lines.replace("10:07:30Z", "10:07:30")
    elif hurt in ("short", "long", "blank", "open", "stray", "old mac"):
        long = "X2" + ",;" * 20
        added = {"short": "X1", "long": long, "blank": "", "open": 'X3,"x', "stray": 'X4,a"b', "old mac": "X5\rX6"}
        at = lines.index(end, len(lines) // 2) + len(end)
        lines = lines[:at] + added[hurt] + end + lines[at:]
    elif hurt == "cut":
        lines = lines[: len(lines) - draw(st.integers(1, 12))]
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + lines.encode()


def contents(lab: Lab) -> dict[str, list]:
    """Every row of the tables that a load writes, but for the clock and the numbers of reports."""
    found = {}
    for table in TABLES:
        columns = [
            name
            for name in lab._connection.execute(f"SELECT * FROM {table} LIMIT 0").df().columns
            if name not in ("report_id", "loaded_at")
        ]
        listed = ", ".join(f'"{name}"' for name in columns) or "count(*)"
        found[table] = lab._connection.execute(f"SELECT {listed} FROM {table} ORDER BY ALL").fetchall()
    return found


def loaded(path: Path, least: int, monkeypatch, **options) -> tuple[object, object]:
    """What a load says and leaves behind."""
    monkeypatch.setattr(bulk, "LARGE_FROM", least)
    monkeypatch.setattr(reports, "OWN_TABLE_FROM", least)
    with Lab() as lab:
        try:
            report = lab.load(path, **options)
        except LoadError as refusal:
            return str(refusal), contents(lab)
        again = lab.load(path, **options)
        assert again.unchanged == report.new
        return report, contents(lab)


@settings(
    max_examples=10,
    # A failing table is readable as it is, and making it smaller takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(content=tables(), options=st.sampled_from(OPTIONS), piece=st.sampled_from([200, 4096]))
def test_both_roads_leave_the_same_behind(tmp_path, monkeypatch, content, options, piece):
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    monkeypatch.setattr(large_tables, "PIECE", piece)
    strict = loaded(path, 10**9, monkeypatch, **options)
    quick = loaded(path, 1, monkeypatch, **options)
    assert quick[0] == strict[0]
    for table in TABLES:
        assert quick[1][table] == strict[1][table], table


def test_a_source_left_blank_is_one_source_whichever_reader_met_it(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    rows = ["I0,2200-06-01T00:00:00Z,", "I0,2026-03-01T10:00:00Z, pager", "I0,2026-03-01T10:00:00Z,"]
    path.write_text("\n".join(["incident_id,detected_at,source", *rows, ""]))
    strict, quick = loaded(path, 10**9, monkeypatch), loaded(path, 1, monkeypatch)
    assert quick == strict
    assert quick[0].quarantined == 2


def test_a_source_that_only_a_refused_record_names_counts_as_in_the_strict_reader(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_text("incident_id,detected_at,source\nI0,never,pager\nI1,2026-03-01T10:00:00Z,\n")
    strict = loaded(path, 10**9, monkeypatch, source="mine")
    assert loaded(path, 1, monkeypatch, source="mine") == strict


def test_the_large_road_is_really_taken_and_leaves_nothing_beside_the_lab(tmp_path, monkeypatch):
    path = tmp_path / "table.csv"
    path.write_text("incident_id,detected_at\n" + "".join(f"I{n},2026-03-01T10:00:00Z\n" for n in range(200)))
    monkeypatch.setattr(bulk, "LARGE_FROM", 100)
    monkeypatch.setattr(load, "extract", None)
    with Lab(tmp_path / "it's a lab.duckdb") as lab:
        assert lab.load(path).new == 200
        assert lab.load(path).unchanged == 200
        assert sorted(found.name for found in tmp_path.iterdir()) == ["it's a lab.duckdb", "table.csv"]


def test_the_private_folder_is_all_that_the_lab_may_read(tmp_path):
    (tmp_path / "other.csv").write_text("a\n1\n")
    with Lab(tmp_path / "lab.duckdb") as lab, pytest.raises(duckdb.PermissionException):
        lab._connection.execute("SELECT * FROM read_csv($1)", [str(tmp_path / "other.csv")])


def test_a_load_leaves_the_folders_of_others_alone_wherever_it_is_started(tmp_path, monkeypatch):
    # DuckDB lists `.tmp` of the working folder among those where it may read, and sorts the list.
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str((tmp_path / "zz").absolute()))
    (tmp_path / "zz").mkdir()
    (tmp_path / ".tmp").mkdir()
    (tmp_path / ".tmp" / "dear.txt").write_text("mine")
    path = tmp_path / "table.csv"
    path.write_text("incident_id,detected_at\n" + "".join(f"I{n},2026-03-01T10:00:00Z\n" for n in range(200)))
    monkeypatch.setattr(bulk, "LARGE_FROM", 100)
    for lab in (Lab(), Lab(tmp_path / "lab.duckdb")):
        with lab:
            assert lab.load(path).new == 200
    assert (tmp_path / ".tmp" / "dear.txt").read_text() == "mine"
    assert list((tmp_path / "zz").iterdir()) == []


def test_a_large_load_after_an_empty_one_in_the_same_transaction_can_be_read(tmp_path, monkeypatch):
    # DuckDB 2.0 loses rows where an INSERT of none comes before a large one.
    monkeypatch.setattr(bulk, "LARGE_FROM", 10**9)
    rows = "".join(f"I{n},2026-03-01T10:00:00Z\n" for n in range(150_000))
    (tmp_path / "a.csv").write_text("incident_id,detected_at\nI0,2026-03-01T10:00:00Z\n")
    (tmp_path / "b.csv").write_text("incident_id,detected_at\n" + rows)
    with Lab() as lab:
        assert lab.load(tmp_path / "*.csv").new == 150_000
        assert lab.sql("SELECT count(DISTINCT source_id) AS n FROM reports")["n"].tolist() == [150_000]


@pytest.mark.parametrize(
    "start", [gzip.compress(b"number,opened_at\n" * 9, mtime=0), b"\xff\xfei\x00d\x00\n\x00", b"\x8b\xfe\n"]
)
def test_a_packed_or_foreign_file_however_large_is_left_to_the_strict_reader(tmp_path, monkeypatch, start):
    path = tmp_path / "large.bin"
    path.write_bytes(start + b"\x00\x8b\n" * 4000)
    assert not large_tables.is_large_table(path, 10, None)
    monkeypatch.setattr(bulk, "LARGE_FROM", 10)
    with Lab() as lab, pytest.raises(LoadError, match=r"large\.bin"):
        lab.load(path)


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 19), st.sampled_from("0123456789-:TZ .+/z\t")), max_size=4),
        min_size=200,
        max_size=200,
    ),
    st.integers(0, 19),
    st.integers(0, 19),
)
def test_a_stamp_that_the_engine_reads_is_what_the_strict_reader_reads(changes, taken, put):
    texts = ["2026-03-01T10:00:00Z"]
    for change in changes:
        cells = list(texts[0])
        for place, character in change:
            cells[place] = character
        # Moved, so that numbers of one digit and of five come about too.
        texts += ["".join(cells), "".join(cells[:taken] + cells[taken + 1 :][:put] + ["0"] + cells[taken + 1 :][put:])]
    with sql.connect() as connection:
        connection.execute(sql.text("lab/bulk/macros"))
        connection.register("said", pd.DataFrame({"said": pd.Series(texts, dtype="str")}))
        read = connection.execute("SELECT said, epoch_us(sure_stamp(stamp_of(said))) FROM said").fetchall()
    for text, micros in read:
        if micros is not None:
            assert read_stamp(text) == Stamp(micros), text


def test_a_large_file_without_zones_is_refused_after_its_first_records(tmp_path, monkeypatch):
    path = tmp_path / "walls.csv"
    rows = "".join(f"{i},2026-03-01 10:00:00\n" for i in range(bulk.CHUNK_ROWS + 1))
    path.write_text("incident_id,detected_at\n" + rows)
    monkeypatch.setattr(bulk, "LARGE_FROM", 1000)
    monkeypatch.setattr(load, "extract", None)
    with Lab(tmp_path / "lab.duckdb") as lab:
        with pytest.raises(LoadError, match=r"row 2: detected_at '2026-03-01 10:00:00' .* \(at least 200 such rows\)"):
            lab.load(path)
        assert lab.load(path, timezone="Europe/Berlin").accepted == bulk.CHUNK_ROWS + 1
