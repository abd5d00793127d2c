"""Verbs about single incidents: what was on the screen, the story, the diagnosis, and stamps that metrics give."""

from __future__ import annotations

import argparse
import html
import io
from base64 import b64encode
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.cli.options import lab_option, lab_path, open_lab, print_table, say
from mttrlab.errors import QuestionError
from mttrlab.files import new_path

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.cli.options import Verbs
    from mttrlab.lab.lab import Lab


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<style>body{{font:16px/1.5 sans-serif;max-width:1200px;margin:2em auto;padding:0 1em}}img{{width:100%}}
pre{{white-space:pre-wrap}}table{{border-collapse:collapse}}td,th{{padding:.2em .8em .2em 0;text-align:left}}</style>
</head><body><h1>{title}</h1><img alt="{alt}" src="data:image/png;base64,{png}">
<h2>Timeline</h2>{story}<h2>Suspects</h2>{suspects}<h2>What failed first</h2>{first}
<h2>Diagnostic report</h2><pre>{report}</pre></body></html>
"""


_RULE: dict[str, tuple[type, str]] = {
    "healthy": (int, "good checks that confirm health, and bad ones that begin a failure (default: 3)"),
    "of": (int, "among so many of the last checks (default: in a row)"),
    "error_rate": (float, "percent that a good check stays below (default: 1)"),
    "latency_p95": (float, "milliseconds that a good check stays below (default: 500)"),
    "interval_s": (int, "seconds from check to check (default: 30)"),
    "window_s": (int, "seconds that each check looks back over (default: 60)"),
    "within_minutes": (float, "minutes after the fix within which health should be confirmed (default: 5)"),
}
"""Options of `derive`, by the fields of RecoveryRule."""


def add_verbs(verbs: Verbs) -> None:
    """Add `incident` and `derive`."""
    one = verbs.add_parser("incident", help="replay one incident: report, timeline, suspects, the command center")
    one.add_argument("incident", help="its id")
    lab_option(one)
    one.add_argument("--at", help="the minute to show, such as 2026-06-03T14:35:00Z (default: the acknowledgement)")
    one.add_argument("--out", type=Path, help="a new .png, .svg or .pdf of the command center, or .html of all")
    one.add_argument("--timeline", action="store_true", help="print the merged story too")
    one.set_defaults(verb=_incident, folder=None)

    derive = verbs.add_parser("derive", help="date starts and verifications from metrics, where nobody stamped them")
    lab_option(derive)
    derive.add_argument("--show", action="store_true", help="only show what would be derived; write nothing")
    for name, (kind, words) in _RULE.items():
        derive.add_argument(f"--{name.replace('_', '-')}", type=kind, dest=name, help=words)
    derive.set_defaults(verb=_derive, folder=None)


def _incident(options: argparse.Namespace) -> None:
    from mttrlab import review

    out: Path | None = options.out
    if out is not None:
        new_path(out)
    if out is not None and out.suffix not in (".png", ".svg", ".pdf", ".html"):
        raise QuestionError(f"{out}: give a file that ends in .png, .svg, .pdf or .html")
    with open_lab(options) as lab:
        seen = review.center(lab, options.incident, options.at)
        say(str(seen))
        say(str(review.diagnostic_report(lab, options.incident, options.at)))
        near = review.incident_suspects(lab, options.incident)
        say("\n--- Suspects: deployments in the hour before, and how often chance alone puts one there ---")
        print_table(_rounded(near.drop(columns=["deployments", "days"])))
        if options.timeline:
            say("\n--- Timeline ---")
            print_table(_rounded(review.timeline(lab, options.incident), 1))
        if out is not None:
            _write(lab, options, near, out)
            say(f"Wrote {out}")


def _write(lab: Lab, options: argparse.Namespace, near: pd.DataFrame, out: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from mttrlab import review

    figure = review.command_center(lab, options.incident, options.at)
    if out.suffix != ".html":
        figure.savefig(out)
        return
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    out.write_text(
        _PAGE.format(
            title=html.escape(f"Incident {options.incident}"),
            alt=html.escape(str(figure.get_label()), quote=True),
            png=b64encode(picture.getvalue()).decode("ascii"),
            story=_html_table(review.timeline(lab, options.incident)),
            suspects=_html_table(near),
            first=_html_table(review.incident_failed_first(lab, options.incident)),
            report=html.escape(str(review.diagnostic_report(lab, options.incident, options.at))),
        ),
        encoding="utf-8",
    )


def _rounded(rows: pd.DataFrame, places: int = 3) -> pd.DataFrame:
    # Only numbers: pandas warns when it is asked to round a time.
    return rows.round(dict.fromkeys(rows.select_dtypes("float").columns, places))


def _html_table(rows: pd.DataFrame) -> str:
    """Return a table as HTML, its words escaped."""
    return _rounded(rows).to_html(index=False, escape=True, border=0, na_rep="") if len(rows) else "<p>None.</p>"


def _derive(options: argparse.Namespace) -> None:
    from mttrlab.analysis.capabilities import verification_goal
    from mttrlab.judge.dating import RecoveryRule
    from mttrlab.lab.lab import Lab

    rule = RecoveryRule(**{name: value for name in _RULE if (value := getattr(options, name)) is not None})
    path = lab_path(options)
    if not path.exists():
        raise QuestionError(f"there is no lab file {path}; load exports and metrics first (mttrlab load …)")
    with Lab(path, read_only=options.show) as lab:
        dated = lab.dating(rule=rule)
        found = lab.derivable(dated)
        say(f"{len(dated):,} incidents looked at; onset: {_counts(dated, 'onset_status')}; "
            f"recovery: {_counts(dated, 'recovered_status')}.")  # fmt: skip
        print_table(found.drop(columns=["who", "source"]))
        if not options.show and len(found):
            say(str(lab.record(found, kind="derived")))
        say("Verified within 5 min of the fix, by where the verification comes from:")
        print_table(_rounded(verification_goal(lab.incidents())))


def _counts(dated: pd.DataFrame, column: str) -> str:
    counts = dated[column].value_counts()
    return ", ".join(f"{count:,} {word}" for word, count in counts.items()) or "none"
