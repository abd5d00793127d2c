"""Ties among responders are settled by rule."""

from __future__ import annotations

import simpy

from mttrlab.response.pool import Pool


def served(asks, capacity, work=10):
    """Return keys in the order in which responders took them; asks are (time, priority, key) in order of events."""
    env, order = simpy.Environment(), []
    pool = Pool(env, capacity)

    def arrive(at, priority, key):
        def taken(_):
            order.append((env.now, key))
            env.timeout(work).callbacks.append(lambda _: pool.give())

        env.timeout(at).callbacks.append(lambda _: pool.ask(priority, key, at, taken))

    for ask in asks:
        arrive(*ask)
    env.run()
    return order


def test_at_one_instant_the_more_urgent_goes_first_whatever_the_order_of_events():
    assert served([(5, 3, 0), (5, 1, 1), (5, 2, 2)], 1) == [(5, 1), (15, 2), (25, 0)]


def test_among_equals_the_earlier_ask_then_the_lower_number_goes_first():
    assert [key for _, key in served([(0, 1, 9), (2, 1, 7), (1, 1, 8), (2, 1, 3)], 1)] == [9, 8, 3, 7]


def test_one_who_asks_at_the_instant_of_a_release_is_in_the_queue_before_it_settles():
    assert [key for _, key in served([(0, 1, 0), (1, 2, 1), (10, 1, 2)], 1)] == [0, 2, 1]


def test_as_many_work_at_once_as_there_are_responders():
    assert served([(0, 1, k) for k in range(5)], 2) == [(0, 0), (0, 1), (10, 2), (10, 3), (20, 4)]
