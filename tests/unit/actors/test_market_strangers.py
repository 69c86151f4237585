"""Pairs that somebody invents: broken books of theirs fill no log."""

from typing import Any

from loguru import logger
from stage import Stage

from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.messages.market import BookBroken
from zoe.messages.wire import WireOpened

OTHERS = ("wire", "catalogue", "heartbeat")


def test_broken_books_of_pairs_that_nobody_follows_are_counted_once_a_second() -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    stage = Stage("market", lambda: MarketWatch(venue, ("BTC/USD",), Audience()), OTHERS)
    stage.tell(WireOpened("public/0", 1))
    said: list[dict[str, Any]] = []
    sink = logger.add(lambda m: said.append({"event": m.record["message"], **m.record["extra"]}))
    try:
        for n in range(200):
            stage.tell(BookBroken(f"X{n}/USD", "checksum"), seconds=0.01)
        stage.tell(BookBroken("BTC/USD", "checksum"))
        stage.run(3)
    finally:
        logger.remove(sink)
    counts = [line["count"] for line in said if line["event"] == "market.strange_books"]
    assert sum(counts) == 200
    assert len(counts) <= 4
    broken = [line["symbol"] for line in said if line["event"] == "market.book_broken"]
    assert broken == ["BTC/USD"]
