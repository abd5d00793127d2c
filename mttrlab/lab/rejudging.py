"""Verdicts that depend on more than one record: of stamps that came together, and of stamps that people corrected."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd

from mttrlab import sql
from mttrlab.judge import judge
from mttrlab.lab.transactions import insert_found
from mttrlab.schema import STAMPS


def settle_annotations(connection: duckdb.DuckDBPyConnection) -> None:
    """Find which incident each annotation means; those that mean none are refused until their incident is loaded.

    So an annotation may come before its incident, and the order of files does not matter.
    """
    told = "SELECT count(*) FROM loads WHERE format IN ('annotations', 'derived')"
    if not connection.execute(told).fetchall()[0][0]:
        return
    insert_found(connection, "annotated", sql.text("lab/annotated"))
    connection.execute(
        """DELETE FROM quarantine WHERE (load_id, "row") IN (SELECT (load_id, "row") FROM annotations)"""
    )
    insert_found(
        connection,
        "quarantine",
        f"""SELECT load_id, "row", 'incident_id' AS "column", left(incident_id, 80) AS value, reason
            FROM ({sql.text("lab/strays")}) ORDER BY load_id, "row" """,
    )
    for statement in (
        """UPDATE loads SET quarantined = refused.n, accepted = loads."rows" - loads.duplicates - refused.n
           FROM (SELECT l.load_id, count(q.load_id) AS n FROM loads AS l LEFT JOIN quarantine AS q USING (load_id)
                 GROUP BY l.load_id) AS refused
           WHERE loads.format IN ('annotations', 'derived') AND refused.load_id = loads.load_id""",
        """UPDATE loads SET changed = touched.n
           FROM (SELECT l.load_id, count(DISTINCT a.report_id) AS n
                 FROM loads AS l LEFT JOIN annotated AS a USING (load_id) GROUP BY l.load_id) AS touched
           WHERE loads.format IN ('annotations', 'derived') AND touched.load_id = loads.load_id""",
    ):
        connection.execute(statement)


def judge_again(connection: duckdb.DuckDBPyConnection) -> None:
    """Judge stamps that came from different records or from people: each was right alone, together they may not be.

    A stamp that people gave is never a vendor's copy. Stamps that were out of order or implausible beside what it
    replaces get a second chance; copies and timers stay what they are. An annotated fix or verification closes the
    incident.
    """
    several = "SELECT (SELECT count(*) FROM links) + (SELECT count(*) FROM annotated)"
    if not connection.execute(several).fetchall()[0][0]:
        return
    rows = sql.frame(connection, sql.text("lab/second_look"))
    if rows.empty:
        return
    annotated = rows["annotated"].to_numpy(dtype=bool)
    read = pd.DataFrame({"exported_at": rows["exported_at"]})
    given = {stamp: rows[f"{stamp}_given"].notna().to_numpy() for stamp in STAMPS}
    for stamp in STAMPS:
        verdict = rows[f"{stamp}_verdict"]
        again = (
            annotated
            & verdict.isin(["out_of_order", "suspect"]).to_numpy()
            & ~rows[f"{stamp}_timer"].to_numpy(dtype=bool)
        )
        read[stamp] = rows[stamp].where((verdict == "recorded").to_numpy() | again | given[stamp])
    verdicts = rows[[f"{stamp}_verdict" for stamp in STAMPS]]
    ended = given["resolved_at"] | given["verified_at"]
    pending = (verdicts == "pending").any(axis=1).to_numpy()
    read["status"] = pd.Series(np.where(pending & ~ended, "open", "closed"), dtype="str").where(annotated)
    read["automated"] = pd.Series((rows["diagnosed_at_verdict"] == "not_applicable").to_numpy(), dtype="boolean")
    read["detected_at_origin"] = rows["detected_at_origin"].where(annotated & ~given["detected_at"])
    judged = judge(read)
    changes = []
    for stamp in STAMPS:
        before, after = rows[f"{stamp}_verdict"], judged[f"{stamp}_verdict"]
        # What was not shown to the judge keeps its verdict, unless it is absent and people have spoken.
        asked = read[stamp].notna() | (rows[stamp].isna() & annotated)
        changes.append(
            pd.DataFrame({"report_id": rows["report_id"], "stamp": stamp, "verdict": after})[asked & (after != before)]
        )
    found = pd.concat(changes, ignore_index=True)
    if found.empty:
        return
    connection.register("changes", found)
    try:
        connection.execute("INSERT INTO rejudged SELECT report_id, stamp, verdict FROM changes")
    finally:
        connection.unregister("changes")
