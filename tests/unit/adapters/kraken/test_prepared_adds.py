"""Adds that are worded ahead of their leaving say what they would have said."""

import attrs
import pytest

from zoe.adapters.kraken.ws_session import MOST_WORDED, KrakenSession
from zoe.domain.order import Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity

DEADLINE_NS = 1_700_000_000_123_999_999
INTENT = Intent(
    *("i-1", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("1"), Price.of("100")),
)
ORDER = Order(INTENT, State.SENDING, "c-1")
LARGER = attrs.evolve(ORDER, intent=attrs.evolve(INTENT, quantity=Quantity.of("9")))


@pytest.mark.parametrize(
    ("order", "deadline_ns"),
    [(ORDER, DEADLINE_NS), (ORDER, DEADLINE_NS + 10**9), (LARGER, DEADLINE_NS)],
)
def test_an_add_says_the_same_whatever_was_prepared_before(order: Order, deadline_ns: int) -> None:
    session = KrakenSession()
    session.prepare(order, deadline_ns)
    assert session.add(ORDER, 7, DEADLINE_NS) == KrakenSession().add(ORDER, 7, DEADLINE_NS)


def test_adds_that_were_prepared_and_never_left_do_not_gather() -> None:
    session = KrakenSession()
    for number in range(3 * MOST_WORDED):
        session.prepare(attrs.evolve(ORDER, cl_ord_id=f"c-{number}"), DEADLINE_NS)
    assert len(session._worded) <= MOST_WORDED
