"""Eyes and purse of a strategist: siblings, gaps, changed precisions, ages of orders, a day's result."""

from decimal import Decimal
from typing import Any

import attrs

from zoe.actors.strategist_eyes import GAP_NS, Eyes
from zoe.actors.strategist_purse import DAY_NS, Purse
from zoe.domain.amend import Amend, Terms
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.fees import PairFee
from zoe.domain.order import Fact, Fill, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.strategy.fair_value import FINE, Weighing
from zoe.messages.ledger import FeesKnown
from zoe.messages.market import CandleSeen, Quote, TradePrint, TradePrints

SECOND_NS = 1_000_000_000
NOW_NS = 20_000 * DAY_NS + 3_600 * SECOND_NS
SOURCE = "strategy/x"


def instrument(symbol: str, price_precision: int = 2) -> Instrument:
    base, quote = symbol.split("/")
    one = Decimal(1)
    tick = one.scaleb(-price_precision)
    return Instrument(
        symbol, base, quote, "online", price_precision, tick, 4, one / 10_000, one / 10, 5, one
    )


def catalog(*symbols: str, price_precision: int = 2, version: int = 1) -> Catalog:
    return Catalog(version, {s: instrument(s, price_precision) for s in symbols})


def quote(symbol: str, bid: int, ask: int, **changes: Any) -> Quote:
    known = Quote(symbol, 2, 4, bid, 50_000, ask, 50_000, None, NOW_NS)
    return attrs.evolve(known, bids=((bid, 50_000),), asks=((ask, 50_000),), **changes)


def eyes(*symbols: str) -> Eyes:
    made = Eyes(Weighing(), lambda symbol: (), 3)
    made.learn(catalog(*symbols))
    return made


def order(intent_id: str, side: Side, *fills: Fill, state: State = State.WORKING) -> Order:
    intent = Intent(
        intent_id, SOURCE, "X/USD bid.0", "X/USD", side, OrderType.LIMIT,
        Quantity(Decimal(10)), Price(Decimal(100)),
    )  # fmt: skip
    return Order(intent, state, order_id=f"O{intent_id}", fills=fills)


def fill(name: str, side: Side, quantity: str, price: str, at_ns: int = NOW_NS) -> Fill:
    amount, each = Decimal(quantity), Decimal(price)
    return Fill(
        name, None, f"O{name}", "X/USD", side, Quantity(amount), Price(each), amount * each,
        amount * each / 400, "USD", "m", at_ns,
    )  # fmt: skip


def test_a_sibling_is_shown_in_the_pairs_own_currency_as_far_as_every_price_is_known() -> None:
    made = eyes("X/USD", "X/EUR", "EUR/USD")
    assert made.wanted(("X/USD",)) == ("X/USD", "X/EUR", "EUR/USD")
    made.quote(quote("X/EUR", 9_990, 10_010), NOW_NS)
    assert made.siblings("X/USD", NOW_NS) == ()
    made.quote(quote("EUR/USD", 119, 121), NOW_NS)
    (sibling,) = made.siblings("X/USD", NOW_NS + 2 * SECOND_NS)
    assert sibling.symbol == "X/EUR"
    assert abs(sibling.fair / FINE - 12_000) < 1
    assert sibling.age_ms == 2_000
    made.quote(quote("X/EUR", 9_990, 10_010, live=False), NOW_NS)
    assert made.siblings("X/USD", NOW_NS) == ()


def test_our_own_quotes_make_no_siblings_fair_value() -> None:
    ours: dict[str, tuple[tuple[int, int], ...]] = {}
    made = Eyes(Weighing(), lambda symbol: ours.get(symbol, ()), 3)
    made.learn(catalog("X/USD", "X/EUR", "EUR/USD"))
    made.quote(quote("EUR/USD", 99, 101), NOW_NS)
    made.quote(
        attrs.evolve(
            quote("X/EUR", 9_900, 10_100), bids=((10_000, 7), (9_900, 50_000)), asks=((10_100, 50_000),)
        ),
        NOW_NS,
    )  # fmt: skip
    ours["X/EUR"] = ((10_000, -7),)
    (sibling,) = made.siblings("X/USD", NOW_NS)
    assert abs(sibling.fair / FINE - 10_000) < 1


