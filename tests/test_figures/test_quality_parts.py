"""How good the stamps are, part by part: a bar per verdict whose length is its share."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from matplotlib.figure import Figure

from mttrlab import figures

COUNTS = pd.DataFrame(
    [
        ("pager $x$", "2026-01", "started_at", "recorded", 3, 0.75),
        ("pager $x$", "2026-01", "started_at", "missing", 1, 0.25),
        ("pager $x$", "2026-02", "started_at", "missing", 2, 1.0),
        (None, "2026-02", "started_at", "recorded", 5, 1.0),
        (None, "2026-02", "detected_at", "suspect", 5, 1.0),
    ],
    columns=["source", "month", "milestone", "verdict", "incidents", "share"],
)


def drawn(table: pd.DataFrame):
    ax = figures.plot_quality(table, ax=Figure(layout="constrained").subplots())
    ax.figure.savefig(io.BytesIO(), format="png")
    return ax


def rows(ax) -> list[str]:
    return [label.get_text() for label in ax.get_yticklabels()]


def test_by_source_and_month_each_part_is_a_row_and_each_month_a_column():
    ax = drawn(COUNTS)
    assert rows(ax) == ["started · not said (5)", "started · pager $x$ (6)", "detected · not said (5)"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2026-01", "2026-02"]
    heights = sorted(round(-bar.get_height() / 0.8, 6) for bar in ax.patches)
    assert heights == [0.25, 0.75, 1.0, 1.0, 1.0]


def test_by_source_alone_a_bar_is_the_share_and_bars_of_a_row_add_up():
    ax = drawn(COUNTS[COUNTS["month"] == "2026-01"].drop(columns="month"))
    assert rows(ax) == ["started · pager $x$ (4)"]
    assert [bar.get_width() for bar in ax.patches] == [0.75, 0.25]
    assert ax.patches[1].get_x() == 0.75


def test_a_long_name_loses_its_middle_and_keeps_its_number_and_many_months_are_named_now_and_then():
    months = [str(month) for month in pd.period_range("2023-01", periods=40, freq="M")]
    long = [f"a tool of our own that has a rather long name {number}" for number in (1, 2)]
    table = pd.DataFrame(
        [(name, month, "acknowledged_at", "recorded", 1000, 1.0) for name in long for month in months],
        columns=COUNTS.columns,
    )
    ax = drawn(table)
    assert [row[-15:] for row in rows(ax)] == ["name 1 (40,000)", "name 2 (40,000)"]
    assert all(row.startswith("acknowledged · a tool of our") for row in rows(ax))
    assert [label.get_text() for label in ax.get_xticklabels()] == months[::2]


@pytest.mark.parametrize("column", ["source", "month", "service"])
def test_no_rows_draw_an_empty_figure(column):
    empty = COUNTS.iloc[:0].rename(columns={"source": column} if column == "service" else {})
    assert rows(drawn(empty[[column, "milestone", "verdict", "incidents", "share"]])) == []
