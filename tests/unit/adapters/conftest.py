"""A desk with nothing but a wire: messages go to it, and its news comes into a queue."""

import queue
from collections.abc import Iterator
from typing import TypeVar

import pytest

from zoe.adapters.wire import ThreadWire
from zoe.messages.wire import WireClose
from zoe.runtime.message import Envelope, Message
from zoe.runtime.threads import ThreadRuntime

PATIENCE_SECONDS = 60
M = TypeVar("M", bound=Message)


class Wired:
    """Whoever sends to the wire and hears its news."""

    def __init__(self) -> None:
        self.runtime = ThreadRuntime(seed=1)
        self.news: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._me = self.runtime.endpoint("tester", lambda envelope: self.news.put(envelope.message))
        self._wire = ThreadWire(self.runtime)
        self._opened: set[str] = set()

    def tells(self, message: Message) -> None:
        """Sends a message to the wire."""
        number = self.runtime.next_id()
        self._opened.add(getattr(message, "connection", ""))
        self._wire.handle(Envelope(message, number, number, None, None, self._me, 0))

    def hears(self, kind: type[M]) -> M:
        """The next news, which must be of this kind."""
        said = self.news.get(timeout=PATIENCE_SECONDS)
        assert isinstance(said, kind), said
        return said

    def ends(self) -> None:
        """Closes what is open and lets the threads go."""
        for name in self._opened - {""}:
            self.tells(WireClose(name))
        self.runtime.finish(0)


@pytest.fixture
def wired() -> Iterator[Wired]:
    """A wire of its own for each test."""
    made = Wired()
    yield made
    made.ends()
