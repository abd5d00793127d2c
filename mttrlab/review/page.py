"""The page: a template, filled. Every text from data is escaped; nothing in the page can run or call out."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pandas as pd
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape

from mttrlab.analysis import change_explained
from mttrlab.review import cost, definitions, evidence, firstscreen, rows
from mttrlab.review.findings import Findings
from mttrlab.review.periods import run_name
from mttrlab.review.sentences import UNCHECKED, clock_ends
from mttrlab.review.words import lines, minutes

if TYPE_CHECKING:
    from mttrlab.review.review import Review

_FIGURE = re.compile(r"\d[\d,]*(?:\.\d+)?(?: (?:minutes?|hours?|days?))?")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def figures_strong(text: str) -> Markup:
    """Return a sentence with its figures set strong, escaped.

    Examples
    --------
    >>> figures_strong("23 of <b>, between 40 and 95 minutes")
    Markup('<strong>23</strong> of &lt;b&gt;, between <strong>40</strong> and <strong>95 minutes</strong>')
    """
    made, place = Markup(), 0
    for found in _FIGURE.finditer(text):
        made += escape(text[place : found.start()]) + Markup("<strong>{}</strong>").format(found.group())
        place = found.end()
    return made + escape(text[place:])


def shown(value: Any) -> str:
    """Return text from data without characters that are not seen but act: control and direction marks.

    Examples
    --------
    >>> shown("pay\\u202ements\\x00"), shown(None), shown("")
    ('payments', '', '')
    """
    missing = value is None or (pd.api.types.is_scalar(value) and pd.isna(value))
    return "" if missing else _CONTROL.sub("", str(value))


def link(url: object) -> str | None:
    """Return an address that a reader may follow: http or https with a host; None for any other.

    Examples
    --------
    >>> link("https://status.example.com/a"), link("javascript:alert(1)"), link("//evil.example")
    ('https://status.example.com/a', None, None)
    """
    text = shown(url)
    if text != str(url) or any(c.isspace() for c in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    return text if parts.scheme in ("http", "https") and host else None


@cache
def _environment() -> Environment:
    folder = resources.files(__package__) / "templates"
    texts = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir() if path.name.endswith(".html")}
    made = Environment(
        loader=DictLoader(texts), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"strong_figures": figures_strong, "shown": shown, "minutes": minutes}
    made.tests["link"] = lambda url: link(url) is not None
    made.globals["css"] = Markup((folder / "review.css").read_text(encoding="utf-8"))
    return made


def render(review: Review) -> str:
    """Return the page of a review."""
    return _environment().get_template("review.html").render(context(review))


def context(review: Review) -> dict[str, Any]:
    """Return everything that the template names."""
    found = review.findings
    tables, periods = found.tables, found.periods
    sentences, _ = firstscreen.compose(found)
    clock = found.clock.replace("_", " ")
    merged = bool(tables["shares"]["phase"].str.contains("+", regex=False).any())
    recent = run_name(periods.quarter)
    return {
        "review": review,
        "periods": periods,
        "sentences": sentences,
        "figures": review.figures,
        "clock": clock,
        "ends": clock_ends(found.clock, found.proxy),
        "proxy": found.proxy,
        "recent": recent,
        "worst": lines(tables["worst"]),
        "open": lines(tables["open"]),
        "unseen": definitions.unseen(found),
        "merged": merged,
        "phase_table": rows.durations(tables["phases"], "phase", f"Each phase, {recent}"),
        "span_table": rows.durations(tables["spans"], "span", f"Spans between neighbouring usable stamps, {recent}"),
        "clock_table": rows.durations(_clocks(tables["clocks"], "month"), "clock", f"The four clocks, {periods.name}"),
        "quarter_table": rows.durations(
            _clocks(tables["clocks"], "quarter"), "clock", f"The four clocks, {run_name(periods.quarter)}"
        ),
        "middle_table": rows.middles(tables["typical"], clock),
        "what_if_days": found.what_if.days,
        "unlike": found.what_if.unlike,
        "share_table": rows.share_rows(tables["shares"], f"Shares, {recent}"),
        "month_table": rows.months(tables["months"], tables["seed"], clock, periods.month),
        "moved_table": _moved(found),
        "moved_notes": _moved_notes(found),
        "month_apart": len(periods.recent) > 1,
        "maturity_table": evidence.maturity(tables["maturity"], f"Maturity of {recent}, clock {clock}"),
        "change_table": evidence.change(tables["change"], f"What moved the mean, clock {clock}")
        if _changed(found)
        else None,
        "change_said": change_explained(tables["change"]) if _changed(found) else "",
        "stamp_table": evidence.stamps(tables["stamps"], f"Means of the phases where stamps are missing, {recent}"),
        "stamp_notes": [
            str(said)
            for said, held in zip(tables["stamps"]["sentence"], tables["stamps"]["merged"], strict=True)
            if held
        ],
        "untaken": definitions.untaken(found),
        "left_aside": found.notes["left_aside"],
        "cost_table": cost.shown(tables["cost"], run_name([periods.month])) if len(tables["cost"]) else None,
        "lever_table": rows.levers(tables["levers"]) if "levers" in tables else None,
        "lever_notes": _lever_notes(found),
        "model_table": None
        if found.what_if.model is None
        else rows.plain(found.what_if.model, "Where each part of the model came from", 40),
        "why_no_levers": found.what_if.why,
        "unchecked": UNCHECKED,
        "verdict_table": rows.verdicts(tables["quality"]) if len(tables["quality"]) else None,
        "population_table": rows.population(tables["population"]),
        "ambiguous_table": rows.plain(tables["ambiguous"], "Pairs that may be one incident, left apart"),
        "quarantine_table": rows.plain(tables["quarantine"], "Records refused, with the reason"),
        "ambiguous_count": len(tables["ambiguous"]),
        "quarantine_count": len(tables["quarantine"]),
        "load_table": rows.plain(_loads(tables["loads"]), "Files loaded", 40),
        "population_rule": found.notes["population"],
        "warnings": found.notes["warnings"],
        "unknowable": definitions.unknowable(found),
        "terms": definitions.terms(),
        "facts": review.facts,
        "comparison": f"{run_name(periods.recent)} against {run_name(periods.earlier)}" if periods.earlier else "",
    }


def _clocks(clocks: pd.DataFrame, of: str) -> pd.DataFrame:
    return clocks[clocks["of"] == of]


def _loads(loads: pd.DataFrame) -> pd.DataFrame:
    # What differs from run to run (when it was loaded, from which folder) has no place on a page that is compared.
    wanted = [
        c
        for c in ("name", "format", "source", "rows", "accepted", "quarantined", "duplicates", "exported_at")
        if c in loads
    ]
    return loads[wanted]


def _changed(found: Findings) -> bool:
    return "change" in found.tables and bool(found.tables["change"]["minutes"].notna().any())


def _moved(found: Findings) -> rows.Shown | None:
    periods, said = found.periods, []
    if "moved" in found.tables:
        row = lines(found.tables["moved"])[0]
        said.append(rows.compared(row, run_name(periods.earlier), run_name(periods.recent)))
    if "month_moved" in found.tables and len(periods.recent) > 1:
        row = lines(found.tables["month_moved"])[0]
        said.append(rows.compared(row, "the months before it", f"{periods.month:%B} alone"))
    if not said:
        return None
    heads = ("periods", "n before", "n after", "typical before", "typical after", "ratio (range)", "verdict")
    caption = "Typical times (geometric means) of ended incidents; the ratio counts open ones with their time so far"
    return rows.Shown(caption, heads, tuple(said), (0, 6))


def _moved_notes(found: Findings) -> list[str]:
    names = {"moved": "Of these months", "month_moved": f"Of {found.periods.month:%B} alone"}
    if len(found.periods.recent) == 1:
        del names["month_moved"]
    notes = {said: str(found.tables[name]["note"].iloc[0]) for name, said in names.items() if name in found.tables}
    return [f"{said}: {note}" for said, note in notes.items() if note]


def _lever_notes(found: Findings) -> list[str]:
    if found.what_if.levers is None or "note" not in found.what_if.levers:
        return []
    noted = found.what_if.levers[found.what_if.levers["note"].ne("")]
    return [f"{line['scenario']}: {line['note']}." for line in lines(noted)]
