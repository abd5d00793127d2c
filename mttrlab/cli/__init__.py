"""`mttrlab …`: a thin door. Each verb parses its arguments, makes one call and prints what came back.

Rooms are imported inside the verbs, so that `mttrlab --help` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from mttrlab import __version__
from mttrlab.cli import fit, incident, load, practices, questions, rank, review, simulate
from mttrlab.errors import MttrlabError
from mttrlab.text import printable

__all__ = ["main"]

_EPILOG = """\
A first review:   mttrlab review FOLDER_OF_EXPORTS
Keep a lab:       mttrlab load exports/*.json --lab team.duckdb; mttrlab review --lab team.duckdb
A real team:      mttrlab init FOLDER, correct FOLDER/mttrlab.yml, mttrlab review FOLDER
Ask one thing:    mttrlab compare --lab team.duckdb; mttrlab phases --by service --lab team.duckdb --csv phases.csv
What if:          mttrlab fit --lab team.duckdb --to model.yml; mttrlab simulate --model model.yml --lever flagged=0.5
What to buy:      mttrlab rank --lab team.duckdb --investments ideas.yml   (name, levers, once, yearly; see README)
Mend the data:    mttrlab annotate --lab team.duckdb, fill it in, mttrlab load worksheet.csv --lab team.duckdb
Replay one:       mttrlab incident INC-0042 --lab team.duckdb --out incident.html
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
        return _stopped()
    except OSError as trouble:
        return _refuse(f"{trouble.filename or 'a file'}: {trouble.strerror or trouble}")
    except Exception as fault:
        # This is how an interruption reaches Python out of DuckDB.
        if isinstance(fault, RuntimeError) and "interrupted" in str(fault).lower():
            return _stopped()
        if os.environ.get("MTTRLAB_TRACEBACK"):
            raise
        said = " ".join(str(fault).split())[:160]
        return _refuse(
            f"a fault of mttrlab, not of your file ({type(fault).__name__}: {said}); nothing half-done was kept; "
            "please report it with what MTTRLAB_TRACEBACK=1 shows"
        )
    return 0


def _refuse(sentence: str) -> int:
    print(f"mttrlab: {printable(sentence)}", file=sys.stderr)
    return 1


def _stopped() -> int:
    print("mttrlab: stopped; nothing half-done was kept", file=sys.stderr)
    return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mttrlab",
        description="Where incident minutes go, whether things really got better, and what buys minutes back.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mttrlab {__version__}")
    verbs = parser.add_subparsers(title="verbs", required=True, metavar="VERB")
    load.add_verbs(verbs)
    incident.add_verbs(verbs)
    review.add_verbs(verbs)
    questions.add_verbs(verbs)
    fit.add_verbs(verbs)
    simulate.add_verbs(verbs)
    rank.add_verbs(verbs)
    practices.add_verbs(verbs)
    return parser
