"""What the log says of an order's changes."""

from zoe.domain.order import CancelProgress, Order
from zoe.runtime.log import log


def log_change(before: Order, after: Order) -> None:
    """One line for a change that is durable."""
    if not log.tells_changes:
        return
    intent = after.intent
    # As they are: whoever writes the line makes texts of them, and not before the order has left.
    log.info(
        "order.state_changed",
        intent_id=intent.intent_id,
        order_id=after.order_id,
        side=intent.side,
        quantity=after.terms.quantity,
        pair=intent.pair,
        limit_price=after.terms.limit_price,
        was=before.state,
        state=after.state,
        cancel=None if after.cancel is CancelProgress.NONE else after.cancel,
        amend=None if after.amend is None else f"{after.amend.terms} {after.amend.progress.value}",
        filled=after.filled,
        reason=after.reason,
    )
