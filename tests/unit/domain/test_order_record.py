"""Rows of an order: what outside programs and SQL read in them."""

import json
from decimal import Decimal

import attrs
import pytest

from zoe.domain import order_record
from zoe.domain.errors import UnexpectedFact
from zoe.domain.order import Fact, Fill, Input, Intent, Order, OrderType, Side, State
from zoe.domain.order_inputs import apply
from zoe.domain.order_summary import summary
from zoe.domain.quantity import Price, Quantity

INTENT = Intent(
    "i-1", "person", None, "BTC/USD", Side.SELL, OrderType.LIMIT, Quantity.of("0.50"),
    Price.of("50000.0"),
)  # fmt: skip
FILL = Fill(
    "T-1", 7, "O-1", "BTC/USD", Side.SELL, Quantity.of("0.25"), Price.of("50000"),
    Decimal("12500.00"), Decimal("1.20"), "USD", "m", 5,
)  # fmt: skip


def test_the_first_row_says_all_that_must_be_durable_before_the_bytes_leave() -> None:
    order = Order(INTENT, State.SENDING, cl_ord_id="c-1", not_after_ns=9)
    kind, body = order_record.opening_row(order, "APPROVED")
    assert kind == "order.sending"
    assert json.loads(body) == {
        "intent_id": "i-1",
        "source": "person",
        "slot": None,
        "pair": "BTC/USD",
        "side": "sell",
        "order_type": "limit",
        "quantity": "0.5",
        "limit_price": "50000",
        "time_in_force": "gtc",
        "post_only": False,
        "decision": None,
        "trigger_price": None,
        "reduce_only": False,
        "expires_ns": None,
        "cl_ord_id": "c-1",
        "route": None,
        "not_after_ns": 9,
        "order_id": None,
        "verdict": "APPROVED",
        "reason": None,
        "state": "SENDING",
    }


def test_a_fills_row_holds_numbers_as_text_and_the_total_that_came_with_it() -> None:
    fact = Fact(Input.FILL, "O-1", fill=FILL, filled_quantity=Quantity.of("0.4"))
    order = apply(Order(INTENT, State.WORKING), fact)
    kind, text = order_record.fact_row(order, fact)
    body = json.loads(text)
    assert kind == "order.fill"
    assert (body["quantity"], body["price"], body["cost"], body["fee"]) == (
        "0.25",
        "50000",
        "12500",
        "1.2",
    )
    assert (body["filled_quantity"], body["reported_quantity"]) == ("0.4", "0.4")


def test_no_rows_are_no_order() -> None:
    assert order_record.fold([]) is None


def test_rows_that_do_not_begin_with_a_description_are_refused() -> None:
    with pytest.raises(ValueError, match=r"the first row of an order is order\.filled"):
        order_record.fold([("order.filled", {})])


def test_rows_that_contradict_the_table_are_refused() -> None:
    opening = order_record.opening_row(Order(INTENT, State.DENIED), "ORDER_NOTIONAL")
    fact = Fact(Input.LIVE, "O-1")
    live = order_record.fact_row(Order(INTENT, State.WORKING, order_id="O-1"), fact)
    rows = [(kind, json.loads(body)) for kind, body in (opening, live)]
    with pytest.raises(UnexpectedFact, match="live while DENIED"):
        order_record.fold(rows)


def test_a_denied_order_has_a_kind_of_its_own() -> None:
    denied = Order(INTENT, State.DENIED, reason="ORDER_NOTIONAL")
    kind, body = order_record.opening_row(denied, "ORDER_NOTIONAL")
    assert kind == "order.denied"
    assert order_record.fold([(kind, json.loads(body))]) == denied


def test_the_stream_names_account_and_intent() -> None:
    assert order_record.stream_of("kraken:abc", "i-1") == "order/kraken:abc/i-1"


def test_a_summary_is_text_only() -> None:
    order = apply(Order(INTENT, State.WORKING), Fact(Input.FILL, "O-1", fill=FILL))
    told = summary(attrs.evolve(order, cl_ord_id="c-1"))
    assert told["filled_quantity"] == "0.25"
    assert told["state"] == "WORKING"
    assert told["limit_price"] == "50000"
    assert set(map(type, told.values())) <= {str, type(None)}


@attrs.frozen
class _Memory:
    word: str
    depth: int = 2
    inner: "_Memory | None" = None


@pytest.mark.parametrize("word", ["plain", "Zürich"])
def test_an_object_is_written_as_its_fields_are(word: str) -> None:
    memory = _Memory("outer", 1, _Memory(word))
    text = order_record.canonical(memory)
    assert text == order_record.canonical(attrs.asdict(memory)) and text.isascii()
