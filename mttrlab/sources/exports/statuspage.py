"""Statuspage: public posts stand in for the true times. Version 2 of the API, and histories of one object a line."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from mttrlab.errors import LoadError
from mttrlab.sources.exports.reading import Documents, JsonObject
from mttrlab.sources.exports.records import (
    Draft,
    RecordError,
    Refusals,
    Report,
    TimestampReader,
    id_of,
    name_list,
    object_of,
    objects,
    read_records,
    text_field,
)

_MAINTENANCE = {"scheduled", "in progress", "verifying", "completed"}


_ENDED = {"resolved", "completed", "postmortem"}


_ACTIVE = {"investigating", "identified", "monitoring", "in progress", "verifying"}


_SIGHTS = ("_last_seen_commit", "last_seen_at")
"""When a collector of snapshots saw the record last."""


_END_ALONE = '[["detected_at","verified_at"]]'


class PublicUpdate(NamedTuple):
    """One public update."""

    at: int
    status: str


class Course(NamedTuple):
    """What the posts of an incident say about its milestones; None where no post says it."""

    detected: int | None
    diagnosed: int | None
    resolved: int | None
    verified: int | None
    first_resolved: int | None
    reopened: bool


def read_statuspage(documents: Documents, clock: TimestampReader) -> tuple[Draft, Refusals, list[str]]:
    """Return the reports of a Statuspage export, what is refused, and warnings (none).

    Detected is the first post (suspect where that tells of the end), diagnosed the first "identified", resolved the
    first "monitoring", verified the first "resolved": all of origin proxy. The impact window that a history takes from
    a postmortem gives the true start and end. The vendor's `started_at` is the time of the first post again and never
    the start of the impact.
    """
    page_seen = None
    page = documents.envelope.get("page")
    if isinstance(page, dict):
        try:
            page_seen = clock.read(page, "updated_at", 0)
        except RecordError as refusal:
            raise LoadError(
                f"{documents.name}: page.updated_at {refusal.value!r} {refusal.reason}; correct it or pass as_of="
            ) from None
    draft, faults = read_records(documents, lambda record, row: _report(record, row, clock, page_seen))
    return draft, faults, []


def _report(record: JsonObject, row: int, clock: TimestampReader, page_seen: int | None) -> Report:
    history = "updates" in record and "incident_updates" not in record
    posts = _posts(record, row, clock, history)
    status = (text_field(record, "status") or (posts[-1].status if posts else "")).lower().replace("_", " ")
    fields = {
        name: clock.read(record, name, row)
        for name in ("created_at", "started_at", "monitoring_at", "resolved_at", "updated_at", "scheduled_for")
    }
    statuses = {post.status for post in posts}
    course = follow(posts)
    detected, resolved, verified = course.detected, course.resolved, course.verified
    if detected is None:
        detected = fields["started_at"] if history else fields["created_at"]
    if resolved is None and not course.reopened:
        resolved = fields["monitoring_at"]
    if verified is None and (history or status in _ENDED):
        verified = None if course.reopened and history else fields["resolved_at"]
    closed = verified is not None or (status in _ENDED and not history)
    window = object_of(record, "impact_window")
    began, ended = (clock.read(window, name, row) for name in ("start_at", "end_at"))
    impact = text_field(record, "impact")
    planned = impact == "maintenance" or fields["scheduled_for"] is not None or bool(statuses & _MAINTENANCE)
    services = _services(record)
    report: Report = {
        "source_id": _page_code(record) if history else id_of(record),
        "title": text_field(record, "name") or text_field(record, "title"),
        "url": text_field(record, "url") or text_field(record, "shortlink"),
        "severity": None if impact == "maintenance" else impact,
        "service": services[0] if len(services) == 1 else None,
        "services": name_list(services),
        "status": "closed" if closed else "open",
        "population": "maintenance" if planned or status in _MAINTENANCE else "counted",
        "reopened": course.reopened if posts else None,
        "first_resolved_at": course.first_resolved,
        "updated_at": fields["updated_at"],
        "started_at": began,
        "detected_at": detected,
        "diagnosed_at": course.diagnosed,
        "resolved_at": resolved if ended is None else ended,
        "verified_at": verified,
        "copies": _END_ALONE if _told_at_its_end(posts, detected, verified) else None,
        "detected_at_origin": "proxy",
        "diagnosed_at_origin": "proxy",
        "verified_at_origin": "proxy",
        "resolved_at_origin": "proxy" if ended is None else "export",
        "seen": max((post.at for post in posts), default=None),
    }
    sights = [sight for name in _SIGHTS if (sight := clock.read(record, name, row)) is not None]
    report["exported_at"] = page_seen if page_seen is not None else max(sights, default=None)
    return report


def _told_at_its_end(posts: list[PublicUpdate], detected: int | None, verified: int | None) -> bool:
    """Return whether the page was silent until it was over: then its first word is the end, and no detection."""
    if posts:
        return posts[0].status in _ENDED
    return detected is not None and verified is not None and abs(verified - detected) <= 1_000_000


def follow(posts: list[PublicUpdate]) -> Course:
    """Return the milestones of posts in order of time; after a reopening, those of the last course count.

    Examples
    --------
    >>> follow([PublicUpdate(0, "investigating"), PublicUpdate(5, "monitoring"), PublicUpdate(9, "resolved")])[:4]
    (0, None, 5, 9)
    >>> said = [(0, "investigating"), (4, "resolved"), (6, "investigating"), (9, "resolved")]
    >>> again = [PublicUpdate(*update) for update in said]
    >>> follow(again).verified, follow(again).first_resolved, follow(again).reopened
    (9, 4, True)
    """
    diagnosed = resolved = verified = first = None
    reopened = False
    for at, status in posts:
        if verified is not None and status in _ACTIVE:
            first = first if first is not None else resolved if resolved is not None else verified
            resolved = verified = None
            reopened = True
        if status == "identified" and diagnosed is None:
            diagnosed = at
        elif status in ("monitoring", "verifying") and resolved is None:
            resolved = at
        elif status in ("resolved", "completed") and verified is None:
            verified = at
    return Course(posts[0].at if posts else None, diagnosed, resolved, verified, first, reopened)


def _posts(record: JsonObject, row: int, clock: TimestampReader, history: bool) -> list[PublicUpdate]:
    posts = []
    for update in objects(record, "updates" if history else "incident_updates"):
        # What the page shows and the vendor lets people back-date; the moment of typing is only a fallback.
        at = clock.read(update, "at", row) if history else clock.read(update, "display_at", row)
        if at is None and not history:
            at = clock.read(update, "created_at", row)
        if at is None:
            if clock.zoneless:
                continue
            raise RecordError("updates" if history else "incident_updates", "", "has a post without a time")
        posts.append(PublicUpdate(at, (text_field(update, "status") or "").lower().replace("_", " ")))
    # Histories begin with the oldest post, the vendor's list with the newest: of equal times the older comes first.
    return sorted(posts if history else posts[::-1], key=lambda post: post.at)


def _services(record: JsonObject) -> list[str]:
    values = record.get("components")
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return list(dict.fromkeys(values))
    names = [text_field(part, "name") for part in objects(record, "components") if not part.get("group")]
    for update in objects(record, "incident_updates"):
        names += [text_field(part, "name") for part in objects(update, "affected_components")]
    return list(dict.fromkeys(name for name in names if name))


def _page_code(record: JsonObject) -> str:
    """Return the public id at the end of the page's address: the same that the API calls `id`."""
    try:
        code = urlsplit(text_field(record, "url") or "").path.rstrip("/").rsplit("/", 1)[-1]
    except ValueError:
        code = ""
    return code or id_of(record)
