"""Random numbers and a model become records of integers: what the transition function reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
from scipy import special

from mttrlab.response.engines.transition import ATTEMPTS, ROUNDS, TRANSFERS
from mttrlab.response.model.arrays import Floats, Ints, Value
from mttrlab.response.model.detection import GAP, RULES, DetectionDelayCurve, DetectionSettings
from mttrlab.response.model.distributions import ZERO, Distribution
from mttrlab.response.model.incident_types import NAMED, IncidentProfile, IncidentType, longest, works
from mttrlab.response.model.responders import Pipeline
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.settings import updated
from mttrlab.response.model.shares import automation_shares, raise_shares, runbook_shares, seen_shares
from mttrlab.response.model.workflow import DiagnosisAttempts
from mttrlab.response.sampling import arrivals, random_streams
from mttrlab.response.sampling.common_random_numbers import RandomNumbers
from mttrlab.response.sampling.overrides import (
    IN_PARAMETERS,
    Facts,
    flat_face,
    largest,
    mark_reached,
    own_settings,
    parameter_set,
    per_incident,
    resolve,
)
from mttrlab.response.sampling.parameters import attempts, calls, record_type, rounds
from mttrlab.response.sampling.records import Records

_LAST_PRIORITY = 1_000_000

# Levers that a group of columns reads, for all incidents or for some: the group is made again where one has changed.

OCCURRENCE = (
    "prevention", "changes_prevented", "arrivals_factor", "deploys_factor", "failing_factor", "burst_share",
    "burst_size",
)  # fmt: skip
NOTICED = ("alert_coverage", "report_minutes")
DETECTION = ("alert_latency", *NOTICED)
ATTEMPT = ("automation_run_factor", "harm_factor")
AUTOMATION = ("automation", *ATTEMPT)
ACKNOWLEDGEMENT = ("acknowledge_factor", "backup_factor")
HYPOTHESES = ("runbooks", "hypothesis_hit", "first_hit", "novel", "try_minutes")
DIAGNOSIS = ("diagnosis_factor", "runbook_factor", *HYPOTHESES)
WORK = tuple(one(name) for name in NAMED for one in (longest, works))
FIXES = ("more_flags", "deployment_minutes", *WORK)


def sample_service_times(
    model: ResponseModel, numbers: RandomNumbers, like: Records | None = None, *, over: bool = False
) -> Records:
    """Return the integers that these random numbers mean under this model.

    A duration is the law's quantile at the kept uniform, then scaled or capped by the levers, so a lever that makes a
    phase shorter makes it longer for nobody.

    Parameters
    ----------
    like : Records, optional
        Of the same random numbers under another model: columns made from the same settings are taken over.
    over : bool
        Write over `like` instead of a copy of it.
    """
    kinds, rows = types_of_incidents(model, numbers)
    dtype = record_type(model)
    if like is not None and like.x.dtype == dtype and like.numbers is numbers:
        made = like if over else like.copy()
    else:
        made = _empty(numbers, dtype)
    own, types = partial(own_settings, model), model.types
    groups: tuple[tuple[str, object, Callable[..., None]], ...] = (
        ("kept", (rounds(model), attempts(model)), _kept),
        ("who", (types, model.pools, model.routing, model.noise), _who),
        (
            "happens",
            (own(*OCCURRENCE), types, model.noise_cut, model.bursts, _values(model, OCCURRENCE)),
            sample_occurrence,
        ),
        ("parameter_set", (own(*IN_PARAMETERS), types), _parameter_set),
        (
            "detect",
            (own(*DETECTION, "watch."), types, model.watch, _values(model, DETECTION)),
            sample_detection,
        ),
        (
            "automation",
            (own(*AUTOMATION), types, model.automation_run, attempts(model), model.harm, _values(model, AUTOMATION)),
            _automate,
        ),
        (
            "acknowledge",
            (own(*ACKNOWLEDGEMENT, "noise."), types, model.paging, model.noise, model.noise_factor, calls(model),
             _values(model, ACKNOWLEDGEMENT)),
            sample_acknowledgement,
        ),
        (
            "diagnose",
            (own(*DIAGNOSIS), types, model.difficulty, rounds(model), _values(model, DIAGNOSIS)),
            _diagnose,
        ),
        (
            "fix",
            (own(*FIXES), types, model.difficulty, model.flag, model.pipeline, rounds(model), _values(model, FIXES)),
            sample_fix,
        ),
        (
            "verify",
            (own("verification_window"), types, model.verification_window, model.verification is None, rounds(model)),
            _verify,
        ),
        (
            "again",
            (own("routing.", "notice_factor"), types, model.routing, model.notice_factor, model.reopening),
            _again,
        ),
    )  # fmt: skip
    made.facts["type"] = kinds
    mark_reached(model, numbers, made.facts)
    for name, key, fill in groups:
        if name not in made.keys or made.keys[name] != key:
            fill(model, numbers, rows, made)
            made.keys[name] = key
    return made


def _values(model: ResponseModel, names: Iterable[str]) -> tuple[object, ...]:
    return tuple(getattr(model, name) for name in names)


def _empty(numbers: RandomNumbers, dtype: np.dtype) -> Records:
    """Return records with arrivals alone; pages that are no incident lie between the incidents."""
    n, pages = len(numbers), len(numbers.noise_at)
    replications = np.arange(numbers.first, numbers.first + numbers.replications + 1)
    if not pages:
        made = Records(
            np.zeros(n, dtype=dtype), np.searchsorted(numbers.replication, replications), slice(None), numbers
        )
        made.set_int("at", numbers.at)
        made.set_int("key", numbers.key)
        return made
    replication = np.concatenate([numbers.replication, numbers.noise_replication])
    at = np.concatenate([numbers.at, numbers.noise_at])
    noise = np.arange(n + pages) >= n
    order = np.lexsort((noise, at, replication))
    x = np.zeros(n + pages, dtype=dtype)
    # Behind every incident's number, so that no incident's number depends on them.
    x["at"], x["key"] = at[order], np.concatenate([numbers.key, 2**40 + np.arange(pages)])[order]
    x["noise"] = noise[order]
    place = np.empty(n + pages, dtype=np.int64)
    place[order] = np.arange(n + pages)
    return Records(x, np.searchsorted(replication[order], replications), place[:n], numbers)


def _kept(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    made.set_uniform("hash_key", numbers.uniform("tail"))
    made.set_uniform("u_verify", *numbers.uniforms("verified", min(rounds(model), ROUNDS)))
    tried = min(attempts(model), ATTEMPTS)
    made.set_uniform("u_attempt", *numbers.uniforms("attempt", tried))
    made.set_uniform("u_harm", *numbers.uniforms("harm", tried))


def _who(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    u = numbers.uniform("face")
    if len(model.types) == 1:
        face = choose_by_share([f.share for f in model.types[0].profiles], u)
    else:
        face = np.zeros(len(numbers), dtype=np.int64)
        for kind, rows_of in zip(model.types, rows, strict=True):
            face[rows_of] = choose_by_share([f.share for f in kind.profiles], u[rows_of])
    made.facts["face"] = face
    faces, which = [(kind, one) for kind in model.types for one in kind.profiles], flat_face(model, made.facts)
    priority = per_incident([one.priority for _, one in faces], which)
    names = [pool.name for pool in model.pools]
    mine = [one.pool or kind.pool for kind, one in faces]
    pool = per_incident([names.index(name) if name else 0 for name in mine], which)
    other = pool
    if model.routing and model.routing.between:
        one, two = (names.index(name) for name in model.routing.between)
        other = np.where(pool == one, two, one)
    if model.noise:
        team = names.index(model.noise.pool) if model.noise.pool else 0
        for column, of_noise in (("priority", _LAST_PRIORITY), ("pool", team), ("other", team)):
            made.set_noise(column, of_noise)
    for column, value in (("priority", priority), ("pool", pool), ("other", other)):
        made.set_int(column, value)


def _parameter_set(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    made.set_int("parameter_set", parameter_set(model, made.facts))


def _automate(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    share = per_incident(automation_shares(model), made.facts["type"])
    rule = numbers.uniform("rule") < resolve(model, made.facts, "automation", share)
    made.set_int("rule", rule)
    tried = min(attempts(model), ATTEMPTS)
    key = own_settings(model, *ATTEMPT), model.types, model.automation_run, tried, model.harm, _values(model, ATTEMPT)
    if rule.any() and made.keys.get("attempt") != key:
        made.keys["attempt"] = key
        longer = resolve(model, made.facts, "automation_run_factor", model.automation_run_factor)
        made.set_minutes("run", *model.automation_run.quantile(numbers.uniforms("run", tried)), factor=longer)
        worse = resolve(model, made.facts, "harm_factor", model.harm_factor)
        made.set_minutes("harm", model.harm.quantile(numbers.uniform("harm_minutes")), factor=worse)


def _diagnose(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    turns = min(rounds(model), ROUNDS)
    factor = resolve(model, made.facts, "diagnosis_factor", model.diagnosis_factor)
    usual = np.array(runbook_shares(model, model.runbooks))[made.facts["type"]]
    now = np.asarray(resolve(model, made.facts, "runbooks", usual))
    by_law = runbook_effect(model, numbers, made.facts, now)
    minutes = diagnosis(model, numbers, rows, turns, now, made.facts)
    made.set_minutes("diagnose", *(minutes if by_law is None else minutes * by_law), factor=factor)


def _verify(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    if model.verification is not None:
        return
    longest = resolve(model, made.facts, "verification_window", model.verification_window)
    laws = [kind.verify for kind in model.types]
    turns = min(rounds(model), ROUNDS)
    minutes: Floats = cached(
        numbers, ("verify", turns, model.types),
        partial(of_types, numbers, rows, laws, numbers.uniforms("verify", turns)),
    )  # fmt: skip
    made.set_minutes("verify", *capped(minutes, longest))


def _again(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    routing = model.routing
    if routing:
        u = numbers.uniform("routing")
        transfers = np.zeros(len(numbers), dtype=np.int64)
        chance = resolve(model, made.facts, "routing.wrong", routing.wrong)
        again = resolve(model, made.facts, "routing.again", routing.again)
        at_most = resolve(model, made.facts, "routing.max_transfers", routing.max_transfers)
        longer = resolve(model, made.facts, "notice_factor", model.notice_factor)
        turns = int(largest(model, "routing.max_transfers", routing.max_transfers))
        for k in range(turns):
            transfers += (u < chance) & (k < at_most)
            chance = chance * again
        noticed_by = (routing.notice.quantile(numbers.uniform("notice", k)) for k in range(min(turns, TRANSFERS)))
        made.set_minutes("notice", *noticed_by, factor=longer)
        made.set_int("transfers", transfers)
    if model.reopening:
        made.set_minutes("reopen", model.reopening.after.quantile(numbers.uniform("reopen")))


# Kept uniforms become minutes: the law of each incident's type, in bulk, computed once for the same numbers.


_FEW = 8
"""Edges up to which comparing with each is quickest."""

Made = TypeVar("Made")

Rows = list[slice | Ints]
"""Per type, which incidents are of it."""


def cached(numbers: RandomNumbers, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
    """Return what `make` gives, made once for the same numbers and `key`.

    Keys are compared, not hashed: the same types are the same object mostly, and known to be so at once.
    """
    kept: list[tuple[object, Made]] = numbers.cache.setdefault(("made", key[0]), [])
    for there, value in kept:
        if there == key:
            return value
    kept.append((key, make()))
    return kept[-1][1]


def cached_last(numbers: RandomNumbers, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
    """Return what `make` gives, as `cached` does; only the last is kept, as every setting may have one of its own."""
    if numbers.cache.get(key[0], (None,))[0] != key:
        numbers.cache[key[0]] = key, make()
    made: Made = numbers.cache[key[0]][1]
    return made


def types_of_incidents(model: ResponseModel, numbers: RandomNumbers) -> tuple[Ints, Rows]:
    """Return each incident's type, and the incidents of each type."""

    def make() -> tuple[Ints, Rows]:
        if len(model.types) == 1:
            return np.zeros(len(numbers), dtype=np.int64), [slice(None)]
        kind = choose_by_share(model.weights, numbers.uniform("type"))
        return kind, [np.flatnonzero(kind == t) for t in range(len(model.types))]

    return cached(numbers, ("kinds", model.weights), make)


