"""`python -m mttrlab.examples FOLDER`: write the made-up organisations."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mttrlab.examples import write_examples


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files and say how many."""
    parser = argparse.ArgumentParser(prog="python -m mttrlab.examples", description="Write the made-up organisations.")
    parser.add_argument("folder", help="where to write exports/, small/ and README.md")
    folder = parser.parse_args(arguments).folder
    sys.stdout.write(f"{len(write_examples(folder))} files written to {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
