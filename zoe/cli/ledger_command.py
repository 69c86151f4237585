"""``zoe ledger``: books out of a directory of exports, as tables, CSV or JSON."""

from argparse import Namespace
from datetime import date
from typing import Any, Final

import attrs

from zoe.app import ledger_replaying, logs
from zoe.app.ledger_replaying import Replay
from zoe.cli import configured, show
from zoe.domain import valuation
from zoe.domain.ledger import Books
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import asset_of, text_of
from zoe.domain.lots import Lot, LotUse

#: The ordinal of 1970-01-01.
_EPOCH: Final = date(1970, 1, 1).toordinal()
BALANCES: Final = ("wallet", "asset", "balance")
LOTS: Final = ("asset", "acquired", "quantity", "left", "basis_left", "basis", "flag", "lot")
DISPOSALS: Final = (
    *("asset", "disposed", "acquired", "kind", "quantity", "proceeds", "basis", "gain"),
    *("flag", "event", "lot"),
)
DAYS: Final = ("day", "equity", "profit", "realized", "income", "external", "unrealized")

Row = dict[str, Any]


def replay(arguments: Namespace) -> int:
    """Balances, lots and gains; exit code 1 when the books are not in order."""
    done = _replay(arguments)
    document = _head(done) | {
        "balances": balances(done.books),
        "lots": [lot(found) for found in done.books.open_lots()],
        "disposals": [disposal(use) for use in done.books.uses()],
        "profit": profit(done.books),
        "fees": {asset: text_of(paid) for asset, paid in valuation.fees(done.books).items()},
        "wrong": wrong(done.books),
    }
    if arguments.json:
        show.document(document)
    elif arguments.csv:
        show.comma_separated(DISPOSALS, document["disposals"])
    else:
        show.facts(_head(done) | document["profit"])
        for columns, name in ((BALANCES, "balances"), (LOTS, "lots")):
            print()
            show.table(columns, document[name])
        _complain(done.books)
    return _code(done.books)


def report(arguments: Namespace) -> int:
    """Profit day by day, what was paid in fees, and what a person should look at."""
    done = _replay(arguments)
    days = [day(found) for found in valuation.daily(done.books.outcomes, done.marks)]
    fees = {asset: text_of(paid) for asset, paid in valuation.fees(done.books).items()}
    if arguments.json:
        found = {"profit": profit(done.books), "fees": fees, "days": days}
        show.document(_head(done) | found | {"wrong": wrong(done.books)})
    elif arguments.csv:
        show.comma_separated(DAYS, days)
    else:
        show.facts(profit(done.books) | {f"fees {asset}": paid for asset, paid in fees.items()})
        print()
        show.table(DAYS, days)
        _complain(done.books)
    return _code(done.books)


def lots(arguments: Namespace) -> int:
    """Open lots, oldest first; or every slice that left one, for whoever asks for taxes."""
    books = _replay(arguments).books
    columns: tuple[str, ...]
    if arguments.disposals:
        columns, rows = DISPOSALS, [disposal(use) for use in books.uses()]
        if arguments.year is not None:
            rows = [row for row in rows if row["disposed"].startswith(f"{arguments.year:04d}-")]
    else:
        columns, rows = LOTS, [lot(found) for found in books.open_lots()]
    if arguments.asset is not None:
        rows = [row for row in rows if row["asset"] == arguments.asset.upper()]
    if arguments.json:
        show.document(rows)
    elif arguments.csv:
        show.comma_separated(columns, rows)
    else:
        show.table(columns, rows)
    _complain(books)
    return _code(books)


def _replay(arguments: Namespace) -> Replay:
    if arguments.config is not None:
        configured.load(arguments)  # what is named must be right, needed or not
    logs.silence()
    return ledger_replaying.replay(arguments.directory)


def _head(done: Replay) -> Row:
    books = done.books
    return {
        "files": done.files,
        "rows": len(books.rows),
        "again": done.read - len(books.rows),
        "pending": done.pending,
        "booked": len(books.booked()),
        "events": len(books.outcomes),
        "state_hash": state_hash(books),
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
        "flag": _flag(found),
        "lot": found.lot_id,
    }


def disposal(use: LotUse) -> Row:
    """A slice of a lot that left; money in USD, without proceeds where it left without gain."""
    gain = None if use.proceeds is None else text_of(use.gain)
    return {
        "asset": use.lot.asset,
        "disposed": show.moment(use.time_ns),
        "acquired": show.moment(use.lot.opened_ns),
        "kind": use.kind,
        "quantity": text_of(use.quantity),
        "proceeds": None if use.proceeds is None else text_of(use.proceeds),
        "basis": text_of(use.basis),
        "gain": gain,
        "flag": _flag(use.lot),
        "event": use.event,
        "lot": use.lot.lot_id,
    }


def _flag(found: Lot) -> str:
    if found.unvalued:
        return "unvalued"
    return "fmv_assumed" if found.fmv_assumed else ""


def profit(books: Books) -> Row:
    """What was earned and what only came and went, in USD."""
    found = valuation.profit(books)
    return {name: text_of(amount) for name, amount in attrs.asdict(found).items()}


def day(found: valuation.Day) -> Row:
    """A day of the equity curve, in USD."""
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


def wrong(books: Books) -> Row:
    """What a person should look at."""
    alarms = [
        {"alarm": alarm.value, "asset": asset, "event": outcome.key}
        for outcome in books.outcomes
        for alarm, asset in outcome.alarms
    ]
    gaps = [
        {"wallet": wallet, "balance": text_of(balance), "next": row.ledger_id}
        for wallet, (balance, row) in books.gaps.items()
    ]
    return {
        "violations": violations(books),
        "gaps": gaps,
        "conflicts": sorted(books.conflicts),
        "stopped": sorted(books.stopped),
        "alarms": alarms,
    }


def _code(books: Books) -> int:
    """1 for books that are not the exchange's or not in order; a look at suspense is no fault."""
    return 1 if books.gaps or books.conflicts or books.stopped or violations(books) else 0


def _complain(books: Books) -> None:
    found = wrong(books)
    for line in found["violations"]:
        show.note(line)
    for gap in found["gaps"]:
        show.note(f"rows of {gap['wallet']} are missing before {gap['next']}")
    for ledger_id in found["conflicts"]:
        show.note(f"{ledger_id} came again with other content; the first stays")
    for asset in found["stopped"]:
        show.note(f"more {asset} was sold than the lots held: its lots are not booked further")
    kinds: dict[tuple[str, str], int] = {}
    for alarm in found["alarms"]:
        key = alarm["alarm"], alarm["asset"]
        kinds[key] = kinds.get(key, 0) + 1
    for (name, asset), count in sorted(kinds.items()):
        show.note(f"{count} x {name.replace('_', ' ')}: {asset}")
