"""Which pairs deserve to be watched closely: rolling features of every pair, and a ranking.

Everything is counted in whole numbers, so that the same tickers give the same ranking on every machine: prices
in 10^-10, relative figures in millionths (ppm), scores from 0 to 1000. A pair's memory is three rings of
mids, 5 seconds, a minute and a quarter of an hour apart, and never grows. No volume is trusted further than
its order of size: the exchange's is a rolling sum of 24 hours.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isqrt, lcm
from typing import Final

import attrs

from zoe.domain.bounds import one_of, within

#: How far apart samples are.
STEP_SECONDS: Final = 5
PPM: Final = 1_000_000
_STEPS_A_MINUTE: Final = 60 // STEP_SECONDS
_STEPS_A_QUARTER: Final = 900 // STEP_SECONDS
#: Samples that a slow-moving average of squares looks back.
_VARIANCE_STEPS: Final = 120
#: Horizons of momentum in seconds, each with the ring that knows it and how far back in it.
HORIZONS: Final = (
    (60, "fast", 12), (300, "fast", 60), (900, "minute", 15), (3_600, "minute", 60),
    (14_400, "quarter", 16), (86_400, "quarter", 96),
)  # fmt: skip
_LENGTHS: Final = {"fast": 61, "minute": 61, "quarter": 97}


@attrs.frozen(weakref_slot=False)
class Seen:
    """A pair's newest ticker; ``volume`` in base, of 24 hours."""

    symbol: str
    bid: Decimal
    ask: Decimal
    volume: Decimal
    received_ns: int


@attrs.frozen
class Features:
    """What is known of a pair at one moment.

    Attributes:
        turnover: Of 24 hours, in whole USD; None where the quote currency has no price in USD.
        volatility_ppm: Typical size of a move in 5 seconds.
        momentum_ppm: By horizon in seconds; those that are not known yet are missing.
        active: In how many of the last 60 samples of 5 seconds something was traded.
    """

    symbol: str
    spread_ppm: int
    turnover: int | None
    volatility_ppm: int
    momentum_ppm: Mapping[int, int]
    active: int
    age_ns: int


class _Ring:
    """The newest mids at one distance, oldest first once it is full."""

    __slots__ = ("_at", "_length", "_mids")

    def __init__(self, length: int) -> None:
        self._length = length
        self._mids: list[int] = []
        self._at = 0

    def push(self, mid: int) -> None:
        if len(self._mids) < self._length:
            self._mids.append(mid)
        else:
            self._mids[self._at] = mid
            self._at = (self._at + 1) % self._length

    def back(self, steps: int) -> int | None:
        """The mid so many steps before the newest, None where it is not known."""
        count = len(self._mids)
        return self._mids[(self._at + count - 1 - steps) % count] if steps < count else None


class Track:
    """One pair's memory."""

    __slots__ = ("_active", "_rings", "_steps", "_variance", "_volume")

    def __init__(self) -> None:
        self._rings = {name: _Ring(length) for name, length in _LENGTHS.items()}
        self._steps = 0
        self._variance = 0
        self._volume: Decimal | None = None
        #: One bit a sample, the newest lowest.
        self._active = 0

    def sample(self, seen: Seen) -> None:
        """Takes in the newest ticker; called each STEP_SECONDS, whether it is new or not."""
        mid = _mid(seen)
        before = self._rings["fast"].back(0)
        if before is not None:
            self._variance += (_change(before, mid) ** 2 - self._variance) // _VARIANCE_STEPS
        traded = self._volume is not None and seen.volume != self._volume
        self._active = (self._active << 1 | traded) & ((1 << 60) - 1)
        self._volume = seen.volume
        self._rings["fast"].push(mid)
        if self._steps % _STEPS_A_MINUTE == 0:
            self._rings["minute"].push(mid)
        if self._steps % _STEPS_A_QUARTER == 0:
            self._rings["quarter"].push(mid)
        self._steps += 1

    def features(self, seen: Seen, usd: Decimal | None, now_ns: int) -> Features:
        """What is known now; ``usd`` is the price of the quote currency."""
        mid = _mid(seen)
        momentum = {
            seconds: _change(past, mid)
            for seconds, ring, steps in HORIZONS
            if (past := self._rings[ring].back(steps)) is not None
        }
        turnover = None if usd is None else int(seen.volume * (seen.bid + seen.ask) / 2 * usd)
        return Features(
            seen.symbol,
            int((seen.ask - seen.bid) * 2 * PPM / (seen.ask + seen.bid)),
            turnover,
            isqrt(max(self._variance, 0)),
            momentum,
            self._active.bit_count(),
            max(now_ns - seen.received_ns, 0),
        )


def is_usable(seen: Seen) -> bool:
    """Whether a ticker has two prices that are in order."""
    return 0 < seen.bid <= seen.ask


