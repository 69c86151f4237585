"""Mailbox: three lanes, a bound, and a life longer than its actor's.

ORDERED mail goes through one SimpleQueue without a Python lock. A LATEST message leaves a token in
that queue, so that its key keeps its place in line, and the newest message of the key in a dict
under the one lock there is. CONTROL mail has a deque of its own, looked at first. What an actor
that holds its mail has taken from the queue waits in ``_held``, ahead of the queue.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Final

import attrs

from zoe.runtime.message import Envelope, Lane

_WAKE: Final = object()


@attrs.frozen(eq=False)
class _Token:
    key: Hashable


class Mailbox:
    """Mail of one address.

    Args:
        capacity: Bound of the ordered lane.
        refuse: Whether mail beyond the bound is refused; otherwise it grows.
    """

    def __init__(self, capacity: int = 100_000, *, refuse: bool = False) -> None:
        self.capacity = capacity
        self.refuse = refuse
        self.closed = False
        self.replaced = 0
        #: Called after each put; a scheduler that runs several mailboxes in a thread sets it.
        self.notify: Callable[[], None] | None = None
        self._queue: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._control: deque[Envelope] = deque()
        self._latest: dict[Hashable, Envelope] = {}
        self._held: deque[Envelope | _Token] = deque()
        self._lock = threading.Lock()

    def put(self, envelope: Envelope) -> bool:
        """Takes an envelope; False when it is refused for lack of room."""
        lane = envelope.message.lane
        if lane is Lane.ORDERED:
            if self.refuse and self._queue.qsize() >= self.capacity:
                return False
            self._queue.put(envelope)
        elif lane is Lane.CONTROL:
            self._control.append(envelope)
            self._queue.put(_WAKE)
        elif not self._put_latest(envelope):
            return True
        if self.notify is not None:
            self.notify()
        return True

    def _put_latest(self, envelope: Envelope) -> bool:
        key = (type(envelope.message), envelope.message.key)
        with self._lock:
            known = key in self._latest
            self._latest[key] = envelope
            if known:
                self.replaced += 1
                return False
        self._queue.put(_Token(key))
        return True

    def wake(self) -> None:
        """Makes a waiting reader look at its actor's state again."""
        self._queue.put(_WAKE)
        if self.notify is not None:
            self.notify()

    def take(self, *, block: bool, holding: bool) -> Envelope | None:
        """The next envelope.

        Args:
            block: Wait for mail; None still comes back after a ``wake``.
            holding: Only CONTROL mail; all else is set aside in order.
        """
        if self._control:
            return self._control.popleft()
        if not holding and self._held:
            return self._open(self._held.popleft())
        item: object = _WAKE
        while item is _WAKE:
            try:
                item = self._queue.get(block)
            except queue.Empty:
                return None
            if item is _WAKE and (block or self._control):
                return self._control.popleft() if self._control else None
        assert isinstance(item, Envelope | _Token)
        if holding:
            self._held.append(item)
            return None
        return self._open(item)

    def put_back(self, envelope: Envelope) -> None:
        """Returns what was taken by a reader that may not handle it: first in line again."""
        self._held.appendleft(envelope)
        if self.notify is not None:
            self.notify()

    def _open(self, item: Envelope | _Token) -> Envelope:
        if isinstance(item, Envelope):
            return item
        with self._lock:
            return self._latest.pop(item.key)

    def has_mail(self, *, holding: bool) -> bool:
        """Whether ``take`` would find something."""
        if self._control:
            return True
        return not holding and bool(self._held or not self._queue.empty())

    def __len__(self) -> int:
        return self._queue.qsize() + len(self._held) + len(self._control)

    def drain(self) -> list[Envelope]:
        """Takes everything out, for dead letters."""
        mail: list[Envelope] = []
        while len(self):
            envelope = self.take(block=False, holding=False)
            if envelope is not None:
                mail.append(envelope)
        return mail
