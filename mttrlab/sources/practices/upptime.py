"""Upptime's `.upptimerc.yml`: sites probed on a cron schedule."""

from __future__ import annotations

from mttrlab.schema import MonitorStep, Practices, SyntheticMonitor
from mttrlab.sources.practices.reading import without_secrets
from mttrlab.yaml_io import FileFaults, value_in_words

DEFAULT = "*/5 * * * *"
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


def sites(value: dict[str, object], faults: FileFaults, file: str) -> Practices:
    """Return a monitor per site; what is wrong goes to `faults`."""
    schedule = value.get("workflowSchedule")
    cron = schedule.get("uptime", DEFAULT) if isinstance(schedule, dict) else DEFAULT
    try:
        interval = longest_gap(cron) if isinstance(cron, str) else _refuse(cron)
    except ValueError as error:
        faults.add(("workflowSchedule", "uptime"), str(error))
        interval = 300.0
    found = []
    listed = value.get("sites")
    if not isinstance(listed, list):
        faults.add(("sites",), f"must be a list; got {value_in_words(listed)}")
        listed = []
    for n, site in enumerate(listed):
        if not isinstance(site, dict) or not all(isinstance(site.get(key), str) for key in ("name", "url")):
            faults.add(("sites", n), "must have a name and a url, both text")
            continue
        limit = site.get("maxResponseTime")
        limit = float(limit) if isinstance(limit, int | float) and not isinstance(limit, bool) else None
        content = any(key.startswith("__dangerous__body") for key in site)
        step = MonitorStep(
            site["name"], without_secrets(site["url"]), str(site.get("method", "GET")), 200, limit, content
        )
        note = "GitHub starts scheduled runs late at busy hours; that wait comes on top"
        found.append(
            SyntheticMonitor(site["name"], interval, steps=(step,), service=site["name"], source=file, note=note)
        )
    return Practices(monitors=tuple(found))


def longest_gap(cron: str) -> float:
    """Return the longest wait between two runs of a cron schedule, seconds.

    Raises
    ------
    ValueError
        When it is no schedule of five fields.

    Examples
    --------
    >>> longest_gap("*/30 * * * *"), longest_gap("*/7 * * * *")
    (1800.0, 420.0)
    """
    fields = cron.split()
    if len(fields) != 5:
        raise ValueError(f"must be a cron schedule of five fields; got {cron[:40]!r}")
    minutes, hours, days, months, weekdays = (
        _field(text, low, high, cron) for text, (low, high) in zip(fields, _RANGES, strict=True)
    )
    daily = sorted(60 * hour + minute for hour in hours for minute in minutes)
    gap = max((b - a for a, b in zip(daily, [*daily[1:], daily[0] + 1440], strict=True)), default=1440)
    if len(days) == 31 and len(months) == 12 and len({day % 7 for day in weekdays}) == 7:
        return 60.0 * gap
    # Days between runs: weekdays by their largest gap, days of the month by a month.
    named = sorted({day % 7 for day in weekdays})
    apart = max(b - a for a, b in zip(named, [*named[1:], named[0] + 7], strict=True)) if len(days) == 31 else 31
    return 60.0 * max(gap, 1440 * (apart if len(months) == 12 else 366) - (daily[-1] - daily[0]))


def _field(text: str, low: int, high: int, cron: str) -> set[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        try:
            every = int(step) if step else 1
            begin = low if span == "*" else int(first)
            end = high if span == "*" or (step and not last) else int(last or first)
            if every < 1 or not low <= begin <= end <= high:
                raise ValueError
        except ValueError:
            raise ValueError(f"must be a cron schedule of numbers, *, ranges and steps; got {cron[:40]!r}") from None
        found.update(range(begin, end + 1, every))
    return found


def _refuse(cron: object) -> float:
    raise ValueError(f"must be a cron schedule in quotes; got {value_in_words(cron)}")
