"""Investments as people write them down: YAML, checked whole before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mttrlab.errors import ModelError
from mttrlab.response.estimate import Estimate
from mttrlab.response.investment import Investment
from mttrlab.response.scenario_file import settings, written

_KEYS = ("name", "levers", "once", "yearly", "ramp", "side_effects", "incident_types", "services", "pools")


def read_investments(source: str | Path) -> list[Investment]:
    """Return the investments of a YAML file, or of a text with several lines.

    Parameters
    ----------
    source : str or Path
        A list under `investments`, each with `name` and `levers`; `once` and `yearly`, what it costs; `ramp` (default:
        six months; `none`: there on the first day), `side_effects`, `incident_types`, `services` or `pools` as for
        `Investment`. What is not known exactly is written as three numbers, `[low, likely, high]`, or as
        `{low: …, likely: …, high: …}`.

    Raises
    ------
    ModelError
        Every mistake at once, each with its place.

    Examples
    --------
    >>> text = "investments:\\n- {name: Flags, once: 40000, levers: {flagged: [0.3, 0.5, 0.6]}}"
    >>> read_investments(text)[0].ranges["flagged"]
    Estimate(low=0.3, likely=0.5, high=0.6)
    """
    return written(source, "investments", "investment", _investment)


def _investment(row: Any) -> Investment:
    told = row
    if isinstance(row, dict):
        told = {key: value for key, value in row.items() if key != "ramp" or not _no_ramp(value)}

    def make(name: str, levers: dict[str, Any], only: dict[str, Any]) -> Investment:
        money = {cost: _given(row[cost]) for cost in ("once", "yearly") if cost in row}
        if "ramp" in row and _no_ramp(row["ramp"]):
            only["ramp"] = None
        side = row.get("side_effects") or {}
        if not isinstance(side, dict):
            raise ModelError(f"side_effects must hold levers, such as {{dulled: 1.1}}; got {side!r}")
        besides = {lever: _given(value) for lever, value in side.items()}
        return Investment(name, **money, **only, side_effects=besides, **{k: _given(v) for k, v in levers.items()})

    made: Investment = settings(told, _KEYS, make)
    return made


def _no_ramp(value: Any) -> bool:
    return value is None or value == "none"


def _given(value: Any) -> Any:
    """Return three numbers that stand under their names in order; anything else as it is."""
    if isinstance(value, dict) and set(value) == set(Estimate._fields):
        return [value[name] for name in Estimate._fields]
    return value
