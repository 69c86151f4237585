"""A market, an exchange and an account round CryptoTrader, driven by bytes: each pair of them happens.

It keeps true time and true money itself, and knows nothing of the strategy but its wants.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import attrs
from trader_bars import BREAKOUT, CALM, GONE, PRICE, QUIET, REVERTING, START_NS, bars

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.bar_facts import BAR_NS
from zoe.domain.strategy.crypto_trader import CryptoTrader
from zoe.domain.strategy.market import Book, BookState, Scouted, Tape
from zoe.domain.strategy.own import Account, OwnFill, Stage, WorkingOrder
from zoe.domain.strategy.record import read_state, text
from zoe.domain.strategy.trader_state import State
from zoe.domain.strategy.view import Decision, Touch, View, Want

SECOND_NS: Final = 1_000_000_000
EQUITY: Final = Decimal(100_000)
SCOUTED: Final = Scouted(
    spread_bps=1.0,
    age_ms=0,
    turnover_usd=5_000_000.0,
    known_days=30.0,
    rank=1,
    score=0.9,
    breadth=0.6,
    btc_z_1h=0.0,
    btc_momentum=0.0,
)


def instrument(symbol: str, tick: int = 1, lot: int = 1, smallest: int = 100) -> Instrument:
    """A pair with prices and quantities of four digits."""
    base, _, quote = symbol.partition("/")
    steps = (Decimal(tick).scaleb(-4), 4, Decimal(lot).scaleb(-4), Decimal(smallest).scaleb(-4))
    return Instrument(symbol, base, quote, "online", 4, *steps, 5, Decimal("0.5"))


@attrs.define
class Resting:
    """An order of ours at the exchange."""

    side: Side
    price: int
    remaining: int
    post_only: bool
    canceling: bool = False
    #: Of a stop: what it waits for, and whether some of it is executed.
    trigger: int | None = None
    begun: bool = False


@attrs.define
class Stall:
    """One pair: its market, our orders in it, and what we hold of it."""

    instrument: Instrument
    bid: int = PRICE
    spread: int = 100
    size: int = 200_000
    live: bool = True
    age_ms: int = 0
    kind: str = QUIET
    #: Close of its newest bar, and where the price stood then.
    closed: tuple[int, int] = (START_NS, PRICE)
    low: int | None = None
    sequence: int = 1
    orders: dict[str, Resting] = attrs.field(factory=dict)
    sleeve: int = 0
    cost: Decimal = Decimal(0)
    since_ns: int | None = None
    scouted: Scouted = SCOUTED
    #: Quantity and price of all that was bought since it last held nothing.
    bought: list[tuple[int, int]] = attrs.field(factory=list)
    #: What has been executed since the strategy last looked.
    fills: list[OwnFill] = attrs.field(factory=list)

    @property
    def ask(self) -> int:
        """Best ask."""
        return self.bid + self.spread

    def move(self, milli: int) -> None:
        """The bid goes to so many thousandths of what it was, on a tick."""
        tick = int(self.instrument.price_increment.scaleb(4))
        self.bid = max(self.bid * milli // 1_000 // tick * tick, 100 * tick)
        self.sequence += 1


@attrs.define
class World:
    """All pairs, one account, one strategy.

    Attributes:
        now_ns: True time; the desk's clock is ``skew_ns`` off.
        bar_ns: True close of the newest bar.
    """

    trader: CryptoTrader
    stalls: list[Stall]
    state: State = attrs.field(factory=State)
    now_ns: int = START_NS + SECOND_NS
    skew_ns: int = 0
    bar_ns: int = START_NS
    trading: TradingState = TradingState.ACTIVE
    cash: Decimal = EQUITY
    day_usd: Decimal = Decimal(0)
    maintenance: bool = False
    views: list[View] = attrs.field(factory=list)
    executed: int = 0

    def view(self, stall: Stall) -> View:
        """What the strategy is shown of a pair now."""
        levels = [(stall.bid - n * stall.spread, stall.size) for n in range(10)]
        asks = [(stall.ask + n * stall.spread, stall.size) for n in range(10)]
        state = BookState.LIVE if stall.live else BookState.RESYNCING
        book = Book(tuple(levels), tuple(asks), state, stall.age_ms, stall.sequence)
        now_ns = self.now_ns + self.skew_ns
        if stall.closed[0] != self.bar_ns:
            stall.closed = (self.bar_ns, stall.bid)
        touch = Touch(
            stall.bid, stall.size, stall.ask, stall.size, stall.age_ms, stall.live, None, now_ns
        )
        return View(
            now_ns,
            len(self.views),
            stall.instrument,
            touch,
            None,
            self.trading,
            book=book,
            tape=Tape(low=stall.low),
            scouted=stall.scouted,
            bars=(("5m", bars(stall.kind, *stall.closed)),),
            account=self._account(stall),
            working=tuple(_working(key, order) for key, order in sorted(stall.orders.items())),
            maintenance=self.maintenance,
            fills=tuple(stall.fills),
        )

    def _account(self, stall: Stall) -> Account:
        others = [
            o
            for s in self.stalls
            if s is not stall
            for o in s.orders.values()
            if o.side is Side.BUY
        ]
        # What its own bids hold may be spent again in this pair.
        free = self.cash - sum((_money(o.price, o.remaining) for o in others), Decimal(0))
        return Account(
            sleeve=stall.sleeve,
            sleeve_cost=stall.cost,
            sleeve_since_ns=stall.since_ns,
            cash=free,
            quote_usd=Decimal(1),
            equity_usd=EQUITY,
            strategy_day_usd=self.day_usd,
            maker_fee_bps=Decimal(25),
            taker_fee_bps=Decimal(40),
        )

    def wake(self, stall: Stall) -> tuple[View, Decision]:
        """Shows the strategy a pair, and does what it wants there."""
        view = self.view(stall)
        self.views.append(view)
        decision = self.trader.decide(self.state, view)
        self.state = decision.state
        stall.low = None
        stall.fills = []
        return view, decision

    def obey(self, stall: Stall, wants: tuple[Want, ...]) -> None:
        """Makes the slots' orders what is wanted: one a slot, and none beside one that is going."""
        wanted = {want.key: want for want in wants}
        for key, order in list(stall.orders.items()):
            if key not in wanted or wanted[key].post_only is not order.post_only:
                order.canceling = True
            elif not order.canceling and order.trigger is not None:
                self._guard(stall, order, wanted[key])
            elif not order.canceling:
                order.price = wanted[key].price
                order.remaining = min(order.remaining, wanted[key].quantity)
        for key, want in wanted.items():
            if key not in stall.orders and not _is_held_back(stall, want, wanted):
                stall.orders[key] = Resting(
                    want.side, want.price, want.quantity, want.post_only, trigger=want.trigger
                )

    @staticmethod
    def _guard(stall: Stall, order: Resting, want: Want) -> None:
        """A resting stop: up only, and larger only where nothing else sells."""
        assert want.trigger is not None and order.trigger is not None
        if want.trigger > order.trigger:
            order.price += want.trigger - order.trigger
            order.trigger = want.trigger
        sales = [o for o in stall.orders.values() if o.side is Side.SELL and o is not order]
        if want.quantity < order.remaining or not (sales or order.begun):
            order.remaining = want.quantity

    def fill(self, stall: Stall, key: str, quantity: int) -> None:
        """Executes part of an order at its own price, or at the bid where it takes."""
        order = stall.orders[key]
        taken = min(quantity, order.remaining)
        order.remaining -= taken
        order.begun = True
        price = order.price if order.post_only else max(order.price, min(stall.bid, PRICE * 4))
        bps = Decimal(25) if order.side is Side.BUY else Decimal(40)
        self.executed += 1
        stall.fills.append(
            OwnFill(f"T{self.executed}", key, order.side, price, taken, self.now_ns, bps)
        )
        if order.side is Side.BUY:
            paid = _money(price, taken) * (1 + Decimal("0.0025"))
            stall.since_ns = stall.since_ns if stall.sleeve else self.now_ns
            stall.sleeve += taken
            stall.cost += paid
            self.cash -= paid
            stall.bought.append((taken, price))
        else:
            left = stall.sleeve - taken
            assert left >= 0, "sold more than the sleeve"
            stall.cost = stall.cost * left / stall.sleeve if left else Decimal(0)
            stall.sleeve = left
            self.cash += _money(price, taken) * (1 - Decimal("0.004"))
        if not stall.sleeve:
            stall.since_ns = None
            stall.bought = []
        if not order.remaining:
            del stall.orders[key]

    def settle(self, stall: Stall) -> None:
        """Cancels that were asked for are made; nothing is left of them."""
        stall.orders = {k: o for k, o in stall.orders.items() if not o.canceling}

    def forward(self, seconds: int) -> None:
        """True time goes on, and bars with it."""
        self.now_ns += seconds * SECOND_NS
        self.bar_ns = max(self.bar_ns, (self.now_ns - SECOND_NS) // BAR_NS * BAR_NS)

    def restart(self) -> None:
        """The strategy begins anew from what was written of its state."""
        self.state = read_state(State, text(self.state))
        self.trader = CryptoTrader(self.trader.params)
        for stall in self.stalls:
            stall.fills = []  # what happened before a start is not told

    def _where(self, what: int, how_much: int) -> Stall:
        """Most things happen where we have something, if we have anything."""
        ours = [stall for stall in self.stalls if stall.orders or stall.sleeve]
        stalls = ours if ours and what % 4 else self.stalls
        return stalls[how_much % len(stalls)]

    def happen(self, what: int, how_much: int) -> Stall:
        """One thing, chosen by two bytes; the pair that it was about."""
        stall = self._where(what, how_much)
        if what >= 128:  # half of the time cancels are made before the next thing happens
            self.settle(stall)
        EVENTS[what % len(EVENTS)](self, stall, how_much)
        return stall


def _is_held_back(stall: Stall, want: Want, wanted: dict[str, Want]) -> bool:
    """Whether a sale waits for a stop, or a stop for a sale: the same coins are not offered twice."""
    for key, order in stall.orders.items():
        if want.side is not Side.SELL or order.side is not Side.SELL:
            continue
        if want.trigger is not None:
            return True
        stop = wanted.get(key)
        settled = stop is not None and not order.canceling and order.remaining <= stop.quantity
        if order.trigger is not None and not settled:
            return True
    return False


def _working(key: str, order: Resting) -> WorkingOrder:
    stage = Stage.IN_FLIGHT if order.canceling else Stage.RESTING
    return WorkingOrder(key, order.side, order.price, order.remaining, stage, trigger=order.trigger)


def _money(price: int, quantity: int) -> Decimal:
    return Decimal(price * quantity).scaleb(-8)


Event = Callable[[World, Stall, int], None]


def _signal(world: World, stall: Stall, by: int) -> None:
    world.forward((world.bar_ns + BAR_NS - world.now_ns) // SECOND_NS + 1 + by % 8)
    stall.kind = (BREAKOUT, BREAKOUT, REVERTING, QUIET, GONE, CALM)[by // 8 % 6]


def _fill(world: World, stall: Stall, by: int) -> None:
    for key in sorted(stall.orders):
        if stall.orders[key].trigger is not None and by % 3:
            continue  # the price has not come to the stop
        share = (by // 4 % 4 + 1, 4) if by < 128 else (1, 1)
        world.fill(stall, key, max(stall.orders[key].remaining * share[0] // share[1], 1))


def _blind(world: World, stall: Stall, by: int) -> None:
    stall.live, stall.age_ms = by & 8 > 0, 15_000


def _see(world: World, stall: Stall, by: int) -> None:
    stall.live, stall.age_ms = True, by
    stall.sequence += 1


def _print(world: World, stall: Stall, by: int) -> None:
    stall.low = stall.bid * (1_000 - by % 40) // 1_000


def _trading(world: World, stall: Stall, by: int) -> None:
    rare = {6: TradingState.REDUCING, 7: TradingState.HALTED}
    world.trading = rare.get(by // 8 % 8, TradingState.ACTIVE)


def _mood(world: World, stall: Stall, by: int) -> None:
    bad = {
        5: attrs.evolve(SCOUTED, breadth=0.2),
        6: attrs.evolve(SCOUTED, btc_z_1h=-4.0),
        7: attrs.evolve(SCOUTED, breadth=float("nan")),
    }
    for each in world.stalls:
        each.scouted = bad.get(by // 8 % 8, SCOUTED)


def _status(world: World, stall: Stall, by: int) -> None:
    bad = {5: "cancel_only", 6: "post_only", 7: "delisted"}
    stall.instrument = attrs.evolve(stall.instrument, status=bad.get(by // 8 % 8, "online"))


def _minimum(world: World, stall: Stall, by: int) -> None:
    smallest = {6: 5_000, 7: 10_000_000}.get(by // 8 % 8, 100)
    stall.instrument = attrs.evolve(stall.instrument, qty_min=Decimal(smallest).scaleb(-4))


def _skew(world: World, stall: Stall, by: int) -> None:
    world.skew_ns = {5: 7_200, 6: -7_200, 7: 90_000}.get(by // 8 % 8, 0) * SECOND_NS


EVENTS: Final[tuple[Event, ...]] = (
    _signal,
    _signal,
    _signal,
    _fill,
    _fill,
    _fill,
    lambda world, stall, by: stall.move(990 + by // 8 % 21),
    lambda world, stall, by: stall.move(960 + by // 8 * 3),
    lambda world, stall, by: world.settle(stall),
    lambda world, stall, by: world.forward(1 + by % 4),
    lambda world, stall, by: world.forward(60 * (by % 40)),
    lambda world, stall, by: world.forward(3_600 * (by % 27 if by > 200 else by % 3)),
    lambda world, stall, by: world.forward(1 + by % 4),
    lambda world, stall, by: stall.move(990 + by // 8 % 21),
    _blind,
    _see,
    _see,
    _print,
    _trading,
    _mood,
    _status,
    _minimum,
    _skew,
    lambda world, stall, by: world.restart(),
)
