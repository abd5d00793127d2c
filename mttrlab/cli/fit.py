"""The verb that fits the response model, says where each part came from, and writes it to a file to correct and run."""

from __future__ import annotations

import argparse
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from mttrlab.cli.options import open_lab, positive_number, say, source_options
from mttrlab.errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.cli.options import Verbs
    from mttrlab.lab.lab import Lab
    from mttrlab.response import ResponseModel
    from mttrlab.schema import Practices


_WIDE = 116
_HEADS = {
    "fitted": "Fitted to history",
    "practices": "From settings that you have",
    "disagreement": "Where settings and history disagree",
    "prior": "Borrowed, from neither (every refit draws another value)",
    "by hand": "By hand",
    "left out": "Left out",
    "check": "Checks",
}


def add_verbs(verbs: Verbs) -> None:
    """Add `fit`."""
    fit = verbs.add_parser("fit", help="fit the response model and say where each part came from")
    source_options(fit)
    responders_option(fit)
    fit.add_argument(
        "--to", type=Path, metavar="FILE", help="a new .yml or .json file, for mttrlab simulate --model FILE"
    )
    fit.set_defaults(verb=_fit)


def responders_option(parser: argparse.ArgumentParser) -> None:
    """Let a verb say how many people work on incidents."""
    said = "people who work on incidents, or 'on call' for those of the loaded schedules (default: nobody ever waits)"
    parser.add_argument("--responders", type=_people, metavar="N", help=said)


def _people(text: str) -> int | str:
    from mttrlab.response.calibration.staffing import ON_CALL

    if text.replace("-", " ") == ON_CALL:
        return ON_CALL
    try:
        return positive_number(text)
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(f"must be a whole number of people, or '{ON_CALL}', got {text!r}") from None


class KnownToLab(TypedDict):
    """What a lab knows besides its incidents, as `ResponseModel.fit` and `refits` take it."""

    practices: Practices
    responders: int | str | None
    deployments: pd.DataFrame
    firings: pd.DataFrame


def known_to_lab(lab: Lab, responders: int | str | None) -> KnownToLab:
    """Return what a lab knows besides its incidents."""
    return {
        "practices": lab.practices(),
        "responders": responders,
        "deployments": lab.deployments(),
        "firings": lab.firings(),
    }


def model_and_refits(
    options: argparse.Namespace, *, refits: bool = True
) -> tuple[ResponseModel, tuple[ResponseModel, ...], str]:
    """Return the model of a file or of a history, its refits where they are wanted, and what it rests on in words."""
    from mttrlab import decisions
    from mttrlab.response import ResponseModel

    if options.model is not None:
        return _read(options), (), f"of the model {options.model}"
    with open_lab(options) as lab:
        told = known_to_lab(lab, options.responders)
        again: tuple[ResponseModel, ...] = ()
        model = ResponseModel.fit(lab.incidents(), **told)
        if options.refits is not None and refits:
            again = decisions.refits(lab.incidents(), n=options.refits, seed=options.seed, **told)
        return model, again, lab.data_hash()[:12]


def _read(options: argparse.Namespace) -> ResponseModel:
    from mttrlab.response import read_model

    asked = {"a folder": options.folder, "--lab": options.lab, "--responders": options.responders}
    asked["--refits"] = options.refits
    both = [name for name, value in asked.items() if value is not None]
    if both:
        raise QuestionError(f"--model FILE holds the whole model, without any history; leave out {', '.join(both)}")
    return read_model(options.model)


def _fit(options: argparse.Namespace) -> None:
    from mttrlab.response import ResponseModel, write_model

    with open_lab(options) as lab:
        model = ResponseModel.fit(lab.incidents(), **known_to_lab(lab, options.responders))
        data = lab.data_hash()[:12]
    say(f"{model.verdict.line if model.verdict else ''}\n{len(model.types)} incident type(s), data {data}")
    _print_notes(model.notes)
    if options.to is not None:
        say(f"Wrote {write_model(model, options.to)}; correct it, then: mttrlab simulate --model {options.to}")


def _print_notes(notes: pd.DataFrame) -> None:
    for source, head in _HEADS.items():
        rows = notes[(notes["source"] == source) & (notes["element"] != "months not seen")]
        if len(rows):
            say(f"\n{head}:")
        for element, n, sentence in rows[["element", "n", "sentence"]].itertuples(index=False):
            many = f" (n = {n:,})" if n else ""
            say(textwrap.fill(f"{element}{many}: {sentence}", _WIDE, initial_indent="  ", subsequent_indent="      "))
