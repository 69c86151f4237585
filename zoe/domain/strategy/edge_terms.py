"""What the Edge Factory quotes on, worked out when something of it has changed, and then kept.

Decimals, logarithms and means are dear, and most Views differ from the last one of their pair in
the book alone. What is kept is a function of the values it was made from, which it is kept with:
whether it is there changes nothing but the time that a decision takes.
"""

import math
from decimal import Decimal
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from zoe.domain.order import Side
from zoe.domain.strategy import sizing
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.arrival import Arrival, spread_class
from zoe.domain.strategy.edge_params import FIRST_TIER_MAKER_BPS, EdgeParams, Limits
from zoe.domain.strategy.fair_value import WHOLE, Weighing
from zoe.domain.strategy.glft import Spread, ask_floor_milli, distances, spread
from zoe.domain.strategy.own import NO_ACCOUNT, Account
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import View
from zoe.domain.strategy.volatility import Bases, basis_bps

if TYPE_CHECKING:
    from zoe.domain.strategy.edge_state import EdgeState

_MILLI: Final = 1_000
_SECOND_NS: Final = 1_000_000_000
#: Inventory is old after so many times ``t_hold_seconds``: then an ask may come to fair value.
_OLD_HOLDS: Final = 4


@attrs.frozen(eq=False)
class Money:
    """An account as it is counted with.

    Attributes:
        fault: What is wrong with it, then the rest says nothing.
        is_lost: A limit of the day's losses is reached.
        fee: Of a maker, in thousandths of a bp.
        spendable: See ``sizing.spendable``; None while nobody knows the cash.
    """

    account: Account
    fault: str | None
    is_lost: bool = False
    fee: int = 0
    spendable: int | None = None


class Terms(NamedTuple):
    """Costs, spread and lot; distances in thousandths of a bp.

    Attributes:
        bid_cost: c of a fill of the bid: fee and adverse selection.
        lot: The lot that inventory is measured in; see ``sizing.fine_money``.
        flat: How far from the touch depth counts.
        is_old: Whether the inventory has been held for very long.
    """

    bid_cost: int
    ask_cost: int
    made_of: Spread
    lot: int
    flat: int
    is_old: bool


class Stand(NamedTuple):
    """Where a side should stand with an inventory; distances in thousandths of a bp.

    Attributes:
        off: Why the side is off; then the rest says nothing.
        part: Of the whole that the price is of fair value, in thousandths of a bp.
        nearest: A working quote that is nearer has too little edge left, or passes the price at
            which one is indifferent.
        band: How far a working quote may be from where it should stand.
        share: Of a lot, times ``Limits.room``.
        why: How it came about, but for the fair value that follows it.
    """

    off: str | None
    distance: int = 0
    part: int = 0
    nearest: int = 0
    band: int = 0
    share: int = 0
    why: str = ""


class Plan(NamedTuple):
    """Where both sides should stand, and the ask where there is no bid."""

    bid: Stand
    ask: Stand
    leaving: Stand


#: What terms are made from.
_Source = tuple[Money, Adverse, Arrival, float, int, int]


class Kept:
    """The newest of all that for one pair, with the rules that it is made by.

    Args:
        steps: Of the pair.
    """

    def __init__(self, params: EdgeParams, weighing: Weighing, steps: Steps) -> None:
        self.params = params
        self.limits = Limits.of(params)
        self.weighing = weighing
        self.steps = steps
        #: So much better than the best order of others a quote may be, in price units.
        self.better = params.inside_ticks * steps.tick
        self._money = Money(NO_ACCOUNT, "NO_USD_PRICE")
        self._terms: tuple[_Source, Terms] | None = None
        self._plan: tuple[Terms, int, Plan] | None = None
        self._usual: tuple[Bases, dict[str, float]] = ((), {})

    def usual(self, bases: Bases) -> dict[str, float]:
        """The slow basis of each sibling, in bps."""
        known = self._usual
        if known[0] is not bases:
            usual = {symbol: basis_bps(bases, symbol) for symbol, _ in bases}
            known = self._usual = (bases, usual)
        return known[1]

    def money(self, account: Account) -> Money:
        """What an account comes to."""
        known = self._money
        if known.account is not account:
            known = self._money = _money(account, self.steps, self.params)
        return known

    def terms(self, view: View, state: "EdgeState", money: Money) -> Terms:
        """What the quotes of a View are made of; its fair value is known."""
        assert state.seen is not None
        account, half_spread = view.account, state.seen.half_spread_bps
        sigma = state.volatility.sigma_bps(self.params.sigma_floor_bps)
        since_ns, held = account.sleeve_since_ns, 0
        if since_ns is not None and account.sleeve and since_ns < view.now_ns:
            held = (view.now_ns - since_ns) // _SECOND_NS
        # Of the spread its class alone counts.
        source = (money, state.adverse, state.arrival, sigma, spread_class(half_spread), held)
        known = self._terms
        if known is None or known[0] != source:
            known = self._terms = (source, _terms(source, half_spread, self))
        return known[1]

    def plan(self, terms: Terms, q: int, money: Money) -> Plan:
        """Where to stand with an inventory.

        Args:
            q: In thousandths of a lot, relative to the target.
        """
        known = self._plan
        if known is None or known[0] is not terms or known[1] != q:
            bid, ask = self._bid(terms, q), self._ask(terms, q, money)
            known = self._plan = (terms, q, Plan(bid, ask, self._exit(terms, q, money)))
        return known[2]

    def _bid(self, terms: Terms, q: int) -> Stand:
        limits, cost = self.limits, terms.bid_cost
        distance, _, reservation = distances(terms.made_of, cost, terms.ask_cost, q)
        if distance > limits.h_max:
            return Stand("NO_EDGE")
        if q >= limits.room:
            return Stand("INVENTORY_FULL")
        nearest = max(cost + limits.half_e_min, 1 - reservation)
        room, band = limits.room - q, self._band(distance, cost)
        why = _why(terms, distance, cost, q)
        return Stand(None, distance, WHOLE - distance, nearest, band, room, why)

    def _ask(self, terms: Terms, q: int, money: Money) -> Stand:
        _, distance, reservation = distances(terms.made_of, terms.bid_cost, terms.ask_cost, q)
        floor = ask_floor_milli(q, money.fee, terms.is_old)
        if floor is not None and distance < floor:
            distance = floor
        if distance > self.limits.h_max:
            return Stand("NO_EDGE")
        return self._ask_at(terms, q, (q, floor), (distance, reservation))

    def _exit(self, terms: Terms, q: int, money: Money) -> Stand:
        """Nothing is held for its own sake then: the inventory counts from 0.

        The ask stands no further off than cost and base, however large the risk.
        """
        whole, cost = q + self.limits.target, terms.ask_cost
        _, distance, reservation = distances(terms.made_of, terms.bid_cost, cost, whole)
        distance = min(distance, cost + terms.made_of.base)
        floor = ask_floor_milli(whole, money.fee, terms.is_old)
        if floor is not None and distance < floor:
            distance = floor
        return self._ask_at(terms, q, (whole, floor), (distance, reservation))

    def _ask_at(
        self, terms: Terms, q: int, held: tuple[int, int | None], where: tuple[int, int]
    ) -> Stand:
        """An ask at its distance.

        Args:
            held: The inventory that counts, and the nearest that an ask may come with it.
            where: The distance, and that of the indifferent price.
        """
        (counted, floor), (distance, reservation) = held, where
        limits, cost = self.limits, terms.ask_cost
        nearest = cost + limits.half_e_min
        if floor is not None:  # one may be wanted nearer than that, to be rid of inventory
            nearest = max(min(nearest, distance - limits.half_e_min), floor)
        nearest = max(nearest, reservation + 1)
        room, band = max(limits.room + counted, 0), self._band(distance, cost)
        why = _why(terms, distance, cost, q)
        return Stand(None, distance, WHOLE + distance, nearest, band, room, why)

    def _band(self, distance: int, cost: int) -> int:
        return int(self.params.band * max(distance - cost, 0))


