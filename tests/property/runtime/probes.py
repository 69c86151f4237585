"""Actors that do what their messages say, and a world to watch them in, on either scheduler."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar, Final

import attrs
import pytest

from zoe.runtime.actor import Actor, Timer
from zoe.runtime.message import DeadLetter, Envelope, Lane, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime
from zoe.runtime.virtual import VirtualRuntime

PATIENCE_SECONDS: Final = 60.0
#: Failures this far apart are each the first: restarts are immediate, and nobody gives up.
ENDLESS: Final[dict[str, Any]] = {"intensity": 1_000_000, "period_seconds": 1e-6}

Runtime = ThreadRuntime | VirtualRuntime


@attrs.frozen
class Crash:
    """The actor raises."""

    error: type[BaseException] = RuntimeError


@attrs.frozen
class Say:
    """The actor tells somebody something."""

    to: str
    message: "Work"


@attrs.frozen
class Later:
    """The actor arms a timer."""

    seconds: float
    message: "Work"


@attrs.frozen
class Away:
    """The actor has a call done on a lane."""

    message: "Work"
    lane: str = "work"


@attrs.frozen
class Answer:
    """The actor replies."""

    message: "Work"


@attrs.frozen
class Spawn:
    """The actor starts a child, and tells it something."""

    name: str
    message: "Work | None" = None
    options: tuple[tuple[str, Any], ...] = ()


@attrs.frozen
class Call:
    """The actor calls a function with itself."""

    function: Callable[["Probe"], object] = attrs.field(repr=False)


Step = Crash | Say | Later | Away | Answer | Spawn | Call


@attrs.frozen
class Work(Message):
    """A number, and what its recipient does when it handles it."""

    number: int
    steps: tuple[Step, ...] = ()


@attrs.frozen
class Urgent(Work):
    """Jumps the queue."""

    lane: ClassVar[Lane] = Lane.CONTROL


@attrs.frozen
class Newest(Work):
    """Takes the place of an older one of its name."""

    lane: ClassVar[Lane] = Lane.LATEST
    name: str = ""

    @property
    def key(self) -> str:
        return self.name


@attrs.frozen
class Anchoring(Work):
    """Stands in the journal."""

    anchors: ClassVar[bool] = True


@attrs.frozen
class Event:
    """Something an actor did.

    Attributes:
        what: ``start``, ``stop``, ``began`` (a turn), ``ended`` (its last step done).
        at_ns: The runtime's monotonic time.
        envelope: A copy; the turn's.
    """

    what: str
    name: str
    incarnation: int
    at_ns: int
    envelope: Envelope | None = None

    @property
    def number(self) -> int:
        assert self.envelope is not None and isinstance(self.envelope.message, Work)
        return self.envelope.message.number


class Recorder:
    """What happened, in order; survives crashes, and tells whoever waits."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.dead: list[DeadLetter] = []
        self.grew = threading.Condition()

    def add(self, event: Event) -> None:
        with self.grew:
            self.events.append(event)
            self.grew.notify_all()

    def died(self, letter: DeadLetter) -> None:
        with self.grew:
            self.dead.append(letter)
            self.grew.notify_all()


class Probe(Actor):
    """Writes down all it does, and does what it is told.

    Args:
        on_start: What it does whenever it starts.
        idles: Whether an ordered stop may end.
    """

    def __init__(
        self,
        recorder: Recorder,
        on_start: Callable[["Probe"], object] | None = None,
        idles: Callable[[], bool] = lambda: True,
    ) -> None:
        self.recorder = recorder
        self.timers: list[Timer] = []
        self._on_start = on_start
        self._idles = idles

    def _note(self, what: str) -> None:
        copy = None if self.envelope is None else attrs.evolve(self.envelope)
        at_ns = self.clock.monotonic_ns()
        self.recorder.add(Event(what, self.me.name, self.incarnation, at_ns, copy))

    def on_start(self) -> None:
        self._note("start")
        if self._on_start is not None:
            self._on_start(self)

    def on_stop(self) -> None:
        self._note("stop")

    def idle(self) -> bool:
        return self._idles()

    def handle(self, message: Work) -> None:
        self._note("began")
        for step in message.steps:
            self._do(step)
        self._note("ended")

    def _do(self, step: Step) -> None:
        match step:
            case Crash():
                raise step.error("told to")
            case Say():
                self.tell(self.find(step.to), step.message)
            case Later():
                self.timers.append(self.after(step.seconds, step.message))
            case Away():
                self.offload(int, partial(_outcome, step.message), lane=step.lane)
            case Answer():
                self.reply(step.message)
            case Spawn():
                child = Child(step.name, partial(Probe, self.recorder), **dict(step.options))
                address = self.spawn(child)
                if step.message is not None:
                    self.tell(address, step.message)
            case Call():
                step.function(self)


