"""MarketWatch on a stage: lines, broken and silent books, focus by rank, a consumer that sleeps."""

from decimal import Decimal
from typing import Any

import attrs
from stage import Stage

from zoe.actors.focus_keeper import Scouted
from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.bars import Bar
from zoe.domain.catalog import Instrument
from zoe.domain.focus import FocusConfig
from zoe.messages.ledger import BalancesChanged
from zoe.messages.market import (
    BookBroken,
    FeedAlive,
    InstrumentsChanged,
    MinutesClosed,
    Quote,
    Quotes,
    SubscriptionAcked,
    TickerSeen,
    TradePrint,
    TradePrints,
)
from zoe.messages.orders import OrdersReported
from zoe.messages.scan import Ranked, WatchTickers
from zoe.messages.strategy import FocusWanted
from zoe.messages.system import Beat
from zoe.messages.wire import WireClose, WireClosed, WireOpen, WireOpened, WireSend

OTHERS = (
    "wire",
    "catalogue",
    "heartbeat",
    "risk",
    "strategy/x",
    "ledger",
    "orders",
    "scout",
    "minutes",
)
PAIRS = ("BTC/USD", "ETH/USD")
AUDIENCE = Audience(("risk",), ("strategy/x",), ("minutes",))
FOCUS = FocusConfig(budget=2, slack=1, min_stay_seconds=60, warm_up_seconds=30)


class Market:
    """MarketWatch, an exchange that is played by hand, and everybody else."""

    def __init__(self, pairs: tuple[str, ...] = PAIRS, focus: FocusConfig | None = None) -> None:
        scouted = None if focus is None else Scouted("a", focus)
        venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
        self.stage = Stage(
            "market",
            lambda: MarketWatch(venue, pairs, AUDIENCE, scouted),
            OTHERS,
        )

    def open(self, number: int = 0, generation: int = 1) -> None:
        self.stage.tell(WireOpened(f"public/{number}", generation))

    def acks(self, *symbols: str) -> None:
        """The exchange accepts the trades; books show it by their snapshots."""
        for symbol in symbols:
            for _ in range(2):
                self.stage.tell(SubscriptionAcked("trade", symbol))

    def now(self) -> int:
        return self.stage.runtime.clock.wall_ns()

    def quote(self, symbol: str, bid: int = 1000, **changes: Any) -> None:
        quote = Quote(symbol, 1, 8, bid, 5, bid + 10, 5, None, self.now())
        self.stage.tell(attrs.evolve(quote, **changes))

    def trade(self, symbol: str, price: str, side: str = "buy") -> None:
        one = TradePrint(1, side, Decimal(price), Decimal(1), self.now())
        self.stage.tell(TradePrints(symbol, (one,), 1, Decimal(1), self.now()))

    def passes(self, seconds: int, *, heard: bool = True) -> None:
        for _ in range(seconds):
            self.stage.run(1)
            if heard:
                for line in range(2):
                    self.stage.tell(FeedAlive(f"public/{line}", self.now()))

    def sent(self, *words: str) -> list[str]:
        """What was sent that has all of these words."""
        frames = [m.payload.decode() for m in self.stage.heard("wire", WireSend)]
        return [frame for frame in frames if all(word in frame for word in words)]

    def quotes(self) -> list[Quote]:
        """As risk is told them."""
        return [quote for news in self.stage.heard("risk", Quotes) for quote in news.quotes]


def test_pairs_are_spread_so_that_no_connection_has_more_than_its_room() -> None:
    market = Market(tuple(f"P{n}/USD" for n in range(60)))
    opened = [wish.connection for wish in market.stage.heard("wire", WireOpen)]
    assert opened == ["public/0", "public/1"]
    market.open(0)
    market.open(1)
    market.passes(2)
    books = market.sent('"channel":"book"')
    assert len(books) == 2
    assert [frame.count("/USD") for frame in books] == [50, 10]


