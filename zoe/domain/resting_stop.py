"""Stops that a strategy lets rest at the exchange: they guard a position while nobody is here.

A guard is the stop-loss-limit of a strategy's slot. Its limit stands a fixed distance under its
trigger, the one that it was placed with: an amend that moves the limit moves the trigger by as much.
So terms name both, and what is known of an amend of the one is known of the other.
"""

from zoe.domain.amend import Terms
from zoe.domain.order import Intent, OrderType
from zoe.domain.quantity import Price


def is_guard(intent: Intent) -> bool:
    """Whether an order is a strategy's resting stop; a person's own are as the person made them."""
    return (
        intent.order_type is OrderType.STOP_LOSS_LIMIT
        and intent.slot is not None
        and intent.trigger_price is not None
        and intent.limit_price is not None
    )


def trigger_at(intent: Intent, terms: Terms) -> Price | None:
    """What an order waits for under these terms."""
    if not is_guard(intent) or terms.limit_price is None:
        return intent.trigger_price
    assert intent.trigger_price is not None and intent.limit_price is not None
    return Price(terms.limit_price.value + intent.trigger_price.value - intent.limit_price.value)
