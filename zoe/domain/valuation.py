"""What the books are worth, and what was earned: profit apart from money that came and went.

Everything is in units of USD (10^-10) unless it says otherwise. Realized profit is net of fees:
fees of trades are in basis and proceeds already, other fees are taken off once.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

import attrs

from zoe.domain.ledger import Books
from zoe.domain.ledger_entry import FEES
from zoe.domain.ledger_row import SECOND_NS, Kind
from zoe.domain.lot_outcome import Flow, Outcome
from zoe.domain.marks import USD, Marks

DAY_NS: Final = 86_400 * SECOND_NS


@attrs.frozen
class Equity:
    """What an account is worth at one time.

    Attributes:
        lots: Open lots at their marks; at their basis where there is no mark.
        unmarked: Assets without a fresh mark, whose lots are counted at their basis.
    """

    cash: int
    lots: int
    basis: int
    unmarked: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Cash and lots."""
        return self.cash + self.lots

    @property
    def unrealized(self) -> int:
        """What lots are worth above their basis."""
        return self.lots - self.basis


@attrs.frozen
class Profit:
    """What was earned, and what only came and went.

    Attributes:
        realized: Gains of sales, less fees that are no part of a trade.
        sale_gains: Of trades alone.
        fee_gains: Of fees that were paid in an asset: what it was worth less its basis.
        fee_expenses: What fees outside of trades were worth, in USD or another asset.
        cash_in: USD deposited less USD withdrawn, without fees.
        deposit_basis: Of assets that came in.
        transferred_basis: Of assets that went out.
        suspense_cash: USD that nobody could pair yet.
        unbooked: Of assets whose booking has stopped.
    """

    realized: int
    income: int
    sale_gains: int
    fee_gains: int
    fee_expenses: int
    cash_in: int
    deposit_basis: int
    transferred_basis: int
    suspense_cash: int
    unbooked: int


@attrs.frozen
class Day:
    """One UTC day, which begins ``number`` days after 1970-01-01.

    Attributes:
        equity: At its end.
        profit: What equity rose by, without what came in or went out.
        external: What came in less what went out: USD as such, assets at their basis.
    """

    number: int
    equity: Equity
    profit: int
    realized: int
    income: int
    external: int


def equity(books: Books, marks: Marks, at_ns: int) -> Equity:
    """What the account is worth."""
    held: dict[str, list[int]] = {}
    for lot in books.open_lots():
        sums = held.setdefault(lot.asset, [0, 0])
        sums[0] += lot.left
        sums[1] += lot.basis_left
    return _valued(held, books.cash, marks, at_ns)


def _valued(held: dict[str, list[int]], cash: int, marks: Marks, at_ns: int) -> Equity:
    """``held``: quantity and basis of each asset's open lots."""
    lots = basis = 0
    unmarked = []
    for asset, (quantity, cost) in sorted(held.items()):
        mark = marks.mark(asset, at_ns) if quantity else None
        if quantity and mark is None:
            unmarked.append(asset)
        lots += cost if mark is None else mark.value(quantity)
        basis += cost
    return Equity(cash, lots, basis, tuple(unmarked))


def realized(flows: dict[Flow, int]) -> int:
    """Realized profit, net of fees."""
    return (
        flows[Flow.SALE_GAIN]
        + flows[Flow.FEE_GAIN]
        - flows[Flow.FEE_EXPENSE]
        - flows[Flow.CASH_FEES]
        + flows[Flow.CASH_DIFFERENCE]
    )


def profit(books: Books) -> Profit:
    """What was earned so far."""
    flows = books.flows
    return Profit(
        realized=realized(flows),
        income=flows[Flow.INCOME],
        sale_gains=flows[Flow.SALE_GAIN],
        fee_gains=flows[Flow.FEE_GAIN],
        fee_expenses=flows[Flow.FEE_EXPENSE] + flows[Flow.CASH_FEES],
        cash_in=flows[Flow.EXTERNAL_CASH],
        deposit_basis=flows[Flow.DEPOSIT_BASIS],
        transferred_basis=flows[Flow.TRANSFERRED_BASIS],
        suspense_cash=flows[Flow.SUSPENSE_CASH],
        unbooked=flows[Flow.UNBOOKED],
    )


def fees(books: Books) -> dict[str, int]:
    """What fees were paid in each asset, in units of that asset; those of trades too."""
    return {asset: paid for (account, asset), paid in books.accounts.items() if account == FEES}


def daily(outcomes: Iterable[Outcome], marks: Marks) -> tuple[Day, ...]:
    """A row for each day on which something happened, in order."""
    days: list[Day] = []
    held: dict[str, list[int]] = {}
    cash, before, external_before = 0, 0, 0
    totals = dict.fromkeys(Flow, 0)
    for number, events in groupby(outcomes, lambda outcome: outcome.time_ns // DAY_NS):
        flows = dict.fromkeys(Flow, 0)
        for outcome in events:
            cash += _cash(outcome)
            _carry(held, outcome)
            for flow, amount in outcome.flows:
                flows[flow] += amount
                totals[flow] += amount
        worth = _valued(held, cash, marks, (number + 1) * DAY_NS - 1)
        external = (
            totals[Flow.EXTERNAL_CASH]
            + totals[Flow.DEPOSIT_BASIS]
            - totals[Flow.TRANSFERRED_BASIS]
            + totals[Flow.SUSPENSE_CASH]
            + totals[Flow.UNBOOKED]
        )
        came = external - external_before
        earned = worth.total - before - came
        days.append(Day(number, worth, earned, realized(flows), flows[Flow.INCOME], came))
        before, external_before = worth.total, external
    return tuple(days)


def _cash(outcome: Outcome) -> int:
    """What an event did to USD; between wallets it moves only its fee."""
    rows = (row for row in outcome.group.rows if row.asset == USD)
    if outcome.kind is Kind.MOVE:
        return -sum(row.fee for row in rows)
    return sum(row.net for row in rows)


def _carry(held: dict[str, list[int]], outcome: Outcome) -> None:
    for use in outcome.uses:
        sums = held[use.lot.asset]
        sums[0] -= use.quantity
        sums[1] -= use.basis
    for lot in outcome.lots:
        sums = held.setdefault(lot.asset, [0, 0])
        sums[0] += lot.quantity
        sums[1] += lot.basis
