"""A consumer that sleeps costs nobody else anything, and no memory; in virtual time."""

import json
from decimal import Decimal
from functools import partial
from random import Random
from typing import ClassVar

import attrs

from zoe.actors.market_watch import Audience, MarketWatch
from zoe.adapters.kraken.feed import FeedReader, Telling
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.book import Book
from zoe.messages.market import Quote, TradePrints
from zoe.runtime.actor import Actor
from zoe.runtime.message import Lane, Message
from zoe.runtime.supervisor import Child
from zoe.runtime.virtual import VirtualRuntime

MS = 1_000_000
PAIRS = tuple(f"P{n}/USD" for n in range(20))
SLEEP_SECONDS = 10


@attrs.frozen
class Wake(Message):
    """Reaches one that is asleep."""

    lane: ClassVar[Lane] = Lane.CONTROL


class Watcher(Actor):
    """A strategy that sees quotes; a slow one falls asleep at its first."""

    def __init__(self, seen: list[tuple[int, Message]], *, sleeps: bool) -> None:
        super().__init__()
        self._seen = seen
        self._sleeps = sleeps

    def handle(self, message: Quote | TradePrints | Wake) -> None:
        if isinstance(message, Wake):
            self.release()
            return
        self._seen.append((self.clock.wall_ns(), message))
        if self._sleeps:
            self._sleeps = False
            # What ``hold`` leaves in line is exactly what waits for one that is asleep.
            self.hold()
            self.after(SLEEP_SECONDS, Wake())


class Exchange:
    """True frames of all pairs: a change of a book, or a trade."""

    def __init__(self) -> None:
        self._rng = Random(7)
        self._books = {symbol: Book(10) for symbol in PAIRS}
        self._trades = 0
        self.traded = dict.fromkeys(PAIRS, Decimal(0))

    def book(self, symbol: str, kind: str = "update") -> bytes:
        book = self._books[symbol]
        price, qty = self._rng.randrange(900, 1000), self._rng.randrange(1, 99)
        levels = {"bids": [(price, qty)], "asks": [(price + 200, qty)]}
        book.update(levels["bids"], levels["asks"])
        sides = {
            side: [{"price": p / 10, "qty": q / 10} for p, q in changes]
            for side, changes in levels.items()
        }
        row = {"symbol": symbol, **sides, "checksum": book.checksum(), "timestamp": "2026-01-02T03:04:05.0Z"}  # fmt: skip
        frame = {"channel": "book", "type": kind, "data": [row]}
        return json.dumps(frame, separators=(",", ":")).encode()

    def trade(self, symbol: str) -> bytes:
        self._trades += 1
        self.traded[symbol] += Decimal("0.1")
        row = {"symbol": symbol, "side": "buy", "price": 110.0, "qty": 0.1,
               "trade_id": self._trades, "timestamp": "2026-01-02T03:04:05.0Z"}  # fmt: skip
        return json.dumps({"channel": "trade", "type": "update", "data": [row]}).encode()


def desk(
    runtime: VirtualRuntime, slow: list[tuple[int, Message]], quick: list[tuple[int, Message]]
) -> None:
    for name in ("wire", "catalogue", "heartbeat", "risk"):
        runtime.endpoint(name, lambda envelope: None)
    market = partial(MarketWatch, KrakenVenue(None), PAIRS, Audience(("risk",), ("slow", "quick")))
    runtime.root(
        (
            Child("market", market),
            Child("slow", partial(Watcher, slow, sleeps=True)),
            Child("quick", partial(Watcher, quick, sleeps=False)),
        )
    )
    runtime.run_for(0.01)


def test_a_consumer_that_sleeps_ten_seconds_ages_alone_and_holds_no_more_than_the_newest() -> None:
    runtime = VirtualRuntime(1)
    slow: list[tuple[int, Message]] = []
    quick: list[tuple[int, Message]] = []
    desk(runtime, slow, quick)
    exchange = Exchange()
    reader = FeedReader(10, dict.fromkeys(PAIRS, (1, 1)), Telling("public/0", 250 * MS))
    market, longest = runtime.find("market"), 0
    for n in range(5_000):
        symbol = PAIRS[n % len(PAIRS)]
        kind = "snapshot" if n < len(PAIRS) else "update"
        payload = (
            exchange.trade(symbol) if n % 7 == 6 and n > len(PAIRS) else exchange.book(symbol, kind)
        )
        for news in reader.feed(payload, runtime.clock.wall_ns()):
            market.tell(news)
        runtime.run_for(0.0015)
        longest = max(longest, len(runtime.find("slow").mailbox))
    runtime.run_for(SLEEP_SECONDS)

    # Memory: at most a quote and a trade message of each pair waits, whatever came.
    assert longest <= 2 * len(PAIRS)
    assert runtime.find("slow").mailbox.replaced > 500

    # Freshness: only its own.
    def ages(seen: list[tuple[int, Message]]) -> list[int]:
        return [at - m.received_ns for at, m in seen if isinstance(m, Quote)]

    assert max(ages(quick)) < 5 * MS
    assert len(quick) > 1_000
    assert len(slow) < 100
    # It wakes to the newest of each pair, and by the sums no trade is lost.
    for symbol in PAIRS:
        newest = [
            [m for _, m in seen if isinstance(m, Quote) and m.symbol == symbol][-1]
            for seen in (slow, quick)
        ]
        assert newest[0] == newest[1]
        sums = [
            [m for _, m in seen if isinstance(m, TradePrints) and m.symbol == symbol][-1]
            for seen in (slow, quick)
        ]
        assert sums[0].volume == sums[1].volume == exchange.traded[symbol]
        assert sums[0].count == sums[1].count
    different = sum(verified.different for verified in reader.verified.values())
    assert different == 0
