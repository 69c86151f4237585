"""Mail: in order, by lanes, within bounds, and every message with one fate."""

import threading
from functools import partial

import pytest
from probes import (
    Call,
    Crash,
    Later,
    Newest,
    Probe,
    Recorder,
    Say,
    Urgent,
    Work,
    World,
)

from zoe.runtime.actor import Actor
from zoe.runtime.message import Envelope, Fate, Message
from zoe.runtime.supervisor import Child
from zoe.runtime.virtual import VirtualRuntime


def held(world: World, name: str = "a", **options: object) -> Child:
    """A child that holds its mail until an Urgent of number 1."""
    return world.probe(name, on_start=Actor.hold, **options)


RELEASE = Urgent(1, (Call(Probe.release),))


def test_mail_is_handled_in_the_order_it_was_sent(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("a", *(Work(number) for number in range(500)))
    world.until(lambda: len(world.numbers("a")) == 500)
    assert world.numbers("a") == list(range(500))


def test_mail_sent_before_an_actor_lives_waits_for_it(world: World) -> None:
    world.tell("a", Work(1), Work(2))
    world.start(world.probe("a"))
    world.until(lambda: world.numbers("a") == [1, 2])


def test_control_mail_overtakes_and_the_newest_of_a_key_takes_its_place_in_line(
    world: World,
) -> None:
    world.tell("a", Work(1), Newest(2, name="x"), Work(3), Newest(4, name="y"))
    world.tell("a", Newest(5, name="x"), Urgent(6))
    world.start(world.probe("a"))
    world.until(lambda: len(world.numbers("a")) == 5)
    assert world.numbers("a") == [6, 1, 5, 3, 4]
    assert next(v for v in world.runtime.vitals() if v.name == "a").replaced == 1


def test_no_key_starves_while_another_is_quoted_without_end(world: World) -> None:
    world.start(held(world))
    for number in range(200):
        world.tell("a", Newest(number, name="busy"))
        if number == 100:
            world.tell("a", Newest(-1, name="calm"))
    world.tell("a", RELEASE)
    world.until(lambda: len(world.numbers("a")) == 3)
    assert world.numbers("a") == [1, 199, -1]


def test_a_holding_actor_hears_control_mail_only_until_it_releases(world: World) -> None:
    world.start(held(world))
    world.tell("a", Work(2), Work(3), Urgent(4))
    world.until(lambda: world.numbers("a") == [4])
    world.tell("a", RELEASE)
    world.until(lambda: world.numbers("a") == [4, 1, 2, 3])


def test_a_full_mailbox_refuses_and_says_so(world: World) -> None:
    world.start(held(world, capacity=3, overflow="refuse"))
    world.tell("a", *(Work(number) for number in range(10, 15)))
    assert world.fates() == [(13, "overflow"), (14, "overflow")]
    world.tell("a", RELEASE)
    world.until(lambda: world.numbers("a") == [1, 10, 11, 12])


def test_a_newer_value_of_a_known_key_is_no_overflow(world: World) -> None:
    world.start(held(world, capacity=2, overflow="refuse"))
    world.tell("a", Work(10), Newest(11, name="x"), Newest(12, name="x"), Newest(13, name="y"))
    assert world.fates() == [(13, "overflow")]
    world.tell("a", RELEASE)
    world.until(lambda: world.numbers("a") == [1, 10, 12])


def test_an_actors_own_timers_are_never_refused(world: World) -> None:
    """A poll that lost its tick would never poll again."""
    arm = Urgent(2, (Later(0.001, Work(20)),))
    world.start(held(world, capacity=2, overflow="refuse"))
    world.tell("a", Work(10), Work(11), arm)
    world.until(lambda: world.numbers("a") == [2] and _waiting(world, "a") == 3)
    world.tell("a", RELEASE)
    world.until(lambda: world.numbers("a") == [2, 1, 10, 11, 20])


def _waiting(world: World, name: str) -> int:
    return next(v for v in world.runtime.vitals() if v.name == name).mailbox


def test_a_mailbox_that_may_grow_drops_nothing_and_raises_one_alarm(world: World) -> None:
    world.start(held(world, capacity=5))
    alarms: list[int] = []
    world.runtime.find("a").mailbox.alarm = alarms.append
    world.tell("a", *(Work(number) for number in range(10, 30)))
    assert alarms == [5]
    world.tell("a", RELEASE)
    world.until(lambda: world.numbers("a") == [1, *range(10, 30)])
    assert world.recorder.dead == []


def test_the_age_of_the_oldest_message_is_a_figure(world: World) -> None:
    world.start(held(world), world.probe("b"))
    world.tell("a", Work(1))
    world.until(lambda: _age(world, "a") > 0.05)
    assert _age(world, "b") == 0
    world.tell("a", RELEASE)
    world.until(lambda: _age(world, "a") == 0)


def _age(world: World, name: str) -> float:
    return next(v for v in world.runtime.vitals() if v.name == name).oldest_seconds


def test_an_endpoint_hears_what_waited_for_it_and_all_that_comes(world: World) -> None:
    heard: list[int] = []

    def hear(envelope: Envelope) -> None:
        assert isinstance(envelope.message, Work)
        heard.append(envelope.message.number)

    world.tell("edge", Work(1))
    world.runtime.endpoint("edge", hear)
    world.tell("edge", Work(2))
    assert heard == [1, 2]


def test_an_endpoint_that_raises_spoils_its_own_message_only(world: World) -> None:
    def refuse(envelope: Envelope) -> None:
        raise ValueError("an endpoint's own error")

    world.runtime.endpoint("edge", refuse)
    world.start(world.probe("a"), world.probe("b"))
    world.do("a", Say("edge", Work(2)), Say("b", Work(3)), number=1)
    world.until(lambda: world.numbers("b") == [3])
    assert world.numbers("a") == [1]
    assert world.fates() == [(2, "poison")]
    assert world.starts("a") == [("a", 1)]


def test_ids_of_another_boot_are_other_ids() -> None:
    first, second = VirtualRuntime(1, boot=1), VirtualRuntime(1, boot=2)
    assert first.next_id() == (1 << 40) + 1
    assert second.next_id() == (2 << 40) + 1


def test_tells_from_many_threads_are_each_in_order(threads: World) -> None:
    world = threads
    world.start(world.probe("a"))

    def send(sender: int) -> None:
        world.tell("a", *(Work(sender * 1000 + number) for number in range(300)))

    senders = [threading.Thread(target=send, args=(sender,)) for sender in range(4)]
    for sender in senders:
        sender.start()
    world.until(lambda: len(world.numbers("a")) == 1200)
    for thousand in range(4):
        own = [n for n in world.numbers("a") if n // 1000 == thousand]
        assert own == [thousand * 1000 + number for number in range(300)]


class Wrong(Actor):
    """Tells somebody, then wants something impossible of the runtime."""

    def __init__(self, recorder: Recorder, wish: str) -> None:
        self._wish = wish

    def handle(self, message: Message) -> None:
        self.tell(self.find("b"), Work(3))
        if self._wish == "nobody":
            self.tell(None, Work(4))  # type: ignore[arg-type]  # as untyped code might
        self.after(float(self._wish), Work(4))


@pytest.mark.parametrize("wish", ["nobody", "inf", "nan", "-1"])
def test_an_impossible_wish_fails_in_the_turn_and_sends_nothing(world: World, wish: str) -> None:
    world.start(world.probe("b"))
    world.runtime.root((Child("a", partial(Wrong, world.recorder, wish)),))
    world.tell("a", Work(1))
    world.until(lambda: world.recorder.dead)
    world.tell("b", Work(5))
    world.until(lambda: world.numbers("b") == [5])
    assert [letter.reason for letter in world.recorder.dead] == [Fate.POISON]


def test_a_crashed_turn_sends_nothing_and_makes_one_dead_letter(world: World) -> None:
    world.start(world.probe("a"), world.probe("b"))
    steps = (Say("b", Work(2)), Later(0, Work(3)), Crash())
    world.tell("a", Work(1, steps), Work(4, (Say("b", Work(5)),)))
    world.until(lambda: world.numbers("b") == [5])
    assert world.numbers("a") == [4]
    assert world.fates() == [(1, "poison")]


def _pass_on(probe: Probe) -> None:
    assert probe.envelope is not None
    message = probe.envelope.message
    assert isinstance(message, Work)
    if message.number:
        other = "b" if probe.me.name == "a" else "a"
        probe.tell(probe.find(other), Work(message.number - 1, message.steps))


@pytest.mark.parametrize("dispatchers", [(None, None), ("d", "e"), ("d", None)])
def test_nobody_sleeps_through_a_message_that_comes_as_it_falls_asleep(
    threads: World, often: None, dispatchers: tuple[str | None, str | None]
) -> None:
    first, second = dispatchers
    threads.start(threads.probe("a", dispatcher=first), threads.probe("b", dispatcher=second))
    threads.tell("a", Work(2_000, (Call(_pass_on),)))
    threads.until(lambda: 0 in threads.numbers("a"))


def test_of_what_waits_at_an_address_that_ends_only_what_others_sent_is_a_dead_letter() -> None:
    """An order's actor ends while a timer of its own has just rung: nobody misses that."""
    runtime = VirtualRuntime(1)
    address = runtime.find("a")
    for number, life in ((1, None), (2, object())):
        envelope = Envelope(Work(number), number, number, None, None, None, 0, life=life)
        runtime.deliver(address, envelope)
    runtime.close(address, Fate.RETIRED)
    assert [letter.envelope.message_id for letter in runtime.dead_letters()] == [1]
