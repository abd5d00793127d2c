"""The made-up organisations by name, and all of them into a folder."""

from __future__ import annotations

from pathlib import Path

from mttrlab.errors import QuestionError
from mttrlab.examples.large import large
from mttrlab.examples.organisation import Organisation
from mttrlab.examples.readme import page
from mttrlab.examples.small import small

_MAKERS = {"large": large, "small": small}
ORGANISATIONS = tuple(_MAKERS)


def organisation(name: str) -> Organisation:
    """Return a made-up organisation: its truth, what was planted, and its files.

    Parameters
    ----------
    name : str
        `large` (two years, four tools) or `small` (three months, PagerDuty and a status page).

    Raises
    ------
    QuestionError
        For any other name.

    Examples
    --------
    >>> small = organisation("small")
    >>> len(small.truth), small.facts.records["small/pagerduty.json"]
    (35, 400)
    """
    if name not in _MAKERS:
        raise QuestionError(f"organisation must be one of {', '.join(ORGANISATIONS)}; got {name!r}")
    return _MAKERS[name]()


def write(folder: Path | str) -> list[Path]:
    """Write the files of every organisation, and README.md, into a folder; return their paths.

    Parameters
    ----------
    folder : Path or str
        Made if it does not exist.
    """
    written = [path for name in ORGANISATIONS for path in organisation(name).write(folder)]
    readme = Path(folder) / "README.md"
    readme.write_bytes(page(large(), small()))
    return [*written, readme]
