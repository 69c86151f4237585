"""Public REST calls and what they answer (facts sheet, section 1.5).

Pairs may be asked for by any of their REST names; answers name them by their canonical ids. Times
are seconds, prices and volumes exact. A ticker's digits say nothing about the pair's tick.
"""

from decimal import Decimal
from typing import Final

import msgspec

from zoe.adapters.kraken import api
from zoe.adapters.kraken.api import Call, Given, public
from zoe.domain.errors import WireError

INTERVALS: Final = (1, 5, 15, 30, 60, 240, 1440, 10080, 21600)


class ServerTime(msgspec.Struct, frozen=True):
    """The exchange's clock, in whole seconds."""

    unixtime: int
    rfc1123: str = ""


class Status(msgspec.Struct, frozen=True):
    """The exchange's state: online, maintenance, cancel_only, post_only, or a newer word."""

    status: str
    timestamp: str = ""


class Asset(msgspec.Struct, frozen=True):
    """An asset; ``decimals`` are the ledger's."""

    altname: str
    decimals: int
    display_decimals: int
    aclass: str = "currency"
    status: str = "enabled"
    collateral_value: Decimal | None = None
    margin_rate: Decimal | None = None


class Ticker(msgspec.Struct, frozen=True):
    """A pair's ticker; pairs of figures are today's (since 00:00 UTC) and the last 24 hours'."""

    ask: tuple[Decimal, Decimal, Decimal] = msgspec.field(name="a")
    bid: tuple[Decimal, Decimal, Decimal] = msgspec.field(name="b")
    last: tuple[Decimal, Decimal] = msgspec.field(name="c")
    volume: tuple[Decimal, Decimal] = msgspec.field(name="v")
    vwap: tuple[Decimal, Decimal] = msgspec.field(name="p")
    trades: tuple[int, int] = msgspec.field(name="t")
    low: tuple[Decimal, Decimal] = msgspec.field(name="l")
    high: tuple[Decimal, Decimal] = msgspec.field(name="h")
    opening: Decimal = msgspec.field(name="o")


class Candle(msgspec.Struct, frozen=True, array_like=True):
    """A candle; ``time`` is where its interval begins."""

    time: int
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    vwap: Decimal
    volume: Decimal
    count: int


class DepthLevel(msgspec.Struct, frozen=True, array_like=True):
    """A level of a REST book; its volume is cut to 3 decimals: no seed for a checked book."""

    price: Decimal
    volume: Decimal
    time: int


class Depth(msgspec.Struct, frozen=True):
    """Both sides, best first."""

    asks: list[DepthLevel]
    bids: list[DepthLevel]


class PublicTrade(msgspec.Struct, frozen=True, array_like=True):
    """A trade of the market: ``b`` or ``s`` of its taker, ``m`` or ``l``."""

    price: Decimal
    volume: Decimal
    time: Decimal
    side: str
    order_type: str
    misc: str = ""
    trade_id: int | None = None


class Spread(msgspec.Struct, frozen=True, array_like=True):
    """The best prices at one moment."""

    time: int
    bid: Decimal
    ask: Decimal


class Candles(msgspec.Struct, frozen=True):
    """Candles, oldest first, the last one running; pass ``last`` as ``since`` to go on."""

    pair: str
    rows: list[Candle]
    last: str


class PublicTrades(msgspec.Struct, frozen=True):
    """Trades, oldest first; pass ``last`` as ``since`` to go on."""

    pair: str
    rows: list[PublicTrade]
    last: str


class Spreads(msgspec.Struct, frozen=True):
    """Spreads, oldest first; pass ``last`` as ``since`` to go on."""

    pair: str
    rows: list[Spread]
    last: str


def time() -> Call:
    """Time."""
    return public("Time")


def system_status() -> Call:
    """SystemStatus."""
    return public("SystemStatus")


def assets(names: tuple[str, ...] | None = None, aclass: str | None = None) -> Call:
    """Assets; all of them where none is named."""
    return public("Assets", asset=names, aclass=aclass)


def asset_pairs(
    pairs: tuple[str, ...] | None = None,
    info: str | None = None,
    aclass_base: str | None = None,
    country_code: str | None = None,
    execution_venue: str | None = None,
) -> Call:
    """AssetPairs; all of them where none is named."""
    return public(
        "AssetPairs",
        pair=pairs,
        info=info,
        aclass_base=aclass_base,
        country_code=country_code,
        execution_venue=execution_venue,
    )


def ticker(pairs: tuple[str, ...] | None = None, asset_class: str | None = None) -> Call:
    """Ticker; of every pair where none is named."""
    return public("Ticker", pair=pairs, asset_class=asset_class)


def ohlc(pair: str, interval: int = 1, since: Given = None, asset_class: str | None = None) -> Call:
    """OHLC: at most 720 closed candles and the running one.

    Args:
        interval: Minutes, one of ``INTERVALS``.
    """
    assert interval in INTERVALS, interval
    return public("OHLC", pair=pair, interval=interval, since=since, asset_class=asset_class)


def depth(pair: str, count: int | None = None, asset_class: str | None = None) -> Call:
    """Depth.

    Args:
        count: 1 to 500 levels a side; the exchange's default is 100.
    """
    return public("Depth", pair=pair, count=count, asset_class=asset_class)


def trades(
    pair: str, since: Given = None, count: int | None = None, asset_class: str | None = None
) -> Call:
    """Trades.

    Args:
        since: Seconds or nanoseconds, or the ``last`` of the page before.
        count: 1 to 1000.
    """
    return public("Trades", pair=pair, since=since, count=count, asset_class=asset_class)


def spread(pair: str, since: Given = None, asset_class: str | None = None) -> Call:
    """Spread: about 200 rows."""
    return public("Spread", pair=pair, since=since, asset_class=asset_class)


def read_assets(result: bytes) -> dict[str, Asset]:
    """Assets by id."""
    return api.parse_exact(dict[str, Asset], result)


def read_tickers(result: bytes) -> dict[str, Ticker]:
    """Tickers by canonical id."""
    return api.parse_exact(dict[str, Ticker], result)


def read_depth(result: bytes) -> dict[str, Depth]:
    """Books by canonical id."""
    return api.parse_exact(dict[str, Depth], result)


def read_candles(result: bytes) -> Candles:
    """The candles of the pair asked for."""
    pair, rows, last = _series(result)
    return Candles(pair, api.parse_exact(list[Candle], rows), last)


def read_trades(result: bytes) -> PublicTrades:
    """The trades of the pair asked for."""
    pair, rows, last = _series(result)
    return PublicTrades(pair, api.parse_exact(list[PublicTrade], rows), last)


def read_spreads(result: bytes) -> Spreads:
    """The spreads of the pair asked for."""
    pair, rows, last = _series(result)
    return Spreads(pair, api.parse_exact(list[Spread], rows), last)


def _series(result: bytes) -> tuple[str, bytes, str]:
    """Pair, rows and ``last`` of an answer that holds one pair's rows beside ``last``."""
    members = api.parse(dict[str, msgspec.Raw], result)
    last = bytes(members.pop("last", msgspec.Raw(b""))).strip(b'"').decode(errors="replace")
    if len(members) != 1:
        raise WireError(f"rows of {len(members)} pairs, not of one", result)
    ((pair, rows),) = members.items()
    return pair, bytes(rows), last
