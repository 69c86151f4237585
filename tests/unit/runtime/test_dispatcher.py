"""A dispatcher's cells are stepped by one thread at a time: its own, or one that brought mail and lends itself."""

import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

import attrs
import pytest

from zoe.messages.system import Tick
from zoe.runtime.actor import Actor
from zoe.runtime.dispatcher import LENT_STEPS
from zoe.runtime.message import Envelope, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime, Timers

PATIENCE_SECONDS = 60
DISPATCHER = "shared"
SENDERS, EACH = 4, 500
CLIMB, CLIMBS = 20, 3
STAGES = 4


@attrs.frozen
class Poke(Message):
    """A number of somebody's."""

    sender: int
    number: int


class Pokes:
    """What the witness was told, and by which thread's turn; turns are never at once."""

    def __init__(self) -> None:
        self.seen: list[Poke] = []
        self.threads: list[str] = []
        self.readers: list[str] = []
        self.thread = ""
        self.more = threading.Semaphore(0)
        self._turn = threading.Lock()
        self._never = threading.Event()

    def note(self, envelope: Envelope) -> None:
        assert isinstance(envelope.message, Poke)
        assert self._turn.acquire(blocking=False), "two turns at once"
        self.seen.append(envelope.message)
        assert envelope.sender is not None
        self.readers.append(envelope.sender.name)
        self.threads.append(threading.current_thread().name)
        self.thread = threading.current_thread().name
        self._never.wait(1e-6)  # lets other threads go on, and meet this turn
        self._turn.release()
        self.more.release()


class Teller(Actor):
    """Passes on what it is told."""

    def handle(self, message: Message) -> None:
        self.tell(self.find("witness"), message)


class Ringer(Actor):
    """Arms a timer when it is poked, and tells when it rings."""

    def handle(self, message: Message) -> None:
        if isinstance(message, Poke):
            self.after(0.005, Tick("ring"))
        else:
            self.tell(self.find("witness"), message)


class Climber(Actor):
    """Arms a timer at each of some steps; at the first it has a child."""

    def handle(self, message: Message) -> None:
        if not isinstance(message, Poke):
            return
        self.after(PATIENCE_SECONDS, Tick("never"))
        self.tell(self.find("witness"), message)
        if message.number == 0:
            child = partial(Newborn, Poke(message.sender, CLIMB))
            self.spawn(Child(f"child-{message.sender}", child, dispatcher=DISPATCHER))
        if message.number < CLIMB - 1:
            self.tell(self.me, Poke(message.sender, message.number + 1))


class Brief(Actor):
    """Has a child, and in the next turn none any more."""

    def handle(self, message: Message) -> None:
        assert isinstance(message, Poke)
        if message.number == 0:
            self.spawn(Child(f"mayfly-{message.sender}", Mayfly, dispatcher=DISPATCHER))
            self.tell(self.me, Poke(message.sender, 1))
        else:
            self.stop_child(f"mayfly-{message.sender}")


class Mayfly(Actor):
    """Tells that it ends."""

    def on_stop(self) -> None:
        self.tell(self.find("witness"), Poke(0, 2))

    def handle(self, message: Message) -> None:
        """Nothing."""


class Newborn(Actor):
    """Arms a timer as it starts."""

    def __init__(self, poke: Poke) -> None:
        super().__init__()
        self._poke = poke

    def on_start(self) -> None:
        self.after(PATIENCE_SECONDS, Tick("never"))
        self.tell(self.find("witness"), self._poke)

    def handle(self, message: Message) -> None:
        """Nothing."""


