"""Rows of public frames that come seldom, or seldom in such a form, made what they mean."""

from typing import Final

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.numbers import decimals, exact, nanoseconds, step, units_of_text
from zoe.domain.book import Level
from zoe.domain.catalog import Instrument
from zoe.messages.market import CandleSeen, FrameNotUnderstood
from zoe.runtime.message import Message

EXCERPT_BYTES: Final = 300
#: Levels of one side in one frame: books have 1,000, and change a few at a time.
MOST_LEVELS: Final = 5_000


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


def levels(told: list[frames.TextLevel], price_precision: int, qty_precision: int) -> list[Level]:
    """One side of a book's row, in integer units.

    Raises:
        ValueError: A level makes no sense, or there are too many.
    """
    if len(told) > MOST_LEVELS:
        raise ValueError(f"{len(told)} levels at once")
    found: list[Level] = []
    for row in told:
        price = units_of_text(bytes(row.price), price_precision)
        if not price:
            raise ValueError("a price of 0")
        found.append((price, units_of_text(bytes(row.qty), qty_precision)))
    return found


def not_understood(error: str, payload: bytes) -> Message:
    """A frame that could not be read, with its beginning."""
    return FrameNotUnderstood(error, payload[:EXCERPT_BYTES].decode(errors="replace"))
