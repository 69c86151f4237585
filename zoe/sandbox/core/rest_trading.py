"""The private REST calls that change orders (facts, 1.7)."""

from collections.abc import Mapping
from typing import Final

import msgspec

from zoe.sandbox.core import history
from zoe.sandbox.core.accounts import Account
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.forms import Fields
from zoe.sandbox.core.intake import REST_WINDOW, NewOrder, deadline_of, userref
from zoe.sandbox.core.intake_rest import TRUE, rest_change, rest_order, rest_pair
from zoe.sandbox.core.moments import rfc3339_seconds
from zoe.sandbox.core.money import text
from zoe.sandbox.core.orders import Order, Terms
from zoe.sandbox.core.trading import Caller, Trading, is_number
from zoe.sandbox.core.world import World

_LONGEST_SWITCH: Final = 86_400


class RestTrading:
    """Adds, changes and cancels."""

    def __init__(self, world: World, trading: Trading) -> None:
        self._world = world
        self._trading = trading

    def add(self, caller: Caller, params: Fields) -> object:
        """AddOrder."""
        if params.get("validate", "") not in TRUE:
            self._trading.charge(caller, rest_pair(self._world, params))
        wanted = rest_order(self._world, params, caller.received_ns)
        order = self._trading.add(caller, wanted)
        result = self._described(caller, wanted.terms, order)
        return result if order is None else {**result, "txid": [order.order_id]}

    def _described(self, caller: Caller, terms: Terms, order: Order | None) -> dict[str, object]:
        shown = order or Order("", caller.account.name, terms, caller.received_ns)
        return {"descr": {"order": history.described(shown)}}

    def add_batch(self, caller: Caller, params: Fields) -> object:
        """AddOrderBatch."""
        rows, pair = params.rows("orders"), rest_pair(self._world, params)
        if params.get("validate", "") not in TRUE:
            self._trading.charge(caller, pair, max(len(rows), 1))
        shared = {name: params[name] for name in _SHARED if name in params}
        batch = [self._of_batch(row, shared, caller) for row in rows]
        told: list[object] = []
        for wanted, order in zip(batch, self._trading.add_all(caller, batch), strict=True):
            if isinstance(order, Refusal):
                told.append({"error": str(order)})
                continue
            row = self._described(caller, wanted.terms, order)
            told.append(row if order is None else {"txid": order.order_id, **row})
        return {"orders": told}

    def _of_batch(self, row: Fields, shared: Mapping[str, str], caller: Caller) -> NewOrder:
        row.update(shared)
        return rest_order(self._world, row, caller.received_ns)

    def amend(self, caller: Caller, params: Fields) -> object:
        """AmendOrder."""
        order = self._named(caller.account, params)
        change = rest_change(self._world, order, params)
        deadline_ns = deadline_of(params.get("deadline"), caller.received_ns, REST_WINDOW)
        return {"amend_id": self._trading.amend(caller, order, change, deadline_ns)}

    def _named(self, account: Account, params: Fields) -> Order:
        names = {"order_id": params.get("txid", ""), "cl_ord_id": params.get("cl_ord_id", "")}
        if not any(names.values()):
            raise invalid("txid")
        return self._trading.find(account, **names)

    def edit(self, caller: Caller, params: Fields) -> object:
        """EditOrder."""
        if "cl_ord_id" in params:
            raise invalid("cl_ord_id")
        order, pair = self._to_edit(caller, params), rest_pair(self._world, params)
        if order.terms.pair is not pair:
            raise invalid("pair")
        kept = _words(order.terms)
        merged = {**kept, **params, "ordertype": kept["ordertype"], "type": kept["type"]}
        wanted = rest_order(self._world, merged, caller.received_ns)
        wanted = msgspec.structs.replace(wanted, terms=keeping(order.terms, wanted.terms))
        edited = self._trading.edit(caller, order, wanted)
        terms = wanted.terms
        result: dict[str, object] = {
            "status": "ok",
            "originaltxid": order.order_id,
            "volume": text(terms.qty, pair.qty_decimals),
            "price": text(terms.trigger or terms.price, pair.price_decimals),
            "orders_cancelled": 0 if edited is None else 1,
            **self._described(caller, terms, edited),
        }
        if edited is not None:
            result["txid"] = edited.order_id
        if terms.trigger and terms.price:
            result["price2"] = text(terms.price, pair.price_decimals)
        if terms.userref:
            result["newuserref"] = terms.userref
        if order.terms.userref:
            result["olduserref"] = order.terms.userref
        return result

    def _to_edit(self, caller: Caller, params: Fields) -> Order:
        txid = params.get("txid", "")
        if not is_number(txid):
            return self._trading.find(caller.account, order_id=txid)
        orders = self._trading.with_ref(caller.account, userref(txid))
        if len(orders) > 1:
            raise invalid("userref is not unique")
        return orders[0]

    def cancel(self, caller: Caller, params: Fields) -> object:
        """CancelOrder."""
        txid = params.get("txid", "")
        if is_number(txid):
            orders = self._trading.with_ref(caller.account, int(txid))
        else:
            orders = [self._named(caller.account, params)]
        return {"count": self._trading.cancel(caller, orders)}

    def cancel_batch(self, caller: Caller, params: Fields) -> object:
        """CancelOrderBatch."""
        names = [
            name.get("cl_ord_id", name.get("txid", "")) if isinstance(name, dict) else name
            for listed in ("orders", "cl_ord_ids")
            for name in params.lists.get(listed, ())
        ]
        return {"count": self._trading.sweep(caller, self._trading.named(caller, names))}

    def cancel_all(self, caller: Caller, params: Fields) -> object:
        """CancelAll."""
        return {"count": self._trading.sweep(caller, caller.account.open.values())}

    def cancel_all_after(self, caller: Caller, params: Fields) -> object:
        """CancelAllOrdersAfter."""
        timeout = params.get("timeout", "")
        if not (timeout.isascii() and timeout.isdigit()) or int(timeout[:9]) >= _LONGEST_SWITCH:
            raise invalid("timeout")
        at_ns = self._trading.dead_man(caller.account, int(timeout))
        return {
            "currentTime": rfc3339_seconds(self._world.now_ns),
            "triggerTime": rfc3339_seconds(at_ns) if at_ns else "0",
        }


#: What a batch says for all of its orders.
_SHARED: Final = ("pair", "asset_class", "deadline", "validate")


def _words(terms: Terms) -> dict[str, str]:
    """An order as REST would ask for it."""
    places = terms.pair.price_decimals
    first = terms.trigger or terms.price
    words = {
        "ordertype": terms.order_type,
        "type": terms.side,
        "volume": text(terms.qty, terms.pair.qty_decimals),
        "price": text(first, places),
        "price2": text(terms.price, places),
    }
    return words | ({"userref": str(terms.userref)} if terms.userref else {})


def keeping(before: Terms, wanted: Terms) -> Terms:
    """An edit's terms, with what an edit does not change."""
    return msgspec.structs.replace(
        wanted,
        time_in_force=before.time_in_force,
        expires_ns=before.expires_ns,
        stp_type=before.stp_type,
        cl_ord_id=None,
    )
