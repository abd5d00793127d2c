"""Service metrics: the rules that every route to them shares, and the table in wide and in long form."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import pandas as pd

from mttrlab.errors import LoadError
from mttrlab.schema import MEASURES
from mttrlab.sources.exports.reading import Opened, decode
from mttrlab.sources.telemetry.reading import (
    Collector,
    JunkError,
    Telemetry,
    first_of,
    instant_of,
    measured_number,
    needed,
    parse_json,
    records_of,
    short,
)

SERVICES = ("service", "service_name")


LONG_NAMES, LONG_VALUES = ("metric", "measure", "name"), ("value",)


REASONS = {
    "below": "is below zero, which no rate, time or share can be",
    "above": "is above 100 percent",
    "other": "another row says something else of the same service and instant",
}
"""Why a sample is refused; the words of every route."""


ALIASES = {"error_rate_percent": "error_rate", "latency_p95_ms": "latency_p95", "p95_ms": "latency_p95",
           "latency_p95_milliseconds": "latency_p95", "throughput_rps": "throughput", "rps": "throughput",
           "requests_per_second": "throughput"}  # fmt: skip
"""Other names of the three measures, all in the same units."""


def why_impossible(measure: str, value: float) -> str:
    """Return why a value cannot be of that measure; empty where it can."""
    if value < 0:
        return REASONS["below"]
    return REASONS["above"] if measure == "error_rate" and value > 100 else ""


def read_metrics(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the metrics of a table: `time, service` and the three measures, or `time, service, metric, value`."""
    into = Collector(opened, timezone)
    return _samples(records_of(opened, into), into).result("metrics")


def read_rows(rows: Iterable[tuple[int, dict[str, object]]], into: Collector) -> pd.DataFrame:
    """Return the metrics of single records of a large table; `at` in microseconds since 1970."""
    return _samples(rows, into).table()


class Samples:
    """Samples of services on their way to one row per service and instant."""

    def __init__(self, into: Collector) -> None:
        self.into = into
        self.rows: dict[tuple[str, int], dict[str, float | None]] = defaultdict(dict)
        self.silent = 0
        self.late = 0
        self._newest: dict[str, int] = {}

    def add(self, row: int, service: str, at: int, told: dict[str, float | None]) -> None:
        """Add what one record says; a contradiction is refused, a repetition counted."""
        known = self.rows.get((service, at))
        if known is not None and (shared := told.keys() & known.keys()):
            if any(told[name] != known[name] for name in shared):
                self.into.refuse(row, next(iter(sorted(shared))), service, REASONS["other"])
            elif len(shared) < len(told):
                known.update(told)
            else:
                self.into.duplicates += 1
            return
        self.silent += all(value is None for value in told.values())
        self.late += at < self._newest.get(service, at)
        self._newest[service] = max(at, self._newest.get(service, at))
        self.rows[service, at].update(told)

    def table(self) -> pd.DataFrame:
        """Return one row per service and instant, in this order."""
        made = [
            {"service": service, "at": at, **dict.fromkeys(MEASURES), **told}
            for (service, at), told in sorted(self.rows.items())
        ]
        table = pd.DataFrame(made, columns=["service", "at", *MEASURES])
        for name in MEASURES:
            table[name] = pd.to_numeric(table[name])
        return table

    def result(self, format_name: str) -> Telemetry:
        """Return the table with a note on what looks wrong."""
        table = self.table()
        self.into.notes += unit_notes(summary(table), self.silent)
        if self.late:
            self.into.notes.append(f"{self.late:,} samples stand before older ones of their service; stored in order")
        return self.into.result("metrics", format_name, table)


def _samples(rows: Iterable[tuple[int, dict[str, object]]], into: Collector) -> Samples:
    samples = Samples(into)
    for row, said in rows:
        at = instant_of(said, row, into)
        service = needed(into, row, said, SERVICES) if at is not None else None
        if at is None or service is None:
            continue
        told = _measures(said, row, into)
        if told is not None:
            samples.add(row, service, at, told)
    return samples


