"""Lots against the balances that they make up: what of an asset is in no lot, and why not."""

from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.difference import (
    EXTERNAL,
    LAG,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
    Standing,
    about,
    seconds,
)
from zoe.domain.ledger import Books
from zoe.domain.ledger_entry import IN_TRANSIT, UNPAIRED
from zoe.domain.ledger_row import Kind, asset_of, text_of
from zoe.domain.marks import FEE_CREDIT, USD

_SUBJECT: Final = "lots "
_WITHOUT_LOTS: Final = frozenset({USD, FEE_CREDIT})


@attrs.define
class _Stand:
    since_ns: int
    told: tuple[str, str] | None = None


class LotDrift:
    """The differences that stand.

    Args:
        lag_ns: How long the legs of a trade may come after each other.
        before: What an earlier run left.
    """

    def __init__(self, lag_ns: int, before: Iterable[Standing] = ()) -> None:
        self._lag_ns = lag_ns
        self._standing = {
            asset: _Stand(known.since_ns, (known.difference.status, known.difference.cause))
            for asset, known in about(_SUBJECT, before).items()
        }

    def compare(self, books: Books, now_ns: int) -> list[Difference]:
        """What is new about the lots and the balances."""
        found, apart = [], _apart(books)
        for asset, difference in apart.items():
            known = self._standing.setdefault(asset, _Stand(now_ns))
            step = difference.status, difference.cause
            if now_ns - known.since_ns >= 2 * self._lag_ns and known.told != step:
                known.told = step
                found.append(difference)
        for asset in self._standing.keys() - apart.keys():
            known = self._standing.pop(asset)
            if known.told is not None:
                held = text_of(books.held.get(asset, 0))
                said = f"settled by itself after {seconds(now_ns - known.since_ns)}"
                cause = known.told[1]
                cause = LAG if cause == UNKNOWN else cause
                found.append(Difference(_SUBJECT + asset, SETTLED, cause, held, held, said))
        return found


def _apart(books: Books) -> dict[str, Difference]:
    """Assets whose lots do not make up what their wallets hold."""
    holds: dict[str, int] = {}
    for wallet, balance in books.balances.items():
        holds[asset_of(wallet)] = holds.get(asset_of(wallet), 0) + balance
    found = {}
    for asset, balance in sorted(holds.items()):
        lots = books.held.get(asset, 0)
        if asset in _WITHOUT_LOTS or lots == balance:
            continue
        status, cause, repair = _why(books, asset, balance - lots)
        values = text_of(lots), text_of(balance)
        found[asset] = Difference(_SUBJECT + asset, status, cause, *values, repair)
    return found


def _why(books: Books, asset: str, missing: int) -> tuple[str, str, str]:
    if asset in books.stopped:
        return OPEN, UNKNOWN, "more was sold than the lots held: its lots stand still"
    suspended = -books.accounts.get((UNPAIRED, asset), 0)
    under_way = -books.accounts.get((IN_TRANSIT, asset), 0)
    for group in books.waiting.values():
        for row in group.rows:
            if row.asset == asset:
                is_moved = books.kind_of(row) in (Kind.MOVE, Kind.SUSPENSE)
                under_way += -row.fee if is_moved else row.net
    if missing != suspended + under_way:
        return OPEN, UNKNOWN, "no row explains it"
    if suspended:
        return WAITING, EXTERNAL, f"{text_of(suspended)} in suspense: nobody knows what it is"
    return WAITING, LAG, "the rest of an event is under way"
