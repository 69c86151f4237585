"""Which mode is in force at a start, and by which pairs a sibling's price is converted."""

from decimal import Decimal

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.strategy.modes import in_force
from zoe.domain.strategy.routes import MOST, routes


def test_the_file_counts_until_somebody_commands_otherwise() -> None:
    assert in_force("shadow", None).name == "shadow"
    commanded = {"mode": "live", "why": "try", "configured": "shadow"}
    assert (in_force("shadow", commanded).name, in_force("shadow", commanded).why) == (
        "live",
        "try",
    )


def test_a_command_ends_where_the_file_says_something_new() -> None:
    commanded = {"mode": "live", "why": "try", "configured": "shadow"}
    assert in_force("off", commanded).name == "off"


def catalog(*symbols: str, **states: str) -> Catalog:
    one = Decimal(1)
    pairs = {}
    for symbol in symbols:
        base, quote = symbol.split("/")
        status = states.get(symbol.replace("/", "_"), "online")
        pairs[symbol] = Instrument(symbol, base, quote, status, 1, one, 8, one, one, 5, one)
    return Catalog(1, pairs)


def test_a_sibling_is_converted_by_the_pair_of_both_currencies_either_way_round() -> None:
    (only,) = routes("X/USD", catalog("X/USD", "X/EUR", "EUR/USD"))
    assert (only.sibling, only.rates) == ("X/EUR", (("EUR/USD", False),))
    (back,) = routes("X/EUR", catalog("X/USD", "X/EUR", "EUR/USD"))
    assert (back.sibling, back.rates) == ("X/USD", (("EUR/USD", True),))


def test_where_there_is_no_such_pair_it_goes_by_the_dollar() -> None:
    (only,) = routes("X/EUR", catalog("X/EUR", "X/BTC", "BTC/USD", "EUR/USD"))
    assert only.rates == (("BTC/USD", False), ("EUR/USD", True))


def test_a_sibling_that_cannot_be_converted_or_traded_is_left_out() -> None:
    assert routes("X/USD", catalog("X/USD", "X/GBP")) == ()
    gone = catalog("X/USD", "X/EUR", "EUR/USD", X_EUR="delisted")
    assert routes("X/USD", gone) == ()
    assert routes("Y/USD", gone) == ()


def test_of_many_siblings_the_best_known_currencies_are_taken() -> None:
    quotes = ("AUD", "CHF", "BTC", "EUR", "USDT", "GBP")
    known = catalog("X/USD", *(f"X/{q}" for q in quotes), *(f"{q}/USD" for q in quotes))
    found = [route.sibling for route in routes("X/USD", known)]
    assert found == ["X/EUR", "X/USDT", "X/BTC", "X/GBP"]
    assert len(found) == MOST
