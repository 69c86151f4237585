"""The admin's calls below /sandbox/; whoever lets requests in keeps them to loopback."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import attrs
import msgspec

from zoe.sandbox.core.accounts import DEFAULT_PERMISSIONS, PERMISSIONS
from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.clearing import Clearing
from zoe.sandbox.core.config import LIMITS, TIERS
from zoe.sandbox.core.faults import Faults, fault_from
from zoe.sandbox.core.funding import Treasury
from zoe.sandbox.core.history import SPOILS
from zoe.sandbox.core.house import HouseDesk
from zoe.sandbox.core.journal import GROUND_TRUTH
from zoe.sandbox.core.moments import rfc3339
from zoe.sandbox.core.money import BadNumber, TooPrecise, from_text, text
from zoe.sandbox.core.opening import Grant, give_key, open_account
from zoe.sandbox.core.rest import JSON
from zoe.sandbox.core.wire import HttpRequest, HttpResponse
from zoe.sandbox.core.world import PAIR_STATUSES, STATUSES, World

_LINES: Final = (("content-type", "application/x-ndjson"),)
_OWN_FIELDS: Final = frozenset({"kind", "key", "nonce", "batch"})
_DECODER: Final = msgspec.json.Decoder(dict[str, Any], float_hook=str)
#: What the house offers at a price set by hand, where nothing is said: as much as 100 minimums.
_MINIMUMS: Final = 100
#: Of what is wrong with a call; it may hold all names that are right.
_MOST_SAID: Final = 2_000


class Admin:
    """Keys, faults, the market, the exchange's state, and the ground truth."""

    def __init__(self, world: World, clearing: Clearing, house: HouseDesk, faults: Faults) -> None:
        self._world = world
        self._clearing = clearing
        self._house = house
        self._faults = faults
        self._treasury = Treasury(world, clearing)
        #: Told when the exchange's state has changed, or a pair.
        self.on_status: Callable[[Pair | None], None] = lambda pair: None
        self._posts: dict[str, Callable[[dict[str, Any]], object]] = {
            "keys": self._new_key,
            "faults": self._plant,
            "market": self._market,
            "status": self._status,
            "funding": self._treasury.book,
            "lose": self._lose,
            "spoil": self._spoil,
            "steps": self._steps,
        }

    def handle(self, request: HttpRequest) -> HttpResponse:
        """The answer; 400 with an ``error`` where a call makes no sense."""
        name = request.path.removeprefix("/sandbox/")
        try:
            match request.method, name:
                case (
                    "POST",
                    (
                        ("keys" | "faults" | "market" | "status")
                        | ("steps" | "funding" | "lose" | "spoil")
                    ),
                ):
                    wanted = _DECODER.decode(request.body)
                    return _told(self._posts[name](wanted))
                case "DELETE", "faults":
                    self._faults.clear()
                    return _told({"planted": 0})
                case "DELETE", "spoil":
                    self._world.spoiled_rows.clear()
                    return _told({"spoiled": 0})
                case "GET", "faults":
                    account = parse_qs(request.query).get("account", [""])[0]
                    return HttpResponse(200, _LINES, b"".join(self._spoiled(account)))
                case "GET", ("journal" | "requests"):
                    account = parse_qs(request.query).get("account", [""])[0]
                    lines = self._lines(name, account)
                    return HttpResponse(200, _LINES, b"".join(lines))
                case _:
                    return _told({"error": "no such call"}, 404)
        except BadNumber as problem:
            return _told({"error": f"{problem} is no amount in plain notation"}, 400)
        except TooPrecise as problem:
            return _told({"error": f"{str(problem)[:40]} has more decimals than it may have"}, 400)
        except (ValueError, TypeError, RecursionError) as problem:
            return _told({"error": str(problem)[:_MOST_SAID]}, 400)

    def _new_key(self, wanted: dict[str, Any]) -> object:
        fields = {"balances", "tier", "permissions", "limits", "nonce_window"}
        known = wanted.get("account")
        # An account that is there has its tier, its limits and its money.
        _only(wanted, fields if known is None else {"account", "permissions", "nonce_window"})
        if known is not None and known not in self._world.accounts.by_name:
            raise ValueError("account must be known")
        tier, permissions = wanted.get("tier", self._world.config.tier), wanted.get("permissions")
        if tier not in TIERS:
            raise ValueError("tier is one of " + " ".join(TIERS))
        allowed = DEFAULT_PERMISSIONS if permissions is None else frozenset(permissions)
        if not allowed <= set(PERMISSIONS):
            raise ValueError("permissions are of " + " ".join(PERMISSIONS))
        limits = wanted.get("limits", self._world.config.limits)
        if limits not in LIMITS:
            raise ValueError("limits is one of " + " ".join(LIMITS))
        balances = self.amounts(wanted.get("balances", {}))
        window = wanted.get("nonce_window", 0)
        if type(window) is not int or window < 0:
            raise TypeError("nonce_window is a number of at least 0")
        grant = Grant(tier, allowed, limits, window)
        if known is None:
            key = open_account(self._world, self._clearing, balances, grant)
        else:
            key = give_key(self._world, known, grant)
        return {"key": key.key, "secret": key.secret, "account": key.account}

    def amounts(self, balances: object) -> dict[str, int]:
        """Amounts in text by any name of an asset, as units by symbol.

        Raises:
            TypeError: It is no mapping.
            ValueError: An asset or amount makes no sense.
        """
        if not isinstance(balances, dict):
            raise TypeError("balances are amounts by asset")
        found: dict[str, int] = {}
        for name, amount in balances.items():
            asset = self._world.catalog.asset(name)
            if asset is None:
                raise ValueError(f"asset {name[:40]} is not in the catalogue")
            found[asset.symbol] = from_text(str(amount), asset.decimals)
        return found

    def _plant(self, wanted: dict[str, Any]) -> object:
        self._faults.plant(fault_from(wanted, self._faults.operations))
        return {"planted": len(self._faults.planted)}

    def _market(self, wanted: dict[str, Any]) -> object:
        _only(wanted, {"symbol", "best_bid", "best_ask", "qty", "trade"})
        pair = self._world.catalog.pair(str(wanted.get("symbol")))
        if pair is None:
            raise ValueError("symbol is not in the catalogue")

        def price(of: Mapping[str, Any], name: str) -> int:
            units = from_text(str(of[name]), pair.price_decimals)
            if units <= 0 or units % pair.tick:
                raise ValueError(f"{name} must be a price of the pair")
            return units

        trade = wanted.get("trade")
        if isinstance(trade, dict):
            _only(trade, {"price", "qty", "side"})
            qty = from_text(str(trade.get("qty")), pair.qty_decimals)
            if trade.get("side") not in ("buy", "sell") or qty <= 0 or "price" not in trade:
                raise ValueError("a trade has price, qty and side")
            self._house.trade(pair.symbol, trade["side"], price(trade, "price"), qty)
        qty = pair.qty_min * _MINIMUMS
        if "qty" in wanted:
            qty = from_text(str(wanted["qty"]), pair.qty_decimals)
        quotes = {
            side: price(wanted, name)
            for side, name in (("buy", "best_bid"), ("sell", "best_ask"))
            if name in wanted
        }
        self._quote(pair.symbol, quotes, qty)
        bid, ask = self._house.best(pair.symbol)
        return {
            "symbol": pair.symbol,
            "best_bid": None if bid is None else text(bid, pair.price_decimals),
            "best_ask": None if ask is None else text(ask, pair.price_decimals),
        }

    def _quote(self, symbol: str, quotes: Mapping[str, int], qty: int) -> None:
        if qty <= 0:
            raise ValueError("qty must be greater than 0")
        if len(quotes) > 1 and quotes["buy"] >= quotes["sell"]:
            raise ValueError("best_bid must be less than best_ask")
        self._house.clear(symbol, quotes)
        for side, price in quotes.items():
            self._house.place(symbol, side, price, qty)

    def _status(self, wanted: dict[str, Any]) -> object:
        _only(wanted, {"status", "symbol"})
        pair, world = None, self._world
        if "symbol" in wanted:
            pair = world.catalog.pair(str(wanted["symbol"]))
            if pair is None:
                raise ValueError("symbol is not in the catalogue")
        known = STATUSES if pair is None else PAIR_STATUSES
        if wanted.get("status") not in known:
            raise ValueError("status is one of " + " ".join(known))
        if pair is None:
            world.status = wanted["status"]
        else:
            world.pair_status[pair.symbol] = wanted["status"]
        self.on_status(pair)
        if world.status != "maintenance":
            waiting, world.afterwards = world.afterwards, []
            for work in waiting:
                work()
        return {"status": wanted["status"]}

    def _steps(self, wanted: dict[str, Any]) -> object:
        """A pair's step of prices and its minimums are others from here on."""
        _only(wanted, {"symbol", *_STEPS})
        pair = self._world.catalog.pair(str(wanted.get("symbol")))
        if pair is None:
            raise ValueError("symbol is not in the catalogue")
        changed: dict[str, Any] = {
            field: from_text(str(wanted[name]), getattr(pair, decimals))
            for name, (field, decimals) in _STEPS.items()
            if name in wanted
        }
        if min(changed.values(), default=0) <= 0:
            raise ValueError("a step, and a minimum, is greater than 0")
        self._world.catalog.change(attrs.evolve(pair, **changed))
        self.on_status(self._world.catalog.pairs[pair.symbol])
        return {"symbol": pair.symbol}

    def _lose(self, wanted: dict[str, Any]) -> object:
        _only(wanted, {"order_id"})
        order_id = str(wanted.get("order_id"))
        for account in self._world.accounts.by_name.values():
            if order_id in account.open:
                self._clearing.lose(account.open[order_id])
                return {"lost": order_id}
        raise ValueError("order_id is that of an open order")

    def _spoil(self, wanted: dict[str, Any]) -> object:
        """REST tells a row of the ledger so that it cannot be read; what it is stays."""
        _only(wanted, {"ledger_id", "what"})
        ledger_id = str(wanted.get("ledger_id"))
        accounts = self._world.accounts.by_name.values()
        if not any(ledger_id in account.ledger_times for account in accounts):
            raise ValueError("ledger_id is that of a row")
        if wanted.get("what") not in SPOILS:
            raise ValueError("what is one of " + " ".join(SPOILS))
        self._world.spoiled_rows[ledger_id] = wanted["what"]
        return {"spoiled": len(self._world.spoiled_rows)}

    def _spoiled(self, account: str) -> Iterator[bytes]:
        """Frames of private channels that a fault has hit, as they would have been sent."""
        for hit in self._faults.spoiled:
            if account in ("", hit.account):
                told: dict[str, object] = {"time": rfc3339(hit.at_ns), "account": hit.account}
                told |= {"where": hit.where, "what": hit.what, "frame": msgspec.Raw(hit.frame)}
                yield encode(told) + b"\n"

    def _lines(self, name: str, account: str) -> Iterator[bytes]:
        kinds = GROUND_TRUTH if name == "journal" else {"request"}
        hidden = {"batch"} if name == "journal" else _OWN_FIELDS
        orders: dict[str, dict[str, Any]] = {}
        self._world.journal.commit()
        for line in self._world.journal.memory.lines():
            record = _RECORD.decode(line)
            if record["kind"] not in kinds or account not in ("", record["account"]):
                continue
            if record["kind"] == "fill":
                orders[record["exec_id"]] = {field: record[field] for field in _NO_ORDER}
            elif record["kind"] == "ledger":
                # A row of the ledger names its trade; whose order that was, the fill has told.
                record |= orders.get(record["ref_id"], _NO_ORDER)
            shown = {field: value for field, value in record.items() if field not in hidden}
            yield encode(shown) + b"\n"


#: What a pair's steps are called in its row, and here, with the decimals that they are counted in.
_STEPS: Final = {
    "price_increment": ("tick", "price_decimals"),
    "qty_min": ("qty_min", "qty_decimals"),
    "cost_min": ("cost_min", "cost_decimals"),
}
_NO_ORDER: Final[dict[str, Any]] = {"order_id": None, "cl_ord_id": None}
_RECORD: Final = msgspec.json.Decoder(dict[str, Any])


def _only(wanted: dict[str, Any], fields: set[str]) -> None:
    unknown = set(wanted) - fields
    if unknown:
        raise ValueError(f"unknown: {' '.join(sorted(unknown))}")


def _told(answer: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, JSON, encode(answer))
