"""The catalogue: names, rules of an order, and what newer rows change."""

from decimal import Decimal

import attrs
import pytest

from zoe.domain.catalog import MOST_PAIRS, Catalog, Instrument

BTC = Instrument(
    "BTC/USD", "BTC", "USD", "online", 1, Decimal("0.5"), 8, Decimal("0.0001"),
    Decimal("0.001"), 5, Decimal(10), "XXBTZUSD", "XBTUSD", "XBT/USD",
)  # fmt: skip


def catalog(*pairs: Instrument) -> Catalog:
    return Catalog(1, {pair.symbol: pair for pair in pairs})


@pytest.mark.parametrize("name", ["BTC/USD", "btc/usd", "XXBTZUSD", "XBTUSD", "XBT/USD", "xbtusd"])
def test_a_pair_is_found_by_any_of_its_names(name: str) -> None:
    assert catalog(BTC).find(name) is BTC


def test_an_unknown_name_finds_nothing() -> None:
    assert catalog(BTC).find("ETH/USD") is None


def test_the_pair_that_is_called_so_comes_before_one_that_is_only_known_as_that() -> None:
    other = attrs.evolve(BTC, symbol="NEW/USD", rest_id="NEWUSD", altname="BTC/USD", wsname=None)
    for pairs in ((BTC, other), (other, BTC)):
        assert catalog(*pairs).find("BTC/USD") is BTC


def test_prices_and_quantities_round_to_what_an_order_may_have() -> None:
    assert BTC.round_price(Decimal("100.74"), "down") == Decimal("100.5")
    assert BTC.round_price(Decimal("100.74"), "up") == Decimal("101.0")
    assert BTC.round_price(Decimal("100.5"), "up") == Decimal("100.5")
    assert BTC.round_quantity_down(Decimal("0.00199999")) == Decimal("0.0019")


@pytest.mark.parametrize(
    ("quantity", "price", "problem"),
    [
        ("0.1", "100.5", None),
        ("0.1", "100.0", None),  # exactly the least cost
        ("0.1", None, None),
        ("0.00015", "100000", "quantity 0.00015 is not a multiple of 0.0001"),
        ("0.0009", "100000", "quantity 0.0009 is below the minimum 0.001"),
        ("0.001", "10000", None),  # exactly the least quantity
        ("0.1", "100.3", "price 100.3 is not a multiple of 0.5"),
        ("0.0999", "100", "cost 9.99 is below the minimum 10"),
        ("0.0000001", "100", "quantity 0.0000001 is not a multiple of 0.0001"),
        ("1e200", "100", "quantity 1E+200 is not a multiple of 0.0001"),
    ],
)
def test_an_order_that_the_exchange_would_refuse_is_named(
    quantity: str, price: str | None, problem: str | None
) -> None:
    asked = None if price is None else Decimal(price)
    assert BTC.check_order(Decimal(quantity), asked) == problem


@pytest.mark.parametrize("status", ["cancel_only", "maintenance", "delisted", "reduce_only", "new"])
def test_a_pair_that_takes_no_orders_says_so(status: str) -> None:
    closed = attrs.evolve(BTC, status=status)
    assert closed.check_order(Decimal(1), Decimal(100)) == f"BTC/USD is {status}"


def test_the_stream_changes_what_it_knows_and_keeps_rests_names() -> None:
    streamed = attrs.evolve(BTC, status="post_only", rest_id=None, altname=None, wsname=None)
    merged = catalog(BTC).merge([streamed])
    assert merged.version == 2
    assert merged.find("XXBTZUSD") == attrs.evolve(BTC, status="post_only")


def test_news_that_change_nothing_make_no_new_version() -> None:
    known = catalog(BTC)
    assert known.merge([attrs.evolve(BTC, rest_id=None, altname=None, wsname=None)]) is known
    assert known.merge([]) is known


def test_a_new_pair_is_added() -> None:
    new = attrs.evolve(BTC, symbol="ETH/USD", rest_id=None, altname=None, wsname=None)
    assert set(catalog(BTC).merge([new]).instruments) == {"BTC/USD", "ETH/USD"}


def test_a_catalogue_cannot_be_changed_from_outside() -> None:
    pairs = {"BTC/USD": BTC}
    made = Catalog(1, pairs)
    pairs.clear()
    assert made.find("BTC/USD") is BTC
    with pytest.raises(TypeError):
        made.instruments["x"] = BTC  # type: ignore[index]  # on purpose
    assert "instruments=1" in repr(made)


def test_a_notional_becomes_the_largest_quantity_that_it_pays_for() -> None:
    assert BTC.quantity_worth(Decimal(100), Decimal(30_000)) == Decimal("0.0033")
    assert BTC.quantity_worth(Decimal("0.3"), Decimal("0.1")) == 3
    assert BTC.quantity_worth(Decimal(2), Decimal(30_000)) == 0
    with pytest.raises(ValueError, match="negative"):
        BTC.quantity_worth(Decimal(-1), Decimal(1))


def test_pairs_that_somebody_invents_find_no_room_and_those_that_are_known_change_still() -> None:
    invented = [attrs.evolve(BTC, symbol=f"X{n}/USD") for n in range(2 * MOST_PAIRS)]
    full = catalog(BTC).merge(invented)
    assert len(full.instruments) == MOST_PAIRS
    assert full.merge(invented) is full
    changed = full.merge([attrs.evolve(BTC, status="cancel_only"), *invented])
    assert changed.instruments["BTC/USD"].status == "cancel_only"
    assert len(changed.instruments) == MOST_PAIRS
