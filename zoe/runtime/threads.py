"""ThreadRuntime: actors on operating-system threads, each the loop of a pykka actor.

pykka gives a thread, its start and its registry; the loop and the inbox are ours, because mail must
outlive a crash (see docs/decisions/0001-actors-on-pykka.md).
"""

import heapq
import itertools
import os
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

import pykka

from zoe.runtime.address import Address, AskTimeout
from zoe.runtime.cell import Cell
from zoe.runtime.clock import SystemClock
from zoe.runtime.log import log
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome, outcome_of
from zoe.runtime.seam import Runtime, Slot
from zoe.runtime.supervision import Owner
from zoe.runtime.supervisor import Child

#: Beside a busy thread the default of 5 ms costs 17 ms at p99, this 3 ms.
SWITCH_INTERVAL_SECONDS: Final = 0.0005


class _Host(pykka.ThreadingActor):
    """A pykka actor whose loop is given to it."""

    use_daemon_thread = True

    def __init__(self, body: Callable[[], None]) -> None:
        super().__init__()
        self._body = body

    def _actor_loop(self) -> None:
        self._body()
        pykka.ActorRegistry.unregister(self.actor_ref)


class _Dispatcher:
    """One thread that steps several cells, one message each in turn."""

    def __init__(self) -> None:
        self.ready: queue.SimpleQueue[Cell] = queue.SimpleQueue()
        _Host.start(self._run)

    def _run(self) -> None:
        while True:
            cell = self.ready.get()
            if not cell.finished:
                cell.step(block=False)


class _Lane:
    """One thread that runs calls in order."""

    def __init__(self) -> None:
        self.jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Outcome[Any]], None]]] = (
            queue.SimpleQueue()
        )
        _Host.start(self._run)

    def _run(self) -> None:
        while True:
            call, done = self.jobs.get()
            done(outcome_of(call))


class _Timers:
    """One thread that calls actions when they are due."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._due = threading.Condition()
        self._clock = SystemClock()
        _Host.start(self._run)

    def add(self, seconds: float, action: Callable[[], None]) -> None:
        at_ns = self._clock.monotonic_ns() + round(seconds * 1e9)
        with self._due:
            heapq.heappush(self._heap, (at_ns, next(self._count), action))
            if self._heap[0][2] is action:
                self._due.notify()

    def _run(self) -> None:
        while True:
            with self._due:
                now_ns = self._clock.monotonic_ns()
                while not self._heap or self._heap[0][0] > now_ns:
                    wait = (self._heap[0][0] - now_ns) / 1e9 if self._heap else None
                    self._due.wait(wait)
                    now_ns = self._clock.monotonic_ns()
                _, _, action = heapq.heappop(self._heap)
            action()


class _WaitingSlot(Slot):
    """A slot with a thread waiting at it."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()

    def ring(self) -> None:
        self.event.set()


class Stop:
    """How a reader learns that it should end."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def requested(self) -> bool:
        """Whether to end now."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Waits; True when asked to end meanwhile."""
        return self._event.wait(seconds)

    def request(self) -> None:
        """Asks the reader to end."""
        self._event.set()


class ThreadRuntime(Runtime):
    """Runs actors on threads.

    Args:
        boot: Number of this start, from the store.
        seed: For jitter and the actors' own randomness; None takes one from the system.
        pin_cpu: Keeps the process on this processor: hops cost a tenth there.
    """

    def __init__(self, boot: int = 1, seed: int | None = None, pin_cpu: int | None = None) -> None:
        entropy = int.from_bytes(os.urandom(8)) if seed is None else seed
        super().__init__(SystemClock(), boot, entropy)
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
        if pin_cpu is not None:
            os.sched_setaffinity(0, {pin_cpu})
        self._timers = _Timers()
        self._lanes: dict[str, _Lane] = {}
        self._dispatchers: dict[str, _Dispatcher] = {}
        self._stops: list[Stop] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._code = 0
        self._supervisor = _Lane()

    def make_cell(self, child: Child, name: str, owner: Owner) -> Cell:
        """A cell with a thread of its own, or on its dispatcher's."""
        cell = Cell(self, child, self.find(name), owner)
        if child.dispatcher is None:
            cell.mailbox.notify = None
            _Host.start(lambda: _run(cell))
            return cell
        dispatcher = self._dispatcher(child.dispatcher)
        cell.mailbox.notify = lambda: dispatcher.ready.put(cell)
        for _ in range(len(cell.mailbox)):
            dispatcher.ready.put(cell)
        return cell

    def _dispatcher(self, name: str) -> _Dispatcher:
        with self._lock:
            found = self._dispatchers.get(name)
            if found is None:
                found = self._dispatchers[name] = _Dispatcher()
            return found

    def supervise(self, action: Callable[[], None]) -> None:
        """Runs an action on the supervisor's thread."""
        self._supervisor.jobs.put((action, self._supervised))

    def _supervised(self, outcome: Outcome[Any]) -> None:
        if outcome.error is not None:
            # A supervisor that fails is never repaired in place.
            log.opt_exception("supervisor.crashed", outcome.error)
            self.finish(70)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Calls an action on the timer thread; it must be short."""
        self._timers.add(seconds, action)

    def submit(
        self, lane: str, call: Callable[[], Any], done: Callable[[Outcome[Any]], None]
    ) -> None:
        """Runs a call on the lane's thread, after those before it."""
        found = self._lanes.get(lane)
        if found is None:
            with self._lock:
                found = self._lanes.get(lane) or self._lanes.setdefault(lane, _Lane())
        found.jobs.put((call, done))

    def reader(self, name: str, body: Callable[[Stop], None]) -> Stop:
        """Runs an adapter's loop on a thread of its own, until asked to stop."""
        stop = Stop()
        self._stops.append(stop)

        def guarded() -> None:
            try:
                body(stop)
            except BaseException as error:  # noqa: BLE001  # a reader must not die in silence
                log.opt_exception("reader.crashed", error, reader=name)
                self.shutdown(70, f"reader {name} crashed")
            finally:
                self._stops.remove(stop)

        _Host.start(guarded)
        return stop

    def ask(self, address: Address, message: Message, timeout_seconds: float) -> Message:
        """See Address.ask."""
        self.outside_a_turn()
        slot = _WaitingSlot()
        envelope: Envelope = self._outside(message, None, None)
        envelope.slot = slot
        self.deliver(address, envelope)
        if not slot.event.wait(timeout_seconds):
            raise AskTimeout(f"no answer from {address.name} in {timeout_seconds} s")
        return slot.take()

    def finish(self, code: int) -> None:
        """Ends ``wait``."""
        for stop in list(self._stops):
            stop.request()
        self._code = code
        self._over.set()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Waits for the end and returns the exit code; None when it did not come in time."""
        return self._code if self._over.wait(timeout_seconds) else None


def _run(cell: Cell) -> None:
    while not cell.finished:
        cell.step(block=True)
