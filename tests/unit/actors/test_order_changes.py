"""What an answer to an add says of its order: nothing where reports were quicker, and nothing lost by that."""

from itertools import product

from zoe.actors.order_changes import SETTLED_AS, by_answer
from zoe.domain.errors import UnexpectedFact
from zoe.domain.order import Fact, Intent, Order, OrderType, Side, State
from zoe.domain.order_inputs import apply
from zoe.domain.quantity import Price, Quantity
from zoe.messages.gateway import AddSettled, Sent

INTENT = Intent(
    *("i1", "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.002"), Price.of("49990.0")),
)


def changes(order: Order, answer: AddSettled) -> bool:
    try:
        return apply(order, Fact(SETTLED_AS[answer.outcome], answer.order_id)) is not order
    except UnexpectedFact:
        return True


def test_an_answer_says_nothing_only_where_it_would_change_nothing() -> None:
    ids = (None, "O1", "O2")
    quiet = 0
    for state, known, outcome, told in product(State, ids, Sent, ids):
        order, answer = Order(INTENT, state, order_id=known), AddSettled(outcome, told)
        if by_answer(order, answer) is None:
            quiet += 1
            assert not changes(order, answer), (state, known, outcome, told)
    assert quiet > 0


def test_an_answer_behind_its_orders_first_report_says_nothing_more() -> None:
    answer = AddSettled(Sent.ACCEPTED, "O1")
    assert by_answer(Order(INTENT, State.WORKING, order_id="O1"), answer) is None
    assert by_answer(Order(INTENT, State.WORKING, order_id="O2"), answer) is not None
    assert by_answer(Order(INTENT, State.SENDING), answer) is not None
