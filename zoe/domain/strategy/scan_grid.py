"""The scanner's memory: mids of all pairs on a grid of 5 seconds, and features of each.

It is kept in columns, one number a pair: a pass over every pair is a few dozen passes over columns.
Beside the mids two running sums are kept, of squared returns and of mids: what they grew by between
two moments is the variance and the mean between them. Distances are in bps, sigma in bps/√s.
"""

from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from math import inf, isnan, log, nan, sqrt
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


class Worked(Mapping[int, Column]):
    """A column a horizon, each worked out when it is first looked at: most passes need few."""

    def __init__(self, column: Callable[[int], Column]) -> None:
        self._column = column
        self._known: dict[int, Column] = {}

    def __getitem__(self, horizon: int) -> Column:
        known = self._known.get(horizon)
        if known is None:
            known = self._known[horizon] = self._column(horizon)
        return known

    def __iter__(self) -> Iterator[int]:
        return iter(HORIZONS)

    def __len__(self) -> int:
        return len(HORIZONS)


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
        #: Each pair's newest ticker, with both prices as floats: to convert them is dear.
        self._touches: list[tuple[Seen | None, float, float]] = []
        self._squares: list[float] = []
        self._sums: list[float] = []
        self._high: list[float] = []
        self._highs: deque[array[float]] = deque(maxlen=96)
        self._before: list[float] = []
        self._rings: tuple[deque[_Past], ...] = tuple(deque(maxlen=n) for _, n in _RINGS)

    def sample(self, tickers: Iterable[Seen]) -> None:
        """Takes in the newest tickers; called each STEP_SECONDS. A pair without one stands still."""
        mids = self._newest(tickers)
        pairs = zip(self._mids, mids, strict=True)
        moves = [BPS * log(n / b) if b > 0 and n != b else 0.0 for b, n in pairs]
        self._squares = list(map(add, self._squares, map(mul, moves, moves)))
        self._sums = [s + m if m > 0 else s for s, m in zip(self._sums, mids, strict=True)]
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
        known, touches = len(mids), self._touches
        for seen in tickers:
            bid, ask = float(seen.bid), float(seen.ask)
            place = self._place.get(seen.symbol)
            if place is None:
                place = self._place[seen.symbol] = len(mids)
                mids.append(nan)
                touches.append((None, nan, nan))
            touches[place] = (seen, bid, ask)
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
        spreads, ages, volumes = self._quotes(tickers, now_ns)
        now = _Now(self._step, self._mids, self._squares)
        pasts = {horizon: self._past(horizon) for horizon in HORIZONS}
        returns = Worked(lambda h: now.moved(pasts[h]))
        sigmas = Worked(lambda h: now.sigma(pasts[h]))
        longest = Worked(lambda _: now.longest(sigmas, pasts))
        return Columns(
            places=dict(self._place),
            spreads=spreads,
            age_s=ages,
            returns=returns,
            sigmas=sigmas,
            z=Worked(lambda h: now.z(returns[h], longest[0], pasts[h])),
            below_high=self._below_high(),
            above_mean=self._above_mean(pasts[14_400]),
            turnover=list(map(mul, volumes, self._mids)),
        )

    def _quotes(
        self, tickers: Mapping[str, Seen], now_ns: int
    ) -> tuple[list[float], list[float], list[float]]:
        """Spreads in bps of the mid, ages in seconds and volumes; nan without a ticker in order."""
        spreads, ages, volumes = ([nan] * len(self._place) for _ in range(3))
        for place, (symbol, (known, bid, ask)) in enumerate(
            zip(self._place, self._touches, strict=True)
        ):
            seen = tickers.get(symbol)
            if seen is None:
                continue
            if seen is not known:
                bid, ask = float(seen.bid), float(seen.ask)
            if 0 < bid <= ask < inf:
                spreads[place] = 2 * BPS * (ask - bid) / (ask + bid)
                ages[place] = max(now_ns - seen.received_ns, 0) / 1e9
                volumes[place] = float(seen.volume)
        return spreads, ages, volumes

    def _past(self, horizon: int) -> _Past | None:
        """The moment at least the horizon ago and nearest to it, None where there is none."""
        steps = horizon // STEP_SECONDS
        found = None
        for past in self._rings[_RING_OF[horizon]]:
            if self._step - past.step < steps:
                break
            found = past
        return found

    def _below_high(self) -> list[float]:
        before = [*self._before, *([-inf] * (len(self._high) - len(self._before)))]
        highest = map(max, self._high, before)
        # -inf where no mid was ever seen.
        pairs = zip(highest, self._mids, strict=True)
        return [BPS * log(high / mid) if high > 0 else nan for high, mid in pairs]

    def _above_mean(self, past: _Past | None) -> list[float]:
        if past is None:
            return [nan] * len(self._mids)
        steps = self._step - past.step
        grown = map(sub, self._sums, past.sums)
        known = zip(self._mids, grown, past.mids, strict=False)
        column = [BPS * log(m * steps / g) if p > 0 else nan for m, g, p in known]
        return _filled(column, self._mids)


@attrs.frozen
class _Now:
    """The newest columns; lists that are never changed."""

    step: int
    mids: list[float]
    squares: list[float]

    def moved(self, past: _Past | None) -> list[float]:
        """Returns of all pairs since ``past``, in bps."""
        if past is None:
            return self._unknown()
        pairs = zip(self.mids, past.mids, strict=False)
        return _filled([BPS * log(now / then) for now, then in pairs], self.mids)

    def sigma(self, past: _Past | None) -> list[float]:
        """Volatility of all pairs since ``past``, in bps/√s."""
        if past is None:
            return self._unknown()
        seconds = (self.step - past.step) * STEP_SECONDS
        grown = map(sub, self.squares, past.squares)
        known = zip(grown, past.mids, strict=False)
        column = [(sqrt(g / seconds) if g > 0 else 0.0) if m > 0 else nan for g, m in known]
        return _filled(column, self.mids)

    def longest(self, sigmas: Mapping[int, Column], pasts: Mapping[int, _Past | None]) -> Column:
        """The volatility over the longest horizon that each pair is known for."""
        best: Column = self._unknown()
        for horizon in reversed(HORIZONS):
            if pasts[horizon] is not None:
                best = [b if b >= 0 else s for b, s in zip(best, sigmas[horizon], strict=True)]
                if not any(map(isnan, best)):
                    break
        return best

    def z(self, moved: Column, sigma: Column, past: _Past | None) -> list[float]:
        """Returns over their usual size."""
        if past is None:
            return self._unknown()
        root = sqrt((self.step - past.step) * STEP_SECONDS)
        # Where nothing moved in all that time a pair has no z, and is not worth a look.
        return [r / (s * root) if s > 0 else nan for r, s in zip(moved, sigma, strict=True)]

    def _unknown(self) -> list[float]:
        return [nan] * len(self.mids)


def _filled(column: list[float], now: Sequence[float]) -> list[float]:
    """A column of then, with the pairs that have come since."""
    return column + [nan] * (len(now) - len(column))
