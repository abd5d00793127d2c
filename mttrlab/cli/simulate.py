"""The verb that asks what if: scenarios side by side, or simulated incidents into a file."""

from __future__ import annotations

import argparse
import math
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mttrlab.cli.fit import model_and_refits, responders_option
from mttrlab.cli.options import positive_number, print_table, say, source_options, whole_number
from mttrlab.errors import QuestionError

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.cli.options import Verbs
    from mttrlab.response import ResponseModel, Scenario
    from mttrlab.schema import Record


_ONLY = {"types": "incident_types", "services": "services", "pools": "pools"}
"""Options that say where levers hold, and the argument of a scenario that each is."""


def add_verbs(verbs: Verbs) -> None:
    """Add `simulate`."""
    simulate = verbs.add_parser("simulate", help="what a lever would do to MTTR, paired on the same luck")
    source_options(simulate)
    simulate.add_argument(
        "--lever",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="together these make one scenario; none: the standard set (--levers lists the names)",
    )
    for what in _ONLY:
        simulate.add_argument(
            f"--only-{what}",
            action="append",
            default=[],
            metavar="NAME",
            help=f"the --lever settings hold for these {what}",
        )
    simulate.add_argument("--scenarios", type=Path, metavar="FILE", help="scenarios in YAML, instead of --lever")
    simulate.add_argument(
        "--model", type=Path, metavar="FILE", help="the model of this file (mttrlab fit --to) instead of a fit"
    )
    simulate.add_argument("--levers", action="store_true", help="list the levers with their units and stop")
    simulate.add_argument("--days", type=positive_number, default=365, help="length of a replication (default: 365)")
    simulate.add_argument(
        "--replications", type=positive_number, default=200, help="default: 200; with --half-width the most"
    )
    simulate.add_argument(
        "--half-width", type=float, metavar="SHARE", help="stop once every number is known to this share, such as 0.05"
    )
    responders_option(simulate)
    simulate.add_argument(
        "--refits",
        type=positive_number,
        metavar="N",
        help="fit to N resamples of history too, and show what the fit does not know",
    )
    simulate.add_argument("--engine", choices=("auto", "simpy", "compiled"), default="auto", help="default: auto")
    simulate.add_argument(
        "--jobs", type=positive_number, default=1, help="workers; the numbers are the same (default: 1)"
    )
    simulate.add_argument("--seed", type=whole_number, default=7, help="default: 7")
    simulate.add_argument(
        "--to",
        type=Path,
        metavar="FILE",
        help="write the simulated incidents (of the one scenario, or as it is) into a new .parquet file or a lab's "
        ".duckdb file instead; the same call goes on after it was stopped",
    )
    simulate.set_defaults(verb=_simulate)


def _simulate(options: argparse.Namespace) -> None:
    from mttrlab import decisions, response

    if options.levers:
        print_table(response.levers().drop(columns="unless"))
        return
    asked = _scenarios_asked_for(options)
    model, again, data = model_and_refits(options, refits=not options.to)
    if options.to is not None:
        _write(options, model, asked)
        return
    compared = decisions.compare_scenarios(
        model,
        decisions.default_levers(model) if asked is None else asked,
        days=options.days,
        replications=options.replications,
        seed=options.seed,
        n_jobs=options.jobs,
        engine=options.engine,
        half_width=options.half_width,
        refits=again,
        progress=sys.stderr.isatty(),
    )
    first = compared.iloc[0]
    say(textwrap.fill(f"Check: {first['checked']}", 116, subsequent_indent="  "))
    say(f"Engine: {compared.attrs['engine_why']}")
    say(
        f"n = {first['replications']:,} replications of {options.days} days, seed {options.seed}, data {data}; minutes "
        f"on the clock {first['measure']}; brackets hold 80 % of the replications"
    )
    reached = compared.attrs["half_width"]
    if options.half_width is not None:
        enough = "reached" if reached <= options.half_width else "NOT reached; allow more --replications"
        say(f"Half-width: {reached:.1%} of each number, {options.half_width:.1%} asked for: {enough}")
    elif math.isfinite(reached):
        say(f"Half-width: every number is known to {reached:.1%} of itself or better (95 %, of luck alone)")
    if "unfinished" in compared.attrs:
        say(f"Unfinished: {compared.attrs['unfinished']}")
    if again:
        say(f"{len(again)} refits to resampled history; the columns of refits hold 80 % of what they expect")
    print_scenarios(compared)


