"""Crashes: what they lose (one message), what they keep (the rest), and who starts again when."""

import threading
from functools import partial
from itertools import pairwise

import pytest
from probes import ENDLESS, Away, Call, Crash, Later, Probe, Say, Spawn, Work, World

from zoe.runtime.actor import Actor
from zoe.runtime.message import Fate
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.virtual import VirtualRuntime

POISON = Work(0, (Crash(),))


def test_everything_behind_the_poison_is_handled_by_the_successor_in_order(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("a", *(POISON if n == 50 else Work(n) for n in range(100)))
    world.until(lambda: len(world.numbers("a")) == 99)
    assert world.numbers("a") == [n for n in range(100) if n != 50]
    assert world.starts() == [("a", 1), ("a", 2)]
    assert world.fates() == [(0, "poison")]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, GeneratorExit, MemoryError])
def test_whatever_an_actor_raises_ends_that_incarnation_alone(
    world: World, error: type[BaseException]
) -> None:
    world.start(world.probe("a"), world.probe("b"), world.probe("c", dispatcher="d"))
    for name in "ac":
        world.tell(name, Work(1, (Crash(error),)), Work(2))
    world.tell("b", Work(3))
    world.until(lambda: world.numbers("a") == world.numbers("c") == [2])
    world.until(lambda: world.numbers("b") == [3])
    assert world.starts("b") == [("b", 1)]
    assert world.end() == 0


def test_nothing_is_lost_over_a_thousand_crashes(world: World) -> None:
    world.start(Group("g", (world.probe("a"),), **ENDLESS))
    messages = [Work(n, (Crash(),) if n % 5 == 0 else ()) for n in range(5_000)]
    world.tell("a", *messages)
    world.until(lambda: len(world.numbers("a")) + len(world.recorder.dead) == 5_000)
    assert world.numbers("a") == [n for n in range(5_000) if n % 5]
    assert world.fates() == [(n, "poison") for n in range(0, 5_000, 5)]
    world.until(lambda: world.starts()[-1] == ("a", 1_001))


class Stillborn(Probe):
    """Cannot be made."""

    def __init__(self, world: World) -> None:
        super().__init__(world.recorder)
        raise OSError("no")


def fail(probe: Probe) -> None:
    raise OSError("cannot start")


def fail_at_first(probe: Probe) -> None:
    if probe.incarnation < 4:
        raise OSError("cannot start yet")


def test_an_actor_that_never_starts_spends_its_budget_and_ends_the_process(world: World) -> None:
    world.runtime.root((Group("g", (world.probe("a", on_start=fail),), intensity=3),))
    assert world.code() == 70
    assert world.starts() == [("a", n) for n in (1, 2, 3, 4)]


def test_an_actor_that_cannot_even_be_made_counts_as_well(world: World) -> None:
    world.runtime.root((Group("g", (Child("a", partial(Stillborn, world)),), intensity=3),))
    assert world.code() == 70


def test_an_actor_that_starts_at_last_handles_what_waited(world: World) -> None:
    world.tell("a", Work(1))
    world.runtime.root((world.probe("a", on_start=fail_at_first), world.probe("b")))
    world.until(lambda: world.numbers("a") == [1])
    assert world.starts("b") == [("b", 1)], "one that fails to start keeps nobody else waiting"


def test_a_crash_in_on_stop_is_still_an_end(world: World) -> None:
    class Clumsy(Probe):
        def on_stop(self) -> None:
            raise RuntimeError("told to")

    world.start(Child("a", lambda: Clumsy(world.recorder)), world.probe("b"))
    assert world.end() == 0


