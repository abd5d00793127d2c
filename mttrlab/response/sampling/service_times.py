"""Luck and a model become records of integers: what the transition function reads."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from scipy import special

from mttrlab.response.engines.transition import ATTEMPTS, HANDS, ROUNDS
from mttrlab.response.model.arrays import Floats, Ints
from mttrlab.response.model.detection import GAP, RULES, Sight, Watch
from mttrlab.response.model.distributions import AT_ONCE, Law
from mttrlab.response.model.incident_types import NAMED, Face, IncidentType, longest, works
from mttrlab.response.model.responders import Pipeline
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.shares import automation, lifted, runbooks, seen_shares
from mttrlab.response.model.workflow import Hypotheses
from mttrlab.response.sampling import arrivals, random_streams
from mttrlab.response.sampling.common_random_numbers import Luck
from mttrlab.response.sampling.overrides import Facts, flat, most, of_each, plan, reach, setting
from mttrlab.response.sampling.parameters import attempts, calls, layout, rounds
from mttrlab.response.sampling.records import Records

_LAST_PRIORITY = 1_000_000


def realise(model: ResponseModel, luck: Luck, like: Records | None = None, *, over: bool = False) -> Records:
    """Return the integers that this luck means under this model.

    A duration is the law's quantile at the kept uniform, then scaled or capped by the levers, so a lever that makes a
    phase shorter makes it longer for nobody.

    Parameters
    ----------
    like : Records, optional
        Of the same luck under another model: columns made from the same settings are taken over.
    over : bool
        Write over `like` instead of a copy of it.
    """
    kinds, rows = types_of_incidents(model, luck)
    dtype = layout(model)
    if like is not None and like.x.dtype == dtype and like.luck is luck:
        made = like if over else like.copy()
    else:
        made = _empty(luck, dtype)
    special = (model.special, model.types)
    groups: tuple[tuple[str, object, Callable[..., None]], ...] = (
        ("kept", (rounds(model), attempts(model)), _kept),
        ("who", (model.types, model.pools, model.routing, model.noise), _who),
        ("happens", (special, model.noise_cut, occurrence_settings(model)), sample_occurrence),
        ("plan", special, _plan),
        (
            "detect",
            (special, model.alert_latency, model.alert_coverage, model.report_minutes, model.watch),
            sample_detection,
        ),
        (
            "automation",
            (special, model.automation, model.automation_run, model.automation_run_factor, attempts(model), model.harm,
             model.harm_factor),
            _automate,
        ),
        (
            "acknowledge",
            (special, model.paging, model.noise, model.acknowledge_factor, model.backup_factor, model.noise_factor),
            sample_acknowledgement,
        ),
        (
            "diagnose",
            (special, model.difficulty, model.diagnosis_factor, model.runbooks, model.runbook_factor,
             attempt_settings(model), rounds(model)),
            _diagnose,
        ),
        (
            "fix",
            (special, model.difficulty, fix_settings(model), model.flag, model.pipeline, rounds(model)),
            sample_fix,
        ),
        ("verify", (special, model.verification_window, model.verification is None, rounds(model)), _verify),
        ("again", (special, model.routing, model.notice_factor, model.reopening), _again),
    )  # fmt: skip
    made.facts["type"] = kinds
    reach(model, luck, made.facts)
    for name, key, fill in groups:
        if name not in made.keys or made.keys[name] != key:
            fill(model, luck, rows, made)
            made.keys[name] = key
    return made


def _empty(luck: Luck, dtype: np.dtype) -> Records:
    """Return records with arrivals alone; pages that are no incident lie between the incidents."""
    n, pages = len(luck), len(luck.noise_at)
    numbers = np.arange(luck.first, luck.first + luck.replications + 1)
    if not pages:
        made = Records(np.zeros(n, dtype=dtype), np.searchsorted(luck.replication, numbers), slice(None), luck)
        made.put("at", luck.at)
        made.put("key", luck.key)
        return made
    replication = np.concatenate([luck.replication, luck.noise_replication])
    at = np.concatenate([luck.at, luck.noise_at])
    noise = np.arange(n + pages) >= n
    order = np.lexsort((noise, at, replication))
    x = np.zeros(n + pages, dtype=dtype)
    # Behind every incident's number, so that no incident's number depends on them.
    x["at"], x["key"] = at[order], np.concatenate([luck.key, 2**40 + np.arange(pages)])[order]
    x["noise"] = noise[order]
    place = np.empty(n + pages, dtype=np.int64)
    place[order] = np.arange(n + pages)
    return Records(x, np.searchsorted(replication[order], numbers), place[:n], luck)


def _kept(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    made.mark("luck", luck.uniform("tail"))
    made.mark("u_verify", *luck.uniforms("verified", min(rounds(model), ROUNDS)))
    tried = min(attempts(model), ATTEMPTS)
    made.mark("u_attempt", *luck.uniforms("attempt", tried))
    made.mark("u_harm", *luck.uniforms("harm", tried))


def _who(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    u = luck.uniform("face")
    if len(model.types) == 1:
        face = place([f.share for f in model.types[0].faces], u)
    else:
        face = np.zeros(len(luck), dtype=np.int64)
        for kind, rows_of in zip(model.types, rows, strict=True):
            face[rows_of] = place([f.share for f in kind.faces], u[rows_of])
    made.facts["face"] = face
    faces, which = [(kind, one) for kind in model.types for one in kind.faces], flat(model, made.facts)
    priority = of_each([one.priority for _, one in faces], which)
    names = [pool.name for pool in model.pools]
    mine = [one.pool or kind.pool for kind, one in faces]
    pool = of_each([names.index(name) if name else 0 for name in mine], which)
    other = pool
    if model.routing and model.routing.between:
        one, two = (names.index(name) for name in model.routing.between)
        other = np.where(pool == one, two, one)
    if model.noise:
        team = names.index(model.noise.pool) if model.noise.pool else 0
        for column, value in (("priority", _LAST_PRIORITY), ("pool", team), ("other", team)):
            made.put_pages(column, value)
    for column, value in (("priority", priority), ("pool", pool), ("other", other)):
        made.put(column, value)


def _plan(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    made.put("plan", plan(model, made.facts))


def _automate(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    share = of_each(automation(model), made.facts["type"])
    rule = luck.uniform("rule") < setting(model, made.facts, "automation", share)
    made.put("rule", rule)
    if rule.any():
        longer = setting(model, made.facts, "automation_run_factor", model.automation_run_factor)
        run = model.automation_run.quantile(luck.uniforms("run", min(attempts(model), ATTEMPTS)))
        made.write("run", *run, factor=longer)
        worse = setting(model, made.facts, "harm_factor", model.harm_factor)
        made.write("harm", model.harm.quantile(luck.uniform("harm_minutes")), factor=worse)


def _diagnose(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    turns = min(rounds(model), ROUNDS)
    factor = setting(model, made.facts, "diagnosis_factor", model.diagnosis_factor)
    now = setting(model, made.facts, "runbooks", np.array(runbooks(model, model.runbooks))[made.facts["type"]])
    by_law = with_runbooks(model, luck, made.facts, now)
    minutes = diagnosis(model, luck, rows, turns, now, made.facts)
    made.write("diagnose", *(minutes if by_law is None else minutes * by_law), factor=factor)


def _verify(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    if model.verification is not None:
        return
    longest = setting(model, made.facts, "verification_window", model.verification_window)
    laws = [kind.verify for kind in model.types]
    turns = min(rounds(model), ROUNDS)
    minutes: Floats = keep(
        luck, ("verify", turns, model.types),
        partial(of_types, luck, rows, laws, luck.uniforms("verify", turns)),
    )  # fmt: skip
    made.write("verify", *at_most(minutes, longest))


def _again(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    routing = model.routing
    if routing:
        u = luck.uniform("routing")
        hands = np.zeros(len(luck), dtype=np.int64)
        chance = setting(model, made.facts, "routing.wrong", routing.wrong)
        again = setting(model, made.facts, "routing.again", routing.again)
        at_most = setting(model, made.facts, "routing.most", routing.most)
        longer = setting(model, made.facts, "notice_factor", model.notice_factor)
        turns = int(most(model, "routing.most", routing.most))
        for k in range(turns):
            hands += (u < chance) & (k < at_most)
            chance = chance * again
        noticed_by = (routing.notice.quantile(luck.uniform("notice", k)) for k in range(min(turns, HANDS)))
        made.write("notice", *noticed_by, factor=longer)
        made.put("hands", hands)
    if model.reopening:
        made.write("reopen", model.reopening.after.quantile(luck.uniform("reopen")))


# Kept uniforms become minutes: the law of each incident's type, in bulk, computed once for one luck.


_FEW = 8
"""Edges up to which comparing with each is quickest."""

Rows = list[Any]
"""Per type, which incidents are of it."""


def keep(luck: Luck, key: Hashable, make: Callable[[], Any]) -> Any:
    """Return what `make` gives, made once for one luck and one `key`."""
    if key not in luck.kept:
        luck.kept[key] = make()
    return luck.kept[key]


def types_of_incidents(model: ResponseModel, luck: Luck) -> tuple[Ints, Rows]:
    """Return each incident's type, and the incidents of each type."""

    def make() -> tuple[Ints, Rows]:
        if len(model.types) == 1:
            return np.zeros(len(luck), dtype=np.int64), [slice(None)]
        kind = place(model.weights, luck.uniform("type"))
        return kind, [np.flatnonzero(kind == t) for t in range(len(model.types))]

    return keep(luck, ("kinds", model.weights), make)  # type: ignore[no-any-return]


