"""Candles of every interval are what was traded in it, whoever looks at them meanwhile."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from zoe.sandbox.core.candles import INTERVALS, MINUTE_NS, Candle, Candles
from zoe.sandbox.core.clearing import Print

#: Seconds since the trade before, price, quantity, and the interval that somebody looks at after it.
TRADES = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.integers(1, 50),
        st.integers(1, 9),
        st.none() | st.sampled_from(INTERVALS),
    ),
    max_size=40,
)
Shown = tuple[int, int, int, int, int, int, int, int]


def shown(candle: Candle) -> Shown:
    return (
        *(candle.begin, candle.open, candle.high, candle.low, candle.close),
        *(candle.qty, candle.value, candle.count),
    )


def by_hand(trades: list[tuple[int, int, int]], interval: int) -> list[Shown]:
    """Of trades by minute, price and quantity."""
    found = []
    for begin, group in groupby(trades, lambda trade: trade[0] - trade[0] % interval):
        _, prices, sizes = zip(*group, strict=True)
        value = sum(price * size for price, size in zip(prices, sizes, strict=True))
        bar = (prices[0], max(prices), min(prices), prices[-1])
        found.append((begin, *bar, sum(sizes), value, len(prices)))
    return found


@given(trades=TRADES)
def test_candles_are_what_was_traded_whenever_somebody_looks(
    trades: list[tuple[int, int, int, int | None]],
) -> None:
    candles, told, second = Candles(), list[tuple[int, int, int]](), 0
    for later, price, size, looked_at in trades:
        second += later
        told.append((second // 60, price, size))
        candles.add(Print(len(told), "buy", price, size, "limit", second * (MINUTE_NS // 60)))
        if looked_at is not None:
            assert [shown(c) for c in candles.traded(looked_at)] == by_hand(told, looked_at)
    for interval in INTERVALS:
        assert [shown(c) for c in candles.traded(interval)] == by_hand(told, interval)
