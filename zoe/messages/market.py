"""Messages about the market; prices and quantities are ints in the instrument's units.

Those that come often have no slot for weak references: so their reader makes them in a third of the time
(domain/quick.py).
"""

from collections.abc import Sequence
from decimal import Decimal
from operator import attrgetter
from typing import ClassVar, Final

import attrs

from zoe.domain.bars import Bar
from zoe.domain.book import Level
from zoe.domain.catalog import Instrument
from zoe.domain.quantity import scaled
from zoe.domain.quick import quick
from zoe.runtime.message import Lane, Message

#: What a quote says, but for when it was last known to be so.
_best: Final = attrgetter(
    "bid",
    "bid_qty",
    "ask",
    "ask_qty",
    "exchange_ns",
    "received_ns",
    "live",
    "price_precision",
    "qty_precision",
)


@attrs.frozen(weakref_slot=False)
class Quote(Message):
    """The best bid and ask of a book whose checksum was right.

    Attributes:
        bid: In units of 10^-price_precision; None where the side is empty.
        bid_qty: In units of 10^-qty_precision.
        exchange_ns: The exchange's time of the change, None where it gave none.
        received_ns: Our wall time of receipt.
        confirmed_ns: Our wall time when the connection was last heard while the book stood so; 0
            for the time of receipt. A quiet pair's old quote may be fresh.
        live: False while the book is being subscribed anew.
        bids, asks: Price and quantity of up to ten levels, best first, where the reader was asked
            for them.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    symbol: str
    price_precision: int
    qty_precision: int
    bid: int | None
    bid_qty: int
    ask: int | None
    ask_qty: int
    exchange_ns: int | None
    received_ns: int
    live: bool = True
    confirmed_ns: int = 0
    bids: Sequence[Level] = ()
    asks: Sequence[Level] = ()

    def age_ns(self, now_ns: int) -> int:
        """How long ago this was last known to be the best bid and ask; ``now_ns`` is wall time.

        What a clock that was set back has in its future is as old as that is far: it is not known
        to be new.
        """
        return abs(now_ns - (self.confirmed_ns or self.received_ns))

    def is_as_it_was(self, known: "Quote") -> bool:
        """Whether this confirms a quote that is known, and says nothing else of it."""
        return self.confirmed_ns != known.confirmed_ns and _best(self) == _best(known)

    @property
    def key(self) -> str:
        """The newest quote of a pair replaces the one before."""
        return self.symbol

    @property
    def bid_price(self) -> Decimal | None:
        """The best bid in quote currency."""
        return None if self.bid is None else scaled(self.bid, self.price_precision)

    @property
    def ask_price(self) -> Decimal | None:
        """The best ask in quote currency."""
        return None if self.ask is None else scaled(self.ask, self.price_precision)


_quote: Final = quick(Quote)


def confirmed_at(quote: Quote, heard_ns: int) -> Quote:
    """A quote whose connection was heard while its book stood so."""
    return _quote(
        quote.symbol,
        quote.price_precision,
        quote.qty_precision,
        quote.bid,
        quote.bid_qty,
        quote.ask,
        quote.ask_qty,
        quote.exchange_ns,
        quote.received_ns,
        quote.live,
        heard_ns,
        quote.bids,
        quote.asks,
    )


@attrs.frozen(weakref_slot=False)
class Quotes(Message):
    """The newest quotes of pairs that came together.

    Where they wait they are as each alone would be: of each pair the newest stays.

    Attributes:
        connection: Which they came by; empty where they are passed on.
        quotes: At most one a pair.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    connection: str
    quotes: tuple[Quote, ...]

    @property
    def key(self) -> str:
        """Notices of one connection replace each other."""
        return self.connection

    def over(self, older: "Quotes") -> "Quotes":
        """These, and the older ones of pairs that are not among them."""
        newest = {quote.symbol: quote for quote in (*older.quotes, *self.quotes)}
        return Quotes(self.connection, tuple(newest.values()))


quick_quotes: Final = quick(Quotes)


@attrs.frozen(weakref_slot=False)
class TickerSeen(Message):
    """A pair's ticker."""

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal | None
    volume: Decimal
    received_ns: int

    @property
    def key(self) -> str:
        """The newest ticker of a pair replaces the one before."""
        return self.symbol


