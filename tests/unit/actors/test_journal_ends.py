"""The Journal at any moment: stopped, crashed, killed, with faults in any order."""

import attrs
from hypothesis import given
from hypothesis import strategies as st
from journal import Fate, FaultyJournal, MemoryJournal
from journal_stage import Stage, memory, versions

from zoe.messages.journal import Hydrated, Record, Recorded, Row, StoreCameBack, StoreWentDown
from zoe.runtime.actor import Actor
from zoe.runtime.message import Message
from zoe.runtime.supervisor import Child

# Stops and crashes


def test_an_ordered_stop_waits_until_all_is_durable() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.DONE, Fate.ANSWER_LOST, Fate.FAILED]))
    stage.record(2)
    stage.record()
    stage.run(0.02)
    assert stage.news, "it is down when it is asked to stop"
    stage.runtime.shutdown()
    stage.run()
    assert stage.runtime.code == 0
    assert versions(store) == [1, 2, 3]


def test_a_stop_while_the_store_stays_down_is_no_success() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.DONE] + [Fate.FAILED] * 1_000))
    stage.record()
    stage.run(3)
    stage.runtime.shutdown()
    stage.run()
    assert stage.runtime.code == 70
    assert versions(store) == []


def test_a_stop_with_nothing_to_write_does_not_wait_for_the_store() -> None:
    stage = Stage(FaultyJournal(memory(), [Fate.FAILED] * 1_000))
    stage.hydrate()
    stage.run(3)
    stage.runtime.shutdown()
    stage.run(1)
    assert stage.runtime.code == 0


@attrs.frozen
class Poke(Message):
    explode: bool = False


class Fragile(Actor):
    """Records one row for each poke, and may crash in the same turn."""

    def handle(self, message: Poke) -> None:
        row = Row("fragile", self.incarnation, "poked", "{}")
        self.tell(self.find("journal"), Record((row,)))
        if message.explode:
            raise RuntimeError("boom")


def test_what_an_actor_recorded_outlives_it_but_not_what_its_last_turn_wanted() -> None:
    store = memory()
    stage = Stage(store, others=(Child("fragile", Fragile),))
    fragile = stage.runtime.find("fragile")
    for explode in (False, True, False):
        fragile.tell(Poke(explode))
    stage.run()
    assert [(row.stream, row.version) for row in store.rows] == [("fragile", 1), ("fragile", 2)]


# Any order of events


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("record"), st.integers(1, 4)),
        st.tuples(st.just("hydrate"), st.just(0)),
        st.tuples(st.just("wait"), st.integers(0, 300)),
    ),
    max_size=30,
)
FATES = st.lists(st.sampled_from(Fate), max_size=30)


class Witness:
    """Plays steps and notes what must hold whenever something is heard."""

    def __init__(self, store: MemoryJournal, fates: list[Fate], seed: int) -> None:
        self.store = store
        self.faulty = FaultyJournal(store, fates)
        self.stage = Stage(self.faulty, seed=seed)
        self.expected: dict[int, int] = {}
        self.stage.runtime.endpoint("asker", lambda envelope: self._hear(envelope.message))

    def _hear(self, message: Message) -> None:
        match message:
            case Recorded(ref):
                assert ref in versions(self.store), "told of before it was durable"
            case Hydrated(ref, rows):
                assert len(rows) >= self.expected[ref], "a write queued before was overtaken"
        self.stage.said.append(message)

    def play(self, steps: list[tuple[str, int]]) -> None:
        for number, (step, amount) in enumerate(steps):
            if step == "record":
                self.stage.record(amount)
            elif step == "hydrate":
                self.expected[number] = self.stage.version
                self.stage.hydrate(number)
            else:
                self.stage.run(amount / 1_000)

    def recorded(self) -> list[int]:
        return [m.ref for m in self.stage.said if isinstance(m, Recorded)]


def check_rows(store: MemoryJournal, count: int) -> None:
    assert versions(store) == list(range(1, count + 1)), "in order, each once"
    assert [row.seq for row in store.rows] == list(range(1, count + 1)), "without gaps"


@given(STEPS, FATES, st.integers(0, 2**32))
def test_whatever_fails_every_row_is_written_once_in_order_and_everyone_is_answered(
    steps: list[tuple[str, int]], fates: list[Fate], seed: int
) -> None:
    witness = Witness(memory(), fates, seed)
    witness.play(steps)
    witness.stage.run(120)
    check_rows(witness.store, witness.stage.version)
    heard = witness.recorded()
    assert heard == sorted(set(heard))
    assert len(witness.stage.said) == sum(step in ("record", "hydrate") for step, _ in steps)
    kinds = [type(news) for news in witness.stage.news]
    assert kinds == [StoreWentDown, StoreCameBack] * (len(kinds) // 2)


@given(STEPS, FATES, st.integers(0, 2**32))
def test_a_stop_at_any_moment_loses_nothing_that_was_asked_for(
    steps: list[tuple[str, int]], fates: list[Fate], seed: int
) -> None:
    witness = Witness(memory(), fates[:8], seed)
    witness.play(steps)
    witness.stage.runtime.shutdown()
    witness.stage.run(120)
    assert witness.stage.runtime.code == 0
    check_rows(witness.store, witness.stage.version)


@given(STEPS, FATES, st.integers(0, 2**32), st.integers(0, 400))
def test_after_a_kill_at_any_moment_all_that_was_acknowledged_is_there(
    steps: list[tuple[str, int]], fates: list[Fate], seed: int, more: int
) -> None:
    witness = Witness(memory(), fates, seed)
    witness.play(steps)
    witness.stage.run(more / 1_000)
    witness.stage.runtime.kill()
    check_rows(witness.store, len(witness.store.rows))
    heard = witness.recorded()
    assert max(heard, default=0) <= len(witness.store.rows)
    successor = Stage(witness.store)
    successor.version = len(witness.store.rows)
    successor.record()
    successor.run()
    check_rows(witness.store, successor.version)
