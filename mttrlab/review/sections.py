"""The sections of the page below the first screen, in the order in which a meeting goes through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab.analysis.changes import event_in_words, others_in_words
from mttrlab.analysis.conventions import months_in_short
from mttrlab.analysis.decomposition import change_explained, enough_to_explain
from mttrlab.analysis.intervals import MIN_ENDED
from mttrlab.analysis.phases import unseen_phases
from mttrlab.review import findings, phase_shares
from mttrlab.review import tables as page_tables
from mttrlab.review.findings import Findings
from mttrlab.review.sentences import (
    change_texts,
    check_sentence,
    clock_ends,
    level_instability_sentence,
    maturity_sentence,
    next_level_sentence,
)
from mttrlab.review.tables import PageTable, count_cell, range_cell
from mttrlab.review.wording import PHASE_WORDS, STAMP_WORDS
from mttrlab.schema import table_records
from mttrlab.text import format_minutes, list_in_words

if TYPE_CHECKING:
    from mttrlab.review.monthly import Review


Context = dict[str, object]
"""What a template names."""


@dataclass(frozen=True)
class Section:
    """One section: a template, and what fills it."""

    name: str
    """Its anchor, and the name of its template."""
    link: str
    """What the line of links on the first screen calls it."""
    fill: Callable[[Review], Context | None]
    """Everything that its template names beside the figures; None: the section is left out."""


# What the page explains: clocks, verdicts, and what a source cannot know.


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


def definitions() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the definitions, in groups."""
    return [
        ("Clocks", list(_CLOCKS.items())),
        ("Phases", list(_PHASES.items())),
        ("Verdicts of a stamp", list(_VERDICTS.items())),
    ]


def unseen_phase_sentences(found: Findings) -> list[str]:
    """Return, for each phase that the leading clock leaves out, how many incidents show it and which field would."""
    quality = found.tables["quality"]
    recorded = quality[quality["verdict"] == "recorded"].set_index("milestone")["incidents"]
    said = []
    for phase, stamp in unseen_phases(found.measure):
        known, of = int(recorded.get(stamp, 0)), int(quality.loc[quality["milestone"] == stamp, "incidents"].sum())
        who = f"only {known:,} of {of:,} incidents say" if known else "no incident says"
        said.append(f"It does not hold {PHASE_WORDS[phase]}: {who} {STAMP_WORDS[stamp]}; record {stamp} and it will.")
    return said


def source_limits(found: Findings) -> list[str]:
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


def untaken_sentence(found: Findings) -> str:
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


def lone_alerts_sentence(found: Findings) -> str:
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
            f" From detection to the fix the incidents took {format_minutes(counted)} on average; with these alerts it "
            f"would be {format_minutes(float(whole))}."
        )
    return f"{told} Whether each was a fault or an alert without one the records do not say, so none is counted."


# What the month cost.


def cost_section(review: Review) -> Context | None:
    """Return what the section names; None where nothing has a cost."""
    found = review.findings
    if not len(found.tables["cost"]):
        return None
    return {
        "measure": found.measure.replace("_", " "),
        "cost_table": findings.cost_table(found.tables["cost"], months_in_short([found.periods.month])),
    }


# How good the data are: verdicts, what was left apart, what was refused.


def data_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    tables = found.tables
    told = [untaken_sentence(found), lone_alerts_sentence(found), *source_limits(found), *found.warnings]
    ambiguous, refused, joins = tables["ambiguous"], tables["quarantine"], tables["joins"]
    return {
        "population_rule": found.population_rule,
        "population_table": page_tables.population_table(tables["population"]),
        "recent": months_in_short(found.periods.quarter),
        "verdict_table": page_tables.verdict_table(tables["quality"]) if len(tables["quality"]) else None,
        "told": [line for line in told if line],
        "left_aside": found.left_aside,
        "joins_table": page_tables.raw_table(joins, "Records joined into one incident") if len(joins) else None,
        "ambiguous_table": page_tables.raw_table(ambiguous, "Pairs that may be one incident, left apart")
        if len(ambiguous)
        else None,
        "quarantine_table": page_tables.raw_table(refused, "Records refused, with the reason")
        if len(refused)
        else None,
        "load_table": page_tables.raw_table(_comparable_loads(tables["loads"]), "Files loaded", 40),
    }


