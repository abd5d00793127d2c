"""Prometheus query answers → metrics, by a stated mapping from names and labels to the three measures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mttrlab.errors import LoadError
from mttrlab.schema import MEASURES
from mttrlab.sources.exports.reading import Opened, decode
from mttrlab.sources.telemetry.cells import number
from mttrlab.sources.telemetry.found import Collector, Telemetry, short
from mttrlab.sources.telemetry.jsonl import JunkError, loads
from mttrlab.sources.telemetry.metrics import Samples, wrong

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
        answer = loads(decode(opened.content, opened.name))
    except JunkError as trouble:
        raise LoadError(f"{opened.name} {trouble}; query it again") from None
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


def _sample(n: int, value: Any, service: str, measure: str, factor: float, into: Collector, samples: Samples) -> None:
    if not isinstance(value, list) or len(value) != 2 or isinstance(value[0], str | bool):
        into.refuse(n, "values", value, "is no pair of a time in seconds and a value")
        return
    at = into.moment(n, "values", value[0])
    if at is None:
        if not into.refused or into.refused[-1][0] != n:
            into.refuse(n, "values", value, "has no time")
        return
    found, reason = number(value[1])
    if found is not None:
        found *= factor
        reason = wrong(measure, found)
    if reason:
        into.refuse(n, measure, value[1], reason)
        return
    samples.add(n, service, at, {measure: found})


def _places(series: list[Any], file: str) -> list[tuple[str, str, float, str] | str]:
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


def _place(labels: Mapping[str, Any], file: str) -> tuple[str, str, float, str] | str:
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


def _label_text(one: Any) -> str:
    labels = one.get("metric") if isinstance(one, dict) else None
    return ", ".join(f"{key}={value}" for key, value in sorted(labels.items())) if isinstance(labels, dict) else ""


def _drop_units(into: Collector) -> None:
    # Prometheus always writes seconds; that needs no note.
    into.units.clear()
