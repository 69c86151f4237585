"""The public REST calls (facts, 1.5)."""

from collections.abc import Callable, Mapping
from typing import Final

from zoe.sandbox.core import errors
from zoe.sandbox.core.candles import INTERVALS, MINUTE_NS, Candle
from zoe.sandbox.core.catalog import Asset, Catalog, Pair
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.history import printed_price
from zoe.sandbox.core.intake_rest import TOKENIZED, rest_pair
from zoe.sandbox.core.matching import Ladder
from zoe.sandbox.core.moments import (
    SECOND_NS,
    parse_seconds,
    rfc1123,
    rfc3339_seconds,
    seconds,
)
from zoe.sandbox.core.money import number, text
from zoe.sandbox.core.tape import Tape
from zoe.sandbox.core.world import World

Params = Mapping[str, str]
_MOST_LEVELS: Final = 500
_MOST_TRADES: Final = 1_000
_NANOSECOND_DIGITS: Final = 16
#: The fields of AssetPairs that are wanted; all of them by default.
_INFO: Final = {
    "info": (),
    "leverage": ("leverage_buy", "leverage_sell"),
    "fees": ("fees", "fees_maker", "fee_volume_currency"),
    "margin": ("margin_call", "margin_stop"),
}
_MARGIN_CALL: Final = 80
_MARGIN_STOP: Final = 40


