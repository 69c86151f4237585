"""Which pairs CryptoTrader looks at closely: gates, a score, and the mood of the whole market.

Pure data comes out: the best pairs in order, and for every other pair the first gate that stopped
it. Figures leave rounded to thousandths, and pairs are ranked by those.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from math import isfinite
from typing import Any, Final

import attrs

from zoe.domain.strategy.bar_facts import CLIP, MILLI, MOMENTUM, momentum
from zoe.domain.strategy.market import Scouted
from zoe.domain.strategy.scan_grid import HORIZONS, Columns
from zoe.domain.strategy.trader_params import Params

DAY_NS: Final = 86_400_000_000_000
BITCOIN: Final = "BTC/USD"
#: The horizon of the volatility that counts for the score, and of Bitcoin's fall, in seconds.
HOUR: Final = 3_600
#: Horizons as a View and ``candidate_scans`` name them.
NAMES: Final = ("1m", "5m", "15m", "1h", "4h", "24h")
NO_TICKER: Final = "NO_TICKER"
#: Gates in the order in which they are tried; the last two need all pairs.
GATES: Final = (
    *(NO_TICKER, "NOT_ONLINE", "MONEY", "TURNOVER", "SPREAD", "AGE", "TOO_NEW"),
    *("NOT_CHEAPEST", "RANK"),
)


@attrs.frozen
class Listing:
    """What is known of a pair beside its prices.

    Attributes:
        quote_usd: Price of the quote currency in USD; None where nothing says so.
        known_since_ns: Since when the pair is known to be traded; None where nothing says so.
    """

    symbol: str
    status: str
    quote_usd: float | None
    known_since_ns: int | None


@attrs.frozen
class WholeMarket:
    """What all pairs say together; None where it is not known yet.

    Attributes:
        breadth: Share of pairs above their 4 h mean.
        btc_z_1h: z of BTC/USD over an hour.
        btc_momentum: M of BTC/USD.
    """

    breadth: float | None
    btc_z_1h: float | None
    btc_momentum: float | None


@attrs.frozen
class Scan:
    """One pass over all pairs.

    Attributes:
        best: Pairs that passed every gate, best first, each with its score from 0 to 1000.
        stopped: The first gate that stopped each of the other pairs.
    """

    now_ns: int
    market: WholeMarket
    best: tuple[tuple[str, int], ...]
    stopped: Mapping[str, str] = attrs.field(repr=lambda stopped: str(len(stopped)))
    _columns: Columns = attrs.field(repr=False)
    _turnovers: Sequence[float] = attrs.field(repr=False)
    _listings: Mapping[str, Listing] = attrs.field(repr=False)

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs each gate stopped."""
        counted = Counter(self.stopped.values())
        return {gate: counted[gate] for gate in GATES if counted[gate]}

    @property
    def by_turnover(self) -> list[str]:
        """Every pair, the largest turnover first; those without one last."""
        known = zip(self._columns.places, self._turnovers, strict=True)
        return [s for _, s in sorted((-t if isfinite(t) else 1.0, s) for s, t in known)]

    def scouted(self, symbol: str) -> Scouted | None:
        """What a View shows of a pair; None where its ticker is not known, or not in order."""
        place = self._columns.places.get(symbol)
        if place is None or self.stopped.get(symbol) == NO_TICKER:
            return None
        columns, turnover = self._columns, self._turnovers[place]
        listing = self._listings.get(symbol)
        since_ns = None if listing is None else listing.known_since_ns
        rank, score = next(
            ((n, score) for n, (name, score) in enumerate(self.best, 1) if name == symbol), (0, 0)
        )
        return Scouted(
            spread_bps=round(columns.spreads[place], 3),
            age_ms=int(columns.age_s[place] * 1_000),
            turnover_usd=float(int(turnover)) if isfinite(turnover) and turnover >= 0 else None,
            known_days=0.0 if since_ns is None else round((self.now_ns - since_ns) / DAY_NS, 3),
            r_bps=_by_name(columns.returns, place),
            sigma_bps=_by_name(columns.sigmas, place),
            z=_by_name(columns.z, place),
            below_high_bps=_rounded(columns.below_high[place]),
            rank=rank,
            score=score / MILLI,
            gates=(self.stopped[symbol],) if symbol in self.stopped else (),
            breadth=self.market.breadth,
            btc_z_1h=self.market.btc_z_1h,
            btc_momentum=self.market.btc_momentum,
        )


