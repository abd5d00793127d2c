"""Prometheus: rule files, and the manifests and settings around them → alert rules, intervals, probes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import replace

from mttrlab.schema import AlertRule, MonitoringSettings, Practices, ProbeModule, SyntheticMonitor
from mttrlab.sources.practices import grafana
from mttrlab.sources.practices.alertmanager import routed
from mttrlab.sources.practices.promql import always_firing, asks_the_clock, conditions, failure_mode, services
from mttrlab.sources.practices.reading import duration_seconds, mapping_of, said_seconds, without_secrets
from mttrlab.yaml_io import FileFaults, Place, documents, value_in_words

_GROUP_KEYS = frozenset(
    {"name", "interval", "limit", "query_offset", "labels", "rules", "partial_response_strategy", "source_tenants"}
    | {"evaluation_delay", "align_evaluation_time_on_interval", "type", "headers", "params", "concurrency", "debug"}
    | {"eval_offset", "eval_delay", "eval_alignment", "tenant", "notifier_headers", "extra_filter_labels"}
)
"""Those of Prometheus, and of Thanos, Mimir, Loki and VictoriaMetrics, which read the same files."""


_RULE_KEYS = frozenset(
    {"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations", "debug", "update_entries_limit"}
)


def rule_groups(groups: object, place: Place, faults: FileFaults, source: str) -> Practices:
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
        offsets = [_duration(group, key, at, faults) for key in ("query_offset", "eval_delay", "evaluation_delay")]
        late = next((seconds for seconds in offsets if seconds is not None), None)
        name = str(group.get("name", ""))
        for where, rule in _each(group.get("rules"), (*at, "rules"), faults):
            made = _rule(rule, where, name, interval, shared, faults, source)
            if made is not None:
                (recordings if made.recording else alerts).append(replace(made, delay_s=late))
    asking = (rule for rule in alerts if asks_the_clock(rule.expr) and not rule.always_firing)
    timed = [rule.name for rule in asking if all(one.hours is None for each in rule.conditions for one in each)]
    named = ", ".join(timed[:5]) + (f" and {len(timed) - 5} more" if len(timed) > 5 else "")
    notes = (f"{source}: what these ask of the clock is not read, or holds all week: {named}",) if timed else ()
    return Practices(alerts=tuple(alerts), recordings=tuple(recordings), notes=notes)


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
    rule: object,
    at: Place,
    group: str,
    interval: float | None,
    shared: Mapping[str, str],
    faults: FileFaults,
    source: str,
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


def _catalogue(services_listed: object, place: Place, faults: FileFaults, source: str) -> list[AlertRule]:
    """Rules as a catalogue lists them: services, their exporters, and rules with name and query."""
    found = []
    for at, service in _each(services_listed, place, faults):
        known = service if isinstance(service, dict) else {}
        named = str(known.get("name", ""))
        for where, exporter in _each(known.get("exporters") if named else None, (*at, "exporters"), faults):
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


def _each(values: object, place: Place, faults: FileFaults) -> Iterable[tuple[Place, object]]:
    if values is None:
        return []
    if not isinstance(values, list):
        faults.add(place, f"must be a list; got {value_in_words(values)}")
        return []
    return [((*place, n), value) for n, value in enumerate(values)]


def _duration(holder: Mapping[str, object], key: str, at: Place, faults: FileFaults) -> float | None:
    value = holder.get(key)
    if value is None:
        return None
    try:
        if isinstance(value, int | float) and not isinstance(value, bool) and value != 0:
            raise ValueError(f"must be a duration with its unit, such as 5m; got {value!r}")
        return duration_seconds(value)
    except ValueError as error:
        faults.add((*at, key), str(error))
        return None


def _words(values: object, place: Place, faults: FileFaults) -> dict[str, str]:
    if values is None:
        return {}
    if not isinstance(values, dict):
        faults.add(place, f"must be a mapping of words; got {value_in_words(values)}")
        return {}
    for key, value in values.items():
        if isinstance(value, dict | list):
            faults.add((*place, key), f"must be text; got {value_in_words(value)}")
    return {key: "" if value is None else str(value) for key, value in values.items()}


# The manifests and configuration files around the rules: intervals, group wait, probe modules, probes.


_PROBE = "a probe measures; an alert on probe_success has to page"


_GENERATED = ("PrometheusServiceLevel", "ServiceLevelObjective", "SLO")


_UNREAD = {
    "AlertmanagerConfig": "load the configuration that the operator writes from them (alertmanager.yaml)",
    "VMAlertmanagerConfig": "load the configuration that the operator writes from them (alertmanager.yaml)",
    "DatadogMonitor": "export the monitors as JSON",
    "ScrapeConfig": "its scrape interval is not known",
    "VMServiceScrape": "its scrape interval is not known",
}


_OPERATOR_S = 30.0
"""Scrape and evaluation interval of a Prometheus manifest that does not say: the operator's default."""


