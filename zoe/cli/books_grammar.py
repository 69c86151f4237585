"""The grammar of the commands that read and keep the books."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoe.cli.parser import Parser, whole

#: Makes a command: where, its name, its handler, and its help with an example.
Command = Callable[[Any, str, str, tuple[str, str]], Parser]


def add(commands: Any, command: Command) -> None:
    """Orders, fills, balances, profit, equity, drift, and ``zoe ledger``."""
    words = ("list the orders that are not concluded", "zoe orders --all --json")
    orders = command(commands, "orders", "reading_commands:orders", words)
    orders.add_argument("--all", action="store_true", help="concluded ones too")
    words = ("list every fill", "zoe fills --json")
    command(commands, "fills", "reading_commands:fills", words)
    words = ("list what each wallet holds", "zoe balances")
    command(commands, "balances", "reading_commands:balances", words)
    words = ("show what was earned, and what only came and went, by day", "zoe pnl --csv")
    _table(command(commands, "pnl", "books_commands:pnl", words))
    words = ("show what the account is worth: cash, and lots at their newest marks", "zoe equity")
    _table(command(commands, "equity", "books_commands:equity", words))
    words = (
        "list differences between our books and the exchange's; exit code 1 while one is open",
        "zoe drift --all --json",
    )
    drift = command(commands, "drift", "books_commands:drift", words)
    drift.add_argument("--all", action="store_true", help="each step, not only how it stands")
    _table(drift)
    _ledger(commands, command)


def _ledger(commands: Any, command: Command) -> None:
    ledger: Parser = commands.add_parser(
        "ledger",
        help="the books: out of the store, or of the exchange's own exports",
        description="The books in the store, and those that a directory of exports makes.",
        epilog="example: zoe ledger verify",
    )
    below = ledger.add_subparsers(metavar="COMMAND", title="commands", parser_class=Parser)
    for name, handler, text, example in (
        ("import", "take", "take rows of files into the store; again, they change nothing", "FILE"),
        ("verify", "verify", "check the stored books; exit code 1 when something is wrong", ""),
        ("rebuild", "rebuild", "make lots anew from the rows; exit code 1 if they differed", ""),
    ):
        words = text, f"zoe ledger {name} {example}".strip().replace("FILE", "ledgers.csv")
        found = command(below, name, f"books_commands:{handler}", words)
        _account(found)
        if name == "import":
            found.add_argument(
                *("files",),
                type=Path,
                nargs="+",
                metavar="FILE",
                help="export (.csv), page of Ledgers (.json), or rows with an id (.jsonl)",
            )
    for name, text, example in (
        ("replay", "balances, lots and gains; exit code 1 when something is wrong", "--json"),
        ("report", "equity and profit by day, and fees", "--csv"),
        ("lots", "open lots, or what left them, for a tax return", "--disposals --year 2026"),
    ):
        words = text, f"zoe ledger {name} exports {example}"
        found = command(below, name, f"ledger_command:{name}", words)
        found.add_argument("directory", type=Path, metavar="DIR", help="with the exports")
        found.add_argument("--csv", action="store_true", help="print CSV")
    found.add_argument("--asset", metavar="ASSET", help="such as BTC")
    found.add_argument("--disposals", action="store_true", help="every slice that left a lot")
    found.add_argument("--year", type=whole(1970, 9999), metavar="YYYY", help="of disposals, UTC")


def _table(command: Parser) -> None:
    command.add_argument("--csv", action="store_true", help="print CSV")
    _account(command)


def _account(command: Parser) -> None:
    command.add_argument("--account", metavar="NAME", help="where the database has several")
