"""What one settling of the books adds to the store: durable together, or not at all."""

from collections.abc import Mapping
from typing import Final

import attrs

from zoe.domain.declarations import Entered
from zoe.domain.ledger import Terms
from zoe.domain.ledger_entry import Entry
from zoe.domain.ledger_row import LedgerRow
from zoe.domain.marks import Mark

STREAM: Final = "stream"
REST: Final = "rest"
FILE: Final = "file"
GIVE_BACK: Final = "give_back"
CLOSE: Final = "close"


@attrs.frozen
class Delivery:
    """A ledger row, and how it came.

    Attributes:
        source: ``stream``, ``rest`` or ``file``.
        received_ns: Our wall time.
    """

    row: LedgerRow
    source: str
    received_ns: int
    correlation_id: int | None = None


@attrs.frozen
class LotOpened:
    """A lot of an edition; quantities and basis in units of 10^-10.

    Attributes:
        number: Grows in the order of events.
        flag: ``fmv_assumed``, ``unvalued`` or nothing.
    """

    asset: str
    edition: int
    number: int
    event: str
    time_ns: int
    quantity: int
    basis: int
    flag: str = ""


@attrs.frozen
class LotUsed:
    """A slice of a lot that left or came back.

    Attributes:
        number: Its own, within the edition.
        lot: Of its lot.
        returns: The number of the use that a ``give_back`` undoes.
    """

    asset: str
    edition: int
    number: int
    lot: int
    event: str
    time_ns: int
    kind: str
    quantity: int
    basis: int
    proceeds: int | None
    returns: int | None = None


@attrs.frozen
class Edition:
    """A new edition of an asset's lots, which is in force from here on."""

    asset: str
    number: int
    reason: str


@attrs.frozen
class JournalEntry:
    """An entry and its place in the account's journal.

    Attributes:
        correction: 0 for what a row said first; corrections of it count from 1.
        reverses: Key of the entry that this one takes back.
    """

    position: int
    entry: Entry
    kind: str
    correction: int = 0
    reverses: str | None = None

    @property
    def key(self) -> str:
        """Names the entry for ever."""
        if not self.correction:
            return self.entry.key
        return f"{self.entry.key}/{self.correction}{'/reversal' if self.reverses else ''}"


@attrs.frozen
class PinnedMark:
    """The mark that events of a moment were valued with."""

    at_ns: int
    mark: Mark


@attrs.frozen
class Booking:
    """Everything that one settling adds.

    Attributes:
        deliveries: Rows that are new to the inbox.
        refined: Rows whose time is known more exactly than before.
        conflicts: Rows that contradict one that is known.
        undone: Uses that take back what later events did, the last one first.
        lots: New lots; then the uses.
    """

    at_ns: int
    deliveries: tuple[Delivery, ...] = ()
    refined: tuple[Delivery, ...] = ()
    conflicts: tuple[Delivery, ...] = ()
    entries: tuple[JournalEntry, ...] = ()
    marks: tuple[PinnedMark, ...] = ()
    editions: tuple[Edition, ...] = ()
    undone: tuple[LotUsed, ...] = ()
    lots: tuple[LotOpened, ...] = ()
    uses: tuple[LotUsed, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether it adds nothing."""
        return not any((
            *(self.deliveries, self.refined, self.conflicts, self.entries, self.marks),
            *(self.editions, self.undone, self.lots, self.uses),
        ))  # fmt: skip


@attrs.frozen
class StoredBooks:
    """What the store holds of an account.

    Attributes:
        rows: Every row of the inbox as it arrived, with its most exact time, and the content that
            a person accepted.
        journaled: Keys of the entries in the journal: ids of rows, and corrections.
        position: Of the newest entry, 0 for none.
        editions: The edition in force of each asset.
        lots: Of the editions in force, by asset and number; as are ``uses``.
        terms: What people declared.
        firsts: What came first under the ids of which something else was accepted.
        refused: Contents that a person decided against.
        entered: What the journal says of rows that something was declared of, by their ids.
    """

    rows: tuple[LedgerRow, ...] = ()
    journaled: frozenset[str] = frozenset()
    position: int = 0
    marks: tuple[PinnedMark, ...] = ()
    editions: tuple[Edition, ...] = ()
    lots: tuple[LotOpened, ...] = ()
    uses: tuple[LotUsed, ...] = ()
    terms: Terms = attrs.field(factory=Terms)
    firsts: Mapping[str, LedgerRow] = attrs.field(factory=dict)
    refused: tuple[LedgerRow, ...] = ()
    entered: Mapping[str, Entered] = attrs.field(factory=dict)
