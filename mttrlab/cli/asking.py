"""Verbs that ask: the review and the what-ifs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mttrlab.cli.door import open_folder, open_lab, positive, say, source_options, table, whole
from mttrlab.errors import QuestionError


def add_verbs(verbs: Any) -> None:
    """Add `review` and `simulate`."""
    review = verbs.add_parser("review", help="write the monthly review as one HTML page")
    source_options(review)
    review.add_argument("--month", help="such as 2026-06 (default: the last complete month)")
    review.add_argument("--out", type=Path, default=Path("reviews"), help="folder for the page (default: reviews)")
    review.add_argument("--seed", type=whole, default=7, help="names the luck of the what-ifs (default: 7)")
    review.set_defaults(verb=_review)

    simulate = verbs.add_parser("simulate", help="what a lever would do to MTTR, paired on the same luck")
    source_options(simulate)
    simulate.add_argument(
        "--lever",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="together these make one scenario; none: the standard set (--levers lists the names)",
    )
    simulate.add_argument("--levers", action="store_true", help="list the levers with their units and stop")
    simulate.add_argument("--days", type=positive, default=365, help="length of a replication (default: 365)")
    simulate.add_argument("--replications", type=positive, default=200, help="default: 200")
    simulate.add_argument("--responders", type=positive, help="people on call (default: nobody ever waits)")
    simulate.add_argument("--seed", type=whole, default=7, help="default: 7")
    simulate.set_defaults(verb=_simulate)


def _review(options: argparse.Namespace) -> None:
    lab, left_aside = open_folder(options)
    with lab:
        from mttrlab.review import write_review

        path = write_review(lab, options.out, month=options.month, seed=options.seed, left_aside=left_aside)
        say(f"Wrote {path}")


def _simulate(options: argparse.Namespace) -> None:
    from mttrlab import decisions, response

    if options.levers:
        table(response.levers())
        return
    chosen: dict[str, Any] = dict(_lever(text) for text in options.lever)
    with open_lab(options) as lab:
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
        say(f"{compared['checked'].iloc[0]}; seed {options.seed}; data {lab.data_hash()[:12]}")
        table(compared.drop(columns=["checked", "seed"]).round(1))


def _lever(text: str) -> tuple[str, float]:
    name, _sign, value = text.partition("=")
    try:
        return name.strip(), float(value)
    except ValueError:
        raise QuestionError(f"--lever takes NAME=NUMBER, such as alert_latency=2; got {text!r}") from None
