"""What a month cost: the error budget, money where a minute has a price, and starts when nobody should be at work."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pandas as pd

from mttrlab import analysis
from mttrlab.lab.settings import Settings, WorkingHours
from mttrlab.review.periods import begins
from mttrlab.review.rows import Shown
from mttrlab.review.words import lines, minutes

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def cost(
    incidents: pd.DataFrame, phases: pd.DataFrame, month: pd.Timestamp, clock: str, settings: Settings
) -> pd.DataFrame:
    """Return what the ended incidents of a month cost, by the settings of the team.

    Parameters
    ----------
    incidents : DataFrame
        Those that began in the month.
    phases : DataFrame
        The same, as `phase_durations` gives them.
    month : Timestamp
        First moment of the month, UTC.
    clock : str
        The clock that says when an incident runs.
    settings : Settings
        Service level objective, price of a minute, working hours.

    Returns
    -------
    DataFrame
        `what, value, n, how`: in plain words, each with the incidents behind it.

    Notes
    -----
    Open incidents stay out: one that nobody closed would be the whole month. Minutes of incidents that overlap count
    once against the budget and each for the price.
    """
    ended = phases[phases[f"{clock}_observed"].fillna(False).astype(bool) & phases[clock].notna()]
    rows: list[tuple[str, str, int, str]] = []
    if len(ended):
        until = month + pd.offsets.MonthBegin(1)
        down = lines(analysis.downtime(ended, settings.slo, clock=clock, since=month, until=until))[0]
        n, unknown = int(down["incidents"]), int(down["users_unknown"])
        rows = [("with an incident running", minutes(down["minutes"]), n, "overlaps count once, within the month")]
        spent, how = float(down["minutes"]), "as if every incident were a full outage"
        if unknown < n:
            spent, how = float(down["weighted_minutes"]), "each moment by the largest share of users hit"
            how += f"; {unknown} of {n} do not say, and count as all users" if unknown else ""
            rows.append(("weighted by users", minutes(spent), n, how))
        share = spent / float(down["budget"])
        rows.append(
            (
                f"of the budget of {minutes(down['budget'])}",
                f"{share:.0%}" if share < 2 else f"{share:.2g} × it",
                n,
                f"objective {settings.slo:.6g}; {how}",
            )
        )
        if settings.price_of_a_minute is not None:
            money = float(ended[clock].sum()) * settings.price_of_a_minute
            how = f"minutes of every ended incident at {settings.price_of_a_minute:,.6g} {settings.currency} each"
            rows.append(("at the price of a minute", f"{money:,.0f} {settings.currency}", len(ended), how))
    if len(incidents):
        outside = ~at_work(begins(incidents), settings.working_hours)
        hours = settings.working_hours
        how = f"{', '.join(hours.days)} {hours.start} to {hours.end} {hours.timezone}"
        rows.append(("began outside working hours", f"{int(outside.sum())} of {len(incidents)}", len(incidents), how))
    return pd.DataFrame(rows, columns=["what", "value", "n", "how"])


def at_work(moments: pd.Series, hours: WorkingHours) -> pd.Series:
    """Return whether each moment lies in the working hours of the team's own zone.

    Examples
    --------
    >>> moments = pd.Series(pd.to_datetime(["2026-06-01T07:30:00Z", "2026-06-06T10:00:00Z"]))
    >>> at_work(moments, WorkingHours(timezone="Europe/Berlin")).tolist()
    [True, False]
    """
    local = moments.dt.tz_convert(ZoneInfo(hours.timezone))
    clock = local.dt.strftime("%H:%M")
    day = local.dt.day_of_week.map(dict(enumerate(_DAYS))).isin(hours.days)
    within = (clock >= hours.start) & (clock < hours.end)
    if hours.end <= hours.start:
        within = (clock >= hours.start) | (clock < hours.end)
    return pd.Series(day & within)


def shown(table: pd.DataFrame, month: str) -> Shown:
    """Return the table as the page shows it."""
    rows = tuple((str(r["what"]), str(r["value"]), f"{r['n']:,}", str(r["how"])) for r in lines(table))
    return Shown(f"What {month} cost", ("", "", "incidents", "how it is counted"), rows, texts=(0, 3))