def _scenarios_asked_for(options: argparse.Namespace) -> list[Scenario] | None:
    """Return the scenarios that were asked for; None: the standard set."""
    from mttrlab import response
    from mttrlab.response.scenarios.scenario import Where, scenario_of

    if options.scenarios is not None:
        if options.lever or any(_only(options).values()):
            raise QuestionError(
                "give --scenarios FILE or --lever NAME=VALUE, not both; a file says itself what holds where"
            )
        return response.read_scenarios(options.scenarios)
    chosen = dict(_lever(text) for text in options.lever)
    only = _only(options)
    if not chosen and any(only.values()):
        raise QuestionError(
            "--only-types, --only-services and --only-pools say where --lever NAME=VALUE holds; give one"
        )
    if not chosen:
        return None
    where = Where(only["incident_types"], only["services"], only["pools"])
    return [scenario_of(", ".join(options.lever), chosen, where)]


def _only(options: argparse.Namespace) -> dict[str, list[str]]:
    return {field: getattr(options, f"only_{what}") for what, field in _ONLY.items()}


def _write(options: argparse.Namespace, model: ResponseModel, asked: list[Scenario] | None) -> None:
    from mttrlab import response
    from mttrlab.lab.lab import Lab
    from mttrlab.response.experiment import runs as model_runs

    if asked is not None and len(asked) != 1:
        raise QuestionError(f"--to writes one scenario, and there are {len(asked)}; give one, or none for as it is")
    wanted: dict[str, Any] = {
        "days": options.days,
        "replications": options.replications,
        "seed": options.seed,
        "engine": options.engine,
        "n_jobs": options.jobs,
        "scenario": asked[0] if asked else None,
        "progress": sys.stderr.isatty(),
    }
    if options.half_width is not None:
        raise QuestionError("--half-width is for comparing; --to writes the --replications that you name")
    if options.refits is not None:
        raise QuestionError("--refits is for comparing; --to writes incidents")
    if options.to.suffix == ".duckdb":
        with Lab(options.to) as lab:
            told = response.simulate(model, to=lab, **wanted)
    else:
        told = response.simulate(model, to=options.to, **wanted)
    say(str(told))
    say(f"Engine: {model_runs.engine_why(options.engine, told.engine, model)}")


def _lever(text: str) -> tuple[str, float]:
    name, _sign, value = text.partition("=")
    try:
        number = float(value)
    except ValueError:
        raise QuestionError(f"--lever takes NAME=NUMBER, such as alert_latency=2; got {text!r}") from None
    # People are counted in whole numbers.
    return name.strip(), int(number) if number.is_integer() else number


# What-ifs in a terminal: short lines of numbers for each, and below them what changed and what must be said.


_WIDE = 116


def print_scenarios(compared: pd.DataFrame) -> None:
    """Print the rows of `compare_scenarios`."""
    import pandas as pd

    from mttrlab.schema import table_records

    rows = table_records(compared)
    unsure = "saving_refit_low" in compared
    lasts = pd.DataFrame({"scenario": [row["scenario"] for row in rows]})
    lasts["incidents"] = [f"{row['incidents']:,.0f}" for row in rows]
    for name, words in (("mean", "mean (80 %)"), ("median", "median (80 %)"), ("p90", "P90 (80 %)")):
        lasts[words] = [_banded(row, name) for row in rows]
    if unsure:
        lasts["refits: mean"] = [_range(row["mean_refit_low"], row["mean_refit_high"]) for row in rows]
    print_table(lasts)
    say("")
    # In a table of its own, as no terminal is wide enough for both.
    changed = rows[1:]
    saved = pd.DataFrame({"scenario": [row["scenario"] for row in changed]})
    saved["saved an incident (80 %)"] = [_banded(row, "saving") for row in changed]
    saved["saved a year (80 %)"] = [_banded(row, "minutes_saved_per_year") for row in changed]
    if unsure:
        saved["refits: saved an incident"] = [
            _range(row["saving_refit_low"], row["saving_refit_high"]) for row in changed
        ]
    if changed:
        print_table(saved)
        say("")
    _print_changes(changed)


