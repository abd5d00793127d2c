"""The order of loading never matters, nor does loading in one go or with stops between."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mttrlab.lab import Lab

_SETTINGS = settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture])
_MINUTE = st.integers(0, 59).map(lambda minute: f"2026-03-01T10:{minute:02d}:00")


def answers(lab: Lab) -> tuple:
    pairs = lab.ambiguous().sort_values(["source_id", "other_source_id"], ignore_index=True)
    return lab.incidents(population=None), pairs, lab.data_hash(), lab.warnings()


def loaded(paths) -> tuple:
    with Lab() as lab:
        for path in paths:
            lab.load(path)
        return answers(lab)


def same(one: tuple, other: tuple) -> None:
    pd.testing.assert_frame_equal(one[0], other[0])
    pd.testing.assert_frame_equal(one[1], other[1])
    assert one[2] == other[2]


@pytest.fixture
def four(exports):
    """Two states of one pager export, a page of posts that meet them, and a table that contradicts nothing."""
    early = [
        {"id": "A", "at": "2026-03-01T10:00:00"},
        {"id": "B", "at": "2026-03-02T10:00:00", "priority": "P1"},
        {"id": "C", "at": "2026-03-03T10:00:00", "end": "2026-03-03T11:00:00", "priority": "P1"},
    ]
    late = [{**page, "end": f"2026-03-0{i}T12:00:00"} for i, page in enumerate(early, start=1)]
    posts = [
        {
            "id": "S",
            "at": "2026-03-01T10:05:00",
            "identified": "2026-03-01T10:20:00",
            "resolved": "2026-03-01T11:30:00",
        },
        {"id": "T", "at": "2026-03-03T10:20:00"},
    ]
    rows = [{"incident_id": "X", "started_at": "2026-03-01T09:59:00", "service": "Checkout", "team": "shop"}]
    return [
        exports.pager("early.json", early),
        exports.pager("late.json", late),
        exports.posts("posts.json", posts),
        exports.table("rows.csv", rows),
    ]


def test_each_file_may_be_first_and_each_last(four):
    first = loaded(four)
    assert first[0]["incident_id"].tolist() == ["X", "B", "C"]
    for order in ((3, 2, 1, 0), (1, 0, 3, 2), (2, 3, 0, 1), (1, 3, 2, 0)):
        same(first, loaded([four[place] for place in order]))


@_SETTINGS
@given(
    pages=st.lists(st.tuples(st.sampled_from("ABCD"), _MINUTE, st.booleans()), max_size=4, unique_by=lambda p: p[0]),
    later=st.lists(st.tuples(st.sampled_from("ABCD"), _MINUTE, st.booleans()), max_size=4, unique_by=lambda p: p[0]),
    posts=st.lists(st.tuples(st.sampled_from("ST"), _MINUTE), max_size=2, unique_by=lambda p: p[0]),
    order=st.permutations(range(3)),
)
def test_any_pages_and_posts_in_any_order_give_the_same_lab(exports, pages, later, posts, order):
    def page(name, at, ranked, end=None):
        return {"id": name, "at": at, "end": end, "priority": "P1" if ranked else None}

    spare = {"id": "Z", "at": "2026-03-09T10:00:00"}
    files = [
        exports.pager("one.json", [page(*p) for p in pages] + [spare]),
        exports.pager("two.json", [page(*p, end="2026-03-01T12:00:00") for p in later] + [spare]),
        exports.posts(
            "posts.json", [{"id": n, "at": at} for n, at in posts] + [{"id": "Y", "at": "2026-03-08T10:00:00"}]
        ),
    ]
    same(loaded(files), loaded([files[place] for place in order]))
