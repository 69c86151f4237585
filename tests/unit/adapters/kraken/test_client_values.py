"""Rows of REST as the values that the blocking client gives."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.client_values import whole_fills
from zoe.adapters.kraken.history_calls import OrderRow
from zoe.domain.errors import ExchangeUnavailable
from zoe.domain.order import Fill, Side
from zoe.domain.quantity import Price, Quantity, exact_sum

SIZES = st.lists(st.integers(1, 10**12).map(lambda n: Decimal(n).scaleb(-8)), max_size=30)


def fills(sizes: list[Decimal]) -> tuple[Fill, ...]:
    made = Fill(
        *("T", 1, "O", "BTC/USD", Side.BUY, Quantity(Decimal(1)), Price.of("2")),
        *(Decimal(2), Decimal(0), "USD", "t", 1),
    )
    return tuple(
        attrs.evolve(made, exec_id=f"T{n}", quantity=Quantity(size)) for n, size in enumerate(sizes)
    )


def order(said: tuple[Fill, ...], filled: Decimal, oflags: str = "fciq") -> OrderRow:
    names = [fill.exec_id for fill in said]
    return OrderRow("closed", Decimal(1), filled, filled, trades=names, oflags=oflags)


@given(SIZES, st.data())
def test_fills_are_told_whole_or_not_at_all(sizes: list[Decimal], data: st.DataObject) -> None:
    told = fills(sizes)
    filled = exact_sum(sizes)
    assert whole_fills("O", order(told, filled), told) == told
    if told:
        lost = data.draw(st.integers(0, len(told) - 1))
        rest = told[:lost] + told[lost + 1 :]
        # Whether the order names the one that is not told, or has only counted it.
        for named in (told, rest):
            with pytest.raises(ExchangeUnavailable):
                whole_fills("O", order(named, filled), rest)


def test_an_order_for_an_amount_of_quote_is_not_counted_in_base() -> None:
    told = fills([Decimal("0.5"), Decimal("0.25")])
    row = order(told, Decimal("1.5"), "fciq,viqc")
    assert whole_fills("O", row, told) == told
    with pytest.raises(ExchangeUnavailable):
        whole_fills("O", row, told[1:])
