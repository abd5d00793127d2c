"""Luck and a model become records of integers: what the transition function reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from mttrlab.response import answering, columns, draws, fixes, happening, noticed, tries
from mttrlab.response.laws import Floats
from mttrlab.response.layout import ATTEMPTS, HANDS, ROUNDS
from mttrlab.response.luck import Luck
from mttrlab.response.model import ResponseModel
from mttrlab.response.parameters import attempts, automation, layout, rounds, runbooks
from mttrlab.response.records import Records
from mttrlab.response.special import flat, most, of_each, plan, reach, setting

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
    kinds, rows = draws.kinds(model, luck)
    dtype = layout(model)
    if like is not None and like.dtype == dtype and like.luck is luck:
        made = like if over else like.copy()
    else:
        made = _empty(luck, dtype)
    special = (model.special, model.types)
    groups: tuple[tuple[str, object, Callable[..., None]], ...] = (
        ("kept", (rounds(model), attempts(model)), _kept),
        ("who", (model.types, model.pools, model.routing, model.noise), _who),
        ("happens", (special, model.noise_cut, happening.settings(model)), happening.fill),
        ("plan", special, _plan),
        (
            "detect",
            (special, model.alert_latency, model.alert_coverage, model.report_minutes, model.watch),
            noticed.fill,
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
            answering.fill,
        ),
        (
            "diagnose",
            (special, model.difficulty, model.diagnosis_factor, model.runbooks, model.runbook_factor,
             tries.settings(model), rounds(model)),
            _diagnose,
        ),
        (
            "fix",
            (special, model.difficulty, fixes.settings(model), model.flag, model.pipeline, rounds(model)),
            fixes.fill,
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
        made = Records(dtype, np.searchsorted(luck.replication, numbers), slice(None), luck)
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
    return Records(dtype, np.searchsorted(replication[order], numbers), place[:n], luck, x)


def _kept(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    made.mark("luck", luck.uniform("tail"))
    made.mark("u_verify", *luck.uniforms("verified", min(rounds(model), ROUNDS)))
    tried = min(attempts(model), ATTEMPTS)
    made.mark("u_attempt", *luck.uniforms("attempt", tried))
    made.mark("u_harm", *luck.uniforms("harm", tried))


def _who(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    u = luck.uniform("face")
    if len(model.types) == 1:
        face = draws.place([f.share for f in model.types[0].faces], u)
    else:
        face = np.zeros(len(luck), dtype=np.int64)
        for kind, rows_of in zip(model.types, rows, strict=True):
            face[rows_of] = draws.place([f.share for f in kind.faces], u[rows_of])
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


def _plan(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    made.put("plan", plan(model, made.facts))


def _automate(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    share = of_each(automation(model), made.facts["type"])
    rule = luck.uniform("rule") < setting(model, made.facts, "automation", share)
    made.put("rule", rule)
    if rule.any():
        longer = setting(model, made.facts, "automation_run_factor", model.automation_run_factor)
        run = columns.minutes(model.automation_run, luck.uniforms("run", min(attempts(model), ATTEMPTS)))
        made.write("run", *run, factor=longer)
        worse = setting(model, made.facts, "harm_factor", model.harm_factor)
        made.write("harm", columns.minutes(model.harm, luck.uniform("harm_minutes")), factor=worse)


def _diagnose(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    turns = min(rounds(model), ROUNDS)
    factor = setting(model, made.facts, "diagnosis_factor", model.diagnosis_factor)
    now = setting(model, made.facts, "runbooks", np.array(runbooks(model, model.runbooks))[made.facts["type"]])
    by_law = draws.with_runbooks(model, luck, made.facts, now)
    minutes = draws.diagnosis(model, luck, rows, turns, now, made.facts)
    made.write("diagnose", *(minutes if by_law is None else minutes * by_law), factor=factor)


def _verify(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
    if model.verification is not None:
        return
    longest = setting(model, made.facts, "verification_window", model.verification_window)
    laws = [kind.verify for kind in model.types]
    turns = min(rounds(model), ROUNDS)
    minutes: Floats = draws.keep(
        luck, ("verify", turns, model.types),
        partial(draws.of_types, luck, rows, laws, luck.uniforms("verify", turns)),
    )  # fmt: skip
    made.write("verify", *draws.at_most(minutes, longest))


def _again(model: ResponseModel, luck: Luck, rows: draws.Rows, made: Records) -> None:
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
        noticed_by = (columns.minutes(routing.notice, luck.uniform("notice", k)) for k in range(min(turns, HANDS)))
        made.write("notice", *noticed_by, factor=longer)
        made.put("hands", hands)
    if model.reopening:
        made.write("reopen", columns.minutes(model.reopening.after, luck.uniform("reopen")))
