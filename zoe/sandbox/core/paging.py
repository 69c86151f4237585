"""Pages of history: fifty rows from the newest, start exclusive, end inclusive (facts, 1.6)."""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final, TypeVar

import attrs

from zoe.sandbox.core.errors import invalid
from zoe.sandbox.core.moments import parse_seconds

PAGE: Final = 50
_FOREVER: Final = 2**63
#: Python's own spelling too: clients in that language send it.
TRUE: Final = frozenset({"true", "True", "1"})

T = TypeVar("T")
TimeOf = Callable[[str], int | None]


@attrs.frozen
class Window:
    """A span of time."""

    after_ns: int
    until_ns: int

    def has(self, at_ns: int) -> bool:
        """Whether it happened within."""
        return self.after_ns < at_ns <= self.until_ns


def window_of(params: Mapping[str, str], time_of: TimeOf) -> Window:
    """What ``start`` and ``end`` say: unix seconds, or an id that stands for its time.

    Args:
        time_of: The time of an id, None for what is none.

    Raises:
        Refusal: They are neither.
    """
    return Window(_moment(params, "start", time_of, -1), _moment(params, "end", time_of, _FOREVER))


def _moment(params: Mapping[str, str], name: str, time_of: TimeOf, otherwise: int) -> int:
    value = params.get(name)
    if not value:
        return otherwise
    known = time_of(value)
    if known is not None:
        return known
    try:
        return parse_seconds(value)
    except ValueError:
        raise invalid(name) from None


def page(
    name: str,
    params: Mapping[str, str],
    found: Iterable[T],
    row: Callable[[T], tuple[str, object]],
) -> dict[str, object]:
    """Rows from ``ofs`` on, and how many there are in all unless that is not wanted.

    Args:
        found: Newest first; read no further than needed.

    Raises:
        Refusal: ``ofs`` is not a number.
    """
    offset = params.get("ofs", "0") or "0"
    if not (offset.isascii() and offset.isdigit()):
        raise invalid("ofs")
    first = int(offset[:9])
    if params.get("without_count") in TRUE:
        return {name: dict(map(row, islice(found, first, first + PAGE)))}
    every = list(found)
    return {name: dict(map(row, every[first : first + PAGE])), "count": len(every)}
