"""Messages of the Ledger: what the account holds."""

from decimal import Decimal
from typing import ClassVar

import attrs

from zoe.domain.difference import Difference
from zoe.domain.fees import PairFee
from zoe.domain.ledger_row import LedgerRow
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.runtime.message import Lane, Message


@attrs.frozen
class BalancesSeen(Message):
    """The exchange's balances at one moment, all assets; complete, so it replaces."""

    snapshot: BalanceSnapshot
    source: str


@attrs.frozen
class LedgerRowSeen(Message):
    """One ledger row of the private stream."""

    entry: BalanceEntry


@attrs.frozen
class LedgerRowsSeen(Message):
    """Ledger rows of the private stream that came together, in order."""

    entries: tuple[BalanceEntry, ...]


@attrs.frozen
class LedgerRowsRead(Message):
    """Rows of the exchange's ledger as REST has told them, booked already or not."""

    rows: tuple[LedgerRow, ...]


@attrs.frozen
class DriftFound(Message):
    """What somebody found to differ from the exchange, for the list.

    Attributes:
        standing: After a whole look, the subjects about orders that stand; those that stand no
            more are settled. None where this says nothing of them.
    """

    differences: tuple[Difference, ...]
    standing: frozenset[str] | None = None


@attrs.frozen
class WatchBalances(Message):
    """Tell the sender the balances now and after each change."""


@attrs.frozen
class BalancesChanged(Message):
    """What the account holds, by asset (WebSocket v2 names), all wallets together.

    Attributes:
        moved: By asset, what came in less what went out otherwise than by trades, counted from the
            first balances that the journal has.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    totals: tuple[tuple[str, Decimal], ...]
    moved: tuple[tuple[str, Decimal], ...] = ()

    @property
    def key(self) -> str:
        """One account: a newer message replaces an older one."""
        return "balances"


@attrs.frozen
class FeesWanted(Message):
    """Tell the sender what trading costs in these pairs; may be repeated, the newest list counts."""

    symbols: tuple[str, ...]


@attrs.frozen
class FeesKnown(Message):
    """What trading costs in some pairs, as the exchange says."""

    fees: tuple[PairFee, ...]
