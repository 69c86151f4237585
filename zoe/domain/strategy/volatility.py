"""Volatility of fair value on a grid of one second, and the slow basis of siblings.

On the grid, not per tick: ticks measure the bid-ask bounce. Means forget with a half-life and are
normalised by what they have seen, so that they are means from the first value on.
"""

import math
from typing import Final

import attrs

SECOND_NS: Final = 1_000_000_000
_BPS: Final = 10_000


@attrs.frozen
class Fading:
    """A mean that forgets: ``weight`` is how much of it has been seen, 0 to 1."""

    mean: float = 0.0
    weight: float = 0.0

    def after(self, value: float, seconds: float, half_life_seconds: float) -> "Fading":
        """The mean with a value that stands for so many seconds."""
        # Rounded, since powers differ in their last digit from machine to machine.
        new = round(1 - 2 ** (-seconds / half_life_seconds), 9)
        if new <= 0:
            return self
        weight = self.weight + (1 - self.weight) * new
        return Fading(self.mean + (value - self.mean) * new / weight, weight)


def _sigma(square: Fading) -> float:
    return round(math.sqrt(square.mean), 3)


@attrs.frozen
class Volatility:
    """Two means of squared returns, in bps² a second.

    Attributes:
        second: The newest point of the grid, None before the first.
        fair: Fair value there, in fine units.
        fast_sigma: In bps/√s, rounded; worked out once a second, and looked at with every View.
    """

    second: int | None = None
    fair: int = 0
    fast: Fading = Fading()
    slow: Fading = Fading()
    fast_sigma: float = attrs.field(
        init=False, default=attrs.Factory(lambda self: _sigma(self.fast), takes_self=True)
    )
    slow_sigma: float = attrs.field(
        init=False, default=attrs.Factory(lambda self: _sigma(self.slow), takes_self=True)
    )

    def after(self, now_ns: int, fair: int, half_lives: tuple[float, float]) -> "Volatility":
        """The grid with fair value now: the same within a second; begun anew where the clock went
        back.

        Args:
            half_lives: Fast and slow, in seconds.
        """
        second = now_ns // SECOND_NS
        if self.second == second:
            return self
        if self.second is None or second < self.second:
            return attrs.evolve(self, second=second, fair=fair)
        passed = second - self.second
        squared = self.move_bps(fair) ** 2 / passed
        fast, slow = half_lives
        return Volatility(
            second,
            fair,
            self.fast.after(squared, passed, fast),
            self.slow.after(squared, passed, slow),
        )

    def move_bps(self, fair: int) -> float:
        """How far fair value has gone since the newest point of the grid."""
        return (fair - self.fair) * _BPS / self.fair if self.fair else 0.0

    def slow_bps(self, floor: float) -> float:
        """The slow volatility in bps/√s, ``floor`` at least."""
        return max(self.slow_sigma, floor)

    def sigma_bps(self, floor: float) -> float:
        """The larger of the slow and the fast volatility in bps/√s, ``floor`` at least."""
        sigma = max(self.slow_sigma, self.fast_sigma)
        return max(floor, sigma)


#: How slowly a sibling's premium is taken for what is usual, and how much of it at most.
BASIS_HALF_LIFE_SECONDS: Final = 3_600
BASIS_MOST_BPS: Final = 20.0

#: Symbol and mean premium, sorted.
Bases = tuple[tuple[str, Fading], ...]


def basis_bps(bases: Bases, symbol: str) -> float:
    """The usual premium of a sibling, at most 20 bps either way."""
    for name, fading in bases:
        if name == symbol:
            return max(-BASIS_MOST_BPS, min(fading.mean, BASIS_MOST_BPS))
    return 0.0


def learn_bases(bases: Bases, premiums: tuple[tuple[str, float], ...], seconds: int) -> Bases:
    """The slow bases after ``seconds`` of these premiums; those of siblings not heard of stay."""
    known = dict(bases)
    for symbol, premium in premiums:
        fading = known.get(symbol, Fading())
        # The first one counts for a second, or a sibling that is new would begin with a jump.
        lasted = seconds if fading.weight else max(seconds, 1)
        known[symbol] = fading.after(round(premium, 3), lasted, BASIS_HALF_LIFE_SECONDS)
    return tuple(sorted(known.items()))