def _why(terms: Terms, distance: int, cost: int, q: int) -> str:
    """Distances in thousandths of a bp, q of a lot; fair value in fine units is to follow."""
    base, risk = terms.made_of
    return f"h {distance} = cost {cost}, base {base}, risk {risk} a lot, q {q}; fair "


def _terms(source: _Source, half_spread_bps: float, kept: Kept) -> Terms:
    money, adverse, arrival, sigma, _, held_seconds = source
    params, limits, usd = kept.params, kept.limits, money.account.quote_usd
    bid_cost = money.fee + adverse.cost_milli(Side.BUY, params.a0_bps, params.n0_fills)
    ask_cost = money.fee + adverse.cost_milli(Side.SELL, params.a0_bps, params.n0_fills)
    gamma = params.gamma * (1 + held_seconds / params.t_hold_seconds)
    # One risk for both sides, by the dearer: else a cheap side could pass the indifferent price.
    cost = max(bid_cost, ask_cost)
    made_of = spread(gamma, arrival.rate(half_spread_bps), sigma, cost, limits.e_min)
    assert usd is not None
    parts = sizing.risk_lot_parts(params.lot_quote_usd, limits.risk_root, sigma, usd)
    return Terms(
        bid_cost,
        ask_cost,
        made_of,
        sizing.fine_money(parts, kept.steps),
        cost + made_of.base + made_of.risk // 2,
        held_seconds >= _OLD_HOLDS * params.t_hold_seconds,
    )


def _money(account: Account, steps: Steps, params: EdgeParams) -> Money:
    fault = _fault(account)
    if fault is not None:
        return Money(account, fault)
    fee = fee_milli(account)
    cash = None if account.cash is None else sizing.spendable(account.cash, fee, steps)
    return Money(account, None, _is_lost(account, params), fee, cash)


def fee_milli(account: Account) -> int:
    """The maker fee in thousandths of a bp, rounded up; the first tier's where nobody knows it."""
    fee = account.maker_fee_bps
    if fee is None:
        return FIRST_TIER_MAKER_BPS * _MILLI
    return math.ceil(fee * _MILLI)


def _fault(account: Account) -> str | None:
    optional = (account.cash, account.quote_usd, account.equity_usd, account.maker_fee_bps)
    figures = (account.pair_day_usd, account.strategy_day_usd, *optional)
    if not all(figure is None or figure.is_finite() for figure in figures):
        return "BAD_ACCOUNT"
    if account.sleeve < 0 or (account.maker_fee_bps or 0) < 0:
        return "BAD_ACCOUNT"
    if account.quote_usd is None:
        return "NO_USD_PRICE"
    return None if account.quote_usd > 0 else "BAD_ACCOUNT"


def _is_lost(account: Account, params: EdgeParams) -> bool:
    if float(account.pair_day_usd) <= -params.loss_pair_usd:
        return True
    lost_percent = _percent(-account.strategy_day_usd, account.equity_usd)
    return lost_percent is not None and lost_percent >= params.loss_strategy_percent


def _percent(part: Decimal, whole: Decimal | None) -> float | None:
    """None where nothing was lost, or nobody knows of what."""
    if part <= 0 or whole is None:
        return None
    return float(part) * 100 / float(whole) if whole > 0 else 100.0
