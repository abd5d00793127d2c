"""Which failure mode and which service an alert watches, read from its words; unknown where they do not say."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mttrlab.schema import FAILURE_MODES, UNKNOWN
from mttrlab.sources.practices.expression import masked, without_comments

_I = re.IGNORECASE
_ABOUT = re.compile(r"expir|certificate|overcommit", _I)
"""About something that will happen, or that is none of a service's failures."""
_SIGNALS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (mode, where, re.compile(words, _I))
    for mode, where, words in (
        ("dependency", "name", "dependenc|upstream|downstream|external|third.?party|circuit.?breaker|replicat(ion|or)"),
        (
            "availability",
            "expr",
            r"(?<![\w:])up\s*(==|<|!=|\)|\[)|\w_up\s*(==|<|!=)|\babsent(_over_time)?\s*\(|probe_success",
        ),
        ("latency", "name", r"latenc|slow|duration|response.?time|too long|\blag|p9[059]"),
        ("error_rate", "name", r"error|fail(ed|ure|ing|s\b)|5xx|burn.?rate|errs\b"),
        (
            "availability",
            "name",
            "down\\b|unreachable|unavailable|not.?(ready|running|healthy)|unhealthy|crash|offline|disconnected|missing"
            "|absent|lost|outage|availab",
        ),
        ("latency", "expr", r"(duration|latency|response_time|request_time)\w*|_lag\b"),
        (
            "error_rate",
            "quoted",
            r"5\.\.|5\[|5xx|\"error\"|\b(status|level|@type):(error|critical)|\"\^?5([0-9.x]{2}|[.][*+])",
        ),
        ("error_rate", "expr", "error|failed|failures?|burn_?rate"),
    )
)
"""Failure mode, where to look, what to look for: the first that is found decides."""
_SATURATION = re.compile(
    r"cpu|memory|\bmem\b|disk|filesystem|storage|volume|queue|limit|quota|inode|conntrack|saturat|throttl|full|utili[sz]ation"
    r"|pressure|capacity|load|evict|usage|backlog|descriptor",
    _I,
)
_SERVICE_KEYS = ("service", "service_name", "sloth_service", "app", "application", "component", "deployment", "job")
_NO_SERVICE = {
    "general",
    "default",
    "alerts",
    "alert",
    "rules",
    "group",
    "main",
    "common",
    "slos",
    "slo",
    "recording",
    "embeddedexporter",
}


def failure_mode(name: str, expr: str, labels: Mapping[str, str] | None = None, text: str = "") -> tuple[str, str]:
    """Return the failure mode of an alert and what it was read from.

    Parameters
    ----------
    name : str
    expr : str
        PromQL or another query.
    labels : mapping of str to str, optional
        A label `failure_mode` settles it.
    text : str
        Further words: a description.

    Returns
    -------
    tuple of (str, str)
        One of FAILURE_MODES, or unknown; and the reason.

    Examples
    --------
    >>> failure_mode("TargetDown", "up == 0")
    ('availability', "the expression says 'up =='")
    >>> failure_mode("NodeCPUHighUsage", "cpu > 90")
    ('unknown', "'CPU' is a cause (saturation), not a failure that users see")
    """
    said = str((labels or {}).get("failure_mode", "")).lower()
    if said in FAILURE_MODES:
        return said, "its label failure_mode"
    words = _spaced(name)
    if _ABOUT.search(words):
        return UNKNOWN, "it is about something to come, not a failure"
    bare = without_comments(expr)
    texts = {"name": words, "expr": masked(bare), "quoted": bare}
    for mode, where, pattern in _SIGNALS:
        found = pattern.search(texts[where])
        if found:
            return (
                mode,
                f"the {'name' if where == 'name' else 'expression'} says {' '.join(found.group().split())[:40]!r}",
            )
    found = _SATURATION.search(words) or _SATURATION.search(texts["expr"])
    if found:
        return UNKNOWN, f"{found.group()!r} is a cause (saturation), not a failure that users see"
    for mode, where, pattern in _SIGNALS:
        found = pattern.search(text) if where == "name" else None
        if found:
            return mode, f"the description says {found.group()!r}"
    return UNKNOWN, "nothing in its name or expression says; map it to say so"


def services(expr: str, labels: Mapping[str, str] | None = None, group: str = "") -> tuple[str, ...]:
    """Return the services an alert watches: its labels, else the matchers of its expression, else its group.

    Examples
    --------
    >>> services('up{job="api"} == 0'), services('up == 0', group="payments.rules")
    (('api',), ('payments',))
    """
    for key in _SERVICE_KEYS:
        value = str((labels or {}).get(key, ""))
        if value and "{{" not in value:
            return (value,)
    loose: list[str] = []
    for key in _SERVICE_KEYS:
        found = re.findall(rf"[{{,]\s*{key}\s*(=~?)\s*[\"'`]([^\"'`]*)[\"'`]", without_comments(expr))
        parts = [part for _, value in found for part in value.split("|")]
        names = [part for part in parts if re.fullmatch(r"[\w./:-]+", part)]
        if names:
            return tuple(dict.fromkeys(names))
        bare = (re.sub(r"^\^?\(?(\.[*+])?|(\.[*+])?\)?\$?$", "", part) for part in parts)
        loose += [name for name in bare if re.fullmatch(r"[\w./:-]*\w[\w./:-]*", name) and ".*" not in name]
    plain = re.sub(r"[.\-_ ]*(recording|alerting|alert|rule|slo)s?$", "", group, flags=_I).strip()
    if plain and plain.lower() not in _NO_SERVICE:
        return (plain,)
    # job=~".*thanos-query.*" names the service where nothing else does.
    return tuple(dict.fromkeys(loose))


def always_firing(name: str, expr: str, labels: Mapping[str, str] | None = None) -> bool:
    """Return whether an alert fires whatever happens, or only speaks about other alerts.

    Examples
    --------
    >>> always_firing("Watchdog", "vector(1)"), always_firing("TargetDown", "up == 0")
    (True, False)
    """
    bare = without_comments(expr)
    if re.fullmatch(
        r"\(?\s*(vector\s*\(\s*[0-9.]+\s*\)|[0-9.]+|time\s*\(\s*\))\s*(\)|[><=!]+\s*(bool)?\s*-?[0-9.]+\s*\)?)?", bare
    ):
        return True
    speaks_of_alerts = bool(re.match(r"[^{]*\bALERTS\b", masked(bare)))
    return (
        speaks_of_alerts
        or str((labels or {}).get("severity", "")).lower() == "none"
        or bool(re.fullmatch(r"(watch.?dog|dead.?man.?s?.?switch|heartbeat)", name, _I))
    )


def _spaced(name: str) -> str:
    """CamelCase and snake_case apart, so that a word can be found as a word."""
    return re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).replace("_", " ") + f" {name}"
