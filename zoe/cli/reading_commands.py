"""Commands that read the books, whether or not a desk runs: orders, fills, balances."""

from argparse import Namespace
from collections.abc import Callable
from typing import Any, Final, TypeVar

from zoe.app import logs
from zoe.app.settings import Settings
from zoe.cli import configured, show
from zoe.store import reading
from zoe.store.connection import Database

T = TypeVar("T")
Row = dict[str, Any]
Rows = list[Row]
_ORDERS: Final = (
    *("created", "account_id", "pair", "side", "type", "quantity", "limit", "filled", "state"),
    *("id", "source", "reason"),
)
_FILLS: Final = (
    *("time", "account_id", "pair", "side", "quantity", "price", "cost", "fee", "liquidity"),
    *("trade_id", "order_id"),
)
_BALANCES: Final = ("account_id", "asset", "balance", "wallet", "as_of")


def orders(arguments: Namespace) -> int:
    """Lists orders."""
    rows = _rows(arguments, lambda database: reading.orders(database, every=arguments.all))
    return _list(arguments, rows, _ORDERS, _order)


def fills(arguments: Namespace) -> int:
    """Lists fills."""
    return _list(arguments, _rows(arguments, reading.fills), _FILLS, _fill)


def balances(arguments: Namespace) -> int:
    """Lists wallets."""
    return _list(arguments, _rows(arguments, reading.balances), _BALANCES, _balance)


def read(settings: Settings, work: Callable[[Database], T], nothing: T) -> T:
    """What ``work`` finds; ``nothing``, and a note, where no desk has run yet."""
    # The answer is on standard output; what the store does for it is nobody's concern.
    logs.silence()
    try:
        return reading.read(settings.state_dir, settings.database_url, work)
    except reading.NothingToRead as news:
        show.note(str(news))
        return nothing


def _rows(arguments: Namespace, work: Callable[[Database], Rows]) -> Rows:
    return read(configured.load(arguments), work, [])


def _list(
    arguments: Namespace, rows: Rows, columns: tuple[str, ...], shown: Callable[[Row], Row]
) -> int:
    if arguments.json:
        show.document(rows)
        return 0
    if len({row["account_id"] for row in rows}) < 2:
        columns = tuple(name for name in columns if name != "account_id")
    if rows:
        show.table(columns, [row | shown(row) for row in rows])
    return 0


def _order(row: Row) -> Row:
    source = (row["source"] or "").removeprefix("strategy/")
    return {
        "created": show.clock(row["created_ns"]),
        "type": row["order_type"],
        "limit": row["limit_price"],
        "filled": row["filled_quantity"],
        # The exchange's id, and until there is one ours: zoe takes either.
        "id": row["order_id"] or row["intent_id"],
        "source": f"{source} {row['slot'] or ''}".strip(),
    }


def _fill(row: Row) -> Row:
    return {
        "time": show.clock(row["exchange_ns"]),
        "fee": f"{row['fee']} {row['fee_asset']}",
    }


def _balance(row: Row) -> Row:
    return {
        "as_of": show.clock(row["at_ns"]),
        "wallet": f"{row['wallet_type']} {row['wallet_id']}",
    }
