"""Timers are found in the data and make stamps suspect; the stored reports stay as they were judged."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from mttrlab.lab import Lab

START = pd.Timestamp("2026-01-01T00:00:00")


def pages(gaps: list[float]) -> list[dict[str, str]]:
    """Pages an hour apart that fall silent after so many minutes."""
    begins = [START + pd.Timedelta(hours=i) for i in range(len(gaps))]
    return [
        {
            "id": f"P{i}",
            "at": begin.isoformat(),
            "end": (begin + pd.Timedelta(minutes=gap)).isoformat(),
            "priority": "P1",
        }
        for i, (begin, gap) in enumerate(zip(begins, gaps, strict=True))
    ]


def verdicts(lab: Lab, stamp: str) -> list[str]:
    return lab.incidents()[f"{stamp}_verdict"].tolist()


def test_a_spike_of_four_hours_is_a_timer_and_its_ends_are_suspect(exports):
    human = [7 + 11 * i for i in range(30)]
    timed = [240 + 0.5 * (i % 3 - 1) for i in range(20)]
    with Lab() as lab:
        lab.load(exports.pager("pd.json", pages(human + timed)))
        found = verdicts(lab, "resolved_at")
        stored = lab.sql("SELECT DISTINCT resolved_at_verdict AS v FROM reports")["v"].tolist()
        warned = lab.warnings()
    near = [abs(gap - 240) <= 2.4 for gap in human]
    assert found == ["suspect" if close else "recorded" for close in near] + ["suspect"] * 20
    assert stored == ["recorded"]
    assert any("PagerDuty: 42 % of 50 resolutions come 4 h after detection" in warning for warning in warned)


@pytest.mark.parametrize(
    ("gaps", "why"),
    [
        ([240.0] * 19 + [7 + 11 * i for i in range(20)], "fewer than 20 rows"),
        ([240.0] * 20 + [7 + 0.9 * i for i in range(700)], "less than 3 %"),
        (
            [240.0] * 21 + [150.0] * 6 + [60 + 0.9 * i for i in range(60)],
            "less than a quarter, others come near",
        ),
        ([20.0] * 60, "shorter than half an hour"),
    ],
)
def test_what_is_no_spike_is_no_timer(exports, gaps, why):
    with Lab() as lab:
        lab.load(exports.pager("pd.json", pages(gaps)))
        assert set(verdicts(lab, "resolved_at")) == {"recorded"}, why
        assert not any("timer" in warning for warning in lab.warnings())


def test_each_service_may_have_its_own_timer(exports):
    human = [7 + 1.7 * i for i in range(60)]
    with Lab() as lab:
        lab.load(exports.pager("pd.json", pages(human + [240.0] * 22 + [1440.0] * 24)))
        assert verdicts(lab, "resolved_at") == ["recorded"] * 60 + ["suspect"] * 46
        warned = "\n".join(lab.warnings())
    assert "21 % of 106 resolutions come 4 h after detection" in warned
    assert "23 % of 106 resolutions come 24 h after detection" in warned


def test_rounding_to_the_half_hour_is_no_timer(exports):
    chance = random.Random(4)
    gaps = [30.0 * max(1, round(chance.lognormvariate(1.2, 0.8))) for _ in range(200)]
    with Lab() as lab:
        lab.load(exports.pager("pd.json", pages(gaps)))
        assert set(verdicts(lab, "resolved_at")) == {"recorded"}
        assert not any("timer" in warning for warning in lab.warnings())


def test_a_verification_that_always_comes_after_a_day_is_suspect(exports):
    rows = []
    for i in range(40):
        begin = START + pd.Timedelta(hours=i)
        fixed = begin + pd.Timedelta(minutes=20 + i)
        wait = pd.Timedelta(hours=24) if i % 2 else pd.Timedelta(minutes=3 + i)
        rows.append(
            {
                "incident_id": str(i),
                "detected_at": begin.isoformat(),
                "resolved_at": fixed.isoformat(),
                "verified_at": (fixed + wait).isoformat(),
            }
        )
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows))
        assert verdicts(lab, "verified_at") == ["recorded", "suspect"] * 20
        assert set(verdicts(lab, "resolved_at")) == {"recorded"}
        assert any("50 % of 40 verifications come 24 h after resolution" in warning for warning in lab.warnings())


def test_rounded_stamps_are_named(exports):
    rows = [{"incident_id": str(i), "detected_at": f"2026-01-{i + 1:02d}T10:{5 * (i % 12):02d}:00"} for i in range(25)]
    with Lab() as lab:
        lab.load(exports.table("t.csv", rows))
        assert any("100 % of 25 detection stamps are multiples of five" in warning for warning in lab.warnings())
