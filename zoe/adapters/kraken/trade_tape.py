"""TradeTape: the trades of one connection as messages with their sums, and as bars."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import msgspec

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.numbers import exact, nanoseconds
from zoe.adapters.kraken.rows import not_understood
from zoe.domain.bars import Bars, Trade
from zoe.messages.market import MinutesClosed, TradePrint, TradePrints
from zoe.runtime.message import Message

_NO_VOLUME: Final = Decimal(0)
#: How often it is looked whether a minute has ended.
LOOK_NS: Final = 1_000_000_000


class TradeTape:
    """See the module's docstring; used in the thread that reads the connection."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._sums: dict[str, tuple[int, Decimal]] = {}
        self._bars: dict[str, Bars] = {}
        self._looked_ns = 0

    def subscribed(self, symbol: str, at_ns: int) -> None:
        """From here on every trade of a pair is heard."""
        self._bars[symbol] = Bars(at_ns)

    def left(self, symbol: str) -> None:
        """From here on none is."""
        self._bars.pop(symbol, None)

    def read(self, rows: Sequence[frames.TradeRow], received_ns: int) -> list[Message]:
        """What trades say, a message a pair; one that makes no sense costs no other."""
        by_symbol: dict[str, list[TradePrint]] = {}
        said: list[Message] = []
        for row in rows:
            try:
                trade = _trade(row)
            except (ValueError, ArithmeticError) as problem:
                said.append(not_understood(str(problem), msgspec.json.encode(row)))
                continue
            by_symbol.setdefault(row.symbol, []).append(trade)
        for symbol, trades in by_symbol.items():
            said.append(self._told(symbol, trades, received_ns))
        return said

    def _told(self, symbol: str, trades: list[TradePrint], received_ns: int) -> TradePrints:
        count, volume = self._sums.get(symbol, (0, _NO_VOLUME))
        volume = sum((trade.quantity for trade in trades), volume)
        count += len(trades)
        self._sums[symbol] = (count, volume)
        bars = self._bars.get(symbol)
        if bars is None:
            bars = self._bars[symbol] = Bars()
        bars.fold(Trade(t.exchange_ns, t.trade_id, t.price, t.quantity) for t in trades)
        return TradePrints(symbol, tuple(trades), count, volume, received_ns)

    def closed(self, now_ns: int) -> list[Message]:
        """The bars of minutes that have ended; one message, or none."""
        if 0 <= now_ns - self._looked_ns < LOOK_NS:
            return []
        self._looked_ns = now_ns
        told = [(symbol, bar) for symbol, bars in self._bars.items() for bar in bars.closed(now_ns)]
        return [MinutesClosed(self._connection, tuple(told))] if told else []


def _trade(row: frames.TradeRow) -> TradePrint:
    price, quantity = exact(row.price), exact(row.qty)
    if price <= 0 or quantity <= 0:
        raise ValueError(f"a trade of {quantity} at {price}")
    return TradePrint(row.trade_id, row.side, price, quantity, nanoseconds(row.timestamp))
