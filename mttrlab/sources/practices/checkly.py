"""Checkly checks as code (TypeScript, Terraform): what stands there as plain values, without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mttrlab.schema import MonitorStep, Practices, SyntheticMonitor
from mttrlab.sources.practices.reading import without_secrets

_CHECK = re.compile(
    r"new\s+(?P<kind>ApiCheck|BrowserCheck|MultiStepCheck|PlaywrightCheck|UrlMonitor|TcpMonitor|TcpCheck|DnsMonitor|"
    r"HeartbeatMonitor|HeartbeatCheck)\s*\(\s*(['\"`])(?P<id>[^'\"`]*)\2\s*,\s*"
)
_RESOURCE = re.compile(
    r"resource\s+\"(?P<kind>checkly_(?:check|tcp_check|url_monitor|tcp_monitor))\"\s+\"(?P<id>[^\"]*)\"\s*"
)
_PLAIN = r"(?P<value>-?[0-9][0-9_]*(?:\.[0-9]+)?|true|false|'[^'\n]*'|\"[^\"\n]*\"|`[^`$]*`)\s*(?=[,}\n\r]|$|//|#)"
_STEPS = {"SECOND": 1.0, "S": 1.0, "M": 60.0, "H": 3600.0}


def typescript(text: str, file: str) -> Practices:
    """Return the checks that a TypeScript or JavaScript file declares."""
    code = _without_comments(text)
    return _together([_check(*found, ":", file) for found in _blocks(code, _CHECK)], file)


def terraform(text: str, file: str) -> Practices:
    """Return the checks that a Terraform file declares."""
    code = _without_comments(text, hashes=True)
    return _together([_check(*found, "=", file) for found in _blocks(code, _RESOURCE)], file)


def _together(read: list[tuple[SyntheticMonitor | None, tuple[str, ...]]], file: str) -> Practices:
    found = tuple(monitor for monitor, _ in read if monitor is not None)
    notes = tuple(note for _, several in read for note in several)
    if not read:
        notes = (f"{file}: no check with a literal id was found; nothing is executed to find more",)
    return Practices(monitors=found, notes=notes)


def _blocks(code: str, opening: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    for match in opening.finditer(code):
        if code[match.end() : match.end() + 1] == "{":
            yield match["kind"], match["id"], _braced(code, match.end())


def _check(kind: str, name: str, body: str, sign: str, file: str) -> tuple[SyntheticMonitor | None, tuple[str, ...]]:
    top = _flat(body)
    notes: list[str] = []

    def says(key: str, inside: str = top) -> str:
        found = re.search(rf"\b{key}\s*{sign}\s*{_PLAIN}", inside)
        return found["value"].strip("'\"`") if found else ""

    if "eartbeat" in kind:
        return None, (f"{file}: {name} is a heartbeat: it waits for a signal and probes nothing; left out",)
    if says("activated") == "false" or says("muted") == "true":
        return None, (f"{file}: {name} is switched off or muted; left out",)
    every = _number(top, sign, "frequency", usual=0.0)
    if every == 0:
        named = re.search(rf"\bfrequency\s*{sign}\s*Frequency\.EVERY_([0-9]+)(SECONDS?|S|M|H)", top)
        every = float(named[1]) * _STEPS[named[2].rstrip("S") or "S"] / 60 if named else 0.0
    if every <= 0:
        inherited = "its frequency is not written as a plain number (inherited or computed); left out"
        return None, (f"{file}: {name}: {inherited}",)
    retry = _inner(body, "retryStrategy" if sign == ":" else "retry_strategy")
    waits = _waits(retry, sign)
    runs = re.search(r"runBasedEscalation\s*\(\s*([0-9]+)", body)
    escalation = _inner(body, "run_based_escalation")
    failed = int(runs[1]) if runs else int(_number(escalation, sign, "failed_run_threshold", usual=1.0))
    if re.search(r"timeBasedEscalation\s*\(", body) or says("escalation_type", body) == "TIME_BASED":
        notes.append(f"{file}: {name} escalates by time; counted as one failing run")
    named_script = re.search(r"\bscript\s*=|\b(code|entrypoint)\s*:", top)
    scripted = bool(named_script) or "rowser" in kind or says("type") == "BROWSER"
    if scripted:
        notes.append(f"{file}: {name}: its script is not executed, so its steps and assertions are not known")
    if re.search(r"\bgroup(Id)?\s*:|\bgroup_id\s*=", top):
        notes.append(f"{file}: {name} belongs to a group; locations and alert settings inherited from it are not known")
    request = _inner(body, "request") or top
    limit = _number(top, sign, "maxResponseTime", "max_response_time", usual=0.0) or None
    content = bool(re.search(r"AssertionBuilder\.(jsonBody|textBody)|source\s*=\s*\"(JSON|TEXT)_BODY\"", body))
    status = None if scripted else 200
    url, method = without_secrets(says("url", request)), says("method", request) or "GET"
    step = MonitorStep(says("name") or name, url, method, status, limit, content)
    locations = re.search(rf"\b(?:locations|private_locations)\s*{sign}\s*\[([^\]]*)\]", body)
    places = len(re.findall(r"['\"][^'\"]+['\"]", locations[1])) if locations else 0
    together = says("runParallel") == "true" or says("run_parallel") == "true"
    return SyntheticMonitor(
        says("name") or name,
        60 * every,
        failed,
        retry_waits_s=waits,
        # Locations take turns, unless they run in parallel: then any of them fails the run.
        locations=max(places, 1) if together else 1,
        spread="together" if together else "random",
        steps=(step,),
        source=file,
        note="; ".join(note.split(": ", 1)[-1] for note in notes),
    ), tuple(notes)


def _waits(retry: str, sign: str) -> tuple[float, ...]:
    if not retry or re.search(r"noRetries|NO_RETRIES", retry):
        return ()
    base = _number(retry, sign, "baseBackoffSeconds", "base_backoff_seconds", usual=60.0)
    tries = int(_number(retry, sign, "maxRetries", "max_retries", usual=2.0))
    longest = _number(retry, sign, "maxDurationSeconds", "max_duration_seconds", usual=600.0)
    if re.search(r"exponential", retry, re.IGNORECASE):
        waits = [base ** (n + 1) if base > 1 else base for n in range(tries)]
    elif re.search(r"linear", retry, re.IGNORECASE):
        waits = [base * (n + 1) for n in range(tries)]
    else:
        waits = [base] * (1 if re.search(r"single", retry, re.IGNORECASE) else tries)
    kept: list[float] = []
    for wait in waits:
        if sum(kept) + wait > longest:
            break
        kept.append(wait)
    return tuple(kept)


def _number(inside: str, sign: str, *keys: str, usual: float) -> float:
    for key in keys:
        found = re.search(rf"\b{key}\s*{sign}\s*{_PLAIN}", inside)
        if found and re.fullmatch(r"-?[0-9_]+(\.[0-9]+)?", found["value"]):
            return float(found["value"].replace("_", ""))
    return usual


def _inner(body: str, key: str) -> str:
    """Return what follows `key` up to the end of its braces, with the call that opens them."""
    found = re.search(rf"\b{key}\b\s*[:=]?\s*([\w.]*\s*\(?\s*)(?=\{{)", body)
    return found[1] + _braced(body, found.end()) if found else ""


def _braced(code: str, at: int) -> str:
    depth, quote = 0, ""
    for n in range(at, len(code)):
        sign = code[n]
        if quote:
            quote = "" if sign == quote and code[n - 1] != "\\" else quote
        elif sign in "'\"`":
            quote = sign
        elif sign in "{[(":
            depth += 1
        elif sign in "}])":
            depth -= 1
            if depth == 0:
                return code[at : n + 1]
    return code[at:]


def _flat(body: str) -> str:
    """Return the body of a block without the blocks inside it."""
    kept, depth = [], 0
    for sign in body:
        depth -= sign in "}"
        if depth <= 1:
            kept.append(sign)
        depth += sign in "{"
    return "".join(kept)


def _without_comments(text: str, hashes: bool = False) -> str:
    quoted = r"'(?:\\.|[^'\\\n])*'|\"(?:\\.|[^\"\\\n])*\"|`(?:\\.|[^`\\])*`"
    comments = r"//[^\n]*|/\*.*?\*/" + (r"|#[^\n]*" if hashes else "")
    return re.sub(f"({quoted})|{comments}", lambda m: m[1] or "", text, flags=re.DOTALL)
