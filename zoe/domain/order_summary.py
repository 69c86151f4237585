"""An order as outside programs read it: text only, the exchange's own ids."""

from zoe.domain.order import Order
from zoe.domain.resting_stop import trigger_at


def summary(order: Order) -> dict[str, str | None]:
    """The columns of ``zoe orders``, as far as the order itself knows them."""
    intent, trigger = order.intent, trigger_at(order.intent, order.terms)
    return {
        "intent_id": intent.intent_id,
        "cl_ord_id": order.cl_ord_id,
        "order_id": order.order_id,
        "pair": intent.pair,
        "side": intent.side.value,
        "order_type": intent.order_type.value,
        "quantity": str(order.terms.quantity),
        "limit_price": None if order.terms.limit_price is None else str(order.terms.limit_price),
        "trigger_price": None if trigger is None else str(trigger),
        "filled_quantity": str(order.filled),
        "state": order.state.value,
        "source": intent.source,
        "slot": intent.slot,
        "reason": order.reason,
    }
