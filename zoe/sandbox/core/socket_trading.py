"""Trading requests on a socket: each method one row of a table (facts, 2.10)."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import attrs

from zoe.sandbox.core import errors
from zoe.sandbox.core.answers import Ask
from zoe.sandbox.core.engine import Change
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.intake import (
    ADD_FIELDS,
    SOCKET_WINDOW,
    deadline_of,
    socket_order,
    socket_pair,
    socket_units,
)
from zoe.sandbox.core.moments import rfc3339_seconds
from zoe.sandbox.core.trading import Caller, Trading
from zoe.sandbox.core.world import World

_LONGEST_SWITCH: Final = 86_400
_TOKEN: Final = {"token": "string"}
Handler = Callable[[Ask, Caller], list[bytes]]


@attrs.frozen
class Method:
    """A trading method; ``operation`` is what faults and REST call it."""

    operation: str
    permissions: frozenset[str]
    fields: Mapping[str, str]
    handler: Handler


class SocketTrading:
    """Carries trading requests out and words the answers."""

    def __init__(self, world: World, trading: Trading) -> None:
        self._world = world
        self._trading = trading
        modify, cancel = frozenset({"modify-orders"}), frozenset({"modify-orders", "cancel-orders"})
        self.methods = {
            "add_order": Method("AddOrder", modify, ADD_FIELDS, self._add),
            "amend_order": Method("AmendOrder", modify, _AMEND_FIELDS, self._amend),
            "cancel_order": Method("CancelOrder", cancel, _CANCEL_FIELDS, self._cancel),
            "cancel_all": Method("CancelAll", cancel, _TOKEN, self._cancel_all),
            "cancel_all_orders_after": Method(
                "CancelAllOrdersAfter",
                cancel,
                _TOKEN | {"timeout": "number_integer"},
                self._cancel_all_after,
            ),
        }

    def _add(self, ask: Ask, caller: Caller) -> list[bytes]:
        if not ask.params.get("validate", False):
            self._trading.charge(caller, socket_pair(self._world, ask.params))
        wanted = socket_order(self._world, ask.params, caller.received_ns)
        order = self._trading.add(caller, wanted)
        result: dict[str, object] = {}
        if order is not None:
            result["order_id"] = order.order_id
        for name in ("cl_ord_id", "order_userref"):
            if ask.params.get(name):
                result[name] = ask.params[name]
        return [ask.accept(result)]

    def _amend(self, ask: Ask, caller: Caller) -> list[bytes]:
        params = ask.params
        named = {name: params[name] for name in ("order_id", "cl_ord_id") if params.get(name)}
        if len(named) != 1:
            raise invalid("order_id")
        if any(params.get(name) for name in ("display_qty", "trigger_price")):
            raise Refusal(errors.FEATURE_DISABLED)
        order = self._trading.find(caller.account, **named)
        pair = order.terms.pair
        change = Change(
            _units(params, "order_qty", pair.qty_decimals),
            _units(params, "limit_price", pair.price_decimals),
            params.get("post_only"),
        )
        deadline_ns = deadline_of(params.get("deadline"), caller.received_ns, SOCKET_WINDOW)
        amend_id = self._trading.amend(caller, order, change, deadline_ns)
        return [ask.accept({"amend_id": amend_id, **named})]

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

    def _cancel_all(self, ask: Ask, caller: Caller) -> list[bytes]:
        return [ask.accept({"count": self._trading.sweep(caller, caller.account.open.values())})]

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


_NAMES: Final = ("order_id", "cl_ord_id", "order_userref")
_CANCEL_FIELDS: Final = _TOKEN | dict.fromkeys(_NAMES, "array")
_AMEND_FIELDS: Final = _TOKEN | {
    "order_id": "string",
    "cl_ord_id": "string",
    "order_qty": "number_float",
    "limit_price": "number_float",
    "limit_price_type": "string",
    "display_qty": "number_float",
    "trigger_price": "number_float",
    "trigger_price_type": "string",
    "post_only": "boolean",
    "deadline": "string",
    "symbol": "string",
}


def _units(params: Mapping[str, Any], name: str, places: int) -> int | None:
    return socket_units(params, name, places) if name in params else None
