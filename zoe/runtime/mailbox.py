"""Mailbox: three lanes, a bound, and a life longer than its actor's.

ORDERED mail stands in one line, a deque, whose ends are safe to use from any thread without a
lock. A LATEST message has its key in that line, and the newest message of that key takes the older one's
place, under the one lock there is; one that holds several things keeps those that only the older one had. CONTROL mail has a line of its own, looked at first.

A mailbox has one reader at a time. One that finds nothing raises ``asleep``, looks once more, and
only then waits: whoever puts mail after that sees the flag and calls ``notify``. So nothing sleeps
beside mail, and a busy reader costs its senders nothing.
"""

import threading
from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, Final, TypeAlias

from zoe.runtime.message import Envelope, Lane, Message

# An enum's members are looked up at a cost that shows on this path.
_ORDERED: Final = Lane.ORDERED
_CONTROL: Final = Lane.CONTROL

#: What stands in the line for the newest message of a type, of a key, and of an incarnation.
_Key: TypeAlias = tuple[type[Message], Hashable, Any]


def _nothing() -> None:
    """Wakes nobody: the mailbox has no reader yet."""


class Reader:
    """Whoever takes from a mailbox.

    Attributes:
        asleep: Whether it wants to be told of the next mail.
        notify: Tells it; may be called once too often, never once too seldom.
    """

    __slots__ = ("asleep", "notify")

    def __init__(self) -> None:
        self.asleep = False
        self.notify: Callable[[], object] = _nothing

    def wake(self) -> None:
        """Makes it look again if it waits."""
        if self.asleep:
            self.asleep = False
            self.notify()


class Mailbox:
    """Mail of one address.

    Args:
        capacity: Bound of the line.
        refuse: Whether mail beyond the bound is refused; otherwise the line grows.

    Attributes:
        open: False once mail must go elsewhere: the address has ended, or is an endpoint.
        reader: Of its own for each cell: one that ends must not put its successor's flag down.
        alarm: Told the length when a line that may grow passes its bound.
        replaced: LATEST messages that a newer one took the place of.
        taken: How much the reader has taken from the line.
        line: What waits, but for CONTROL mail, which is in ``control``.
    """

    def __init__(self, capacity: int = 100_000, *, refuse: bool = False) -> None:
        self.capacity = capacity
        self.refuse = refuse
        self.open = True
        self.reader = Reader()
        self.alarm: Callable[[int], object] | None = None
        self.replaced = 0
        self.taken = 0
        self.line: deque[Envelope | _Key] = deque()
        self.control: deque[Envelope] = deque()
        #: The newest of each key that stands in the line.
        self._latest: dict[_Key, Envelope] = {}
        self._lock = threading.Lock()
        self._alarmed = False

    def put(self, envelope: Envelope) -> bool:
        """Takes an envelope, from any thread; False when it is refused for lack of room."""
        lane = envelope.message.lane
        if lane is _ORDERED:
            if len(self.line) >= self.capacity and not self._has_room_for(envelope):
                return False
            self.line.append(envelope)
        elif lane is _CONTROL:
            self.control.append(envelope)
        elif not self._put_latest(envelope):
            return False
        reader = self.reader
        if reader.asleep:
            reader.asleep = False
            reader.notify()
        return True

    def put_in_passing(self, envelope: Envelope) -> bool:
        """As ``put``, of ORDERED mail, and wakes nobody: whoever puts it calls ``wake`` soon."""
        assert envelope.message.lane is _ORDERED, envelope.message
        if len(self.line) >= self.capacity and not self._has_room_for(envelope):
            return False
        self.line.append(envelope)
        return True

    def wake(self) -> None:
        """Makes whoever reads look again, if it waits."""
        self.reader.wake()

    def _has_room_for(self, envelope: Envelope) -> bool:
        # Its own timers and outcomes an actor has asked for: they cannot flood it, and one
        # that is lost is waited for forever.
        if self.refuse:
            return envelope.life is not None
        if not self._alarmed:
            self._alarmed = True
            if self.alarm is not None:
                self.alarm(len(self.line))
        return True

    def _put_latest(self, envelope: Envelope) -> bool:
        message = envelope.message
        # A tick of a past incarnation must not take the place of one of the present.
        key = (type(message), message.key, envelope.life)
        with self._lock:
            # Taken out before the newer one is put in: a reader gets one of the two without the lock.
            older = self._latest.pop(key, None)
            if older is None:
                if len(self.line) >= self.capacity and not self._has_room_for(envelope):
                    return False
                self._latest[key] = envelope
                self.line.append(key)
                return True
            envelope.message = message.over(older.message)
            self._latest[key] = envelope
            self.replaced += 1
        if older.slot is not None:
            older.slot.fail("replaced by a newer one")
        return True

    def take(self, holding: bool) -> Envelope | None:
        """The next envelope, None without one; for the one reader.

        Args:
            holding: Only CONTROL mail; all else stays where it is.
        """
        if self.control:
            return self.control.popleft()
        if holding or not self.line:
            return None
        item = self.line.popleft()
        self.taken += 1
        if self._alarmed and len(self.line) < self.capacity // 2:
            self._alarmed = False
        return item if isinstance(item, Envelope) else self._newest(item)

    def _newest(self, key: _Key) -> Envelope:
        found = self._latest.pop(key, None)
        if found is None:
            with self._lock:  # whoever replaces it just now has it
                found = self._latest.pop(key)
        return found

    def last(self) -> int:
        """What ``taken`` will be when all that is in line now has been taken."""
        return self.taken + len(self.line)

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not (self.line or self.control)

    def has_control(self) -> bool:
        """Whether CONTROL mail waits."""
        return bool(self.control)

    def __len__(self) -> int:
        return len(self.line) + len(self.control)

    def oldest_ns(self) -> int | None:
        """When the message that waits longest was sent; None without mail. From any thread."""
        sent = []
        for line in (self.control, self.line):
            try:
                first = line[0]
            except IndexError:  # the reader was quicker
                continue
            found = first if isinstance(first, Envelope) else self._latest.get(first)
            if found is not None:  # it has just been taken, or is replaced just now
                sent.append(found.sent_ns)
        return min(sent, default=None)

    def drain(self) -> list[Envelope]:
        """Takes everything out, in any thread: where two drain, each envelope has one taker."""
        mail: list[Envelope] = []
        for line in (self.control, self.line):
            while line:
                try:
                    item = line.popleft()
                except IndexError:  # the other one was quicker
                    break
                mail.append(item if isinstance(item, Envelope) else self._newest(item))
        return mail
