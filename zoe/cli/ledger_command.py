"""``zoe ledger replay``, ``report`` and ``lots``: books out of a directory of rows, or those in the
store, as tables, CSV or JSON."""

from argparse import Namespace
from collections.abc import Iterable
from datetime import date
from typing import Any, Final

import attrs

from zoe.app import ledger_replaying, logs, stored_books
from zoe.app.ledger_replaying import Replay
from zoe.app.stored_books import Reading
from zoe.cli import configured, ledger_document, reading_commands, show
from zoe.cli.progress import Progress
from zoe.domain import valuation
from zoe.domain.disposals import Disposal, disposals
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import asset_of, text_of
from zoe.domain.lots import Lot
from zoe.domain.marks import USD, MarkTable
from zoe.domain.watched import Watched
from zoe.domain.words import counted
from zoe.store.connection import Database

#: The ordinal of 1970-01-01.
_EPOCH: Final = date(1970, 1, 1).toordinal()
BALANCES: Final = ("wallet", "asset", "balance")
LOTS: Final = ("asset", "acquired", "quantity", "left", "basis_left", "basis", "flag", "lot")
#: docs/ledger.md says what each is.
DISPOSALS: Final = (
    *("asset", "quantity", "acquired", "disposed", "kind", "proceeds", "basis", "fees", "gain"),
    *("holding_days", "flag", "event", "lot"),
)
DAYS: Final = ("day", "equity", "profit", "realized", "income", "external", "unrealized")

Row = dict[str, Any]


@attrs.frozen
class _Source:
    """Books, from a directory or the store, and what is told of where they came from."""

    books: Books
    marks: MarkTable
    head: Row
    wrong: Row


def replay(arguments: Namespace) -> int:
    """Balances, lots and gains; exit code 1 when the books are not in order."""
    if arguments.config is not None:
        configured.load(arguments)  # what is named must be right, needed or not
    logs.silence()
    with Progress() as watched:
        done = ledger_replaying.replay(arguments.directory, arguments.deliveries, watched)
        books, head = done.books, _head(done, watched)
        faults = wrong(Reading(None, books, done.marks), watched)
        if arguments.disposals is not None:
            ledger_document.write_disposals(books, arguments.disposals)
        document = ledger_document.document(done, head["state_hash"]) if arguments.json else {}
    if arguments.json:
        fees = {asset: text_of(paid) for asset, paid in valuation.fees(books).items()}
        show.document(head | {"fees": fees, "wrong": faults} | document)
    elif arguments.csv:
        show.comma_separated(DISPOSALS, _disposals(_Source(books, done.marks, {}, faults)))
    else:
        show.facts(head | profit(books))
        rows = [lot(found) for found in books.open_lots()]
        for columns, table in ((BALANCES, balances(books)), (LOTS, rows)):
            print()
            show.table(columns, table)
        _complain(books, faults)
    return _code(faults)


def report(arguments: Namespace) -> int:
    """Profit day by day, what was paid in fees, and what a person should look at."""
    with Progress() as watched:
        source = _source(arguments, watched)
        books, each_day = source.books, days(source.books, source.marks, watched)
    fees = {asset: text_of(paid) for asset, paid in valuation.fees(books).items()}
    if arguments.json:
        found = {"profit": profit(books), "fees": fees, "days": each_day, "wrong": source.wrong}
        show.document(source.head | found | {"undeclared": undeclared(books)})
    elif arguments.csv:
        show.comma_separated(DAYS, each_day)
    else:
        show.facts(profit(books) | {f"fees {asset}": paid for asset, paid in fees.items()})
        print()
        show.table(DAYS, each_day)
        _complain(books, source.wrong)
    return _code(source.wrong)


def lots(arguments: Namespace) -> int:
    """Open lots, oldest first; or every slice that left one, for whoever asks for taxes."""
    with Progress() as watched:
        source = _source(arguments, watched)
    columns: tuple[str, ...]
    if arguments.disposals:
        columns, rows = DISPOSALS, _disposals(source)
        if arguments.year is not None:
            rows = [row for row in rows if row["disposed"].startswith(f"{arguments.year:04d}-")]
    else:
        columns, rows = LOTS, [lot(found) for found in source.books.open_lots()]
    if arguments.asset is not None:
        rows = [row for row in rows if row["asset"] == arguments.asset.upper()]
    if arguments.json:
        show.document(rows)
    elif arguments.csv:
        show.comma_separated(columns, rows)
    else:
        show.table(columns, rows)
    _complain(source.books, source.wrong)
    return _code(source.wrong)


