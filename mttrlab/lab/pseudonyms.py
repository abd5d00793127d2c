"""Keyed pseudonyms: the same word has the same one, and nobody without the key can tell which word it was."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from mttrlab.errors import StoreError
from mttrlab.sources.privacy import scrub

__all__ = ["Pseudonyms", "key_path", "local_pseudonyms", "scrub"]


class Pseudonyms:
    """HMAC-SHA256 pseudonyms under one local key.

    Parameters
    ----------
    key : bytes
        At least 16 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, kind: str, word: str) -> str:
        """Return the pseudonym of a word; the same word of another kind has another one.

        Examples
        --------
        >>> Pseudonyms(b"0123456789abcdef").of("service", "checkout")
        'service-96c6988e4b66904e'
        """
        digest = hmac.new(self._key, f"{kind}\0{word}".encode("utf-8", errors="surrogatepass"), hashlib.sha256)
        return f"{kind}-{digest.hexdigest()[:16]}"


def key_path() -> Path:
    """Return where the key lies: $MTTRLAB_KEY, else mttrlab/pseudonym.key in the user's folder of settings."""
    told = os.environ.get("MTTRLAB_KEY")
    if told:
        return Path(told)
    folder = os.environ.get("XDG_CONFIG_HOME")
    return (Path(folder) if folder else Path.home() / ".config") / "mttrlab" / "pseudonym.key"


def local_pseudonyms() -> Pseudonyms:
    """Return the pseudonyms of this user's key, which is made, readable by its owner alone, if there is none.

    Raises
    ------
    StoreError
        When the key cannot be made or read, or others may read it.
    """
    path = key_path()
    try:
        with suppress(FileExistsError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as opened:
                opened.write(secrets.token_hex(32) + "\n")
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise StoreError(f"{path}: others may read the key of the pseudonyms; say chmod 600 {path}")
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, RuntimeError, ValueError) as error:
        if isinstance(error, StoreError):
            raise
        reason = getattr(error, "strerror", None) or "it is no key"
        raise StoreError(f"{path}: the key of the pseudonyms cannot be used ({reason}); set MTTRLAB_KEY") from None
    if len(key) < 16:
        raise StoreError(f"{path}: the key of the pseudonyms is shorter than 16 bytes; remove it, a new one is made")
    return Pseudonyms(key)
