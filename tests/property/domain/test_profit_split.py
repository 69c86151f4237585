"""The parts of a profit are the profit, to the last digit, whatever was executed at whichever fair value."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.order import Side
from zoe.domain.profit_split import Execution, split

PRICES = st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-8))
SIZES = st.integers(1, 10**14).map(lambda n: Decimal(n).scaleb(-8))
SMALL = st.integers(0, 10**9).map(lambda n: Decimal(n).scaleb(-10))


@st.composite
def executions(draw: st.DrawFn) -> Execution:
    price, quantity = draw(PRICES), draw(SIZES)
    fair = draw(st.none() | PRICES)
    return Execution(
        pair="X/USD",
        side=draw(st.sampled_from(tuple(Side))),
        price=price,
        quantity=quantity,
        cost=price * quantity + draw(SMALL),  # rounded by the exchange as it likes
        fee=draw(SMALL),
        fee_asset=draw(st.sampled_from(("USD", "X", "KFEE"))),
        fair=fair,
        followed=None if fair is None else draw(st.none() | PRICES),
    )


MANY = st.lists(executions(), max_size=8)


def told(executed: list[Execution], mark: Decimal) -> Fraction:
    """Money spent and earned, and what is held at its mark; counted another way."""
    money, coins = Fraction(0), Fraction(0)
    for each in executed:
        sign = 1 if each.side is Side.BUY else -1
        money -= sign * Fraction(each.cost)
        coins += sign * Fraction(each.quantity)
        if each.fee_asset == "USD":
            money -= Fraction(each.fee)
        elif each.fee_asset == "X":
            coins -= Fraction(each.fee)
    return money + coins * Fraction(mark)


@given(MANY, PRICES)
def test_the_four_parts_are_the_profit_to_the_last_digit(
    executed: list[Execution], mark: Decimal
) -> None:
    found = split("X/USD", executed, mark)
    assert Fraction(found.profit) == told(executed, mark)
    parts = (found.spread, found.adverse, found.inventory, found.fees)
    assert sum(map(Fraction, parts)) == Fraction(found.profit)


@given(MANY, PRICES)
def test_the_order_of_executions_changes_nothing(executed: list[Execution], mark: Decimal) -> None:
    assert split("X/USD", executed[::-1], mark) == split("X/USD", executed, mark)


@given(executions(), PRICES, PRICES)
def test_where_the_mark_goes_afterwards_is_inventory_alone(
    one: Execution, mark: Decimal, other: Decimal
) -> None:
    before, after = split("X/USD", [one], mark), split("X/USD", [one], other)
    kept = (before.spread, before.adverse, before.fees)
    assert kept == (after.spread, after.adverse, after.fees)


@given(executions(), PRICES)
def test_what_nobody_knew_the_fair_value_of_captured_nothing(one: Execution, mark: Decimal) -> None:
    blind = Execution(one.pair, one.side, one.price, one.quantity, one.cost, one.fee, one.fee_asset)
    found = split("X/USD", [blind], mark)
    assert not found.spread and not found.adverse
    assert found.unmarked == 1
