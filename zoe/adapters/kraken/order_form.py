"""NewOrder: everything that an order of the exchange can say, and how each route spells it.

A desk's orders are smaller (zoe.domain.order.Intent); this is for people who use the adapter as a
library, and for the dry run. Sources: facts sheet, sections 1.7, 1.8 and 2.10.
"""

from decimal import Decimal
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken.api import Given
from zoe.adapters.kraken.numbers import decimal_of, rfc3339
from zoe.domain.quantity import plain

#: The exchange has a price of its own for these; ``limit`` is then the second price.
TRIGGERED: Final = frozenset(
    {
        "stop-loss",
        "take-profit",
        "stop-loss-limit",
        "take-profit-limit",
        "trailing-stop",
        "trailing-stop-limit",
    }
)
LIMITED: Final = frozenset(
    {"limit", "iceberg", "stop-loss-limit", "take-profit-limit", "trailing-stop-limit"}
)
#: A price: exact, or relative to the last trade, such as ``+5%``, ``-10`` or ``#5%``.
AnyPrice = Decimal | str


@attrs.frozen
class Close:
    """The order that each fill of its primary makes, on the other side."""

    order_type: str
    price: AnyPrice
    price2: AnyPrice | None = None


@attrs.frozen(kw_only=True, weakref_slot=False)
class NewOrder:
    """An order as it is asked for.

    Attributes:
        pair: Any name of the pair that the route knows.
        order_type: In REST's words, with hyphens.
        quantity: In base; in quote where ``in_quote``.
        limit: Limit price of the types that have one.
        trigger: Trigger price of stop-loss, take-profit and trailing orders.
        in_quote: viqc: the quantity is in quote currency; market buys only.
        fee_in: ``quote`` or ``base``; None leaves it to the exchange, which is not one to rely on.
        stp: Self-trade prevention with hyphens: cancel-newest, cancel-oldest, cancel-both.
        expire: UTC nanoseconds; REST sends whole seconds.
    """

    pair: str
    side: str
    order_type: str
    quantity: Decimal
    limit: AnyPrice | None = None
    trigger: AnyPrice | None = None
    trigger_by: str | None = None
    time_in_force: str | None = None
    post_only: bool = False
    reduce_only: bool = False
    in_quote: bool = False
    fee_in: str | None = "quote"
    display_quantity: Decimal | None = None
    leverage: str | None = None
    stp: str | None = None
    start_ns: int | None = None
    expire_ns: int | None = None
    cl_ord_id: str | None = None
    userref: int | None = None
    close: Close | None = None

    def __attrs_post_init__(self) -> None:
        """Raises ValueError for what no route can send."""
        if self.order_type in LIMITED and self.limit is None:
            raise ValueError(f"a {self.order_type} order needs a limit price")
        if self.order_type in TRIGGERED and self.trigger is None:
            raise ValueError(f"a {self.order_type} order needs a trigger price")
        if self.cl_ord_id is not None and self.userref is not None:
            raise ValueError("cl_ord_id and userref exclude each other")
        if (self.time_in_force or "").lower() == "gtd" and self.expire_ns is None:
            raise ValueError("a gtd order needs the time when it expires")
        if self.quantity <= 0:
            raise ValueError(f"a quantity must be greater than 0, not {self.quantity}")


def rest_params(order: NewOrder) -> dict[str, Given]:
    """As parameters of AddOrder; defaults of the exchange are left out, as others' clients do."""
    triggered = order.order_type in TRIGGERED
    first, second = (order.trigger, order.limit) if triggered else (order.limit, None)
    force = order.time_in_force.upper() if order.time_in_force else None
    params: dict[str, Given] = {
        "pair": order.pair,
        "type": order.side,
        "ordertype": order.order_type,
        "volume": order.quantity,
        "price": first,
        "price2": second,
        "displayvol": order.display_quantity,
        "leverage": order.leverage,
        "reduce_only": order.reduce_only or None,
        "trigger": order.trigger_by,
        "stptype": order.stp,
        "oflags": _flags(order),
        "timeinforce": None if force == "GTC" else force,
        "starttm": None if order.start_ns is None else order.start_ns // 1_000_000_000,
        "expiretm": None if order.expire_ns is None else order.expire_ns // 1_000_000_000,
        "cl_ord_id": order.cl_ord_id,
        "userref": order.userref,
    }
    if order.close is not None:
        params["close[ordertype]"] = order.close.order_type
        params["close[price]"] = order.close.price
        params["close[price2]"] = order.close.price2
    return params


