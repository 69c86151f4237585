"""Orders as journal rows and back: the rows of one stream, folded, are the order.

Every body carries the state after the row, so that SQL can read it without the table of states.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import attrs
import msgspec

from zoe.domain.amend import Amend, Terms
from zoe.domain.order import (
    CONCLUDED,
    CancelProgress,
    Fact,
    Fill,
    Input,
    Order,
    OrderType,
    Route,
    Side,
    State,
    TimeInForce,
    quick_fact,
    quick_fill,
    quick_intent,
)
from zoe.domain.order_end import End
from zoe.domain.order_inputs import amending, apply, evolved
from zoe.domain.quantity import Price, Quantity, plain

SENDING: Final = "order.sending"
ADOPTED: Final = "order.adopted"
CANCEL_REQUESTED: Final = "order.cancel_requested"
DENIED: Final = "order.denied"
AMENDING: Final = "order.amending"

_KIND: Final = {
    Input.ACKNOWLEDGED: "order.acknowledged",
    Input.LIVE: "order.working",
    Input.FILL: "order.fill",
    Input.COMPLETED: "order.filled",
    Input.CANCELED: "order.canceled",
    Input.EXPIRED: "order.expired",
    Input.REFUSED: "order.rejected",
    Input.NOT_SENT: "order.not_sent",
    Input.LOST: "order.in_doubt",
    Input.RESTARTED: "order.in_doubt_after_restart",
    Input.NOT_FOUND: "order.absent",
    Input.VANISHED: "order.vanished",
    Input.AMENDED: "order.amended",
    Input.AMEND_REFUSED: "order.amend_refused",
    Input.AMEND_LOST: "order.amend_in_doubt",
    Input.AMEND_ABSENT: "order.amend_absent",
}
_SORTING: Final = msgspec.json.Encoder(order="sorted")
_KEEPING: Final = msgspec.json.Encoder()
_ASCII: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_OPENING: Final = {State.DENIED: DENIED, State.SENDING: SENDING}
_INPUT: Final = {kind: fact for fact, kind in _KIND.items()}
#: By their words, which takes a tenth of what asking the classes takes.
SIDES: Final = {side.value: side for side in Side}
_ORDER_TYPE: Final = {known.value: known for known in OrderType}
_TIME_IN_FORCE: Final = {known.value: known for known in TimeInForce}
_STATE: Final = {state.value: state for state in State}
_ROUTE: Final[dict[str | None, Route | None]] = {None: None} | {r.value: r for r in Route}


def kind_of(fact: Input) -> str:
    """The kind of the row that records a fact."""
    return _KIND[fact]


def input_of(kind: str) -> Input:
    """What a row of this kind records: a fact, or our own amend."""
    return Input.AMEND if kind == AMENDING else _INPUT[kind]


def canonical(body: Mapping[str, Any] | attrs.AttrsInstance, *, is_sorted: bool = False) -> str:
    """JSON text that is the same for the same values: sorted keys, no blanks, nothing but ASCII.

    Args:
        is_sorted: Whether the keys stand in their order already: to sort them takes longer than all else.
    """
    text = (_KEEPING if is_sorted else _SORTING).encode(body).decode()
    # A tenth of the other's time, but it leaves letters as they are.
    return text if text.isascii() else _ASCII.encode(json.loads(text))


def stream_of(account_id: str, intent_id: str) -> str:
    """The journal stream, and the actor's name, of one order."""
    return f"order/{account_id}/{intent_id}"


def opening_row(order: Order, verdict: str) -> tuple[str, str]:
    """Kind and body of the first row: all that must be durable before the bytes leave."""
    intent = order.intent
    body = {
        "cl_ord_id": order.cl_ord_id,
        "decision": intent.decision,
        "expires_ns": intent.expires_ns,
        "intent_id": intent.intent_id,
        "limit_price": _text(intent.limit_price),
        "not_after_ns": order.not_after_ns,
        "order_id": order.order_id,
        "order_type": intent.order_type,
        "pair": intent.pair,
        "post_only": intent.post_only,
        "quantity": plain(intent.quantity.value),
        "reason": order.reason,
        "reduce_only": intent.reduce_only,
        "route": order.route,
        "side": intent.side,
        "slot": intent.slot,
        "source": intent.source,
        "state": order.state,
        "time_in_force": intent.time_in_force,
        "trigger_price": _text(intent.trigger_price),
        "verdict": verdict,
    }
    return _OPENING.get(order.state, ADOPTED), canonical(body, is_sorted=True)


def fact_row(order: Order, fact: Fact) -> tuple[str, str]:
    """Kind and body of the row for ``fact``, with ``order`` as it stands after it."""
    body: dict[str, Any] = {
        "order_id": order.order_id,
        "reason": fact.reason,
        "filled_quantity": str(order.filled),
        "exchange_ns": fact.exchange_ns,
        "state": order.state,
    }
    if order.fills_missing:
        # Where it has ended, too: it is gone only when they are here.
        body["fills_missing"] = True
    if fact.fill is not None:
        body |= _fill_body(fact.fill)
    if fact.filled_quantity is not None:
        body["reported_quantity"] = str(fact.filled_quantity)
    if fact.input is Input.AMENDED and fact.terms is not None:
        body |= _terms_body(fact.terms)
    return _KIND[fact.input], canonical(body)


