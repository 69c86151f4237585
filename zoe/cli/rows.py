"""Rows of the books as a person reads them: fewer columns, shorter names."""

from typing import Any, Final

from zoe.cli import show

Row = dict[str, Any]

ORDERS: Final = (
    *("created", "account_id", "pair", "side", "type", "quantity", "limit", "trigger"),
    *("filled", "state", "id", "source", "reason"),
)
FILLS: Final = (
    *("time", "account_id", "pair", "side", "quantity", "price", "cost", "fee", "liquidity"),
    *("trade_id", "order_id"),
)
#: The exchange's letters.
LIQUIDITY: Final = {"m": "maker", "t": "taker"}
BALANCES: Final = ("account_id", "asset", "balance", "wallet", "as_of")


def order(row: Row) -> Row:
    """An order, from the store or from a running desk, which may be of another version."""
    source = (row.get("source") or "").removeprefix("strategy/")
    return row | {
        "created": show.clock(row.get("created_ns")),
        "type": row.get("order_type"),
        "limit": row.get("limit_price"),
        "trigger": row.get("trigger_price"),
        "filled": row.get("filled_quantity"),
        # The exchange's id, and until there is one ours: zoe takes either.
        "id": row.get("order_id") or row.get("intent_id"),
        "source": f"{source} {row.get('slot') or ''}".strip(),
    }


def fill(row: Row) -> Row:
    """A fill."""
    return row | {
        "time": show.clock(row["exchange_ns"]),
        "fee": f"{row['fee']} {row['fee_asset']}",
        "liquidity": LIQUIDITY.get(row["liquidity"], row["liquidity"]),
    }


def balance(row: Row) -> Row:
    """What a wallet holds."""
    return row | {
        "as_of": show.clock(row["at_ns"]),
        "wallet": f"{row['wallet_type']} {row['wallet_id']}",
    }