def of_types(luck: Luck, rows: Rows, laws: list[Law | None], u: Floats) -> Floats:
    """Return minutes under each type's law at these uniforms, a row or several; 0 where a type has none."""
    if len(laws) == 1 and laws[0] is not None:
        return laws[0].quantile(u)
    minutes = np.zeros(u.shape)
    for law, mine in zip(laws, rows, strict=True):
        if law is not None:
            minutes[..., mine] = law.quantile(u[..., mine])
    return minutes


def shared(correlation: float, luck: Luck, decision: str, turns: int) -> Floats:
    """Return a phase's own uniforms in each round, or such that share the incident's difficulty."""
    own = luck.uniforms(decision, turns)
    if not correlation:
        return own

    def make() -> Floats:
        hard = np.sqrt(correlation) * special.ndtri(luck.uniforms("difficulty", turns))
        made = special.ndtr(hard + np.sqrt(1 - correlation) * special.ndtri(own))
        return np.asarray(np.minimum(made, random_streams.BELOW_ONE, out=made))

    return np.asarray(keep(luck, ("shared", correlation, decision, turns), make))


def with_runbooks(model: ResponseModel, luck: Luck, facts: Facts, now: Floats) -> Floats | None:
    """Return how many times as long diagnosis takes where a runbook is new, or gone, for types with one law of it.

    None: as long as before, for all.

    Parameters
    ----------
    facts : dict
        `type` of each incident among them.
    now : array
        Share of its like that a runbook answers.
    """
    if model.runbooks is None and not any("runbooks" in dict(one.settings) for one in model.special):
        return None
    was = np.array([0.0 if one.hypotheses else one.runbook for one in model.types])[facts["type"]]
    lawful = np.array([one.hypotheses is None for one in model.types])[facts["type"]]
    if np.array_equal(was, np.where(lawful, now, 0.0)):
        return None
    u = luck.uniform("runbook")
    factor = setting(model, facts, "runbook_factor", model.runbook_factor)
    return np.where(lawful & (u >= was) & (u < now), factor, np.where(lawful & (u < was) & (u >= now), 1 / factor, 1.0))


