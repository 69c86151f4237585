"""Who hears of an order's changes, and of which; a part of the OrderDesk.

Some hear of every order, of what alters their view of it; whoever asked for one hears of all its own.
That an order is on its way says nothing to those who sent it there, risk that approved it and the
Repositioner where it wished for it: they count on it from then on. But a report that somebody asked
for while the order waited did not show it, and whoever asked may have forgotten it.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Final

from zoe.domain.order import Order, State
from zoe.domain.order_interest import (
    Interest,
    alters_anything,
    alters_doubts,
    alters_lists,
    alters_risk,
)
from zoe.messages.orders import OrderChanged
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address

RISK: Final = "risk"
REPOSITIONER: Final = "repositioner"
_NOBODY: Final[tuple[str, ...]] = ()


class OrderAudience:
    """Tells an order's changes to whoever they concern.

    Args:
        listeners: Names of more actors that hear of every change of every order.
        compared: Whether the Reconciler hears of what the exchange's lists should show; otherwise of
            doubts only.
    """

    def __init__(self, desk: Actor, listeners: tuple[str, ...], *, compared: bool) -> None:
        self._desk = desk
        self._interests: dict[str, Interest] = {RISK: alters_risk, REPOSITIONER: alters_anything}
        self._interests["reconciler"] = alters_lists if compared else alters_doubts
        self._interests |= dict.fromkeys(listeners, alters_anything)
        #: Who hears of one order: those who would hear of it anyway apart.
        self._followers: dict[str, dict[str, Address]] = {}
        self._senders: dict[str, dict[str, Address]] = {}
        #: Orders that waited when a report was made.
        self._unreported: set[str] = set()

    def follow(self, intent_id: str, follower: Address) -> None:
        """Adds a follower, which hears of every change of the order."""
        followers = self._senders if follower.name in self._interests else self._followers
        followers.setdefault(intent_id, {})[follower.name] = follower

    def forget(self, intent_id: str) -> dict[str, Address]:
        """Nothing more is told of an order; who followed it."""
        self._unreported.discard(intent_id)
        return self._senders.pop(intent_id, {}) | self._followers.pop(intent_id, {})

    def reported(self, orders: Mapping[str, Order | None]) -> None:
        """A report was made of these orders: of those that still wait it says nothing."""
        self._unreported |= {intent_id for intent_id, order in orders.items() if order is None}

    def tell(self, before: Order | None, news: OrderChanged) -> None:
        """Tells a change of an order; ``before`` is None where nobody knew the order."""
        order, fact, tell = news.order, news.fact, self._desk.tell
        intent_id, senders = order.intent.intent_id, _NOBODY
        if before is None and order.state is State.SENDING and intent_id not in self._unreported:
            senders = (RISK, *self._senders.get(intent_id, ()))
        for name, address, alters in self._told:
            if name not in senders and alters(before, order, fact):
                tell(address, news)
        if intent_id in self._followers:
            for follower in self._followers[intent_id].values():
                tell(follower, news)

    @cached_property
    def _told(self) -> list[tuple[str, Address, Interest]]:
        """Who hears of every order, and of which changes; looked up at the first use, when the desk
        lives."""
        return [(name, self._desk.find(name), alters) for name, alters in self._interests.items()]
