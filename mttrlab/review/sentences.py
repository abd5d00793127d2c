"""The sentences of the first screen: at most five, no statistical term, at most seven figures in all.

Each is a pure function of a few values or a small table. Only the first and the ask hold figures; shares, changes
and spans of months are said in words, so that the limit holds whatever the data say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd

from mttrlab.analysis.conventions import months_in_short
from mttrlab.analysis.intervals import MIN_ENDED
from mttrlab.review import phase_shares
from mttrlab.review.findings import Findings
from mttrlab.review.wording import END_WORDS, PHASE_WORDS, STAMP_WORDS
from mttrlab.schema import CLOCK_ENDS, Record, table_records
from mttrlab.sources.exports.columns import columns_not_read
from mttrlab.text import (
    count_in_words,
    format_minutes,
    list_in_words,
    minutes_in_words,
    range_in_words,
    share_in_words,
)

# The first screen: which sentence stands where, and the few figures in it.


@dataclass(frozen=True)
class Sentence:
    """One sentence of the first screen."""

    label: str
    """What it answers."""
    pieces: tuple[str, ...]
    """The sentence; in several pieces where it stands as a strip."""

    @property
    def text(self) -> str:
        """The sentence as a line."""
        return " ".join(self.pieces)


def first_screen(found: Findings) -> tuple[list[Sentence], dict[str, float]]:
    """Return the five sentences and the figures that stand in them."""
    periods = found.periods
    month = f"{periods.month:%B}"
    ends = clock_ends(found.measure, found.proxy)
    whose = (
        "a typical one" if found.typical["of"] == "month" else f"a typical one of {months_in_short(periods.quarter)}"
    )
    typical = typical_time(found.typical, found.typical["shortest"], found.typical["longest"], whose=whose)
    happened = month_pieces(
        month, found.incidents, found.still_open, typical, ends, periods.complete, found.never_closed
    )
    best = found.what_if.best
    low, high = found.typical["median_low"], found.typical["median_high"]
    if math.isnan(low) or math.isnan(high):
        low, high = found.typical["shortest"], found.typical["longest"]
    weakest, unusable = found.weakest or (None, 0.0)
    unread = {name: ours for name, ours in columns_not_read(found.warnings).items() if ours in found.absent}
    asked = ask_sentence(best, found.record, found.closed > 0, high, bool(found.what_if.unlike))
    if unread and asked.startswith("No ask"):
        asked = f"No ask yet: first say what {list_in_words([repr(name) for name in unread])} means."
    said = [
        Sentence("What happened", tuple(happened)),
        Sentence("What changed", change_texts(found.tables["changes"])),
        Sentence("Costliest", (costliest_sentence(phase_shares.best_shares(found.tables)),)),
        Sentence("Ask", (asked,)),
        Sentence("Data", (data_sentence(found.timed, weakest, unusable, list(found.absent), unread),)),
    ]
    numbers: dict[str, float] = {"incidents": found.incidents, "still_open": found.still_open}
    if typical:
        numbers |= {"typical_low": low, "typical_high": high}
    if best is not None and not failed_check(best):
        numbers |= {"saving_low": best["saving_low"], "saving_high": best["saving_high"]}
    return said, numbers


def change_texts(changes: pd.DataFrame) -> tuple[str, ...]:
    """Return what changed, how sure that is, and what did not, as `what_changed` says it."""
    sure = changes.attrs["sure"]
    return tuple(filter(None, (changes.attrs["sentence"], f"That is {sure}." if sure else "", changes.attrs["beside"])))


# One ask, or what to record before one can be made.


def failed_check(lever: Record) -> bool:
    """Return whether the model behind a what-if does not reproduce recent months."""
    return str(lever.get("checked", "")).startswith("Failed")


_CHECKED = {
    "Passed": "the model has passed its check on months not seen",
    "Failed": "the model has failed its check on months not seen",
    "Too few to tell": "too few incidents to check the model on months not seen",
}


def ask_sentence(
    lever: Record | None,
    record: str | None,
    closed: bool = True,
    typical: float = math.inf,
    unlike: bool = False,
) -> str:
    """Return one ask with its range, or what to record before one can be made.

    Parameters
    ----------
    lever : mapping or None
        The row of `compare_scenarios` with the largest saving that luck does not undo; None: there is none.
    record : str or None
        The stamp that would show most; None where every stamp is there.
    closed : bool
        Whether any incident has ended.
    typical : float
        Minutes that a typical incident takes at most; a larger saving is an average that long ones carry.
    unlike : bool
        The simulation does not repeat the history that it was fitted to.

    Examples
    --------
    >>> ask_sentence({"scenario": "Flags on half the changes", "saving_low": 7.0, "saving_high": 12.0}, None)
    'Flags on half the changes: this would save between 7 and 12 minutes per incident (not yet checked against history; luck only).'
    >>> ask_sentence(None, "diagnosed_at")
    'No ask yet: record when the cause is found.'
    >>> ask_sentence({"scenario": "Flags", "checked": "Failed: on 99 incidents"}, "diagnosed_at")
    'No ask: the model does not reproduce recent months. Most useful next record: when the cause is found.'
    """  # noqa: E501
    if lever is not None and failed_check(lever):
        next_record = f" Most useful next record: {STAMP_WORDS[record]}." if record else ""
        return f"No ask: the model does not reproduce recent months.{next_record}"
    if lever is not None:
        name = numbers_in_letters(str(lever["scenario"]))
        range_ = range_in_words(lever["saving_low"], lever["saving_high"])
        borrowed = "; partly on borrowed figures" if "borrowed" in str(lever.get("note", "")) else ""
        mostly = " on average, most of it in the longest ones" if lever["saving_low"] > typical else ""
        checked = _check_in_words(lever.get("checked", ""))
        return f"{name}: this would save {range_} per incident{mostly} ({checked}; luck only{borrowed})."
    if not closed:
        return f"No ask yet: record {STAMP_WORDS['resolved_at']}, or export the incidents that have ended."
    why = "the simulation does not repeat this history; " if unlike else ""
    if record is None:
        return f"No ask yet: {why}keep recording as now."
    return f"No ask yet: {why}record {STAMP_WORDS[record]}."


def _check_in_words(checked: object) -> str:
    word = str(checked).partition(":")[0]
    return _CHECKED.get(word, "not yet checked against history")


def check_sentence(checked: str) -> str:
    """Return the verdict on months not seen as a line of its own, in plain words."""
    said = _check_in_words(checked)
    return f"{said[:1].upper()}{said[1:]}; luck only"


def numbers_in_letters(name: str) -> str:
    """Return a name with its percentages and small whole numbers in letters.

    Examples
    --------
    >>> numbers_in_letters("Alerts within 2 minutes"), numbers_in_letters("Rules for 23% of incidents")
    ('Alerts within two minutes', 'Rules for about a quarter of incidents')
    """
    return " ".join(_in_letters(word) for word in name.split(" "))


def _in_letters(word: str) -> str:
    figure = word.removesuffix("%")
    if not (figure.isascii() and figure.isdigit() and len(figure) <= 3):
        return word
    if figure != word:
        return share_in_words(int(figure) / 100)
    return count_in_words(int(figure))


# Which phase costs most.


def costliest_sentence(shares: pd.DataFrame) -> str:
    """Return which phase costs most, in all incidents and in the worst ones.

    Parameters
    ----------
    shares : DataFrame
        `phase` (or merged phases, "diagnose + resolve"), `share`, `share_of_tail` (NaN where not known).

    Examples
    --------
    >>> shares = {"phase": ["detect", "diagnose"], "share": [0.2, 0.52], "share_of_tail": [0.1, 0.66]}
    >>> costliest_sentence(pd.DataFrame(shares))
    'Finding the cause costs most: about half of the minutes, and about two thirds in the worst incidents.'
    >>> costliest_sentence(pd.DataFrame({"phase": ["diagnose + resolve"], "share": [1.0], "share_of_tail": [1.0]}))
    'All measured minutes are one block, finding the cause and fixing: no stamp in between tells them apart.'
    """
    known = [line for line in table_records(shares) if pd.notna(line["share"])]
    if not known:
        return "Where the minutes went cannot be told: no incident has two usable stamps."
    top = max(known, key=lambda line: line["share"])
    name = phase_words(str(top["phase"]))
    if len(known) == 1:
        apart = (
            ": no stamp in between tells them apart" if "+" in str(top["phase"]) else ", the only phase that is stamped"
        )
        return f"All measured minutes are one block, {name}{apart}."
    cost = "cost" if " and " in name else "costs"
    said = f"{name[0].upper()}{name[1:]} {cost} most: {share_in_words(top['share'])} of the minutes"
    tail = [line for line in known if pd.notna(line["share_of_tail"])]
    if tail:
        worst = max(tail, key=lambda line: line["share_of_tail"])
        if worst["phase"] == top["phase"]:
            same = share_in_words(worst["share_of_tail"]) == share_in_words(top["share"])
            said += (
                ", also in the worst incidents"
                if same
                else f", and {share_in_words(worst['share_of_tail'])} in the worst incidents"
            )
        else:
            block = " (not told apart by a stamp)" if "+" in str(worst["phase"]) else ""
            said += f", but in the worst incidents it is {phase_words(str(worst['phase']))}{block}"
    return said + "."


def phase_words(phase: str) -> str:
    """Return phases, merged or not, in words.

    Examples
    --------
    >>> phase_words("diagnose + resolve")
    'finding the cause and fixing'
    """
    return list_in_words([PHASE_WORDS[name] for name in phase.split(" + ")])


# What happened in the month, and how long a typical incident took.


def clock_ends(measure: str, proxy: bool = False) -> str:
    """Return a clock by its ends, in words.

    Examples
    --------
    >>> clock_ends("recovery")
    'from start of impact to confirmed recovery'
    >>> clock_ends("detected_to_verified", proxy=True)
    'from the first public post to the all-clear'
    """
    first, last = CLOCK_ENDS[measure]
    if proxy:
        ends = {"started_at": "start of impact", "detected_at": "the first public post"}
        return f"from {ends[first]} to " + ("the all-clear" if last == "verified_at" else "the post that it is fixed")
    return f"from {END_WORDS[first]} to {END_WORDS[last]}"


def month_pieces(
    month: str,
    incidents: int,
    still_open: int,
    typical: str,
    ends: str,
    complete: bool = True,
    never_closed: int = 0,
) -> list[str]:
    """Return what happened, in pieces that read as one sentence and stand as a strip.

    Parameters
    ----------
    month : str
        Name of the month.
    incidents, still_open : int
        Incidents that began in it, and those of them that still run.
    typical : str
        How long a typical one took, as `typical_time` says it; empty where nothing can be timed.
    ends : str
        The clock by its ends, as `clock_ends` says it.
    complete : bool
        False: the export was taken before the month was over.
    never_closed : int
        Those of the open ones that were probably never closed.

    Examples
    --------
    >>> " ".join(month_pieces("June", 23, 2, "a typical one took between 40 and 70 minutes", clock_ends("recovery")))
    '23 incidents in June, 2 still open, and a typical one took between 40 and 70 minutes from start of impact to confirmed recovery.'
    """  # noqa: E501
    when = f"in {month}" if complete else f"in {month} so far"
    if not incidents:
        timed = [f"and {typical} {ends}."] if typical else ["so there is nothing to time."]
        return [f"No incident began {when},", *timed]
    counted = f"{incidents:,} incident{'' if incidents == 1 else 's'} {when},"
    whose = "" if never_closed == still_open else f"{never_closed:,} "
    records = f" ({whose}probably never closed)" if never_closed else ""
    first = [counted, f"{still_open:,} still open{records},"] if still_open else [f"{counted} none still open,"]
    return [*first, f"and {typical} {ends}." if typical else f"and none of them can be timed {ends}."]


def typical_time(row: Record, shortest: float, longest: float, whose: str = "a typical one") -> str:
    """Return how long a typical incident took, as a range; of too few, from the shortest to the longest.

    Parameters
    ----------
    row : mapping
        `n`, `median_low`, `median_high`; an upper end that open incidents hide is infinite.
    shortest, longest : float
        Minutes of the shortest and the longest ended incident.
    whose : str
        What to call it.

    Examples
    --------
    >>> typical_time({"n": 23, "median_low": 40.0, "median_high": 70.0}, 5, 300)
    'a typical one took between 40 and 70 minutes'
    >>> typical_time({"n": 2, "median_low": float("nan"), "median_high": float("nan")}, 12, 95)
    'the timed ones took between 12 and 95 minutes'
    """
    if row["n"] and pd.notna(row["median_low"]) and math.isinf(row["median_high"]):
        return f"{whose} took at least {minutes_in_words(row['median_low'])}"
    if row["n"] and pd.notna(row["median_low"]) and pd.notna(row["median_high"]):
        return f"{whose} took {range_in_words(row['median_low'], row['median_high'])}"
    if not row["n"]:
        return ""
    return (
        f"the timed ones took {range_in_words(shortest, longest)}"
        if row["n"] > 1
        else f"the timed one took {minutes_in_words(longest)}"
    )


# The maturity level, the way to the next one, and why a month's own level jumps about.


_STATISTICS = {
    "mean": "on average they earn",
    "median": "by the time within which half of them end",
    "P90": "by the time within which nine in ten end",
}
_NONE = {
    "too few to tell": "no level, for they are too few",
    "see the median": "no level, for single long ones decide",
}


def maturity_sentence(maturity: pd.DataFrame) -> str:
    """Return which level the incidents earn on average, and by the times within which half and nine in ten end.

    Parameters
    ----------
    maturity : DataFrame
        As `maturity` gives it.

    Examples
    --------
    >>> rows = {"statistic": ["mean", "median", "P90"], "awarded": ["Basic", "Basic–Intermediate", "too few to tell"]}
    >>> maturity_sentence(pd.DataFrame(rows)).split(". ")[0]
    'These incidents: on average they earn Basic, by the time within which half of them end Basic to Intermediate, \
by the time within which nine in ten end no level, for they are too few'
    """
    said = [
        f"{_STATISTICS[str(line['statistic'])]} {_NONE.get(str(line['awarded']), str(line['awarded']))}".replace(
            "–", " to "
        )
        for line in table_records(maturity)
    ]
    return (
        f"These incidents: {', '.join(said)}. A level is given where four chances in five speak for it and less than "
        "one in five for the next better one; otherwise all that are left open are named."
    )


def next_level_sentence(maturity: pd.DataFrame, distance: pd.DataFrame) -> str:
    """Return how far the next level is by the average, and what each phase would have to give for it alone.

    Parameters
    ----------
    maturity : DataFrame
        As `maturity` gives it.
    distance : DataFrame
        As `distance_to_next` gives it.

    Examples
    --------
    >>> rows = {"statistic": ["mean"], "next_level": ["Intermediate"], "to_next": [16.0]}
    >>> phases = {"phase": ["detect", "resolve"], "n": 30, "next_level": "Intermediate", "cut_needed": [1.4, 0.4]}
    >>> next_level_sentence(pd.DataFrame(rows), pd.DataFrame(phases))
    'To reach Intermediate the average has to fall by more than 16 min. Fixing alone could do it, if it took 40% less; \
noticing alone could not (of 30 incidents that show every step).'
    """
    mean = table_records(maturity[maturity["statistic"] == "mean"])[0]
    if not mean["next_level"] or not mean["to_next"] >= 0 or mean.get("n", MIN_ENDED) < MIN_ENDED:
        return ""
    said = f"To reach {mean['next_level']} the average has to fall by more than {format_minutes(mean['to_next'])}."
    enough = distance["cut_needed"].notna() & (distance["n"] >= MIN_ENDED)
    known = distance[enough & distance["next_level"].eq(mean["next_level"])]
    if known.empty:
        return said
    able = known[known["cut_needed"] < 1].sort_values("cut_needed", kind="stable")
    unable = [PHASE_WORDS[str(phase)] for phase in known.loc[known["cut_needed"] >= 1, "phase"]]
    told = [f"{PHASE_WORDS[str(line['phase'])]} alone could do it, if it took {max(line['cut_needed'], 0.01):.0%} less"
            for line in table_records(able)]  # fmt: skip
    told += [f"{list_in_words(unable)} alone could not"] if unable else []
    sentence = "; ".join(told)
    n = int(known["n"].iloc[0])
    return (
        f"{said} {sentence[0].upper()}{sentence[1:]} (of {n:,} incident{'' if n == 1 else 's'} that show every step)."
    )


def level_instability_sentence(levels: pd.DataFrame) -> str:
    """Return why the level of a single month is not to be trusted.

    Parameters
    ----------
    levels : DataFrame
        As `monthly_levels` gives it, with `incidents`, the timed incidents of a month; empty where nothing is known.

    Examples
    --------
    >>> level_instability_sentence(pd.DataFrame({"maturity": ["Basic"], "differs": [0.52], "incidents": [15]}))
    'A single month says little: with 15 timed incidents a month and nothing changed, the level of the bare monthly \
average differs from that of the month before in about half of the months.'
    """
    if levels.empty or not levels["differs"].iloc[0] > 0.05:
        return ""
    return (
        f"A single month says little: with {int(levels['incidents'].iloc[0]):,} timed incidents a month and nothing "
        "changed, the level of the bare monthly average differs from that of the month before in "
        f"{share_in_words(float(levels['differs'].iloc[0]))} of the months."
    )


# How far the data can be trusted.


def data_sentence(
    timed: float | None,
    worst_stamp: str | None,
    worst_share: float,
    absent: list[str],
    unread: Mapping[str, str] = MappingProxyType({}),
) -> str:
    """Return in one line how far the data can be trusted.

    Parameters
    ----------
    timed : float or None
        Share of the closed incidents that the clock can time; None: none is closed.
    worst_stamp : str or None
        The milestone with the fewest usable stamps of those that the source has at all.
    worst_share : float
        Share of its stamps that cannot be used.
    absent : list of str
        Milestones that no incident records.
    unread : mapping
        Columns of times that were not read, and which of these milestones each may be: nobody is blamed for them.

    Examples
    --------
    >>> data_sentence(0.97, "diagnosed_at", 0.2, [])
    'Almost all closed incidents can be timed; the weakest stamp says when the cause is found, unusable in about a fifth of them.'
    >>> data_sentence(0.9, None, 0.0, ["started_at", "verified_at"])
    'About nine tenths of closed incidents can be timed; nobody records when the impact starts or when the recovery is confirmed.'
    >>> data_sentence(0.0, None, 0.0, ["detected_at"], {"created_at": "detected_at"})
    "'created_at' was not read: mttrlab.yml can say what it means (columns: created_at: detected_at). No closed incident can be timed; no column that was read says when the impact is noticed."
    """  # noqa: E501
    if unread:
        listed = list_in_words([repr(name) for name in unread])
        meant = ", ".join(f"{name}: {ours}" for name, ours in unread.items())
        it = "was not read: mttrlab.yml can say what it means" if len(unread) == 1 else (
            "were not read: mttrlab.yml can say what they mean"
        )  # fmt: skip
        rest = data_sentence(timed, worst_stamp, worst_share, absent)
        return f"{listed} {it} (columns: {meant}). " + rest.replace("nobody records", "no column that was read says")
    if timed is None:
        return "The exports show no incident of these months that has ended, so nothing can be timed yet."
    share = share_in_words(timed)
    of = "closed incidents" if share in ("almost all", "all", "hardly any") else "of closed incidents"
    said = "No closed incident can be timed" if timed <= 0 else f"{share[0].upper()}{share[1:]} {of} can be timed"
    if absent:
        stamps = list_in_words([STAMP_WORDS[stamp] for stamp in absent]).replace(" and ", " or ")
        return f"{said}; nobody records {stamps}."
    if worst_stamp is None or worst_share < 0.06:
        return f"{said}, and every stamp is nearly complete."
    return (
        f"{said}; the weakest stamp says {STAMP_WORDS[worst_stamp]}, unusable in {share_in_words(worst_share)} of them."
    )