def diagnosis(model: ResponseModel, luck: Luck, rows: Rows, turns: int, answered: Floats, facts: Facts) -> Floats:
    """Return minutes of work to the diagnosis in each round, before levers.

    Parameters
    ----------
    answered : array
        Share of each incident's like that a runbook answers.
    """
    laws = [None if kind.hypotheses else kind.diagnose for kind in model.types]
    tried = [kind.hypotheses for kind in model.types]

    def make() -> Floats:
        minutes = np.zeros((turns, len(luck)))
        if any(law is not None for law in laws):
            minutes = of_types(luck, rows, laws, shared(model.difficulty, luck, "diagnose", turns))
        for hypotheses, mine in zip(tried, rows, strict=True):
            if hypotheses is None:
                continue
            for r in range(turns):
                minutes[r, mine] = attempt_minutes(model, hypotheses, luck, mine, r, answered[mine], facts)
        return minutes

    key = ("diagnosis", turns, tuple(laws), model.difficulty, model.weights)
    if not any(tried):
        return np.asarray(keep(luck, key, make))
    # What a runbook answers is another number for every lever that moves it: the last alone is kept.
    said = (*key, tuple(tried), model.runbooks, attempt_settings(model), model.special, model.types)
    if luck.kept.get("tries", (None,))[0] != said:
        luck.kept["tries"] = said, make()
    return np.asarray(luck.kept["tries"][1])


