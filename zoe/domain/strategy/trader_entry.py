"""CryptoTrader's way in: a signal is judged once, sized, and bought as a maker who chases a little.

Every gate that stops a pair is a reason of the decision: the first of each rule, and of the rest.
"""

from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.risk import TradingState
from zoe.domain.strategy.bar_facts import BAR_NS, BPS, MILLI, Facts, likeness
from zoe.domain.strategy.entry_rules import (
    Costs,
    cost_gate,
    momentum_gate,
    reversion_gate,
    risk_off,
)
from zoe.domain.strategy.exits import SECOND_NS, collared, stop_below
from zoe.domain.strategy.position_size import (
    Funds,
    Place,
    allowances,
    depth_within,
    impact,
    milli,
    stop_distance,
)
from zoe.domain.strategy.trader_look import ENTRY, Look, known
from zoe.domain.strategy.trader_params import Params, seconds_ns
from zoe.domain.strategy.trader_state import MOMENTUM, REVERSION, State, Trade
from zoe.domain.strategy.view import Want

#: A signal of a bar that closed longer ago is not opened any more.
FRESH_NS: Final = 30 * SECOND_NS

Answer = tuple[State, tuple[Want, ...], tuple[str, ...]]


def consider(state: State, look: Look) -> Answer:
    """What becomes of a pair without a trade: a trade whose entry is wanted, or why there is none."""
    stopped = closed_to_entries(look) or _unknown(look)
    facts = look.facts
    if stopped is not None or facts is None:
        return state, (), (stopped or "WARMING",)
    rule, reasons = _rule(facts, look)
    if rule is None:
        return state, (), reasons
    why = _forbidden(state, facts, rule, look)
    if why is not None:
        return state, (), (why,)
    trade, why = _sized(state, facts, rule, look)
    if trade is None:
        return state, (), (why,)
    opened = state.with_opened(look.pair, rule, facts.close_ns).with_trade(trade)
    return chase(opened, trade, look)


def closed_to_entries(look: Look) -> str | None:
    """Why nothing may be bought in this pair now, whatever the signal; None where it may."""
    view = look.view
    if view.trading_state is not TradingState.ACTIVE:
        return str(view.trading_state.value)
    if view.maintenance:
        return "MAINTENANCE"
    if view.instrument.status != "online":
        return "PAIR_NOT_ONLINE"
    return "STALE" if look.bid is None or look.ask is None else None


def _unknown(look: Look) -> str | None:
    """What is missing before a signal can be judged at all."""
    if look.flaw is not None:
        return look.flaw
    scouted = look.view.scouted
    if scouted is None:
        return "NOT_SCOUTED"
    if scouted.gates:
        return f"GATE_{scouted.gates[0]}"
    return "GATE_RANK" if scouted.rank < 1 else None


def _rule(facts: Facts, look: Look) -> tuple[str | None, tuple[str, ...]]:
    """The rule whose signal this bar is, or the gate that stopped each."""
    by_momentum = momentum_gate(facts, look.params)
    if by_momentum is None:
        return MOMENTUM, ()
    by_reversion = reversion_gate(facts, look.mood, look.params)
    if by_reversion is None:
        return REVERSION, ()
    return None, (by_momentum, by_reversion)


def _forbidden(state: State, facts: Facts, rule: str, look: Look) -> str | None:
    """Why this signal is not opened, before anything is reckoned."""
    if state.was_opened(look.pair, rule, facts.close_ns):
        return "SIGNAL_USED"
    if not 0 <= look.now_ns - facts.close_ns <= FRESH_NS:
        return "SIGNAL_LATE"
    if state.paused_until(look.pair) > look.sure_ns:
        return "COOLDOWN"
    if look.view.working:
        return "ORDERS_LEFT"
    if any(trade.base == look.view.instrument.base for trade in state.trades):
        return "BASE_HELD"
    if len(state.trades) >= look.params.max_positions:
        return "POSITIONS"
    return _off(state, look) or _alike(state, facts, look.params)


