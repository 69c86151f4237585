"""Whatever happens to orders, what they may come to at the worst stays within the limits."""

from decimal import Decimal
from typing import Final

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from zoe.domain.amend import Terms
from zoe.domain.exposure import Exposures, Reference, Resting
from zoe.domain.order import Intent, OrderType, Side
from zoe.domain.positions import Positions, Traded
from zoe.domain.quantity import Price, Quantity
from zoe.domain.risk import Limits, Situation, TradingState, assess, assess_amend, fresh

PAIRS: Final = ("BTC/USD", "ETH/USD", "BTC/EUR")
LIMITS: Final = Limits(
    max_order_notional=Decimal(1_000),
    max_pair_notional=Decimal(2_500),
    max_position_notional=Decimal(4_000),
    max_asset_position=("BTC 50",),
    max_open_orders=4,
    max_open_orders_in_all=6,
    max_orders_per_minute=1_000_000,
)
QUOTE: Final = Reference(Price.of("99"), Price.of("100"), 0)

Step = tuple[str, int, int, int]


@attrs.define
class Live:
    """An order as a plain model has it: everything it was ever asked to be, and what is filled."""

    intent: Intent
    asks: list[Terms]
    filled: Decimal = Decimal(0)
    #: An amend whose fate is unknown is the last of the asks.
    pending: bool = False


class Model:
    """Orders, amends and fills; and beside them a count that shares no code with the limits."""

    def __init__(self, state: TradingState) -> None:
        self.state = state
        self.exposures = Exposures()
        self.live: dict[str, Live] = {}
        self.net: dict[str, Decimal] = dict.fromkeys(PAIRS, Decimal(0))
        self.placed = 0

    def situation(self) -> Situation:
        positions = Positions()
        for pair, net in self.net.items():
            positions.add(Traded(pair, Side.BUY, net))
        return Situation(LIMITS, self.state, QUOTE, self.exposures, positions)

    def place(self, pair: int, size: int, price: int) -> None:
        side = Side.BUY if size % 2 else Side.SELL
        # Every fifth has no limit.
        limit = None if not price % 5 else Price(Decimal(90 + price))
        kind = OrderType.MARKET if limit is None else OrderType.LIMIT
        quantity = Quantity(Decimal(size) / 4)
        name = f"i-{self.placed}"
        intent = Intent(name, "strategy/q", None, PAIRS[pair], side, kind, quantity, limit)
        if assess(fresh(intent), self.situation()).approved:
            self.placed += 1
            self.live[name] = Live(intent, [Terms(quantity, limit)])
            self._hold(name)

    def amend(self, which: int, size: int, price: int) -> None:
        name = self._pick(which)
        if name is None or self.live[name].pending or self.live[name].asks[0].limit_price is None:
            return
        order = self.live[name]
        wanted = Terms(Quantity(Decimal(size) / 4), Price(Decimal(90 + price)))
        verdict = assess_amend(self._resting(order), wanted, self.situation())
        if wanted.quantity.value > order.filled and verdict.approved:
            order.asks.append(wanted)
            order.pending = True
            self._hold(name)

    def settle(self, which: int, how: int) -> None:
        """The amend was applied, or it was not."""
        name = self._pick(which)
        if name is not None and self.live[name].pending:
            order = self.live[name]
            order.asks = [order.asks[-1 if how % 2 else 0]]
            order.pending = False
            if order.asks[0].quantity.value <= order.filled:
                self._end(name)
            else:
                self._hold(name)

    def fill(self, which: int, size: int) -> None:
        name = self._pick(which)
        if name is None:
            return
        order = self.live[name]
        least = min(ask.quantity.value for ask in order.asks)
        quantity = min(Decimal(size) / 4, least - order.filled)
        if quantity <= 0:
            return
        order.filled += quantity
        sign = 1 if order.intent.side is Side.BUY else -1
        self.net[order.intent.pair] += sign * quantity
        self._hold(name)
        if order.filled == least and not order.pending:
            self._end(name)

    def cancel(self, which: int) -> None:
        name = self._pick(which)
        if name is not None:
            self._end(name)

    def _pick(self, which: int) -> str | None:
        names = list(self.live)
        return names[which % len(names)] if names else None

    def _resting(self, order: Live) -> Resting:
        return Resting(order.intent, tuple(order.asks), order.filled)

    def _hold(self, name: str) -> None:
        self.exposures.reserve(self._resting(self.live[name]).worst(QUOTE, LIMITS.reach))

    def _end(self, name: str) -> None:
        del self.live[name]
        self.exposures.release(name)

    def check(self) -> None:
        for pair in PAIRS:
            mine = [o for o in self.live.values() if o.intent.pair == pair]
            assert len(mine) <= 4
            assert sum(self.cost(order) for order in mine) <= 2_500
            buys = sum(self.rest(o) for o in mine if o.intent.side is Side.BUY)
            sells = sum(self.rest(o) for o in mine if o.intent.side is Side.SELL)
            assert (self.net[pair] + buys) * 100 <= 4_000
            assert (sells - self.net[pair]) * 99 <= 4_000
        bitcoin = [o for o in self.live.values() if o.intent.pair[:3] == "BTC"]
        held = self.net["BTC/USD"] + self.net["BTC/EUR"]
        assert held + sum(self.rest(o) for o in bitcoin if o.intent.side is Side.BUY) <= 50
        assert sum(self.rest(o) for o in bitcoin if o.intent.side is Side.SELL) - held <= 50
        assert len(self.live) <= 6
        assert all(self.cost(order) <= 1_000 for order in self.live.values())

    def rest(self, order: Live) -> Decimal:
        return max(ask.quantity.value for ask in order.asks) - order.filled

    def cost(self, order: Live) -> Decimal:
        """The dearest way in which what is left may be executed."""
        return max(
            (ask.quantity.value - order.filled) * (Decimal(102) if ask.limit_price is None and buys else
             Decimal(99) if ask.limit_price is None else ask.limit_price.value)
            for buys in (order.intent.side is Side.BUY,)
            for ask in order.asks
        )  # fmt: skip


STEPS: Final = st.lists(
    st.tuples(
        st.sampled_from(("place", "place", "amend", "settle", "fill", "cancel")),
        st.integers(0, 5),
        st.integers(1, 50),
        st.integers(0, 20),
    ),
    max_size=60,
)


@settings(max_examples=300)
@given(STEPS)
def test_the_worst_case_never_exceeds_a_limit(steps: list[Step]) -> None:
    model = Model(TradingState.ACTIVE)
    for step in steps:
        take(model, step)
        model.check()


@settings(max_examples=200)
@given(STEPS, STEPS)
def test_while_reducing_no_position_grows_nor_changes_its_sign(
    before: list[Step], after: list[Step]
) -> None:
    model = Model(TradingState.ACTIVE)
    for step in before:
        take(model, step)
    for name in list(model.live):
        model._end(name)
    model.state = TradingState.REDUCING
    was = dict(model.net)
    for step in after:
        take(model, step)
        for pair, net in model.net.items():
            low, high = sorted((Decimal(0), was[pair]))
            assert low <= net <= high
            was[pair] = net


def take(model: Model, step: Step) -> None:
    kind, which, size, price = step
    match kind:
        case "place":
            model.place(which % len(PAIRS), size, price)
        case "amend":
            model.amend(which, size, price)
        case "settle":
            model.settle(which, price)
        case "fill":
            model.fill(which, size)
        case _:
            model.cancel(which)
