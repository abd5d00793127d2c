"""The founding text's recovery rule: its own loop, VER-1, flaps, and metrics that fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mttrlab.errors import QuestionError, SchemaError
from mttrlab.judge.recovery import ReplayClock, verify_service_recovery

FIX = pd.Timestamp("2026-03-01T12:00:00Z")


def _seconds(share: float, service: str = "payment-service") -> pd.DataFrame:
    """Ten minutes of one-second metrics; the errors stop at the fix."""
    at = pd.date_range(FIX - pd.Timedelta("5min"), periods=600, freq="s").as_unit("us")
    errors = np.where(at < FIX, 100 * share, 0.0)
    return pd.DataFrame({"service": service, "at": at, "error_rate": errors, "latency_p95": 120.0})


def test_ver_1_holds_over_stored_metrics_and_live(shared: Path) -> None:
    case = next(c for c in json.loads((shared / "truth" / "known_truth.json").read_text()) if c["id"] == "VER-1")
    for before, expected in zip(case["inputs"]["pre_fix_error"], case["expected"]["seconds"], strict=True):
        stored = verify_service_recovery("payment-service", _seconds(before), at=FIX)
        assert stored
        assert stored.seconds == expected
        clock = ReplayClock(0)

        def live(
            service: str, window_seconds: int, before: float = before, clock: ReplayClock = clock
        ) -> Mapping[str, float]:
            still = max(window_seconds - clock.now(), 0) / window_seconds
            return {"error_rate": 100 * before * still, "latency_p95": 120}

        assert verify_service_recovery("payment-service", live, clock=clock).seconds == expected


def test_counts_weigh_each_second_by_its_traffic() -> None:
    rows = _seconds(0.0).drop(columns="error_rate").assign(requests=10, errors=0)
    quiet = rows["at"] < FIX - pd.Timedelta("30s")
    rows.loc[quiet, ["requests", "errors"]] = [1, 1]
    first = verify_service_recovery("payment-service", rows, at=FIX).checks[0]
    assert first.error_rate == pytest.approx(100 * 30 / 330)


def test_a_service_that_stays_sick_is_false_with_what_was_seen() -> None:
    seen = verify_service_recovery("pay", lambda service, window_seconds: {"error_rate": 3, "latency_p95": 10},
                                   clock=ReplayClock(0))  # fmt: skip
    assert not seen
    assert seen == False  # noqa: E712
    assert len(seen.checks) == 10
    assert seen.table()["healthy"].sum() == 0
    assert seen.verified_at is None
    assert "0 of 10 checks were good" in str(seen)


@pytest.mark.parametrize(
    ("error_rate", "latency", "good"), [(1.0, 100, False), (0.99, 100, True), (0.0, 500, False), (0.0, 499.9, True)]
)
def test_both_thresholds_are_strict(error_rate: float, latency: float, good: bool) -> None:
    seen = verify_service_recovery(
        "pay", lambda service, window_seconds: {"error_rate": error_rate, "latency_p95": latency}, clock=ReplayClock(0)
    )
    assert bool(seen) is good


def test_a_flap_passes_the_founding_rule_and_not_three_in_a_row() -> None:
    def flapping(service: str, window_seconds: int) -> dict[str, float]:
        flapping.n += 1  # type: ignore[attr-defined]
        return {"error_rate": 0.0 if flapping.n % 3 else 9.0, "latency_p95": 100}  # type: ignore[attr-defined]

    for settings, recovered in (({}, True), ({"healthy": 3}, False), ({"healthy": 2, "of": 3}, True)):
        flapping.n = 0  # type: ignore[attr-defined]
        assert bool(verify_service_recovery("pay", flapping, clock=ReplayClock(0), **settings)) is recovered


def test_three_in_a_row_take_one_minute_more() -> None:
    once = verify_service_recovery("payment-service", _seconds(0.05), at=FIX)
    thrice = verify_service_recovery("payment-service", _seconds(0.05), at=FIX, healthy=3)
    assert thrice.seconds - once.seconds == 60
    assert thrice.verified_at == FIX + pd.Timedelta("120s")


def test_a_source_that_fails_once_is_asked_again() -> None:
    answers: list[object] = [TimeoutError("no answer"), {"error_rate": 0.1, "latency_p95": 100}]

    def source(service: str, window_seconds: int) -> Mapping[str, float]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    seen = verify_service_recovery("pay", source, clock=ReplayClock(0))
    assert seen
    assert seen.checks[0].trouble == "TimeoutError: no answer"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ({"error_rate": float("nan"), "latency_p95": 1.0}, "error_rate is not a number"),
        ({"error_rate": 0.1, "latency_p95": None}, "latency_p95 is 'None', not a number"),
        ({"latency_p95": 1.0}, "the metrics lack error_rate"),
        (None, "the metrics lack error_rate"),
        ({"error_rate": "low", "latency_p95": 1.0}, "error_rate is 'low', not a number"),
    ],
)
def test_unreadable_metrics_are_never_healthy_and_say_why(answer: object, sentence: str) -> None:
    seen = verify_service_recovery("pay", lambda service, window_seconds: answer, clock=ReplayClock(0))
    assert not seen
    assert sentence in seen.reason
    assert "10 of 10 checks" in seen.reason


def test_a_gap_in_stored_metrics_is_not_health() -> None:
    seen = verify_service_recovery("other-service", _seconds(0.0), at=FIX)
    assert not seen
    assert "there are no metrics of other-service" in seen.reason


def test_nothing_is_printed_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    verify_service_recovery("payment-service", _seconds(0.05), at=FIX, say=lines.append)
    assert capsys.readouterr().out == ""
    assert lines[0] == "[12:00:00] Error rate: 5.00%, P95 latency: 120ms"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "stored metrics have no now; pass at="),
        ({"at": "2026-03-01T12:00:00"}, "with its zone"),
        ({"at": "yesterday noon"}, "at must be a time"),
        ({"at": FIX, "interval_s": 0}, "interval_s must be a finite number above 0; got 0"),
        ({"at": FIX, "check_duration_minutes": float("inf")}, "check_duration_minutes must be"),
        ({"at": FIX, "healthy": 3, "of": 2}, "between 1 and those looked at; got 3 of 2"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict, sentence: str) -> None:
    with pytest.raises(QuestionError, match=sentence.replace("(", r"\(")):
        verify_service_recovery("payment-service", _seconds(0.05), **settings)


def test_stored_metrics_without_columns_or_zone_are_refused() -> None:
    with pytest.raises(SchemaError, match="lack latency_p95, error_rate"):
        verify_service_recovery("pay", _seconds(0)[["service", "at"]], at=FIX)
    naive = _seconds(0).assign(at=lambda rows: rows["at"].dt.tz_localize(None))
    with pytest.raises(SchemaError, match="has no time zone"):
        verify_service_recovery("pay", naive, at=FIX)
    with pytest.raises(QuestionError, match="a function or a table"):
        verify_service_recovery("pay", 3)  # type: ignore[arg-type]
