"""Verbs that keep and mend data: init, load, quality, annotate, export, rebuild."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.cli.options import draw, lab_option, lab_path, open_lab, positive_number, print_table, say, source_options
from mttrlab.errors import QuestionError

if TYPE_CHECKING:
    from mttrlab.cli.options import Verbs
    from mttrlab.lab.reports import FolderReport, LoadReport


def add_verbs(verbs: Verbs) -> None:
    """Add `init`, `load`, `quality`, `annotate`, `export` and `rebuild`."""
    init = verbs.add_parser("init", help="write mttrlab.yml for a folder of exports, to be corrected by hand")
    init.add_argument("folder", type=Path)
    init.set_defaults(verb=_init)

    load = verbs.add_parser("load", help="load exports, or a filled-in worksheet, into a lab file")
    load.add_argument(
        "files", nargs="+", help="files, patterns such as 'exports/*.json', or a folder, read as its mttrlab.yml says"
    )
    load.add_argument("--format", help="canonical, pagerduty, servicenow, statuspage or annotations (recognised)")
    load.add_argument("--timezone", help="zone of stamps that carry none, such as Europe/Lisbon")
    load.add_argument("--as-of", help="when the export was taken, such as 2026-07-01T06:00:00Z")
    load.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="THEIRS=OURS",
        help="for a table of your own, such as --column Created=detected_at; may be given several times",
    )
    load.add_argument("--keep-raw", action="store_true", help="keep a private copy of each file, for rebuild")
    load.add_argument("--keep-people", action="store_true", help="store who annotated as written, not as a pseudonym")
    load.add_argument("--table", action="store_true", help="show the counts as a table too")
    lab_option(load)
    load.set_defaults(verb=_load)

    quality = verbs.add_parser("quality", help="how good the stamps are, what was left out, and why")
    source_options(quality)
    quality.add_argument("--by", action="append", choices=("source", "month", "service"), help="split the counts")
    quality.add_argument("--quarantine", action="store_true", help="list the refused records instead")
    quality.add_argument(
        "--joins", action="store_true", help="list the records that were joined into one incident instead"
    )
    quality.add_argument(
        "--recurrences", action="store_true", help="list what came back, was reopened or may be there twice instead"
    )
    quality.add_argument("--figure", type=Path, help="draw the counts into this new file (.png, .svg or .pdf) too")
    quality.set_defaults(verb=_quality)

    annotate = verbs.add_parser("annotate", help="write a worksheet of the stamps that would narrow the answers most")
    source_options(annotate)
    annotate.add_argument("--month", help="incidents that begin in it, such as 2026-06 (default: all)")
    annotate.add_argument("--count", type=positive_number, default=15, help="rows (default: 15)")
    annotate.add_argument("--out", type=Path, default=Path("worksheet.csv"), help="default: worksheet.csv")
    annotate.add_argument("--event", metavar="DAY", help="record what the team did on a day, such as 2026-01-15")
    annotate.add_argument("--name", help="with --event: what it was, in a few words")
    annotate.add_argument("--moves", metavar="MEASURE", help="with --event: what it was to move, such as diagnose")
    annotate.set_defaults(verb=_annotate)

    export = verbs.add_parser("export", help="write all records as one canonical table (.csv or .parquet)")
    source_options(export)
    export.add_argument("out", type=Path, help="a new file")
    export.add_argument("--anonymise", action="store_true", help="pseudonyms for every word; times stay")
    export.set_defaults(verb=_export)

    rebuild = verbs.add_parser("rebuild", help="build a lab again from the files that its ledger names")
    lab_option(rebuild)
    rebuild.add_argument("--out", type=Path, help="a new file (default: in the place of the old lab)")
    rebuild.add_argument("--partial", action="store_true", help="leave out what is missing or has changed, and say so")
    rebuild.set_defaults(verb=_rebuild)


def _init(options: argparse.Namespace) -> None:
    from mttrlab.lab.init import init_settings

    path, _, notes = init_settings(options.folder)
    for note in notes:
        say(note)
    say(f"Wrote {path}. Correct it by hand, then: mttrlab review {options.folder}")


def _load(options: argparse.Namespace) -> None:
    from mttrlab.lab.lab import Lab

    columns = dict(_column(text) for text in options.column) or None
    for folder in filter(os.path.isdir, options.files):
        _refuse_for_folders(options, folder)
    with Lab(lab_path(options)) as lab:
        for name in options.files:
            if Path(name).is_dir():
                report: LoadReport | FolderReport = lab.load_folder(name)
            else:
                report = lab.load(
                    name,
                    format=options.format,
                    timezone=options.timezone,
                    as_of=options.as_of,
                    columns=columns,
                    keep_raw=options.keep_raw,
                    keep_people=options.keep_people,
                )
            say(str(report))
            if options.table:
                print_table(report.table())


def _refuse_for_folders(options: argparse.Namespace, folder: str) -> None:
    """Refuse what is said of single files: a folder's `mttrlab.yml` says it of each."""
    for said in ("format", "timezone", "as_of", "column", "keep_raw", "keep_people"):
        if getattr(options, said):
            raise QuestionError(
                f"{folder} is a folder, which is loaded as its mttrlab.yml says; "
                f"--{said.replace('_', '-')} is for files, such as '{folder}/*.json'"
            )


