"""Causes: what is noted of every message of a world's desks.

Whether every action that the exchange can see reaches an input event by its parents, and when the
counter of REST calls kept the desk from looking.
"""

from array import array
from collections.abc import Mapping
from itertools import count
from typing import Final

from zoe.messages.limits import RestHeld
from zoe.messages.wire import WireRequest, WireSend
from zoe.runtime.message import Envelope

_VISIBLE: Final = (WireRequest, WireSend)
_NONE: Final = -1


class Causes:
    """Notes each message that is handled, and each that goes to the exchange, over all of an
    account's desks."""

    def __init__(self) -> None:
        self._numbers = array("q")
        self._roots = array("q")
        self._parents = array("q")
        self._visible: list[int] = []
        #: From when until when calls were held back (monotonic).
        self.held: list[tuple[int, int]] = []

    def turns(self, numbers: "array[int]", roots: "array[int]", parents: "array[int]") -> None:
        """Messages have been handled: their ids, those of their roots and of their causes."""
        self._numbers += numbers
        self._roots += roots
        self._parents += parents

    def note(self, envelope: Envelope) -> None:
        """A message has come to where the exchange is."""
        self._numbers.append(envelope.message_id)
        self._roots.append(envelope.correlation_id)
        self._parents.append(_NONE if envelope.causation_id is None else envelope.causation_id)
        if isinstance(envelope.message, _VISIBLE):
            self._visible.append(envelope.message_id)

    def held_back(self, envelope: Envelope) -> None:
        """The Gateway hears until when its calls must wait."""
        assert isinstance(envelope.message, RestHeld), "nothing else holds them back"
        self.held.append((envelope.sent_ns, envelope.message.cheap_ns))

    def violations(self) -> list[str]:
        """Every visible action whose chain breaks off, or changes its root cause on the way."""
        places = dict(zip(self._numbers, count()))
        sound: set[int] = set()
        return [p for number in self._visible if (p := self._problem(number, places, sound))]

    def _problem(self, action: int, places: Mapping[int, int], sound: set[int]) -> str | None:
        """What is wrong with the chain of an action.

        Args:
            places: Where what is noted of each message stands.
            sound: Messages whose chains reach their roots; grows by this one's.
        """
        cause, root = self._parents[places[action]], self._roots[places[action]]
        passed = [action]
        while cause != _NONE:
            place = places.get(cause)
            if place is None:
                return f"action {action} follows from {cause}, which is no message"
            if self._roots[place] != root:
                return f"action {action} has another root cause than {cause}, which it follows from"
            if cause in sound:
                break
            passed.append(cause)
            cause = self._parents[place]
        sound.update(passed)
        return None
