"""A person's wish, read from texts: the type that its prices make of it, and until when it stands."""

from decimal import Decimal

import pytest

from zoe.domain import order_wish
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.order import Intent, OrderType, TimeInForce
from zoe.domain.order_wish import Params
from zoe.domain.quantity import Price

NOW_NS = 1_800_000_000_000_000_000
WISH: Params = {"pair": "BTC/USD", "side": "sell", "quantity": "0.5"}
#: Lots of 0.0001.
BTC = Instrument(
    "BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1"), 8, Decimal("0.0001"),
    Decimal("0.001"), 5, Decimal(10), "XXBTZUSD", "XBTUSD", "XBT/USD",
)  # fmt: skip


def read(**more: str | bool) -> Intent:
    return later(NOW_NS, **more)


def later(now_ns: int, **more: str | bool) -> Intent:
    return order_wish.read({**WISH, **more}, "i-1", None, None, now_ns)


@pytest.mark.parametrize(
    ("more", "kind", "trigger"),
    [
        ({}, OrderType.MARKET, None),
        ({"limit_price": "5"}, OrderType.LIMIT, None),
        ({"stop": "6"}, OrderType.STOP_LOSS, "6"),
        ({"stop": "6", "limit_price": "5"}, OrderType.STOP_LOSS_LIMIT, "6"),
        ({"take_profit": "7"}, OrderType.TAKE_PROFIT, "7"),
        ({"take_profit": "7", "limit_price": "5"}, OrderType.TAKE_PROFIT_LIMIT, "7"),
    ],
)
def test_the_prices_make_the_type(
    more: dict[str, str], kind: OrderType, trigger: str | None
) -> None:
    intent = read(**more)
    assert intent.order_type is kind
    assert intent.trigger_price == (None if trigger is None else Price.of(trigger))


def test_a_gtd_order_says_when_it_expires_and_no_other_does() -> None:
    gtd = read(limit_price="5", time_in_force="gtd", expires="+60")
    assert gtd.time_in_force is TimeInForce.GTD
    assert gtd.expires_ns == NOW_NS + 60 * 10**9
    for more in ({"time_in_force": "gtd"}, {"expires": "+60"}):
        with pytest.raises(ValueError, match="need each other"):
            read(limit_price="5", **more)


def test_a_wish_asked_again_later_is_the_same_though_its_end_is_told_from_now() -> None:
    first = read(limit_price="5", time_in_force="gtd", expires="+60")
    again = later(NOW_NS + 10**9, limit_price="5", time_in_force="gtd", expires="+60")
    assert first != again and order_wish.same(first, again)
    assert not order_wish.same(first, read(limit_price="6", time_in_force="gtd", expires="+60"))
    assert not order_wish.same(first, read(limit_price="5"))


def test_an_order_waits_for_one_price_and_is_reduce_only_where_it_says_so() -> None:
    with pytest.raises(ValueError, match="either stop or take_profit"):
        read(stop="6", take_profit="7")
    assert read(reduce_only=True).reduce_only and not read().reduce_only


@pytest.mark.parametrize(
    ("prices", "quantity"),
    [
        ({"limit_price": "30000"}, "0.0033"),
        ({"stop": "60000"}, "0.0016"),
        ({"take_profit": "40000"}, "0.0025"),
        ({"stop": "60000", "limit_price": "30000"}, "0.0033"),
    ],
)
def test_a_notional_is_divided_by_the_limit_or_else_by_what_it_waits_for(
    prices: dict[str, str], quantity: str
) -> None:
    wish = {"pair": "BTC/USD", "side": "buy", "notional": "100", **prices}
    intent = order_wish.read(wish, "i-1", Catalog(1, {"BTC/USD": BTC}), None, NOW_NS)
    assert intent.quantity.value == Decimal(quantity)


def test_a_notional_at_the_market_has_no_price_to_be_divided_by() -> None:
    wish = {"pair": "BTC/USD", "side": "buy", "notional": "100"}
    with pytest.raises(ValueError, match="together with a price"):
        order_wish.read(wish, "i-1", Catalog(1, {"BTC/USD": BTC}), None, NOW_NS)


@pytest.mark.parametrize("name", ["quantity", "limit_price", "stop", "take_profit", "notional"])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "such as 0.5, not ''"),
        ("abc", "such as 0.5, not 'abc'"),
        ("1,5", "such as 0.5, not '1,5'"),
        (" 1", "such as 0.5, not ' 1'"),
        ("1_000", "such as 0.5, not '1_000'"),
        ("\u0661", "such as 0.5, not"),
        ("NaN", "such as 0.5, not 'NaN'"),
        ("sNaN", "such as 0.5, not 'sNaN'"),
        ("Infinity", "such as 0.5, not 'Infinity'"),
        ("1e9999999999", "such as 0.5, not '1e9999999999'"),
        ("-1", "greater than 0, such as 0.5, not '-1'"),
        ("0", "greater than 0, such as 0.5, not '0'"),
        ("-1e400", "greater than 0, such as 0.5, not '-1e400'"),
        (True, "such as 0.5, not 'True'"),
        ("1e400", "has more than 30 digits"),
        ("1e-400", "has more than 30 digits"),
        ("0." + "1" * 31, "has more than 30 digits"),
        pytest.param("1" * 10_000_000, "has more than 30 digits", id="ten megabytes"),
    ],
)
def test_what_is_no_number_of_an_order_is_named_with_what_is_wrong(
    name: str, text: str | bool, words: str
) -> None:
    wish: Params = {"pair": "BTC/USD", "side": "sell", name: text}
    with pytest.raises(ValueError) as refused:
        order_wish.read(wish, "i-1", Catalog(1, {"BTC/USD": BTC}), None, NOW_NS)
    said = str(refused.value)
    assert said.startswith(f"{name} ") and words in said
    assert len(said) < 120
