"""VirtualRuntime: the same actors in one thread and in virtual time, from a seed.

The seed chooses which of the ready actors runs next, or the supervisor, how long a turn takes, and
when an offloaded call is answered. Nothing sleeps: time jumps to the next event. The same seed and the same tree
give the same messages in the same order (``digest``).
"""

import heapq
import itertools
import random
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pykka

from zoe.runtime.address import Address, AskTimeout
from zoe.runtime.carrier import Carrier
from zoe.runtime.cell import Cell
from zoe.runtime.life import Life
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome, outcome_of
from zoe.runtime.seam import Runtime, Slot
from zoe.runtime.supervision import Owner
from zoe.runtime.supervisor import Child
from zoe.runtime.trace import current
from zoe.runtime.turn_log import TurnLog

LONGEST_TURN_NS: Final = 200_000
#: Virtual time begins at 2026-01-01T00:00:00Z.
EPOCH_NS: Final = 1_767_225_600_000_000_000


class VirtualClock:
    """The time of a simulation."""

    def __init__(self, now_ns: int = 0) -> None:
        self.now_ns = now_ns

    def wall_ns(self) -> int:
        """UTC nanoseconds, as this machine has them."""
        return EPOCH_NS + self.now_ns

    def true_ns(self) -> int:
        """UTC nanoseconds, as everybody else has them."""
        return EPOCH_NS + self.now_ns

    def monotonic_ns(self) -> int:
        """Nanoseconds since the simulation began."""
        return self.now_ns


def _latency_ns(rng: random.Random) -> int:
    """A drawn latency, 50 us to 5 ms."""
    return 50_000 + int(rng.random() * 4_950_000)


class _Host(pykka.ThreadingActor):
    """The pykka actor that stands for all of them: its loop is whoever calls ``run``."""

    def _start_actor_loop(self) -> None:
        pykka.ActorRegistry.unregister(self.actor_ref)


class _VirtualCell(Cell):
    """A cell whose turns may hang."""

    runtime: "VirtualRuntime"

    def settle(self, life: Life, envelope: Envelope | None) -> None:
        if self.hangs and envelope is not None:
            self.runtime.keep_back(self, partial(super().settle, life, envelope))
        else:
            super().settle(life, envelope)


class _VirtualCarrier(Carrier):
    """What stands for a thread: a cell of it that has something to do is ready."""

    def __init__(self, name: str, ready: list[Cell | None]) -> None:
        super().__init__(name)
        self._ready = ready

    def begin(self, cell: Cell) -> None:
        """Makes a cell ready for the first time."""
        cell.reader.notify = partial(self._ready.append, cell)
        self._ready.append(cell)


class _PausingSlot(Slot):
    """A slot that somebody lets time pass for."""

    def __init__(self, ring: Callable[[], None]) -> None:
        super().__init__()
        self.ring = ring  # type: ignore[method-assign]  # what it says there


