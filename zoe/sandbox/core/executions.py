"""The private channels: orders' reports as deltas, and balances as ledger rows (facts, 2.8, 2.9)."""

from collections.abc import Mapping
from typing import Final

from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.catalog import Catalog, Pair
from zoe.sandbox.core.limits import Limits
from zoe.sandbox.core.moments import rfc3339
from zoe.sandbox.core.money import number, rescaled
from zoe.sandbox.core.orders import LedgerRow, Order, Terms, Trade
from zoe.sandbox.core.outbox import Outbox, PrivateFeed, Session
from zoe.sandbox.core.world import World

SNAPSHOT_TRADES: Final = 50
#: Steps that a subscriber without ``order_status`` is told.
_ALWAYS_TOLD: Final = frozenset({"new", "trade", "filled", "canceled", "expired"})
#: What the balances channel calls types of ledger rows otherwise.
_CATEGORIES: Final = {"staking": "staking-rewards", "reward": "reward-bonus"} | {
    "dividend": "equity-dividend",
    "spend": "instant",
    "receive": "instant",
}
#: How frames begin, by channel.
_SNAPSHOT: Final = {
    "executions": b'{"channel":"executions","type":"snapshot"',
    "balances": b'{"channel":"balances","type":"snapshot"',
}
_UPDATE: Final = {
    "executions": b'{"channel":"executions","type":"update"',
    "balances": b'{"channel":"balances","type":"update"',
}
_DOLLARS: Final = frozenset({"USD", "USDT", "USDC"})


