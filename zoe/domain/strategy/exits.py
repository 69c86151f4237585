"""Where a long position is left: stop, target, trail and time, in whole price units.

A stop is rounded up and every distance that is taken off a price is rounded so that the loss at the
stop is not more than was reckoned with.
"""

from typing import Final

import attrs

from zoe.domain.strategy.bar_facts import MBPS

HOUR_NS: Final = 3_600_000_000_000
SECOND_NS: Final = 1_000_000_000


def stop_below(price: int, distance_mbps: int, tick: int) -> int:
    """The stop of an entry at ``price``: the distance below it, up to a tick, under the price.

    100.00 with 250 bps (2,500,000 mbps… of 10^7) and a tick of 0.01: 97.50.
    """
    raw = price * (MBPS - distance_mbps)
    return min(_ceil(raw, MBPS * tick) * tick, price - tick)


def target(price: int, stop_distance: int, multiple_milli: int, tick: int) -> int:
    """Take-profit: ``multiple`` times R above the entry, up to a tick; R is the stop's distance."""
    return _ceil(price * 1_000 + stop_distance * multiple_milli, 1_000 * tick) * tick


def break_even(entry: int, taker_fee_mbps: int, tick: int) -> int:
    """Where a taker's exit earns back what the position cost, its own fee included: up to a tick."""
    return _ceil(entry * MBPS, (MBPS - taker_fee_mbps) * tick) * tick


def trail(high: int, atr: int, multiple_milli: int, tick: int) -> int:
    """The highest high less a multiple of the ATR, down to a tick."""
    return (high * 1_000 - atr * multiple_milli) // (1_000 * tick) * tick


def collared(bid: int, collar_mbps: int, tick: int) -> int:
    """Limit of a protective exit: the collar below the bid, down to a tick, a tick at least."""
    return max(bid * (MBPS - collar_mbps) // (MBPS * tick) * tick, tick)


@attrs.frozen
class Sight:
    """What is seen of the market, as far as a stop is concerned.

    Attributes:
        bid: None where the market cannot be seen: no live book, too old, empty or crossed.
        low: Lowest print since the last look; None where there was none.
        sequence: Of the book.
    """

    now_ns: int
    bid: int | None
    low: int | None
    sequence: int


@attrs.frozen
class Watch:
    """What a stop remembers between two looks; see ``trader_state.Trade``."""

    under_ns: int = 0
    under_sequence: int = 0
    blind: bool = False


def look(stop: int, watch: Watch, sight: Sight) -> tuple[Watch, bool]:
    """The stop's new memory, and whether it is hit.

    One print at or under the stop, or the bid there twice in a row: in two versions of the book, or
    still there a second later. Where the market was out of sight, the first live quote counts alone
    and prints of the time between do not. What cannot be seen hits nothing.
    """
    if sight.bid is None:
        return Watch(blind=True), False
    if sight.bid > stop:
        printed = sight.low is not None and sight.low <= stop and not watch.blind
        return Watch(), printed
    if watch.blind or (sight.low is not None and sight.low <= stop):
        return watch, True
    if not watch.under_ns:
        return Watch(sight.now_ns, sight.sequence), False
    again = sight.sequence != watch.under_sequence
    return watch, again or sight.now_ns - watch.under_ns >= SECOND_NS


def _ceil(numerator: int, denominator: int) -> int:
    return -(-numerator // denominator)
