"""One pair's Views, one after the other, for the Edge Factory."""

from decimal import Decimal
from typing import Any

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy.edge_factory import EdgeFactory
from zoe.domain.strategy.edge_params import EdgeParams
from zoe.domain.strategy.edge_state import EdgeState
from zoe.domain.strategy.market import Book, Tape
from zoe.domain.strategy.own import Account, OwnFill
from zoe.domain.strategy.view import Decision, Touch, View

SECOND_NS = 1_000_000_000
BEGIN_NS = 1_700_000_000 * SECOND_NS
COIN = 10**8
PAIR = Instrument(
    "X/USD", "X", "USD", "online", 4, Decimal("0.0001"), 8, Decimal("1E-8"), Decimal(1), 5,
    Decimal("0.5"),
)  # fmt: skip
ACCOUNT = Account(
    cash=Decimal(1_000),
    quote_usd=Decimal(1),
    equity_usd=Decimal(10_000),
    maker_fee_bps=Decimal(25),
)


def book(mid: int = 100_000, half: int = 120) -> Book:
    """Ten levels a side round a mid of 10.0000, half a spread of 12 bps: deep enough."""
    return Book(
        tuple((mid - half - 20 * n, 500 * COIN) for n in range(10)),
        tuple((mid + half + 20 * n, 500 * COIN) for n in range(10)),
        age_ms=20,
    )


class Story:
    """One pair's Views, one after the other."""

    def __init__(self, **params: Any) -> None:
        self.engine = EdgeFactory(EdgeParams(**params))
        self.state: EdgeState = self.engine.initial()
        self.now_ns = BEGIN_NS
        self.account = ACCOUNT
        self.cause = 0

    def view(self, there: Book | None = None, **more: Any) -> View:
        self.cause += 1
        there = book() if there is None else there
        plain = View(
            now_ns=self.now_ns,
            cause=self.cause,
            instrument=PAIR,
            touch=Touch(None, 0, None, 0, 0, True, None, 0),
            held=None,
            trading_state=TradingState.ACTIVE,
            book=there,
            tape=Tape(volume_5m=10**6 * COIN),
            account=self.account,
        )
        return attrs.evolve(plain, **more)

    def see(self, seconds: int = 1, there: Book | None = None, **more: Any) -> Decision:
        """The decision on the next View, so many seconds later."""
        self.now_ns += seconds * SECOND_NS
        decision = self.engine.decide(self.state, self.view(there, **more))
        self.state = decision.state
        return decision

    def holds(self, coins: int, since_ns: int | None = None) -> None:
        since_ns = self.now_ns if since_ns is None else since_ns
        self.account = attrs.evolve(ACCOUNT, sleeve=coins * COIN, sleeve_since_ns=since_ns)

    def fill(self, name: str, side: Side, price: int) -> OwnFill:
        key = "bid.0" if side is Side.BUY else "ask.0"
        return OwnFill(name, key, side, price, COIN, self.now_ns, Decimal(25))


def quiet(**params: Any) -> Story:
    """After a quarter of a minute in which nothing happened."""
    story = Story(**params)
    for _ in range(15):
        story.see()
    return story


def price(decision: Decision, side: Side) -> int:
    return next(want.price for want in decision.wants if want.side is side)


def sides(decision: Decision) -> set[Side]:
    return {want.side for want in decision.wants}
