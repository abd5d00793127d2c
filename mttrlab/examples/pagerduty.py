"""PagerDuty's REST incidents with their log entries, one incident a line inside the envelope."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mttrlab.examples.laws import Luck
from mttrlab.examples.tracker import stamp

_IDS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PEOPLE = ("Mira Okafor", "Jonas Lindqvist", "Ana Belmonte", "Tomasz Reyes", "Priya Castellan", "Wen Halvorsen")
"""Made-up names: they are there because real exports have them, and the lab must not keep them."""


@dataclass(frozen=True)
class Page:
    """What PagerDuty holds of one page. Times are whole seconds since 1970 UTC."""

    luck: Luck
    title: str
    service: str
    created_at: int
    acknowledged_at: int | None
    resolved_at: int | None
    priority: str | None = None
    automatic: bool = False
    """Whether a machine resolved it."""
    merged: bool = False
    """Whether it was merged into another one."""

    @property
    def id(self) -> str:
        """PagerDuty's id."""
        return "Q" + self.luck.token("pagerduty id", 13, _IDS)


def _reference(luck: Luck, kind: str, name: str) -> dict[str, str]:
    return {"id": "P" + luck.of(kind, name).token("id", 6, _IDS), "type": f"{kind}_reference", "summary": name}


def _log(page: Page) -> list[dict[str, Any]]:
    """Entries, newest first as PagerDuty gives them."""
    person = _reference(Luck(("people",)), "user", page.luck.one("responder", _PEOPLE))
    service = _reference(Luck(("services",)), "service", page.service)
    happened: list[tuple[int, str, str, dict[str, str]]] = [
        (page.created_at, "trigger", "api", service),
        (page.created_at + 1, "notify", "auto", service),
    ]
    if page.acknowledged_at is not None:
        if page.acknowledged_at - page.created_at > 600:
            happened.append((page.created_at + 600, "escalate", "timeout", service))
        happened.append((page.acknowledged_at, "acknowledge", "website", person))
    if page.resolved_at is not None:
        happened.append((page.resolved_at, "resolve", "auto" if page.automatic else "website",
                         service if page.automatic else person))  # fmt: skip
    return [
        {
            "id": "R" + page.luck.token(f"{kind} entry", 25, _IDS),
            "type": f"{kind}_log_entry",
            "created_at": stamp(at),
            "agent": agent,
            "channel": {"type": channel},
        }
        for at, kind, channel, agent in reversed(happened)
    ]


def record(page: Page, number: int, account: str, merged_into: str | None = None) -> dict[str, Any]:
    """Return one incident as `GET /incidents` gives it, its log entries inside."""
    ended, begun = page.resolved_at is not None, page.acknowledged_at is not None
    last = page.resolved_at or page.acknowledged_at or page.created_at
    fields: dict[str, Any] = {
        "id": page.id,
        "type": "incident",
        "incident_number": number,
        "title": page.title,
        "status": "resolved" if ended else "acknowledged" if begun else "triggered",
        "urgency": "high" if page.priority or page.luck.u("urgency") < 0.5 else "low",
        "priority": page.priority and _reference(Luck((account,)), "priority", page.priority),
        "service": _reference(Luck(("services",)), "service", page.service),
        "created_at": stamp(page.created_at),
        "updated_at": stamp(last),
        "last_status_change_at": stamp(last),
        "resolved_at": stamp(page.resolved_at) or None,
        # PagerDuty empties this list when an incident is resolved.
        "acknowledgements": [{"at": stamp(page.acknowledged_at)}] if begun and not ended else [],
        "html_url": f"https://{account}.example.com/incidents/{page.id}",
    }
    if page.merged and merged_into:
        fields["resolve_reason"] = {
            "type": "merge_resolve_reason",
            "incident": {"id": merged_into, "type": "incident_reference"},
        }
    return fields | {"log_entries": _log(page)}


def envelope(records: Sequence[dict[str, Any]]) -> bytes:
    """Return the file: every page of the API's answer put together."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in records)
    head = json.dumps({"limit": 100, "offset": 0, "more": False, "total": len(records)}, separators=(",", ":"))
    return f'{head[:-1]},"incidents":[\n{lines}\n]}}\n'.encode()
