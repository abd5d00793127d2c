"""Incidents → one canonical table, as CSV or Parquet, with or without the words that tell whose they are."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import pandas as pd

from mttrlab import sql
from mttrlab.lab.neutral import free_place, neutralise, write_csv
from mttrlab.lab.pseudonyms import Pseudonyms
from mttrlab.schema import FAILURE_MODES, INCIDENT_COLUMNS, STAMPS

_SECRET = {
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

    made = {name: of(kind, table[name], set()) for name, kind in _SECRET.items()}
    made |= {name: of(name, table[name], kept) for name, kept in _KNOWN.items()}
    plain = {str(word) for word in table["severity"].unique() if _SEVERITY.fullmatch(str(word))}
    return table.assign(**made, severity=of("severity", table["severity"], plain))


def write_canonical(table: pd.DataFrame, path: Path) -> Path:
    """Write the table as a new file: Parquet where the name ends so, else CSV."""
    if path.suffix.lower() != ".parquet":
        return write_csv(path, list(table.columns), table.to_numpy().tolist())
    free_place(path)
    half = path.with_name(f".{os.getpid()}.half.parquet")
    safe = table.apply(lambda column: column.map(neutralise))
    try:
        with sql.connect() as connection:
            connection.from_df(safe).write_parquet(str(half))
        half.replace(path)
    finally:
        with suppress(FileNotFoundError):
            half.unlink()
    return path