def _off(state: State, look: Look) -> str | None:
    equity = known(look.view.account.equity_usd)
    if equity is None:
        return "ACCOUNT_UNKNOWN"
    won = look.view.account.strategy_day_usd
    loss_bps = int(-won * BPS // equity) if won.is_finite() else BPS
    return risk_off(state, look.mood, loss_bps, look.sure_ns, look.params)


def _alike(state: State, facts: Facts, params: Params) -> str | None:
    """Three that move together are enough; of whom nothing is known is taken to move along."""
    found = (likeness(facts, t.returns, t.returns_end_ns) for t in state.trades)
    together = sum(each is None or each * MILLI > milli(params.alike) for each in found)
    return "ALIKE" if together >= params.max_alike else None


def _sized(state: State, facts: Facts, rule: str, look: Look) -> tuple[Trade | None, str]:
    """The trade that a signal becomes, or the limit that leaves too little for one."""
    params, spread = look.params, look.spread_mbps
    funds, place = _funds(state, look), _place(look)
    if funds is None or place is None or spread is None or look.bid is None:
        return None, "ACCOUNT_UNKNOWN"
    distance = stop_distance(facts.atr, facts.close, spread, params)
    name, most = min(allowances(funds, place, distance, params), key=lambda each: each[1])
    highest = _highest(look.bid, look)
    worth_of_one = look.worth(highest, 1)
    quantity = look.floor(int(most / worth_of_one)) if most > 0 else 0
    stop = stop_below(look.bid, distance, look.tick)
    # What may have to be sold at the stop, in halves.
    if stop <= 0 or quantity < params.min_orders * look.least(collared_stop(stop, look)):
        return None, f"SIZE_{name}"
    hours = int(params.time_stop_hours if rule == MOMENTUM else params.reversion_hours)
    costs = Costs(
        look.maker_fee_mbps, look.taker_fee_mbps, -(-spread // 2), impact(look.bids, quantity)
    )
    dear = cost_gate(facts.sigma_mbps, hours, costs, params)
    if dear is not None:
        return None, dear
    return _trade(facts, rule, look, (quantity, distance, worth_of_one * funds.quote_usd)), ""


def _trade(facts: Facts, rule: str, look: Look, sized: tuple[int, int, Decimal]) -> Trade:
    quantity, distance, usd_of_one = sized
    assert look.bid is not None
    return Trade(
        pair=look.pair,
        rule=rule,
        signal_ns=facts.close_ns,
        planned=quantity,
        reference=look.bid,
        price=look.bid // look.tick * look.tick,
        until_ns=facts.close_ns + seconds_ns(look.params.entry_seconds),
        stop=stop_below(look.bid // look.tick * look.tick, distance, look.tick),
        distance_mbps=distance,
        committed_usd=usd_of_one * quantity,
        before=look.held,
        most=look.owned,
        returns=facts.returns_mbps,
        returns_end_ns=facts.returns_end_ns,
    )


def collared_stop(stop: int, look: Look) -> int:
    """The lowest price at which a protective order at the stop is placed."""
    return collared(stop, milli(look.params.collar_bps), look.tick)


def _highest(reference: int, look: Look) -> int:
    """How far the entry may chase: 15 bps over the bid at which the signal opened."""
    return (
        max(
            reference * (BPS * MILLI + milli(look.params.chase_bps)) // (BPS * MILLI * look.tick), 1
        )
        * look.tick
    )


def _funds(state: State, look: Look) -> Funds | None:
    account = look.view.account
    equity, usd, cash = known(account.equity_usd), known(account.quote_usd), account.cash
    # No cash at all is known well enough: there is nothing to buy with.
    if equity is None or usd is None or cash is None or not cash.is_finite() or cash < 0:
        return None
    exposed = sum((trade.committed_usd for trade in state.trades), Decimal(0))
    return Funds(equity, cash, usd, exposed, look.order_quote)


def _place(look: Look) -> Place | None:
    scouted = look.view.scouted
    turnover = None if scouted is None or scouted.turnover_usd is None else scouted.turnover_usd
    if turnover is None or not 0 < turnover < float("inf"):
        return None
    depth = depth_within(look.bids, milli(look.params.depth_bps))
    return Place(look.worth(depth, 1), Decimal(int(turnover)), look.maker_fee_mbps)


def chase(state: State, trade: Trade, look: Look) -> Answer:
    """The entry's order at the bid, higher with it up to the limit and never lower; or its end.

    A want stands for what is not bought yet. Once the entry has ended it does not begin again.
    """
    why = _ended(state, trade, look)
    if why is not None:
        return state.with_trade(trade.given_up(look.now_ns)), (), (why,)
    if look.bid is None or look.ask is None:
        return state.with_trade(trade), (), ("STALE",)
    wished = max(
        trade.price, min(look.bid // look.tick * look.tick, _highest(trade.reference, look))
    )
    stop = max(trade.stop, stop_below(wished, trade.distance_mbps, look.tick))
    # A post-only order may not touch the asks, wherever they have come down to.
    price = min(wished, (look.ask - 1) // look.tick * look.tick)
    if price <= stop or look.bid <= stop:
        return state.with_trade(trade.given_up(look.now_ns)), (), ("ENTRY_FAILED",)
    if (wished, stop) != (trade.price, trade.stop):
        trade = attrs.evolve(trade, price=wished, stop=stop)
    quantity = look.floor(min(trade.planned - look.owned + trade.before, _affordable(price, look)))
    if quantity < look.least(price):
        kept = trade.given_up(look.now_ns) if look.owned > trade.before else trade
        return state.with_trade(kept), (), ("ENTRY_REST",)
    want = look.want(ENTRY, price, quantity, f"{trade.rule} at {trade.signal_ns}")
    return state.with_trade(trade), (want,), (f"ENTERING_{trade.rule.upper()}",)


def _ended(state: State, trade: Trade, look: Look) -> str | None:
    """Why the entry is over, None while it goes on; what is only stale now may come back."""
    if trade.leave is not None:
        return trade.leave.reason
    if look.now_ns >= trade.until_ns or look.now_ns < trade.signal_ns - BAR_NS:
        return "ENTRY_OVER"
    if look.owned - trade.before >= trade.planned:
        return "ENTRY_FILLED"
    if look.owned < trade.most:
        return "ENTRY_FAILED"  # its stop has begun to sell it: what is sold is not bought again
    closed = closed_to_entries(look)
    if closed is not None and closed != "STALE":
        return closed
    return _off(state, look)


def _affordable(price: int, look: Look) -> int:
    """How much the cash pays for at a price, with the fee."""
    cash = known(look.view.account.cash)
    if cash is None:
        return 0
    fee = Decimal(BPS * MILLI + look.maker_fee_mbps) / (BPS * MILLI)
    return int(cash / (look.worth(price, 1) * fee))