def _outcome(message: Work, outcome: Outcome[int]) -> Message:
    assert outcome.value() == 0
    return message


class World:
    """One scheduler, what happened in it, and a way to wait for things."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.recorder = Recorder()
        runtime.watch(self.recorder.died)

    @property
    def virtual(self) -> bool:
        return isinstance(self.runtime, VirtualRuntime)

    def probe(self, name: str, **options: Any) -> Child:
        """A child whose probe takes ``on_start`` and ``idles``; the rest are the child's own."""
        own = {key: options.pop(key) for key in ("on_start", "idles") if key in options}
        return Child(name, partial(Probe, self.recorder, **own), **options)

    def start(self, *tree: Child | Group) -> "World":
        """Starts a tree, and waits until all of it lives."""
        before = len(self.starts())
        self.runtime.root(tree)
        count = sum(_count(node) for node in tree)
        self.until(lambda: len(self.starts()) >= before + count)
        return self

    def tell(self, name: str, *messages: Work) -> list[int]:
        return [self.runtime.find(name).tell(message) for message in messages]

    def do(self, name: str, *steps: Step, number: int = 0) -> int:
        """Has an actor do something."""
        return self.runtime.find(name).tell(Work(number, steps))

    def until(self, true: Callable[[], object]) -> None:
        """Waits for something to come true, within bounds."""
        if isinstance(self.runtime, VirtualRuntime):
            for _ in range(20_000):
                if true():
                    return
                self.runtime.run_for(0.005)
        else:
            end = time.monotonic() + PATIENCE_SECONDS
            with self.recorder.grew:
                while time.monotonic() < end:
                    if true():
                        return
                    self.recorder.grew.wait(0.005)
        raise AssertionError(f"never came true: {self.recorder.events} {self.recorder.dead}")

    def settle(self) -> None:
        """Waits until the supervisor has done all that it was asked for so far."""
        done: list[int] = []
        self.runtime.supervise(partial(done.append, 1))
        self.until(lambda: done)

    # What happened

    def starts(self, *names: str) -> list[tuple[str, int]]:
        return self._lives("start", names)

    def stops(self, *names: str) -> list[tuple[str, int]]:
        return self._lives("stop", names)

    def _lives(self, what: str, names: tuple[str, ...]) -> list[tuple[str, int]]:
        found = [(e.name, e.incarnation) for e in self.recorder.events if e.what == what]
        return [each for each in found if not names or each[0] in names]

    def began(self, name: str) -> list[Event]:
        return [e for e in self.recorder.events if e.what == "began" and e.name == name]

    def numbers(self, name: str) -> list[int]:
        """The numbers of the turns that an actor did to their last step."""
        return [e.number for e in self.recorder.events if e.what == "ended" and e.name == name]

    def fates(self) -> list[tuple[int, str]]:
        """Dead letters: number and fate."""
        found = []
        for letter in self.recorder.dead:
            assert isinstance(letter.envelope.message, Work)
            found.append((letter.envelope.message.number, letter.reason.value))
        return found

    # The end

    def code(self) -> int | None:
        """The exit code, once there is one; waits for it."""
        if isinstance(self.runtime, VirtualRuntime):
            self.runtime.run_for(600)
            return self.runtime.code
        return self.runtime.wait(PATIENCE_SECONDS)

    def end(self) -> int | None:
        """Stops everything in order; the exit code."""
        self.runtime.shutdown(0)
        return self.code()


def _count(node: Child | Group) -> int:
    return 1 if isinstance(node, Child) else sum(_count(child) for child in node.children)


def worlds(kind: str, seed: int = 1) -> Iterator[World]:
    """A world, ended in the end, and no supervisor of it may have crashed."""
    world = World(ThreadRuntime(seed=seed) if kind == "threads" else VirtualRuntime(seed))
    yield world
    world.end()
    assert world.runtime.broken is None


both = pytest.mark.parametrize("kind", ["threads", "virtual"])
