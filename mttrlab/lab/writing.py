"""The one way to write reports: with the refused rows of their file and its line in the ledger."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb
import pandas as pd

from mttrlab import __version__
from mttrlab.errors import LoadError
from mttrlab.lab.ledger import Asked, forget_same_file
from mttrlab.lab.report import LoadReport, why_refused
from mttrlab.lab.revisions import Selected, registered, store_frame, store_selected
from mttrlab.lab.transactions import insert_found

if TYPE_CHECKING:
    from mttrlab.sources.exports import Extract


def store_extract(
    connection: duckdb.DuckDBPyConnection, extract: Extract, judged: Selected | None, asked: Asked
) -> LoadReport:
    """Write one file's reports, refused rows and ledger line; the caller holds the transaction.

    Parameters
    ----------
    connection : DuckDBPyConnection
    extract : Extract
    judged : Selected, optional
        Its reports, judged, where they are no frame; None: those of `extract` are judged.
    asked : Asked

    Raises
    ------
    LoadError
        When the counts do not add up to the records of the file.
    """
    refused = len(extract.quarantine)
    if extract.accepted + refused + extract.duplicates != extract.rows:
        raise LoadError(
            f"{extract.path}: {extract.rows} records, but {extract.accepted} accepted + {refused} quarantined + "
            f"{extract.duplicates} duplicates; nothing was loaded, report this with the file"
        )
    notes = [*extract.warnings, *forget_same_file(connection, extract.sha256, extract.path.name)]
    why = why_refused(extract.quarantine)
    notes += [why] if why else []
    load_id = connection.execute("SELECT coalesce(max(load_id), 0) + 1 FROM loads").fetchall()[0][0]
    counts = (
        store_frame(connection, extract, load_id) if judged is None else store_selected(connection, judged, load_id)
    )
    if counts["older"]:
        notes.append(
            f"{counts['older']:,} incidents are older here than what the lab has; kept as history, the newer holds"
        )
    with registered(connection, "refused", extract.quarantine):
        insert_found(
            connection,
            "quarantine",
            'SELECT $1::BIGINT, "row", "column", value::VARCHAR, reason FROM refused ORDER BY "row"',
            [load_id],
        )
    connection.execute(
        """
        INSERT INTO loads VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
            $17::TIMESTAMPTZ, $18, $19, now(), $20, false, $21)
        """,
        [
            load_id,
            # The ledger must find the file again from anywhere.
            str(extract.path.absolute()),
            extract.path.name,
            extract.sha256,
            extract.size,
            extract.format,
            extract.source,
            asked.timezone,
            asked.as_of,
            extract.rows,
            extract.accepted,
            refused,
            extract.duplicates,
            counts["new"],
            counts["changed"],
            counts["unchanged"],
            None if pd.isna(extract.exported_at) else extract.exported_at.isoformat(),
            extract.exported_at_from,
            json.dumps(notes),
            __version__,
            asked.columns,
        ],
    )
    return LoadReport(
        path=str(extract.path),
        format=extract.format,
        rows=extract.rows,
        accepted=extract.accepted,
        quarantined=refused,
        duplicates=extract.duplicates,
        new=counts["new"],
        changed=counts["changed"],
        unchanged=counts["unchanged"],
        warnings=tuple(notes),
        load_id=load_id,
    )
