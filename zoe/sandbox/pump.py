"""Pump: drives the exchange in real time and brings its deliveries to the open connections.

Everything runs on one event loop. One timer serves what the exchange does by itself and what is to
be delivered later; nothing polls.
"""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Protocol

from zoe.sandbox.core.exchange import Exchange
from zoe.sandbox.core.wire import Delivery, Drop, Frame, HttpRequest, HttpResponse


class Lane(Protocol):
    """One connection's way out. Nothing it does may fail because its client is gone."""

    def deliver(self, payload: HttpResponse | Frame | Drop) -> None:
        """Towards the client; what can be sent together may wait for ``flush``."""

    def flush(self) -> None:
        """Sends what waits; called after every round of deliveries that it had part in."""


class Pump:
    """The only one that talks to the exchange.

    Attributes:
        failed: Set with the error when the exchange cannot go on, as when its memory is full.
    """

    def __init__(self, exchange: Exchange, now_ns: Callable[[], int]) -> None:
        self._exchange = exchange
        self._now_ns = now_ns
        self._loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[None] = self._loop.create_future()
        self._lanes: dict[int, Lane] = {}
        self._numbers = count(1)
        self._later: list[tuple[int, int, Delivery]] = []
        self._order = count()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ns = 0
        self._arm()

    def join(self, lane: Lane) -> int:
        """A number for a connection whose deliveries go to ``lane`` until it leaves."""
        number = next(self._numbers)
        self._lanes[number] = lane
        return number

    def leave(self, number: int) -> None:
        """Deliveries to it have nowhere to go from here on."""
        self._lanes.pop(number, None)

    def request(self, request: HttpRequest) -> None:
        """One HTTP request of a connection that has joined."""
        self._drive(lambda now_ns: self._exchange.request(now_ns, request))

    def admits(self) -> bool:
        """Whether the exchange lets one more socket be opened."""
        return self._exchange.admits(self._now_ns())

    def opened(self, number: int, path: str) -> None:
        """A socket is open."""
        self._drive(lambda now_ns: self._exchange.opened(now_ns, number, path))

    def received(self, number: int, payload: bytes) -> None:
        """A text frame came."""
        self._drive(lambda now_ns: self._exchange.received(now_ns, number, payload))

    def closed(self, number: int) -> None:
        """A socket is gone."""
        self.leave(number)
        self._drive(lambda now_ns: self._closed(now_ns, number))

    def _closed(self, now_ns: int, number: int) -> list[Delivery]:
        self._exchange.closed(now_ns, number)
        return []

    def _drive(self, act: Callable[[int], list[Delivery]]) -> None:
        if self.failed.done():
            return
        now_ns = self._now_ns()
        try:
            deliveries = act(now_ns)
        except OSError as problem:
            # What was done is not kept, so nobody may hear of it.
            self.failed.set_exception(problem)
            return
        except BaseException as problem:
            self.failed.set_exception(problem)
            raise
        self._bring(now_ns, deliveries)
        self._arm()

    def _bring(self, now_ns: int, deliveries: list[Delivery]) -> None:
        touched: dict[int, Lane] = {}
        if self._later or any(delivery.at_ns > now_ns for delivery in deliveries):
            for delivery in deliveries:
                heappush(self._later, (delivery.at_ns, next(self._order), delivery))
            deliveries = []
            while self._later and self._later[0][0] <= now_ns:
                deliveries.append(heappop(self._later)[2])
        for delivery in deliveries:
            lane = self._lanes.get(delivery.connection)
            if lane is not None:
                touched[delivery.connection] = lane
                lane.deliver(delivery.payload)
        for lane in touched.values():
            lane.flush()

    def _arm(self) -> None:
        """One timer for whatever is due next; one that rings too early is armed again."""
        due_ns = self._exchange.next_wakeup()
        if self._later and (due_ns is None or self._later[0][0] < due_ns):
            due_ns = self._later[0][0]
        if due_ns is None or (self._timer is not None and self._timer_ns <= due_ns):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_ns = due_ns
        self._timer = self._loop.call_later((due_ns - self._now_ns()) / 1e9, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now_ns = self._now_ns()
        due_ns = self._exchange.next_wakeup()
        if due_ns is not None and due_ns <= now_ns:
            self._drive(self._exchange.wake)
        else:
            self._bring(now_ns, [])
            self._arm()
