"""Figures show what their table says, in any text, and leave no trace in global state."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from mttrlab import figures
from mttrlab.analysis import survival
from mttrlab.errors import SchemaError
from mttrlab.figures.comparison import _said
from mttrlab.figures.style import drawable, minutes_label
from mttrlab.schema import Event

HOSTILE = (
    "$\\bad$",
    "$$",
    "_x",
    "😀 smiles",
    "a\x00b\x1b[31m",
    "\u202egnp.exe",
    "<script>alert(1)</script>",
    "",
    "x" * 500,
)


def summary(*names: str) -> pd.DataFrame:
    row = {"n": 12, "open": 1, "mean": 40.0, "mean_low": 30.0, "mean_high": 60.0, "mean_method": "lognormal",
           "median": 25.0, "median_low": 20.0, "median_high": 33.0, "share": 0.25, "share_of_tail": 0.4}  # fmt: skip
    return pd.DataFrame([{"phase": name, **row} for name in names])


def months(**columns: Any) -> pd.DataFrame:
    start = pd.date_range("2026-01-01", periods=6, freq="MS", tz="UTC")
    made: dict[str, Any] = {"month": start, "incidents": [20, 21, 22, 23, 24, 25], "open": [0, 0, 0, 0, 0, 2]}
    made |= {"median": 40.0, "median_low": 30.0, "median_high": 60.0, "measure": "recovery"} | columns
    return pd.DataFrame(made)


def savings(*names: str) -> pd.DataFrame:
    rows = [
        {"scenario": name, "saving": 5.0 - i, "saving_low": 2.0 - i, "saving_high": 8.0 - i}
        for i, name in enumerate(names)
    ]
    return pd.DataFrame(rows).assign(measure="recovery", replications=20)


def quality(verdict: str = "recorded") -> pd.DataFrame:
    stamps, verdicts = ["started_at", "detected_at", "detected_at"], [verdict, "recorded", "missing"]
    return pd.DataFrame({"milestone": stamps, "verdict": verdicts, "incidents": [10, 7, 3]})


def comparison(group: str | None = None) -> pd.DataFrame:
    made = {
        "ratio": [0.8],
        "ratio_low": [0.5],
        "ratio_high": [1.2],
        "n_before": [70],
        "n_after": [66],
        "measure": ["recovery"],
    }
    return pd.DataFrame(made if group is None else made | {"group": [group]})


def drawn(plot: Callable[..., Axes], table: pd.DataFrame, **options: Any) -> Axes:
    ax = plot(table, ax=Figure(layout="constrained").subplots(), **options)
    ax.figure.savefig(io.BytesIO(), format="png")
    return ax


def words(ax: Axes) -> str:
    return "\n".join(text.get_text() for text in ax.figure.findobj(Text))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    from matplotlib import pyplot as plt

    plt.close("all")


def test_the_mean_of_a_phase_is_the_length_of_its_bar() -> None:
    ax = drawn(figures.plot_phases, summary("detect", "diagnose"))
    lengths = [bar.get_width() for bar in ax.patches]
    assert lengths == [30.0, 40.0, 110.0, 40.0]  # typical range 0 to 30, mean; typical range 10 to 120, mean
    assert "average 40 min (30 min to 1 h)\nhalf within 25 min, 12 incidents" in words(ax)


def test_a_merged_phase_is_named_as_merged_and_stands_on_both_ranges() -> None:
    ax = drawn(figures.plot_phases, summary("diagnose + resolve"))
    assert (ax.patches[0].get_x(), ax.patches[0].get_width()) == (15.0, 165.0)
    assert "diagnose + resolve" in words(ax)


def test_a_mean_that_cannot_be_known_says_why_instead_of_a_bar() -> None:
    unknown = summary("verify").assign(
        mean=np.nan, mean_low=np.nan, mean_high=np.nan, mean_method="not estimable: n = 4"
    )
    ax = drawn(figures.plot_phases, unknown)
    assert "too few for an average\nhalf within 25 min, 12 incidents" in words(ax)
    nothing = unknown.assign(median=np.nan)
    assert "not known\n12 incidents" in words(drawn(figures.plot_phases, nothing))
    ends = nothing.assign(shortest=3.0, longest=40.0, n=4)
    assert "from 3 min to 40 min, 4 incidents" in words(drawn(figures.plot_phases, ends))
    assert len(ax.patches) == 1  # the typical range alone


def test_incident_minutes_are_drawn_as_dots_with_their_number_and_the_running_ones_apart() -> None:
    phases = pd.DataFrame(
        {"detect": [1.0, 2.0, np.nan], "verify": [0.0, 5.0, 7.0], "verify_observed": [True, True, False]}
    )
    ax = drawn(figures.plot_phases, phases)
    assert "detect (2 incidents)" in words(ax)
    assert "verify (2 incidents, 1 running)" in words(ax)


def test_a_table_without_phases_is_refused_with_what_to_pass() -> None:
    with pytest.raises(SchemaError, match="phase_summary"):
        figures.plot_phases(pd.DataFrame({"minutes": [1.0]}))


def test_shares_of_mean_and_tail_stand_beside_each_other() -> None:
    ax = drawn(figures.plot_bottleneck, summary("detect", "resolve"))
    assert [bar.get_width() for bar in ax.patches] == [0.25, 0.4, 0.25, 0.4]
    assert "40% of the worst tenth's minutes" in words(ax)


def test_months_carry_their_incidents_and_the_open_ones_are_marked() -> None:
    ax = drawn(figures.plot_months, months(), reviewed="2026-06")
    assert "Jun\n\n25" in words(ax)
    assert any(line.get_marker() == "^" for line in ax.lines)
    assert sum(line.get_marker() == "D" for line in ax.lines) == 1  # the reviewed month, by shape as well as colour


def test_every_year_of_a_long_history_is_named() -> None:
    start = pd.date_range("2023-01-01", periods=40, freq="MS", tz="UTC")
    table = pd.DataFrame({"month": start, "incidents": 20, "open": 0, "median": 40.0, "median_low": 30.0,
                          "median_high": 60.0, "measure": "recovery"})  # fmt: skip
    named = [label.get_text() for label in figures.plot_months(table).get_xticklabels()]
    assert [text.split("\n")[1] for text in named if text.split("\n")[1]] == ["2023", "2024", "2025", "2026"]


def test_a_month_without_a_number_leaves_a_gap_but_keeps_its_name() -> None:
    ax = drawn(figures.plot_months, months(median=[40, 40, np.nan, 40, 40, 40]))
    assert sum(line.get_marker() == "o" for line in ax.lines) == 5
    assert "Mar\n\n22" in words(ax)


def test_months_refuse_a_statistic_that_the_table_lacks() -> None:
    with pytest.raises(SchemaError, match="has no 'mode'"):
        figures.plot_months(months(), statistic="mode")


def ranked(*names: str) -> pd.DataFrame:
    n = len(names)
    return pd.DataFrame({
        "investment": names, "rival": [False] * (n - 1) + [n > 1] if n else [], "measure": "recovery",
        "minutes_saved_per_year": 1_000.0, "minutes_saved_per_year_low": -200.0, "minutes_saved_per_year_high": 2_000.0,
        "expected_low": 500.0, "expected_high": 1_500.0, "best": 0.6, "per_1000": 12.3, "price_to_match": 43_210.0,
        "draws": 200, "replications": 50, "seed": 7,
    })  # fmt: skip


def test_a_ranking_keeps_its_order_and_says_what_money_buys_and_how_sure_that_is() -> None:
    table = ranked("dear", "cheap", "prevention")
    table.attrs |= {"years": 3, "weighted": "minutes count with the share of users hit"}
    ax = drawn(figures.plot_ranking, table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dear", "cheap", "prevention"]
    said = words(ax)
    for part in ("12.3 min per 1,000; P(best) 60%", "as good at 43,210 a year", "user-weighted", "200 draws of 50 runs",
                 "of 3 years", "seed 7"):  # fmt: skip
        assert part in said


def test_a_ranking_says_where_no_price_is_told_and_refuses_other_tables() -> None:
    free = ranked("free").assign(best=np.nan, per_1000=np.nan)
    assert "no price told" in words(drawn(figures.plot_ranking, free))
    with pytest.raises(SchemaError, match="plot_ranking needs the table that rank_investments gives"):
        figures.plot_ranking(savings("one"))


def test_levers_are_sorted_by_what_they_save_and_the_baseline_is_none() -> None:
    table = pd.concat([savings("Baseline"), savings("small", "large").assign(saving=[1.0, 9.0])])
    ax = drawn(figures.plot_levers, table)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["large", "small"]


def test_a_comparison_speaks_plainly_and_says_how_many() -> None:
    said = words(drawn(figures.plot_comparison, comparison()))
    assert "took 20 % less time (50 % less to 20 % more)" in said
    assert "70 incidents before, 66 after" in said


def test_a_comparison_draws_the_ratio_that_its_verdict_rests_on() -> None:
    with_open = {"based_on": "ratio_with_open", "ratio_with_open": 0.9}
    ends = {"ratio_with_open_low": 0.6, "ratio_with_open_high": 1.4}
    assert "took 10 % less time (40 % less to 40 % more)" in words(
        drawn(figures.plot_comparison, comparison().assign(**with_open, **ends))
    )


def test_a_comparison_of_too_few_says_so() -> None:
    few = comparison().assign(ratio=np.nan, ratio_low=np.nan, ratio_high=np.nan)
    assert "cannot tell: 70 incidents before, 66 after" in words(drawn(figures.plot_comparison, few))


def test_quality_counts_stand_in_the_bars_and_each_verdict_has_its_hatch() -> None:
    ax = drawn(figures.plot_quality, quality())
    assert {"10", "7", "3"} <= {text.get_text() for text in ax.texts}
    looks = {(bar.get_facecolor(), bar.get_hatch()) for bar in ax.patches}
    assert len(looks) == 2


@pytest.mark.parametrize("title", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_drawn_as_text(title: str) -> None:
    with matplotlib.rc_context({"text.parse_math": True}):
        for ax in (
            drawn(figures.plot_phases, summary(title)),
            drawn(figures.plot_bottleneck, summary(title)),
            drawn(figures.plot_levers, savings(title)),
            drawn(figures.plot_ranking, ranked(title)),
            drawn(figures.plot_comparison, comparison(title)),
        ):
            assert drawable(title, 20)[:18] in words(ax)
        drawn(figures.plot_months, months(measure=title))


@given(st.text())
@settings(max_examples=80)
def test_any_text_becomes_one_visible_line(text: str) -> None:
    shown = drawable(text)
    assert shown.strip()
    assert shown.isprintable()
    assert len(shown) <= 48


@pytest.mark.parametrize(
    ("plot", "table"),
    [
        (figures.plot_phases, summary("detect")),
        (figures.plot_bottleneck, summary("detect")),
        (figures.plot_months, months()),
        (figures.plot_levers, savings("one")),
        (figures.plot_ranking, ranked("one")),
        (figures.plot_quality, quality()),
        (figures.plot_comparison, comparison()),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_figure_returns_axes_and_changes_neither_table_nor_settings(
    plot: Callable[..., Axes], table: pd.DataFrame
) -> None:
    before, rules = table.copy(deep=True), dict(matplotlib.rcParams)
    ax = plot(table)
    assert isinstance(ax, Axes)
    pd.testing.assert_frame_equal(table, before)
    assert dict(matplotlib.rcParams) == rules


@pytest.mark.parametrize(
    ("plot", "table"),
    [
        (figures.plot_phases, summary("x").iloc[:0]),
        (figures.plot_bottleneck, summary("x").iloc[:0]),
        (figures.plot_months, months().iloc[:0]),
        (figures.plot_levers, savings("x").iloc[:0]),
        (figures.plot_ranking, ranked("x").iloc[:0]),
        (figures.plot_quality, quality().iloc[:0]),
        (figures.plot_comparison, comparison().iloc[:0]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_empty_table_gives_empty_axes(plot: Callable[..., Axes], table: pd.DataFrame) -> None:
    assert not drawn(plot, table).collections


def test_minutes_never_round_up_to_sixty() -> None:
    assert [minutes_label(m) for m in (59.4, 59.6, 119.7, 9.96)] == ["59 min", "1 h", "2 h", "10 min"]


def change_table() -> pd.DataFrame:
    parts = ["mix", "detect", "diagnose", "resolve", "verify", "not split", "total"]
    moved = [-18.5, -2.0, 9.5, -0.4, -0.6, 0.0, -12.0]
    return pd.DataFrame({
        "part": parts, "minutes": moved,
        "low": [m - 5 if m else m for m in moved], "high": [m + 5 if m else m for m in moved],
        "mean_before": 66.0, "mean_after": 54.0, "n_before": 10, "n_after": 12, "measure": "recovery",
    })  # fmt: skip


def test_the_bridge_of_a_change_leads_from_the_mean_before_to_the_mean_after() -> None:
    ax = figures.plot_change(change_table())
    bars = [(patch.get_x(), patch.get_width()) for patch in ax.patches]
    assert bars[0] == (0, 66)
    assert bars[-1] == (0, 54)
    ends = [left + width for left, width in bars[:-1]]
    for (left, _), end in zip(bars[1:-1], ends, strict=False):
        assert left == pytest.approx(end)
    assert ends[-1] == pytest.approx(54)
    rows = [label.get_text() for label in ax.get_yticklabels()]
    phases = ["detect", "diagnose", "resolve", "verify"]
    assert rows == ["average before", "other kinds of incident", *phases, "average after"]
    with pytest.raises(SchemaError, match="explain_change"):
        figures.plot_change(pd.DataFrame({"part": []}))


def test_open_incidents_are_ticked_on_the_curve_where_they_were_last_seen_running() -> None:
    table = pd.DataFrame({
        "minutes": [10.0, 40.0, 90.0], "at_risk": [6, 3, 2], "ended": [1, 1, 1], "open": [0, 2, 0],
        "survival": [5 / 6, 0.55, 0.28], "low": [0.3, 0.1, 0.02], "high": [0.97, 0.8, 0.6], "open_later": 1,
        "longest": 200.0,
    })  # fmt: skip
    ax = figures.plot_survival(table)
    ticks = [line for line in ax.lines if line.get_marker() == "|"]
    places = sorted(float(x) for line in ticks for x in line.get_xdata())
    assert len(places) == 3
    assert 10 < places[0] < places[1] < 40 and 90 < places[2] < 200
    assert "3 ended" in ax.get_xlabel() and "still open (3)" in ax.get_xlabel()
    with pytest.raises(SchemaError, match="survival"):
        figures.plot_survival(pd.DataFrame({"minutes": [1.0]}))


def test_the_strip_of_maturity_is_as_wide_as_each_level_is_likely_and_empty_where_nobody_can_tell() -> None:
    chances = {"p_elite": 0.0, "p_advanced": 0.1, "p_intermediate": 0.7, "p_basic": 0.2, "p_no_level": 0.0}
    known = {
        "statistic": "median",
        "measure": "recovery",
        "minutes": 40.0,
        "n": 24,
        "awarded": "Intermediate",
        **chances,
    }
    nothing = known | {"statistic": "mean", "awarded": "see the median"} | dict.fromkeys(chances, float("nan"))
    ax = figures.plot_maturity(pd.DataFrame([known, nothing]))
    strip = sorted((p.get_x(), p.get_width()) for p in ax.patches if p.get_y() < 0.5)
    assert [round(width, 6) for _, width in strip] == [0.1, 0.7, 0.2]
    assert [p.get_hatch() for p in ax.patches if p.get_y() > 0.5] == [".."]
    words = [text.get_text() for text in ax.texts]
    assert any("Intermediate" in w and "24 incidents" in w for w in words) and any("see the median" in w for w in words)
    with pytest.raises(SchemaError, match="maturity"):
        figures.plot_maturity(pd.DataFrame({"statistic": ["mean"]}))


def test_months_outside_the_limits_are_ringed_and_an_empty_month_keeps_its_place() -> None:
    table = pd.DataFrame({
        "month": pd.date_range("2026-01-01", periods=3, freq="MS", tz="UTC"), "incidents": [9, 0, 8], "n": [9, 0, 8],
        "open": 0, "geometric_mean": [40.0, float("nan"), 130.0], "geometric_mean_low": [25.0, float("nan"), 90.0],
        "geometric_mean_high": [70.0, float("nan"), 180.0], "centre": 50.0, "low": [20.0, float("nan"), 18.0],
        "high": [110.0, float("nan"), 120.0], "signal": ["", "", "longer than usual"], "measure": "recovery",
    })  # fmt: skip
    ax = figures.plot_months(table)
    rings = [line for line in ax.lines if line.get_markersize() == 15]
    assert [(float(r.get_xdata()[0]), float(r.get_ydata()[0])) for r in rings] == [(2.0, 130.0)]
    assert [label.get_text().split("\n")[-1] for label in ax.get_xticklabels()] == ["9", "0", "8"]
    assert "luck alone" in ax.get_xlabel()


def based(table: pd.DataFrame, measure: str = "detected_to_resolved") -> pd.DataFrame:
    table.attrs = {"measure": measure, "verdicts": "recorded at both ends; pending: open so far"}
    return table.assign(measure=measure) if "measure" in table else table


@pytest.mark.parametrize(
    ("plot", "table"),
    [
        (figures.plot_phases, summary("detect")),
        (figures.plot_phases, pd.DataFrame({"detect": [3.0, 4.0]})),
        (figures.plot_bottleneck, summary("detect")),
        (figures.plot_months, months()),
        (figures.plot_comparison, comparison()),
        (figures.plot_change, change_table()),
        (figures.plot_survival, pd.DataFrame({"minutes": [9.0], "ended": 1, "open": 0, "survival": [0.5], "low": [0.1],
                                              "high": [0.8]})),
    ],
    ids=["bars", "dots", "bottleneck", "months", "comparison", "change", "survival"],
)  # fmt: skip
def test_a_figure_says_which_clock_and_which_stamps_its_numbers_rest_on(
    plot: Callable[..., Axes], table: pd.DataFrame
) -> None:
    said = plot(based(table)).get_xlabel()
    assert "clock: detected to resolved  ·  stamps used: recorded at both ends; pending: open so far" in said
    assert "clock: each step its own" in plot(based(table, "phases")).get_xlabel()


def test_an_empty_figure_says_why_it_is_empty() -> None:
    nothing = change_table().assign(minutes=np.nan, low=np.nan, high=np.nan, mean_before=np.nan, mean_after=np.nan)
    assert "no incident of both periods" in words(drawn(figures.plot_change, nothing))
    assert "none of these months" in words(drawn(figures.plot_months, months(median=np.nan)))


def test_a_part_that_no_incident_shows_has_no_row_in_the_bridge() -> None:
    table = change_table()
    table.loc[table["part"] == "resolve", ["minutes", "low", "high"]] = 0.0
    rows = [label.get_text() for label in figures.plot_change(table).get_yticklabels()]
    assert rows == ["average before", "other kinds of incident", "detect", "diagnose", "verify", "average after"]


def test_a_survival_figure_of_open_incidents_alone_says_how_many_and_how_long() -> None:
    def words(minutes: list[float]) -> list[str]:
        return [text.get_text() for text in figures.plot_survival(survival(minutes, [False] * len(minutes))).texts]

    assert words([5, 50, 300]) == ["none of these 3 incidents has ended: all are still open, the longest for 5 h"]
    assert words([50]) == ["the only incident is still open, for 50 min so far"]
    assert words([]) == ["no incident can be timed on this clock"]


def test_a_change_that_is_nothing_when_written_has_no_sign() -> None:
    line = pd.Series({"minutes": -0.04, "low": -3.2, "high": 0.01})
    assert _said(line) == "0 min (−3.2 min to 0 min)"


def test_the_months_show_the_level_before_and_after_a_change_and_what_the_team_did() -> None:
    day = pd.Timestamp("2026-04-11", tz="UTC")
    changes = pd.DataFrame(
        [{"measure": "diagnose", "by": "", "at": day, "at_low": day - pd.Timedelta(days=9),
          "at_high": day + pd.Timedelta(days=5), "before": 40.0, "after": 20.0}]
    )  # fmt: skip
    changes.attrs["known_events"] = [Event(pd.Timestamp("2026-04-15", tz="UTC"), "runbooks"),
                                     Event(pd.Timestamp("2020-01-01", tz="UTC"), "long ago")]  # fmt: skip
    ax = drawn(figures.plot_months, months(measure="diagnose"), changes=changes)
    said = [text.get_text() for text in ax.texts]
    assert {"40 min", "20 min", "runbooks"} <= set(said)
    assert "long ago" not in said
    # Levels of maturity are of whole incidents.
    assert not [text for text in said if text.startswith("below")]
    before, after = (
        line.get_xdata() for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 2.2
    )
    assert before[1] == after[0]
    assert 2.5 < before[1] < 3.5
