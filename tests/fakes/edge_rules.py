"""What the Edge Factory promises of its wants, each rule as a check of one case.

The properties try them on many cases; planted bugs are put before them too.
"""

import math
from decimal import Decimal

import attrs
from edge_views import Case

from zoe.domain.order import Side
from zoe.domain.strategy.arrival import prior
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_quotes import Scene, ask, bid, scene
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.edge_terms import Kept
from zoe.domain.strategy.fair_value import (
    FINE,
)
from zoe.domain.strategy.own import WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import Decision, Want
from zoe.domain.strategy.volatility import SECOND_NS


def decide(case: Case) -> Decision:
    return EdgeFactory(case.params).decide(case.state, case.view)


def by_side(decision: Decision) -> dict[Side, Want]:
    return {want.side: want for want in decision.wants}


def scene_of(case: Case) -> Scene | None:
    """What the quotes are made from, None where something speaks against them."""
    decision = decide(case)
    if not decision.wants and not any(":" in reason for reason in decision.reasons):
        return None
    pair = case.view.instrument
    kept = Kept(case.params, EdgeFactory(case.params).weighing, Steps.of(pair))
    return scene(case.view, decision.state, kept, kept.money(case.view.account))


def never_takes(case: Case) -> None:
    book, decision = case.view.book, decide(case)
    assert book is not None
    assert decision.wants or decision.reasons
    for want in decision.wants:
        assert want.post_only
        if want.side is Side.BUY:
            assert 0 < want.price < book.asks[0][0]
        else:
            assert want.price > book.bids[0][0]
    wants = by_side(decision)
    assert len(wants) == len(decision.wants)
    if len(wants) == 2:
        assert wants[Side.BUY].price < wants[Side.SELL].price


def on_steps_over_minimums(case: Case) -> None:
    pair = case.view.instrument
    for want in decide(case).wants:
        price = Decimal(want.price).scaleb(-pair.price_precision)
        quantity = Decimal(want.quantity).scaleb(-pair.qty_precision)
        assert pair.check_order(quantity, price) is None


def within_sleeve_and_cash(case: Case) -> None:
    pair, account = case.view.instrument, case.view.account
    wants = by_side(decide(case))
    if Side.SELL in wants:
        assert wants[Side.SELL].quantity <= account.sleeve
    if Side.BUY in wants:
        digits = pair.price_precision + pair.qty_precision
        cost = Decimal(wants[Side.BUY].quantity * wants[Side.BUY].price).scaleb(-digits)
        fee = Decimal(25) if account.maker_fee_bps is None else account.maker_fee_bps
        assert account.cash is not None
        assert cost + cost * fee / 10_000 <= account.cash


def keeps_its_edge(case: Case) -> None:
    """bid < r < ask, and h - c >= e_min but for an ask that reduces, which stays above its floor.

    Everything is worked out once more, plainly. Where a quote may work already, at a place where it
    was wanted with less inventory and volatility, half of the edge must be left.
    """
    works = case.number % 2
    if works:
        before = by_side(decide(case.with_sigma(0.2).with_account(sleeve=0)))
        case = _resting(case, before)
    decision = decide(case)
    wants, is_exit = by_side(decision), "EXIT" in decision.reasons
    if not wants:
        return
    plain = Plain(case, decision.state)
    q = plain.q if is_exit else plain.q - case.params.q_target_lots
    reserve = -q * plain.risk_bps
    slack = 0.01 + (plain.risk_bps + abs(q)) / 500  # inventory and risk are counted in thousandths
    edge = case.params.e_min_bps / (2 if works else 1)
    if Side.BUY in wants:
        away = plain.away_bps(wants[Side.BUY])
        assert works or away >= plain.bid_bps(q) - slack
        assert away >= plain.cost_bps(Side.BUY) + edge - 0.005
        assert -away <= reserve + slack
    if Side.SELL in wants:
        away = plain.away_bps(wants[Side.SELL])
        assert works or away >= plain.ask_bps(q, is_exit) - slack
        least = plain.cost_bps(Side.SELL) + edge
        if q > 0:
            least = min(least, 0.0 if plain.is_old else plain.fee_bps)
        assert away >= least - 0.005
        assert away >= reserve - slack


