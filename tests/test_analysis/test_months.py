from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.months import SHAPES, history, study
from mttrlab import sql
from mttrlab.analysis import lead_clock, maturity, monthly_mttr, phase_durations, phases_of, unseen_phases
from mttrlab.analysis.intervals import mean_interval
from mttrlab.analysis.pooled_shape import LONG_TAIL, SHAPE, pooled_shape_bounds
from mttrlab.analysis.summary import leading_estimates
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import INCIDENT_COLUMNS, conform


def times(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601")).astype("datetime64[us, UTC]")


def three() -> pd.DataFrame:
    """Ended in January; started on its last evening; still open in February."""
    return pd.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "started_at": times("2026-01-05 10:00", "2026-01-31 23:50", "2026-02-10 08:00"),
            "detected_at": times("2026-01-05 10:10", "2026-02-01 00:05", "2026-02-10 08:02"),
            "resolved_at": times("2026-01-05 11:10", "2026-02-01 02:05", None),
        }
    )


def test_an_incident_belongs_to_the_month_it_started_in_and_open_ones_are_counted_but_not_averaged() -> None:
    table = monthly_mttr(three(), measure="started_to_resolved")
    assert table["month"].tolist() == list(times("2026-01-01", "2026-02-01"))
    assert table[["incidents", "open", "n"]].to_numpy().tolist() == [[2, 0, 2], [1, 1, 0]]
    assert table.loc[0, ["mean", "median", "max"]].tolist() == [102.5, 102.5, 135]
    assert math.isnan(table.loc[1, "mean"])
    assert set(table["measure"]) == {"started_to_resolved"}


def test_a_month_in_which_nothing_began_has_a_row_of_zeros() -> None:
    rows = three()
    rows.loc[2, ["started_at", "detected_at"]] = times("2026-04-10 08:00", "2026-04-10 08:02").to_list()
    table = monthly_mttr(rows, measure="started_to_resolved")
    assert table["month"].dt.month.tolist() == [1, 2, 3, 4]
    assert table[["incidents", "open", "n"]].to_numpy().tolist() == [[2, 0, 2], [0, 0, 0], [0, 0, 0], [1, 1, 0]]
    assert table["maturity"].tolist() == ["Basic", "unknown", "unknown", "unknown"]
    assert table["mean_method"].tolist()[1:] == ["not estimable: n = 0"] * 3


def test_the_founding_query_drops_what_ours_counts(shared: Path) -> None:
    incidents = conform(three(), INCIDENT_COLUMNS)
    with sql.connect() as connection:
        connection.register("incidents", incidents)
        seed = sql.frame(connection, (shared / "seed" / "monthly-mttr.sql").read_text(encoding="utf-8"))
    assert seed[["incident_count", "avg_mttr_minutes"]].to_numpy().tolist() == [[1, 120.0], [1, 60.0]]
    ours = monthly_mttr(three(), measure="detected_to_resolved")
    assert ours[["n", "mean"]].to_numpy().tolist()[0] == [2, 90.0]


def test_phases_give_the_same_months_as_incidents() -> None:
    rows = three().assign(exported_at=times(*["2026-03-01"] * 3))
    pd.testing.assert_frame_equal(monthly_mttr(phase_durations(rows)), monthly_mttr(rows))


def test_an_incident_without_any_usable_stamp_stands_in_a_row_without_a_month() -> None:
    rows = three()
    rows.loc[0, ["started_at", "detected_at", "resolved_at"]] = pd.NaT
    table = monthly_mttr(rows, measure="started_to_resolved")
    assert table["incidents"].sum() == 3
    assert pd.isna(table["month"].iloc[-1])
    assert table["n"].iloc[-1] == 0


def test_a_clock_that_does_not_exist_is_refused_with_the_list() -> None:
    with pytest.raises(QuestionError, match="measure must be one of detect"):
        monthly_mttr(three(), measure="mttr")
    with pytest.raises(SchemaError, match="milestones"):
        monthly_mttr(pd.DataFrame({"incident_id": ["a"]}))


def test_the_widest_clock_that_half_of_the_closed_incidents_carry_leads() -> None:
    rows = three().assign(exported_at=times(*["2026-03-01"] * 3))
    assert lead_clock(phase_durations(rows)) == "started_to_resolved"
    half = rows.assign(verified_at=times("2026-01-05 11:20", None, None))
    assert lead_clock(phase_durations(half)) == "recovery"
    bare = rows.drop(columns="started_at")
    assert lead_clock(phase_durations(bare)) == "detected_to_resolved"


def test_where_everything_is_open_the_clock_that_most_incidents_carry_leads() -> None:
    rows = pd.DataFrame(
        {
            "incident_id": ["a", "b"],
            "started_at": times("2026-01-05 10:00", None),
            "detected_at": times("2026-01-05 10:10", "2026-01-06 10:10"),
            "exported_at": times("2026-02-01", "2026-02-01"),
        }
    )
    assert lead_clock(phase_durations(rows)) == "detected_to_verified"


