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
Rows = list[dict[str, Any]]
_ORDERS: Final = (
    *("created", "pair", "side", "order_type", "quantity", "limit_price", "filled_quantity"),
    *("state", "order_id", "intent_id", "source", "slot", "reason"),
)
_FILLS: Final = (
    *("time", "pair", "side", "quantity", "price", "cost", "fee", "fee_asset", "liquidity"),
    *("trade_id", "exec_id", "order_id"),
)
_BALANCES: Final = ("asset", "balance", "wallet_type", "wallet_id", "as_of")


def orders(arguments: Namespace) -> int:
    """Lists orders."""
    rows = _rows(arguments, lambda database: reading.orders(database, every=arguments.all))
    return _list(arguments, rows, _ORDERS, ("created", "created_ns"))


def fills(arguments: Namespace) -> int:
    """Lists fills."""
    return _list(arguments, _rows(arguments, reading.fills), _FILLS, ("time", "exchange_ns"))


def balances(arguments: Namespace) -> int:
    """Lists wallets."""
    return _list(arguments, _rows(arguments, reading.balances), _BALANCES, ("as_of", "at_ns"))


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


def _list(arguments: Namespace, rows: Rows, columns: tuple[str, ...], time: tuple[str, str]) -> int:
    if arguments.json:
        show.document(rows)
        return 0
    shown, source = time
    for row in rows:
        row[shown] = show.clock(row[source])
    if rows:
        show.table(columns, rows)
    return 0
