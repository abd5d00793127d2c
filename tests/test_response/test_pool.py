"""Ties among responders are settled by rule."""

from __future__ import annotations

from types import SimpleNamespace

import simpy

from mttrlab.response.engines.simpy_engine import Pools
from mttrlab.response.model.responders import HANDS_OVER, Pool, Shift

HOUR = 3_600_000_000


class Worker:
    """An incident that does nothing but work, and tells when."""

    def __init__(self, env, pools, priority, key, work, told):
        self.env, self.pools, self.work, self.told = env, pools, work, told
        self.priority, self.key = priority, key
        self.s = SimpleNamespace(working=0)
        self.turn = 0

    def ask(self):
        self.place = (self.priority, self.env.now, self.key)
        self.pools.ask(0, self, self.env.now)

    def granted(self, now):
        self.told.append((now, self.key))
        self.s.working, self.since, self.turn = 1, now, self.turn + 1
        turn = self.turn
        self.env.timeout(self.work).callbacks.append(lambda _: self.end(turn))

    def end(self, turn):
        if turn == self.turn and self.s.working:
            self.s.working = 0
            self.pools.give(0, self)

    def preempt(self, now, longer):
        self.work, self.s.working = self.work - (now - self.since) + longer, 0

    def refused(self, now):
        self.told.append((now, -self.key))


def served(asks, pool, work=10, unit=1):
    """Return (time, key) each time a person takes an incident; asks are (time, priority, key) in order of events."""
    env, told = simpy.Environment(), []
    people = Pool("people", pool) if isinstance(pool, int) else pool
    pools = Pools(env, (people,), 0)
    for at, priority, key in asks:
        one = Worker(env, pools, priority, key, work * unit, told)
        env.timeout(at * unit).callbacks.append(lambda _, one=one: one.ask())
    env.run()
    return [(at // unit, key) for at, key in told]


def test_at_one_instant_the_more_urgent_goes_first_whatever_the_order_of_events():
    assert served([(5, 3, 0), (5, 1, 1), (5, 2, 2)], 1) == [(5, 1), (15, 2), (25, 0)]


def test_among_equals_the_earlier_ask_then_the_lower_number_goes_first():
    assert [key for _, key in served([(0, 1, 9), (2, 1, 7), (1, 1, 8), (2, 1, 3)], 1)] == [9, 8, 3, 7]


def test_one_who_asks_at_the_instant_of_a_release_is_in_the_queue_before_it_settles():
    assert [key for _, key in served([(0, 1, 0), (1, 2, 1), (10, 1, 2)], 1)] == [0, 2, 1]


def test_as_many_work_at_once_as_there_are_responders():
    assert served([(0, 1, k) for k in range(5)], 2) == [(0, 0), (0, 1), (10, 2), (10, 3), (20, 4)]


def test_a_more_urgent_incident_takes_a_person_away_and_the_other_finishes_later():
    pool = Pool("people", 1, preemptive=True)
    assert served([(0, 2, 0), (4, 1, 1), (5, 2, 2)], pool) == [(0, 0), (4, 1), (14, 0), (20, 2)]


def test_equals_are_never_taken_away():
    assert served([(0, 1, 0), (4, 1, 1)], Pool("people", 1, preemptive=True)) == [(0, 0), (10, 1)]


def test_who_is_not_at_work_takes_nothing_and_who_is_may_finish():
    days = Pool("days", 0, (Shift(8, 16, 1),))
    assert served([(3, 1, 0), (4, 1, 1)], days, work=9, unit=HOUR) == [(8, 0), (176, 1)]


def test_at_the_end_of_a_shift_work_is_handed_over_with_a_loss():
    days = Pool("days", 0, (Shift(8, 16, 1), Shift(20, 24, 1)), end_of_shift=HANDS_OVER, handover_minutes=60)
    assert served([(10, 1, 0), (11, 1, 1)], days, work=8, unit=HOUR) == [(10, 0), (20, 0), (23, 1), (176, 1)]


def test_without_room_to_wait_the_least_urgent_goes_elsewhere():
    pool = Pool("people", 1, queue_limit=1)
    assert served([(0, 1, 1), (2, 2, 2), (3, 1, 3)], pool) == [(0, 1), (3, -2), (10, 3)]