def _measures(said: dict[str, object], row: int, into: Collector) -> dict[str, float | None] | None:
    cells = {ALIASES.get(name, name): value for name, value in said.items()}
    told = {name: cells[name] for name in MEASURES if name in cells}
    if not told:
        name, measure = first_of(cells, LONG_NAMES)
        word = str(measure or "").strip().lower()
        known = ALIASES.get(word, word)
        if known not in MEASURES:
            into.refuse(row, name or "metric", measure, f"is no measure of ours; name it {', '.join(MEASURES)}")
            return None
        told = {known: first_of(cells, LONG_VALUES)[1]}
    found: dict[str, float | None] = {}
    for name, cell in told.items():
        value, reason = measured_number(cell)
        reason = reason or ("" if value is None else why_impossible(name, value))
        if reason:
            into.refuse(row, name, cell, reason)
            return None
        found[name] = value
    return found


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return what the checks of units need, one row per service: greatest values, and whether they ever fall."""
    lines = []
    for service, own in table.groupby("service", sort=True):
        line: dict[str, object] = {"service": service, "n": len(own)}
        for name in MEASURES:
            values = own[name].dropna()
            line[f"{name}_max"] = values.max() if len(values) else None
            line[f"{name}_n"] = len(values)
            line[f"{name}_falls"] = bool((values.diff() < 0).any())
            line[f"{name}_kinds"] = values.nunique()
        lines.append(line)
    return pd.DataFrame(lines)


LEAST = 10
"""Samples from which a series is judged by its looks."""


def unit_notes(seen: pd.DataFrame, silent: int) -> list[str]:
    """Return a sentence for each thing about units that looks wrong; nothing is ever scaled again in silence."""
    told: list[str] = []
    if seen.empty:
        return told
    judged = {name: seen[seen[f"{name}_n"] >= LEAST] for name in MEASURES}

    def listed(rows: pd.DataFrame) -> str:
        names = [str(name)[:60] for name in rows["service"]]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    rates = judged["error_rate"]
    shares = rates[(rates["error_rate_max"] > 0) & (rates["error_rate_max"] <= 1)]
    # Where another series of the file exceeds 1, the file is in percent and this service is merely well.
    if len(shares) and len(shares) == (rates["error_rate_max"] > 0).sum():
        told.append(
            f"error_rate never exceeds 1 for {listed(shares)}: it is read as PERCENT; if these are shares from 0 to 1, "
            "multiply them by 100 and load again (nothing was scaled)"
        )
    slow = judged["latency_p95"]
    seconds = slow[(slow["latency_p95_max"] > 0) & (slow["latency_p95_max"] < 10)]
    if len(seconds):
        told.append(
            f"latency_p95 never reaches 10 for {listed(seconds)}: it is read as MILLISECONDS; if these are seconds, "
            "multiply them by 1,000 and load again (nothing was scaled)"
        )
    for name in ("throughput", "error_rate"):
        rising = judged[name]
        counters = rising[~rising[f"{name}_falls"].astype(bool) & (rising[f"{name}_kinds"] >= LEAST)]
        if len(counters):
            told.append(
                f"{name} only ever rises for {listed(counters)}: it looks like a counter, not a rate; "
                "export rate(…[1m]) instead"
            )
    if silent:
        told.append(f"{silent:,} samples say no data (empty, NaN, infinite) and are kept as unknown, never as healthy")
    return told


# Prometheus query answers → metrics, by a stated mapping from names and labels to the three measures.


SERVICE_LABELS = ("service", "service_name", "app", "application", "job", "deployment", "container")
"""Labels that may name the service, the first that is there."""


NAME_LABELS = ("__name__", "measure", "metric")
"""Labels that may name the measure; where none does, the name of the file does."""


MAPPING = (
    (re.compile(r"_(total|count|sum|bucket|created)$"), "", 0.0),
    (re.compile(r"error(s|_rate)?_?ratio|error_?share|failure_?ratio"), "error_rate", 100.0),
    (re.compile(r"error_?rate|errors?_percent|error_?percentage|failure_?rate"), "error_rate", 1.0),
    (re.compile(r"(p95|0[._]?95|quantile|latency|duration).*(_seconds|_s$)"), "latency_p95", 1000.0),
    (re.compile(r"p95|0[._]?95|latency"), "latency_p95", 1.0),
    (re.compile(r"throughput|rps|re?q(uest)?s?_per_s|request_?rate|requests:rate"), "throughput", 1.0),
)
"""Pattern in the lower-case name, measure (empty: a counter, refused), factor to our unit: the first that fits.

