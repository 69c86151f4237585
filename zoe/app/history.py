"""History of pairs: what is missing among their stored bars, filled from the exchange's own candles.

The exchange gives no more than the last 720 closed minutes, whatever is asked. Each pair is written as soon
as it is read, and only what is missing is asked for: whoever is interrupted goes on where it was.
"""

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

import attrs

from zoe.adapters.kraken import public_calls
from zoe.adapters.kraken.public_calls import Candle, Candles
from zoe.app.settings import Settings
from zoe.domain.bars import MINUTE_NS, Bar, contradicts_itself, missing
from zoe.domain.errors import ExchangeRejected, WireError
from zoe.ports.bar_store import REST, BarStore, PairBar
from zoe.ports.venue import MOST_BARS

#: Between two calls, as the exchange advises (facts sheet, section 3.1).
PAUSE_SECONDS: Final = 1.0
_SECOND_NS: Final = 1_000_000_000

#: The candles of a pair after a second.
Ask = Callable[[str, int], Candles]


@attrs.frozen
class Filled:
    """What filling the gaps of one pair came to.

    Attributes:
        begin_ns: Of the first minute that was looked at; ``end_ns`` is after the last.
        missing: Minutes that were not there.
        filled: Of them, those that are there now.
        problem: What the exchange said instead.
    """

    pair: str
    begin_ns: int
    end_ns: int
    missing: int
    filled: int = 0
    problem: str | None = None


def market_of(settings: Settings) -> str:
    """Whose prices the desk sees: the exchange's, or those of one on this machine."""
    return settings.exchange.name if settings.is_live else "sandbox"


def fill(
    store: BarStore, ask: Ask, pairs: Iterable[str], now_ns: int, pause: Callable[[], None]
) -> Iterator[Filled]:
    """Each pair, filled; ``pause`` is called before each call but the first.

    Raises:
        StoreError: The store cannot be reached.
        ExchangeUnavailable: The exchange cannot.
        ExchangeThrottled: It wants to be asked later.
    """
    end_ns = now_ns // MINUTE_NS * MINUTE_NS
    begin_ns = end_ns - MOST_BARS * MINUTE_NS
    asked = False
    for pair in pairs:
        before = missing(store.whole(pair, begin_ns, end_ns), begin_ns, end_ns)
        found = Filled(pair, begin_ns, end_ns, len(before))
        if before:
            if asked:
                pause()
            asked = True
            found = _fill(store, ask, found, before)
        yield found


def _fill(store: BarStore, ask: Ask, found: Filled, before: tuple[int, ...]) -> Filled:
    since = before[0] // _SECOND_NS - 1
    try:
        bars = closed(ask(found.pair, since), before)
    except (ExchangeRejected, WireError) as problem:
        return attrs.evolve(found, problem=str(problem))
    store.keep([PairBar(found.pair, bar, REST) for bar in bars])
    there = store.whole(found.pair, found.begin_ns, found.end_ns)
    left = missing(there, found.begin_ns, found.end_ns)
    return attrs.evolve(found, filled=len(before) - len(left))


def closed(candles: Candles, wanted: Iterable[int]) -> list[Bar]:
    """The candles of those minutes as bars, without the running one.

    Raises:
        WireError: A candle that is none.
    """
    minutes = set(wanted)
    last_ns = int(candles.last) * _SECOND_NS if candles.last.isdigit() else 0
    bars = []
    for candle in candles.rows:
        begin_ns = candle.time * _SECOND_NS
        if begin_ns in minutes and begin_ns <= last_ns:
            bars.append(_bar(candle))
    return bars


def _bar(candle: Candle) -> Bar:
    prices = (candle.open, candle.high, candle.low, candle.close)
    vwap = candle.vwap if candle.count else Decimal(0)
    begin_ns = candle.time * _SECOND_NS
    bar = Bar(begin_ns, *prices, candle.volume, vwap, candle.count, whole=True)
    if contradicts_itself(bar):
        raise WireError(f"the candle of {candle.time} contradicts itself", b"")
    return bar


def ask_of(call: Callable[[str, int], bytes]) -> Ask:
    """Reads what a call answers."""
    return lambda pair, since: public_calls.read_candles(call(pair, since))
