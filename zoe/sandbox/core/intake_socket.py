"""The socket's words for orders, made Terms (facts, 2.10)."""

from collections.abc import Mapping
from typing import Any, Final

from zoe.sandbox.core import errors
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.engine import Change
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.intake import (
    SOCKET_DEADLINE_NS,
    SOCKET_WINDOW,
    STP_TYPES,
    TIMES_IN_FORCE,
    Fields,
    NewOrder,
    checked,
    choice,
    cl_ord_id,
    deadline_of,
    moment,
    near,
    order_type,
    sensible,
    soon,
    toward,
    userref,
)
from zoe.sandbox.core.orders import TRIGGERED, Order, Terms
from zoe.sandbox.core.pricing import Pricing, socket_units
from zoe.sandbox.core.world import World

Params = Mapping[str, Any]
TOKEN: Final = {"token": "string"}
#: The fields of an order and their kinds; see ``intake.checked``.
ORDER_FIELDS: Final = {
    "order_type": "string",
    "side": "string",
    "order_qty": "number_float",
    "limit_price": "number_float",
    "limit_price_type": "string",
    "time_in_force": "string",
    "post_only": "boolean",
    "reduce_only": "boolean",
    "margin": "boolean",
    "no_mpp": "boolean",
    "validate": "boolean",
    "expire_time": "string",
    "effective_time": "string",
    "deadline": "string",
    "cl_ord_id": "string",
    "order_userref": "number_integer",
    "fee_preference": "string",
    "stp_type": "string",
    "sender_sub_id": "string",
    "display_qty": "number_float",
    "cash_order_qty": "number_float",
    "triggers": "object",
    "conditional": "object",
}
ADD_FIELDS: Final = TOKEN | ORDER_FIELDS | {"symbol": "string"}
AMEND_FIELDS: Final = TOKEN | {
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
_TRIGGER_FIELDS: Final = Fields(
    {"reference": "string", "price": "number_float", "price_type": "string"}
)
_LATER_FIELDS: Final = frozenset({"reduce_only", "margin", "display_qty", "conditional"})


def socket_order(world: World, params: Params, received_ns: int) -> NewOrder:
    """add_order's parameters, whose fields and kinds have been checked.

    Raises:
        Refusal: They make no sense.
    """
    pair = socket_pair(world, params)
    if not _LATER_FIELDS.isdisjoint(params) and any(map(params.get, _LATER_FIELDS)):
        raise Refusal(errors.FEATURE_DISABLED)
    kind = order_type(params.get("order_type", ""), "order_type")
    side = choice(params.get("side"), ("buy", "sell"), "side")
    price, trigger = _prices(Pricing(world, pair, toward(kind, side)), params, kind)
    qty, spend = 0, 0
    if "cash_order_qty" in params and "order_qty" not in params:
        spend = socket_units(params, "cash_order_qty", pair.cost_decimals)
    else:
        qty = socket_units(params, "order_qty", pair.qty_decimals)
    stp_type = params.get("stp_type", "cancel_newest").replace("_", "-")
    fee = choice(params.get("fee_preference", "quote"), ("base", "quote"), "fee_preference")
    begins, ends = params.get("effective_time"), params.get("expire_time")
    terms = Terms(
        pair,
        side,
        kind,
        qty,
        price,
        choice(params.get("time_in_force", "gtc").lower(), TIMES_IN_FORCE, "time_in_force"),
        params.get("post_only", False),
        choice(stp_type, STP_TYPES, "stp_type"),
        fee == "base",
        cl_ord_id(params.get("cl_ord_id")),
        userref(params.get("order_userref")),
        near(moment(ends, "expire_time"), received_ns) if ends else 0,
        trigger,
        spend,
        soon(moment(begins, "effective_time"), received_ns, "effective_time") if begins else 0,
    )
    deadline_ns = socket_deadline(params, received_ns)
    return NewOrder(sensible(terms), deadline_ns, params.get("validate", False))


def socket_deadline(params: Params, received_ns: int) -> int:
    """When a request is too late."""
    given = deadline_of(params.get("deadline"), received_ns, SOCKET_WINDOW)
    return given or received_ns + SOCKET_DEADLINE_NS


def _prices(pricing: Pricing, params: Params, kind: str) -> tuple[int, int]:
    """Limit and trigger; those that the order type does not have are 0."""
    triggers = params.get("triggers", {})
    price = trigger = 0
    if kind == "limit" or kind.endswith("-limit"):
        price = pricing.socket(params, "limit_price", params.get("limit_price_type", "static"))
    if kind in TRIGGERED:
        checked("add order", triggers, _TRIGGER_FIELDS)
        by = choice(triggers.get("reference", "last"), ("last", "index"), "reference")
        if by == "index":
            raise Refusal(errors.NO_INDEX)
        trigger = pricing.socket(triggers, "price", triggers.get("price_type", "static"))
        if trigger == 0:
            raise Refusal(errors.INVALID_PRICE)
    elif triggers:
        raise invalid("triggers")
    return price, trigger


def socket_pair(world: World, params: Params) -> Pair:
    """The pair by its symbol."""
    symbol = params.get("symbol")
    if not isinstance(symbol, str):
        raise invalid("symbol")
    pair = world.catalog.pairs.get(symbol)
    if pair is None:
        raise Refusal(errors.PAIR_NOT_SUPPORTED.format(symbol[:40]))
    return pair


def socket_change(world: World, order: Order, params: Params) -> Change:
    """amend_order's parameters."""
    terms = order.terms
    if params.get("display_qty"):
        raise Refusal(errors.FEATURE_DISABLED)
    pricing, found = Pricing(world, terms.pair, toward(terms.order_type, terms.side)), {}
    for name in ("limit_price", "trigger_price"):
        if name in params:
            kind = params.get(f"{name}_type", "static")
            found[name] = pricing.socket(params, name, kind)
    qty = None
    if "order_qty" in params:
        qty = socket_units(params, "order_qty", terms.pair.qty_decimals)
    price, trigger = found.get("limit_price"), found.get("trigger_price")
    return Change(qty, price, params.get("post_only"), trigger)
