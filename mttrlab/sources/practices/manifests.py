"""The manifests and configuration files around the rules: intervals, group wait, probe modules, probes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from mttrlab.schema import MonitoringSettings, Practices, ProbeModule, SyntheticMonitor
from mttrlab.sources.practices import grafana
from mttrlab.sources.practices.alertmanager import routed
from mttrlab.sources.practices.prometheus import rule_groups
from mttrlab.sources.practices.reading import said_seconds, without_secrets
from mttrlab.yaml_io import FileFaults, Place, documents, value_in_words

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


def manifest(value: Mapping[str, Any], faults: FileFaults, file: str) -> Practices:
    """Return what a Kubernetes manifest says; kinds that are none of ours say nothing, and a note says so."""
    kind = str(value.get("kind", ""))
    spec = value.get("spec") if isinstance(value.get("spec"), dict) else {}
    labelled = value.get("metadata") if isinstance(value.get("metadata"), dict) else {}
    name = str((labelled or {}).get("name", ""))
    if kind.endswith("List"):
        made = Practices()
        for item in value.get("items") or []:
            if isinstance(item, dict):
                made += manifest(item, faults, file)
        return made
    if kind in ("PrometheusRule", "VMRule"):
        if not isinstance(spec, dict) or "groups" not in spec:
            faults.add(("spec",), "must hold groups of rules")
            return Practices()
        return rule_groups(spec["groups"], ("spec", "groups"), faults, file)
    if kind == "Prometheus":
        scrape = said_seconds(spec or {}, "scrapeInterval", ("spec",), faults) or _OPERATOR_S
        evaluation = said_seconds(spec or {}, "evaluationInterval", ("spec",), faults) or _OPERATOR_S
        return Practices(settings=MonitoringSettings(scrape, evaluation, source=file))
    if kind in ("ServiceMonitor", "PodMonitor"):
        return _scrapes(spec or {}, kind, name, faults, file)
    if kind == "Probe":
        return _probe(spec or {}, name, faults, file)
    if kind in ("Secret", "ConfigMap"):
        return _held(value, faults, file)
    if kind in _GENERATED:
        return Practices(notes=(f"{file}: {kind} describes objectives; load the rules that are generated from it",))
    if kind == "GrafanaAlertRuleGroup":
        return grafana.provisioned({"groups": [{"name": name, **(spec or {})}]}, faults, file)
    if kind in _UNREAD:
        return Practices(notes=(f"{file}: manifests of kind {kind} are not read; {_UNREAD[kind]}",))
    return Practices(notes=(f"{file}: a manifest of kind {kind or 'unknown'} says nothing about detection",))


def configuration(value: Mapping[str, Any], faults: FileFaults, file: str, place: Place = ()) -> Practices:
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
        jobs=tuple(_job_intervals(value.get("scrape_configs"), (*place, "scrape_configs"), faults)),
        source=file,
    )
    return Practices(settings=settings, monitors=tuple(_scraped_probes(value.get("scrape_configs"), settings, file)))


def _scraped_probes(configs: Any, settings: MonitoringSettings, file: str) -> list[SyntheticMonitor]:
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


def _job_intervals(configs: Any, place: Place, faults: FileFaults) -> list[tuple[str, float]]:
    found = []
    for n, config in enumerate(configs if isinstance(configs, list) else []):
        if isinstance(config, dict):
            own = said_seconds(config, "scrape_interval", (*place, n), faults)
            if own is not None:
                found.append((str(config.get("job_name", "")), own))
    return found


def _modules(modules: Any, place: Place, faults: FileFaults, file: str) -> Practices:
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


def _probe(spec: Mapping[str, Any], name: str, faults: FileFaults, file: str) -> Practices:
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


def _scrapes(spec: Mapping[str, Any], kind: str, name: str, faults: FileFaults, file: str) -> Practices:
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


def _held(value: Mapping[str, Any], faults: FileFaults, file: str) -> Practices:
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