def test_the_first_restart_is_immediate_and_the_next_ones_wait_ever_longer(
    virtual: World,
) -> None:
    virtual.start(Group("g", (virtual.probe("a"),), intensity=100, period_seconds=1000))
    gaps = []
    for crash in range(11):
        before = len(virtual.starts())
        virtual.tell("a", POISON)
        virtual.until(lambda n=before: len(virtual.starts()) > n)  # type: ignore[misc]  # a default
        events = [e for e in virtual.recorder.events if e.what in ("began", "start")]
        gaps.append((events[-1].at_ns - events[-2].at_ns) / 1e9)
        assert len(gaps) == crash + 1
    turn = 0.001
    assert gaps[0] <= turn
    for number, gap in enumerate(gaps[1:]):
        delay = min(0.05 * 2**number, 5.0)
        assert 0.8 * delay <= gap <= 1.2 * delay + turn
    assert any(b < 2 * a * 0.99 or b > 2 * a * 1.01 for a, b in pairwise(gaps[1:])), "jitter"


def test_one_members_failures_do_not_delay_another(virtual: World) -> None:
    members = (virtual.probe("a"), virtual.probe("b"))
    virtual.start(Group("g", members, intensity=100, period_seconds=1000))
    for _ in range(4):
        virtual.tell("a", POISON)
    virtual.until(lambda: ("a", 5) in virtual.starts())
    virtual.tell("b", POISON)
    virtual.until(lambda: ("b", 2) in virtual.starts())
    crashed, started = [e.at_ns for e in virtual.recorder.events if e.name == "b"][-2:]
    assert started - crashed < 1_000_000


def test_a_double_kill_boots_once(virtual: World) -> None:
    runtime = virtual.runtime
    assert isinstance(runtime, VirtualRuntime)
    virtual.start(Group("g", (virtual.probe("a"),), **ENDLESS))
    runtime.crash("a")
    runtime.crash("a")
    virtual.tell("a", Work(1))
    virtual.until(lambda: virtual.numbers("a") == [1])
    runtime.run_for(60)
    assert virtual.starts() == [("a", 1), ("a", 2)]


def test_a_kill_while_already_down_boots_once(virtual: World) -> None:
    runtime = virtual.runtime
    assert isinstance(runtime, VirtualRuntime)
    virtual.start(Group("g", (virtual.probe("a"),), intensity=10, period_seconds=60))
    for _ in range(3):
        virtual.tell("a", POISON)
    virtual.until(lambda: len(virtual.recorder.dead) == 3)
    runtime.crash("a")  # its successor waits for 100 ms
    runtime.run_for(60)
    assert virtual.starts() == [("a", n) for n in (1, 2, 3, 4)]


