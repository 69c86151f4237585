"""Rows of public frames that come seldom, as messages."""

from typing import Final

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.numbers import decimals, exact, nanoseconds, step
from zoe.domain.catalog import Instrument
from zoe.messages.market import CandleSeen, FrameNotUnderstood
from zoe.runtime.message import Message

EXCERPT_BYTES: Final = 300


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
