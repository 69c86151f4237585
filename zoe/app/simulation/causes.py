"""Causes: what is noted of every message of a world's desks.

Whether every action that the exchange can see reaches an input event by its parents, and when the
counter of REST calls kept the desk from looking.
"""

from collections.abc import Mapping

from zoe.messages.limits import RestHeld
from zoe.messages.wire import WireRequest, WireSend
from zoe.runtime.message import Envelope

_VISIBLE = frozenset({WireRequest, WireSend})
_NOTED = _VISIBLE | {RestHeld}


class Causes:
    """Notes each message that is delivered, over all of an account's desks."""

    def __init__(self) -> None:
        #: Id, causation and correlation of each message, one after the other.
        self._noted: list[int | None] = []
        self._visible: list[int] = []
        #: From when until when calls were held back (monotonic).
        self.held: list[tuple[int, int]] = []

    def note(self, envelope: Envelope) -> None:
        """A message is on its way."""
        self._noted += (envelope.message_id, envelope.causation_id, envelope.correlation_id)
        message = envelope.message
        if type(message) not in _NOTED:
            return
        if type(message) in _VISIBLE:
            self._visible.append(envelope.message_id)
        elif isinstance(message, RestHeld):
            self.held.append((envelope.sent_ns, message.cheap_ns))

    def violations(self) -> list[str]:
        """Every visible action whose chain breaks off, or changes its root cause on the way."""
        numbers, causes, roots = (self._noted[place::3] for place in range(3))
        known = dict(zip(numbers, zip(causes, roots, strict=True), strict=True))
        return [p for number in self._visible if (p := _problem(number, known))]


def _problem(action: int, known: Mapping[int | None, tuple[int | None, int | None]]) -> str | None:
    cause, root = known[action]
    while cause is not None:
        found = known.get(cause)
        if found is None:
            return f"action {action} follows from {cause}, which is no message"
        if found[1] != root:
            return f"action {action} has another root cause than {cause}, which it follows from"
        cause = found[0]
    return None
