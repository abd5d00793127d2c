"""Verbs that tell what the incidents say: phases, months, two periods compared, the trend, the level, downtime."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from mttrlab.cli.options import (
    open_lab,
    positive_number,
    print_table,
    say,
    source_options,
    whole_number,
    write_table,
)
from mttrlab.errors import QuestionError
from mttrlab.files import new_path
from mttrlab.text import printable

if TYPE_CHECKING:
    import pandas as pd

    from mttrlab.cli.options import Verbs
    from mttrlab.lab.lab import Lab


def add_verbs(verbs: Verbs) -> None:
    """Add `phases`, `months`, `compare`, `changes`, `trend`, `maturity`, `downtime`, `survival` and `needed`."""
    phases = _add_verb(
        verbs, "phases", "how long each phase takes, with intervals, and what it holds of the minutes", _phases
    )
    phases.add_argument("--by", action="append", default=[], help="a column, such as service or month; may be repeated")
    phases.add_argument("--clocks", action="store_true", help="the four clocks instead of the four phases")
    months = _add_verb(
        verbs, "months", "each month with its intervals, and whether luck alone explains it", _months, measure=True
    )
    months.add_argument("--averages", action="store_true", help="mean, median and P90 of each month instead")
    compare = _add_verb(
        verbs, "compare", "are incidents shorter than before, or was it luck; and what moved the average", _compare,
        measure=True, window=False,
    )  # fmt: skip
    compare.add_argument("--before", metavar="MONTHS", help="2026-01 or 2026-01..2026-03 (default: the three before)")
    compare.add_argument("--after", metavar="MONTHS", help="default: the last three complete months")
    compare.add_argument(
        "--question", choices=("better", "worse"), help="ask this alone, one-sided (default: better or worse)"
    )
    compare.add_argument("--by", help="one comparison per value of this column, false calls held, such as service")
    changes = _add_verb(
        verbs, "changes", "what changed, since when and by how much; each phase asked, false alarms held", _changes,
        window=False,
    )  # fmt: skip
    changes.add_argument(
        "--look-back", metavar="MONTHS", type=positive_number, default=24, help="complete months (default: 24)"
    )
    changes.add_argument("--all", action="store_true", help="also the measures without a clear change")
    changes.add_argument("--seed", type=whole_number, default=0, help="seed of the random orders (default: 0)")
    _add_verb(verbs, "trend", "are incidents getting shorter, incident by incident", _trend, measure=True)
    _add_verb(
        verbs, "maturity", "the level that the evidence carries, and what would reach the next", _maturity, measure=True
    )
    downtime = _add_verb(
        verbs, "downtime", "minutes down, overlaps once, and the error budget", _downtime, measure=True
    )
    downtime.add_argument("--slo", type=float, help="availability target (default: the one of mttrlab.yml)")
    survival = _add_verb(
        verbs, "survival", "within how long a quarter, half, nine in ten end, open ones counted; what the longest hold",
        _survival, measure=True,
    )  # fmt: skip
    survival.add_argument("--figure", type=Path, metavar="FILE", help="draw the curve: .png, .svg or .pdf")
    needed = _add_verb(
        verbs, "needed", "how many incidents, or months, until a true change shows; your own with a folder or --lab",
        _needed, measure=True,
    )  # fmt: skip
    needed.add_argument("--reduction", type=float, default=0.2, help="true reduction (default: 0.2, a fifth less)")
    needed.add_argument("--sigma", type=float, help="spread of log minutes (default: 1.25, the usual, or your own)")
    needed.add_argument("--per-month", type=float, help="incidents a month (default: your own)")


def _add_verb(
    verbs: Verbs,
    name: str,
    words: str,
    verb: Callable[[argparse.Namespace], None],
    *,
    measure: bool = False,
    window: bool = True,
) -> argparse.ArgumentParser:
    made: argparse.ArgumentParser = verbs.add_parser(name, help=words)
    source_options(made)
    made.add_argument("--service", help="incidents of this service alone")
    if window:
        made.add_argument("--months", metavar="MONTHS", help="2026-01 or 2026-01..2026-03 (default: all)")
    if measure:
        made.add_argument(
            "--measure",
            help="a phase, a clock, acknowledge, acknowledged_to_diagnosed, your own, or two milestones such as "
            "detected_to_acknowledged (default: the widest clock that the data carry)",
        )
        made.add_argument("--from", dest="first", metavar="MILESTONE", help="acknowledged_at; with --to")
        made.add_argument("--to", dest="last", metavar="MILESTONE", help="resolved_at; with --from")
    made.add_argument("--csv", type=Path, help="write the table, unrounded, into this new file too")
    made.set_defaults(verb=verb)
    return made


def _phases(options: argparse.Namespace) -> None:
    from mttrlab.analysis.bottlenecks import bottleneck
    from mttrlab.analysis.summary import clock_summary, phase_summary

    with open_lab(options) as lab:
        rows = _rows(lab, options)
        ask = clock_summary if options.clocks else phase_summary
        _print_answer(ask(rows, options.by or None), options)
        if not options.by and not options.clocks:
            shares = bottleneck(rows)
            names = ["phase", "n", "share", "share_of_tail", "elasticity_p90", "halved_saves"]
            _print_of_enough(shares[names].round(2), "what each phase holds of the minutes")


def _print_of_enough(rows: pd.DataFrame, what: str) -> None:
    """Print a table of averages of the same incidents, or that these are too few."""
    from mttrlab.analysis.intervals import MIN_ENDED

    n = int(rows["n"].max()) if len(rows) else 0
    if n < MIN_ENDED:
        say(f"Too few to tell {what}: {n} incidents show every step.")
        return
    print_table(rows)


def _months(options: argparse.Namespace) -> None:
    from mttrlab.analysis.control_charts import monthly_limits
    from mttrlab.analysis.summary import monthly_mttr

    with open_lab(options) as lab:
        rows = _rows(lab, options)
        measure = _clock(lab, rows)
        if options.averages:
            _print_answer(_month_columns(monthly_mttr(rows, measure=measure)), options)
            return
        limits = monthly_limits(rows, measure=measure)
        outside = limits[limits["signal"] != ""]
        _print_answer(limits.assign(month=limits["month"].dt.strftime("%Y-%m")), options)
        for month, signal in zip(outside["month"], outside["signal"], strict=True):
            say(f"{month:%Y-%m} is {signal}: more than luck does to so many incidents.")


def _month_columns(months: pd.DataFrame) -> pd.DataFrame:
    from mttrlab.analysis.summary import ESTIMATES, leading_estimates

    named = leading_estimates(months).assign(month=months["month"].dt.strftime("%Y-%m"))
    return named[["month", "incidents", "open", "n", *ESTIMATES, "mean_method", "note"]]


def _compare(options: argparse.Namespace) -> None:
    from mttrlab.analysis.changes import what_changed
    from mttrlab.analysis.comparison import compare_periods
    from mttrlab.analysis.conventions import choose_periods, months_in_short
    from mttrlab.analysis.decomposition import change_explained, enough_to_explain, explain_change
    from mttrlab.analysis.services import compare_services
    from mttrlab.schema import CLOCKS

    with open_lab(options) as lab:
        everything = _everything(lab, options)
        rows = _asked(everything, options)
        months = rows["month"]
        found = choose_periods(everything["month"], everything["exported_at"], None)
        after = _period(options.after) if options.after else found.recent
        before = _period(options.before) if options.before else found.earlier
        if not before:
            raise QuestionError("the data hold no earlier month; say --before 2026-01..2026-03 and --after 2026-04")
        pair = (rows[months.isin(before)], rows[months.isin(after)])
        measure = _clock(lab, rows)
        say(f"{months_in_short(list(after))} against {months_in_short(list(before))}")
        if options.by:
            _print_answer(compare_services(*pair, measure, by=options.by), options)
            return
        compared = compare_periods(*pair, measure, alternative=options.question or "two-sided")
        # Only a clock has phases that could have moved it.
        change = explain_change(*pair, measure) if measure in CLOCKS else None
        say(compared["sentence"].iloc[0])
        if change is not None:
            say(change_explained(change))
        if not (options.before or options.after):
            _say_a_year_ago(rows, months, found.recent, measure)
            _say_change(what_changed(rows, events=lab.events(), groups=False))
        _print_answer(compared, options)
        notes = [compared["note"].iloc[0]]
        if change is not None:
            if enough_to_explain(change):
                print_table(change[["part", "minutes", "low", "high"]].round(1))
            notes.append(change["note"].iloc[0])
        for note in filter(None, notes):
            say(f"Note: {note}.")


def _say_a_year_ago(rows: pd.DataFrame, months: pd.Series, recent: list[pd.Timestamp], measure: str) -> None:
    """Say how the latest months compare with the same months of the year before, where the data hold those."""
    import pandas as pd

    from mttrlab.analysis.comparison import compare_periods
    from mttrlab.analysis.conventions import months_in_short

    year_ago = [month - pd.DateOffset(years=1) for month in recent]
    if not months.isin(year_ago).any():
        return
    say(f"{months_in_short(recent)} against {months_in_short(year_ago)} {year_ago[0].year}")
    pair = (rows[months.isin(year_ago)], rows[months.isin(recent)])
    say(compare_periods(*pair, measure)["sentence"].iloc[0])


def _changes(options: argparse.Namespace) -> None:
    from mttrlab.analysis.changes import event_in_words, others_in_words, what_changed

    with open_lab(options) as lab:
        rows = _rows(lab, options)
        found = what_changed(rows, months=options.look_back, seed=options.seed, events=lab.events())
        _say_change(found)
        for text in filter(None, (found.attrs["beside"], event_in_words(found), others_in_words(found))):
            say(text)
        shown = found if options.all else found[found["at"].notna()]
        if len(shown) or options.csv is not None:
            _print_answer(_change_columns(shown), options, found)
        if found.attrs["units"]:
            unit = found.attrs["unit"]
            say(
                f"{found.attrs['units']} complete {unit}s, {found.attrs['since']:%Y-%m-%d} to before "
                f"{found.attrs['until']:%Y-%m-%d}; {found.attrs['later']} incidents began later and are not in it; "
                f"{found.attrs['permutations']} random orders, seed {options.seed}; data {lab.data_hash()[:12]}"
            )


def _say_change(found: pd.DataFrame) -> None:
    say(found.attrs["sentence"])
    if found.attrs["sure"]:
        say(f"{found.attrs['sure'][0].upper()}{found.attrs['sure'][1:]}.")


def _change_columns(found: pd.DataFrame) -> pd.DataFrame:
    days = {name: found[name].dt.strftime("%Y-%m-%d") for name in ("at", "at_low", "at_high")}
    names = ["measure", "group", "n", "verdict", "p", "at", "at_low", "at_high", "before", "after", "ratio",
             "ratio_low", "ratio_high", "event"]  # fmt: skip
    return found.assign(**days)[names]


def _trend(options: argparse.Namespace) -> None:
    from mttrlab.analysis.changes import event_in_words, what_changed
    from mttrlab.analysis.trends import trend

    with open_lab(options) as lab:
        rows = _rows(lab, options)
        measure = _clock(lab, rows)
        events = lab.events()
        alone = what_changed(rows, measures=[measure], events=events, groups=False)
        _say_change(alone)
        if near := event_in_words(alone):
            say(near)
        found = trend(rows, measure=measure)
        say(found["sentence"].iloc[0])
        _print_answer(found, options)
        if alone["at"].notna().any():
            say("When its level changed:")
            print_table(_change_columns(alone[alone["at"].notna()]).map(_short_cell))
        if (
            not alone["headline"].any()
            and (searched := what_changed(rows, events=events, groups=False))["headline"].any()
        ):
            say(f"Of all measures (mttrlab changes): {searched.attrs['sentence']}")


def _maturity(options: argparse.Namespace) -> None:
    from mttrlab.analysis.maturity_levels import distance_to_next, maturity
    from mttrlab.schema import CLOCKS

    with open_lab(options) as lab:
        rows = _rows(lab, options)
        measure = _clock(lab, rows)
        _print_answer(maturity(rows, measure=measure), options)
        if measure in CLOCKS:
            _print_of_enough(distance_to_next(rows, measure=measure).round(2), "what each phase would have to give")


def _downtime(options: argparse.Namespace) -> None:
    from mttrlab.analysis.conventions import month_bounds
    from mttrlab.analysis.outages import downtime

    with open_lab(options) as lab:
        everything = _everything(lab, options)
        # An incident counts in the months in which it ran, not in the one in which it began.
        rows = _asked(everything, options, months=False)
        slo = lab.settings.slo if options.slo is None else options.slo
        since, until = None, None
        if options.months:
            since, until = month_bounds(_period(options.months), everything["exported_at"])
        table = downtime(rows, slo, measure=_clock(lab, rows), since=since, until=until)
        _print_answer(table.drop(columns="note"), options, whole=table)
        for service, note in zip(table["service"], table["note"], strict=True):
            if note:
                say(f"{service}: {note}")


def _survival(options: argparse.Namespace) -> None:
    from mttrlab.analysis.concentration import concentration
    from mttrlab.analysis.distribution_fit import tail_guard
    from mttrlab.analysis.survival_curves import durations_of, survival, survival_quantiles
    from mttrlab.cli.options import draw

    with open_lab(options) as lab:
        rows = _rows(lab, options)
        measure = _clock(lab, rows)
        shown = survival_quantiles(rows, measure=measure, shares=(0.25, 0.5, 0.75, 0.9, 0.95))
        whole = survival(rows, measure=measure)
        _print_answer(shown, options, whole)
        held = concentration(rows, measure=measure).iloc[0]
        if held["n"] >= 20:
            share, low, high = (f"{held[f'top_share{end}']:.0%}" for end in ("", "_low", "_high"))
            say(
                f"The longest tenth of {held['n']:.0f} incidents holds {share} of all minutes (95 % sure: {low} to "
                f"{high}); Gini coefficient {held['gini']:.2f}. A lognormal law of this spread would give "
                f"{held['lognormal_share']:.0%} and {held['lognormal_gini']:.2f}."
            )
        say(str(tail_guard(*durations_of(rows, None, measure))["sentence"].iloc[0]))
        if options.figure is not None:
            draw("plot_survival", whole, options.figure)


def _needed(options: argparse.Namespace) -> None:
    from mttrlab.analysis.power import change_needed, incidents_needed, smallest_change

    sigma, a_month = options.sigma, options.per_month
    if options.folder is not None or options.lab is not None:
        with open_lab(options) as lab:
            rows = _rows(lab, options)
            found = change_needed(rows, _clock(lab, rows), reduction=options.reduction)
            _print_answer(found, options)
            own = found.iloc[0]
        if sigma is None and not own["sigma"] > 0:
            say(f"Too few to tell: {own['n']} ended incidents. --sigma says what spread to take.")
            return
        sigma = sigma or float(own["sigma"])
        a_month = a_month or (float(own["incidents_per_month"]) if own["incidents_per_month"] > 0 else None)
    elif any((options.service, options.months, options.measure, options.first, options.csv)):
        raise QuestionError(
            "--service, --months, --measure and --csv ask about your own incidents: name a folder or --lab"
        )
    sigma = 1.25 if sigma is None else sigma
    n = incidents_needed(options.reduction, sigma)
    raw = incidents_needed(options.reduction, sigma, statistic="mean")
    said = f"A true reduction of {options.reduction:.0%} shows four times in five with {n:,} incidents in each period"
    if a_month is None:
        say(f"{said}; by raw averages it takes {raw:,}.")
        return
    least = smallest_change(a_month * 3, sigma)
    say(f"{said}: at {a_month:.3g} a month {n / a_month:.1f} months before and as many after.")
    say(f"By raw averages it takes {raw:,}: {raw / a_month:.1f} months.")
    say(f"Three months against three show a reduction of {least:.0%} or more.")


def _rows(lab: Lab, options: argparse.Namespace) -> pd.DataFrame:
    """The phases of the incidents asked for, with the measure asked for."""
    return _asked(_everything(lab, options), options)


def _everything(lab: Lab, options: argparse.Namespace) -> pd.DataFrame:
    """The phases of all incidents, with the measure asked for; without one, with the clock that leads for all."""
    from mttrlab.analysis.conventions import lead_clock
    from mttrlab.analysis.phases import phase_durations
    from mttrlab.analysis.sample import frame_with_measure
    from mttrlab.schema import measure_ends

    incidents = lab.incidents()
    rows = phase_durations(incidents)
    measure = _measure(options)
    if measure is not None and measure not in rows:
        rows = frame_with_measure(incidents, measure)
    asked: str = measure or lead_clock(rows)
    first, last = (incidents[f"{end}_origin"] for end in measure_ends(asked, lab.measures()))
    derived = first.eq("derived") | last.eq("derived")
    rows.attrs |= {"measure": asked, "derived": int(derived.sum())}
    return rows


def _asked(rows: pd.DataFrame, options: argparse.Namespace, *, months: bool = True) -> pd.DataFrame:
    """The rows of the service, and of the months, asked for."""
    if options.service is not None:
        rows = rows[rows["service"].eq(options.service).fillna(False)]
        if rows.empty:
            raise QuestionError(f"no incident is of service {options.service!r}")
    if months and getattr(options, "months", None):
        rows = rows[rows["month"].isin(_period(options.months))]
        if rows.empty:
            raise QuestionError(f"no incident began in {options.months}")
    return rows


def _clock(lab: Lab, rows: pd.DataFrame) -> str:
    measure: str = rows.attrs["measure"]
    derived = rows.attrs["derived"]
    more = f", and {derived:,} incidents have one derived from metrics" if derived else ""
    say(f"Clock: {measure.replace('_', ' ')}; only recorded stamps are used{more}; data {lab.data_hash()[:12]}")
    return measure


def _measure(options: argparse.Namespace) -> str | None:
    """Return the measure that the options name."""
    measure, first, last = (getattr(options, name, None) for name in ("measure", "first", "last"))
    if first is None and last is None:
        return measure
    if measure is not None or first is None or last is None:
        raise QuestionError("give --measure NAME, or --from MILESTONE and --to MILESTONE")
    return f"{first.removesuffix('_at')}_to_{last.removesuffix('_at')}"


def _period(text: str) -> list[pd.Timestamp]:
    import pandas as pd

    first, dots, last = text.partition("..")
    ends = (first, last) if dots else (first, first)
    if not all(re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", end) for end in ends) or ends[0] > ends[1]:
        raise QuestionError(f"months look like 2026-01 or 2026-01..2026-03; got {text!r}")
    return list(pd.date_range(f"{ends[0]}-01", f"{ends[1]}-01", freq="MS", tz="UTC"))


def _print_answer(rows: pd.DataFrame, options: argparse.Namespace, whole: pd.DataFrame | None = None) -> None:
    """Print a table, and write it, or the `whole` of which it shows a part."""
    if options.csv is not None:
        new_path(options.csv)
        write_table(rows if whole is None else whole, options.csv)
    shown = _without_bare_means(rows).map(_short_cell)
    if len(shown) == 1 and len(shown.columns) > 12:
        # One long row reads better downwards; its sentence and its notes are said apart.
        told = shown.drop(columns=[name for name in ("sentence", "note") if name in shown])
        shown = told.T.reset_index().set_axis(["", "answer"], axis="columns")
    print_table(shown)
    if options.csv is not None:
        say(f"Wrote {printable(str(options.csv))}")


_OF_ENDED = {"mean", "median", "p90", "geometric_mean", "minutes", "maturity", "next_level", "to_next"}


def _without_bare_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the table with "n = 3" in the place of an average of so few, which has no interval that says anything."""
    from mttrlab.analysis.intervals import MIN_ENDED

    names = [name for name in map(str, rows) if name.removesuffix("_low").removesuffix("_high") in _OF_ENDED]
    if "n" not in rows or not names:
        return rows
    few = (rows["n"] < MIN_ENDED) & (rows["n"] > 0)
    shown = rows.astype(dict.fromkeys(names, object))
    shown.loc[few, names] = ""
    shown.loc[few, names[0]] = [f"n = {n}" for n in rows.loc[few, "n"]]
    return shown


def _short_cell(cell: object) -> object:
    if not isinstance(cell, float) or cell != cell:
        return cell
    if cell == float("inf"):
        return "not reached"
    return f"{cell:,.0f}" if abs(cell) >= 100 else f"{cell:.3g}" if abs(cell) >= 5e-4 or not cell else "< 0.001"
