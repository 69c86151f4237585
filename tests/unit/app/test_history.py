"""Filling: what is asked, what is kept of the answer, and going on where it was interrupted."""

from decimal import Decimal

import attrs
import pytest
from bar_store import MemoryBars

from zoe.adapters.kraken.public_calls import Candle, Candles, read_candles
from zoe.app import history
from zoe.app.history import Filled
from zoe.domain.bars import MINUTE_NS
from zoe.domain.errors import ExchangeRejected, ExchangeUnavailable, WireError
from zoe.ports.bar_store import PairBar
from zoe.ports.venue import MOST_BARS

MINUTE = 60
END = 28_333_333 * MINUTE
BEGIN = END - MOST_BARS * MINUTE
NOW_NS = END * 10**9 + 7


def candle(second: int, count: int = 2, close: str = "10.5") -> Candle:
    ten = Decimal(10)
    return Candle(second, ten, Decimal(11), Decimal(9), Decimal(close), ten, Decimal(3), count)


class Exchange:
    """Has a candle for each minute up to the running one, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []
        self.pauses = 0
        self.error: Exception | None = None

    def __call__(self, pair: str, since: int) -> Candles:
        self.asked.append((pair, since))
        if self.error is not None:
            raise self.error
        rows = [candle(s) for s in range(BEGIN, END + MINUTE, MINUTE) if s > since]
        return Candles("X", rows, str(END - MINUTE))

    def pause(self) -> None:
        self.pauses += 1


def filled(store: MemoryBars, exchange: Exchange, *pairs: str) -> list[Filled]:
    return list(history.fill(store, exchange, pairs, NOW_NS, exchange.pause))


def test_all_that_the_exchange_has_is_kept_and_nothing_is_asked_for_twice() -> None:
    store, exchange = MemoryBars(), Exchange()
    found = filled(store, exchange, "BTC/USD", "ETH/USD")
    assert [(each.missing, each.filled) for each in found] == [(MOST_BARS, MOST_BARS)] * 2
    assert exchange.asked == [("BTC/USD", BEGIN - 1), ("ETH/USD", BEGIN - 1)]
    assert exchange.pauses == 1
    assert [each.missing for each in filled(store, exchange, "BTC/USD", "ETH/USD")] == [0, 0]
    assert len(exchange.asked) == 2


def test_the_running_minute_is_not_kept() -> None:
    store = MemoryBars()
    filled(store, Exchange(), "BTC/USD")
    assert max(begin for _, begin in store.kept) == (END - MINUTE) * 10**9


def test_only_what_is_missing_is_asked_for_and_bars_of_trades_stay() -> None:
    store, exchange = MemoryBars(), Exchange()
    filled(store, exchange, "BTC/USD")
    gap = ("BTC/USD", (END - 5 * MINUTE) * 10**9)
    del store.kept[gap]
    mine = ("BTC/USD", (END - 4 * MINUTE) * 10**9)
    own = store.kept[mine]
    store.kept[mine] = PairBar("BTC/USD", attrs.evolve(own.bar, trades=5), "trades")
    (found,) = filled(store, exchange, "BTC/USD")
    assert (found.missing, found.filled) == (1, 1)
    assert exchange.asked[-1] == ("BTC/USD", END - 5 * MINUTE - 1)
    assert store.kept[gap].source == "rest"
    assert store.kept[mine].source == "trades"


def test_a_bar_that_is_not_whole_is_made_good_by_the_exchange() -> None:
    store, exchange = MemoryBars(), Exchange()
    place = ("BTC/USD", BEGIN * 10**9)
    (bar,) = history.closed(Candles("X", [candle(BEGIN, 1)], str(BEGIN)), [BEGIN * 10**9])
    store.kept[place] = PairBar("BTC/USD", attrs.evolve(bar, whole=False), "trades")
    filled(store, exchange, "BTC/USD")
    assert (store.kept[place].source, store.kept[place].bar.trades) == ("rest", 2)


def test_what_the_exchange_lost_in_the_middle_goes_on_with_the_next_run() -> None:
    store, exchange = MemoryBars(), Exchange()
    one = history.fill(store, exchange, ("BTC/USD", "ETH/USD"), NOW_NS, exchange.pause)
    assert next(one).filled == MOST_BARS
    exchange.error = ExchangeUnavailable("gone")
    with pytest.raises(ExchangeUnavailable):
        next(one)
    exchange.error = None
    found = filled(store, exchange, "BTC/USD", "ETH/USD")
    assert [each.missing for each in found] == [0, MOST_BARS]


def test_a_pair_that_the_exchange_refuses_costs_no_other() -> None:
    store, exchange = MemoryBars(), Exchange()
    exchange.error = ExchangeRejected("EQuery:Unknown asset pair")
    (refused,) = filled(store, exchange, "BTC/USD")
    assert (refused.filled, refused.problem) == (0, "EQuery:Unknown asset pair")


def test_an_idle_candle_of_the_exchange_is_an_idle_bar() -> None:
    text = b'{"XXBTZUSD":[[1700000040,"10.1","10.1","10.1","10.1","0.0","0.00000000",0]],"last":1700000040}'
    (bar,) = history.closed(read_candles(text), [1_700_000_040 * 10**9])
    assert [bar.volume, bar.vwap] == [Decimal(0)] * 2
    assert (bar.trades, bar.begin_ns % MINUTE_NS) == (0, 0)


@pytest.mark.parametrize("close", ["8", "12"])
def test_a_candle_that_contradicts_itself_is_refused(close: str) -> None:
    with pytest.raises(WireError):
        history.closed(Candles("X", [candle(BEGIN, close=close)], str(END)), [BEGIN * 10**9])
