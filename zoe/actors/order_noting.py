"""Cancels while the store is down: noted on the disk, and only then sent (orders.md, section 9).

A part of the OrderActor, which owns it.
"""

from functools import partial
from typing import Final

import attrs

from zoe.domain.order import Order
from zoe.messages.gateway import SendCancel
from zoe.messages.system import Tick
from zoe.ports.journal import EmergencyNotes, NotedCancel
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message
from zoe.runtime.offload import Outcome

#: A cancel that was noted and changed nothing is noted and sent again after this.
NOTE_SECONDS: Final = 3
NOTE: Final = "note"


@attrs.frozen
class Noted(Message):
    """Whether a cancel was noted on the disk."""

    outcome: Outcome[None]


class OrderNoting:
    """Notes cancels of one order; does nothing where a desk has no place for notes."""

    def __init__(self, actor: Actor, stream: str, notes: EmergencyNotes | None) -> None:
        self._actor = actor
        self._stream = stream
        self._notes = notes

    def cancel(self, order: Order, why: str) -> None:
        """The store is down: the wish is noted on the disk, and only then does the cancel leave."""
        envelope = self._actor.envelope
        if self._notes is None:
            return
        assert envelope is not None
        intent_id = order.intent.intent_id
        log.warning("order.cancel_without_store", intent_id=intent_id, reason=why)
        cancel = NotedCancel(
            at_ns=self._actor.clock.wall_ns(),
            stream=self._stream,
            order_id=order.order_id,
            cl_ord_id=order.cl_ord_id,
            message_id=envelope.message_id,
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
        )
        self._actor.offload(partial(self._notes.note, cancel), Noted, lane="emergency")

    def send(self, order: Order) -> None:
        """Sends the cancel, which is noted by now."""
        self._actor.tell(self._actor.find("gateway"), SendCancel(order, self._actor.me))

    def again(self) -> None:
        """Sets the timer for another note: until the order is gone, or the store is back."""
        self._actor.after(NOTE_SECONDS, Tick(NOTE))
