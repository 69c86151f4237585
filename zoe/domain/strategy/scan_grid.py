"""The scanner's memory: mids of all pairs on a grid of 5 seconds, and features of each.

It is kept in columns, one number a pair: a pass over every pair is a few dozen passes over columns.
Beside the mids two running sums are kept, of squared returns and of mids: what they grew by between
two moments is the variance and the mean between them. Distances are in bps, sigma in bps/√s.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import inf, log, nan, sqrt
from operator import add, mul, sub
from typing import Final, Protocol

import attrs

STEP_SECONDS: Final = 5
BPS: Final = 10_000.0
#: Horizons in seconds, each with the ring that knows it.
HORIZONS: Final = (60, 300, 900, 3_600, 14_400, 86_400)
#: Of a ring: steps between its columns, and how many it keeps.
_RINGS: Final = ((1, 61), (12, 61), (60, 49), (180, 97))
_RING_OF: Final = {60: 0, 300: 0, 900: 1, 3_600: 1, 14_400: 2, 86_400: 3}
_DAY_RING: Final = 3

Column = Sequence[float]


class Seen(Protocol):
    """A pair's newest ticker; volume in base, of 24 hours."""

    @property
    def symbol(self) -> str: ...
    @property
    def bid(self) -> Decimal: ...
    @property
    def ask(self) -> Decimal: ...
    @property
    def volume(self) -> Decimal: ...
    @property
    def received_ns(self) -> int: ...


@attrs.frozen
class _Past:
    """The columns of one moment; ``step`` counts from the first."""

    step: int
    mids: "array[float]"
    squares: "array[float]"
    sums: "array[float]"


@attrs.frozen
class Columns:
    """Every pair's features, one column each, in the order of ``places``; nan where not known.

    Attributes:
        age_s: Since the ticker was received.
        returns: By horizon.
        sigmas: By horizon, bps/√s.
        z: r_h/(sigma√h) by horizon, sigma that of the longest horizon known.
        below_high: How far under the highest mid of 24 h, in bps.
        above_mean: Over the mean mid of 4 h, in bps.
        turnover: Base volume of 24 hours times mid, in quote.
    """

    places: Mapping[str, int]
    mids: Column
    spreads: Column
    age_s: Column
    returns: Mapping[int, Column]
    sigmas: Mapping[int, Column]
    z: Mapping[int, Column]
    below_high: Column
    above_mean: Column
    turnover: Column


