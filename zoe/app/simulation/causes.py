"""Causes: what is noted of every message of a world's desks.

Whether every action that the exchange can see reaches an input event by its parents, and when the
counter of REST calls kept the desk from looking.
"""

from zoe.messages.limits import RestHeld
from zoe.messages.wire import WireRequest, WireSend
from zoe.runtime.message import Envelope

_VISIBLE = frozenset({WireRequest, WireSend})
_NOTED = _VISIBLE | {RestHeld}


class Causes:
    """Notes each message that is delivered, over all of an account's desks."""

    def __init__(self) -> None:
        #: Causation and correlation of each message.
        self._known: dict[int, tuple[int | None, int]] = {}
        self._visible: list[int] = []
        #: From when until when calls were held back (monotonic).
        self.held: list[tuple[int, int]] = []

    def note(self, envelope: Envelope) -> None:
        """A message is on its way."""
        self._known[envelope.message_id] = (envelope.causation_id, envelope.correlation_id)
        message = envelope.message
        if type(message) not in _NOTED:
            return
        if type(message) in _VISIBLE:
            self._visible.append(envelope.message_id)
        elif isinstance(message, RestHeld):
            self.held.append((envelope.sent_ns, message.cheap_ns))

    def violations(self) -> list[str]:
        """Every visible action whose chain breaks off, or changes its root cause on the way."""
        return [problem for number in self._visible if (problem := self._problem(number))]

    def _problem(self, action: int) -> str | None:
        cause, root = self._known[action]
        while cause is not None:
            found = self._known.get(cause)
            if found is None:
                return f"action {action} follows from {cause}, which is no message"
            if found[1] != root:
                return f"action {action} has another root cause than {cause}, which it follows from"
            cause = found[0]
        return None
