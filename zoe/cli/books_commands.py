"""Commands about the books in the store, whether or not a desk runs: ``zoe ledger import``,
``verify`` and ``rebuild``, ``zoe pnl``, ``equity`` and ``drift``."""

import time
from argparse import Namespace
from collections.abc import Iterable
from typing import Any, Final

from zoe.app import logs, stored_books
from zoe.app.stored_books import Imported, Verdict
from zoe.cli import configured, ledger_command, profit_command, reading_commands, show
from zoe.cli.progress import Progress
from zoe.domain import valuation
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.difference import OPEN
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import state_hash
from zoe.domain.ledger_row import asset_of, text_of
from zoe.domain.marks import USD, MarkTable
from zoe.domain.quantity import plain
from zoe.domain.watched import Watched, unwatched
from zoe.ports.ledger_store import DriftRow
from zoe.store.connection import Database
from zoe.store.ledger import PostgresLedger

DRIFT: Final = ("number", "time", "subject", "status", "cause", "ours", "theirs", "repair")
LOT_VALUES: Final = ("asset", "quantity", "basis", "mark", "value", "unrealized")

Row = dict[str, Any]


def take(arguments: Namespace) -> int:
    """Takes rows of files into the store; again, they change nothing."""
    found = Imported()
    rows = stored_books.rows_of(arguments.files, found)
    settings = configured.load(arguments)
    logs.silence()
    with stored_books.open_store(settings) as database, Progress() as watched:
        account = stored_books.account_of(settings, database, arguments.account)
        store = PostgresLedger(database, account)
        keeping = stored_books.take(store, rows, found, watched)
    told = {
        "account": account,
        "files": found.files,
        "rows": found.rows,
        "new": found.new,
        "again": found.rows - found.new,
        "conflicts": found.conflicts,
        "pending": found.pending,
        **_state(keeping.books),
    }
    _facts(arguments, told)
    _gaps(keeping.books)
    return 1 if found.conflicts else 0


def verify(arguments: Namespace) -> int:
    """Checks every invariant; exit code 1 when one is violated."""
    settings = configured.load(arguments)
    with Progress() as watched:

        def work(database: Database) -> Verdict:
            account = stored_books.account_of(settings, database, arguments.account)
            return stored_books.verify(database, account, watched)

        nothing = Verdict(None, Books())
        verdict = reading_commands.read(settings, work, nothing)
        state = _state(verdict.books, watched)
    told = {
        "account": verdict.account,
        "verdict": "violation" if verdict.problems else "ok",
        **state,
        "waiting": len(verdict.books.waiting),
    }
    if arguments.json:
        show.document(told | {"problems": list(verdict.problems)})
    else:
        show.facts(told)
        for problem in verdict.problems:
            show.note(problem)
    return 1 if verdict.problems else 0


def rebuild(arguments: Namespace) -> int:
    """Makes the lots anew from the rows; exit code 1 when they had been otherwise."""
    settings = configured.load(arguments)
    logs.silence()
    with stored_books.open_store(settings) as database, Progress() as watched:
        account = stored_books.account_of(settings, database, arguments.account)
        store = PostgresLedger(database, account)
        before = Bookkeeping(store.load(watched), MarkTable(()))
        missing = before.catch_up(None, time.time_ns(), watched=watched)
        other = [edition.asset for edition in missing.editions]
        keeping = stored_books.current(store, MarkTable(()), "rebuilt by hand", watched)
    told = {"account": account, "rebuilt": other, "entries_added": len(missing.entries)}
    _facts(arguments, told | _state(keeping.books))
    return 1 if other or missing.entries else 0


def pnl(arguments: Namespace) -> int:
    """What was earned, and what only came and went, day by day; or where strategies earned it."""
    if arguments.split:
        return profit_command.split(arguments)
    with Progress() as watched:
        found = ledger_command.stored(arguments, watched)
        profit = ledger_command.profit(found.books)
        days = ledger_command.days(found.books, found.marks, watched)
    held = ledger_command.held(found)
    if arguments.json:
        show.document({"profit": profit, "days": days} | held)
    elif arguments.csv:
        show.comma_separated(ledger_command.DAYS, days)
    else:
        show.facts(profit)
        print()
        show.table(ledger_command.DAYS, days)
    return 0


