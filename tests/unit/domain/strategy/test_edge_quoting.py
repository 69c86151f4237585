"""Where the Edge Factory's quotes stand, how large they are, and when they move."""

import attrs
import pytest
from edge_story import ACCOUNT, BEGIN_NS, COIN, SECOND_NS, book, price, quiet, sides

from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.market import Tape
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.view import Want


def test_a_wide_spread_is_quoted_a_tick_inside_and_no_dearer_than_needed() -> None:
    story = quiet(inside_ticks=1)
    story.see(there=book(half=2_000))
    for _ in range(20):
        story.see(there=book(half=2_000))
    decision = story.see(there=book(half=2_000))
    assert price(decision, Side.BUY) == 100_000 - 2_000 + 1


def test_a_working_quote_stays_while_it_is_near_and_has_its_edge() -> None:
    story = quiet()
    wanted = price(story.see(), Side.BUY)

    def working(off: int, age_ms: int = 60_000) -> tuple[WorkingOrder, ...]:
        return (WorkingOrder("bid.0", Side.BUY, wanted + off, 5 * COIN, age_ms=age_ms),)

    assert price(story.see(working=working(20)), Side.BUY) == wanted + 20
    assert price(story.see(working=working(-20)), Side.BUY) == wanted - 20
    assert price(story.see(working=working(-200)), Side.BUY) == wanted
    # A young one stays further off, but not where its edge is gone.
    assert price(story.see(working=working(-200, 3_999)), Side.BUY) == wanted - 200
    assert price(story.see(working=working(200, 3_999)), Side.BUY) == wanted


def test_coins_on_a_pair_that_is_given_up_still_find_the_door() -> None:
    """So volatile that a bid would stand beyond h_max; the ask stands at cost and base."""
    story = quiet(sigma_floor_bps=10.0, h_max_bps=60)
    story.holds(5)
    decision = story.see()
    assert decision.reasons == ("bid:NO_EDGE", "EXIT")
    (want,) = decision.wants
    assert want.side is Side.SELL
    assert _part(want, "h") <= _part(want, "cost") + _part(want, "base")
    story.holds(5, story.now_ns - 3_600 * SECOND_NS)
    old = story.see()
    assert price(old, Side.SELL) <= want.price


def _part(want: Want, name: str) -> int:
    words = want.reason.replace(",", "").split()
    at = words.index(name)
    return int(words[at + 1] if words[at + 1] != "=" else words[at + 3])


def test_an_exit_needs_no_volume_and_a_quote_does() -> None:
    story = quiet()
    story.holds(2)
    decision = story.see(tape=Tape(volume_5m=0))
    assert decision.reasons == ("bid:BELOW_MINIMUM", "EXIT")
    assert sides(decision) == {Side.SELL}


def test_what_is_left_of_a_sale_can_be_sold_or_there_is_nothing_left() -> None:
    story = quiet(q_max_lots=20)
    story.account = attrs.evolve(ACCOUNT, sleeve=5 * COIN + COIN // 2, sleeve_since_ns=BEGIN_NS)
    ask = next(want for want in story.see().wants if want.side is Side.SELL)
    left = 5 * COIN + COIN // 2 - ask.quantity
    assert left == 0 or left >= COIN


def test_a_bid_is_smaller_by_what_is_held_and_ends_at_the_largest_inventory() -> None:
    story = quiet()

    def bid_of(coins: int) -> int:
        story.holds(coins)
        return sum(want.quantity for want in story.see().wants if want.side is Side.BUY)

    # A lot is 50 USD, 5 coins at 10.
    assert bid_of(0) == pytest.approx(5 * COIN, rel=1e-3)
    assert bid_of(5) == pytest.approx(5 * COIN * 3 / 4, rel=1e-3)
    assert bid_of(15) == pytest.approx(5 * COIN / 4, rel=1e-2)
    assert bid_of(20) == 0
    assert "bid:INVENTORY_FULL" in story.see().reasons


def test_who_leaves_counts_the_inventory_from_nothing_whatever_the_target() -> None:
    asks = []
    for target in (0, 2):
        story = quiet(q_target_lots=target, sigma_floor_bps=5.0)
        story.holds(5)
        asks.append(price(story.see(trading_state=TradingState.REDUCING), Side.SELL))
    assert asks[0] == asks[1]


def test_a_working_bid_above_the_indifferent_price_moves_however_young_it_is() -> None:
    """With so much inventory one would rather sell where this one buys."""
    story = quiet(sigma_floor_bps=5.0, h_max_bps=1_000)
    story.holds(15)  # three lots, each worth some 12 bps
    wanted = price(story.see(), Side.BUY)
    assert wanted < 99_200
    above = WorkingOrder("bid.0", Side.BUY, 99_680, COIN, age_ms=100)
    assert price(story.see(working=(above,)), Side.BUY) == wanted
    below = attrs.evolve(above, price=99_620)
    assert price(story.see(working=(below,)), Side.BUY) == 99_620
