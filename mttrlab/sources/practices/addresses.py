"""Addresses without what must not be kept."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def without_secrets(url: str) -> str:
    """Return scheme, host and path of an address; user names, query strings and `${…}` are cut out.

    Examples
    --------
    >>> without_secrets("https://me:secret@example.com/login/${TOKEN}?key=1#top")
    'https://example.com/login/…'
    """
    clean = re.sub(r"\$\{[^}]*\}|\{\{[^}]*\}\}|\$[A-Z_][A-Z0-9_]*", "…", url.strip())
    try:
        parts = urlsplit(clean)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return re.sub(r"[?#].*|.*@", "", clean)[:300]
    if not parts.netloc:
        return re.sub(r"[?#].*", "", clean.rsplit("@", 1)[-1])[:300]
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"[:300]
