"""The Edge Factory written down plainly: every formula once more with every View, nothing kept.

What it remembers is taken as it was learnt; fair value, reasons, costs, spread, prices and sizes are
worked out here, and the engine's decision must be the same, bit for bit.
"""

import math
from decimal import Decimal

import attrs
from edge_views import Case

from zoe.domain.catalog import TRADABLE
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_params import FIRST_TIER_MAKER_BPS, EdgeParams, Limits
from zoe.domain.strategy.edge_state import EdgeState, Seen
from zoe.domain.strategy.fair_value import FINE, WHOLE, distance_milli
from zoe.domain.strategy.glft import ask_floor_milli, distances, spread
from zoe.domain.strategy.market import Book, BookState, Level, Sibling
from zoe.domain.strategy.own import Account
from zoe.domain.strategy.view import Decision, View, Want

PARTS = 10**10


def plain_seen(case: Case, after: EdgeState) -> Seen | None:
    """Fair value by all sources; None where the book cannot be used."""
    view, params, book = case.view, case.params, case.view.book
    pair = view.instrument
    if book is None or book_fault(view, params) is not None:
        return None
    least = math.ceil(pair.qty_min.scaleb(pair.qty_precision))
    (bid, _), (ask, _) = book.bids[0], book.asks[0]
    twice = bid + ask
    scale = 20_000 / (params.lambda_bps * twice)
    bids = weighted([(price - bid, size) for price, size in book.bids], least, scale)
    asks = weighted([(ask - price, size) for price, size in book.asks], least, scale)
    if not bids or not asks:
        return None
    half_spread = (ask - bid) * 10_000 / twice
    offset = round(params.kappa * ((bids - asks) / (bids + asks)) * half_spread * 1_000)
    grid, mid, tau2 = case.state.volatility, twice * WHOLE, params.tau_bps**2
    sigma = max(grid.fast_sigma, grid.slow_sigma, params.sigma_floor_bps)
    sources = [(offset / 1_000, half_spread**2 + sigma * sigma * book.age_ms / 1_000 + tau2)]
    means = {symbol: fading.mean for symbol, fading in after.bases}
    for other in view.siblings:
        if other.age_ms <= params.max_age_ms:
            usual = max(-20.0, min(means.get(other.symbol, 0.0), 20.0))
            theirs = sigma if other.sigma_bps is None else other.sigma_bps
            error = other.half_spread_bps**2 + theirs * theirs * other.age_ms / 1_000 + tau2
            sources.append(((other.fair - mid) * 10_000 / mid - usual, error))
    if len(sources) == 1:
        return Seen(twice * (WHOLE + offset), 0.0, half_spread, 1)
    return among(sources, twice, half_spread)


