"""What cannot be known is unknown: without all ends, starts or detections no answer that needs them is a number."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.analysis.control_charts import monthly_limits
from mttrlab.analysis.incident_types import type_ranking
from mttrlab.analysis.services import compare_services, pool_services
from mttrlab.errors import QuestionError
from mttrlab.review.findings import collect_findings
from mttrlab.review.sentences import first_screen
from mttrlab.schema import CLOCKS, MEASURE_ENDS

ROOT = Path(__file__).parents[2]
DROPPED = {
    "nothing": (),
    "ends": ("resolved_at", "verified_at"),
    "starts": ("started_at",),
    "detections": ("detected_at",),
}
HALF = pd.Timestamp("2026-04-01", tz="UTC")


@pytest.fixture(scope="module")
def incidents() -> pd.DataFrame:
    lab = ml.Lab()
    lab.load_folder(ROOT / "data" / "exports")
    # Seen for the last time long after the newest: no open incident is so young that its time so far is known.
    return lab.incidents(since="2026-01-01").assign(exported_at=pd.Timestamp("2026-07-15", tz="UTC"))


def without(incidents: pd.DataFrame, stamps: tuple[str, ...]) -> pd.DataFrame:
    """The same records as a tool would give them that has no field for these times."""
    return incidents.drop(columns=[f"{stamp}{end}" for stamp in stamps for end in ("", "_verdict", "_origin")])


def halves(phases: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return phases[phases["month"] < HALF], phases[phases["month"] >= HALF]


ANSWERS: dict[str, tuple[Callable[[pd.DataFrame, str], pd.DataFrame], tuple[str, ...]]] = {
    "monthly_mttr": (ml.monthly_mttr, ("mean", "mean_low", "median", "p90", "max", "mean_with_open")),
    "monthly_limits": (monthly_limits, ("geometric_mean", "centre", "low", "high")),
    "compare_periods": (
        lambda p, m: ml.compare_periods(*halves(p), measure=m),
        ("ratio", "ratio_low", "ratio_with_open", "adjusted_ratio", "p_better"),
    ),
    "compare_services": (lambda p, m: compare_services(*halves(p), measure=m), ("ratio", "ratio_low", "p")),
    "trend": (lambda p, m: ml.trend(p, measure=m), ("per_month", "per_year", "p_better", "sen_per_month")),
    "change_points": (lambda p, m: ml.change_points(p, measure=m), ("ratio",)),
    "maturity": (lambda p, m: ml.maturity(p, measure=m), ("minutes", "low", "high", "p_elite", "p_basic")),
    "survival": (lambda p, m: ml.survival_quantiles(p[m], p[f"{m}_observed"]), ("minutes", "low")),
    "types": (lambda p, m: type_ranking(p, m), ("minutes", "low", "median")),
    "services": (lambda p, m: pool_services(p, m), ("geometric_mean", "pooled", "low")),
    "downtime": (lambda p, m: ml.downtime(p, measure=m), ("minutes", "availability", "budget_spent", "p_blown")),
    "explain_change": (lambda p, m: ml.explain_change(*halves(p), measure=m), ("minutes", "low")),
    "distances": (lambda p, m: ml.distance_to_next(p, measure=m), ("cut_needed", "mean")),
    "changes": (lambda p, m: ml.what_changed(p, measures=[m], groups=False), ("before", "after", "ratio")),
}

MORE_NEEDED = ("change_points", "changes", "distances")
"""A change that is there, or all the phases of a clock."""
OF_CLOCKS = ("downtime", "explain_change", "distances")


def finite(table: pd.DataFrame, columns: tuple[str, ...]) -> bool:
    there = [name for name in columns if name in table]
    return bool(table[there].astype("float64").map(math.isfinite).to_numpy().any())


@pytest.mark.parametrize("name", ANSWERS)
def test_no_number_without_the_times_that_it_needs_and_one_with_them(incidents: pd.DataFrame, name: str) -> None:
    ask, columns = ANSWERS[name]
    wrong = []
    for dropped, stamps in DROPPED.items():
        phases = ml.phase_durations(without(incidents, stamps))
        for measure in CLOCKS if name in OF_CLOCKS else ("detect", "diagnose", *CLOCKS):
            needs = set(MEASURE_ENDS[measure]) & set(stamps)
            try:
                known = finite(ask(phases, measure), columns)
            except QuestionError:
                known = False
            if known == bool(needs) and name not in MORE_NEEDED:
                wrong.append(f"without {dropped}: {measure} is {'a number' if known else 'unknown'}")
            if known and needs:
                wrong.append(f"without {dropped}: {measure} is a number")
    assert wrong == []


def test_summaries_and_shares_hold_no_number_of_a_phase_without_its_ends(incidents: pd.DataFrame) -> None:
    for stamps in DROPPED.values():
        phases = ml.phase_durations(without(incidents, stamps))
        for table in (ml.phase_summary(phases), ml.clock_summary(phases)):
            for line in table.to_dict("records"):
                name = line.get("phase") or line["measure"]
                known = not set(MEASURE_ENDS[name]) & set(stamps)
                assert (line["n"] > 0) == known, (stamps, name)
                assert all(math.isfinite(line[number]) == known for number in ("mean", "median", "p90", "median_low"))
        shares = ml.bottleneck(phases).set_index("phase")["share"]
        for phase, share in shares.items():
            assert not (set(MEASURE_ENDS[phase]) & set(stamps) and math.isfinite(share)), (stamps, phase)


@pytest.mark.parametrize("dropped", ["ends", "starts", "detections"])
def test_a_page_without_a_kind_of_time_tells_no_minutes_that_need_it(
    incidents: pd.DataFrame, dropped: str, tmp_path: Path
) -> None:
    without(incidents, DROPPED[dropped]).to_csv(tmp_path / "incidents.csv", index=False)
    lab = ml.Lab()
    lab.load(tmp_path / "incidents.csv")
    found = collect_findings(lab, "2026-05", seed=1, replications=20, days=30)
    ends = set(DROPPED[dropped])
    clocks = found.tables["clocks"].set_index("measure")[["mean", "median", "p90"]]
    for clock in CLOCKS:
        if set(MEASURE_ENDS[clock]) & ends:
            assert clocks.loc[clock].isna().all(axis=None)
    if dropped == "ends":
        assert found.timed in (None, 0.0) and found.tables["months"][["mean", "median"]].isna().all(axis=None)
        assert "with an incident running" not in set(found.tables["cost"]["what"])
        screen = " ".join(sentence.text for sentence in first_screen(found)[0])
        assert not re.search(r"\d (min|minutes|h|hours)\b", screen)
