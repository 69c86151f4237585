"""What left the lots as a tax return asks for it: each slice with the fee that is in its proceeds,
and for how many days it was held."""

from collections.abc import Iterable, Iterator

import attrs

from zoe.domain.lot_outcome import Outcome
from zoe.domain.lots import FEE, SALE, LotUse
from zoe.domain.marks import FEE_CREDIT, USD, Marks
from zoe.domain.valuation import DAY_NS


@attrs.frozen
class Disposal:
    """A slice of a lot that left.

    Attributes:
        fees: Units of USD; a memo, since they are in proceeds and gain already.
        holding_days: From the UTC day on which the lot was opened to that on which this left.
    """

    use: LotUse
    fees: int
    holding_days: int


def disposals(outcomes: Iterable[Outcome], marks: Marks) -> Iterator[Disposal]:
    """Every slice, in the order of events."""
    for outcome in outcomes:
        shares = _fees(outcome, marks)
        for use, fees in zip(outcome.uses, shares, strict=True):
            days = use.time_ns // DAY_NS - use.lot.opened_ns // DAY_NS
            yield Disposal(use, fees, days)


def _fees(outcome: Outcome, marks: Marks) -> list[int]:
    """A sale's fees by its slices' quantities, the last of which takes what rounding leaves; what
    was paid as a fee is all fee."""
    sold = sum(use.quantity for use in outcome.uses if use.kind == SALE)
    last = max((n for n, use in enumerate(outcome.uses) if use.kind == SALE), default=-1)
    paid = _paid(outcome, marks) if sold else 0
    shares, left = list[int](), paid
    for place, use in enumerate(outcome.uses):
        share = use.proceeds or 0 if use.kind == FEE else 0
        if use.kind == SALE:
            share = left if place == last else paid * use.quantity // sold
            left -= share
        shares.append(share)
    return shares


def _paid(outcome: Outcome, marks: Marks) -> int:
    """What the rows of a trade say was paid in fees, in units of USD."""
    whole = 0
    for row in outcome.group.rows:
        asset = row.asset
        if not row.fee or asset == FEE_CREDIT:
            continue
        mark = None if asset == USD else marks.mark(asset, outcome.time_ns)
        sold = sum(use.quantity for use in outcome.uses if use.lot.asset == asset)
        if asset == USD:
            whole += row.fee
        elif mark is not None:
            whole += mark.value(row.fee)
        elif sold:
            got = sum(use.proceeds or 0 for use in outcome.uses if use.lot.asset == asset)
            whole += row.fee * got // sold
    return whole
