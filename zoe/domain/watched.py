"""Work that takes long enough for somebody to want to see how far it is."""

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Watched(Protocol):
    """Gives the items of a stage of the work on, and sees which is their turn."""

    def __call__(self, items: Iterable[T], unit: str, total: int, /) -> Iterable[T]:
        """The items, in their order.

        Args:
            unit: What they are, as people name many of them.
        """


def unwatched(items: Iterable[T], _unit: str, _total: int, /) -> Iterable[T]:
    """The items, which nobody looks at."""
    return items
