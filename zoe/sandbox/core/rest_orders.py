"""The private REST calls that show orders and trades, lagging as configured (facts, 1.6)."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import takewhile
from typing import Final

from zoe.sandbox.core import errors, history
from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.moments import MILLISECOND_NS
from zoe.sandbox.core.orders import Order, Trade
from zoe.sandbox.core.paging import TRUE, Window, page, window_of
from zoe.sandbox.core.trading import Caller
from zoe.sandbox.core.world import World

Params = Mapping[str, str]
MOST_ORDERS: Final = 50
MOST_TRADES: Final = 20
_NO_POSITION: Final = frozenset({"", "all", "no position"})
_OPEN: Final = frozenset({"open", "pending"})


class RestOrders:
    """Shows one account its orders and trades."""

    def __init__(self, world: World) -> None:
        self._world = world

    def as_of(self) -> int:
        """REST's views of orders and history lie this far behind, and differ each time."""
        nearest, farthest = self._world.config.lag_ms
        if not farthest:
            return self._world.now_ns
        return self._world.now_ns - self._world.random.randint(nearest, farthest) * MILLISECOND_NS

    def open_orders(self, caller: Caller, params: Params) -> object:
        """OpenOrders."""
        at_ns, account = self.as_of(), caller.account
        candidates = account.orders if at_ns < self._world.now_ns else account.open
        rows = {
            order.order_id: history.order_row(order, at_ns, trades=wants(params, "trades"))
            for order in reversed(candidates.values())
            if history.status_at(order, at_ns) in _OPEN and _fits(order, params)
        }
        return {"open": rows}

    def closed_orders(self, caller: Caller, params: Params) -> object:
        """ClosedOrders."""
        account, at_ns = caller.account, self.as_of()
        window = window_of(params, partial(_opened_ns, account))
        by, trades = params.get("closetime", "both"), wants(params, "trades")
        if by not in ("open", "close", "both"):
            raise invalid("closetime")
        found = _ended(account, (window, by), at_ns)
        if params.get("userref") or params.get("cl_ord_id"):
            found = (order for order in found if _fits(order, params))

        def row(order: Order) -> tuple[str, object]:
            return order.order_id, history.closed_row(order, trades=trades)

        return page("closed", params, found, row)

    def query_orders(self, caller: Caller, params: Params) -> object:
        """QueryOrders."""
        at_ns = self.as_of()
        orders = [caller.account.orders.get(name) for name in names(params, "txid", MOST_ORDERS)]
        rows = {
            order.order_id: history.order_row(order, at_ns, trades=wants(params, "trades"))
            for order in orders
            if order is not None and history.status_at(order, at_ns) and _fits(order, params)
        }
        if not rows:
            raise Refusal(errors.UNKNOWN_ORDER)
        return rows

    def amends(self, caller: Caller, params: Params) -> object:
        """OrderAmends."""
        order, at_ns = caller.account.orders.get(params.get("order_id", "")), self.as_of()
        if order is None or order.opened_ns > at_ns:
            raise Refusal(errors.UNKNOWN_ORDER)
        rows = history.amend_rows(order, at_ns)
        return {"amends": rows, "count": len(rows)}

    def trades_history(self, caller: Caller, params: Params) -> object:
        """TradesHistory."""
        trades, at_ns = caller.account.trades, self.as_of()
        window = window_of(params, partial(_traded_ns, caller.account))
        late = takewhile(lambda one: one[0].at_ns > window.after_ns, reversed(trades.values()))
        found: Iterable[tuple[Trade, Order]] = (
            (trade, order)
            for trade, order in late
            if trade.at_ns <= at_ns and window.has(trade.at_ns)
        )
        if params.get("type", "") not in _NO_POSITION:
            found = ()
        if params.get("consolidate_taker", "true") in TRUE:
            found = history.consolidated(found)
        ledgers = wants(params, "ledgers")

        def row(one: tuple[Trade, Order]) -> tuple[str, object]:
            return one[0].exec_id, history.trade_row(*one, ledgers=ledgers)

        return page("trades", params, found, row)

    def query_trades(self, caller: Caller, params: Params) -> object:
        """QueryTrades."""
        at_ns, known = self.as_of(), caller.account.trades
        found = [known.get(name) for name in names(params, "txid", MOST_TRADES)]
        rows = {
            one[0].exec_id: history.trade_row(*one, ledgers=wants(params, "ledgers"))
            for one in found
            if one is not None and one[0].at_ns <= at_ns
        }
        if not rows:
            raise Refusal(errors.UNKNOWN_TRADE)
        return rows


def names(params: Params, name: str, most: int) -> list[str]:
    """A list of ids.

    Raises:
        Refusal: There is none, or there are too many.
    """
    found = [each.strip() for each in params.get(name, "").split(",")]
    if not all(found) or len(found) > most:
        raise invalid(name)
    return found


def wants(params: Params, name: str) -> bool:
    """Whether a switch is on."""
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


def _ended(account: Account, when: tuple[Window, str], at_ns: int) -> Iterator[Order]:
    """What had ended by then, the newest end first.

    Args:
        when: A span, and which of open, close and both lies in it.
    """
    (window, by), after_ns, until_ns = when, when[0].after_ns, when[0].until_ns
    for order in reversed(account.closed):
        closed_ns = order.closed_ns
        if closed_ns <= after_ns:
            return  # the rest has closed before, and so was opened before
        in_window = (by != "open" and closed_ns <= until_ns) or (
            by != "close" and window.has(order.opened_ns)
        )
        if in_window and closed_ns <= at_ns:
            yield order