def test_a_clock_names_its_phases_and_those_it_cannot_see() -> None:
    assert phases_of("recovery") == ("detect", "diagnose", "resolve", "verify")
    assert unseen_phases("recovery") == ()
    assert unseen_phases("started_to_resolved") == (("verify", "verified_at"),)
    with pytest.raises(QuestionError, match="measure must be one of"):
        phases_of("ttr")


def test_a_lab_answers_every_counting_question_as_a_frame_does() -> None:
    from mttrlab.analysis import bottleneck, maturity, phase_spans

    rows = conform(three().assign(exported_at=times(*["2026-03-01"] * 3)), INCIDENT_COLUMNS)
    for stamp in ("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at"):
        closed = pd.Series(["missing", "missing", "pending"]).where(rows[stamp].isna(), "recorded")
        rows[f"{stamp}_verdict"] = closed

    class Kept:
        connection = sql.connect()

        def sql(self, query: str, **parameters: object) -> pd.DataFrame:
            return sql.frame(self.connection, query, **parameters)

    lab = Kept()
    lab.connection.register("incidents", rows)
    phases = phase_durations(rows)
    pd.testing.assert_frame_equal(phase_durations(lab), phases)
    pd.testing.assert_frame_equal(phase_spans(lab), phase_spans(rows))
    pd.testing.assert_frame_equal(bottleneck(lab), bottleneck(phases))
    assert lead_clock(lab) == lead_clock(phases) == "started_to_resolved"
    for measure in ("recovery", "detected_to_resolved"):
        pd.testing.assert_frame_equal(monthly_mttr(lab, measure), monthly_mttr(rows, measure))
        pd.testing.assert_frame_equal(maturity(lab, measure=measure), maturity(rows, measure=measure))


@pytest.mark.parametrize(("name", "n"), [("mixture", 12), ("Weibull 0.7", 25)])
def test_monthly_intervals_hold_the_truth_whatever_the_shape(name: str, n: int) -> None:
    found = study(name, n, 30)
    # 120 months: 0.90 lies 2.6 standard errors below 0.95; those of one organisation share a shape, so a little more.
    for statistic in ("mean", "p90"):
        assert found[f"{statistic}_holds"].mean() >= 0.88
        assert found[f"{statistic}_given"].mean() >= 0.9


def test_a_power_law_has_a_long_tail_and_its_mean_perhaps_a_lower_end_alone() -> None:
    found = study("Pareto 1.8", 12, 30)
    assert (found["mean_holds"] | found["mean_alone"]).mean() >= 0.85
    months, _ = history(np.random.default_rng(1), SHAPES["Pareto 1.8"], 12)
    assert set(monthly_mttr(months)["mean_method"]) == {LONG_TAIL}


def test_the_level_of_a_month_is_its_own_and_only_the_shape_is_shared() -> None:
    rng = np.random.default_rng(4)
    months = [rng.lognormal(3, 1, 15) for _ in range(10)]
    plain = pooled_shape_bounds(months)
    raised = pooled_shape_bounds([months[0] * 7, *months[1:]])
    ends = ["mean_low", "mean_high", "p90_low", "p90_high"]
    np.testing.assert_allclose(raised.loc[0, ends].astype(float), plain.loc[0, ends].astype(float) * 7)
    np.testing.assert_allclose(raised.loc[1:, ends].astype(float), plain.loc[1:, ends].astype(float))
    assert set(plain["method"]) == {SHAPE}


def test_too_few_minutes_leave_the_month_s_own_interval() -> None:
    assert pooled_shape_bounds([np.arange(1.0, 12)] * 9)["mean_low"].isna().all()
    months, _ = history(np.random.default_rng(5), SHAPES["lognormal"], 4)
    few = months[months["month"] < pd.Timestamp("2024-12-01", tz="UTC")]
    more = pd.concat([few, few.iloc[:4]], ignore_index=True)
    row = monthly_mttr(more).iloc[0]
    alone = mean_interval(more.loc[more["month"] == more["month"].min(), "recovery"].to_numpy())
    assert (row["mean_low"], row["mean_high"]) == pytest.approx((alone.low, alone.high))


def test_where_the_longest_are_open_the_month_leads_with_the_estimate_that_counts_them() -> None:
    frame, _ = history(np.random.default_rng(6), SHAPES["lognormal"], 25, seen_for=2.0)
    first = frame[frame["month"] == frame["month"].min()]
    table = monthly_mttr(frame)
    row, levels = table.iloc[0], maturity(first.assign(incident_id=range(len(first)))).set_index("statistic")
    ended = first.loc[first["recovery_observed"].astype(bool), "recovery"]
    assert row["note"].endswith("open for longer than half of the ended took, counted with the time so far")
    assert row["mean"] == pytest.approx(ended.mean())
    leading = leading_estimates(table)
    assert leading.loc[0, "mean"] == row["mean_with_open"] == pytest.approx(levels.loc["mean", "minutes"])
    assert row["mean_with_open"] > row["mean"] and table.loc[4:, "mean_with_open"].isna().all()
    assert leading.loc[4:, "mean"].tolist() == table.loc[4:, "mean"].tolist()
    assert row["n"] == len(ended)
    assert (table["note"].iloc[4:] == "").all()