def manifest(value: Mapping[str, object], faults: FileFaults, file: str) -> Practices:
    """Return what a Kubernetes manifest says; kinds that are none of ours say nothing, and a note says so."""
    kind = str(value.get("kind", ""))
    spec, metadata = mapping_of(value, "spec"), mapping_of(value, "metadata")
    name = str(metadata.get("name", ""))
    if kind.endswith("List"):
        made = Practices()
        items = value.get("items")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                made += manifest(item, faults, file)
        return made
    if kind in ("PrometheusRule", "VMRule"):
        if "groups" not in spec:
            faults.add(("spec",), "must hold groups of rules")
            return Practices()
        return rule_groups(spec["groups"], ("spec", "groups"), faults, file)
    if kind == "Prometheus":
        scrape = said_seconds(spec, "scrapeInterval", ("spec",), faults) or _OPERATOR_S
        evaluation = said_seconds(spec, "evaluationInterval", ("spec",), faults) or _OPERATOR_S
        late = said_seconds(spec, "ruleQueryOffset", ("spec",), faults)
        return Practices(settings=MonitoringSettings(scrape, evaluation, query_offset_s=late, source=file))
    if kind in ("ServiceMonitor", "PodMonitor"):
        return _scrapes(spec, kind, name, faults, file)
    if kind == "Probe":
        return _probe(spec, name, faults, file)
    if kind in ("Secret", "ConfigMap"):
        return _held(value, faults, file)
    if kind in _GENERATED:
        return Practices(notes=(f"{file}: {kind} describes objectives; load the rules that are generated from it",))
    if kind == "GrafanaAlertRuleGroup":
        return grafana.provisioned({"groups": [{"name": name, **spec}]}, faults, file)
    if kind == "GrafanaNotificationPolicy":
        return grafana.provisioned({"policies": [spec.get("route")]}, faults, file)
    if kind == "GrafanaMuteTiming":
        return grafana.provisioned({"muteTimes": [{"name": name, **spec}]}, faults, file)
    if kind in _UNREAD:
        return Practices(notes=(f"{file}: manifests of kind {kind} are not read; {_UNREAD[kind]}",))
    return Practices(notes=(f"{file}: a manifest of kind {kind or 'unknown'} says nothing about detection",))


def configuration(value: Mapping[str, object], faults: FileFaults, file: str, place: Place = ()) -> Practices:
    """Return what a Prometheus, Alertmanager or blackbox exporter configuration says."""
    if "modules" in value:
        return _modules(value["modules"], (*place, "modules"), faults, file)
    if "route" in value:
        return routed(value, faults, file, place)
    wide = value.get("global")
    wide = wide if isinstance(wide, dict) else {}
    at = (*place, "global")
    settings = MonitoringSettings(
        said_seconds(wide, "scrape_interval", at, faults) or 60.0,
        said_seconds(wide, "evaluation_interval", at, faults) or 60.0,
        query_offset_s=said_seconds(wide, "rule_query_offset", at, faults),
        jobs=tuple(_job_intervals(value.get("scrape_configs"), (*place, "scrape_configs"), faults)),
        source=file,
    )
    return Practices(settings=settings, monitors=tuple(_scraped_probes(value.get("scrape_configs"), settings, file)))