def test_a_broken_book_is_subscribed_anew_and_no_other() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD")
    market.quote("ETH/USD")
    before = len(market.sent("ETH/USD"))
    market.stage.tell(BookBroken("BTC/USD", "checksum"))
    market.quote("BTC/USD", live=False)
    market.passes(1)
    assert len(market.sent('"unsubscribe"', '"book"', "BTC/USD")) == 1
    assert len(market.sent("ETH/USD")) == before
    told = market.stage.heard("heartbeat", Beat)[-1]
    assert told.status == "degraded" and told.detail.endswith("without a book: BTC/USD")


def test_a_subscription_that_is_acknowledged_and_silent_is_asked_for_again_alone() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD")
    for symbol in PAIRS:
        market.stage.tell(SubscriptionAcked("book", symbol))
    market.acks(*PAIRS)
    market.passes(12)
    assert len(market.sent('"unsubscribe"', '"book"', "ETH/USD")) == 1
    assert market.sent('"unsubscribe"', "BTC/USD") == []


def test_a_book_that_stands_still_while_others_say_it_changed_is_subscribed_anew() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD")
    market.quote("ETH/USD")
    market.acks(*PAIRS)
    market.passes(10)
    market.trade("ETH/USD", "101.0")  # at the ask that is shown: nothing is wrong
    market.trade("BTC/USD", "107.0")
    market.passes(7)
    assert len(market.sent('"unsubscribe"', '"book"', "BTC/USD")) == 1
    assert market.sent('"unsubscribe"', "ETH/USD") == []
    assert not [q for q in market.quotes() if q.symbol == "BTC/USD"][-1].live


def test_a_ticker_of_the_scouts_shows_a_silent_book_too_and_a_change_clears_it() -> None:
    for late in (False, True):
        market = Market()
        market.open()
        market.quote("BTC/USD")
        market.acks(*PAIRS)
        market.passes(10)
        other = TickerSeen("BTC/USD", Decimal(99), Decimal("101.0"), None, Decimal(1), market.now())
        market.stage.tell(other)
        if not late:
            market.passes(2)
            market.quote("BTC/USD", 990)
        market.passes(7)
        assert bool(market.sent('"unsubscribe"', '"book"', "BTC/USD")) == late


def listed(symbol: str, status: str) -> InstrumentsChanged:
    base, _, quote = symbol.partition("/")
    step = Decimal("0.1")
    pair = Instrument(symbol, base, quote, status, 1, step, 8, step, step, 5, step)
    return InstrumentsChanged((pair,))


def test_a_pair_that_is_delisted_in_mid_stream_goes_and_the_others_go_on() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD")
    market.quote("ETH/USD")
    market.stage.tell(listed("ETH/USD", "delisted"))
    assert market.quotes()[-1].symbol == "ETH/USD"
    assert not market.quotes()[-1].live
    assert {"book", "trade"} == {
        channel
        for channel in ("book", "trade")
        if market.sent('"unsubscribe"', f'"channel":"{channel}"', "ETH/USD")
    }
    told = len(market.quotes())
    market.quote("ETH/USD", 990)  # what was under way
    market.passes(3)
    later = market.quotes()[told:]
    assert later and {quote.symbol for quote in later} == {"BTC/USD"}
    assert all(quote.live for quote in later)


def test_a_pair_that_is_not_listed_yet_is_followed_when_it_is() -> None:
    """As after a new name: the old pair is delisted, and the new one is there under its own."""
    market = Market()
    market.open()
    market.passes(2)
    before = len(market.sent('"subscribe"', '"book"', "ETH/USD"))
    market.stage.tell(listed("ETH/USD", "delisted"))
    market.stage.tell_from("strategy/x", FocusWanted(("ETH/USD",)))
    market.passes(2)
    assert len(market.sent('"subscribe"', '"book"', "ETH/USD")) == before
    market.stage.tell(listed("ETH/USD", "online"))
    market.passes(2)
    assert len(market.sent('"subscribe"', '"book"', "ETH/USD")) == before + 1


def test_a_quiet_quote_is_confirmed_while_its_connection_is_heard_and_no_longer() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD")
    market.passes(3)
    assert market.quotes()[-1].age_ns(market.now()) < 1_500_000_000
    market.passes(3, heard=False)
    assert market.quotes()[-1].age_ns(market.now()) > 2_000_000_000


HOUR_NS = 3_600_000_000_000


