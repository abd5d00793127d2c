"""One setting that a scenario may change: what it is called, which values it takes, where it acts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from mttrlab.response.model import shares, validation
from mttrlab.response.model.incident_types import NAMED, longest, works
from mttrlab.response.model.responders import HANDS_OVER
from mttrlab.response.model.response_model import ResponseModel
from mttrlab.response.model.shares import seen_shares, weighted_share
from mttrlab.schema import AlertRule

YEAR_MINUTES = 525_960.0

LOWER, HIGHER = "lower", "higher"
"""Which way a lever makes no incident longer where nobody waits."""


def share_lever(
    moves: str, meaning: str, now: Now, words: str, field: str = "", *, shortens: str = "", unless: str = "",
    alone: bool = True, open_low: bool = False, settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever between 0 and 1."""
    return Lever(
        "share", moves, meaning, 0.0, 1.0, now, words, field, False, open_low, alone, shortens, unless, settings
    )


def minutes_lever(
    moves: str, meaning: str, now: Now, words: str, field: str = "", high: float = YEAR_MINUTES, *,
    shortens: str = LOWER, unless: str = "", alone: bool = True, open_low: bool = False, settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever in minutes."""
    return Lever("minutes", moves, meaning, 0.0, high, now, words, field, False, open_low, alone, shortens, unless,
                 settings)  # fmt: skip


def seconds_lever(
    moves: str, meaning: str, now: Now, words: str, field: str, high: float = 86_400.0, *, shortens: str = LOWER,
    unless: str = "", open_low: bool = False,
) -> Lever:  # fmt: skip
    """Return a lever in seconds."""
    return Lever("seconds", moves, meaning, 0.0, high, now, words, field, False, open_low, True, shortens, unless)


def times_lever(
    moves: str, meaning: str, now: Now, words: str, field: str = "", high: float = 100.0, *, shortens: str = LOWER,
    unless: str = "", alone: bool = True, open_low: bool = False, unit: str = "times", settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever that says how many times as long, or as many."""
    return Lever(unit, moves, meaning, 0.0, high, now, words, field, False, open_low, alone, shortens, unless, settings)


def whole_lever(
    moves: str, meaning: str, high: int, now: Now, words: str, field: str = "", *, low: int = 1, unit: str = "times",
    shortens: str = "", unless: str = "", alone: bool = True, settings: tuple[str, ...] = (),
) -> Lever:  # fmt: skip
    """Return a lever that is a whole number."""
    return Lever(unit, moves, meaning, low, high, now, words, field, True, False, alone, shortens, unless, settings)


class Lever(NamedTuple):
    """One setting that a scenario may change."""

    unit: str
    moves: str
    """The part of the response that it moves."""
    meaning: str
    low: float
    high: float
    now: Now
    words: str
    """The setting as a sentence begins."""
    field: str = ""
    """Field of the model, or `element.field` (`pools.field`: of the pools); empty: as the lever is called."""
    whole: bool = False
    open_low: bool = False
    """Whether `low` itself is too low."""
    alone: bool = True
    """Whether it can be moved for single incident types or services, and with a ramp."""
    shortens: str = ""
    """`lower` or `higher`: the way that makes no incident longer where nobody waits; empty: neither does."""
    unless: str = ""
    """Why neither way does, or where that way may."""
    settings: tuple[str, ...] = ()
    """Settings of types, faces, paths and elements that it moves besides `field`, as `Class.field`."""

    @property
    def of_pools(self) -> bool:
        """Whether it is a setting of named pools."""
        return self.field.startswith("pools.")

    def check(self, name: str, value: object) -> float:
        """Return the value if the lever takes it; refuse it in a sentence otherwise."""
        if self.whole:
            return validation.whole(name, value, int(self.low), int(self.high))
        return validation.finite(name, value, self.low, self.high, open_low=self.open_low)


# The settings in force: what a lever would change, as the model has it now.


InForce = float | tuple[float, float] | None
"""A setting in force: a number, or the smallest and the largest of several; None: no such limit."""

Now = Callable[[ResponseModel], InForce]


def limit(most: float) -> float | None:
    """Return a longest time, or None where there is none."""
    return None if math.isinf(most) else most


def coverage(model: ResponseModel) -> float:
    """Return the share of incidents that alerts see."""
    return model.alert_coverage if model.alert_coverage is not None else weighted_share(*seen_shares(model))


def automated(model: ResponseModel) -> float:
    """Return the share of incidents whose alert has a remediation rule."""
    if model.automation is not None:
        return model.automation
    return weighted_share([kind.automation for kind in model.types], model.weights)


def change_caused(model: ResponseModel) -> float:
    """Return the share of incidents that a known change caused."""
    return weighted_share([kind.change_caused for kind in model.types], model.weights)


def flagged(model: ResponseModel, only: tuple[str, ...] = ()) -> float:
    """Return the share of change-caused incidents (of `only` these types; empty: of all) that a flag fixes."""
    after_change = [
        kind.change_caused * weight if not only or kind.name in only else 0.0
        for kind, weight in zip(model.types, model.weights, strict=True)
    ]
    by_flag = [sum(p.share_changed for p in kind.paths if p.name == "flag") for kind in model.types]
    total = math.fsum(after_change)
    share = weighted_share(by_flag, after_change) / total if total else 0.0
    return share + (1 - share) * model.more_flags


def runbooks(model: ResponseModel) -> float:
    """Return the share of incidents that a runbook answers."""
    return model.runbooks if model.runbooks is not None else weighted_share(shares.runbook_shares(model), model.weights)


def failing_changes(model: ResponseModel, only: tuple[str, ...] = ()) -> float | None:
    """Return the incidents (of `only` these types; empty: of all) that a deployment causes on average.

    None: the model knows no deployments.
    """
    if model.deployments is None:
        return None
    caused = math.fsum(kind.per_day * kind.change_caused for kind in model.types if not only or kind.name in only)
    return caused / model.deployments.per_day * model.failing_factor


def burst_share(model: ResponseModel) -> float | None:
    """Return the share of first incidents that bring others."""
    return _least(model, model.burst_share, "share")


def burst_size(model: ResponseModel) -> float | None:
    """Return how many others an incident brings on average, where it brings any."""
    return _least(model, model.burst_size, "mean")


def _least(model: ResponseModel, moved: float | None, attribute: str) -> float | None:
    """Return what holds of bursts: a lever takes them away and adds none."""
    if model.bursts is None:
        return None
    drawn: float = getattr(model.bursts, attribute)
    return drawn if moved is None else min(moved, drawn)


def of_hypotheses(attribute: str) -> Now:
    """Return what reads a chance of the hypotheses, which types may have in different ways."""
    lever = {"hit": "hypothesis_hit"}.get(attribute, attribute)

    def read(model: ResponseModel) -> InForce:
        found = [getattr(kind.hypotheses, attribute) for kind in model.types if kind.hypotheses]
        moved = getattr(model, lever)
        return one_or_range(found) if moved is None or not found else moved

    return read


def longest_now(path: str) -> Now:
    """Return what reads the longest time of a fix."""
    return lambda model: limit(getattr(model, f"{path}_minutes"))


def success(path: str) -> Now:
    """Return what reads the chance that a fix works, which types may have in different ways."""

    def read(model: ResponseModel) -> InForce:
        moved: float | None = getattr(model, f"{path}_success")
        if moved is not None:
            return moved
        found = one_or_range([way.success for kind in model.types for way in kind.paths if way.name == path])
        return 1.0 if found is None and path == "flag" else found

    return read


def of_pools(attribute: str) -> Now:
    """Return what reads a setting of the pools."""

    def read(model: ResponseModel) -> InForce:
        found = [getattr(pool, attribute) for pool in model.pools]
        return one_or_range([one for one in found if one is not None])

    return read


def shift_people(model: ResponseModel) -> InForce:
    """Return the people in each shift of the pools."""
    return one_or_range([shift.people for pool in model.pools for shift in pool.shifts])


def hands_over(model: ResponseModel) -> InForce:
    """Return whether incidents go back to the queue at the end of a shift, of the pools that have shifts."""
    return one_or_range([pool.end_of_shift == HANDS_OVER for pool in model.pools if pool.shifts])


def one_or_range(values: Sequence[float]) -> InForce:
    """Return the one value, or the smallest and the largest; None: there is none."""
    found = sorted(set(values))
    return None if not found else found[0] + 0 if len(found) == 1 else (found[0] + 0, found[-1] + 0)


def of(element: str, attribute: str) -> Now:
    """Return what reads a setting of an element that a model may lack."""
    return lambda model: getattr(getattr(model, element), attribute, None)


def rules(attribute: str, lever: str) -> Now:
    """Return what reads a setting of the alert rules."""
    return lambda model: _of_detectors(model, attribute, lever, True)


def monitors(attribute: str, lever: str) -> Now:
    """Return what reads a setting of the synthetic monitors."""
    return lambda model: _of_detectors(model, attribute, lever, False)


def _of_detectors(model: ResponseModel, attribute: str, lever: str, rule: bool) -> InForce:
    if model.watch is None:
        return None
    moved: float | None = getattr(model.watch, lever)
    if moved is not None:
        return moved
    those = [one for one in model.watch.detectors if isinstance(one, AlertRule) == rule]
    return one_or_range([value for one in those if (value := getattr(one, attribute)) is not None])


# Levers on how often incidents begin, and on how soon somebody knows.


MOST_TIMES = 10.0
"""Times as often as now that incidents may come: each whole time is drawn as incidents of its own."""

ARRIVAL: dict[str, Lever] = {
    "prevention": share_lever(
        "arrivals", "Share of incidents that never happen.", lambda model: model.prevention,
        "share of incidents that never happen", shortens=HIGHER, settings=("IncidentType.per_day",),
    ),
    "changes_prevented": share_lever(
        "arrivals",
        "Share of the incidents that a change caused that never happen (smaller changes, staged rollouts that stop).",
        lambda model: model.changes_prevented, "share of change-caused incidents that never happen", shortens=HIGHER,
        settings=("IncidentType.change_caused",),
    ),
    "arrivals_factor": times_lever(
        "arrivals", "Incidents begin this many times as often (growth of traffic, of services, of teams).",
        lambda model: model.arrivals_factor, "incidents begin this many times as often", "", MOST_TIMES,
        settings=("IncidentType.per_day",),
    ),
    "deploys_factor": times_lever(
        "arrivals",
        "People deploy this many times as often; deployments fail as often as now, so the incidents that changes cause "
        "come as much more often.",
        lambda model: model.deploys_factor, "deployments this many times as often", "", MOST_TIMES,
        settings=("Deployments.per_day",),
    ),
    "failing_changes": times_lever(
        "arrivals", "Incidents that a deployment causes, on average (the change failure rate, where each causes one).",
        failing_changes, "incidents per deployment", "failing_factor", 100.0, unit="incidents",
    ),
    "burst_share": share_lever(
        "arrivals", "Share of the first incidents that bring others (less of a common cause: cells, bulkheads).",
        burst_share, "share of first incidents that bring others", shortens=LOWER, settings=("Bursts.share",),
    ),
    "burst_size": times_lever(
        "arrivals", "How many others an incident brings, on average, where it brings any.", burst_size,
        "others that an incident of a burst brings", "", 1000.0, unit="incidents", settings=("Bursts.mean",),
    ),
}  # fmt: skip

DETECTION: dict[str, Lever] = {
    "evaluation_interval": seconds_lever(
        "detection", "Seconds between two evaluations of every alert rule.", rules("eval_s", "evaluation_s"),
        "alert rules are evaluated every", "watch.evaluation_s", 86_400.0, open_low=True,
        unless="for: is rounded up to whole intervals, by less than one of them; halved, they never make it longer",
    ),
    "alert_for": seconds_lever(
        "detection", "Seconds that every alert rule's condition must hold (for:).", rules("for_s", "for_s"),
        "an alert's condition must hold for", "watch.for_s",
    ),
    "scrape_interval": seconds_lever(
        "detection", "Seconds between two scrapes of the metrics behind every alert rule.",
        rules("scrape_s", "scrape_s"), "metrics are scraped every", "watch.scrape_s",
        86_400.0, open_low=True,
    ),
    "group_wait": seconds_lever(
        "detection", "Seconds that the first notification of every alert waits for others.",
        rules("group_wait_s", "group_wait_s"), "the first notification waits", "watch.group_wait_s",
    ),
    "monitor_interval": seconds_lever(
        "detection", "Seconds between two runs of every synthetic monitor.", monitors("interval_s", "interval_s"),
        "synthetic monitors run every", "watch.interval_s", 86_400.0, open_low=True,
    ),
    "confirmations": whole_lever(
        "detection", "Failing runs in a row that every synthetic monitor needs to page.", 100,
        monitors("confirmations", "confirmations"), "failing runs in a row before a page", "watch.confirmations",
        shortens=LOWER,
    ),
    "gaps_closed": share_lever(
        "detection", "Share of the incidents that no alert watches which an alert as usual as the others watches then.",
        of("watch", "gaps_closed"), "share of coverage gaps closed", "watch.gaps_closed", shortens=HIGHER,
        settings=("IncidentProfile.watch",),
    ),
    "failing_requests": share_lever(
        "detection",
        "Share of the requests that fail during a fault (staged rollouts and cells lower it: fewer users suffer, and "
        "alert rules notice later).",
        of("watch", "share"), "share of requests that fail", "watch.share", open_low=True, shortens=HIGHER,
    ),
    "alert_latency": minutes_lever(
        "detection", "Longest time from start to page, where an alert or a monitor sees the fault.",
        lambda model: limit(model.alert_latency),
        "longest time from start to page where an alert sees the fault", settings=("IncidentType.alert",),
    ),
    "alert_coverage": share_lever(
        "detection", "Share of incidents that an alert or a monitor sees; new alerts are as quick as those there are.",
        coverage, "share of incidents that alerts see", shortens=HIGHER,
        settings=("IncidentType.alert_coverage", "IncidentProfile.seen"),
    ),
    "report_minutes": minutes_lever(
        "detection", "Longest time from start to a report of people, where no alert sees the fault.",
        lambda model: limit(model.report_minutes), "longest time until people report",
        settings=("IncidentType.detect",),
    ),
}  # fmt: skip

# Levers on how a person is reached, on who there is, and on how incidents are passed on.


_CALLS = "calling the next one sooner, or once more, leaves behind one who might have reacted first"
_WAITING = "moves waiting alone, and with it who goes first: one incident's gain may be another's wait"

PAGING: dict[str, Lever] = {
    "page_delivery": minutes_lever(
        "paging", "Minutes from detection until the first person's device rings.", of("paging", "delivery"),
        "a page rings after", "paging.delivery", 10_080.0,
    ),
    "ack_timeout": minutes_lever(
        "paging", "Minutes after which the next level of the escalation is called.", of("paging", "timeout"),
        "the next level is called after", "paging.timeout", 10_080.0, open_low=True, shortens="", unless=_CALLS,
    ),
    "escalation_repeats": whole_lever(
        "paging", "How often all levels of the escalation are gone through; the last one called is never relieved.", 24,
        of("paging", "repeats"), "all levels are gone through", "paging.repeats", unless=_CALLS,
    ),
    "night_startup": minutes_lever(
        "paging", "Minutes from the reaction to the start of work, at night.", of("paging", "startup"),
        "getting going at night takes", "paging.startup", 1440.0,
        unless="it makes later answers sooner too: one just before dawn needs the start-up, one just after it does not",
    ),
    "acknowledge_factor": times_lever(
        "paging", "People take this many times as long to react to a page.",
        lambda model: model.acknowledge_factor, "reacting to a page takes this many times as long",
        settings=("IncidentType.acknowledge", "Paging.levels"),
    ),
    "backup_factor": times_lever(
        "paging", "Those called after the first one take this many times as long to react.",
        lambda model: model.backup_factor, "those called later take this many times as long to react",
        settings=("Paging.levels",),
    ),
    "dulled": times_lever(
        "paging", "Acknowledging takes this many times as long because of pages that are no incident.",
        of("noise", "dulled"), "acknowledging takes, because of noise, this many times as long", "noise.dulled",
    ),
}  # fmt: skip

WAITING: dict[str, Lever] = {
    "responders": whole_lever(
        "waiting for a person", "People who can each work on one incident at a time.", 100_000,
        lambda model: model.responders, "responders", unit="people", alone=False, unless=_WAITING,
    ),
    "pool_people": whole_lever(
        "waiting for a person", "People of a pool at every hour, beside those of its shifts.", 100_000,
        of_pools("people"), "people of a pool beside its shifts", "pools.people", low=0, unit="people", alone=False,
        unless=_WAITING,
    ),
    "shift_people": whole_lever(
        "waiting for a person", "People in each shift of a pool.", 100_000, shift_people, "people in each shift",
        "pools.shifts", unit="people", alone=False, unless=_WAITING, settings=("Shift.people",),
    ),
    "pool_preempts": whole_lever(
        "waiting for a person", "1: a more urgent incident takes a person from a less urgent one. 0: not.", 1,
        of_pools("preemptive"), "more urgent incidents take people from others", "pools.preemptive", low=0,
        unit="0 or 1", alone=False, unless=_WAITING,
    ),
    "pool_hands_over": whole_lever(
        "waiting for a person",
        "1: at the end of a shift the incident goes back to the queue of the pool. 0: who works on it finishes it.", 1,
        hands_over, "incidents go back to the queue at the end of a shift", "pools.end_of_shift", low=0,
        unit="0 or 1", alone=False, unless=_WAITING,
    ),
    "handover_minutes": minutes_lever(
        "waiting for a person", "Minutes that a hand-over at the end of a shift adds to the rest of the work.",
        of_pools("handover_minutes"), "a hand-over at the end of a shift adds", "pools.handover_minutes", 10_080.0,
        alone=False, shortens="", unless=_WAITING,
    ),
    "pool_queue_limit": whole_lever(
        "waiting for a person", "Incidents that may wait for a pool; one more goes to people from outside at once.",
        1_000_000, of_pools("queue_limit"), "incidents that may wait for a pool", "pools.queue_limit", low=0,
        unit="incidents", alone=False, unless=_WAITING,
    ),
    "noise_cut": share_lever(
        "waiting for a person", "Share of the pages that are no incident that are silenced.",
        lambda model: model.noise_cut, "share of noise pages silenced", alone=False, unless=_WAITING,
        settings=("Noise.per_day",),
    ),
    "noise_factor": times_lever(
        "waiting for a person", "Seeing that a page is no incident takes this many times as long.",
        lambda model: model.noise_factor, "a page that is no incident takes this many times as long", alone=False,
        shortens="", unless=_WAITING, settings=("Noise.work",),
    ),
}  # fmt: skip

HAND_OVER: dict[str, Lever] = {
    "misrouted": share_lever(
        "hand-over", "Share of incidents that reach the wrong team first.", of("routing", "wrong"),
        "share of incidents that reach the wrong team first", "routing.wrong", shortens=LOWER,
    ),
    "ping_pong": share_lever(
        "hand-over", "Chance that an incident which was passed on is passed on again.", of("routing", "again"),
        "chance to be passed on again", "routing.again", shortens=LOWER,
    ),
    "max_transfers": whole_lever(
        "hand-over", "Times that an incident is passed on at most.", 8, of("routing", "max_transfers"),
        "passed on at most", "routing.max_transfers", shortens=LOWER,
    ),
    "notice_factor": times_lever(
        "hand-over", "A team takes this many times as long to see that another should have the incident.",
        lambda model: model.notice_factor, "seeing that it is another team's takes this many times as long",
        settings=("Routing.notice",),
    ),
    "transfer_minutes": minutes_lever(
        "hand-over", "Minutes from one team to the other.", of("routing", "transfer"),
        "passing on to the other team takes", "routing.transfer", 10_080.0,
    ),
}  # fmt: skip

# Levers on finding the cause, and on what machines do before a person is called.


_FAILS = "an attempt that fails takes its time, and the person comes later"

DIAGNOSIS: dict[str, Lever] = {
    "runbooks": share_lever(
        "diagnosis", "Share of incidents that a runbook answers: what is diagnosed without one takes a third of it.",
        runbooks, "share of incidents that a runbook answers", shortens=HIGHER,
        unless="a new runbook makes diagnosis longer (runbook_factor above 1)",
        settings=("IncidentType.runbook", "DiagnosisAttempts.runbook"),
    ),
    "runbook_factor": times_lever(
        "diagnosis", "Diagnosis takes this many times as long where a runbook is new, and one law says how long.",
        lambda model: model.runbook_factor, "diagnosis with a new runbook takes this many times as long", open_low=True,
    ),
    "first_hit": share_lever(
        "diagnosis", "Chance that the first hypothesis is right where a runbook answers.",
        of_hypotheses("first_hit"), "chance that the first hypothesis is right with a runbook", shortens=HIGHER,
        settings=("DiagnosisAttempts.first_hit",),
    ),
    "hypothesis_hit": share_lever(
        "diagnosis", "Chance that a hypothesis is the right one.", of_hypotheses("hit"),
        "chance that a hypothesis is right", shortens=HIGHER, open_low=True, settings=("DiagnosisAttempts.hit",),
    ),
    "novel": share_lever(
        "diagnosis", "Share of incidents of a kind not seen before: no runbook helps, and a hit is half as likely.",
        of_hypotheses("novel"), "share of incidents of a kind not seen before", shortens=LOWER,
        settings=("DiagnosisAttempts.novel",),
    ),
    "try_minutes": minutes_lever(
        "diagnosis", "Longest time that trying one hypothesis takes.", lambda model: limit(model.try_minutes),
        "longest try of a hypothesis", settings=("DiagnosisAttempts.minutes",),
    ),
    "diagnosis_factor": times_lever(
        "diagnosis",
        "Diagnosis takes this many times as long, for every incident (what better telemetry may do to each try).",
        lambda model: model.diagnosis_factor, "diagnosis takes this many times as long",
        settings=("IncidentType.diagnose", "DiagnosisAttempts.minutes"),
    ),
}  # fmt: skip

AUTOMATION: dict[str, Lever] = {
    "automation": share_lever(
        "diagnosis and fix",
        "Share of incidents whose alert has a remediation rule; a rule that fails leaves a person, later.",
        automated, "share of incidents whose alert has a remediation rule", unless=_FAILS,
        settings=("IncidentType.automation",),
    ),
    "automation_success": share_lever(
        "diagnosis and fix", "Chance that one attempt of a remediation rule ends the incident.",
        lambda model: model.automation_success, "chance that one attempt of a remediation rule works", shortens=HIGHER,
    ),
    "automation_attempts": whole_lever(
        "diagnosis and fix", "Attempts of a remediation rule before a person is paged (max_auto_attempts).", 20,
        lambda model: model.automation_attempts, "attempts of a remediation rule", unless=_FAILS,
    ),
    "automation_timeout": minutes_lever(
        "diagnosis and fix", "Minutes after which an attempt of a remediation rule has failed.",
        lambda model: model.automation_timeout, "an attempt of a remediation rule is given up after", shortens="",
        unless="given up sooner, an attempt that would have worked fails; later, one that fails takes longer",
    ),
    "automation_run_factor": times_lever(
        "diagnosis and fix", "A run of a remediation rule takes this many times as long.",
        lambda model: model.automation_run_factor, "a run of a remediation rule takes this many times as long",
        settings=("ResponseModel.automation_run",),
    ),
    "automation_harm": share_lever(
        "diagnosis and fix", "Chance that a failed attempt of a remediation rule does harm.",
        lambda model: model.automation_harm, "chance that a failed attempt does harm", shortens=LOWER,
    ),
    "harm_factor": times_lever(
        "diagnosis and fix", "Harm of a failed attempt adds this many times as many minutes to the fix.",
        lambda model: model.harm_factor, "harm of a failed attempt takes this many times as long",
        settings=("ResponseModel.harm",),
    ),
}  # fmt: skip


# Levers on the ways in which incidents are fixed.


_WORDS = {"flag": "longest flag", "rollback": "longest rollback", "failover": "longest failover",
          "scale": "longest scaling", "config": "longest change of configuration",
          "forward_fix": "longest forward fix", "migration": "longest reversal of a migration"}  # fmt: skip

FIX: dict[str, Lever] = {
    "flagged": share_lever(
        "fix", "Share of changes behind a feature flag: their incidents are fixed in seconds once diagnosed.",
        flagged, "share of change-caused incidents that a flag ends", "more_flags", shortens=HIGHER,
        unless="a flag may not work (flag_success): its time is spent, and the other fix comes after it",
        settings=("FixPath.share_changed",),
    ),
    **{
        longest(path): minutes_lever(
            "fix", f"Longest time that {said} takes.", longest_now(path), _WORDS[path],
            settings=("FixPath.law", *(("ResponseModel.flag",) if path == "flag" else ())),
        )
        for path, said in NAMED.items()
    },
    **{
        works(path): share_lever(
            "fix", f"Chance that {said} works; where it does not, its time is spent and another fix comes after it.",
            success(path), f"chance that {said} works", shortens=HIGHER, settings=("FixPath.success",),
        )
        for path, said in NAMED.items()
    },
    "deployment_minutes": minutes_lever(
        "fix", "Longest time that a deployment takes.", lambda model: limit(model.deployment_minutes),
        "longest deployment", settings=("Pipeline.minutes",),
    ),
    "lanes": whole_lever(
        "fix", "Deployments that run at a time.", 100_000, of("pipeline", "lanes"), "deployments at a time",
        "pipeline.lanes", unit="lanes", alone=False, unless="moves waiting alone, and with it which fix goes first",
    ),
}  # fmt: skip

# Levers on how health is confirmed, and on incidents that come back.


_PAPER = "a wrong fix that passes ends the incident sooner on paper, and it may come back"
_BACK = "where incidents come back: one that passes sooner has rounds left to come back in"

VERIFICATION: dict[str, Lever] = {
    "verification_window": minutes_lever(
        "verification", "Longest time from the fix to confirmed health.",
        lambda model: limit(model.verification_window), "longest verification", settings=("IncidentType.verify",),
    ),
    "verify_pass": share_lever(
        "verification", "Chance that a fix holds; one that does not sends the incident back to diagnosis.",
        lambda model: model.verify_pass, "chance that a fix holds", shortens=HIGHER, unless=_BACK,
    ),
    "false_pass": share_lever(
        "verification", "Chance that a fix which does not hold passes its verification.",
        lambda model: model.false_pass, "chance that a wrong fix passes", unless=_PAPER,
    ),
    "max_rounds": whole_lever(
        "verification", "Rounds of diagnosis, fix and verification after which an incident is closed whatever it says.",
        20, lambda model: model.max_rounds, "rounds of diagnosis, fix and verification at most", shortens=LOWER,
    ),
    "sample_every": seconds_lever(
        "verification", "Seconds between the samples that confirm health.", of("verification", "every_s"),
        "time between samples", "verification.every_s", 86_400.0, open_low=True,
        unless="the first sample after the window has emptied falls later, by less than an interval; halved, it never "
        "does",
    ),
    "healthy_in_a_row": whole_lever(
        "verification", "Healthy samples in a row that confirm health.", 1000, of("verification", "in_a_row"),
        "healthy samples in a row", "verification.in_a_row", shortens=LOWER, unless=_BACK,
    ),
    "sample_window": seconds_lever(
        "verification", "Seconds that a sample looks back: it still holds errors from before the fix.",
        of("verification", "window_s"), "a sample looks back", "verification.window_s",
    ),
    "sample_threshold": share_lever(
        "verification", "A sample is healthy where the error rate of its window is below.",
        of("verification", "threshold"), "healthy is an error rate below", "verification.threshold", open_low=True,
        shortens=HIGHER,
    ),
    "sample_healthy": share_lever(
        "verification", "Chance that a sample is healthy where the fix holds (flapping checks lower it).",
        of("verification", "healthy"), "chance that a sample of a healthy service is healthy", "verification.healthy",
        shortens=HIGHER, unless=_BACK,
    ),
    "sample_false_pass": share_lever(
        "verification", "Chance that a sample is healthy where the fix does not hold.",
        of("verification", "false_pass"), "chance that a sample of a sick service is healthy",
        "verification.false_pass", unless=_PAPER,
    ),
    "samples_most": whole_lever(
        "verification", "Samples after which the fix counts as failed.", 10_000, of("verification", "max_samples"),
        "samples before a fix counts as failed", "verification.max_samples",
        unless="given up sooner, a fix that holds may be done again; later, one that does not is found later",
    ),
    "reopen_wrong": share_lever(
        "reopening", "Chance that an incident comes back whose fix was wrong and passed its verification.",
        of("reopening", "wrong"), "chance to come back where the fix was wrong", "reopening.wrong", shortens=LOWER,
    ),
    "reopen_right": share_lever(
        "reopening", "Chance that an incident comes back whose fix was right.", of("reopening", "right"),
        "chance to come back where the fix was right", "reopening.right", shortens=LOWER,
    ),
}  # fmt: skip

# What can be changed about a response: settings that people really have, and what each moves.


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
