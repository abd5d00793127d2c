"""Which incidents happen: levers take some away, and let others come that the baseline does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mttrlab.response import draws, growth
from mttrlab.response.laws import Floats
from mttrlab.response.luck import Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.special import setting

if TYPE_CHECKING:
    from mttrlab.response.records import Records


def settings(model: ResponseModel) -> tuple[object, ...]:
    """Return what decides which incidents happen, besides settings of some alone."""
    return (
        model.prevention, model.changes_prevented, model.arrivals_factor, model.deploys_factor, model.failing_factor,
        model.burst_share, model.burst_size, model.bursts,
    )  # fmt: skip


def fill(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    """Write whether each incident happens, and each page that is none."""
    if model.noise:
        made.put_pages("happens", luck.noise("cut") >= model.noise_cut)
    facts = made.facts
    prevented = setting(model, facts, "prevention", model.prevention)
    happens = luck.uniform("prevention") >= prevented if np.any(prevented) else np.ones(len(luck), dtype=bool)
    stopped = setting(model, facts, "changes_prevented", model.changes_prevented)
    oftener = setting(model, facts, "deploys_factor", model.deploys_factor)
    worse = setting(model, facts, "failing_factor", model.failing_factor)
    more = setting(model, facts, "arrivals_factor", model.arrivals_factor)
    if np.any(stopped) or np.any(oftener * worse != 1):
        changed = draws.changed(model, luck, facts["type"])
        happens &= ~changed | (luck.uniform("change_prevention") >= stopped)
        more = np.where(changed, more * oftener * worse, more)
    layer = growth.layer(luck)
    if np.any(more != 1) or np.any(layer):
        happens &= luck.uniform("growth") < more - layer
    made.put("happens", happens & _brought(model, luck, facts))


def _brought(model: ResponseModel, luck: Luck, facts: dict[str, np.ndarray]) -> np.ndarray | bool:
    """Return which incidents come by themselves, or are still brought by another one."""
    if model.bursts is None:
        return True
    share: Floats | float = setting(
        model, facts, "burst_share", 1.0 if model.burst_share is None else model.burst_share
    )
    size = setting(model, facts, "burst_size", model.bursts.mean if model.burst_size is None else model.burst_size)
    if np.all(share >= model.bursts.share) and np.all(size >= model.bursts.mean):
        return True
    cause = growth.cause(luck)
    kept = luck.uniform("burst_kept") * model.bursts.mean < size
    return np.asarray(np.isnan(cause) | ((cause < share) & kept))