def of_types(numbers: RandomNumbers, rows: Rows, laws: list[Distribution | None], u: Floats) -> Floats:
    """Return minutes under each type's law at these uniforms, a row or several; 0 where a type has none."""
    if len(laws) == 1 and laws[0] is not None:
        return laws[0].quantile(u)
    minutes = np.zeros(u.shape)
    for law, mine in zip(laws, rows, strict=True):
        if law is not None:
            minutes[..., mine] = law.quantile(u[..., mine])
    return minutes


def correlated_uniforms(correlation: float, numbers: RandomNumbers, decision: str, turns: int) -> Floats:
    """Return a phase's own uniforms in each round, or such that share the incident's difficulty."""
    own = numbers.uniforms(decision, turns)
    if not correlation:
        return own

    def make() -> Floats:
        hard = np.sqrt(correlation) * special.ndtri(numbers.uniforms("difficulty", turns))
        made = special.ndtr(hard + np.sqrt(1 - correlation) * special.ndtri(own))
        return np.asarray(np.minimum(made, random_streams.BELOW_ONE, out=made))

    return np.asarray(cached(numbers, ("shared", correlation, decision, turns), make))


def runbook_effect(model: ResponseModel, numbers: RandomNumbers, facts: Facts, now: Floats) -> Floats | None:
    """Return how many times as long diagnosis takes where a runbook is new, or gone, for types with one law of it.

    None: as long as before, for all.

    Parameters
    ----------
    facts : dict
        `type` of each incident among them.
    now : array
        Share of its like that a runbook answers.
    """
    if model.runbooks is None and not any("runbooks" in dict(one.settings) for one in model.overrides):
        return None
    was = np.array([0.0 if one.hypotheses else one.runbook for one in model.types])[facts["type"]]
    lawful = np.array([one.hypotheses is None for one in model.types])[facts["type"]]
    if np.array_equal(was, np.where(lawful, now, 0.0)):
        return None
    u = numbers.uniform("runbook")
    factor = resolve(model, facts, "runbook_factor", model.runbook_factor)
    return np.where(lawful & (u >= was) & (u < now), factor, np.where(lawful & (u < was) & (u >= now), 1 / factor, 1.0))


