"""When CryptoTrader buys: both entries, the cost gate, and what ends all entries.

Each answers with the first gate that stops it, None where nothing does; a figure that is not known
stops. All of it is in whole thousandths (mbps, milli).
"""

from math import isqrt
from typing import Final

import attrs

from zoe.domain.strategy.bar_facts import MILLI, Facts
from zoe.domain.strategy.exits import HOUR_NS
from zoe.domain.strategy.position_size import milli
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.trader_state import State

HOUR_SECONDS: Final = 3_600


@attrs.frozen
class Mood:
    """What the whole market says; None where it is not known."""

    breadth_milli: int | None
    btc_z_1h_milli: int | None
    btc_momentum_milli: int | None


@attrs.frozen
class Costs:
    """What a round trip costs beside the price, in mbps; impact None where the book is too thin."""

    maker_fee_mbps: int
    taker_fee_mbps: int
    half_spread_mbps: int
    impact_mbps: int | None


def momentum_gate(facts: Facts, params: Params) -> str | None:
    """M ≥ 1.5, closed above the highest high of 20 bars, on twice the day's median volume."""
    if facts.momentum_milli < milli(params.momentum):
        return "MOMENTUM_M"
    if not facts.breakout:
        return "MOMENTUM_BREAKOUT"
    if facts.volume_milli < milli(params.volume_multiple):
        return "MOMENTUM_VOLUME"
    return None


def reversion_gate(facts: Facts, mood: Mood, params: Params) -> str | None:
    """z ≤ -2.5 under vwap, Bitcoin without a trend, and the last bar has turned up."""
    if facts.vwap_z_milli > -milli(params.reversion_z):
        return "REVERSION_Z"
    if mood.btc_momentum_milli is None:
        return "MARKET_UNKNOWN"
    if abs(mood.btc_momentum_milli) >= milli(params.reversion_btc):
        return "REVERSION_BTC"
    if not facts.turned_up:
        return "REVERSION_TURN"
    return None


def expected_move(sigma_mbps: int, seconds: int, rho: int) -> int:
    """rho·sigma·√T in mbps, rounded down; rho in thousandths.

    sigma 0.3 bps/√s (300 mbps), T 24 h, rho 0.5: 300·√86,400·0.5 = 44,090 mbps, 44 bps.
    """
    return isqrt((rho * sigma_mbps) ** 2 * seconds) // MILLI


def cost_gate(sigma_mbps: int, hours: int, costs: Costs, params: Params) -> str | None:
    """Expected move ≥ 1.5 · (entry fee + exit fee as taker + half spread + impact + slip)."""
    if costs.impact_mbps is None:
        return "COST_IMPACT"
    total = (
        costs.maker_fee_mbps
        + costs.taker_fee_mbps
        + costs.half_spread_mbps
        + costs.impact_mbps
        + milli(params.slip_bps)
    )
    expected = expected_move(sigma_mbps, hours * HOUR_SECONDS, milli(params.rho))
    return "COST" if expected * MILLI < milli(params.cost_multiple) * total else None


def risk_off(state: State, mood: Mood, day_loss_bps: int, at_ns: int, params: Params) -> str | None:
    """Why no entry is allowed anywhere, None where entries are.

    Args:
        day_loss_bps: What the strategy has lost since 00:00 UTC, of the equity; below 0 it won.
        at_ns: A time that is certainly past.
    """
    if mood.breadth_milli is None or mood.btc_z_1h_milli is None:
        return "MARKET_UNKNOWN"
    if mood.breadth_milli < milli(params.min_breadth):
        return "RISK_OFF_BREADTH"
    if mood.btc_z_1h_milli < -milli(params.crash_z):
        return "RISK_OFF_BTC"
    if day_loss_bps >= params.max_daily_loss_bps:
        return "RISK_OFF_LOSS"
    if sum(each.at_ns > at_ns - HOUR_NS for each in state.stopped) >= params.stops_an_hour:
        return "RISK_OFF_STOPS"
    return None
