"""Lives of CryptoTrader in ``trader_world``, and a judge who looks after every decision."""

import itertools
import math
from decimal import Decimal
from typing import Final

import attrs
from hypothesis import strategies as st
from trader_world import EQUITY, SECOND_NS, Resting, Stall, World, instrument

from zoe.domain.catalog import TRADABLE
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.trader_state import State, Trade
from zoe.domain.strategy.view import Decision, View

HOUR_NS: Final = 3_600 * SECOND_NS
#: Where the share of the equity limits a position, and where the risk does.
PARAMS: Final = (Params(), Params(risk_bps=Decimal(5), stop_atr=Decimal(6)))
#: The same with stops that rest at the exchange.
RESTING: Final = tuple(attrs.evolve(params, stops="exchange") for params in PARAMS)


def lives(most: int = 40) -> st.SearchStrategy[bytes]:
    """What happens, two bytes a thing, so many things at most."""
    return st.binary(min_size=2 * most // 3, max_size=2 * most)


def world(params: Params = PARAMS[0]) -> World:
    """Four pairs with steps of their own."""
    stalls = [
        Stall(instrument("A/USD")),
        Stall(instrument("B/USD", tick=5, lot=10, smallest=1_000)),
        Stall(instrument("C/USD", tick=100, lot=7, smallest=30), spread=300),
        Stall(instrument("BTC/USD", smallest=50), size=2_000),
    ]
    return World(CryptoTrader(params), stalls)


@attrs.define
class Judge:
    """Remembers what it must, and says what is wrong."""

    opened: set[tuple[str, str, int]] = attrs.field(factory=set)
    stops: dict[tuple[str, str, int], int] = attrs.field(factory=dict)
    #: Where each pair's resting stop stood.
    resting: dict[str, tuple[Resting, int]] = attrs.field(factory=dict)
    #: True time at which a pair's trade ended, and after what.
    ended: dict[str, tuple[int, int]] = attrs.field(factory=dict)
    entries: int = 0
    exits: int = 0

    def look(self, before: State, world: World, stall: Stall, seen: tuple[View, Decision]) -> None:
        """Every promise, after one decision."""
        view, decision = seen
        if before.trade(view.instrument.symbol) is None:
            stall.bought = []  # what is left of an earlier trade was that one's risk
            self.forgets_stops(view.instrument.symbol)
        self.sells_no_more_than_the_sleeve(stall, decision)
        self.opens_once(before, decision.state, world, view)
        self.notes_ends(before, decision.state, world)
        self.has_a_stop(stall, view, decision)
        self.keeps_the_limits(decision.state)
        self.enters_only_when_allowed(view, decision)
        self.leaves_when_it_can(stall, view, decision)
        self.stays_on_its_side(stall, view, decision)
        self.risks_no_more(stall, decision.state, world.trader.params)

    def sells_no_more_than_the_sleeve(self, stall: Stall, decision: Decision) -> None:
        selling = {k: o.remaining for k, o in stall.orders.items() if o.side is Side.SELL}
        selling |= {w.key: w.quantity for w in decision.wants if w.side is Side.SELL}
        assert sum(selling.values()) <= stall.sleeve, "offers more than it has"

    def forgets_stops(self, pair: str) -> None:
        """A trade that has ended promises nothing of a next one, adopted in the same second."""
        for identity in [each for each in self.stops if each[0] == pair]:
            del self.stops[identity]

    def opens_once(self, before: State, after: State, world: World, view: View) -> None:
        pairs = [trade.pair for trade in after.trades]
        assert len(pairs) == len(set(pairs))
        known = {(t.pair, t.rule, t.signal_ns) for t in before.trades}
        for trade in after.trades:
            if trade.rule != "adopted" and (trade.pair, trade.rule, trade.signal_ns) not in known:
                self.entries += 1
                self.opened_after_its_pause(trade, world)
                self.pays_for_itself(trade, view)
                identity = (trade.pair, trade.rule, trade.signal_ns)
                assert identity not in self.opened, "a signal opened twice"
                self.opened.add(identity)

    def notes_ends(self, before: State, after: State, world: World) -> None:
        still = {trade.pair for trade in after.trades}
        for trade in before.trades:
            if trade.pair not in still and trade.opened_ns:
                self.exits += 1
                stop = trade.leave is not None and trade.leave.reason == "STOP"
                self.ended[trade.pair] = (world.now_ns, 6 if stop else 1)

    def opened_after_its_pause(self, trade: Trade, world: World) -> None:
        at_ns, hours = self.ended.get(trade.pair, (0, 0))
        assert world.now_ns >= at_ns + hours * HOUR_NS, "a cooldown ended early"

    def pays_for_itself(self, trade: Trade, view: View) -> None:
        """The cost gate, from the bars themselves; what the book would take is left out."""
        closes = [bar.close for bar in view.closed_bars("5m")][-289:]
        squares = [math.log(b / a) ** 2 for a, b in itertools.pairwise(closes)]
        sigma_bps = 10_000 * math.sqrt(sum(squares) / 86_400)
        seconds = 86_400 if trade.rule == "momentum" else 8 * 3_600
        fees_and_slip_bps = 25 + 40 + 5
        assert 0.5 * sigma_bps * math.sqrt(seconds) >= 1.5 * fees_and_slip_bps - 0.01, "too dear"

    def has_a_stop(self, stall: Stall, view: View, decision: Decision) -> None:
        trade = decision.state.trade(view.instrument.symbol)
        if trade is not None:
            identity = (trade.pair, trade.rule, trade.signal_ns)
            assert trade.stop >= self.stops.get(identity, 1), "a stop moved down"
            self.stops[identity] = trade.stop
        if _is_sellable(stall) and view.trading_state is TradingState.ACTIVE:
            assert trade is not None and trade.stop > 0, "a position without a stop"

    def rests(self, stall: Stall, seen: tuple[View, Decision], params: Params) -> None:
        """What is at the exchange once the decision is obeyed, where it holds the stops."""
        (view, decision), pair = seen, stall.instrument.symbol
        stop = stall.orders.get("exit.stop")
        selling = [o for k, o in stall.orders.items() if o.side is Side.SELL and k != "exit.stop"]
        if stop is not None:
            assert stop.trigger is not None
            known, at = self.resting.get(pair, (stop, 0))
            assert known is not stop or stop.trigger >= at, "a resting stop moved down"
            self.resting[pair] = (stop, stop.trigger)
        offered = sum(o.remaining for o in selling) + (stop.remaining if stop else 0)
        assert offered <= stall.sleeve, "offers more than it has"
        trade = decision.state.trade(pair)
        if params.stops == "desk" or trade is None or trade.leave is not None:
            return
        tradable = view.trading_state is TradingState.ACTIVE and view.instrument.status in TRADABLE
        if not tradable or not _is_sellable(stall) or selling or "TAKING" in decision.reasons:
            return
        assert stop is not None, "a position without a stop at rest"
        lot = int(view.instrument.qty_increment.scaleb(4))
        covered = stop.remaining >= stall.sleeve // lot * lot
        assert covered or stop.begun or stop.canceling, "coins without a stop at rest"

    def keeps_the_limits(self, state: State) -> None:
        planned = [trade for trade in state.trades if trade.rule != "adopted"]
        assert len(planned) <= 6
        assert sum(trade.committed_usd for trade in planned) <= EQUITY * 40 / 100
        for trade in planned:
            assert trade.committed_usd <= EQUITY * 5 / 100

    def enters_only_when_allowed(self, view: View, decision: Decision) -> None:
        if not any(want.side is Side.BUY for want in decision.wants):
            return
        scouted, book = view.scouted, view.book
        assert view.trading_state is TradingState.ACTIVE and not view.maintenance, "enters"
        assert view.instrument.status == "online"
        assert book is not None and book.state.value == "live" and 0 <= book.age_ms <= 10_000
        assert scouted is not None and scouted.breadth is not None and scouted.breadth >= 0.35, (
            "enters in risk-off"
        )
        assert scouted.btc_z_1h is not None and scouted.btc_z_1h >= -3
        trade = decision.state.trade(view.instrument.symbol)
        assert trade is not None and trade.leave is None and view.now_ns < trade.until_ns

    def leaves_when_it_can(self, stall: Stall, view: View, decision: Decision) -> None:
        trade = decision.state.trade(view.instrument.symbol)
        visible = stall.live and stall.age_ms <= 10_000
        if trade is None or trade.leave is None or not visible or stall.orders:
            return
        if view.trading_state is TradingState.HALTED or view.instrument.status not in TRADABLE:
            return
        if not _is_sellable(stall):
            return
        sells = [want for want in decision.wants if want.side is Side.SELL]
        lot = int(view.instrument.qty_increment.scaleb(4))
        assert sum(want.quantity for want in sells) == stall.sleeve // lot * lot

    def stays_on_its_side(self, stall: Stall, view: View, decision: Decision) -> None:
        assert view.book is not None
        tick = int(view.instrument.price_increment.scaleb(4))
        lot = int(view.instrument.qty_increment.scaleb(4))
        for want in decision.wants:
            assert want.price > 0 and want.price % tick == 0
            order = stall.orders.get(want.key)
            stays = order is not None and order.remaining == want.quantity
            assert want.quantity > 0 and (stays or want.quantity % lot == 0)
            if want.post_only and want.side is Side.BUY:
                assert want.price < view.book.asks[0][0]
            elif want.post_only:
                assert want.price > view.book.bids[0][0]
            else:
                protective = ("exit.leave", "exit.stop", "exit.tp1")
                assert want.side is Side.SELL and want.key in protective

    def risks_no_more(self, stall: Stall, state: State, params: Params) -> None:
        trade = state.trade(stall.instrument.symbol)
        if trade is None or trade.rule == "adopted":
            return
        lost = sum(
            Decimal(quantity * (price - trade.stop)).scaleb(-8) for quantity, price in stall.bought
        )
        assert lost <= EQUITY * params.risk_bps / 10_000, "more at risk than agreed"


def _is_sellable(stall: Stall) -> bool:
    """Whether what is held is certainly enough for an order, with a lot and a dollar to spare."""
    least = stall.instrument.qty_min.scaleb(4) + 10
    return stall.sleeve >= least and Decimal(stall.sleeve * stall.bid).scaleb(-8) > 1


def live(events: bytes) -> Judge:
    """A life, judged after every decision; the same View twice changes nothing."""
    params = (*PARAMS, *RESTING)
    around, judge = world(params[events[0] % len(params)]), Judge()
    for what, how_much in zip(events[::2], events[1::2], strict=False):
        stall = around.happen(what, how_much)
        before = around.state
        seen = around.wake(stall)
        judge.look(before, around, stall, seen)
        again = around.trader.decide(around.state, attrs.evolve(seen[0]))
        assert (again.state, again.wants) == (seen[1].state, seen[1].wants), "not settled"
        around.obey(stall, seen[1].wants)
        judge.rests(stall, seen, around.trader.params)
        if what % 32 == 31:
            show_an_old_one(around, judge, how_much)
    return judge


def show_an_old_one(around: World, judge: Judge, how_much: int) -> None:
    """A View of before is told again, and nobody acts on it."""
    view = around.views[-1 - how_much % len(around.views)]
    before = around.state
    around.state = around.trader.decide(before, view).state
    judge.opens_once(before, around.state, around, view)