def place(shares: Sequence[float], u: Floats) -> Ints:
    """Return which of several, each with its share, the uniforms choose.

    Examples
    --------
    >>> place([0.2, 0.3, 0.5], np.array([0.1, 0.2, 0.4999, 0.9])).tolist()
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


def times(minutes: Floats, *factors: Any) -> Floats:
    """Return minutes, each so many times as long; a plain 1 costs nothing."""
    for factor in factors:
        if np.ndim(factor) or factor != 1:
            minutes = minutes * factor
    return minutes


def at_most(minutes: Floats, longest: Any) -> Floats:
    """Return minutes, none longer than `longest`; no limit costs nothing."""
    return np.minimum(minutes, longest) if np.any(np.isfinite(longest)) else minutes


def caused_by_change(model: ResponseModel, luck: Luck, kind: Ints) -> np.ndarray:
    """Return which incidents a change caused; `kind` is the type of each."""
    shares = [one.change_caused for one in model.types]
    return (
        np.asarray(luck.uniform("change") < of_each(shares, kind)) if any(shares) else np.zeros(len(luck), dtype=bool)
    )


# Minutes of diagnosis where hypotheses are tried in turn.


def attempt_settings(model: ResponseModel) -> tuple[object, ...]:
    """Return the settings of levers that act on hypotheses, besides runbooks."""
    return model.hypothesis_hit, model.first_hit, model.novel, model.try_minutes


def attempt_minutes(
    model: ResponseModel, hypotheses: Hypotheses, luck: Luck, mine: Any, r: int, answered: Floats, facts: Facts
) -> Floats:
    """Return minutes until the right hypothesis has been tried in round `r`, of the incidents `mine`.

    Parameters
    ----------
    answered : array
        Share of each one's like that a runbook answers.
    """

    def own(name: str, moved: float | None, usual: float) -> Any:
        value = setting(model, facts, name, usual if moved is None else moved)
        return value[mine] if np.ndim(value) else value

    hit = own("hypothesis_hit", model.hypothesis_hit, hypotheses.hit)
    first_hit = own("first_hit", model.first_hit, hypotheses.first_hit)
    longest = own("try_minutes", model.try_minutes, np.inf)
    novel = luck.uniform("novel")[mine] < own("novel", model.novel, hypotheses.novel)
    runbook = ~novel & (luck.uniform("runbook")[mine] < answered)
    later = np.where(novel, hit / 2, hit)
    first = np.where(runbook, np.maximum(first_hit, hit), later)
    spent = np.zeros(len(novel))
    going = np.ones(len(novel), dtype=bool)
    for k in range(hypotheses.most):
        part = r * 100 + k
        one = np.minimum(hypotheses.minutes.quantile(luck.uniform("try", part)[mine]), longest)
        spent += np.where(going, one, 0.0)
        going &= luck.uniform("hit", part)[mine] >= (first if k == 0 else later)
        if not going.any():
            break
    return spent


# When each incident is noticed: by an alert, a monitor, or somebody who reports it.


_SETTINGS = ("evaluation_s", "for_s", "scrape_s", "group_wait_s", "interval_s", "confirmations", "share")


def sample_detection(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    """Write when each incident is noticed, and whether alerts did it."""
    u, chance = luck.uniform("detect"), luck.uniform("coverage")
    slow = keep(luck, ("slow", model.types), lambda: of_types(
        luck, rows, [k.detect or AT_ONCE for k in model.types], u))  # fmt: skip
    fast = keep(luck, ("fast", model.types), lambda: of_types(
        luck, rows, [k.alert or k.detect or AT_ONCE for k in model.types], u))  # fmt: skip
    reported = setting(model, made.facts, "report_minutes", model.report_minutes)
    if np.any(np.isfinite(reported)):
        slow = np.minimum(slow, reported)
    shares, weights = seen_shares(model)
    face = flat(model, made.facts)
    before = of_each(shares, face)
    after = of_each(lifted(shares, weights, model.alert_coverage), face)
    race: np.ndarray | None = None
    if model.watch is not None:
        race, fast, after = _by_settings(model, model.watch, luck, made, face, fast, after)
    wanted = setting(model, made.facts, "alert_coverage", after)
    was = chance < before
    now = was if np.array_equal(wanted, before) else chance < wanted
    # A new alert races the report that came anyway; a lost one leaves nobody earlier than it did.
    drawn = np.where(now, fast, slow)
    if now is not was:
        drawn = np.where(now == was, drawn, np.where(now, np.minimum(slow, fast), np.maximum(slow, fast)))
    covered, latest = now, setting(model, made.facts, "alert_latency", model.alert_latency)
    if race is not None:
        drawn = np.where(race, np.where(now, np.minimum(slow, fast), slow), drawn)
        covered = now & ~(race & (slow < np.minimum(fast, latest)))
    if np.any(np.isfinite(latest)):
        drawn = np.where(now, np.minimum(drawn, latest), drawn)
    made.write("detect", drawn)
    made.facts["covered"] = covered.astype(np.int64)


def _by_settings(
    model: ResponseModel, watch: Watch, luck: Luck, made: Records, face: Ints, fast: Floats, seen: Any
) -> tuple[np.ndarray, Floats, Floats]:
    """Return which incidents are a race of detectors, when alerts notice, and the share of each one's like they see.

    In a race the report of a person is a rival, not the rest.
    """
    faces = [one for kind in model.types for one in kind.faces]
    kinds = np.array([one.watch for one in faces])[face]
    closed = setting(model, made.facts, "watch.gaps_closed", watch.gaps_closed)
    filled = (kinds == GAP) & (luck.uniform("gap") < closed)
    race = (kinds == RULES) | (kinds == GAP)
    u = luck.uniform("alert")
    fast = np.where(race, np.inf, fast)
    seen = np.where(kinds == GAP, np.where(filled, watch.seen, 0.0), seen)
    for variant, mine in _variants(model, watch, made.facts):
        sights = [_sight(variant, one) for one in faces]
        distinct = [sight for sight in {id(sight): sight for sight in sights}.values() if sight is not None]
        which = np.array([next((k for k, d in enumerate(distinct) if d is sight), -1) for sight in sights])[face]
        which = np.where(mine & ((kinds == RULES) | filled), which, -1)
        for k, sight in enumerate(distinct):
            rows = np.flatnonzero(which == k)
            fast[rows] = sight.quantile(u[rows])
    return race, fast, seen


def _variants(model: ResponseModel, watch: Watch, facts: dict[str, np.ndarray]) -> list[tuple[Watch, np.ndarray]]:
    """Return the settings of detectors in force, each with the incidents that meet them."""
    everyone = np.ones(len(facts["type"]), dtype=bool)
    columns = {name: setting(model, facts, f"watch.{name}", np.nan) for name in _SETTINGS}
    columns = {name: value for name, value in columns.items() if np.ndim(value)}
    if not columns:
        return [(watch, everyone)]
    rows = np.stack([np.nan_to_num(value, nan=-1.0) for value in columns.values()], axis=1)
    found, which = np.unique(rows, axis=0, return_inverse=True)
    return [(_set(watch, columns, found[k]), which.ravel() == k) for k in range(len(found))]


def _set(watch: Watch, columns: dict[str, Any], row: Floats) -> Watch:
    own = {name: value for name, value in zip(columns, row.tolist(), strict=True) if value >= 0}
    if "confirmations" in own:
        own["confirmations"] = int(own["confirmations"])
    return replace(watch, **own)


def _sight(watch: Watch, face: Face) -> Sight | None:
    if face.watch == GAP:
        return watch.usual()
    return watch.sight(face.service, face.failure_mode) if face.watch == RULES else None


# How soon people react to pages, those that are no incident among them.


def sample_acknowledgement(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
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
        minutes = of_types(luck, rows, laws, drawn[level])
        each.append(times(minutes, duller, factor * backup if level else factor))
        if model.noise:
            law = paging.levels[level % len(paging.levels)] if paging and paging.levels else model.types[0].acknowledge
            minutes = (law or AT_ONCE).quantile(luck.noise("acknowledge", level))
            made.put_pages("acknowledge", random_streams.microseconds(minutes * dulled), level)
    made.write("acknowledge", *each)
    if model.noise:
        work = model.noise.work.quantile(luck.noise("work")) * model.noise_factor
        made.put_pages("diagnose", random_streams.microseconds(work))


# Which fix ends each round of an incident, how long it takes, and whether it needs a deployment.


def path_names(model: ResponseModel) -> tuple[str, ...]:
    """Return the names that the fact `path` counts, `flag` first."""
    return ("flag", *sorted({path.name for kind in model.types for path in kind.paths} - {"flag"}))


def fix_settings(model: ResponseModel) -> tuple[object, ...]:
    """Return the settings of levers that act on fixes."""
    moved = (getattr(model, one(name)) for name in NAMED for one in (longest, works))
    return model.more_flags, model.deployment_minutes, *moved


Cuts = list[tuple[int, Any]]
"""Which of `path_names`, and the minutes that it takes at most: one number, or one per incident."""


class Fixes(NamedTuple):
    """One round's fixes as the types have them, one per incident; or those of all rounds, one row each."""

    minutes: Floats
    path: Ints
    """Which of `path_names`."""


