"""Onset and recovery from stored metrics: by hand, against the live rule, with gaps, flaps and unseen ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mttrlab as ml
from mttrlab.errors import QuestionError
from mttrlab.judge.dating import RecoveryRule, checks_of, date_checks, episodes
from mttrlab.judge.recovery import verify_service_recovery

BEGIN = pd.Timestamp("2026-03-01T10:00Z")


def _row(text: str) -> tuple[np.ndarray, np.ndarray]:
    return np.array([c == "g" for c in text]), np.array([c == "b" for c in text])


def test_a_flap_neither_begins_nor_ends_an_episode() -> None:
    (only,) = episodes(*_row("gggbgggbbbggbbgggg"), RecoveryRule())
    assert (only.first, only.before, only.ended, only.confirmed) == (7, 6, 14, 16)


def test_one_check_is_the_founding_rule() -> None:
    first, second = episodes(*_row("gbgbb"), RecoveryRule(healthy=1))
    assert (first.first, first.confirmed) == (1, 2)
    assert (second.first, second.confirmed) == (3, None)


def test_a_gap_is_unknown_and_breaks_a_row() -> None:
    assert episodes(*_row("gggbb?bb?ggg"), RecoveryRule()) == []
    (only,) = episodes(*_row("gggbbb??ggg"), RecoveryRule())
    assert (only.ended, only.confirmed) == (8, 10)


def test_two_of_three_forgives_one_check() -> None:
    (only,) = episodes(*_row("ggggbgbbgbggg"), RecoveryRule(healthy=2, of=3))
    assert (only.first, only.ended, only.confirmed) == (4, 8, 10)


@given(st.text("gb?", max_size=60), st.integers(1, 4), st.integers(0, 3))
def test_episodes_never_overlap_and_every_one_has_its_bad_checks(text: str, k: int, more: int) -> None:
    rule = RecoveryRule(healthy=k, of=k + more)
    good, bad = _row(text)
    last = -1
    for one in episodes(good, bad, rule):
        assert one.first > last and bad[one.first]
        assert one.before is None or (good[one.before] and one.before < one.first)
        if one.confirmed is None:
            assert one == episodes(good, bad, rule)[-1]
        else:
            assert good[one.confirmed] and one.first < one.ended <= one.confirmed
            assert good[max(one.confirmed - rule.among + 1, 0) : one.confirmed + 1].sum() >= k
            last = one.confirmed


def _metrics(bad: list[tuple[str, str]], lost: list[tuple[str, str]] = (), step: str = "1s") -> pd.DataFrame:
    at = pd.date_range(BEGIN, periods=pd.Timedelta("3h") // pd.Timedelta(step), freq=step).as_unit("us")
    rows = pd.DataFrame({"service": "pay", "at": at, "error_rate": 0.2, "latency_p95": 100.0})
    for first, last in bad:
        rows.loc[(at >= f"2026-03-01T{first}Z") & (at < f"2026-03-01T{last}Z"), "error_rate"] = 8.4
    keep = np.ones(len(at), dtype=bool)
    for first, last in lost:
        keep &= ~((at >= f"2026-03-01T{first}Z") & (at < f"2026-03-01T{last}Z"))
    return rows[keep]


def _dated(
    tmp_path: Path, metrics: pd.DataFrame, detected: str = "11:05:00", fixed: str = "11:40:00", **how: object
) -> pd.Series:
    table = tmp_path / "metrics.csv"
    metrics.rename(columns={"at": "time"}).assign(time=metrics["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_csv(
        table, index=False
    )
    resolved = f"2026-03-01T{fixed}Z" if fixed else ""
    (tmp_path / "i.csv").write_text(
        f"incident_id,service,detected_at,resolved_at\nA,pay,2026-03-01T{detected}Z,{resolved}\n"
    )
    with ml.Lab() as lab:
        lab.load(tmp_path / "i.csv")
        lab.load(table)
        return lab.dating(**how).iloc[0]


def _clock(moment: pd.Timestamp) -> str:
    return f"{moment:%H:%M:%S}"


def test_onset_is_the_first_bad_sample_and_recovery_the_third_good_check(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("11:01:17", "11:40:00")]))
    assert (_clock(seen["onset_at"]), seen["onset_status"]) == ("11:01:17", "dated")
    # The window of 60 s is clean at 11:41:00; three in a row are there at 11:42:00.
    assert (_clock(seen["healthy_from"]), _clock(seen["recovered_at"])) == ("11:41:00", "11:42:00")
    assert _clock(seen["founding_at"]) == "11:41:00"
    assert seen["recovered_status"] == "dated"


@pytest.mark.parametrize("end", ["11:40:00", "11:40:47", "11:43:10", "11:39:00"])
@pytest.mark.parametrize("step", ["1s", "15s"])
def test_dating_agrees_with_the_live_rule_over_the_same_metrics(tmp_path: Path, end: str, step: str) -> None:
    metrics = _metrics([("11:01:17", end)], step=step)
    seen = _dated(tmp_path, metrics)
    fix = "2026-03-01T11:40:00Z"
    steady = verify_service_recovery("pay", metrics, at=fix, healthy=3, check_duration_minutes=60)
    assert seen["recovered_at"] == steady.verified_at
    assert seen["founding_at"] == verify_service_recovery("pay", metrics, at=fix).verified_at


def test_a_flap_after_the_fix_is_not_recovery_for_three_in_a_row(tmp_path: Path) -> None:
    metrics = _metrics([("11:01:00", "11:40:00"), ("11:41:20", "11:52:00")])
    seen = _dated(tmp_path, metrics)
    assert _clock(seen["founding_at"]) == "11:41:00"
    assert (_clock(seen["recovered_at"]), seen["recovered_status"]) == ("11:54:00", "late")


def test_what_was_bad_before_the_metrics_begin_is_censored(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("10:00:00", "11:40:00")]))
    assert seen["onset_status"] == "censored" and pd.isna(seen["onset_at"])
    assert "it began earlier" in seen["reason"]


def test_what_stays_bad_to_the_end_of_the_metrics_is_censored(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("11:00:00", "13:00:00")]))
    assert seen["recovered_status"] == "censored" and pd.isna(seen["recovered_at"])


def test_an_onset_inside_a_gap_says_so_and_is_not_derived(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("10:50:00", "11:40:00")], [("10:45:00", "11:00:00")]))
    assert seen["onset_status"] == "gap" and "inside the gap" in seen["reason"]


def test_a_gap_after_the_fix_is_never_health(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("11:01:00", "11:40:00")], [("11:39:00", "11:50:00")]))
    assert seen["recovered_status"] == "gap"
    assert seen["recovered_at"] > pd.Timestamp("2026-03-01T11:50Z") and pd.isna(seen["founding_at"])


def test_an_incident_that_the_metrics_never_saw_has_no_onset(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([]))
    assert seen["onset_status"] == "healthy" and "never bad" in seen["reason"]


def test_metrics_of_other_services_date_nothing(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("11:01:00", "11:40:00")]).assign(service="other"))
    assert seen["onset_status"] == "unknown" and seen["reason"] == "there are no metrics of pay"


def test_without_a_fix_the_end_of_the_episode_is_dated_and_derives_nothing(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("11:01:00", "11:20:00")]), fixed="")
    assert seen["recovered_status"] in ("dated", "censored")


def test_samples_five_minutes_apart_are_told_not_to_fill_the_window(tmp_path: Path) -> None:
    seen = _dated(tmp_path, _metrics([("11:00:00", "11:40:00")], step="300s"))
    assert "samples further apart than the window?" in seen["reason"]
    wide = _dated(tmp_path, _metrics([("11:00:00", "11:40:00")], step="300s"), rule=RecoveryRule(window_s=300))
    assert (wide["onset_status"], _clock(wide["onset_at"])) == ("dated", "11:00:00")


def test_both_limits_are_strict_and_latency_counts(tmp_path: Path) -> None:
    at = np.arange(0, 600, 1, dtype=np.int64) * 1_000_000
    rule = RecoveryRule()
    for errors, latency, onset in ((1.0, 100.0, True), (0.999, 100.0, False), (0.0, 500.0, True), (0.0, 499.0, False)):
        bad = (at >= 200_000_000) & (at < 400_000_000)
        checks = checks_of(at, np.where(bad, errors, 0.1), np.where(bad, latency, 100.0), rule, 60_000_000, 18)
        seen = date_checks(checks, rule, 300_000_000, None)
        assert (seen.onset is not None) is onset


def test_rules_that_cannot_be_are_refused() -> None:
    with pytest.raises(QuestionError, match="multiple of interval_s"):
        RecoveryRule(window_s=45)
    with pytest.raises(QuestionError, match="whole numbers from 1"):
        RecoveryRule(healthy=0)
    with ml.Lab() as lab, pytest.raises(QuestionError, match="before_minutes must be"):
        lab.dating(before_minutes=-1)


def _lab(tmp_path: Path, incidents: str) -> ml.Lab:
    metrics = _metrics([("11:01:17", "11:40:00")], step="30s")
    metrics.assign(time=metrics["at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")).drop(columns="at").to_csv(
        tmp_path / "m.csv", index=False
    )
    (tmp_path / "i.csv").write_text(incidents)
    lab = ml.Lab()
    lab.load(tmp_path / "i.csv")
    lab.load(tmp_path / "m.csv")
    return lab


HEAD = "incident_id,service,started_at,detected_at,resolved_at,verified_at\n"


def test_derived_stamps_fill_what_nobody_recorded_and_are_shown_and_counted(tmp_path: Path) -> None:
    with _lab(tmp_path, f"{HEAD}A,pay,,2026-03-01T11:05:00Z,2026-03-01T11:40:00Z,\n") as lab:
        report = lab.record(lab.derivable(), kind="derived")
        assert (report.format, report.accepted, report.changed) == ("derived", 2, 1)
        one = lab.incidents().iloc[0]
        assert (one["started_at_origin"], one["started_at_verdict"]) == ("derived", "recorded")
        assert _clock(one["started_at"]) == "11:01:30" and one["verified_at_origin"] == "derived"
        assert any("derived from metrics" in note for note in lab.warnings())
        assert lab.loads()["format"].tolist()[-1] == "derived"
        assert lab.record(lab.derivable(), kind="derived").new == 0


def test_a_recorded_stamp_is_never_replaced_whatever_is_derived(tmp_path: Path) -> None:
    row = "A,pay,2026-03-01T11:00:00Z,2026-03-01T11:05:00Z,2026-03-01T11:40:00Z,2026-03-01T11:46:00Z\n"
    with _lab(tmp_path, HEAD + row) as lab:
        assert lab.derivable().empty
        forced = pd.DataFrame({"incident_id": ["A"], "milestone": "started_at", "time": "2026-03-01T11:01:00Z",
                               "who": "metrics", "why": "x"})  # fmt: skip
        lab.record(forced, kind="derived")
        assert lab.incidents()["started_at_origin"].tolist() == ["export"]
        assert _clock(lab.incidents()["started_at"].iloc[0]) == "11:00:00"


def test_people_win_over_metrics_in_either_order(tmp_path: Path) -> None:
    told = pd.DataFrame({"incident_id": ["A"], "milestone": "started_at", "time": "2026-03-01T10:58:00Z",
                         "who": "Ana", "why": "support calls"})  # fmt: skip
    for order in ("annotations", "derived"), ("derived", "annotations"):
        with _lab(tmp_path, f"{HEAD}A,pay,,2026-03-01T11:05:00Z,2026-03-01T11:40:00Z,\n") as lab:
            derived = lab.derivable()
            for kind in order:
                lab.record(told if kind == "annotations" else derived, kind=kind, keep_people=True)
            one = lab.incidents().iloc[0]
            assert (one["started_at_origin"], one["verified_at_origin"]) == ("annotated", "derived")


def test_a_copied_start_gives_way_to_a_derived_one(tmp_path: Path) -> None:
    row = "A,pay,2026-03-01T11:05:00Z,2026-03-01T11:05:00Z,2026-03-01T11:40:17Z,\n"
    with _lab(tmp_path, HEAD + row) as lab:
        assert lab.incidents()["started_at_verdict"].tolist() == ["defaulted"]
        lab.record(lab.derivable(), kind="derived")
        assert lab.incidents()["started_at_origin"].tolist() == ["derived"]


def test_an_open_incident_is_not_closed_by_healthy_metrics(tmp_path: Path) -> None:
    with _lab(tmp_path, f"{HEAD}A,pay,,2026-03-01T11:05:00Z,,\n") as lab:
        assert "verified_at" not in lab.derivable()["milestone"].tolist()
