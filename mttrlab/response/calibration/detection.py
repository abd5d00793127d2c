"""How many incidents alerts see, and how fast: from who noticed, firings, the shape of the delays, or borrowed."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special

from mttrlab.response.calibration import history, repair
from mttrlab.response.calibration.history import FEWEST, Flags, History
from mttrlab.response.calibration.pooling import (
    SHORTEST,
    group_laws,
    negative_log_likelihood,
    note_disagreement,
    select_family,
    share_interval,
    span_note,
)
from mttrlab.response.calibration.priors import Priors, seen_words
from mttrlab.response.model import validation
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.detection import GAP, RULES, DetectionDelayCurve, DetectionSettings
from mttrlab.response.model.distributions import Distribution
from mttrlab.response.model.incident_types import IncidentProfile, IncidentType
from mttrlab.response.model.provenance import Note
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.schema import FAILURE_MODES, Practices

_SIGNAL_COLUMNS = ("service", "started_at", "source")
_LATE = pd.Timedelta(minutes=2)
"""A firing may reach the alerting log this long after the detection that it caused: clocks differ."""


def with_alerts(
    past: History,
    stamps: tuple[str, ...],
    types: list[IncidentType],
    group: Ints,
    notes: list[Note],
    priors: Priors,
) -> list[IncidentType]:
    """Return the types with how often alerts see them and how fast.

    The first that can tell does: `detected_by` of at least half of the incidents; two clumps of delays, quick and slow
    (`two_component_mixture`); the few that say who noticed, with the rest borrowed; the borrowed share alone.
    """
    if "detected_at" not in stamps or stamps[0] == "detected_at":
        return types
    by = past.text("detected_by")
    told = np.array([word is not None for word in by])
    seen = np.isin(by.astype(str), ("alert", "monitor"))
    begin = stamps[stamps.index("detected_at") - 1]
    minutes, observed, known = past.span(begin, "detected_at")
    n = int(told.sum())
    if n >= max(len(past) / 2, history.FEWEST):
        return _told(past, begin, types, group, notes, told, seen)
    rows = np.flatnonzero(observed & known & ~told)
    found = two_component_mixture(minutes[rows], group[rows], len(types))
    if found is not None:
        return _by_shape(found, types, group, rows, seen & told, told, notes)
    share = repair.shrunk_shares(seen[told], group[told], len(types)) if n else [0.0] * len(types)
    part = n / len(past)
    mixed = [part * own + (1 - part) * priors.seen for own in share]
    says, rest = "does not say who noticed", "these incidents"
    if n:
        says, rest = f"says of {n} of {len(past)} incidents who noticed", "the others"
    sentence = (
        f"The export {says}, and the delays show no quick clump beside a slow one; of {rest} {seen_words()}; "
        "every refit draws another share."
    )
    notes.append(Note("alert coverage", "prior", n, sentence))
    return [updated(kind, alert_coverage=mixed[t]) for t, kind in enumerate(types)]


def _told(
    past: History, begin: str, types: list[IncidentType], group: Ints, notes: list[Note], told: Flags, seen: Flags
) -> list[IncidentType]:
    """Return the types with what the incidents that say who noticed show."""
    minutes, observed, known = past.span(begin, "detected_at")
    fast, slow = np.flatnonzero(seen & known), np.flatnonzero(told & ~seen & known)
    share = repair.shrunk_shares(seen[told], group[told], len(types))
    low, high = share_interval(int(seen[told].sum()), int(told.sum()))
    said = f"Alerts saw {seen[told].mean():.0%} first (95 % {low:.0%} to {high:.0%})."
    notes.append(Note("alert coverage", "fitted", int(told.sum()), said))
    if len(fast) < history.FEWEST:
        notes.append(Note("detect by alert", "prior", len(fast), "Too few to fit; taken as quick as all detection."))
        return [updated(kind, alert_coverage=share[t]) for t, kind in enumerate(types)]
    alert = group_laws(minutes[fast], observed[fast], group[fast], len(types))
    notes.append(span_note("detect by alert", begin, "detected_at", alert))
    if len(slow) < history.FEWEST:
        notes.append(Note("detect otherwise", "prior", len(slow), "Too few to fit; taken as slow as all detection."))
        return [updated(kind, alert=alert.law(t), alert_coverage=share[t]) for t, kind in enumerate(types)]
    other = group_laws(minutes[slow], observed[slow], group[slow], len(types))
    notes.append(span_note("detect otherwise", begin, "detected_at", other))
    return [
        updated(kind, alert=alert.law(t), detect=other.law(t), alert_coverage=share[t]) for t, kind in enumerate(types)
    ]


def _by_shape(
    found: TwoComponentMixture, types: list[IncidentType], group: Ints, rows: Ints, seen: Flags, told: Flags,
    notes: list[Note],
) -> list[IncidentType]:  # fmt: skip
    """Return the types with a quick clump of delays as what alerts see, and those who say it themselves beside it."""
    weight = np.concatenate([found.member, seen[told].astype(np.float64)])
    kinds = np.concatenate([group[rows], group[told]])
    n = np.bincount(kinds, minlength=len(types))
    k = np.bincount(kinds, weights=weight, minlength=len(types))
    share = (k + repair.PRIOR_INCIDENTS * weight.mean()) / (n + repair.PRIOR_INCIDENTS)
    sentence = (
        f"The export does not say who noticed, but delays come in two clumps: {found.share:.0%} (95 % {found.low:.0%} "
        f"to {found.high:.0%}) about {found.quick.quantile(0.5).item():.3g} minutes, the rest about "
        f"{found.slow.quantile(0.5).item():.3g}; the quick ones are taken for what alerts saw"
    )
    notes.append(Note("alert coverage", "fitted", len(rows), sentence + "."))
    return [
        updated(kind, alert=found.quick, detect=found.slow, alert_coverage=float(share[t]))
        for t, kind in enumerate(types)
    ]


def infer_detected_by(past: History, firings: pd.DataFrame | None, notes: list[Note]) -> History:
    """Return the history with `detected_by` where the export does not say it and the log of firings covers the time.

    An alert saw an incident when one of its service fired between onset and detection; else a person did. Pages are
    left aside: a person may have sent them.
    """
    if firings is None or validation.data_frame("firings", firings, "lab.firings()").empty:
        return past
    missing = [name for name in _SIGNAL_COLUMNS if name not in firings]
    if missing:
        from mttrlab.errors import SchemaError

        raise SchemaError(f"the firings lack {', '.join(missing)}; pass lab.firings()")
    fired = firings[(firings["source"] != "pagerduty") & firings["service"].notna() & firings["started_at"].notna()]
    by, service = past.text("detected_by").copy(), past.text("service")
    silent = np.array([word is None for word in by]) & np.array([word is not None for word in service])
    begin, end = past.stamped["started_at"], past.stamped["detected_at"]
    if fired.empty or not silent.any():
        return past
    when = ((fired["started_at"] - past.origin) / pd.Timedelta(minutes=1)).to_numpy(dtype=np.float64)
    late = _LATE / pd.Timedelta(minutes=1)
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero(silent & (begin >= when.min()) & (end <= when.max()) & (end >= begin))
    names = fired["service"].astype(str).to_numpy()
    ordered = {name: np.sort(when[names == name]) for name in set(names.tolist())}
    # A service that never fired may be one whose alerts go elsewhere.
    rows = np.array([row for row in rows.tolist() if str(service[row]) in ordered], dtype=np.int64)
    if not len(rows):
        return past
    hit = [
        bool(np.searchsorted(at, end[row] + late, side="right") > np.searchsorted(at, begin[row]))
        for row in rows.tolist()
        for at in (ordered[str(service[row])],)
    ]
    by[rows] = np.where(hit, "alert", "person")
    sentence = (
        f"{len(rows)} incidents do not say who noticed; in the log of firings an alert of their service fired between "
        f"onset and detection of {sum(hit)} of them, which are taken as seen by alerts."
    )
    notes.append(Note("who noticed", "fitted", len(rows), sentence))
    return replace(past, incidents=past.incidents.assign(detected_by=pd.array(by, dtype="str")))


# Two clumps of detection delays, quick and slow: how many alerts saw, where no export says who noticed.


ENOUGH = 40
"""Delays below which two clumps cannot be told from one."""
QUICK = 15.0
"""Minutes: the quick clump's median must be below it to be taken for alerts (70 % of automatic detections took at most
10 minutes in public post-mortems: Li et al., ISSRE 2022)."""
_CLEARLY = 6.0
"""What two clumps must gain in BIC over one law per type (strong evidence: Kass and Raftery, 1995)."""
_APART = 2.0
"""Distance of the middles, in common spreads, from which on two clumps show (Ashman et al., 1994)."""
_SMALLEST = 0.1
_ROUNDS = 300


class TwoComponentMixture(NamedTuple):
    """A quick and a slow clump of delays."""

    quick: Distribution
    slow: Distribution
    member: Floats
    """Each delay's chance to be of the quick clump."""
    share: float
    """Of the quick clump."""
    low: float
    """95 % interval of the share, with the clumps' own place taken as known; refits doubt that too."""
    high: float
    gain: float
    """In BIC over one law per type."""


