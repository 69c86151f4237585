"""REST calls that place, change and cancel orders, and what they answer (facts sheet, section 1.7)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken import api
from zoe.adapters.kraken.api import Call, Given, private, spelled
from zoe.adapters.kraken.numbers import rfc3339
from zoe.adapters.kraken.order_form import AnyPrice, NewOrder, rest_params
from zoe.domain.order import SENDABLE, Order
from zoe.domain.quick import quick

FEWEST_IN_BATCH: Final = 2
MOST_IN_BATCH: Final = 15
MOST_CANCELED: Final = 50
LONGEST_SWITCH_SECONDS: Final = 86_399


@attrs.frozen
class Terms:
    """What is said of a request beside the order.

    Attributes:
        deadline_ns: The exchange's UTC nanoseconds after which it is not executed; it takes 2 to 60
            seconds ahead.
        validate: Only checks.
    """

    deadline_ns: int | None = None
    validate: bool = False
    broker: str | None = None
    asset_class: str | None = None

    def params(self) -> dict[str, Given]:
        """As parameters."""
        return {
            "deadline": None if self.deadline_ns is None else rfc3339(self.deadline_ns),
            "validate": self.validate or None,
            "broker": self.broker,
            "asset_class": self.asset_class,
        }


PLAIN: Final = Terms()
_new_order: Final = quick(NewOrder)


def add_order(order: NewOrder, terms: Terms = PLAIN) -> Call:
    """AddOrder."""
    return private("AddOrder", **rest_params(order), **terms.params())


def of_desk(order: Order, pair: str) -> NewOrder:
    """A desk's order as it is asked for by REST.

    Args:
        pair: Any REST name of the pair.
    """
    intent = order.intent
    assert order.cl_ord_id is not None and intent.order_type in SENDABLE
    limited = intent.limit_price is not None
    return _new_order(
        pair=pair,
        side=intent.side.value,
        order_type=intent.order_type.value,
        quantity=intent.quantity.value,
        limit=None if intent.limit_price is None else intent.limit_price.value,
        time_in_force=intent.time_in_force.value if limited else None,
        trigger=None if intent.trigger_price is None else intent.trigger_price.value,
        post_only=intent.post_only,
        expire_ns=intent.expires_ns,
        cl_ord_id=order.cl_ord_id,
    )


def add_order_batch(orders: Sequence[NewOrder], terms: Terms = PLAIN) -> Call:
    """AddOrderBatch: 2 to 15 orders of one pair; if one is not valid, none is placed."""
    assert FEWEST_IN_BATCH <= len(orders) <= MOST_IN_BATCH, len(orders)
    (pair,) = {order.pair for order in orders}
    document = {
        "pair": pair,
        "orders": [_member(order) for order in orders],
        **dict(spelled({**terms.params(), "validate": None})),
    }
    return Call("AddOrderBatch", document=document | ({"validate": True} if terms.validate else {}))


def _member(order: NewOrder) -> dict[str, object]:
    """An order of a batch: nested where a form has brackets, without the pair."""
    flat = dict(spelled({**rest_params(order), "pair": None, "userref": None}))
    close = {
        key[len("close[") : -1]: flat.pop(key) for key in list(flat) if key.startswith("close[")
    }
    member: dict[str, object] = {**flat}
    if close:
        member["close"] = close
    if order.reduce_only:
        member["reduce_only"] = True
    return member if order.userref is None else member | {"userref": order.userref}


@attrs.frozen(kw_only=True)
class Amend:
    """What to change of an order, found by one of its ids; ``quantity`` is the total, not the rest."""

    txid: str | None = None
    cl_ord_id: str | None = None
    quantity: Decimal | None = None
    display_quantity: Decimal | None = None
    limit: AnyPrice | None = None
    trigger: AnyPrice | None = None
    post_only: bool | None = None
    pair: str | None = None

    def __attrs_post_init__(self) -> None:
        """Raises ValueError unless exactly one id is given."""
        if (self.txid is None) == (self.cl_ord_id is None):
            raise ValueError("an amend needs exactly one of txid and cl_ord_id")


def amend_order(amend: Amend, deadline_ns: int | None = None) -> Call:
    """AmendOrder: same id, fills kept."""
    return private(
        "AmendOrder",
        txid=amend.txid,
        cl_ord_id=amend.cl_ord_id,
        order_qty=amend.quantity,
        display_qty=amend.display_quantity,
        limit_price=amend.limit,
        trigger_price=amend.trigger,
        post_only=amend.post_only,
        pair=amend.pair,
        deadline=None if deadline_ns is None else rfc3339(deadline_ns),
    )


@attrs.frozen(kw_only=True)
class Edit:
    """What to change of an order by canceling it and placing another; it loses its queue place."""

    txid: str
    pair: str
    quantity: Decimal | None = None
    display_quantity: Decimal | None = None
    price: AnyPrice | None = None
    price2: AnyPrice | None = None
    flags: tuple[str, ...] | None = None
    userref: int | None = None
    cancel_response: bool | None = None


def edit_order(edit: Edit, terms: Terms = PLAIN) -> Call:
    """EditOrder; ``post`` must be among the flags again."""
    return private(
        "EditOrder",
        txid=edit.txid,
        pair=edit.pair,
        volume=edit.quantity,
        displayvol=edit.display_quantity,
        price=edit.price,
        price2=edit.price2,
        oflags=edit.flags,
        userref=edit.userref,
        cancel_response=edit.cancel_response,
        **terms.params(),
    )


def cancel_order(txid: str | int | None = None, cl_ord_id: str | None = None) -> Call:
    """CancelOrder by the exchange's id, a userref (which may be many orders) or ours."""
    assert (txid is None) != (cl_ord_id is None), "one id"
    return private("CancelOrder", txid=txid, cl_ord_id=cl_ord_id)


