"""What every verb needs: safe printing, the options that name a lab, and opening it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.errors import QuestionError
from mttrlab.files import new_path
from mttrlab.text import printable, spreadsheet_safe

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.lab.lab import Lab

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

DEFAULT_LAB = "mttrlab.duckdb"


def draw(name: str, rows: pd.DataFrame, path: Path) -> None:
    """Draw a table by the figure of that name into a new file."""
    import matplotlib as mpl

    new_path(path)
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise QuestionError(f"{path}: a figure is .png, .svg or .pdf")
    mpl.use("Agg")
    from mttrlab import figures

    getattr(figures, name)(rows).figure.savefig(path)
    say(f"Wrote {path}")


def say(text: str) -> None:
    """Print the text to standard output, made safe for a terminal."""
    print(printable(text))


def print_table(rows: pd.DataFrame, widest: int = 70) -> None:
    """Print every row of a table, no cell with more than `widest` characters."""
    import pandas as pd

    with pd.option_context("display.max_rows", None, "display.max_columns", None, "display.width", 200):
        say("(no rows)" if rows.empty else rows.to_string(index=False, na_rep="", max_colwidth=widest))


def write_table(rows: pd.DataFrame, path: Path) -> None:
    """Write a table, unrounded.

    A cell that a spreadsheet would run as a formula gets an apostrophe, as in every file that we write.
    """
    rows.map(lambda cell: spreadsheet_safe(cell) if isinstance(cell, str) else cell).to_csv(path, index=False)


def lab_option(parser: argparse.ArgumentParser) -> None:
    """Let a verb name the lab's file."""
    parser.add_argument("--lab", type=Path, help=f"the lab's file (default: {DEFAULT_LAB}, or $MTTRLAB_LAB)")


def source_options(parser: argparse.ArgumentParser) -> None:
    """Let a verb read a folder of exports or a lab's file."""
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of exports (default: the lab file)")
    lab_option(parser)


def whole_number(text: str) -> int:
    """Return a whole number from 0 on."""
    return _number_from(0, text)


def positive_number(text: str) -> int:
    """Return a whole number from 1 on."""
    return _number_from(1, text)


def _number_from(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a whole number, got {text!r}") from None
    if value < least:
        raise argparse.ArgumentTypeError(f"must be {least} or more, got {value}")
    return value


def lab_path(options: argparse.Namespace) -> Path:
    """Return the lab's file: what the arguments or the environment say, else the one of this folder."""
    return options.lab or Path(os.environ.get("MTTRLAB_LAB", DEFAULT_LAB))


def open_lab(options: argparse.Namespace) -> Lab:
    """Open the lab that the arguments name."""
    return open_folder(options)[0]


def open_folder(options: argparse.Namespace) -> tuple[Lab, tuple[str, ...]]:
    """Open a folder's exports in memory, or a lab file to read; and say which files were no export."""
    from mttrlab.lab.lab import Lab

    if options.folder is not None:
        if options.lab is not None:
            raise QuestionError("give a folder of exports or --lab FILE, not both")
        lab = Lab()
        loaded = lab.load_folder(options.folder)
        say(str(loaded))
        return lab, loaded.skipped
    path = lab_path(options)
    if not path.exists():
        raise QuestionError(f"there is no lab file {path}; load exports first (mttrlab load …) or name a folder")
    return Lab(path, read_only=True), ()
