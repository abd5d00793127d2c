"""What a PromQL expression compares, over which windows: enough of the language to know how fast it can fire."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from mttrlab.schema import FAILURE_MODES, UNKNOWN, Condition
from mttrlab.sources.practices.reading import windows

Alternatives = tuple[tuple[Condition, ...], ...]


_COMPARISON = re.compile(r"(?<![=!~<>])(>=|<=|==|!=|>|<)(?![~=])\s*(?:bool\b)?")


_WORD = re.compile(r"\b(and|or|unless)\b", re.IGNORECASE)


_NUMBER = re.compile(r"[0-9.eE+\-*/() ]+")


_LEADING = re.compile(r"\s*(\([0-9.eE+\-*/ ]+\)|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)")


_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


_FLIP = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


_EVENTS = re.compile(r"\b(increase|changes|resets|rate|irate|delta|idelta)\s*\(")


_MOST_ALTERNATIVES, _LONGEST, _DEEPEST = 64, 20_000, 50


def conditions(expr: str, recorded: Mapping[str, str] | None = None) -> Alternatives:
    """Return the comparisons of an alert expression: alternatives, each of comparisons that must hold together.

    Parameters
    ----------
    expr : str
        PromQL.
    recorded : mapping of str to str, optional
        Expressions of recording rules by name: their windows count too.

    Notes
    -----
    `unless` and comparisons inside functions narrow an alert; they are not waited for.

    Examples
    --------
    >>> conditions('sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 0.05')
    ((Condition(window_s=300.0, threshold=0.05, kind='share', quantile=0.95),),)
    """
    bare, known = without_comments(expr), recorded or {}
    if len(bare) > _LONGEST:
        return ((Condition(_longest(bare, known, set()), None, "opaque"),),)
    try:
        return _read(bare, known)
    except RecursionError:
        return ((Condition(_longest(bare, known, set()), None, "opaque"),),)


def without_comments(expr: str) -> str:
    """Return the expression without `# …` comments; a # inside a quoted string is no comment."""
    return re.sub(r"(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`)|#[^\n]*", lambda m: m.group(1) or "", expr).strip()


