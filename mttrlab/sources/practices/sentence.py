"""An alert as people say it: `[P1] payment_error_rate > 5% for 5 minutes`."""

from __future__ import annotations

import re

from mttrlab.errors import LoadError
from mttrlab.schema import AlertRule, Condition
from mttrlab.sources.practices.labelling import failure_mode

_SENTENCE = re.compile(
    r"\s*(?:\[(?P<severity>[^\]]{1,20})\]\s*)?(?P<metric>[A-Za-z_][\w.:-]*(?:\s[A-Za-z_][\w.:-]*){0,3})\s*"
    r"(?P<sign>>=|<=|>|<)\s*(?P<value>[0-9]+(?:\.[0-9]+)?)\s*(?P<unit>%|ms|s)?"
    r"(?:\s+for\s+(?P<hold>[0-9]+(?:\.[0-9]+)?)\s*(?P<span>s|secs?|seconds?|m|mins?|minutes?|h|hours?))?\s*"
)
_SPANS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_MEASURE = re.compile(
    r"[_ ](error_rate|error rate|errors?|(p[0-9]{2}_?)?latency|latency|availability|up|duration)\b.*$"
)


def rule_from_sentence(text: str) -> AlertRule:
    """Return the alert rule that a sentence describes.

    Parameters
    ----------
    text : str
        Severity in brackets (optional), a measure, a comparison with %, ms or s, and `for …` (optional).

    Raises
    ------
    LoadError
        When it says something else.

    Examples
    --------
    >>> rule = rule_from_sentence("[P1] payment_error_rate > 5% for 5 minutes")
    >>> rule.service, rule.failure_mode, rule.threshold, rule.for_s, rule.severity
    ('payment', 'error_rate', 0.05, 300.0, 'P1')
    """
    found = _SENTENCE.fullmatch(text)
    if found is None:
        raise LoadError(f"{text[:80]!r} is no alert rule such as 'payment_error_rate > 5% for 5 minutes'")
    metric, unit = found["metric"], found["unit"]
    value = float(found["value"])
    threshold = value / 100 if unit == "%" else value / 1000 if unit == "ms" else value
    held = float(found["hold"]) * _SPANS[found["span"][0]] if found["hold"] else 0.0
    mode, why = failure_mode(metric.replace(" ", "_"), "")
    service = _MEASURE.sub("", metric) if _MEASURE.search(metric) else ""
    severity = found["severity"] or ""
    # The measure is taken as the latest sample: the sentence names no window.
    watched = ((Condition(0.0, threshold),),)
    return AlertRule(
        metric, service, mode, text.strip(), held, 0.0, threshold, severity=severity, conditions=watched, why=why
    )
