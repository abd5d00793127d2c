"""What can be changed about a response: settings that people really have, and what each moves."""

from __future__ import annotations

import pandas as pd

from mttrlab.response.lever import Lever
from mttrlab.response.levers_arrival import ARRIVAL, DETECTION
from mttrlab.response.levers_end import VERIFICATION
from mttrlab.response.levers_fix import FIX
from mttrlab.response.levers_people import HAND_OVER, PAGING, WAITING
from mttrlab.response.levers_work import AUTOMATION, DIAGNOSIS

LEVERS: dict[str, Lever] = {
    **ARRIVAL, **DETECTION, **PAGING, **WAITING, **HAND_OVER, **DIAGNOSIS, **AUTOMATION, **FIX, **VERIFICATION,
}  # fmt: skip
"""Every lever by name, in the order of an incident's life."""


def levers() -> pd.DataFrame:
    """Return what a `Scenario` can change.

    Returns
    -------
    DataFrame
        `lever`; `unit`; `low` and `high`, the values it takes; `moves`, the part of an incident's life that it acts
        on; `alone`, whether it can be moved for single incident types or services, and with a ramp (settings of pools
        can be moved for single pools instead); `meaning`;
        `shortens`, the way (lower, higher) that makes no incident longer where nobody waits, and `unless`, where it
        may all the same, or why neither way does.

    See Also
    --------
    what_moves : every setting of a model with its levers, or why it has none.

    Notes
    -----
    No lever moves what is not people's to move: how hard incidents are (`difficulty`), their mix of types, severities
    and services, the hours of the week at which they begin, when a fault comes back by itself. Nor what is a name
    or a bound of the simulation. `what_moves` says so, setting by setting.
    """
    every = list(LEVERS.values())
    return pd.DataFrame(
        {
            "lever": list(LEVERS),
            "unit": [lever.unit for lever in every],
            "low": [lever.low for lever in every],
            "high": [lever.high for lever in every],
            "moves": [lever.moves for lever in every],
            "alone": [lever.alone for lever in every],
            "meaning": [lever.meaning for lever in every],
            "shortens": [lever.shortens for lever in every],
            "unless": [lever.unless for lever in every],
        }
    )
