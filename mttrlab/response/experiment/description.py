"""The life of an incident as this model holds it: one row per part that is switched on, with minutes and levers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

from mttrlab.response.experiment.utilization import utilizations
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.incident_types import NAMED, longest, works
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.scenarios.applicability import has_effect, reason_without_effect
from mttrlab.response.scenarios.levers import (
    ARRIVAL,
    AUTOMATION,
    DETECTION,
    DIAGNOSIS,
    HAND_OVER,
    PAGING,
    VERIFICATION,
    WAITING,
    automated,
    change_caused,
    coverage,
    flagged,
)

_ROUNDS = ("verify_pass", "false_pass", "max_rounds")

ACTS_ON: dict[str, tuple[str, ...]] = {
    "arrive": tuple(ARRIVAL),
    "alert": tuple(name for name in DETECTION if name != "report_minutes"),
    "otherwise": ("alert_coverage", "report_minutes"),
    "automation": tuple(AUTOMATION),
    "page": tuple(PAGING),
    "people": tuple(name for name in WAITING if not name.startswith("noise")),
    "routing": tuple(HAND_OVER),
    "noise": ("noise_cut", "noise_factor"),
    "diagnose": tuple(DIAGNOSIS),
    **{path: (longest(path), works(path)) for path in NAMED},
    "flag": ("flagged", longest("flag"), works("flag")),
    "pipeline": ("lanes", "deployment_minutes"),
    "verify": tuple(name for name in VERIFICATION if name not in (*_ROUNDS, "reopen_wrong", "reopen_right")),
    "again": _ROUNDS,
    "reopen": ("reopen_wrong", "reopen_right"),
}
"""Part of the life → the levers that act on it; every lever stands somewhere."""

_GRID = (np.arange(400) + 0.5) / 400
_COLUMNS = ["part", "name", "share", "median", "p90", "words", "levers"]
_OFF = {
    "paging": "escalation",
    "routing": "wrong team first",
    "noise": "noise pages",
    "pipeline": "deployment queue",
    "verification": "health by samples",
    "reopening": "reopening",
    "bursts": "bursts",
    "deployments": "incidents that follow deployments",
}

Row = tuple[str, str, float, float, float, str]


def describe_model(model: ResponseModel) -> pd.DataFrame:
    """Return the parts of an incident's life that this model holds, in the order of the life.

    Parameters
    ----------
    model : ResponseModel

    Returns
    -------
    DataFrame
        `part` (arrive, alert, otherwise, automation, page, people, routing, noise, diagnose, otherwise_diagnose, path,
        pipeline, verify, again, reopen, off); `name` (of a fix path); `share` of the incidents that go this way;
        `median` and `p90` minutes over all types, without waiting; `words`; `levers` that this model can move there.

    Examples
    --------
    >>> from mttrlab.response import IncidentType, Distribution, ResponseModel
    >>> parts = describe_model(ResponseModel((IncidentType("any", 0.5, diagnose=Distribution("constant", 30.0)),)))
    >>> parts.set_index("part").loc["diagnose", "median"]
    np.float64(30.0)
    """
    rows = [*_beginning(model), *_people(model), *_work(model), *_end(model)]
    rows.append(("off", "", np.nan, np.nan, np.nan, ", ".join(_switched_off(model))))
    table = pd.DataFrame(rows, columns=_COLUMNS[:-1])
    table["levers"] = [", ".join(_levers(model, part, name)) for part, name in table[["part", "name"]].to_numpy()]
    return table.astype({"part": "str", "name": "str", "words": "str", "levers": "str"})


def _levers(model: ResponseModel, part: str, name: str) -> list[str]:
    here = ACTS_ON.get(name if part == "path" else part, ())
    return [lever for lever in here if has_effect(model, lever)]


def _beginning(model: ResponseModel) -> list[Row]:
    stops = f", {model.prevention:.0%} prevented" if model.prevention else ""
    if model.changes_prevented:
        stops += f", {model.changes_prevented:.0%} of those that a change caused prevented"
    brings = f"; {model.bursts.share:.0%} bring {model.bursts.mean:g} others" if model.bursts else ""
    arrive = f"{model.per_day * 365:,.0f} a year, {_types(len(model.types))}{stops}{brings}"
    if model.deployments:
        arrive += f"; {change_caused(model):.0%} follow one of {model.deployments.per_day:.3g} deployments a day"
    rows: list[Row] = [("arrive", "", 1.0, np.nan, np.nan, arrive)]
    seen = coverage(model)
    kinds = [(kind, weight) for kind, weight in zip(model.types, model.weights, strict=True) if kind.detect]
    if any(kind.alert for kind, _ in kinds):
        laws = [(kind.alert or kind.detect, w * kind.alert_coverage) for kind, w in kinds]
        rows.append(("alert", "", seen, *_quantiles(laws, model.alert_latency), "an alert sees it"))
        laws = [(kind.detect, w * (1 - kind.alert_coverage)) for kind, w in kinds]
        rows.append(("otherwise", "", 1 - seen, *_quantiles(laws), "a person notices"))
    elif kinds:
        laws = [(kind.detect, w) for kind, w in kinds]
        rows.append(("alert", "", 1.0, *_quantiles(laws, model.alert_latency), "detection"))
    rules = automated(model)
    if rules or not reason_without_effect(model, "automation", 1.0):
        words = (
            f"remediation rule: up to {model.automation_attempts} attempts of at most "
            f"{model.automation_timeout:.3g} min, each works {model.automation_success:.0%}"
        )
        rows.append(("automation", "", rules, *_quantiles([(model.automation_run, 1.0)]), words))
    return rows


def _types(n: int) -> str:
    return f"{n} types" if n > 1 else "one type"


def _people(model: ResponseModel) -> list[Row]:
    rows: list[Row] = []
    paging = model.paging
    laws: Sequence[tuple[Distribution | None, float]]
    laws = [(paging.levels[0], 1.0)] if paging and paging.levels else _weighted(model, lambda k: k.acknowledge)
    if paging:
        words = f"page in {paging.delivery:g} min, escalates after {paging.timeout:g} min ({paging.calls} calls)"
        words += f", + {paging.startup:g} min at night" if paging.startup else ""
        rows.append(("page", "", np.nan, *_quantiles(laws, add=paging.delivery), words))
    elif any(law for law, _ in laws):
        rows.append(("page", "", np.nan, *_quantiles(laws), "acknowledged"))
    busy = [
        _busy(*pool, of_model=model.responders is not None) for pool in utilizations(model) if "lane" not in pool[0]
    ]
    busy += [f"{pool.name}: {pool.mean_people:.3g} {_heads(pool.mean_people)}, room for {pool.queue_limit} to wait"
             for pool in model.pools if pool.queue_limit is not None]  # fmt: skip
    rows.append(("people", "", np.nan, np.nan, np.nan, "; ".join(busy) or "nobody ever waits for a person"))
    if model.routing:
        words = f"wrong team first, + {model.routing.transfer:g} min"
        rows.append(("routing", "", model.routing.wrong, *_quantiles([(model.routing.notice, 1.0)]), words))
    if model.noise:
        left = model.noise.per_day * (1 - model.noise_cut)
        words = f"{left:.3g} noise pages a day"
        rows.append(("noise", "", np.nan, *_quantiles([(model.noise.work, 1.0)]), words))
    return rows


def _busy(name: str, people: float, work: float, *, of_model: bool) -> str:
    share = f"{work / people:.0%} busy"
    if of_model:
        return f"{people:g} responder{'s' if people != 1 else ''}, {share}"
    return f"{name.removesuffix('(s)')}: {people:.3g} {_heads(people)}, {share}"


def _heads(people: float) -> str:
    return "person" if people == 1 else "people"


def _work(model: ResponseModel) -> list[Row]:
    rows: list[Row] = []
    tries = [(kind.hypotheses.minutes, w) for kind, w in _shares(model) if kind.hypotheses]
    others = [(kind.diagnose, w) for kind, w in _shares(model) if kind.diagnose and not kind.hypotheses]
    both = f" ({sum(w for _, w in tries):.0%})" if others else ""
    if tries:
        words = f"a hypothesis{both}, in all {_mean_diagnosis(model):.0f} min on average"
        rows.append(("diagnose", "", np.nan, *_quantiles(tries, factor=model.diagnosis_factor), words))
    if others:
        part, words = ("otherwise_diagnose", "the others' diagnosis") if tries else ("diagnose", "diagnosis")
        rows.append((part, "", np.nan, *_quantiles(others, factor=model.diagnosis_factor), words))
    rows += _paths(model)
    if model.pipeline:
        lanes, length = model.pipeline.lanes, model.pipeline.minutes
        words = f"{', '.join(model.pipeline.paths)} wait for {lanes} deployment {'lane' if lanes == 1 else 'lanes'}"
        rows.append(("pipeline", "", np.nan, *_quantiles([(length, 1.0)]), words))
    return rows


def _mean_diagnosis(model: ResponseModel) -> float:
    means: list[tuple[float, float]] = [(kind.hypotheses.mean, w) for kind, w in _shares(model) if kind.hypotheses]
    return sum(mean * w for mean, w in means) / sum(w for _, w in means) * model.diagnosis_factor


def _paths(model: ResponseModel) -> list[Row]:
    """Return one row per fix path, the most frequent first."""
    parts: dict[str, list[tuple[Distribution, float]]] = {}
    for kind, weight in _shares(model):
        by_flag = sum(p.share_changed for p in kind.paths if p.name == "flag")
        more = kind.change_caused * (1 - by_flag) * model.more_flags if kind.paths else 0.0
        for path in kind.paths:
            changed = path.share_changed * (1.0 if path.name == "flag" else 1 - model.more_flags)
            share = weight * ((1 - kind.change_caused) * path.share + kind.change_caused * changed)
            parts.setdefault(path.name, []).append((path.law, share))
        if more:
            parts.setdefault("flag", []).append((model.flag, weight * more))
    if "flag" not in parts and not reason_without_effect(model, "flagged", 1.0) and flagged(model) < 1:
        parts["flag"] = [(model.flag, 0.0)]
    total = {name: sum(share for _, share in laws) for name, laws in parts.items()}
    caps = {"rollback": model.rollback_minutes}
    return [
        ("path", name, total[name], *_quantiles(parts[name], caps.get(name, np.inf)), name.replace("_", " "))
        for name in sorted(parts, key=lambda name: -total[name])
    ]


def _end(model: ResponseModel) -> list[Row]:
    rows: list[Row] = []
    sampled, back = model.verification, model.reopening
    if sampled:
        row = f"{sampled.in_a_row} healthy in a row" if sampled.in_a_row > 1 else "one healthy sample"
        words = f"a sample every {sampled.every_s:g} s, {row}"
        rows.append(("verify", "", np.nan, sampled.mean_minutes, np.nan, words))
    elif any(kind.verify for kind in model.types):
        laws = _weighted(model, lambda k: k.verify)
        rows.append(("verify", "", np.nan, *_quantiles(laws, model.verification_window), "confirmed healthy"))
    if model.verify_pass < 1 or not reason_without_effect(model, "verify_pass", 1.0):
        words = f"a fix does not hold: diagnosis again, {model.max_rounds} rounds at most"
        rows.append(("again", "", 1 - model.verify_pass, np.nan, np.nan, words))
    if back:
        words = f"comes back ({back.wrong:.0%} where the fix was wrong)"
        rows.append(("reopen", "", back.right, *_quantiles([(back.after, 1.0)]), words))
    return rows


def _switched_off(model: ResponseModel) -> Iterable[str]:
    yield from (words for element, words in _OFF.items() if getattr(model, element) is None)
    if not model.people:
        yield "waiting for a person"
    if not automated(model):
        yield "remediation rules"


def _shares(model: ResponseModel) -> list[tuple]:
    return list(zip(model.types, model.weights, strict=True))


def _weighted(model: ResponseModel, of: Callable) -> list[tuple[Distribution | None, float]]:
    return [(of(kind), weight) for kind, weight in _shares(model)]


def _quantiles(
    laws: Iterable[tuple[Distribution | None, float]], cap: float = np.inf, *, factor: float = 1.0, add: float = 0.0
) -> tuple[float, float]:
    """Return median and 90 % quantile of a mixture of laws, capped."""
    known = [(law, weight) for law, weight in laws if law is not None]
    if not known:
        return np.nan, np.nan
    values = np.concatenate([np.minimum(law.quantile(_GRID) * factor, cap) + add for law, _ in known])
    weights = np.repeat([max(weight, 1e-12) for _, weight in known], len(_GRID))
    order = np.argsort(values)
    reached = np.cumsum(weights[order]) / weights.sum()
    return tuple(float(values[order][np.searchsorted(reached, q)]) for q in (0.5, 0.9))  # type: ignore[return-value]
