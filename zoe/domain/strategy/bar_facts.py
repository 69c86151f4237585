"""What closed bars of 5 minutes say about one pair: trend, volatility, range, and where vwap lies.

Distances and volatilities are worked out in floats and leave as whole thousandths of a basis point
(mbps), ratios as thousandths (milli), so that a decision's figures are the same on every machine.
Averages look back a fixed number of bars: what was before them changes nothing.
"""

from collections.abc import Sequence
from itertools import pairwise
from math import inf, log, sqrt
from statistics import median
from typing import Final

import attrs

from zoe.domain.strategy.view import Bar

BAR_SECONDS: Final = 300
BAR_NS: Final = BAR_SECONDS * 1_000_000_000
DAY_BARS: Final = 288
#: A day of returns needs the close before it.
NEEDED_BARS: Final = DAY_BARS + 1
QUARTER_NS: Final = 3 * BAR_NS
ATR_QUARTERS: Final = 14
BPS: Final = 10_000
MILLI: Final = 1_000
MBPS: Final = BPS * MILLI
#: M = Σ w·clip(z, ±3): horizon in seconds, weight.
MOMENTUM: Final = ((300, 0.2), (900, 0.3), (3_600, 0.3), (14_400, 0.2))
CLIP: Final = 3.0


@attrs.frozen
class Facts:
    """What a pair's bars say at the close of the newest.

    Attributes:
        momentum_milli: M.
        vwap_z_milli: (close - vwap of 24 h) / (sigma_1h·√1h).
        sigma_mbps: sigma of 24 h, in mbps/√s.
        breakout: Whether it closed above the highest high of the bars before it.
        volume_milli: Its volume over that of the day's median bar; 0 where that is nothing.
        turned_up: Whether it closed above its own open and above the low before.
        atr: Mean true range of 14 bars of 15 minutes, in price units, rounded up.
        returns_mbps: Log returns of the day's 15 minutes, oldest first.
    """

    close_ns: int
    close: int
    momentum_milli: int
    vwap_z_milli: int
    sigma_mbps: int
    breakout: bool
    volume_milli: int
    turned_up: bool
    atr: int
    returns_mbps: tuple[int, ...]
    returns_end_ns: int


def momentum(z_by_seconds: Sequence[float]) -> float:
    """M of the four z in the order of MOMENTUM; nan where one of them is."""
    total = 0.0
    for (_, weight), z in zip(MOMENTUM, z_by_seconds, strict=True):
        # In this order nan stays nan.
        total += weight * min(max(z, -CLIP), CLIP)
    return total


def sigma(closes: Sequence[float], bars: int) -> float:
    """sigma over the last ``bars`` returns, in bps/√s: root of the mean squared return a second."""
    tail = closes[-bars - 1 :]
    moves = [log(now / before) for before, now in pairwise(tail)]
    return BPS * sqrt(sum([move * move for move in moves]) / (bars * BAR_SECONDS))