def masked(expr: str) -> str:
    """Return the expression with the insides of strings, matchers and brackets blanked, of the same length."""
    quoted = r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`"
    blank = re.sub(quoted, lambda m: " " * len(m.group()), expr)
    blank = re.sub(r"\{[^{}]*\}", lambda m: " " * len(m.group()), blank)
    # The labels of by (…), on (…) are names too, such as `or`.
    return re.sub(
        r"\b(by|without|on|ignoring|group_left|group_right)(\s*)\(([^()]*)\)",
        lambda m: m.group(1) + m.group(2) + " " * (len(m.group(3)) + 2),
        blank,
        flags=re.IGNORECASE,
    )


def _read(expr: str, recorded: Mapping[str, str]) -> Alternatives:
    expr = _bare(expr)
    pieces = _split(expr)
    if len(pieces) == 1:
        return ((_condition(expr, recorded),),)
    # `and` and `unless` bind tighter than `or`.
    groups: list[list[str]] = [[pieces[0][1]]]
    for word, piece in pieces[1:]:
        if word == "or":
            groups.append([piece])
        elif word == "and":
            groups[-1].append(piece)
    found: list[tuple[Condition, ...]] = []
    for group in groups:
        made: list[tuple[Condition, ...]] = [()]
        for piece in group:
            made = [have + more for have in made for more in _read(piece, recorded)][:_MOST_ALTERNATIVES]
        found += made
    return tuple(found[:_MOST_ALTERNATIVES])


def _bare(expr: str) -> str:
    """Return the expression without parentheses that enclose all of it."""
    expr = expr.strip()
    for _ in range(_DEEPEST):
        if not expr.startswith("(") or _closing(masked(expr)) != len(expr) - 1:
            break
        expr = expr[1:-1].strip()
    return expr


def _closing(blank: str) -> int:
    depth = 0
    for at, sign in enumerate(blank):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return at
    return -1


def _depths(blank: str) -> list[int]:
    depths, depth = [], 0
    for sign in blank:
        depth += sign in "(["
        depths.append(depth)
        depth -= sign in ")]"
    return depths


def _split(expr: str) -> list[tuple[str, str]]:
    """Return the parts of an expression between its outermost and, or, unless, each with the word before it."""
    blank = masked(expr)
    depths = _depths(blank)
    parts, word, begin = [], "", 0
    for match in _WORD.finditer(blank):
        if depths[match.start()] == 0:
            parts.append((word, expr[begin : match.start()]))
            word, begin = match.group().lower(), match.end()
    parts.append((word, expr[begin:]))
    return [(word, re.sub(r"^\s*(on|ignoring)\s*\([^()]*\)", "", part)) for word, part in parts]


def _condition(expr: str, recorded: Mapping[str, str]) -> Condition:
    blank = masked(expr)
    depths = _depths(blank)
    found = list(_COMPARISON.finditer(blank))
    if not found:
        return _uncompared(expr, recorded)
    # A comparison outside all parentheses decides; else the last one inside (`min by (x) (up == 0)`).
    outer = [match for match in found if depths[match.start()] == 0] or found
    match = outer[-1]
    left, right = _bare(expr[: match.start()]), _bare(expr[match.end() :])
    sign = match.group(1)
    if depths[match.start()] > 0:
        # max(x > (14.4 * 0.001)) without (y): the number ends before the parenthesis that closes the function.
        leading = _LEADING.match(expr[match.end() :])
        right = leading.group() if leading else right
    threshold = promql_number(right)
    if threshold is None and promql_number(left) is not None:
        left, sign, threshold = right, _FLIP.get(sign, sign), promql_number(left)
    return _judged(left, sign, threshold, _longest(left, recorded, set()))


def _judged(left: str, sign: str, threshold: float | None, window: float) -> Condition:
    quantile = re.search(r"histogram_quantile\s*\(\s*(0?\.[0-9]+|1)\s*,", left)
    if quantile and sign in (">", ">="):
        return Condition(window, threshold, "quantile", float(quantile.group(1)))
    if threshold is not None and abs(threshold) <= 100 and re.search(r"\b100\s*(\*|-)|\*\s*100\b", masked(left)):
        threshold /= 100
    above = sign in (">", ">=")
    if window == 0:
        if threshold is not None and sign in ("<", "<=") and 0 < threshold < 1:
            threshold = 1 - threshold
        return Condition(0.0, threshold)
    whole = "min_over_time" if above else "max_over_time"
    if whole in left or "absent_over_time" in left:
        return Condition(window, threshold, "all")
    if ("max_over_time" if above else "min_over_time") in left or (threshold == 0 and above and _EVENTS.search(left)):
        return Condition(window, threshold, "any")
    if threshold is not None and 0 < threshold < 1 and _is_share(left):
        return Condition(window, threshold, "share" if above else "good")
    return Condition(window, threshold, "opaque")


def _is_share(left: str) -> bool:
    blank = masked(left)
    return (
        "/" in blank
        or "avg_over_time" in blank
        or bool(re.search(r"ratio|burn_?rate|percent|error_?rate|share", blank))
    )


def _uncompared(expr: str, recorded: Mapping[str, str]) -> Condition:
    window = _longest(expr, recorded, set())
    return Condition(window, None, "all" if "absent_over_time" in expr else "opaque" if window else "instant")


def _longest(expr: str, recorded: Mapping[str, str], seen: set[str]) -> float:
    """Return the longest window of an expression and of the recorded series that it reads."""
    found = windows(expr)
    for name in set(_NAME.findall(masked(expr))) & set(recorded) - seen:
        found.append(_longest(recorded[name], recorded, seen | {name}))
    for name in _NAME.findall(masked(expr)):
        # Recorded elsewhere, with its window in the name: job:errors:rate5m, slo:burnrate1h.
        tail = re.search(r"(?:rate|ratio|increase|burn_?rate|errors?|avg|max|min|sum)_?([0-9]+[smhd])$", name)
        if ":" in name and name not in recorded and tail:
            found += windows(f"[{tail.group(1)}]")
    return max(found, default=0.0)


def promql_number(text: str) -> float | None:
    """Return what an arithmetic of plain numbers comes to; None where it holds anything else.

    Examples
    --------
    >>> promql_number("(6 * 0.5)"), promql_number("rate(x[5m])")
    (3.0, None)
    """
    if not text or len(text) > 80 or not _NUMBER.fullmatch(text.strip()) or "**" in text:
        return None
    try:
        return _worth(ast.parse(text.strip(), mode="eval").body)
    except (SyntaxError, ValueError, ZeroDivisionError, OverflowError, RecursionError, MemoryError):
        return None


def _worth(node: ast.expr) -> float:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        return -_worth(node.operand) if isinstance(node.op, ast.USub) else _worth(node.operand)
    if isinstance(node, ast.BinOp):
        left, right = _worth(node.left), _worth(node.right)
        if isinstance(node.op, ast.Add):
            return left + right
        if isinstance(node.op, ast.Sub):
            return left - right
        if isinstance(node.op, ast.Mult):
            return left * right
        if isinstance(node.op, ast.Div):
            return left / right
    raise ValueError("no number")


# Which failure mode and which service an alert watches, read from its words; unknown where they do not say.


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