def _fill_body(fill: Fill) -> dict[str, Any]:
    return {
        "exec_id": fill.exec_id,
        "trade_id": fill.trade_id,
        "order_id": fill.order_id,
        "pair": fill.pair,
        "side": fill.side,
        "quantity": str(fill.quantity),
        "price": str(fill.price),
        "cost": plain(fill.cost),
        "fee": plain(fill.fee),
        "fee_asset": fill.fee_asset,
        "liquidity": fill.liquidity,
        "exchange_ns": fill.exchange_ns,
    }


def cancel_row(order: Order, why: str) -> tuple[str, str]:
    """Kind and body of the row that makes the wish to cancel durable."""
    body = {"order_id": order.order_id, "reason": why, "state": order.state}
    return CANCEL_REQUESTED, canonical(body)


def amend_row(before: Order, after: Order, cause: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and body of the row that must be durable before an amend leaves.

    Args:
        cause: Why, risk's verdict, and the decision it follows from.
    """
    assert after.amend is not None
    body = _terms_body(after.amend.terms) | {
        "order_id": after.order_id,
        "was_quantity": str(before.terms.quantity),
        "was_limit_price": _text(before.terms.limit_price),
        "number": after.amend.number,
        "not_after_ns": after.amend.not_after_ns,
        "state": after.state,
    }
    return AMENDING, canonical({**body, **cause})


def _terms_body(terms: Terms) -> dict[str, Any]:
    return {"quantity": str(terms.quantity), "limit_price": _text(terms.limit_price)}


def _terms(body: Mapping[str, Any]) -> Terms:
    price = body["limit_price"]
    return Terms(Quantity.of(body["quantity"]), None if price is None else Price.of(price))


def _text(price: Price | None) -> str | None:
    return None if price is None else plain(price.value)


def fold(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> Order | None:
    """The order that ``(kind, body)`` rows of one stream add up to, None for no rows.

    Raises:
        UnexpectedFact: The rows contradict the table of states.
        ValueError: The first row does not describe an order.
    """
    order: Order | None = None
    for kind, body in rows:
        order = _open(kind, body) if order is None else _step(order, kind, body)
    return order


def end_in(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> End | None:
    """How the order ended whose rows these are; None where it has not, or its last row does not tell.

    What an order has come to is in each row of a fact: a fold would make all of it anew.
    """
    last = rows[-1][1]
    state, order_id, filled = _STATE[last["state"]], last["order_id"], last.get("filled_quantity")
    is_open = state not in CONCLUDED or last.get("fills_missing", False)
    if is_open or order_id is None or filled is None:
        return None
    fills = frozenset([body["exec_id"] for kind, body in rows if kind == _KIND[Input.FILL]])
    return End(state, order_id, Decimal(filled), fills)


def _open(kind: str, body: Mapping[str, Any]) -> Order:
    if kind not in (SENDING, ADOPTED, DENIED):
        raise ValueError(f"the first row of an order is {kind}")
    terms, trigger = _terms(body), body.get("trigger_price")
    intent = quick_intent(
        intent_id=body["intent_id"],
        source=body["source"],
        slot=body["slot"],
        pair=body["pair"],
        side=SIDES[body["side"]],
        order_type=_ORDER_TYPE[body["order_type"]],
        quantity=terms.quantity,
        limit_price=terms.limit_price,
        time_in_force=_TIME_IN_FORCE[body["time_in_force"]],
        post_only=body["post_only"],
        decision=body["decision"],
        # Rows of before these were known lack them.
        trigger_price=None if trigger is None else Price.of(trigger),
        reduce_only=body.get("reduce_only", False),
        expires_ns=body.get("expires_ns"),
    )
    return Order(
        intent=intent,
        state=_STATE[body["state"]],
        cl_ord_id=body["cl_ord_id"],
        route=_ROUTE[body["route"]],
        not_after_ns=body["not_after_ns"],
        order_id=body["order_id"],
        reason=body["reason"],
    )


def _step(order: Order, kind: str, body: Mapping[str, Any]) -> Order:
    if kind == CANCEL_REQUESTED:
        return evolved(order, cancel=CancelProgress.REQUESTED)
    if kind == AMENDING:
        return amending(order, Amend(_terms(body), body["number"], body["not_after_ns"]))
    reported = body.get("reported_quantity")
    happened = _INPUT[kind]
    fact = quick_fact(
        input=happened,
        order_id=body["order_id"],
        fill=fill_of(body) if happened is Input.FILL else None,
        filled_quantity=None if reported is None else Quantity.of(reported),
        reason=body["reason"],
        exchange_ns=body["exchange_ns"],
        terms=_terms(body) if happened is Input.AMENDED else None,
    )
    return apply(order, fact)


def fill_of(body: Mapping[str, Any]) -> Fill:
    """The execution that a row of the kind ``order.fill`` tells of."""
    return quick_fill(
        exec_id=body["exec_id"],
        trade_id=body["trade_id"],
        order_id=body["order_id"],
        pair=body["pair"],
        side=SIDES[body["side"]],
        quantity=Quantity.of(body["quantity"]),
        price=Price.of(body["price"]),
        cost=Decimal(body["cost"]),
        fee=Decimal(body["fee"]),
        fee_asset=body["fee_asset"],
        liquidity=body["liquidity"],
        exchange_ns=body["exchange_ns"],
    )
