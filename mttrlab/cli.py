"""`mttrlab …`: a thin door. Each verb parses its arguments, makes one call and prints what came back.

Rooms are imported inside the verbs, so that `mttrlab --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab import __version__
from mttrlab.errors import MttrlabError, QuestionError

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.lab import Lab

_LAB = "mttrlab.duckdb"
_EPILOG = """\
A first review:   mttrlab review FOLDER_OF_EXPORTS
Keep a lab:       mttrlab load exports/*.json --lab team.duckdb; mttrlab review --lab team.duckdb
A real team:      mttrlab init FOLDER, correct FOLDER/mttrlab.yml, mttrlab review FOLDER
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return the exit code: 0 done, 1 refused with a sentence, 2 wrong arguments."""
    options = _parser().parse_args(arguments)
    verb: Callable[[argparse.Namespace], None] = options.verb
    try:
        verb(options)
        sys.stdout.flush()
    except MttrlabError as refusal:
        return _refuse(str(refusal))
    except BrokenPipeError:
        # The reader (head, less) has seen enough; Python would complain once more while closing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print("mttrlab: stopped; nothing half-done was kept", file=sys.stderr)
        return 130
    except OSError as trouble:
        return _refuse(f"{trouble.filename or 'a file'}: {trouble.strerror or trouble}")
    return 0


def _refuse(sentence: str) -> int:
    print(f"mttrlab: {_plain(sentence)}", file=sys.stderr)
    return 1


def _plain(text: str) -> str:
    """Return the text without characters that could steer a terminal; data may hold them."""
    return "".join(c if c in "\n\t" or (c.isprintable() and not "\u202a" <= c <= "\u2069") else "\ufffd" for c in text)


def _say(text: str) -> None:
    print(_plain(text))


def _table(rows: pd.DataFrame) -> None:
    import pandas as pd

    with pd.option_context("display.max_rows", None, "display.max_columns", None, "display.width", 200):
        _say("(no rows)" if rows.empty else rows.to_string(index=False, na_rep="", max_colwidth=70))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mttrlab",
        description="Where incident minutes go, whether things really got better, and what buys minutes back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mttrlab {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")

    init = verbs.add_parser("init", help="write mttrlab.yml for a folder of exports, to be corrected by hand")
    init.add_argument("folder", type=Path)
    init.set_defaults(verb=_init)

    load = verbs.add_parser("load", help="load exports into a lab file")
    load.add_argument("files", nargs="+", help="files or patterns such as 'exports/*.json'")
    load.add_argument("--format", help="canonical, pagerduty, servicenow or statuspage (default: recognised)")
    load.add_argument("--timezone", help="zone of stamps that carry none, such as Europe/Lisbon")
    load.add_argument("--as-of", help="when the export was taken, such as 2026-07-01T06:00:00Z")
    _lab_option(load)
    load.set_defaults(verb=_load)

    quality = verbs.add_parser("quality", help="how good the stamps are, what was left out, and why")
    _source_options(quality)
    quality.add_argument("--by", choices=("source", "month", "service"), help="split the counts")
    quality.add_argument("--quarantine", action="store_true", help="list the refused records instead")
    quality.set_defaults(verb=_quality)

    review = verbs.add_parser("review", help="write the monthly review as one HTML page")
    _source_options(review)
    review.add_argument("--month", help="such as 2026-06 (default: the last complete month)")
    review.add_argument("--out", type=Path, default=Path("reviews"), help="folder for the page (default: reviews)")
    review.add_argument("--seed", type=_whole, default=7, help="names the luck of the what-ifs (default: 7)")
    review.set_defaults(verb=_review)

    simulate = verbs.add_parser("simulate", help="what a lever would do to MTTR, paired on the same luck")
    _source_options(simulate)
    simulate.add_argument(
        "--lever",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="together these make one scenario; none: the standard set (--levers lists the names)",
    )
    simulate.add_argument("--levers", action="store_true", help="list the levers with their units and stop")
    simulate.add_argument("--days", type=_positive, default=365, help="length of a replication (default: 365)")
    simulate.add_argument("--replications", type=_positive, default=200, help="default: 200")
    simulate.add_argument("--responders", type=_positive, help="people on call (default: nobody ever waits)")
    simulate.add_argument("--seed", type=_whole, default=7, help="default: 7")
    simulate.set_defaults(verb=_simulate)
    return parser


def _lab_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--lab", type=Path, help=f"the lab's file (default: {_LAB}, or $MTTRLAB_LAB)")


def _source_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of exports (default: the lab file)")
    _lab_option(parser)


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {value}")
    return value


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {value}")
    return value


def _lab_path(options: argparse.Namespace) -> Path:
    return options.lab or Path(os.environ.get("MTTRLAB_LAB", _LAB))


def _open(options: argparse.Namespace) -> Lab:
    """Open the lab that the arguments name."""
    return _open_folder(options)[0]


def _open_folder(options: argparse.Namespace) -> tuple[Lab, tuple[str, ...]]:
    """Open a folder's exports in memory, or a lab file to read; and say which files were no export."""
    from mttrlab.lab import Lab

    if options.folder is not None:
        if options.lab is not None:
            raise QuestionError("give a folder of exports or --lab FILE, not both")
        lab = Lab()
        loaded = lab.load_folder(options.folder)
        _say(str(loaded))
        return lab, loaded.skipped
    path = _lab_path(options)
    if not path.exists():
        raise QuestionError(f"there is no lab file {path}; load exports first (mttrlab load …) or name a folder")
    return Lab(path, read_only=True), ()


def _init(options: argparse.Namespace) -> None:
    from mttrlab.lab import init_settings

    path, _, notes = init_settings(options.folder)
    for note in notes:
        _say(note)
    _say(f"Wrote {path}. Correct it by hand, then: mttrlab review {options.folder}")


def _load(options: argparse.Namespace) -> None:
    from mttrlab.lab import Lab

    with Lab(_lab_path(options)) as lab:
        for name in options.files:
            report = lab.load(name, format=options.format, timezone=options.timezone, as_of=options.as_of)
            _say(str(report))


def _quality(options: argparse.Namespace) -> None:
    with _open(options) as lab:
        if options.quarantine:
            _table(lab.quarantine(load="all"))
            return
        _say(lab.population_rule())
        _table(lab.population())
        _table(lab.quality(by=options.by))
        for warning in lab.warnings():
            _say(warning)


def _review(options: argparse.Namespace) -> None:
    lab, left_aside = _open_folder(options)
    with lab:
        from mttrlab.review import write_review

        path = write_review(lab, options.out, month=options.month, seed=options.seed, left_aside=left_aside)
        _say(f"Wrote {path}")


def _simulate(options: argparse.Namespace) -> None:
    from mttrlab import decisions, response

    if options.levers:
        _table(response.levers())
        return
    chosen = dict(_lever(text) for text in options.lever)
    with _open(options) as lab:
        model = response.ResponseModel.fit(lab.incidents(), practices=lab.practices(), responders=options.responders)
        scenarios = (
            [response.Scenario(", ".join(options.lever), **chosen)] if chosen else decisions.default_levers(model)
        )
        compared = decisions.compare_scenarios(
            model,
            scenarios,
            days=options.days,
            replications=options.replications,
            seed=options.seed,
            progress=True,
        )
        _say(f"{compared['checked'].iloc[0]}; seed {options.seed}; data {lab.data_hash()[:12]}")
        _table(compared.drop(columns=["checked", "seed"]).round(1))


def _lever(text: str) -> tuple[str, float]:
    name, _sign, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise QuestionError(f"--lever takes NAME=NUMBER, such as alert_latency=2; got {text!r}") from None


if __name__ == "__main__":
    sys.exit(main())