def sample_fix(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
    """Write each round's fix, its path and its deployment."""
    changed = caused_by_change(model, luck, made.facts["type"])
    names = path_names(model)
    cuts = _cuts(model, names, made.facts)
    longest_deployment = setting(model, made.facts, "deployment_minutes", model.deployment_minutes)
    each, paths, deployed = [], [], []
    turns = min(rounds(model), ROUNDS)
    all_drawn: Fixes = keep(luck, ("fixes", turns, model.types, model.difficulty), partial(
        _drawn, model, luck, rows, changed, names, turns))  # fmt: skip
    rows_of = list(all_drawn.path)
    for r in range(turns):
        drawn = Fixes(all_drawn.minutes[r], rows_of[r])
        minutes = _worked(model, luck, rows, names, r, made.facts, drawn, cuts)
        minutes, path = _flagged(model, luck, r, made.facts, changed, minutes, drawn.path)
        if model.pipeline is not None:
            deployed.append(_deployments(model.pipeline, luck, path, names, r, longest_deployment))
        each.append(minutes)
        paths.append(path)
    made.put("deploy", *(deployed if model.pipeline else [-1] * ROUNDS))
    made.write("fix", *each)
    # As drawn, where no lever sends anybody another way.
    same = all(path is row for path, row in zip(paths, rows_of, strict=True))
    made.facts["path"] = (all_drawn.path if same else np.stack(paths)).T
    made.facts["changed"] = changed.astype(np.int64)


def _drawn(
    model: ResponseModel, luck: Luck, rows: Rows, changed: np.ndarray, names: tuple[str, ...], turns: int
) -> Fixes:
    """Return all rounds' fixes before levers."""
    u_path, u_fix = luck.uniforms("path", turns), shared(model.difficulty, luck, "fix", turns)
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
    luck: Luck,
    rows: Rows,
    names: tuple[str, ...],
    r: int,
    facts: Facts,
    drawn: Fixes,
    cuts: Cuts,
) -> Floats:
    """Return the minutes of fixes, each with the one that comes after it where it does not work."""
    minutes = _cut(cuts, drawn.path, drawn.minutes)
    ways = keep(luck, ("ways", model.types), partial(_ways, model, names))
    kind = facts["type"]
    chance = ways.success[kind, drawn.path] if np.any(ways.success < 1) else np.float64(1.0)
    for name in NAMED:
        if name in names:
            moved = getattr(model, works(name))
            value = setting(model, facts, works(name), chance if moved is None else moved)
            if value is not chance:
                chance = np.where(drawn.path == names.index(name), value, chance)
    if not np.any(chance < 1):
        return minutes
    after = ways.after[kind, drawn.path]
    later = keep(luck, ("fallback", r, model.types), partial(_fallback, model, luck, rows, names, r, drawn))
    failed = (after >= 0) & (luck.uniform("path works", r) >= chance)
    return np.where(failed, minutes + _cut(cuts, after, later), minutes)


