"""Whom MarketWatch tells of a quote: whoever wants it, and nobody more; and what people are told."""

import re

import attrs
from stage import Stage

from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.messages.market import FeedAlive, Quote, Quotes
from zoe.messages.system import Beat
from zoe.messages.wire import WireClosed, WireOpened

PAIRS = ("BTC/USD", "ETH/USD")
AUDIENCE = Audience(risk=("risk",), of_pair={"BTC/USD": ("of_btc",)}, books=("books",))
OTHERS = ("wire", "catalogue", "heartbeat", "risk", "of_btc", "books")


def test_who_wants_one_pair_hears_of_no_other_and_the_books_hear_once_a_second() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, PAIRS, AUDIENCE), OTHERS)
    stage.tell(WireOpened("public/0", 1))

    def quote(symbol: str, bid: int) -> None:
        now_ns = stage.runtime.clock.wall_ns()
        stage.tell(Quote(symbol, 1, 8, bid, 5, bid + 10, 5, None, now_ns))

    def heard(name: str) -> list[tuple[str, int | None]]:
        return [(quote.symbol, quote.bid) for quote in stage.heard(name, Quote)]

    quote("BTC/USD", 1000)
    quote("ETH/USD", 50)
    quote("BTC/USD", 1001)
    assert heard("of_btc") == [("BTC/USD", 1000), ("BTC/USD", 1001)]
    for_risk = [quote for each in stage.heard("risk", Quotes) for quote in each.quotes]
    told = [(quote.symbol, quote.bid) for quote in for_risk]
    assert told == [("BTC/USD", 1000), ("ETH/USD", 50), ("BTC/USD", 1001)]
    assert heard("books") == []
    stage.run(2)
    assert heard("books") == [("BTC/USD", 1001), ("ETH/USD", 50)]


def test_quotes_that_came_together_are_told_each_to_whom_it_concerns() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, PAIRS, AUDIENCE), OTHERS)
    stage.tell(WireOpened("public/0", 1))
    now_ns = stage.runtime.clock.wall_ns()
    told = [Quote(symbol, 1, 8, 50, 5, 60, 5, None, now_ns) for symbol in (*PAIRS, "DOGE/USD")]
    stage.tell(Quotes("public/0", tuple(told)))
    assert stage.heard("of_btc", Quote) == told[:1]
    (for_risk,) = stage.heard("risk", Quotes)
    assert list(for_risk.quotes) == told[:2], "nobody follows the third"


def test_what_is_told_to_risk_is_one_line_of_news_from_whichever_connections() -> None:
    """In two places of its mailbox an older quote of a pair could come after a newer one."""
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, PAIRS, AUDIENCE), OTHERS)
    for name in ("public/0", "public/1"):
        stage.tell(WireOpened(name, 1))
    now_ns = stage.runtime.clock.wall_ns()
    quote = Quote("BTC/USD", 1, 8, 50, 5, 60, 5, None, now_ns)
    stage.tell(Quotes("public/0", (quote,)))
    stage.tell(quote)
    stage.tell(Quotes("public/1", (attrs.evolve(quote, symbol="ETH/USD"),)))
    for name in ("public/0", "public/1"):
        stage.tell(FeedAlive(name, now_ns + 2_000_000_000))
    stage.run(1.5)
    told = stage.heard("risk", Quotes)
    assert [[each.symbol for each in news.quotes] for news in told[:3]] == [
        ["BTC/USD"],
        ["BTC/USD"],
        ["ETH/USD"],
    ]
    assert [each.symbol for each in told[-1].quotes] == ["BTC/USD", "ETH/USD"], "confirmed at once"
    assert len({news.key for news in told}) == 1


def test_people_are_told_how_much_nobody_was_told_of() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, PAIRS, AUDIENCE), OTHERS)
    stage.tell(WireOpened("public/0", 1))

    def hears(conflated: int, let_go: int) -> str:
        stage.tell(FeedAlive("public/0", stage.runtime.clock.wall_ns(), conflated, let_go))
        stage.run(2)
        return stage.heard("heartbeat", Beat)[-1].detail

    assert ", 1 change conflated, without" in hears(1, 0)
    assert ", 8 changes conflated, 3 changes of unknown pairs let go, without" in hears(8, 3)


def test_people_are_told_every_other_second_or_at_once_where_it_is_otherwise() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, PAIRS, AUDIENCE), OTHERS)
    stage.tell(WireOpened("public/0", 1))
    for _ in range(8):
        stage.tell(FeedAlive("public/0", stage.runtime.clock.wall_ns()))
        stage.run(1)
    beats = stage.heard("heartbeat", Beat)
    assert 3 <= len(beats) <= 5 and {beat.status for beat in beats} == {"degraded"}
    stage.tell(WireClosed("public/0", 1, "cut"))
    assert stage.heard("heartbeat", Beat)[-1].detail == "cut"
    stage.tell(WireOpened("public/0", 2))
    stage.run(1)
    assert stage.heard("heartbeat", Beat)[-1].status == "degraded"


def test_people_are_told_how_long_ago_the_feed_was_heard() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, PAIRS, AUDIENCE), OTHERS)
    stage.tell(WireOpened("public/0", 1))
    stage.tell(FeedAlive("public/0", stage.runtime.clock.wall_ns()))

    def age_ms(after_seconds: int) -> int:
        stage.run(after_seconds)
        found = re.search(r"heard (\d+) ms ago", stage.heard("heartbeat", Beat)[-1].detail)
        assert found is not None
        return int(found[1])

    assert age_ms(2) <= 2_000 < age_ms(3) <= 5_000
