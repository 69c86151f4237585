"""CryptoTrader's way out: what is held has a stop from its first coin, and leaves by one of five doors.

In this order: stop, time, take-profit, trail (it moves the stop), signal gone. A decided exit is
never taken back, only made more urgent.
"""

from typing import Final

import attrs

from zoe.domain.catalog import TRADABLE
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import exits, trader_stop
from zoe.domain.strategy.bar_facts import BAR_NS, Facts
from zoe.domain.strategy.exits import HOUR_NS, SECOND_NS
from zoe.domain.strategy.position_size import milli, stop_distance
from zoe.domain.strategy.trader_entry import Answer, chase, collared_stop, consider
from zoe.domain.strategy.trader_look import ENTRY, MAKER, PROTECT, SLOTS, TARGET, Look, known
from zoe.domain.strategy.trader_params import seconds_ns
from zoe.domain.strategy.trader_state import (
    ADOPTED,
    DAY_NS,
    MOMENTUM,
    REVERSION,
    Leave,
    State,
    Trade,
)
from zoe.domain.strategy.view import Want

#: So long after its end an entry's order may still turn up.
GRACE_NS: Final = 3 * SECOND_NS
STOP: Final = "STOP"
TRAIL: Final = "TRAIL"
TIME: Final = "TIME"
SIGNAL_GONE: Final = "SIGNAL_GONE"
#: Reasons that a person should hear of: a position whose stop cannot act.
ALARMS: Final = frozenset({"STOP_BLIND", "EXIT_IMPOSSIBLE", "STOP_MISSING"})


def hold(state: State, trade: Trade, look: Look) -> Answer:
    """What becomes of a trade, from its first want to the last coin."""
    if look.view.trading_state is TradingState.HALTED:
        halted = state.with_trade(trade.given_up(look.now_ns))
        return halted, trader_stop.as_it_is(look), (TradingState.HALTED.value,)
    trade = _seen(trade, look)
    if not trade.opened_ns:
        return _not_open(state, trade, look)
    # What moves the stop up comes first, so that it is watched where it stands.
    trade = _trailed(_settled(trade, look), look)
    state, trade = _watched(state, trade, look)
    if _is_over(trade, look):
        return _closed(state, trade, look)
    if trade.leave is not None:
        return _leaving(state, trade, look)
    state, bids, reasons = chase(state, trade, look)
    bought = state.trade(look.pair)
    assert bought is not None
    alarms = ("STOP_BLIND",) if look.bid is None else ()
    said = (*alarms, *(reasons if bids else ("HOLDING",)))
    if look.rests_stop:
        bought, sales, more = _guarded(bought, look)
        return state.with_trade(bought), (*bids, *sales), (*said, *more)
    asks = _targets(bought, look)
    return state, (*bids, *asks), (*said, *(("TARGET_RESTS",) if asks else ()))


def _guarded(trade: Trade, look: Look) -> tuple[Trade, tuple[Want, ...], tuple[str, ...]]:
    """What is held under a stop that rests, and the take-profit that is watched."""
    taken = trader_stop.profit(trade, look)
    if taken and not trade.taking:
        trade = attrs.evolve(trade, taking=True)
    sale = trader_stop.sale(trade, look, taken)
    stop = trader_stop.wanted(trade, look, taken)
    if stop:
        trade = trader_stop.watched(trade, look)
    missing = bool(stop) and trader_stop.is_missing(trade, look)
    words = (("TAKING",) if taken else ()) + (("STOP_MISSING",) if missing else ())
    return trade, (*stop, *sale), words


