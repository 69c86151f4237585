"""Stores that live in memory, for simulations: the same contract as PostgreSQL's, and on request
its failures."""

import enum
from bisect import insort
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from operator import attrgetter
from typing import Final, TypeVar

import attrs
import msgspec

from zoe.domain.counted import REMEMBERED_NS
from zoe.domain.errors import StoreConflict, StoreError, StoreUnknown
from zoe.domain.order import CONCLUDED, EXTERNAL
from zoe.domain.quantity import plain
from zoe.messages.journal import StoredRow, quick_stored
from zoe.ports.journal import EXECUTIONS, JournalRow, JournalStore, NotedCancel

T = TypeVar("T")

_CONCLUDED = {state.value for state in CONCLUDED}


class _Gist(msgspec.Struct):
    """What of the body of an order's row is looked for."""

    state: str | None = None
    fills_missing: bool = False
    order_id: str | None = None
    source: str | None = None


class _Executed(msgspec.Struct):
    """What of the body of a fill's row is added up."""

    pair: str
    side: str
    quantity: str
    fee: str
    fee_asset: str


_GIST: Final = msgspec.json.Decoder(_Gist)
_ZERO: Final = Decimal(0)
_JSON: Final = msgspec.json.Decoder(msgspec.Raw)
_FILL: Final = msgspec.json.Decoder(_Executed)
_ORDER: Final = "order/"
_FILLED: Final = "order.fill"
_ASKING: Final = ("order.sending", "order.amending")
_seq: Final = attrgetter("seq")
_version: Final = attrgetter("version")
_place: Final = attrgetter("stream", "version")


