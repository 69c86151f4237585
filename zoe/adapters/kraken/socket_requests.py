"""Requests that trade on the private socket, and their answers in either of the shapes they come in.

A desk sends fewer of them (see ws_session.py); these are for people who use the adapter as a
library. Numbers are JSON numbers, unknown fields would be refused. Sources: facts sheet, section 2.10.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final

import attrs
import msgspec

from zoe.adapters.kraken.errors import classify
from zoe.adapters.kraken.numbers import nanoseconds, rfc3339
from zoe.adapters.kraken.order_form import AnyPrice, NewOrder, number, relative, socket_params
from zoe.domain.errors import WireError, ZoeError

FEWEST_IN_BATCH: Final = 2
MOST_IN_BATCH: Final = 15
MOST_CANCELED: Final = 50


def request(method: str, params: Mapping[str, object], req_id: int | None = None) -> bytes:
    """A request on a socket; what is None is left out."""
    body: dict[str, object] = {"method": method}
    body["params"] = {key: value for key, value in params.items() if value is not None}
    if req_id is not None:
        body["req_id"] = req_id
    return msgspec.json.encode(body)


@attrs.frozen
class Sender:
    """Makes requests with a token.

    Attributes:
        deadline_ns: The exchange's UTC nanoseconds after which a request is not executed: 0.5 s to
            60 s ahead; None for its default of 5 s.
    """

    token: str = attrs.field(repr=False)
    deadline_ns: int | None = None

    def _params(self, params: Mapping[str, object], *, timed: bool = True) -> dict[str, object]:
        deadline = None
        if timed and self.deadline_ns is not None:
            deadline = rfc3339(self.deadline_ns)
        return {**params, "deadline": deadline, "token": self.token}

    def add_order(self, order: NewOrder, req_id: int, *, validate: bool = False) -> bytes:
        """add_order."""
        params = {**socket_params(order), "validate": validate or None}
        return request("add_order", self._params(params), req_id)

    def amend_order(self, change: "SocketAmend", req_id: int) -> bytes:
        """amend_order: same id, fills kept."""
        return request("amend_order", self._params(change.params()), req_id)

    def edit_order(self, change: "SocketEdit", req_id: int, *, validate: bool = False) -> bytes:
        """edit_order: another order instead, without the client's id."""
        params = {**change.params(), "validate": validate or None}
        return request("edit_order", self._params(params), req_id)

    def cancel_order(self, ids: "OrderIds", req_id: int) -> bytes:
        """cancel_order: one answer an order, all with this number."""
        return request("cancel_order", self._params(ids.params(), timed=False), req_id)

    def cancel_all(self, req_id: int) -> bytes:
        """cancel_all."""
        return request("cancel_all", self._params({}, timed=False), req_id)

    def cancel_all_after(self, timeout_seconds: int, req_id: int) -> bytes:
        """cancel_all_orders_after; 0 disarms."""
        params = self._params({"timeout": timeout_seconds}, timed=False)
        return request("cancel_all_orders_after", params, req_id)

    def batch_add(
        self, orders: Sequence[NewOrder], req_id: int, *, validate: bool = False
    ) -> bytes:
        """batch_add: 2 to 15 orders of one pair."""
        assert FEWEST_IN_BATCH <= len(orders) <= MOST_IN_BATCH, len(orders)
        (pair,) = {order.pair for order in orders}
        members = [
            {key: value for key, value in socket_params(order).items() if key != "symbol"}
            for order in orders
        ]
        params = {"symbol": pair, "orders": members, "validate": validate or None}
        return request("batch_add", self._params(params), req_id)

    def batch_cancel(self, ids: "OrderIds", req_id: int) -> bytes:
        """batch_cancel: 2 to 50 orders; accepted even when it goes over the rate limit."""
        params: dict[str, object] = {"orders": [*ids.order_ids, *ids.userrefs] or None}
        params["cl_ord_id"] = list(ids.cl_ord_ids) or None
        return request("batch_cancel", self._params(params, timed=False), req_id)


@attrs.frozen
class OrderIds:
    """Orders by any of their ids."""

    order_ids: tuple[str, ...] = ()
    cl_ord_ids: tuple[str, ...] = ()
    userrefs: tuple[int, ...] = ()

    def __attrs_post_init__(self) -> None:
        count = len(self.order_ids) + len(self.cl_ord_ids) + len(self.userrefs)
        if not 0 < count <= MOST_CANCELED:
            raise ValueError(f"1 to {MOST_CANCELED} orders can be named, not {count}")

    def params(self) -> dict[str, object]:
        """As params."""
        return {
            "order_id": list(self.order_ids) or None,
            "cl_ord_id": list(self.cl_ord_ids) or None,
            "order_userref": list(self.userrefs) or None,
        }


