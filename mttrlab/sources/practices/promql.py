"""What a PromQL expression compares, over which windows: enough of the language to know how fast it can fire."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from math import inf

from mttrlab.schema import FAILURE_MODES, UNKNOWN, Condition, WeekHours
from mttrlab.sources.practices.promql_hours import clock_hours
from mttrlab.sources.practices.reading import duration_seconds, windows

Alternatives = tuple[tuple[Condition, ...], ...]

_Together = tuple[tuple[Condition, int], ...]
"""Conditions that must hold together, each with its rank: only those of the lowest are waited for."""
_TRIGGER, _GUARD, _GONE, _THERE, _HOURS = range(5)
"""A comparison; one that usually holds already; what `unless` asks to be gone; what is asked to be there; the clock."""


_I = re.IGNORECASE


_COMPARISON = re.compile(r"(?<![=!~<>])(>=|<=|==|!=|>|<)(?![~=])\s*(?:bool\b)?")


_WORD = re.compile(r"\b(and|or|unless|if|ifnot)\b", re.IGNORECASE)


_MEANT = {"if": "and", "ifnot": "unless"}
"""Words of VictoriaMetrics, in those of Prometheus."""


_NUMBER = re.compile(r"[0-9.eE+\-*/() ]+")


_LEADING = re.compile(r"\s*(\([0-9.eE+\-*/ ]+\)|-?[0-9.]+(?:[eE][+-]?[0-9]+)?)")


_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")


_FLIP = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


_EVENTS = re.compile(r"\b(increase|changes|resets|rate|irate|delta|idelta)\s*\(")


_NEWEST = re.compile(r"\b(last_over_time|irate|idelta|default_rollup)\s*\(")


_MATCHING = re.compile(r"^\s*(on|ignoring)\s*\([^()]*\)\s*((group_left|group_right)\s*(\([^()]*\))?)?", re.IGNORECASE)


_AGGREGATION = re.compile(r"(?:sum|min|max|avg|count|group)\s*(?:(?:by|without)\s*)?\(", re.IGNORECASE)


_OFFSET = re.compile(r"\boffset\s+(-?)\s*([0-9][0-9a-z.]*)", re.IGNORECASE)


_SERIES = re.compile(
    r"(?<![\w:.\[])(?!(?:and|or|unless|by|without|on|ignoring|group_left|group_right|bool|offset|inf|nan)\b)"
    r"([A-Za-z_:][\w:]*)(?![\w:])(?!\s*(?:\(|by\b|without\b))",
    re.IGNORECASE,
)
"""Names that are no functions and no words of the language."""


_FAILING = re.compile(
    r"error|fail|reject|refus|denied|timeout|timed_out|unavail|unhealthy|exception|throttl|abort|corrupt|violat|restart"
    r"|[45]xx|(laten|duration)(?!\w*_count\b)|util|usage|backlog|queue|pending|evict|stale|invalid|absent|critical|warn|predict|==|<"
    r"|(changes|resets|delta|deriv)\(|(?<![a-z])(slow|down(?!load)|drop|lag|lost|miss|oom|kill|panic|retr(y|ies)|dead|bad"
    r"|burn|crash|cpu|mem(ory)?(?![a-z])|disk|wait)",
    _I,
)
"""Words of what goes wrong, or is used up."""


_FAILING_LABEL = re.compile(
    r"(code|status|class|result|outcome|level|state|type|success)\w*\s*(!=|!~|=~?\s*[\"'`][^\"'`]*"
    r"([45](\.|x|\[|\\d|[0-9]{2})|error|fail|timeout|exception|false|down|unavail))",
    _I,
)
"""A label of what went wrong."""


_HEALTHY = re.compile(r"\bup\b|\w_up\b|success|available|ready|healthy", _I)


_TRAFFIC = re.compile("request|traffic|rps|qps|throughput|hits|calls|visits|orders|messages", _I)


_AT_WORK = re.compile(r"maintenance|deploying|in_progress|silenc|inhibit|drain|paus|mute|disabled|planned", _I)


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
    `unless` and comparisons inside functions narrow an alert; they are not waited for. Nor is a guard beside another
    comparison, which holds already before anything fails: that there is traffic, that something was there an hour ago.
    What reads nothing but the clock becomes the hours in which the alert is on.

    Examples
    --------
    >>> conditions('sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 0.05')
    ((Condition(window_s=300.0, threshold=0.05, kind='share', quantile=0.95, offset_s=0.0, hours=None),),)
    """
    bare, known = without_comments(expr), recorded or {}
    if len(bare) > _LONGEST:
        return ((Condition(_longest(bare, known, set()), None, "opaque"),),)
    try:
        return tuple(dict.fromkeys(_without_guards(together) for together in _read(bare, known)))
    except RecursionError:
        return ((Condition(_longest(bare, known, set()), None, "opaque"),),)


