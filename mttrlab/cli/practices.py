"""Verbs about what a team runs: alert coverage, runbooks and automation, capability."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.cli.options import draw, open_lab, positive_number, print_table, say, source_options
from mttrlab.errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.analysis.coverage import AlertCoverage
    from mttrlab.cli.options import Verbs
    from mttrlab.lab.lab import Lab
    from mttrlab.schema import Practices


_NONE = "no practices are loaded: mttrlab load rules/*.yml, or a folder practices/ beside the exports"


def add_verbs(verbs: Verbs) -> None:
    """Add `coverage`, `runbooks` and `capability`."""
    coverage = verbs.add_parser("coverage", help="which failures page somebody, how soon, and what the gaps have cost")
    source_options(coverage)
    coverage.add_argument("--within", type=float, default=2.0, help="the goal, minutes (default: 2)")
    coverage.add_argument("--severity", type=float, default=1.0, help="share of requests that fail (default: 1, all)")
    shown = coverage.add_mutually_exclusive_group()
    shown.add_argument("--all", action="store_true", help="list what is covered in time too")
    shown.add_argument("--journeys", action="store_true", help="list what the synthetic monitors would notice instead")
    shown.add_argument("--routes", action="store_true", help="list the alert manager's route of each alert instead")
    shown.add_argument("--unknown", action="store_true", help="list the alerts that cannot be placed, and why, instead")
    coverage.add_argument("--figure", type=Path, help="draw the map into this new file (.png, .svg or .pdf) too")
    coverage.add_argument("--gaps-figure", type=Path, help="draw the gaps by their minutes into this new file too")
    coverage.set_defaults(verb=_coverage)

    runbooks = verbs.add_parser("runbooks", help="which common incidents have a runbook, and what could run by itself")
    source_options(runbooks)
    runbooks.add_argument("--by", choices=("count", "minutes"), default="count", help="what ranks (default: count)")
    runbooks.add_argument("--top", type=positive_number, default=10, help="types (default: 10)")
    shown = runbooks.add_mutually_exclusive_group()
    shown.add_argument("--types", action="store_true", help="rank the incident types, with intervals, instead")
    shown.add_argument("--rollback", action="store_true", help="list the ways back of each kind of change instead")
    shown.add_argument("--automation", action="store_true", help="list what is predictable enough to automate instead")
    shown.add_argument("--remediation", action="store_true", help="match remediation rules to alerts instead")
    shown.add_argument(
        "--levers", action="store_true", help="list the levers that act on each phase's bottleneck instead"
    )
    runbooks.add_argument(
        "--figure", type=Path, help="draw the runbooks, or with --rollback the ways back, into this new file too"
    )
    runbooks.set_defaults(verb=_runbooks)

    capability = verbs.add_parser(
        "capability", help="what the practices show of each maturity level, beside the minutes"
    )
    source_options(capability)
    capability.set_defaults(verb=_capability)


def _coverage(options: argparse.Namespace) -> None:
    from mttrlab.analysis.coverage import alert_coverage, alert_routes

    with open_lab(options) as lab:
        if options.routes:
            _routes(alert_routes(_practices(lab)))
            return
        report = alert_coverage(None, _practices(lab), options.within, incidents=lab, severity=options.severity)
        say(str(report))
        if options.journeys:
            print_table(report.journeys.round(2))
        elif options.unknown:
            print_table(_unplaced_alerts(report))
        else:
            gaps = report.gaps()
            rows = report.table if options.all else gaps[gaps["incidents"] > 0]
            always = [] if (rows["on"] != "").any() else ["hours_per_week", "on"]
            print_table(rows.drop(columns=["covered", "goal_met", *always]).round(2))
            if len(gaps) > len(rows):
                say(f"{len(gaps) - len(rows)} more gaps that no incident fell into; --all lists them.")
        for path, name, drawn in (
            (options.figure, "plot_coverage", report.cells),
            (options.gaps_figure, "plot_gaps", report.gaps()),
        ):
            if path is not None:
                draw(name, drawn, path)


def _routes(found: pd.DataFrame) -> None:
    if found.empty:
        raise QuestionError("no alert passes through routes: load the alert manager's configuration and its rules")
    print_table(found)


def _unplaced_alerts(report: AlertCoverage) -> pd.DataFrame:
    import pandas as pd

    elsewhere = report.unplaced.assign(why="watches none of the services that had an incident")
    listed: pd.DataFrame = pd.concat([report.unknown, elsewhere, report.unheard], ignore_index=True)
    return listed


def _runbooks(options: argparse.Namespace) -> None:
    from mttrlab.analysis.bottlenecks import bottleneck_levers
    from mttrlab.analysis.incident_types import type_ranking
    from mttrlab.analysis.remediation import (
        automation_candidates,
        remediation_matches,
        rollback_readiness,
        runbook_coverage,
    )

    if options.figure is not None and (options.types or options.automation or options.remediation or options.levers):
        raise QuestionError("--figure draws the runbooks, or with --rollback the ways back; the other lists have none")
    with open_lab(options) as lab:
        if options.types:
            print_table(type_ranking(lab).round(1))
            return
        if options.levers:
            print_table(bottleneck_levers(lab).round(0))
            return
        practices, fired = _practices(lab), known_firings(lab)
        if options.rollback:
            _print_and_draw(rollback_readiness(practices, lab), "plot_rollback", options.figure)
        elif options.automation:
            print_table(automation_candidates(lab, practices, fired).round(2))
        elif options.remediation:
            print_table(remediation_matches(practices, fired))
        else:
            books = runbook_coverage(lab, practices, top=options.top, by=options.by)
            _print_and_draw(books, "plot_runbooks", options.figure)


def _print_and_draw(found: pd.DataFrame, name: str, figure: Path | None) -> None:
    print_table(found.round(1))
    if figure is not None:
        draw(name, found, figure)


def _capability(options: argparse.Namespace) -> None:
    from mttrlab.analysis.capabilities import capability, held_telemetry
    from mttrlab.analysis.conventions import lead_clock
    from mttrlab.analysis.maturity_levels import maturity

    with open_lab(options) as lab:
        practices = _practices(lab)
        shown = capability(practices, lab, held_telemetry(lab))
        print_table(shown.round(2))
        measure = lead_clock(lab)
        outcome = maturity(lab, practices=practices, measure=measure)
        say(f"\nClock: {measure.replace('_', ' ')}")
        print_table(outcome[["statistic", "minutes", "n", "awarded", "capability"]].round(1))
        for sentence in dict.fromkeys(text for text in outcome["disagreement"] if text):
            say(sentence)


def known_firings(lab: Lab) -> pd.DataFrame | None:
    """Return the alert firings of a lab, or None where it holds none."""
    asked = getattr(lab, "firings", None)
    found = asked() if callable(asked) else None
    return found if found is not None and len(found) else None


def _practices(lab: Lab) -> Practices:
    practices = lab.practices()
    if not any(len(value) for value in vars(practices).values() if isinstance(value, tuple)):
        raise QuestionError(_NONE)
    return practices
