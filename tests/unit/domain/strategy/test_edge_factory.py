"""The Edge Factory in a story of Views: what it learns, when it stands aside, and bad input."""

from decimal import Decimal

import attrs
import pytest
from edge_story import ACCOUNT, COIN, PAIR, SECOND_NS, Story, book, price, quiet, sides

from zoe.domain.errors import ConfigError
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import record
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.fair_value import FINE
from zoe.domain.strategy.market import Book, BookState, Sibling, Sweep, Tape


def test_without_coins_it_bids_and_with_coins_it_asks_too() -> None:
    story = quiet()
    flat = story.see()
    assert sides(flat) == {Side.BUY}
    assert flat.reasons == ("ask:NOTHING_HELD",)
    story.holds(2)
    held = story.see()
    assert sides(held) == {Side.BUY, Side.SELL}
    assert held.reasons == ("QUOTING",)
    assert all(want.post_only and want.valid_until_ns > story.now_ns for want in held.wants)


def test_a_fee_tier_that_changes_counts_at_once_and_an_unknown_one_is_the_first() -> None:
    story = quiet()
    first = price(story.see(), Side.BUY)
    story.account = attrs.evolve(ACCOUNT, maker_fee_bps=None)
    assert price(story.see(), Side.BUY) == first
    story.account = attrs.evolve(ACCOUNT, maker_fee_bps=Decimal(10))
    cheaper = price(story.see(), Side.BUY)
    # Fifteen bps of fee less, and all of them nearer, but for a little of the risk.
    assert 140 <= cheaper - first <= 155


def test_siblings_that_are_missing_late_or_come_back_leave_the_pair_its_own_price() -> None:
    story = quiet()
    alone = price(story.see(), Side.BUY)
    near = Sibling("X/EUR", 100_000 * FINE, 8.0, None, 50)
    late = attrs.evolve(near, fair=101_000 * FINE, age_ms=1_501)
    assert price(story.see(siblings=(near,)), Side.BUY) == alone
    assert price(story.see(siblings=(late,)), Side.BUY) == alone
    assert price(story.see(siblings=()), Side.BUY) == alone
    assert price(story.see(siblings=(near,)), Side.BUY) == alone


def test_a_sibling_that_moves_first_moves_the_quotes() -> None:
    story = quiet(jump=10, sigma_floor_bps=1.0)
    near = Sibling("X/EUR", 100_000 * FINE, 2.0, None, 0)
    before = price(story.see(siblings=(near,)), Side.BUY)
    risen = attrs.evolve(near, fair=100_060 * FINE)
    after = price(story.see(siblings=(risen,)), Side.BUY)
    assert 20 < after - before <= 60


def test_sources_that_disagree_by_more_than_a_fill_costs_end_the_quotes() -> None:
    story = quiet(jump=10, sigma_floor_bps=10.0)
    wide = book(half=1_000)  # its own error is large
    near = Sibling("X/EUR", 100_000 * FINE, 60.0, None, 0)
    for _ in range(100):
        story.see(there=wide, siblings=(near,))
    far = attrs.evolve(near, fair=100_310 * FINE)
    decision = story.see(there=wide, siblings=(far,))
    assert decision.reasons == ("SIBLINGS_APART",)
    assert decision.wants == ()
    # Round the limit they agree with every other quote: that is no agreement yet.
    for sibling in (near, far, near, near, near, near):
        assert story.see(there=wide, siblings=(sibling,)).reasons == ("SIBLINGS_APART",)
    assert story.see(there=wide, siblings=(near,)).reasons != ("SIBLINGS_APART",)


def test_nothing_is_learnt_from_a_book_that_must_not_be_relied_on() -> None:
    story = quiet()
    learnt = story.state
    crossed = Book(((100_200, COIN),), ((100_100, COIN),), age_ms=1)
    for there, reason in (
        (crossed, "CROSSED_BOOK"),
        (attrs.evolve(book(), bids=()), "EMPTY_BOOK"),
        (attrs.evolve(book(120_000), age_ms=1_501), "STALE_BOOK"),
        (attrs.evolve(book(120_000), age_ms=-5), "BAD_BOOK"),
        (attrs.evolve(book(120_000), state=BookState.RESYNCING), "BOOK_NOT_LIVE"),
        (Book(((0, COIN),), ((100, COIN),)), "BAD_BOOK"),
    ):
        decision = story.see(there=there)
        assert (decision.wants, decision.reasons) == ((), (reason,))
        assert story.state.fair == learnt.fair
        assert story.state.volatility == learnt.volatility
    assert story.see(book=None).reasons == ("NO_BOOK",)
    assert sides(story.see()) == {Side.BUY}


@pytest.mark.parametrize("status", ["cancel_only", "delisted", "maintenance", "reduce_only"])
def test_a_pair_that_can_no_longer_be_traded_is_left_alone_and_comes_back(status: str) -> None:
    story = quiet()
    story.holds(5)
    pair = attrs.evolve(PAIR, status=status)
    assert story.see(instrument=pair).reasons == ("PAIR_NOT_ONLINE",)
    assert sides(story.see()) == {Side.BUY, Side.SELL}


def test_a_minimum_raised_above_the_position_leaves_it_without_a_want() -> None:
    story = quiet()
    story.holds(2)
    pair = attrs.evolve(PAIR, qty_min=Decimal(3))
    decision = story.see(instrument=pair)
    assert Side.SELL not in sides(decision)
    assert "ask:BELOW_MINIMUM" in decision.reasons


