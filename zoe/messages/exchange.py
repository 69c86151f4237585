"""What the exchange says of an account's money, as values."""

from decimal import Decimal

import attrs


@attrs.frozen
class WalletBalance:
    """One wallet's balance; assets by their WebSocket v2 names."""

    asset: str
    wallet_type: str
    wallet_id: str
    balance: Decimal


@attrs.frozen
class BalanceSnapshot:
    """Every wallet at one moment."""

    rows: tuple[WalletBalance, ...]


@attrs.frozen(weakref_slot=False)
class BalanceEntry:
    """One row of the exchange's ledger: balance after = before + amount - fee."""

    ledger_id: str
    ref_id: str
    asset: str
    wallet_type: str
    wallet_id: str
    type: str
    subtype: str
    amount: Decimal
    fee: Decimal
    balance: Decimal
    timestamp_ns: int
