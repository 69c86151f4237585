"""What risk has approved and has not been seen to leave: a part of the OrderDesk.

It may leave at any moment, once its permit has come. A RiskOfficer that is begun again would not know
of it until then, and would give the same room away twice.
"""

from zoe.domain.order import CONCLUDED, Intent, Order
from zoe.messages.orders import AmendDenied, AmendOrder, Asked


class Approved:
    """Orders and amends on their way from the verdict to the row that they leave by."""

    def __init__(self) -> None:
        self._orders: dict[str, Intent] = {}
        #: Of each order the oldest first.
        self._amends: dict[str, list[Asked]] = {}

    def order(self, intent: Intent) -> None:
        """An order has been approved."""
        self._orders[intent.intent_id] = intent

    def amend(self, wish: AmendOrder) -> None:
        """An amend has been approved."""
        asked = Asked(wish.intent, wish.terms)
        self._amends.setdefault(wish.intent.intent_id, []).append(asked)

    def denied(self, denied: AmendDenied) -> None:
        """An amend will not leave."""
        amends = self._amends.get(denied.intent_id, [])
        gone = next((asked for asked in amends if asked.terms == denied.terms), None)
        if gone is not None:
            amends.remove(gone)

    def changed(self, order: Order) -> None:
        """An order's durable change: it has left, and maybe an amend of it."""
        intent_id = order.intent.intent_id
        self._orders.pop(intent_id, None)
        if order.state in CONCLUDED:
            self._amends.pop(intent_id, None)
        elif order.amend is not None and intent_id in self._amends:
            wanted = [asked.terms for asked in self._amends[intent_id]]
            if order.amend.terms in wanted:
                # What was approved before it has been denied, or was lost with the order's actor.
                del self._amends[intent_id][: wanted.index(order.amend.terms) + 1]

    def forget(self, intent_id: str) -> None:
        """The order was never sent, or is known no more."""
        self._orders.pop(intent_id, None)
        self._amends.pop(intent_id, None)

    def waiting(self) -> tuple[Asked, ...]:
        """All of it, orders first."""
        orders = [Asked(intent, intent.terms) for intent in self._orders.values()]
        return (*orders, *(asked for amends in self._amends.values() for asked in amends))
