"""Memory: the journal, which is all that an exchange started again knows."""

from collections.abc import Iterable
from typing import Protocol


class Memory(Protocol):
    """Lines of JSON, oldest first, without their line ends."""

    def append(self, lines: bytes) -> None:
        """Keep one or more whole lines, each with its line end, in one write.

        Called before any answer leaves. What it raises ends the exchange's work.
        """

    def lines(self) -> Iterable[bytes]:
        """Every line kept so far; an incomplete last one may be left out."""

    def keep(self, count: int) -> None:
        """Forget all but the first ``count`` lines: the rest was half of a write."""


class InMemory:
    """A journal that is gone with the process."""

    def __init__(self, lines: Iterable[bytes] = ()) -> None:
        self._lines = list(lines)
        #: Writes whose lines nobody has asked for yet.
        self._writes: list[bytes] = []

    def append(self, lines: bytes) -> None:
        """See Memory."""
        self._writes.append(lines)

    def lines(self) -> Iterable[bytes]:
        """See Memory."""
        return tuple(self._split())

    def _split(self) -> list[bytes]:
        self._lines += b"".join(self._writes).splitlines()
        self._writes.clear()
        return self._lines

    def keep(self, count: int) -> None:
        """See Memory."""
        del self._split()[count:]
