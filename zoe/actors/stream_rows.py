"""Ledger rows of the private stream as rows of the books."""

from typing import Final

from zoe.domain.ledger_row import LedgerRow, units, wallet_of
from zoe.messages.exchange import BalanceEntry

#: Stream rows of these types say the same as REST's; others are read there.
_PLAIN_TYPES: Final = frozenset({"trade", "deposit", "withdrawal"})


def row_of(entry: BalanceEntry) -> LedgerRow | None:
    """A row of the stream as a row of the books; None for what REST must tell."""
    if (entry.wallet_type, entry.wallet_id) != ("spot", "main") or entry.type not in _PLAIN_TYPES:
        return None
    return LedgerRow(
        *(entry.ledger_id, entry.ref_id, entry.timestamp_ns, entry.type, entry.subtype),
        *(wallet_of(entry.asset), units(entry.amount), units(entry.fee), units(entry.balance)),
    )
