"""Bars come to the same whatever the order of the trades, and however they are cut into messages."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.bars import GRACE_NS, LATEST_NS, MINUTE_NS, Bar, Bars
from zoe.messages.market import TradePrint

T0 = 28_000_000 * MINUTE_NS

amounts = st.decimals("0.00000001", "100000", places=8)
#: Close together, so that some share a moment, over little more than a minute.
moments = st.integers(0, 75).map(lambda n: T0 + n * 1_000_000_000)


@st.composite
def stories(draw: st.DrawFn) -> tuple[list[TradePrint], list[TradePrint], int]:
    """TradePrints by their ids, the same shuffled with some twice, and how many make a message."""
    told = draw(st.lists(st.tuples(moments, amounts, amounts), min_size=1, max_size=40))
    trades = [
        TradePrint(n, "buy", price, qty, at) for n, (at, price, qty) in enumerate(sorted(told))
    ]
    again = draw(st.lists(st.sampled_from(trades), max_size=5))
    return trades, draw(st.permutations([*trades, *again])), draw(st.integers(1, 10))


def plainly(trades: list[TradePrint]) -> list[Bar]:
    """The bars by their definition."""
    found = []
    for begin in sorted({t.exchange_ns // MINUTE_NS * MINUTE_NS for t in trades}):
        some = [t for t in trades if begin <= t.exchange_ns < begin + MINUTE_NS]
        prices = [t.price for t in some]
        volume = sum((t.quantity for t in some), Decimal(0))
        found.append(
            Bar(
                begin, prices[0], max(prices), min(prices), prices[-1], volume, Decimal(0), len(some),
                whole=True,
            )
        )  # fmt: skip
    return found


@given(stories())
def test_any_order_and_any_messages_come_to_the_same_bars(
    story: tuple[list[TradePrint], list[TradePrint], int],
) -> None:
    trades, shuffled, size = story
    bars = Bars(T0)
    told: dict[int, Bar] = {}
    for at in range(0, len(shuffled), size):
        bars.fold(shuffled[at : at + size])
        # Some are told before their minute is complete; the last word counts.
        told |= {bar.begin_ns: bar for bar in bars.closed(T0 + MINUTE_NS + GRACE_NS)}
    told |= {bar.begin_ns: bar for bar in bars.closed(T0 + 2 * MINUTE_NS + GRACE_NS)}
    assert 2 * MINUTE_NS <= LATEST_NS
    exact = [told[begin] for begin in sorted(told)]
    assert [
        (b.begin_ns, b.open, b.high, b.low, b.close, b.volume, b.trades, b.whole)
        for b in exact if b.trades
    ] == [
        (b.begin_ns, b.open, b.high, b.low, b.close, b.volume, b.trades, b.whole)
        for b in plainly(trades)
    ]  # fmt: skip
    for bar in exact:
        assert not bar.trades or bar.low <= bar.vwap.quantize(bar.low) <= bar.high
