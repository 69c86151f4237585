"""The private stream as the Reconciler hears of it: a part of it, which owns this one."""

from typing import Final

from zoe.runtime.actor import Actor

#: A stream that breaks is mostly there again by then, and the look that it needs serves doubts too.
_ALONE_AFTER_NS: Final = 500_000_000


class PrivateStream:
    """Whether the private stream is there, and how long looks wait for one that is not.

    Attributes:
        is_open: Whether it is there.
        opened_ns: When it was opened last (steady time).
    """

    def __init__(self, owner: Actor) -> None:
        self._owner = owner
        self.is_open = False
        self.opened_ns = 0
        #: From when on what is in doubt is looked for without it.
        self._alone_from_ns = 0

    def opened(self, now_ns: int) -> None:
        """The stream is live from here on."""
        self.is_open, self.opened_ns = True, now_ns

    def away(self) -> None:
        """The stream has ended; a new one is expected soon."""
        self.is_open = False
        self._alone_from_ns = self._owner.clock.monotonic_ns() + _ALONE_AFTER_NS

    def awaited_ns(self) -> int:
        """How long one that is away is waited for, before looks go on without it."""
        if self.is_open:
            return 0
        return max(self._alone_from_ns - self._owner.clock.monotonic_ns(), 0)
