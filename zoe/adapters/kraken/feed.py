"""FeedReader: public frames in, market messages out; keeps the books and checks every checksum.

It runs in the thread that reads the connection and never raises on bad input: a frame that cannot
be read is a message too. A book whose checksum is wrong is dropped and said to be broken; until a
new snapshot comes its changes are ignored.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, assert_never

import attrs
import msgspec

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.numbers import decimals, exact, nanoseconds, step, units_of_text
from zoe.domain.book import Book, Level
from zoe.domain.catalog import Instrument
from zoe.messages.market import (
    BookBroken,
    CandleSeen,
    ExchangeStatus,
    FeedAlive,
    FrameNotUnderstood,
    InstrumentsChanged,
    Quote,
    SubscriptionAcked,
    SubscriptionRefused,
    TickerSeen,
    TradePrint,
    TradePrints,
)
from zoe.runtime.message import Message

DEPTH: Final = 10
EXCERPT_BYTES: Final = 300
#: Frames of a pair that wait for its instrument; the snapshot of all pairs takes far less time.
MOST_WAITING: Final = 1_000

Precision = tuple[int, int]


Often = frames.BookFrame | frames.TickerFrame | frames.TradeFrame | frames.Heartbeat


@attrs.define
class Verified:
    """How many checksums were equal and how many were not."""

    equal: int = 0
    different: int = 0


@attrs.define
class _Kept:
    book: Book
    price_precision: int
    qty_precision: int
    verified: Verified


class FeedReader:
    """Reads one public connection.

    Args:
        depth: The depth that books are subscribed with.
        precisions: Price and quantity precision of pairs known beforehand.
    """

    def __init__(
        self, depth: int = DEPTH, precisions: Mapping[str, Precision] | None = None
    ) -> None:
        self._depth = depth
        self._precisions: dict[str, Precision] = dict(precisions or {})
        self._books: dict[str, _Kept] = {}
        self._waiting: dict[str, list[tuple[bool, frames.TextBookRow]]] = {}
        self.verified: dict[str, Verified] = {}
        self._channels: dict[str, Callable[[frames.Frame, int], list[Message]]] = {
            "book": self._unread_book,
            "ticker": _unread(frames.TICKER),
            "trade": _unread(frames.TRADE),
            "ohlc": _candles,
            "instrument": self._instrument,
            "status": self._status,
            "heartbeat": lambda frame, at: [FeedAlive()],
        }

    def feed(self, payload: bytes, received_ns: int) -> Iterable[Message]:
        """What a frame says, in order; see zoe.messages.frames.FrameReader."""
        try:
            frame = frames.OFTEN.decode(payload)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            return self._any(payload, received_ns)
        try:
            return self._often(frame, received_ns)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as problem:
            return [_not_understood(f"{type(problem).__name__}: {problem}", payload)]

    def _often(self, frame: Often, received_ns: int) -> list[Message]:
        match frame:
            case frames.BookFrame():
                return self._book(frame, received_ns)
            case frames.TickerFrame():
                return self._ticker(frame, received_ns)
            case frames.TradeFrame():
                return _trades(frame)
            case frames.Heartbeat():
                return [FeedAlive()]
            case _:
                assert_never(frame)

    def _any(self, payload: bytes, received_ns: int) -> list[Message]:
        """A frame of a channel that says little, an answer, or one that cannot be read."""
        try:
            return self._read(frames.FRAME.decode(payload), received_ns)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as problem:
            return [_not_understood(f"{type(problem).__name__}: {problem}", payload)]

    def _read(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        if frame.channel is not None:
            channel = self._channels.get(frame.channel)
            if channel is None:
                raise ValueError(f"channel {frame.channel[:40]!r} is unknown")
            return channel(frame, received_ns)
        if frame.refusal is not None:
            raise ValueError(f"the exchange says {frame.refusal[:200]}")
        return _answer(frame)

    def _book(self, frame: frames.BookFrame, received_ns: int) -> list[Message]:
        snapshot = frame.type == "snapshot"
        if len(frame.data) == 1:
            return self._change(frame.data[0], snapshot, received_ns)
        said: list[Message] = []
        for row in frame.data:
            said += self._change(row, snapshot, received_ns)
        return said

    def _unread_book(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        """What OFTEN could not read."""
        try:
            frames.BOOK.decode(frame.data)
        except (msgspec.MsgspecError, ArithmeticError) as problem:
            return self._unreadable(frame, str(problem), received_ns)
        raise ValueError("a book of a form that nobody knows")

    def _unreadable(self, frame: frames.Frame, error: str, received_ns: int) -> list[Message]:
        """A change that is lost leaves its pair's book wrong: as far as it says whose it was."""
        said: list[Message] = [_not_understood(error, bytes(frame.data))]
        for row in frames.NAMED.decode(frame.data):
            said += self._broken(row.symbol, "a change could not be read", received_ns)
        return said

    def _change(self, row: frames.TextBookRow, snapshot: bool, received_ns: int) -> list[Message]:
        precision = self._precisions.get(row.symbol)
        if precision is None:
            return self._wait(row, snapshot)
        if not snapshot and row.symbol not in self._books:
            return []  # dropped, and its new snapshot has not come
        try:
            kept = self._applied(row, snapshot, precision)
            at_ns = None if row.timestamp is None else nanoseconds(row.timestamp)
        except (msgspec.MsgspecError, RecursionError) as problem:
            said = [_not_understood(str(problem), msgspec.json.encode(row))]
            return said + self._broken(row.symbol, "a change could not be read", received_ns)
        except ValueError as problem:
            return self._broken(row.symbol, str(problem), received_ns)
        if kept.book.checksum() != row.checksum:
            kept.verified.different += 1
            return self._broken(row.symbol, "checksum", received_ns)
        kept.verified.equal += 1
        return [_quote(row.symbol, kept, at_ns, received_ns)]

    def _applied(self, row: frames.TextBookRow, snapshot: bool, precision: Precision) -> _Kept:
        bids, asks = _levels(row.bids, *precision), _levels(row.asks, *precision)
        if snapshot:
            verified = self.verified.setdefault(row.symbol, Verified())
            kept = self._books[row.symbol] = _Kept(Book(self._depth), *precision, verified)
            kept.book.load(bids, asks)
        else:
            kept = self._books[row.symbol]
            kept.book.update(bids, asks)
        return kept

    def _wait(self, row: frames.TextBookRow, snapshot: bool) -> list[Message]:
        waiting = self._waiting.setdefault(row.symbol, [])
        if snapshot:
            waiting.clear()
        waiting.append((snapshot, row))
        if len(waiting) <= MOST_WAITING:
            return []
        del self._waiting[row.symbol]
        return [BookBroken(row.symbol, "its instrument is unknown")]

    def _broken(self, symbol: str, reason: str, received_ns: int) -> list[Message]:
        said: list[Message] = [BookBroken(symbol, reason)]
        kept = self._books.pop(symbol, None)
        if kept is not None:
            quote = _quote(symbol, kept, None, received_ns)
            said.append(attrs.evolve(quote, live=False))
        return said

    def _instrument(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        pairs: list[Instrument] = []
        said: list[Message] = []
        for row in frames.INSTRUMENT.decode(frame.data).pairs:
            try:
                pairs.append(_pair(frames.PAIR.decode(row)))
            except (msgspec.MsgspecError, ValueError, ArithmeticError) as problem:
                said.append(_not_understood(f"{type(problem).__name__}: {problem}", bytes(row)))
        if pairs:
            said.append(InstrumentsChanged(tuple(pairs)))
        for pair in pairs:
            said += self._learn(pair, received_ns)
        return said

    def _learn(self, pair: Instrument, received_ns: int) -> list[Message]:
        precision = (pair.price_precision, pair.qty_precision)
        known = self._precisions.get(pair.symbol)
        self._precisions[pair.symbol] = precision
        if known not in (None, precision) and pair.symbol in self._books:
            return self._broken(pair.symbol, "its precision changed", received_ns)
        said: list[Message] = []
        for snapshot, row in self._waiting.pop(pair.symbol, ()):
            said += self._change(row, snapshot, received_ns)
        return said

    def _ticker(self, frame: frames.TickerFrame, received_ns: int) -> list[Message]:
        return [
            TickerSeen(
                row.symbol,
                exact(row.bid),
                exact(row.ask),
                None if row.last is None else exact(row.last),
                exact(row.volume),
                received_ns,
            )
            for row in frame.data
        ]

    def _status(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        return [ExchangeStatus(row.system) for row in frames.STATUS.decode(frame.data)]


def _trades(frame: frames.TradeFrame) -> list[Message]:
    by_symbol: dict[str, list[TradePrint]] = {}
    for row in frame.data:
        at_ns = nanoseconds(row.timestamp)
        trade = TradePrint(row.trade_id, row.side, exact(row.price), exact(row.qty), at_ns)
        by_symbol.setdefault(row.symbol, []).append(trade)
    return [TradePrints(symbol, tuple(trades)) for symbol, trades in by_symbol.items()]


def _candles(frame: frames.Frame, _: int) -> list[Message]:
    return [
        CandleSeen(
            row.symbol,
            nanoseconds(row.interval_begin),
            row.interval,
            exact(row.open),
            exact(row.high),
            exact(row.low),
            exact(row.close),
            exact(row.volume),
            row.trades,
        )
        for row in frames.CANDLE.decode(frame.data)
    ]


def _unread(form: msgspec.json.Decoder[Any]) -> Callable[[frames.Frame, int], list[Message]]:
    """Says why OFTEN could not read a frame of this form."""

    def read(frame: frames.Frame, _: int) -> list[Message]:
        form.decode(frame.data)
        raise ValueError("a frame of a form that nobody knows")

    return read


def _levels(rows: list[frames.TextLevel], price_precision: int, qty_precision: int) -> list[Level]:
    return [
        (
            units_of_text(bytes(row.price), price_precision),
            units_of_text(bytes(row.qty), qty_precision),
        )
        for row in rows
    ]


def _quote(symbol: str, kept: _Kept, exchange_ns: int | None, received_ns: int) -> Quote:
    bid, bid_qty = kept.book.best_bid or (None, 0)
    ask, ask_qty = kept.book.best_ask or (None, 0)
    return Quote(
        symbol,
        kept.price_precision,
        kept.qty_precision,
        bid,
        bid_qty,
        ask,
        ask_qty,
        exchange_ns,
        received_ns,
    )


def _pair(row: frames.PairRow) -> Instrument:
    return Instrument(
        row.symbol,
        row.base,
        row.quote,
        row.status,
        decimals(row.price_precision),
        step(row.price_increment),
        decimals(row.qty_precision),
        step(row.qty_increment),
        exact(row.qty_min),
        decimals(row.cost_precision),
        exact(row.cost_min),
    )


def _answer(frame: frames.Frame) -> list[Message]:
    if frame.method == "pong":
        return [FeedAlive()]
    if frame.method not in ("subscribe", "unsubscribe", "ping"):
        raise ValueError("neither a channel nor an answer")
    if not frame.success:
        return [SubscriptionRefused(frame.symbol, frame.error or "no reason given")]
    if frame.method == "unsubscribe":
        return [FeedAlive()]
    result = frames.RESULT.decode(frame.result) if bytes(frame.result) else frames.SubscribedTo()
    return [SubscriptionAcked(result.channel or "", result.symbol)]


def _not_understood(error: str, payload: bytes) -> Message:
    return FrameNotUnderstood(error, payload[:EXCERPT_BYTES].decode(errors="replace"))