def test_what_was_heard_before_the_clock_was_set_back_is_not_taken_for_new() -> None:
    market = Market()
    market.open()
    ahead_ns = market.now() + HOUR_NS  # before it was set back
    market.stage.tell(FeedAlive("public/0", ahead_ns))
    market.quote("BTC/USD", received_ns=ahead_ns)
    assert market.quotes()[-1].age_ns(market.now()) > HOUR_NS - 1_000_000_000
    market.passes(3)  # its connection is heard by the clock as it is, and so it is confirmed
    assert market.quotes()[-1].live
    assert market.quotes()[-1].age_ns(market.now()) < 1_500_000_000
    market.passes(3, heard=False)
    assert market.quotes()[-1].age_ns(market.now()) > 2_000_000_000


def test_a_book_that_stands_still_is_found_though_the_clock_was_set_back() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD", received_ns=market.now() + HOUR_NS)
    market.acks(*PAIRS)
    market.trade("BTC/USD", "107.0")
    market.passes(7)
    assert len(market.sent('"unsubscribe"', '"book"', "BTC/USD")) == 1
    assert not market.quotes()[-1].live


def test_bars_go_to_whoever_keeps_them() -> None:
    market = Market()
    market.open()
    price = Decimal(10)
    bar = Bar(60_000_000_000, price, price, price, price, Decimal(1), price, 1, whole=True)
    news = MinutesClosed((("BTC/USD", bar),))
    market.stage.tell(news)
    assert market.stage.heard("minutes", MinutesClosed) == [news]


def test_a_silent_connection_is_opened_again_and_only_that_one() -> None:
    market = Market(tuple(f"P{n}/USD" for n in range(60)))
    market.open(0)
    market.open(1)
    for _ in range(8):
        market.stage.run(1)
        market.stage.tell(FeedAlive("public/1", market.now()))
    opened = [wish.connection for wish in market.stage.heard("wire", WireOpen)]
    assert opened == ["public/0", "public/1", "public/0"]
    assert market.stage.heard("heartbeat", Beat)[-1].status in ("degraded", "down")


def test_connects_keep_to_a_budget_whatever_happens() -> None:
    market = Market()
    for n in range(400):
        market.open(0, n)
        market.stage.tell(WireClosed("public/0", n, "reset"))
        market.stage.run(1)
    assert len(market.stage.heard("wire", WireOpen)) <= 62


def test_an_opening_of_an_earlier_life_is_closed_again() -> None:
    market = Market()
    before = len(market.stage.heard("wire", WireClose))
    market.open(3)
    assert market.stage.heard("wire", WireClose)[before:] == [WireClose("public/3")]


# Focus


def instrument(symbol: str, status: str = "online") -> Instrument:
    base, quote = symbol.split("/")
    one = Decimal(1)
    return Instrument(symbol, base, quote, status, 1, one, 8, one, one, 5, one)


def scouting(*known: str) -> Market:
    market = Market(("BTC/USD",), FOCUS)
    market.open()
    market.stage.tell(InstrumentsChanged(tuple(map(instrument, known))))
    return market


def ranks(market: Market, *symbols: str) -> None:
    before = len(market.stage.heard("wire", WireOpen))
    market.stage.tell(Ranked(symbols, "scan/a@7"))
    market.stage.tell(OrdersReported(()))
    for number in range(before, len(market.stage.heard("wire", WireOpen))):
        market.open(number)
    market.passes(1)


def test_a_ranked_pair_comes_into_focus_with_a_journalled_reason_and_warms_up() -> None:
    market = scouting()
    ranks(market, "SOL/USD", "ADA/USD", "XRP/USD")
    (row,) = [r for record in market.stage.records for r in record.rows]
    assert (row.stream, row.version, row.kind) == ("focus/a", 1, "focus.changed")
    assert '"ranking":"scan/a@7"' in row.body and '"reason":"rank 1 of 3"' in row.body
    assert market.sent('"book"', "SOL/USD") and not market.sent("XRP/USD")
    assert market.stage.heard("scout", WatchTickers)[-1].symbols == (
        "BTC/USD",
        "SOL/USD",
        "ADA/USD",
    )
    market.quote("SOL/USD")
    market.quote("BTC/USD")
    assert {q.symbol for q in market.stage.heard("strategy/x", Quote)} == {"BTC/USD"}
    assert {q.symbol for q in market.quotes()} == {"BTC/USD", "SOL/USD"}
    market.passes(30)
    assert {q.symbol for q in market.stage.heard("strategy/x", Quote)} == {"BTC/USD", "SOL/USD"}