def scan(columns: Columns, listings: Mapping[str, Listing], now_ns: int, params: Params) -> Scan:
    """Gates, then the cheapest pair of each base, then the score."""
    stopped: dict[str, str] = {}
    passed: list[int] = []
    turnovers = _turnovers(columns, listings)
    gate = _gates(columns, listings, now_ns, params)
    for (symbol, place), turnover in zip(columns.places.items(), turnovers, strict=True):
        why = gate(symbol, place, turnover)
        if why is None:
            passed.append(place)
        else:
            stopped[symbol] = why
    symbols = tuple(columns.places)
    cheapest = _cheapest(passed, symbols, columns, turnovers)
    stopped |= {symbols[place]: "NOT_CHEAPEST" for place in passed if place not in cheapest}
    scored = _scored(sorted(cheapest), columns, turnovers, params)
    ranked = sorted((-score, symbols[place]) for score, place in scored)
    stopped |= {symbol: "RANK" for _, symbol in ranked[params.top :]}
    best = tuple((symbol, -score) for score, symbol in ranked[: params.top])
    return Scan(now_ns, market(columns), best, stopped, columns, turnovers, listings)


def _turnovers(columns: Columns, listings: Mapping[str, Listing]) -> list[float]:
    usd = [
        listing.quote_usd if (listing := listings.get(symbol)) is not None else None
        for symbol in columns.places
    ]
    pairs = zip(columns.turnover, usd, strict=True)
    return [turnover * price if price is not None else -1.0 for turnover, price in pairs]


def _gates(
    columns: Columns, listings: Mapping[str, Listing], now_ns: int, params: Params
) -> Callable[[str, int, float], str | None]:
    """Which gate stops a pair, by its place and turnover; a figure that is not known stops it."""
    least, spread = float(params.min_turnover_usd), float(params.max_spread_bps)
    age, money = float(params.max_age_seconds), frozenset(params.exclude)
    since_ns = now_ns - int(params.min_known_days * DAY_NS)
    spreads, ages = columns.spreads, columns.age_s

    def stopped_by(symbol: str, place: int, turnover: float) -> str | None:
        if not spreads[place] >= 0:
            return NO_TICKER
        listing = listings.get(symbol)
        if listing is None or listing.status != "online":
            return "NOT_ONLINE"
        if symbol.partition("/")[0] in money:
            return "MONEY"
        if not turnover >= least:
            return "TURNOVER"
        if spreads[place] > spread:
            return "SPREAD"
        if ages[place] > age:
            return "AGE"
        if listing.known_since_ns is None or listing.known_since_ns > since_ns:
            return "TOO_NEW"
        return None

    return stopped_by


def _cheapest(
    passed: Sequence[int], symbols: Sequence[str], columns: Columns, turnovers: Sequence[float]
) -> set[int]:
    """One place for each base: its pair with the narrowest spread, then the largest turnover."""
    best: dict[str, int] = {}
    spreads = columns.spreads

    def order(place: int) -> tuple[float, float, str]:
        return spreads[place], -turnovers[place], symbols[place]

    for place in passed:
        base = symbols[place].partition("/")[0]
        other = best.setdefault(base, place)
        if other != place and order(place) < order(other):
            best[base] = place
    return set(best.values())


def market(columns: Columns) -> WholeMarket:
    """Breadth over all pairs whose mean is known, and where Bitcoin stands."""
    above = [m > 0 for m in columns.above_mean if isfinite(m)]
    breadth = sum(above) / len(above) if above else None
    place = columns.places.get(BITCOIN)
    if place is None:
        return WholeMarket(breadth, None, None)
    m = momentum([columns.z[horizon][place] for horizon, _ in MOMENTUM])
    z = columns.z[HOUR][place]
    return WholeMarket(_rounded(breadth), _rounded(z), _rounded(m))


