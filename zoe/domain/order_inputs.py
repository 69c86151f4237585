"""What each input does to an order, by the table in ``order``.

A command that the table lacks is an ``IllegalCommand``, and the order is unchanged. A fact that is
neither in the table nor listed as stale is an ``UnexpectedFact``, and reconciliation settles it.
"""

from collections.abc import Mapping
from typing import Any, Final

import attrs

from zoe.domain import amend
from zoe.domain.amend import Amend
from zoe.domain.errors import EarlyFact, IllegalCommand, UnexpectedFact
from zoe.domain.order import (
    ABOUT_AMENDS,
    COMMANDS,
    EXTERNAL,
    NEXT,
    OF_AMENDS,
    STALE,
    TERMINAL,
    CancelProgress,
    Fact,
    Input,
    Intent,
    Order,
    OrderType,
    Route,
    Side,
    State,
    filled_by,
)
from zoe.domain.quantity import Price, Quantity

#: All that is the same of every order that has not left.
_WAITING: Final = Order(
    Intent("", "", None, "", Side.BUY, OrderType.LIMIT, Quantity.of("1"), Price.of("1")),
    State.WAITING,
)


def waiting(intent: Intent) -> Order:
    """An order that has not left: as Order makes it, in a quarter of its time."""
    return _with(_WAITING, {"intent": intent})


def sending(intent: Intent, cl_ord_id: str, not_after_ns: int) -> Order:
    """The order that SEND makes of one that has not left."""
    return _with(_SENDING, {"intent": intent, "cl_ord_id": cl_ord_id, "not_after_ns": not_after_ns})


def evolved(order: Order, **changes: Any) -> Order:
    """An order but for some changes: what attrs.evolve does, in a tenth of its time.

    Args:
        changes: Those of ``fills`` and ``reported_filled`` come with what they sum up to.
    """
    return _with(order, changes)


def _with(order: Order, changes: dict[str, Any]) -> Order:
    changed = object.__new__(Order)
    object.__setattr__(changed, "__dict__", order.__dict__ | changes)
    return changed


def command(order: Order, wanted: Input, **changes: Any) -> Order:
    """Applies one of our own inputs, and the changes that it brings.

    Raises:
        IllegalCommand: The state does not allow it; the order is unchanged.
    """
    assert wanted in COMMANDS, wanted
    following = NEXT.get((order.state, wanted))
    if following is None:
        raise IllegalCommand(f"{wanted.value} while {order.state.value}")
    return evolved(order, state=following, **changes)


#: All that is the same of every order that is about to leave.
_SENDING: Final = command(_WAITING, Input.SEND, route=Route.WEBSOCKET)


def apply(order: Order, fact: Fact) -> Order:
    """Applies a fact; the same object comes back when the fact says nothing new.

    Raises:
        UnexpectedFact: The fact contradicts what is known; an EarlyFact only until an amend is told.
    """
    assert fact.input not in COMMANDS, fact.input
    told_id, known_id = fact.order_id, order.order_id
    if told_id is not None and known_id is not None and told_id != known_id:
        raise UnexpectedFact(f"order id {told_id} after {known_id}")
    changes = _told(order, fact)
    where = (order.state, fact.input)
    if where in STALE:
        return _with(order, changes) if changes else order
    following = NEXT.get(where)
    if following is None:
        raise UnexpectedFact(f"{fact.input.value} while {order.state.value}")
    if not changes and following is order.state:
        return order
    changes["state"] = following
    if following in TERMINAL:
        # It wins over what is still under way: there is nothing left to cancel or to amend.
        changes["cancel"], changes["amend"] = CancelProgress.NONE, None
    elif fact.input is Input.VANISHED:
        changes["amend"] = None
    if fact.reason is not None and fact.input not in ABOUT_AMENDS:
        changes["reason"] = fact.reason
    return _with(order, changes)


def amending(order: Order, wish: Amend) -> Order:
    """The order with an amend on its way.

    Raises:
        IllegalCommand: It does not work, it is being canceled, another amend is not settled, or
            the amend would change nothing.
    """
    if order.cancel is not CancelProgress.NONE:
        raise IllegalCommand("an amend while the order is being canceled")
    if wish.terms == order.terms:
        raise IllegalCommand(f"an amend to {wish.terms}, which it is already")
    return command(order, Input.AMEND, amend=amend.wanted(order.amend, wish))


def _told(order: Order, fact: Fact) -> dict[str, Any]:
    """What a fact says of the order's terms, id and quantities that is not known; not of its state."""
    changes: dict[str, Any] = {}
    if fact.input in ABOUT_AMENDS and order.state is State.WORKING:
        changes = _amended(order, fact)
    if order.order_id is None and fact.order_id is not None:
        changes["order_id"] = fact.order_id
    fill, reported = fact.fill, fact.filled_quantity
    filled = order.filled
    if fill is not None and fill.exec_id not in [known.exec_id for known in order.fills]:
        changes["fills"] = fills = (*order.fills, fill)
        filled, is_missing = filled_by(fills, order.reported_filled)
        changes["filled"], changes["fills_missing"] = filled, is_missing
    if reported is not None and reported.value > filled.value:
        filled = reported
        changes |= {"reported_filled": reported, "filled": reported, "fills_missing": True}
    if filled is not order.filled:
        _refuse_too_much(filled, order, changes)
    return changes


def _refuse_too_much(filled: Quantity, order: Order, changes: Mapping[str, Any]) -> None:
    # Whoever placed an external order may have changed its quantity since; and of one that has
    # ended no amend is told any more.
    if order.intent.source == EXTERNAL or order.state in TERMINAL:
        return
    terms = changes.get("amended", order.amended) or order.intent.terms
    pending = changes.get("amend", order.amend)
    most = terms.quantity
    if pending is not None and pending.terms.quantity > most:
        most = pending.terms.quantity
    if filled.value > most.value:
        raise EarlyFact(f"filled {filled} of {most}")


def _amended(order: Order, fact: Fact) -> dict[str, Any]:
    """What a fact changes of the order's terms and its amend."""
    turn, terms = OF_AMENDS.get(fact.input), order.terms
    if fact.input is Input.AMENDED:
        assert fact.terms is not None
        turn, terms = amend.seen(order.amend, fact.terms), fact.terms
    assert turn is not None
    # An amend below what is filled leaves that much, and ends the rest.
    terms = attrs.evolve(terms, quantity=max(terms.quantity, order.filled))
    pending = amend.after(order.amend, turn)
    if terms == order.terms and pending == order.amend:
        return {}
    return {"amend": pending, "amended": order.amended if terms == order.terms else terms}
