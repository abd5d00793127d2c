from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mttrlab import sql
from mttrlab.analysis import clock_summary, phase_durations, phase_spans, phase_summary, span_summary
from mttrlab.analysis.intervals import EXACT, mean_interval, median_interval, quantile_interval
from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import CLOCKS, INCIDENT_COLUMNS, PHASES, conform

PH_1 = {"detect": (5, 1.0), "diagnose": (30, 1.0), "resolve": (15, 0.9), "verify": (4, 0.5)}


def incidents_of(n: int, seed: int = 1) -> pd.DataFrame:
    """Incidents with lognormal phases, as PH-1 has them; one in twenty is open, one in ten lacks its diagnosis."""
    generator = np.random.default_rng(seed)
    at = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(
        np.sort(generator.integers(0, 180 * 86400, n)), unit="s"
    )
    rows = pd.DataFrame({"incident_id": [f"i{k}" for k in range(n)], "started_at": at.as_unit("us")})
    rows["service"] = pd.Series(generator.choice(["checkout", "fraud", "user", ""], n)).replace("", None)
    for stamp, (median, sigma) in zip(
        ("detected_at", "diagnosed_at", "resolved_at", "verified_at"), PH_1.values(), strict=True
    ):
        minutes = np.exp(generator.normal(np.log(median), sigma, n))
        at = at + pd.to_timedelta(np.rint(minutes * 6e7).astype("int64"), unit="us")
        rows[stamp] = at.as_unit("us")
    rows["exported_at"] = pd.Timestamp("2026-07-02", tz="UTC")
    lacks, still = generator.random(n) < 0.1, generator.random(n) < 0.05
    rows["diagnosed_at"] = rows["diagnosed_at"].mask(lacks | still)
    rows["resolved_at"] = rows["resolved_at"].mask(still)
    rows["verified_at"] = rows["verified_at"].mask(still)
    return conform(rows, INCIDENT_COLUMNS)


class Kept:
    """The smallest thing that answers as a lab does."""

    def __init__(self, incidents: pd.DataFrame, threads: int = 2) -> None:
        from mttrlab.analysis.phases import judged_stamps

        self.connection = sql.connect()
        self.connection.execute(f"SET threads = {threads}")
        judged = judged_stamps(incidents).drop(columns=["row"])
        self.connection.register("given", incidents.assign(**{c: judged[c] for c in judged}))
        self.connection.execute("CREATE TABLE incidents AS SELECT * FROM given")

    def sql(self, query: str, **parameters: object) -> pd.DataFrame:
        return sql.frame(self.connection, query, **parameters)


@pytest.fixture(scope="module")
def phases() -> pd.DataFrame:
    return phase_durations(incidents_of(400))


def test_three_incidents_by_hand() -> None:
    rows = pd.DataFrame(
        {
            "detect": [5.0, 15.0, 2.0],
            "diagnose": [30.0, 60.0, 58.0],
            "resolve": [10.0, 30.0, np.nan],
            "verify": [5.0, 5.0, np.nan],
            "diagnose_observed": [True, True, False],
        }
    )
    table = phase_summary(rows).set_index("phase")
    assert table["n"].tolist() == [3, 2, 2, 2]
    assert table["open"].tolist() == [0, 1, 0, 0]
    assert table["mean"].tolist() == pytest.approx([22 / 3, 45, 20, 5])
    assert table["median"].tolist() == [5, 45, 20, 5]
    assert table["p90"].tolist() == pytest.approx([13, 57, 28, 5])
    # Of the two incidents that have all four phases: 50 and 110 minutes.
    assert table["share"].tolist() == pytest.approx([20 / 160, 90 / 160, 40 / 160, 10 / 160])
    assert table["share_of_tail"].tolist() == pytest.approx([15 / 110, 60 / 110, 30 / 110, 5 / 110])
    assert set(table["share_n"]) == {2}
    assert table.loc["detect", "mean_method"] == "not estimable: n = 3"


