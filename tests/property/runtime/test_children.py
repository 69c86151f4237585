"""Children started while running: they begin and end with their parent, within its budget."""

import pytest
from probes import ENDLESS, Call, Crash, Probe, Say, Spawn, Work, World

from zoe.runtime.actor import Actor
from zoe.runtime.supervisor import Group
from zoe.runtime.virtual import VirtualRuntime

POISON = Work(0, (Crash(),))


def test_children_end_with_their_parent_and_their_mail_waits_for_successors(world: World) -> None:
    world.start(world.probe("p"))
    world.do("p", Spawn("x", Work(1)), Spawn("y", Work(2)))
    world.until(lambda: world.numbers("p/x") == [1] and world.numbers("p/y") == [2])
    world.tell("p", POISON)
    world.until(lambda: ("p", 2) in world.starts())
    world.tell("p/x", Work(3))
    world.do("p", Spawn("x", Work(4)))
    world.until(lambda: world.numbers("p/x") == [1, 3, 4])
    assert world.starts("p/y") == [("p/y", 1)]
    assert [letter.recipient for letter in world.recorder.dead] == ["p"]


def test_a_child_inherits_the_ids_of_what_had_it_started(world: World) -> None:
    """The chain from an order back to its tick goes through the birth of the order's actor."""

    def report(probe: Probe) -> None:
        probe.tell(probe.find("b"), Work(9))

    def spawn(probe: Probe) -> None:
        probe.spawn(world.probe("x", on_start=report))

    world.start(world.probe("p"), world.probe("b"))
    root = world.do("b", Say("p", Work(1, (Call(spawn),))))
    world.until(lambda: 9 in world.numbers("b"))
    (wish,) = [e.envelope for e in world.began("p")]
    last = world.began("b")[-1].envelope
    assert wish is not None and last is not None
    assert (last.correlation_id, last.causation_id) == (root, wish.message_id)


def test_a_child_is_started_once_however_often_it_is_wanted(world: World) -> None:
    world.start(world.probe("p"))
    world.do("p", Spawn("x", Work(1)), Spawn("x", Work(2)))
    world.do("p", Spawn("x", Work(3)))
    world.until(lambda: world.numbers("p/x") == [1, 2, 3])
    assert world.starts("p/x") == [("p/x", 1)]


def test_a_stopped_child_handles_what_it_has_and_then_its_address_ends(world: World) -> None:
    world.start(world.probe("p"))
    address = world.runtime.find("p/x")
    world.do("p", Spawn("x", Work(1)))
    world.until(lambda: world.numbers("p/x") == [1])
    world.do("p", Say("p/x", Work(2)), Call(lambda probe: probe.stop_child("x")))
    world.until(lambda: world.stops("p/x"))
    world.settle()
    address.tell(Work(3))
    assert world.numbers("p/x") == [1, 2]
    assert world.fates() == [(3, "closed")]


def test_a_child_wanted_again_while_it_stops_is_started_again_and_loses_nothing(
    world: World,
) -> None:
    world.start(world.probe("p"))
    again = (Call(lambda probe: probe.stop_child("x")), Spawn("x", Work(2)))
    world.do("p", Spawn("x", Work(1)))
    world.until(lambda: world.numbers("p/x") == [1])
    world.do("p", *again)
    world.until(lambda: world.numbers("p/x") == [1, 2])
    world.until(lambda: len(world.starts("p/x")) == 2)
    world.do("p", Say("p/x", Work(3)))
    world.until(lambda: world.numbers("p/x") == [1, 2, 3])
    assert world.recorder.dead == []


def test_a_child_that_crashes_is_restarted_within_its_parents_budget(world: World) -> None:
    world.start(world.probe("p"))
    world.do("p", Spawn("x"))
    world.tell("p/x", POISON, Work(1))
    world.until(lambda: world.numbers("p/x") == [1])
    assert world.starts() == [("p", 1), ("p/x", 1), ("p/x", 2)]