def diagnosis(
    model: ResponseModel, numbers: RandomNumbers, rows: Rows, turns: int, answered: Floats, facts: Facts
) -> Floats:
    """Return minutes of work to the diagnosis in each round, before levers.

    Parameters
    ----------
    answered : array
        Share of each incident's like that a runbook answers.
    """
    laws = [None if kind.hypotheses else kind.diagnose for kind in model.types]
    tried = [kind.hypotheses for kind in model.types]

    def make() -> Floats:
        minutes = np.zeros((turns, len(numbers)))
        if any(law is not None for law in laws):
            minutes = of_types(numbers, rows, laws, correlated_uniforms(model.difficulty, numbers, "diagnose", turns))
        for hypotheses, mine in zip(tried, rows, strict=True):
            if hypotheses is None:
                continue
            for r in range(turns):
                minutes[r, mine] = hypothesis_minutes(model, hypotheses, numbers, mine, r, answered[mine], facts)
        return minutes

    key = ("diagnosis", turns, tuple(laws), model.difficulty, model.weights)
    if not any(tried):
        return np.asarray(cached(numbers, key, make))
    # What a runbook answers is another number for every lever that moves it: the last alone is kept.
    told = own_settings(model, *HYPOTHESES), model.types, _values(model, HYPOTHESES)
    return np.asarray(cached_last(numbers, ("tries", *key, tuple(tried), *told), make))