def asks_the_clock(expr: str) -> bool:
    """Return whether an expression has functions of the time of day or of the date."""
    return bool(re.search(r"\b(hour|minute|day_of_\w+|days_in_month|month|year)\s*\(", masked(without_comments(expr))))


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


def _read(expr: str, recorded: Mapping[str, str]) -> list[_Together]:
    expr = _bare(expr)
    hours = clock_hours(expr, recorded)
    if hours is not None:
        return [_in_hours(hours)]
    if expr in recorded and _COMPARISON.search(masked(recorded[expr])):
        return _read(recorded[expr], {name: text for name, text in recorded.items() if name != expr})
    pieces = _split(expr)
    if len(pieces) == 1:
        blank, wrapped = masked(expr), _within(expr)
        depths = _depths(blank)
        compared = any(depths[match.start()] == 0 for match in _COMPARISON.finditer(blank))
        within = wrapped is not None and not compared and _COMPARISON.search(masked(wrapped))
        return _read(wrapped, recorded) if wrapped is not None and within else [_condition(expr, recorded)]
    # `and` and `unless` bind tighter than `or`.
    groups: list[list[tuple[str, str]]] = [[]]
    for word, piece in pieces:
        if word == "or":
            groups.append([])
        groups[-1].append((word, piece))
    found: list[_Together] = []
    for group in groups:
        made: list[_Together] = [()]
        for word, piece in group:
            more = _ruled_out(piece, recorded) if word == "unless" else _read(piece, recorded)
            made = [have + one for have in made for one in more][:_MOST_ALTERNATIVES]
        found += made
    return found[:_MOST_ALTERNATIVES]


def _ruled_out(expr: str, recorded: Mapping[str, str]) -> list[_Together]:
    """What `unless` asks for: other hours than these, or that something is gone that was there; else nothing."""
    hours = clock_hours(_bare(expr), recorded)
    if hours is not None:
        return [_in_hours(~hours)]
    pieces = _split(_bare(expr))
    if len(pieces) > 1 and all(word == "or" for word, _ in pieces[1:]):
        each = [one for _, piece in pieces for one in _ruled_out(piece, recorded)]
        return [tuple(condition for one in each for condition in one)]
    return [()] if _COMPARISON.search(masked(expr)) else [((Condition(), _GONE),)]


def _in_hours(hours: WeekHours) -> _Together:
    return () if hours.always else ((Condition(kind="hours", hours=hours), _HOURS),)


def _without_guards(together: _Together) -> tuple[Condition, ...]:
    """The conditions that are waited for, and the hours."""
    lowest = min((rank for _, rank in together), default=_HOURS)
    waited = [one for one, rank in together if rank in (lowest, _HOURS)]
    return tuple(waited) if lowest < _HOURS else (Condition(), *waited)


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
            word = _MEANT.get(word, word)
    parts.append((word, expr[begin:]))
    return [(word, _MATCHING.sub("", part)) for word, part in parts]