def price_at(fair: int, distance: int, side: Side, tick: int) -> int:
    """The price in units at a distance from fair value: bids round down, asks up, to the tick."""
    step = FINE * WHOLE * tick
    if side is Side.BUY:
        return fair * (WHOLE - distance) // step * tick
    return -(-fair * (WHOLE + distance) // step) * tick


def weighted(levels: list[Level], least: int, scale: float) -> float:
    """Sizes of a side by how far below its touch they are, as if it were a bid."""
    return sum(size * math.exp(off * scale) for off, size in levels if size >= least)


def among(sources: list[tuple[float, float]], twice: int, half_spread: float) -> Seen:
    """The weighted mean of those within five errors of the median."""
    places, count = sorted(place for place, _ in sources), len(sources)
    middle = (places[count // 2] + places[(count - 1) // 2]) / 2
    sources = [(place, max(error, 1e-6)) for place, error in sources]
    near = [each for each in sources if (each[0] - middle) ** 2 <= 25 * each[1]]
    if 2 * len(near) <= count:
        return Seen(None, round((places[-1] - places[0]) * 1_000) / 1_000, half_spread, 0)
    whole = math.fsum(1 / error for _, error in near)
    mean = math.fsum(place * (1 / error) for place, error in near) / whole
    left = [place for place, _ in near]
    apart = round((max(left) - min(left)) * 1_000) / 1_000
    return Seen(twice * (WHOLE + round(mean * 1_000)), apart, half_spread, len(near))


def book_fault(view: View, params: EdgeParams) -> str | None:
    pair, book = view.instrument, view.book
    if book is None:
        return "NO_BOOK"
    faults = {
        "BOOK_NOT_LIVE": book.state is not BookState.LIVE,
        "BAD_BOOK": book.age_ms < 0,
        "STALE_BOOK": book.age_ms > params.max_age_ms,
        "EMPTY_BOOK": not book.bids or not book.asks,
    }
    wrong = next((name for name, holds in faults.items() if holds), None) or crossed(book)
    if wrong is not None:
        return wrong
    steps = (pair.price_increment.scaleb(pair.price_precision), lot_step(view))
    if min(int(step) for step in steps) < 1:
        return "STEP_FINER_THAN_PRICES"
    return "BAD_SIBLING" if any(is_bad(sibling) for sibling in view.siblings) else None


def crossed(book: Book) -> str | None:
    if book.bids[0][0] >= book.asks[0][0]:
        return "CROSSED_BOOK"
    return "BAD_BOOK" if book.bids[-1][0] <= 0 else None


def is_bad(sibling: Sibling) -> bool:
    floats = (sibling.half_spread_bps, sibling.sigma_bps or 0.0)
    sane = all(math.isfinite(value) and value >= 0 for value in floats)
    return not sane or sibling.fair <= 0 or sibling.age_ms < 0


def account_fault(account: Account) -> str | None:
    figures = (
        *(account.pair_day_usd, account.strategy_day_usd, account.cash),
        *(account.quote_usd, account.equity_usd, account.maker_fee_bps),
    )
    if any(figure is not None and not figure.is_finite() for figure in figures):
        return "BAD_ACCOUNT"
    if account.sleeve < 0 or (account.maker_fee_bps or 0) < 0:
        return "BAD_ACCOUNT"
    if account.quote_usd is None:
        return "NO_USD_PRICE"
    return None if account.quote_usd > 0 else "BAD_ACCOUNT"


def reason_to_pull(case: Case, after: EdgeState) -> str | None:
    view, params = case.view, case.params
    if view.trading_state is TradingState.HALTED:
        return "HALTED"
    if view.maintenance:
        return "MAINTENANCE"
    if view.instrument.status not in TRADABLE:
        return "PAIR_NOT_ONLINE"
    fault = book_fault(view, params) or account_fault(view.account)
    if fault is not None:
        return fault
    if after.seen is None:
        return "ZERO_DEPTH"
    if after.seen.fair is None:
        return "SIBLINGS_APART"
    floor, grid = params.sigma_floor_bps, after.volatility
    if max(grid.fast_sigma, floor) > params.burst * max(grid.slow_sigma, floor):
        return "BURST"
    if view.now_ns < after.jump_until_ns:
        return "JUMP"
    if is_lost(view.account, params):
        return "LOSS_LIMIT"
    return "BUDGET" if view.budget is not None and view.budget.is_spent else None


def is_lost(account: Account, params: EdgeParams) -> bool:
    lost, equity = -account.strategy_day_usd, account.equity_usd
    if float(account.pair_day_usd) <= -params.loss_pair_usd:
        return True
    if lost <= 0 or equity is None:
        return False
    return equity <= 0 or float(lost) * 100 / float(equity) >= params.loss_strategy_percent


def lot_step(view: View) -> Decimal:
    return view.instrument.qty_increment.scaleb(view.instrument.qty_precision)


class Plain:
    """Both quotes of a View that nothing speaks against."""

    def __init__(self, case: Case, after: EdgeState) -> None:
        self.view, self.after, self.params = case.view, after, case.params
        self.limits, account, pair = Limits.of(case.params), case.view.account, case.view.instrument
        assert after.seen is not None and after.seen.fair is not None and case.view.book is not None
        assert account.quote_usd is not None
        self.book, self.fair, self.sleeve = case.view.book, after.seen.fair, account.sleeve
        self.tick = int(pair.price_increment.scaleb(pair.price_precision))
        self.step, self.scale = int(lot_step(case.view)), pair.price_precision + pair.qty_precision
        fee, params = account.maker_fee_bps, case.params
        self.fee = FIRST_TIER_MAKER_BPS * 1_000 if fee is None else math.ceil(fee * 1_000)
        costs = [after.adverse.cost_milli(s, params.a0_bps, params.n0_fills) for s in Side]
        self.cost = {side: self.fee + cost for side, cost in zip(Side, costs, strict=True)}
        held = 0
        if account.sleeve and account.sleeve_since_ns is not None:
            held = max(case.view.now_ns - account.sleeve_since_ns, 0) // 10**9
        self.is_old = held >= 4 * params.t_hold_seconds
        gamma = params.gamma * (1 + held / params.t_hold_seconds)
        grid = after.volatility
        sigma = max(grid.fast_sigma, grid.slow_sigma, params.sigma_floor_bps)
        rate, dearer = after.arrival.rate(after.seen.half_spread_bps), max(self.cost.values())
        self.made_of = spread(gamma, rate, sigma, dearer, self.limits.e_min)
        by_risk = self.limits.risk_root / sigma
        usd = min(params.lot_quote_usd, by_risk) / float(account.quote_usd)
        self.lot = max(int(usd * PARTS), 1)
        self.risk_lot = self.worth(self.lot)
        self.q = -(-self.sleeve * 1_000 * self.fair * PARTS // (self.lot * FINE * self.tens()))
        flat = dearer + self.made_of.base + self.made_of.risk // 2
        least = min(case.view.tape.volume_5m, *(self.depth(flat, side) for side in self.sides()))
        self.shared = min(self.risk_lot, int(params.participation * least))
        self.best_bid = self.book.bids[0][0] // self.tick * self.tick
        self.best_ask = -(-self.book.asks[0][0] // self.tick) * self.tick

    def tens(self) -> int:
        """Quantity units to a coin times price units to the quote currency."""
        return int(10**self.scale)

    def worth(self, parts: int) -> int:
        """So many parts of the quote currency in units of the base."""
        return parts * FINE * self.tens() // PARTS // self.fair

    def sides(self) -> tuple[tuple[Level, ...], ...]:
        return (self.book.bids, self.book.asks)

    def depth(self, flat: int, side: tuple[Level, ...]) -> int:
        """All of a side that is within a distance of its own touch."""
        twice = self.book.bids[0][0] + self.book.asks[0][0]
        best = side[0][0]
        return sum(size for price, size in side if abs(price - best) * FINE <= flat * twice)

    def is_apart(self) -> bool:
        assert self.after.seen is not None
        return self.after.seen.disagreement_bps * 1_000 > min(self.cost.values())

    def least(self, price: int) -> int:
        """The smallest quantity that may be ordered."""
        pair = self.view.instrument
        least = math.ceil(pair.qty_min.scaleb(pair.qty_precision))
        cost = math.ceil(pair.cost_min.scaleb(self.scale))
        return -(-max(least, -(-cost // price), 1) // self.step) * self.step

    def floor(self, quantity: int) -> int:
        return quantity // self.step * self.step

    def bid(self) -> Want | str:
        view, after, cost = self.view, self.after, self.cost[Side.BUY]
        if view.trading_state is not TradingState.ACTIVE:
            return str(view.trading_state.value)
        if view.now_ns < after.buys.off_until_ns:
            return "FILLED_TWICE"
        if view.now_ns < after.losing_until_ns:
            return "LOSING"
        if view.account.cash is None:
            return "CASH_UNKNOWN"
        q, room = self.q - self.limits.target, self.limits.room
        h, _, reservation = distances(self.made_of, cost, self.cost[Side.SELL], q)
        if h > self.limits.h_max:
            return "NO_EDGE"
        if q >= room:
            return "INVENTORY_FULL"
        better, tick = self.params.inside_ticks * self.tick, self.tick
        wanted = price_at(self.fair, h, Side.BUY, tick)
        wanted = min(wanted, self.best_bid + better, self.best_ask - tick)
        edge = cost + self.limits.half_e_min
        price = self.settled(Side.BUY, wanted, (h, cost), (edge, -reservation))
        if price <= 0:
            return "NO_EDGE"
        fine = max(int(view.account.cash.scaleb(10)), 0) * FINE * self.tens() // PARTS
        most = fine * WHOLE // (WHOLE + self.fee) // self.fair
        quantity = self.floor(min(self.shared * (room - q) // room, most))
        if quantity < self.least(price):
            return "BELOW_MINIMUM"
        return self.want("bid.0", price, quantity, (h, cost))

    def ask(self, *, leaving: bool) -> Want | str:
        if not self.sleeve:
            return "NOTHING_HELD"
        if self.view.now_ns < self.after.sells.off_until_ns:
            return "FILLED_TWICE"
        cost, tick, half = self.cost[Side.SELL], self.tick, self.limits.half_e_min
        q, lot = (self.q, self.risk_lot) if leaving else (self.q - self.limits.target, self.shared)
        _, h, reservation = distances(self.made_of, self.cost[Side.BUY], cost, q)
        if leaving:
            h = min(h, cost + self.made_of.base)
        floor = ask_floor_milli(q, self.fee, self.is_old)
        h = h if floor is None else max(h, floor)
        if h > self.limits.h_max and not leaving:
            return "NO_EDGE"
        nearest = cost + half if floor is None else max(min(cost + half, h - half), floor)
        better = self.params.inside_ticks * tick
        wanted = price_at(self.fair, h, Side.SELL, tick)
        wanted = max(wanted, self.best_ask - better, self.best_bid + tick)
        price = self.settled(Side.SELL, wanted, (h, cost), (nearest, reservation))
        room, whole, least = self.limits.room, self.floor(self.sleeve), self.least(price)
        quantity = self.floor(min(lot * max(room + q, 0) // room, whole))
        if quantity < least:
            return "BELOW_MINIMUM"
        quantity = whole if 0 < whole - quantity < least else quantity
        return self.want("ask.0", price, quantity, (h, cost))

    def settled(self, side: Side, wanted: int, at: tuple[int, int], edges: tuple[int, int]) -> int:
        """Where a quote works, if that is near enough to where it is wanted."""
        (h, cost), (nearest, indifferent), fair = at, edges, self.fair
        key = "bid.0" if side is Side.BUY else "ask.0"
        for order in self.view.working:
            price = order.price
            takes = price >= self.best_ask if side is Side.BUY else price <= self.best_bid
            if order.key != key or order.side is not side or takes or price % self.tick:
                continue
            away = distance_milli(fair, price, side)
            if away < nearest or away <= indifferent:
                continue
            share = int(self.params.band * max(h - cost, 0))
            near = max(self.tick, fair * share // (WHOLE * FINE))
            if order.age_ms < self.limits.min_life_ms or abs(wanted - price) <= near:
                return price
        return wanted

    def want(self, key: str, price: int, quantity: int, at: tuple[int, int]) -> Want:
        (h, cost), (base, risk) = at, self.made_of
        q, fair = self.q - self.limits.target, self.fair
        why = f"h {h} = cost {cost}, base {base}, risk {risk} a lot, q {q}; fair {fair}"
        side, until_ns = Side.BUY if key == "bid.0" else Side.SELL, self.view.now_ns + 10**10
        return Want(key, self.view.instrument.symbol, side, price, quantity, True, until_ns, why)


def plain_decision(case: Case, after: EdgeState) -> tuple[tuple[Want, ...], tuple[str, ...]]:
    """Wants and reasons, with the state as it is after the View."""
    reason = reason_to_pull(case, after)
    if reason is not None:
        return (), (reason,)
    plain = Plain(case, after)
    if plain.is_apart() or case.view.now_ns < case.state.apart_until_ns:
        return (), ("SIBLINGS_APART",)
    below = plain.bid()
    above = plain.ask(leaving=isinstance(below, str))
    wants = tuple(each for each in (below, above) if isinstance(each, Want))
    if len(wants) == 2:
        if wants[0].price >= wants[1].price:
            return (), ("SIDES_CROSS",)
        return wants, ("QUOTING",)
    reasons = [] if isinstance(below, Want) else [f"bid:{below}"]
    reasons += [f"ask:{above}"] if isinstance(above, str) else ["EXIT"]
    return wants, tuple(reasons)


def apart_until_ns(case: Case, decision: Decision) -> int:
    """Five seconds from when the sources were apart last."""
    after = decision.state
    apart = after.seen is not None and after.seen.fair is None
    if decision.reasons == ("SIBLINGS_APART",) and not apart:
        apart = Plain(case, after).is_apart()
    until_ns: int = case.view.now_ns + 5 * 10**9 if apart else case.state.apart_until_ns
    return until_ns


def is_the_same(case: Case) -> None:
    """The engine's decision is the plain one, also on its next View, when it has kept something."""
    factory, one = EdgeFactory(case.params), case
    for number in (1, 2):
        decision = factory.decide(one.state, one.view)
        assert decision.state.seen == plain_seen(one, decision.state)
        assert (decision.wants, decision.reasons) == plain_decision(one, decision.state)
        assert decision.state.apart_until_ns == apart_until_ns(one, decision)
        view = attrs.evolve(one.view, now_ns=one.view.now_ns + 300_000_000, cause=50 + number)
        one = Case(moved(view, case.number // 7 % 5 - 2), decision.state, case.params)


def moved(view: View, ticks: int) -> View:
    """With the book elsewhere."""
    book = view.book
    if book is None or (book.bids and book.bids[-1][0] + ticks <= 0):
        return view
    sides = [
        tuple((price + ticks, size) for price, size in side) for side in (book.bids, book.asks)
    ]
    return attrs.evolve(view, book=attrs.evolve(book, bids=sides[0], asks=sides[1]))
