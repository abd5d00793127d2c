"""The verb that asks for everything: the review."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.cli.options import open_folder, say, source_options, whole_number

if TYPE_CHECKING:
    from mttrlab.cli.options import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Add `review`."""
    review = verbs.add_parser("review", help="write the monthly review as one HTML page")
    source_options(review)
    review.add_argument("--month", help="such as 2026-06 (default: the last complete month)")
    review.add_argument("--out", type=Path, default=Path("reviews"), help="folder for the page (default: reviews)")
    review.add_argument("--seed", type=whole_number, default=7, help="names the luck of the what-ifs (default: 7)")
    review.set_defaults(verb=_review)


def _review(options: argparse.Namespace) -> None:
    lab, left_aside = open_folder(options)
    with lab:
        from mttrlab.review import write_review

        path = write_review(lab, options.out, month=options.month, seed=options.seed, left_aside=left_aside)
        say(f"Wrote {path}")
