"""The verb that puts money to what-ifs: investments of a file, the best first."""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.cli import simulate
from mttrlab.cli.fit import model_and_refits, responders_option
from mttrlab.cli.options import positive_number, say, source_options, whole_number, write_table
from mttrlab.files import new_path

if TYPE_CHECKING:
    from mttrlab.cli.options import Verbs


def add_verbs(verbs: Verbs) -> None:
    """Add `rank`."""
    rank = verbs.add_parser("rank", help="which investment buys the most minutes back for its money, and how surely")
    source_options(rank)
    rank.add_argument(
        "--investments",
        type=Path,
        required=True,
        metavar="FILE",
        help="investments in YAML: name, levers, once, yearly",
    )
    rank.add_argument(
        "--minute-value", type=float, metavar="MONEY", help="what a minute is worth: rank by what is left over"
    )
    rank.add_argument(
        "--years", type=float, default=3, help="horizon, over which what is paid once counts (default: 3)"
    )
    rank.add_argument(
        "--model", type=Path, metavar="FILE", help="the model of this file (mttrlab fit --to) instead of a fit"
    )
    responders_option(rank)
    rank.add_argument(
        "--refits", type=positive_number, metavar="N", help="fit to N resamples of history too, and draw from these"
    )
    rank.add_argument(
        "--draws", type=positive_number, metavar="N", help="of what is not known (default: 200; SimPy: 40)"
    )
    rank.add_argument(
        "--replications", type=positive_number, metavar="N", help="horizons in each draw (default: what is quick)"
    )
    rank.add_argument("--engine", choices=("auto", "simpy", "compiled"), default="auto", help="default: auto")
    rank.add_argument("--jobs", type=positive_number, default=1, help="workers; the numbers are the same (default: 1)")
    rank.add_argument("--seed", type=whole_number, default=7, help="default: 7")
    rank.add_argument("--csv", type=Path, metavar="FILE", help="write every column here too")
    rank.set_defaults(verb=_rank)


def _rank(options: argparse.Namespace) -> None:
    from mttrlab import decisions, response

    if options.csv is not None:
        # Before the long work, not after it.
        new_path(options.csv)
    investments = response.read_investments(options.investments)
    model, again, data = model_and_refits(options)
    ranked = decisions.rank_investments(
        model,
        investments,
        years=options.years,
        minute_value=options.minute_value,
        draws=options.draws,
        replications=options.replications,
        refits=again,
        seed=options.seed,
        engine=options.engine,
        n_jobs=options.jobs,
        progress=sys.stderr.isatty(),
    )
    first, told_of = ranked.iloc[0], ranked.attrs
    _paragraph(f"Check: {first['checked']}")
    _paragraph(f"Engine: {told_of['engine_why']}")
    _paragraph(
        f"n = {first['draws']:,} draws of what is not known, {first['replications']:,} runs of {options.years:g} years "
        f"each, seed {options.seed}, data {data}; minutes on the clock {first['measure']}, {told_of['weighted']}; "
        "brackets hold 80 %: of single years in the first column, of what is expected in the next; 95 % of P(best) and "
        "regret, of the number of draws alone"
    )
    if math.isfinite(told_of["half_width"]):
        _paragraph(f"Half-width: the mean minutes saved are known to {told_of['half_width']:.1%} (95 %, of luck alone)")
    for word, name in (("Left out", "left_out"), ("Unfinished", "unfinished")):
        if name in told_of:
            _paragraph(f"{word}: {told_of[name]}")
    simulate.print_ranking(ranked)
    if options.csv is not None:
        write_table(ranked, options.csv)
        say(f"Wrote {len(ranked)} rows to {options.csv}")


def _paragraph(text: str) -> None:
    say(textwrap.fill(text, 116, subsequent_indent="  "))