By Prometheus' own convention a name with `ratio` is a share from 0 to 1 and one with `seconds` is in seconds; these two
are converted and said. Nothing else is scaled.
"""


def read_prometheus(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the metrics of an answer of `query_range` (or `query`).

    Raises
    ------
    LoadError
        Where it is an error, or an answer without series.
    """
    into = Collector(opened, timezone)
    try:
        answer = parse_json(decode(opened.content, opened.name))
    except JunkError as trouble:
        raise LoadError(f"{opened.name} {trouble}; query it again") from None
    if not isinstance(answer, dict):
        raise LoadError(f"{opened.name} is no answer of Prometheus, which is an object; ask /api/v1/query_range")
    if answer.get("status") == "error":
        reason = short(f"{answer.get('errorType', '')}: {answer.get('error', '')}")
        raise LoadError(f"{opened.name} is an error of Prometheus ({reason}); query it again")
    data = answer.get("data")
    kind, series = (data.get("resultType"), data.get("result")) if isinstance(data, dict) else (None, None)
    if kind not in ("matrix", "vector") or not isinstance(series, list):
        raise LoadError(f"{opened.name}: resultType is {short(kind)!r}, not matrix; ask /api/v1/query_range")
    if not series:
        raise LoadError(f"{opened.name} is an answer without a series; check the query and the time range")
    samples = Samples(into)
    places = _places(series, opened.name)
    scaled: dict[str, int] = {}
    for n, one in enumerate(series, 1):
        values = (one.get("values") or [one.get("value")]) if isinstance(one, dict) else [None]
        if not isinstance(values, list):
            values = [None]
        place = places[n - 1]
        into.records += len(values)
        if isinstance(place, str):
            for _ in values:
                into.refuse(n, "metric", _label_text(one), place)
            continue
        service, measure, factor, name = place
        if factor != 1:
            scaled[f"{short(name)} times {factor:g} is {measure}"] = 1
        for value in values:
            _sample(n, value, service, measure, factor, into, samples)
    into.notes += [f"{words}, as its name says its unit" for words in scaled]
    _drop_units(into)
    return samples.result("prometheus")


def _sample(
    n: int, value: object, service: str, measure: str, factor: float, into: Collector, samples: Samples
) -> None:
    if not isinstance(value, list) or len(value) != 2 or isinstance(value[0], str | bool):
        into.refuse(n, "values", value, "is no pair of a time in seconds and a value")
        return
    at = into.moment(n, "values", value[0])
    if at is None:
        if not into.refused or into.refused[-1][0] != n:
            into.refuse(n, "values", value, "has no time")
        return
    found, reason = measured_number(value[1])
    if found is not None:
        found *= factor
        reason = why_impossible(measure, found)
    if reason:
        into.refuse(n, measure, value[1], reason)
        return
    samples.add(n, service, at, {measure: found})


def _places(series: list[object], file: str) -> list[tuple[str, str, float, str] | str]:
    """Return service, measure, factor and name of each series, or why it is refused."""
    found: list[tuple[str, str, float, str] | str] = []
    for one in series:
        labels = one.get("metric") if isinstance(one, dict) else None
        found.append(_place(labels, file) if isinstance(labels, dict) else "is no series with labels and values")
    taken: dict[tuple[str, str], list[int]] = {}
    for n, place in enumerate(found):
        if not isinstance(place, str):
            taken.setdefault(place[:2], []).append(n)
    for (service, measure), several in taken.items():
        # The same labels twice are one series in two parts; its samples are told apart by their times.
        if len({_label_text(series[n]) for n in several}) > 1:
            reason = (
                f"is one of {len(several)} series for {measure} of {short(service)}; "
                "aggregate in the query, such as sum by (service) or histogram_quantile over sum by (service, le)"
            )
            for n in several:
                found[n] = reason
    return found


def _place(labels: Mapping[str, object], file: str) -> tuple[str, str, float, str] | str:
    service = next((str(labels[name]).strip() for name in SERVICE_LABELS if str(labels.get(name) or "").strip()), "")
    if not service:
        return f"names no service; keep one of the labels {', '.join(SERVICE_LABELS)} (sum by (service))"
    name = next((str(labels[key]) for key in NAME_LABELS if labels.get(key)), file.split(".")[0])
    for pattern, measure, factor in MAPPING:
        if pattern.search(name.lower().replace("-", "_")):
            if not measure:
                return f"{short(name)} is a counter, not a rate; query rate({short(name)}[1m]) by service"
            return service, measure, factor, name
    return (
        f"{short(name)} says no measure of ours; call the file or a label `measure` {', '.join(MEASURES)} "
        "(label_replace, or a recording rule)"
    )


def _label_text(one: object) -> str:
    labels = one.get("metric") if isinstance(one, dict) else None
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) if isinstance(labels, dict) else ""


def _drop_units(into: Collector) -> None:
    # Prometheus always writes seconds; that needs no note.
    into.units.clear()
