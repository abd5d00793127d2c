"""Runbooks and ways back as figures: what the table says, to the letter and to the minute."""

from __future__ import annotations

import matplotlib
import pandas as pd
import pytest

from mttrlab.errors import SchemaError
from mttrlab.figures import plot_rollback, plot_runbooks

matplotlib.use("Agg")
BOOKS = pd.DataFrame(
    {
        "incident_type": ["bad_deployment", "$\\bad$"], "incidents": [4, 1], "minutes": [200.0, 50.0],
        "low": [120.0, 10.0], "high": [320.0, 90.0], "written": [0.75, 0.0], "automated": [0.25, 0.0],
        "reviewed": ["2026-03-02", ""],
    }
)  # fmt: skip
BACK = pd.DataFrame(
    {
        "change": ["feature flag", "deployment", "deployment"], "path": ["Flags", "Helm rollback", "Image rollback"],
        "documented": [True, True, False], "rehearsed": ["2026-05-12", "2024-01-01", ""],
        "likely_minutes": [2.0, 8.0, float("nan")], "incidents": [46, 2, pd.NA], "ready": [True, False, False],
        "gap": ["", "last rehearsed 29 months ago", "not documented, never rehearsed"],
    }
)  # fmt: skip


def test_a_type_is_as_long_as_its_minutes_and_cut_by_what_answers_it() -> None:
    drawn = plot_runbooks(BOOKS)
    widths = [bar.get_width() for bar in drawn.patches]
    assert widths == pytest.approx([50, 100, 50, 0, 0, 50])
    assert [label.get_text() for label in drawn.get_yticklabels()] == ["bad deployment", "$\\bad$"]
    assert [text.get_text() for text in drawn.texts] == ["4 incidents  ·  reviewed 2026-03-02", "1 incident"]
    drawn.figure.canvas.draw()


def test_a_way_back_shows_what_holds_and_two_of_one_kind_are_told_apart() -> None:
    drawn = plot_rollback(BACK)
    assert [label.get_text() for label in drawn.get_yticklabels()] == [
        "Feature flag", "Helm rollback", "Image rollback",
    ]  # fmt: skip
    hatched = [bool(patch.get_hatch()) for patch in drawn.patches]
    assert hatched == [False] * 4 + [False, True, False, False] + [True, True, False, False]
    words = [text.get_text() for text in drawn.texts]
    assert words[4] == "ready" and words[-1] == "not documented, never\nrehearsed" and words[-2:-4:-1] == ["?", "?"]
    drawn.figure.canvas.draw()


def test_a_table_of_another_kind_is_refused_with_what_to_pass() -> None:
    with pytest.raises(SchemaError, match="runbook_coverage"):
        plot_runbooks(BACK)
    with pytest.raises(SchemaError, match="rollback_readiness"):
        plot_rollback(BOOKS)


def test_nothing_to_draw_is_an_empty_figure() -> None:
    plot_runbooks(BOOKS.iloc[:0]).figure.canvas.draw()
    plot_rollback(BACK.iloc[:0]).figure.canvas.draw()
