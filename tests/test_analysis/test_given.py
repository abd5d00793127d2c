from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.validate import as_names, as_table, as_times

AT = pd.Timestamp("2026-03-01T11:00Z") + pd.to_timedelta(np.arange(6), unit="h")
LOGS = pd.DataFrame({"at": AT, "service": "a", "level": "error", "event": "boom"})
SPANS = pd.DataFrame(
    {"trace_id": "t", "span_id": ["1", "2"], "parent_id": [None, "1"], "service": "a", "name": "GET",
     "start_ns": [0, 10], "end_ns": [1000, 500]}
)  # fmt: skip
DEPLOYMENTS = pd.DataFrame({"at": AT, "service": "a", "version": "1"})
FIRINGS = pd.DataFrame({"alert": "Disk", "service": "a", "started_at": AT, "ended_at": AT + pd.Timedelta("5min")})
INCIDENTS = pd.DataFrame({"service": "a", "started_at": AT, "detected_at": AT, "resolved_at": AT})
CALLS: dict[str, tuple[pd.DataFrame, Callable[[Any], Any]]] = {
    "failed_first": (LOGS, lambda t: ml.failed_first(t, "2026-03-01T12:00Z")),
    "span_path": (SPANS, lambda t: ml.span_path(t, t)),
    "suspects": (DEPLOYMENTS, lambda t: ml.suspects(t, "2026-03-01T12:30Z", service="a")),
    "unseen_firings": (FIRINGS, lambda t: ml.unseen_firings(t, INCIDENTS, remediated="Disk")),
    "unseen_firings, incidents": (INCIDENTS, lambda t: ml.unseen_firings(FIRINGS, t)),
}
TIMED = [name for name in CALLS if name != "span_path"]


@pytest.mark.parametrize("name", CALLS)
def test_what_is_no_table_or_lacks_a_column_or_has_it_twice_is_refused_in_a_sentence(name: str) -> None:
    table, call = CALLS[name]
    for wrong in (None, 5, [1], table.to_dict("list"), pd.DataFrame(), pd.concat([table, table], axis=1)):
        with pytest.raises(SchemaError, match=r"must be a table|lack|twice"):
            call(wrong)


@pytest.mark.parametrize("name", CALLS)
def test_the_index_and_the_kind_of_the_columns_change_nothing(name: str) -> None:
    table, call = CALLS[name]
    for same in (table.set_axis([0] * len(table)), table.astype(object), table.convert_dtypes()):
        pd.testing.assert_frame_equal(call(same), call(table), check_dtype=False)
    call(table.iloc[:0])
    call(table.iloc[:1])


@pytest.mark.parametrize("name", TIMED)
def test_times_without_a_zone_are_refused(name: str) -> None:
    table, call = CALLS[name]
    stamp = next(column for column in table if str(column).endswith("at"))
    for wrong in (table[stamp].dt.tz_localize(None), table[stamp].astype(str)):
        with pytest.raises(SchemaError, match=f"{stamp} must hold times with a zone"):
            call(table.assign(**{stamp: wrong}))


def test_one_name_is_one_name_and_not_its_letters() -> None:
    assert as_names("checkout", "services") == ["checkout"]
    assert list(ml.alert_coverage("checkout", [])) == ["checkout"]
    assert ml.unseen_firings(FIRINGS, INCIDENTS.iloc[:0], remediated="Disk")["remediated"].sum() == len(FIRINGS)
    with pytest.raises(QuestionError, match="alerts must be a list; got int"):
        ml.alert_coverage(["a"], 5)  # type: ignore[arg-type]


def test_numbers_that_are_none_are_refused() -> None:
    for call in (
        lambda: ml.suspects(DEPLOYMENTS, "2026-03-01T12:30Z", within_minutes="60"),  # type: ignore[arg-type]
        lambda: ml.failed_first(LOGS, "2026-03-01T12:00Z", lead_minutes=-1),
        lambda: ml.unseen_firings(FIRINGS, INCIDENTS, within=None),  # type: ignore[arg-type]
        lambda: ml.alert_coverage(["a"], [], within="2"),  # type: ignore[arg-type]
    ):
        with pytest.raises(QuestionError, match="must be"):
            call()


def test_spans_without_their_ends_and_flags_that_are_words_are_refused() -> None:
    with pytest.raises(SchemaError, match="end_ns of the spans must be whole nanoseconds"):
        ml.span_path(SPANS.assign(end_ns=[1000, np.nan]))
    with pytest.raises(SchemaError, match="detect_observed must hold True"):
        ml.phase_correlations(pd.DataFrame({"detect": [1.0], "detect_observed": ["yes"]}))


def test_an_empty_column_of_times_has_no_time() -> None:
    table = as_table(pd.DataFrame({"at": [None, None]}), ["at"], "the logs", "lab.logs()")
    assert as_times(table, "at").isna().all()
