"""TradeTape: the trades of one connection as messages with their sums, and as bars."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from zoe.adapters.kraken import frames
from zoe.adapters.kraken.numbers import nanoseconds, traded
from zoe.adapters.kraken.rows import not_understood
from zoe.domain.bars import Bars, ended_at
from zoe.domain.catalog import MOST_PAIRS
from zoe.domain.quantity import EXACT
from zoe.domain.quick import quick
from zoe.messages.market import MinutesClosed, TradePrint, TradePrints
from zoe.runtime.message import Message

_PRINT: Final = quick(TradePrint)
_PRINTS: Final = quick(TradePrints)
_NO_VOLUME: Final = Decimal(0)
_SIDES: Final = frozenset({"buy", "sell"})


class TradeTape:
    """See the module's docstring; used in the thread that reads the connection.

    Of more than MOST_PAIRS pairs those are forgotten that came first: trades are told all the same, with
    sums from there on, and bars that are not whole.

    Attributes:
        heard: Trades that are still to be told.
    """

    def __init__(self) -> None:
        self._sums: dict[str, tuple[int, Decimal]] = {}
        self._bars: dict[str, Bars] = {}
        self._ended_ns = 0
        self._late = False
        self.heard: dict[str, list[TradePrint]] = {}

    def subscribed(self, symbol: str, at_ns: int) -> None:
        """From here on every trade of a pair is heard."""
        self._bars[symbol] = Bars(at_ns)
        _forget(self._bars)

    def left(self, symbol: str) -> None:
        """From here on none is."""
        self._bars.pop(symbol, None)

    def missed(self, symbol: str, at_ns: int) -> None:
        """A trade was heard that could not be read."""
        bars = self._bars.get(symbol)
        if bars is not None:
            bars.missed(at_ns)

    def read(self, rows: Sequence[frames.TradeRow], at_ns: int) -> list[Message]:
        """Takes trades; what is wrong with those that make no sense, which cost no other."""
        wrong: list[Message] = []
        for row in rows:
            try:
                trade = _trade(row)
            except (ValueError, ArithmeticError) as problem:
                wrong.append(not_understood(str(problem), msgspec.json.encode(row)))
                self.missed(row.symbol, at_ns)
                continue
            heard = self.heard.get(row.symbol)
            if heard is None:
                self.heard[row.symbol] = [trade]
            else:
                heard.append(trade)
        return wrong

    def told(self, received_ns: int) -> list[Message]:
        """The trades since the last call, a message a pair."""
        heard, self.heard = self.heard, {}
        return [self._told(symbol, trades, received_ns) for symbol, trades in heard.items()]

    def _told(self, symbol: str, trades: list[TradePrint], received_ns: int) -> TradePrints:
        count, volume = self._sums.get(symbol, (0, _NO_VOLUME))
        for trade in trades:
            volume = EXACT.add(volume, trade.quantity)
        count += len(trades)
        self._sums[symbol] = (count, volume)
        _forget(self._sums)
        bars = self._bars.get(symbol)
        if bars is None:
            bars = self._bars[symbol] = Bars()
            _forget(self._bars)
        bars.fold(trades)
        self._late = self._late or bars.late
        return _PRINTS(symbol, tuple(trades), count, volume, received_ns)

    def closed(self, now_ns: int) -> list[Message]:
        """The bars of minutes that have ended; one message, or none."""
        end_ns = ended_at(now_ns)
        if end_ns == self._ended_ns and not self._late:
            return []
        self._ended_ns, self._late = end_ns, False
        told = [(symbol, bar) for symbol, bars in self._bars.items() for bar in bars.closed(now_ns)]
        return [MinutesClosed(tuple(told))] if told else []


def _forget(by_pair: dict[str, Any]) -> None:
    if len(by_pair) > MOST_PAIRS:
        del by_pair[next(iter(by_pair))]


def _trade(row: frames.TradeRow) -> TradePrint:
    if row.side not in _SIDES:
        raise ValueError(f"a trade's side is {row.side[:40]!r}")
    price, quantity = traded(row.price), traded(row.qty)
    return _PRINT(row.trade_id, row.side, price, quantity, nanoseconds(row.timestamp))
