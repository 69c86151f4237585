"""The end: in order, after what was there, without threads left over; and what becomes of the rest."""

import threading
from collections.abc import Callable

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
    assert ended.wait(60)


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
    assert ran.wait(60), "those behind it still run"
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
    world.runtime.finish(70)
    assert world.code() == 0


def test_a_crash_while_everything_ends_is_no_failure_of_its_group(world: World) -> None:
    slow = world.probe("b", idles=_ticked, stop_seconds=30)
    world.start(Group("g", (world.probe("a"), slow), intensity=0))
    world.do("b", Call(_hold_up), number=1)
    world.until(lambda: world.numbers("b") == [1])
    world.runtime.shutdown(0)
    world.tell("a", Work(0, (Crash(),)))
    world.until(lambda: world.recorder.dead)
    _TICKED.append(1)
    world.tell("b", Work(2))
    assert world.code() == 0


_TICKED: list[int] = []


def _ticked() -> bool:
    return bool(_TICKED)


def _hold_up(probe: Probe) -> None:
    _TICKED.clear()