def cancel_order_batch(orders: Sequence[str | int] = (), cl_ord_ids: Sequence[str] = ()) -> Call:
    """CancelOrderBatch: at most 50 by txid, userref or client id."""
    assert 0 < len(orders) + len(cl_ord_ids) <= MOST_CANCELED
    named = {"orders": list(orders), "cl_ord_ids": list(cl_ord_ids)}
    return Call("CancelOrderBatch", document={key: ids for key, ids in named.items() if ids})


def cancel_all() -> Call:
    """CancelAll."""
    return private("CancelAll")


def cancel_all_after(timeout_seconds: int) -> Call:
    """CancelAllOrdersAfter: the dead-man's switch of the whole account; 0 disarms it."""
    assert 0 <= timeout_seconds <= LONGEST_SWITCH_SECONDS, timeout_seconds
    return private("CancelAllOrdersAfter", timeout=timeout_seconds)


class AddedDescription(msgspec.Struct, frozen=True):
    """The order in the exchange's words."""

    order: str = ""
    close: str | None = None


class Added(msgspec.Struct, frozen=True):
    """Accepted, not necessarily resting; ``txid`` is empty where it was only checked."""

    descr: AddedDescription = AddedDescription()
    txid: list[str] = []


class BatchMember(msgspec.Struct, frozen=True):
    """One order of a batch, in the order of the request: an id, or an error."""

    txid: str | None = None
    descr: AddedDescription | None = None
    close: str | None = None
    error: str | None = None


class AddedBatch(msgspec.Struct, frozen=True):
    """What became of each."""

    orders: list[BatchMember]


class Amended(msgspec.Struct, frozen=True):
    """The change's own id."""

    amend_id: str


class Edited(msgspec.Struct, frozen=True):
    """The new order and the one before."""

    status: str = "ok"
    txid: str | None = None
    originaltxid: str | None = None
    volume: Decimal | None = None
    price: Decimal | None = None
    price2: Decimal | None = None
    orders_cancelled: int = 0
    newuserref: int | str | None = None
    olduserref: int | str | None = None
    descr: AddedDescription = AddedDescription()
    error_message: str | None = None


class Canceled(msgspec.Struct, frozen=True):
    """How many; ``pending`` where accepted but not yet done."""

    count: int
    pending: bool = False


class Switch(msgspec.Struct, frozen=True, rename="camel"):
    """The dead-man's switch: the exchange's time, and when it fires."""

    current_time: str
    trigger_time: str


def read_added(result: bytes) -> Added:
    """What AddOrder says."""
    return api.parse_exact(Added, result)


def read_added_batch(result: bytes) -> AddedBatch:
    """What AddOrderBatch says."""
    return api.parse_exact(AddedBatch, result)


def read_amended(result: bytes) -> Amended:
    """What AmendOrder says."""
    return api.parse_exact(Amended, result)


def read_edited(result: bytes) -> Edited:
    """What EditOrder says."""
    return api.parse_exact(Edited, result)


def read_canceled(result: bytes) -> Canceled:
    """What CancelOrder, CancelOrderBatch and CancelAll say."""
    return api.parse_exact(Canceled, result)


def read_switch(result: bytes) -> Switch:
    """What CancelAllOrdersAfter says."""
    return api.parse_exact(Switch, result)