def _comparable_loads(loads: pd.DataFrame) -> pd.DataFrame:
    # What differs from run to run (when it was loaded, from which folder) has no place on a page that is compared.
    wanted = [
        c
        for c in ("name", "format", "source", "rows", "accepted", "quarantined", "duplicates", "exported_at")
        if c in loads
    ]
    return loads[wanted]


# Which maturity level the incidents earn, how far the next one is, and why a month's own level jumps about.


def _told(distance: pd.DataFrame) -> bool:
    return bool((distance["cut_needed"].notna() & (distance["n"] >= MIN_ENDED)).any())


def level_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    tables, recent = found.tables, months_in_short(found.periods.quarter)
    measure = found.measure.replace("_", " ")
    distance = tables["distance"]
    said = (next_level_sentence(tables["maturity"], distance), level_instability_sentence(tables["flapping"]))
    return {
        "recent": recent,
        "said": maturity_sentence(tables["maturity"]),
        "lines": [line for line in said if line],
        "maturity_table": page_tables.maturity_table(tables["maturity"], f"Maturity of {recent}, clock {measure}"),
        "distance_table": page_tables.distance_table(distance) if _told(distance) else None,
    }


# What would help: levers tried in the simulation.


def levers_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    tried = found.tables.get("levers")
    model = found.what_if.model
    return {
        "month": found.periods.name,
        "unchecked": "" if tried is None else check_sentence(str(tried["checked"].iloc[0])),
        "unlike": found.what_if.unlike,
        "lever_clock": "" if tried is None else str(tried["measure"].iloc[0]).replace("_", " "),
        "what_if_days": found.what_if.days,
        "lever_table": None if tried is None else page_tables.levers_table(tried),
        "lever_notes": _lever_notes(found),
        "why_no_levers": found.what_if.why,
        "model_table": None
        if model is None
        else page_tables.raw_table(model, "Where each part of the model came from", 40),
    }


def _lever_notes(found: Findings) -> list[str]:
    if found.what_if.levers is None or "note" not in found.what_if.levers:
        return []
    noted = found.what_if.levers[found.what_if.levers["note"].ne("")]
    return [f"{line['scenario']}: {line['note']}." for line in table_records(noted)]


# Definitions, and what this page rests on.


def methods_section(review: Review) -> Context:
    """Return what the section names."""
    periods = review.findings.periods
    return {
        "terms": definitions(),
        "month_key": review.month,
        "complete": periods.complete,
        "quiet": periods.quiet,
        "window": review.window,
        "facts": review.facts,
    }


# Where the minutes went: shares and lengths of the phases.


def minutes_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    tables, periods = found.tables, found.periods
    recent, measure = months_in_short(periods.quarter), found.measure.replace("_", " ")
    merged = phase_shares.has_merged_phases(tables["shares"])
    stamps = tables["stamps"]
    shown = [page_tables.shares_table(tables["shares"], f"Shares of the measured minutes, {recent}")]
    if merged:
        if len(tables["split"]):
            shown.append(page_tables.shares_table(tables["split"], f"Shares with merged spans split, {recent}"))
        caption = f"Spans between neighbouring usable stamps, {recent}"
        shown.append(page_tables.durations_table(tables["spans"], "span", caption))
    shown += [
        page_tables.durations_table(tables["phases"], "phase", f"Each phase, {recent}"),
        page_tables.median_table(tables["typical"], measure),
        page_tables.durations_table(_clocks(tables["clocks"], "month"), "measure", f"The four clocks, {periods.name}"),
        page_tables.durations_table(_clocks(tables["clocks"], "quarter"), "measure", f"The four clocks, {recent}"),
    ]
    if merged:
        shown.append(page_tables.stamps_table(stamps, f"Means of the phases where stamps are missing, {recent}"))
    notes = [str(said) for said, held in zip(stamps["sentence"], stamps["merged"], strict=True) if held]
    return {
        "recent": recent,
        "measure": measure,
        "ends": clock_ends(found.measure, found.proxy),
        "proxy": found.proxy,
        "unseen": unseen_phase_sentences(found),
        "merged": merged,
        "split": merged and len(tables["split"]) > 0,
        "tables": shown,
        "notes": notes if merged else [],
    }


