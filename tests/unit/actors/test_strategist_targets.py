"""A sale that is larger than an order may be is made in parts, none of them too large or too small."""

from decimal import Decimal

import attrs
from hypothesis import given
from hypothesis import strategies as st

from zoe.actors.strategist_targets import part_of
from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.strategy.view import Want

CENT = Decimal("0.01")
X = Instrument("X/USD", "X", "USD", "online", 2, CENT, 4, Decimal("0.01"), CENT, 5, Decimal(1))
LOT = 100


def sale(price: int, lots: int) -> Want:
    return Want("exit.leave", "X/USD", Side.SELL, price, lots * LOT, False, 1, "stop")


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(100, 100_000))
def test_parts_are_worth_what_an_order_may_be_and_sell_everything(
    price: int, lots: int, most: int
) -> None:
    left, orders = lots * LOT, 0
    while left:
        part = part_of(sale(price, left // LOT), X, Decimal(most))
        assert 0 < part <= left
        assert part % LOT == 0
        worth = Decimal(price * part).scaleb(-6)
        assert worth <= most or part == LOT
        assert left == part or left - part >= part, "what is left is no crumb"
        left -= part
        orders += 1
        if orders > 50:
            return


def test_what_fits_what_buys_and_what_protects_is_left_whole() -> None:
    whole = sale(10_000, 100)
    assert part_of(whole, X, None) == part_of(whole, X, Decimal(1_000)) == 10_000
    for other in (attrs.evolve(whole, side=Side.BUY), attrs.evolve(whole, trigger=10_001)):
        assert part_of(other, X, Decimal(10)) == other.quantity
    assert part_of(whole, X, Decimal(90)) == 5_000
