"""Actors that hang: fenced, never repaired in place, and never heard again."""

import threading
from collections.abc import Iterator

import pytest
from probes import Call, Crash, Later, Probe, Say, Spawn, Work, World

from zoe.runtime.message import Message
from zoe.runtime.supervisor import Group
from zoe.runtime.virtual import VirtualRuntime


class Gate:
    """Makes an actor hang, on either scheduler, and lets it go again."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._open = threading.Event()
        self._name = ""
        self.entered = False

    def hang(self, name: str, *steps: Say | Later | Spawn | Crash) -> None:
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


# In virtual time a turn that hangs has already run: it would crash before.
@pytest.mark.parametrize("world", ["threads"], indirect=True)
def test_one_that_hangs_and_then_crashes_is_still_fenced(world: World, gate: Gate) -> None:
    world.start(world.probe("a", stop_seconds=0.1))
    gate.hang("a", Crash())
    assert world.end() == 70
    gate.let_go()
    world.until(lambda: (666, "fenced") in world.fates())
    (letter,) = world.recorder.dead
    assert letter.error is not None and letter.error.startswith("RuntimeError")
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
        assert world.runtime.clock.monotonic_ns() - before < 15_000_000_000
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


def test_one_that_is_stopped_behind_others_has_its_own_time(virtual: World) -> None:
    """Stops that are answered are looked at together with one that is not, and is due later."""
    runtime = virtual.runtime
    assert isinstance(runtime, VirtualRuntime)
    virtual.start(virtual.probe("p"))
    for name in "wxy":
        virtual.do("p", Spawn(name, Work(1), (("stop_seconds", 5),)))
        virtual.until(lambda n=name: virtual.numbers(f"p/{n}") == [1])  # type: ignore[misc]  # a default
    runtime.hang("p/y")
    virtual.tell("p/y", Work(2))
    for name, seconds in (("w", 1), ("x", 1), ("y", 4.9)):
        virtual.do("p", Call(lambda probe, n=name: probe.stop_child(n)))  # type: ignore[misc]  # a default
        runtime.run_for(seconds)
        assert virtual.runtime.supervision.ending is None
    runtime.run_for(0.2)
    assert virtual.runtime.supervision.ending == 70