def _clocks(clocks: pd.DataFrame, of: str) -> pd.DataFrame:
    return clocks[clocks["of"] == of]


# The months beside one another, and beside the plain query.


_MONTHS_OPEN = 12
"""Months that stand open; older ones are one click below."""


def months_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    months, seed, measure = found.tables["months"], found.tables["seed"], found.measure.replace("_", " ")
    newest, older = months.tail(_MONTHS_OPEN), months.iloc[:-_MONTHS_OPEN]
    return {
        "month_table": page_tables.months_table(newest, seed, measure, found.periods.month),
        "older_table": page_tables.months_table(older, seed, measure, found.periods.month) if len(older) else None,
    }


# Which failures page somebody, which incidents have a runbook, and what the practices show of each level.


_GAPS = 8
_MODES = {"error_rate": "error rate"}


def practices_section(review: Review) -> Context | None:
    """Return what the section names; None: no practices are loaded."""
    tables = review.findings.tables
    if "coverage" not in tables:
        return None
    measure = review.findings.measure.replace("_", " ")
    return {
        "said": (
            _coverage_sentence(tables["coverage"]),
            _costliest_gap_sentence(tables["gaps"]),
            *_runbook_sentences(tables["runbooks"]),
        ),
        "levels": _capability_sentence(tables["capability"], tables["capable"]),
        "gaps_table": _gaps_table(tables["gaps"]),
        "runbook_table": _runbook_table(tables["runbooks"], measure) if len(tables["runbooks"]) else None,
        "back_table": _rollback_table(tables["rollback"]),
        "automation_table": _automation_table(tables["automation"]) if len(tables["automation"]) else None,
        "capability_table": _evidence_table(tables["capability"]),
    }


def _coverage_sentence(cells: pd.DataFrame) -> str:
    asked = cells[cells["failure_mode"] != "unknown"]
    states = ("in time", "late", "part of the week", "not loaded")
    met, late, partly, unread = (int((asked["state"] == state).sum()) for state in states)
    told = f"{met} would page within two minutes, {late} later, "
    told += f"{partly} for part of the week only, " if partly else ""
    told += f"{unread} have alerts that saw incidents but are not loaded, " if unread else ""
    return (
        f"Of {len(asked)} ways in which {asked['service'].nunique()} services can fail, {told}"
        f"and {len(asked) - met - late - partly - unread} have no alert that would tell."
    )


def _costliest_gap_sentence(gaps: pd.DataFrame) -> str:
    behind = gaps[gaps["minutes_lost"] > 0]
    if behind.empty:
        return "No minutes of history lie behind the gaps."
    first = behind.iloc[0]
    return (
        f"The dearest gap: {first['service']}, {_mode(first['failure_mode'])} ({first['verdict']}); "
        f"{count_cell(first['incidents'])} incidents lost {format_minutes(first['minutes_lost'])} there "
        "before anybody knew."
    )


