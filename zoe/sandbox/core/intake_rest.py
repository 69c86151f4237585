"""REST's words for orders, made Terms (facts, 1.7)."""

from collections.abc import Mapping
from typing import Final

from zoe.sandbox.core import errors
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.engine import Change
from zoe.sandbox.core.errors import Refusal, invalid
from zoe.sandbox.core.intake import (
    REST_WINDOW,
    STP_TYPES,
    TIMES_IN_FORCE,
    NewOrder,
    choice,
    cl_ord_id,
    deadline_of,
    expiry,
    only_nothing,
    order_type,
    sensible,
    start,
    toward,
    userref,
)
from zoe.sandbox.core.orders import TRIGGERED, Order, Terms
from zoe.sandbox.core.pricing import Pricing, rest_units
from zoe.sandbox.core.world import World

Params = Mapping[str, str]
#: Python's own spelling too: clients in that language send it.
TRUE: Final = frozenset({"true", "True", "1"})
TOKENIZED: Final = "tokenized_asset"
_FLAGS: Final = frozenset({"post", "fcib", "fciq", "nompp", "viqc"})


def rest_order(world: World, params: Params, received_ns: int) -> NewOrder:
    """AddOrder's parameters.

    Raises:
        Refusal: They make no sense.
    """
    pair = rest_pair(world, params)
    for name in params:
        if name.startswith("close[") or name in ("displayvol", "reduce_only"):
            only_nothing(params[name])
    if params.get("leverage", "none") not in ("none", "0", ""):
        raise Refusal(errors.FEATURE_DISABLED)
    flags = _flags(params)
    kind = order_type(params.get("ordertype", ""), "ordertype")
    side = choice(params.get("type"), ("buy", "sell"), "type")
    price, trigger = _prices(Pricing(world, pair, toward(kind, side)), params, kind)
    qty, spend = 0, 0
    if "viqc" in flags:
        spend = rest_units(params, "volume", pair.cost_decimals)
    else:
        qty = rest_units(params, "volume", pair.qty_decimals)
    terms = Terms(
        pair,
        side,
        kind,
        qty,
        price,
        choice(params.get("timeinforce", "GTC").lower(), TIMES_IN_FORCE, "timeinforce"),
        "post" in flags,
        choice(params.get("stptype", STP_TYPES[0]), STP_TYPES, "stptype"),
        "fcib" in flags,
        cl_ord_id(params.get("cl_ord_id")),
        userref(params.get("userref")),
        expiry(params.get("expiretm", "0"), received_ns),
        trigger,
        spend,
        start(params.get("starttm", "0"), received_ns),
    )
    deadline_ns = deadline_of(params.get("deadline"), received_ns, REST_WINDOW)
    return NewOrder(sensible(terms), deadline_ns, params.get("validate") in TRUE)


def _flags(params: Params) -> frozenset[str]:
    flags = frozenset(filter(None, params.get("oflags", "").split(",")))
    if not flags <= _FLAGS or {"fcib", "fciq"} <= flags:
        raise invalid("oflags")
    return flags


def _prices(pricing: Pricing, params: Params, kind: str) -> tuple[int, int]:
    """Limit and trigger; those that the order type does not have are 0."""
    if kind == "market":
        return 0, 0
    first = pricing.rest(params, "price")
    if kind not in TRIGGERED:
        return first, 0
    _by_last(params)
    if first == 0:
        raise Refusal(errors.INVALID_PRICE)
    return (pricing.rest(params, "price2") if kind.endswith("-limit") else 0), first


def _by_last(params: Params) -> None:
    if choice(params.get("trigger", "last"), ("last", "index"), "trigger") == "index":
        raise Refusal(errors.NO_INDEX)


def rest_pair(world: World, params: Params) -> Pair:
    """The pair by any of its names."""
    if not params.get("pair"):
        raise invalid("pair")
    pair = world.catalog.pair(params["pair"])
    if pair is None or params.get("asset_class") == TOKENIZED:
        raise Refusal(errors.UNKNOWN_PAIR)
    return pair


def rest_change(world: World, order: Order, params: Params) -> Change:
    """AmendOrder's parameters."""
    terms = order.terms
    if params.get("display_qty"):
        raise Refusal(errors.FEATURE_DISABLED)
    pricing = Pricing(world, terms.pair, toward(terms.order_type, terms.side))
    qty = (
        rest_units(params, "order_qty", terms.pair.qty_decimals) if "order_qty" in params else None
    )
    price = pricing.rest(params, "limit_price") if "limit_price" in params else None
    trigger = pricing.rest(params, "trigger_price") if "trigger_price" in params else None
    post_only = params["post_only"] in TRUE if "post_only" in params else None
    return Change(qty, price, post_only, trigger)