def adopt(state: State, look: Look) -> Answer:
    """A position that no trade explains gets a stop below what it cost, and the rest of the rules."""
    cost = known(look.view.account.sleeve_cost)
    pair = look.view.instrument
    if cost is None:
        entry = look.bid
    else:
        units = cost.scaleb(pair.price_precision + pair.qty_precision) / look.held
        entry = -int(-units // 1)
    if entry is None:
        return state, (), ("STOP_BLIND",)
    atr, close = (look.facts.atr, look.facts.close) if look.facts is not None else (0, entry)
    distance = stop_distance(atr, max(close, 1), look.spread_mbps or 0, look.params)
    usd = known(look.view.account.quote_usd) or 1
    trade = Trade(
        pair=look.pair,
        rule=ADOPTED,
        signal_ns=look.now_ns,
        planned=look.held,
        reference=entry,
        price=entry,
        until_ns=look.now_ns,
        stop=max(exits.stop_below(entry, distance, look.tick), 1),
        distance_mbps=distance,
        committed_usd=look.worth(entry, look.held) * usd,
        opened_ns=look.now_ns,
        size=look.held,
        entry=entry,
    )
    return hold(state.with_trade(trade), trade, look)


def is_orphan(look: Look) -> bool:
    """Whether the sleeve holds what can be sold, at the price of now or of what it cost."""
    price = look.bid
    if price is None:
        cost = known(look.view.account.sleeve_cost)
        if cost is None or not look.held:
            return False
        pair = look.view.instrument
        price = max(int(cost.scaleb(pair.price_precision + pair.qty_precision) / look.held), 1)
    return look.floor(look.held) >= look.least(price)


def _seen(trade: Trade, look: Look) -> Trade:
    """The trade once its first coin is there: its time runs from then.

    A beginning that is yet to come was told by a clock that was ahead: it was at most now.
    """
    if not trade.size and look.owned > trade.most:
        trade = attrs.evolve(trade, most=look.owned)
    if trade.opened_ns > look.late_ns:
        return attrs.evolve(trade, opened_ns=look.now_ns)
    if trade.opened_ns or look.held <= trade.before:
        return trade
    since_ns = look.view.account.sleeve_since_ns or 0
    began_ns = since_ns if trade.signal_ns <= since_ns <= look.now_ns else look.now_ns
    return attrs.evolve(trade, opened_ns=began_ns)


def _not_open(state: State, trade: Trade, look: Look) -> Answer:
    """An entry of which nothing is bought yet: it goes on, or the pair is free for the next."""
    answer = chase(state, trade, look)
    now = answer[0].trade(look.pair)
    assert now is not None
    if answer[1] or look.now_ns < now.until_ns + GRACE_NS or look.works(*SLOTS):
        return answer
    after, wants, reasons = consider(state.without_trade(look.pair), look)
    return after, wants, ("ENTRY_GIVEN_UP", *reasons)


def _watched(state: State, trade: Trade, look: Look) -> tuple[State, Trade]:
    """Stop, time stop, signal gone, in this order; what presses more replaces what presses less."""
    before = exits.Watch(trade.under_ns, trade.under_sequence, trade.blind)
    watch, is_hit = exits.look(trade.stop, before, look.sight)
    if watch != before:
        trade = attrs.evolve(
            trade,
            under_ns=watch.under_ns,
            under_sequence=watch.under_sequence,
            blind=watch.blind,
        )
    reason = None if trade.leave is None else trade.leave.reason
    is_hit = is_hit or (look.rests_stop and trader_stop.has_sold(trade, look))
    if is_hit and reason in (None, SIGNAL_GONE):
        is_loss = _is_loss(trade)
        if is_loss:
            state = state.with_stopped(look.pair, look.late_ns)
        return state, attrs.evolve(trade, leave=Leave(STOP if is_loss else TRAIL, look.now_ns))
    hours = look.params.reversion_hours if trade.rule == REVERSION else look.params.time_stop_hours
    if look.now_ns - trade.opened_ns >= hours * HOUR_NS and reason in (None, SIGNAL_GONE):
        return state, attrs.evolve(trade, leave=Leave(TIME, look.now_ns))
    if reason is None and _is_gone(trade, look):
        return state, attrs.evolve(trade, leave=Leave(SIGNAL_GONE, look.now_ns))
    return state, trade


def _is_loss(trade: Trade) -> bool:
    return trade.stop < (trade.entry or trade.price)


def _settled(trade: Trade, look: Look) -> Trade:
    """The trade once all is bought that will be: its size and cost, and what a take-profit sells."""
    filled = look.held - trade.before >= trade.planned
    over = trade.size > 0 or filled or look.now_ns >= trade.until_ns + GRACE_NS
    if not over or look.works(ENTRY):
        return trade
    if look.held > trade.size:
        cost = known(look.view.account.sleeve_cost)
        pair = look.view.instrument
        entry = trade.price
        if cost is not None:
            units = cost.scaleb(pair.price_precision + pair.qty_precision) / look.held
            entry = -int(-units // 1)
        trade = attrs.evolve(
            trade, size=look.held, entry=entry, tranche=0, until_ns=min(trade.until_ns, look.now_ns)
        )
    if not trade.tranche:
        trade = attrs.evolve(trade, tranche=_tranche(trade, look))
    if trade.halved or not _is_sold(trade, look):
        return trade
    even = exits.break_even(trade.entry, look.taker_fee_mbps, look.tick)
    return attrs.evolve(trade, halved=True, stop=max(trade.stop, even))


def _tranche(trade: Trade, look: Look) -> int:
    """Half of the size, or all of it where a half or its rest could not be sold at the stop."""
    half = look.floor(trade.size // 2)
    least = look.least(collared_stop(trade.stop, look))
    return half if half >= least and look.floor(trade.size - half) >= least else trade.size


def _is_sold(trade: Trade, look: Look) -> bool:
    """Whether the take-profit is done; what is left of it may be too little for an order."""
    if look.rests_stop and not trade.taking:
        return False
    left = trade.tranche - (trade.size - look.held)
    if left <= 0:
        return True
    began, price = look.held < trade.size, trader_stop.target(trade, look)
    return began and not look.works(TARGET) and look.floor(left) < look.least(price)


def _is_over(trade: Trade, look: Look) -> bool:
    """Whether nothing is held that could be sold, and nothing is on its way."""
    if look.works(*SLOTS) or (look.now_ns < trade.until_ns + GRACE_NS and not trade.size):
        return False
    price = look.bid if look.bid is not None else trade.stop
    return look.floor(look.held) < look.least(price)


def _closed(state: State, trade: Trade, look: Look) -> Answer:
    """The trade is over: its pair rests, longer after a stop, for a day after two."""
    params = look.params
    is_stop = trade.leave is not None and trade.leave.reason == STOP
    if trade.leave is None and look.rests_stop and not trade.taking:
        # All of it went while nobody looked: by the stop that rested.
        is_stop = _is_loss(trade)
        state = state.with_stopped(look.pair, look.late_ns) if is_stop else state
    minutes = params.stop_cooldown_minutes if is_stop else params.cooldown_minutes
    until_ns = look.late_ns + seconds_ns(minutes * 60)
    stops = [s for s in state.stopped if s.pair == look.pair and s.at_ns > look.sure_ns - DAY_NS]
    if is_stop and len(stops) >= params.barred_stops:
        until_ns = max(until_ns, look.late_ns + seconds_ns(params.barred_hours * 3_600))
    over = state.without_trade(look.pair).with_pause(look.pair, until_ns, look.sure_ns)
    return over, (), ("CLOSED", "DUST") if look.held else ("CLOSED",)


def _trailed(trade: Trade, look: Look) -> Trade:
    """The stop after the bars that closed since the first coin: highest high less 3 ATR."""
    facts = look.facts
    if facts is None:
        return trade
    trade = _remembered(trade, facts)
    if not _has_closed_since(trade, facts):
        return trade
    bars = look.view.closed_bars("5m")
    newer = [bar.high for bar in bars if bar.close_ns - BAR_NS >= trade.opened_ns]
    high = max([trade.high, *newer])
    trailed = exits.trail(high, facts.atr, milli(look.params.trail_atr), look.tick)
    if high == trade.high and trailed <= trade.stop:
        return trade
    return attrs.evolve(trade, high=high, stop=max(trade.stop, trailed))


def _has_closed_since(trade: Trade, facts: Facts) -> bool:
    return facts.close_ns - BAR_NS >= trade.opened_ns


def _remembered(trade: Trade, facts: Facts) -> Trade:
    """Returns of the last day, by which other pairs are compared with this one; anew each hour."""
    if facts.returns_end_ns < trade.returns_end_ns + HOUR_NS:
        return trade
    return attrs.evolve(trade, returns=facts.returns_mbps, returns_end_ns=facts.returns_end_ns)


def _is_gone(trade: Trade, look: Look) -> bool:
    facts = look.facts
    if facts is None or not _has_closed_since(trade, facts):
        return False
    if trade.rule == MOMENTUM:
        return facts.momentum_milli < 0
    if trade.rule == REVERSION:
        return facts.vwap_z_milli > -milli(look.params.gone_z)
    return False


def _targets(trade: Trade, look: Look) -> tuple[Want, ...]:
    """The take-profit, at rest from when the entry has ended."""
    if not trade.size or trade.halved or look.bid is None or _cannot_sell(look):
        return ()
    left = min(trade.tranche - (trade.size - look.held), look.sellable(TARGET))
    price = max(trader_stop.target(trade, look), (look.bid // look.tick + 1) * look.tick)
    quantity = look.floor(left)
    if quantity < look.least(price) and not look.works(TARGET):
        return ()
    return (
        (look.want(TARGET, price, quantity, f"{look.params.target_r} R above the entry"),)
        if quantity
        else ()
    )


def _cannot_sell(look: Look) -> bool:
    return look.view.instrument.status not in TRADABLE


def _leaving(state: State, trade: Trade, look: Look) -> Answer:
    """The decided exit: as maker for a while where nothing presses, then protected by a collar."""
    leave = trade.leave
    assert leave is not None
    kept = state.with_trade(trade.given_up(look.now_ns))
    if look.bid is None:
        return kept, trader_stop.as_it_is(look), (leave.reason, "STOP_BLIND")
    if _cannot_sell(look):
        return kept, trader_stop.as_it_is(look), (leave.reason, "EXIT_IMPOSSIBLE")
    if trader_stop.has_its_turn(leave, look):
        return kept, trader_stop.as_it_is(look), (leave.reason, "STOP_RESTS")
    patience_ns = seconds_ns(look.params.maker_exit_seconds)
    # Who waits as a maker has no stop at rest: where one should be, nobody waits.
    patience_ns = patience_ns if leave.reason == SIGNAL_GONE and not look.rests_stop else 0
    # A clock that goes back makes nobody wait any longer, here and below.
    patient = 0 <= look.now_ns - leave.since_ns < patience_ns
    by_maker = patient or look.view.instrument.status == "post_only"
    since_ns = leave.since_ns + (0 if by_maker else patience_ns)
    if _is_held_elsewhere(MAKER if by_maker else PROTECT, since_ns, look):
        return kept, (), (leave.reason, "COINS_HELD")
    if by_maker:
        price = max(look.ask or 0, (look.bid // look.tick + 1) * look.tick)
        return kept, _sale(MAKER, price, leave.reason, look), (leave.reason,)
    return _protected(kept, trade, leave, look)


def _is_held_elsewhere(key: str, since_ns: int, look: Look) -> bool:
    """Whether an exit waits a moment for coins that other orders hold, and then leaves in one piece.

    What they still hold after that moment is sold when they are known to be gone.
    """
    others = any(o.side is Side.SELL and o.key != key for o in look.view.working)
    moment_ns = seconds_ns(look.params.exit_seconds)
    return others and not look.works(key) and 0 <= look.now_ns - since_ns < moment_ns


def _protected(state: State, trade: Trade, leave: Leave, look: Look) -> Answer:
    """A limit with a collar that leaves after two seconds, and again only when its fate is known."""
    assert look.bid is not None
    life_ns = seconds_ns(look.params.exit_seconds)
    if leave.price is None or not 0 < leave.until_ns - look.now_ns <= life_ns:
        if look.works(PROTECT):
            return state, (), (leave.reason, "FATE_UNKNOWN")
        price = exits.collared(look.bid, milli(look.params.collar_bps), look.tick)
        leave = attrs.evolve(leave, price=price, until_ns=look.now_ns + life_ns)
    assert leave.price is not None
    sale = _sale(PROTECT, leave.price, leave.reason, look)
    if not sale:
        return state, (), (leave.reason, "COINS_HELD")
    state = state.with_trade(attrs.evolve(trade.given_up(look.now_ns), leave=leave))
    wants = tuple(attrs.evolve(want, valid_until_ns=leave.until_ns) for want in sale)
    return state, wants, (leave.reason,)


def _sale(key: str, price: int, reason: str, look: Look) -> tuple[Want, ...]:
    """All that a slot may sell; nothing where it is less than an order may be."""
    quantity = look.sellable(key)
    if quantity < look.least(price):
        return ()
    return (look.want(key, price, quantity, reason),)