def _runbook_sentences(runbooks: pd.DataFrame) -> tuple[str, ...]:
    if runbooks.empty:
        return ()
    without = runbooks[runbooks["written"] == 0]
    by_itself = int((runbooks["automated"] > 0).sum())
    told = (
        f"Of the {len(runbooks)} most common incident types, {len(runbooks) - len(without)} have a runbook, and "
        f"{by_itself} of these a diagnosis that runs by itself."
    )
    if without.empty:
        return (told,)
    dear = without.sort_values("minutes", ascending=False)["incident_type"].head(3)
    return (f"{told} Nothing is written for {list_in_words([str(name).replace('_', ' ') for name in dear])}.",)


def _capability_sentence(held: pd.DataFrame, capable: pd.DataFrame) -> str:
    reached = held.drop_duplicates("level")
    parts = [f"{line['level']} {line['reached']}" for line in table_records(reached)]
    level = str(capable["capability"].iloc[0])
    shown = f"What is loaded shows the practices of {level}" if level != "no level" else "No level is shown whole"
    apart = next((str(text) for text in capable["disagreement"] if text), "")
    return f"{shown} ({', '.join(parts)}).{f' Beside the outcome: {apart}.' if apart else ''}"


def _gaps_table(gaps: pd.DataFrame) -> PageTable:
    rows = tuple(
        (
            str(line["service"]),
            _mode(line["failure_mode"]),
            str(line["verdict"]),
            str(line["fastest"]) or "–",
            format_minutes(line["mean"]) if pd.notna(line["mean"]) else "–",
            count_cell(line["incidents"]),
            range_cell(line["minutes_lost"], line["lost_low"], line["lost_high"]),
        )
        for line in table_records(gaps[gaps["minutes_lost"] > 0].head(_GAPS))
    )
    heads = (
        "service",
        "fails by",
        "the page comes",
        "fastest alert",
        "after",
        "incidents",
        "lost before detection (range)",
    )
    return PageTable("The dearest gaps of alerting, all history", heads, rows, (0, 1, 2, 3))


def _runbook_table(runbooks: pd.DataFrame, measure: str) -> PageTable:
    rows = tuple(
        (
            str(line["incident_type"]).replace("_", " "),
            count_cell(line["incidents"]),
            range_cell(line["minutes"], line["low"], line["high"]),
            str(line["runbook"]) or "–",
            str(line["state"]),
            str(line["reviewed"]) or "–",
        )
        for line in table_records(runbooks)
    )
    heads = ("incident type", "incidents", f"minutes, {measure} (range)", "runbook", "state", "reviewed")
    return PageTable("The most common incident types and their runbooks, all history", heads, rows, (0, 3, 4, 5))


def _rollback_table(rollback: pd.DataFrame) -> PageTable:
    rows = tuple(
        (
            str(line["change"]),
            str(line["path"]) or "–",
            "yes" if line["documented"] else "no",
            str(line["rehearsed"]) or "never",
            format_minutes(line["likely_minutes"]) if pd.notna(line["likely_minutes"]) else "–",
            count_cell(line["incidents"]),
            str(line["gap"]) or "ready",
        )
        for line in table_records(rollback)
    )
    heads = ("change", "way back", "documented", "rehearsed", "likely takes", "incidents ended so", "gap")
    return PageTable("Can each kind of change be taken back?", heads, rows, (0, 1, 2, 3, 6))


def _automation_table(automation: pd.DataFrame) -> PageTable:
    words = {True: "yes", False: "no"}
    rows = tuple(
        (
            str(line["incident_type"]).replace("_", " "),
            count_cell(line["incidents"]),
            words.get(line["predictable"], "cannot be told"),
            str(line["why"]),
            range_cell(line["at_stake"], line["low"], line["high"]),
        )
        for line in table_records(automation)
    )
    heads = ("incident type", "incidents", "predictable", "why", "minutes at stake (range)")
    return PageTable("What is predictable enough to repair itself", heads, rows, (0, 2, 3))


