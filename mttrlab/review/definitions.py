"""What the page explains: clocks, verdicts, and what a source cannot know."""

from __future__ import annotations

import pandas as pd

from mttrlab import analysis
from mttrlab.review.findings import Findings
from mttrlab.review.words import PHASE_WORDS, STAMP_WORDS, minutes

_SOURCES = {
    "statuspage": (
        "a status page shows posts, not events: its first post stands in for detection, its monitoring post for the "
        "fix and its resolved post for the confirmed recovery; where nobody posts identified or monitoring, "
        "diagnosis and fix cannot be told apart from the rest, and the start of the impact is never in it"
    ),
    "pagerduty": (
        "PagerDuty knows when it was triggered, acknowledged and resolved; it does not know when the impact began, "
        "when the cause was found, or whether the recovery was confirmed"
    ),
    "servicenow": (
        "ServiceNow knows when a ticket was opened and resolved; its closing stamp is an auto-close timer and is never "
        "taken for a verification, and it has no start of impact and no diagnosis unless a field of your own holds them"
    ),
}
_VERDICTS = {
    "recorded": "somebody or something stamped it; only these are used for minutes",
    "pending": "the incident is still open and has not come this far",
    "missing": "closed, and nobody stamped it",
    "not applicable": "automation ended the incident, so nobody diagnosed it",
    "defaulted": "the vendor copied another stamp",
    "out of order": "earlier than a milestone that must come before it",
    "suspect": "an auto-close timer, or an implausible date",
}
_CLOCKS = {
    "recovery": "start of impact to confirmed recovery: the sum of the four phases",
    "started to resolved": "start of impact to the fix in place",
    "detected to verified": "detection to confirmed recovery",
    "detected to resolved": "detection to the fix in place: what most tools, and the founding text's query, print",
}
_PHASES = {
    "detect": "start of impact to detection",
    "diagnose": "detection to the cause found",
    "resolve": "cause found to the fix in place",
    "verify": "fix in place to confirmed recovery",
}


def terms() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the definitions, in groups."""
    return [
        ("Clocks", list(_CLOCKS.items())),
        ("Phases", list(_PHASES.items())),
        ("Verdicts of a stamp", list(_VERDICTS.items())),
    ]


def unseen(found: Findings) -> list[str]:
    """Return, for each phase that the leading clock leaves out, how many incidents show it and which field would."""
    quality = found.tables["quality"]
    recorded = quality[quality["verdict"] == "recorded"].set_index("milestone")["incidents"]
    said = []
    for phase, stamp in analysis.unseen_phases(found.clock):
        known, of = int(recorded.get(stamp, 0)), int(quality.loc[quality["milestone"] == stamp, "incidents"].sum())
        who = f"only {known:,} of {of:,} incidents say" if known else "no incident says"
        said.append(f"It does not hold {PHASE_WORDS[phase]}: {who} {STAMP_WORDS[stamp]}; record {stamp} and it will.")
    return said


def unknowable(found: Findings) -> list[str]:
    """Return what each source that takes part cannot know."""
    loads = found.tables["loads"]
    formats = list(dict.fromkeys(str(f) for f in loads["format"])) if "format" in loads else []
    names = [name for name in sorted(_SOURCES) if any(name in str(form) for form in formats)]
    said = [f"What the source cannot know: {_SOURCES[name]}." for name in names]
    quality = found.tables["quality"]
    for stamp in pd.unique(quality["milestone"]):
        verdicts = quality[quality["milestone"] == stamp].set_index("verdict")["incidents"]
        if not verdicts.get("recorded", 0) and stamp in STAMP_WORDS:
            said.append(f"No incident of these months says {STAMP_WORDS[str(stamp)]} ({stamp}).")
    return said


def untaken(found: Findings) -> str:
    """Return what the shown months hold beside the incidents: pages that ended although nobody took them."""
    unseen = found.tables["unseen"]
    recent = unseen[unseen["month"].isin(found.periods.quarter)]
    pages = int(recent["untaken"].sum())
    if not pages:
        return ""
    taken = int(recent["incidents"].sum())
    one = pages == 1
    return (
        f"Beside the {taken:,} incident{'' if taken == 1 else 's'} of these months, {pages:,} page{'' if one else 's'} "
        f"{'was' if one else 'were'} resolved although nobody took {'it' if one else 'them'}: automation, faults that "
        "passed, or noise. They are not counted; the more of them automation ends, the longer the average of the rest."
    )


def alone(found: Findings) -> str:
    """Return how many alerts of the shown months ended with no incident near them, and what the average would be."""
    firings = found.tables["firings"]
    recent = firings[firings["month"].isin(found.periods.quarter)]
    count, answered = int(recent["alone"].sum()), int(recent["remediated"].sum())
    if not count:
        return ""
    n = recent["n"]
    whole = (recent["mean_with_alone"] * (n + recent["alone"])).sum() / (n + recent["alone"]).sum()
    counted = (recent["mean_counted"] * n).sum() / n.sum() if n.sum() else float("nan")
    told = (
        f"Beside the incidents, {count:,} alert{'' if count == 1 else 's'} of these months ended with no incident near"
    )
    told += f", {answered:,} of them of rules that automation answers." if answered else "."
    if n.sum():
        told += (
            f" From detection to the fix the incidents took {minutes(counted)} on average; with these alerts it "
            f"would be {minutes(float(whole))}."
        )
    return f"{told} Whether each was a fault or an alert without one the records do not say, so none is counted."
