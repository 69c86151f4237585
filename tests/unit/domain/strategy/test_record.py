"""Views and states go into the journal and come back as they were."""

import json
import math
from decimal import Decimal

import attrs
import pytest

from zoe.domain.catalog import Instrument
from zoe.domain.errors import ConfigError
from zoe.domain.order import Side
from zoe.domain.risk import TradingState
from zoe.domain.strategy import record
from zoe.domain.strategy.market import Book, Scouted, Sibling, Sweep, Tape
from zoe.domain.strategy.own import Account, Budget, OwnFill, Stage, WorkingOrder
from zoe.domain.strategy.view import Bar, Decision, Needs, Touch, View, Want

PAIR = Instrument(
    "X/USD", "X", "USD", "online", 2, Decimal("0.01"), 8, Decimal("1E-8"), Decimal("0.001"), 5,
    Decimal("0.5"),
)  # fmt: skip
VIEW = View(
    now_ns=1_700_000_000_000_000_001,
    cause=7,
    instrument=PAIR,
    touch=Touch(10_000, 1, 10_010, 2, 3, True, None, 4),
    held=(("X", Decimal("1.00")), ("USD", Decimal("1E+2"))),
    trading_state=TradingState.REDUCING,
    book=Book(((10_000, 1),), ((10_010, 2), (10_020, 3)), age_ms=5, sequence=9),
    tape=Tape(-5, 2, 9_999, 10_001, (Sweep(Side.BUY, 10_020, 4, 5),), 77),
    scouted=Scouted(0.1 + 0.2, 3, None, 30.0, (("1h", 1e-17),)),
    bars=(("5m", (Bar(1, 2, 3, 4, 5, 6),)),),
    siblings=(Sibling("X/EUR", 2 * 10**11, 1.5, None, 40),),
    account=Account(
        sleeve=5,
        sleeve_cost=Decimal("0.1"),
        cash=Decimal(7),
        quote_usd=Decimal(1),
        equity_usd=Decimal("8.50"),
        strategy_day_usd=Decimal("-0.25"),
        maker_fee_bps=Decimal(25),
    ),
    fills=(OwnFill("E1", "bid.0", Side.BUY, 10_000, 3, 9, Decimal(25)),),
    working=(WorkingOrder("ask.0", Side.SELL, 10_030, 4, Stage.IN_DOUBT, 8, 2),),
    budget=Budget(1, 60_000, 20_000),
    maintenance=True,
)


@attrs.frozen
class Memory:
    """A state of its second schema."""

    schema: int = 2
    sigma: float = 0.5
    anchor: int | None = None


@attrs.frozen
class Fixed:
    """A strategy that always wants the same."""

    price: int
    name: str = "fixed"
    slots: tuple[str, ...] = ("bid.0",)
    pair: str = "X/USD"

    def initial(self) -> Memory:
        return Memory()

    def decide(self, state: Memory, view: View) -> Decision:
        until_ns = view.now_ns + 1
        want = Want("bid.0", "X/USD", Side.BUY, self.price, 1, True, until_ns, "fixed")
        return Decision(state, (want,), ())


def test_a_view_comes_back_as_it_was() -> None:
    stored = record.text(VIEW)
    back = record.read(View, stored)
    assert back == VIEW
    assert record.text(back) == stored
    assert record.digest(back) == record.digest(VIEW)
    assert str(back.held) == str(VIEW.held)  # the decimals' own digits too


def test_another_view_has_another_digest() -> None:
    assert record.digest(attrs.evolve(VIEW, cause=8)) != record.digest(VIEW)


def test_a_float_that_is_no_number_comes_back_too() -> None:
    view = attrs.evolve(VIEW, siblings=(Sibling("X/EUR", 1, math.nan, None, 0),))
    assert math.isnan(record.read(View, record.text(view)).siblings[0].half_spread_bps)


def test_a_state_comes_back_as_it_was() -> None:
    state = Memory(sigma=1 / 3, anchor=5)
    assert record.read_state(Memory, record.text(state)) == state


def test_a_state_of_an_older_schema_is_migrated_where_that_is_known() -> None:
    def second(body: dict[str, object]) -> dict[str, object]:
        return {"schema": 2, "sigma": body["volatility"]}

    old = json.dumps({"schema": 1, "volatility": 0.25})
    assert record.read_state(Memory, old, {1: second}) == Memory(sigma=0.25)


@pytest.mark.parametrize(
    "stored",
    [
        '{"schema": 1, "sigma": 0.5}',
        '{"schema": 3, "sigma": 0.5}',
        '{"sigma": 0.5}',
        '{"schema": 2, "sigma": "wide"}',
        '{"schema": 2, "mu": 0.5}',
        "[]",
    ],
)
def test_a_state_that_nobody_can_read_for_certain_is_refused(stored: str) -> None:
    with pytest.raises(ConfigError):
        record.read_state(Memory, stored)


def test_a_decision_made_again_gives_the_same_wants_or_says_that_it_does_not() -> None:
    wants = Fixed(10_000).decide(Memory(), VIEW).wants
    assert record.again(Fixed(10_000), Memory(), VIEW, wants).wants == wants
    with pytest.raises(record.DecisionDiffers):
        record.again(Fixed(10_001), Memory(), VIEW, wants)


def test_needs_say_what_is_missing() -> None:
    needs = Needs(bars={"5m": 2}, focus_seconds=600, scouted=True)
    bare = attrs.evolve(VIEW, scouted=None)
    assert needs.missing(bare, 60) == (
        "1 of 2 bars of 5m",
        "60 of 600 s in focus",
        "not scouted",
    )
    assert Needs(bars={"5m": 1}, focus_seconds=600).missing(VIEW, 600) == ()
