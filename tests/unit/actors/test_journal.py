"""The Journal on a store that fails, loses answers, or is somebody else's."""

from collections.abc import Sequence

import attrs
import pytest
from journal import Fate, FaultyJournal, MemoryJournal, MemoryNotes
from journal_stage import ACCOUNT, STREAM, Stage, memory, versions

from zoe.actors import journal
from zoe.actors.journal import CANCEL_NOTED
from zoe.messages.journal import Hydrated, Record, Recorded, Row, StoreCameBack, StoreWentDown
from zoe.messages.system import Beat, Tick
from zoe.ports.journal import JournalRow, NotedCancel
from zoe.runtime.actor import Actor
from zoe.runtime.message import Message
from zoe.runtime.supervisor import Child


def test_rows_are_durable_before_anyone_hears_of_it() -> None:
    store = memory()
    stage = Stage(store)
    stage.record(3)
    seen: list[list[int]] = []
    stage.runtime.endpoint("asker", lambda envelope: seen.append(versions(store)))
    stage.run()
    assert seen == [[1, 2, 3]]


class Groups(MemoryJournal):
    """A store that counts the rows of each commit."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT)
        self.sizes: list[int] = []

    def append(self, rows: Sequence[JournalRow]) -> None:
        self.sizes.append(len(rows))
        super().append(rows)


def groups(requests: int, rows: int = 1) -> list[int]:
    """The sizes of the commits that follow a first one, during which all this arrives."""
    store = Groups()
    stage = Stage(store)
    stage.run(1)
    stage.record()
    stage.run(0.000_5)  # it is under way now
    for _ in range(requests):
        stage.record(rows)
    stage.run()
    assert [m.ref for m in stage.said if isinstance(m, Recorded)][-1] == stage.version
    return store.sizes[1:]


def test_what_arrives_during_a_commit_is_the_next_group() -> None:
    assert groups(journal.GROUP_REQUESTS) == [journal.GROUP_REQUESTS]


def test_what_is_in_the_mailbox_already_shares_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "GROUP_REQUESTS", 4)
    for requests, sizes in ((3, [3]), (6, [4, 2])):
        store = Groups()
        stage = Stage(store)
        stage.run(1)
        for _ in range(requests):
            stage.record()
        stage.run()
        assert store.sizes == sizes


def test_of_a_crowd_one_half_is_written_while_the_other_hears_of_its_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "GROUP_REQUESTS", 4)
    assert groups(30) == [15, 7, 4, 4]


def test_a_group_does_not_grow_beyond_what_one_statement_should_carry(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "GROUP_ROWS", 10)
    assert groups(5, rows=4) == [12, 8]


def test_a_record_without_reply_to_is_written_and_nobody_is_told() -> None:
    store = memory()
    stage = Stage(store)
    stage.record(answered=False)
    assert versions(store) == []
    stage.run()
    assert (versions(store), stage.said) == ([1], [])


def test_numbers_go_on_where_the_store_ended() -> None:
    ids = (7, 7, None, None)
    before = JournalRow(41, ACCOUNT, "other", 1, "x", 1, *ids, "{}")
    store = memory(before)
    stage = Stage(store)
    stage.record(2)
    stage.run()
    assert [row.seq for row in store.rows] == [41, 42, 43]


def test_a_read_is_answered_behind_the_writes_that_were_queued_before_it() -> None:
    stage = Stage(memory())
    stage.record(2)
    stage.hydrate(7)
    stage.record()
    stage.hydrate(8, stream=STREAM, last=True)
    stage.hydrate(9, stream="other")
    stage.run()
    answers = {m.ref: [r.version for r in m.rows] for m in stage.said if isinstance(m, Hydrated)}
    assert answers == {7: [1, 2], 8: [3], 9: []}


def test_parcels_are_handed_on_in_their_order_once_the_rows_are_durable() -> None:
    store = FaultyJournal(memory(), [Fate.DONE] + [Fate.FAILED] * 5)
    stage = Stage(store)
    journal = stage.runtime.find("journal")
    for version in (1, 2):
        parcels = tuple((stage.me, Tick(name, version)) for name in ("first", "second"))
        journal.tell(Record((Row(STREAM, version, "test.row", "{}"),), version, None, parcels))
    stage.run(0.2)
    assert stage.said == []
    stage.run()
    told = [(m.ref, m.name) for m in stage.said if isinstance(m, Tick)]
    assert told == [(1, "first"), (1, "second"), (2, "first"), (2, "second")]


def test_a_commit_that_failed_is_tried_again_and_the_watchers_know() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.DONE, Fate.FAILED, Fate.FAILED]))
    stage.record(2)
    stage.run()
    assert versions(store) == [1, 2]
    assert stage.said == [Recorded(2)]
    assert [type(news) for news in stage.news] == [StoreWentDown, StoreCameBack]


def test_a_commit_whose_answer_was_lost_is_not_written_twice() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.DONE, Fate.ANSWER_LOST, Fate.ANSWER_LOST]))
    stage.record(2)
    stage.run()
    assert versions(store) == [1, 2]
    assert stage.said == [Recorded(2)]


def test_mail_that_comes_while_the_store_is_down_does_not_hurry_the_next_try() -> None:
    store = FaultyJournal(memory(), [Fate.DONE] + [Fate.FAILED] * 1_000)
    stage = Stage(store)
    stage.hydrate()
    stage.run(20)
    alone = store.calls
    other = FaultyJournal(memory(), [Fate.DONE] + [Fate.FAILED] * 1_000)
    crowded = Stage(other)
    crowded.hydrate()
    for _ in range(200):
        crowded.run(0.1)
        crowded.record()
    assert other.calls <= alone + 1
    other.fates.clear()
    crowded.run()
    assert crowded.said[1:] == [Recorded(n) for n in range(1, 201)]


def test_a_store_that_is_down_at_the_start_is_waited_for() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.FAILED] * 20))
    stage.record()
    stage.run(5)
    assert versions(store) == []
    assert stage.beats[-1].status == "down"
    stage.run()
    assert versions(store) == [1]
    assert stage.beats[-1].status == "ok"


def test_a_store_that_does_not_answer_counts_as_down_until_it_does() -> None:
    store = memory()
    stage = Stage(store)
    stage.run(1)
    stage.latency_ns = 7_000_000_000
    stage.record()
    stage.run(5)
    assert [type(news) for news in stage.news] == [StoreWentDown]
    assert stage.beats[-1].status == "down"
    assert stage.said == []
    stage.latency_ns = 1_000_000
    stage.run(5)
    assert [type(news) for news in stage.news] == [StoreWentDown, StoreCameBack]
    assert stage.beats[-1].status == "ok"
    assert stage.said == [Recorded(1)]
    assert versions(store) == [1]


def test_a_store_that_fails_after_a_silence_is_down_until_it_answers() -> None:
    stage = Stage(FaultyJournal(memory(), [Fate.DONE, Fate.ANSWER_LOST]))
    stage.run(1)
    stage.latency_ns = 7_000_000_000
    stage.record()
    stage.run(6)
    stage.latency_ns = 1_000_000
    stage.run(30)
    assert type(stage.news[-1]) is StoreCameBack
    assert stage.said == [Recorded(1)]


def test_a_store_that_fails_is_noticed_though_nobody_writes() -> None:
    store = FaultyJournal(memory())
    stage = Stage(store)
    stage.run(10)
    store.fates[:] = [Fate.FAILED] * 1_000
    stage.run(2.1)
    assert [type(news) for news in stage.news] == [StoreWentDown]
    store.fates.clear()
    stage.run(10)
    assert [type(news) for news in stage.news] == [StoreWentDown, StoreCameBack]


def test_a_slow_store_is_not_down() -> None:
    stage = Stage(memory(), latency_ns=1_500_000_000)
    stage.record()
    stage.run()
    assert stage.news == []


def test_another_writer_ends_the_process_with_70() -> None:
    store = memory()
    stage = Stage(store)
    stage.record()
    stage.run()
    ids = (7, 7, None, None)
    store.append([JournalRow(2, ACCOUNT, "other", 1, "x", 1, *ids, "{}")])
    stage.record()
    stage.run(0.000_5)
    stage.record()
    stage.run(5)
    assert stage.runtime.code == 70, "at once, not when it is found to hang"
    assert stage.said == [Recorded(1)]
    assert len(store.rows) == 2


def test_another_writer_is_found_also_behind_a_lost_answer() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.DONE, Fate.REQUEST_LOST]))
    stage.record()
    ids = (7, 7, None, None)
    stage.run(0.02)
    store.append([JournalRow(1, ACCOUNT, STREAM, 1, "x", 1, *ids, "{}")])
    stage.run()
    assert stage.runtime.code == 70
    assert stage.said == []


class Broken(MemoryJournal):
    """A store with a bug."""

    def append(self, rows: object) -> None:
        raise AssertionError("a row that the database will never take")


def test_a_bug_is_not_tried_again_but_ends_the_process() -> None:
    stage = Stage(Broken(ACCOUNT))
    stage.record()
    stage.run()
    assert stage.runtime.code == 70


# Where a row comes from


@attrs.frozen
class Poke(Message):
    pass


class Echo(Actor):
    """Records a row and pokes another, who then does the same."""

    def __init__(self, then: str | None) -> None:
        super().__init__()
        self._then = then

    def handle(self, message: Poke) -> None:
        rows = tuple(Row(self.me.name, n, "poked", "{}") for n in (1, 2))
        self.tell(self.find("journal"), Record(rows))
        if self._then is not None:
            self.tell(self.find(self._then), message)


def test_a_row_knows_its_cause_and_the_newest_row_that_led_to_it() -> None:
    store = memory()
    echoes = (Child("one", lambda: Echo("two")), Child("two", lambda: Echo(None)))
    stage = Stage(store, others=echoes)
    stage.run(1)
    root = stage.runtime.find("one").tell(Poke())
    stage.run()
    first, _, third, fourth = store.rows
    assert [row.anchor_seq for row in store.rows] == [None, None, 2, 2]
    assert {row.correlation_id for row in store.rows} == {root}
    assert first.causation_id == root
    assert third.causation_id not in (None, root)
    assert third.message_id == fourth.message_id > first.message_id


def test_a_row_has_the_time_at_which_it_was_asked_for_not_at_which_it_was_written() -> None:
    store = memory()
    stage = Stage(FaultyJournal(store, [Fate.DONE] + [Fate.FAILED] * 10))
    stage.record()
    stage.run(2)
    stage.record()  # waits behind the one that fails
    asked_ns = stage.runtime.clock.wall_ns()
    stage.run()
    assert abs(store.rows[1].at_ns - asked_ns) < 5_000_000


def test_memory_for_anchors_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "ANCHORS_KEPT", 10)
    stage = Stage(memory())
    for _ in range(100):
        stage.record()
    stage.run()
    actor = stage.runtime.find("journal").cell.life.actor
    assert len(actor._anchor_seq) == 10


def test_a_backlog_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "BACKLOG", 10)
    monkeypatch.setattr(journal, "GROUP_ROWS", 1)
    stage = Stage(memory())
    stage.run(1)
    for _ in range(2_000):
        stage.record()
    stage.run(1.5)
    assert stage.beats[-1].status == "degraded"
    stage.run()
    assert stage.beats[-1] == Beat("store", "ok", "seq 2000, 0 waiting")


# Cancels noted while the store was down


def noted(number: int) -> NotedCancel:
    return NotedCancel(number, "order/kraken:a/1", f"O{number}", "c1", number, 5, None)


def emergency(store: MemoryJournal) -> list[tuple[int, int]]:
    return [(r.version, r.message_id) for r in store.rows if r.kind == CANCEL_NOTED]


def test_cancels_noted_before_a_crash_are_journalled_at_the_next_start() -> None:
    store, notes = memory(), MemoryNotes()
    notes.cancels = [noted(1), noted(2)]
    Stage(store, notes=notes).run()
    assert emergency(store) == [(1, 1), (2, 2)]
    assert notes.cancels == []
    notes.note(noted(3))
    Stage(store, notes=notes).run()
    assert emergency(store) == [(1, 1), (2, 2), (3, 3)]


def test_cancels_noted_while_the_store_is_down_are_journalled_when_it_is_back() -> None:
    store, notes = memory(), MemoryNotes()
    stage = Stage(FaultyJournal(store, [Fate.DONE] + [Fate.FAILED] * 10), notes=notes)
    stage.record()
    stage.run(2)
    notes.note(noted(1))
    stage.run()
    assert emergency(store) == [(1, 1)]
    assert notes.cancels == []


def test_cancels_that_a_crash_kept_from_being_forgotten_are_journalled_once() -> None:
    store, notes = memory(), MemoryNotes()
    notes.cancels = [noted(1), noted(2)]
    Stage(store, notes=notes).run()
    notes.cancels = [noted(1), noted(2), noted(3)]
    Stage(store, notes=notes).run()
    notes.cancels = [noted(3)]
    Stage(store, notes=notes).run()
    assert emergency(store) == [(1, 1), (2, 2), (3, 3)]
    assert notes.cancels == []


def test_notes_that_cannot_be_read_hold_nothing_up() -> None:
    store, notes = memory(), MemoryNotes()
    notes.cancels, notes.broken = [noted(1)], True
    stage = Stage(store, notes=notes)
    stage.record()
    stage.run()
    assert stage.said == [Recorded(1)]
    assert stage.news == []
    assert notes.cancels == [noted(1)]
