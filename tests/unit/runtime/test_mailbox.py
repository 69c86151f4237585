"""The mailbox by itself: lanes and places, closing under load, and nobody asleep beside mail."""

import queue
import sys
import threading
from collections.abc import Hashable, Iterator
from typing import ClassVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.runtime.mailbox import Mailbox
from zoe.runtime.message import DeadLetter, Envelope, Fate, Lane, Message
from zoe.runtime.virtual import VirtualRuntime

PRODUCERS = 4
EACH = 3_000


@attrs.frozen
class Ordered(Message):
    number: int


@attrs.frozen
class Control(Message):
    lane: ClassVar[Lane] = Lane.CONTROL
    number: int


@attrs.frozen
class Latest(Message):
    lane: ClassVar[Lane] = Lane.LATEST
    number: int
    name: int

    @property
    def key(self) -> Hashable:
        return self.name


@attrs.frozen
class Several(Message):
    """What holds several things, of which each is replaced by a newer one of its own."""

    lane: ClassVar[Lane] = Lane.LATEST
    values: dict[str, int]

    def over(self, older: "Several") -> "Several":
        return Several({**older.values, **self.values})


Some = Ordered | Control | Latest


def wrap(message: Message, number: int = 0, life: object = None) -> Envelope:
    return Envelope(message, number, number, None, None, None, number, life)


def number_of(envelope: Envelope | None) -> int:
    assert envelope is not None and isinstance(envelope.message, Some)
    return envelope.message.number


class Model:
    """What a mailbox is, in lists."""

    def __init__(self) -> None:
        self.control: list[int] = []
        self.line: list[tuple[int | None, int]] = []

    def put(self, message: Some) -> None:
        match message:
            case Control(number):
                self.control.append(number)
            case Ordered(number):
                self.line.append((None, number))
            case Latest(number, name):
                for index, (known, _) in enumerate(self.line):
                    if known == name:
                        self.line[index] = (name, number)
                        return
                self.line.append((name, number))

    def take(self, holding: bool) -> int | None:
        if self.control:
            return self.control.pop(0)
        if holding or not self.line:
            return None
        return self.line.pop(0)[1]


numbers = st.integers(0, 10**6)
messages = (
    st.builds(Ordered, numbers)
    | st.builds(Control, numbers)
    | st.builds(Latest, numbers, st.integers(0, 2))
)


@given(st.lists(messages | st.sampled_from(("take", "take holding")), max_size=60))
def test_a_mailbox_does_what_its_model_does(script: list[Some | str]) -> None:
    mailbox, model = Mailbox(), Model()
    for step in script:
        if isinstance(step, str):
            taken = mailbox.take(holding=step == "take holding")
            expected = model.take(step == "take holding")
            assert (None if taken is None else number_of(taken)) == expected
        else:
            assert mailbox.put(wrap(step))
            model.put(step)
        assert len(mailbox) == len(model.control) + len(model.line)
    rest = model.control + [number for _, number in model.line]
    assert [number_of(envelope) for envelope in mailbox.drain()] == rest


def test_mail_that_comes_together_wakes_once_and_what_has_no_room_is_dead() -> None:
    runtime, calls, dead = VirtualRuntime(1), list[int](), list[DeadLetter]()
    runtime.watch(dead.append)
    box = runtime.find("small").mailbox
    box.capacity, box.refuse = 2, True
    box.reader.asleep = True
    box.reader.notify = lambda: calls.append(len(box))
    mail = [Latest(1, 7), Control(2), Latest(3, 7), Ordered(4), Ordered(5), Latest(6, 8)]
    runtime.post_all(runtime.find("small"), mail)
    assert calls == [1]
    assert [number_of(letter.envelope) for letter in dead] == [5, 6]
    assert [number_of(box.take(holding=False)) for _ in range(3)] == [2, 3, 4]


