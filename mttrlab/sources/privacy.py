"""What looks like people or secrets in the words of a file, by the names of fields and by their shape."""

from __future__ import annotations

import re
from itertools import pairwise

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:]+@[^\s@<>()\[\],;:]+")
_NUMBER = re.compile(r"(?<![\w+])\+?\d[\d ()/.-]{7,}\d(?![\w:])")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECRET = re.compile(
    r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{8,}"
    r"|\b(?:password|passwd|secret|token|api[_-]?key|authorization)\s*[=:]\s*\S+"
    r"|\b(?:sk|pk|rk)_(?:live|test)_\w+|\bgh[pousr]_\w{20,}|\bxox[abprs]-[\w-]+|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
)
_IP = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_PERSONAL = {
    "user", "username", "userid", "login", "email", "mail", "phone", "mobile", "firstname", "lastname", "fullname",
    "person", "people", "customer", "client", "member", "patient", "employee", "owner", "actor", "author", "assignee",
    "address", "street", "city", "zip", "postcode", "birthday", "birthdate", "dob", "ssn", "iban", "card", "pan",
    "cvv", "ip", "ipaddress", "remoteaddr", "useragent", "password", "passwd", "pwd", "secret", "token", "apikey",
    "authorization", "auth", "cookie", "cookies", "session", "sessionid", "credential", "credentials", "signature",
    "jwt", "bearer", "privatekey", "accesskey", "passphrase", "headers", "body", "payload",
}  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_BREAK = re.compile(r"[^A-Za-z0-9]+")


def scrub(text: str) -> str:
    """Return the text without e-mail addresses and telephone numbers. Names stay: no rule finds them all.

    Examples
    --------
    >>> scrub("Ana <ana@example.com> called +351 912 345 678 on 2026-03-01")
    'Ana <[address]> called [number] on 2026-03-01'
    """
    hidden = _ADDRESS.sub("[address]", text)
    return _NUMBER.sub(lambda found: found[0] if _MOMENT.match(found[0]) else "[number]", hidden)


def scrub_line(text: str) -> str:
    """Return a text of a log without addresses, numbers of telephones or cards, and what is spelled like a secret.

    Examples
    --------
    >>> scrub_line("login of ana@example.com from 10.1.2.3 failed: password=hunter2")
    'login of [address] from [ip] failed: [secret]'
    """
    return scrub(_IP.sub("[ip]", _SECRET.sub("[secret]", text)))


def is_personal(key: str) -> bool:
    """Return whether a field of that name looks like a person's or a secret's.

    Examples
    --------
    >>> [is_personal(key) for key in ("user_id", "clientIp", "payment_id", "X-Api-Key", "error_code")]
    [True, True, False, True, False]
    """
    parts = [part.lower() for part in _BREAK.split(_CAMEL.sub("_", key)) if part]
    pairs = {a + b for a, b in pairwise(parts)}
    return bool(_PERSONAL & ({*parts, "".join(parts)} | pairs))
