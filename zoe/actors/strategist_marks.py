"""Fair values that a strategist writes down: at each of its executions, a horizon later, and each minute.

What its profit is made of is worked out of them (``zoe pnl --split``), after any restart: an execution whose
own two are missing, since the desk was down then, goes by those of the minutes. A part of that actor.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final

from zoe.actors.strategist_rows import Rows
from zoe.domain.bars import MINUTE_NS
from zoe.domain.catalog import Instrument
from zoe.domain.order_record import canonical
from zoe.domain.quantity import plain
from zoe.domain.strategy.fair_value import FINE, WHOLE
from zoe.domain.strategy.view import View

MARKED: Final = "fill.marked"
FOLLOWED: Final = "fill.followed"
MARKS: Final = "strategy.marks"
SECOND_NS: Final = 1_000_000_000
#: A fair value that is older says nothing about a moment.
_OLD_NS: Final = 10 * SECOND_NS
_FINE_DIGITS: Final = len(str(FINE)) - 1


def mid_of(_: Any, view: View) -> int | None:
    """Fair value of a strategy that has none of its own, in fine units: the middle of the touch."""
    touch = view.touch
    if touch.bid is None or touch.ask is None or not touch.live:
        return None
    return (touch.bid + touch.ask) * WHOLE


class Marks:
    """The newest fair value of each pair, and executions that are still followed.

    Args:
        horizon_seconds: How long after an execution its adverse selection is measured.
    """

    def __init__(self, rows: Rows, horizon_seconds: float) -> None:
        self._rows = rows
        self._horizon_ns = round(horizon_seconds * SECOND_NS)
        self._newest: dict[str, tuple[int, Instrument, int]] = {}
        self._followed: dict[str, list[tuple[int, str]]] = {}
        self._minute = 0

    def looked(self, view: View, fair: int | None) -> None:
        """A View was decided on; ``fair`` is its fair value in fine units, where it has one."""
        pair, now_ns = view.instrument, view.now_ns
        if fair is not None:
            self._newest[pair.symbol] = (fair, pair, now_ns)
        if view.fills:
            waiting = self._followed.setdefault(pair.symbol, [])
            for fill in view.fills:
                self._write(MARKED, pair.symbol, fill.exec_id, now_ns)
                waiting.append((fill.at_ns + self._horizon_ns, fill.exec_id))
        elif fair is not None and pair.symbol in self._followed:
            self._follow(pair.symbol, now_ns)

    def _follow(self, pair: str, now_ns: int) -> None:
        waiting = self._followed.pop(pair)
        for due_ns, exec_id in waiting:
            if due_ns <= now_ns:
                self._write(FOLLOWED, pair, exec_id, now_ns)
        left = [each for each in waiting if each[0] > now_ns]
        if left:
            self._followed[pair] = left

    def _write(self, kind: str, pair: str, exec_id: str, now_ns: int) -> None:
        fair = self._fair(pair, now_ns)
        if fair is not None:
            body = {"exec_id": exec_id, "pair": pair, "at_ns": str(now_ns), "fair": fair}
            self._rows.write(self._rows.next(self._rows.fairs, kind, canonical(body)))

    def each_minute(self, pairs: Iterable[str], now_ns: int) -> None:
        """Fair values of the pairs that it holds something of, or has traded today."""
        if now_ns // MINUTE_NS == self._minute:
            return
        self._minute = now_ns // MINUTE_NS
        known = {pair: fair for pair in pairs if (fair := self._fair(pair, now_ns)) is not None}
        if known:
            body = canonical({"at_ns": str(now_ns), "fair": known})
            self._rows.write(self._rows.next(self._rows.fairs, MARKS, body))

    def _fair(self, pair: str, now_ns: int) -> str | None:
        fair, instrument, at_ns = self._newest.get(pair, (0, None, 0))
        if instrument is None or now_ns - at_ns > _OLD_NS:
            return None
        digits = instrument.price_precision + _FINE_DIGITS + 1
        return plain(Decimal(fair * 10 ** (_FINE_DIGITS + 1) // FINE).scaleb(-digits))
