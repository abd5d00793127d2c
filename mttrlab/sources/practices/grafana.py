"""Alerts that Grafana manages, as its provisioning files write them, and its policies: who is told, and when."""

from __future__ import annotations

from collections.abc import Mapping

from mttrlab.schema import AlertRule, Condition, MonitoringSettings, Practices, Route
from mttrlab.sources.practices.alertmanager import route_of, silent_receivers, time_intervals
from mttrlab.sources.practices.promql import failure_mode, services
from mttrlab.sources.practices.reading import duration_seconds, said_seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

PARTS = ("groups", "contactPoints", "policies", "templates", "muteTimes", "deleteRules")


def is_provisioning(value: Mapping[str, object]) -> bool:
    """Return whether a document is of Grafana's alerting: its apiVersion is a number."""
    return value.get("apiVersion") == 1 and bool(set(value) & set(PARTS))


def provisioned(value: Mapping[str, object], faults: FileFaults, file: str) -> Practices:
    """Return the rules and notification policies of a provisioning file; what is wrong goes to `faults`.

    The queries are Grafana's own graphs of steps and are not read: what a rule watches is told by its title and labels
    alone, and how far its windows reach is not known.
    """
    alerts: list[AlertRule] = []
    paused: list[str] = []
    settings, notes = _policies(value, faults, file)
    groups = value.get("groups") or []
    if not isinstance(groups, list):
        faults.add(("groups",), f"must be a list; got {value_in_words(groups)}")
        return Practices()
    for n, group in enumerate(groups):
        if not isinstance(group, dict):
            faults.add(("groups", n), f"must be a group of rules; got {value_in_words(group)}")
            continue
        interval = said_seconds(group, "interval", ("groups", n), faults)
        folder = {"grafana_folder": str(group["folder"])} if group.get("folder") else {}
        rules = group.get("rules")
        for m, rule in enumerate(rules if isinstance(rules, list) else []):
            at: Place = ("groups", n, "rules", m)
            if not isinstance(rule, dict) or not isinstance(rule.get("title"), str):
                faults.add(at, "must be a rule with a title")
                continue
            if rule.get("isPaused") is True:
                paused.append(rule["title"])
                continue
            if rule.get("record"):
                continue
            labels = rule.get("labels") if isinstance(rule.get("labels"), dict) else {}
            words = {str(key): str(text) for key, text in (labels or {}).items()}
            mode, why = failure_mode(rule["title"], "", words)
            watched = services("", words, "")
            held = said_seconds(rule, "for", at, faults) or 0.0
            own, place = rule.get("notification_settings"), (*at, "notification_settings")
            alerts.append(
                AlertRule(
                    rule["title"], watched[0] if watched else "", mode, for_s=held, eval_s=interval,
                    delay_s=_behind(rule.get("data"), (*at, "data"), faults), severity=words.get("severity", ""),
                    source=f"{file}: {group.get('name', '')}", conditions=((Condition(kind="opaque"),),),
                    why=f"{why}; its query is Grafana's and is not read",
                    labels=tuple(sorted({**folder, **words}.items())), manager="grafana",
                    route=route_of(own, place, faults, set()) if isinstance(own, dict) else None,
                )
            )  # fmt: skip
    counted = "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
    if alerts:
        told = f"{file}: {counted} that Grafana manages: their queries are not read, titles and labels alone say"
        notes.insert(0, told)
    if paused:
        named = ", ".join(paused[:5]) + (f" and {len(paused) - 5} more" if len(paused) > 5 else "")
        notes.append(f"{file}: paused and left out: {named}")
    if not (alerts or paused or settings.policies or settings.mute_timings):
        notes.append(f"{file}: contact points and templates of Grafana say nothing about detection")
    return Practices(alerts=tuple(alerts), settings=settings, notes=tuple(notes))


def _policies(value: Mapping[str, object], faults: FileFaults, file: str) -> tuple[MonitoringSettings, list[str]]:
    """The first tree of notification policies, and the mute timings."""
    notes: list[str] = []
    trees = value.get("policies") or []
    if not isinstance(trees, list) or not all(isinstance(tree, dict) for tree in trees):
        faults.add(("policies",), f"must be a list of policies; got {value_in_words(trees)}")
        return MonitoringSettings(), notes
    points = value.get("contactPoints")
    receivers = [
        {"name": one.get("name"), "configs": one.get("receivers")}
        for one in (points if isinstance(points, list) else [])
        if isinstance(one, dict)
    ]
    silent, _ = silent_receivers(receivers, file)
    timings = tuple(time_intervals(value.get("muteTimes"), ("muteTimes",), faults, notes, file))
    root: Route | None = route_of(trees[0], ("policies", 0), faults, silent) if trees else None
    if root is not None:
        timed = any(route.active or route.muted for route in root.walk())
        when = "; some notify at certain times only, and coverage says when" if timed else ""
        notes.append(f"{file}: each alert of Grafana goes the way that the notification policies say{when}")
    if len(trees) > 1:
        notes.append(f"{file}: policies of {len(trees)} organisations; those of the first are taken for all")
    return MonitoringSettings(policies=root, mute_timings=timings, source=file if root or timings else ""), notes


def _behind(data: object, place: Place, faults: FileFaults) -> float:
    """How far in the past the queries end that end latest, seconds (`relativeTimeRange.to`)."""
    ends = []
    for n, query in enumerate(data if isinstance(data, list) else []):
        span = query.get("relativeTimeRange") if isinstance(query, dict) else None
        if isinstance(span, dict) and query.get("datasourceUid") not in ("__expr__", "-100"):
            try:
                ends.append(duration_seconds(span.get("to") or 0))
            except ValueError as error:
                faults.add((*place, n, "relativeTimeRange", "to"), str(error))
    return min(ends, default=0.0)
