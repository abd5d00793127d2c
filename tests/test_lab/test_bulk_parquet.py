"""A large Parquet file is never read into Python whole, and nobody can tell from what is in the lab."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mttrlab import sql
from mttrlab.errors import LoadError
from mttrlab.lab import Lab, bulk, load
from tests.test_lab.test_bulk import ODD, TABLES, contents, loaded

DAY = datetime(2026, 3, 1, 10, tzinfo=UTC)
INSTANTS = [
    DAY,
    DAY.replace(second=7),
    DAY.replace(microsecond=250),
    DAY.replace(year=2199),
    DAY.replace(year=1970),
    None,
]
KINDS = {
    "instant": ("TIMESTAMPTZ", st.sampled_from([DAY, *INSTANTS])),
    "wall": ("TIMESTAMP", st.sampled_from([moment and moment.replace(tzinfo=None) for moment in INSTANTS])),
    "text": ("VARCHAR", st.sampled_from(["2026-03-01T10:00:00Z", "2026-03-01 10:00:00+00", "", None, *ODD])),
    "number": ("BIGINT", st.sampled_from([None, 1772000000])),
}
IDS = {"VARCHAR": st.sampled_from(["a", "b", "c", " d", "", None]), "BIGINT": st.sampled_from([7, 2**60, None])}


@st.composite
def files(draw):
    """Columns of a Parquet file: name, type and values."""
    ids = draw(st.sampled_from(sorted(IDS)))
    n = draw(st.integers(1, 12))
    columns = {"Incident ID": (ids, draw(st.lists(IDS[ids], min_size=n, max_size=n)))}
    for name in draw(st.lists(st.sampled_from(["started_at", "detected_at", "resolved_at"]), min_size=1, unique=True)):
        kind, values = KINDS[draw(st.sampled_from(["instant", "instant", "instant", "wall", "text", "number"]))]
        columns[name] = (kind, draw(st.lists(values, min_size=n, max_size=n)))
    columns["users"] = ("DOUBLE", draw(st.lists(st.sampled_from([None, 0.25, 1.0, 7.0]), min_size=n, max_size=n)))
    columns["reopened"] = ("BOOLEAN", draw(st.lists(st.sampled_from([None, True, False]), min_size=n, max_size=n)))
    columns["service"] = ("VARCHAR", draw(st.lists(st.sampled_from([None, "x", "'=1"]), min_size=n, max_size=n)))
    columns["notes"] = ("INTEGER", [1] * n)
    return columns


def write(path, columns):
    """Write the columns as they are typed."""
    with sql.connect() as connection:
        connection.register(
            "told", pd.DataFrame({name: [*values] for name, (_, values) in columns.items()}, dtype=object)
        )
        listed = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, (kind, _) in columns.items())
        connection.execute(f"COPY (SELECT {listed} FROM told) TO '{path}' (FORMAT parquet)")


@settings(
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(columns=files(), options=st.sampled_from([{}, {"timezone": "UTC"}, {"timezone": "Europe/Berlin"}]))
def test_both_roads_leave_the_same_behind(tmp_path, monkeypatch, columns, options):
    path = tmp_path / "table.parquet"
    write(path, columns)
    strict, quick = loaded(path, 10**9, monkeypatch, **options), loaded(path, 1, monkeypatch, **options)
    assert quick[0] == strict[0]
    for table in TABLES:
        assert quick[1][table] == strict[1][table], table


def test_the_large_road_is_really_taken(tmp_path, monkeypatch):
    path = tmp_path / "table.parquet"
    rows = [("VARCHAR", [f"I{n}" for n in range(200)]), ("TIMESTAMPTZ", [DAY] * 199 + [None])]
    write(path, dict(zip(("incident_id", "detected_at"), rows, strict=True)))
    monkeypatch.setattr(bulk, "LARGE_FROM", 100)
    monkeypatch.setattr(load, "extract", None)
    with Lab(tmp_path / "it's a lab.duckdb") as lab:
        assert lab.load(path).new == 200
        assert lab.load(path).unchanged == 200
        assert sorted(row[-2] for row in contents(lab)["reports"]) == list(range(1, 201))
        assert sorted(found.name for found in tmp_path.iterdir()) == ["it's a lab.duckdb", "table.parquet"]


@pytest.mark.parametrize("least", [1, 10**9])
def test_clocks_on_the_wall_are_refused_until_somebody_says_where_the_wall_is(tmp_path, monkeypatch, least):
    path = tmp_path / "table.parquet"
    wall = DAY.replace(tzinfo=None)
    columns = {"incident_id": ("VARCHAR", ["a", "b", "c"]), "detected_at": ("TIMESTAMP", [None, wall, wall])}
    write(path, columns)
    monkeypatch.setattr(bulk, "LARGE_FROM", least)
    with Lab() as lab:
        with pytest.raises(
            LoadError, match=r"row 2: detected_at '2026-03-01 10:00:00' has no time zone.*\(2 such rows\)"
        ):
            lab.load(path)
        assert lab.load(path, timezone="Europe/Berlin").new == 3
        assert lab.incidents()["detected_at"].min() == pd.Timestamp("2026-03-01T09:00Z")
