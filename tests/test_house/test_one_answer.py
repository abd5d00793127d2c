"""A matrix of contradictions: whoever answers the same question, over every month and service, says the same number."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest

import mttrlab as ml
from mttrlab.analysis.control_charts import monthly_limits
from mttrlab.analysis.conventions import lead_clock, month_bounds
from mttrlab.analysis.incident_types import type_ranking
from mttrlab.cli import main
from mttrlab.review.findings import collect_findings
from mttrlab.text import format_minutes

ROOT = Path(__file__).parents[2]
Answers = defaultdict[tuple[str, str, str], dict[str, float]]
WHOLE = "all services"


@pytest.fixture(scope="module", params=["exports", "small"])
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ml.Lab:
    opened = ml.Lab(tmp_path_factory.mktemp("one") / "lab.duckdb")
    opened.load_folder(ROOT / "data" / request.param)
    opened.close()
    return ml.Lab(opened.path, read_only=True)


def contradictions(answers: Answers) -> list[str]:
    wrong = []
    for asked, said in answers.items():
        known = {who: float(value) for who, value in said.items() if not pd.isna(value)}
        if known and max(known.values()) - min(known.values()) > 1e-9 * max(map(abs, known.values())):
            wrong.append(f"{' '.join(asked)}: {known}")
    return wrong


def of_months(answers: Answers, who: str, months: pd.DataFrame, service: str, *names: str) -> None:
    for line in months[months["month"].notna()].to_dict("records"):
        for name in names:
            answers[name, f"{line['month']:%Y-%m}", service][who] = line[name]


def test_every_verb_and_table_counts_and_times_each_month_and_service_alike(lab: ml.Lab) -> None:
    answers: Answers = defaultdict(dict)
    phases = ml.phase_durations(lab.incidents())
    measure = lead_clock(lab)
    assert lead_clock(phases) == measure
    counted, timed = ("incidents", "open", "n"), ("n", "open", "mean", "median", "p90")
    everything = ml.phase_durations(lab)
    summary = ml.clock_summary(lab, by=["month", "service"])
    for service, own in summary[summary["measure"] == measure].groupby("service"):
        of_months(answers, "clock_summary of the lab", own, str(service), *timed)
    whole = ml.clock_summary(phases, by="month")
    of_months(answers, "clock_summary", whole[whole["measure"] == measure], WHOLE, *timed)
    of_months(answers, "monthly_mttr of the lab", ml.monthly_mttr(lab, measure), WHOLE, *counted, *timed)
    for service in [WHOLE, *sorted(phases["service"].dropna().unique())]:
        for who, table in (("a frame", phases), ("the lab's phases", everything)):
            rows = table if service == WHOLE else table[table["service"] == service]
            of_months(answers, f"monthly_mttr of {who}", ml.monthly_mttr(rows, measure), service, *counted, *timed)
        of_months(answers, "monthly_limits", monthly_limits(rows, measure), service, *counted)
        for month, own in rows.groupby("month"):
            for name, value in answers_of(own, measure).items():
                answers[name, f"{month:%Y-%m}", service] |= value
    assert len(answers) > 200
    assert contradictions(answers) == []


def answers_of(rows: pd.DataFrame, measure: str) -> dict[str, dict[str, float]]:
    """What the estimators of one set of incidents say of it."""
    level = ml.maturity(rows, measure=measure).set_index("statistic")
    types = type_ranking(rows, measure)
    never = {"maturity": level["never_closed"].max(), "types": types["never_closed"].sum()}
    counts = {"rows": float(len(rows)), "types": types["incidents"].sum()}
    return {"incidents": counts, "n": {"maturity": level["n"].max()}, "never closed": never}


def test_the_command_line_prints_the_same_months(lab: ml.Lab, tmp_path: Path) -> None:
    answers: Answers = defaultdict(dict)
    measure = lead_clock(lab)
    of_months(answers, "monthly_mttr", ml.monthly_mttr(lab, measure), WHOLE, "incidents", "open", "n", "mean", "median")
    written = tmp_path / "months.csv"
    assert main(["months", "--lab", str(lab.path), "--csv", str(written)]) == 0
    printed = pd.read_csv(written).assign(month=lambda table: pd.to_datetime(table["month"], utc=True))
    assert set(printed["measure"]) == {measure}
    of_months(answers, "mttrlab months", printed, WHOLE, "incidents", "open", "n")
    written = tmp_path / "clocks.csv"
    assert main(["phases", "--clocks", "--by", "month", "--lab", str(lab.path), "--csv", str(written)]) == 0
    printed = pd.read_csv(written).assign(month=lambda table: pd.to_datetime(table["month"], utc=True))
    printed = printed[printed["measure"] == measure]
    of_months(answers, "mttrlab phases --clocks --by month", printed, WHOLE, "open", "n", "mean", "median")
    assert contradictions(answers) == []


def test_down_time_and_budget_of_a_month_are_the_same_on_the_page_and_wherever_asked(
    lab: ml.Lab, tmp_path: Path
) -> None:
    answers: Answers = defaultdict(dict)
    phases = ml.phase_durations(lab.incidents())
    measure, asked = lead_clock(lab), ("minutes", "budget_spent", "budget_left", "never_closed", "left_out", "incidents")
    months = sorted(phases["month"].dropna().unique())
    for month in months:
        since, until = month_bounds([month], phases["exported_at"])
        known = {"the lab": lab, "a frame": phases}
        tables = {who: ml.downtime(source, 0.999, since=since, until=until) for who, source in known.items()}
        for service in tables["the lab"]["service"].iloc[1:]:
            own = phases[phases["service"] == service]
            tables[service] = ml.downtime(own, 0.999, measure=measure, since=since, until=until).assign(service=service)
        for who, table in tables.items():
            for line in table.to_dict("records"):
                for name in asked:
                    answers[name, f"{month:%Y-%m}", line["service"]][who] = line[name]
    for month in (months[-1], months[-2], months[0]):
        written = tmp_path / f"{month:%Y-%m}.csv"
        assert main(["downtime", "--months", f"{month:%Y-%m}", "--lab", str(lab.path), "--csv", str(written)]) == 0
        for line in pd.read_csv(written).to_dict("records"):
            for name in asked:
                answers[name, f"{month:%Y-%m}", line["service"]]["mttrlab downtime"] = line[name]
    assert contradictions(answers) == []


def test_the_page_says_what_the_tables_say(lab: ml.Lab) -> None:
    phases = ml.phase_durations(lab.incidents())
    months = sorted(phases["month"].dropna().unique())
    for month in (months[-2], months[len(months) // 2]):
        found = collect_findings(lab, f"{month:%Y-%m}", seed=1, replications=20, days=30)
        answers: Answers = defaultdict(dict)
        mine = ml.monthly_mttr(lab, found.measure).set_index("month")
        of_months(answers, "monthly_mttr", mine.reset_index(), WHOLE, "incidents", "open", "n", "mean", "median")
        page = found.tables["months"]
        of_months(answers, "the page's months", page, WHOLE, "incidents", "open", "n", "mean", "median")
        named = f"{month:%Y-%m}"
        answers["incidents", named, WHOLE]["first screen"] = found.incidents
        answers["open", named, WHOLE]["first screen"] = found.still_open
        own = ml.maturity(phases[phases["month"] == month], measure=found.measure)
        answers["never closed", named, WHOLE] |= {"first screen": found.never_closed, "maturity": own["never_closed"].max()}
        clocks = found.tables["clocks"]
        line = clocks[(clocks["of"] == "month") & (clocks["measure"] == found.measure)].iloc[0]
        for name in ("n", "mean", "median"):
            answers[name, named, WHOLE]["the page's clocks"] = line[name]
        assert contradictions(answers) == []
        since, until = month_bounds([month], phases["exported_at"])
        down = ml.downtime(lab, lab.settings.slo, measure=found.measure, since=since, until=until).iloc[0]
        cost = found.tables["cost"].set_index("what")["value"]
        assert cost["with an incident running"] == format_minutes(down["minutes"])
        spent = cost.filter(like="of the budget").iloc[-1]
        said = float(spent.rstrip("%")) / 100 if spent.endswith("%") else float(spent.removesuffix(" × it"))
        assert math.isclose(said, down["budget_spent"], rel_tol=0.06)
