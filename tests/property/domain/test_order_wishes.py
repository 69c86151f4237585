"""Wishes of a person: whatever stands for a number, it is one that is meant, or refused in words."""

from decimal import Context, Decimal
from typing import Final

from hypothesis import example, given
from hypothesis import strategies as st

from zoe.domain import order_wish
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order_wish import MOST_DIGITS

BTC: Final = Instrument(
    "BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1"), 8, Decimal("0.0001"),
    Decimal("0.001"), 5, Decimal(10), "XXBTZUSD", "XBTUSD", "XBT/USD",
)  # fmt: skip
NUMBERS: Final = st.one_of(
    st.text(max_size=8),
    st.text("0123456789.eE+-_", max_size=12),
    st.decimals().map(str),
    st.sampled_from(("1e30", "1e-30", "9" * 30, "1e31", "0")),
)


def said(wish: dict[str, str]) -> str | None:
    """What is wrong with a wish; None where it is one."""
    try:
        order_wish.read(wish, "i-1", Catalog(1, {"BTC/USD": BTC}), None, 1)
    except ValueError as refused:
        return str(refused)
    return None


@given(st.sampled_from(("quantity", "notional")), NUMBERS, NUMBERS)
@example("notional", "1e30", "1e-30")
def test_any_texts_for_numbers_make_an_order_or_words(size: str, text: str, price: str) -> None:
    wish = {"pair": "BTC/USD", "side": "buy", size: text, "limit_price": price}
    words = said(wish)
    assert words is None or ("class" not in words and len(words) < 160), words


@given(st.integers(1, 10**MOST_DIGITS - 1), st.integers(0, MOST_DIGITS))
def test_a_number_is_taken_as_it_is_written(digits: int, decimals: int) -> None:
    number = Decimal(digits).scaleb(-decimals, Context(prec=MOST_DIGITS))
    assert order_wish.positive({"quantity": str(number)}, "quantity") == number
