from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mttrlab as ml
from benchmarks.changes import NOTHING, POWER, Organisation, false_alarms, found_changes, incidents_of
from mttrlab.analysis.changes import change_sentences, event_in_words, others_in_words, what_changed
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import Event

HALVED = POWER["× 0.5, month 12, 25 a month"]
RUNBOOKS = Event(pd.Timestamp("2026-01-15", tz="UTC"), "runbooks", "diagnose")


@pytest.fixture(scope="module")
def exports() -> ml.Lab:
    lab = ml.Lab()
    lab.load_folder("data/exports")
    return lab


def test_the_sample_organisation_found_the_cause_faster_from_january(exports: ml.Lab) -> None:
    found = what_changed(exports, events=[RUNBOOKS])
    (headline,) = found[found["headline"]].to_dict("records")
    assert headline["measure"] == "acknowledged_to_diagnosed"
    assert headline["ratio_low"] <= 0.5 <= headline["ratio_high"]
    assert headline["at_low"] <= RUNBOOKS.at <= headline["at_high"]
    assert headline["event"] == "runbooks"
    called = found[(found["by"] == "") & found["at"].notna()]
    # Nothing else but what contains the work of diagnosis.
    assert set(called["measure"]) <= {"acknowledged_to_diagnosed", "diagnose", "acknowledged_to_resolved"}
    assert "Finding the cause is faster" in found.attrs["sentence"]
    assert "runbooks (2026-01-15)" in event_in_words(found)
    assert "noticing" in others_in_words(found)


def test_the_team_that_was_late_changed_later(exports: ml.Lab) -> None:
    found = what_changed(exports.incidents().query("service == 'checkout-service'"))
    (headline,) = found[found["headline"]].to_dict("records")
    assert pd.Timestamp("2026-02-01", tz="UTC") < headline["at"]
    assert headline["at_low"] <= pd.Timestamp("2026-03-15", tz="UTC") <= headline["at_high"]
    assert headline["ratio_low"] <= 0.5 <= headline["ratio_high"]


@pytest.mark.parametrize("chosen", ["service != ''", "service == 'checkout-service'"])
def test_the_samples_page_says_what_the_lab_says(exports: ml.Lab, chosen: str) -> None:
    changed, sure, _ = change_sentences(what_changed(exports.incidents().query(chosen), groups=False))
    assert f"{changed} {sure}" in Path("data/README.md").read_text()


def test_where_nothing_changes_a_headline_is_rare() -> None:
    count, _ = false_alarms(NOTHING["scatter 0.3, 25 a month"], 20)
    # 5 % of 20: more than four in three of a thousand studies.
    assert count <= 4


def test_a_halved_phase_is_called_by_its_name_date_and_size() -> None:
    rows = found_changes(HALVED, 8)
    assert rows["right"].sum() >= 6
    assert rows["near"].dropna().mean() >= 0.8
    assert rows["dated"].dropna().mean() >= 0.7
    assert rows["sized"].dropna().mean() >= 0.7


def test_a_change_that_returned_is_told_with_its_end() -> None:
    made = replace(HALVED, a_month=40, changes=(("work", 8, 0.3), ("work", 16, 1 / 0.3)))
    found = what_changed(incidents_of(made, 4), groups=False)
    told = found[found["until"].notna()]
    assert set(told["measure"]) & {"diagnose", "acknowledged_to_diagnosed"}
    assert (told["ratio"] < 1).all()
    assert " to " in found.attrs["sentence"]


def test_two_changes_are_both_told() -> None:
    made = Organisation(60, changes=(("work", 8, 0.4), ("work", 16, 0.4)))
    found = what_changed(incidents_of(made, 1), groups=False)
    rows = found[(found["measure"] == "acknowledged_to_diagnosed") & found["at"].notna()]
    assert len(rows) == 2
    assert ((rows["ratio_low"] < 0.4) & (rows["ratio_high"] > 0.4)).all()


def test_open_incidents_count_as_long_ones() -> None:
    frame = incidents_of(Organisation(30), 3)
    last = frame.tail(40).copy()
    # A bad last day: forty incidents that began 10 hours before the export and still run.
    last["incident_id"] = [f"open {i}" for i in range(40)]
    begun = frame["exported_at"].iloc[0] - pd.Timedelta(hours=10)
    for place, stamp in enumerate(("started_at", "detected_at", "acknowledged_at")):
        last[stamp] = (begun + pd.Timedelta(minutes=place)).as_unit("us")
    for stamp in ("diagnosed_at", "resolved_at", "verified_at"):
        last[stamp] = pd.NaT
    found = what_changed(pd.concat([frame, last], ignore_index=True), groups=False).set_index("measure")
    told = found.loc["acknowledged_to_resolved"]
    assert told["open"] == 40 + (frame["resolved_at"].isna() & frame["verified_at"].isna()).sum()