def test_children_that_fail_too_often_are_their_parents_failure(world: World) -> None:
    parent = world.probe("p", intensity=2, period_seconds=60)
    world.start(Group("g", (parent, world.probe("q")), intensity=5))
    world.do("p", Spawn("x"), Spawn("y"))
    world.tell("p/x", POISON, POISON)
    world.tell("p/y", POISON)
    world.until(lambda: ("p", 2) in world.starts())
    world.tell("q", Work(1))
    world.until(lambda: world.numbers("q") == [1])
    vitals = {v.name: v for v in world.runtime.vitals()}
    assert set(vitals) == {"p", "q"}
    assert vitals["p"].last_error == "RuntimeError: its children failed too often"
    assert world.end() == 0


def test_parents_whose_children_fail_for_ever_end_the_process(world: World) -> None:
    def spawn(probe: Probe) -> None:
        probe.spawn(world.probe("x", on_start=fail))

    parent = world.probe("p", intensity=1, period_seconds=60, on_start=spawn)
    world.runtime.root((Group("g", (parent,), intensity=2, period_seconds=60),))
    assert world.code() == 70
    assert world.starts("p") == [("p", 1), ("p", 2), ("p", 3)]


def fail(probe: Probe) -> None:
    raise OSError("cannot start")


def test_grandchildren_end_with_their_grandparent(world: World) -> None:
    world.start(world.probe("p"))
    world.do("p", Spawn("x", Work(1, (Spawn("y", Work(2)),))))
    world.until(lambda: world.numbers("p/x/y") == [2])
    assert [v.name for v in world.runtime.vitals()] == ["p", "p/x", "p/x/y"]
    world.tell("p", POISON)
    world.until(lambda: ("p", 2) in world.starts())
    assert [v.name for v in world.runtime.vitals()] == ["p"]
    assert world.end() == 0


def test_children_stop_in_order_before_their_parent(world: World) -> None:
    world.start(world.probe("p"), world.probe("q"))
    options = (("dispatcher", "d"),)
    world.do("p", Spawn("x", Work(1), options), Spawn("y", Work(2)))
    world.until(lambda: world.numbers("p/x") + world.numbers("p/y") == [1, 2])
    world.tell("p/x", *(Work(n) for n in range(50)))
    assert world.end() == 0
    assert world.numbers("p/x") == [1, *range(50)]
    stopped = [name for name, _ in world.stops()]
    assert (stopped[0], sorted(stopped[1:3]), stopped[3]) == ("q", ["p/x", "p/y"], "p")


def test_a_parent_that_retires_takes_its_children_along(world: World) -> None:
    world.start(world.probe("p"), world.probe("q"))
    world.do("p", Spawn("x", Work(1)))
    world.until(lambda: world.numbers("p/x") == [1])
    address = world.runtime.find("p/x")
    world.do("p", Call(Actor.retire))
    world.until(lambda: world.stops("p"))
    world.settle()
    assert [v.name for v in world.runtime.vitals() if v.alive] == ["q"]
    address.tell(Work(2))
    assert world.fates() == [(2, "closed")]


def test_a_child_of_a_crashed_incarnation_is_never_started_by_it(virtual: World) -> None:
    virtual.start(Group("g", (virtual.probe("p"),), **ENDLESS))
    assert isinstance(virtual.runtime, VirtualRuntime)
    virtual.do("p", Spawn("x"))
    virtual.tell("p", POISON)
    virtual.runtime.run_for(10)
    assert [v.name for v in virtual.runtime.vitals()] == ["p"]


@pytest.mark.parametrize("dispatcher", [None, "d"])
def test_five_hundred_children_start_work_and_end(world: World, dispatcher: str | None) -> None:
    count = 60 if dispatcher is None else 500
    world.start(world.probe("p"))
    options = (("dispatcher", dispatcher),)
    world.do("p", *(Spawn(str(n), Work(n), options) for n in range(count)))
    world.until(lambda: sum(e.what == "ended" for e in world.recorder.events) == count + 1)
    world.tell("p", POISON)
    world.until(lambda: ("p", 2) in world.starts())
    assert [v.name for v in world.runtime.vitals()] == ["p"]
