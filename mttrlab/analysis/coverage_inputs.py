"""Services and alerts in whatever form people have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from mttrlab.errors import QuestionError, SchemaError
from mttrlab.schema import FAILURE_MODES, UNKNOWN, AlertRule, Practices, SyntheticMonitor

_SETTINGS = ("for_s", "window_s", "threshold", "scrape_s", "eval_s", "group_wait_s")


def alerts_of(alerts: Practices | pd.DataFrame | Iterable[Any]) -> list[Any]:
    """Return the alerts in whatever form they came.

    Raises
    ------
    QuestionError, SchemaError
        For things that are no alerts, and tables without the columns.
    """
    if isinstance(alerts, Practices):
        return list(alerts.paging())
    if isinstance(alerts, pd.DataFrame):
        return _from_table(alerts)
    found: list[Any] = []
    for one in alerts:
        if isinstance(one, Practices):
            found += one.paging()
        elif hasattr(one, "targets"):
            found.append(one)
        else:
            raise QuestionError(f"an alert must have targets and type, or be an AlertRule; got {type(one).__name__}")
    return found


def unheard_of(alerts: Any) -> list[AlertRule]:
    """Return the alerts that an alert manager sends to nobody."""
    if isinstance(alerts, Practices):
        return list(alerts.unheard())
    if isinstance(alerts, pd.DataFrame):
        return []
    return [rule for one in alerts if isinstance(one, Practices) for rule in one.unheard()]


@dataclass(frozen=True)
class PlainAlert:
    """An alert of which only name, target and kind are known."""

    name: str
    targets: tuple[str, ...]
    type: str
    why: str = ""


def _from_table(table: pd.DataFrame) -> list[AlertRule | PlainAlert]:
    if not table.columns.is_unique:
        raise SchemaError("the table of alerts has a column twice; keep one")
    missing = [name for name in ("service", "failure_mode") if name not in table]
    if missing:
        raise SchemaError(f"the table of alerts lacks {', '.join(missing)}; name the service and failure mode of each")
    return [_from_row(row, n) for n, row in enumerate(table.to_dict("records"), start=1)]


def _from_row(row: dict[Any, Any], n: int) -> AlertRule | PlainAlert:
    said = str(row["failure_mode"]).strip()
    mode, why = (said, "") if said in FAILURE_MODES else (UNKNOWN, f"the table says {said[:40]!r}")
    name, service = str(row.get("name", f"alert {n}")), str(row["service"])
    settings: dict[str, Any] = {}
    for column in _SETTINGS:
        if column in row and not pd.isna(row[column]):
            try:
                settings[column] = float(row[column])
            except (TypeError, ValueError):
                raise SchemaError(
                    f"{column} of {name!r} in the table of alerts is no number: {row[column]!r}"
                ) from None
    if not settings:
        return PlainAlert(name, (service,), mode, why)
    return AlertRule(name, service, mode, why=why, **settings)


def service_name(service: Any) -> str:
    """Return the name of a service: itself, or what it has."""
    name = service if isinstance(service, str) else getattr(service, "name", None)
    if not isinstance(name, str):
        raise QuestionError(f"a service must be a name, or have one; got {type(service).__name__}")
    return name


def watches(alert: Any, service: str) -> bool:
    """Return whether an alert watches a service."""
    targets = alert.targets
    return targets == service if isinstance(targets, str) else service in targets


def modes_of(alert: Any) -> tuple[str, ...]:
    """Return the failure modes an alert watches; none where unknown."""
    if isinstance(alert, AlertRule | SyntheticMonitor):
        return alert.failure_modes
    return (alert.type,) if getattr(alert, "type", None) in FAILURE_MODES else ()


def name_of(alert: Any) -> str:
    """Return the name of an alert."""
    return str(getattr(alert, "name", "") or "an alert")


def can_page(alert: Any) -> bool:
    """Return whether an alert can page; what does not say can."""
    return bool(getattr(alert, "pages", True))
