"""Books out of a directory of rows, without a database: exports (``*.csv``), pages of REST
``Ledgers`` (``*.json``) and its rows in JSON Lines (``ledger.jsonl``), in any order and with any
duplicates.

Beside them may stand ``marks.csv`` (asset, price, time, source), ``declared.csv`` (ledger_id, usd)
and ``rulings.csv`` (ledger_id, kind, group). An asset without marks is worth what the account's own
last trade against USD said.
"""

import csv
import gc
import io
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import attrs

from zoe.adapters.kraken import ledger_csv, ledger_pages
from zoe.adapters.kraken.numbers import nanoseconds
from zoe.app import ledger_told
from zoe.app.file_lines import lines
from zoe.domain.errors import ConfigError, WireError
from zoe.domain.ledger import Books, Ruling, Terms
from zoe.domain.ledger_row import DIGITS, Kind, LedgerRow, units_of_text
from zoe.domain.marks import USD, Mark, Marks, MarkTable
from zoe.domain.quantity import EXACT
from zoe.domain.watched import Watched, unwatched

MARKS: Final = "marks.csv"
DECLARED: Final = "declared.csv"
RULINGS: Final = "rulings.csv"
_OURS: Final = frozenset({MARKS, DECLARED, RULINGS, ledger_told.FINAL})
_OWN_TRADES: Final = "own trades"
#: Enough for any price that two amounts of an account make.
_PRICE_DECIMALS: Final = 18


@attrs.frozen
class Replay:
    """Books and where they came from.

    Attributes:
        read: Rows read, those that came more than once too.
        pending: Copies without an id that exports listed beside the rows.
        codes: How the rows write each wallet, by our spelling; exports' are ours.
        final: What assets are worth in the end, where somebody said so.
        seconds: Of the processor, to read rows and to book them.
    """

    books: Books
    marks: MarkTable
    files: int
    read: int
    pending: int
    codes: Mapping[str, str]
    final: Mapping[str, Mark] | None
    seconds: tuple[float, float]


@attrs.define
class _Found:
    rows: list[LedgerRow] = attrs.field(factory=list)
    files: int = 0
    pending: int = 0
    codes: dict[str, str] = attrs.field(factory=dict)


def replay(directory: Path, deliveries: Path | None = None, watched: Watched = unwatched) -> Replay:
    """Books that hold every row of the directory.

    Args:
        deliveries: Names rows page by page, in the order in which they are taken; None takes each
            file's rows at once.

    Raises:
        ConfigError: There is nothing to read, or a file beside the rows is not understood.
        WireError: A file with rows is not understood; it names the file.
    """
    with _uncollected():
        began = time.process_time()
        found = _rows(directory, watched)
        parsed = time.process_time()
        declared = {
            row["ledger_id"]: _amount(directory / DECLARED, row["usd"])
            for row in _table(directory / DECLARED, ("ledger_id", "usd"))
        }
        declared |= ledger_told.declared(directory, found.rows)
        terms = Terms(declared, _rulings(directory))
        given = [*_marks(directory), *ledger_told.event_marks(directory, found.rows, watched)]
        named = {mark.asset for mark in given}
        own = (mark for mark in own_marks(found.rows, watched) if mark.asset not in named)
        marks = MarkTable((*given, *own))
        begun = time.process_time()
        if deliveries is None:
            books = booked(found.rows, marks, terms, watched)
        else:
            pages = ledger_told.deliveries(deliveries, found.rows, watched)
            books = _delivered(pages, marks, terms)
        seconds = parsed - began, time.process_time() - begun
        final = ledger_told.final_marks(directory)
        counts = found.files, len(found.rows), found.pending
        return Replay(books, marks, *counts, found.codes, final, seconds)


def _delivered(pages: Iterable[list[LedgerRow]], marks: Marks, terms: Terms) -> Books:
    """Books that took rows page by page, as a feed brings them."""
    books = Books(marks, terms)
    for page in pages:
        books.extend(page)
        books.settle()
    return books