def _flags(order: NewOrder) -> str | None:
    flags = {"quote": ["fciq"], "base": ["fcib"], None: []}[order.fee_in]
    flags += ["viqc"] if order.in_quote else []
    flags += ["post"] if order.post_only else []
    return ",".join(flags) or None


def socket_params(order: NewOrder) -> dict[str, object]:
    """As params of add_order, without token and deadline; numbers are JSON numbers.

    Raises:
        ValueError: A relative price of a form that the socket does not have.
    """
    params: dict[str, object] = {
        "order_type": order.order_type,
        "side": order.side,
        "symbol": order.pair,
        "cash_order_qty" if order.in_quote else "order_qty": number(order.quantity),
    }
    if order.limit is not None:
        params |= _price("limit_price", order.limit)
    if order.trigger is not None:
        price = _price("price", order.trigger)
        params["triggers"] = price | ({"reference": order.trigger_by} if order.trigger_by else {})
    if order.time_in_force:
        params["time_in_force"] = order.time_in_force.lower()
    if order.post_only:
        params["post_only"] = True
    if order.fee_in is not None:
        params["fee_preference"] = order.fee_in
    if order.cl_ord_id is not None:
        params["cl_ord_id"] = order.cl_ord_id
    _add_rare(order, params)
    return params


def _add_rare(order: NewOrder, params: dict[str, object]) -> None:
    """What few orders have."""
    if order.reduce_only:
        params["reduce_only"] = True
    if order.leverage:
        params["margin"] = True
    if order.display_quantity is not None:
        params["display_qty"] = number(order.display_quantity)
    if order.stp:
        params["stp_type"] = order.stp.replace("-", "_")
    if order.start_ns is not None:
        params["effective_time"] = rfc3339(order.start_ns)
    if order.expire_ns is not None:
        params["expire_time"] = rfc3339(order.expire_ns)
    if order.userref is not None:
        params["order_userref"] = order.userref
    if order.close is not None:
        params["conditional"] = _conditional(order.close)


def _conditional(close: Close) -> dict[str, object]:
    if close.order_type not in TRIGGERED:
        return {"order_type": close.order_type, **_price("limit_price", close.price)}
    said: dict[str, object] = {"order_type": close.order_type}
    said |= _price("trigger_price", close.price)
    return said if close.price2 is None else said | _price("limit_price", close.price2)


def _price(name: str, price: AnyPrice) -> dict[str, object]:
    return dict(relative(name, price))


def relative(name: str, price: AnyPrice) -> tuple[tuple[str, object], ...]:
    """A price as members of a request; a relative one says so by its type beside it.

    Raises:
        ValueError: A relative price of a form that the socket does not have.
    """
    if isinstance(price, Decimal):
        return ((name, number(price)),)
    if price.startswith("#"):
        raise ValueError(f"the socket has no price such as {price!r}")
    value = number(decimal_of(price.rstrip("%").lstrip("+")))
    if price.endswith("%"):
        return ((name, value), (f"{name}_type", "pct"))
    if price.startswith(("+", "-")):
        return ((name, value), (f"{name}_type", "quote"))
    return ((name, value),)


def number(value: Decimal) -> msgspec.Raw:
    """A JSON number in plain notation: strings and exponents are refused there."""
    return msgspec.Raw(plain(value).encode())