class Plain:
    """The formulas as they stand in the book, in floats."""

    def __init__(self, case: Case, state: EdgeState) -> None:
        self._case = case
        account, params = case.view.account, case.params
        assert state.seen is not None and state.seen.fair is not None
        assert account.quote_usd is not None
        pair = case.view.instrument
        self.fair = state.seen.fair / FINE
        self.fee_bps = 25.0 if account.maker_fee_bps is None else float(account.maker_fee_bps)
        sigma = max(math.sqrt(state.volatility.fast.mean), math.sqrt(state.volatility.slow.mean))
        sigma = max(round(sigma, 3), params.sigma_floor_bps)  # as it is rounded before use
        now_ns = case.view.now_ns
        held_ns = 0 if account.sleeve_since_ns is None else now_ns - account.sleeve_since_ns
        held = held_ns // SECOND_NS if account.sleeve else 0
        self.is_old = held >= 4 * params.t_hold_seconds
        gamma = params.gamma * (1 + held / params.t_hold_seconds)
        rate = prior(state.seen.half_spread_bps)
        cost = max(self.cost_bps(Side.BUY), self.cost_bps(Side.SELL))
        arrivals = rate.a * math.exp(-rate.k * cost)
        growth = (1 + gamma / rate.k) ** (1 + rate.k / gamma)
        self.base_bps = max(params.e_min_bps, math.log(1 + gamma / rate.k) / gamma)
        self.risk_bps = sigma * math.sqrt(gamma / (2 * arrivals * rate.k) * growth)
        by_risk = params.risk_quote_usd / (sigma * math.sqrt(params.t_hold_seconds) * 1e-4)
        price = self.fair / 10**pair.price_precision * float(account.quote_usd)
        held_usd = account.sleeve / 10**pair.qty_precision * price
        self.q = held_usd / min(params.lot_quote_usd, by_risk)

    def bid_bps(self, q: float) -> float:
        """h of the bid."""
        return self.cost_bps(Side.BUY) + self.base_bps + (max(q, 0.0) + 0.5) * self.risk_bps

    def ask_bps(self, q: float, is_exit: bool) -> float:
        """h of the ask."""
        flat = self.cost_bps(Side.SELL) + self.base_bps
        h = flat - (q - 0.5) * self.risk_bps
        h = min(h, flat) if is_exit else h
        floor = 0.0 if self.is_old else self.fee_bps
        return max(h, floor) if q > 0 else h

    def cost_bps(self, side: Side) -> float:
        """Fee and adverse selection."""
        adverse, params = self._case.state.adverse, self._case.params
        count, total = (
            (adverse.buys, adverse.buys_sum)
            if side is Side.BUY
            else (adverse.sells, adverse.sells_sum)
        )
        mean = max(total / count / 1_000, 0.0) if count else 0.0
        weight = params.n0_fills
        return self.fee_bps + (count * mean + weight * params.a0_bps) / (count + weight)

    def away_bps(self, want: Want) -> float:
        """How far a want is from fair value on its own side."""
        sign = 1 if want.side is Side.BUY else -1
        return sign * (self.fair - want.price) / self.fair * 10_000


def _resting(case: Case, wants: dict[Side, Want]) -> Case:
    orders = tuple(
        WorkingOrder(w.key, w.side, w.price, w.quantity, age_ms=1_000) for w in wants.values()
    )
    return case.with_view(working=orders)


def more_inventory_lowers(case: Case) -> None:
    more = 1 + case.number % 10**6
    sleeve = case.view.account.sleeve
    if not sleeve:  # so that its age is the same
        case = case.with_account(sleeve_since_ns=case.view.now_ns)
    added = max(sleeve, 1_000) * more // 10**4 + 1
    few = by_side(decide(case))
    many = by_side(decide(case.with_account(sleeve=sleeve + added)))
    for side in few.keys() & many.keys():
        assert many[side].price <= few[side].price
    if Side.BUY in many:
        assert Side.BUY in few
        assert many[Side.BUY].quantity <= few[Side.BUY].quantity


def worse_never_narrows(case: Case) -> None:
    what = WORSE[case.number % len(WORSE)]
    wide = _worse(case, what, 1 + case.number // len(WORSE) % 40)
    first, second = scene_of(case), scene_of(wide)
    if first is None or second is None:
        return
    quotes = [bid(first), bid(second)]
    quotes += [ask(each, leaving=isinstance(bid(each), str)) for each in (first, second)]
    if all(isinstance(quote, Want) for quote in quotes):
        before = first.plan.bid.distance + first.plan.ask.distance
        assert second.plan.bid.distance + second.plan.ask.distance >= before
    if quotes[0] == "NO_EDGE":
        assert isinstance(quotes[1], str)


WORSE = ("sigma", "fee", "a", "a of buys", "a of sells")


def _worse(case: Case, what: str, more: int) -> Case:
    if what == "sigma":
        sigma = case.state.volatility.sigma_bps(case.params.sigma_floor_bps)
        return case.with_sigma(sigma * (1 + more / 10))
    if what == "fee":
        fee = case.view.account.maker_fee_bps
        return case.with_account(maker_fee_bps=(Decimal(25) if fee is None else fee) + more)
    if what == "a":
        a0 = min(case.params.a0_bps + more, 50)
        return attrs.evolve(case, params=attrs.evolve(case.params, a0_bps=a0))
    adverse = case.state.adverse
    if what == "a of buys":
        adverse = attrs.evolve(adverse, buys_sum=adverse.buys_sum + adverse.buys * more * 1_000)
    else:
        adverse = attrs.evolve(adverse, sells_sum=adverse.sells_sum + adverse.sells * more * 1_000)
    return attrs.evolve(case, state=attrs.evolve(case.state, adverse=adverse))
