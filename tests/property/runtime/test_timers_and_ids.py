"""Timers and outcomes belong to an incarnation; ids are inherited through all of it."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from probes import (
    ENDLESS,
    Anchoring,
    Away,
    Call,
    Crash,
    Event,
    Later,
    Probe,
    Say,
    Step,
    Urgent,
    Work,
    World,
)

from zoe.runtime.actor import Actor
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import VirtualRuntime

POISON = Work(0, (Crash(),))


def envelope_of(world: World, name: str, number: int) -> Envelope:
    """The envelope in which an actor handled a number; waits for it."""
    world.until(lambda: any(e.number == number for e in world.began(name)))
    (event,) = [e for e in world.began(name) if e.number == number]
    assert event.envelope is not None
    return event.envelope


@pytest.mark.parametrize("step", [Later(0.02, Work(9)), Away(Work(9))], ids=["timer", "outcome"])
def test_nothing_of_a_dead_incarnation_reaches_its_successor(world: World, step: Step) -> None:
    world.start(world.probe("a"))
    world.tell("a", Work(1, (step,)), POISON, Work(2, (step,)))
    world.until(lambda: 9 in world.numbers("a"))
    world.tell("a", Work(3, (Later(0.03, Work(4)),)))
    world.until(lambda: 4 in world.numbers("a"))
    assert world.numbers("a") == [1, 2, 9, 3, 4]
    (event,) = [e for e in world.began("a") if e.number == 9]
    assert event.incarnation == 2


@pytest.mark.parametrize("step", [Later(0, Work(9)), Away(Work(9))], ids=["timer", "outcome"])
def test_what_is_queued_already_at_a_crash_reaches_nobody(world: World, step: Step) -> None:
    """A tick that reached the successor armed a second chain of polls."""
    world.start(world.probe("a"))
    world.do("a", Call(Actor.hold), step, number=1)
    world.until(lambda: world.numbers("a") == [1] and _vital(world, "a", "mailbox") == 1)
    world.tell("a", Urgent(0, (Crash(),)), Work(2))
    world.until(lambda: world.numbers("a") == [1, 2])
    assert _vital(world, "a", "expired") == 1
    assert world.fates() == [(0, "poison")]


def _vital(world: World, name: str, what: str) -> int:
    found: int = getattr(next(v for v in world.runtime.vitals() if v.name == name), what)
    return found


def cancel(probe: Probe) -> None:
    probe.timers[-1].cancel()


def test_a_canceled_timer_does_not_ring_even_when_queued(world: World) -> None:
    world.start(world.probe("a"))
    world.do("a", Call(Actor.hold), Later(0, Work(9)), number=1)
    world.until(lambda: world.numbers("a") == [1] and _vital(world, "a", "mailbox") == 1)
    world.tell("a", Urgent(2, (Call(cancel), Call(Actor.release))), Work(3))
    world.until(lambda: world.numbers("a") == [1, 2, 3])
    world.do("a", Later(60, Work(9)), Call(cancel), number=4)
    world.do("a", Later(0.01, Work(5)), number=6)
    world.until(lambda: world.numbers("a") == [1, 2, 3, 4, 6, 5])


class Poller(Actor):
    """Ticks for ever."""

    def __init__(self, ticks: list[tuple[int, int]]) -> None:
        self._ticks = ticks

    def on_start(self) -> None:
        self.after(1, Work(1))

    def handle(self, message: Work) -> None:
        if message.number:
            self._ticks.append((self.incarnation, self.clock.monotonic_ns()))
            self.after(1, Work(1))
        else:
            raise RuntimeError("told to")


def test_two_ticks_are_never_closer_than_the_period_whatever_crashes(virtual: World) -> None:
    runtime = virtual.runtime
    assert isinstance(runtime, VirtualRuntime)
    ticks: list[tuple[int, int]] = []
    runtime.root((Group("g", (Child("p", lambda: Poller(ticks)),), **ENDLESS),))

    def poison() -> None:
        virtual.tell("p", POISON)

    for tenths in (7, 13, 14, 15, 29, 40, 41, 78):
        runtime.call_later(tenths / 10, poison)
    runtime.run_for(20)
    moments = [at_ns for _, at_ns in ticks]
    assert len(ticks) >= 14
    assert all(b - a >= 1_000_000_000 for a, b in pairwise(moments))
    assert [i for i, _ in ticks] == sorted(i for i, _ in ticks)


def test_timers_ring_in_the_order_they_are_due(world: World) -> None:
    world.start(world.probe("a"))
    waits = [0.03, 0.01, 0.02, 0.0, 0.01]
    world.do("a", *(Later(wait, Work(n)) for n, wait in enumerate(waits)), number=9)
    world.until(lambda: len(world.numbers("a")) == 6)
    assert world.numbers("a") == [9, 3, 1, 4, 2, 0]


Build = Callable[[Work], Step]
WAYS: list[tuple[str, Build, str]] = [
    ("tell", lambda work: Say("b", work), "b"),
    ("timer", lambda work: Later(0.001, work), "a"),
    ("offload", Away, "a"),
]


@pytest.mark.parametrize(("build", "place"), [w[1:] for w in WAYS], ids=[w[0] for w in WAYS])
def test_the_cause_is_the_message_being_handled_and_the_root_is_inherited(
    world: World, build: Build, place: str
) -> None:
    world.start(world.probe("a"), world.probe("b"))
    root = world.do("b", Say("a", Work(1, (build(Work(2)),))))
    second, third = envelope_of(world, "a", 1), envelope_of(world, place, 2)
    assert (second.causation_id, second.correlation_id) == (root, root)
    assert (third.causation_id, third.correlation_id) == (second.message_id, root)


def test_ids_are_kept_by_mail_that_waits_out_a_restart(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    root = world.do("b", Say("a", POISON), Say("a", Work(1, (Say("b", Work(2)),))))
    behind, last = envelope_of(world, "a", 1), envelope_of(world, "b", 2)
    assert (behind.causation_id, behind.correlation_id) == (root, root)
    assert (last.causation_id, last.correlation_id) == (behind.message_id, root)


def test_a_correlation_id_can_be_given_from_outside(world: World) -> None:
    world.start(world.probe("a"))
    number = world.runtime.find("a").tell(Work(1), correlation_id=77)
    envelope = envelope_of(world, "a", 1)
    assert (envelope.message_id, envelope.correlation_id) == (number, 77)
    assert envelope.causation_id is None


def test_the_anchor_is_the_nearest_journalled_ancestor(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    chain = Work(4, (Say("b", Work(5)),))
    world.tell("a", Work(1, (Say("b", Work(2)), Say("b", Anchoring(3, (Say("a", chain),))))))
    first, anchoring = envelope_of(world, "b", 2), envelope_of(world, "b", 3)
    assert (first.anchor, anchoring.anchor) == (None, None)
    assert envelope_of(world, "a", 4).anchor == anchoring.message_id
    assert envelope_of(world, "b", 5).anchor == anchoring.message_id


def test_what_is_told_after_an_anchoring_message_is_anchored_to_it(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    world.tell("a", Work(1, (Say("b", Anchoring(2)), Say("b", Work(3)))))
    anchoring = envelope_of(world, "b", 2)
    assert envelope_of(world, "b", 3).anchor == anchoring.message_id


def test_a_message_posted_for_a_cause_carries_its_ids(world: World) -> None:
    def forward(envelope: Envelope) -> None:
        world.runtime.post(world.runtime.find("a"), Work(3), cause=envelope)

    world.runtime.endpoint("wire", forward)
    world.start(world.probe("a"))
    root = world.do("a", Say("wire", Anchoring(2)), number=1)
    last = envelope_of(world, "a", 3)
    assert last.correlation_id == root
    assert last.causation_id == last.anchor
    assert last.causation_id not in (None, root)


def test_every_message_has_an_id_of_its_own_that_only_grows(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    for number in range(50):
        world.do("a", Say("b", Work(number)), Later(0, Work(1)), Away(Work(1)))
    world.until(lambda: sum(e.what == "ended" for e in world.recorder.events) == 200)
    found = [e for e in world.recorder.events if e.what == "began"]
    ids = [_id(e) for e in found]
    assert len(set(ids)) == 200
    assert [_id(e) for e in found if e.name == "b"] == sorted(
        _id(e) for e in found if e.name == "b"
    )


def _id(event: Event) -> int:
    assert event.envelope is not None
    return event.envelope.message_id


def test_an_outcome_that_never_comes_is_only_waited_for_until_the_stop_is_late() -> None:
    runtime = VirtualRuntime(1, loses_answer=lambda rng, lane: lane == "lossy")
    world = World(runtime)
    world.start(world.probe("a", stop_seconds=3))
    world.do("a", Away(Work(1), lane="lossy"), Away(Work(2), lane="sound"))
    world.until(lambda: 2 in world.numbers("a"))
    assert world.end() == 70
    assert 1 not in world.numbers("a")


def test_lanes_keep_their_order_and_do_not_wait_for_each_other(virtual: World) -> None:
    virtual.start(virtual.probe("a"))
    virtual.do("a", *(Away(Work(n), lane="one") for n in range(20)), number=100)
    virtual.do("a", Away(Work(50), lane="other"), number=101)
    virtual.until(lambda: len(virtual.numbers("a")) == 23)
    found = virtual.numbers("a")
    assert [n for n in found if n < 20] == list(range(20))
    assert found.index(50) < found.index(19)