def two_component_mixture(minutes: Floats, group: Ints, groups: int) -> TwoComponentMixture | None:
    """Return two clumps of delays, or None where one law per type says as much.

    Parameters
    ----------
    minutes : array
        Delays that ended.
    group : array of int
        Type of each: slow types beside quick ones are no clumps.

    Notes
    -----
    Two lognormal laws for all, each type with its own shares, by expectation-maximisation; against one law per type
    (lognormal, Weibull or log-logistic, common spread). Two are taken where BIC says so by six, the middles are two
    spreads apart (Ashman's D), each holds a tenth, the quick one's median is below 15 minutes, as alerts are, and no
    single delay is more than half of it.
    """
    n = len(minutes)
    if n < ENOUGH:
        return None
    y = np.log(np.maximum(minutes, SHORTEST))
    if y.std() < 1e-3:
        return None
    grid, stamped = np.unique(minutes, return_counts=True)
    size = np.bincount(group, minlength=groups).astype(np.float64)
    split = _best_split(y)
    member = (y <= split).astype(np.float64)
    before = -np.inf
    for _ in range(_ROUNDS):
        mass = np.array([member.sum(), n - member.sum()])
        if mass.min() < 1.0:
            return None
        centre = np.array([(member * y).sum(), ((1 - member) * y).sum()]) / mass
        squares = (member * (y - centre[0]) ** 2).sum(), ((1 - member) * (y - centre[1]) ** 2).sum()
        # A clump of equal stamps would have no spread and an endless likelihood.
        spread = np.sqrt(np.maximum(np.array(squares) / mass, 0.05**2))
        share = (np.bincount(group, weights=member, minlength=groups) + 0.5) / (size + 1.0)
        mine = share[group]
        a = np.log(mine) + _normal(y, centre[0], spread[0])
        b = np.log1p(-mine) + _normal(y, centre[1], spread[1])
        total = np.logaddexp(a, b)
        member, now = np.exp(a - total), float(total.sum())
        if abs(now - before) < 1e-8:
            break
        before = now
    if centre[0] > centre[1]:
        member, centre, spread = 1 - member, centre[::-1], spread[::-1]
    whole = float(member.mean())
    apart = np.sqrt(2.0) * (centre[1] - centre[0]) / np.sqrt((spread**2).sum())
    gain = 2 * (now - _one_law(y, group, groups)) - np.log(n) * 3
    if gain < _CLEARLY or apart < _APART or not _SMALLEST <= whole <= 1 - _SMALLEST or centre[0] > np.log(QUICK):
        return None
    quick = minutes[member > 0.5]
    if stamped[np.isin(grid, quick)].max(initial=0) > 0.5 * len(quick):
        # Stamps cut down to five minutes or an hour leave one delay, most often none at all, that stands apart.
        return None
    # What each delay says of the share: less than a whole incident, where the clumps overlap (observed information).
    f, g = _normal(y, centre[0], spread[0]), _normal(y, centre[1], spread[1])
    score = (np.exp(f) - np.exp(g)) / (whole * np.exp(f) + (1 - whole) * np.exp(g))
    error = 1 / np.sqrt((score**2).sum()) * float(special.ndtri(0.975))
    return TwoComponentMixture(
        Distribution("lognormal", float(centre[0]), float(spread[0])),
        Distribution("lognormal", float(centre[1]), float(spread[1])),
        member, whole, max(whole - error, 0.0), min(whole + error, 1.0), float(gain),
    )  # fmt: skip


