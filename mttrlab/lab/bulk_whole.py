"""What can only be said of a staged file as a whole: repeats, the newest stamp, the grain of its clock."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from mttrlab import sql
from mttrlab.lab.bulk_cells import content_hash
from mttrlab.lab.bulk_stage import Stage
from mttrlab.schema import STAMPS
from mttrlab.sources.exports.drafts import shorten
from mttrlab.sources.exports.reports import DISAGREE, OLDER, TIMES

_YEAR = 366 * 86_400_000_000


@dataclass(frozen=True)
class Whole:
    """A staged file, ready to be stored."""

    accepted: int
    duplicates: int
    quarantine: pd.DataFrame
    newest: int | None
    """The newest believable stamp, in microseconds."""
    has_own: bool
    """Some record says itself when it was exported."""
    own_exported: int | None
    """The latest of those, in microseconds."""
    blank_exported: bool
    """Some accepted record does not."""
    has_source: bool
    """Some record says itself what it comes from."""
    grain: float
    sources: tuple[str, ...]
    """What the records say that they come from; empty: they do not."""
    apart: bool
    """No text of an id or a source can turn into another's when it is stored."""
    has_dropped: bool
    """Some records do not stay: table `dropped`."""


def look_at_whole(stage: Stage) -> Whole:
    """Tell duplicates from contradictions (`dropped` has what does not stay), and look at every stamp once."""
    connection = stage.connection
    sources: tuple[str, ...] = ()
    if "source" in stage.names:
        found = connection.execute(f"SELECT DISTINCT source FROM ({stage.told()}) WHERE source IS NOT NULL").fetchall()
        sources = tuple(sorted({"canonical", *(row[0] for row in found)})) if found or stage.staged.names_source else ()
    duplicates, dropped, quoted = _drop_repeats(stage, among=" || coalesce(source, '')" if sources else "")
    told = f"({stage.told()}) AS told ANTI JOIN dropped USING (record)" if dropped else f"({stage.told()})"
    times = [f"epoch_us({name})" for name in TIMES if name in stage.names]
    stamps = [f"epoch_us({name})" for name in STAMPS if name in stage.names]
    listed = ", ".join(times)
    own = "exported_at" in stage.names
    step = _likely_step(connection, told, stamps)
    accepted, newest, finer, own_exported, own_count = connection.execute(
        f"""
        SELECT count(*), max(CASE
                WHEN greatest({listed}) - least({listed}) <= {_YEAR} THEN greatest({listed})
                ELSE list_max(list_filter([{listed}], lambda s:
                    abs(s - list_sort(list_filter([{listed}], lambda o: o IS NOT NULL))[
                        (len(list_filter([{listed}], lambda o: o IS NOT NULL)) + 1) // 2]) <= {_YEAR}))
            END), coalesce(bool_or({_off(stamps, step)}), false),
            {"max(epoch_us(exported_at)), count(exported_at)" if own else "NULL, 0"}
        FROM {told}
        """
    ).fetchall()[0]
    quarantine = sql.frame(connection, 'SELECT "row", "column", value, reason FROM refused ORDER BY "row"')
    return Whole(
        accepted=accepted,
        duplicates=duplicates,
        quarantine=quarantine.astype({"row": "int64", "column": "str", "value": "str", "reason": "str"}),
        newest=newest,
        has_own=own_count > 0,
        own_exported=own_exported,
        blank_exported=own_count < accepted,
        has_source=bool(sources),
        sources=sources,
        apart=not quoted,
        grain=_grain(connection, told, stamps, step) if finer else step / 1e6,
        has_dropped=dropped > 0,
    )


_STEPS = (60_000_000, 1_000_000, 1_000, 1)


def _off(stamps: list[str], step: int) -> str:
    return " OR ".join(f"{stamp} % {step} <> 0" for stamp in stamps)


def _likely_step(connection: duckdb.DuckDBPyConnection, told: str, stamps: list[str]) -> int:
    """Return the coarsest step, in microseconds, on which the milestones of the first records lie."""
    off = ", ".join(f"count_if({_off(stamps, step)})" for step in _STEPS)
    found = connection.execute(f"SELECT {off} FROM (FROM {told} LIMIT 1000)").fetchall()[0]
    return next(step for step, count in zip(_STEPS, found, strict=True) if not count)


def _grain(connection: duckdb.DuckDBPyConnection, told: str, stamps: list[str], likely: int) -> float:
    """Return the coarsest step, in seconds, on which every milestone lies, where that is finer than the likely one."""
    for step in _STEPS[_STEPS.index(likely) + 1 :]:
        if not connection.execute(f"SELECT 1 FROM {told} WHERE {_off(stamps, step)} LIMIT 1").fetchall():
            return step / 1e6
    return 1e-6


def _drop_repeats(stage: Stage, among: str) -> tuple[int, int, bool]:
    """Refuse what contradicts itself.

    Returns
    -------
    tuple of int, int, bool
        How many duplicates there are, how many records do not stay, and whether some id, or what stands `among` with
        it, has an apostrophe.
    """
    connection = stage.connection
    named = "coalesce(source, 'canonical')" if "source" in stage.names else "NULL::VARCHAR"
    key = f"source_id, {named}"
    # Eight bytes a record, sorted: most files repeat no id, and the ids themselves need not be grouped to know it.
    found = connection.execute(
        f"SELECT hash({key}) AS h, contains(source_id{among}, chr(39)) AS quoted FROM ({stage.told()})"
    ).fetchnumpy()
    keys, quoted = np.asarray(found["h"]), bool(np.any(found["quoted"]))
    keys.sort()
    repeated = np.unique(keys[1:][keys[1:] == keys[:-1]])
    if len(repeated) == 0:
        return 0, 0, quoted
    connection.register("repeated", pd.DataFrame({"h": repeated}))
    updated = "epoch_us(updated_at)" if "updated_at" in stage.names else "NULL::BIGINT"
    connection.execute(
        f"""
        CREATE TABLE candidates AS
        SELECT record, {named} AS source, source_id, {content_hash(stage.names)} AS hash, {updated} AS updated
        FROM ({stage.told()}) SEMI JOIN repeated ON hash({key}) = repeated.h
        """
    )
    connection.unregister("repeated")
    connection.execute(f"CREATE TABLE dropped AS {sql.text('lab/bulk/fates')}")
    connection.create_function("shorten", shorten, ["VARCHAR"], "VARCHAR")
    connection.execute(
        """
        INSERT INTO refused
        SELECT record, $1, shorten(source_id), if(fate = 'older', $2, $3) FROM dropped WHERE fate <> 'duplicate'
        """,
        [stage.id_column, OLDER, DISAGREE],
    )
    counted = connection.execute("SELECT count(*) FILTER (WHERE fate = 'duplicate'), count(*) FROM dropped").fetchall()
    return int(counted[0][0]), int(counted[0][1]), quoted
