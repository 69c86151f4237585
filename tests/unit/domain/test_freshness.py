"""Ages of what decisions saw, and what shows that a book stands still."""

from decimal import Decimal

from zoe.domain.freshness import (
    APART_NS,
    KEPT,
    MS,
    STILL_NS,
    Ages,
    is_proof,
    stands_still,
    trade_contradicts,
)


def test_ages_are_shown_by_their_middle_their_tail_and_their_greatest() -> None:
    ages = Ages()
    assert ages.shown() == {"decisions": 0}
    for ms in range(1, 101):
        ages.add(ms * MS)
    assert ages.shown() == {"decisions": 100, "p50_ms": 50, "p99_ms": 100, "max_ms": 100}
    for _ in range(KEPT):
        ages.add(2 * MS)
    assert ages.shown() == {"decisions": 100 + KEPT, "p50_ms": 2, "p99_ms": 2, "max_ms": 100}


def test_a_trade_contradicts_a_book_that_shows_another_price_on_the_side_it_took_from() -> None:
    shown = (Decimal(10), Decimal("11.0"))
    assert not trade_contradicts(shown, "buy", Decimal(11))
    assert trade_contradicts(shown, "buy", Decimal(10))
    assert not trade_contradicts(shown, "sell", Decimal(10))
    assert trade_contradicts((None, None), "sell", Decimal(10))


def test_two_channels_may_lie_apart_and_a_change_may_take_a_while() -> None:
    assert not is_proof(0, APART_NS)
    assert is_proof(0, APART_NS + 1)
    assert not stands_still(7, 7 + STILL_NS)
    assert stands_still(7, 8 + STILL_NS)