def test_the_state_of_the_desk_goes_before_everything() -> None:
    story = quiet()
    story.holds(5)
    assert story.see(trading_state=TradingState.HALTED).reasons == ("HALTED",)
    assert story.see(maintenance=True).reasons == ("MAINTENANCE",)
    reducing = story.see(trading_state=TradingState.REDUCING)
    assert sides(reducing) == {Side.SELL}
    assert reducing.reasons == ("bid:REDUCING", "EXIT")


def test_a_jump_ends_the_quotes_for_ten_seconds() -> None:
    story = quiet()
    assert story.see(there=book(100_500)).reasons == ("JUMP",)
    # Volatility is what it then is; the burst of it must be over too.
    calm = next(n for n in range(1, 2_000) if story.see(there=book(100_500)).wants)
    assert calm >= 10


def test_a_burst_of_volatility_ends_the_quotes() -> None:
    story = quiet(jump=10, sigma_floor_bps=1.0)
    for _ in range(600):
        story.see()
    reasons = {story.see(there=book(100_000 + 90 * (n % 2))).reasons for n in range(30)}
    assert ("BURST",) in reasons


def test_two_fills_on_one_side_within_ten_seconds_end_that_side_for_twenty() -> None:
    story = quiet()
    story.holds(5)
    story.see(fills=(story.fill("E1", Side.BUY, 99_500),))
    again = story.see(5, fills=(story.fill("E2", Side.BUY, 99_500),))
    assert again.reasons == ("bid:FILLED_TWICE", "EXIT")
    assert sides(story.see(19)) == {Side.SELL}
    assert sides(story.see(1)) == {Side.BUY, Side.SELL}
    far_apart = story.see(5, fills=(story.fill("E3", Side.BUY, 99_500),))
    assert Side.BUY in sides(far_apart)


def test_a_fill_that_is_told_twice_counts_once() -> None:
    story = quiet()
    fill = story.fill("E1", Side.BUY, 99_500)
    story.see(fills=(fill, fill))
    story.see(fills=(fill,))
    assert len(story.state.adverse.pending) == 1
    story.see(40)
    assert story.state.adverse.measured == 1
    assert Side.BUY in sides(story.see())


def test_twenty_fills_that_lost_end_the_bid_for_half_an_hour() -> None:
    story = quiet()
    story.holds(3)
    losing = -2_500
    realised = (losing,) * 19
    story.state = attrs.evolve(story.state, adverse=Adverse(realised=realised, measured=19))
    # Bought at fair value, so that the fee is lost.
    story.see(fills=(story.fill("E1", Side.BUY, 100_000),))
    lost = story.see(31)
    assert lost.reasons[0] == "bid:LOSING"
    assert Side.SELL in sides(lost)
    assert "bid:LOSING" in story.see(1_799).reasons
    assert Side.BUY in sides(story.see(1))


def test_a_days_loss_ends_the_day() -> None:
    story = quiet()
    story.account = attrs.evolve(ACCOUNT, pair_day_usd=Decimal(-10))
    assert story.see().reasons == ("LOSS_LIMIT",)
    story.account = attrs.evolve(ACCOUNT, strategy_day_usd=Decimal(-100))
    assert story.see().reasons == ("LOSS_LIMIT",)
    story.account = attrs.evolve(ACCOUNT, strategy_day_usd=Decimal("-99.99"))
    assert story.see().wants


def test_a_clock_that_goes_back_ends_nothing_early_and_breaks_nothing() -> None:
    story = quiet()
    story.see(there=book(100_500))
    assert story.state.jump_until_ns == story.now_ns + 10 * SECOND_NS
    pulled = story.see(-7_200, there=book(100_500))
    assert pulled.reasons == ("JUMP",)
    left_ns = story.state.jump_until_ns - story.now_ns
    assert 0 < left_ns <= 10 * SECOND_NS
    assert story.state.volatility.second == story.now_ns // SECOND_NS
    assert story.see(9, there=book(100_500)).reasons == ("JUMP",)


def test_a_clock_that_goes_forward_by_a_day_is_a_pause() -> None:
    story = quiet()
    assert story.see(86_400).wants
    assert story.state.volatility.slow.weight <= 1


def test_sweeps_that_reach_further_than_expected_change_the_arrivals() -> None:
    story = quiet()
    reaches = (100_100, 100_100, 100_200, 100_400)
    sweeps = tuple(Sweep(Side.BUY, price, COIN, story.now_ns) for price in reaches * 3)
    expected = story.state.arrival.rate(12.0)
    for _ in range(12):
        story.see(tape=Tape(volume_5m=10**6 * COIN, sweeps=sweeps))
    assert story.state.arrival.reached[0] > 100
    assert story.state.arrival.rate(12.0) != expected


@pytest.mark.parametrize(
    "stored",
    [
        '{"schema":0}',
        '{"schema":2}',
        '{"schema":1,"learned":[1,2],"vol":3}',
        '{"schema":1,"fair":"dear"}',
    ],
)
def test_a_state_of_another_schema_is_refused(stored: str) -> None:
    with pytest.raises(ConfigError):
        record.read_state(EdgeState, stored)


def test_a_restart_goes_on_from_its_state() -> None:
    story = quiet()
    story.holds(5)
    story.see(
        fills=(story.fill("E1", Side.BUY, 99_500),),
        siblings=(Sibling("X/EUR", 100_010 * FINE, 8.0, None, 50),),
    )
    again = Story()
    again.state = record.read_state(EdgeState, record.text(story.state))
    again.now_ns, again.account, again.cause = story.now_ns, story.account, story.cause
    assert again.state == story.state
    assert again.see() == story.see()
