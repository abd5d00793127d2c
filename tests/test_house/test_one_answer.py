"""A matrix of contradictions: whoever answers the same question, over every month and service, says the same number."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Organisation:
    """A lab, and its months that are asked one by one."""

    lab: ml.Lab
    phases: pd.DataFrame
    measure: str
    months: list[pd.Timestamp]


ALL = 1_000


@pytest.fixture(
    scope="module",
    params=[("exports", 2), ("small", ALL), pytest.param(("exports", ALL), marks=pytest.mark.soak)],
    ids=["exports, newest months", "small", "exports"],
)
def one(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Organisation:
    name, newest = request.param
    lab = ml.Lab(tmp_path_factory.mktemp("one") / "lab.duckdb")
    lab.load_folder(ROOT / "data" / name)
    lab.close()
    lab = ml.Lab(lab.path, read_only=True)
    phases = ml.phase_durations(lab.incidents())
    measure = lead_clock(lab)
    assert lead_clock(phases) == measure
    return Organisation(lab, phases, measure, sorted(phases["month"].dropna().unique())[-newest:])


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


def test_every_table_counts_and_times_each_month_and_service_alike(one: Organisation) -> None:
    answers: Answers = defaultdict(dict)
    counted, timed = ("incidents", "open", "n"), ("n", "open", "mean", "median", "p90")
    summary = ml.clock_summary(one.lab, by=["month", "service"])
    for service, own in summary[summary["measure"] == one.measure].groupby("service"):
        of_months(answers, "clock_summary of the lab", own, str(service), *timed)
    whole = ml.clock_summary(one.phases, by="month")
    of_months(answers, "clock_summary", whole[whole["measure"] == one.measure], WHOLE, *timed)
    of_months(answers, "monthly_mttr of the lab", ml.monthly_mttr(one.lab, one.measure), WHOLE, *counted, *timed)
    for service in services(one):
        rows = one.phases if service == WHOLE else one.phases[one.phases["service"] == service]
        of_months(answers, "monthly_mttr", ml.monthly_mttr(rows, one.measure), service, *counted, *timed)
        of_months(answers, "monthly_limits", monthly_limits(rows, one.measure), service, *counted)
        for month in one.months:
            own = rows[rows["month"] == month]
            level, types = ml.maturity(own, measure=one.measure), type_ranking(own, one.measure)
            named = f"{month:%Y-%m}", service
            answers["n", *named]["maturity"] = level["n"].max()
            answers["incidents", *named] |= {"rows": len(own), "types": types["incidents"].sum()}
            never = {"maturity": level["never_closed"].max(), "types": types["never_closed"].sum()}
            answers["never closed", *named] = never
    assert len(answers) > 100
    assert contradictions(answers) == []


def services(one: Organisation) -> list[str]:
    return [WHOLE, *sorted(one.phases["service"].dropna().unique())]


def test_the_command_line_prints_the_same_months(one: Organisation, tmp_path: Path) -> None:
    answers: Answers = defaultdict(dict)
    lab = ["--lab", str(one.lab.path), "--csv"]
    names = ("incidents", "open", "n", "mean", "median")
    of_months(answers, "monthly_mttr", ml.monthly_mttr(one.lab, one.measure), WHOLE, *names)
    assert main(["months", *lab, str(tmp_path / "months.csv")]) == 0
    printed = dated(pd.read_csv(tmp_path / "months.csv"))
    assert set(printed["measure"]) == {one.measure}
    of_months(answers, "mttrlab months", printed, WHOLE, "incidents", "open", "n")
    assert main(["phases", "--clocks", "--by", "month", *lab, str(tmp_path / "clocks.csv")]) == 0
    printed = dated(pd.read_csv(tmp_path / "clocks.csv"))
    of_months(
        answers, "mttrlab phases", printed[printed["measure"] == one.measure], WHOLE, "open", "n", "mean", "median"
    )
    assert contradictions(answers) == []


def dated(printed: pd.DataFrame) -> pd.DataFrame:
    return printed.assign(month=pd.to_datetime(printed["month"], utc=True))


def test_down_time_and_budget_of_a_month_are_the_same_wherever_asked(one: Organisation, tmp_path: Path) -> None:
    answers: Answers = defaultdict(dict)

    def note(month: pd.Timestamp, who: str, table: pd.DataFrame) -> None:
        for line in table.to_dict("records"):
            for name in ("minutes", "budget_spent", "budget_left", "never_closed", "left_out", "incidents"):
                answers[name, f"{month:%Y-%m}", line["service"]][who] = line[name]

    for month in one.months:
        since, until = month_bounds([month], one.phases["exported_at"])
        known = {"since": since, "until": until}
        note(month, "the lab", ml.downtime(one.lab, 0.999, **known))
        note(month, "a frame", ml.downtime(one.phases, 0.999, **known))
        for service in services(one)[1:]:
            own = ml.downtime(one.phases[one.phases["service"] == service], 0.999, measure=one.measure, **known)
            note(month, "the service alone", own.iloc[1:])
        written = tmp_path / f"{month:%Y-%m}.csv"
        asked = ["--months", f"{month:%Y-%m}", "--slo", "0.999", "--lab", str(one.lab.path)]
        assert main(["downtime", *asked, "--csv", str(written)]) == 0
        note(month, "mttrlab downtime", pd.read_csv(written))
    assert contradictions(answers) == []


def test_the_page_says_what_the_tables_say(one: Organisation) -> None:
    complete = [month for month in one.months if month + pd.offsets.MonthBegin(1) <= one.phases["exported_at"].max()]
    for month in complete[-1:] if len(one.months) < 12 else complete:
        found = collect_findings(one.lab, f"{month:%Y-%m}", seed=1, replications=20, days=30)
        measure, named = found.measure, f"{month:%Y-%m}"
        answers: Answers = defaultdict(dict)
        names = ("incidents", "open", "n", "mean", "median")
        of_months(answers, "monthly_mttr", ml.monthly_mttr(one.lab, measure), WHOLE, *names)
        of_months(answers, "the page's months", found.tables["months"], WHOLE, *names)
        answers["incidents", named, WHOLE]["first screen"] = found.incidents
        answers["open", named, WHOLE]["first screen"] = found.still_open
        own = ml.maturity(one.phases[one.phases["month"] == month], measure=measure)
        never = {"first screen": found.never_closed, "maturity": own["never_closed"].max()}
        answers["never closed", named, WHOLE] |= never
        clocks = found.tables["clocks"]
        line = clocks[(clocks["of"] == "month") & (clocks["measure"] == measure)].iloc[0]
        for name in ("n", "mean", "median"):
            answers[name, named, WHOLE]["the page's clocks"] = line[name]
        assert contradictions(answers) == []
        since, until = month_bounds([month], one.phases["exported_at"])
        down = ml.downtime(one.lab, one.lab.settings.slo, measure=measure, since=since, until=until).iloc[0]
        cost = found.tables["cost"].set_index("what")["value"]
        assert cost["with an incident running"] == format_minutes(down["minutes"])
        spent = cost.filter(like="of the budget").iloc[-1]
        said = float(spent.rstrip("%")) / 100 if spent.endswith("%") else float(spent.removesuffix(" × it"))
        assert math.isclose(said, down["budget_spent"], rel_tol=0.06)
