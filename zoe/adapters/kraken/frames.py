"""The public frames of WebSocket v2 as typed rows (facts sheet, sections 2.2 to 2.7)."""

from decimal import Decimal
from typing import Final

import msgspec

#: What a frame, or an answer, that makes no sense may raise when it is read.
UNREADABLE: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


class Level(msgspec.Struct, gc=False):
    """One level of a book."""

    price: Decimal
    qty: Decimal


class BookRow(msgspec.Struct):
    """A snapshot or a change of one book."""

    symbol: str
    checksum: int
    bids: list[Level] = []
    asks: list[Level] = []
    timestamp: str | None = None


class TextLevel(msgspec.Struct, gc=False):
    """One level of a book, its numbers as they stand in the frame."""

    price: msgspec.Raw
    qty: msgspec.Raw


class TextBookRow(msgspec.Struct, gc=False, kw_only=True):
    """A snapshot or a change of one book, its numbers not yet read; in the order of the wire, which is found sooner."""

    symbol: str
    bids: list[TextLevel] = []
    asks: list[TextLevel] = []
    checksum: int
    timestamp: str | None = None


class NamedRow(msgspec.Struct):
    """As much of a row as says which pair it is about."""

    symbol: str


class TickerRow(msgspec.Struct, gc=False, kw_only=True):
    """A ticker, in the order of the wire, which is found sooner; ``last`` is missing on pairs that do not trade."""

    symbol: str
    bid: Decimal
    ask: Decimal
    last: Decimal | None = None
    volume: Decimal


class TradeRow(msgspec.Struct, gc=False):
    """One trade of the market."""

    symbol: str
    side: str
    price: Decimal
    qty: Decimal
    trade_id: int
    timestamp: str


class CandleRow(msgspec.Struct):
    """One candle of the ohlc channel."""

    symbol: str
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    trades: int
    interval_begin: str
    interval: int
    vwap: Decimal | None = None


class PairRow(msgspec.Struct):
    """One pair of the instrument channel."""

    symbol: str
    base: str
    quote: str
    status: str
    qty_precision: int
    qty_increment: Decimal
    qty_min: Decimal
    price_precision: int
    price_increment: Decimal
    cost_precision: int
    cost_min: Decimal


class Instruments(msgspec.Struct):
    """The instrument channel's data; pairs one by one, so that one costs no other."""

    pairs: list[msgspec.Raw] = []


class StatusRow(msgspec.Struct):
    """The exchange's state."""

    system: str


class SubscribedTo(msgspec.Struct):
    """The result of an accepted subscription."""

    channel: str | None = None
    symbol: str | None = None


class Frame(msgspec.Struct):
    """Any frame; its data are read once the channel is known."""

    channel: str | None = None
    type: str | None = None
    method: str | None = None
    success: bool | None = None
    error: str | None = None
    symbol: str | None = None
    req_id: int | None = None
    time_out: str | None = None
    sequence: int | None = None
    result: msgspec.Raw = msgspec.Raw(b"")
    data: msgspec.Raw = msgspec.Raw(b"")
    refusal: str | None = msgspec.field(default=None, name="Error")


class BookFrame(msgspec.Struct, tag_field="channel", tag="book", gc=False, kw_only=True):
    """A frame of the book channel, decoded at once."""

    type: str | None = None
    data: list[TextBookRow]


class TickerFrame(msgspec.Struct, tag_field="channel", tag="ticker"):
    """A frame of the ticker channel, decoded at once."""

    data: list[TickerRow]


class TradeFrame(msgspec.Struct, tag_field="channel", tag="trade"):
    """A frame of the trade channel, decoded at once."""

    data: list[TradeRow]


class Heartbeat(msgspec.Struct, tag_field="channel", tag="heartbeat"):
    """Nothing but a sign of life."""


#: Frames that come often; whatever it does not know is read by FRAME.
OFTEN = msgspec.json.Decoder(BookFrame | TickerFrame | TradeFrame | Heartbeat)
FRAME = msgspec.json.Decoder(Frame)
ROWS = msgspec.json.Decoder(list[msgspec.Raw])
NAMED = msgspec.json.Decoder(list[NamedRow])
NAME = msgspec.json.Decoder(NamedRow)
PAIR = msgspec.json.Decoder(PairRow)
BOOK = msgspec.json.Decoder(list[BookRow])
BOOK_FRAME = msgspec.json.Decoder(BookFrame)
TICKER_FRAME = msgspec.json.Decoder(TickerFrame)
TICKER = msgspec.json.Decoder(TickerRow)
TRADE_FRAME = msgspec.json.Decoder(TradeFrame)
TRADE = msgspec.json.Decoder(TradeRow)
CANDLE = msgspec.json.Decoder(list[CandleRow])
INSTRUMENT = msgspec.json.Decoder(Instruments)
STATUS = msgspec.json.Decoder(list[StatusRow])
RESULT = msgspec.json.Decoder(SubscribedTo)