def test_focus_begins_anew_after_a_gap_in_what_was_heard() -> None:
    made = eyes("X/USD")
    made.quote(quote("X/USD", 99, 101), NOW_NS)
    made.quote(quote("X/USD", 99, 101), NOW_NS + 20 * SECOND_NS)
    assert made.focused_seconds("X/USD", NOW_NS + 25 * SECOND_NS) == 25
    later = NOW_NS + 21 * SECOND_NS + GAP_NS
    assert made.focused_seconds("X/USD", later) == 0
    made.quote(quote("X/USD", 99, 101), later)
    assert made.focused_seconds("X/USD", later + 5 * SECOND_NS) == 5


def test_trades_of_a_sibling_of_which_no_view_is_ever_made_are_let_go_of_after_five_minutes() -> (
    None
):
    made, one, at_ns = eyes("X/USD", "X/EUR"), Decimal(1), NOW_NS
    for second in range(3_600):
        at_ns = NOW_NS + second * SECOND_NS
        trade = TradePrint(second, "buy", one, one, at_ns)
        made.trades(TradePrints("X/EUR", (trade,), second + 1, one * (second + 1)), at_ns)
    shown = made.tape("X/EUR", at_ns)
    assert len(shown.sweeps) == 301
    assert shown.volume_5m == 301 * 10_000
    assert made.tape("X/EUR", at_ns).sweeps == ()


def test_a_pair_that_is_not_looked_at_is_forgotten_unless_it_was_heard_of_just_before() -> None:
    made, one = eyes("X/USD", "Y/USD"), Decimal(1)
    for symbol in ("X/USD", "Y/USD"):
        made.quote(quote(symbol, 99, 101), NOW_NS)
        made.bars(symbol, [CandleSeen(symbol, NOW_NS, 5, one, one, one, one, one, 1)])
    made.keep(("X/USD",), NOW_NS + GAP_NS)
    assert made.touch("Y/USD", NOW_NS) is not None
    made.keep(("X/USD",), NOW_NS + GAP_NS + 1)
    assert made.touch("Y/USD", NOW_NS) is None
    assert (len(made.closed_bars("X/USD")), made.closed_bars("Y/USD")) == (1, ())


def test_a_pair_that_is_counted_otherwise_from_now_on_is_looked_at_anew() -> None:
    made = eyes("X/USD")
    one = Decimal(1)
    made.quote(quote("X/USD", 99, 101), NOW_NS)
    made.bars("X/USD", [CandleSeen("X/USD", NOW_NS, 5, one, one, one, one, one, 1)])
    assert made.touch("X/USD", NOW_NS) is not None
    made.learn(catalog("X/USD", price_precision=3, version=2))
    assert made.closed_bars("X/USD") == ()
    made.quote(quote("X/USD", 99, 101), NOW_NS)
    assert made.touch("X/USD", NOW_NS) is None, "a quote of before"


def test_an_execution_counts_once_however_long_its_order_is_told_of() -> None:
    purse = Purse(SOURCE)
    fills: tuple[Fill, ...] = ()
    for hour in range(40):
        new = fill(f"{hour}", Side.BUY, "1", "100", NOW_NS + hour * 3_600 * SECOND_NS)
        fills = (*fills, new)
        purse.follow(order("1", Side.BUY, *fills), NOW_NS, Fact(Input.FILL, new.order_id, fill=new))
        purse.follow(order("1", Side.BUY, *fills), NOW_NS)
    late = fill("late", Side.BUY, "1", "100", NOW_NS - SECOND_NS)
    for fact in (Fact(Input.FILL, late.order_id, fill=late), None):
        purse.follow(order("1", Side.BUY, *fills, late), NOW_NS, fact)
    assert purse.sleeve.of("X/USD").quantity == 41
    assert len(purse._counted) < 10