class Stage(Actor):
    """One of some that a poke passes in order; each tells when it does."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self._place = place

    def handle(self, message: Message) -> None:
        assert isinstance(message, Poke)
        self.tell(self.find("witness"), Poke(self._place, message.number))
        if self._place < STAGES - 1:
            self.tell(self.find(f"stage-{self._place + 1}"), message)


class Restless(Actor):
    """Keeps its dispatcher busy for ever."""

    def on_start(self) -> None:
        self.tell(self.me, Message())

    def handle(self, message: Message) -> None:
        self.tell(self.me, message)


@pytest.fixture
def runtime() -> Iterator[ThreadRuntime]:
    made = ThreadRuntime(seed=1)
    yield made
    made.finish(0)


def begun(runtime: ThreadRuntime, *others: Child) -> Pokes:
    pokes = Pokes()
    runtime.endpoint("witness", pokes.note)
    tellers = (Child(name, Teller, dispatcher=DISPATCHER) for name in ("one", "two"))
    runtime.root((Group("all", (*tellers, *others)),))
    return pokes


def test_a_thread_that_lends_itself_steps_whom_it_brought_mail(runtime: ThreadRuntime) -> None:
    pokes, mine = begun(runtime), threading.current_thread().name
    # Until the start is over the dispatcher's own thread may be at it.
    until = time.monotonic() + PATIENCE_SECONDS
    while pokes.thread != mine:
        assert time.monotonic() < until, f"{pokes.thread} steps it"
        runtime.post_all(runtime.find("one"), [Poke(0, 1)], lend=True)
        assert pokes.more.acquire(timeout=PATIENCE_SECONDS)


def test_an_outcome_is_taken_by_the_lane_that_brought_it(runtime: ThreadRuntime) -> None:
    pokes = begun(runtime)

    def bring(_: Outcome[int]) -> None:
        runtime.post(runtime.find("one"), Poke(0, 1))

    until = time.monotonic() + PATIENCE_SECONDS
    while pokes.thread != "lane":
        assert time.monotonic() < until, f"{pokes.thread} steps it"
        runtime.submit("lane", int, bring)
        assert pokes.more.acquire(timeout=PATIENCE_SECONDS)


class Whisperer(Timers):
    """Brings one thing more when whoever steps has found nothing to do, and has not let go yet."""

    def __init__(self, runtime: ThreadRuntime) -> None:
        self.bring: Callable[[], object] | None = None
        super().__init__(runtime.failed)

    def notice(self) -> None:
        super().notice()
        bring, self.bring = self.bring, None
        if bring is not None:
            bring()


class Noted(Timers):
    """Notes what had been seen when its thread was let know, and by whom."""

    def __init__(self, runtime: ThreadRuntime) -> None:
        self.pokes = Pokes()
        self.notices: list[tuple[str, int]] = []
        super().__init__(runtime.failed)

    def notice(self) -> None:
        self.notices.append((threading.current_thread().name, len(self.pokes.seen)))
        super().notice()


def test_the_timers_hear_of_what_was_armed_on_the_way_when_it_is_over(
    runtime: ThreadRuntime,
) -> None:
    runtime._timers.end()
    timers = runtime._timers = Noted(runtime)
    pokes = begun(runtime, Child("climber", Climber, dispatcher=DISPATCHER))
    mine = threading.current_thread().name
    timers.pokes = pokes
    until, way, began = time.monotonic() + PATIENCE_SECONDS, 0, 0
    # Until the start is over the dispatcher's own thread may be at it.
    while set(pokes.threads[began:]) != {mine} or way < CLIMBS:
        assert time.monotonic() < until, f"{pokes.thread} steps it"
        way, began = way + 1, len(pokes.seen)
        runtime.post_all(runtime.find("climber"), [Poke(way, 0)], lend=True)
        for _ in range(CLIMB + 1):
            assert pokes.more.acquire(timeout=PATIENCE_SECONDS)
    heard = [seen for thread, seen in timers.notices if thread == mine and seen > began]
    assert heard == [began + CLIMB + 1]
    assert [poke.number for poke in pokes.seen[began:]] == [*range(CLIMB + 1)], "the child is last"


def test_a_child_that_is_put_off_is_there_before_it_is_stopped(runtime: ThreadRuntime) -> None:
    pokes = begun(runtime, Child("brief", Brief, dispatcher=DISPATCHER))
    for count in range(1, 21):
        runtime.post_all(runtime.find("brief"), [Poke(count, 0)], lend=True)
        assert pokes.more.acquire(timeout=PATIENCE_SECONDS)
        assert [poke.number for poke in pokes.seen] == [2] * count


def test_mail_that_comes_while_a_thread_lets_go_is_stepped(runtime: ThreadRuntime) -> None:
    runtime._timers.end()  # its thread would outlive the test
    timers = runtime._timers = Whisperer(runtime)
    pokes = begun(runtime)
    for number in range(0, 20, 2):
        timers.bring = partial(runtime.post, runtime.find("one"), Poke(0, number + 1))
        timers.unnoticed = True
        runtime.post_all(runtime.find("two"), [Poke(0, number)], lend=True)
        for _ in range(2):
            assert pokes.more.acquire(timeout=PATIENCE_SECONDS)
    assert sorted(poke.number for poke in pokes.seen) == [*range(20)]


def test_whoever_steps_every_message_is_handled_once_and_in_its_senders_order(
    runtime: ThreadRuntime,
) -> None:
    pokes = begun(runtime)

    def send(sender: int) -> None:
        to = runtime.find("one" if sender % 2 else "two")
        for number in range(EACH):
            runtime.post_all(to, [Poke(sender, number)], lend=sender < SENDERS // 2)

    threads = [threading.Thread(target=send, args=(sender,)) for sender in range(SENDERS)]
    for thread in threads:
        thread.start()
    for _ in range(SENDERS * EACH):
        assert pokes.more.acquire(timeout=PATIENCE_SECONDS)
    for thread in threads:
        thread.join()
    for sender in range(SENDERS):
        assert [poke.number for poke in pokes.seen if poke.sender == sender] == [*range(EACH)]


def test_a_thread_that_lends_itself_is_not_kept(runtime: ThreadRuntime) -> None:
    pokes = begun(runtime, Child("restless", Restless, dispatcher=DISPATCHER))
    for number in range(LENT_STEPS):
        runtime.post_all(runtime.find("one"), [Poke(0, number)], lend=True)
        assert pokes.more.acquire(timeout=PATIENCE_SECONDS)


def test_what_follows_from_a_message_is_done_before_the_next_one(runtime: ThreadRuntime) -> None:
    stages = [Child(f"stage-{n}", partial(Stage, n), dispatcher=DISPATCHER) for n in range(STAGES)]
    pokes, mine = begun(runtime, *stages), threading.current_thread().name
    until, began = time.monotonic() + PATIENCE_SECONDS, 0
    # Until the start is over the dispatcher's own thread may be at it.
    while set(pokes.threads[began:]) != {mine}:
        assert time.monotonic() < until, f"{pokes.thread} steps it"
        began = len(pokes.seen)
        runtime.post_all(runtime.find("stage-0"), [Poke(0, 1), Poke(0, 2)], lend=True)
        for _ in range(2 * STAGES):
            assert pokes.more.acquire(timeout=PATIENCE_SECONDS)
    passed = [(poke.number, poke.sender) for poke in pokes.seen[began:]]
    assert passed == [(number, stage) for number in (1, 2) for stage in range(STAGES)]


def test_one_that_has_more_mail_goes_on_however_busy_the_dispatcher_is(
    runtime: ThreadRuntime,
) -> None:
    pokes = begun(runtime, Child("restless", Restless, dispatcher=DISPATCHER))
    runtime.post_all(runtime.find("one"), [Poke(0, number) for number in range(EACH)])
    for _ in range(EACH):
        assert pokes.more.acquire(timeout=PATIENCE_SECONDS)


# Timers that turns arm: their thread is woken when there is nothing else to do, or soon


@pytest.mark.parametrize("others", [(), (Child("restless", Restless, dispatcher=DISPATCHER),)])
def test_a_timer_rings_however_busy_the_dispatcher_is_that_armed_it(
    runtime: ThreadRuntime, others: tuple[Child, ...]
) -> None:
    rung = threading.Semaphore(0)
    runtime.endpoint("witness", lambda envelope: rung.release())
    children = (Child("ringer", Ringer, dispatcher=DISPATCHER), *others)
    runtime.root((Group("all", children),))
    for number in range(3):
        runtime.find("ringer").tell(Poke(0, number))
        assert rung.acquire(timeout=PATIENCE_SECONDS)


# What nobody waits for


class Passer(Actor):
    """Tells the gatherer in passing, then sends a poke through the stages."""

    def handle(self, message: Message) -> None:
        assert isinstance(message, Poke)
        if message.number == 0:
            self.tell(self.find("stage-0"), Poke(0, 1))
            self.tell_in_passing(self.find("gatherer"), Poke(STAGES, 0))


class Gatherer(Actor):
    """Tells what it hears, and that it heard."""

    def handle(self, message: Message) -> None:
        self.tell(self.find("witness"), message)


def passing(runtime: ThreadRuntime, dispatcher: str | None, pokes: list[Poke]) -> list[Poke]:
    """The order in which things are done, so many pokes in all, when the passer is poked."""
    stages = [Child(f"stage-{n}", partial(Stage, n), dispatcher=DISPATCHER) for n in range(STAGES)]
    gatherer = Child("gatherer", Gatherer, dispatcher=DISPATCHER, gathers=True)
    passer = Child("passer", Passer, dispatcher=dispatcher)
    seen = begun(runtime, *stages, gatherer, passer)
    runtime.post_all(runtime.find("passer"), pokes, lend=True)
    for _ in range(STAGES + 1):
        assert seen.more.acquire(timeout=PATIENCE_SECONDS)
    return seen.seen


def test_what_is_told_in_passing_is_heard_when_all_that_was_under_way_is_done(
    runtime: ThreadRuntime,
) -> None:
    heard = passing(runtime, DISPATCHER, [Poke(0, 0)])
    assert heard == [*(Poke(stage, 1) for stage in range(STAGES)), Poke(STAGES, 0)]


def test_what_is_told_in_passing_by_a_thread_of_its_own_is_heard_too(
    runtime: ThreadRuntime,
) -> None:
    assert Poke(STAGES, 0) in passing(runtime, None, [Poke(0, 0)])


class Ender(Actor):
    """Tells the gatherer what it waits for, then somebody else."""

    def handle(self, message: Message) -> None:
        for name in ("gatherer", "one"):
            self.tell(self.find(name), message)


def test_one_that_gathers_goes_on_at_once_with_the_mail_that_is_there(
    runtime: ThreadRuntime,
) -> None:
    ender = Child("stage-0", Ender, dispatcher=DISPATCHER)
    gatherer = Child("gatherer", Gatherer, dispatcher=DISPATCHER, gathers=True)
    seen = begun(runtime, ender, gatherer, Child("passer", Passer, dispatcher=DISPATCHER))
    until, mine = time.monotonic() + PATIENCE_SECONDS, threading.current_thread().name
    # Until the start is over the dispatcher's own thread may be at it.
    while set(seen.threads[-3:]) != {mine}:
        assert time.monotonic() < until, f"{seen.thread} steps it"
        runtime.post_all(runtime.find("passer"), [Poke(0, 0)], lend=True)
        for _ in range(3):
            assert seen.more.acquire(timeout=PATIENCE_SECONDS)
    assert seen.seen[-3:] == [Poke(STAGES, 0), Poke(0, 1), Poke(0, 1)]
    assert seen.readers[-3:] == ["gatherer", "gatherer", "one"]
