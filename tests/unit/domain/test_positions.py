"""Positions: every fill of our own is counted once, however it is heard of."""

from decimal import Decimal

import attrs

from zoe.domain.order import EXTERNAL, Fill, Intent, Order, OrderType, Side, State
from zoe.domain.positions import Positions, Traded
from zoe.domain.quantity import Price, Quantity

INTENT = Intent(
    *("i-1", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("5"), Price.of("100")),
)


def fill(name: str, quantity: str, fee: str = "0", fee_asset: str = "USD") -> Fill:
    return Fill(
        *(name, None, "O1", "BTC/USD", Side.BUY, Quantity.of(quantity), Price.of("100")),
        *(Decimal(1), Decimal(fee), fee_asset, "m", 1),
    )


def order(*fills: Fill, reported: str = "0", state: State = State.WORKING) -> Order:
    return Order(INTENT, state, order_id="O1", fills=fills, reported_filled=Quantity.of(reported))


def test_an_order_is_counted_by_what_it_has_traded_in_all() -> None:
    positions = Positions()
    positions.follow(order())
    for _ in range(2):
        positions.follow(order(fill("f", "2")), fill("f", "2"))
    assert positions.net("BTC/USD") == 2
    positions.follow(order(fill("f", "2"), reported="3"))
    assert positions.net("BTC/USD") == 3
    positions.follow(order(fill("f", "2"), fill("g", "1"), reported="3"), fill("g", "1"))
    assert positions.net("BTC/USD") == 3


def test_an_order_that_is_expected_is_counted_in_all_when_it_is_first_heard_of() -> None:
    positions = Positions()
    positions.expect(INTENT)
    positions.follow(order(fill("f", "2"), reported="3"), fill("f", "2"))
    assert positions.net("BTC/USD") == 3
    positions.expect(INTENT)
    positions.follow(order(fill("f", "2"), reported="3"))
    assert positions.net("BTC/USD") == 3


def test_a_fee_in_the_base_asset_is_not_held() -> None:
    positions = Positions()
    positions.follow(order())
    positions.follow(order(fill("f", "2", "0.01", "BTC")), fill("f", "2", "0.01", "BTC"))
    assert positions.net("BTC/USD") == Decimal("1.99")


def test_what_was_traded_before_is_not_counted_again() -> None:
    positions = Positions()
    positions.add(Traded("BTC/USD", Side.BUY, Decimal(2)), "i-1")
    positions.follow(order(fill("f", "2")))
    assert positions.net("BTC/USD") == 2


def test_of_an_order_that_is_only_in_a_sum_a_late_fill_counts_alone() -> None:
    positions = Positions()
    positions.add(Traded("BTC/USD", Side.BUY, Decimal(4)))
    late = fill("late", "1")
    positions.follow(order(fill("f", "4"), late, state=State.CANCELED), late)
    assert positions.net("BTC/USD") == 5


def test_what_others_trade_is_no_position_of_ours() -> None:
    positions = Positions()
    theirs = attrs.evolve(order(fill("f", "2")), intent=attrs.evolve(INTENT, source=EXTERNAL))
    positions.follow(theirs)
    assert positions.pairs() == ()


def test_an_assets_position_is_over_all_its_pairs() -> None:
    positions = Positions()
    positions.add(Traded("BTC/USD", Side.BUY, Decimal(2)))
    positions.add(Traded("BTC/EUR", Side.SELL, Decimal(3)))
    positions.add(Traded("BTCX/USD", Side.BUY, Decimal(9)))
    assert positions.asset("BTC") == -1
