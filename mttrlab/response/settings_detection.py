"""Detection of a fitted model by the settings of real rules and monitors, and where history says otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mttrlab.response.history import FEWEST, Flags, History
from mttrlab.response.incident_type import Face
from mttrlab.response.model import ResponseModel
from mttrlab.response.notes import Note, disagreement
from mttrlab.response.watching import GAP, RULES, Sight, Watch
from mttrlab.schema import FAILURE_MODES, Practices

_PRIOR_INCIDENTS = 5.0

Cell = tuple[str, str]
"""A service and a failure mode."""


def watched(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
    """Return the model with detection by settings where a service and a failure mode have any.

    Where rules watch a cell, they say how soon; history says how often an alert was first. Where nothing watches it
    and history agrees, no alert sees it. Everything else stays as history has it.
    """
    detectors = tuple(one for one in practices.paging() if one.failure_modes and one.targets)
    if not detectors:
        said = "No rule or monitor says which service and failure mode it watches; detection is as history has it."
        notes.append(Note("detect by settings", "left out", 0, said))
        return model
    if "started_at" not in model.stamps or "detected_at" not in model.stamps:
        said = "The export does not show detection (started_at and detected_at), so settings have nothing to replace."
        notes.append(Note("detect by settings", "left out", 0, said))
        return model
    watch = Watch(detectors)
    service, mode = past.text("service"), past.text("failure_mode")
    named = zip(service.tolist(), mode.tolist(), strict=True)
    cells = sorted({(str(s), str(m)) for s, m in named if s is not None and m in FAILURE_MODES})
    sights = {cell: watch.sight(*cell) for cell in cells}
    mine = {cell: (service == cell[0]) & (mode == cell[1]) for cell in cells}
    by = past.text("detected_by").astype(str)
    told, seen = by != "None", np.isin(by, ("alert", "monitor"))
    kinds = {cell: _kind(sights[cell], int(seen[mine[cell]].sum())) for cell in cells}
    rules = [cell for cell in cells if kinds[cell] == RULES]
    if not rules:
        watching = sorted({name for one in detectors for name in one.targets})
        said = (
            f"{len(detectors)} rules and monitors watch {', '.join(watching[:5])}; no incident names such a service "
            "and a failure mode that they watch, so detection is as history has it (see alert_map and services)."
        )
        notes.append(Note("detect by settings", "left out", 0, said))
        return model
    inside = np.any([mine[cell] for cell in rules], axis=0)
    overall = float(seen[inside & told].mean()) if (inside & told).sum() >= FEWEST else None
    shares = {cell: _share(mine[cell] & told, seen, overall) for cell in rules}
    usual = float(np.mean([s for s in shares.values() if s is not None])) if overall is not None else None
    watch = replace(watch, seen=1.0 if usual is None else usual)
    types = tuple(replace(kind, faces=tuple(_face(face, kinds, shares) for face in kind.faces)) for kind in model.types)
    _tell(past, cells, kinds, sights, mine, seen, notes)
    return replace(model, types=types, watch=watch)


def _kind(sight: Sight | None, seen: int) -> str:
    if sight is not None:
        return RULES
    # Alerts that saw it all the same: not all rules were loaded, and history knows better.
    return GAP if seen < FEWEST else ""


def _share(told: Flags, seen: Flags, overall: float | None) -> float | None:
    if overall is None:
        return None
    return float((seen[told].sum() + _PRIOR_INCIDENTS * overall) / (told.sum() + _PRIOR_INCIDENTS))


def _face(face: Face, kinds: dict[Cell, str], shares: dict[Cell, float | None]) -> Face:
    cell = (str(face.service), str(face.failure_mode))
    kind = kinds.get(cell, "")
    return replace(face, watch=kind, seen=shares.get(cell)) if kind else face


def _tell(
    past: History,
    cells: list[Cell],
    kinds: dict[Cell, str],
    sights: dict[Cell, Sight | None],
    mine: dict[Cell, Flags],
    seen: Flags,
    notes: list[Note],
) -> None:
    minutes, observed, known = past.span("started_at", "detected_at")
    of = {kind: [cell for cell in cells if kinds[cell] == kind] for kind in (RULES, GAP, "")}
    n = {kind: int(sum(mine[cell].sum() for cell in group)) for kind, group in of.items()}
    said = f"{len(of[RULES])} of {len(cells)} pairs of service and failure mode are noticed as rules and monitors say"
    if of[GAP]:
        said += f"; nothing watches {len(of[GAP])} ({n[GAP]} incidents)"
    rest = len(past) - n[RULES] - n[GAP]
    said += f"; {rest} incidents stay as history has them." if rest else "."
    notes.append(Note("detect by settings", "practices", n[RULES], said))
    for cell in of[""]:
        k, total = int(seen[mine[cell]].sum()), int(mine[cell].sum())
        if sights[cell] is None:
            sentence = (
                f"{cell[0]}, {cell[1]}: no rule or monitor watches it, yet alerts saw {k} of {total} incidents; some "
                "rules are not loaded, and history is kept."
            )
            notes.append(Note("detect by settings", "disagreement", total, sentence))
    for cell in of[RULES]:
        sight = sights[cell]
        rows = mine[cell] & seen & observed & known
        if sight is not None and rows.sum() >= FEWEST:
            what = f"{cell[0]}, {cell[1]}, seen by alerts, every request failing"
            disagreement(
                notes, "detect by settings", what, sight.minutes, minutes[rows],
                ("alerts come later than their settings", "alerts come sooner than their settings"),
            )  # fmt: skip
