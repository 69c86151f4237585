"""What decodes frames in a reader's thread."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from zoe.runtime.message import Message


class FrameReader(Protocol):
    """Turns the frames of one connection into messages; one instance a connection."""

    def feed(self, payload: bytes, received_ns: int) -> Iterable[Message]:
        """What a frame says; never raises on bad input, which is a message of its own."""

    def feed_all(self, payloads: Iterable[bytes], received_ns: int) -> Iterable[Sequence[Message]]:
        """What frames say that were received together: of what only the newest counts, that alone.

        It comes in parts, and each is told before the next is asked for: first what is decided on, then what
        traded, then the rest, for which others may be let go first.
        A connection is read by one of the two: what is told together and what is told alone do not take
        each other's place.
        """