def test_plain_pandas_gives_the_same_numbers(phases: pd.DataFrame) -> None:
    table = phase_summary(phases, by="service")
    assert len(table) == 4 * 4
    for (service, phase), rows in table.groupby(["service", "phase"], dropna=False):
        mine = phases[phases["service"].isna() if pd.isna(service) else phases["service"] == service]
        ended = mine.loc[mine[f"{phase}_observed"].eq(True).fillna(False), phase]
        row = rows.iloc[0]
        assert (row["n"], row["open"]) == (len(ended), mine[f"{phase}_observed"].eq(False).fillna(False).sum())
        assert row["mean"] == pytest.approx(ended.mean(), rel=1e-12)
        assert row["median"] == pytest.approx(ended.median(), rel=1e-12)
        assert row["p90"] == pytest.approx(ended.quantile(0.9), rel=1e-12)
        for name, found in (
            ("mean", mean_interval(ended)),
            ("median", median_interval(ended)),
            ("p90", quantile_interval(ended)),
        ):
            assert row[f"{name}_low"] == pytest.approx(found.low, rel=1e-6)
            assert row[f"{name}_high"] == pytest.approx(found.high, rel=1e-6)
        assert row["mean_method"] == mean_interval(ended).method
        assert row["p90_method"] == EXACT


def test_shares_are_of_complete_incidents_and_add_up_to_one(phases: pd.DataFrame) -> None:
    table = phase_summary(phases)
    observed = phases[[f"{phase}_observed" for phase in PHASES]].eq(True).fillna(False).all(axis=1)
    complete = phases.loc[observed, list(PHASES)]
    total = complete.sum(axis=1)
    tail = complete[total > total.quantile(0.9)]
    assert set(table["share_n"]) == {len(complete)}
    np.testing.assert_allclose(table["share"], complete.sum() / total.sum(), rtol=1e-12)
    np.testing.assert_allclose(table["share_of_tail"], tail.sum() / tail.sum().sum(), rtol=1e-12)
    assert table["share"].sum() == pytest.approx(1, abs=1e-12)


def test_an_export_without_impact_start_and_verification_shares_what_it_has(phases: pd.DataFrame) -> None:
    bare = phases.assign(detect=np.nan, verify=np.nan)
    table = phase_summary(bare)
    assert set(table["share_of"]) == {"diagnose + resolve"}
    assert table["share"].isna().tolist() == [True, False, False, True]
    assert table["share"].sum() == pytest.approx(1)


def test_a_few_incidents_with_every_stamp_do_not_stand_for_the_many_that_lack_one() -> None:
    rows = pd.DataFrame({"diagnose": [30.0] * 60, "resolve": [10.0] * 60, "verify": [5.0] * 4 + [np.nan] * 56})
    table = phase_summary(rows)
    assert set(table["share_of"]) == {"diagnose + resolve"}
    assert set(table["share_n"]) == {60}
    few = phase_summary(pd.DataFrame({"diagnose": [30.0] * 40, "resolve": [10.0] * 6 + [np.nan] * 34}))
    assert set(few["share_n"]) == {6}


def test_where_no_two_phases_meet_there_is_no_share_and_a_reason(phases: pd.DataFrame) -> None:
    table = phase_summary(phases[["detect"]])
    assert table["share"].isna().all()
    assert set(table["share_of"]) == {"no two phases end in enough of the incidents"}
    assert table["n"].tolist() == [400, 0, 0, 0]


def test_clocks_have_the_same_columns_and_no_shares(phases: pd.DataFrame) -> None:
    clocks, parts = clock_summary(phases), phase_summary(phases)
    assert clocks["measure"].tolist() == list(CLOCKS)
    assert clocks.columns.tolist()[1:] == parts.columns.tolist()[1:]
    assert clocks["share"].isna().all()


def test_a_lab_and_a_frame_answer_alike_on_any_number_of_threads() -> None:
    incidents = incidents_of(3000, seed=2)
    one, four = Kept(incidents, 1), Kept(incidents.sample(frac=1, random_state=1, ignore_index=True), 4)
    phases = phase_durations(incidents)
    for ask in (phase_summary, clock_summary):
        for by in (None, "service", ["month", "service"]):
            table = ask(phases, by)
            pd.testing.assert_frame_equal(ask(one, by), table, check_exact=True)
            pd.testing.assert_frame_equal(ask(four, by), table, check_exact=True)


def test_without_a_level_the_numbers_are_the_same_and_intervals_are_left_out(phases: pd.DataFrame) -> None:
    full, lean = phase_summary(phases, by="service"), phase_summary(phases, by="service", level=None)
    assert not [name for name in lean if name.endswith(("_low", "_high", "_method"))]
    shown = ["service", "phase", "n", "open", "mean", "median", "p90"]
    pd.testing.assert_frame_equal(lean[shown], full[shown])


def test_groups_without_a_name_are_counted_too(phases: pd.DataFrame) -> None:
    table = phase_summary(phases, by="service")
    assert table["service"].isna().sum() == 4
    detected = table.loc[table["phase"] == "detect", ["n", "open"]].to_numpy().sum()
    assert detected == len(phases)