def test_a_pair_that_fell_behind_goes_after_its_stay_and_its_quote_is_taken_back() -> None:
    market = scouting()
    ranks(market, "SOL/USD", "ADA/USD")
    market.quote("SOL/USD")
    market.acks("SOL/USD")
    for _ in range(5):
        ranks(market, "ADA/USD", "XRP/USD", "DOT/USD", "SOL/USD")
    assert market.sent('"unsubscribe"', "SOL/USD") == []
    market.passes(60)
    ranks(market, "ADA/USD", "XRP/USD", "DOT/USD", "SOL/USD")
    assert len(market.sent('"unsubscribe"', "SOL/USD")) == 2
    assert not [q for q in market.quotes() if q.symbol == "SOL/USD"][-1].live
    told = len(market.quotes())
    market.quote("SOL/USD")  # it was on its way
    assert len(market.quotes()) == told
    assert "fell to rank 4" in market.stage.records[-1].rows[0].body


def test_a_strategist_hears_of_the_pairs_that_it_looks_at_and_of_no_others() -> None:
    market = Market()
    market.open()
    market.quote("BTC/USD")
    market.stage.tell_from("orders", FocusWanted(("BTC/USD", "SOL/USD")))
    assert [q.symbol for q in market.stage.heard("orders", Quote)] == ["BTC/USD"]
    market.quote("SOL/USD")
    market.quote("ETH/USD")
    assert [q.symbol for q in market.stage.heard("orders", Quote)] == ["BTC/USD", "SOL/USD"]
    # Asked again, it is told nothing that it knows.
    market.stage.tell_from("orders", FocusWanted(("BTC/USD", "SOL/USD")))
    assert len(market.stage.heard("orders", Quote)) == 2


def test_pairs_that_a_strategist_looks_at_stay_in_focus_whatever_their_rank() -> None:
    market = Market(focus=FOCUS)
    market.open()
    market.stage.tell_from("strategy/x", FocusWanted(("LTC/USD",)))
    market.stage.tell(Ranked(("SOL/USD", "ADA/USD", "DOT/USD")))
    market.stage.tell(OrdersReported(()))
    (row,) = (row for record in market.stage.records for row in record.rows)
    assert '"LTC/USD"' in row.body and "wanted by strategy/x" in row.body


def test_coins_that_are_held_are_watched_whatever_their_rank() -> None:
    market = scouting("SOL/USD", "SOL/EUR", "ODD/EUR")
    market.stage.tell(BalancesChanged((("SOL", Decimal(1)), ("ODD", Decimal(1)), ("USD", Decimal(9)), ("ADA", Decimal(0)))))  # fmt: skip
    ranks(market, "ADA/USD")
    assert market.sent('"book"', "SOL/USD")
    assert '"reason":"held"' in market.stage.records[-1].rows[0].body
    assert not market.sent("ODD/USD")


def test_the_pair_of_a_coin_that_is_held_stays_whichever_ranks_best() -> None:
    market = scouting("BTC/EUR", "SOL/USD", "SOL/EUR")
    market.stage.tell(BalancesChanged((("BTC", Decimal(1)), ("SOL", Decimal(1)))))
    for ranking in (("SOL/EUR", "BTC/EUR"), ("BTC/EUR", "SOL/USD"), ("SOL/USD", "BTC/EUR")):
        market.stage.tell(Ranked((), ""))
        market.stage.tell(OrdersReported(()))
        ranks(market, *ranking)
    held = [record.rows[0].body for record in market.stage.records if "held" in record.rows[0].body]
    assert len(held) == 1
    assert '"symbol":"SOL/USD"' in held[0] and "BTC" not in held[0].partition('"focus"')[0]


def test_a_ranking_that_changes_nothing_writes_nothing() -> None:
    market = scouting()
    ranks(market, "SOL/USD")
    ranks(market, "SOL/USD")
    assert len(market.stage.records) == 1