def equity(arguments: Namespace) -> int:
    """What the account is worth now: cash, and lots at their newest marks."""
    with Progress() as watched:
        stored = ledger_command.stored(arguments, watched)
    now_ns = time.time_ns()
    found = valuation.equity(stored.books, stored.marks, now_ns)
    told = {
        "account": stored.account,
        "time": show.moment(now_ns),
        "currency": USD,
        "equity": text_of(found.total),
        "cash": text_of(found.cash),
        "lots": text_of(found.lots),
        "basis": text_of(found.basis),
        "unrealized": text_of(found.unrealized),
        "unmarked": list(found.unmarked),
        **ledger_command.held(stored),
    }
    holding = holdings(stored.books, stored.marks, now_ns)
    if arguments.json:
        show.document(told | {"holdings": holding})
    elif arguments.csv:
        show.comma_separated(LOT_VALUES, holding)
    else:
        show.facts(told)
        print()
        show.table(LOT_VALUES, holding)
    return 0


def drift(arguments: Namespace) -> int:
    """Every difference that reconciliation found; exit code 1 while one is open."""
    settings = configured.load(arguments)

    def work(database: Database) -> list[DriftRow]:
        account = stored_books.account_of(settings, database, arguments.account)
        return list(PostgresLedger(database, account).drift())

    nothing: list[DriftRow] = []
    steps = reading_commands.read(settings, work, nothing)
    stored = steps if arguments.all else standing(steps)
    if arguments.json:
        show.document([_drift(row, show.moment(row.at_ns)) for row in stored])
    elif arguments.csv:
        show.comma_separated(DRIFT, [_drift(row, show.moment(row.at_ns)) for row in stored])
    elif not stored:
        print("Our books and the exchange's have not differed.")
    else:
        show.table(DRIFT, [_drift(row, show.clock(row.at_ns)) for row in stored])
    return 1 if any(row.status == OPEN for row in standing(steps)) else 0


def standing(steps: Iterable[DriftRow]) -> list[DriftRow]:
    """How each difference stands: the newest of its steps."""
    return list({row.number: row for row in steps}.values())


def _drift(row: DriftRow, at: str | None) -> Row:
    return {
        "number": row.number,
        "time": at,
        "subject": row.subject,
        "status": row.status,
        "cause": row.cause,
        "ours": row.ours,
        "theirs": row.theirs,
        "repair": row.repair,
    }


def holdings(books: Books, marks: MarkTable, now_ns: int) -> list[Row]:
    """What is held of each asset, at what cost, and what it is worth; cash first."""
    sums: dict[str, list[int]] = {USD: [books.cash, books.cash]}
    for lot in books.open_lots():
        held = sums.setdefault(lot.asset, [0, 0])
        held[0] += lot.left
        held[1] += lot.basis_left
    rows = []
    for asset, (quantity, basis) in sums.items():
        mark = marks.mark(asset, now_ns)
        value = quantity if asset == USD else None if mark is None else mark.value(quantity)
        rows.append({
            "asset": asset,
            "quantity": text_of(quantity),
            "basis": text_of(basis),
            "mark": None if mark is None else plain(mark.price),
            "value": None if value is None else text_of(value),
            "unrealized": None if value is None else text_of(value - basis),
        })  # fmt: skip
    return rows


def _state(books: Books, watched: Watched = unwatched) -> Row:
    return {
        "booked": len(books.booked()),
        "held": ledger_command.unbooked(books),
        "events": len(books.outcomes),
        "assets": len({asset_of(wallet) for wallet in books.balances}),
        "state_hash": state_hash(books, watched),
    }


def _facts(arguments: Namespace, told: Row) -> None:
    if arguments.json:
        show.document(told)
    else:
        show.facts(told)


def _gaps(books: Books) -> None:
    for wallet, (_, row) in books.gaps.items():
        show.note(f"rows of {wallet} are missing before {row.ledger_id}")
