"""Whether books are in order: the invariants of the ledger, and a hash of its state.

Each finding begins with its invariant's number, so that people can look it up.
"""

import hashlib
from typing import Final

from zoe.domain.ledger import Books
from zoe.domain.ledger_entry import COUNTER, IN_TRANSIT, UNPAIRED, entry_of
from zoe.domain.ledger_row import Kind, LedgerRow, asset_of, text_of
from zoe.domain.lot_outcome import Flow
from zoe.domain.lots import Lot
from zoe.domain.marks import FEE_CREDIT, USD
from zoe.domain.watched import Watched, unwatched

#: How each flow changes equity.
SIGNS: Final = {
    **dict.fromkeys(Flow, 1),
    Flow.TRANSFERRED_BASIS: -1,
    Flow.FEE_EXPENSE: -1,
    Flow.CASH_FEES: -1,
}


def state_hash(books: Books, watched: Watched = unwatched) -> str:
    """SHA-256 over journal lines by time and ledger id, and lots by id (I8)."""
    digest = hashlib.sha256()
    booked = [row for chain in books.wallets.values() for row in chain.booked]
    booked.sort(key=lambda row: (row.time_ns, row.ledger_id))
    for row in watched(booked, "rows", len(booked)):
        counter = COUNTER[books.kind_of(row)]
        fields = (row.ledger_id, row.time_ns, row.wallet, row.asset, counter, row.amount, row.fee)
        digest.update(f"{'|'.join(map(str, fields))}\n".encode())
    for lot in sorted(every_lot(books), key=lambda lot: lot.lot_id):
        numbers = (lot.opened_ns, lot.quantity, lot.basis, lot.left, lot.basis_left)
        digest.update(f"{lot.lot_id}|{'|'.join(map(str, numbers))}\n".encode())
    return digest.hexdigest()


def every_lot(books: Books) -> list[Lot]:
    """Open and closed lots, in the order in which they were opened."""
    return [lot for outcome in books.outcomes for lot in outcome.lots]


def violations(books: Books, watched: Watched = unwatched) -> list[str]:
    """What is wrong, a line each; empty for books in order."""
    checks = (
        _unbalanced,
        _broken_chains,
        _lots_against_accounts,
        _lot_sums,
        _bookings,
        _fifo,
        _identity,
    )
    return [found for check in watched(checks, "checks", len(checks)) for found in check(books)]


def _unbalanced(books: Books) -> list[str]:
    found = []
    sums: dict[str, int] = {}
    for row in books.booked():
        entry = entry_of(row, books.kind_of(row))
        by_asset: dict[str, int] = {}
        for posting in entry.postings:
            by_asset[posting.asset] = by_asset.get(posting.asset, 0) + posting.amount
        if any(by_asset.values()) or len(entry.postings) == 1:
            found.append(f"I1: entry {entry.key} does not balance")
    for wallet, balance in books.balances.items():
        sums[asset_of(wallet)] = sums.get(asset_of(wallet), 0) + balance
    for (_account, asset), amount in books.accounts.items():
        sums[asset] = sums.get(asset, 0) + amount
    return found + [
        f"I1: accounts of {asset} sum to {text_of(n)}" for asset, n in sums.items() if n
    ]


def _broken_chains(books: Books) -> list[str]:
    found = []
    for wallet, chain in books.wallets.items():
        balance = 0
        for row in chain.booked:
            balance += row.amount - row.fee
            if balance != row.balance:
                found.append(
                    f"I2: {wallet} holds {text_of(balance)} after {row.ledger_id}, "
                    f"the exchange says {text_of(row.balance)}"
                )
                break
    return found


def _lots_against_accounts(books: Books) -> list[str]:
    """Lots of an asset are what its wallets hold, less what waits or is in suspense."""
    holds: dict[str, int] = {}
    for wallet, balance in books.balances.items():
        holds[asset_of(wallet)] = holds.get(asset_of(wallet), 0) + balance
    for (account, asset), amount in books.accounts.items():
        if account in (IN_TRANSIT, UNPAIRED):
            holds[asset] = holds.get(asset, 0) + amount
    for row in _without_event(books):
        kind, asset = books.kind_of(row), row.asset
        moved = row.fee if kind in (Kind.MOVE, Kind.SUSPENSE) else row.fee - row.amount
        holds[asset] = holds.get(asset, 0) + moved
    lots = books.held
    return [
        f"I3: lots of {asset} hold {text_of(lots.get(asset, 0))}, its accounts {text_of(amount)}"
        for asset, amount in sorted(holds.items())
        if asset not in (USD, FEE_CREDIT)
        and asset not in books.stopped
        and amount != lots.get(asset, 0)
    ]


def _without_event(books: Books) -> list[LedgerRow]:
    """Rows that are booked in the journal, and whose event is not booked yet."""
    return [row for group in books.groups.values() if not group.placed for row in group.rows]


def _lot_sums(books: Books) -> list[str]:
    used: dict[str, list[int]] = {}
    for use in books.uses():
        sums = used.setdefault(use.lot.lot_id, [0, 0])
        sums[0] += use.quantity
        sums[1] += use.basis
    found = []
    for lot in every_lot(books):
        quantity, basis = used.get(lot.lot_id, (0, 0))
        good = (
            0 <= lot.left <= lot.quantity
            and 0 <= lot.basis_left <= lot.basis
            and (lot.quantity - lot.left, lot.basis - lot.basis_left) == (quantity, basis)
            and (lot.left or not lot.basis_left)
        )
        if not good:
            found.append(f"I4: lot {lot.lot_id} does not equal what was taken from it")
    return found


def _bookings(books: Books) -> list[str]:
    booked = [row.ledger_id for row in books.booked()]
    held = [row.ledger_id for chain in books.wallets.values() for row in chain.held]
    if sorted(booked + held) == sorted(books.rows):
        return []
    return ["I5: not every row is booked or held, once"]


def _fifo(books: Books) -> list[str]:
    """No slice is taken while an older lot of the asset is open."""
    order = {lot.lot_id: place for place, lot in enumerate(every_lot(books))}
    last: dict[str, int] = {}
    found = []
    for use in books.uses():
        asset, place = use.lot.asset, order[use.lot.lot_id]
        if place < last.get(asset, -1):
            found.append(f"I6: {use.event} took from {use.lot.lot_id} after a younger lot")
        last[asset] = place
    return found


def _identity(books: Books) -> list[str]:
    """Equity without what marks say: cash and the basis of lots, against why they are there."""
    cash = books.cash - sum(
        -row.fee if books.kind_of(row) is Kind.MOVE else row.net
        for row in _without_event(books)
        if row.asset == USD
    )
    basis = sum(lot.basis_left for lot in books.open_lots())
    reasons = sum(SIGNS[flow] * amount for flow, amount in books.flows.items())
    if cash + basis == reasons:
        return []
    return [f"I7: cash and lots are worth {text_of(cash + basis)}, the reasons {text_of(reasons)}"]
