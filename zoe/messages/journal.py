"""Messages of the Journal: rows in, proof of durability out."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import attrs

from zoe.domain.quick import quick
from zoe.runtime.address import Address
from zoe.runtime.message import Lane, Message


@attrs.frozen(weakref_slot=False)
class Row:
    """One journal row before it has its number.

    Attributes:
        version: Place in the stream, from 1, without gaps.
        body: Canonical JSON text; decimals as strings.
    """

    stream: str
    version: int
    kind: str
    body: str

    def __attrs_post_init__(self) -> None:
        if self.version < 1:
            raise ValueError(f"a stream begins with version 1, not {self.version}")


#: What somebody is to be told.
Parcel = tuple[Address, Message]


@attrs.frozen(weakref_slot=False)
class Record(Message):
    """Make these rows durable, all or none, then tell ``reply_to``, where there is one.

    Attributes:
        parcels: What may be known, or leave, from then on: the Journal hands it on, in this order.
    """

    anchors: ClassVar[bool] = True
    rows: tuple[Row, ...]
    ref: int = 0
    reply_to: Address | None = None
    parcels: tuple[Parcel, ...] = ()


#: Their constructors for where they are made by the thousand.
quick_row: Final = quick(Row)
quick_record: Final = quick(Record)


@attrs.frozen
class HandOn(Message):
    """Hand these on as soon as all is durable that was recorded of a stream before; ahead of that's own parcels."""

    stream: str
    parcels: tuple[Parcel, ...]


@attrs.frozen
class Recorded(Message):
    """The rows of the Record with this ``ref`` are durable."""

    ref: int


@attrs.frozen
class Hydrate(Message):
    """Ask for the rows of a stream, answered behind every write already queued.

    Attributes:
        stream: A whole stream name.
        open_orders_of: An account: every row of its orders that are not concluded, instead.
        order_ids: The rows of the orders that have these ids of the exchange, instead.
        traded_by: An account: what its own fills came to, instead.
        filled_for: A source of intents: each execution of its orders, instead.
        after: Of those only what has a greater number; the ids of all up to there are told too.
        asked_since: A time: what was asked of the exchange later, instead (``JournalStore.asked``).
        last: Only the newest row of the stream.
        since: Only the rows from the newest of this kind on; all where there is none.
    """

    ref: int
    reply_to: Address
    stream: str | None = None
    open_orders_of: str | None = None
    order_ids: tuple[str, ...] = ()
    traded_by: str | None = None
    filled_for: str | None = None
    after: int = 0
    asked_since: int | None = None
    last: bool = False
    since: str | None = None


@attrs.frozen(weakref_slot=False)
class StoredRow:
    """A row as the store has it."""

    seq: int
    stream: str
    version: int
    kind: str
    at_ns: int
    body: Mapping[str, Any]


quick_stored: Final = quick(StoredRow)


@attrs.frozen
class Hydrated(Message):
    """The rows asked for, oldest first; jumps the queue, since its actor holds all else."""

    lane: ClassVar[Lane] = Lane.CONTROL
    ref: int
    rows: tuple[StoredRow, ...]


@attrs.frozen
class StoreWentDown(Message):
    """Nothing can be made durable: no adds, no amends."""

    lane: ClassVar[Lane] = Lane.CONTROL


@attrs.frozen
class StoreCameBack(Message):
    """Rows are durable again, those that waited included."""

    lane: ClassVar[Lane] = Lane.CONTROL