def _condition(expr: str, recorded: Mapping[str, str]) -> _Together:
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
    left, inside = _clock_apart(left, recorded)
    newest = _newest(left)
    # errors[5m] / (requests[30m] > 100): the numerator has to fill.
    window = _longest(_numerator(newest), recorded, set()) or _longest(newest, recorded, set())
    judged = _judged(newest, sign, threshold, window)
    rank = _GUARD if _holds_already(left, right, sign, threshold, judged.kind) else _TRIGGER
    return ((replace(judged, offset_s=_offset(left, recorded, frozenset())), rank), *inside)


def _clock_apart(expr: str, recorded: Mapping[str, str]) -> tuple[str, _Together]:
    """Return an expression without what asks the clock inside it, and the hours in which that lets it through.

    Inside are `(x and on () hour() > 8) > 0.05`, `x * on () (hour() > bool 8) > 0.05` and the same within a sum.
    """
    expr = _bare(expr)
    (_, first), *rest = _split(expr)
    if rest and all(word != "or" for word, _ in rest):
        main, found = _clock_apart(first, recorded)
        for word, piece in rest:
            hours = clock_hours(_bare(piece), recorded)
            found += () if hours is None else _in_hours(hours if word == "and" else ~hours)
        return main, found
    blank = masked(expr)
    depths = _depths(blank)
    cuts = [at for at, sign in enumerate(blank) if sign == "*" and depths[at] == 0]
    kept: list[str] = []
    inside: _Together = ()
    for begin, end in pairwise([-1, *cuts, len(expr)]):
        factor = expr[begin + 1 : end]
        hours = clock_hours(f"({_MATCHING.sub('', factor)}) > 0", recorded) if cuts else None
        if hours is None or hours.always:
            kept.append(factor)
        else:
            inside += _in_hours(hours)
    wrapped = _within(expr)
    if inside or wrapped is None:
        return "*".join(kept), inside
    main, inside = _clock_apart(wrapped, recorded)
    return (expr.replace(wrapped, main, 1), inside) if inside else (expr, ())


def _within(expr: str) -> str | None:
    """Return what an aggregation that is the whole expression is made over."""
    blank = masked(expr)
    found = _AGGREGATION.match(blank)
    if found is None:
        return None
    end = found.end() - 1 + _closing(blank[found.end() - 1 :])
    return expr[found.end() : end] if re.fullmatch(r"\s*((by|without)\s*)?", blank[end + 1 :], _I) else None


def _numerator(expr: str) -> str:
    cut = masked(expr).find("/")
    return expr if cut < 0 else expr[:cut]


def _holds_already(left: str, right: str, sign: str, threshold: float | None, kind: str) -> bool:
    """Whether a comparison is one that a healthy day meets: there is traffic, it is up, nobody works on it."""
    if kind == "share" and not (_HEALTHY.search(masked(left)) and "-" not in masked(left)):
        return False
    if kind in ("good", "quantile", "clients") or _goes_wrong(left):
        return False
    if threshold is None:
        return sign in (">", ">=") and bool(_TRAFFIC.search(left)) and not _goes_wrong(right)
    if kind == "instant" and 0 < threshold < 1:
        return bool(_TRAFFIC.search(left))
    quiet = threshold < 1 and sign in ("<", "<=", "==")
    return bool(_AT_WORK.search(left)) if quiet else sign in (">", ">=", "!=") or (sign == "==" and threshold >= 1)


def _goes_wrong(expr: str) -> bool:
    return bool(_FAILING.search(masked(expr)) or _FAILING_LABEL.search(expr))


def _newest(expr: str) -> str:
    """Return the expression without the windows of functions that use the newest samples alone."""
    for match in reversed(list(_NEWEST.finditer(masked(expr)))):
        end = match.end() - 1 + _closing(masked(expr)[match.end() - 1 :])
        inside = re.sub(r"\[[^\[\]]*\](?=[^\[\]]*$)", "", expr[match.end() : end])
        expr = f"{expr[: match.start()]}({inside}{expr[end:]}"
    return expr


