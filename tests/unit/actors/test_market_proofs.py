"""What other news show of a book that stands still: nothing while it has just changed."""

from decimal import Decimal

import pytest
from stage import Stage

from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.messages.market import FeedAlive, Quote, Quotes, TradePrint, TradePrints
from zoe.messages.wire import WireOpened

AHEAD_NS = 4_500_000_000


@pytest.mark.parametrize("agreed", [False, True])
def test_what_agrees_with_a_book_clears_it_though_the_clock_was_set_back(agreed: bool) -> None:
    venue = KrakenVenue(None, public_url="ws://127.0.0.1:1/v2")
    audience, others = Audience(risk=("risk",)), ("wire", "catalogue", "heartbeat", "risk")
    stage = Stage("market", lambda: MarketWatch(venue, ("X/USD",), audience), others)
    wall_ns = stage.runtime.clock.wall_ns

    def trade(price: str) -> None:
        one = TradePrint(1, "buy", Decimal(price), Decimal(1), wall_ns())
        stage.tell(TradePrints("X/USD", (one,), 1, Decimal(1), wall_ns()))

    def passes(seconds: int) -> None:
        for _ in range(seconds):
            stage.run(1)
            stage.tell(FeedAlive("public/0", wall_ns()))

    stage.tell(WireOpened("public/0", 1))
    # Its time is of before the clock was set back.
    stage.tell(Quote("X/USD", 1, 8, 1_000, 5, 1_010, 5, None, wall_ns() + AHEAD_NS))
    trade("107.0")
    passes(4)
    if agreed:  # at about the book's own time
        trade("101.0")
    passes(3)
    assert stage.heard("risk", Quotes)[-1].quotes[-1].live is agreed