def z_score(closes: Sequence[float], seconds: int, volatility: float) -> float:
    """r_h/(sigma√h), 0 where nothing moved."""
    if volatility <= 0:
        return 0.0
    moved = BPS * log(closes[-1] / closes[-1 - seconds // BAR_SECONDS])
    return moved / (volatility * sqrt(seconds))


def vwap(bars: Sequence[Bar]) -> float:
    """Mean of (high + low + close)/3 weighted by volume; the mean close where nothing traded."""
    volume = sum([bar.volume for bar in bars])
    if volume <= 0:
        return sum([bar.close for bar in bars]) / len(bars)
    # Whole numbers up to here: exact.
    return sum([(bar.high + bar.low + bar.close) * bar.volume for bar in bars]) / (3 * volume)


def quarters(bars: Sequence[Bar]) -> list[tuple[int, int, int, int]]:
    """Whole bars of 15 minutes as (close_ns, high, low, close), oldest first."""
    first = next((n for n in range(2, len(bars)) if bars[n].close_ns % QUARTER_NS == 0), len(bars))
    # Bars without a flaw follow each other without a gap.
    threes = (bars[n - 2 : n + 1] for n in range(first, len(bars), 3))
    return [
        (c.close_ns, max(a.high, b.high, c.high), min(a.low, b.low, c.low), c.close)
        for a, b, c in threes
    ]


def atr(fifteens: Sequence[tuple[int, int, int, int]]) -> int:
    """Mean of the newest 14 true ranges of ``quarters``, in price units, rounded up."""
    newest = fifteens[-ATR_QUARTERS - 1 :]
    ranges = [
        max(high, before) - min(low, before)
        for (_, _, _, before), (_, high, low, _) in pairwise(newest)
    ]
    assert len(ranges) == ATR_QUARTERS, len(ranges)
    return -(-sum(ranges) // ATR_QUARTERS)


def flaw(bars: Sequence[Bar]) -> str | None:
    """Why nothing can be said from these bars, None where something can."""
    if len(bars) < NEEDED_BARS:
        return "WARMING"
    day = bars[-NEEDED_BARS:]
    if any(b.close_ns - a.close_ns != BAR_NS for a, b in pairwise(day)):
        return "BARS_BROKEN"
    return None if all(map(_is_sound, day)) else "BARS_BROKEN"


def _is_sound(bar: Bar) -> bool:
    low, high = bar.low, bar.high
    in_order = 0 < low <= bar.open <= high and low <= bar.close <= high
    # Neither nan nor endless.
    return in_order and 0 <= bar.volume < inf


def facts(bars: Sequence[Bar], breakout_bars: int) -> Facts:
    """What bars without a flaw say."""
    day = bars[-DAY_BARS:]
    closes = [float(bar.close) for bar in bars[-NEEDED_BARS:]]
    last, before = bars[-1], bars[-2]
    volatility = sigma(closes, DAY_BARS)
    m = momentum([z_score(closes, seconds, volatility) for seconds, _ in MOMENTUM])
    middle = median([bar.volume for bar in day])
    fifteens = quarters(bars[-NEEDED_BARS:])
    returns = (BPS * log(b[3] / a[3]) for a, b in pairwise(fifteens))
    return Facts(
        close_ns=last.close_ns,
        close=last.close,
        momentum_milli=round(m * MILLI),
        vwap_z_milli=round(_vwap_z(day, closes) * MILLI),
        sigma_mbps=round(volatility * MILLI),
        breakout=last.close > max(bar.high for bar in bars[-1 - breakout_bars : -1]),
        volume_milli=round(last.volume / middle * MILLI) if middle > 0 else 0,
        turned_up=last.close > last.open and last.close > before.low,
        atr=atr(fifteens),
        returns_mbps=tuple(round(each * MILLI) for each in returns),
        returns_end_ns=fifteens[-1][0],
    )


def _vwap_z(day: Sequence[Bar], closes: Sequence[float]) -> float:
    """z of the close against vwap, 0 where nothing moved in the last hour."""
    hour = sigma(closes, 12)
    if hour <= 0:
        return 0.0
    # Relative to vwap, in bps, as sigma is.
    mean = vwap(day)
    return BPS * (closes[-1] - mean) / mean / (hour * sqrt(3_600))


def likeness(a: Facts, returns_mbps: Sequence[int], end_ns: int) -> float | None:
    """Correlation of a pair's 15 minute returns with those of another; None where too few meet.

    Both are laid beside each other by the close of the newest.
    """
    shift = (a.returns_end_ns - end_ns) // QUARTER_NS
    mine = a.returns_mbps[: len(a.returns_mbps) - shift] if shift > 0 else a.returns_mbps
    theirs = returns_mbps[: len(returns_mbps) + shift] if shift < 0 else returns_mbps
    count = min(len(mine), len(theirs))
    if count < len(a.returns_mbps) // 2 or count < 2:
        return None
    return _correlation(mine[-count:], theirs[-count:])


def _correlation(xs: Sequence[int], ys: Sequence[int]) -> float | None:
    count = len(xs)
    sum_x, sum_y = sum(xs), sum(ys)
    # Whole numbers up to here: exact.
    xy = count * sum(x * y for x, y in zip(xs, ys, strict=True)) - sum_x * sum_y
    xx = count * sum(x * x for x in xs) - sum_x**2
    yy = count * sum(y * y for y in ys) - sum_y**2
    return xy / sqrt(xx * yy) if xx > 0 and yy > 0 else None
