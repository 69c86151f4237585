"""The books in the store, for people's commands: rows of files into them, and whether they are in
order; whether or not a desk runs, which takes rows all the same."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Final

import attrs

from zoe.adapters.kraken import ledger_csv, ledger_pages
from zoe.app.file_lines import lines
from zoe.app.ledger_replaying import own_marks
from zoe.app.settings import Settings
from zoe.domain.booking import FILE, Booking, Delivery
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.declarations import Declaration, What
from zoe.domain.difference import OPEN
from zoe.domain.errors import ConfigError, StoreConflict, StoreUnknown, WireError
from zoe.domain.ids import account_id
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import violations
from zoe.domain.ledger_row import LedgerRow, asset_of, decimal_of, text_of
from zoe.domain.marks import USD, MarkTable
from zoe.domain.quantity import plain
from zoe.domain.unread_rows import SUBJECT, problem_of
from zoe.domain.watched import Watched, unwatched
from zoe.store import declarations, reading
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.ledger import PostgresLedger

BATCH_ROWS: Final = 500
#: Another writer's bookings came in between so often that something must be wrong.
MOST_TRIES: Final = 50
#: So often, and so long after each other, it is looked whether books that a desk writes are in order.
MOST_LOOKS: Final = 6
LOOK_SECONDS: Final = 0.5


@attrs.define
class Imported:
    """What became of the rows of files.

    Attributes:
        pending: Copies without an id that exports list beside the rows.
    """

    files: int = 0
    rows: int = 0
    new: int = 0
    conflicts: int = 0
    pending: int = 0


@attrs.frozen
class Verdict:
    """Whether the stored books are in order.

    Attributes:
        account: None where there is none yet.
        problems: A line each; none for books in order.
    """

    account: str | None
    books: Books
    problems: tuple[str, ...] = ()


@contextmanager
def open_store(settings: Settings) -> Iterator[Database]:
    """The desk's database, made where no desk has run yet."""
    if settings.database_url or EmbeddedServer.exists(settings.state_dir):
        with reading.open_for_reading(settings.state_dir, settings.database_url) as database:
            yield database
        return
    with reading.served_by(EmbeddedServer.start(settings.state_dir)) as database:
        yield database


def account_of(settings: Settings, database: Database, wanted: str | None = None) -> str:
    """Whose books: the account named, that of the key in force, or the only one there is.

    Raises:
        NothingToRead: There is none yet.
        ConfigError: It cannot be told.
    """
    if wanted is not None:
        return wanted
    if settings.api_key:
        return account_id(settings.exchange.name, settings.api_key)
    sql = "SELECT account_id FROM boot UNION SELECT account_id FROM raw_event ORDER BY 1"
    found = [row[0] for row in database.run(lambda c: c.run(sql))]
    if len(found) == 1:
        return str(found[0])
    if not found:
        raise reading.NothingToRead(
            "no account yet: set KRAKEN_API_KEY, or name one with --account"
        )
    raise ConfigError(f"which account? --account with one of {', '.join(found)}")


def rows_of(paths: Sequence[Path], found: Imported) -> list[LedgerRow]:
    """Every row of the files.

    Raises:
        WireError: A file is not understood, or a row is one that no books can keep; it names which.
    """
    rows: list[LedgerRow] = []
    for path in paths:
        try:
            if path.suffix == ".jsonl":
                rows += ledger_pages.read_lines(lines(path, "rows", unwatched))
            elif path.suffix == ".json":
                rows += ledger_pages.read(path.read_bytes())
            else:
                export = ledger_csv.read(path.open("rb"))
                rows += export.rows
                found.pending += export.pending
        except WireError as problem:
            raise WireError(f"{path}: {problem}", problem.raw) from problem
        found.files += 1
    found.rows = len(rows)
    for row in rows:
        unfit = problem_of(row)
        if unfit is not None:
            raise WireError(f"row {row.ledger_id} {unfit}", b"")
    return rows


