"""How an alert manager routes an alert: matchers, a tree of routes, and what it means for the first notification."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NESTED = re.compile(r"[+*}]\??\)+[+*{]")
"""A repeated group that repeats inside: such a pattern can take longer than anybody waits."""
_LONGEST = 500
SAID_BY_RULES = frozenset({"alertname", "severity"})
"""Labels that only the rule itself gives: where it is silent they are empty, and a time series does not add them."""


@dataclass(frozen=True)
class Matcher:
    """One condition of a route on a label."""

    label: str
    operator: str
    """=, !=, =~ or !~."""
    value: str

    def __str__(self) -> str:
        return f'{self.label}{self.operator}"{self.value}"'

    def holds(self, labels: Mapping[str, str]) -> bool | None:
        """Return whether an alert meets it; None: it depends on a label that only the time series has.

        Examples
        --------
        >>> Matcher("severity", "=~", "page|critical").holds({"severity": "critical"})
        True
        >>> Matcher("namespace", "=", "shop").holds({"severity": "critical"}) is None
        True
        """
        said = labels.get(self.label, "" if self.label in SAID_BY_RULES else None)
        if said is None or "{{" in said:
            return None
        if self.operator in ("=", "!="):
            found = said == self.value
        else:
            matched = _matches(self.value, said)
            if matched is None:
                return None
            found = matched
        return found if self.operator in ("=", "=~") else not found


@dataclass(frozen=True)
class Route:
    """A route and those below it, as the alert manager walks them; what it does not say it has from the one above."""

    receiver: str = ""
    matchers: tuple[Matcher, ...] = ()
    group_wait_s: float = 30.0
    """Before the first notification of a group, seconds."""
    group_interval_s: float = 300.0
    """Before a further alert of a group that has notified already, seconds."""
    repeat_s: float = 14_400.0
    """Before the same is said again, seconds."""
    goes_on: bool = False
    """`continue`: the routes after it are tried as well."""
    silent: bool = False
    """Its receiver notifies nobody."""
    routes: tuple[Route, ...] = ()

    def taken(self, labels: Mapping[str, str]) -> Routed:
        """Return what happens to an alert: the first notification of the routes that it takes.

        Parameters
        ----------
        labels : mapping of str to str
            Those that its rule gives, `alertname` among them. Values that a template fills count as not known.

        Notes
        -----
        The walk of the Prometheus Alertmanager (dispatch/route.go): the children in their order, until one matches that
        does not say `continue`; the route itself where no child does. A matcher on a label that the rule does not give
        is taken not to hold where it asks for something, and to hold where it rules something out; `unsure` names it.
        """
        unsure: dict[str, None] = {}
        ends = self._ends(labels, unsure)
        heard = [end for end in ends if not end.silent]
        first = min(heard or ends, key=lambda end: end.group_wait_s)
        names = tuple(dict.fromkeys(end.receiver for end in ends if end.receiver))
        return Routed(names, first.group_wait_s, first.group_interval_s, first.repeat_s, not heard, tuple(unsure))

    def _ends(self, labels: Mapping[str, str], unsure: dict[str, None]) -> list[Route]:
        found: list[Route] = []
        for child in self.routes:
            if child._meets(labels, unsure):
                found += child._ends(labels, unsure)
                if not child.goes_on:
                    break
        return found or [self]

    def _meets(self, labels: Mapping[str, str], unsure: dict[str, None]) -> bool:
        answers = [(matcher, matcher.holds(labels)) for matcher in self.matchers]
        if any(answer is False for _, answer in answers):
            return False
        open_ones = [matcher for matcher, answer in answers if answer is None]
        unsure |= dict.fromkeys(map(str, open_ones))
        return all(matcher.operator.startswith("!") for matcher in open_ones)


@dataclass(frozen=True)
class Routed:
    """Where an alert goes, and how long its first notification waits."""

    receivers: tuple[str, ...]
    group_wait_s: float
    group_interval_s: float
    repeat_s: float
    silent: bool
    """No receiver that it reaches notifies anybody."""
    unsure: tuple[str, ...]
    """Matchers on labels that the rule does not give."""


def _matches(pattern: str, text: str) -> bool | None:
    if max(len(pattern), len(text)) > _LONGEST or _NESTED.search(pattern):
        return None
    try:
        return re.fullmatch(pattern, text) is not None
    except (re.error, RecursionError, OverflowError):
        return None