class MemoryJournal:
    """Implements ``JournalStore`` for one account; outlives the actors that use it."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._by_seq: dict[int, JournalRow] = {}
        self._last_seq = 0
        self._streams = defaultdict[str, list[JournalRow]](list)
        self._places: set[tuple[str, int]] = set()
        #: Of rows that somebody wanted, which most are never: with their bodies read.
        self._stored: dict[int, StoredRow] = {}
        #: Streams by the exchange's ids of their orders, and the rows that were not looked at yet.
        self._by_order_id: dict[str, set[str]] = {}
        self._identified: set[str] = set()
        self._unread: list[JournalRow] = []
        #: What the fills of each order came to, and how many rows it had then.
        self._sums: dict[str, tuple[int, StoredRow | None]] = {}

    @property
    def rows(self) -> list[JournalRow]:
        """Every row, oldest first."""
        return [self._by_seq[seq] for seq in sorted(self._by_seq)]

    def last_seq(self) -> int:
        """See JournalStore."""
        return self._last_seq

    def append(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        by_seq, places = dict(zip(map(_seq, rows), rows, strict=True)), set(map(_place, rows))
        for row in rows:
            _JSON.decode(row.body)  # what no database would take is refused here, too
        taken = not self._by_seq.keys().isdisjoint(by_seq) or not self._places.isdisjoint(places)
        if taken or not len(by_seq) == len(places) == len(rows):
            raise StoreConflict("a number or a place in a stream is taken")
        # All of them or none: from here on nothing fails.
        self._by_seq |= by_seq
        self._places |= places
        self._unread += rows
        self._last_seq = max((self._last_seq, *by_seq))
        for row in rows:
            stream = self._streams[row.stream]
            if not stream or stream[-1].version < row.version:
                stream.append(row)
            else:
                insort(stream, row, key=_version)

    def begin(self, rows: Sequence[JournalRow]) -> Callable[[], None]:
        """See JournalStore."""
        return partial(self.append, rows)

    def settle(self, rows: Sequence[JournalRow]) -> None:
        """See JournalStore."""
        self.append([row for row in rows if self._by_seq.get(row.seq) != row])

    def stream(
        self, stream: str, *, last: bool = False, since: str | None = None
    ) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        found = self._streams.get(stream, [])
        if last:
            found = found[-1:]
        elif since is not None:
            kinds = enumerate(row.kind for row in found)
            found = found[max((place for place, kind in kinds if kind == since), default=0) :]
        return tuple(map(self._read, found))

    def _read(self, row: JournalRow) -> StoredRow:
        known = self._stored.get(row.seq)
        if known is None:
            body = msgspec.json.decode(row.body)
            known = quick_stored(row.seq, row.stream, row.version, row.kind, row.at_ns, body)
            self._stored[row.seq] = known
        return known

    def open_orders(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        still = sorted(name for name, rows in self._orders() if _is_open(rows[-1]))
        return self._rows_of(still)

    def _orders(self) -> Iterator[tuple[str, list[JournalRow]]]:
        return (item for item in self._streams.items() if item[0].startswith(_ORDER))

    def order_rows(self, account_id: str, order_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        for row in self._unread:
            # An order has one id: the rows after the first that tells it tell it again.
            if row.stream.startswith(_ORDER) and row.stream not in self._identified:
                known = _GIST.decode(row.body).order_id
                if known is not None:
                    self._by_order_id.setdefault(known, set()).add(row.stream)
                    self._identified.add(row.stream)
        self._unread.clear()
        return self._rows_of(sorted(self._by_order_id.get(order_id, ())))

    def _rows_of(self, streams: list[str]) -> tuple[StoredRow, ...]:
        return tuple([self._read(row) for name in streams for row in self._streams[name]])

    def traded(self, account_id: str) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        found = []
        for name, rows in self._orders():
            known = self._sums.get(name)
            if known is None or known[0] != len(rows):
                is_own = _GIST.decode(rows[0].body).source != EXTERNAL
                fills = [row for row in rows if row.kind == _FILLED] if is_own else []
                known = self._sums[name] = (len(rows), _traded(fills) if fills else None)
            if known[1] is not None:
                found.append(known[1])
        return tuple(found)

    def asked(self, account_id: str, since_ns: int) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        found: list[StoredRow] = []
        for seq in sorted(self._by_seq, reverse=True):
            row = self._by_seq[seq]
            if row.at_ns > since_ns and row.kind in _ASKING:
                body = self._read(self._streams[row.stream][0]).body
                found.append(attrs.evolve(self._read(row), body=body))
            elif row.at_ns <= since_ns and not row.stream.startswith("emergency/"):
                break
        return tuple(reversed(found))

    def fills(self, account_id: str, source: str, after: int = 0) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        assert account_id == self._account_id
        found = [
            attrs.evolve(fill, body={**fill.body, "slot": opening.get("slot")})
            for _, rows in self._orders()
            if (opening := self._read(rows[0]).body).get("source") == source
            for fill in self._fills(rows)
            if fill.seq > after
        ]
        before = {
            fill.body["exec_id"]: int(fill.body["exchange_ns"])
            for rows in self._streams.values()
            for fill in self._fills(rows)
            if fill.seq <= after
        }
        from_ns = max(before.values(), default=0) - REMEMBERED_NS
        newest = {name: at_ns for name, at_ns in before.items() if at_ns >= from_ns}
        ids = StoredRow(after, "", 0, EXECUTIONS, 0, {"exec_ids": newest})
        return (*((ids,) if after else ()), *sorted(found, key=lambda row: row.seq))

    def _fills(self, rows: list[JournalRow]) -> list[StoredRow]:
        return [self._read(row) for row in rows if row.kind == _FILLED]


def _is_open(row: JournalRow) -> bool:
    """Whether an order's newest row does not conclude it, or fills are still missing then."""
    gist = _GIST.decode(row.body)
    return gist.fills_missing or gist.state not in _CONCLUDED


def _traded(rows: list[JournalRow]) -> StoredRow:
    """What an order's fills came to."""
    fills = [_FILL.decode(row.body) for row in rows]
    pair = fills[0].pair
    base = pair.partition("/")[0]
    body = {
        "pair": pair,
        "side": fills[0].side,
        "quantity": plain(sum([Decimal(fill.quantity) for fill in fills], _ZERO)),
        "fees": plain(sum([Decimal(f.fee) for f in fills if f.fee_asset == base], _ZERO)),
    }
    return quick_stored(rows[-1].seq, rows[-1].stream, 1, "order.traded", 0, body)


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

    def begin(self, rows: Sequence[JournalRow]) -> Callable[[], None]:
        """See JournalStore."""
        return partial(self.append, rows)

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

    def asked(self, account_id: str, since_ns: int) -> tuple[StoredRow, ...]:
        """See JournalStore."""
        return self._meet(lambda: self._store.asked(account_id, since_ns))

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
