"""The monthly review: what a lead puts on the screen, and every table behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from mttrlab import __version__
from mttrlab.errors import QuestionError
from mttrlab.files import atomic_write
from mttrlab.review import figures, page
from mttrlab.review import sentences as say
from mttrlab.review.findings import Findings, collect_findings

if TYPE_CHECKING:
    from mttrlab.lab.lab import Lab


@dataclass(frozen=True)
class Review:
    """One month, reviewed."""

    month: str
    """The month, as 2026-06."""
    window: tuple[str, str]
    """First and last month of the data."""
    sentences: tuple[str, ...]
    """The first screen: at most five."""
    numbers: dict[str, float]
    """The figures of the first screen: at most seven."""
    tables: dict[str, pd.DataFrame] = field(repr=False)
    """Every table of the page, by name."""
    figures: dict[str, figures.Drawing] = field(repr=False)
    """Every figure of the page, by name."""
    facts: dict[str, object]
    """What it rests on: clock, seed, data hash, version, when the newest export was taken."""
    findings: Findings = field(repr=False)
    """What the page is written from."""

    def to_html(self) -> str:
        """Return the page: one file, no script, no address outside it but the incidents' own links."""
        return page.render(self)

    def _repr_html_(self) -> str:
        # A frame of its own: the page's style stays out of the notebook's, and nothing in it can run.
        inside = escape(self.to_html(), quote=True)
        may = "allow-popups allow-popups-to-escape-sandbox"
        return (
            f'<iframe title="Monthly review {escape(self.month)}" sandbox="{may}" '
            f'style="width:100%;height:820px;border:1px solid #ccc" srcdoc="{inside}"></iframe>'
        )


def monthly_review(
    lab: Lab,
    month: str | None = None,
    *,
    seed: int = 7,
    replications: int = 200,
    days: float = 365,
    left_aside: Sequence[str] = (),
) -> Review:
    """Return the review of one month.

    Parameters
    ----------
    lab : Lab
    month : str, optional
        As 2026-06 (UTC); default: the last complete month before the newest export was taken.
    seed : int
        Names the luck of the what-ifs.
    replications : int
        Simulated runs per lever; fewer where so many incidents would take too long, and the page says how many.
    days : float
        Length of a run.
    left_aside : sequence of str
        Names of files that are no export (`lab.load_folder(…).skipped`), to be listed.

    Returns
    -------
    Review
        The same lab, month and seed give the same page, byte for byte.

    Raises
    ------
    QuestionError
        When there is nothing to review, or the month is no month or lies outside the data.
    """
    found = collect_findings(lab, month, seed=seed, replications=replications, days=days, left_aside=left_aside)
    sentences, numbers = say.first_screen(found)
    periods = found.periods
    return Review(
        month=f"{periods.month:%Y-%m}",
        window=(f"{periods.first:%Y-%m}", f"{periods.last:%Y-%m}"),
        sentences=tuple(sentence.text for sentence in sentences),
        numbers=numbers,
        tables=found.tables,
        figures=figures.draw_figures(found.tables, found.measure, periods),
        facts={
            "measure": found.measure,
            "seed": seed,
            "data": found.data_hash,
            "version": __version__,
            "exported_at": f"{periods.exported_at:%Y-%m-%d %H:%M} UTC",
        },
        findings=found,
    )


def write_review(
    lab: Lab,
    folder: str | Path,
    month: str | None = None,
    *,
    seed: int = 7,
    replications: int = 200,
    left_aside: Sequence[str] = (),
) -> Path:
    """Write the review of a month as one HTML page, and return where it is.

    Parameters
    ----------
    lab : Lab
    folder : str or Path
        Made if it is not there; the page is called `mttr-review-2026-06.html`.
    month, seed, replications, left_aside
        As for `monthly_review`.

    Raises
    ------
    QuestionError
        As for `monthly_review`, or when the folder is a file.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise QuestionError(f"{folder} is a file; name a folder for the review")
    review = monthly_review(lab, month, seed=seed, replications=replications, left_aside=left_aside)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"mttr-review-{review.month}.html"
    return atomic_write(path, review.to_html().encode())