def take(
    store: PostgresLedger,
    rows: Sequence[LedgerRow],
    found: Imported,
    watched: Watched = unwatched,
) -> Bookkeeping:
    """Books rows in batches, each durable as a whole; done again, it changes nothing."""
    marks = MarkTable(own_marks(rows, watched))
    keeping = current(store, marks, watched=watched)
    left = iter(watched(rows, "rows", len(rows)))
    while batch := [Delivery(row, FILE, time.time_ns()) for row in islice(left, BATCH_ROWS)]:
        for _ in range(MOST_TRIES):
            booking = keeping.take(batch, None, time.time_ns())
            if _booked(store, booking):
                break
            # A desk that runs came in between: go on from what is stored.
            keeping = current(store, marks)
        else:
            raise StoreConflict("another writer is always quicker")
        found.new += len(booking.deliveries)
        found.conflicts += len(booking.conflicts)
    return keeping


def current(
    store: PostgresLedger,
    marks: MarkTable,
    reason: str = "rebuilt",
    watched: Watched = unwatched,
) -> Bookkeeping:
    """The books as stored, with what the store lacked of them made good."""
    for _ in range(MOST_TRIES):
        keeping = Bookkeeping(store.load(watched), marks)
        if _booked(store, keeping.catch_up(None, time.time_ns(), reason, watched)):
            return keeping
    raise StoreConflict("another writer is always quicker")


def _booked(store: PostgresLedger, booking: Booking) -> bool:
    if booking.is_empty:
        return True
    try:
        store.book([booking])
    except (StoreConflict, StoreUnknown):
        return False
    return True


@attrs.frozen
class Reading:
    """The stored books of an account, and what its assets were worth.

    Attributes:
        account: None where there is none yet.
        conflicts: Ids that came with other content, which nobody decided on yet.
        unread: Ids of rows that a desk has set aside, since they cannot be read.
    """

    account: str | None
    books: Books
    marks: MarkTable
    conflicts: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def read(database: Database, account: str, watched: Watched = unwatched) -> Reading:
    """The books as stored; nothing is written."""
    stored = PostgresLedger(database, account).load(watched)
    open_conflicts = database.run(lambda c: declarations.conflicts(c, account))
    keeping = Bookkeeping(stored, MarkTable(()))
    keeping.catch_up(time.time_ns(), time.time_ns(), watched=watched)
    marks = MarkTable((*own_marks(stored.rows, watched), *(pin.mark for pin in stored.marks)))
    unread = tuple(_set_aside(database, account, keeping.books))
    return Reading(account, keeping.books, marks, tuple(open_conflicts), unread)


def declare(
    settings: Settings,
    wanted: str | None,
    said: Sequence[Declaration],
    watched: Watched = unwatched,
) -> Bookkeeping:
    """Declares, and corrects the books by it.

    Raises:
        ConfigError: Something is said of a row that is not there, or a price of one that brought no
            coins.
    """
    with open_store(settings) as database:
        store = PostgresLedger(database, account_of(settings, database, wanted))
        stored = store.load(watched)
        known = {row.ledger_id: row for row in stored.rows}
        for one in said:
            if one.ledger_id not in known:
                raise ConfigError(f"no row has the id {one.ledger_id}")
            if one.what is What.BASIS:
                _refuse_basis(known[one.ledger_id])
        store.declare(said)
        return current(store, MarkTable(own_marks(stored.rows)), "declared", watched)


def _refuse_basis(row: LedgerRow) -> None:
    """What was paid can be said of coins that came in, whatever their row is ruled to be."""
    if row.asset == USD or row.amount <= 0:
        moved = f"{row.type} of {text_of(row.amount)} {row.asset}"
        raise ConfigError(f"{row.ledger_id} brought no coins: {moved}")


def contents(settings: Settings, wanted: str | None, ledger_id: str) -> list[LedgerRow]:
    """Every content that came under one id, the first one first."""
    with open_store(settings) as database:
        account = account_of(settings, database, wanted)
        return database.run(lambda c: declarations.contents(c, account, ledger_id))


