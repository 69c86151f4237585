"""An order's cancel, sent again until the order is gone: a part of the OrderActor, which owns it.

It leaves with a permit, so that the counter knows of it. A limiter that was restarted has forgotten
who waits, and an answer proves nothing: leave is asked for again where nothing was heard.
"""

from typing import Final

from zoe.actors.order_opening import PERMIT_SECONDS
from zoe.domain.order import Order
from zoe.messages.gateway import SendCancel
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor, Timer

RETRY_SECONDS: Final = (0.5, 1, 2, 4)
#: The timer after which leave is asked for again.
AGAIN: Final = "cancel"


class OrderCancels:
    """Sends one order's cancel, and sets the timer after which leave for another is asked."""

    def __init__(self, actor: Actor) -> None:
        self._actor = actor
        self._tries = 0
        self._timer: Timer | None = None

    def asked(self) -> None:
        """Leave was asked for, or will be with the row of the wish."""
        self._wake_after(PERMIT_SECONDS)

    def send(self, order: Order) -> None:
        """Sends the cancel, and sets the timer for the next one, later each time."""
        actor = self._actor
        actor.tell(actor.find("gateway"), SendCancel(order, actor.me))
        delay = RETRY_SECONDS[min(self._tries, len(RETRY_SECONDS) - 1)]
        self._tries += 1
        self._wake_after(delay * (1 + actor.rng.random() / 5))

    def ended(self) -> None:
        """Stops the timer: the order is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _wake_after(self, seconds: float) -> None:
        self.ended()
        self._timer = self._actor.after(seconds, Tick(AGAIN))
