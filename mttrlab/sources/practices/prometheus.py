"""Prometheus rule files and PrometheusRule manifests → alert rules and recording rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mttrlab.schema import AlertRule, Practices
from mttrlab.sources.practices.promql import always_firing, conditions, failure_mode, services
from mttrlab.sources.practices.reading import seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

_GROUP_KEYS = frozenset(
    {"name", "interval", "limit", "query_offset", "labels", "rules", "partial_response_strategy", "source_tenants"}
    | {"evaluation_delay", "align_evaluation_time_on_interval", "type", "headers", "params", "concurrency", "debug"}
    | {"eval_offset", "eval_delay", "eval_alignment", "tenant", "notifier_headers", "extra_filter_labels"}
)
"""Those of Prometheus, and of Thanos, Mimir, Loki and VictoriaMetrics, which read the same files."""
_RULE_KEYS = frozenset(
    {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations", "debug", "update_entries_limit"}
)


def rule_groups(groups: Any, place: Place, faults: FileFaults, source: str) -> Practices:
    """Return the rules of a list of groups; what is wrong goes to `faults`.

    Parameters
    ----------
    groups : object
        The value of `groups:`.
    place : tuple
        Where it stands in the document.
    faults : FileFaults
    source : str
        Name of the file.
    """
    alerts: list[AlertRule] = []
    recordings: list[AlertRule] = []
    for at, group in _each(groups, place, faults):
        if not isinstance(group, dict):
            faults.add(at, f"must be a group of rules; got {value_in_words(group)}")
            continue
        if "services" in group and "rules" not in group:
            alerts += _catalogue(group["services"], (*at, "services"), faults, source)
            continue
        faults.unknown_keys(at, group, _GROUP_KEYS)
        interval = _duration(group, "interval", at, faults)
        shared = _words(group.get("labels"), (*at, "labels"), faults)
        name = str(group.get("name", ""))
        for where, rule in _each(group.get("rules"), (*at, "rules"), faults):
            made = _rule(rule, where, name, interval, shared, faults, source)
            if made is not None:
                (recordings if made.recording else alerts).append(made)
    return Practices(alerts=tuple(alerts), recordings=tuple(recordings))


def with_windows(practices: Practices) -> Practices:
    """Return the practices with every alert's comparisons read again, now that all recording rules are known."""
    recorded = {rule.name: rule.expr for rule in practices.recordings}
    if not recorded:
        return practices
    return replace(practices, alerts=tuple(_compared(rule, recorded) for rule in practices.alerts))


def _compared(rule: AlertRule, recorded: Mapping[str, str]) -> AlertRule:
    if not rule.expr or not rule.conditions or not any(name in rule.expr for name in recorded):
        return rule
    found = conditions(rule.expr, recorded)
    return replace(rule, conditions=found, window_s=max(one.window_s for together in found for one in together))


def _rule(
    rule: Any, at: Place, group: str, interval: float | None, shared: Mapping[str, str], faults: FileFaults, source: str
) -> AlertRule | None:
    if not isinstance(rule, dict):
        faults.add(at, f"must be a rule; got {value_in_words(rule)}")
        return None
    faults.unknown_keys(at, rule, _RULE_KEYS)
    named = [key for key in ("alert", "record") if rule.get(key) not in (None, "")]
    if len(named) != 1:
        faults.add(at, "must say either alert or record")
        return None
    name, expr = rule[named[0]], rule.get("expr")
    if isinstance(expr, int | float) and not isinstance(expr, bool):
        expr = str(expr)
    for key, value in ((named[0], name), ("expr", expr)):
        if not isinstance(value, str) or not value.strip():
            faults.add((*at, key), f"must be text; got {value_in_words(value)}")
            return None
    name, expr = str(name), str(expr)
    held = _duration(rule, "for", at, faults) or 0.0
    _duration(rule, "keep_firing_for", at, faults)
    labels = {**shared, **_words(rule.get("labels"), (*at, "labels"), faults)}
    notes = _words(rule.get("annotations"), (*at, "annotations"), faults)
    place = f"{source}: {group}" if group else source
    if named[0] == "record":
        return AlertRule(name, expr=expr, eval_s=interval, recording=True, source=place)
    found = conditions(expr)
    first = found[0][0]
    watched = services(expr, labels, group)
    mode, why = failure_mode(name, expr, labels, " ".join(notes.get(key, "") for key in ("summary", "description")))
    return AlertRule(
        name,
        service=watched[0] if watched else "",
        failure_mode=mode,
        expr=expr,
        for_s=held,
        window_s=max(one.window_s for together in found for one in together),
        threshold=first.threshold,
        eval_s=interval,
        severity=labels.get("severity", ""),
        always_firing=always_firing(name, expr, labels),
        source=place,
        also=watched[1:],
        conditions=found,
        why=why,
        labels=tuple(sorted(labels.items())),
        runbook=next((notes[key] for key in ("runbook_url", "runbook", "runbookUrl") if key in notes), ""),
    )


def _catalogue(services_listed: Any, place: Place, faults: FileFaults, source: str) -> list[AlertRule]:
    """Rules as a catalogue lists them: services, their exporters, and rules with name and query."""
    found = []
    for at, service in _each(services_listed, place, faults):
        named = str(service.get("name", "")) if isinstance(service, dict) else ""
        for where, exporter in _each(service.get("exporters") if named else None, (*at, "exporters"), faults):
            listed = exporter.get("rules") if isinstance(exporter, dict) else None
            for spot, rule in _each(listed, (*where, "rules"), faults):
                if not isinstance(rule, dict):
                    faults.add(spot, f"must be a rule; got {value_in_words(rule)}")
                    continue
                known = {"alert": rule.get("name"), "expr": rule.get("query"), "for": rule.get("for")}
                words = {"severity": str(rule.get("severity", "")), "service": named}
                notes = {"description": str(rule.get("description", ""))}
                made = _rule({**known, "annotations": notes}, spot, named, None, words, faults, source)
                found += [] if made is None else [made]
    return found


def _each(values: Any, place: Place, faults: FileFaults) -> Iterable[tuple[Place, Any]]:
    if values is None:
        return []
    if not isinstance(values, list):
        faults.add(place, f"must be a list; got {value_in_words(values)}")
        return []
    return [((*place, n), value) for n, value in enumerate(values)]


def _duration(holder: Mapping[str, Any], key: str, at: Place, faults: FileFaults) -> float | None:
    value = holder.get(key)
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value != 0:
            raise ValueError(f"must be a duration with its unit, such as 5m; got {value!r}")
        return seconds(value)
    except ValueError as error:
        faults.add((*at, key), str(error))
        return None


def _words(values: Any, place: Place, faults: FileFaults) -> dict[str, str]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        faults.add(place, f"must be a mapping of words; got {value_in_words(values)}")
        return {}
    for key, value in values.items():
        if isinstance(value, dict | list):
            faults.add((*place, key), f"must be text; got {value_in_words(value)}")
    return {key: "" if value is None else str(value) for key, value in values.items()}