def _evidence_table(held: pd.DataFrame) -> PageTable:
    rows = tuple(
        (
            f"{line['level']}: {str(line['capability'])[0].lower()}{str(line['capability'])[1:]}",
            str(line["evidence"]),
            str(line["counted"]),
            str(line["state"]),
        )
        for line in table_records(held)
    )
    return PageTable(
        "Key capabilities and their evidence", ("level", "evidence", "counted", "state"), rows, (0, 1, 2, 3)
    )


def _mode(mode: object) -> str:
    return _MODES.get(str(mode), str(mode))


# Better or worse, and what moved the average.


def trend_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    tables, periods = found.tables, found.periods
    changed = "change" in tables and enough_to_explain(tables["change"])
    measure = found.measure.replace("_", " ")
    changes = tables["changes"]
    return {
        "searched": [*change_texts(changes), event_in_words(changes), others_in_words(changes)],
        "searched_table": page_tables.changes_table(changes, _searched_caption(changes)),
        "comparison": f"{months_in_short(periods.recent)} against {months_in_short(periods.earlier)}"
        if periods.earlier
        else "",
        "month_apart": len(periods.recent) > 1,
        "said": str(tables["moved"]["sentence"].iloc[0]) if "moved" in tables else "",
        "compared": _comparison_table(found),
        "notes": _trend_notes(found),
        "change_said": change_explained(tables["change"]) if changed else "",
        "change_table": page_tables.change_table(tables["change"], f"What moved the mean, clock {measure}")
        if changed
        else None,
    }


def _searched_caption(changes: pd.DataFrame) -> str:
    said = changes.attrs
    if not said["units"]:
        return "What changed"
    return (
        f"What changed in {said['units']} {said['unit']}s, {said['since']:%Y-%m-%d} to before "
        f"{said['until']:%Y-%m-%d}; {said['permutations']} random orders, seed {said['seed']}"
    )


def _comparison_table(found: Findings) -> page_tables.PageTable | None:
    periods, said = found.periods, []
    if "moved" in found.tables:
        row = table_records(found.tables["moved"])[0]
        said.append(page_tables.comparison_row(row, months_in_short(periods.earlier), months_in_short(periods.recent)))
    if "month_moved" in found.tables and len(periods.recent) > 1:
        row = table_records(found.tables["month_moved"])[0]
        said.append(page_tables.comparison_row(row, "the months before it", f"{periods.month:%B} alone"))
    if not said:
        return None
    heads = ("periods", "n before", "n after", "typical before", "typical after", "ratio (range)", "verdict")
    caption = (
        "Typical times (geometric means) of ended incidents; the ratio is like for like (same severity and type) where "
        "there are enough, and counts open ones with their time so far"
    )
    return page_tables.PageTable(caption, heads, tuple(said), (0, 6))


def _trend_notes(found: Findings) -> list[str]:
    names = {"moved": "Of these months", "month_moved": f"Of {found.periods.month:%B} alone"}
    if len(found.periods.recent) == 1:
        del names["month_moved"]
    notes = {said: str(found.tables[name]["note"].iloc[0]) for name, said in names.items() if name in found.tables}
    return [f"{said}: {note}" for said, note in notes.items() if note]


# The longest incidents of the month, and those still open.


def worst_section(review: Review) -> Context:
    """Return what the section names."""
    found = review.findings
    return {
        "month": found.periods.name,
        "worst": table_records(found.tables["worst"]),
        "open": table_records(found.tables["open"]),
        "ends": clock_ends(found.measure, found.proxy),
    }


SECTIONS = (
    Section("worst", "Worst incidents", worst_section),
    Section("minutes", "Where the minutes went", minutes_section),
    Section("trend", "Better or worse", trend_section),
    Section("months", "Month by month", months_section),
    Section("level", "The level", level_section),
    Section("practices", "What the teams run", practices_section),
    Section("cost", "What it cost", cost_section),
    Section("levers", "What would help", levers_section),
    Section("data", "Data", data_section),
    Section("methods", "Methods", methods_section),
)
"""What a reader may see and a manager needs stands open and uses no statistical term; how it was found is one click
below, in the same section."""
