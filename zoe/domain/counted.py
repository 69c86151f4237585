"""Which executions have been counted, so that each is once, however often its order is told of."""

from collections.abc import Mapping
from typing import Final

from zoe.domain.order import Fill

#: Ids of the newest executions are remembered so far back, by the exchange's time. Whatever is older was
#: counted when it happened, but for what has only now become known.
REMEMBERED_NS: Final = 6 * 3_600 * 1_000_000_000
#: How often older ones are let go of.
_EACH_NS: Final = REMEMBERED_NS // 6


class Counted:
    """The newest executions by their ids."""

    def __init__(self) -> None:
        self._at_ns: dict[str, int] = {}
        self._from_ns = 0

    def __len__(self) -> int:
        return len(self._at_ns)

    def begin(self, known: Mapping[str, int]) -> None:
        """Takes what was counted by an earlier start: ids, and the exchange's times."""
        self._at_ns |= known
        self._let_go(max(self._at_ns.values(), default=0))

    def takes(self, fill: Fill, *, is_news: bool = True) -> bool:
        """Whether an execution is to be counted; from then on it is known.

        Args:
            is_news: It is what has just become known, and not only a part of its order.
        """
        if fill.exec_id in self._at_ns or (fill.exchange_ns < self._from_ns and not is_news):
            return False
        self._at_ns[fill.exec_id] = fill.exchange_ns
        if fill.exchange_ns - REMEMBERED_NS > self._from_ns + _EACH_NS:
            self._let_go(fill.exchange_ns)
        return True

    def _let_go(self, newest_ns: int) -> None:
        self._from_ns = newest_ns - REMEMBERED_NS
        self._at_ns = {name: at for name, at in self._at_ns.items() if at >= self._from_ns}
