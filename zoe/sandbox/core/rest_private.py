"""The private REST calls: which handler carries each out, and who may (facts, 1.3)."""

from collections.abc import Callable

import attrs

from zoe.sandbox.core.forms import Fields
from zoe.sandbox.core.rest_account import RestAccount
from zoe.sandbox.core.rest_orders import RestOrders
from zoe.sandbox.core.rest_trading import RestTrading
from zoe.sandbox.core.trading import Caller, Trading
from zoe.sandbox.core.world import World

Handler = Callable[[Caller, Fields], object]


@attrs.frozen
class Call:
    """A private call; any one of the permissions is enough, or all are needed, or none."""

    permissions: frozenset[str]
    handler: Handler
    needs_all: bool = False

    def allows(self, permissions: frozenset[str]) -> bool:
        """Whether a key with these may use it."""
        if self.needs_all or not self.permissions:
            return self.permissions <= permissions
        return bool(self.permissions & permissions)


class RestPrivate:
    """Answers one account about itself."""

    def __init__(self, world: World, trading: Trading) -> None:
        orders, trades = RestOrders(world), RestTrading(world, trading)
        money = RestAccount(world, orders)
        either = ("modify-orders", "cancel-orders")
        self.calls = {
            "Balance": _call(money.balance, "query-funds"),
            "BalanceEx": _call(money.balance_ex, "query-funds"),
            "TradeBalance": _call(money.trade_balance, "query-open-orders"),
            "OpenOrders": _call(orders.open_orders, "query-open-orders"),
            "ClosedOrders": _call(orders.closed_orders, "query-closed-orders"),
            "QueryOrders": _call(orders.query_orders, "query-open-orders", "query-closed-orders"),
            "OrderAmends": _call(orders.amends, "query-open-orders"),
            "TradesHistory": _call(orders.trades_history, "query-closed-orders"),
            "QueryTrades": _call(orders.query_trades, "query-closed-orders"),
            "OpenPositions": _call(_nothing, "query-open-orders"),
            "Ledgers": _call(money.ledgers, "query-ledger"),
            "QueryLedgers": _call(money.query_ledgers, "query-ledger"),
            "TradeVolume": _call(money.trade_volume, "query-funds"),
            "DepositStatus": _call(money.deposits, "query-funds"),
            "WithdrawStatus": _call(money.withdrawals, "query-ledger", "withdraw"),
            "GetApiKeyInfo": _call(money.key_info),
            "AddOrder": _call(trades.add, "modify-orders"),
            "AddOrderBatch": Call(frozenset(either), trades.add_batch, needs_all=True),
            "AmendOrder": _call(trades.amend, *either),
            "EditOrder": Call(frozenset(either), trades.edit, needs_all=True),
            "CancelOrder": _call(trades.cancel, *either),
            "CancelOrderBatch": _call(trades.cancel_batch, *either),
            "CancelAll": _call(trades.cancel_all, *either),
            "CancelAllOrdersAfter": _call(trades.cancel_all_after, *either),
            "GetWebSocketsToken": _call(money.token, "create-ws-token"),
        }


def _nothing(caller: Caller, params: Fields) -> object:
    """Positions, which need margin."""
    return {}


def _call(handler: Handler, *permissions: str) -> Call:
    return Call(frozenset(permissions), handler)
