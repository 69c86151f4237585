"""Pages of history: fifty rows from the newest, start exclusive, end inclusive (facts, 1.6)."""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from zoe.sandbox.core.errors import invalid
from zoe.sandbox.core.moments import parse_seconds

PAGE: Final = 50
_FOREVER: Final = 2**63
TRUE: Final = frozenset({"true", "1"})


@attrs.frozen
class Window:
    """A span of time."""

    after_ns: int
    until_ns: int

    def has(self, at_ns: int) -> bool:
        """Whether it happened within."""
        return self.after_ns < at_ns <= self.until_ns


def window_of(params: Mapping[str, str], ids: Mapping[str, int]) -> Window:
    """What ``start`` and ``end`` say: unix seconds, or an id that stands for its time.

    Raises:
        Refusal: They are neither.
    """
    return Window(_moment(params, "start", ids, -1), _moment(params, "end", ids, _FOREVER))


def _moment(params: Mapping[str, str], name: str, ids: Mapping[str, int], otherwise: int) -> int:
    value = params.get(name)
    if not value:
        return otherwise
    if value in ids:
        return ids[value]
    try:
        return parse_seconds(value)
    except ValueError:
        raise invalid(name) from None


def page(
    name: str, params: Mapping[str, str], rows: Sequence[tuple[str, object]]
) -> dict[str, object]:
    """Rows, newest first, from ``ofs`` on, and how many there are in all unless not wanted.

    Raises:
        Refusal: ``ofs`` is not a number.
    """
    offset = params.get("ofs", "0") or "0"
    if not (offset.isascii() and offset.isdigit()):
        raise invalid("ofs")
    first = int(offset[:12])
    result: dict[str, object] = {name: dict(rows[first : first + PAGE])}
    if params.get("without_count") not in TRUE:
        result["count"] = len(rows)
    return result
