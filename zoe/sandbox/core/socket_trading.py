"""Trading requests on a socket: each method one row of a table (facts, 2.10)."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import attrs
import msgspec

from zoe.sandbox.core.answers import Ask
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.intake import SOCKET_WINDOW, Fields, NewOrder, checked, deadline_of
from zoe.sandbox.core.intake_socket import (
    ADD_FIELDS,
    AMEND_FIELDS,
    ORDER_FIELDS,
    TOKEN,
    socket_change,
    socket_order,
    socket_pair,
)
from zoe.sandbox.core.moments import rfc3339_seconds
from zoe.sandbox.core.orders import Order, Terms
from zoe.sandbox.core.rest_trading import keeping
from zoe.sandbox.core.trading import Caller, Trading
from zoe.sandbox.core.world import World

_LONGEST_SWITCH: Final = 86_400
_NAMES: Final = ("order_id", "cl_ord_id", "order_userref")
_CANCEL_FIELDS: Final = TOKEN | dict.fromkeys(_NAMES, "array")
_EDIT_FIELDS: Final = TOKEN | {
    "order_id": "string",
    "symbol": "string",
    "order_qty": "number_float",
    "limit_price": "number_float",
    "triggers": "object",
    "display_qty": "number_float",
    "fee_preference": "string",
    "order_userref": "number_integer",
    "no_mpp": "boolean",
    "post_only": "boolean",
    "reduce_only": "boolean",
    "deadline": "string",
    "validate": "boolean",
}
_BATCH_FIELDS: Final = TOKEN | {
    "symbol": "string",
    "orders": "array",
    "deadline": "string",
    "validate": "boolean",
}
_MEMBER_FIELDS: Final = Fields(ORDER_FIELDS)
_BATCH_CANCEL_FIELDS: Final = TOKEN | {"orders": "array", "cl_ord_id": "array"}
Handler = Callable[[Ask, Caller], list[bytes]]


@attrs.frozen
class Method:
    """A trading method; ``operation`` is what faults and REST call it."""

    operation: str
    permissions: frozenset[str]
    fields: Fields = attrs.field(converter=Fields)
    handler: Handler


class SocketTrading:
    """Carries trading requests out and words the answers."""

    def __init__(self, world: World, trading: Trading) -> None:
        self._world = world
        self._trading = trading
        modify, either = frozenset({"modify-orders"}), frozenset({"modify-orders", "cancel-orders"})
        after = TOKEN | {"timeout": "number_integer"}
        self.methods = {
            "add_order": Method("AddOrder", modify, ADD_FIELDS, self._add),
            "amend_order": Method("AmendOrder", either, AMEND_FIELDS, self._amend),
            "edit_order": Method("EditOrder", modify, _EDIT_FIELDS, self._edit),
            "batch_add": Method("AddOrderBatch", modify, _BATCH_FIELDS, self._add_batch),
            "cancel_order": Method("CancelOrder", either, _CANCEL_FIELDS, self._cancel),
            "batch_cancel": Method(
                "CancelOrderBatch", either, _BATCH_CANCEL_FIELDS, self._cancel_batch
            ),
            "cancel_all": Method("CancelAll", either, TOKEN, self._cancel_all),
            "cancel_all_orders_after": Method(
                "CancelAllOrdersAfter", either, after, self._cancel_all_after
            ),
        }

    def _add(self, ask: Ask, caller: Caller) -> list[bytes]:
        if not ask.params.get("validate", False):
            self._trading.charge(caller, socket_pair(self._world, ask.params))
        wanted = socket_order(self._world, ask.params, caller.received_ns)
        order = self._trading.add(caller, wanted)
        return [ask.accept(_named(order, ask.params))]

    def _add_batch(self, ask: Ask, caller: Caller) -> list[bytes]:
        params = ask.params
        pair, rows = socket_pair(self._world, params), params.get("orders", [])
        if not params.get("validate", False):
            self._trading.charge(caller, pair, max(len(rows), 1))
        shared = {
            name: params[name] for name in ("symbol", "deadline", "validate") if name in params
        }
        batch = [self._of_batch(row, shared, caller) for row in rows]
        told: list[dict[str, object]] = []
        for row, order in zip(rows, self._trading.add_all(caller, batch), strict=True):
            is_refused = isinstance(order, Refusal)
            told.append({"error": str(order)} if is_refused else _named(order, row))
        return [ask.accept(told)]

    def _of_batch(self, row: object, shared: Mapping[str, Any], caller: Caller) -> NewOrder:
        if not isinstance(row, dict):
            raise invalid("orders")
        checked("batch add", row, _MEMBER_FIELDS)
        return socket_order(self._world, {**row, **shared}, caller.received_ns)

    def _amend(self, ask: Ask, caller: Caller) -> list[bytes]:
        params = ask.params
        named = {name: params[name] for name in ("order_id", "cl_ord_id") if params.get(name)}
        if len(named) != 1:
            raise invalid("order_id")
        order = self._trading.find(caller.account, **named)
        change = socket_change(self._world, order, params)
        deadline_ns = deadline_of(params.get("deadline"), caller.received_ns, SOCKET_WINDOW)
        amend_id = self._trading.amend(caller, order, change, deadline_ns)
        return [ask.accept({"amend_id": amend_id, **named})]

    def _edit(self, ask: Ask, caller: Caller) -> list[bytes]:
        pair = socket_pair(self._world, ask.params)
        order = self._trading.find(caller.account, order_id=ask.params.get("order_id", ""))
        if order.terms.pair is not pair:
            raise invalid("symbol")
        merged = _words(order.terms, pair) | {
            name: value for name, value in ask.params.items() if name != "order_id"
        }
        wanted = socket_order(self._world, merged, caller.received_ns)
        wanted = msgspec.structs.replace(wanted, terms=keeping(order.terms, wanted.terms))
        edited = self._trading.edit(caller, order, wanted)
        result = {} if edited is None else {"order_id": edited.order_id}
        return [ask.accept({**result, "original_order_id": order.order_id})]

    def _cancel(self, ask: Ask, caller: Caller) -> list[bytes]:
        """One answer an order, whatever became of the others."""
        wanted = [
            (name, value) for name in _NAMES for value in ask.params.get(name, ()) if value != ""
        ]
        if not wanted:
            raise invalid("order_id")
        return [self._cancel_one(ask, caller, name, value) for name, value in wanted]

    def _cancel_one(self, ask: Ask, caller: Caller, name: str, value: object) -> bytes:
        try:
            if name == "order_userref":
                if not isinstance(value, int):
                    raise invalid(name)
                orders = self._trading.with_ref(caller.account, value)
            else:
                orders = [self._trading.find(caller.account, **{name: str(value)})]
            self._trading.cancel(caller, orders)
        except Refusal as refusal:
            return ask.refuse(str(refusal))
        return ask.accept({name: value})

    def _cancel_batch(self, ask: Ask, caller: Caller) -> list[bytes]:
        """The documented result and the captured field (facts, 2.10: sources differ)."""
        wanted = [*ask.params.get("orders", ()), *ask.params.get("cl_ord_id", ())]
        count = self._trading.sweep(caller, self._trading.named(caller, wanted))
        return [ask.accept({"count": count}, orders_cancelled=count)]

    def _cancel_all(self, ask: Ask, caller: Caller) -> list[bytes]:
        count = self._trading.sweep(caller, caller.account.open.values())
        return [ask.accept({"count": count})]

    def _cancel_all_after(self, ask: Ask, caller: Caller) -> list[bytes]:
        seconds = ask.params.get("timeout", -1)
        if not 0 <= seconds < _LONGEST_SWITCH:
            raise invalid("timeout")
        at_ns = self._trading.dead_man(caller.account, seconds)
        result = {
            "currentTime": rfc3339_seconds(self._world.now_ns),
            "triggerTime": rfc3339_seconds(at_ns) if at_ns else "0",
        }
        return [ask.accept(result)]


def _named(order: Order | Refusal | None, params: Mapping[str, Any]) -> dict[str, object]:
    """An order's ids; only the client's where it was only to be checked."""
    result: dict[str, object] = {}
    if isinstance(order, Order):
        result["order_id"] = order.order_id
    return result | {
        name: params[name] for name in ("cl_ord_id", "order_userref") if params.get(name)
    }


def _words(terms: Terms, pair: Pair) -> dict[str, Any]:
    """An order as the socket would ask for it."""
    words: dict[str, Any] = {
        "order_type": terms.order_type,
        "side": terms.side,
        "order_qty": _exact(terms.qty, pair.qty_decimals),
    }
    if terms.has_limit:
        words["limit_price"] = _exact(terms.price, pair.price_decimals)
    if terms.trigger:
        words["triggers"] = {"price": _exact(terms.trigger, pair.price_decimals)}
    if terms.userref:
        words["order_userref"] = terms.userref
    return words


def _exact(units: int, places: int) -> Decimal:
    return Decimal(units).scaleb(-places)