def _column(text: str) -> tuple[str, str]:
    theirs, sign, ours = text.rpartition("=")
    if not sign or not theirs.strip() or not ours.strip():
        raise QuestionError(f"--column takes THEIRS=OURS, such as Created=detected_at; got {text!r}")
    return theirs.strip(), ours.strip()


def _quality(options: argparse.Namespace) -> None:
    with open_lab(options) as lab:
        if options.quarantine:
            print_table(lab.quarantine(load="all"), widest=160)
            return
        if options.joins:
            print_table(lab.joins())
            return
        if options.recurrences:
            print_table(lab.recurrences())
            return
        say(lab.population_rule())
        print_table(lab.population())
        say(lab.quality_sentence())
        counts = lab.quality(by=options.by)
        print_table(counts.assign(share=counts["share"].map("{:.1%}".format)))
        for warning in lab.warnings():
            say(warning)
        if options.figure is not None:
            draw("plot_quality", counts, options.figure)


def _annotate(options: argparse.Namespace) -> None:
    from mttrlab.lab.annotations import RANK

    if options.event is not None:
        _record_event(options)
        return
    if options.name is not None or options.moves is not None:
        raise QuestionError("--name and --moves belong to --event DAY")
    with open_lab(options) as lab:
        path = lab.annotate(options.out, month=options.month, count=options.count)
    say(f"{RANK}\nWrote {path}. Fill in time, who and why; rows without a time are left out. Then: mttrlab load {path}")


def _record_event(options: argparse.Namespace) -> None:
    import pandas as pd

    from mttrlab.lab.lab import Lab

    path = lab_path(options)
    if options.folder is not None or not path.exists():
        raise QuestionError(
            f"an event is kept in a lab's file, and there is no lab file {path}; load exports first (mttrlab load …), "
            "or write it under events: in mttrlab.yml"
        )
    with Lab(path) as lab:
        table = pd.DataFrame({"date": [options.event], "name": [options.name], "moves": [options.moves]})
        report = lab.record(table, kind="events")
    say(f"Kept: {options.name} on {options.event}." if report.accepted else f"{options.name} is known already.")


def _export(options: argparse.Namespace) -> None:
    from mttrlab.lab.export import key_path

    with open_lab(options) as lab:
        path = lab.export(options.out, anonymise=options.anonymise)
    say(f"Wrote {path}.")
    if options.anonymise:
        say(
            f"Pseudonyms are made with the key {key_path()}: whoever has it can test guesses, so it stays private. "
            "Times are as they were."
        )


def _rebuild(options: argparse.Namespace) -> None:
    from mttrlab.lab.rebuilding import rebuild

    say(str(rebuild(lab_path(options), options.out, partial=options.partial)))
