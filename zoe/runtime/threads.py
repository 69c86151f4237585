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
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, Final

import pykka

from zoe.runtime.address import Address, AskTimeout
from zoe.runtime.carrier import Carrier
from zoe.runtime.cell import Cell
from zoe.runtime.clock import SystemClock
from zoe.runtime.dispatcher import Dispatcher, lending
from zoe.runtime.log import log
from zoe.runtime.message import Envelope, Fate, Message
from zoe.runtime.offload import Outcome, outcome_of
from zoe.runtime.seam import Runtime, Slot
from zoe.runtime.supervision import Owner
from zoe.runtime.supervisor import EXIT_GAVE_UP, Child
from zoe.runtime.trace import current

#: Beside a busy thread the default of 5 ms costs 17 ms at p99, this 3 ms.
SWITCH_INTERVAL_SECONDS: Final = 0.0005

#: Is told what a thread's body met and should not have.
Failed = Callable[[str, BaseException], None]


class _Host(pykka.ThreadingActor):
    """A pykka actor whose loop is given to it."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        super().__init__()
        self._name = name
        self._body = body

    @staticmethod
    def _create_actor_inbox() -> "queue.SimpleQueue[Any]":
        # Nobody sends anything there, and pykka's own takes longer to make than a cell.
        return queue.SimpleQueue()

    def _start_actor_loop(self) -> None:
        # Daemons: an actor that hangs must not hold up the end of the process.
        threading.Thread(target=self._actor_loop, name=self._name, daemon=True).start()

    def _actor_loop(self) -> None:
        try:
            self._body()
        finally:
            pykka.ActorRegistry.unregister(self.actor_ref)


class _OwnThread(Carrier):
    """A thread of one cell."""

    def __init__(self, cell: Cell, failed: Failed) -> None:
        super().__init__(cell.address.name)
        self.carry(cell)
        self._failed = failed
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        cell.reader.notify = self._notify

    def begin(self, cell: Cell) -> None:
        """Starts the thread."""
        _Host.start(self.name, partial(self._run, cell))

    def drop(self, cell: Cell) -> None:
        """Ends the thread."""
        super().drop(cell)
        self._notify()

    def _notify(self) -> None:
        self._wake.put(None)

    def _run(self, cell: Cell) -> None:
        try:
            self._steps(cell)
        except BaseException as error:  # noqa: BLE001  # the runtime's own code: it ends
            self._failed(self.name, error)

    def _steps(self, cell: Cell) -> None:
        step, reader, wait, turn = cell.step, cell.reader, self._wake.get, current.turn
        while not cell.finished:
            if not step(turn):
                reader.asleep = True
                # What came before the flag was up told nobody.
                if not step(turn):
                    wait()


class _Lane:
    """One thread that runs calls in order.

    Args:
        lends: Whether it steps those who wait for what a call brought.
    """

    def __init__(self, name: str, failed: Failed, *, lends: bool = True) -> None:
        self._name = name
        self._failed = failed
        self._lends = lends
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        _Host.start(name, self._run)

    def add(self, job: Callable[[], None]) -> None:
        """Runs one more."""
        self._jobs.put(job)

    def end(self) -> None:
        """Ends the thread after the jobs it has."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                if self._lends:
                    lending(job)
                else:
                    job()
            except BaseException as error:  # noqa: BLE001  # those behind it must still run
                self._failed(self._name, error)