def print_ranking(ranked: pd.DataFrame) -> None:
    """Print the rows of `rank_investments`, the best first, and what it is worth to know more."""
    import pandas as pd

    from mttrlab.schema import table_records

    rows = table_records(ranked)
    by = ranked.attrs["best_by"]
    shown = pd.DataFrame({"investment": [row["investment"] for row in rows]})
    shown["saved a year (80 %)"] = [
        "cannot tell" if math.isnan(row["expected_low"]) else _banded(row, "minutes_saved_per_year") for row in rows
    ]
    shown["cost a year"] = ["" if math.isnan(row["cost_per_year"]) else _number(row["cost_per_year"]) for row in rows]
    shown["min per 1,000"] = [_unless_unknown(row, "per_1000") for row in rows]
    if "net" in ranked:
        shown["net a year"] = [_unless_unknown(row, "net") for row in rows]
        shown["P(worth it)"] = [_percent(row["worth_it"]) for row in rows]
    print_table(shown)
    say("")
    choice = pd.DataFrame({"investment": [row["investment"] for row in rows]})
    choice["P(best), 95 %"] = [
        f"{row['best']:.0%} ({row['best_low']:.0%} to {row['best_high']:.0%})" if row["best"] == row["best"] else ""
        for row in rows
    ]
    choice[f"regret, {by}"] = [_unless_unknown(row, "regret") for row in rows]
    choice["shows in month"] = [_month(row) for row in rows]
    print_table(choice)
    say("")
    value, low, high = ranked.attrs["knowing_all"]
    said = f"Knowing everything before choosing is worth {_number(value)} {by} (95 %: {_range(low, high)})"
    most = max(rows, key=lambda row: -1.0 if math.isnan(row["finding_out"]) else row["finding_out"])
    if value > 0 and most["finding_out"] > 0:
        said += f"; finding out about {most['investment']} alone {_number(most['finding_out'])}"
    say(textwrap.fill(f"{said}.", _WIDE, subsequent_indent="  "))
    for row in rows:
        price = row["price_to_match"]
        if row["rival"] and not math.isnan(price):
            words = f"{row['investment']} (nobody has priced it) is as good as the best at {_number(price)} a year."
            say(textwrap.fill(words, _WIDE, subsequent_indent="  "))
    say("")
    _print_changes(rows)


def _month(row: Record) -> str:
    import pandas as pd

    if math.isnan(row["expected_low"]):
        return ""
    return "later" if pd.isna(row["visible_month"]) else f"{row['visible_month']}"


def _percent(share: float) -> str:
    return "" if math.isnan(share) else f"{share:.0%}"


def _unless_unknown(row: Record, name: str) -> str:
    return "" if math.isnan(row[name]) else _banded(row, name)


def _print_changes(rows: list[Record]) -> None:
    """Print what each row changes, and what must be said of it."""
    for row in rows:
        name = row.get("scenario", row.get("investment"))
        said = f"{name}: {row['what']}."
        if "user_minutes_saved_per_year" in row:
            said += f" Weighted by users hit it {_saves_or_costs(row)} minutes a year."
        said += f" Note: {row['note']}." if row["note"] else ""
        say(textwrap.fill(said, _WIDE, initial_indent="  ", subsequent_indent="      "))


def _saves_or_costs(row: Record) -> str:
    from mttrlab.schema import Record

    name = "user_minutes_saved_per_year"
    if not row[name] < 0:
        return f"saves {_banded(row, name)}"
    costs = Record({name: -row[name], f"{name}_low": -row[f"{name}_high"], f"{name}_high": -row[f"{name}_low"]})
    return f"costs {_banded(costs, name)}"


def _banded(row: Record, name: str) -> str:
    return f"{_number(row[name])} ({_range(row[f'{name}_low'], row[f'{name}_high'])})"


def _range(low: float, high: float) -> str:
    return "unknown" if math.isnan(low) else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
