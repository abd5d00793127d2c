"""Alerts that Grafana manages, as its provisioning files write them: named and timed, their queries left unread."""

from __future__ import annotations

from collections.abc import Mapping

from mttrlab.schema import AlertRule, Condition, Practices
from mttrlab.sources.practices.promql import failure_mode, services
from mttrlab.sources.practices.reading import said_seconds
from mttrlab.yaml_io import FileFaults, Place, value_in_words

_PARTS = {"groups", "contactPoints", "policies", "templates", "muteTimes", "deleteRules"}


def is_provisioning(value: Mapping[str, object]) -> bool:
    """Return whether a document is of Grafana's alerting: its apiVersion is a number."""
    return value.get("apiVersion") == 1 and bool(set(value) & _PARTS)


def provisioned(value: Mapping[str, object], faults: FileFaults, file: str) -> Practices:
    """Return the rules of a provisioning file; what is wrong goes to `faults`.

    The queries are Grafana's own graphs of steps and are not read: what a rule watches is told by its title and labels
    alone, and how far its windows reach is not known.
    """
    alerts: list[AlertRule] = []
    paused: list[str] = []
    groups = value.get("groups") or []
    if not isinstance(groups, list):
        faults.add(("groups",), f"must be a list; got {value_in_words(groups)}")
        return Practices()
    for n, group in enumerate(groups):
        if not isinstance(group, dict):
            faults.add(("groups", n), f"must be a group of rules; got {value_in_words(group)}")
            continue
        interval = said_seconds(group, "interval", ("groups", n), faults)
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
            alerts.append(
                AlertRule(
                    rule["title"], watched[0] if watched else "", mode, for_s=held,
                    eval_s=interval, severity=words.get("severity", ""), source=f"{file}: {group.get('name', '')}",
                    conditions=((Condition(kind="opaque"),),), why=f"{why}; its query is Grafana's and is not read",
                    labels=tuple(sorted(words.items())),
                )
            )  # fmt: skip
    counted = "1 alert" if len(alerts) == 1 else f"{len(alerts)} alerts"
    told = f"{file}: {counted} that Grafana manages: their queries are not read, titles and labels alone say"
    nothing = f"{file}: contact points and policies of Grafana say nothing about detection"
    notes = [told if alerts else nothing] if alerts or not paused else []
    if paused:
        named = ", ".join(paused[:5]) + (f" and {len(paused) - 5} more" if len(paused) > 5 else "")
        notes.append(f"{file}: paused and left out: {named}")
    return Practices(alerts=tuple(alerts), notes=tuple(notes))