def stored(arguments: Namespace, watched: Watched) -> Reading:
    """The stored books; empty ones, and a note, where there are none yet."""
    settings = configured.load(arguments)

    def work(database: Database) -> Reading:
        account = stored_books.account_of(settings, database, arguments.account)
        return stored_books.read(database, account, watched)

    nothing = Reading(None, Books(), MarkTable(()))
    return reading_commands.read(settings, work, nothing)


def _source(arguments: Namespace, watched: Watched) -> _Source:
    """Books of the directory that is named, else the stored ones."""
    if arguments.directory is None:
        found = stored(arguments, watched)
        head = {"account": found.account, "state_hash": state_hash(found.books, watched)}
        faults = wrong(found, watched)
        return _Source(found.books, found.marks, head, faults)
    if arguments.config is not None:
        configured.load(arguments)  # what is named must be right, needed or not
    logs.silence()
    done = ledger_replaying.replay(arguments.directory, watched=watched)
    faults = wrong(Reading(None, done.books, done.marks), watched)
    return _Source(done.books, done.marks, _head(done, watched), faults)


def _disposals(source: _Source) -> list[Row]:
    return [disposal(found) for found in disposals(source.books.outcomes, source.marks)]


def _head(done: Replay, watched: Watched) -> Row:
    books = done.books
    return {
        "files": done.files,
        "rows": len(books.rows),
        "again": done.read - len(books.rows),
        "pending": done.pending,
        "booked": len(books.booked()),
        "events": len(books.outcomes),
        "state_hash": state_hash(books, watched),
    }


def balances(books: Books) -> list[Row]:
    """What each wallet holds."""
    return [
        {"wallet": wallet, "asset": asset_of(wallet), "balance": text_of(balance)}
        for wallet, balance in books.balances.items()
    ]


def lot(found: Lot) -> Row:
    """A lot; money in USD."""
    return {
        "asset": found.asset,
        "acquired": show.moment(found.opened_ns),
        "quantity": text_of(found.quantity),
        "left": text_of(found.left),
        "basis": text_of(found.basis),
        "basis_left": text_of(found.basis_left),
        "flag": found.flag,
        "lot": found.lot_id,
    }


def disposal(found: Disposal) -> Row:
    """A slice of a lot that left; money in USD, without proceeds where it left without gain."""
    use = found.use
    gain = None if use.proceeds is None else text_of(use.gain)
    return {
        "asset": use.lot.asset,
        "quantity": text_of(use.quantity),
        "acquired": show.moment(use.lot.opened_ns),
        "disposed": show.moment(use.time_ns),
        "kind": use.kind,
        "proceeds": None if use.proceeds is None else text_of(use.proceeds),
        "basis": text_of(use.basis),
        "fees": text_of(found.fees),
        "gain": gain,
        "holding_days": found.holding_days,
        "flag": use.lot.flag,
        "event": use.event,
        "lot": use.lot.lot_id,
    }


def undeclared(books: Books) -> list[Row]:
    """Open lots of deposits whose basis is what the market said, since nobody declared it."""
    rows = _deposited(books)
    return [
        lot(found) | {"rows": rows.get(found.lot_id, [])}
        for found in books.open_lots()
        if found.flag
    ]


def _deposited(books: Books) -> dict[str, list[str]]:
    """The rows that each lot of an assumed basis came in with: what ``declare`` asks for."""
    return {
        found.lot_id: [row.ledger_id for row in outcome.group.rows if row.asset == found.asset]
        for outcome in books.outcomes
        for found in outcome.lots
        if found.fmv_assumed
    }


def profit(books: Books) -> Row:
    """What was earned and what only came and went."""
    found = valuation.profit(books)
    told = {name: text_of(amount) for name, amount in attrs.asdict(found).items()}
    return {"currency": USD} | told


