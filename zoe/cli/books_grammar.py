"""The grammar of the commands that read and keep the books."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from zoe.cli.parser import Parser, one_of, whole

#: As zoe.domain.ledger_row has them; nothing of the desk is imported here.
KINDS: Final = ("trade", "deposit", "withdrawal", "income", "move", "rollover", "suspense")

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
    pnl = command(commands, "pnl", "books_commands:pnl", words)
    pnl.add_argument(
        *("--split",),
        action="store_true",
        help="of each strategy and pair: spread captured, adverse selection, inventory, fees",
    )
    _table(pnl)
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
    _from_rows(below, command)
    _terms(below, command)


def _from_rows(below: Any, command: Command) -> None:
    words = (
        "balances, lots and gains of rows in files; exit code 1 when something is wrong",
        "zoe ledger replay exports --json",
    )
    replay = command(below, "replay", "ledger_command:replay", words)
    replay.add_argument("directory", type=Path, metavar="DIR", help="with the rows")
    replay.add_argument("--csv", action="store_true", help="print disposals as CSV")
    replay.add_argument(
        "--disposals", type=Path, metavar="FILE", help="write them there, a JSON line each"
    )
    replay.add_argument(
        "--deliveries", type=Path, metavar="FILE", help="lists ids of rows, a page a line"
    )
    for name, text, example in (
        ("report", "equity and profit by day, and fees", "--csv"),
        ("lots", "open lots, or what left them, for a tax return", "--disposals --year 2026"),
    ):
        words = text, f"zoe ledger {name} {example}"
        found = command(below, name, f"ledger_command:{name}", words)
        about = "with the rows; without it, the stored books"
        found.add_argument("directory", type=Path, nargs="?", metavar="DIR", help=about)
        _table(found)
    found.add_argument("--asset", metavar="ASSET", help="such as BTC")
    found.add_argument("--disposals", action="store_true", help="every slice that left a lot")
    found.add_argument("--year", type=whole(1970, 9999), metavar="YYYY", help="of disposals, UTC")


def _terms(below: Any, command: Command) -> None:
    """What a person says of rows."""
    words = ("say what was paid for a deposit, in USD", "zoe ledger declare LABCDE 1234.56")
    declare = command(below, "declare", "terms_commands:declare", words)
    declare.add_argument("ledger_id", metavar="ID", help="of the deposit's row")
    declare.add_argument("usd", metavar="USD", help="all of it, such as 1234.56")
    words = ("say what rows in suspense are, together", "zoe ledger rule LABCDE LFGHIJ --as trade")
    rule = command(below, "rule", "terms_commands:rule", words)
    rule.add_argument("ledger_ids", nargs="+", metavar="ID", help="of rows that are one event")
    rule.add_argument(
        *("--as",),
        dest="kind",
        type=one_of(*KINDS),
        required=True,
        metavar="KIND",
        help=f"what they are: one of {', '.join(KINDS)}",
    )
    rule.add_argument("--group", metavar="NAME", help="of the event; without it, the first id")
    words = ("say which content of a row is right", "zoe ledger accept LABCDE 2")
    accept = command(below, "accept", "terms_commands:accept", words)
    accept.add_argument("ledger_id", metavar="ID", help="that came with several contents")
    accept.add_argument(
        "number",
        type=whole(1, 1_000_000),
        nargs="?",
        metavar="N",
        help="1 is what came first; without it, they are listed",
    )
    for found in (declare, rule, accept):
        found.add_argument("--why", default="", metavar="TEXT", help="kept beside it")
        _account(found)


def _table(command: Parser) -> None:
    command.add_argument("--csv", action="store_true", help="print CSV")
    _account(command)


def _account(command: Parser) -> None:
    command.add_argument("--account", metavar="NAME", help="where the database has several")