def test_what_holds_several_things_keeps_those_that_only_the_older_one_had() -> None:
    mailbox = Mailbox()
    told = [Several({"a": 1, "b": 1}), Ordered(7), Several({"b": 2, "c": 2}), Several({"c": 3})]
    assert all(mailbox.put(wrap(message)) for message in told)
    first, second = mailbox.drain()
    assert first.message == Several({"a": 1, "b": 2, "c": 3})
    assert number_of(second) == 7
    assert mailbox.replaced == 2


def test_messages_that_come_together_go_where_the_address_says() -> None:
    runtime, heard = VirtualRuntime(1), list[Message]()
    runtime.endpoint("deaf", lambda envelope: heard.append(envelope.message))
    runtime.post_all(runtime.find("deaf"), [Ordered(1), Ordered(2)])
    assert heard == [Ordered(1), Ordered(2)]
    runtime.post_all(runtime.find("later"), [Ordered(3), Latest(4, 1), Latest(5, 1)])
    waiting = runtime.find("later").mailbox.drain()
    assert [number_of(envelope) for envelope in waiting] == [3, 5]
    assert len({envelope.correlation_id for envelope in waiting}) == 2


def test_a_tick_of_the_past_does_not_take_the_place_of_one_of_the_present() -> None:
    mailbox = Mailbox()
    mailbox.put(wrap(Latest(1, 0), life=("now", None)))
    mailbox.put(wrap(Latest(2, 0), life=("before", None)))
    assert [number_of(envelope) for envelope in mailbox.drain()] == [1, 2]


def test_the_oldest_is_the_one_that_waits_longest_in_any_lane() -> None:
    mailbox = Mailbox()
    assert mailbox.oldest_ns() is None
    mailbox.put(wrap(Ordered(1), 20))
    mailbox.put(wrap(Control(2), 10))
    assert mailbox.oldest_ns() == 10
    mailbox.take(holding=False)
    assert mailbox.oldest_ns() == 20
    mailbox.take(holding=False)
    mailbox.put(wrap(Latest(3, 0), 30))
    mailbox.put(wrap(Latest(4, 0), 40))
    assert mailbox.oldest_ns() == 40


def test_the_alarm_comes_once_until_the_line_has_halved() -> None:
    mailbox, alarms = Mailbox(4), list[int]()
    mailbox.alarm = alarms.append
    for number in range(8):
        mailbox.put(wrap(Ordered(number)))
    assert alarms == [4]
    for _ in range(7):
        mailbox.take(holding=False)
    for number in range(8):
        mailbox.put(wrap(Ordered(number)))
    assert alarms == [4, 4]


