"""The public REST calls (facts, 1.5)."""

from collections.abc import Callable, Mapping
from typing import Final

from zoe.sandbox.core import errors
from zoe.sandbox.core.catalog import Asset, Catalog, Pair
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.history import printed_price
from zoe.sandbox.core.intake import rest_pair
from zoe.sandbox.core.matching import Ladder
from zoe.sandbox.core.moments import SECOND_NS, rfc1123, rfc3339_seconds
from zoe.sandbox.core.money import number, text
from zoe.sandbox.core.tape import Tape
from zoe.sandbox.core.world import World

Params = Mapping[str, str]
_MOST_LEVELS: Final = 500
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
        }

    def _time(self, params: Params) -> object:
        now_ns = self._world.now_ns
        return {"unixtime": now_ns // SECOND_NS, "rfc1123": rfc1123(now_ns)}

    def _system_status(self, params: Params) -> object:
        return {"status": self._world.status, "timestamp": rfc3339_seconds(self._world.now_ns)}

    def _assets(self, params: Params) -> object:
        catalog = self._world.catalog
        wanted = list(catalog.assets.values())
        if params.get("asset"):
            found = [catalog.asset(name) for name in params["asset"].split(",")]
            wanted = [asset for asset in found if asset is not None]
            if len(wanted) < len(found):
                raise Refusal(errors.UNKNOWN_ASSET)
        return {asset.rest_id: _asset(asset) for asset in wanted}

    def _asset_pairs(self, params: Params) -> object:
        return {pair.rest_id: _pair(pair, self._world.catalog) for pair in self._pairs(params)}

    def _pairs(self, params: Params) -> list[Pair]:
        catalog = self._world.catalog
        if not params.get("pair"):
            return list(catalog.pairs.values())
        return [rest_pair(self._world, {"pair": name}) for name in params["pair"].split(",")]

    def _ticker(self, params: Params) -> object:
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
        count = params.get("count", "100")
        if not (count.isascii() and count.isdigit()) or not 1 <= int(count[:9]) <= _MOST_LEVELS:
            raise invalid("count")
        book, at = self._world.books[pair.symbol], self._world.now_ns // SECOND_NS
        sides = {"asks": book.asks, "bids": book.bids}
        rows = {name: _levels(pair, side, int(count), at) for name, side in sides.items()}
        return {pair.rest_id: rows}


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


def _pair(pair: Pair, catalog: Catalog) -> dict[str, object]:
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
        "status": pair.status,
        "execution_venue": "international",
    }
