"""Exports in vendors' shapes, written by the test that loads them."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest


class Exports:
    """Writes small exports into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def table(self, name: str, rows: list[dict[str, Any]]) -> Path:
        """A canonical CSV; times are given without a zone and written as UTC."""
        path = self.folder / name
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with path.open("w", newline="", encoding="utf-8") as opened:
            writer = csv.DictWriter(opened, columns)
            writer.writeheader()
            writer.writerows({c: f"{v}Z" if c.endswith("_at") and v else v for c, v in row.items()} for row in rows)
        return path

    def pager(self, name: str, pages: list[dict[str, Any]]) -> Path:
        """PagerDuty's REST answer: id, at, and optionally end, service, priority, title, changed."""
        made = []
        for page in pages:
            end = page.get("end")
            log = [{"type": "trigger_log_entry", "created_at": f"{page['at']}Z", "channel": {"type": "api"}}]
            if end:
                log.append({"type": "resolve_log_entry", "created_at": f"{end}Z", "channel": {"type": "website"}})
            priority = page.get("priority")
            made.append(
                {
                    "id": page["id"],
                    "incident_number": 1,
                    "title": page.get("title", "Alert"),
                    "status": "resolved" if end else "triggered",
                    "urgency": "high",
                    "created_at": f"{page['at']}Z",
                    "last_status_change_at": f"{page.get('changed') or end or page['at']}Z",
                    "service": {"summary": page.get("service", "checkout")},
                    "priority": {"summary": priority} if priority else None,
                    "log_entries": log,
                }
            )
        path = self.folder / name
        path.write_text(json.dumps({"incidents": made, "more": False}), encoding="utf-8")
        return path

    def posts(self, name: str, posts: list[dict[str, Any]], seen: str = "2026-06-30T00:00:00") -> Path:
        """Statuspage's v2 answer: id, at, and optionally services, identified, monitoring, resolved, title."""
        made = []
        for post in posts:
            updates = [
                {"status": status, "display_at": f"{at}Z", "created_at": f"{at}Z", "body": ""}
                for status, at in (
                    ("investigating", post["at"]),
                    *((s, post.get(s)) for s in ("identified", "monitoring", "resolved")),
                )
                if at
            ]
            made.append(
                {
                    "id": post["id"],
                    "name": post.get("title", "Trouble"),
                    "status": updates[-1]["status"],
                    "impact": "major",
                    "created_at": f"{post['at']}Z",
                    "updated_at": updates[-1]["display_at"],
                    "components": [{"name": service} for service in post.get("services", ["checkout"])],
                    "incident_updates": updates[::-1],
                }
            )
        path = self.folder / name
        path.write_text(
            json.dumps({"page": {"id": "p", "updated_at": f"{seen}Z"}, "incidents": made}), encoding="utf-8"
        )
        return path


@pytest.fixture
def exports(tmp_path: Path) -> Exports:
    """A folder to write exports into."""
    folder = tmp_path / "exports"
    folder.mkdir()
    return Exports(folder)


@pytest.fixture(autouse=True)
def pseudonym_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A key of this test's own, so that none of the user's is made or read."""
    path = tmp_path / "keys" / "pseudonym.key"
    monkeypatch.setenv("MTTRLAB_KEY", str(path))
    return path
