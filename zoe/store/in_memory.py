"""Stores that live in memory, for simulations: the same contract as PostgreSQL's, and on request
its failures."""

import enum
from bisect import insort
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import attrs
import msgspec

from zoe.domain.counted import REMEMBERED_NS
from zoe.domain.errors import StoreConflict, StoreError, StoreUnknown
from zoe.domain.order import CONCLUDED, EXTERNAL
from zoe.domain.quantity import plain
from zoe.messages.journal import StoredRow
from zoe.ports.journal import EXECUTIONS, JournalRow, JournalStore, NotedCancel

T = TypeVar("T")

_CONCLUDED = {state.value for state in CONCLUDED}


class MemoryJournal:
    """Implements ``JournalStore`` for one account; outlives the actors that use it."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._by_seq: dict[int, JournalRow] = {}
        self._last_seq = 0
        self._streams: dict[str, list[StoredRow]] = {}
        self._places: set[tuple[str, int]] = set()
        self._by_order_id: dict[str, set[str]] = {}

    @property
    def rows(self) -> list[JournalRow]:
        """Every row, oldest first."""
        return [self._by_seq[seq] for seq in sorted(self._by_seq)]

    def last_seq(self) -> int:
        """See JournalStore."""
        return self._last_seq

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        seqs = {row.seq for row in rows}
        places = {(row.stream, row.version) for row in rows}
        taken = not self._by_seq.keys().isdisjoint(seqs) or not self._places.isdisjoint(places)
        if taken or not len(seqs) == len(places) == len(rows):
            raise StoreConflict("a number or a place in a stream is taken")
        bodies = [msgspec.json.decode(row.body) for row in rows]  # all of them or none
        for row, body in zip(rows, bodies, strict=True):
            self._add(row, body)

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        self.append([row for row in rows if self._by_seq.get(row.seq) != row])

    def _add(self, row: JournalRow, body: dict[str, Any]) -> None:
        self._by_seq[row.seq] = row
        self._last_seq = max(self._last_seq, row.seq)
        stored = StoredRow(row.seq, row.stream, row.version, row.kind, row.at_ns, body)
        stream = self._streams.setdefault(row.stream, [])
        if not stream or stream[-1].version < row.version:
            stream.append(stored)
        else:
            insort(stream, stored, key=lambda known: known.version)
        self._places.add((row.stream, row.version))
        order_id = body.get("order_id")
        if row.stream.startswith("order/") and isinstance(order_id, str):
            self._by_order_id.setdefault(order_id, set()).add(row.stream)

    def stream(
        self, stream: str, *, last: bool = False, since: str | None = None
    ) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        found = self._streams.get(stream, [])
        begin = max((place for place, row in enumerate(found) if row.kind == since), default=0)
        return tuple(found[-1:] if last else found[begin:])

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        names = sorted(name for name in self._streams if name.startswith("order/"))
        still = [n for n in names if self._streams[n][-1].body.get("state") not in _CONCLUDED]
        return tuple(row for name in still for row in self._streams[name])

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        names = sorted(self._by_order_id.get(order_id, ()))
        return tuple(row for name in names for row in self._streams[name])

    def traded(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        own = (
            rows
            for name, rows in self._streams.items()
            if name.startswith("order/") and rows[0].body.get("source") != EXTERNAL
        )
        sums = (_traded(rows) for rows in own)
        return tuple(row for row in sums if row is not None)

    def fills(self, account_id: str, source: str, after: int = 0) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        found = [
            attrs.evolve(row, body={**row.body, "slot": rows[0].body.get("slot")})
            for name, rows in self._streams.items()
            if name.startswith("order/") and rows[0].body.get("source") == source
            for row in rows
            if row.kind == "order.fill" and row.seq > after
        ]
        before = {
            row.body["exec_id"]: int(row.body["exchange_ns"])
            for rows in self._streams.values()
            for row in rows
            if row.kind == "order.fill" and row.seq <= after
        }
        from_ns = max(before.values(), default=0) - REMEMBERED_NS
        newest = {name: at_ns for name, at_ns in before.items() if at_ns >= from_ns}
        ids = StoredRow(after, "", 0, EXECUTIONS, 0, {"exec_ids": newest})
        return (*((ids,) if after else ()), *sorted(found, key=lambda row: row.seq))


def _traded(rows: list[StoredRow]) -> StoredRow | None:
    """What an order's fills came to."""
    fills = [row for row in rows if row.kind == "order.fill"]
    if not fills:
        return None
    first = fills[0].body
    base = first["pair"].partition("/")[0]
    fees = [Decimal(row.body["fee"]) for row in fills if row.body["fee_asset"] == base]
    body = {
        "pair": first["pair"],
        "side": first["side"],
        "quantity": plain(sum((Decimal(row.body["quantity"]) for row in fills), Decimal(0))),
        "fees": plain(sum(fees, Decimal(0))),
    }
    return StoredRow(fills[-1].seq, rows[0].stream, 1, "order.traded", 0, body)


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
        """See JournalStore."""
        return self._meet(self._store.last_seq)

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        self._meet(lambda: self._store.append(rows))

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        self._meet(lambda: self._store.settle(rows))

    def stream(
        self, stream: str, *, last: bool = False, since: str | None = None
    ) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return self._meet(lambda: self._store.stream(stream, last=last, since=since))

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return self._meet(lambda: self._store.open_orders(account_id))

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return self._meet(lambda: self._store.order_rows(account_id, order_id))

    def traded(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return self._meet(lambda: self._store.traded(account_id))

    def fills(self, account_id: str, source: str, after: int = 0) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return self._meet(lambda: self._store.fills(account_id, source, after))


class MemoryNotes:
    """Implements ``EmergencyNotes``."""

    def __init__(self) -> None:
        self.cancels: list[NotedCancel] = []
        self.broken = False

    def note(self, cancel: NotedCancel) -> None:
        """See EmergencyNotes."""
        self._check()
        self.cancels.append(cancel)

    def read(self) -> tuple[NotedCancel, ...]:
        """See EmergencyNotes."""
        self._check()
        return tuple(self.cancels)

    def forget(self, cancels: Sequence[NotedCancel]) -> None:
        """See EmergencyNotes."""
        self._check()
        if self.cancels == list(cancels):
            self.cancels.clear()

    def _check(self) -> None:
        if self.broken:
            raise StoreError("the notes cannot be had")
