"""Asks: answered, failed, refused or late, and never left hanging; and only from the edges."""

import threading
from functools import partial

import pytest
from probes import Answer, Call, Crash, Newest, Probe, Say, Work, World

from zoe.runtime.actor import Actor
from zoe.runtime.address import AskFailed, AskTimeout
from zoe.runtime.message import Envelope
from zoe.runtime.supervisor import Group

POISON = Work(0, (Crash(),))
HELLO = Work(1, (Answer(Work(2)),))


def ask(world: World, message: Work, seconds: float = 60) -> object:
    return world.runtime.find("a").ask(message, timeout_seconds=seconds)


def _tell(world: World, message: Work) -> None:
    world.tell("a", message)


def test_a_reply_is_the_answer(world: World) -> None:
    world.start(world.probe("a"))
    assert ask(world, HELLO) == Work(2)


def test_only_the_first_reply_counts(world: World) -> None:
    world.start(world.probe("a"))
    assert ask(world, Work(1, (Answer(Work(2)), Answer(Work(3))))) == Work(2)


def test_a_crash_fails_the_ask_at_once_and_its_reply_is_not_heard(world: World) -> None:
    world.start(world.probe("a"))
    with pytest.raises(AskFailed, match="poison: RuntimeError: told to"):
        ask(world, Work(1, (Answer(Work(2)), Crash())))


def test_the_poisons_asker_does_not_wait_for_the_restart(virtual: World) -> None:
    virtual.start(Group("g", (virtual.probe("a"),), intensity=9, period_seconds=600))
    virtual.tell("a", POISON, POISON)
    virtual.until(lambda: ("a", 3) in virtual.starts())
    before = virtual.runtime.clock.monotonic_ns()
    with pytest.raises(AskFailed):
        ask(virtual, POISON)
    assert virtual.runtime.clock.monotonic_ns() - before < 1_000_000


def test_an_ask_behind_the_poison_is_answered_by_the_successor(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("a", POISON)
    assert ask(world, HELLO) == Work(2)


def test_no_answer_in_time_is_a_timeout(world: World) -> None:
    world.start(world.probe("a"))
    with pytest.raises(AskTimeout, match=r"no answer from a in 0\.05 s"):
        ask(world, Work(1), 0.05)


def test_a_full_mailbox_fails_the_ask_at_once(world: World) -> None:
    world.start(world.probe("a", on_start=Actor.hold, capacity=1, overflow="refuse"))
    world.tell("a", Work(1))
    with pytest.raises(AskFailed, match="overflow"):
        ask(world, HELLO)


def test_an_ask_that_a_newer_one_replaces_fails_at_once(world: World) -> None:
    world.start(world.probe("a", on_start=Actor.hold))
    failed: list[BaseException] = []

    def first() -> None:
        try:
            ask(world, Newest(1, name="x"))
        except AskFailed as problem:
            failed.append(problem)

    if world.virtual:
        world.runtime.call_later(0.01, partial(_tell, world, Newest(2, name="x")))
        first()
    else:
        asker = threading.Thread(target=first)
        asker.start()
        world.until(lambda: len(world.runtime.find("a").mailbox) == 1)
        world.tell("a", Newest(2, name="x"))
        asker.join(60)
    assert [str(problem) for problem in failed] == ["replaced by a newer one"]


def test_an_actor_that_has_retired_fails_the_ask_at_once(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    address = world.runtime.find("a")
    world.do("a", Call(Actor.retire))
    world.until(lambda: world.stops("a"))
    world.settle()
    with pytest.raises(AskFailed, match="closed"):
        address.ask(HELLO, timeout_seconds=60)


def test_what_was_asked_of_an_actor_that_never_came_fails_at_the_end(world: World) -> None:
    world.start(world.probe("b"))
    failed: list[str] = []

    def waits() -> None:
        try:
            world.runtime.find("nobody").ask(HELLO, timeout_seconds=60)
        except AskFailed as problem:
            failed.append(str(problem))

    if world.virtual:
        world.runtime.call_later(1, lambda: world.runtime.shutdown(0))
        waits()
    else:
        asker = threading.Thread(target=waits)
        asker.start()
        world.until(lambda: len(world.runtime.find("nobody").mailbox) == 1)
        world.runtime.shutdown(0)
        asker.join(60)
    assert failed == ["shutdown"]


def test_nobody_is_asked_after_the_end(world: World) -> None:
    world.start(world.probe("a"))
    assert world.end() == 0
    with pytest.raises(AskFailed, match="shutdown"):
        ask(world, HELLO)
    with pytest.raises(AskFailed, match="shutdown"):
        world.runtime.find("new").ask(HELLO, timeout_seconds=60)


def ask_inside(probe: Probe) -> None:
    probe.find("b").ask(HELLO, timeout_seconds=1)


def test_asking_inside_a_turn_is_an_assertion(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"), world.probe("c", dispatcher="d"))
    for name in "ac":
        world.do(name, Call(ask_inside))
    world.until(lambda: len(world.recorder.dead) == 2)
    errors = {letter.error for letter in world.recorder.dead}
    assert errors == {"AssertionError: ask is for the edges, not for actors"}
    assert world.numbers("b") == []


def test_asking_while_starting_is_an_assertion_too(world: World) -> None:
    world.runtime.root((Group("g", (world.probe("a", on_start=ask_inside),), intensity=1),))
    assert world.code() == 70


def test_asking_in_an_endpoint_called_by_a_turn_is_an_assertion(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))

    def nosy(envelope: Envelope) -> None:
        world.runtime.find("b").ask(HELLO, timeout_seconds=1)

    world.runtime.endpoint("edge", nosy)
    world.do("a", Say("edge", Work(5)))
    world.until(lambda: world.recorder.dead)
    (letter,) = world.recorder.dead
    assert (letter.recipient, letter.error) == (
        "edge",
        "AssertionError: ask is for the edges, not for actors",
    )


def test_many_ask_at_once_and_each_gets_its_own_answer(threads: World) -> None:
    threads.start(threads.probe("a"))
    found: dict[int, object] = {}

    def asks(number: int) -> None:
        for turn in range(50):
            wanted = Work(number * 1000 + turn)
            found[wanted.number] = ask(threads, Work(1, (Answer(wanted),)))

    askers = [threading.Thread(target=asks, args=(number,)) for number in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join(60)
    assert len(found) == 300
    assert all(answer == Work(number) for number, answer in found.items())