def usd_prices(tickers: Mapping[str, Seen]) -> dict[str, Decimal]:
    """What one unit of each currency costs in USD, as far as a pair says so."""
    prices = {"USD": Decimal(1)}
    for symbol, seen in tickers.items():
        base, _, quote = symbol.partition("/")
        if quote == "USD" and is_usable(seen):
            prices[base] = (seen.bid + seen.ask) / 2
    for symbol, seen in tickers.items():
        base, _, quote = symbol.partition("/")
        if base == "USD" and quote not in prices and is_usable(seen):
            prices[quote] = 2 / (seen.bid + seen.ask)
    return prices


@attrs.frozen
class ScanConfig:
    """The ``[scout]`` section's figures: gates first, then the weights of the score.

    Attributes:
        enabled: Whether all pairs are looked at.
        min_turnover_usd: Of 24 hours.
        horizon_seconds: Of the momentum that counts: one of HORIZONS.
        exclude: Bases that are never ranked.
        kept: Rows of a ranking that are written down; focus goes no further by default.
    """

    enabled: bool = False
    min_turnover_usd: int = attrs.field(default=250_000, validator=within(0, 10**12))
    max_spread_bps: int = attrs.field(default=25, validator=within(0, 10_000))
    max_age_seconds: int = attrs.field(default=900, validator=within(1, 86_400))
    horizon_seconds: int = attrs.field(
        default=900, validator=one_of(*(seconds for seconds, _, _ in HORIZONS))
    )
    weight_turnover: int = attrs.field(default=3, validator=within(0, 1_000))
    weight_spread: int = attrs.field(default=2, validator=within(0, 1_000))
    weight_volatility: int = attrs.field(default=2, validator=within(0, 1_000))
    weight_momentum: int = attrs.field(default=2, validator=within(0, 1_000))
    weight_activity: int = attrs.field(default=1, validator=within(0, 1_000))
    exclude: tuple[str, ...] = ("USDT", "USDC", "DAI", "PYUSD", "EUR", "GBP", "AUD", "CHF", "CAD")
    kept: int = attrs.field(default=50, validator=within(1, 5_000))


@attrs.frozen
class Candidate:
    """A pair's place in a ranking, 1 for the first; the score is from 0 to 1000."""

    rank: int
    score: int
    features: Features


def refusal(features: Features, config: ScanConfig) -> str | None:
    """Why a pair is not ranked, None where it is."""
    if features.symbol.partition("/")[0] in config.exclude:
        return "excluded"
    if features.turnover is None or features.turnover < config.min_turnover_usd:
        return "turnover"
    if features.spread_ppm > config.max_spread_bps * 100:
        return "spread"
    if features.age_ns > config.max_age_seconds * 1_000_000_000:
        return "age"
    return None


def passing(pairs: Iterable[Features], config: ScanConfig) -> tuple[Features, ...]:
    """The pairs that pass the gates."""
    return tuple(pair for pair in pairs if refusal(pair, config) is None)


def rank(passed: Sequence[Features], config: ScanConfig) -> tuple[Candidate, ...]:
    """Pairs that have passed the gates, best first, one of each base; in whatever order they come."""
    sums, most = _sums(passed, config)
    best = sorted(passed, key=lambda pair: (-sums[pair.symbol], pair.symbol))
    bases: set[str] = set()
    ranked: list[Candidate] = []
    for pair in best:
        base = pair.symbol.partition("/")[0]
        if base not in bases:
            bases.add(base)
            score = sums[pair.symbol] * 1000 // most
            ranked.append(Candidate(len(ranked) + 1, score, pair))
    return tuple(ranked)


def _sums(pairs: Sequence[Features], config: ScanConfig) -> tuple[dict[str, int], int]:
    """The weighted sum of each pair's places, and the most that it could be."""
    horizon = config.horizon_seconds
    parts = (
        (config.weight_turnover, {p.symbol: p.turnover or 0 for p in pairs}),
        (config.weight_spread, {p.symbol: -p.spread_ppm for p in pairs}),
        (config.weight_volatility, {p.symbol: p.volatility_ppm for p in pairs}),
        (config.weight_momentum, {p.symbol: abs(p.momentum_ppm.get(horizon, 0)) for p in pairs}),
        (config.weight_activity, {p.symbol: p.active for p in pairs}),
    )
    places = [(weight, *_places(values)) for weight, values in parts]
    # Exactly, not rounded: otherwise more turnover could cost a place.
    common = lcm(*(most for _, _, most in places))
    sums = dict.fromkeys((pair.symbol for pair in pairs), 0)
    for weight, by_symbol, most in places:
        for symbol, place in by_symbol.items():
            sums[symbol] += weight * place * (common // most)
    return sums, (sum(weight for weight, _, _ in places) or 1) * common


def _places(values: Mapping[str, int]) -> tuple[dict[str, int], int]:
    """Each value's place from 0 for the lowest, equal ones equal; and the highest of them."""
    order = {value: place for place, value in enumerate(sorted(set(values.values())))}
    return {symbol: order[value] for symbol, value in values.items()}, max(len(order) - 1, 1)


def _mid(seen: Seen) -> int:
    return int((seen.bid + seen.ask).scaleb(10)) // 2


def _change(past: int, mid: int) -> int:
    return (mid - past) * PPM // past if past else 0
