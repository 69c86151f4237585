"""The private REST calls (facts, sections 1.6 and 1.7)."""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

import attrs

from zoe.sandbox.core import errors, history
from zoe.sandbox.core.accounts import TOKEN_SECONDS, Account
from zoe.sandbox.core.engine import Change
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.intake import REST_WINDOW, deadline_of, rest_order, rest_pair, rest_units
from zoe.sandbox.core.moments import MILLISECOND_NS, rfc3339_seconds
from zoe.sandbox.core.orders import LedgerRow, Order, Trade
from zoe.sandbox.core.paging import Window, page, window_of
from zoe.sandbox.core.trading import Caller, Trading
from zoe.sandbox.core.world import World

Params = Mapping[str, str]
Handler = Callable[[Caller, Params], object]
_TOKEN_BYTES: Final = 32
_MOST_QUERIED: Final = 50
_LONGEST_SWITCH: Final = 86_400
TRUE: Final = frozenset({"true", "1"})
_NO_POSITION: Final = frozenset({"", "all", "no position"})


@attrs.frozen
class Call:
    """A private call; any one of the permissions is enough."""

    permissions: frozenset[str]
    handler: Handler


class RestPrivate:
    """Answers one account about itself."""

    def __init__(self, world: World, trading: Trading) -> None:
        self._world = world
        self._trading = trading
        self._tokens = 0
        either = ("modify-orders", "cancel-orders")
        self.calls = {
            "Balance": _call(self._balance, "query-funds"),
            "BalanceEx": _call(self._balance_ex, "query-funds"),
            "OpenOrders": _call(self._open_orders, "query-open-orders"),
            "ClosedOrders": _call(self._closed_orders, "query-closed-orders"),
            "QueryOrders": _call(self._query_orders, "query-open-orders", "query-closed-orders"),
            "TradesHistory": _call(self._trades_history, "query-closed-orders"),
            "Ledgers": _call(self._ledgers, "query-ledger"),
            "AddOrder": _call(self._add_order, "modify-orders"),
            "AmendOrder": _call(self._amend_order, "modify-orders"),
            "CancelOrder": _call(self._cancel_order, *either),
            "CancelAll": _call(self._cancel_all, *either),
            "CancelAllOrdersAfter": _call(self._cancel_all_after, *either),
            "GetWebSocketsToken": _call(self._token, "create-ws-token"),
        }

    def _balance(self, caller: Caller, params: Params) -> object:
        return history.balances(caller.account.balances, self._world.catalog)

    def _balance_ex(self, caller: Caller, params: Params) -> object:
        account, catalog = caller.account, self._world.catalog
        held = {asset: account.holds[asset] for asset in account.balances}
        holds = history.balances(held, catalog)
        kept = history.balances(account.balances, catalog)
        return {name: {"balance": kept[name], "hold_trade": holds[name]} for name in kept}

    def _as_of(self) -> int:
        """REST's views of orders and history lie this far behind, and differ each time."""
        nearest, farthest = self._world.config.lag_ms
        if not farthest:
            return self._world.now_ns
        return self._world.now_ns - self._world.random.randint(nearest, farthest) * MILLISECOND_NS

    def _open_orders(self, caller: Caller, params: Params) -> object:
        at_ns = self._as_of()
        behind = at_ns < self._world.now_ns
        account = caller.account
        candidates = account.orders if behind else account.open
        rows = {
            order.order_id: history.order_row(order, at_ns, trades=_wants(params, "trades"))
            for order in reversed(candidates.values())
            if history.status_at(order, at_ns) == "open" and _fits(order, params)
        }
        return {"open": rows}

    def _closed_orders(self, caller: Caller, params: Params) -> object:
        account, at_ns = caller.account, self._as_of()
        window = window_of(params, partial(_opened_ns, account))
        by, trades = params.get("closetime", "both"), _wants(params, "trades")
        found = (
            order
            for order in reversed(account.closed)
            if order.closed_ns <= at_ns and _in_window(order, window, by) and _fits(order, params)
        )

        def row(order: Order) -> tuple[str, object]:
            return order.order_id, history.order_row(order, at_ns, trades=trades)

        return page("closed", params, found, row)

    def _query_orders(self, caller: Caller, params: Params) -> object:
        at_ns, names = self._as_of(), params.get("txid", "").split(",")
        if not all(names) or len(names) > _MOST_QUERIED:
            raise invalid("txid")
        orders = [caller.account.orders.get(name.strip()) for name in names]
        rows = {
            order.order_id: history.order_row(order, at_ns, trades=_wants(params, "trades"))
            for order in orders
            if order is not None and history.status_at(order, at_ns) and _fits(order, params)
        }
        if not rows:
            raise Refusal(errors.UNKNOWN_ORDER)
        return rows

    def _trades_history(self, caller: Caller, params: Params) -> object:
        trades, at_ns = caller.account.trades, self._as_of()
        window = window_of(params, partial(_traded_ns, caller.account))
        found: Iterable[tuple[Trade, Order]] = (
            (trade, order)
            for trade, order in reversed(trades.values())
            if trade.at_ns <= at_ns and window.has(trade.at_ns)
        )
        if params.get("type", "") not in _NO_POSITION:
            found = ()
        if params.get("consolidate_taker", "true") in TRUE:
            found = history.consolidated(found)
        ledgers = _wants(params, "ledgers")

        def row(one: tuple[Trade, Order]) -> tuple[str, object]:
            return one[0].exec_id, history.trade_row(*one, ledgers=ledgers)

        return page("trades", params, found, row)

    def _ledgers(self, caller: Caller, params: Params) -> object:
        account, at_ns = caller.account, self._as_of()
        window = window_of(params, account.ledger_times.get)
        names, kind = params.get("asset", "all"), params.get("type", "all")
        assets = None if names == "all" else {self._asset(name) for name in names.split(",")}
        found = (
            row
            for row in reversed(account.ledger)
            if row.at_ns <= at_ns
            and window.has(row.at_ns)
            and (assets is None or row.asset in assets)
            and kind in ("all", row.type)
        )

        def shown(row: LedgerRow) -> tuple[str, object]:
            return row.ledger_id, history.ledger_row(row, self._world.catalog)

        return page("ledger", params, found, shown)

    def _asset(self, name: str) -> str:
        asset = self._world.catalog.asset(name)
        if asset is None:
            raise Refusal(errors.UNKNOWN_ASSET)
        return asset.symbol

    def _add_order(self, caller: Caller, params: Params) -> object:
        if params.get("validate", "") not in TRUE:
            self._trading.charge(caller, rest_pair(self._world, params))
        wanted = rest_order(self._world, params, caller.received_ns)
        order = self._trading.add(caller, wanted)
        shown = order or Order("", caller.account.name, wanted.terms, caller.received_ns)
        result: dict[str, object] = {"descr": {"order": history.described(shown)}}
        if order is not None:
            result["txid"] = [order.order_id]
        return result

    def _amend_order(self, caller: Caller, params: Params) -> object:
        order = self._named(caller.account, params)
        pair = order.terms.pair
        if any(params.get(name) for name in ("display_qty", "trigger_price")):
            raise Refusal(errors.FEATURE_DISABLED)
        change = Change(
            rest_units(params, "order_qty", pair.qty_decimals) if "order_qty" in params else None,
            rest_units(params, "limit_price", pair.price_decimals)
            if "limit_price" in params
            else None,
            _wants(params, "post_only") if "post_only" in params else None,
        )
        deadline_ns = deadline_of(params.get("deadline"), caller.received_ns, REST_WINDOW)
        return {"amend_id": self._trading.amend(caller, order, change, deadline_ns)}

    def _named(self, account: Account, params: Params) -> Order:
        names = {"order_id": params.get("txid", ""), "cl_ord_id": params.get("cl_ord_id", "")}
        if not any(names.values()):
            raise invalid("txid")
        return self._trading.find(account, **names)

    def _cancel_order(self, caller: Caller, params: Params) -> object:
        txid = params.get("txid", "")
        digits = txid.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) < len("2147483648") + 1:
            orders = self._trading.with_ref(caller.account, int(txid))
        else:
            orders = [self._named(caller.account, params)]
        return {"count": self._trading.cancel(caller, orders)}

    def _cancel_all(self, caller: Caller, params: Params) -> object:
        return {"count": self._trading.sweep(caller, caller.account.open.values())}

    def _cancel_all_after(self, caller: Caller, params: Params) -> object:
        timeout = params.get("timeout", "")
        if not (timeout.isascii() and timeout.isdigit()) or int(timeout[:9]) >= _LONGEST_SWITCH:
            raise invalid("timeout")
        at_ns = self._trading.dead_man(caller.account, int(timeout))
        current = rfc3339_seconds(self._world.now_ns)
        return {
            "currentTime": current,
            "triggerTime": rfc3339_seconds(at_ns) if at_ns else "0",
        }

    def _token(self, caller: Caller, params: Params) -> object:
        self._tokens += 1
        world = self._world
        digest = world.ids.digest("token", world.now_ns, self._tokens, size=_TOKEN_BYTES)
        token = b64encode(digest).decode().rstrip("=")
        world.accounts.give_token(token, caller.key, world.now_ns)
        return {"token": token, "expires": TOKEN_SECONDS}


def _call(handler: Handler, *permissions: str) -> Call:
    return Call(frozenset(permissions), handler)


def _wants(params: Params, name: str) -> bool:
    return params.get(name, "") in TRUE


def _fits(order: Order, params: Params) -> bool:
    """Whether the request's own filters let it through."""
    if params.get("userref") and str(order.terms.userref) != params["userref"]:
        return False
    return not params.get("cl_ord_id") or order.terms.cl_ord_id == params["cl_ord_id"]


def _opened_ns(account: Account, order_id: str) -> int | None:
    order = account.orders.get(order_id)
    return None if order is None else order.opened_ns


def _traded_ns(account: Account, exec_id: str) -> int | None:
    traded = account.trades.get(exec_id)
    return None if traded is None else traded[0].at_ns


def _in_window(order: Order, window: Window, by: str) -> bool:
    times = {"open": (order.opened_ns,), "close": (order.closed_ns,)}
    return any(window.has(at) for at in times.get(by, (order.opened_ns, order.closed_ns)))
