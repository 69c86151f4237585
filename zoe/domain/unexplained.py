"""Differences of balances that no row was told of, and the rows that explain them afterwards.

A snapshot says what is held, not why. Until the exchange's ledger has been read a difference is taken
for a deposit or a withdrawal; the rows then say what of it were trades.
"""

from collections import OrderedDict
from collections.abc import Container, Iterable, Mapping
from decimal import Decimal
from operator import attrgetter
from typing import Any, Final

import attrs

from zoe.domain.amounts import added, amounts_of, plain_amounts
from zoe.domain.ledger_row import LedgerRow, decimal_of

#: Types of ledger rows that are neither gain nor loss.
MOVES: Final = frozenset({"deposit", "withdrawal", "transfer"})
#: Rows that are kept because no snapshot had them yet, and ids that a snapshot's row carries.
MOST_ROWS: Final = 10_000
MOST_IDS: Final = 1_000
#: After so long nobody will explain it any more: the ledger has been read, and more than once.
PATIENCE_NS: Final = 600_000_000_000


@attrs.frozen
class Explanation:
    """What differences of balances have turned out to be.

    Attributes:
        trades: What of them was no move, by asset.
        newest_ns: Exchange time of the newest row that is accounted for.
        newest: The rows of that time, those that the stream told included.
    """

    trades: Mapping[str, Decimal]
    newest_ns: int
    newest: tuple[str, ...]


class Unexplained:
    """What snapshots have changed, and the rows that nobody has booked.

    Args:
        since_ns: Exchange time; rows of then and before were known, and explain nothing.
    """

    def __init__(self, since_ns: int) -> None:
        self._since_ns = since_ns
        self._amounts: dict[str, Decimal] = {}
        #: Our time when this run knew of the first of the differences.
        self._began_ns = 0
        self._rows: OrderedDict[str, LedgerRow] = OrderedDict()
        #: Whether something has come since it was last looked for an explanation.
        self._is_news = False
        #: Rows that are accounted for though the stream has not told them.
        self._known: OrderedDict[str, None] = OrderedDict()
        #: Exchange time of the newest that is accounted for, and what is of that time: trades of one
        #: order have the same, and some of them may be missed.
        self._newest_ns = since_ns
        self._newest: list[str] = []
        #: For a next run: exchange time before the first difference, and what is accounted for since.
        self._before_ns = since_ns
        self._after: list[str] = []

    @classmethod
    def from_body(cls, body: Mapping[str, Any], now_ns: int) -> "Unexplained":
        """What an earlier run has left; see ``to_body``."""
        found = cls(body["since_ns"])
        found._amounts = amounts_of(body["amounts"])
        found._began_ns, found._is_news = now_ns, True
        found._after = list(body["booked"])
        found._known = OrderedDict.fromkeys(body["booked"])
        return found

    def differ(self, changes: Mapping[str, Decimal], now_ns: int) -> None:
        """A snapshot has changed balances: what is more or less now, by asset."""
        if self._amounts and now_ns - self._began_ns > PATIENCE_NS:
            self._forget()
        if not self._amounts:
            self._began_ns = now_ns
            self._before_ns, self._after = self._newest_ns - 1, list(self._newest)
        self._amounts = added(self._amounts, changes)
        self._is_news = True

    def read(self, rows: Iterable[LedgerRow], booked: Container[str]) -> None:
        """The exchange's ledger has these rows; the ids of those that are booked are no news."""
        for row in rows:
            name = row.ledger_id
            if row.time_ns > self._since_ns and name not in booked and name not in self._known:
                self._rows[name] = row
                self._is_news = True
                if len(self._rows) > MOST_ROWS:
                    self._rows.popitem(last=False)

    def booked(self, ledger_id: str, time_ns: int) -> None:
        """The row is accounted for: the stream told it, or it explained a difference."""
        self._is_news |= self._rows.pop(ledger_id, None) is not None
        if time_ns > self._newest_ns:
            self._newest_ns, self._newest = time_ns, []
        if time_ns == self._newest_ns:
            self._newest.append(ledger_id)
        if self._amounts and len(self._after) <= MOST_IDS:
            self._after.append(ledger_id)

    def explained(self) -> Explanation | None:
        """What explains all the differences, once: they are forgotten when it is told. None unless
        the rows come to just the differences, asset by asset: half of a trade, by itself, would look
        like a gain or a loss."""
        if not self._is_news or not self._amounts:
            return None
        self._is_news, rows = False, list(self._rows.values())
        if _sums(rows) != self._amounts:
            return None
        self._forget()
        for row in sorted(rows, key=attrgetter("time_ns")):
            self._known[row.ledger_id] = None
            self.booked(row.ledger_id, row.time_ns)
        while len(self._known) > MOST_ROWS:
            self._known.popitem(last=False)
        trades = _sums(row for row in rows if row.type not in MOVES)
        return Explanation(trades, self._newest_ns, tuple(self._newest))

    def _forget(self) -> None:
        self._amounts, self._after = {}, []
        self._rows.clear()

    def to_body(self) -> dict[str, Any] | None:
        """For the row of the snapshot; None where nothing waits, or a next run could not tell."""
        if not self._amounts or len(self._after) > MOST_IDS:
            return None
        amounts = plain_amounts(self._amounts)
        return {"amounts": amounts, "since_ns": self._before_ns, "booked": self._after}


def _sums(rows: Iterable[LedgerRow]) -> dict[str, Decimal]:
    units: dict[str, int] = {}
    for row in rows:
        units[row.asset] = units.get(row.asset, 0) + row.amount - row.fee
    return {asset: decimal_of(amount) for asset, amount in units.items() if amount}
