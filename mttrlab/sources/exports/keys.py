"""Keys of JSON as a sentence may print them: some people's files have names of people for keys."""

from __future__ import annotations

import re
from difflib import get_close_matches

_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_LISTED = """
    account acked acknowledged action active affected agent alert alerts app area assigned at attributes author begin
    body business by category cause caused change channel class close closed cluster code comment company component
    components config contact cost count country created creation current custom customer data date datetime day
    declared deploy description detail details detected detection device diagnosed domain downtime drill duration
    email end ended ends env environment error event events external field fields file first fix fixed flag from group
    host hours id identified impact incident incidents index info instance is issue item items key kind label labels
    last level link links list location log logs major message meta metadata method metric milestones minutes mitigated
    mode model month monitor name namespace network node note notes number object open opened operator order org
    organisation organization origin owner page parent path period person phase platform policy postmortem priority
    problem product project provider queue rank reason record ref reference region release reopened report reported
    repo request resolution resolve resolved resource response responder restored result results role root rule run
    scheduled score seconds sev severity service services short site size source stable stage start started starts
    state status step stop subject summary system tag tags target team tenant text ticket tier time timeline timestamp
    timezone title to total type types until update updated updates uptime urgency url user users utc value values
    vendor verified version week work year zone
"""
_WORDS = frozenset(_LISTED.split())
"""Words of which names of columns are made, and names of people hardly ever."""


_LONG = tuple(word for word in _WORDS if len(word) > 4)
_ALIKE = 0.92
"""A slip of one letter in a word of seven; names of people are less like any of the words."""


def is_plain(key: str) -> bool:
    """Return whether some word of the key is one of which columns are named, run together or misspelt as it may be.

    Examples
    --------
    >>> is_plain("customerTier"), is_plain("assigned_to"), is_plain("Jane Doe"), is_plain("jane.doe@example.com")
    (True, True, False, False)
    >>> is_plain("rootcause"), is_plain("priorty"), is_plain("Stuart")
    (True, True, False)
    """
    if "@" in key:
        return False
    words = [word.lower() for word in _PARTS.findall(key)]
    return any(
        word in _WORDS or any(known in word for known in _LONG) or get_close_matches(word, _LONG, 1, _ALIKE)
        for word in words
    )


def shown(key: str) -> str:
    """Return the key as a sentence may print it: whole where it is plain, else its first letter.

    Examples
    --------
    >>> shown("started_at"), shown("Jane Doe")
    ('started_at', 'J…')
    """
    return key[:40] if is_plain(key) else f"{key[:1]}…"
