"""Files that are no export, and files whose rows cannot be told apart: one sentence each, and nothing loaded."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import re
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mttrlab.errors import LoadError
from mttrlab.sources.exports import extract, reading, recognise
from mttrlab.sources.exports.reading import read_table

GOOD = "incident_id,detected_at,resolved_at\n1,2026-03-02T10:00Z,2026-03-02T11:00Z\n"


def sentence(path: Path | str, **options: str) -> str:
    with pytest.raises(LoadError) as caught:
        extract(path, **options)
    text = str(caught.value)
    assert "\n" not in text and len(text) < 300
    return text


def _zip() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.csv", GOOD)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_zip(), "zip archive"),
        (b"%PDF-1.7 ...", "a PDF"),
        (b"SQLite format 3\0....", "SQLite"),
        (b"<!DOCTYPE html><html><title>Sign in</title>", "web page"),
        (b"<?xml version='1.0'?><!DOCTYPE html><html/>", "web page"),
        (b"<?xml version='1.0'?>\n<incidents/>", "XML"),
        (b"<?xml version='1.0'?><feed/>", "prose without milestones; fetch the status page/api/v2/incidents.json"),
        (b"<rss version='2.0'><channel/></rss>", "an RSS feed"),
        (b"<feed><link href='https://status.example.com/history'/></feed>", "fetch https://status.example.com/api/v2"),
        (gzip.compress(GOOD.encode(), mtime=0)[:-12], "ends too early"),
        (gzip.compress(GOOD.encode(), mtime=0) + b"junk", "behind its .gz"),
        (b"\x1f\x8b\x08 broken", "damaged .gz"),
        (gzip.compress(b"0" * 20_000_000, mtime=0), "limit"),
        (b"PAR1 not really PAR1", "no Parquet"),
        (GOOD.encode("utf-16-le"), "NUL"),
        (b"a,b\n1,2\n", "no export that is known"),
        (b"1,2026-03-02T10:00Z,2026-03-02T11:00Z\n2,2026-03-02T10:00Z,2026-03-02T11:00Z\n", "no export that is known"),
        (b"just some words", "no export that is known"),
        (b'"a string"', "no export that is known"),
        (b"{}", "no export that is known"),
        (b"incident_id,detected_at,Detected At\n1,2,3\n", "2 columns are called 'detected_at'"),
        (b"incident_id,detected_at,note,note\n1,2,3,4\n", "2 columns are called 'note'"),
        (b"incident_id,detected_at\n", "no rows"),
        (b"incident_id,detected_at\n\n\n", "no rows"),
        ((GOOD + '2,"open\n3,2026-03-02T10:00Z,2026-03-02T11:00Z\n').encode(), "row 3: a quote is opened"),
        ((GOOD + '2,"open\n' + GOOD * 3 + '"x,y\n').encode(), "a quote is opened"),
        ((GOOD + '2,"open,x\n3,2026-03-02T10:00Z,\n4,2026-03-02T10:00Z,"",x\n').encode(), "quote is opened"),
        ((GOOD + '2,"2026-03-02T10:00Z" ,x\n').encode(), "quote is opened"),
        ((GOOD + 'the 5" disk,2026-03-02T10:00Z,\n3,2026-03-02T10:00Z,\n').encode(), "row 3: a quote inside a cell"),
        ((GOOD + "2," + "x" * (16 * 1024**2 + 1) + ",\n").encode(), "row 3: a cell has more than 16,777,216"),
        ((",".join(f"c{i}" for i in range(10_001)) + ",incident_id,detected_at\n").encode(), "columns, more than"),
        (b'[{"id": "1", "detected_at": null, "id": "2"}]', "'id' stands twice"),
        (b'[{"id": "1", "detected_at": NaN}]', "NaN is no number"),
        (b'[{"id": "1", "detected_at": Infinity}]', "Infinity is no number"),
        (b'[{"id": "1", "detected_at": ' + b"9" * 5000 + b"}]", "more digits"),
        (b'[{"id": "1", "detected_at": ' + b"[" * 100_000 + b"]" * 100_000 + b"}]", "nested too deeply"),
        (b'[{"id": "1", "detected_at": null}]\n[{"id": "2", "detected_at": null}]', "second JSON document"),
        (b'{"id": "1", "detected_at": null}\n{"id": "2", "detected_at": nul', "row 2: the JSON is cut off"),
        (b'{"id": "1", "detected_at": null}\n{"id": "2" "detected_at": null}\n{"id": "3"}', "row 2: no JSON"),
        (b'[{"id": "1", "detected_at": "2026-03-02T10:00Z"}, {"id": "2", "det', "cut off"),
        (b'[{"id": "1", "detected_at": "2026-03-02T10:00Z"},', "cut off"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value[:25],
)
def test_a_file_that_cannot_be_trusted_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    assert says in sentence(path)
    assert sentence(path).startswith("a.csv")


def test_what_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    assert "does not exist" in sentence(tmp_path / "nothing.csv")
    assert "is a folder" in sentence(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "not a regular file" in sentence(tmp_path / "pipe")
    assert "not a regular file" in sentence("/dev/null")
    assert "is an address" in sentence("https://status.example.com/api/v2/incidents.json")
    assert "cannot be opened" in sentence("a\0b")
    assert recognise(tmp_path / "pipe") is None


def test_a_pattern_is_a_name_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "b1.csv").write_text(GOOD)
    assert "does not exist" in sentence(tmp_path / "b*.csv")
    (tmp_path / "b[1].csv").write_text(GOOD.replace("\n1,", "\nbracket,"))
    assert extract(tmp_path / "b[1].csv").reports["source_id"].tolist() == ["bracket"]


def test_a_file_above_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_text(GOOD)
    monkeypatch.setattr(reading, "MAX_BYTES", 20)
    assert "more than the limit of 20" in sentence(path)


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(GOOD)
    found = extract(path)
    assert found.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert found.size == len(GOOD)
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(GOOD.encode(), mtime=0))
    assert extract(packed).reports["content_hash"].tolist() == found.reports["content_hash"].tolist()


@pytest.mark.parametrize(
    "argument",
    [
        {"timezone": "Mars/Olympus"},
        {"timezone": "../etc/passwd"},
        {"as_of": "yesterday"},
        {"as_of": "2026-03-02 10:00"},
        {"format": "xml"},
    ],
)
def test_an_argument_that_means_nothing_is_refused(argument: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(GOOD)
    assert next(iter(argument.values())) in sentence(path, **argument)


def test_rows_of_another_length_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(GOOD + "2,2026-03-02T10:00Z\n\n3,2026-03-02T10:00Z,,extra\n4,2026-03-02T10:00Z,\nTotal: 5\n")
    found = extract(path)
    assert found.reports["source_id"].tolist() == ["1", "4"]
    assert found.quarantine["row"].tolist() == [3, 5, 7]
    assert (found.rows, found.accepted) == (5, 2)


def test_several_faults_of_a_record_are_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("incident_id,detected_at,resolved_at,users\n1,soon,later,7\n")
    found = extract(path)
    assert len(found.quarantine) == 1
    line = found.quarantine.iloc[0]
    assert (line["row"], line["column"], line["value"]) == (2, "detected_at", "soon")
    assert "resolved_at 'later'" in line["reason"] and "users '7' is no share" in line["reason"]
    assert "no record of the file could be accepted; see the quarantine for the reasons" in found.warnings


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.text("ab é\x0b\u2028'\\ ", max_size=3), min_size=1, max_size=3), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(",;\t"),
    st.booleans(),
)
def test_a_table_without_quotes_is_cut_as_the_csv_module_cuts_it(rows, end, mark, ended):
    header = ["id", "detected_at", "note"]
    text = end.join(mark.join(row) for row in [header, *rows]) + (end if ended else "")
    said = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True) if row][1:]
    try:
        table = read_table(text, "a.csv")
    except LoadError as refusal:
        assert "no rows" in str(refusal) or "cut off" in str(refusal) or mark.join(rows[-1]).count(mark) < 2
    else:
        assert [list(row) for row in table.rows] == said
        assert table.header == tuple(header)


def test_a_key_that_may_be_a_name_of_a_person_is_printed_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for content in (
        '[{"id": 1, "detected_at": null, "Jane Doe": 1, "Jane Doe": 2}]',
        '{"Jane Doe": {"Jim Roe": 1}, "Ann Poe": {"Jim Roe": 2}}',
        '[{"Jane Doe": 1, "Jim Roe": 2, "Ann Poe": 3}]',
    ):
        path.write_text(content)
        with pytest.raises(LoadError) as refusal:
            extract(path)
        assert not re.search("Jane|Jim|Ann|jane|jim|ann_", str(refusal.value))
    path.write_text('[{"id": 1, "detected_at": "2026-03-02T10:00Z", "Jane Doe": "paged", "customer_tier": 1}]')
    (warning,) = (warning for warning in extract(path).warnings if "not read" in warning)
    assert "'j…'" in warning and "'customer_tier'" in warning


def test_the_first_zoneless_row_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{n},2025-07-08T19:52Z" for n in range(1, 4)]
    path.write_text("\n".join(["incident_id,detected_at", *rows, "4,2025-07-08 19:52", ""]))
    assert sentence(path) == (
        "a.csv row 5: detected_at '2025-07-08 19:52' has no time zone; pass timezone= (1 such row)"
    )


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@settings(max_examples=200)
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12), st.sampled_from(["\r\n", "\n", "\r"]))
def test_what_a_csv_writer_writes_comes_back_whole(rows: list[tuple[str, str, str]], end: str) -> None:
    import csv

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *rows])
    try:
        table = read_table(text.getvalue(), "a.csv")
    except LoadError as refusal:
        # Allowed only where a cell holds lines that look like rows of this table.
        assert "swallows" in str(refusal)
        assert any(line.count(",") >= 2 for row in rows for cell in row for line in cell.splitlines()[1:])
        return
    assert table.rows == [list(row) for row in rows]
