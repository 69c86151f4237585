"""Where quotes stand: Guéant-Lehalle-Fernandez-Tapia 2013, shifted by what a fill costs.

A cost c per fill shifts the optimum by exactly c and lowers the arrivals to A·e^(-kc) (put δ-c for
δ). Everything is worked out in logarithms: where trading is all near the touch, arrivals at c
underflow and the quotes are astronomically wide, which is the model saying no. Distances that leave
this page are whole thousandths of a bp, so that the rules of order below hold exactly.
"""

import math
from typing import Final, NamedTuple

from zoe.domain.strategy.arrival import Rate

_MILLI: Final = 1_000
#: Wider than anything: a distance that is never quoted.
ENDLESS_MILLI: Final = 10**12
_ENDLESS_LOG: Final = math.log(ENDLESS_MILLI)


class Spread(NamedTuple):
    """What the quotes of a pair are made of, in thousandths of a bp.

    Attributes:
        base: The half spread without any inventory or risk; never under the least edge.
        risk: What one lot of inventory moves both quotes by.
    """

    base: int
    risk: int


def spread(gamma: float, rate: Rate, sigma_bps: float, cost_milli: int, e_min: int) -> Spread:
    """The two parts of every distance.

    With g = gamma, s = sigma and A' = A·e^(-kc): base = max(e_min, ln(1+g/k)/g) and
    risk = s·√(g/(2A'k)·(1+g/k)^(1+k/g)).
    """
    growth = math.log1p(gamma / rate.k)
    base = max(e_min, round(growth / gamma * _MILLI), 1)
    ln_arrivals = math.log(rate.a) - rate.k * cost_milli / _MILLI
    ln_square = math.log(gamma / (2 * rate.k)) - ln_arrivals + (1 + rate.k / gamma) * growth
    ln_risk = math.log(sigma_bps * _MILLI) + ln_square / 2
    risk = ENDLESS_MILLI if ln_risk >= _ENDLESS_LOG else round(math.exp(ln_risk))
    return Spread(base, risk)


class Distances(NamedTuple):
    """How far from fair value each side would stand, in thousandths of a bp.

    Attributes:
        reservation: Of the price at which one is indifferent: below fair value for q > 0.
    """

    bid: int
    ask: int
    reservation: int


def distances(made_of: Spread, bid_cost: int, ask_cost: int, q_milli: int) -> Distances:
    """h_bid = c + base + (q+½)·risk with q never under 0, h_ask = c + base - (q-½)·risk.

    Args:
        bid_cost: c of a fill on that side.
        q_milli: Inventory in thousandths of a lot, relative to the target.
    """
    half = -(-made_of.risk // 2)
    skew = q_milli * made_of.risk // _MILLI
    flat = made_of.base + half
    return Distances(bid_cost + flat + max(skew, 0), ask_cost + flat - skew, -skew)


def ask_floor_milli(q_milli: int, fee_milli: int, is_old: bool) -> int | None:
    """The nearest that an ask may come; None for one that reduces nothing, which needs no floor.

    An ask that reduces inventory may go down to the fee, and an old inventory's to fair value.
    """
    if q_milli <= 0:
        return None
    return 0 if is_old else fee_milli
