"""The Edge Factory in a story of Views: what it learns, when it stands aside, and bad input."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from zoe.domain.catalog import Instrument
from zoe.domain.errors import ConfigError
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import record
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.fair_value import FINE
from zoe.domain.strategy.market import Book, BookState, Sibling, Sweep, Tape
from zoe.domain.strategy.own import Account, OwnFill, WorkingOrder
from zoe.domain.strategy.view import Decision, Touch, View, Want

SECOND_NS = 1_000_000_000
BEGIN_NS = 1_700_000_000 * SECOND_NS
COIN = 10**8
PAIR = Instrument(
    "X/USD", "X", "USD", "online", 4, Decimal("0.0001"), 8, Decimal("1E-8"), Decimal(1), 5,
    Decimal("0.5"),
)  # fmt: skip
ACCOUNT = Account(
    cash=Decimal(1_000),
    quote_usd=Decimal(1),
    equity_usd=Decimal(10_000),
    maker_fee_bps=Decimal(25),
)


def book(mid: int = 100_000, half: int = 120) -> Book:
    """Ten levels a side round a mid of 10.0000, half a spread of 12 bps: deep enough."""
    return Book(
        tuple((mid - half - 20 * n, 500 * COIN) for n in range(10)),
        tuple((mid + half + 20 * n, 500 * COIN) for n in range(10)),
        age_ms=20,
    )


class Story:
    """One pair's Views, one after the other."""

    def __init__(self, **params: Any) -> None:
        self.engine = EdgeFactory(EdgeParams(**params))
        self.state: EdgeState = self.engine.initial()
        self.now_ns = BEGIN_NS
        self.account = ACCOUNT
        self._cause = 0

    def view(self, there: Book | None = None, **more: Any) -> View:
        self._cause += 1
        there = book() if there is None else there
        plain = View(
            now_ns=self.now_ns,
            cause=self._cause,
            instrument=PAIR,
            touch=Touch(None, 0, None, 0, 0, True, None, 0),
            held=None,
            trading_state=TradingState.ACTIVE,
            book=there,
            tape=Tape(volume_5m=10**6 * COIN),
            account=self.account,
        )
        return attrs.evolve(plain, **more)

    def see(self, seconds: int = 1, there: Book | None = None, **more: Any) -> Decision:
        """The decision on the next View, so many seconds later."""
        self.now_ns += seconds * SECOND_NS
        decision = self.engine.decide(self.state, self.view(there, **more))
        self.state = decision.state
        return decision

    def holds(self, coins: int, since_ns: int | None = None) -> None:
        since_ns = self.now_ns if since_ns is None else since_ns
        self.account = attrs.evolve(ACCOUNT, sleeve=coins * COIN, sleeve_since_ns=since_ns)

    def fill(self, name: str, side: Side, price: int) -> OwnFill:
        key = "bid.0" if side is Side.BUY else "ask.0"
        return OwnFill(name, key, side, price, COIN, self.now_ns, Decimal(25))


def quiet(**params: Any) -> Story:
    """After a quarter of a minute in which nothing happened."""
    story = Story(**params)
    for _ in range(15):
        story.see()
    return story


def price(decision: Decision, side: Side) -> int:
    return next(want.price for want in decision.wants if want.side is side)


def sides(decision: Decision) -> set[Side]:
    return {want.side for want in decision.wants}


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


def test_a_wide_spread_is_quoted_a_tick_inside_and_no_dearer_than_needed() -> None:
    story = quiet(inside_ticks=1)
    story.see(there=book(half=2_000))
    for _ in range(20):
        story.see(there=book(half=2_000))
    decision = story.see(there=book(half=2_000))
    assert price(decision, Side.BUY) == 100_000 - 2_000 + 1


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
    again.now_ns, again.account, again._cause = story.now_ns, story.account, story._cause
    assert again.state == story.state
    assert again.see() == story.see()


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