def choose_by_share(shares: Sequence[float], u: Floats) -> Ints:
    """Return which of several, each with its share, the uniforms choose.

    Examples
    --------
    >>> choose_by_share([0.2, 0.3, 0.5], np.array([0.1, 0.2, 0.4999, 0.9])).tolist()
    [0, 1, 1, 2]
    """
    edges = np.cumsum(shares)[:-1]
    if len(edges) > _FEW:
        return np.searchsorted(edges, u, side="right")
    # A comparison for each edge is quicker than looking for every place alone.
    found = np.zeros(u.shape, dtype=np.int64)
    for edge in edges:
        found += u >= edge
    return found


def scaled(minutes: Floats, *factors: Value) -> Floats:
    """Return minutes, each so many times as long; a plain 1 costs nothing."""
    for factor in factors:
        if np.ndim(factor) or factor != 1:
            minutes = minutes * factor
    return minutes


def capped(minutes: Floats, longest: Value) -> Floats:
    """Return minutes, none longer than `longest`; no limit costs nothing."""
    return np.minimum(minutes, longest) if np.any(np.isfinite(longest)) else minutes


def caused_by_change(model: ResponseModel, numbers: RandomNumbers, kind: Ints) -> np.ndarray:
    """Return which incidents a change caused; `kind` is the type of each."""
    shares = [one.change_caused for one in model.types]
    return (
        np.asarray(numbers.uniform("change") < per_incident(shares, kind))
        if any(shares)
        else np.zeros(len(numbers), dtype=bool)
    )


# Minutes of diagnosis where hypotheses are tried in turn.


def hypothesis_minutes(
    model: ResponseModel,
    hypotheses: DiagnosisAttempts,
    numbers: RandomNumbers,
    mine: slice | Ints,
    r: int,
    answered: Floats,
    facts: Facts,
) -> Floats:
    """Return minutes until the right hypothesis has been tried in round `r`, of the incidents `mine`.

    Parameters
    ----------
    answered : array
        Share of each one's like that a runbook answers.
    """

    def own(name: str, moved: float | None, usual: float) -> Value:
        value = resolve(model, facts, name, usual if moved is None else moved)
        return value[mine] if isinstance(value, np.ndarray) else value

    hit = own("hypothesis_hit", model.hypothesis_hit, hypotheses.hit)
    first_hit = own("first_hit", model.first_hit, hypotheses.first_hit)
    longest = own("try_minutes", model.try_minutes, np.inf)
    novel = numbers.uniform("novel")[mine] < own("novel", model.novel, hypotheses.novel)
    runbook = ~novel & (numbers.uniform("runbook")[mine] < answered)
    later = np.where(novel, hit / 2, hit)
    first = np.where(runbook, np.maximum(first_hit, hit), later)
    spent = np.zeros(len(novel))
    going = np.ones(len(novel), dtype=bool)
    for k in range(hypotheses.max_attempts):
        part = r * 100 + k
        one = np.minimum(hypotheses.minutes.quantile(numbers.uniform("try", part)[mine]), longest)
        spent += np.where(going, one, 0.0)
        going &= numbers.uniform("hit", part)[mine] >= (first if k == 0 else later)
        if not going.any():
            break
    return spent


# When each incident is noticed: by an alert, a monitor, or somebody who reports it.


