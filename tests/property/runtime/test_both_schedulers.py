"""The runtime's properties, each on OS threads and in virtual time."""

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs
import pytest

from zoe.runtime.actor import Actor
from zoe.runtime.address import Address, AskFailed, AskTimeout
from zoe.runtime.message import Fate, Lane, Message
from zoe.runtime.offload import Outcome
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime
from zoe.runtime.virtual import VirtualRuntime

PATIENCE_SECONDS = 10


@attrs.frozen
class Note(Message):
    number: int


@attrs.frozen
class Newest(Message):
    lane = Lane.LATEST
    name: str
    number: int

    @property
    def key(self) -> str:
        return self.name


@attrs.frozen
class Urgent(Message):
    lane = Lane.CONTROL
    number: int


@attrs.frozen
class Explode(Message):
    pass


@attrs.frozen
class Question(Message):
    text: str


@attrs.frozen
class Answer(Message):
    text: str


@attrs.frozen
class Came(Message):
    outcome: Outcome[int]


class Recorder:
    """What actors did, seen from outside; survives their crashes."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.grew = threading.Condition()

    def add(self, thing: Any) -> None:
        with self.grew:
            self.seen.append(thing)
            self.grew.notify_all()


class Probe(Actor):
    """Writes down all it handles; does what it is told to."""

    def __init__(self, recorder: Recorder, held: bool = False) -> None:
        self.recorder = recorder
        self.held = held

    def on_start(self) -> None:
        self.recorder.add(("start", self.me.name, self.incarnation))
        if self.held:
            self.hold()

    def handle(self, message: Message) -> None:
        assert self.envelope is not None
        match message:
            case Explode():
                self.tell(self.find("sink"), Note(666))
                raise RuntimeError("told to")
            case Question("late"):
                self.after(1, Answer("never"))
            case Question("poison"):
                raise RuntimeError("poisoned question")
            case Question("offload"):
                self.offload(lambda: 7, Came, lane="work")
            case Question("timer"):
                self.after(0.01, Note(99))
            case Question("relay"):
                self.tell(self.find("sink"), Note(5))
            case Question("release"):
                self.release()
            case Question():
                self.reply(Answer(message.text))
            case _:
                self.recorder.add((self.me.name, message, attrs.evolve(self.envelope)))

    def on_stop(self) -> None:
        self.recorder.add(("stop", self.me.name, self.incarnation))


class World:
    """One scheduler with its recorder, and a way to wait on it."""

    def __init__(self, runtime: ThreadRuntime | VirtualRuntime) -> None:
        self.runtime = runtime
        self.recorder = Recorder()
        self.dead: list[Any] = []
        runtime.watch(self._died)

    def _died(self, letter: Any) -> None:
        with self.recorder.grew:
            self.dead.append(letter)
            self.recorder.grew.notify_all()

    def start(self, *tree: Child | Group) -> None:
        self.runtime.root(tree)
        count = len([c for g in tree for c in (g.children if isinstance(g, Group) else (g,))])
        self.until(lambda: len(self.events("start")) >= count)

    def probe(self, name: str, **options: Any) -> Child:
        return Child(name, partial(Probe, self.recorder), **options)

    def tell(self, name: str, message: Message) -> int:
        return self.runtime.find(name).tell(message)

    def until(self, true: Callable[[], bool]) -> None:
        if isinstance(self.runtime, VirtualRuntime):
            for _ in range(20_000):
                if true():
                    return
                self.runtime.run_for(0.005)
            raise AssertionError(f"never came true: {self.recorder.seen}")
        with self.recorder.grew:
            came = self.recorder.grew.wait_for(true, PATIENCE_SECONDS)
        assert came, f"never came true: {self.recorder.seen}"

    def events(self, kind: str) -> list[tuple[str, int]]:
        return [(e[1], e[2]) for e in self.recorder.seen if e[0] == kind]

    def notes(self, name: str) -> list[int]:
        return [e[1].number for e in self.recorder.seen if e[0] == name and isinstance(e[1], Note)]

    def end(self) -> int | None:
        self.runtime.shutdown(0)
        if isinstance(self.runtime, VirtualRuntime):
            self.runtime.run_for(60)
            return self.runtime.code
        return self.runtime.wait(PATIENCE_SECONDS)


@pytest.fixture(params=["threads", "virtual"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    runtime = ThreadRuntime(seed=1) if request.param == "threads" else VirtualRuntime(seed=1)
    made = World(runtime)
    yield made
    made.runtime.shutdown(0)


def test_mail_is_handled_in_the_order_it_was_sent(world: World) -> None:
    world.start(world.probe("a"))
    for number in range(500):
        world.tell("a", Note(number))
    world.until(lambda: len(world.notes("a")) == 500)
    assert world.notes("a") == list(range(500))


def test_mail_sent_before_an_actor_lives_waits_for_it(world: World) -> None:
    world.tell("a", Note(1))
    world.start(world.probe("a"))
    world.until(lambda: world.notes("a") == [1])


def test_a_crashed_turn_sends_nothing_and_makes_one_dead_letter(world: World) -> None:
    world.start(world.probe("a"), world.probe("sink"))
    poison = world.tell("a", Explode())
    world.tell("a", Note(1))
    world.until(lambda: world.notes("a") == [1])
    letters = [(d.envelope.message_id, d.reason) for d in world.dead]
    assert letters == [(poison, Fate.POISON)]
    assert world.notes("sink") == []


def test_everything_behind_the_poison_is_handled_by_the_successor_in_order(world: World) -> None:
    world.start(world.probe("a"))
    for number in range(100):
        world.tell("a", Explode() if number == 50 else Note(number))
    world.until(lambda: len(world.notes("a")) == 99)
    assert world.notes("a") == [n for n in range(100) if n != 50]
    assert world.events("start") == [("a", 1), ("a", 2)]


def test_every_accepted_message_has_exactly_one_fate(world: World) -> None:
    world.start(world.probe("a", intensity=1000), world.probe("b"))
    group_budget = 4
    sent = []
    for number in range(400):
        crash = number % 100 == 99 and number // 100 < group_budget
        sent.append(world.tell("a", Explode() if crash else Note(number)))
    world.until(lambda: len(world.notes("a")) + len(world.dead) == 400)
    handled = [e[2].message_id for e in world.recorder.seen if e[0] == "a"]
    buried = [d.envelope.message_id for d in world.dead]
    assert sorted(handled + buried) == sorted(sent)


def test_control_mail_overtakes_and_the_newest_of_a_key_replaces(world: World) -> None:
    world.tell("a", Note(1))
    world.tell("a", Newest("x", 1))
    world.tell("a", Note(2))
    world.tell("a", Newest("x", 2))
    world.tell("a", Urgent(0))
    world.start(world.probe("a"))
    world.until(lambda: len([e for e in world.recorder.seen if e[0] == "a"]) == 4)
    seen = [e[1] for e in world.recorder.seen if e[0] == "a"]
    assert seen == [Urgent(0), Note(1), Newest("x", 2), Note(2)]


def test_a_holding_actor_hears_control_mail_only_until_it_releases(world: World) -> None:
    world.start(Child("a", partial(Probe, world.recorder, held=True)))
    world.tell("a", Note(1))
    world.tell("a", Note(2))
    world.tell("a", Urgent(3))
    world.until(lambda: any(e[1] == Urgent(3) for e in world.recorder.seen))
    assert world.notes("a") == []


def test_overflow_is_refused_and_visible(world: World) -> None:
    world.start(
        Child("a", partial(Probe, world.recorder, held=True), capacity=10, overflow="refuse")
    )
    world.start(world.probe("b"))
    fates = []
    world.runtime.find("c").mailbox.refuse = True
    world.runtime.find("c").mailbox.capacity = 2
    for number in range(5):
        world.tell("c", Note(number))
    fates = [d.reason for d in world.dead]
    assert fates == [Fate.OVERFLOW] * 3


def test_causation_is_the_message_being_handled_and_correlation_is_inherited(world: World) -> None:
    world.start(world.probe("a"), world.probe("sink"))
    for kind, place in (("relay", "sink"), ("timer", "a"), ("offload", "a")):
        world.recorder.seen.clear()
        cause = world.tell("a", Question(kind))
        world.until(lambda: bool(world.recorder.seen))
        name, _, envelope = world.recorder.seen[-1]
        assert name == place
        assert envelope.causation_id == cause
        assert envelope.correlation_id == cause


def test_an_ask_is_answered_failed_or_timed_out_and_never_left_hanging(world: World) -> None:
    world.start(world.probe("a"))
    address: Address = world.runtime.find("a")
    assert address.ask(Question("hello"), timeout_seconds=5) == Answer("hello")
    with pytest.raises(AskFailed, match="poisoned"):
        address.ask(Question("poison"), timeout_seconds=5)
    with pytest.raises(AskTimeout):
        address.ask(Question("late"), timeout_seconds=0.05)


class Nosy(Actor):
    """Asks inside a turn, which is forbidden."""

    def handle(self, message: Message) -> None:
        self.find("a").ask(Question("x"), timeout_seconds=1)


def test_asking_inside_a_turn_is_an_assertion(world: World) -> None:
    world.start(world.probe("a"))
    world.runtime.root((Child("nosy", Nosy),))
    world.tell("nosy", Note(1))
    world.tell("a", Note(2))
    world.until(lambda: bool(world.dead) and world.notes("a") == [2])
    assert "edges" in (world.dead[0].error or "")


def test_no_timer_tick_reaches_another_incarnation(world: World) -> None:
    world.start(world.probe("a"))
    world.tell("a", Question("timer"))
    world.tell("a", Explode())
    world.tell("a", Question("timer"))
    world.until(lambda: 99 in world.notes("a"))
    world.tell("a", Note(1))
    world.until(lambda: 1 in world.notes("a"))
    assert world.notes("a").count(99) == 1


def test_rest_for_one_restarts_the_later_siblings_in_order_and_stops_in_reverse(
    world: World,
) -> None:
    members = tuple(world.probe(name) for name in "abc")
    world.start(Group("g", members, strategy="rest_for_one"))
    world.tell("b", Explode())
    world.until(lambda: ("c", 2) in world.events("start"))
    assert world.events("start") == [("a", 1), ("b", 1), ("c", 1), ("b", 2), ("c", 2)]
    assert world.events("stop") == [("c", 1)]


def test_an_ordered_stop_goes_in_reverse_and_exits_0(world: World) -> None:
    world.start(Group("g", tuple(world.probe(n) for n in "ab")), world.probe("c"))
    assert world.end() == 0
    assert [name for name, _ in world.events("stop")] == ["c", "b", "a"]


def test_a_spent_budget_ends_with_70(world: World) -> None:
    world.start(Group("g", (world.probe("a"),), intensity=3, period_seconds=60))
    for _ in range(4):
        world.tell("a", Explode())
    if isinstance(world.runtime, VirtualRuntime):
        world.runtime.run_for(30)
        assert world.runtime.code == 70
    else:
        assert world.runtime.wait(PATIENCE_SECONDS) == 70
    assert [i for _, i in world.events("start")] == [1, 2, 3, 4]


class Parent(Probe):
    """Starts a child for each note."""

    def handle(self, message: Message) -> None:
        if isinstance(message, Note):
            child = partial(Probe, self.recorder)
            self.tell(self.spawn(Child(f"n{message.number}", child)), message)
        else:
            super().handle(message)


def test_children_end_with_their_parent_and_their_mail_waits_for_successors(world: World) -> None:
    world.start(Child("p", partial(Parent, world.recorder)))
    world.tell("p", Note(1))
    world.until(lambda: world.notes("p/n1") == [1])
    world.tell("p", Explode())
    world.until(lambda: ("p", 2) in world.events("start"))
    world.tell("p/n1", Note(2))
    world.tell("p", Note(3))
    world.tell("p", Note(1))
    world.until(lambda: set(world.notes("p/n1")) == {1, 2} and world.notes("p/n3") == [3])


def test_the_same_seed_gives_the_same_digest() -> None:
    def digest(seed: int) -> str:
        world = World(VirtualRuntime(seed))
        world.start(world.probe("a"), world.probe("sink"), world.probe("b"))
        for number in range(30):
            world.tell("a", Question("relay"))
            world.tell("b", Note(number))
            if number == 10:
                world.tell("a", Explode())
        assert isinstance(world.runtime, VirtualRuntime)
        world.runtime.run_for(5)
        return world.runtime.digest()

    assert digest(3) == digest(3)
    assert digest(3) != digest(4)