@attrs.frozen(weakref_slot=False)
class Tickers(Message):
    """The newest tickers of pairs that are told together.

    Where they wait they are as each alone would be: of each pair the newest stays.

    Attributes:
        connection: Which they came by.
        tickers: At most one a pair.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    connection: str
    tickers: tuple[TickerSeen, ...]

    @property
    def key(self) -> str:
        """Notices of one connection replace each other."""
        return self.connection

    def over(self, older: "Tickers") -> "Tickers":
        """These, and the older ones of pairs that are not among them."""
        newest = {ticker.symbol: ticker for ticker in (*older.tickers, *self.tickers)}
        return Tickers(self.connection, tuple(newest.values()))


@attrs.frozen(weakref_slot=False)
class TradePrint:
    """One trade of the market; ``side`` is the taker's."""

    trade_id: int
    side: str
    price: Decimal
    quantity: Decimal
    exchange_ns: int


@attrs.frozen(weakref_slot=False)
class TradePrints(Message):
    """Trades of one pair, in order, and the sums of all before them.

    Whoever is late sees the newest trades only, and by the sums what the others came to: none is lost.

    Attributes:
        count: Trades since the connection was opened, these included.
        volume: Their quantities' sum.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    symbol: str
    trades: tuple[TradePrint, ...]
    count: int = 0
    volume: Decimal = Decimal(0)
    received_ns: int = 0

    @property
    def key(self) -> str:
        """The newest trades of a pair replace those before."""
        return self.symbol


@attrs.frozen
class MinutesClosed(Message):
    """Bars of minutes that have ended, with their pairs; one that comes again has changed.

    None is ever lost: whoever is late has a message a minute waiting.
    """

    traced: ClassVar[bool] = False
    bars: tuple[tuple[str, Bar], ...] = attrs.field(repr=lambda bars: str(len(bars)))


@attrs.frozen
class CandleSeen(Message):
    """A candle as far as it has come; only trades bring news of it.

    Attributes:
        begin_ns: Where its interval begins.
        interval_minutes: How long it lasts.
        vwap: Average price weighted by volume; 0 where nothing was traded, or nobody says.
    """

    traced: ClassVar[bool] = False
    symbol: str
    begin_ns: int
    interval_minutes: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int
    vwap: Decimal = Decimal(0)


@attrs.frozen
class InstrumentsChanged(Message):
    """Pairs that are new or changed."""

    instruments: tuple[Instrument, ...] = attrs.field(repr=lambda pairs: str(len(pairs)))


@attrs.frozen
class BookBroken(Message):
    """A pair's book can no longer be trusted and must be subscribed anew."""

    symbol: str
    reason: str


@attrs.frozen
class SubscriptionAcked(Message):
    """A subscription was accepted."""

    channel: str
    symbol: str | None


@attrs.frozen
class SubscriptionRefused(Message):
    """A subscription was refused.

    Attributes:
        req_id: Of the request, where the answer names it: it may be about many pairs.
    """

    symbol: str | None
    error: str
    req_id: int | None = None


@attrs.frozen
class ExchangeStatus(Message):
    """The exchange's own state: online, maintenance, cancel_only, post_only, limit_only."""

    system: str


@attrs.frozen
class FrameNotUnderstood(Message):
    """A frame that could not be read; its beginning is kept.

    Attributes:
        count: How many there were since the one that was told before, this one included.
    """

    error: str
    excerpt: str
    count: int = 1


@attrs.frozen(weakref_slot=False)
class FeedAlive(Message):
    """The connection was heard.

    Attributes:
        heard_ns: Our wall time when it was.
        conflated: Changes since it was opened that only a newer one tells of: tickers that were
            superseded unread, and changes of books that left the best prices as they were.
        let_go: Changes since then of books that nobody could read: no instrument told of their pairs.
    """

    lane: ClassVar[Lane] = Lane.LATEST
    traced: ClassVar[bool] = False
    connection: str = ""
    heard_ns: int = 0
    conflated: int = 0
    let_go: int = 0

    @property
    def key(self) -> str:
        """The newest sign of each connection."""
        return self.connection