class Grid:
    """All pairs' memory."""

    def __init__(self) -> None:
        self._place: dict[str, int] = {}
        self._step = -1
        self._mids: list[float] = []
        self._squares: list[float] = []
        self._sums: list[float] = []
        self._high: list[float] = []
        self._highs: deque[array[float]] = deque(maxlen=96)
        self._before: list[float] = []
        self._rings: tuple[deque[_Past], ...] = tuple(deque(maxlen=n) for _, n in _RINGS)

    def sample(self, tickers: Iterable[Seen]) -> None:
        """Takes in the newest tickers; called each STEP_SECONDS. A pair without one stands still."""
        mids = self._newest(tickers)
        moves = list(map(_move, self._mids, mids))
        self._squares = list(map(add, self._squares, map(mul, moves, moves)))
        self._sums = list(map(_plus, self._sums, mids))
        self._mids = mids
        self._step += 1
        self._high = list(map(max, self._high, mids))
        past = _Past(
            self._step, array("d", mids), array("d", self._squares), array("d", self._sums)
        )
        for ring, (steps, _) in zip(self._rings, _RINGS, strict=True):
            if self._step % steps == 0:
                ring.append(past)
        if self._step % _RINGS[_DAY_RING][0] == 0:
            self._turn_the_quarter()

    def _newest(self, tickers: Iterable[Seen]) -> list[float]:
        mids = self._mids.copy()
        known = len(mids)
        for seen in tickers:
            bid, ask = float(seen.bid), float(seen.ask)
            place = self._place.get(seen.symbol)
            if place is None:
                place = self._place[seen.symbol] = len(mids)
                mids.append(nan)
            if 0 < bid <= ask < inf:
                mids[place] = (bid + ask) / 2
        new = len(mids) - known
        # Lists that somebody may have been given are not changed.
        self._mids = [*self._mids, *[nan] * new]
        self._squares = [*self._squares, *[0.0] * new]
        self._sums = [*self._sums, *[0.0] * new]
        self._high = [*self._high, *[-inf] * new]
        return mids

    def _turn_the_quarter(self) -> None:
        """Keeps the highest of the quarter that ends, and works out that of the day before."""
        self._highs.append(array("d", self._high))
        before = [-inf] * len(self._high)
        for column in self._highs:
            before[: len(column)] = map(max, column, before)
        self._before = before
        self._high = [mid if mid > 0 else -inf for mid in self._mids]

    def columns(self, tickers: Mapping[str, Seen], now_ns: int) -> Columns:
        """What is known now of every pair that has a ticker in order; the others are nan."""
        quotes = [_quote(tickers.get(symbol), now_ns) for symbol in self._place]
        spreads, ages, volumes = (
            (list(column) for column in zip(*quotes, strict=True)) if (quotes) else ([], [], [])
        )
        pasts = {horizon: self._past(horizon) for horizon in HORIZONS}
        returns = {h: self._return(past) for h, past in pasts.items()}
        sigmas = {h: self._sigma(past) for h, past in pasts.items()}
        longest = self._longest(sigmas)
        return Columns(
            places=dict(self._place),
            mids=self._mids,
            spreads=spreads,
            age_s=ages,
            returns=returns,
            sigmas=sigmas,
            z={h: self._z(returns[h], longest, pasts[h]) for h in HORIZONS},
            below_high=self._below_high(),
            above_mean=self._above_mean(pasts[14_400]),
            turnover=list(map(mul, volumes, self._mids)),
        )

    def _past(self, horizon: int) -> _Past | None:
        """The moment at least the horizon ago and nearest to it, None where there is none."""
        steps = horizon // STEP_SECONDS
        found = None
        for past in self._rings[_RING_OF[horizon]]:
            if self._step - past.step < steps:
                break
            found = past
        return found

    def _return(self, past: _Past | None) -> list[float]:
        if past is None:
            return self._unknown()
        pairs = zip(self._mids, past.mids, strict=False)
        return self._filled([BPS * log(now / then) for now, then in pairs])

    def _sigma(self, past: _Past | None) -> list[float]:
        if past is None:
            return self._unknown()
        seconds = (self._step - past.step) * STEP_SECONDS
        grown = map(sub, self._squares, past.squares)
        known = zip(grown, past.mids, strict=False)
        return self._filled([sqrt(max(g, 0.0) / seconds) if m > 0 else nan for g, m in known])

    def _longest(self, sigmas: Mapping[int, Column]) -> list[float]:
        best = self._unknown()
        for horizon in HORIZONS:
            best = [s if s >= 0 else b for s, b in zip(sigmas[horizon], best, strict=True)]
        return best

    def _z(self, moved: Column, sigma: Column, past: _Past | None) -> list[float]:
        if past is None:
            return self._unknown()
        root = sqrt((self._step - past.step) * STEP_SECONDS)
        # Where nothing moved in all that time a pair has no z, and is not worth a look.
        return [r / (s * root) if s > 0 else nan for r, s in zip(moved, sigma, strict=True)]

    def _below_high(self) -> list[float]:
        before = [*self._before, *([-inf] * (len(self._high) - len(self._before)))]
        highest = map(max, self._high, before)
        # -inf where no mid was ever seen.
        pairs = zip(highest, self._mids, strict=True)
        return [BPS * log(high / mid) if high > 0 else nan for high, mid in pairs]

    def _above_mean(self, past: _Past | None) -> list[float]:
        if past is None:
            return self._unknown()
        steps = self._step - past.step
        grown = map(sub, self._sums, past.sums)
        known = zip(self._mids, grown, past.mids, strict=False)
        return self._filled([BPS * log(m * steps / g) if p > 0 else nan for m, g, p in known])

    def _unknown(self) -> list[float]:
        return [nan] * len(self._place)

    def _filled(self, column: list[float]) -> list[float]:
        """A column of then, with the pairs that have come since."""
        return column + [nan] * (len(self._place) - len(column))


def _quote(seen: Seen | None, now_ns: int) -> tuple[float, float, float]:
    """Spread in bps of the mid, age in seconds and volume; nan where the ticker is not in order."""
    if seen is None:
        return nan, nan, nan
    bid, ask = float(seen.bid), float(seen.ask)
    if not 0 < bid <= ask < inf:
        return nan, nan, nan
    spread = 2 * BPS * (ask - bid) / (ask + bid)
    return spread, max(now_ns - seen.received_ns, 0) / 1e9, float(seen.volume)


def _move(before: float, now: float) -> float:
    """The return of one step in bps; nothing where one of both is not known."""
    return BPS * log(now / before) if before > 0 and now != before else 0.0


def _plus(total: float, mid: float) -> float:
    return total + mid if mid > 0 else total