def booked(
    rows: Sequence[LedgerRow], marks: Marks, terms: Terms, watched: Watched = unwatched
) -> Books:
    """Books with all of these rows."""
    books = Books(marks, terms)
    books.extend(watched(rows, "rows", len(rows)))
    books.settle(watched=watched)
    return books


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that books are made of is garbage: nobody looks for it while they are made."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _rows(directory: Path, watched: Watched) -> _Found:
    if not directory.is_dir():
        raise ConfigError(f"{directory} is no directory")
    found = _Found()
    for path in sorted(directory.iterdir()):
        jsonl = path.name == ledger_told.ROWS
        if path.name in _OURS or (path.suffix not in (".csv", ".json") and not jsonl):
            continue
        try:
            if path.suffix == ".csv":
                export = ledger_csv.read(path.open("rb"))
                found.rows += export.rows
                found.pending += export.pending
            elif jsonl:
                found.rows += ledger_pages.read_lines(lines(path, "rows", watched))
                found.codes |= ledger_told.codes(lines(path, "rows", unwatched))
            else:
                found.rows += ledger_pages.read(path.read_bytes())
        except WireError as problem:
            raise WireError(f"{path}: {problem}", problem.raw) from problem
        found.files += 1
    if not found.files:
        raise ConfigError(
            f"{directory} holds neither {ledger_told.ROWS}, exports (*.csv) nor pages (*.json)"
        )
    return found


def own_marks(rows: Sequence[LedgerRow], watched: Watched = unwatched) -> list[Mark]:
    """What the account's own trades against USD say of their assets."""
    trades: dict[str, list[LedgerRow]] = {}
    for row in watched(rows, "rows", len(rows)):
        key, kind = row.group_and_kind
        if kind is Kind.TRADE:
            trades.setdefault(key, []).append(row)
    marks = []
    for legs in trades.values():
        amounts: dict[str, int] = {}
        for row in {leg.ledger_id: leg for leg in legs}.values():
            amounts[row.asset] = amounts.get(row.asset, 0) + row.amount
        dollars = amounts.pop(USD, 0)
        others = [(asset, amount) for asset, amount in amounts.items() if amount]
        if not dollars or len(others) != 1 or (others[0][1] > 0) == (dollars > 0):
            continue
        asset, amount = others[0]
        scaled = abs(dollars) * 10**_PRICE_DECIMALS // abs(amount)
        if scaled:
            price = EXACT.scaleb(Decimal(scaled), -_PRICE_DECIMALS)
            at_ns = min(leg.time_ns for leg in legs)
            marks.append(Mark(asset, price, at_ns, _OWN_TRADES, f"{asset}/{USD}"))
    return marks


def _marks(directory: Path) -> list[Mark]:
    path, marks = directory / MARKS, []
    for row in _table(path, ("asset", "price", "time", "source")):
        try:
            price, at_ns = Decimal(row["price"]), nanoseconds(row["time"])
            marks.append(Mark(row["asset"], price, at_ns, row["source"], f"{row['asset']}/{USD}"))
        except (InvalidOperation, ValueError) as problem:
            raise ConfigError(f"{path}: {row} is no mark") from problem
    return marks


def _rulings(directory: Path) -> dict[str, Ruling]:
    path, rulings = directory / RULINGS, {}
    for row in _table(path, ("ledger_id", "kind", "group")):
        try:
            rulings[row["ledger_id"]] = Ruling(Kind(row["kind"]), row["group"])
        except ValueError as problem:
            known = ", ".join(kind.value for kind in Kind)
            raise ConfigError(f"{path}: {row['kind']} is none of {known}") from problem
    return rulings


def _amount(path: Path, text: str) -> int:
    try:
        return units_of_text(text)
    except ValueError as problem:
        raise ConfigError(f"{path}: {text[:40]!r} is no amount of {DIGITS} decimals") from problem


def _table(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    """Rows of a file of ours; none where it is absent."""
    if not path.exists():
        return []
    try:
        reader = csv.DictReader(io.StringIO(path.read_text("utf-8-sig"), newline=""), strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as problem:
        raise ConfigError(f"{path}: {problem}") from problem
    for row in rows:
        if any(row.get(name) is None for name in columns):
            raise ConfigError(f"{path}: the columns are {', '.join(columns)}")
    return [{name: row[name].strip() for name in columns} for row in rows]
