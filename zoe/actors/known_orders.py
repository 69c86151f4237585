"""Orders as the journal's rows tell of them: what they are, and how old the exchange counts them."""

from collections.abc import Mapping
from typing import Any

from zoe.domain import order_record
from zoe.domain.order import Order
from zoe.domain.order_interest import AGE_ROWS
from zoe.messages.journal import Hydrated

#: Kind and body of each row of an order.
Rows = list[tuple[str, Mapping[str, Any]]]


def orders_in(answer: Hydrated) -> list[Order]:
    """The orders whose rows these are, each from its own stream."""
    folded = map(order_record.fold, _streams(answer).values())
    return [order for order in folded if order is not None]


def rows_in(answer: Hydrated) -> dict[str | None, Rows]:
    """The orders' rows by the ids that the exchange has given them."""
    return {rows[-1][1]["order_id"]: rows for rows in _streams(answer).values()}


def _streams(answer: Hydrated) -> dict[str, Rows]:
    streams: dict[str, Rows] = {}
    for row in answer.rows:
        streams.setdefault(row.stream, []).append((row.kind, row.body))
    return streams


def ages_in(answer: Hydrated, now_ns: int) -> dict[str, int]:
    """The orders' ages by their streams, or a little less; none of an order of which that is not known.

    Args:
        now_ns: Wall time.
    """
    began_ns: dict[str, int] = {}
    for row in answer.rows:
        if row.kind in AGE_ROWS:
            began_ns[row.stream] = row.at_ns
        elif row.kind == order_record.AMENDING:
            # It may have begun the age anew.
            began_ns.pop(row.stream, None)
    return {stream: max(now_ns - at_ns, 0) for stream, at_ns in began_ns.items()}