@pytest.fixture
def often() -> Iterator[None]:
    """Threads that are switched between every few calls, so that they meet in narrow places."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def close_under_load(count: int) -> None:
    """Producers send all the time, while one reader takes some and the address is closed."""
    runtime = VirtualRuntime(1)
    address = runtime.find("a")
    begin = threading.Barrier(PRODUCERS + 1)

    def produce(producer: int) -> None:
        begin.wait(60)
        # Half of them look the name up anew: mail for it waits for whoever is called so next.
        to = runtime.find("a") if producer % 2 else address
        for number in range(count):
            runtime.post(to, Ordered(number) if number % 3 else Control(number))

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    begin.wait(60)
    handled = 0
    while handled < 200:
        handled += address.mailbox.take(holding=False) is not None
    runtime.close(address, Fate.RETIRED)
    for producer in producers:
        producer.join(60)
    waiting = len(runtime.find("a").mailbox)
    assert handled + runtime.dead_count + waiting == PRODUCERS * count
    assert len(address.mailbox) == 0, "nothing may stay behind in a closed mailbox"


def test_closing_under_load_loses_nothing(often: None) -> None:
    """Stock pykka lost 2.3 million messages in 300 stops under load."""
    for _ in range(15):
        close_under_load(EACH // 4)


def test_closing_an_address_again_leaves_its_namesake_alone() -> None:
    runtime = VirtualRuntime(1)
    old = runtime.find("a")
    runtime.close(old, Fate.RETIRED)
    new = runtime.find("a")
    runtime.close(old, Fate.RETIRED)
    assert new is not old
    assert runtime.find("a") is new


def test_two_that_drain_share_the_mail_and_fail_at_nothing() -> None:
    mailbox = Mailbox()
    for number in range(20_000):
        mailbox.put(wrap(Ordered(number) if number % 3 else Latest(number, number)))
    found: list[list[Envelope]] = []
    drainers = [
        threading.Thread(target=lambda: found.append(mailbox.drain())) for _ in range(PRODUCERS)
    ]
    for drainer in drainers:
        drainer.start()
    for drainer in drainers:
        drainer.join(60)
    assert sorted(number_of(e) for part in found for e in part) == list(range(20_000))


def test_what_is_replaced_while_it_is_taken_is_lost_to_nobody(often: None) -> None:
    """Each message brings one thing; what took another's place has to bring that one's, too."""
    mailbox, begin = Mailbox(), threading.Barrier(PRODUCERS + 1)

    def produce(producer: int) -> None:
        begin.wait(60)
        for number in range(EACH):
            mailbox.put(wrap(Several({f"{producer} {number}": number})))

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    begin.wait(60)
    found: list[str] = []
    while any(producer.is_alive() for producer in producers) or len(mailbox):
        envelope = mailbox.take(holding=False)
        if envelope is not None:
            assert isinstance(envelope.message, Several)
            found += envelope.message.values
    assert len(found) == len(set(found)) == PRODUCERS * EACH
    assert mailbox.replaced


def test_whoever_takes_what_is_just_being_replaced_gets_the_newer_one() -> None:
    mailbox, taken = Mailbox(), list[Envelope | None]()
    reader = threading.Thread(target=lambda: taken.append(mailbox.take(holding=False)))

    class Slow(Latest):
        def over(self, older: Message) -> "Slow":
            reader.start()
            while len(mailbox):  # until the reader has what stands in the line for both
                reader.join(0.001)
            return self

    mailbox.put(wrap(Slow(1, 0)))
    mailbox.put(wrap(Slow(2, 0)))
    reader.join(60)
    assert [number_of(envelope) for envelope in taken] == [2]
    assert mailbox.take(holding=False) is None


@pytest.mark.parametrize("latest", [False, True])
def test_nobody_sleeps_beside_mail(latest: bool) -> None:
    """Four producers, and a reader that sleeps whenever it can, as a cell's thread does."""
    mailbox = Mailbox()
    wake: queue.SimpleQueue[None] = queue.SimpleQueue()
    reader = mailbox.reader
    reader.notify = lambda: wake.put(None)

    def produce(first: int) -> None:
        for number in range(first * EACH, (first + 1) * EACH):
            message = Latest(number, number % 7) if latest and number % 2 else Ordered(number)
            mailbox.put(wrap(message))

    producers = [threading.Thread(target=produce, args=(n,)) for n in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    taken: list[int] = []
    slept = 0
    while len(taken) + mailbox.replaced < PRODUCERS * EACH:
        envelope = mailbox.take(holding=False)
        if envelope is None:
            reader.asleep = True
            envelope = mailbox.take(holding=False)
        if envelope is None:
            slept += 1
            if len(taken) + mailbox.replaced < PRODUCERS * EACH:
                wake.get(timeout=60)  # Empty means that it slept beside mail
        else:
            taken.append(number_of(envelope))
    for producer in producers:
        producer.join(60)
    for first in range(PRODUCERS):
        own = [n for n in taken if n // EACH == first and not (latest and n % 2)]
        assert own == sorted(own)
    if not latest:
        assert len(taken) == PRODUCERS * EACH
    assert slept <= PRODUCERS * EACH
