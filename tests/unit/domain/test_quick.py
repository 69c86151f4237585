"""Constructors that take a third of the time make the same instances."""

from decimal import Decimal
from typing import Any

import attrs
import pytest

from zoe.adapters.kraken.order_form import NewOrder
from zoe.domain.order import Fill, Input, Intent, OrderType, Side, quick_fact, quick_intent
from zoe.domain.quantity import Price, Quantity
from zoe.domain.quick import quick
from zoe.domain.sighting import Sighting
from zoe.domain.strategy.edge_state import EdgeState, SideState
from zoe.domain.strategy.market import Book
from zoe.domain.strategy.view import Decision, Touch, View, Want
from zoe.messages.exchange import BalanceEntry
from zoe.messages.limits import CounterReported
from zoe.messages.market import Quote, TickerSeen, TradePrint, TradePrints
from zoe.messages.wire import WireFrame, WireSend
from zoe.ports.venue import Answered

VALUES = (View, Touch, Book, Want, Decision, EdgeState, Sighting, Fill, BalanceEntry, Answered)
MESSAGES = (Quote, TickerSeen, TradePrint, TradePrints, CounterReported, WireFrame, WireSend)


@attrs.frozen(weakref_slot=False)
class Confusable:
    """Its fields are named as what a constructor is made of."""

    kind: str
    twin: str
    new: str
    made: str
    none: str
    make: str


KINDS = (*VALUES, *MESSAGES, Confusable)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_made_quickly_is_an_instance_of_the_class_and_equal_to_its_own(
    kind: type[Any],
) -> None:
    given = [f"{field.name}!" for field in attrs.fields(kind)]
    made = quick(kind)(*given)
    assert type(made) is kind
    assert made == kind(*given)
    assert attrs.evolve(made) == made
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(made, attrs.fields(kind)[0].name, "another")


def test_defaults_are_the_classes_own() -> None:
    buys = SideState()
    assert quick(EdgeState)() == EdgeState()
    assert quick(EdgeState)(fair=7, buys=buys) == EdgeState(fair=7, buys=buys)
    assert quick(Book)((), asks=()) == Book((), ())


def test_what_is_made_quickly_is_looked_at_afterwards_as_the_class_does() -> None:
    given: dict[str, Any] = {
        "intent_id": "1",
        "source": "person",
        "slot": None,
        "pair": "BTC/USD",
        "side": Side.BUY,
        "order_type": OrderType.LIMIT,
        "quantity": Quantity.of("1"),
        "limit_price": Price.of("2"),
    }
    made = quick_intent(**given)
    assert made == Intent(**given) and made.terms == Intent(**given).terms
    with pytest.raises(ValueError, match="a market order has none"):
        quick_intent(**{**given, "order_type": OrderType.MARKET})
    with pytest.raises(ValueError, match="a fill comes with FILL"):
        quick_fact(Input.FILL)


def test_fields_that_are_given_by_name_are_so_here_too() -> None:
    given: dict[str, Any] = {"pair": "BTC/USD", "side": "buy", "order_type": "market"}
    make: Any = quick(NewOrder)
    assert make(quantity=Decimal(1), **given) == NewOrder(quantity=Decimal(1), **given)
    with pytest.raises(ValueError, match="needs a limit price"):
        make(quantity=Decimal(1), **{**given, "order_type": "limit"})
    with pytest.raises(TypeError, match="positional"):
        make("BTC/USD", "buy", "market", Decimal(1))


def test_a_class_that_looks_at_what_it_is_given_is_refused() -> None:
    @attrs.frozen
    class Careful:
        number: int = attrs.field(converter=int)

    @attrs.frozen(weakref_slot=False)
    class Besides:
        number: int = attrs.field(default=1, init=False)

    @attrs.frozen(weakref_slot=False)
    class Underscored:
        _number: int

    @attrs.frozen(weakref_slot=False)
    class PartlyByName:
        number: int
        other: int = attrs.field(kw_only=True)

    for kind in (Careful, Besides, Underscored, PartlyByName):
        with pytest.raises(AssertionError):
            quick(kind)