def _best_split(y: Floats) -> float:
    """Return the log delay that parts the sorted ones into two with the least squares (Fisher's break)."""
    z = np.sort(y)
    k = np.arange(1, len(z))
    left, right = np.cumsum(z)[:-1], z.sum() - np.cumsum(z)[:-1]
    between = left**2 / k + right**2 / (len(z) - k)
    return float(z[int(np.argmax(between))])


def _one_law(y: Floats, group: Ints, groups: int) -> float:
    """Return the log-likelihood of one law per type, of the best family; two parameters beyond a mean per type fewer
    than the clumps have."""
    size = np.maximum(np.bincount(group, minlength=groups), 1)
    residual = y - (np.bincount(group, weights=y, minlength=groups) / size)[group]
    sigma = max(float(np.sqrt((residual**2).mean())), 1e-6)
    family = select_family(residual / sigma, np.ones(len(y), dtype=bool), sigma)
    best = -negative_log_likelihood(np.zeros(2), "lognormal", residual / sigma, np.ones(len(y), dtype=bool))
    if family.kind in ("weibull", "loglogistic"):
        place = (family.loc, np.log(family.scale))
        best = max(best, -negative_log_likelihood(place, family.kind, residual / sigma, np.ones(len(y), dtype=bool)))
    return best - len(y) * float(np.log(sigma))