def unbooked(books: Books) -> int:
    """Rows that count for nothing yet, since others are missing before them."""
    return len(books.rows) - len(books.booked())


def held(found: Reading) -> Row:
    """How many rows are not booked, and ids of those that cannot even be read; said on standard error,
    if there are any."""
    count = unbooked(found.books)
    if count:
        show.note(
            f"{counted(count, 'row')} not booked, for want of those before: zoe ledger verify"
        )
    _tell_unread(found.unread)
    return {"held": count, "unread": list(found.unread)}


def _tell_unread(ledger_ids: Iterable[str]) -> None:
    for ledger_id in ledger_ids:
        show.note(f"row {ledger_id} of the exchange's ledger cannot be read: zoe drift")


def days(books: Books, marks: MarkTable, watched: Watched) -> list[Row]:
    """The equity curve, in USD."""
    outcomes = watched(books.outcomes, "events", len(books.outcomes))
    return [_day(found) for found in valuation.daily(outcomes, marks)]


def _day(found: valuation.Day) -> Row:
    return {
        "day": date.fromordinal(_EPOCH + found.number).isoformat(),
        "equity": text_of(found.equity.total),
        "profit": text_of(found.profit),
        "realized": text_of(found.realized),
        "income": text_of(found.income),
        "external": text_of(found.external),
        "unrealized": text_of(found.equity.unrealized),
        "unmarked": list(found.equity.unmarked),
    }


def wrong(found: Reading, watched: Watched) -> Row:
    """What a person should look at."""
    books = found.books
    alarms = [
        {"alarm": alarm.value, "asset": asset, "event": outcome.key}
        | {"rows": [row.ledger_id for row in outcome.group.rows if row.asset == asset]}
        for outcome in books.outcomes
        for alarm, asset in outcome.alarms
    ]
    gaps = [
        {"wallet": wallet, "balance": text_of(balance), "next": row.ledger_id}
        for wallet, (balance, row) in books.gaps.items()
    ]
    return {
        "violations": violations(books, watched),
        "gaps": gaps,
        "unread": list(found.unread),
        "conflicts": sorted({*books.conflicts, *found.conflicts}),
        "stopped": sorted(books.stopped),
        "alarms": alarms,
    }


def _code(found: Row) -> int:
    """1 for books that are not the exchange's or not in order; a look at suspense is no fault."""
    faults = ("violations", "gaps", "unread", "conflicts", "stopped")
    return 1 if any(found[name] for name in faults) else 0


def _complain(books: Books, found: Row) -> None:
    """Says what is wrong, a line each."""
    for line in found["violations"]:
        show.note(line)
    for gap in found["gaps"]:
        show.note(f"rows of {gap['wallet']} are missing before {gap['next']}")
    _tell_unread(found["unread"])
    for ledger_id in found["conflicts"]:
        show.note(f"{ledger_id} came again with other content; the first stays")
    for asset in found["stopped"]:
        show.note(f"more {asset} was sold than the lots held: its lots are not booked further")
    kinds: dict[tuple[str, str], list[str]] = {}
    for alarm in found["alarms"]:
        kinds.setdefault((alarm["alarm"], alarm["asset"]), []).append(_named(alarm))
    for (name, asset), events in sorted(kinds.items()):
        which = "first " if len(events) > 1 else ""
        show.note(f"{len(events)} x {name.replace('_', ' ')}: {asset} ({which}{events[0]})")
    assumed: dict[str, list[str]] = {}
    for open_lot in undeclared(books):
        if open_lot["rows"]:  # an income that nothing values is nobody's to declare
            assumed.setdefault(open_lot["asset"], []).extend(open_lot["rows"])
    for name, (first, *others) in sorted(assumed.items()):
        more = f" (and {len(others)} more: zoe ledger report --json)" if others else ""
        show.note(
            f"the basis of deposited {name} is assumed: zoe ledger declare {first} USD "
            f"says what was paid{more}"
        )


def _named(alarm: Row) -> str:
    """The rows that an alarm is about, as ``rule`` takes them; its event where there is none."""
    return " ".join(alarm["rows"]) or str(alarm["event"])
