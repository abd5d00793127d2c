"""A bar on standard error for loads that take longer than a moment; silent where nobody watches."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mttrlab.lab.plain import plain

_PATIENCE = 2.0
"""Seconds before a bar is shown."""


class Progress:
    """Counts the bytes of the files that are loaded.

    Parameters
    ----------
    files : list of Path
    """

    def __init__(self, files: list[Path]) -> None:
        self._sizes = {file: file.stat().st_size if file.is_file() else 0 for file in files}
        self._loading = 0
        self._bar: Any = None

    def __enter__(self) -> Self:
        from tqdm import tqdm

        # disable=None: no bar where standard error is no terminal.
        self._bar = tqdm(
            total=sum(self._sizes.values()), unit="B", unit_scale=True, delay=_PATIENCE, leave=False, disable=None
        )
        return self

    def begin(self, file: Path) -> None:
        """Say that a file is being loaded; the one before it is done."""
        self._bar.update(self._loading)
        self._loading = self._sizes[file]
        self._bar.set_description(f"loading {plain(file.name, 40)}", refresh=False)

    def finish(self) -> None:
        """Say that all files are read and what follows from them is being found."""
        self._bar.update(self._loading)
        self._loading = 0
        self._bar.set_description("judging together")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
