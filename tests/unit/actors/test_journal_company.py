"""Rows that nobody waits for: they share a commit with others, and wait only a moment for it."""

from collections.abc import Sequence

import pytest
from journal import MemoryJournal
from journal_stage import ACCOUNT, Stage, versions

from zoe.actors import journal
from zoe.ports.journal import JournalRow


class Groups(MemoryJournal):
    """A store that counts the rows of each commit."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT)
        self.sizes: list[int] = []

    def append(self, rows: Sequence[JournalRow]) -> None:
        self.sizes.append(len(rows))
        super().append(rows)


def test_rows_that_nobody_waits_for_share_the_commit_of_those_that_follow() -> None:
    store = Groups()
    stage = Stage(store)
    stage.run(1)
    stage.record(answered=False)
    stage.record(2, answered=False)
    stage.run(journal.COMPANY_SECONDS / 2)
    assert store.sizes == []
    stage.record(3)
    stage.run()
    assert store.sizes == [6]
    assert versions(store) == [1, 2, 3, 4, 5, 6]


def test_rows_that_nobody_waits_for_and_that_stay_alone_are_written_soon() -> None:
    store = Groups()
    stage = Stage(store)
    stage.run(1)
    for _ in range(2):
        stage.record(answered=False)
        stage.run(journal.COMPANY_SECONDS * 2)
    assert store.sizes == [1, 1]


def test_so_many_rows_that_nobody_waits_for_do_not_wait_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "GROUP_REQUESTS", 4)
    monkeypatch.setattr(journal, "COMPANY_SECONDS", 10)
    store = Groups()
    stage = Stage(store)
    stage.run(1)
    for _ in range(4):
        stage.record(answered=False)
    stage.run(1)
    assert store.sizes == [4]


def test_what_is_left_alone_after_a_commit_waits_for_company_of_its_own() -> None:
    store = Groups()
    stage = Stage(store)
    stage.run(1)
    moment = journal.COMPANY_SECONDS
    stage.record(answered=False)
    stage.run(moment / 4)
    stage.record()
    stage.run(moment * 0.7)
    assert store.sizes == [2]
    stage.record(answered=False)
    stage.run(moment * 0.9)
    assert store.sizes == [2]
    stage.run(moment)
    assert store.sizes == [2, 1]
