"""What every verb needs: safe printing, the options that name a lab, and opening it."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.lab import Lab


LAB = "mttrlab.duckdb"


def plain(text: str) -> str:
    """Return the text without characters that could steer a terminal; data may hold them."""
    return "".join(c if c in "\n\t" or (c.isprintable() and not "\u202a" <= c <= "\u2069") else "\ufffd" for c in text)


def say(text: str) -> None:
    """Print the text to standard output, made safe for a terminal."""
    print(plain(text))


def table(rows: pd.DataFrame, widest: int = 70) -> None:
    """Print every row of a table, no cell with more than `widest` characters."""
    import pandas as pd

    with pd.option_context("display.max_rows", None, "display.max_columns", None, "display.width", 200):
        say("(no rows)" if rows.empty else rows.to_string(index=False, na_rep="", max_colwidth=widest))


def refuse_existing(path: Path) -> None:
    """Refuse a file to write that is there already."""
    if path.exists():
        raise QuestionError(f"{path} exists already and is left as it is; remove it or name another file")


def write_csv(rows: pd.DataFrame, path: Path) -> None:
    """Write a table, unrounded.

    A cell that a spreadsheet would run as a formula gets an apostrophe, as in every file that we write.
    """
    text = rows.map(lambda cell: f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell)
    text.to_csv(path, index=False)


def lab_option(parser: argparse.ArgumentParser) -> None:
    """Let a verb name the lab's file."""
    parser.add_argument("--lab", type=Path, help=f"the lab's file (default: {LAB}, or $MTTRLAB_LAB)")


def source_options(parser: argparse.ArgumentParser) -> None:
    """Let a verb read a folder of exports or a lab's file."""
    parser.add_argument("folder", nargs="?", type=Path, help="a folder of exports (default: the lab file)")
    lab_option(parser)


def whole(text: str) -> int:
    """Return a whole number from 0 on."""
    value = int(text)
    if value < 0:
        raise argparse.ArgumentTypeError(f"must be 0 or more, got {value}")
    return value


def positive(text: str) -> int:
    """Return a whole number from 1 on."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be 1 or more, got {value}")
    return value


def lab_path(options: argparse.Namespace) -> Path:
    """Return the lab's file: what the arguments or the environment say, else the one of this folder."""
    return options.lab or Path(os.environ.get("MTTRLAB_LAB", LAB))


def open_lab(options: argparse.Namespace) -> Lab:
    """Open the lab that the arguments name."""
    return open_folder(options)[0]


def open_folder(options: argparse.Namespace) -> tuple[Lab, tuple[str, ...]]:
    """Open a folder's exports in memory, or a lab file to read; and say which files were no export."""
    from mttrlab.lab import Lab

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
