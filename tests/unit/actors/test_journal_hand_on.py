"""What the Journal hands on behind rows that others recorded."""

from journal import Fate, FaultyJournal, MemoryJournal
from journal_stage import ACCOUNT, STREAM, Stage, memory

from zoe.messages.journal import HandOn, Record, Recorded, Row
from zoe.messages.system import Tick


def slow() -> Stage:
    """A Journal whose commits take 50 ms from here on."""
    stage = Stage(memory())
    stage.run(1)
    stage.latency_ns = 50_000_000
    return stage


def hand_on(stage: Stage, name: str, stream: str = STREAM) -> None:
    stage.runtime.find("journal").tell(HandOn(stream, ((stage.me, Tick(name)),)))


def record(stage: Stage, name: str) -> None:
    """A row with a parcel of its own."""
    stage.version += 1
    row = Row(STREAM, stage.version, "test.row", "{}")
    parcels = ((stage.me, Tick(name)),)
    stage.runtime.find("journal").tell(Record((row,), stage.version, None, parcels))


def told(stage: Stage) -> list[str]:
    return [news.name for news in stage.said if isinstance(news, Tick)]


def test_where_nothing_is_under_way_it_is_handed_on_at_once() -> None:
    stage = Stage(FaultyJournal(memory(), [Fate.DONE] * 1 + [Fate.FAILED] * 1_000))
    stage.run(1)
    hand_on(stage, "late")
    stage.run(0.01)
    assert told(stage) == ["late"]


def test_it_waits_for_the_rows_that_are_under_way_and_goes_ahead_of_what_was_theirs() -> None:
    stage = slow()
    record(stage, "known")
    stage.run(0.01)
    hand_on(stage, "leaves")
    stage.run(0.01)
    assert told(stage) == []
    stage.run()
    assert told(stage) == ["leaves", "known"]


def test_behind_rows_that_wait_for_the_next_commit_it_waits_for_that_one() -> None:
    stage = slow()
    record(stage, "first")
    stage.run(0.01)
    record(stage, "second")
    stage.run(0.01)
    hand_on(stage, "leaves")
    stage.run(0.05)
    assert told(stage) == ["first"]
    stage.run()
    assert told(stage) == ["first", "leaves", "second"]


def test_a_store_that_fails_keeps_it_back_until_the_rows_are_durable() -> None:
    store = MemoryJournal(ACCOUNT)
    stage = Stage(FaultyJournal(store, [Fate.DONE] + [Fate.FAILED] * 5))
    stage.record()
    stage.run(0.01)
    hand_on(stage, "leaves")
    stage.run(0.2)
    assert (told(stage), store.rows) == ([], [])
    stage.run()
    assert told(stage) == ["leaves"]
    assert Recorded(1) in stage.said


def test_it_does_not_wait_for_what_others_have_recorded_since() -> None:
    stage = slow()
    record(stage, "known")
    stage.run(0.01)
    other = Record((Row("another", 1, "test.row", "{}"),), 1, None, ((stage.me, Tick("other")),))
    stage.runtime.find("journal").tell(other)
    hand_on(stage, "leaves")
    stage.run(0.05)
    assert told(stage) == ["leaves", "known"]
    stage.run()
    assert told(stage) == ["leaves", "known", "other"]


def test_of_what_is_recorded_nowhere_it_is_handed_on_at_once() -> None:
    stage = slow()
    record(stage, "known")
    hand_on(stage, "leaves", "nowhere")
    stage.run(0.01)
    assert told(stage) == ["leaves"]
