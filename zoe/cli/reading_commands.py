"""Commands that read the books, whether or not a desk runs: orders, fills, balances."""

from argparse import Namespace
from collections.abc import Callable
from typing import TypeVar

from zoe.app import logs
from zoe.app.settings import Settings
from zoe.cli import configured, rows, show
from zoe.cli.rows import Row
from zoe.store import reading
from zoe.store.connection import Database

T = TypeVar("T")
Rows = list[Row]


def orders(arguments: Namespace) -> int:
    """Lists orders."""
    found = _rows(arguments, lambda database: reading.orders(database, every=arguments.all))
    return _list(arguments, found, rows.ORDERS, rows.order)


def fills(arguments: Namespace) -> int:
    """Lists fills."""
    return _list(arguments, _rows(arguments, reading.fills), rows.FILLS, rows.fill)


def balances(arguments: Namespace) -> int:
    """Lists wallets."""
    return _list(arguments, _rows(arguments, reading.balances), rows.BALANCES, rows.balance)


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
    arguments: Namespace, found: Rows, columns: tuple[str, ...], shown: Callable[[Row], Row]
) -> int:
    if arguments.json:
        show.document(found)
        return 0
    if len({row["account_id"] for row in found}) < 2:
        columns = tuple(name for name in columns if name != "account_id")
    if found:
        show.table(columns, map(shown, found))
    return 0