class Reports:
    """Tells the private channels' subscribers what happens."""

    def __init__(self, world: World, outbox: Outbox, limits: Limits) -> None:
        self._world = world
        self._limits = limits
        self._outbox = outbox

    def order_changed(self, order: Order, exec_type: str, trade: Trade | None = None) -> None:
        """See engine.Listener."""
        report: dict[str, object] | None = None
        for session in tuple(self._outbox.sessions.values()):
            feed = session.executions
            if feed is None or feed.account != order.account:
                continue
            if not feed.order_status and exec_type not in _ALWAYS_TOLD:
                continue
            told = report = report or self._report(order, exec_type, trade)
            if feed.ratecounter:
                # The engine's counter of the order's pair; version 1 of the channel calls it so.
                account = self._world.accounts.of(order)
                told = report | {"ratecount": self._limits.shown(account, order.terms.pair)}
            self._send(session, feed, _UPDATE, encode([told]))

    def ledger_written(self, row: LedgerRow) -> None:
        """See engine.Listener."""
        report: bytes | None = None
        for session in tuple(self._outbox.sessions.values()):
            feed = session.balances
            if feed is not None and feed.account == row.account:
                report = report or encode([_ledger_report(self._world.catalog, row)])
                self._send(session, feed, _UPDATE, report)

    def _send(
        self, session: Session, feed: PrivateFeed, heads: Mapping[str, bytes], data: bytes
    ) -> None:
        feed.sequence += 1
        payload = b'%b,"data":%b,"sequence":%d}' % (heads[feed.channel], data, feed.sequence)
        self._outbox.frame(session, feed.channel, payload)

    def orders_snapshot(self, session: Session, account: Account) -> None:
        """Every open order, oldest first."""
        assert session.executions is not None
        rows = [self._open_order(order) for order in account.open.values()]
        self._send(session, session.executions, _SNAPSHOT, encode(rows))

    def trades_snapshot(self, session: Session, account: Account) -> None:
        """The latest trades, newest first."""
        assert session.executions is not None
        latest = list(account.trades.values())[: -SNAPSHOT_TRADES - 1 : -1]
        rows = [
            self._head(order, "trade", "filled", trade.at_ns) | self._traded(order, trade)
            for trade, order in latest
        ]
        self._send(session, session.executions, _SNAPSHOT, encode(rows))

    def balances_snapshot(self, session: Session, account: Account) -> None:
        """Every balance."""
        assert session.balances is not None
        rows = []
        for asset, balance in account.balances.items():
            shown = number(balance, self._world.catalog.assets[asset].decimals)
            wallet = {"type": "spot", "id": "main", "balance": shown}
            rows.append(
                {"asset": asset, "asset_class": "currency", "balance": shown, "wallets": [wallet]}
            )
        self._send(session, session.balances, _SNAPSHOT, encode(rows))

    def _report(self, order: Order, exec_type: str, trade: Trade | None) -> dict[str, object]:
        now_ns = self._world.now_ns
        match exec_type:
            case "pending_new":
                head = self._head(order, exec_type, exec_type, now_ns)
                return head | self._description(order) | self._totals(order)
            case "new":
                return self._head(order, exec_type, exec_type, now_ns, delta=True)
            case "trade":
                assert trade is not None
                head = self._head(order, exec_type, "partially_filled", now_ns)
                return head | self._traded(order, trade) | self._totals(order)
            case "filled":
                head = self._head(order, exec_type, exec_type, now_ns, delta=True)
                return head | self._totals(order)
            case "status":
                head = self._head(order, exec_type, live_status(order), now_ns, delta=True)
                return head | {"triggers": self._triggers(order)}
            case "amended":
                head = self._head(order, exec_type, live_status(order), now_ns, delta=True)
                return head | self._changes(order)
            case _:
                head = self._head(order, exec_type, exec_type, now_ns, delta=True)
                reasons = {"cancel_reason": order.reason, "reason": order.reason}
                return head | self._totals(order) | reasons

    def _head(
        self, order: Order, exec_type: str, status: str, at_ns: int, *, delta: bool = False
    ) -> dict[str, object]:
        head: dict[str, object] = {
            "timestamp": rfc3339(at_ns),
            "order_id": order.order_id,
            "exec_type": exec_type,
            "order_status": status,
        }
        if order.terms.cl_ord_id is None:
            head["order_userref"] = order.terms.userref
        elif not delta:
            head["cl_ord_id"] = order.terms.cl_ord_id
        return head

    def _description(self, order: Order) -> dict[str, object]:
        terms, pair = order.terms, order.terms.pair
        told: dict[str, object] = {
            "symbol": pair.symbol,
            **self._size(terms),
            "time_in_force": terms.time_in_force.upper(),
            "side": terms.side,
            "order_type": terms.order_type,
            "stop_price": number(terms.trigger, pair.price_decimals),
            "fee_ccy_pref": "fcib" if terms.fee_in_base else "fciq",
        }
        if terms.trigger:
            told["triggers"] = self._triggers(order)
        if terms.starts_ns:
            told["effective_time"] = rfc3339(terms.starts_ns)
        if terms.has_limit:
            told["limit_price_type"] = "static"
            told["limit_price"] = number(terms.price, pair.price_decimals)
        if terms.post_only:
            told["post_only"] = True
        if terms.expires_ns:
            told["expire_time"] = rfc3339(terms.expires_ns)
        return told

    def _size(self, terms: Terms) -> dict[str, object]:
        if terms.quote_qty:
            return {"cash_order_qty": number(terms.quote_qty, terms.pair.cost_decimals)}
        return {"order_qty": number(terms.qty, terms.pair.qty_decimals)}

    def _triggers(self, order: Order) -> dict[str, object]:
        terms, pair = order.terms, order.terms.pair
        told: dict[str, object] = {
            "reference": "last",
            "price": number(terms.trigger, pair.price_decimals),
            "price_type": "static",
            "status": "triggered" if order.triggered else "untriggered",
        }
        last = self._world.last_price.get(pair.symbol)
        if order.triggered and last is not None:
            told["last_price"] = number(last, pair.price_decimals)
            told["timestamp"] = rfc3339(self._world.now_ns)
        return told

    def _totals(self, order: Order) -> dict[str, object]:
        pair = order.terms.pair
        return {
            "cum_qty": number(order.filled, pair.qty_decimals),
            "cum_cost": number(order.cost, pair.cost_decimals),
            "avg_price": number(order.average_price, pair.price_decimals),
            "fee_usd_equiv": self._dollars(pair, order.fee),
        }

    def _traded(self, order: Order, trade: Trade) -> dict[str, object]:
        pair = order.terms.pair
        fee = number(trade.fee, pair.cost_decimals)
        return {
            "exec_id": trade.exec_id,
            "trade_id": trade.trade_id,
            "symbol": pair.symbol,
            "side": order.terms.side,
            "order_type": order.terms.order_type,
            "last_qty": number(trade.qty, pair.qty_decimals),
            "last_price": number(trade.price, pair.price_decimals),
            "liquidity_ind": "m" if trade.maker else "t",
            "cost": number(trade.cost, pair.cost_decimals),
            "fees": [{"asset": pair.quote, "qty": fee}],
            "fee_usd_equiv": self._dollars(pair, trade.fee),
        }

    def _changes(self, order: Order) -> dict[str, object]:
        terms, pair = order.terms, order.terms.pair
        told: dict[str, object] = {
            "cum_qty": number(order.filled, pair.qty_decimals),
            "reason": "User requested",
            "amended": True,
            "order_qty": number(terms.qty, pair.qty_decimals),
        }
        if terms.has_limit:
            told["limit_price"] = number(terms.price, pair.price_decimals)
            told["limit_price_type"] = "static"
        if terms.trigger:
            told["triggers"] = self._triggers(order)
        return told

    def _open_order(self, order: Order) -> dict[str, object]:
        status = "pending_new" if order.status == "pending" else live_status(order)
        exec_type = "pending_new" if order.status == "pending" else "new"
        head = self._head(order, exec_type, status, order.opened_ns)
        amended = {"amended": True} if order.amended else {}
        return head | self._description(order) | self._totals(order) | amended

    def _dollars(self, pair: Pair, fee: int) -> object:
        """The fee in dollars at the last price of the quote currency; 0 where none is known."""
        if pair.quote in _DOLLARS:
            return number(fee, pair.cost_decimals)
        other = self._world.catalog.pairs.get(f"{pair.quote}/USD")
        if other is None:
            return number(0, pair.cost_decimals)
        value = fee * self._world.last_price.get(other.symbol, 0)
        places = pair.cost_decimals + other.price_decimals
        return number(rescaled(value, places, pair.cost_decimals), pair.cost_decimals)


def live_status(order: Order) -> str:
    """How the channel calls the state of an order that is open."""
    return "partially_filled" if order.filled else "new"


def _ledger_report(catalog: Catalog, row: LedgerRow) -> Mapping[str, object]:
    decimals = catalog.assets[row.asset].decimals
    return {
        "ledger_id": row.ledger_id,
        "ref_id": row.ref_id,
        "timestamp": rfc3339(row.at_ns),
        "type": row.type,
        **({"subtype": row.subtype} if row.subtype else {}),
        "asset": row.asset,
        "asset_class": "currency",
        "category": _CATEGORIES.get(row.type, row.type),
        "wallet_type": "spot",
        "wallet_id": "main",
        "amount": number(row.amount, decimals),
        "fee": number(row.fee, decimals),
        "balance": number(row.balance, decimals),
    }