def verify(database: Database, account: str, watched: Watched = unwatched) -> Verdict:
    """Compares what is stored with what its rows say, and the rows with the exchange's word.

    A desk that runs writes balances and rows one after the other: what is wrong is so where it still is
    when nothing has been written meanwhile, or again and again.
    """
    before: object = None
    for _ in range(MOST_LOOKS - 1):
        found, newest = _verify(database, account, watched), _newest(database, account)
        if not found.problems or newest == before:
            return found
        before = newest
        time.sleep(LOOK_SECONDS)
    return _verify(database, account, watched)


def _newest(database: Database, account: str) -> object:
    """Changes with whatever the desk writes of an account."""
    sql = """
        SELECT (SELECT max(seq) FROM journal WHERE account_id = :account),
               (SELECT max(arrival) FROM raw_event WHERE account_id = :account)"""
    return database.run(lambda c: c.run(sql, account=account))[0]


def _verify(database: Database, account: str, watched: Watched) -> Verdict:
    store = PostgresLedger(database, account)
    keeping = Bookkeeping(store.load(watched), MarkTable(()))
    missing = keeping.catch_up(time.time_ns(), time.time_ns(), watched=watched)
    books = keeping.books
    problems = [
        *(f"I5: entry {entry.key} is not in the journal" for entry in missing.entries),
        *(f"the lots of {e.asset} are not what the rows say" for e in missing.editions),
        *violations(books, watched),
        *(
            f"rows of {wallet} are missing before {row.ledger_id}: it held {text_of(balance)}"
            for wallet, (balance, row) in books.gaps.items()
        ),
        *(f"more {asset} was sold than the lots held" for asset in sorted(books.stopped)),
        *_standing(database, account, books),
    ]
    problems += _against_exchange(database, account, books)
    return Verdict(account, books, tuple(problems))


def _standing(database: Database, account: str, books: Books) -> Iterable[str]:
    """What the database's own checks find, rows that cannot be read, and those that came again with
    other content."""
    checks = "SELECT invariant, found FROM violation WHERE account_id = :account"
    for invariant, found in database.run(lambda c: c.run(checks, account=account)):
        yield f"{invariant}: {found}"
    for ledger_id, problem in _set_aside(database, account, books).items():
        yield f"row {ledger_id} of the exchange's ledger cannot be read: {problem}"
    for name in database.run(lambda c: declarations.conflicts(c, account)):
        yield f"I9: {name} came again with other content; the first stays"


def _set_aside(database: Database, account: str, books: Books) -> dict[str, str]:
    """Rows that a desk could not read, and that nothing has brought since, with what is wrong with
    them."""
    sql = """
        SELECT DISTINCT ON (number) subject, status, theirs FROM drift
         WHERE account_id = :account AND starts_with(subject, :prefix)
         ORDER BY number, id DESC"""
    found = database.run(lambda c: c.run(sql, account=account, prefix=SUBJECT))
    stand = {
        str(subject).removeprefix(SUBJECT): str(problem)
        for subject, status, problem in found
        if status == OPEN
    }
    return {name: problem for name, problem in stand.items() if name not in books.rows}


def _against_exchange(database: Database, account: str, books: Books) -> list[str]:
    """I2 against the newest balances that the exchange told the desk, if there is one."""
    sql = "SELECT asset, sum(balance) FROM accounts WHERE account_id = :account GROUP BY 1"
    theirs: dict[str, Decimal] = {}
    for name, total in database.run(lambda c: c.run(sql, account=account)):
        theirs[asset_of(name)] = theirs.get(asset_of(name), Decimal(0)) + total
    ours: dict[str, int] = {}
    for wallet, balance in books.balances.items():
        ours[asset_of(wallet)] = ours.get(asset_of(wallet), 0) + balance
    return [
        f"I2: {asset}: the books say {text_of(ours.get(asset, 0))}, the exchange {plain(total)}"
        for asset, total in sorted(theirs.items())
        if total != decimal_of(ours.get(asset, 0))
    ]
