"""How soon people react to pages, those that are no incident among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mttrlab.response import columns, draws
from mttrlab.response.laws import AT_ONCE
from mttrlab.response.luck import Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import calls
from mttrlab.response.special import setting

if TYPE_CHECKING:
    from mttrlab.response.records import Records


def fill(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    """Write the reaction to each call; pages that are no incident are answered and worked on as well."""
    paging, dulled = model.paging, model.noise.dulled if model.noise else 1.0
    factor = setting(model, made.facts, "acknowledge_factor", model.acknowledge_factor)
    backup = setting(model, made.facts, "backup_factor", model.backup_factor)
    duller = setting(model, made.facts, "noise.dulled", dulled)
    each, drawn = [], luck.uniforms("acknowledge", calls(model))
    for level in range(calls(model)):
        laws = [kind.acknowledge for kind in model.types]
        if paging and paging.levels:
            laws = [paging.levels[level % len(paging.levels)]] * len(laws)
        minutes = draws.of_types(luck, rows, laws, drawn[level])
        each.append(draws.times(minutes, duller, factor * backup if level else factor))
        if model.noise:
            law = paging.levels[level % len(paging.levels)] if paging and paging.levels else model.types[0].acknowledge
            minutes = columns.minutes(law or AT_ONCE, luck.noise("acknowledge", level))
            made.put_pages("acknowledge", columns.microseconds(minutes * dulled), level)
    made.write("acknowledge", *each)
    if model.noise:
        work = columns.minutes(model.noise.work, luck.noise("work")) * model.noise_factor
        made.put_pages("diagnose", columns.microseconds(work))