def test_no_incidents_give_four_rows_that_say_so() -> None:
    table = phase_summary(pd.DataFrame({"detect": pd.Series(dtype=float)}))
    assert table["n"].tolist() == [0, 0, 0, 0]
    assert table["mean"].isna().all()
    assert set(table["mean_method"]) == {"not estimable: n = 0"}
    assert table["share_of"].notna().all()


def test_bad_questions_are_refused_in_one_sentence(phases: pd.DataFrame) -> None:
    with pytest.raises(QuestionError, match="by= names 'squad', which is no column"):
        phase_summary(phases, by="squad")
    with pytest.raises(QuestionError, match="by= must name columns of incidents"):
        phase_summary(Kept(incidents_of(3)), by="squad")
    with pytest.raises(QuestionError, match="descriptive columns"):
        phase_summary(phases, by="detect")
    with pytest.raises(QuestionError, match="level must lie"):
        phase_summary(phases, level=2)
    with pytest.raises(SchemaError, match="no phase and no clock"):
        phase_summary(pd.DataFrame({"incident_id": ["a"]}))
    with pytest.raises(SchemaError, match="detect in row 1 is inf minutes"):
        phase_summary(pd.DataFrame({"detect": [1.0, np.inf]}))
    with pytest.raises(SchemaError, match="got NoneType"):
        phase_summary(None)  # type: ignore[arg-type]


def test_public_post_mortems_give_the_published_means(shared: Path) -> None:
    rows = pd.read_csv(shared / "data" / "issre22" / "issre22_phases.csv")
    cases = json.loads((shared / "truth" / "known_truth.json").read_text(encoding="utf-8"))
    expected = next(case for case in cases if case["id"] == "ISSRE-1")["expected"]
    named = {"detect": "ttd", "diagnose": "tti", "resolve": "ttm", "recovery": "ttr"}
    columns = {"detect": "ttd_min", "diagnose": "tti_min", "resolve": "ttm_min", "recovery": "duration_min"}
    phases = pd.DataFrame({name: rows[column] for name, column in columns.items()})
    table = phase_summary(phases).set_index("phase")
    for name in ("detect", "diagnose", "resolve"):
        assert table.loc[name, "n"] == expected["n"][named[name]]
        assert table.loc[name, "mean"] == pytest.approx(expected["mean"][named[name]], abs=1e-6)
        assert table.loc[name, "median"] == expected["median"][named[name]]
    whole = clock_summary(phases).set_index("measure").loc["recovery"]
    assert (whole["n"], whole["mean"]) == (expected["n"]["ttr"], pytest.approx(expected["mean"]["ttr"], abs=1e-6))
    assert table["mean"].sum() == pytest.approx(expected["sum_of_phase_means"], abs=1e-6)


MINUTES = st.one_of(st.none(), st.floats(0, 5000))


@settings(max_examples=12)
@given(st.lists(st.tuples(MINUTES, MINUTES, MINUTES, MINUTES), min_size=1, max_size=25), st.randoms())
def test_order_does_not_matter_and_shares_add_up(rows: list[tuple], chance: object) -> None:
    phases = pd.DataFrame(rows, columns=list(PHASES), dtype=float)
    shuffled = phases.sample(frac=1, random_state=chance.randrange(1000))  # type: ignore[attr-defined]
    table = phase_summary(phases)
    pd.testing.assert_frame_equal(phase_summary(shuffled), table, check_exact=True)
    if table["share"].notna().any():
        assert table["share"].sum() == pytest.approx(1, abs=1e-9)
        assert table["share_of_tail"].sum() == pytest.approx(1, abs=1e-9)


def test_spans_are_summed_up_as_they_are_merged() -> None:
    at = pd.Timestamp("2026-01-05 10:00", tz="UTC")
    minute = pd.Timedelta(minutes=1)
    rows = pd.DataFrame(
        {
            "incident_id": ["a", "b", "c"],
            "detected_at": [at, at, at],
            "diagnosed_at": [pd.NaT, at + 20 * minute, pd.NaT],
            "resolved_at": [at + 42 * minute, at + 30 * minute, pd.NaT],
            "exported_at": at + 60 * minute,
        }
    )
    table = span_summary(phase_spans(rows)).set_index("span")
    assert table.index.tolist() == ["diagnose", "diagnose + resolve", "resolve"]
    assert table["n"].tolist() == [1, 1, 1]
    assert table["open"].tolist() == [1, 0, 0]
    assert table["mean"].tolist() == [20, 42, 10]
    assert table["share"].tolist() == pytest.approx([20 / 72, 42 / 72, 10 / 72])
