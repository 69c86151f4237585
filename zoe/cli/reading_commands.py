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
    nothing = "There has been no order." if arguments.all else "No order is open."
    return _list(arguments, found, (rows.ORDERS, rows.order), nothing)


def fills(arguments: Namespace) -> int:
    """Lists fills."""
    found = _rows(arguments, reading.fills)
    return _list(arguments, found, (rows.FILLS, rows.fill), "There has been no fill.")


def balances(arguments: Namespace) -> int:
    """Lists wallets."""
    found = _rows(arguments, reading.balances)
    return _list(arguments, found, (rows.BALANCES, rows.balance), "No balance is known.")


def read(settings: Settings, work: Callable[[Database], T], nothing: T) -> T:
    """What ``work`` finds; ``nothing``, and a note, where no desk has run yet."""
    # The answer is on standard output; what the store does for it is nobody's concern.
    logs.silence()
    try:
        return reading.read(settings.state_dir, settings.database_url, work)
    except reading.NothingToRead as news:
        show.note(str(news))
        return nothing


def _rows(arguments: Namespace, work: Callable[[Database], Rows]) -> Rows | None:
    """What is in the books; None where there are none yet, which has been noted."""
    nothing: Rows | None = None
    return read(configured.load(arguments), work, nothing)


def _list(
    arguments: Namespace,
    found: Rows | None,
    shape: tuple[tuple[str, ...], Callable[[Row], Row]],
    nothing: str,
) -> int:
    columns, shown = shape
    if arguments.json:
        show.document(found or [])
        return 0
    if found:
        if len({row["account_id"] for row in found}) < 2:
            columns = tuple(name for name in columns if name != "account_id")
        show.table(columns, map(shown, found))
    elif found is not None:
        print(nothing)
    return 0
