"""``zoe pnl --split``: where each strategy's profit comes from, whether or not a desk runs."""

from argparse import Namespace
from typing import Any, Final

from zoe.app import profits
from zoe.cli import configured, show
from zoe.cli.progress import Progress
from zoe.cli.reading_commands import read
from zoe.store import profit_reading
from zoe.store.connection import Database

COLUMNS: Final = (
    *("account", "strategy", "pair", "currency", "executions", *profits.PARTS),
    *("held", "mark", "unmarked", "pending"),
)
_NOTHING: Final[dict[str, Any]] = {"pairs": [], "totals": []}
#: Digits after the point that a person is shown; ``--json`` has them all.
_DIGITS: Final = 6


def split(arguments: Namespace) -> int:
    """Prints it; all digits are in ``--json`` and ``--csv``."""

    def work(database: Database) -> dict[str, Any]:
        rows = profit_reading.executions(database)
        wanted = arguments.account
        rows = [row for row in rows if wanted in (None, row["account_id"])]
        watching = watched(rows, "executions", len(rows))
        found = profits.profits(watching, lambda a, name: profit_reading.marks(database, a, name))
        return profits.document(found)

    with Progress() as watched:
        told = read(configured.load(arguments), work, _NOTHING)
    if arguments.json:
        show.document(told)
    elif arguments.csv:
        show.comma_separated(COLUMNS, told["pairs"])
    elif told["pairs"]:
        several = len({row["account"] for row in told["pairs"]}) > 1
        columns = COLUMNS if several else COLUMNS[1:]
        show.table(columns, map(_shown, told["pairs"]))
        print()
        show.table(columns, map(_shown, told["totals"]))
    return 0


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """With as many digits as a person reads."""
    return row | {name: _short(row[name]) for name in profits.PARTS}


def _short(number: str) -> str:
    whole, _, digits = number.partition(".")
    if len(digits) <= _DIGITS:
        return number
    return f"{whole}.{digits[:_DIGITS]}…"
