"""Orders that the exchange has acknowledged, and that no list of its shows any more.

A part of the Reconciler, which owns it. Lists lag, and an end that nobody told us of is in one of them:
a look that misses such an order is followed by others. One that stays away for longer than lists may
lag is asked for by its id; where the exchange twice knows no such order, a while apart, it is gone.
That is an inference (decision 0030): whatever shows the order meanwhile begins all of this anew.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from zoe.actors.look import Look
from zoe.domain.order import Fact, Input, Order, State
from zoe.domain.words import counted
from zoe.messages.orders import OrderFact
from zoe.ports.venue import MOST_ORDERS
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

#: So many lags no list shows an order before it is asked for by its id, and between two answers.
ASKED_AFTER_LAGS: Final = 4
AGAIN_AFTER_LAGS: Final = 2
#: So many answers must say that there is no such order.
ENOUGH: Final = 2
#: No list need show these.
_UNSEEN: Final = frozenset({State.IN_DOUBT, State.SENDING, State.WAITING})
_WHY: Final = "acknowledged, and now unknown to the exchange: asked for twice by its id"


@attrs.define
class _Missing:
    """An order that the newest looks have missed.

    Attributes:
        ask_ns: From when on it is asked for by its id (monotonic).
        unknown: How many answers knew of no such order.
    """

    order_id: str
    ask_ns: int
    unknown: int = 0


class Unlisted:
    """Follows orders that no list shows, for the Reconciler, and tells an order that it is gone.

    Args:
        lag_ns: How far the exchange's lists may lag behind its engine.
    """

    def __init__(self, owner: Actor, lag_ns: int) -> None:
        self._owner = owner
        self._lag_ns = lag_ns
        #: By intent.
        self._missing: dict[str, _Missing] = {}
        self._gone = 0

    @property
    def status(self) -> tuple[str, str]:
        """What status says of those that are gone: a person should look at them."""
        return (
            ("degraded", f", {counted(self._gone, 'order')} vanished") if self._gone else ("ok", "")
        )

    def due(self) -> tuple[str, ...]:
        """The exchange's ids of those that a look which begins now is to ask for, if it misses them."""
        if not self._missing:
            return ()
        now_ns = self._owner.clock.monotonic_ns()
        known = self._missing.values()
        return tuple(sorted(one.order_id for one in known if one.ask_ns <= now_ns))[:MOST_ORDERS]

    def forget(self) -> None:
        """The exchange was away: what it shows is counted from when it is back."""
        self._missing.clear()

    def saw(self, order_id: str) -> None:
        """The stream tells of an order."""
        if self._missing:
            self._missing = {n: one for n, one in self._missing.items() if one.order_id != order_id}

    def looked(self, look: Look, live: Sequence[Order]) -> int:
        """How many of the orders that live, by all we know, a look has missed that is over."""
        missed = [order for order in live if order.state not in _UNSEEN and look.misses(order)]
        if missed or self._missing:
            self._follow(look, {order.intent.intent_id: order.order_id for order in missed})
        return len(missed)

    def _follow(self, look: Look, names: Mapping[str, str | None]) -> None:
        for name in self._missing.keys() - names.keys():
            del self._missing[name]
        now_ns = self._owner.clock.monotonic_ns()
        for name, order_id in names.items():
            if order_id is None:
                continue
            known = self._missing.get(name)
            if known is None:
                ask_ns = now_ns + ASKED_AFTER_LAGS * self._lag_ns
                self._missing[name] = _Missing(order_id, ask_ns)
            elif order_id in look.asked:
                self._unknown(name, known, now_ns)

    def _unknown(self, name: str, known: _Missing, now_ns: int) -> None:
        known.unknown += 1
        known.ask_ns = now_ns + AGAIN_AFTER_LAGS * self._lag_ns
        if known.unknown >= ENOUGH:
            del self._missing[name]
            self._gone += 1
            log.error("order.vanished", intent_id=name, order_id=known.order_id)
            gone = Fact(Input.VANISHED, known.order_id, reason=_WHY)
            self._owner.tell(self._owner.find(f"orders/{name}"), OrderFact(gone))