def _fallback(model: ResponseModel, luck: Luck, rows: Rows, names: tuple[str, ...], r: int, drawn: Fixes) -> Floats:
    """Return the minutes of the fix that comes after each one, should it not work."""
    u, minutes = luck.uniform("fallback", r), np.zeros(len(luck))
    everyone = np.arange(len(luck))
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
        (names.index(name), setting(model, facts, longest(name), getattr(model, longest(name))))
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
    model: ResponseModel, luck: Luck, r: int, facts: Facts, changed: np.ndarray, minutes: Floats, path: Ints
) -> tuple[Floats, Ints]:
    """Return minutes and paths once flags take some changes away that other fixes ended so far."""
    more = setting(model, facts, "more_flags", model.more_flags)
    if not np.any(more):
        return minutes, path
    flagged = changed & (path != 0) & (luck.uniform("flag", r) < more)
    u = shared(model.difficulty, luck, "fix", min(rounds(model), ROUNDS))[r]
    flag = np.minimum(model.flag.quantile(u), setting(model, facts, longest("flag"), model.flag_minutes))
    chance = setting(model, facts, works("flag"), 1.0 if model.flag_success is None else model.flag_success)
    if np.any(chance < 1):
        # Its time is spent, and the fix that would have come without it comes after it.
        failed = flagged & (luck.uniform("flag works", r) >= chance)
        minutes, flagged = np.where(failed, minutes + flag, minutes), flagged & ~failed
    return np.where(flagged, np.minimum(minutes, flag), minutes), np.where(flagged, 0, path)


