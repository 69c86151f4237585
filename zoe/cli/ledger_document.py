"""What ``zoe ledger replay --json`` prints, and the disposals that it writes: shapes that programs
rely on."""

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from zoe.app.ledger_replaying import Replay
from zoe.domain import valuation
from zoe.domain.ledger import Books
from zoe.domain.ledger_row import NO_REFID, Kind, text_of
from zoe.domain.lot_outcome import Flow, Group
from zoe.domain.lots import LotUse

Row = dict[str, Any]


def document(done: Replay, digest: str) -> Row:
    """Books as one document; numbers are text, counts are numbers.

    Args:
        digest: Their hash.
    """
    books = done.books
    names = {group.key: named(group) for group in books.groups.values()}
    lots: dict[str, list[Row]] = {}
    for lot in books.open_lots():
        told = {"quantity": text_of(lot.left), "basis": text_of(lot.basis_left)}
        told |= {"opened_by": _opener(lot.lot_id, names), "flag": lot.flag}
        lots.setdefault(lot.asset, []).append(told)
    parse, book = done.seconds
    return {
        "rows": len(books.rows),
        "entries": sum(1 for row in books.booked() if row.amount or row.fee),
        "balances": {
            done.codes.get(wallet, wallet): text_of(balance)
            for wallet, balance in books.balances.items()
        },
        "lots": lots,
        "disposals": sum(1 for _ in disposals(books)),
        "totals": {name: text_of(amount) for name, amount in totals(done).items()},
        "suspense": [
            {
                "id": row.ledger_id,
                "refid": row.refid,
                "type": row.type,
                "subtype": row.subtype,
                "wallet": done.codes.get(row.wallet, row.wallet),
                "amount": text_of(row.amount),
                "fee": text_of(row.fee),
            }
            for row in books.booked()
            if books.kind_of(row) is Kind.SUSPENSE
        ],
        "state_hash": digest,
        "seconds": {"parse": round(parse, 6), "book": round(book, 6)},
    }


def totals(done: Replay) -> dict[str, int]:
    """Units of USD; ``identity_residual`` is what convention K1 leaves unexplained: nothing."""
    books, flows = done.books, done.books.flows
    last_ns = max((row.time_ns for row in books.rows.values()), default=0)
    basis = value = 0
    for lot in books.open_lots():
        mark = (
            done.marks.mark(lot.asset, last_ns) if done.final is None else done.final.get(lot.asset)
        )
        basis += lot.basis_left
        value += lot.basis_left if mark is None else mark.value(lot.left)
    found = {
        "realized": valuation.realized(flows),
        "unrealized": value - basis,
        "income": flows[Flow.INCOME],
        "cash": books.cash,
        "lots_basis": basis,
        "lots_value": value,
        "deposit_basis": flows[Flow.DEPOSIT_BASIS],
        "transferred_out_basis": flows[Flow.TRANSFERRED_BASIS],
        "external_cash": flows[Flow.EXTERNAL_CASH],
        "fees": flows[Flow.FEE_EXPENSE] + flows[Flow.CASH_FEES],
        "suspense_cash": flows[Flow.SUSPENSE_CASH],
        "unbooked": flows[Flow.UNBOOKED],
        "equity": books.cash + value,
    }
    reasons = ("external_cash", "deposit_basis", "realized", "income", "unrealized")
    known = sum(found[name] for name in (*reasons, "suspense_cash", "unbooked"))
    residual = found["equity"] - known + found["transferred_out_basis"]
    return found | {"identity_residual": residual}


def disposals(books: Books) -> Iterator[Row]:
    """What left the lots, event by event: its slices together."""
    names = {group.key: named(group) for group in books.groups.values()}
    for (event, asset, kind), slices in groupby(books.uses(), _disposal):
        uses = list(slices)
        basis = sum(use.basis for use in uses)
        paid = [use.proceeds for use in uses if use.proceeds is not None]
        proceeds = sum(paid) if paid else None
        yield {
            "refid": names.get(event, event),
            "asset": asset,
            "quantity": text_of(sum(use.quantity for use in uses)),
            "proceeds": None if proceeds is None else text_of(proceeds),
            "basis": text_of(basis),
            "gain": None if proceeds is None else text_of(proceeds - basis),
            "kind": kind,
            "lots": [
                {
                    "opened_by": _opener(use.lot.lot_id, names),
                    "quantity": text_of(use.quantity),
                    "basis": text_of(use.basis),
                }
                for use in uses
            ],
        }


def write_disposals(books: Books, path: Path) -> None:
    """A JSON line a disposal, in the order of events."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in disposals(books))


def named(group: Group) -> str:
    """An event's refid; the id of its first row where it has none."""
    refids = {row.refid for row in group.rows} - NO_REFID
    return min(refids) if refids else group.first_id or group.key


def _disposal(use: LotUse) -> tuple[str, str, str]:
    return use.event, use.lot.asset, use.kind


def _opener(lot_id: str, names: dict[str, str]) -> str:
    """The name of the event that opened a lot, whose id is the event's key and the asset."""
    event = lot_id.rpartition("/")[0]
    return names.get(event, event)
