"""A lab's file while it is open: a change is kept whole or not at all, also when the database gives up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb

from mttrlab.errors import StoreError
from mttrlab.lab import applying, store
from mttrlab.lab.ledger import ledger
from mttrlab.lab.report import LoadReport
from mttrlab.lab.runs import Runs
from mttrlab.lab.transactions import transaction


class Session(Runs):
    """A file that answers, and that can be changed where it was not opened for reading only."""

    def __init__(self, path: str | Path | None = None, *, read_only: bool = False) -> None:
        self.path = None if path is None else Path(path)
        if self.path is None and read_only:
            raise StoreError("a lab in memory starts empty; give read_only=True only with a file")
        self.read_only = read_only
        self._connection = store.open_store(self.path, read_only=read_only)
        self._last: int | None = None
        try:
            with store.named(self.path):
                self._settings = applying.stored_settings(self._connection)
        except StoreError:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; closing twice is fine."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        """Return where the lab lives."""
        return f"Lab({str(self.path)!r})" if self.path else "Lab()"

    def _repr_html_(self) -> str:
        return self.population().to_html(index=False, escape=True, border=0)

    def _writable(self) -> None:
        if self.read_only:
            raise StoreError(f"{self.path} is open for reading only; open it without read_only to change it")

    @contextmanager
    def _transaction(self, what: str) -> Iterator[None]:
        """Keep all of what happens inside, or nothing; after an engine that gave up, open the file again and look."""
        before = None
        try:
            with transaction(self._connection, what):
                before = ledger(self._connection)
                yield
        except StoreError as refusal:
            if self._revive() and ledger(self._connection) != before:
                raise StoreError(
                    f"{what} was stored whole, but the database stopped right after it: {refusal.__cause__}"
                ) from refusal.__cause__
            raise

    def _keep(self, reports: tuple[LoadReport, ...]) -> None:
        self._last = reports[-1].load_id
        if self.path is not None:
            # The log beside the file is folded in, so that a copy of the file alone is whole. The load is already kept:
            # where this fails (a full disk), the log holds it.
            with suppress(duckdb.Error):
                self._connection.execute("CHECKPOINT")
            self._revive()

    def _revive(self) -> bool:
        """Open the file again if the database gave up, as it does when a checkpoint finds the disk full."""
        if self.path is None or not store.gave_up(self._connection):
            return False
        self._connection.close()
        self._connection = store.open_store(self.path, read_only=self.read_only)
        return True
