"""One actor on a stage: virtual time, and everybody else's address recorded."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from zoe.messages.journal import Hydrate, Hydrated, Record, Recorded, StoredRow
from zoe.runtime.actor import Actor
from zoe.runtime.message import Envelope, Message
from zoe.runtime.supervisor import Child
from zoe.runtime.virtual import VirtualRuntime

M = TypeVar("M", bound=Message)


class Stage:
    """Runs one actor; what it tells others is in ``said``, by their names.

    Args:
        others: Addresses whose mail is recorded.
        rows: What the journal has of any stream; it answers at once, and keeps what is recorded.
    """

    def __init__(
        self,
        name: str,
        factory: Callable[[], Actor],
        others: tuple[str, ...],
        rows: tuple[StoredRow, ...] = (),
    ) -> None:
        self.runtime = VirtualRuntime(1)
        self.said: dict[str, list[Message]] = {other: [] for other in others}
        self.records: list[Record] = []
        self.answering = True
        self._rows = rows
        self._name = name
        for other in others:
            self.runtime.endpoint(other, partial(self._heard, other))
        self.runtime.endpoint("journal", self._journal)
        self.runtime.root((Child(name, factory),))
        self.runtime.run_for(0.01)

    def _heard(self, to: str, envelope: Envelope) -> None:
        self.said[to].append(envelope.message)

    def _journal(self, envelope: Envelope) -> None:
        message = envelope.message
        if isinstance(message, Hydrate):
            self.runtime.post(message.reply_to, Hydrated(message.ref, self._rows), cause=envelope)
        elif isinstance(message, Record):
            self.records.append(message)
            if message.reply_to is not None and self.answering:
                self.runtime.post(message.reply_to, Recorded(message.ref), cause=envelope)

    def tell(self, message: Message, seconds: float = 0.05) -> None:
        """Tells the actor, and lets virtual time pass."""
        self.runtime.find(self._name).tell(message)
        self.runtime.run_for(seconds)

    def run(self, seconds: float) -> None:
        """Lets virtual time pass."""
        self.runtime.run_for(seconds)

    def heard(self, to: str, kind: type[M]) -> list[M]:
        """What ``to`` was told of one kind."""
        return [message for message in self.said[to] if isinstance(message, kind)]
