"""Incidents → one canonical table, as CSV or Parquet, with or without the words that tell whose they are."""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import os
import re
import secrets
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd

from mttrlab import sql
from mttrlab.errors import StoreError
from mttrlab.files import new_path, replacing, write_new
from mttrlab.schema import FAILURE_MODES, INCIDENT_COLUMNS, STAMPS
from mttrlab.text import spreadsheet_safe

_PSEUDONYMISED = {
    "incident_id": "incident",
    "service": "service",
    "team": "team",
    "incident_type": "type",
    "title": "title",
    "url": "url",
    "change_id": "change",
}
"""Columns whose words become pseudonyms, and what they are called."""
_KNOWN = {
    "source": {"canonical", "servicenow", "pagerduty", "statuspage"},
    "failure_mode": set(FAILURE_MODES),
    "detected_by": {"alert", "monitor", "customer", "person"},
    "fix_path": {"flag", "rollback", "automation", "config", "scale", "forward_fix"},
}
"""Columns whose known words stay."""
_SEVERITY = re.compile(
    r"(?:sev|p|s)?[ -]?[0-9]|critical|major|minor|high|moderate|medium|low|none|maintenance", re.IGNORECASE
)


def canonical(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return the incidents as a table of texts under our names, with what a reader needs to judge it again."""
    pending = (incidents[[f"{stamp}_verdict" for stamp in STAMPS]] == "pending").any(axis=1)
    made: dict[str, pd.Series] = {}
    for column in INCIDENT_COLUMNS:
        values = incidents[column.name]
        if column.kind == "time":
            made[column.name] = values.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        elif column.kind == "flag":
            made[column.name] = values.map({True: "true", False: "false"})
        elif column.kind == "text":
            made[column.name] = values
        else:
            made[column.name] = values.map(lambda number: "" if pd.isna(number) else repr(float(number)))
    made["status"] = pending.map({True: "open", False: "closed"})
    made["automated"] = incidents["diagnosed_at_verdict"].eq("not_applicable").map({True: "true", False: ""})
    return pd.DataFrame(made).astype("str").fillna("")


def anonymised(table: pd.DataFrame, pseudonyms: Pseudonyms) -> pd.DataFrame:
    """Return the table with pseudonyms for every word that tells whose incidents these are."""

    def of(kind: str, words: pd.Series, kept: set[str]) -> pd.Series:
        known = {word: word if not word or word in kept else pseudonyms.of(kind, word) for word in words.unique()}
        return words.map(known)

    made = {name: of(kind, table[name], set()) for name, kind in _PSEUDONYMISED.items()}
    made |= {name: of(name, table[name], kept) for name, kept in _KNOWN.items()}
    plain = {str(word) for word in table["severity"].unique() if _SEVERITY.fullmatch(str(word))}
    return table.assign(**made, severity=of("severity", table["severity"], plain))


def export_incidents(incidents: pd.DataFrame, path: Path, *, anonymise: bool) -> Path:
    """Write incidents as a new canonical table; see `Lab.export`."""
    table = canonical(incidents)
    return write_canonical(anonymised(table, local_pseudonyms()) if anonymise else table, path)


def write_canonical(table: pd.DataFrame, path: Path) -> Path:
    """Write the table as a new file: Parquet where the name ends so, else CSV."""
    if path.suffix.lower() != ".parquet":
        return write_csv(path, list(table.columns), table.to_numpy().tolist())
    new_path(path)
    safe = table.apply(lambda column: column.map(spreadsheet_safe))
    with replacing(path) as half, sql.connect() as connection:
        connection.from_df(safe).write_parquet(str(half))
    return path


def write_csv(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    """Write cells that are safe to open in a spreadsheet; times and most numbers begin with a digit and stay.

    A NUL, which no CSV can carry, is written as the sign for it (␀).

    Raises
    ------
    QuestionError
        When there is such a file already.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([spreadsheet_safe(cell).replace("\0", "␀") for cell in row] for row in rows)
    return write_new(path, text.getvalue().encode("utf-8", errors="replace"))


# Keyed pseudonyms: the same word has the same one, and nobody without the key can tell which word it was.


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
