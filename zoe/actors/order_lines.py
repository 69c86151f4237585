"""What the log says of an order's changes."""

from zoe.domain.order import CancelProgress, Order
from zoe.runtime.log import log


def log_change(before: Order, after: Order) -> None:
    """One line for a change that is durable."""
    if not log.tells_changes:
        return
    intent, price = after.intent, after.terms.limit_price
    log.info(
        "order.state_changed",
        intent_id=intent.intent_id,
        order_id=after.order_id,
        side=intent.side.value,
        quantity=str(after.terms.quantity),
        pair=intent.pair,
        limit_price=None if price is None else str(price),
        was=before.state.value,
        state=after.state.value,
        cancel=None if after.cancel is CancelProgress.NONE else after.cancel.value,
        amend=None if after.amend is None else f"{after.amend.terms} {after.amend.progress.value}",
        filled=str(after.filled),
        reason=after.reason,
    )
