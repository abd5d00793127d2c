"""One SHA-256 for everything that the lab computes, so that code can be moved and no number with it.

`python -m benchmarks.frozen FOLDER` writes every artefact into FOLDER and prints its hash;
`python -m benchmarks.frozen FOLDER --against BEFORE` also says what differs from the artefacts of another run, and
exits with 1 if a number does. `--full` takes the larger set. Each artefact is kept in two parts: its *numbers* (numbers
and times, by position, so that a renamed column is the same) and its *words* (sentences, names, keys), which may be put
better. `--tolerance 1e-12` accepts numbers that far apart, relative, and lists the artefacts in which they are.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import re
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import mttrlab as ml
from benchmarks.engines import EVERYTHING
from mttrlab import analysis, response
from mttrlab.cli import main as command
from mttrlab.decisions import default_levers
from mttrlab.errors import MttrlabError
from mttrlab.schema import AlertRule, MonitorStep, SyntheticMonitor

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
NUMBER = re.compile(r"[-+]?\d+(?:[.,:]\d+)*(?:e[-+]?\d+)?")
Artefacts = Iterator[tuple[str, object]]


def whole() -> response.ResponseModel:
    """Return an organisation with every element: watched by rules and a monitor, with gaps, all fixes, deployments."""
    law = response.Distribution("exponential", 12.0)
    names = ("flag", "rollback", "config", "scale", "failover", "migration", "forward_fix", "other")
    paths = tuple(response.FixPath(name, law, 1 / 8, 1 / 8, 1.0 if name == "other" else 0.7) for name in names)
    faces = (
        response.IncidentProfile(0.3, "shop", severity="sev1", failure_mode="error_rate", priority=1, watch="rules"),
        response.IncidentProfile(0.2, "pay", severity="sev2", failure_mode="availability", priority=2, watch="rules"),
        response.IncidentProfile(0.5, "search", severity="sev2", failure_mode="latency", priority=2, watch="gap"),
    )
    detectors = (
        AlertRule("errors", "shop", "error_rate", for_s=120.0, scrape_s=15.0, eval_s=30.0, group_wait_s=20.0),
        SyntheticMonitor("pay", 60.0, 2, service="pay", steps=(MonitorStep(status=200),)),
    )
    kind = replace(EVERYTHING.types[0], paths=paths, profiles=faces, automation=0.5, runbook=0.2, change_caused=0.4)
    return replace(
        EVERYTHING,
        types=(kind,),
        watch=response.DetectionSettings(detectors, share=0.5, seen=0.9),
        verification=replace(EVERYTHING.verification, threshold=0.3, window_s=120.0),
        deployments=response.Deployments(5.0, response.Distribution("exponential", 30.0)),
        runbooks=0.5,
        automation_harm=0.5,
        harm=response.Distribution("exponential", 20.0),
        verify_pass=0.7,
    )


def tables(folder: str) -> Artefacts:
    """Yield every table that can be had of one made-up organisation, and what the lab says of its loads."""
    with ml.Lab() as lab:
        loaded = lab.load_folder(ROOT / "data" / folder)
        yield "load", re.sub(r"\S*/data/", "data/", str(loaded))
        yield "data hash", lab.data_hash()
        incidents, practices = lab.incidents(), lab.practices()
        phases = ml.phase_durations(incidents)
        lead = ml.lead_clock(phases)
        known = phases[phases[lead].notna()]
        minutes, seen = known[lead], known[f"{lead}_observed"].astype(bool)
        ended = minutes[seen]
        months = sorted(phases["month"].dropna().unique())
        before, after = (phases[phases["month"].isin(part)] for part in (months[-6:-3], months[-3:]))
        coverage = ml.alert_coverage(None, practices, incidents=lab)
        firings = lab.firings()
        first = "INC-1473" if folder == "exports" else incidents["incident_id"].iloc[-1]
        asked: dict[str, Callable[[], Any]] = {
            "incidents": lambda: incidents,
            "all records": lambda: lab.incidents(population=None),
            "ambiguous": lab.ambiguous,
            "dating": lab.dating,
            "exported at": lab.exported_at,
            "population": lab.population,
            "quality": lambda: lab.quality(["source", "month", "service"]),
            "quarantine": lambda: lab.quarantine("all"),
            "recurrences": lab.recurrences,
            "warnings": lambda: "\n".join(lab.warnings()),
            "worksheet": lab.worksheet,
            "telemetry": lab.telemetry,
            "phase_durations": lambda: phases,
            "phase_durations in the lab": lambda: ml.phase_durations(lab),
            "phase_spans": lambda: ml.phase_spans(incidents),
            "phase_summary": lambda: ml.phase_summary(phases, by="service"),
            "phase_summary in the lab": lambda: ml.phase_summary(lab),
            "clock_summary": lambda: ml.clock_summary(phases),
            "phase_correlations": lambda: ml.phase_correlations(phases),
            "missing_stamps": lambda: ml.missing_stamps(incidents),
            "bottleneck": lambda: ml.bottleneck(phases),
            "bottleneck_levers": lambda: ml.bottleneck_levers(incidents),
            "monthly_mttr": lambda: ml.monthly_mttr(incidents, lead),
            "monthly_mttr of the query": lambda: ml.monthly_mttr(lab, "detected_to_resolved"),
            "monthly_limits": lambda: ml.monthly_limits(phases, lead),
            "trend": lambda: ml.trend(phases, lead),
            "trend, adjusted": lambda: analysis.trend(phases, lead, adjust=("severity", "service")),
            "change_points": lambda: ml.change_points(phases, lead),
            "compare_periods": lambda: ml.compare_periods(before, after, lead),
            "compare_services": lambda: ml.compare_services(before, after, lead),
            "explain_change": lambda: ml.explain_change(before, after, lead),
            "pool_services": lambda: ml.pool_services(phases, lead),
            "maturity": lambda: ml.maturity(phases, practices, lead),
            "distance_to_next": lambda: ml.distance_to_next(phases, lead),
            "downtime": lambda: ml.downtime(incidents),
            "type_ranking": lambda: ml.type_ranking(incidents),
            "unseen_incidents": lambda: ml.unseen_incidents(lab),
            "unseen_firings": lambda: ml.unseen_firings(firings, incidents),
            "verification_goal": lambda: ml.verification_goal(incidents),
            "fit_durations": lambda: ml.fit_durations(ended),
            "fit_durations, censored": lambda: ml.fit_durations(minutes, seen, replications=49),
            "goodness_of_fit": lambda: analysis.goodness_of_fit(ended, replications=49),
            "qq_table": lambda: ml.qq_table(ended),
            "survival": lambda: ml.survival(minutes, seen),
            "survival_quantiles": lambda: ml.survival_quantiles(minutes, seen),
            "restricted_mean": lambda: ml.restricted_mean(minutes, seen),
            "tail_guard": lambda: ml.tail_guard(ended),
            "apparent_change": lambda: ml.apparent_change(ended, 20, 20, seed=3),
            "mean_interval": lambda: analysis.mean_interval(ended),
            "median_interval": lambda: analysis.median_interval(ended),
            "quantile_interval": lambda: analysis.quantile_interval(ended),
            "theil_sen": lambda: analysis.theil_sen(np.arange(len(ended)), np.log(ended.clip(lower=1))),
            "mann_kendall": lambda: analysis.mann_kendall(ended),
            "alert_coverage": lambda: coverage.cells,
            "gaps": coverage.gaps,
            "journeys": lambda: coverage.journeys,
            "coverage in words": lambda: str(coverage),
            "alert_routes": lambda: ml.alert_routes(practices),
            "automation_candidates": lambda: ml.automation_candidates(lab, practices, firings),
            "remediation_matches": lambda: ml.remediation_matches(practices, firings),
            "rollback_readiness": lambda: ml.rollback_readiness(practices, lab),
            "runbook_coverage": lambda: ml.runbook_coverage(lab, practices),
            "capability": lambda: ml.capability(practices, lab, lab.telemetry()),
            "detection_delay": lambda: ml.detection_delay(practices, service=next(iter(coverage))).table(),
            "timeline": lambda: ml.timeline(lab, first),
            "suspects": lambda: ml.incident_suspects(lab, first),
            "failed_first": lambda: ml.incident_failed_first(lab, first),
            "span_path": lambda: ml.incident_span_path(lab, first),
            "diagnostic_report": lambda: str(ml.diagnostic_report(lab, first)),
            "monthly_levels": lambda: ml.monthly_levels(10, mu=3.0254, sigma=1.25),
            "outage_arithmetic": ml.outage_arithmetic,
        }
        for name, ask in asked.items():
            yield name, _answered(ask)
        lab.record(lab.derivable(), kind="derived")
        yield "phase_durations, derived", ml.phase_durations(lab.incidents())
        review = ml.monthly_review(lab)
        for name, table in sorted(review.tables.items()):
            # When it was loaded and from where is no result; DuckDB's threads add the doubles of the plain query up.
            yield f"page/{name}", table.drop(columns=["loaded_at", "path"], errors="ignore").round(9)


def pages() -> Artefacts:
    """Yield the review page of both organisations, as the command writes it."""
    for folder in ("exports", "small"):
        with tempfile.TemporaryDirectory() as to:
            said = _said("review", str(ROOT / "data" / folder), "--out", to)
            yield f"{folder} in the terminal", said.replace(to, "FOLDER")
            yield folder, next(Path(to).glob("*.html")).read_text(encoding="utf-8")


def models(full: bool) -> Artefacts:
    """Yield fits, runs of both engines, every lever alone and a ranking."""
    with ml.Lab() as lab:
        lab.load_folder(ROOT / "data" / "exports")
        incidents, practices = lab.incidents(), lab.practices()
        plain = ml.ResponseModel.fit(incidents)
        set_up = ml.ResponseModel.fit(
            incidents, practices, responders=2, deployments=lab.deployments(), firings=lab.firings()
        )
        others = ml.refits(incidents, n=5, seed=3)
    organisations = {"fitted": plain, "fitted with practices": set_up, "everything": EVERYTHING, "whole": whole()}
    for name, model in organisations.items():
        yield f"{name}/verdict", str(model.verdict)
        yield f"{name}/notes", _answered(lambda model=model: pd.DataFrame(model.notes))
        with tempfile.TemporaryDirectory() as to:
            yield f"{name}/file", ml.write_model(model, Path(to) / "model.yml").read_text(encoding="utf-8")
            again = ml.read_model(Path(to) / "model.yml")
        yield f"{name}/read again", ml.simulate(again, days=30, replications=3, seed=7)
        yield f"{name}/description", model.description
        yield f"{name}/trace", ml.trace(model, 3, seed=7)
        for engine in ("simpy", "compiled"):
            days, replications = (365, 200) if full else (90, 20)
            yield (
                f"{name}/{engine}",
                ml.simulate(model, days=days, replications=replications, seed=7, engine=engine),
            )
        yield from _levers(name, model, full)
    lines = default_levers(plain)
    compared = ml.compare_scenarios(plain, lines, replications=50, seed=7, refits=others, n_jobs=2 if full else 1)
    yield "default levers, refits", compared
    ideas = ml.read_investments(ROOT / "notebooks" / "investments.yml")
    alone = ml.ResponseModel.fit(incidents, responders=1)
    draws = 200 if full else 20
    yield "ranking", ml.rank_investments(alone, ideas, draws=draws, replications=20, seed=7, refits=others)
    yield (
        "ranking, with a price",
        ml.rank_investments(alone, ideas, draws=20, replications=20, seed=7, minute_value=200),
    )


def _levers(name: str, model: response.ResponseModel, full: bool) -> Artefacts:
    scenarios: list[ml.Scenario] = []
    for row in ml.levers().itertuples():
        for part in (0.25, 0.8) if full else (0.4,):
            value = row.low + part * (min(row.high, 60.0) - row.low)
            refused = ""
            for tried in (value, round(value)):
                try:
                    scenario = ml.Scenario(f"{row.lever} {part}", **{row.lever: tried})
                    scenario.apply(model)
                except MttrlabError as refusal:
                    refused = str(refusal)
                else:
                    scenarios.append(scenario)
                    break
            else:
                yield f"{name}/refused {row.lever} {part}", refused
    scenarios.append(ml.Scenario("together", diagnosis_factor=0.7, prevention=0.1, acknowledge_factor=0.5))
    scenarios.append(ml.Scenario("by and by", ramp=ml.Ramp(delay=1, months=6), diagnosis_factor=0.7))
    kept = ml.keep_baseline(model, days=90, replications=40 if full else 10, seed=5)
    for scenario in scenarios:
        yield f"{name}/lever {scenario.name}", _answered(lambda scenario=scenario: kept.against(scenario))


def samples() -> Artefacts:
    """Yield what a lab makes of every file beside the checkout: the report and its records, or the refusal."""
    folders = ("cases", "data", "vendor") if SHARED.is_dir() else ()
    for path in sorted(p for folder in folders for p in (SHARED / folder).rglob("*") if p.is_file()):
        if path.suffix in (".md", ".mrshu") or path.stat().st_size > 20_000_000:
            continue
        name = str(path.relative_to(SHARED))
        with ml.Lab() as lab:
            try:
                report = lab.load(path)
            except MttrlabError as refusal:
                yield name, str(refusal).replace(str(SHARED), "shared")
                continue
            yield f"{name}: report", str(report).replace(str(SHARED), "shared")
            yield (
                f"{name}: records",
                lab.sql("SELECT * FROM reports ORDER BY ALL LIMIT 5000").drop(columns=["loaded_at"], errors="ignore"),
            )
            yield f"{name}: refused rows", lab.quarantine("all")
            yield f"{name}: warnings", "\n".join(lab.warnings())


def commands() -> Artefacts:
    """Yield the help of every verb, and what each verb that asks prints of the large organisation."""
    listed = _said("--help")
    yield "help", listed
    verbs = re.findall(r"^    ([a-z-]+)", listed.split("VERB", 2)[2], re.M)
    for verb in sorted(set(verbs)):
        yield f"help {verb}", _said(verb, "--help")
    with tempfile.TemporaryDirectory() as to:
        lab = str(Path(to) / "frozen.duckdb")
        _said("load", str(ROOT / "data" / "exports"), "--lab", lab)
        for verb in ("quality", "phases", "months", "compare", "trend", "maturity", "downtime", "needed", "coverage",
                     "runbooks", "capability"):  # fmt: skip
            where = () if verb == "needed" else ("--lab", lab)
            yield f"say {verb}", _said(verb, *where).replace(to, "FOLDER")


def refusals() -> Artefacts:
    """Yield every refusal that the hostile tests meet."""
    import pytest

    met: set[str] = set()

    def noted(self: MttrlabError, *parts: object) -> None:
        met.add(re.sub(r"\S*/(tmp|pytest-)\S*/", "", " ".join(map(str, parts))))
        ValueError.__init__(self, *parts)

    MttrlabError.__init__ = noted  # type: ignore[method-assign, assignment]
    try:
        files = sorted(str(p) for p in (ROOT / "tests").rglob("test_hostile*.py"))
        files += [str(p) for p in (ROOT / "tests").rglob("test_extremes.py")]
        with contextlib.redirect_stdout(io.StringIO()):
            pytest.main([*files, "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"])
    finally:
        del MttrlabError.__init__
    yield "sentences", "\n".join(sorted(met))


def _answered(ask: Callable[[], Any]) -> object:
    """Return the answer, or the refusal as a sentence."""
    try:
        return ask()
    except MttrlabError as refusal:
        return str(refusal)


def _said(*arguments: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), contextlib.suppress(SystemExit):
        command(list(arguments))
    return out.getvalue()


def _cells(value: object) -> list[object]:
    """Return what a thing is made of, in its order: cells of tables row by row, attributes after them."""
    if isinstance(value, pd.DataFrame):
        rows = [cell for row in value.astype(object).itertuples(index=False, name=None) for cell in row]
        return [*rows, *(cell for key in value.attrs for cell in _cells(value.attrs[key]))]
    if isinstance(value, pd.Series | np.ndarray | list | tuple | set | frozenset):
        return [cell for item in value for cell in _cells(item)]
    if isinstance(value, dict):
        return [cell for item in value.values() for cell in _cells(item)]
    return [value]


def parts(value: object) -> tuple[str, str]:
    """Return the numbers and the words of an artefact, one a line.

    >>> parts(pd.DataFrame({"n": [3, 4], "who": ["a", "b 5"]}))
    ('3\\n4', 'a\\nb 5')
    >>> parts("half within 5 min")
    ('5', 'half within 5 min')
    """
    if isinstance(value, str):
        return "\n".join(NUMBER.findall(value)), value
    numbers, words = [], []
    for cell in _cells(value):
        if isinstance(cell, str):
            words.append(cell)
        else:
            numbers.append(repr(cell.item() if isinstance(cell, np.generic) else cell))
    return "\n".join(numbers), "\n".join(words)


def apart(now: str, before: str) -> float:
    """Return the largest relative difference of two lists of numbers, infinite where they do not pair.

    >>> apart("1.0\\nNaT", "1.0\\nNaT"), apart("3", "3\\n4"), apart("2.0", "1.0")
    (0.0, inf, 0.5)
    """
    one, other = now.splitlines(), before.splitlines()
    if len(one) != len(other):
        return np.inf
    far = 0.0
    for a, b in zip(one, other, strict=True):
        if a != b:
            try:
                x, y = float(a), float(b)
            except ValueError:
                return np.inf
            far = max(far, abs(x - y) / max(abs(x), abs(y)) if x == x and y == y else np.inf)
    return far


def artefacts(full: bool) -> Artefacts:
    """Yield every artefact with its name."""
    groups: dict[str, Artefacts] = {
        "page": pages(),
        "exports": tables("exports"),
        "small": tables("small"),
        "model": models(full),
        "command": commands(),
        "sample": samples(),
    }
    if full:
        groups["refusal"] = refusals()
    for group, each in groups.items():
        for name, value in each:
            yield f"{group}/{name}", value


def main() -> int:
    """Write every artefact, print its hash, and say what differs; return 1 where a number does."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path)
    options.add_argument("--against", type=Path)
    options.add_argument("--full", action="store_true")
    options.add_argument("--tolerance", type=float, default=0.0)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    given.folder.mkdir(parents=True, exist_ok=True)
    total, moved, seen = hashlib.sha256(), [], set()
    for name, value in artefacts(given.full):
        for kind, text in zip(("numbers", "words"), parts(value), strict=True):
            digest = hashlib.sha256(text.encode()).hexdigest()
            if kind == "numbers":
                total.update(digest.encode())
            file = re.sub(r"[^\w.,-]+", "_", name) + f".{kind}"
            seen.add(file)
            (given.folder / file).write_text(text, encoding="utf-8")
            print(f"{digest}  {name} {kind}", flush=True)
            if given.against:
                old = given.against / file
                before = old.read_text(encoding="utf-8") if old.exists() else None
                if before != text:
                    far = np.inf if before is None else apart(text, before) if kind == "numbers" else 0.0
                    moved.append((name, kind, far, before is None))
    print(f"{total.hexdigest()}  all numbers")
    if given.against:
        gone = sorted(p.name for p in given.against.iterdir() if p.name not in seen)
        print("\n".join(f"gone: {name}" for name in gone))
    for name, kind, far, new in moved:
        told = "new" if new else "other words" if kind == "words" else f"numbers apart by {far:.2g}"
        print(f"{told}: {name}")
    return int(any(kind == "numbers" and far > given.tolerance for _, kind, far, _ in moved))


if __name__ == "__main__":
    sys.exit(main())
