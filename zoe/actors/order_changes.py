"""Changes of an order on their way to being durable, a part of the OrderActor."""

from typing import Any, Final

import attrs

from zoe.domain.amend import Progress
from zoe.domain.errors import UnexpectedFact
from zoe.domain.order import (
    INFERRED,
    STALE,
    CancelProgress,
    Fact,
    Input,
    Order,
    State,
    quick_fact,
)
from zoe.domain.order_inputs import apply
from zoe.domain.order_news import news
from zoe.domain.order_record import fact_row
from zoe.domain.quick import quick
from zoe.messages.gateway import AddSettled, Sent
from zoe.messages.journal import Row, quick_row

#: What an answer to an add means to the order.
SETTLED_AS: Final = {
    Sent.ACCEPTED: Input.ACKNOWLEDGED,
    Sent.REFUSED: Input.REFUSED,
    Sent.THROTTLED: Input.REFUSED,
    Sent.NOT_SENT: Input.NOT_SENT,
    Sent.LOST: Input.LOST,
}
#: Facts of which the second, where it waits already, is made durable and told with the first.
TOGETHER: Final = frozenset(
    {
        (Input.ACKNOWLEDGED, Input.LIVE),
        (Input.FILL, Input.COMPLETED),
        (Input.FILL, Input.CANCELED),
        (Input.FILL, Input.EXPIRED),
    }
)


@attrs.frozen(weakref_slot=False)
class Change:
    """The order after it, what caused it, and its rows: kind and body of each."""

    after: Order
    fact: Fact | None
    rows: tuple[tuple[str, str], ...]

    def durable(self, stream: str, version: int) -> tuple[Row, ...]:
        """The rows as they follow this version of the order's stream."""
        following = enumerate(self.rows, version + 1)
        return tuple([quick_row(stream, number, kind, body) for number, (kind, body) in following])


_change: Final = quick(Change)


def by_answer(order: Order, answer: AddSettled) -> Fact | None:
    """What an answer to an add says; None where reports that were quicker have said as much."""
    happened = SETTLED_AS[answer.outcome]
    if (order.state, happened) in STALE and answer.order_id == order.order_id:
        return None
    return quick_fact(happened, answer.order_id, reason=answer.reason)


def by_fact(order: Order, fact: Fact, waiting: list[Any]) -> Change | None:
    """What a fact does, and the one that waits behind it where both are one change to everybody;
    that one then waits no longer. None where it does nothing.

    Raises:
        UnexpectedFact: The fact contradicts what is known.
    """
    after = apply(order, fact)
    if after is order:
        return None
    row = fact_row(after, fact)
    behind = waiting[0] if waiting else None
    if isinstance(behind, Fact) and (fact.input, behind.input) in TOGETHER:
        last = _after(after, behind)
        if last is not None:
            del waiting[0]
            return _change(last[0], fact, (row, last[1]))
    return _change(after, fact, (row,))


def _after(order: Order, fact: Fact) -> tuple[Order, tuple[str, str]] | None:
    """The order after this fact too, and the row; None where that is for the fact's own turn to say."""
    said = news(order, fact)
    if len(said) > 1:
        return None
    try:
        after = apply(order, said[0])
    except UnexpectedFact:
        return None
    return None if after is order else (after, fact_row(after, said[0]))


def in_doubt(order: Order) -> bool:
    """Whether only a look can tell what became of the order, or of its amend."""
    amend = order.amend
    return order.state is State.IN_DOUBT or (
        amend is not None and amend.progress is Progress.IN_DOUBT
    )


def asks_to_cancel(before: Order, after: Order) -> bool:
    """Whether leave to cancel is asked for by a change."""
    if after.cancel is not CancelProgress.REQUESTED:
        return False
    return before.cancel is CancelProgress.NONE or before.state in INFERRED
