"""Pages of REST ``Ledgers`` as rows of the books, read straight into whole units."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import msgspec

from zoe.adapters.kraken import numbers
from zoe.domain.errors import WireError
from zoe.domain.ledger_row import LedgerRow, units_of_text, wallet_of
from zoe.domain.unread_rows import LedgerPage, UnreadRow, problem_of

_RAW_BYTES: Final = 1_000
#: Times are seconds, and are kept in nanoseconds.
_TIME_DIGITS: Final = 9


class _Entry(msgspec.Struct, frozen=True):
    refid: str | None
    time: msgspec.Raw
    type: str
    asset: str
    amount: str
    fee: str
    balance: str
    subtype: str | None = ""


class _Page(msgspec.Struct, frozen=True):
    ledger: dict[str, _Entry]


class _Answer(msgspec.Struct, frozen=True):
    """A whole answer, or its result alone."""

    result: _Page | None = None
    ledger: dict[str, _Entry] | None = None


#: How most fees are written.
_NOTHING: Final = frozenset({"0", "0.0000", "0.00000000", "0.0000000000"})
#: A row of its fields, without the price of naming them: an account has a hundred thousand.
_ledger_row: Final[Callable[[tuple[str | int, ...]], LedgerRow]] = partial(tuple.__new__, LedgerRow)


class _Line(_Entry, frozen=True, kw_only=True):
    """A row with its id among the rest, as in JSON Lines."""

    id: str


class _Apart(msgspec.Struct, frozen=True):
    """A page whose rows are read one by one."""

    ledger: dict[str, msgspec.Raw]


#: So many rows that cannot be read, and more than can, are another form of the ledger.
MOST_UNREAD: Final = 10
_ROW: Final = msgspec.json.Decoder(_Entry)
_APART: Final = msgspec.json.Decoder(_Apart)
_BY_ID: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_LINE: Final = msgspec.json.Decoder(_Line)
_ANSWER: Final = msgspec.json.Decoder(_Answer)


def read(data: bytes) -> tuple[LedgerRow, ...]:
    """The rows of one page, in its order, which says nothing.

    Raises:
        WireError: It is no such page, or a value in it is none.
    """
    try:
        answer = _ANSWER.decode(data)
        ledger = answer.ledger if answer.result is None else answer.result.ledger
        if ledger is None:
            raise WireError("no page of the ledger", data[:_RAW_BYTES])
        return tuple(_row(ledger_id, entry) for ledger_id, entry in ledger.items())
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise WireError(f"no page of the ledger: {problem}", data[:_RAW_BYTES]) from problem


def read_page(result: bytes) -> LedgerPage:
    """A page as it comes from the exchange; a row that cannot be read is set aside, and costs no other.

    Raises:
        WireError: It is no such page, or most of its rows are none, or one has no id to set it aside by.
    """
    try:
        page = _one_by_one(_APART.decode(result).ledger)
        if len(page.unread) > max(MOST_UNREAD, len(page.rows)):
            first = f"{page.unread[0].ledger_id}: {page.unread[0].problem}"
            raise ValueError(f"{len(page.unread)} rows are none, the first {first}")
        return page
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise WireError(f"no page of the ledger: {problem}", result[:_RAW_BYTES]) from problem


def read_by_id(result: bytes) -> LedgerPage:
    """As ``read_page`` of rows that were asked for by their ids, since they could not be read: one that
    can is not refused for all the others."""
    try:
        return _one_by_one(_BY_ID.decode(result))
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise WireError(f"no rows of the ledger: {problem}", result[:_RAW_BYTES]) from problem


def _one_by_one(ledger: dict[str, msgspec.Raw]) -> LedgerPage:
    rows, unread = [], []
    for ledger_id, text in ledger.items():
        if not ledger_id or "\0" in ledger_id:
            raise ValueError(f"{ledger_id[:40]!r} is no id of a row")
        try:
            row = _row(ledger_id, _ROW.decode(text))
            problem = problem_of(row)
        except (msgspec.MsgspecError, ValueError, RecursionError) as refused:
            problem = str(refused)
        if problem is None:
            rows.append(row)
        else:
            unread.append(UnreadRow(ledger_id, problem))
    return LedgerPage(tuple(rows), tuple(unread))


def read_lines(lines: Iterable[bytes]) -> list[LedgerRow]:
    """Rows of JSON Lines, each a row of ``Ledgers`` with its ``id`` among the rest.

    Raises:
        WireError: A line is no such row; it names the line.
    """
    rows = []
    for number, line in enumerate(lines, 1):
        if not line or line.isspace():
            continue
        try:
            entry = _LINE.decode(line)
            rows.append(_row(entry.id, entry))
        except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
            words = f"line {number} is no row with an id: {problem}"
            raise WireError(words, line[:_RAW_BYTES]) from problem
    return rows


def _row(ledger_id: str, entry: _Entry) -> LedgerRow:
    fee = entry.fee
    return _ledger_row((
        ledger_id,
        entry.refid or "",
        numbers.units_of_text(bytes(entry.time), _TIME_DIGITS),
        entry.type,
        entry.subtype or "",
        wallet_of(entry.asset),
        units_of_text(entry.amount),
        0 if fee in _NOTHING else units_of_text(fee),
        units_of_text(entry.balance),
    ))  # fmt: skip
