"""Address: where mail for an actor goes, before it lives, while it lives, and after a crash."""

from typing import TYPE_CHECKING, Any

from zoe.runtime.mailbox import Mailbox
from zoe.runtime.message import Message

if TYPE_CHECKING:
    from zoe.runtime.seam import Runtime


class AskTimeout(Exception):
    """Nobody answered in time."""


class AskFailed(Exception):
    """There will be no answer: the message was refused, or crashed its actor."""


class Address:
    """A stable name with a mailbox; equal to every other address of that name."""

    __slots__ = ("_runtime", "cell", "handler", "mailbox", "name")

    def __init__(self, name: str, runtime: "Runtime", mailbox: Mailbox) -> None:
        self.name = name
        self.mailbox = mailbox
        self.cell: Any = None
        self.handler: Any = None
        self._runtime = runtime

    @property
    def is_open(self) -> bool:
        """Whether mail sent here can still arrive: it waits over a restart, and dies with the end."""
        return self.mailbox.open or self.handler is not None

    def tell(self, message: Message, *, correlation_id: int | None = None) -> int:
        """Sends from outside any actor; returns the message id. Never blocks."""
        return self._runtime.post(self, message, correlation_id=correlation_id)

    def ask(self, message: Message, *, timeout_seconds: float) -> Message:
        """Sends and waits for the answer; only from outside actors.

        Raises:
            AssertionError: Called inside an actor's turn.
            AskTimeout: No answer in time.
            AskFailed: The message was refused or crashed its actor.
        """
        return self._runtime.ask(self, message, timeout_seconds)

    def __repr__(self) -> str:
        return f"Address({self.name!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)