class RestPublic:
    """Answers without asking who it is."""

    def __init__(self, world: World, tape: Tape) -> None:
        self._world = world
        self._tape = tape
        self.calls: dict[str, Callable[[Params], object]] = {
            "Time": self._time,
            "SystemStatus": self._system_status,
            "Assets": self._assets,
            "AssetPairs": self._asset_pairs,
            "Ticker": self._ticker,
            "Depth": self._depth,
            "OHLC": self._ohlc,
            "Trades": self._trades,
            "Spread": self._spread,
        }

    def _time(self, params: Params) -> object:
        now_ns = self._world.now_ns
        return {"unixtime": now_ns // SECOND_NS, "rfc1123": rfc1123(now_ns)}

    def _system_status(self, params: Params) -> object:
        return {"status": self._world.status, "timestamp": rfc3339_seconds(self._world.now_ns)}

    def _assets(self, params: Params) -> object:
        catalog = self._world.catalog
        if params.get("aclass") == TOKENIZED:
            return {}
        wanted = list(catalog.assets.values())
        if params.get("asset"):
            found = [catalog.asset(name) for name in params["asset"].split(",")]
            wanted = [asset for asset in found if asset is not None]
            if len(wanted) < len(found):
                raise Refusal(errors.UNKNOWN_ASSET)
        return {asset.rest_id: _asset(asset) for asset in wanted}

    def _asset_pairs(self, params: Params) -> object:
        venues = params.get("execution_venue", "international").split(",")
        if params.get("aclass_base") == TOKENIZED or "international" not in venues:
            return {}
        fields = _INFO.get(params.get("info", "info"))
        if fields is None:
            raise invalid("info")
        world, found = self._world, self._pairs(params)
        # Asked for by a name with a slash, a pair is answered by that name.
        asked = params["pair"].split(",") if params.get("pair") else [""] * len(found)
        rows = {
            name if "/" in name else pair.rest_id: _pair(pair, world.catalog, world.status_of(pair))
            for name, pair in zip(asked, found, strict=True)
        }
        if not fields:
            return rows
        return {name: {field: row[field] for field in fields} for name, row in rows.items()}

    def _pairs(self, params: Params) -> list[Pair]:
        catalog = self._world.catalog
        if not params.get("pair"):
            return list(catalog.pairs.values())
        return [rest_pair(self._world, {"pair": name}) for name in params["pair"].split(",")]

    def _ticker(self, params: Params) -> object:
        if params.get("asset_class") == TOKENIZED:
            return {}
        return {pair.rest_id: self._ticker_row(pair) for pair in self._pairs(params)}

    def _ticker_row(self, pair: Pair) -> dict[str, object]:
        book, last = self._world.books[pair.symbol], self._tape.last(pair.symbol)
        today = self._tape.figures(pair.symbol, today=True)
        day = self._tape.figures(pair.symbol, today=False)
        price = self._world.last_price.get(pair.symbol, 0)

        def both(one: int, other: int) -> list[str]:
            return [printed_price(pair, one), printed_price(pair, other)]

        return {
            "a": _best(pair, book.asks),
            "b": _best(pair, book.bids),
            "c": [
                printed_price(pair, price),
                text(0 if last is None else last.qty, pair.qty_decimals),
            ],
            "v": [text(today.qty, pair.qty_decimals), text(day.qty, pair.qty_decimals)],
            "p": both(today.vwap, day.vwap),
            "t": [today.count, day.count],
            "l": both(today.low, day.low),
            "h": both(today.high, day.high),
            "o": printed_price(pair, today.open),
        }

    def _depth(self, params: Params) -> object:
        pair = rest_pair(self._world, params)
        count = _number(params, "count", "100", _MOST_LEVELS)
        book, at = self._world.books[pair.symbol], self._world.now_ns // SECOND_NS
        sides = {"asks": book.asks, "bids": book.bids}
        rows = {name: _levels(pair, side, count, at) for name, side in sides.items()}
        return {pair.rest_id: rows}

    def _ohlc(self, params: Params) -> object:
        pair = rest_pair(self._world, params)
        interval = _number(params, "interval", "1", INTERVALS[-1])
        if interval not in INTERVALS:
            raise invalid("interval")
        since = _since(params) // SECOND_NS
        candles = self._tape.candles(pair.symbol).all(interval, self._world.now_ns)
        rows = [_candle(pair, candle) for candle in candles if candle.begin * 60 > since]
        now = self._world.now_ns // MINUTE_NS
        closed = (now - now % interval - interval) * 60
        return {pair.rest_id: rows, "last": closed}

    def _trades(self, params: Params) -> object:
        """Ascending; all of one moment are on the same page, since pages go on after a moment."""
        pair = rest_pair(self._world, params)
        count, since_ns = _number(params, "count", "1000", _MOST_TRADES), _since(params)
        found = [one for one in self._tape.trades(pair.symbol) if one.at_ns > since_ns]
        if not params.get("since"):
            found = found[-count:]
        elif len(found) > count:
            found = [one for one in found if one.at_ns <= found[count - 1].at_ns]
        last_ns = found[-1].at_ns if found else since_ns
        rows = [
            [
                printed_price(pair, one.price),
                text(one.qty, pair.qty_decimals),
                seconds(one.at_ns),
                one.side[0],
                one.order_type[0],
                "",
                one.trade_id,
            ]
            for one in found
        ]
        return {pair.rest_id: rows, "last": str(max(last_ns, 0))}

    def _spread(self, params: Params) -> object:
        pair, since = rest_pair(self._world, params), _since(params) // SECOND_NS
        rows = [
            [at, printed_price(pair, bid), printed_price(pair, ask)]
            for at, bid, ask in self._tape.spreads(pair.symbol)
            if at >= since
        ]
        return {pair.rest_id: rows, "last": self._world.now_ns // SECOND_NS}


def _number(params: Params, name: str, otherwise: str, most: int) -> int:
    value = params.get(name) or otherwise
    if not (value.isascii() and value.isdigit()) or not 1 <= int(value[:9]) <= most:
        raise invalid(name)
    return int(value)


def _since(params: Params) -> int:
    """A moment given in seconds or, where it has so many digits, in nanoseconds."""
    value = params.get("since", "")
    if not value:
        return -1
    if value.isascii() and value.isdigit() and _NANOSECOND_DIGITS <= len(value) <= 20:
        return int(value)
    try:
        return parse_seconds(value)
    except ValueError:
        raise invalid("since") from None


def _candle(pair: Pair, candle: Candle) -> list[object]:
    prices = (candle.open, candle.high, candle.low, candle.close, candle.vwap)
    shown = [text(price, pair.price_decimals) for price in prices]
    return [candle.begin * 60, *shown, text(candle.qty, pair.qty_decimals), candle.count]


def _levels(pair: Pair, ladder: Ladder, count: int, at: int) -> list[list[object]]:
    """Volumes have three decimals here, as the exchange prints them."""
    return [
        [printed_price(pair, price), _three_decimals(pair, qty), at]
        for price, qty in ladder.top(count)
    ]


def _three_decimals(pair: Pair, qty: int) -> str:
    whole, _, fraction = text(qty, pair.qty_decimals).partition(".")
    return f"{whole}.{fraction[:3].ljust(3, '0')}"


def _best(pair: Pair, ladder: Ladder) -> list[str]:
    price, qty = (ladder.top(1) or [(0, 0)])[0]
    volume = _three_decimals(pair, qty)
    return [printed_price(pair, price), volume.partition(".")[0], volume]


def _asset(asset: Asset) -> dict[str, object]:
    return {
        "aclass": "currency",
        "altname": asset.altname,
        "decimals": asset.decimals,
        "display_decimals": asset.display_decimals,
        "status": asset.status,
    }


def _pair(pair: Pair, catalog: Catalog, status: str) -> dict[str, object]:
    return {
        "altname": pair.altname,
        "wsname": pair.wsname,
        "aclass_base": "currency",
        "base": catalog.assets[pair.base].rest_id,
        "aclass_quote": "currency",
        "quote": catalog.assets[pair.quote].rest_id,
        "lot": "unit",
        "cost_decimals": pair.cost_decimals,
        "pair_decimals": pair.price_decimals,
        "lot_decimals": pair.qty_decimals,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[volume, number(taker, 2)] for volume, _, taker in pair.fees],
        "fees_maker": [[volume, number(maker, 2)] for volume, maker, _ in pair.fees],
        "fee_volume_currency": "ZUSD",
        "margin_call": _MARGIN_CALL,
        "margin_stop": _MARGIN_STOP,
        "ordermin": text(pair.qty_min, pair.qty_decimals),
        "costmin": text(pair.cost_min, pair.cost_decimals),
        "tick_size": text(pair.tick, pair.price_decimals),
        "status": status,
        "execution_venue": "international",
    }
