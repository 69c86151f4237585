"""Ledger rows and balances of the private stream as the books have them."""

from typing import Final

from zoe.domain.ledger_row import LedgerRow, asset_of, units, wallet_of
from zoe.domain.unread_rows import problem_of
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot

#: Stream rows of these types say the same as REST's; others are read there.
_PLAIN_TYPES: Final = frozenset({"trade", "deposit", "withdrawal"})


def row_of(entry: BalanceEntry) -> LedgerRow | None:
    """A row of the stream as a row of the books; None for what REST must tell.

    An amount that the books cannot count is such a row: a reading that sets it aside says so, and
    an actor that crashed at each would take the desk along.
    """
    if (entry.wallet_type, entry.wallet_id) != ("spot", "main") or entry.type not in _PLAIN_TYPES:
        return None
    try:
        amounts = units(entry.amount), units(entry.fee), units(entry.balance)
    except ValueError:
        return None
    row = LedgerRow(
        *(entry.ledger_id, entry.ref_id, entry.timestamp_ns, entry.type, entry.subtype),
        *(wallet_of(entry.asset), *amounts),
    )
    return row if problem_of(row) is None else None


def balances_of(snapshot: BalanceSnapshot) -> dict[str, int]:
    """What the exchange says, in units by asset, all wallets together.

    Without what the books cannot count: they hold none of it to compare with.
    """
    found: dict[str, int] = {}
    uncounted = set()
    for row in snapshot.rows:
        asset = asset_of(row.asset)
        try:
            found[asset] = found.get(asset, 0) + units(row.balance)
        except ValueError:
            uncounted.add(asset)
    return {asset: total for asset, total in found.items() if asset not in uncounted}