@attrs.frozen(kw_only=True)
class SocketAmend:
    """What to change of an order; ``quantity`` is the total, and best always sent."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    quantity: Decimal | None = None
    display_quantity: Decimal | None = None
    limit: AnyPrice | None = None
    trigger: AnyPrice | None = None
    post_only: bool | None = None
    symbol: str | None = None

    def __attrs_post_init__(self) -> None:
        if (self.order_id is None) == (self.cl_ord_id is None):
            raise ValueError("an amend needs exactly one of order_id and cl_ord_id")

    def params(self) -> dict[str, object]:
        """As params."""
        prices = {"limit_price": self.limit, "trigger_price": self.trigger}
        return {
            "order_id": self.order_id,
            "cl_ord_id": self.cl_ord_id,
            "order_qty": _number(self.quantity),
            "display_qty": _number(self.display_quantity),
            "post_only": self.post_only,
            "symbol": self.symbol,
            **{k: v for name, p in prices.items() if p is not None for k, v in relative(name, p)},
        }


@attrs.frozen(kw_only=True)
class SocketEdit:
    """What to change of an order by another order in its place."""

    order_id: str
    symbol: str
    quantity: Decimal | None = None
    display_quantity: Decimal | None = None
    limit: Decimal | None = None
    trigger: AnyPrice | None = None
    fee_preference: str | None = None
    userref: int | None = None
    post_only: bool | None = None
    reduce_only: bool | None = None

    def params(self) -> dict[str, object]:
        """As params."""
        return {
            "order_id": self.order_id,
            "symbol": self.symbol,
            "order_qty": _number(self.quantity),
            "display_qty": _number(self.display_quantity),
            "limit_price": _number(self.limit),
            "triggers": None if self.trigger is None else dict(relative("price", self.trigger)),
            "fee_preference": self.fee_preference,
            "order_userref": self.userref,
            "post_only": self.post_only,
            "reduce_only": self.reduce_only,
        }


def _number(value: Decimal | None) -> msgspec.Raw | None:
    return None if value is None else number(value)


@attrs.frozen
class OrderAnswer:
    """One order of an answer: its ids, or why it was refused."""

    order_id: str | None = None
    cl_ord_id: str | None = None
    userref: int | None = None
    refusal: ZoeError | None = None


@attrs.frozen
class SocketAnswer:
    """An answer to a request.

    Attributes:
        refusal: None where the request succeeded.
        orders: Of the request, in its order; of a cancel one an answer.
        count: How many were canceled, where the answer counts.
        original_order_id: The order that an edit replaced.
        trigger_time: When the dead-man's switch fires.
        exchange_ns: The exchange's time of the answer.
    """

    method: str
    req_id: int | None
    refusal: ZoeError | None
    orders: tuple[OrderAnswer, ...] = ()
    count: int | None = None
    amend_id: str | None = None
    original_order_id: str | None = None
    trigger_time: str | None = None
    warnings: tuple[str, ...] = ()
    exchange_ns: int | None = None


class _Order(msgspec.Struct):
    order_id: str | None = None
    cl_ord_id: str | None = None
    order_userref: int | None = None
    error: str | None = None
    success: bool | None = None


class _Result(_Order, rename={"trigger_time": "triggerTime"}):
    count: int | None = None
    amend_id: str | None = None
    original_order_id: str | None = None
    trigger_time: str | None = None
    warnings: list[str] | None = None
    orders: list[_Order] | None = None


class _Reply(msgspec.Struct):
    method: str
    success: bool | None = None
    req_id: int | None = None
    error: str | None = None
    result: _Result | list[_Order] | None = None
    orders_cancelled: int | None = None
    time_out: str | None = None


_REPLY: Final = msgspec.json.Decoder(_Reply)


def read_answer(payload: bytes) -> SocketAnswer:
    """An answer, in whichever of its shapes.

    Raises:
        WireError: It is none.
    """
    try:
        reply = _REPLY.decode(payload)
        at_ns = None if reply.time_out is None else nanoseconds(reply.time_out)
    except (msgspec.MsgspecError, ValueError, RecursionError) as problem:
        raise WireError(f"{type(problem).__name__}: {problem}", payload) from problem
    if not reply.success and reply.method != "pong":
        refusal = classify(reply.error or "no reason given")
        return SocketAnswer(reply.method, reply.req_id, refusal, exchange_ns=at_ns)
    result = _Result(orders=reply.result) if isinstance(reply.result, list) else reply.result
    return _accepted(reply, result or _Result(), at_ns)


def _accepted(reply: _Reply, result: _Result, at_ns: int | None) -> SocketAnswer:
    members: list[_Order] = [result] if result.orders is None else result.orders
    named = (result.order_id, result.cl_ord_id, result.order_userref) != (None, None, None)
    orders = tuple(_order(member) for member in members) if named or result.orders else ()
    return SocketAnswer(
        reply.method,
        reply.req_id,
        None,
        orders,
        result.count if result.count is not None else reply.orders_cancelled,
        result.amend_id,
        result.original_order_id,
        result.trigger_time,
        tuple(result.warnings or ()),
        at_ns,
    )


def _order(member: _Order) -> OrderAnswer:
    refused = member.error is not None or member.success is False
    refusal = classify(member.error or "no reason given") if refused else None
    return OrderAnswer(member.order_id, member.cl_ord_id, member.order_userref, refusal)
