"""FeedReader: public frames in, market messages out; keeps the books and checks every checksum.

It runs in the thread that reads the connection and never raises on bad input: a frame that cannot
be read is a message too. A book whose checksum is wrong is dropped and said to be broken; until a
new snapshot comes its changes are ignored. A calm reader tells no more than a slow listener needs: see
Telling.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, assert_never

import attrs
import msgspec

from zoe.adapters.kraken import frames, rows
from zoe.adapters.kraken.held_tickers import HeldTickers, Ticker, slices
from zoe.adapters.kraken.shelf import Precision, Shelf
from zoe.adapters.kraken.trade_tape import TradeTape
from zoe.adapters.kraken.waiting import Waiting
from zoe.domain.catalog import MOST_PAIRS, Instrument
from zoe.domain.quick import quick
from zoe.messages.market import (
    BookBroken,
    ExchangeStatus,
    FeedAlive,
    FrameNotUnderstood,
    InstrumentsChanged,
    Quote,
    Quotes,
    SubscriptionAcked,
    SubscriptionRefused,
    Tickers,
    TickerSeen,
)
from zoe.runtime.message import Message

DEPTH: Final = 10
EXCERPT_BYTES: Final = rows.EXCERPT_BYTES
_NOTHING: Final[Sequence[Message]] = ()
_QUOTES: Final = quick(Quotes)
_TICKERS: Final = quick(Tickers)

#: Where channels that come often differ in the exchange's own form: ``{"channel":"book"``.
_KIND: Final = slice(12, 14)
_BOOK: Final = b"bo"
_TICKER: Final = b"ti"
_TRADE: Final = b"tr"

Often = frames.BookFrame | frames.TickerFrame | frames.TradeFrame | frames.Heartbeat


@attrs.frozen
class Telling:
    """How a reader tells what it hears.

    Attributes:
        connection: Stands in news about the connection itself.
        calm_ns: 0 to tell everything at once. Otherwise best prices that stand are told again only
            after so long, only the newest ticker of each pair is read and told, and so often it is
            said that the connection lives.
        levels: Whether quotes carry ten levels of each side, not only the best.
    """

    connection: str = ""
    calm_ns: int = 0
    levels: bool = False


TELL_ALL: Final = Telling()


class FeedReader:
    """Reads one public connection.

    Args:
        depth: The depth that books are subscribed with.
        precisions: Price and quantity precision of pairs known beforehand.
    """

    def __init__(
        self,
        depth: int = DEPTH,
        precisions: Mapping[str, Precision] | None = None,
        telling: Telling = TELL_ALL,
    ) -> None:
        self._connection = telling.connection
        self._calm_ns = telling.calm_ns
        self._told_ns = 0
        self._tickers = HeldTickers()
        self._unread, self._unread_ns = 0, -telling.calm_ns
        self._tape = TradeTape()
        self._precisions: dict[str, Precision] = dict(precisions or {})
        self._shelf = Shelf(depth, telling.calm_ns, levels=telling.levels)
        self._waiting = Waiting()
        self.verified = self._shelf.verified
        self._channels: dict[str, Callable[[frames.Frame, int], list[Message]]] = {
            "book": self._unread_book,
            "ticker": self._unread_tickers,
            "trade": self._unread_trades,
            "ohlc": rows.candles,
            "instrument": self._instrument,
            "status": self._status,
            "heartbeat": lambda frame, at: self._alive(at),
        }

    def feed(self, payload: bytes, received_ns: int) -> Iterable[Message]:
        """What a frame says, in order; see zoe.messages.frames.FrameReader."""
        kind, said = payload[_KIND], _NOTHING
        if kind == _BOOK and self._shelf.read(payload):
            self._shelf.apply(received_ns)
        elif kind == _TRADE:
            said = self._trades(payload, received_ns)
        elif not (kind == _TICKER and self._hold(payload, received_ns)):
            said = self._slow(payload, received_ns)
        told, tape = self._books_news(received_ns), self._tape
        if said or tape.heard:
            told = [*said, *told, *tape.told(received_ns)]
        if self._is_due(received_ns):
            tickers = self._read_tickers(self._tickers.take())
            return [*told, *tickers, *self._due(received_ns)]
        return told

    def feed_all(self, payloads: Iterable[bytes], received_ns: int) -> Iterator[Sequence[Message]]:
        """What frames say that came together; see zoe.messages.frames.FrameReader."""
        if not self._calm_ns:
            for payload in payloads:
                yield list(self.feed(payload, received_ns))
            return
        shelf = self._shelf
        trades: list[bytes] = []
        said: list[Message] = []
        for payload in payloads:
            kind = payload[_KIND]
            if kind == _BOOK and shelf.read(payload):
                continue
            if kind == _TRADE:
                trades.append(payload)
            elif not (kind == _TICKER and self._hold(payload, received_ns)):
                shelf.apply(received_ns)  # it may be the end of a book, or the beginning
                said += self._slow(payload, received_ns)
        shelf.apply(received_ns)
        yield [*said, *self._joined(received_ns)]
        # No order's price follows from these: they are not even read before quotes are told.
        later = [news for payload in trades for news in self._trades(payload, received_ns)]
        later += self._tape.told(received_ns)
        if not self._is_due(received_ns):
            yield later
            return
        yield [*later, *self._due(received_ns)]
        for some in slices(self._tickers.take()):
            yield self._together(self._read_tickers(some))

    def _joined(self, received_ns: int) -> list[Message]:
        """As ``_books_news``, and all quotes as one: a message for each costs its listener more than the quote."""
        quotes, broken = self._shelf.told(received_ns), self._broken(received_ns)
        if broken:
            # One of a book that broke stands before that of the one which has come for it.
            quotes = [*(news for news in broken if isinstance(news, Quote)), *quotes]
            quotes = list({quote.symbol: quote for quote in quotes}.values())
            broken = [news for news in broken if not isinstance(news, Quote)]
        return [*broken, _QUOTES(self._connection, tuple(quotes))] if quotes else broken

    def _books_news(self, received_ns: int) -> list[Message]:
        """What books have come to: broken ones, then each pair's newest quote."""
        quotes = self._shelf.told(received_ns)
        return [*self._broken(received_ns), *quotes]

    def _broken(self, received_ns: int) -> list[Message]:
        broken = self._shelf.take_broken()
        return self._thinned(broken, received_ns) if broken else broken

    def _is_due(self, received_ns: int) -> bool:
        # A clock that was set back must not silence it.
        return self._calm_ns > 0 and not 0 <= received_ns - self._told_ns < self._calm_ns

    def _trades(self, payload: bytes, received_ns: int) -> Sequence[Message]:
        try:
            frame = frames.TRADE_FRAME.decode(payload)
        except frames.UNREADABLE:
            return self._slow(payload, received_ns)  # which says what is wrong with it
        wrong = self._tape.read(frame.data, received_ns)
        return self._thinned(wrong, received_ns) if wrong else _NOTHING

    def _slow(self, payload: bytes, received_ns: int) -> list[Message]:
        said = self._decoded(payload, received_ns)
        for news in said:
            if type(news) is FrameNotUnderstood:
                return self._thinned(said, received_ns)
        return said

    def _thinned(self, said: list[Message], received_ns: int) -> list[Message]:
        """Of what could not be read, one in a while is told, and how many there were."""
        kept: list[Message] = []
        for news in said:
            if isinstance(news, FrameNotUnderstood):
                self._unread += 1
                # As everywhere: a clock that was set back must not silence it.
                if 0 <= received_ns - self._unread_ns < self._calm_ns:
                    continue
                self._unread_ns = received_ns
                news, self._unread = attrs.evolve(news, count=self._unread), 0
            kept.append(news)
        return kept

    def _decoded(self, payload: bytes, received_ns: int) -> list[Message]:
        try:
            frame = frames.OFTEN.decode(payload)
        except frames.UNREADABLE:
            return self._any(payload, received_ns)
        try:
            return self._often(frame, received_ns)
        except frames.UNREADABLE as problem:
            return [rows.unreadable(problem, payload)]

    def _hold(self, payload: bytes, received_ns: int) -> bool:
        return self._calm_ns > 0 and self._tickers.hold(payload, received_ns)

    def _due(self, received_ns: int) -> list[Message]:
        """What is told once in a while, beside tickers: minutes that have ended, a sign of life."""
        self._told_ns = received_ns
        return [*self._tape.closed(received_ns), *self._alive(received_ns)]

    def _read_tickers(self, held: Iterable[Ticker]) -> list[Message]:
        said: list[Message] = []
        for payload, at_ns in held:
            try:
                said += rows.tickers(frames.TICKER_FRAME.decode(payload).data, at_ns)
            except frames.UNREADABLE:
                said += self._slow(payload, at_ns)  # which says what is wrong with it
        return said

    def _together(self, said: Sequence[Message]) -> list[Message]:
        """All tickers as one message, as quotes are."""
        tickers = tuple(news for news in said if type(news) is TickerSeen)
        others = [news for news in said if type(news) is not TickerSeen]
        return [*others, _TICKERS(self._connection, tickers)] if tickers else others

    def _alive(self, received_ns: int) -> list[Message]:
        conflated = self._tickers.superseded + self._shelf.conflated
        return [FeedAlive(self._connection, received_ns, conflated, self._waiting.let_go)]

    def _often(self, frame: Often, received_ns: int) -> list[Message]:
        match frame:
            case frames.TradeFrame():
                return self._tape.read(frame.data, received_ns)
            case frames.TickerFrame():
                return self._ticker(frame.data, received_ns)
            case frames.BookFrame():
                return self._book(frame, received_ns)
            case frames.Heartbeat():
                return self._alive(received_ns)
            case _:
                assert_never(frame)

    def _any(self, payload: bytes, received_ns: int) -> list[Message]:
        """A frame of a channel that says little, an answer, or one that cannot be read."""
        try:
            return self._read(frames.FRAME.decode(payload), received_ns)
        except frames.UNREADABLE as problem:
            return [rows.unreadable(problem, payload)]

    def _read(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        if frame.channel is not None:
            channel = self._channels.get(frame.channel)
            if channel is None:
                raise ValueError(f"channel {frame.channel[:40]!r} is unknown")
            return channel(frame, received_ns)
        if frame.refusal is not None:
            raise ValueError(f"the exchange says {frame.refusal[:200]}")
        return self._answer(frame, received_ns)

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
        said: list[Message] = [rows.not_understood(error, bytes(frame.data))]
        for row in frames.NAMED.decode(frame.data):
            self._shelf.broken(row.symbol, "a change could not be read", received_ns)
        return said

    def _change(self, row: frames.TextBookRow, snapshot: bool, received_ns: int) -> list[Message]:
        precision = self._precisions.get(row.symbol)
        if precision is None:
            kept = self._waiting.keep(row, snapshot=snapshot)
            return [] if kept else [BookBroken(row.symbol, "its instrument is unknown")]
        if not snapshot and row.symbol not in self._shelf:
            return []  # dropped, and its new snapshot has not come
        shelf, symbol = self._shelf, row.symbol
        shelf.note(shelf.load(symbol, precision) if snapshot else shelf.of(symbol), row)
        shelf.apply(received_ns)
        return []

    def _instrument(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        pairs: list[Instrument] = []
        said: list[Message] = []
        for row in frames.INSTRUMENT.decode(frame.data).pairs:
            try:
                pairs.append(rows.pair(frames.PAIR.decode(row)))
            except (msgspec.MsgspecError, ValueError, ArithmeticError) as problem:
                said.append(rows.not_understood(f"{type(problem).__name__}: {problem}", bytes(row)))
        room = MOST_PAIRS - len(self._precisions)
        new = [pair.symbol for pair in pairs if pair.symbol not in self._precisions]
        if len(new) > room:
            said.append(rows.not_understood(f"{len(new) - room} pairs more than {MOST_PAIRS}", b""))
            gone = set(new[room:])
            pairs = [pair for pair in pairs if pair.symbol not in gone]
        if pairs:
            said.append(InstrumentsChanged(tuple(pairs)))
        for pair in pairs:
            said += self._learn(pair, received_ns)
        return said

    def _learn(self, pair: Instrument, received_ns: int) -> list[Message]:
        precision = (pair.price_precision, pair.qty_precision)
        known = self._precisions.get(pair.symbol)
        self._precisions[pair.symbol] = precision
        if known not in (None, precision) and pair.symbol in self._shelf:
            self._shelf.broken(pair.symbol, "its precision changed", received_ns)
            return []
        said: list[Message] = []
        for snapshot, row in self._waiting.take(pair.symbol):
            said += self._change(row, snapshot, received_ns)
        return said

    def _unread_tickers(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        return rows.one_by_one(
            frame, lambda row: self._ticker([frames.TICKER.decode(row)], received_ns)
        )

    def _unread_trades(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        def read(row: bytes) -> list[Message]:
            try:
                return self._tape.read([frames.TRADE.decode(row)], received_ns)
            except frames.UNREADABLE:
                with contextlib.suppress(*frames.UNREADABLE):  # its pair misses it, if it names one
                    self._tape.missed(frames.NAME.decode(row).symbol, received_ns)
                raise

        return rows.one_by_one(frame, read)

    def _ticker(self, data: Sequence[frames.TickerRow], received_ns: int) -> list[Message]:
        for row in data:
            self._tickers.forget(row.symbol)  # an older one that is held
        return rows.tickers(data, received_ns)

    def _answer(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        if frame.method == "pong":
            return self._alive(received_ns)
        if frame.method not in ("subscribe", "unsubscribe", "ping"):
            raise ValueError("neither a channel nor an answer")
        if not frame.success:
            error = (frame.error or "no reason given")[:EXCERPT_BYTES]
            return [SubscriptionRefused(frame.symbol, error, frame.req_id)]
        if frame.method == "unsubscribe":
            return self._left(frame, received_ns)
        result = _result(frame)
        if result.channel == "trade" and result.symbol:
            self._tape.subscribed(result.symbol, received_ns)
        return [SubscriptionAcked(result.channel or "", result.symbol)]

    def _left(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        result = _result(frame)
        if result.channel == "trade" and result.symbol:
            self._tape.left(result.symbol)
        return self._alive(received_ns)

    def _status(self, frame: frames.Frame, received_ns: int) -> list[Message]:
        return [ExchangeStatus(row.system) for row in frames.STATUS.decode(frame.data)]


def _result(frame: frames.Frame) -> frames.SubscribedTo:
    told = bytes(frame.result)
    return frames.RESULT.decode(told) if told else frames.SubscribedTo()
