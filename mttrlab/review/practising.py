"""What the teams run, held against what happened: the tables behind the page's section on practices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from mttrlab import analysis

if TYPE_CHECKING:
    from mttrlab.lab import Lab


def tables(lab: Lab, known: pd.DataFrame, recent: pd.DataFrame, clock: str) -> dict[str, pd.DataFrame]:
    """Return coverage, gaps, runbooks, ways back, automation and capability; nothing where no practices are loaded.

    Parameters
    ----------
    lab : Lab
    known : DataFrame
        Phases of all incidents up to the month of the review: what the gaps have cost.
    recent : DataFrame
        Phases of its last three months: the outcome that stands beside the capability.
    clock : str
        The clock that leads the review.
    """
    practices = lab.practices()
    if not any(len(held) for held in vars(practices).values() if isinstance(held, tuple)):
        return {}
    report = analysis.alert_coverage(None, practices, incidents=known)
    fired = lab.firings()
    firings = fired if len(fired) else None
    held = analysis.capability(practices, known, analysis.held_telemetry(lab))
    capable = analysis.capability_level(held)
    outcome = analysis.maturity(recent, clock=clock)
    beside = outcome.assign(
        capability=capable, disagreement=[analysis.disagreement(str(word), capable) for word in outcome["awarded"]]
    )
    named = known["incident_type"].notna().any()
    return {
        "coverage": report.cells,
        "gaps": report.gaps(),
        "capability": held,
        "capable": beside[["statistic", "awarded", "capability", "disagreement"]],
        "runbooks": analysis.runbook_coverage(known, practices, clock=clock) if named else pd.DataFrame(),
        "rollback": analysis.rollback_readiness(practices, known),
        "automation": analysis.automation_candidates(known, practices, firings) if named else pd.DataFrame(),
    }
