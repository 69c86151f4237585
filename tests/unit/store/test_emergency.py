"""The emergency file: on the disk before a cancel leaves, and there after any crash."""

import errno
import os
import stat
import threading
from pathlib import Path

import attrs
import journal
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from zoe.domain.errors import ConfigError, StoreError
from zoe.ports.journal import EmergencyNotes, NotedCancel
from zoe.store.emergency import RESERVED_BYTES, EmergencyFile

CANCEL = NotedCancel(1, "order/kraken:a/1", "O1", "c1", 7, 5, None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "emergency.jsonl"


@pytest.fixture
def notes(path: Path) -> EmergencyFile:
    return EmergencyFile(path)


def test_the_file_and_the_fake_are_notes(notes: EmergencyFile) -> None:
    assert isinstance(notes, EmergencyNotes)
    assert isinstance(journal.MemoryNotes(), EmergencyNotes)


def test_what_was_noted_is_read_in_order_also_after_a_restart(
    notes: EmergencyFile, path: Path
) -> None:
    assert notes.read() == ()
    cancels = tuple(attrs.evolve(CANCEL, message_id=n, order_id=None) for n in range(50))
    for cancel in cancels:
        notes.note(cancel)
    assert EmergencyFile(path).read() == cancels


def test_only_its_owner_may_read_it(notes: EmergencyFile, path: Path) -> None:
    notes.note(CANCEL)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_room_is_reserved_and_what_is_noted_stays(notes: EmergencyFile, path: Path) -> None:
    notes.reserve()
    assert path.stat().st_blocks * 512 >= RESERVED_BYTES
    notes.note(CANCEL)
    notes.reserve()
    assert notes.read() == (CANCEL,)
    assert path.stat().st_size == RESERVED_BYTES


def test_more_is_taken_than_there_was_room_for(notes: EmergencyFile) -> None:
    notes.reserve()
    long = attrs.evolve(CANCEL, stream="x" * RESERVED_BYTES)
    notes.note(long)
    notes.note(CANCEL)
    assert notes.read() == (long, CANCEL)


def test_what_was_noted_since_is_not_forgotten(notes: EmergencyFile) -> None:
    notes.note(CANCEL)
    journalled = notes.read()
    later = attrs.evolve(CANCEL, message_id=8)
    notes.note(later)
    notes.forget(journalled)
    assert notes.read() == (CANCEL, later)
    notes.forget((CANCEL, later))
    assert notes.read() == ()
    notes.note(later)
    assert notes.read() == (later,)


@given(st.data())
def test_a_line_that_a_crash_tore_is_no_line_and_harms_none(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("torn") / "emergency.jsonl"
    notes = EmergencyFile(path)
    if data.draw(st.booleans()):
        notes.reserve()
    notes.note(CANCEL)
    whole = path.read_bytes()
    second = attrs.evolve(CANCEL, message_id=8)
    notes.note(second)
    torn = path.read_bytes()
    end = torn.rindex(b"\n") + 1
    start = len(whole.rstrip(b"\0"))
    cut = data.draw(st.integers(start, end - 1))
    path.write_bytes(torn[:cut] + b"\0" * data.draw(st.integers(0, 300)))
    assert notes.read() == (CANCEL,)
    notes.note(second)
    assert notes.read() == (CANCEL, second)


@given(st.integers(1, 3), st.data())
def test_forgetting_that_a_crash_tore_brings_nothing_back_in_part(
    tmp_path_factory: pytest.TempPathFactory, count: int, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("torn") / "emergency.jsonl"
    notes = EmergencyFile(path)
    cancels = tuple(attrs.evolve(CANCEL, message_id=n) for n in range(count))
    for cancel in cancels:
        notes.note(cancel)
    text = path.read_bytes()
    zeroed = data.draw(st.integers(0, len(text)))
    path.write_bytes(b"\0" * zeroed + text[zeroed:])
    later = attrs.evolve(CANCEL, message_id=99)
    notes.note(later)
    assert notes.read() == ((later,) if zeroed else (*cancels, later))


def test_a_damaged_file_is_said_and_nothing_is_dropped(notes: EmergencyFile, path: Path) -> None:
    path.write_bytes(b'{"at_ns": 1}\n')
    with pytest.raises(StoreError, match="emergency file"):
        notes.read()
    assert path.read_bytes() == b'{"at_ns": 1}\n'


def test_a_place_that_cannot_be_used_is_a_store_error(tmp_path: Path) -> None:
    notes = EmergencyFile(tmp_path / "absent" / "emergency.jsonl")
    assert notes.read() == ()
    with pytest.raises(StoreError, match=os.strerror(errno.ENOENT)):
        notes.note(CANCEL)
    with pytest.raises(ConfigError, match=str(tmp_path)):
        notes.reserve()


def test_threads_may_note_while_another_forgets(notes: EmergencyFile) -> None:
    forgotten: list[NotedCancel] = []
    over = threading.Event()

    def forget() -> None:
        while not over.is_set():
            found = notes.read()
            notes.forget(found)
            if not set(found) & set(notes.read()):
                forgotten.extend(found)

    forgetter = threading.Thread(target=forget)
    forgetter.start()
    cancels = [attrs.evolve(CANCEL, message_id=n) for n in range(100)]
    for cancel in cancels:
        notes.note(cancel)
    over.set()
    forgetter.join(60)
    assert sorted({c.message_id for c in (*forgotten, *notes.read())}) == list(range(100))


def test_threads_may_note_at_once(notes: EmergencyFile) -> None:
    def some(first: int) -> None:
        for number in range(first, first + 50):
            notes.note(attrs.evolve(CANCEL, message_id=number))

    threads = [threading.Thread(target=some, args=(first,)) for first in range(0, 400, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(cancel.message_id for cancel in notes.read()) == list(range(400))


class NotesBehaveLikeTheFake(RuleBasedStateMachine):
    """The file against the fake, step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.path = Path(f"/proc/self/fd/{os.memfd_create('notes')}")
        self.file, self.fake = EmergencyFile(self.path), journal.MemoryNotes()
        self.seen: tuple[NotedCancel, ...] = ()
        self.count = 0

    @rule(stream=st.text(st.characters(codec="utf-8"), max_size=30))
    def note(self, stream: str) -> None:
        self.count += 1
        cancel = attrs.evolve(CANCEL, message_id=self.count, stream=stream)
        self.file.note(cancel)
        self.fake.note(cancel)

    @rule()
    def read(self) -> None:
        self.seen = self.file.read()

    @rule()
    def forget(self) -> None:
        self.file.forget(self.seen)
        self.fake.forget(self.seen)

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.file.read() == self.fake.read()

    def teardown(self) -> None:
        os.close(int(self.path.name))


TestNotesBehaveLikeTheFake = NotesBehaveLikeTheFake.TestCase
