"""Risk on orders that wait for a price, and on those that may only reduce."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.exposure import Exposures, Reference
from zoe.domain.order import Intent, OrderType, Side
from zoe.domain.positions import Positions, Traded
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import Code, Limits, Situation, TradingState, assess, fresh

LIMITS = Limits(price_collar_bps=200)
QUOTE = Reference(Price.of("99"), Price.of("100"), 0)
NOW = Situation(LIMITS, TradingState.ACTIVE, QUOTE, Exposures())


def waiting(side: Side, kind: OrderType, trigger: str, limit: str | None = None) -> Intent:
    return Intent(
        *("i-1", "person", None, "BTC/USD", side, kind, Quantity.of("2")),
        None if limit is None else Price.of(limit),
        trigger_price=Price.of(trigger),
    )


@pytest.mark.parametrize(
    ("intent", "price"),
    [
        # A purchase takes what there is when the price has come: the collar's far edge of that.
        (waiting(Side.BUY, OrderType.STOP_LOSS, "150"), "153"),
        (waiting(Side.BUY, OrderType.TAKE_PROFIT, "50"), "102"),
        (waiting(Side.BUY, OrderType.STOP_LOSS_LIMIT, "150", "151"), "151"),
        # A sale brings at the most what it waits for, or what it would bring today.
        (waiting(Side.SELL, OrderType.STOP_LOSS, "50"), "99"),
        (waiting(Side.SELL, OrderType.TAKE_PROFIT, "150"), "150"),
        (waiting(Side.SELL, OrderType.TAKE_PROFIT_LIMIT, "150", "149"), "150"),
    ],
)
def test_an_order_that_waits_for_a_price_counts_at_the_worst_it_may_come_to(
    intent: Intent, price: str
) -> None:
    assert fresh(intent).worst(QUOTE, LIMITS.reach).notional == 2 * Decimal(price)


def test_its_limit_is_held_against_the_price_that_it_waits_for() -> None:
    stop = waiting(Side.SELL, OrderType.STOP_LOSS_LIMIT, "50", "49")
    assert assess(fresh(stop), NOW).approved
    far = attrs.evolve(stop, limit_price=Price.of("48.9"))
    verdict = assess(fresh(far), NOW)
    assert verdict.code is Code.PRICE_COLLAR and ("against", "50") in verdict.values


def test_an_order_that_may_only_reduce_never_opens_a_position() -> None:
    sale = Intent(
        *("i-1", "person", None, "BTC/USD", Side.SELL, OrderType.LIMIT),
        *(Quantity.of("2"), Price.of("100")),
        reduce_only=True,
    )
    for held, approved in (("2", True), ("1.99", False), ("0", False)):
        positions = Positions()
        positions.add(Traded("BTC/USD", Side.BUY, Decimal(held)))
        verdict = assess(fresh(sale), attrs.evolve(NOW, positions=positions))
        assert verdict.approved is approved
        assert approved or verdict.code is Code.REDUCING_ONLY
    assert assess(
        fresh(sale), attrs.evolve(NOW, balances={"BTC": Decimal(2)}), by_hand=True
    ).approved
