"""What is done for the working orders when the tree has given up: cancel them, once, by REST.

Best effort within a few seconds: nobody waits for proof, since the next start looks every order up.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from zoe.adapters.wire import once
from zoe.domain import order_record
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.domain.order import CONCLUDED, EXTERNAL, Order
from zoe.domain.resting_stop import is_guard
from zoe.messages.journal import StoredRow
from zoe.messages.wire import WireLost
from zoe.ports.venue import CancelByRest, Venue
from zoe.runtime.clock import Clock
from zoe.runtime.log import log

PATIENCE_NS: Final = 8_000_000_000
CALL_SECONDS: Final = 3


def own_orders(rows: Iterable[StoredRow]) -> tuple[Order, ...]:
    """This desk's orders among journal rows that are sorted by stream, those not concluded.

    But for stops that a strategy lets rest: they guard what is held when nobody is here.
    """
    found = []
    for _, stream in groupby(rows, key=lambda row: row.stream):
        order = order_record.fold((row.kind, row.body) for row in stream)
        if order is None or order.state in CONCLUDED or order.intent.source == EXTERNAL:
            continue
        if not is_guard(order.intent):
            found.append(order)
    return tuple(found)


def cancel(orders: Iterable[Order], venue: Venue, nonces: Iterator[int], clock: Clock) -> int:
    """Asks for a cancel of each order; how many the exchange took.

    Args:
        nonces: Durable, and beyond every one that was used.
    """
    taken = 0
    until_ns = clock.monotonic_ns() + PATIENCE_NS
    for order in orders:
        reason = "out of time"
        if clock.monotonic_ns() < until_ns:
            reason = _cancel_one(order, venue, next(nonces))
        taken += not reason
        log.critical(
            "desk.last_resort_cancel",
            intent_id=order.intent.intent_id,
            order_id=order.order_id,
            failed=reason or None,
        )
    return taken


def _cancel_one(order: Order, venue: Venue, nonce: int) -> str:
    """Why it failed; empty where it did not."""
    operation = CancelByRest(order.order_id, order.cl_ord_id)
    request = venue.request(operation, nonce)
    answer = once(request.on("last", nonce, CALL_SECONDS))
    if isinstance(answer, WireLost):
        return answer.reason
    try:
        venue.result(operation, answer.status, answer.body, None)
    except (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError) as problem:
        return str(problem)
    return ""