def test_a_crashed_turn_starts_no_child(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("a", Work(1, (Spawn("x"), Crash())), Work(2, (Spawn("y", Work(3)),)))
    world.until(lambda: world.numbers("a/y") == [3])
    assert world.starts("a/x") == []


def test_a_reply_factory_that_raises_crashes_its_actor_and_nobody_waits(world: World) -> None:
    def wrong(probe: Probe) -> None:
        probe.offload(int, lambda outcome: 1 / outcome.value(), lane="l")  # type: ignore[arg-type,return-value]  # as untyped code might

    world.start(world.probe("a"), world.probe("b"))
    world.do("a", Call(wrong))
    world.until(lambda: ("a", 2) in world.starts())
    world.do("a", Say("b", Work(1)))
    world.until(lambda: world.numbers("b") == [1])


def test_the_error_of_a_dead_incarnations_reply_does_not_hurt_its_successor(world: World) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        return 0 if world.virtual or go.wait(60) else 1

    def wrong(probe: Probe) -> None:
        probe.offload(slow, lambda outcome: 1 / outcome.value(), lane="l")  # type: ignore[arg-type,return-value]  # as untyped code might

    world.start(world.probe("a"))
    world.do("a", Call(wrong), number=1)
    world.tell("a", POISON)
    world.until(lambda: ("a", 2) in world.starts())
    go.set()
    world.until(begun.is_set)
    world.do("a", Away(Work(2), lane="l"))
    world.until(lambda: 2 in world.numbers("a"))
    assert world.starts() == [("a", 1), ("a", 2)]


def test_a_call_that_exits_is_an_outcome_like_any_other(world: World) -> None:
    errors: list[BaseException | None] = []

    def leave() -> int:
        raise SystemExit(3)

    def offload(probe: Probe) -> None:
        probe.offload(leave, lambda outcome: errors.append(outcome.error) or Work(1), lane="l")  # type: ignore[func-returns-value]  # it is None

    world.start(world.probe("a"))
    world.do("a", Call(offload))
    world.until(lambda: 1 in world.numbers("a"))
    assert [type(error) for error in errors] == [SystemExit]


def test_a_watcher_that_raises_ends_the_process_in_order(world: World) -> None:
    def wrong(letter: object) -> None:
        raise ValueError("a watcher's own error")

    world.start(world.probe("a"), world.probe("b"))
    world.runtime.watch(wrong)
    world.tell("a", POISON)
    assert world.code() == 70
    assert world.stops("b") == [("b", 1)]


def test_a_supervisor_that_fails_is_not_repaired(world: World) -> None:
    def wrong() -> None:
        raise ValueError("a supervisor's own error")

    world.start(world.probe("a"))
    world.runtime.supervise(wrong)
    assert world.code() == 70
    world.runtime.shutdown(0)
    assert world.code() == 70
    assert world.starts() == [("a", 1)]
    assert isinstance(world.runtime.broken, ValueError)
    world.runtime.broken = None  # seen: no other test may have it


def test_mail_that_crashes_carries_on_its_ids(world: World) -> None:
    """What a successor does when it starts was caused by what crashed the one before."""

    def report(probe: Probe) -> None:
        probe.tell(probe.find("b"), Work(probe.incarnation))

    world.start(world.probe("b"))
    world.start(world.probe("a", on_start=report))
    (root,) = world.tell("b", Work(7, (Say("a", POISON),)))
    world.until(lambda: 2 in world.numbers("b"))
    (poison,) = [letter.envelope for letter in world.recorder.dead]
    last = world.began("b")[-1].envelope
    assert last is not None
    assert (last.correlation_id, last.causation_id) == (root, poison.message_id)
    assert [letter.reason for letter in world.recorder.dead] == [Fate.POISON]


def test_a_timer_of_a_crashed_turn_never_rings(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("a", Work(1, (Later(0, Work(2)), Crash())), Work(3, (Later(0.02, Work(4)),)))
    world.until(lambda: 4 in world.numbers("a"))
    assert world.numbers("a") == [3, 4]


def test_a_retired_actor_is_not_started_again(world: World) -> None:
    world.start(Group("g", (world.probe("a"), world.probe("b"))))
    address = world.runtime.find("a")
    world.do("a", Later(0.01, Work(9)), Call(Actor.retire), number=1)
    world.until(lambda: world.stops("a") == [("a", 1)])
    world.do("b", Later(0.02, Work(8)))
    world.until(lambda: 8 in world.numbers("b"))
    address.tell(Work(2))
    assert world.fates() == [(2, "closed")]
    assert world.starts("a") == [("a", 1)]


@pytest.mark.parametrize("dispatcher", [None, "d"])
def test_four_producers_crashes_and_a_retirement_lose_nothing(
    threads: World, dispatcher: str | None
) -> None:
    """Every accepted message is handled, poison, or dead because its address has ended."""
    count = 1_000
    threads.start(Group("g", (threads.probe("a", dispatcher=dispatcher),), **ENDLESS))
    address = threads.runtime.find("a")

    def produce(first: int) -> None:
        for number in range(first * count, (first + 1) * count):
            address.tell(Work(number, (Crash(),) if number % 50 == 0 else ()))

    producers = [threading.Thread(target=produce, args=(number,)) for number in range(4)]
    for producer in producers:
        producer.start()
    threads.until(lambda: len(threads.recorder.events) > count)
    threads.do("a", Call(Actor.retire), number=-1)
    for producer in producers:
        producer.join(60)
    threads.until(lambda: not address.mailbox.open)
    threads.settle()
    handled = [number for number in threads.numbers("a") if number >= 0]
    dead = threads.fates()
    assert sorted(handled + [number for number, _ in dead]) == list(range(4 * count))
    assert {fate for _, fate in dead} <= {"poison", "retired", "closed"}
    for first in range(4):
        own = [number for number in handled if number // count == first]
        assert own == sorted(own)
