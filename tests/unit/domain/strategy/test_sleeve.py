"""Sleeves: whose coins are whose."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.order import Fill, Side
from zoe.domain.quantity import Price, Quantity
from zoe.domain.strategy.sleeve import Holding, Sleeve, sellable, unassigned


def fill(name: str, side: Side, quantity: str, fee: str = "0", fee_asset: str = "USD") -> Fill:
    amount = Decimal(quantity)
    return Fill(
        name, None, "O", "X/USD", side, Quantity(amount), Price.of("100"), amount * 100,
        Decimal(fee), fee_asset, "m", 5,
    )  # fmt: skip


def test_what_was_bought_is_in_the_sleeve_at_its_cost_with_the_fee() -> None:
    sleeve = Sleeve().after("i1", fill("E1", Side.BUY, "2", "0.5"))
    assert sleeve.of("X/USD") == Holding(Decimal(2), Decimal("200.5"), 5)


def test_a_fee_taken_in_coins_makes_the_sleeve_smaller() -> None:
    sleeve = Sleeve().after("i1", fill("E1", Side.BUY, "2", "0.01", "X"))
    assert sleeve.total("X") == Decimal("1.99")


def test_a_fill_that_is_told_twice_counts_once() -> None:
    bought = fill("E1", Side.BUY, "2")
    sleeve = Sleeve().after("i1", bought)
    assert sleeve.after("i1", bought) == sleeve
    assert sleeve.settled("i1").counted == ()


def test_a_sale_takes_its_share_of_the_cost_and_the_last_one_all_of_it() -> None:
    sleeve = Sleeve().after("i1", fill("E1", Side.BUY, "3"))
    sleeve = sleeve.after("i2", fill("E2", Side.SELL, "1"))
    assert sleeve.of("X/USD") == Holding(Decimal(2), Decimal(200), 5)
    sleeve = sleeve.after("i3", fill("E3", Side.SELL, "2"))
    assert sleeve.holdings == ()


def test_coins_that_are_missing_in_the_account_are_not_for_sale() -> None:
    sleeve = Sleeve().given("X/USD", Decimal(3), Decimal(300), 1)
    nobodys = unassigned("X", Decimal("2.5"), [sleeve])
    assert nobodys == Decimal("-0.5")
    assert sellable(sleeve, "X/USD", "X", nobodys) == Decimal("2.5")
    assert sellable(Sleeve(), "X/USD", "X", nobodys) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from(Side),
            st.decimals("0.00000001", "1000000", places=8),
            st.sampled_from(("0", "0.00000003")),
            st.sampled_from(("X", "USD")),
        ),
        max_size=12,
    ),
    st.decimals("0", "1000000000", places=10),
)
def test_sleeves_and_what_is_nobodys_sum_to_the_balance_whatever_was_traded(
    trades: list[tuple[int, Side, Decimal, str, str]], start: Decimal
) -> None:
    sleeves = [Sleeve(), Sleeve(), Sleeve()]
    balance = start
    for number, (whose, side, quantity, fee, fee_asset) in enumerate(trades):
        trade = fill(f"E{number}", side, str(quantity), fee, fee_asset)
        sleeves[whose] = sleeves[whose].after(f"i{number}", trade)
        balance += quantity if side is Side.BUY else -quantity
        balance -= Decimal(fee) if fee_asset == "X" else 0
    nobodys = unassigned("X", balance, sleeves)
    assert nobodys == start
    assert sum((s.total("X") for s in sleeves), nobodys) == balance