def _scored(
    places: Sequence[int], columns: Columns, turnovers: Sequence[float], params: Params
) -> list[tuple[int, int]]:
    """Score and place of each pair.

    The score is the sum of weight times standing, from 0 to 1000, over the sum of weights.
    """
    parts = (
        (params.weight_momentum, _momenta(columns, places)),
        (params.weight_reversion, [-columns.above_mean[n] for n in places]),
        (params.weight_turnover, [turnovers[n] for n in places]),
        (params.weight_spread, [-columns.spreads[n] for n in places]),
        (params.weight_volatility, [columns.sigmas[HOUR][n] for n in places]),
    )
    sums = [0] * len(places)
    for weight, values in parts:
        if weight:
            # What is not finite is not nothing when it is taken from itself.
            standings = _standings([round(v * MILLI) if v - v == 0 else None for v in values])
            sums = [total + weight * own for total, own in zip(sums, standings, strict=True)]
    weights = sum(weight for weight, _ in parts) or 1
    return [(total // weights, place) for total, place in zip(sums, places, strict=True)]


def _momenta(columns: Columns, places: Sequence[int]) -> list[float]:
    """M of each place, one horizon after the other; see ``bar_facts.momentum``."""
    totals = [0.0] * len(places)
    for horizon, weight in MOMENTUM:
        z = columns.z[horizon]
        clipped = [
            # In this order nan stays nan.
            own if -CLIP <= own <= CLIP else CLIP if own > CLIP else max(own, -CLIP)
            for own in [z[place] for place in places]
        ]
        totals = [total + weight * own for total, own in zip(totals, clipped, strict=True)]
    return totals


def _standings(values: Sequence[int | None]) -> list[int]:
    """Each value's standing from 0 for the lowest to 1000, equal ones equal; 0 for an unknown one."""
    distinct = set(values)
    distinct.discard(None)
    known = sorted(distinct)  # type: ignore[type-var]  # None has gone
    most = max(len(known) - 1, 1)
    standing = {value: n * MILLI // most for n, value in enumerate(known)}
    standing[None] = 0
    return [standing[value] for value in values]


def _by_name(
    by_horizon: Mapping[int, Sequence[float]], place: int
) -> tuple[tuple[str, float], ...]:
    """The horizons that are known, by name."""
    named = zip(NAMES, HORIZONS, strict=True)
    values = ((name, by_horizon[horizon][place]) for name, horizon in named)
    return tuple((name, round(value, 3)) for name, value in values if isfinite(value))


def _rounded(value: float | None) -> float | None:
    return round(value, 3) if value is not None and isfinite(value) else None


def rows(found: Scan, stopped: int) -> list[dict[str, Any]]:
    """A pass as ``candidate_scans`` has it: the best pairs, then pairs that a gate stopped.

    Args:
        stopped: So many of each gate, the largest turnover first: they came nearest. ``gate`` says
            which it was, and is None for the best; ``rank`` and ``score`` are None for the others.
    """
    by_gate: dict[str, list[str]] = {gate: [] for gate in GATES if gate != NO_TICKER}
    for symbol in found.by_turnover:
        gate = found.stopped.get(symbol)
        if gate in by_gate and len(by_gate[gate]) < stopped:
            by_gate[gate].append(symbol)
    symbols = [symbol for symbol, _ in found.best]
    return [_row(symbol, found) for symbol in chain(symbols, *by_gate.values())]


def _row(symbol: str, found: Scan) -> dict[str, Any]:
    pair = found.scouted(symbol)
    assert pair is not None, symbol
    sigma = dict(pair.sigma_bps).get("1h")
    return {
        "symbol": symbol,
        "rank": pair.rank or None,
        "score": round(pair.score * MILLI) if pair.rank else None,
        "gate": pair.gates[0] if pair.gates else None,
        "spread_ppm": _ppm(pair.spread_bps),
        "turnover_usd": None if pair.turnover_usd is None else str(int(pair.turnover_usd)),
        "volatility_ppm": _ppm(sigma),
        "momentum_ppm": {name: _ppm(moved) for name, moved in pair.r_bps},
        "z_milli": {name: round(z * MILLI) for name, z in pair.z},
        "below_high_ppm": _ppm(pair.below_high_bps),
        "active": None,
        "age_ms": pair.age_ms,
    }


def _ppm(bps: float | None) -> int | None:
    return None if bps is None else round(bps * 100)
