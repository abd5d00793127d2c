"""Responders as a pool that settles ties by rule: priority, then who asked first, then the incident's number."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

import simpy
from simpy.events import Event, EventPriority

Wake = Callable[[Event], None]

LATE = EventPriority(2)
"""After every urgent and normal event of the instant, so that all who ask at an instant are in the queue first."""


class _Settle(Event):
    """An event that has already happened; it only waits for the end of its instant."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None


class Pool:
    """A number of responders who take incidents by (priority, asked, key).

    Parameters
    ----------
    env : simpy.Environment
    capacity : int
        Responders.

    Notes
    -----
    `simpy.PriorityResource` grants inside the event that asks, so incidents that ask at the same instant are served
    in the order of the event queue. Here all events of an instant come first, then the pool settles.
    """

    def __init__(self, env: simpy.Environment, capacity: int) -> None:
        self._env = env
        self._free = capacity
        self._queue: list[tuple[int, int, int, Wake]] = []
        self._called = False

    def ask(self, priority: int, key: int, now: int, wake: Wake) -> None:
        """Queue the incident `key`, which asks `now`; `wake` is called when a responder takes it."""
        heappush(self._queue, (priority, now, key, wake))
        if self._free:
            self._call()

    def give(self) -> None:
        """Hand one responder back."""
        self._free += 1
        if self._queue:
            self._call()

    def _call(self) -> None:
        if not self._called:
            self._called = True
            settle = _Settle(self._env)
            settle.callbacks = [self._settle]
            self._env.schedule(settle, priority=LATE)

    def _settle(self, event: Event) -> None:
        self._called = False
        while self._free and self._queue:
            self._free -= 1
            heappop(self._queue)[3](event)
