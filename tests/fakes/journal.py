"""Fakes of ports/journal.py: a store in memory, and one whose calls fail as told."""

import enum
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from zoe.domain.errors import StoreConflict, StoreError, StoreUnknown
from zoe.domain.order import CONCLUDED
from zoe.messages.journal import StoredRow
from zoe.ports.journal import JournalRow, JournalStore, NotedCancel

T = TypeVar("T")


class MemoryJournal:
    """Implements ``JournalStore`` for one account; survives the actors that use it."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self.rows: list[JournalRow] = []

    def last_seq(self) -> int:
        return max((row.seq for row in self.rows), default=0)

    def append(self, rows: Sequence[JournalRow]) -> None:
        seqs = {row.seq for row in self.rows} | {row.seq for row in rows}
        places = {(row.stream, row.version) for row in (*self.rows, *rows)}
        if not len(seqs) == len(places) == len(self.rows) + len(rows):
            raise StoreConflict("a number or a place in a stream is taken")
        self._add(rows)

    def settle(self, rows: Sequence[JournalRow]) -> None:
        fresh = [row for row in rows if _same(row) not in map(_same, self.rows)]
        self.append(fresh)

    def _add(self, rows: Sequence[JournalRow]) -> None:
        for row in rows:
            json.loads(row.body)
        self.rows = sorted((*self.rows, *rows), key=lambda row: row.seq)

    def stream(self, stream: str, *, last: bool = False) -> tuple[StoredRow, ...]:
        found = self._stored(lambda row: row.stream == stream)
        return found[-1:] if last else found

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        assert account_id == self._account_id
        newest = {row.stream: row for row in self._stored(_is_order)}
        concluded = {state.value for state in CONCLUDED}
        is_open = {s for s, row in newest.items() if row.body.get("state") not in concluded}
        return self._stored(lambda row: row.stream in is_open)

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        assert account_id == self._account_id
        orders = self._stored(_is_order)
        streams = {row.stream for row in orders if row.body.get("order_id") == order_id}
        return self._stored(lambda row: row.stream in streams)

    def _stored(self, wanted: Callable[[JournalRow], bool]) -> tuple[StoredRow, ...]:
        found = sorted(filter(wanted, self.rows), key=lambda row: (row.stream, row.version))
        return tuple(
            StoredRow(r.seq, r.stream, r.version, r.kind, r.at_ns, json.loads(r.body))
            for r in found
        )


def _is_order(row: JournalRow) -> bool:
    return row.stream.startswith("order/")


def _same(row: JournalRow) -> str:
    return repr(row)


class Fate(enum.Enum):
    """What becomes of a call."""

    DONE = "done"
    #: Known not to be done.
    FAILED = "failed"
    #: Done, but the connection is lost before the answer.
    ANSWER_LOST = "answer lost"
    #: The connection is lost before anything is done.
    REQUEST_LOST = "request lost"


class FaultyJournal:
    """Implements ``JournalStore``: another store, whose calls meet the given fates in order, and
    are done once no fate is left."""

    def __init__(self, store: JournalStore, fates: Sequence[Fate] = ()) -> None:
        self._store = store
        self.fates = list(fates)
        self.calls = 0

    def _meet(self, call: Callable[[], T]) -> T:
        self.calls += 1
        fate = self.fates.pop(0) if self.fates else Fate.DONE
        if fate is Fate.FAILED:
            raise StoreError("53100 no space left on device")
        if fate is Fate.REQUEST_LOST:
            raise StoreUnknown("network error")
        result = call()
        if fate is Fate.ANSWER_LOST:
            raise StoreUnknown("network error")
        return result

    def last_seq(self) -> int:
        return self._meet(self._store.last_seq)

    def append(self, rows: Sequence[JournalRow]) -> None:
        self._meet(lambda: self._store.append(rows))

    def settle(self, rows: Sequence[JournalRow]) -> None:
        self._meet(lambda: self._store.settle(rows))

    def stream(self, stream: str, *, last: bool = False) -> tuple[StoredRow, ...]:
        return self._meet(lambda: self._store.stream(stream, last=last))

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        return self._meet(lambda: self._store.open_orders(account_id))

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        return self._meet(lambda: self._store.order_rows(account_id, order_id))


class MemoryNotes:
    """Implements ``EmergencyNotes``."""

    def __init__(self) -> None:
        self.cancels: list[NotedCancel] = []
        self.broken = False

    def note(self, cancel: NotedCancel) -> None:
        self._check()
        self.cancels.append(cancel)

    def read(self) -> tuple[NotedCancel, ...]:
        self._check()
        return tuple(self.cancels)

    def forget(self, cancels: Sequence[NotedCancel]) -> None:
        self._check()
        if self.cancels == list(cancels):
            self.cancels.clear()

    def _check(self) -> None:
        if self.broken:
            raise StoreError("the notes cannot be had")