def _choice(kind: IncidentType, u: Floats, changed: np.ndarray) -> Ints:
    shares, after_change = ([path.share for path in kind.paths], [path.share_changed for path in kind.paths])
    plain = place(shares, u)
    if shares == after_change or not changed.any():
        return plain
    return np.where(changed, place(after_change, u), plain)


def _deployments(
    pipeline: Pipeline, luck: Luck, path: Ints, names: tuple[str, ...], r: int, most: Floats | float
) -> Ints:
    through = np.isin(path, [names.index(name) for name in pipeline.paths if name in names])
    minutes = keep(
        luck,
        ("deploy", r, pipeline.minutes),
        lambda: pipeline.minutes.quantile(luck.uniform("deploy", r)),
    )
    return np.where(through, random_streams.microseconds(np.minimum(minutes, most)), -1)


# Which incidents happen: levers take some away, and let others come that the baseline does not have.


def occurrence_settings(model: ResponseModel) -> tuple[object, ...]:
    """Return what decides which incidents happen, besides settings of some alone."""
    return (
        model.prevention, model.changes_prevented, model.arrivals_factor, model.deploys_factor, model.failing_factor,
        model.burst_share, model.burst_size, model.bursts,
    )  # fmt: skip


def sample_occurrence(model: ResponseModel, luck: Luck, rows: Rows, made: Records) -> None:
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
        changed = caused_by_change(model, luck, facts["type"])
        happens &= ~changed | (luck.uniform("change_prevention") >= stopped)
        more = np.where(changed, more * oftener * worse, more)
    layer = arrivals.layer(luck)
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
    cause = arrivals.cause(luck)
    kept = luck.uniform("burst_kept") * model.bursts.mean < size
    return np.asarray(np.isnan(cause) | ((cause < share) & kept))