def _normal(y: Floats, centre: float, spread: float) -> Floats:
    z = (y - centre) / spread
    return np.asarray(-z * z / 2 - 0.5 * np.log(2 * np.pi) - np.log(spread))


# Detection of a fitted model by the settings of real rules and monitors, and where history says otherwise.


_PRIOR_INCIDENTS = 5.0

Cell = tuple[str, str]
"""A service and a failure mode."""


def with_detectors(model: ResponseModel, past: History, practices: Practices, notes: list[Note]) -> ResponseModel:
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
    watch = DetectionSettings(detectors)
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
    watch = updated(watch, seen=1.0 if usual is None else usual)
    types = tuple(
        updated(kind, profiles=tuple(_face(face, kinds, shares) for face in kind.profiles)) for kind in model.types
    )
    _tell(past, cells, kinds, sights, mine, seen, notes)
    return updated(model, types=types, watch=watch)


def _kind(sight: DetectionDelayCurve | None, seen: int) -> str:
    if sight is not None:
        return RULES
    # Alerts that saw it all the same: not all rules were loaded, and history knows better.
    return GAP if seen < FEWEST else ""


def _share(told: Flags, seen: Flags, overall: float | None) -> float | None:
    if overall is None:
        return None
    return float((seen[told].sum() + _PRIOR_INCIDENTS * overall) / (told.sum() + _PRIOR_INCIDENTS))


def _face(face: IncidentProfile, kinds: dict[Cell, str], shares: dict[Cell, float | None]) -> IncidentProfile:
    cell = (str(face.service), str(face.failure_mode))
    kind = kinds.get(cell, "")
    return updated(face, watch=kind, seen=shares.get(cell)) if kind else face


def _tell(
    past: History,
    cells: list[Cell],
    kinds: dict[Cell, str],
    sights: dict[Cell, DetectionDelayCurve | None],
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
            note_disagreement(
                notes, "detect by settings", what, sight.minutes, minutes[rows],
                ("alerts come later than their settings", "alerts come sooner than their settings"),
            )  # fmt: skip
