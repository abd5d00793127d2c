"""Levers on how a person is reached, on who there is, and on how incidents are passed on."""

from __future__ import annotations

from mttrlab.response import lever_now as now
from mttrlab.response.lever import LOWER, Lever, minutes, share, times, whole
from mttrlab.response.lever_now import of, pool

_CALLS = "calling the next one sooner, or once more, leaves behind one who might have reacted first"
_WAITING = "moves waiting alone, and with it who goes first: one incident's gain may be another's wait"

PAGING: dict[str, Lever] = {
    "page_delivery": minutes(
        "paging", "Minutes from detection until the first person's device rings.", of("paging", "delivery"),
        "a page rings after", "paging.delivery", 10_080.0,
    ),
    "ack_timeout": minutes(
        "paging", "Minutes after which the next level of the escalation is called.", of("paging", "timeout"),
        "the next level is called after", "paging.timeout", 10_080.0, open_low=True, shortens="", unless=_CALLS,
    ),
    "escalation_repeats": whole(
        "paging", "How often all levels of the escalation are gone through; the last one called is never relieved.", 24,
        of("paging", "repeats"), "all levels are gone through", "paging.repeats", unless=_CALLS,
    ),
    "night_startup": minutes(
        "paging", "Minutes from the reaction to the start of work, at night.", of("paging", "startup"),
        "getting going at night takes", "paging.startup", 1440.0,
        unless="it makes later answers sooner too: one just before dawn needs the start-up, one just after it does not",
    ),
    "acknowledge_factor": times(
        "paging", "People take this many times as long to react to a page.",
        lambda model: model.acknowledge_factor, "reacting to a page takes this many times as long",
        settings=("IncidentType.acknowledge", "Paging.levels"),
    ),
    "backup_factor": times(
        "paging", "Those called after the first one take this many times as long to react.",
        lambda model: model.backup_factor, "those called later take this many times as long to react",
        settings=("Paging.levels",),
    ),
    "dulled": times(
        "paging", "Acknowledging takes this many times as long because of pages that are no incident.",
        of("noise", "dulled"), "acknowledging takes, because of noise, this many times as long", "noise.dulled",
    ),
}  # fmt: skip

WAITING: dict[str, Lever] = {
    "responders": whole(
        "waiting for a person", "People who can each work on one incident at a time.", 100_000,
        lambda model: model.responders, "responders", unit="people", alone=False, unless=_WAITING,
    ),
    "pool_people": whole(
        "waiting for a person", "People of a pool at every hour, beside those of its shifts.", 100_000,
        pool("people"), "people of a pool beside its shifts", "pools.people", low=0, unit="people", alone=False,
        unless=_WAITING,
    ),
    "shift_people": whole(
        "waiting for a person", "People in each shift of a pool.", 100_000, now.shift_people, "people in each shift",
        "pools.shifts", unit="people", alone=False, unless=_WAITING, settings=("Shift.people",),
    ),
    "pool_preempts": whole(
        "waiting for a person", "1: a more urgent incident takes a person from a less urgent one. 0: not.", 1,
        pool("preemptive"), "more urgent incidents take people from others", "pools.preemptive", low=0, unit="0 or 1",
        alone=False, unless=_WAITING,
    ),
    "pool_hands_over": whole(
        "waiting for a person",
        "1: at the end of a shift the incident goes back to the queue of the pool. 0: who works on it finishes it.", 1,
        now.hands_over, "incidents go back to the queue at the end of a shift", "pools.end_of_shift", low=0,
        unit="0 or 1", alone=False, unless=_WAITING,
    ),
    "handover_minutes": minutes(
        "waiting for a person", "Minutes that a hand-over at the end of a shift adds to the rest of the work.",
        pool("handover_minutes"), "a hand-over at the end of a shift adds", "pools.handover_minutes", 10_080.0,
        alone=False, shortens="", unless=_WAITING,
    ),
    "pool_room": whole(
        "waiting for a person", "Incidents that may wait for a pool; one more goes to people from outside at once.",
        1_000_000, pool("room"), "incidents that may wait for a pool", "pools.room", low=0, unit="incidents",
        alone=False, unless=_WAITING,
    ),
    "noise_cut": share(
        "waiting for a person", "Share of the pages that are no incident that are silenced.",
        lambda model: model.noise_cut, "share of noise pages silenced", alone=False, unless=_WAITING,
        settings=("Noise.per_day",),
    ),
    "noise_factor": times(
        "waiting for a person", "Seeing that a page is no incident takes this many times as long.",
        lambda model: model.noise_factor, "a page that is no incident takes this many times as long", alone=False,
        shortens="", unless=_WAITING, settings=("Noise.work",),
    ),
}  # fmt: skip

HAND_OVER: dict[str, Lever] = {
    "misrouted": share(
        "hand-over", "Share of incidents that reach the wrong team first.", of("routing", "wrong"),
        "share of incidents that reach the wrong team first", "routing.wrong", shortens=LOWER,
    ),
    "ping_pong": share(
        "hand-over", "Chance that an incident which was passed on is passed on again.", of("routing", "again"),
        "chance to be passed on again", "routing.again", shortens=LOWER,
    ),
    "most_passes": whole(
        "hand-over", "Times that an incident is passed on at most.", 8, of("routing", "most"),
        "passed on at most", "routing.most", shortens=LOWER,
    ),
    "notice_factor": times(
        "hand-over", "A team takes this many times as long to see that another should have the incident.",
        lambda model: model.notice_factor, "seeing that it is another team's takes this many times as long",
        settings=("Routing.notice",),
    ),
    "transfer_minutes": minutes(
        "hand-over", "Minutes from one team to the other.", of("routing", "transfer"),
        "passing on to the other team takes", "routing.transfer", 10_080.0,
    ),
}  # fmt: skip