def _offset(expr: str, recorded: Mapping[str, str], seen: frozenset[str]) -> float:
    """Return how far back an expression looks on purpose, seconds, where what it names first is never looked at later.

    Against the same series of an earlier time (`x / x offset 1w`), the newer one shows the fault.
    """
    blank = masked(expr)
    shifted = [(_operand(blank[: match.start()]), match.start(), match) for match in _OFFSET.finditer(blank)]
    looked: dict[str, float] = {}
    for match in _SERIES.finditer(blank):
        name = match.group(1)
        back = [
            _seconds(one.group(2)) * (-1 if one.group(1) else 1)
            for begin, end, one in shifted
            if begin <= match.start() < end
        ]
        if name in recorded and name not in seen:
            back.append(_offset(recorded[name], recorded, seen | {name}))
        matchers = re.match(r"\s*\{[^{}]*\}", expr[match.end() :])
        key = name + (matchers.group() if matchers else "")
        looked[key] = min(looked.get(key, inf), sum(back, 0.0))
    # Series that are named by a matcher alone: {__name__="up"}.
    nameless = [_seconds(match.group(2)) for match in _OFFSET.finditer(blank) if not match.group(1)]
    return max(next(iter(looked.values()), min(nameless, default=0.0)), 0.0)


def _seconds(text: str) -> float:
    try:
        return duration_seconds(float(text) if re.fullmatch(r"[0-9.]+", text) else text)
    except ValueError:
        return 0.0


def _operand(blank: str) -> int:
    """Return where the series, or the parentheses, begin that end here."""
    ahead = blank.rstrip()
    while modifier := re.search(r"(\[[^\[\]]*\]|@\s*(start\s*\(\s*\)|end\s*\(\s*\)|[0-9.]+))$", ahead[-100:]):
        ahead = ahead[: len(ahead) - len(modifier.group())].rstrip()
    if not ahead.endswith(")"):
        found = re.search(r"[\w:]*$", ahead)
        return found.start() if found else len(ahead)
    depth = 0
    for at in range(len(ahead) - 1, -1, -1):
        depth += (ahead[at] == ")") - (ahead[at] == "(")
        if depth == 0:
            return at
    return 0


def _judged(left: str, sign: str, threshold: float | None, window: float) -> Condition:
    quantile = re.search(r"histogram_quantile\s*\(\s*(0?\.[0-9]+|1)\s*,", left)
    if quantile and sign in (">", ">="):
        return Condition(window, threshold, "quantile", float(quantile.group(1)))
    if threshold is not None and abs(threshold) <= 100 and re.search(r"\b100\s*(\*|-)|\*\s*100\b", masked(left)):
        threshold /= 100
    above = sign in (">", ">=")
    if above and client_errors(left):
        return Condition(window, threshold, "clients")
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


def _uncompared(expr: str, recorded: Mapping[str, str]) -> _Together:
    window = _longest(_newest(expr), recorded, set())
    kind = "all" if "absent_over_time" in expr else "opaque" if window else "instant"
    gone = re.search(r"\babsent(_over_time)?\s*\(", masked(expr))
    found = Condition(window, None, kind, offset_s=_offset(expr, recorded, frozenset()))
    return ((found, _TRIGGER if gone else _THERE),)


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


_ABOUT = re.compile(r"expir|certificate|overcommit", _I)
"""About something that will happen, or that is none of a service's failures."""


_CHORES = re.compile(
    r"reload|backup|(?<![a-z])cron|(?<![a-z])batch|nightly|compact|vacuum|snapshot|retention|rotat|clean_?up|reindex"
    r"|(?<![a-z])etl_|last_(success|run|completion)|(begun|ended|finished|completed)_(seconds|time)"
    r"|(?<![a-z.])jobs?_",
    _I,
)
"""Housekeeping and jobs: nobody's requests fail by them."""


_UP = re.compile(r"(?<![\w:])up\s*(==|<|!=|\)|\[)|probe_success", _I)


_SERVER_ERRORS = re.compile(r"5\.\.|5\[|5xx|class=~?\"5|\"\^?5([0-9.x]{2}|[.][*+])", _I)


