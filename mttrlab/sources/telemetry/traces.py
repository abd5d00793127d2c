"""OTLP JSON traces → spans: one document, or one a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypedDict

from mttrlab.sources.exports.reading import Opened, decode
from mttrlab.sources.telemetry.reading import Collector, JunkError, Telemetry, json_documents, word_of

_KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_TARGETS = ("peer.service", "db.system", "db.system.name", "messaging.system", "rpc.service")
_HEX = re.compile(r"[0-9a-fA-F]+|[A-Za-z0-9+/=]+")
_LATEST = 2**63 - 1


class SpanRow(TypedDict):
    """A span on its way to the table."""

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str | None
    name: str
    kind: str | None
    target: str | None
    start_ns: int
    end_ns: int
    failed: bool


def read_otlp(opened: Opened, timezone: str | None) -> Telemetry:
    """Return the spans of OTLP JSON; attributes other than the service and what was called are not kept."""
    into = Collector(opened, timezone)
    known: dict[tuple[str, str], SpanRow] = {}
    attributes = 0
    for row, document in json_documents(decode(opened.content, opened.name), opened.name):
        if isinstance(document, JunkError):
            into.records += 1
            into.refuse(row, "", "", str(document))
            continue
        for service, span in _spans(document, row, into):
            into.records += 1
            made = _made(service, span, row, into)
            if made is None:
                continue
            attributes += isinstance(span.get("attributes"), list) and bool(span["attributes"])
            key = (made["trace_id"], made["span_id"])
            if key not in known:
                known[key] = made
                into.made.append(made)
            elif known[key] == made:
                into.duplicates += 1
            else:
                into.refuse(row, "spanId", made["span_id"], "another span of this trace has the same id")
    orphans = sum(1 for (trace, _), one in known.items() if one["parent_id"] and (trace, one["parent_id"]) not in known)
    if orphans:
        into.notes.append(f"{orphans:,} spans have a parent that is not in the file; they stand as roots")
    early = sum(
        1 for (trace, _), one in known.items()
        if (parent := known.get((trace, one["parent_id"] or ""))) is not None and one["start_ns"] < parent["start_ns"]
    )  # fmt: skip
    if early:
        into.notes.append(f"{early:,} spans begin before their parent: the clocks of two machines differ")
    if attributes:
        into.notes.append(f"attributes of {attributes:,} spans are not kept, save the service and what was called")
    return into.result("spans", "otlp")


def _spans(document: object, row: int, into: Collector) -> Iterator[tuple[str | None, Mapping[str, object]]]:
    resources = document.get("resourceSpans") if isinstance(document, Mapping) else None
    if not isinstance(resources, list):
        into.records += 1
        into.refuse(row, "resourceSpans", "", "is no list: the document holds no spans")
        return
    for resource in resources:
        if not isinstance(resource, Mapping):
            into.records += 1
            into.refuse(row, "resourceSpans", resource, "is no object")
            continue
        about = resource.get("resource")
        service = _attribute(about, ("service.name",)) if isinstance(about, Mapping) else None
        scopes = resource.get("scopeSpans") or resource.get("instrumentationLibrarySpans") or []
        for scope in scopes if isinstance(scopes, list) else []:
            spans = scope.get("spans") if isinstance(scope, Mapping) else None
            for span in spans if isinstance(spans, list) else []:
                if isinstance(span, Mapping):
                    yield service, span
                else:
                    into.records += 1
                    into.refuse(row, "spans", span, "is no object")


def _made(service: str | None, span: Mapping[str, object], row: int, into: Collector) -> SpanRow | None:
    trace, own = _id(span.get("traceId")), _id(span.get("spanId"))
    if trace is None or own is None:
        into.refuse(row, "traceId" if trace is None else "spanId", "", "is empty or no id")
        return None
    start, end = _nanos(span.get("startTimeUnixNano")), _nanos(span.get("endTimeUnixNano"))
    if start is None or end is None:
        name = "startTimeUnixNano" if start is None else "endTimeUnixNano"
        into.refuse(row, name, span.get(name), "is no count of nanoseconds since 1970")
        return None
    if end < start:
        into.refuse(row, "endTimeUnixNano", span.get("endTimeUnixNano"), "is before its start")
        return None
    status = span.get("status")
    code = status.get("code") if isinstance(status, Mapping) else None
    kind = span.get("kind")
    kind = _KINDS.get(kind) if isinstance(kind, int) else str(kind or "").removeprefix("SPAN_KIND_").lower()
    parent = _id(span.get("parentSpanId"))
    return {
        "trace_id": trace,
        "span_id": own,
        "parent_id": None if parent == own else parent,
        "service": service,
        "name": (word_of(span.get("name")) or "(no name)")[:200],
        "kind": kind if kind in _KINDS.values() else None,
        "target": _attribute(span, _TARGETS),
        "start_ns": start,
        "end_ns": end,
        "failed": code in (2, "2", "STATUS_CODE_ERROR"),
    }


def _id(value: object) -> str | None:
    word = word_of(value)
    if word is None or not _HEX.fullmatch(word) or not word.strip("0"):
        return None
    return word.lower() if re.fullmatch(r"[0-9a-fA-F]+", word) else word


def _nanos(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    word = str(value).strip() if isinstance(value, str | int) else ""
    if not (word.isascii() and word.isdigit() and len(word) < 20):
        return None
    found = int(word)
    return found if 10**17 <= found <= _LATEST else None


def _attribute(owner: Mapping[str, object], names: tuple[str, ...]) -> str | None:
    listed = owner.get("attributes")
    told: dict[str, str | None] = {}
    for one in listed if isinstance(listed, list) else []:
        if isinstance(one, Mapping) and one.get("key") in names and isinstance(one.get("value"), Mapping):
            told[str(one["key"])] = word_of(one["value"].get("stringValue"))
    return next((told[name] for name in names if told.get(name)), None)