class Timers:
    """One thread that calls actions when they are due.

    Attributes:
        unnoticed: Whether there are actions that the thread knows nothing of.
    """

    def __init__(self, failed: Failed) -> None:
        self.unnoticed = False
        self._heap: list[tuple[int, int, Callable[[], None]]] = []
        self._quiet: deque[tuple[int, int, Callable[[], None]]] = deque()
        self._count = itertools.count()
        self._due = threading.Condition()
        self._ended = False
        self._now_ns = SystemClock().monotonic_ns
        self._failed = failed
        _Host.start("timers", self._run)

    def add(self, seconds: float, action: Callable[[], None], *, quietly: bool) -> None:
        """One more; ``quietly``: whoever adds it lets the thread know in a moment, by ``notice``."""
        due = (self._now_ns() + round(seconds * 1e9), next(self._count), action)
        self._quiet.append(due)
        if quietly:
            self.unnoticed = True
        else:
            self.notice()

    def notice(self) -> None:
        """Lets the thread know of what was added, and wakes it if that is due first."""
        self.unnoticed = False
        with self._due:
            first = self._heap[0] if self._heap else None
            while self._quiet:
                heapq.heappush(self._heap, self._quiet.popleft())
            if self._heap and self._heap[0] is not first:
                self._due.notify()

    def end(self) -> None:
        """Ends the thread; what is not due yet is forgotten."""
        with self._due:
            self._ended = True
            self._due.notify()

    def _next(self) -> Callable[[], None] | None:
        with self._due:
            while not self._ended:
                now_ns = self._now_ns()
                if self._heap and self._heap[0][0] <= now_ns:
                    return heapq.heappop(self._heap)[2]
                self._due.wait((self._heap[0][0] - now_ns) / 1e9 if self._heap else None)
            return None

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except BaseException as error:  # noqa: BLE001  # those behind it must still run
                self._failed("timers", error)


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
        self._timers = Timers(self.failed)
        self._lanes: dict[str, _Lane] = {}
        self._dispatchers: dict[str, Dispatcher] = {}
        self._stops: list[Stop] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._code = 0
        self._supervisor = _Lane("supervisor", self.failed, lends=False)
        #: Held by whoever acts as the supervisor, and one entry for each action that waits for it.
        self._supervising = threading.Lock()
        self._wished: deque[None] = deque()

    def make_cell(self, child: Child, name: str, owner: Owner) -> Cell:
        """A cell with a thread of its own, or on its dispatcher's."""
        cell = Cell(self, child, self.find(name), owner)
        if child.dispatcher is None:
            _OwnThread(cell, self.failed)
            return cell
        found = self._dispatchers.get(child.dispatcher)
        if found is None:
            found = self._dispatchers[child.dispatcher] = Dispatcher(
                child.dispatcher, _Host.start, self.failed, self._timers
            )
        found.carry(cell)
        return cell

    def supervise(self, action: Callable[[], None]) -> None:
        """Runs an action on the supervisor's thread, behind what this thread has put off."""
        if current.stepped is not None:
            current.stepped.catch_up()
        self._wished.append(None)
        self._supervisor.add(partial(self._in_turn, action))

    def _in_turn(self, action: Callable[[], None]) -> None:
        with self._supervising:
            self._wished.popleft()
            self._supervised(action)

    def supervise_now(self, action: Callable[[], None]) -> None:
        """Runs an action on this thread where the supervisor has nothing to do: two hops less."""
        if self._wished or not self._supervising.acquire(blocking=False):
            self.supervise(action)
            return
        try:
            self._supervised(action)
        finally:
            self._supervising.release()

    def supervise_soon(self, action: Callable[[], None]) -> None:
        """Runs an action when the dispatcher that this thread steps has nothing else to do."""
        stepped = current.stepped
        if stepped is None:
            self.supervise_now(action)
        else:
            stepped.put_off(partial(self.supervise_now, action))

    def deliver_in_passing(self, to: Address, envelope: Envelope) -> None:
        """See Runtime; it is when the dispatcher that this thread steps has nothing else to do."""
        stepped, mailbox = current.stepped, to.mailbox
        if stepped is None or self.witness is not None or not mailbox.open:
            self.deliver(to, envelope)
        elif not mailbox.put_in_passing(envelope):
            self.bury(to, envelope, Fate.OVERFLOW, None)
        elif not to.mailbox.open:  # it closed between the look and the put
            self.divert(to)
        else:
            stepped.put_off(mailbox.wake)

    def give_way(self) -> None:
        """Lets the thread that was woken last go first."""
        time.sleep(0)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Calls an action on the timer thread; it must be short."""
        # To wake that thread in the middle of an order's way costs more than the order's turn.
        self._timers.add(seconds, action, quietly=current.stepped is not None)

    def post_all(self, to: Address, messages: Iterable[Message], *, lend: bool = False) -> None:
        """See Runtime; where the thread would only wait next, it steps whoever got them."""
        if lend:
            lending(partial(super().post_all, to, messages))
        else:
            super().post_all(to, messages)

    def submit(
        self, lane: str, call: Callable[[], Any], done: Callable[[Outcome[Any]], None]
    ) -> None:
        """Runs a call on the lane's thread, after those before it."""
        found = self._lanes.get(lane)
        if found is None:
            with self._lock:
                if lane not in self._lanes:
                    self._lanes[lane] = _Lane(lane, self.failed)
                found = self._lanes[lane]
        found.add(lambda: done(outcome_of(call)))

    def reader(self, name: str, body: Callable[[Stop], None]) -> Stop:
        """Runs an adapter's loop on a thread of its own, until asked to stop."""
        stop = Stop()
        self._stops.append(stop)

        def guarded() -> None:
            try:
                body(stop)
            except BaseException as error:  # noqa: BLE001  # a reader must not die in silence
                log.opt_exception("reader.crashed", error, reader=name)
                self.shutdown(EXIT_GAVE_UP, f"reader {name} crashed")
            finally:
                self._stops.remove(stop)

        if self._over.is_set():
            stop.request()
        _Host.start(name, guarded)
        return stop

    def ask(self, address: Address, message: Message, timeout_seconds: float) -> Message:
        """See Address.ask."""
        self.outside_a_turn()
        slot = _WaitingSlot()
        self.deliver(address, self._asking(message, slot))
        slot.event.wait(timeout_seconds)
        if not slot.done():
            raise AskTimeout(f"no answer from {address.name} in {timeout_seconds} s")
        return slot.take()

    def finish(self, code: int) -> None:
        """Ends ``wait``, and the threads that nobody needs any more; only the first time."""
        with self._lock:
            if self._over.is_set():
                return
            self._code = code
            self._over.set()
            lanes = [*self._lanes.values(), self._supervisor]
        for stop in list(self._stops):
            stop.request()
        for dispatcher in self._dispatchers.values():
            dispatcher.end()
        for lane in lanes:
            lane.end()
        self._timers.end()

    def wait(self, timeout_seconds: float | None = None) -> int | None:
        """Waits for the end and returns the exit code; None when it did not come in time."""
        return self._code if self._over.wait(timeout_seconds) else None