_SETTINGS = ("evaluation_s", "for_s", "scrape_s", "group_wait_s", "interval_s", "confirmations", "share")


def sample_detection(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    """Write when each incident is noticed, and whether alerts did it."""
    key = own_settings(model, *NOTICED, "watch."), model.types, model.watch, _values(model, NOTICED)
    found: Noticed = cached_last(numbers, ("noticed", *key), partial(_noticed, model, numbers, rows, made))
    drawn, covered = found.minutes, found.alerted
    latest = resolve(model, made.facts, "alert_latency", model.alert_latency)
    if found.race is not None:
        covered = covered & ~(found.race & (found.slow < np.minimum(found.fast, latest)))
    if np.any(np.isfinite(latest)):
        drawn = np.where(found.alerted, np.minimum(drawn, latest), drawn)
    made.set_minutes("detect", drawn)
    made.facts["covered"] = covered.astype(np.int64)


class Noticed(NamedTuple):
    """When each incident is noticed, whatever the latest that an alert may come."""

    minutes: Floats
    alerted: np.ndarray
    """Which incidents alerts see."""
    slow: Floats
    """Minutes until somebody reports it."""
    fast: Floats
    """Minutes until an alert."""
    race: np.ndarray | None
    """Incidents that are a race of detectors."""


def _noticed(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> Noticed:
    u, chance = numbers.uniform("detect"), numbers.uniform("coverage")
    slow = cached(numbers, ("slow", model.types), lambda: of_types(
        numbers, rows, [k.detect or ZERO for k in model.types], u))  # fmt: skip
    fast = cached(numbers, ("fast", model.types), lambda: of_types(
        numbers, rows, [k.alert or k.detect or ZERO for k in model.types], u))  # fmt: skip
    reported = resolve(model, made.facts, "report_minutes", model.report_minutes)
    if np.any(np.isfinite(reported)):
        slow = np.minimum(slow, reported)
    shares, weights = seen_shares(model)
    face = flat_face(model, made.facts)
    before = per_incident(shares, face)
    after = per_incident(raise_shares(shares, weights, model.alert_coverage), face)
    race: np.ndarray | None = None
    if model.watch is not None:
        race, fast, after = _by_settings(model, model.watch, numbers, made, face, fast, after)
    wanted = resolve(model, made.facts, "alert_coverage", after)
    was = chance < before
    now = was if np.array_equal(wanted, before) else chance < wanted
    # A new alert races the report that came anyway; a lost one leaves nobody earlier than it did.
    drawn = np.where(now, fast, slow)
    if now is not was:
        drawn = np.where(now == was, drawn, np.where(now, np.minimum(slow, fast), np.maximum(slow, fast)))
    if race is not None:
        drawn = np.where(race, np.where(now, np.minimum(slow, fast), slow), drawn)
    return Noticed(drawn, now, slow, fast, race)


def _by_settings(
    model: ResponseModel,
    watch: DetectionSettings,
    numbers: RandomNumbers,
    made: Records,
    face: Ints,
    fast: Floats,
    seen: Value,
) -> tuple[np.ndarray, Floats, Floats]:
    """Return which incidents are a race of detectors, when alerts notice, and the share of each one's like they see.

    In a race the report of a person is a rival, not the rest.
    """
    closed = resolve(model, made.facts, "watch.gaps_closed", watch.gaps_closed)
    variants = _variants(model, watch, made.facts)
    raced = partial(_raced, model, numbers, face, fast, closed, variants)
    if np.ndim(closed) or len(variants) > 1:
        gap, filled, race, fast = raced()
    else:
        gap, filled, race, fast = cached_last(numbers, ("race", model.types, variants[0][0], closed), raced)
    return race, fast, np.where(gap, np.where(filled, watch.seen, 0.0), seen)


def _raced(
    model: ResponseModel,
    numbers: RandomNumbers,
    face: Ints,
    fast: Floats,
    closed: Value,
    variants: list[tuple[DetectionSettings, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, Floats]:
    """Return which incidents fall into gaps, into closed ones, into a race of detectors; and when alerts notice."""
    faces = [one for kind in model.types for one in kind.profiles]
    kinds = np.array([one.watch for one in faces])[face]
    filled = (kinds == GAP) & (numbers.uniform("gap") < closed)
    race = (kinds == RULES) | (kinds == GAP)
    u = numbers.uniform("alert")
    fast = np.where(race, np.inf, fast)
    for variant, mine in variants:
        sights = [_sight(variant, one) for one in faces]
        distinct = [sight for sight in {id(sight): sight for sight in sights}.values() if sight is not None]
        which = np.array([next((k for k, d in enumerate(distinct) if d is sight), -1) for sight in sights])[face]
        which = np.where(mine & ((kinds == RULES) | filled), which, -1)
        for k, sight in enumerate(distinct):
            rows = np.flatnonzero(which == k)
            fast[rows] = sight.quantile(u[rows])
    return kinds == GAP, filled, race, fast


def _variants(
    model: ResponseModel, watch: DetectionSettings, facts: dict[str, np.ndarray]
) -> list[tuple[DetectionSettings, np.ndarray]]:
    """Return the settings of detectors in force, each with the incidents that meet them."""
    everyone = np.ones(len(facts["type"]), dtype=bool)
    columns = {name: resolve(model, facts, f"watch.{name}", np.nan) for name in _SETTINGS}
    columns = {name: value for name, value in columns.items() if np.ndim(value)}
    if not columns:
        return [(watch, everyone)]
    rows = np.stack([np.nan_to_num(value, nan=-1.0) for value in columns.values()], axis=1)
    found, which = np.unique(rows, axis=0, return_inverse=True)
    return [(_set(watch, columns, found[k]), which.ravel() == k) for k in range(len(found))]


def _set(watch: DetectionSettings, columns: Iterable[str], row: Floats) -> DetectionSettings:
    own = {name: value for name, value in zip(columns, row.tolist(), strict=True) if value >= 0}
    if "confirmations" in own:
        own["confirmations"] = int(own["confirmations"])
    return updated(watch, **own)


def _sight(watch: DetectionSettings, face: IncidentProfile) -> DetectionDelayCurve | None:
    if face.watch == GAP:
        return watch.usual
    return watch.sight(face.service, face.failure_mode) if face.watch == RULES else None


# How soon people react to pages, those that are no incident among them.


def sample_acknowledgement(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    """Write the reaction to each call; pages that are no incident are answered and worked on as well."""
    paging, dulled = model.paging, model.noise.dulled if model.noise else 1.0
    factor = resolve(model, made.facts, "acknowledge_factor", model.acknowledge_factor)
    backup = resolve(model, made.facts, "backup_factor", model.backup_factor)
    duller = resolve(model, made.facts, "noise.dulled", dulled)
    each, drawn = [], numbers.uniforms("acknowledge", calls(model))
    for level in range(calls(model)):
        laws = [kind.acknowledge for kind in model.types]
        if paging and paging.levels:
            laws = [paging.levels[level % len(paging.levels)]] * len(laws)
        minutes = of_types(numbers, rows, laws, drawn[level])
        each.append(scaled(minutes, duller, factor * backup if level else factor))
        if model.noise:
            law = paging.levels[level % len(paging.levels)] if paging and paging.levels else model.types[0].acknowledge
            minutes = (law or ZERO).quantile(numbers.noise("acknowledge", level))
            made.set_noise("acknowledge", random_streams.to_microseconds(minutes * dulled), level)
    made.set_minutes("acknowledge", *each)
    if model.noise:
        work = model.noise.work.quantile(numbers.noise("work")) * model.noise_factor
        made.set_noise("diagnose", random_streams.to_microseconds(work))


# Which fix ends each round of an incident, how long it takes, and whether it needs a deployment.


def path_names(model: ResponseModel) -> tuple[str, ...]:
    """Return the names that the fact `path` counts, `flag` first."""
    return ("flag", *sorted({path.name for kind in model.types for path in kind.paths} - {"flag"}))


Cuts = list[tuple[int, Value]]
"""Which of `path_names`, and the minutes that it takes at most: one number, or one per incident."""


class Fixes(NamedTuple):
    """One round's fixes as the types have them, one per incident; or those of all rounds, one row each."""

    minutes: Floats
    path: Ints
    """Which of `path_names`."""


def sample_fix(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    """Write each round's fix, its path and its deployment."""
    changed = caused_by_change(model, numbers, made.facts["type"])
    names = path_names(model)
    cuts = _cuts(model, names, made.facts)
    longest_deployment = resolve(model, made.facts, "deployment_minutes", model.deployment_minutes)
    each, paths, deployed = [], [], []
    turns = min(rounds(model), ROUNDS)
    all_drawn: Fixes = cached(numbers, ("fixes", turns, model.types, model.difficulty), partial(
        _drawn, model, numbers, rows, changed, names, turns))  # fmt: skip
    rows_of = list(all_drawn.path)
    key = own_settings(model, *WORK), turns, model.types, model.difficulty, _values(model, WORK)
    for r in range(turns):
        drawn = Fixes(all_drawn.minutes[r], rows_of[r])
        minutes = cached_last(numbers, (f"worked {r}", *key), partial(
            _worked, model, numbers, rows, names, r, made.facts, drawn, cuts))  # fmt: skip
        minutes, path = _flagged(model, numbers, r, made.facts, changed, minutes, drawn.path)
        if model.pipeline is not None:
            deployed.append(_deployments(model.pipeline, numbers, path, names, r, longest_deployment))
        each.append(minutes)
        paths.append(path)
    # Without a pipeline nobody reads it.
    made.set_int("deploy", *deployed)
    made.set_minutes("fix", *each)
    # As drawn, where no lever sends anybody another way.
    same = all(path is row for path, row in zip(paths, rows_of, strict=True))
    made.facts["path"] = (all_drawn.path if same else np.stack(paths)).T
    made.facts["changed"] = changed.astype(np.int64)


def _drawn(
    model: ResponseModel, numbers: RandomNumbers, rows: Rows, changed: np.ndarray, names: tuple[str, ...], turns: int
) -> Fixes:
    """Return all rounds' fixes before levers."""
    u_path, u_fix = numbers.uniforms("path", turns), correlated_uniforms(model.difficulty, numbers, "fix", turns)
    each = (
        _of_kind(kind, u_path[:, mine], u_fix[:, mine], changed[mine], names)
        for kind, mine in zip(model.types, rows, strict=True)
    )
    if len(model.types) == 1:
        return next(each)
    drawn = Fixes(np.empty(u_fix.shape), np.empty(u_fix.shape, dtype=np.int64))
    for mine, own in zip(rows, each, strict=True):
        drawn.minutes[:, mine], drawn.path[:, mine] = own
    return drawn


def _of_kind(kind: IncidentType, u_path: Floats, u_fix: Floats, changed: np.ndarray, names: tuple[str, ...]) -> Fixes:
    """Return the fixes of incidents of one type: 0 minutes, and no path, where it has none."""
    if not kind.paths:
        return Fixes(np.zeros(u_fix.shape), np.full(u_fix.shape, -1))
    ways = _choice(kind, u_path, changed)
    # Path by path in one piece of memory: fewer and longer steps.
    which = ways.reshape(-1)
    order = np.argsort(which.astype(np.int16), kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(kind.paths))).tolist()
    minutes = u_fix.reshape(-1)[order]
    for way, low, high in zip(kind.paths, [0, *ends], ends, strict=False):
        minutes[low:high] = way.law.quantile(minutes[low:high])
    back = np.empty(len(minutes))
    back[order] = minutes
    return Fixes(back.reshape(ways.shape), np.array([names.index(way.name) for way in kind.paths])[ways])


class _Ways(NamedTuple):
    """What types say of their paths, by type and name."""

    success: Floats
    """Chance that it works."""
    after: Ints
    """Which of `path_names` comes after it where it does not work; -1: none does."""


def _ways(model: ResponseModel, names: tuple[str, ...]) -> _Ways:
    # One name more: an incident without a path is at place -1.
    success, after = np.ones((len(model.types), len(names) + 1)), np.full((len(model.types), len(names) + 1), -1)
    for t, kind in enumerate(model.types):
        for way in kind.paths:
            success[t, names.index(way.name)] = way.success
            then = kind.fallback(way)
            if then is not None:
                after[t, names.index(way.name)] = names.index(then.name)
    return _Ways(success, after)


def _worked(
    model: ResponseModel,
    numbers: RandomNumbers,
    rows: Rows,
    names: tuple[str, ...],
    r: int,
    facts: Facts,
    drawn: Fixes,
    cuts: Cuts,
) -> Floats:
    """Return the minutes of fixes, each with the one that comes after it where it does not work."""
    minutes = _cut(cuts, drawn.path, drawn.minutes)
    ways = cached(numbers, ("ways", model.types), partial(_ways, model, names))
    kind = facts["type"]
    chance = ways.success[kind, drawn.path] if np.any(ways.success < 1) else np.float64(1.0)
    for name in NAMED:
        if name in names:
            moved = getattr(model, works(name))
            value = resolve(model, facts, works(name), chance if moved is None else moved)
            if value is not chance:
                chance = np.where(drawn.path == names.index(name), value, chance)
    if not np.any(chance < 1):
        return minutes
    after = ways.after[kind, drawn.path]
    later = cached(numbers, ("fallback", r, model.types), partial(_fallback, model, numbers, rows, names, r, drawn))
    failed = (after >= 0) & (numbers.uniform("path works", r) >= chance)
    return np.where(failed, minutes + _cut(cuts, after, later), minutes)


def _fallback(
    model: ResponseModel, numbers: RandomNumbers, rows: Rows, names: tuple[str, ...], r: int, drawn: Fixes
) -> Floats:
    """Return the minutes of the fix that comes after each one, should it not work."""
    u, minutes = numbers.uniform("fallback", r), np.zeros(len(numbers))
    everyone = np.arange(len(numbers))
    for kind, mine in zip(model.types, rows, strict=True):
        which = everyone[mine]
        for way in kind.paths:
            after = kind.fallback(way)
            if after is not None:
                taken = which[drawn.path[which] == names.index(way.name)]
                minutes[taken] = after.law.quantile(u[taken])
    return minutes


def _cuts(model: ResponseModel, names: tuple[str, ...], facts: Facts) -> Cuts:
    """Return which fixes have a longest time, and which."""
    limits = [
        (names.index(name), resolve(model, facts, longest(name), getattr(model, longest(name))))
        for name in NAMED
        if name in names
    ]
    return [(path, most) for path, most in limits if np.any(np.isfinite(most))]


def _cut(cuts: Cuts, path: Ints, minutes: Floats) -> Floats:
    """Return minutes of fixes, none longer than its lever lets it be."""
    for which, limit in cuts:
        minutes = np.where(path == which, np.minimum(minutes, limit), minutes)
    return minutes


def _flagged(
    model: ResponseModel, numbers: RandomNumbers, r: int, facts: Facts, changed: np.ndarray, minutes: Floats, path: Ints
) -> tuple[Floats, Ints]:
    """Return minutes and paths once flags take some changes away that other fixes ended so far."""
    more = resolve(model, facts, "more_flags", model.more_flags)
    if not np.any(more):
        return minutes, path
    flagged = changed & (path != 0) & (numbers.uniform("flag", r) < more)
    u = correlated_uniforms(model.difficulty, numbers, "fix", min(rounds(model), ROUNDS))[r]
    minutes_of_flag: Floats = cached(numbers, ("flag", r, model.flag, model.difficulty), lambda: model.flag.quantile(u))
    flag = np.minimum(minutes_of_flag, resolve(model, facts, longest("flag"), model.flag_minutes))
    chance = resolve(model, facts, works("flag"), 1.0 if model.flag_success is None else model.flag_success)
    if np.any(chance < 1):
        # Its time is spent, and the fix that would have come without it comes after it.
        failed = flagged & (numbers.uniform("flag works", r) >= chance)
        minutes, flagged = np.where(failed, minutes + flag, minutes), flagged & ~failed
    return np.where(flagged, np.minimum(minutes, flag), minutes), np.where(flagged, 0, path)


def _choice(kind: IncidentType, u: Floats, changed: np.ndarray) -> Ints:
    shares, after_change = ([path.share for path in kind.paths], [path.share_changed for path in kind.paths])
    plain = choose_by_share(shares, u)
    if shares == after_change or not changed.any():
        return plain
    return np.where(changed, choose_by_share(after_change, u), plain)


def _deployments(
    pipeline: Pipeline, numbers: RandomNumbers, path: Ints, names: tuple[str, ...], r: int, most: Floats | float
) -> Ints:
    through = np.isin(path, [names.index(name) for name in pipeline.paths if name in names])
    minutes = cached(
        numbers,
        ("deploy", r, pipeline.minutes),
        lambda: pipeline.minutes.quantile(numbers.uniform("deploy", r)),
    )
    return np.where(through, random_streams.to_microseconds(np.minimum(minutes, most)), -1)


# Which incidents happen: levers take some away, and let others come that the baseline does not have.


def sample_occurrence(model: ResponseModel, numbers: RandomNumbers, rows: Rows, made: Records) -> None:
    """Write whether each incident happens, and each page that is none."""
    if model.noise:
        made.set_noise("happens", numbers.noise("cut") >= model.noise_cut)
    facts = made.facts
    prevented = resolve(model, facts, "prevention", model.prevention)
    happens = numbers.uniform("prevention") >= prevented if np.any(prevented) else np.ones(len(numbers), dtype=bool)
    stopped = resolve(model, facts, "changes_prevented", model.changes_prevented)
    oftener = resolve(model, facts, "deploys_factor", model.deploys_factor)
    worse = resolve(model, facts, "failing_factor", model.failing_factor)
    more = resolve(model, facts, "arrivals_factor", model.arrivals_factor)
    if np.any(stopped) or np.any(oftener * worse != 1):
        changed = caused_by_change(model, numbers, facts["type"])
        happens &= ~changed | (numbers.uniform("change_prevention") >= stopped)
        more = np.where(changed, more * oftener * worse, more)
    layer = arrivals.extra_layer(numbers)
    if np.any(more != 1) or np.any(layer):
        happens &= numbers.uniform("growth") < more - layer
    made.set_int("happens", happens & _brought(model, numbers, facts))


def _brought(model: ResponseModel, numbers: RandomNumbers, facts: dict[str, np.ndarray]) -> np.ndarray | bool:
    """Return which incidents come by themselves, or are still brought by another one."""
    if model.bursts is None:
        return True
    share: Floats | float = resolve(
        model, facts, "burst_share", 1.0 if model.burst_share is None else model.burst_share
    )
    size = resolve(model, facts, "burst_size", model.bursts.mean if model.burst_size is None else model.burst_size)
    if np.all(share >= model.bursts.share) and np.all(size >= model.bursts.mean):
        return True
    cause = arrivals.triggering_draw(numbers)
    kept = numbers.uniform("burst_kept") * model.bursts.mean < size
    return np.asarray(np.isnan(cause) | ((cause < share) & kept))
