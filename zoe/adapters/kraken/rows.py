"""Rows of public frames that come seldom, or seldom in such a form, made what they mean."""

from collections.abc import Callable, Sequence
from typing import Final

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.numbers import all_exact, decimals, exact, nanoseconds, step
from zoe.domain.catalog import Instrument
from zoe.domain.quick import quick
from zoe.messages.market import CandleSeen, FrameNotUnderstood, TickerSeen
from zoe.runtime.message import Message

EXCERPT_BYTES: Final = 300
_TICKER_SEEN: Final = quick(TickerSeen)


def candles(frame: frames.Frame, _: int) -> list[Message]:
    """The candles of an ohlc frame."""
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


def tickers(data: Sequence[frames.TickerRow], received_ns: int) -> list[Message]:
    """What the rows of a ticker frame say.

    Raises:
        ValueError: A number makes no sense.
    """
    said: list[Message] = []
    for row in data:
        bid, ask, volume, last = row.bid, row.ask, row.volume, row.last
        if not all_exact(bid, ask, volume, bid if last is None else last):
            raise ValueError("a number is absurd, or none")
        said.append(_TICKER_SEEN(row.symbol, bid, ask, last, volume, received_ns))
    return said


def pair(row: frames.PairRow) -> Instrument:
    """One pair of the instrument channel.

    Raises:
        ValueError: It makes no sense.
    """
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


def not_understood(error: str, payload: bytes) -> Message:
    """A frame that could not be read, with its beginning."""
    return FrameNotUnderstood(error, payload[:EXCERPT_BYTES].decode(errors="replace"))


def unreadable(problem: Exception, payload: bytes) -> Message:
    """A frame or row that was refused, with what is wrong with it."""
    return not_understood(f"{type(problem).__name__}: {problem}", payload)


def one_by_one(frame: frames.Frame, read: Callable[[bytes], list[Message]]) -> list[Message]:
    """A frame's rows, read one by one: those that make sense count."""
    said: list[Message] = []
    for row in map(bytes, frames.ROWS.decode(frame.data)):
        try:
            said += read(row)
        except frames.UNREADABLE as problem:
            said.append(unreadable(problem, row))
    return said
