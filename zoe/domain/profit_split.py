"""Where a strategy's profit comes from: the spread it captured, what ran against it, fees, inventory.

Of each execution, with F the fair value in quote currency, q its quantity, and side 1 for a purchase
and -1 for a sale: the spread captured is side·(F(t) - P)·q at the fill, adverse selection
side·(F(t + T) - F(t))·q over the horizon T after it, and inventory what is left of the move to the
mark, side·(mark - F(t + T))·q. With the fees these are the profit, to the last digit: money spent and
earned, and what is held at its mark. A fee that is taken out of the coins counts at the price of its
execution, and its own way from there to the mark belongs to the inventory.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.order import Side
from zoe.domain.quantity import EXACT, exact_sum

_ZERO: Final = Decimal(0)


@attrs.frozen
class Execution:
    """One execution of a strategy, in its pair's currencies.

    Attributes:
        cost: What was paid or earned, fees aside.
        fee: In ``fee_asset``.
        fair: Fair value when it happened; None where nobody knows.
        followed: Fair value a horizon later; None where nobody knows, or not yet.
    """

    pair: str
    side: Side
    price: Decimal
    quantity: Decimal
    cost: Decimal
    fee: Decimal
    fee_asset: str
    fair: Decimal | None = None
    followed: Decimal | None = None


@attrs.frozen
class Split:
    """The profit of one pair in its quote currency; fees are below 0, as all that was lost.

    Attributes:
        unmarked: Executions whose fair value nobody knows: all of their move is inventory.
        pending: Executions that were not followed for the horizon: what came after is inventory.
        held: Bought less sold, and less fees that were taken out of it.
        other_fees: Fees in assets other than the pair's two, by asset; not in the profit.
    """

    pair: str
    executions: int
    spread: Decimal
    adverse: Decimal
    inventory: Decimal
    fees: Decimal
    profit: Decimal
    held: Decimal
    mark: Decimal
    unmarked: int
    pending: int
    other_fees: tuple[tuple[str, Decimal], ...] = ()


def split(pair: str, executions: Iterable[Execution], mark: Decimal | None) -> Split:
    """The parts of a pair's profit.

    Args:
        executions: All of the pair's, oldest first.
        mark: Its newest fair value; None where nobody knows it: then what the newest execution
            knew stands in.
    """
    found = tuple(executions)
    mark = _newest(found) if mark is None else mark
    base, _, quote = pair.partition("/")
    parts = [_parts(each, mark, base, quote) for each in found]
    spread, adverse, inventory, fees, cash, held = (
        exact_sum(column) for column in (zip(*parts, strict=True) if parts else ((),) * 6)
    )
    return Split(
        pair=pair,
        executions=len(found),
        spread=spread,
        adverse=adverse,
        inventory=inventory,
        fees=fees,
        profit=EXACT.add(cash, EXACT.multiply(held, mark)),
        held=held,
        mark=mark,
        unmarked=sum(each.fair is None for each in found),
        pending=sum(each.fair is not None and each.followed is None for each in found),
        other_fees=_others(found, (base, quote)),
    )


def _parts(one: Execution, mark: Decimal, base: str, quote: str) -> tuple[Decimal, ...]:
    """Spread, adverse, inventory, fees, cash and coins of one execution."""
    side, quantity = Decimal(1 if one.side is Side.BUY else -1), one.quantity
    bought = EXACT.multiply(side, quantity)
    paid = EXACT.multiply(side, one.cost)
    # Without a fair value nothing is known to have been captured, nor lost on the way.
    worth = one.cost if one.fair is None else EXACT.multiply(one.fair, quantity)
    later = worth
    if one.fair is not None and one.followed is not None:
        later = EXACT.multiply(one.followed, quantity)
    spread = EXACT.multiply(side, EXACT.subtract(worth, one.cost))
    adverse = EXACT.multiply(side, EXACT.subtract(later, worth))
    rest = EXACT.subtract(EXACT.multiply(mark, quantity), later)
    inventory = EXACT.multiply(side, rest)
    fees, cash, held = _ZERO, -paid, bought
    if one.fee_asset == quote:
        fees, cash = -one.fee, EXACT.subtract(cash, one.fee)
    elif one.fee_asset == base:
        fees, held = -EXACT.multiply(one.fee, one.price), EXACT.subtract(held, one.fee)
        moved = EXACT.multiply(one.fee, EXACT.subtract(mark, one.price))
        inventory = EXACT.subtract(inventory, moved)
    return spread, adverse, inventory, fees, cash, held


def _newest(executions: tuple[Execution, ...]) -> Decimal:
    if not executions:
        return _ZERO
    last = executions[-1]
    return next(value for value in (last.followed, last.fair, last.price) if value is not None)


def _others(
    executions: tuple[Execution, ...], own: tuple[str, str]
) -> tuple[tuple[str, Decimal], ...]:
    fees: dict[str, Decimal] = {}
    for each in executions:
        if each.fee and each.fee_asset not in own:
            fees[each.fee_asset] = EXACT.add(fees.get(each.fee_asset, _ZERO), each.fee)
    return tuple(sorted(fees.items()))
