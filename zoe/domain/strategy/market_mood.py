"""The mood of the market from closed bars, for as long as the scanner's grid has not seen enough.

The same definitions as the scanner's, at the distance of bars: so a desk that has just started knows from
the exchange's history what one that was there has seen.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import attrs

from zoe.domain.strategy import bar_facts
from zoe.domain.strategy.market import Scouted
from zoe.domain.strategy.scan_gates import BITCOIN, HOUR, WholeMarket
from zoe.domain.strategy.view import Bar

#: Bars of four hours, and pairs without whose means there is no breadth.
_MEAN_BARS: Final = 48
_FEWEST_PAIRS: Final = 3


def from_bars(bars: Mapping[str, Sequence[Bar]]) -> WholeMarket:
    """What the pairs whose bars are known say together."""
    above = [
        each[-1].close * _MEAN_BARS > sum(bar.close for bar in each[-_MEAN_BARS:])
        for each in bars.values()
        if len(each) >= _MEAN_BARS
    ]
    breadth = round(sum(above) / len(above), 3) if len(above) >= _FEWEST_PAIRS else None
    closes = [float(bar.close) for bar in bars.get(BITCOIN, ())][-bar_facts.NEEDED_BARS :]
    if len(closes) < bar_facts.NEEDED_BARS:
        return WholeMarket(breadth, None, None)
    sigma = bar_facts.sigma(closes, bar_facts.DAY_BARS)
    momentum = bar_facts.momentum(
        [bar_facts.z_score(closes, seconds, sigma) for seconds, _ in bar_facts.MOMENTUM]
    )
    z = bar_facts.z_score(closes, HOUR, sigma)
    return WholeMarket(breadth, round(z, 3), round(momentum, 3))


def completed(scouted: Scouted, mood: WholeMarket) -> Scouted:
    """What the scanner knows, and where it does not, what the bars say."""
    return attrs.evolve(
        scouted,
        breadth=mood.breadth if scouted.breadth is None else scouted.breadth,
        btc_z_1h=mood.btc_z_1h if scouted.btc_z_1h is None else scouted.btc_z_1h,
        btc_momentum=mood.btc_momentum if scouted.btc_momentum is None else scouted.btc_momentum,
    )