def test_bars_are_kept_once_in_order_and_no_more_than_are_needed() -> None:
    made = eyes("X/USD")
    one = Decimal(1)

    def candle(number: int) -> CandleSeen:
        begin_ns = number * 300 * SECOND_NS
        return CandleSeen("X/USD", begin_ns, 5, one, one * 2, one / 2, one, one, 1)

    made.bars("X/USD", [candle(1), candle(2), candle(3)])
    known = made.closed_bars("X/USD")
    made.bars("X/USD", [candle(2), candle(3)])
    assert made.closed_bars("X/USD") is known
    made.bars("X/USD", [candle(3), candle(4)])
    assert [bar.close_ns // (300 * SECOND_NS) for bar in made.closed_bars("X/USD")] == [3, 4, 5]
    assert (known[0].high, known[0].volume) == (200, 10_000)


def purse() -> Purse:
    made = Purse(SOURCE)
    made.learn(catalog("X/USD"))
    return made


def test_an_order_keeps_its_age_when_all_orders_are_told_again() -> None:
    made = purse()
    working = order("1", Side.BUY)
    made.follow(working, NOW_NS)
    made.reported((working,), NOW_NS + 5 * SECOND_NS)
    (shown,) = made.working(instrument("X/USD"), NOW_NS + 7 * SECOND_NS)
    assert shown.age_ms == 7_000
    made.reported((), NOW_NS + 8 * SECOND_NS)
    assert made.working(instrument("X/USD"), NOW_NS) == ()


def test_a_days_result_is_what_was_earned_less_fees_and_what_is_held_at_its_price() -> None:
    made = purse()
    made.follow(order("1", Side.BUY, fill("1", Side.BUY, "2", "100")), NOW_NS)
    made.follow(order("2", Side.SELL, fill("2", Side.SELL, "1", "110")), NOW_NS)
    # -200 - 0.5 + 110 - 0.275, and one coin at 105.
    assert made.day_quote("X/USD", Decimal(105), NOW_NS) == Decimal("14.225")
    tomorrow = NOW_NS + DAY_NS
    assert made.day_quote("X/USD", Decimal(105), tomorrow) == 0
    assert made.day_quote("X/USD", Decimal(104), tomorrow) == -1


def test_fees_are_those_of_the_newest_execution_for_a_day() -> None:
    made = purse()
    assert made.fee_bps("X/USD", NOW_NS, maker=True) is None
    made.follow(order("1", Side.BUY, fill("1", Side.BUY, "2", "100")), NOW_NS)
    assert made.fee_bps("X/USD", NOW_NS, maker=True) == 25
    assert made.fee_bps("X/USD", NOW_NS, maker=False) is None
    assert made.fee_bps("X/USD", NOW_NS + DAY_NS, maker=True) is None


def test_a_resting_stop_is_shown_with_its_trigger_and_all_that_it_may_hold() -> None:
    purse = Purse(SOURCE)
    purse.learn(catalog("X/USD"))
    intent = Intent(
        *("s", SOURCE, "X/USD exit.stop", "X/USD", Side.SELL, OrderType.STOP_LOSS_LIMIT),
        *(Quantity.of("10"), Price.of("99.5")),
        trigger_price=Price.of("100"),
    )
    raised = Amend(Terms(Quantity.of("12"), Price.of("100.5")), 1, 0)
    purse.follow(Order(intent, State.WORKING, order_id="O1", amend=raised), NOW_NS)
    (shown,) = purse.working(instrument("X/USD"), NOW_NS)
    assert (shown.key, shown.trigger, shown.price) == ("exit.stop", 10_000, 9_950)
    assert shown.remaining == 120_000  # an amend on its way may have been applied
    # It waits for its price, and is in no book.
    assert purse.ours("X/USD") == ()


def test_a_fee_is_what_was_said_last_by_an_execution_or_by_the_exchange() -> None:
    purse = Purse(SOURCE)
    purse.learn(catalog("X/USD"))
    assert purse.fee_bps("X/USD", NOW_NS, maker=True) is None
    purse.hear(FeesKnown((PairFee("X/USD", Decimal(14), Decimal(24)),)), NOW_NS)
    assert purse.fee_bps("X/USD", NOW_NS, maker=True) == 14
    assert purse.fee_bps("X/USD", NOW_NS, maker=False) == 24
    older = fill("e1", Side.BUY, "1", "100", NOW_NS - SECOND_NS)
    purse.follow(order("1", Side.BUY, older), NOW_NS)
    assert purse.fee_bps("X/USD", NOW_NS, maker=True) == 14
    newer = fill("e2", Side.BUY, "1", "100", NOW_NS + SECOND_NS)
    purse.follow(order("1", Side.BUY, older, newer), NOW_NS)
    assert purse.fee_bps("X/USD", NOW_NS, maker=True) == 25
    assert purse.fee_bps("X/USD", NOW_NS + 2 * DAY_NS, maker=False) is None
