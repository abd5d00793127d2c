"""The maturity level, the way to the next one, and why a month's own level jumps about."""

from __future__ import annotations

import pandas as pd

from mttrlab.review.words import PHASE_WORDS, lines, listed, minutes, part

_STATISTICS = {
    "mean": "on average they earn",
    "median": "by the time within which half of them end",
    "P90": "by the time within which nine in ten end",
}
_NONE = {
    "too few to tell": "no level, for they are too few",
    "see the median": "no level, for single long ones decide",
}


def awarded(maturity: pd.DataFrame) -> str:
    """Return which level the incidents earn on average, and by the times within which half and nine in ten end.

    Parameters
    ----------
    maturity : DataFrame
        As `maturity` gives it.

    Examples
    --------
    >>> rows = {"statistic": ["mean", "median", "P90"], "awarded": ["Basic", "Basic–Intermediate", "too few to tell"]}
    >>> awarded(pd.DataFrame(rows)).split(". ")[0]
    'These incidents: on average they earn Basic, by the time within which half of them end Basic to Intermediate, \
by the time within which nine in ten end no level, for they are too few'
    """
    said = [
        f"{_STATISTICS[str(line['statistic'])]} {_NONE.get(str(line['awarded']), str(line['awarded']))}".replace(
            "–", " to "
        )
        for line in lines(maturity)
    ]
    return (
        f"These incidents: {', '.join(said)}. A level is given where four chances in five speak for it and less than "
        "one in five for the next better one; otherwise all that are left open are named."
    )


def next_level(maturity: pd.DataFrame, distance: pd.DataFrame) -> str:
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
    >>> next_level(pd.DataFrame(rows), pd.DataFrame(phases))
    'To reach Intermediate the average has to fall by more than 16 min. Fixing alone could do it, if it took 40% less; \
noticing alone could not (of 30 incidents that show every step).'
    """
    mean = lines(maturity[maturity["statistic"] == "mean"])[0]
    if not mean["next_level"] or not mean["to_next"] >= 0:
        return ""
    said = f"To reach {mean['next_level']} the average has to fall by more than {minutes(mean['to_next'])}."
    known = distance[distance["cut_needed"].notna() & distance["next_level"].eq(mean["next_level"])]
    if known.empty:
        return said
    able = known[known["cut_needed"] < 1].sort_values("cut_needed", kind="stable")
    unable = [PHASE_WORDS[str(phase)] for phase in known.loc[known["cut_needed"] >= 1, "phase"]]
    told = [f"{PHASE_WORDS[str(line['phase'])]} alone could do it, if it took {max(line['cut_needed'], 0.01):.0%} less"
            for line in lines(able)]  # fmt: skip
    told += [f"{listed(unable)} alone could not"] if unable else []
    sentence = "; ".join(told)
    n = int(known["n"].iloc[0])
    return (
        f"{said} {sentence[0].upper()}{sentence[1:]} (of {n:,} incident{'' if n == 1 else 's'} that show every step)."
    )


def flapping(levels: pd.DataFrame) -> str:
    """Return why the level of a single month is not to be trusted.

    Parameters
    ----------
    levels : DataFrame
        As `monthly_levels` gives it, with `incidents`, the timed incidents of a month; empty where nothing is known.

    Examples
    --------
    >>> flapping(pd.DataFrame({"level": ["Basic"], "differs": [0.52], "incidents": [15]}))
    'A single month says little: with 15 timed incidents a month and nothing changed, the level of the bare monthly \
average differs from that of the month before in about half of the months.'
    """
    if levels.empty or not levels["differs"].iloc[0] > 0.05:
        return ""
    return (
        f"A single month says little: with {int(levels['incidents'].iloc[0]):,} timed incidents a month and nothing "
        "changed, the level of the bare monthly average differs from that of the month before in "
        f"{part(float(levels['differs'].iloc[0]))} of the months."
    )
