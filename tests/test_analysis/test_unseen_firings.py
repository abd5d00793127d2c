from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from mttrlab.analysis import unseen_firings
from mttrlab.errors import QuestionError, SchemaError

AT = pd.Timestamp("2026-03-02 10:00Z")


def minutes(*values: float | None) -> pd.Series:
    return pd.Series([pd.NaT if v is None else AT + pd.Timedelta(minutes=v) for v in values]).astype(
        "datetime64[us, UTC]"
    )


def incidents() -> pd.DataFrame:
    """Checkout from 0 to 40; payments, detected at 5,000, still open at 5,600; both in March."""
    return pd.DataFrame({
        "service": ["checkout", "payments"], "detected_at": minutes(0, 5000), "resolved_at": minutes(40, None),
        "resolved_at_verdict": ["recorded", "pending"], "exported_at": minutes(5600, 5600),
    })  # fmt: skip


def firings() -> pd.DataFrame:
    return pd.DataFrame({
        "alert": ["Disk", "Disk", "Disk", "Cpu", "Cpu", "Cpu", "Disk"],
        "service": ["checkout", "checkout", "payments", "payments", None, "search", "checkout"],
        #            during      just after  same time   open one    any          alone     alone, still firing
        "started_at": minutes(5, 69, 10, 5500, 20, 30, 200),
        "ended_at": minutes(9, 75, 14, 5510, 25, 36, None),
        "source": ["alertmanager"] * 7,
    })  # fmt: skip


def test_alerts_without_an_incident_of_their_service_stand_beside_the_mean() -> None:
    line = unseen_firings(firings(), incidents(), remediated=["Disk"]).iloc[0]
    assert line[["firings", "running", "during", "alone", "remediated"]].tolist() == [6, 1, 4, 2, 1]
    assert line[["incidents", "n", "mean_counted"]].tolist() == [2, 1, 40.0]
    assert line["median_alone"] == 5.0
    assert line["mean_with_alone"] == (40 + 4 + 6) / 3
    assert line["mean_with_remediated"] == (40 + 4) / 2


def test_known_runs_of_remediation_count_where_they_began_while_the_alert_fired_and_worked() -> None:
    runs = pd.DataFrame({
        "alert": ["Cpu", "Cpu", "Disk"], "service": ["search", "search", "payments"],
        "started_at": minutes(31, 99, 11), "succeeded": [True, True, False],
    })  # fmt: skip
    line = unseen_firings(firings(), incidents(), runs=runs).iloc[0]
    assert (line["alone"], line["remediated"]) == (2, 1)


def test_pages_are_counted_elsewhere_and_a_second_route_finds_the_same_neighbours() -> None:
    assert unseen_firings(firings().assign(source="pagerduty"), incidents())["firings"].sum() == 0
    chance = np.random.default_rng(4)
    start = chance.uniform(0, 40_000, 300)
    fired = pd.DataFrame({
        "alert": "a", "service": chance.choice(["x", "y"], 300), "started_at": minutes(*start),
        "ended_at": minutes(*(start + chance.exponential(20, 300))),
    })  # fmt: skip
    began = chance.uniform(0, 40_000, 60)
    known = pd.DataFrame({
        "service": chance.choice(["x", "y"], 60), "detected_at": minutes(*began),
        "resolved_at": minutes(*(began + chance.exponential(200, 60))),
    })  # fmt: skip
    near = pd.Timedelta(minutes=30)
    expected = sum(
        bool(
            (
                (known["service"] == f.service)
                & (known["detected_at"] - near <= f.ended_at)
                & (known["resolved_at"] + near >= f.started_at)
            ).any()
        )
        for f in fired.itertuples()
    )
    assert unseen_firings(fired, known)["during"].sum() == expected


def test_empty_tables_give_an_empty_answer_and_wrong_ones_a_sentence() -> None:
    assert unseen_firings(firings().iloc[:0], incidents().iloc[:0]).empty
    assert unseen_firings(firings().iloc[:0], incidents())["mean_with_alone"].tolist() == [40.0]
    with pytest.raises(SchemaError, match="firings lack ended_at"):
        unseen_firings(firings().drop(columns="ended_at"), incidents())
    with pytest.raises(QuestionError, match="within must be at least 0"):
        unseen_firings(firings(), incidents(), within=-1)