def _scraped_probes(configs: object, settings: MonitoringSettings, file: str) -> list[SyntheticMonitor]:
    """What a blackbox exporter is told to probe by the scrape settings themselves."""
    found = []
    for config in configs if isinstance(configs, list) else []:
        if not isinstance(config, dict) or config.get("metrics_path") != "/probe":
            continue
        job = str(config.get("job_name", ""))
        interval = dict(settings.jobs).get(job, settings.scrape_s or 60.0)
        listed = config.get("static_configs")
        for each in listed if isinstance(listed, list) else []:
            targets = each.get("targets") if isinstance(each, dict) else None
            addresses = [without_secrets(str(target)) for target in (targets if isinstance(targets, list) else [])]
            found += [
                SyntheticMonitor(address, interval, service=job, pages=False, source=file, note=_PROBE)
                for address in addresses
            ]
    return found


def _job_intervals(configs: object, place: Place, faults: FileFaults) -> list[tuple[str, float]]:
    found = []
    for n, config in enumerate(configs if isinstance(configs, list) else []):
        if isinstance(config, dict):
            own = said_seconds(config, "scrape_interval", (*place, n), faults)
            if own is not None:
                found.append((str(config.get("job_name", "")), own))
    return found


def _modules(modules: object, place: Place, faults: FileFaults, file: str) -> Practices:
    if not isinstance(modules, dict):
        faults.add(place, f"must be a mapping of modules; got {value_in_words(modules)}")
        return Practices()
    probes = []
    for name, module in modules.items():
        if not isinstance(module, dict) or not isinstance(module.get("prober"), str):
            faults.add((*place, name), "must be a module with a prober")
            continue
        http = module.get("http") if isinstance(module.get("http"), dict) else {}
        content = any(key.startswith("fail_if_body") for key in http or {})
        modes = ("availability", *(("error_rate",) if module["prober"] == "http" else ()))
        probes.append(
            ProbeModule(
                name,
                module["prober"],
                said_seconds(module, "timeout", (*place, name), faults),
                (*modes, *(("correctness",) if content else ())),
                file,
            )
        )
    note = (
        f"{file}: {len(probes)} probe modules; which addresses they probe stands in Probe manifests or scrape settings"
    )
    return Practices(probes=tuple(probes), notes=(note,))


def _probe(spec: Mapping[str, object], name: str, faults: FileFaults, file: str) -> Practices:
    interval = said_seconds(spec, "interval", ("spec",), faults) or _OPERATOR_S
    targets = spec.get("targets")
    fixed = targets.get("staticConfig") if isinstance(targets, dict) else None
    addresses = fixed.get("static") if isinstance(fixed, dict) else None
    monitors = tuple(
        SyntheticMonitor(
            without_secrets(str(address)),
            interval,
            service=str(spec.get("jobName") or name),
            pages=False,
            source=file,
            note=_PROBE,
        )
        for address in (addresses if isinstance(addresses, list) else [])
    )
    return Practices(monitors=monitors, settings=MonitoringSettings(jobs=((name, interval),), source=file))


def _scrapes(spec: Mapping[str, object], kind: str, name: str, faults: FileFaults, file: str) -> Practices:
    key = "endpoints" if kind == "ServiceMonitor" else "podMetricsEndpoints"
    ends = spec.get(key)
    found = [
        interval
        for n, end in enumerate(ends if isinstance(ends, list) else [])
        if isinstance(end, dict)
        for interval in [said_seconds(end, "interval", ("spec", key, n), faults)]
        if interval is not None
    ]
    if not found:
        return Practices()
    return Practices(settings=MonitoringSettings(jobs=((name, max(found)),), source=file))


def _held(value: Mapping[str, object], faults: FileFaults, file: str) -> Practices:
    """Configuration files inside a Secret or ConfigMap; nothing of them is kept but intervals and modules."""
    made = Practices()
    for key in ("stringData", "data"):
        held = value.get(key)
        for name, text in held.items() if isinstance(held, dict) else ():
            if not name.endswith((".yaml", ".yml", ".rules")) or not isinstance(text, str):
                continue
            if key == "data" and value.get("kind") == "Secret":
                try:
                    text = base64.b64decode(text, validate=True).decode()
                except (binascii.Error, UnicodeDecodeError):
                    faults.add((key, name), "is not base64 text")
                    continue
            for document in documents(text, f"{file} ({name})"):
                inner = document.value
                if isinstance(inner, dict) and "groups" in inner:
                    made += rule_groups(inner["groups"], (key, name, "groups"), faults, file)
                elif isinstance(inner, dict) and {"route", "modules", "scrape_configs"} & set(inner):
                    made += configuration(inner, faults, file, (key, name))
    return made
