"""Views for the Edge Factory's rules: markets of any scale, mostly ones in which it would quote.

A few numbers are drawn and taken apart into choices, which is many times faster than drawing each
choice; the first choice of everything is the plainest, so that examples shrink towards it.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, TypeVar

import attrs
from hypothesis import strategies as st

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.adverse import Adverse
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.fair_value import FINE, Weighing, own
from zoe.domain.strategy.market import Book, Level, Sibling, Tape
from zoe.domain.strategy.own import Account, Budget, WorkingOrder
from zoe.domain.strategy.sizing import Steps
from zoe.domain.strategy.view import Touch, View
from zoe.domain.strategy.volatility import SECOND_NS, Fading, Volatility

T = TypeVar("T")
NOW_NS = 1_700_000_000 * SECOND_NS + 500_000_000
#: Larger ones are not drawn evenly.
NUMBER = st.integers(0, (1 << 24) - 1)


class Choices:
    """One number after the other, taken apart.

    Args:
        numbers: Gives the next one, 0 to 2^24 - 1.
    """

    def __init__(self, numbers: Callable[[], int]) -> None:
        self._numbers = numbers
        self._left = 0
        self._range = 1

    def below(self, count: int) -> int:
        """0 to count - 1."""
        if self._range < count:
            self._left, self._range = self._numbers(), 1 << 24
        self._left, found = divmod(self._left, count)
        self._range //= count
        return found

    def one_of(self, *values: T) -> T:
        return values[self.below(len(values))]

    def between(self, low: int, high: int) -> int:
        return low + self.below(high - low + 1)


@attrs.frozen
class Case:
    """A View with what is remembered of its pair, and parameters.

    Attributes:
        number: What a rule varies with; 0 to 2^24 - 1.
    """

    view: View
    state: EdgeState
    params: EdgeParams
    number: int = 0

    def with_account(self, **changed: Any) -> "Case":
        return self.with_view(account=attrs.evolve(self.view.account, **changed))

    def with_view(self, **changed: Any) -> "Case":
        return attrs.evolve(self, view=attrs.evolve(self.view, **changed))

    def with_sigma(self, sigma_bps: float) -> "Case":
        return attrs.evolve(
            self, state=remembered(self.view, sigma_bps, self.state.adverse, self.params)
        )


def touch_of(book: Book) -> Touch:
    (bid, bid_qty), (ask, ask_qty) = book.bids[0], book.asks[0]
    return Touch(bid, bid_qty, ask, ask_qty, book.age_ms, True, None, NOW_NS)


def remembered(view: View, sigma_bps: float, adverse: Adverse, rules: EdgeParams) -> EdgeState:
    """As after a long time at this volatility, with the book standing so, and no lasting premium."""
    assert view.book is not None
    steps = Steps.of(view.instrument)
    mine = own(view.book, steps.qty_min, steps.tick, Weighing(rules.kappa, rules.lambda_bps))
    fair = view.book.bids[0][0] * FINE if mine is None else mine.fair
    square = Fading(sigma_bps**2, 1.0)
    grid = Volatility(view.now_ns // SECOND_NS - 1, fair, square, square)
    bases = tuple((sibling.symbol, Fading(0.0, 1.0)) for sibling in view.siblings)
    return EdgeState(fair=fair, volatility=grid, bases=bases, adverse=adverse)


def instrument(pick: Choices, mid: int) -> Instrument:
    """Whose smallest order is worth some dollars at most."""
    price_digits, tick = pick.one_of(2, 1, 4, 8), pick.one_of(1, 1, 5)
    quantity_digits, lot = pick.one_of(8, 6), pick.one_of(1, 1, 10)
    dollar = 10 ** (price_digits + quantity_digits) // mid
    return Instrument(
        symbol="X/USD",
        base="X",
        quote="USD",
        status="online",
        price_precision=price_digits,
        price_increment=Decimal(tick).scaleb(-price_digits),
        qty_precision=quantity_digits,
        qty_increment=Decimal(lot).scaleb(-quantity_digits),
        qty_min=Decimal(max(dollar * pick.one_of(1, 0, 6), 1)).scaleb(-quantity_digits),
        cost_precision=5,
        cost_min=pick.one_of(Decimal("0.5"), Decimal(0), Decimal("1.37")),
    )


def units_for(usd: int, pair: Instrument, mid: int) -> int:
    """So many units of the base are worth so much."""
    scale: int = 10 ** (pair.price_precision + pair.qty_precision)
    return usd * scale // mid


def tick_of(pair: Instrument) -> int:
    return max(int(pair.price_increment.scaleb(pair.price_precision)), 1)


def book(pick: Choices, pair: Instrument, mid: int) -> Book:
    """Up to ten levels a side round a mid, thin or deep, tight or wide; always in order."""
    tick = tick_of(pair)
    half = max(mid * pick.between(1, 70) * pick.one_of(1, 1, 11) // 100_000, 1)
    gap = -(-max(mid * pick.between(0, 100) // 100_000, 1) // tick)
    count = pick.one_of(10, 1, 3, 5)
    sizes = [pick.between(1, 500) * pick.one_of(40, 40, 1) for _ in range(3)]
    bid, ask = (mid - half) // tick, -(-(mid + half) // tick)

    def side(first: int, step: int) -> tuple[Level, ...]:
        prices = [(first + step * n) * tick for n in range(count)]
        usd = [sizes[(n + (step > 0)) % len(sizes)] for n in range(count)]
        return tuple(
            (p, max(units_for(u, pair, mid), 1)) for p, u in zip(prices, usd, strict=True) if p > 0
        )

    return Book(side(bid, -gap), side(ask, gap), age_ms=pick.one_of(0, 300, 1_500))


def siblings(pick: Choices, mid: int) -> tuple[Sibling, ...]:
    """Up to three, mostly near."""
    names: Sequence[str] = ("X/BTC", "X/EUR", "X/GBP")[: pick.one_of(0, 1, 2, 3)]
    return tuple(
        Sibling(
            name,
            mid * (10_000_000 + pick.between(-1_200, 1_200) * pick.one_of(1, 1, 10)) * 2,
            pick.one_of(1.0, 12.5, 60.0),
            pick.one_of(None, 2.0),
            pick.one_of(0, 200, 1_400, 20_000),
        )
        for name in names
    )


def params(pick: Choices) -> EdgeParams:
    if pick.one_of(True, False):
        return EdgeParams()
    return EdgeParams(
        gamma=pick.one_of(0.002, 1e-4, 0.05),
        kappa=pick.one_of(0.5, 0, 1),
        tau_bps=pick.one_of(3, 0, 30),
        a0_bps=pick.one_of(5, 0, 50),
        e_min_bps=pick.one_of(2, 0, 50),
        h_max_bps=pick.one_of(250, 30, 1_000),
        inside_ticks=pick.below(4),
        band=pick.one_of(0.35, 0.05, 1),
        lot_quote_usd=pick.one_of(50, 5, 5_000),
        q_max_lots=pick.one_of(4, 1, 20),
        q_target_lots=pick.one_of(0, 0.5, 1),
        risk_quote_usd=pick.one_of(1, 0.1, 100),
        participation=pick.one_of(0.1, 0.01, 0.25),
    )


def adverse(pick: Choices) -> Adverse:
    buys, sells = pick.one_of(0, 5, 60), pick.one_of(0, 5, 60)
    means = [pick.between(-20_000, 20_000) for _ in range(2)]
    return Adverse(buys, buys * means[0], sells, sells * means[1], buys + sells)


def account(pick: Choices, pair: Instrument, mid: int) -> Account:
    held_usd = pick.one_of(0, 0, 3, 40, 150, 2_000)
    sleeve = units_for(held_usd, pair, mid) + pick.one_of(0, 0, 1)
    age_seconds = pick.one_of(0, 100, 3_000, 5_000)
    fee = pick.one_of(None, "25", "0", "8.3333", "40")
    return Account(
        sleeve=sleeve,
        sleeve_since_ns=None if not sleeve else NOW_NS - age_seconds * SECOND_NS,
        cash=pick.one_of(*[Decimal(100_000)] * 3, Decimal("31.4159"), Decimal(0)),
        quote_usd=pick.one_of(Decimal(1), Decimal("1.0837")),
        equity_usd=Decimal(10_000),
        maker_fee_bps=None if fee is None else Decimal(fee),
    )


def case(pick: Choices) -> Case:
    mid = pick.between(2_000, 10**6) * pick.one_of(1, 1, 100)
    pair = instrument(pick, mid)
    there = book(pick, pair, mid)
    mid = (there.bids[0][0] + there.asks[0][0]) // 2
    view = View(
        now_ns=NOW_NS,
        cause=pick.below(10),
        instrument=pair,
        touch=touch_of(there),
        held=(),
        trading_state=TradingState.ACTIVE,
        book=there,
        tape=Tape(volume_5m=units_for(pick.one_of(10**7, 10**7, 20), pair, mid)),
        siblings=siblings(pick, mid),
        account=account(pick, pair, mid),
        budget=Budget(0, 60_000, 20_000),
    )
    sigma, rules = pick.one_of(1.0, 0.3, 3.0, 8.0), params(pick)
    state = remembered(view, sigma, adverse(pick), rules)
    return Case(view, state, rules, pick.below(1 << 24))


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Mostly ones that are quoted on."""
    return case(Choices(lambda: draw(NUMBER)))


@st.composite
def worked_cases(draw: st.DrawFn) -> Case:
    """The same with own orders that work somewhere near the touch."""
    return worked(Choices(lambda: draw(NUMBER)))


def worked(pick: Choices) -> Case:
    """A case with own orders."""
    bare = case(pick)
    there = bare.view.book
    assert there is not None
    tick = tick_of(bare.view.instrument)
    orders = []
    for key, side, level in (
        ("bid.0", Side.BUY, there.bids[0][0]),
        ("ask.0", Side.SELL, there.asks[0][0]),
    ):
        price = max((level + level * pick.between(-800, 800) // 100_000) // tick, 1) * tick
        orders.append(WorkingOrder(key, side, price, 1, age_ms=pick.one_of(100, 60_000)))
    return bare.with_view(working=tuple(orders))
