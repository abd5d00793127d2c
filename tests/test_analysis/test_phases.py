from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mttrlab import sql
from mttrlab.analysis import phase_durations, phase_spans
from mttrlab.analysis.phases import span_name, span_summary, spans_at_acknowledgement
from mttrlab.analysis.query import MEASURES
from mttrlab.errors import SchemaError
from mttrlab.schema import CLOCK_ENDS, MILESTONES, PHASE_COLUMNS, PHASE_ENDS, PHASES


def times(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601")).astype("datetime64[us, UTC]")


def incident(**stamps: str | None) -> pd.DataFrame:
    """One incident of 5 January 2026; stamps as HH:MM."""
    made = {name: times(None if t is None else f"2026-01-05 {t}") for name, t in stamps.items()}
    return pd.DataFrame({"incident_id": ["a"], **made})


def complete() -> pd.DataFrame:
    return incident(
        started_at="10:00", detected_at="10:10", diagnosed_at="10:40", resolved_at="11:10", verified_at="11:15"
    )


class Kept:
    """The smallest thing that answers as a lab does."""

    def __init__(self, incidents: pd.DataFrame, threads: int = 2) -> None:
        self.connection = sql.connect()
        self.connection.execute(f"SET threads = {threads}")
        self.connection.register("given", incidents)
        self.connection.execute("CREATE TABLE incidents AS SELECT * FROM given")

    def sql(self, query: str, **parameters: object) -> pd.DataFrame:
        return sql.frame(self.connection, query, **parameters)


def test_phases_of_a_complete_incident_add_up_to_recovery() -> None:
    row = phase_durations(complete()).iloc[0]
    assert [row[p] for p in PHASES] == [10, 30, 30, 5]
    assert row["recovery"] == 75
    assert (row["started_to_resolved"], row["detected_to_verified"], row["detected_to_resolved"]) == (70, 65, 60)
    assert all(row[f"{m}_observed"] for m in MEASURES)


def test_a_diagnosis_after_the_fix_leaves_no_negative_phase_but_one_span() -> None:
    rows = complete().assign(diagnosed_at=times("2026-01-05 12:00"))
    row = phase_durations(rows).iloc[0]
    assert np.isnan(row["diagnose"])
    assert np.isnan(row["resolve"])
    assert row["recovery"] == 75
    assert phase_spans(rows)[["first_phase", "last_phase", "minutes"]].to_numpy().tolist() == [
        ["detect", "detect", 10.0],
        ["diagnose", "resolve", 60.0],
        ["verify", "verify", 5.0],
    ]


def test_an_incident_that_automation_ended_has_a_merged_span_and_no_diagnosis() -> None:
    rows = complete().assign(diagnosed_at=times(None), diagnosed_at_verdict="not_applicable")
    row = phase_durations(rows).iloc[0]
    assert np.isnan(row["diagnose"])
    assert row["recovery"] == 75
    assert phase_spans(rows).loc[1, ["first_phase", "last_phase", "minutes"]].tolist() == ["diagnose", "resolve", 60.0]


def test_an_open_incident_has_minutes_so_far_in_the_running_phase_and_in_each_clock_whose_start_is_known() -> None:
    rows = incident(started_at="08:00", detected_at="08:02", exported_at="09:00")
    row = phase_durations(rows).iloc[0]
    assert row["detect"] == 2
    assert row["detect_observed"]
    assert row["diagnose"] == 58
    assert not row["diagnose_observed"]
    assert np.isnan(row["resolve"])
    assert np.isnan(row["verify"])
    assert pd.isna(row["resolve_observed"])
    assert [row[c] for c in CLOCK_ENDS] == [60, 60, 58, 58]
    assert not any(row[f"{c}_observed"] for c in CLOCK_ENDS)
    spans = phase_spans(rows)
    assert spans[["first_phase", "minutes", "observed"]].to_numpy().tolist() == [
        ["detect", 2.0, True],
        ["diagnose", 58.0, False],
    ]


def test_a_fixed_but_unverified_open_incident_has_ended_on_the_clock_that_the_fix_ends() -> None:
    rows = complete().assign(
        verified_at=times(None), verified_at_verdict="pending", exported_at=times("2026-01-05 12:00")
    )
    row = phase_durations(rows).iloc[0]
    assert row["started_to_resolved_observed"]
    assert (row["verify"], row["verify_observed"]) == (50, False)
    assert (row["recovery"], row["recovery_observed"]) == (120, False)


def test_an_open_incident_whose_export_time_is_not_known_has_no_minutes() -> None:
    row = phase_durations(incident(started_at="08:00", detected_at="08:02")).iloc[0]
    assert np.isnan(row["recovery"])
    assert pd.isna(row["recovery_observed"])


def test_a_missing_end_is_no_open_end() -> None:
    row = phase_durations(complete().assign(verified_at=times(None), exported_at=times("2026-02-01"))).iloc[0]
    assert np.isnan(row["verify"])
    assert np.isnan(row["recovery"])


@pytest.mark.parametrize("verdict", ["missing", "defaulted", "out_of_order", "suspect"])
def test_only_recorded_stamps_are_used(verdict: str) -> None:
    row = phase_durations(complete().assign(detected_at_verdict=verdict)).iloc[0]
    assert np.isnan(row["detect"])
    assert np.isnan(row["diagnose"])
    assert np.isnan(row["detected_to_resolved"])
    assert row["recovery"] == 75
    assert phase_spans(complete().assign(detected_at_verdict=verdict)).loc[0, "last_phase"] == "diagnose"


def test_a_reversed_stamp_of_an_unjudged_frame_costs_its_own_phases_and_no_other() -> None:
    rows = complete().assign(started_at=times("2027-01-05 10:00"))
    row = phase_durations(rows).iloc[0]
    assert np.isnan(row["detect"])
    assert np.isnan(row["recovery"])
    assert row["detected_to_verified"] == 65
    two = phase_durations(incident(started_at="10:00", detected_at="09:50", resolved_at="11:00")).iloc[0]
    assert two["started_to_resolved"] == 60
    assert np.isnan(two["detected_to_resolved"])


def test_the_month_is_that_of_the_first_usable_stamp() -> None:
    rows = pd.DataFrame(
        {
            "incident_id": ["new year", "doubtful"],
            "started_at": times("2025-12-31 23:50", "1970-01-01"),
            "started_at_verdict": ["recorded", "suspect"],
            "detected_at": times("2026-01-01 00:05", "2026-03-02"),
            "detected_at_verdict": "recorded",
        }
    )
    assert phase_durations(rows)["month"].tolist() == list(times("2025-12-01", "2026-03-01"))


def test_descriptive_and_own_columns_stay_and_the_caller_keeps_the_frame() -> None:
    rows = complete().assign(service="checkout", replication=3, diagnosed_at_verdict="recorded")
    before = rows.copy()
    phases = phase_durations(rows)
    assert (phases.loc[0, "service"], phases.loc[0, "replication"]) == ("checkout", 3)
    assert {column.name for column in PHASE_COLUMNS} <= set(phases)
    assert not any(name.endswith(("_verdict", "_origin")) for name in phases)
    pd.testing.assert_frame_equal(rows, before)
    pd.testing.assert_frame_equal(phase_durations(phases), phases)


def test_no_incidents_give_an_empty_table_of_phases() -> None:
    phases = phase_durations(complete().iloc[:0])
    assert len(phases) == 0
    assert {column.name for column in PHASE_COLUMNS} <= set(phases)
    assert phase_spans(complete().iloc[:0]).empty


def test_a_table_without_milestones_or_with_zoneless_times_is_refused_in_one_sentence() -> None:
    with pytest.raises(SchemaError, match="none of the milestones"):
        phase_durations(pd.DataFrame({"incident_id": ["a"]}))
    with pytest.raises(SchemaError, match="incident_id"):
        phase_durations(pd.DataFrame({"started_at": times("2026-01-01")}))
    with pytest.raises(SchemaError, match="started_at has no time zone"):
        phase_durations(pd.DataFrame({"incident_id": ["a"], "started_at": [pd.Timestamp("2026-01-01")]}))
    with pytest.raises(SchemaError, match="got list"):
        phase_durations([1, 2])  # type: ignore[arg-type]


VERDICTS = ["recorded", "recorded", "recorded", "missing", "defaulted"]


@st.composite
def judged(draw: st.DrawFn) -> pd.DataFrame:
    """Incidents whose recorded stamps are in order, except a diagnosis, which may come late; some are open."""
    rows = []
    for number in range(draw(st.integers(1, 6))):
        gaps = draw(st.lists(st.integers(0, 10**11), min_size=5, max_size=5))
        at = np.cumsum(gaps) + 1_767_225_600_000_000
        verdicts = [draw(st.sampled_from(VERDICTS)) for _ in MILESTONES]
        still = draw(st.integers(1, 9))
        verdicts = [v if place < still else "pending" for place, v in enumerate(verdicts)]
        if draw(st.booleans()) and still > 4:
            at[2] = at[4] + 60_000_000
        row = {"incident_id": str(number), "exported_at": 10**11 + int(at.max())}
        for name, verdict, when in zip(MILESTONES, verdicts, at, strict=True):
            there = verdict in ("recorded", "defaulted")
            row[name] = int(when) if there else None
            row[f"{name}_verdict"] = verdict
        rows.append(row)
    made = pd.DataFrame(rows)
    for name in (*MILESTONES, "exported_at"):
        made[name] = pd.to_datetime(made[name].astype("Int64"), unit="us", utc=True).astype("datetime64[us, UTC]")
    return made


@settings(max_examples=40)
@given(judged())
def test_spans_add_up_exactly_to_the_measured_time_and_phases_to_recovery(incidents: pd.DataFrame) -> None:
    spans, phases = phase_spans(incidents), phase_durations(incidents)
    assert (spans["minutes"] >= 0).all()
    assert not (phases[list(MEASURES)] < 0).any().any()
    whole = (spans["minutes"] * 6e7).round().astype("int64").groupby(spans["incident_id"]).sum()
    for _, row in incidents.iterrows():
        known = [row[m] for m in MILESTONES if row[f"{m}_verdict"] == "recorded" and m != "diagnosed_at"]
        late = [row[m] for m in ("resolved_at", "verified_at") if row[f"{m}_verdict"] == "recorded"]
        if row["diagnosed_at_verdict"] == "recorded" and (not late or row["diagnosed_at"] <= late[0]):
            known.append(row["diagnosed_at"])
        ends = [*known, row["exported_at"]] if known and row["verified_at_verdict"] == "pending" else known
        expected = (max(ends) - min(ends)) // pd.Timedelta("1us") if len(ends) > 1 else 0
        assert whole.get(row["incident_id"], 0) == expected
    full = phases[list(PHASES)].notna().all(axis=1)
    parts = (phases.loc[full, list(PHASES)] * 6e7).round().sum(axis=1)
    assert (parts == (phases.loc[full, "recovery"] * 6e7).round()).all()


@settings(max_examples=20)
@given(judged())
def test_a_lab_and_a_frame_give_the_same_minutes(incidents: pd.DataFrame) -> None:
    from mttrlab.schema import INCIDENT_COLUMNS, conform

    # A lab judges every stamp; a frame without a verdict of its own would be judged here.
    table = conform(incidents, INCIDENT_COLUMNS).assign(acknowledged_at_verdict="missing")
    own, lab = phase_durations(table), phase_durations(Kept(table))
    pd.testing.assert_frame_equal(lab[own.columns.tolist()], own)
    pd.testing.assert_frame_equal(phase_spans(Kept(table)), phase_spans(table))


@settings(max_examples=30)
@given(judged())
def test_pandas_gives_the_same_phases(incidents: pd.DataFrame) -> None:
    phases = phase_durations(incidents)
    usable = {m: incidents[m].where(incidents[f"{m}_verdict"].eq("recorded")) for m in MILESTONES}
    fixed = usable["resolved_at"].fillna(usable["verified_at"])
    usable["diagnosed_at"] = usable["diagnosed_at"].where(~(usable["diagnosed_at"] > fixed))
    for name, (start, end) in (PHASE_ENDS | CLOCK_ENDS).items():
        running = incidents["exported_at"].where(incidents[f"{end}_verdict"].eq("pending"))
        minutes = (usable[end].fillna(running) - usable[start]) / pd.Timedelta(minutes=1)
        np.testing.assert_allclose(phases[name], minutes, rtol=1e-12)
        ended = usable[end].notna() & minutes.notna()
        assert (phases[f"{name}_observed"].eq(True).fillna(False) == ended).all()


def test_without_a_diagnosis_spans_are_divided_where_somebody_took_the_page_and_add_up() -> None:
    hour = pd.to_datetime(["2026-01-05 10:00Z"] * 4).as_unit("us")
    lengths = [5.0, np.nan, 3.0, 7.0], [30.0, 12.0, np.nan, 60.0]
    minutes = [pd.to_timedelta(each, unit="min").as_unit("us") for each in lengths]
    rows = pd.DataFrame({
        "incident_id": list("abcd"), "detected_at": hour, "acknowledged_at": hour + minutes[0],
        "resolved_at": hour + minutes[1], "exported_at": hour + pd.Timedelta(hours=2),
    })  # fmt: skip
    whole = phase_spans(rows)
    divided = spans_at_acknowledgement(whole, phase_durations(rows))
    sums = [table.groupby("incident_id")["minutes"].sum().tolist() for table in (divided, whole)]
    assert sums[0] == sums[1]
    named = [(line.incident_id, span_name(line.first_phase, line.last_phase), line.minutes, bool(line.observed))
             for line in divided.itertuples()]  # fmt: skip
    assert named == [
        ("a", "acknowledge", 5.0, True), ("a", "acknowledged_to_resolved", 25.0, True),
        ("b", "diagnose + resolve", 12.0, True),
        ("c", "acknowledge", 3.0, True), ("c", "acknowledged_to_resolved", 117.0, False),
        ("d", "acknowledge", 7.0, True), ("d", "acknowledged_to_resolved", 53.0, True),
    ]  # fmt: skip
    assert span_summary(divided)["span"].tolist() == ["acknowledge", "diagnose + resolve", "acknowledged_to_resolved"]
