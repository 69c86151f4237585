"""Ledger rows and balances of the private stream as the books have them."""

from typing import Final

from zoe.domain.ledger_row import LedgerRow, asset_of, units, wallet_of
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot

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


def balances_of(snapshot: BalanceSnapshot) -> dict[str, int]:
    """What the exchange says, in units by asset, all wallets together."""
    found: dict[str, int] = {}
    for row in snapshot.rows:
        asset = asset_of(row.asset)
        found[asset] = found.get(asset, 0) + units(row.balance)
    return found