def test_the_mix_is_held() -> None:
    # More of the slow type from month 12 on; each type takes as long as before.
    rng = np.random.default_rng(2)
    n = 900
    month = np.sort(rng.integers(0, 24, n))
    slow = rng.random(n) < np.where(month < 12, 0.2, 0.8)
    begun = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(month * 30.4 + rng.uniform(0, 30, n), unit="D")
    minutes = np.exp(rng.normal(np.where(slow, 5.0, 3.0), 0.5))
    frame = pd.DataFrame({
        "incident_id": [str(i) for i in range(n)], "incident_type": np.where(slow, "slow", "quick"),
        "detected_at": begun, "resolved_at": begun + pd.to_timedelta(minutes, unit="m"),
    })  # fmt: skip
    found = what_changed(frame, groups=False).set_index("measure")
    assert found.loc["types", "verdict"] == "other kinds"
    assert found.loc["detected_to_resolved", "verdict"] == "no clear change"
    plain = what_changed(frame.drop(columns="incident_type"), groups=False).set_index("measure")
    assert plain.loc["detected_to_resolved", "verdict"] == "longer"


def test_one_service_that_changed_is_named() -> None:
    frame = incidents_of(Organisation(60), 9)
    mine = np.arange(len(frame)) % 4 == 0
    frame["service"] = np.where(mine, "payments", "others")
    late = mine & (frame["started_at"] >= pd.Timestamp("2025-01-01", tz="UTC"))
    work = (frame["diagnosed_at"] - frame["acknowledged_at"]) * 0.25
    frame["diagnosed_at"] = frame["diagnosed_at"].where(~late, frame["acknowledged_at"] + work)
    found = what_changed(frame)
    named = found[found["by"] == "service"]
    assert "payments" in set(named["group"])


def test_data_that_end_long_before_their_export_are_asked_up_to_their_end() -> None:
    incidents = incidents_of(HALVED, 3)
    exported = pd.Timestamp(incidents["exported_at"].max())
    late = incidents.assign(exported_at=exported + pd.DateOffset(months=9))
    found = what_changed(late)
    assert found.attrs["until"] <= exported
    assert found.loc[found["measure"] == "arrivals", "at"].isna().all()
    assert found.loc[found["headline"], "measure"].tolist() == ["acknowledged_to_diagnosed"]


def test_a_short_history_is_asked_by_weeks() -> None:
    frame = incidents_of(Organisation(120, months=3), 5)
    found = what_changed(frame)
    assert found.attrs["unit"] == "week"
    assert found.attrs["units"] >= 12


@pytest.mark.parametrize(("a_month", "months", "words"), [(1, 10, "fewer than 60"), (40, 1, "fewer than eight weeks")])
def test_too_few_or_too_short_is_said(a_month: float, months: int, words: str) -> None:
    found = what_changed(incidents_of(Organisation(a_month, months), 1))
    assert words in found.attrs["sentence"]
    assert found["verdict"].tolist() == ["too few to tell"]


def test_an_empty_table_is_answered() -> None:
    found = what_changed(incidents_of(Organisation(), 1).iloc[:0])
    assert "cannot tell" in found.attrs["sentence"]


def test_nonsense_is_refused_in_a_sentence() -> None:
    frame = incidents_of(Organisation(), 1)
    with pytest.raises(QuestionError, match="months must be a whole number from 8"):
        what_changed(frame, months=2)
    with pytest.raises(SchemaError, match="a table of incidents"):
        what_changed([1, 2])  # type: ignore[arg-type]


def test_the_answer_depends_on_its_seed_alone() -> None:
    frame = incidents_of(HALVED, 2)
    same = what_changed(frame.sample(frac=1, random_state=1), groups=False)
    pd.testing.assert_frame_equal(what_changed(frame, groups=False), same, rtol=1e-6)


def test_unknown_times_are_no_reason_to_fail() -> None:
    frame = incidents_of(HALVED, 2)
    for stamp in ("started_at", "detected_at", "acknowledged_at", "diagnosed_at", "resolved_at", "verified_at"):
        found = what_changed(frame.assign(**{stamp: pd.NaT}), groups=False)
        assert found.attrs["sentence"]


def test_the_words_name_the_measure_and_how_sure_it_is() -> None:
    found = what_changed(incidents_of(HALVED, 0), groups=False)
    sentence, sure, beside = change_sentences(found)
    assert sentence.startswith("Finding the cause is faster since")
    assert "95 % sure" in sure
    assert "shorter" in sure
    assert beside in ("", "Whole incidents: no clear change.")