class VirtualRuntime(Runtime):
    """Runs actors from a seed.

    Args:
        latency_ns: Virtual time an offloaded call takes, given a random number generator.
        loses_answer: Whether the answer to an offloaded call never comes.
        clock: The machine's, where the process follows another one, or the clock is not right.
    """

    clock: VirtualClock

    def __init__(
        self,
        seed: int,
        boot: int = 1,
        latency_ns: Callable[[random.Random], int] = _latency_ns,
        loses_answer: Callable[[random.Random, str], bool] = lambda rng, lane: False,
        clock: VirtualClock | None = None,
    ) -> None:
        self._time = clock or VirtualClock()
        super().__init__(self._time, boot, seed)
        self._rng = random.Random(seed ^ 0x5EED)
        self._chance = self._rng.random
        self._latency_ns = latency_ns
        self._loses_answer = loses_answer
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._count = itertools.count()
        #: Who has something to do; None stands for the supervisor, once for each of its actions.
        self._ready: list[Cell | None] = []
        self._wished: deque[Callable[[], None]] = deque()
        self._carriers: dict[str, _VirtualCarrier] = {}
        self._hung: dict[Carrier, list[Callable[[], None]]] = {}
        self._lane_free_ns: dict[str, int] = {}
        self.log = TurnLog()
        self._fresh = self.log.fresh
        self._dead_process = False
        #: Ends the loop before its next turn or event.
        self._paused = False
        self.code: int | None = None
        #: By types of messages: is shown each turn of one before it runs.
        self.watched: dict[type[Message], Callable[[Envelope], None]] = {}
        #: Gets each line of the ordered log of traced messages.
        self.tell_line: Callable[[str], None] | None = None
        self.note_turn = self._note
        _Host.start()

    def make_cell(self, child: Child, name: str, owner: Owner) -> Cell:
        """A cell that runs when the seed says so."""
        cell = _VirtualCell(self, child, self.find(name), owner)
        thread = name if child.dispatcher is None else f"dispatcher {child.dispatcher}"
        carrier = self._carriers.get(thread)
        if carrier is None:
            carrier = self._carriers[thread] = _VirtualCarrier(thread, self._ready)
        carrier.carry(cell)
        return cell

    def supervise(self, action: Callable[[], None]) -> None:
        """Runs an action after those before it, when the seed says so."""
        self._wished.append(action)
        self._ready.append(None)

    def call_later(self, seconds: float, action: Callable[[], None]) -> None:
        """Calls an action after virtual ``seconds``."""
        self._at(self._time.now_ns + round(seconds * 1e9), action)

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Calls an action at a moment of virtual time."""
        self._at(max(at_ns, self._time.now_ns), action)

    def _at(self, at_ns: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_ns, next(self._count), action))

    def submit(
        self, lane: str, call: Callable[[], Any], done: Callable[[Outcome[Any]], None]
    ) -> None:
        """Runs a call after those before it on its lane; the seed says when it is answered."""
        start_ns = max(self._time.now_ns, self._lane_free_ns.get(lane, 0))
        end_ns = start_ns + self._latency_ns(self._rng)
        self._lane_free_ns[lane] = end_ns
        lost = self._loses_answer(self._rng, lane)

        def run() -> None:
            outcome = outcome_of(call)
            if not lost:
                done(outcome)

        self._at(end_ns, run)

    def ask(self, address: Address, message: Message, timeout_seconds: float) -> Message:
        """See Address.ask; runs the simulation until the answer is there."""
        self.outside_a_turn()
        slot = _PausingSlot(self._pause)
        self.deliver(address, self._asking(message, slot))
        end_ns = self._time.now_ns + round(timeout_seconds * 1e9)
        if not slot.done():
            self._go(end_ns)
        if not slot.done():
            self._time.now_ns = max(self._time.now_ns, end_ns)
            raise AskTimeout(f"no answer from {address.name} in {timeout_seconds} s")
        return slot.take()

    def finish(self, code: int) -> None:
        """The tree has ended; only the first code counts."""
        if self.code is None:
            self.code = code
        self._pause()

    def _pause(self) -> None:
        self._paused = True

    # Running

    def run_for(self, seconds: float) -> None:
        """Runs this much virtual time."""
        self.run_until(self._time.now_ns + round(seconds * 1e9))

    def run_until(self, at_ns: int) -> None:
        """Runs until virtual time ``at_ns``, or until the tree has ended."""
        self._go(at_ns)
        if self.code is None:
            self._time.now_ns = max(self._time.now_ns, at_ns)

    def _go(self, end_ns: int) -> None:
        """Events and turns until ``end_ns``, until there are none, or until there is a pause."""
        events, ready, time, chance = self._events, self._ready, self._time, self._chance
        hung, turn = self._hung, current.turn
        self._paused = self._dead_process or self.code is not None
        while not self._paused:
            if not ready or (events and events[0][0] <= time.now_ns):
                if not events or events[0][0] > end_ns:
                    return
                at_ns, _, action = heapq.heappop(events)
                time.now_ns = max(time.now_ns, at_ns)
                action()
                if len(self._fresh) >= TurnLog.full:
                    self.log.seal()
                continue
            # One draw for both: its whole part says who, the rest of it how long.
            drawn = chance() * len(ready)
            index = int(drawn)
            cell = ready.pop(index)
            if cell is None:
                self._supervised(self._wished.popleft())
            elif not (cell.finished or (hung and cell.carrier in hung)):
                reader = cell.reader
                reader.asleep = True
                if cell.step(turn):
                    if not hung or cell.carrier not in hung:
                        cell.carrier.steps += 1
                    if reader.asleep and cell.is_busy():
                        reader.asleep = False
                        ready.append(cell)
                    time.now_ns += int((drawn - index) * LONGEST_TURN_NS)
            if time.now_ns > end_ns:
                return

    # Faults and evidence

    def crash(self, name: str, error: BaseException | None = None) -> None:
        """Crashes an actor between two messages; one that is down stays so."""
        cell = self.find(name).cell
        life = cell.life
        if life is not None:
            cell.command(partial(cell.fail, life, error or RuntimeError("crashed")))

    def hang(self, name: str) -> None:
        """Has the actor's next turn not return until ``let_go``: its thread does nothing more."""
        cell = self.find(name).cell
        cell.hangs = True

    def let_go(self, name: str) -> None:
        """Has a turn that hangs return."""
        cell = self.find(name).cell
        cell.hangs = False
        carrier = cell.carrier
        for settle in self._hung.pop(carrier, ()):
            settle()
        carrier.current = None
        carrier.steps += 1
        self._ready.extend(carrier.cells)

    def keep_back(self, cell: Cell, settle: Callable[[], None]) -> None:
        """A turn hangs: what follows from it waits."""
        cell.carrier.current = cell
        self._hung.setdefault(cell.carrier, []).append(settle)

    def kill(self) -> None:
        """As kill -9: nothing of this runtime runs any more."""
        self._dead_process = True
        self._pause()
        self._events.clear()
        self._ready.clear()

    def _note(self, cell: Cell, envelope: Envelope) -> None:
        """A turn is about to begin."""
        message, fresh = envelope.message, self._fresh
        kind = type(message)
        fresh += (
            self._time.now_ns,
            envelope.message_id,
            envelope.correlation_id,
            envelope.causation_id,
            cell.address.name,
            kind.__name__,
        )
        if kind in self.watched:
            self.watched[kind](envelope)
        if self.tell_line is not None and message.traced:
            numbers = f"{envelope.message_id} {envelope.correlation_id} {envelope.causation_id}"
            self.tell_line(f"{self._time.now_ns} {cell.address.name} {numbers} {message!r}\n")

    def digest(self) -> str:
        """SHA-256 of the turns (see TurnLog)."""
        return self.log.digest()
