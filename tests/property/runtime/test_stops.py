"""The end: in order, after what was there, without threads left over; and what becomes of the rest."""

import threading
from collections.abc import Callable, Iterator

import attrs
import pykka
import pytest
from probes import Away, Call, Crash, Later, Probe, Say, Spawn, Urgent, Work, World, worlds

from zoe.runtime.actor import Actor
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import Stop, ThreadRuntime
from zoe.runtime.virtual import VirtualRuntime


def test_an_ordered_stop_comes_after_the_mail_that_was_there(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    world.tell("a", *(Work(n, (Say("b", Work(n)),)) for n in range(100)))
    world.tell("b", *(Work(n) for n in range(100, 200)))
    assert world.end() == 0
    assert world.numbers("a") == list(range(100))
    assert [n for n in world.numbers("b") if n >= 100] == list(range(100, 200))
    # What a still told b, the first of them to stop, has one fate as well.
    told = [n for n in world.numbers("b") if n < 100]
    assert told + [n for n, fate in world.fates() if fate == "shutdown"] == list(range(100))


def test_an_ordered_stop_waits_for_outcomes_and_for_what_follows_from_them(world: World) -> None:
    """A commit under way is heard of before the end, and so is the next one."""
    world.start(world.probe("a"))
    third = Away(Work(3))
    world.do("a", Away(Work(1, (Away(Work(2, (third,))),))), number=0)
    assert world.end() == 0
    assert world.numbers("a") == [0, 1, 2, 3]


class Patient(Actor):
    """Says that it is not idle until a tick has come: what waits stands in its own state."""

    def __init__(self, done: list[int]) -> None:
        self._done = done

    def on_start(self) -> None:
        self._waits = False

    def idle(self) -> bool:
        return not self._waits

    def handle(self, message: Work) -> None:
        self._done.append(message.number)
        self._waits = message.number < 4
        if self._waits:
            self.after(0.01, Work(message.number + 1))


def test_an_ordered_stop_waits_until_the_actor_is_idle(world: World) -> None:
    done: list[int] = []
    world.runtime.root((Child("a", lambda: Patient(done)),))
    world.tell("a", Work(1))
    assert world.end() == 0
    assert done == [1, 2, 3, 4]


def wrong() -> bool:
    raise ValueError("an actor's own error")


def test_an_idle_that_raises_is_a_crash_and_the_end_goes_on(world: World) -> None:
    world.start(world.probe("a", idles=wrong), world.probe("b"))
    assert world.end() == 0
    assert world.stops() == [("b", 1)]


def test_steady_news_does_not_keep_an_actor_from_ending(world: World) -> None:
    """It ends after what was there when it was asked to, not when nothing comes any more."""
    world.start(world.probe("b"), world.probe("a"))
    again = Work(1, (Call(_tell_again),))
    world.tell("a", again)
    assert world.end() == 0
    assert world.stops() == [("a", 1), ("b", 1)]


def _tell_again(probe: Probe) -> None:
    assert probe.envelope is not None
    probe.tell(probe.me, probe.envelope.message)


def test_a_holding_actor_ends_and_what_it_held_is_dead(world: World) -> None:
    world.start(world.probe("a", on_start=Actor.hold))
    world.tell("a", Work(1), Work(2), Urgent(3))
    assert world.end() == 0
    assert world.numbers("a") == [3]
    assert world.fates() == [(1, "shutdown"), (2, "shutdown")]


def test_mail_for_names_that_nobody_ever_had_is_dead_at_the_end(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("nobody", Work(1), Urgent(2))
    assert world.end() == 0
    world.tell("nobody", Work(3))
    world.tell("another", Work(4))
    assert sorted(world.fates()) == [(n, "shutdown") for n in (1, 2, 3, 4)]


def test_an_actor_that_is_down_when_the_end_comes_is_not_started_again(virtual: World) -> None:
    virtual.start(Group("g", (virtual.probe("a"), virtual.probe("b")), "rest_for_one", 9, 600))
    virtual.tell("a", Work(0, (Crash(),)))
    virtual.until(lambda: ("b", 2) in virtual.starts())
    virtual.tell("a", Work(0, (Crash(),)), Work(1))
    virtual.until(lambda: len(virtual.recorder.dead) == 2)
    assert virtual.end() == 0
    assert virtual.starts("a") == [("a", 1), ("a", 2)]
    assert virtual.fates()[-1] == (1, "shutdown")


def test_the_end_while_the_tree_still_starts(world: World) -> None:
    """A supervisor told to stop with a child accepted but not yet started must not fail."""
    world.runtime.root(tuple(world.probe(name) for name in "abcdef"))
    world.do("a", Spawn("x"))
    assert world.end() == 0
    assert sorted(world.starts()) == sorted(world.stops())


def test_timers_that_are_not_due_do_not_hold_up_the_end(world: World) -> None:
    world.start(world.probe("a"))
    world.do("a", Later(10_000, Work(2)), number=1)
    assert world.end() == 0
    assert world.numbers("a") == [1]


# Actors that hang


class Gate:
    """Makes an actor hang, on either scheduler, and lets it go again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open = threading.Event()
        self._name = ""
        self.entered = False

    def hang(self, name: str, *steps: Say | Later | Spawn) -> None:
        """Has the actor's next turn hang, and then want to do these steps."""
        self._name = name
        if isinstance(self._world.runtime, VirtualRuntime):
            self._world.runtime.hang(name)
        self._world.do(name, Call(self._wait), *steps, number=666)
        self._world.until(lambda: self.entered)

    def _wait(self, probe: Probe) -> None:
        self.entered = True
        if not self._world.virtual:
            self._open.wait(60)

    def let_go(self) -> None:
        self._open.set()
        if isinstance(self._world.runtime, VirtualRuntime):
            self._world.runtime.let_go(self._name)
            self._world.runtime.run_for(1)


@pytest.fixture
def gate(world: World) -> Iterator[Gate]:
    made = Gate(world)
    yield made
    made.let_go()


def test_one_that_hangs_is_fenced_and_the_process_ends_with_70(world: World, gate: Gate) -> None:
    heard: list[int] = []
    world.runtime.endpoint("edge", lambda e: heard.append(_number(e.message)))
    world.start(world.probe("a"), world.probe("b", stop_seconds=0.1), world.probe("c"))
    gate.hang("b", Say("edge", Work(1)), Say("a", Work(2)), Later(0, Work(3)), Spawn("x"))
    world.tell("b", Work(4))
    assert world.end() == 70
    assert world.stops() == [("c", 1), ("a", 1)]
    gate.let_go()
    world.until(lambda: (666, "fenced") in world.fates())
    assert heard == []
    assert world.numbers("a") == []
    assert sorted(world.fates()) == [(4, "shutdown"), (666, "fenced")]


def _number(message: Message) -> int:
    assert isinstance(message, Work)
    return message.number


def test_one_that_hangs_and_then_crashes_is_still_fenced(world: World, gate: Gate) -> None:
    world.start(world.probe("a", stop_seconds=0.1))
    gate.hang("a")
    assert world.end() == 70
    gate.let_go()
    world.until(lambda: (666, "fenced") in world.fates())
    assert world.starts() == [("a", 1)]


def test_one_that_hangs_on_a_shared_dispatcher_costs_its_stop_time_once(
    world: World, gate: Gate
) -> None:
    """Not once for each of the hundred that it holds up."""
    names = [f"n{number}" for number in range(100)]
    world.start(
        world.probe("own"),
        *(world.probe(name, dispatcher="d", stop_seconds=0.2) for name in names),
        world.probe("other", dispatcher="e"),
    )
    gate.hang("n7", Say("own", Work(1)))
    world.tell("n8", Work(8))
    before = world.runtime.clock.monotonic_ns()
    assert world.end() == 70
    if not world.virtual:
        assert world.runtime.clock.monotonic_ns() - before < 5_000_000_000
    assert [name for name, _ in world.stops()] == ["other", "own"]
    gate.let_go()
    world.until(lambda: (666, "fenced") in world.fates())
    assert world.numbers("own") == []


def test_a_child_that_hangs_when_it_is_stopped_ends_the_process(world: World, gate: Gate) -> None:
    world.start(world.probe("p"))
    world.do("p", Spawn("x", Work(1), (("stop_seconds", 0.1),)))
    world.until(lambda: world.numbers("p/x") == [1])
    gate.hang("p/x", Say("p", Work(2)))
    world.do("p", Call(lambda probe: probe.stop_child("x")))
    assert world.code() == 70
    gate.let_go()
    assert 2 not in world.numbers("p")


def test_a_child_that_hangs_while_its_parent_is_down_ends_the_process(
    world: World, gate: Gate
) -> None:
    world.start(world.probe("p"), world.probe("q"))
    world.do("p", Spawn("x", Work(1), (("stop_seconds", 0.1),)))
    world.until(lambda: world.numbers("p/x") == [1])
    gate.hang("p/x", Say("q", Work(2)))
    world.tell("p", Work(0, (Crash(),)))
    assert world.code() == 70
    gate.let_go()
    assert world.numbers("q") == []
    assert world.stops() == [("q", 1)]


def test_a_parent_that_hangs_when_its_children_have_failed_too_often_ends_the_process(
    world: World, gate: Gate
) -> None:
    world.start(world.probe("p", intensity=0, stop_seconds=0.1))
    world.do("p", Spawn("x"))
    world.until(lambda: world.starts("p/x"))
    gate.hang("p")
    world.tell("p/x", Work(0, (Crash(),)))
    assert world.code() == 70


def test_a_turn_that_ends_just_in_time_is_heard(world: World, gate: Gate) -> None:
    world.start(world.probe("a"), world.probe("b", stop_seconds=30))
    gate.hang("b", Say("a", Work(1)))
    world.runtime.shutdown(0)
    world.settle()
    gate.let_go()
    assert world.code() == 0
    assert world.numbers("a") == [1]


def test_a_late_look_at_one_stop_says_nothing_about_the_next(virtual: World) -> None:
    """The timer of the first stop is due while the second one is still in its time."""
    runtime = virtual.runtime
    assert isinstance(runtime, VirtualRuntime)
    second = virtual.probe("b", stop_seconds=5)
    virtual.start(Group("g", (virtual.probe("a"), second), "rest_for_one", 9, 600))
    virtual.tell("a", Work(0, (Crash(),)))  # stops b for the first time
    virtual.until(lambda: ("b", 2) in virtual.starts())
    runtime.run_for(4)
    runtime.hang("b")
    virtual.tell("b", Work(1))
    runtime.run_for(0.5)
    virtual.tell("a", Work(0, (Crash(),)))  # stops b again, 4.5 s later
    runtime.run_for(2)
    assert virtual.runtime.supervision.ending is None
    runtime.let_go("b")
    virtual.until(lambda: ("b", 3) in virtual.starts())
    assert virtual.end() == 0


# Threads


def test_no_thread_is_left_after_the_end(threads: World) -> None:
    before = set(threading.enumerate()) - _of(threads)
    hosts = len(pykka.ActorRegistry.get_all()) - len(_of(threads))
    threads.start(threads.probe("a"), threads.probe("b", dispatcher="d"))
    threads.do("a", Spawn("x", Work(1)), Spawn("y", Work(2, (Call(Actor.retire),))), Away(Work(3)))
    threads.until(lambda: threads.numbers("a/x") + threads.numbers("a/y") == [1, 2])
    threads.until(lambda: 3 in threads.numbers("a"))
    assert {t.name for t in threading.enumerate()} >= {"a", "a/x", "d", "work", "supervisor"}
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)
    threads.until(lambda: "a/y" not in {t.name for t in threading.enumerate()})
    assert threads.end() == 0
    threads.until(lambda: set(threading.enumerate()) <= before)
    assert len(pykka.ActorRegistry.get_all()) <= hosts


def _of(world: World) -> set[threading.Thread]:
    """Threads that a runtime has from the beginning."""
    assert isinstance(world.runtime, ThreadRuntime)
    return {t for t in threading.enumerate() if t.name in ("supervisor", "timers")}


def test_a_reader_is_asked_to_end_with_the_tree(threads: World) -> None:
    assert isinstance(threads.runtime, ThreadRuntime)
    ended = threading.Event()

    def body(stop: Stop) -> None:
        while not stop.wait(60):
            pass
        assert stop.requested()
        ended.set()

    threads.runtime.reader("r", body)
    threads.start(threads.probe("a"))
    assert threads.end() == 0
    assert ended.wait(10)


def test_a_reader_that_raises_ends_the_process_in_order(threads: World) -> None:
    assert isinstance(threads.runtime, ThreadRuntime)

    def body(stop: Stop) -> None:
        raise SystemExit(0)

    threads.start(threads.probe("a"))
    threads.runtime.reader("r", body)
    assert threads.code() == 70
    assert threads.stops() == [("a", 1)]


@pytest.mark.parametrize("where", ["lane", "timer"])
def test_an_adapters_error_on_a_thread_of_the_runtime_ends_the_process(
    threads: World, where: str
) -> None:
    ran = threading.Event()

    def fail(*_: object) -> None:
        raise SystemExit(0)

    def begin(after: Callable[[Callable[..., None]], None]) -> None:
        after(fail)
        after(lambda *_: ran.set())

    threads.start(threads.probe("a"))
    if where == "lane":
        begin(lambda done: threads.runtime.submit("l", int, done))
    else:
        begin(lambda action: threads.runtime.call_later(0, action))
    assert ran.wait(10), "those behind it still run"
    assert threads.code() == 70
    assert threads.stops() == [("a", 1)]


@attrs.frozen
class Came(Message):
    outcome: Outcome[str]


def test_offloaded_calls_run_on_the_lanes_own_thread(threads: World) -> None:
    seen: list[str] = []

    class Offloader(Actor):
        def handle(self, message: Work | Came) -> None:
            if isinstance(message, Came):
                seen.append(message.outcome.value())
            else:
                self.offload(lambda: threading.current_thread().name, Came, lane="commits")

    threads.start(threads.probe("b"))
    threads.runtime.root((Child("a", Offloader),))
    threads.tell("a", Work(1))
    threads.until(lambda: seen)
    assert seen == ["commits"]


def test_a_killed_process_does_nothing_any_more() -> None:
    (world,) = [next(each) for each in [worlds("virtual")]]
    runtime = world.runtime
    assert isinstance(runtime, VirtualRuntime)
    world.start(world.probe("a"))
    world.do("a", Later(1, Work(2)), Say("a", Work(3)), number=1)
    runtime.kill()
    runtime.run_for(10)
    assert world.numbers("a") == []
    assert (world.stops(), runtime.code) == ([], None)
    runtime.shutdown(0)
    runtime.run_for(10)
    assert runtime.code is None


def test_the_code_is_none_while_the_tree_lives(threads: World) -> None:
    assert isinstance(threads.runtime, ThreadRuntime)
    threads.start(threads.probe("a"))
    assert threads.runtime.wait(0.01) is None


def test_a_second_end_changes_nothing(world: World) -> None:
    world.start(world.probe("a"))
    assert world.end() == 0
    world.runtime.shutdown(70)
    assert world.code() == 0