_RESOURCE = re.compile(
    r"cpu|memory|_mem_|disk|filesystem|inode|conntrack|descriptor|heap|swap|load(1|5|15)\b|backlog"
    r"|queue_(depth|length|size)|(?<![a-z])gc_",
    _I,
)
"""What no name makes a failure of: how much of a machine is used."""


_SIGNALS: tuple[tuple[str, str, re.Pattern[str]], ...] = tuple(
    (mode, where, re.compile(words, _I))
    for mode, where, words in (
        ("dependency", "expr", r"upstream|dependenc|circuit_?breaker|(http|grpc)_client|outgoing|egress"),
        ("dependency", "name", "dependenc|upstream|external|third.?party|circuit.?breaker|replicat(ion|or)"),
        (
            "availability",
            "expr",
            r"(?<![\w:])up\s*(==|<|!=|\)|\[)|\w_up\s*(==|<|!=)|\babsent(_over_time)?\s*\(|probe_success",
        ),
        ("latency", "expr", r"histogram_quantile|(duration|latency|response_time|request_time)\w*_bucket\b"),
        (
            "error_rate",
            "quoted",
            r"5\.\.|5\[|5xx|class=~?\"5|\"error\"|\b(status|level|@type):(error|critical)|\"\^?5([0-9.x]{2}|[.][*+])",
        ),
        ("error_rate", "expr", "error|failed|failures?|burn_?rate"),
        ("latency", "expr", r"(duration|latency|response_time|request_time)\w*|_lag(_|\b)"),
        ("dependency", "name", "downstream"),
        ("latency", "name", r"latenc|slow|duration|response.?time|too long|\blag|p9[059]"),
        ("error_rate", "name", r"error|fail(ed|ure|ing|s\b)|5xx|burn.?rate|errs\b"),
        (
            "availability",
            "name",
            "down\\b|unreachable|unavailable|not.?(ready|running|healthy)|unhealthy|crash|offline|disconnected|missing"
            "|absent|lost|outage|availab",
        ),
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
    if _ABOUT.search(words) or re.search(r"expir(y|ation)|not_after", masked(without_comments(expr)), _I):
        return UNKNOWN, "it is about something to come, not a failure"
    bare = without_comments(expr)
    texts = {"name": words, "expr": masked(bare), "quoted": bare}
    if "downstream" in texts["expr"]:
        # Downstream of a proxy are those who ask it.
        texts["name"] = re.sub("downstream", "", words, flags=_I)
    if client_errors(bare):
        return "error_rate", "client errors (4xx): no fault of the service makes them more frequent"
    # The labels before the first colon of a recorded series are no words of it.
    named = re.sub(r"\w+:(?=\w)", "", texts["expr"])
    chore = _CHORES.search(named if _SERIES.search(named) else words)
    if chore and not _UP.search(texts["expr"]) and not _SERVER_ERRORS.search(bare):
        return UNKNOWN, f"{chore.group()!r} is housekeeping or a job, not a failure that users see"
    for mode, where, pattern in _SIGNALS:
        found = pattern.search(texts[where])
        resource = _RESOURCE.search(texts["expr"]) if found and where == "name" and mode != "dependency" else None
        if resource:
            return UNKNOWN, f"{resource.group()!r} is a cause (saturation), not a failure that users see"
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


def client_errors(expr: str) -> bool:
    """Return whether an expression counts client errors (4xx) and no others.

    Examples
    --------
    >>> client_errors('rate(requests{code=~"4.."}[5m])'), client_errors('rate(requests{code=~"[45].."}[5m])')
    (True, False)
    """
    expr = _numerator(expr)
    codes = re.findall(r"(?:code|status|class)\w*\s*(?:=~?|:)\s*[\"'`]?([^\"'`{},\s]+)", expr, _I)
    codes += re.findall(r"_([45])xx", expr, _I)
    parts = [part for code in codes for part in re.sub(r"[\^$()]", "", code).split("|")]
    return bool(parts) and all(re.fullmatch(r"4([0-9.x]|\[.*)*", part, _I) for part in parts)


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
    if clock_hours(bare) is not None:
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
