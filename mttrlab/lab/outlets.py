"""What a lab writes beside itself: the worksheet for people, and its incidents as one table."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from mttrlab import sql
from mttrlab.errors import QuestionError
from mttrlab.lab.exporting import anonymised, canonical, write_canonical
from mttrlab.lab.neutral import free_place, write_csv
from mttrlab.lab.pseudonyms import local_pseudonyms
from mttrlab.lab.signals import Signals

RANK = (
    "Ranked by the incident's known minutes, times one over the observations (+ 1) of each phase or clock that the "
    "stamp would give: long incidents, and phases that few others show, come first."
)
"""Why a worksheet has the order that it has."""
_TO_FILL = ("time", "who", "why")


class Outlets(Signals):
    """The tables that leave a lab as files."""

    def worksheet(self, month: str | None = None, count: int = 15) -> pd.DataFrame:
        """Return the stamps whose filling would narrow the answers most, best first.

        Parameters
        ----------
        month : str, optional
            Such as 2026-06: incidents that begin in it; default: all.
        count : int
            Rows at most.

        Returns
        -------
        DataFrame
            `incident_id, source, milestone, title, service, url, before, after` (the usable stamps around it),
            `stands` (what is there now), `gives` (the phases and clocks that it would complete), and the empty columns
            `time, who, why`. See `RANK` for the order.
        """
        if month is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
            raise QuestionError(f"month must be such as 2026-06, got {month!r}")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise QuestionError(f"count must be a whole number from 1 on, got {count!r}")
        lead = self._settings.lead_clock
        found = self._frame(sql.text("lab/worksheet"), lead=lead, month=month, count=count)
        return found.assign(**dict.fromkeys(_TO_FILL, ""))

    def annotate(self, path: str | Path = "worksheet.csv", month: str | None = None, count: int = 15) -> Path:
        """Write the worksheet as a CSV to be filled in and loaded back; text cannot act as a formula.

        Parameters
        ----------
        path : str or Path
            A file that is not there yet.
        month, count
            As for `worksheet`.

        Raises
        ------
        QuestionError
            When the file exists, or there is nothing to fill in.
        """
        free_place(path)
        sheet = self.worksheet(month, count)
        if sheet.empty:
            raise QuestionError("no stamp is missing that would give a phase or a clock to an incident")
        return write_csv(path, list(sheet.columns), sheet.astype(str).to_numpy().tolist())

    def export(self, path: str | Path, anonymise: bool = False) -> Path:
        """Write every record as a canonical table that loads back into the same incidents.

        Parameters
        ----------
        path : str or Path
            A new file; `.parquet` writes Parquet, anything else CSV. Text cannot act as a formula in a spreadsheet.
        anonymise : bool
            True: ids, services, teams, titles, urls, changes, incident types and unknown words are keyed pseudonyms
            (HMAC-SHA256 under the key of `key_path()`, outside the lab). Times stay as they are.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        QuestionError
            When the file exists.

        Notes
        -----
        The verdicts are in the table for people; loading it judges the stamps again. A copy that only the vendor's
        format gives away is then taken for a recorded stamp. Pseudonymised data is still personal data: whoever has
        the key, or knows when the incidents were, can tell them.
        """
        free_place(path)
        table = canonical(self.incidents(population=None))
        return write_canonical(anonymised(table, local_pseudonyms()) if anonymise else table, Path(path))
