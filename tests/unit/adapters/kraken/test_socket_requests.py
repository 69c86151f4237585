"""Requests on the private socket in the exchange's words, and answers in any of their shapes."""

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest
from broken_texts import damaged
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.kraken.order_form import Close, NewOrder
from zoe.adapters.kraken.socket_requests import (
    OrderAnswer,
    OrderIds,
    Sender,
    SocketAmend,
    SocketEdit,
    read_answer,
)
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError

AT_NS = 1_700_000_005_999_999_999
SENDER = Sender("TOKEN", AT_NS)
LIMIT = NewOrder(
    pair="BTC/USD", side="buy", order_type="limit", quantity=Decimal("1E-8"), limit=Decimal("5E4")
)


def params(payload: bytes) -> dict[str, Any]:
    frame = json.loads(payload, parse_float=Decimal)
    assert frame["req_id"] == 7
    found: dict[str, Any] = frame["params"]
    assert found.pop("token") == "TOKEN"
    return found


KINDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {"limit_price": 50000}),
    ({"order_type": "market", "limit": None}, {"order_type": "market"}),
    ({"post_only": True, "time_in_force": "GTC"},
     {"limit_price": 50000, "post_only": True, "time_in_force": "gtc"}),
    ({"time_in_force": "gtd", "expire_ns": AT_NS, "start_ns": AT_NS},
     {"limit_price": 50000, "time_in_force": "gtd", "expire_time": "2023-11-14T22:13:25.999Z",
      "effective_time": "2023-11-14T22:13:25.999Z"}),
    ({"order_type": "stop-loss", "limit": None, "trigger": Decimal(4), "trigger_by": "index"},
     {"order_type": "stop-loss", "triggers": {"price": 4, "reference": "index"}}),
    ({"order_type": "take-profit-limit", "trigger": "-5%"},
     {"order_type": "take-profit-limit", "limit_price": 50000,
      "triggers": {"price": -5, "price_type": "pct"}}),
    ({"limit": "+10"}, {"limit_price": 10, "limit_price_type": "quote"}),
    ({"order_type": "market", "limit": None, "in_quote": True, "fee_in": "base"},
     {"order_type": "market", "cash_order_qty": Decimal("0.00000001"), "fee_preference": "base"}),
    ({"stp": "cancel-both", "leverage": "2", "reduce_only": True, "userref": -4, "fee_in": None},
     {"limit_price": 50000, "stp_type": "cancel_both", "margin": True, "reduce_only": True,
      "order_userref": -4, "fee_preference": None}),
    ({"close": Close("stop-loss-limit", Decimal(3), Decimal(2)), "cl_ord_id": "c",
      "display_quantity": Decimal("1E-9")},
     {"limit_price": 50000, "cl_ord_id": "c", "display_qty": Decimal("0.000000001"),
      "conditional": {"order_type": "stop-loss-limit", "trigger_price": 3, "limit_price": 2}}),
    ({"close": Close("limit", Decimal(3))},
     {"limit_price": 50000, "conditional": {"order_type": "limit", "limit_price": 3}}),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "differs"), KINDS)
def test_every_kind_of_order_in_the_sockets_words(
    changes: dict[str, Any], differs: dict[str, Any]
) -> None:
    sent = params(SENDER.add_order(attrs.evolve(LIMIT, **changes), 7))
    usual = {"order_type": "limit", "side": "buy", "symbol": "BTC/USD", "fee_preference": "quote",
             "deadline": "2023-11-14T22:13:25.999Z"}  # fmt: skip
    if "cash_order_qty" not in differs:
        usual["order_qty"] = Decimal("0.00000001")  # type: ignore[assignment]  # JSON
    wanted = {key: value for key, value in {**usual, **differs}.items() if value is not None}
    assert sent == wanted


def test_amounts_are_plain_numbers_and_the_token_is_in_no_repr() -> None:
    payload = SENDER.add_order(LIMIT, 7, validate=True)
    assert b'"order_qty":0.00000001,' in payload and b'"limit_price":50000,' in payload
    assert b'"validate":true' in payload
    assert "TOKEN" not in repr(SENDER)


def test_a_price_that_the_socket_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="#5%"):
        SENDER.add_order(attrs.evolve(LIMIT, limit="#5%"), 7)


def test_changes_name_one_order_and_what_is_to_change() -> None:
    amend = SocketAmend(
        cl_ord_id="c", quantity=Decimal(2), limit="+5%", trigger=Decimal(9), post_only=True
    )
    assert params(SENDER.amend_order(amend, 7)) == {
        "cl_ord_id": "c",
        "order_qty": 2,
        "limit_price": 5,
        "limit_price_type": "pct",
        "trigger_price": 9,
        "post_only": True,
        "deadline": "2023-11-14T22:13:25.999Z",
    }
    with pytest.raises(ValueError, match="exactly one"):
        SocketAmend()
    edit = SocketEdit(order_id="O", symbol="BTC/USD", trigger="5%", userref=3)
    assert params(SENDER.edit_order(edit, 7, validate=True)) == {
        "order_id": "O",
        "symbol": "BTC/USD",
        "triggers": {"price": 5, "price_type": "pct"},
        "order_userref": 3,
        "validate": True,
        "deadline": "2023-11-14T22:13:25.999Z",
    }


def test_cancels_by_any_id_and_the_switch() -> None:
    ids = OrderIds(("O",), ("c",), (5,))
    assert params(SENDER.cancel_order(ids, 7)) == {
        "order_id": ["O"],
        "cl_ord_id": ["c"],
        "order_userref": [5],
    }
    assert params(SENDER.batch_cancel(ids, 7)) == {"orders": ["O", 5], "cl_ord_id": ["c"]}
    assert params(SENDER.cancel_all(7)) == {}
    assert params(SENDER.cancel_all_after(60, 7)) == {"timeout": 60}
    for nothing in ((), ("O",) * 51):
        with pytest.raises(ValueError, match="can be named"):
            OrderIds(nothing)


def test_a_batch_names_its_pair_once() -> None:
    sent = params(SENDER.batch_add([LIMIT, attrs.evolve(LIMIT, side="sell")], 7))
    assert (sent["symbol"], [order["side"] for order in sent["orders"]]) == (
        "BTC/USD",
        ["buy", "sell"],
    )
    assert all("symbol" not in order for order in sent["orders"])
    assert sent["deadline"] == "2023-11-14T22:13:25.999Z"
    with pytest.raises(AssertionError):
        SENDER.batch_add([LIMIT], 7)


def answer(**members: Any) -> bytes:
    return json.dumps({"req_id": 7, "success": True} | members).encode()


def test_a_batch_is_answered_in_either_of_two_shapes() -> None:
    plain = answer(method="batch_add", result=[{"order_id": "O1"}, {"order_id": "O2"}])
    assert [o.order_id for o in read_answer(plain).orders] == ["O1", "O2"]
    members = [{"order_id": "O1", "success": True}, {"error": "EOrder:x", "success": False}]
    nested = read_answer(answer(method="batch_add", result={"orders": members}))
    assert nested.orders[0] == OrderAnswer("O1")
    assert isinstance(nested.orders[1].refusal, ExchangeRejected)
    assert read_answer(answer(method="batch_cancel", result={"count": 2})).count == 2
    assert read_answer(answer(method="batch_cancel", orders_cancelled=2)).count == 2


def test_refusals_are_sorted_by_what_they_say() -> None:
    for text, kind in (
        ("EOrder:Insufficient funds", ExchangeRejected),
        ("EOrder:Rate limit exceeded", ExchangeThrottled),
        ("EService:Busy", ExchangeUnavailable),
    ):
        read = read_answer(answer(method="add_order", success=False, error=text))
        assert isinstance(read.refusal, kind) and read.orders == ()
    assert isinstance(
        read_answer(answer(method="add_order", success=False)).refusal, ExchangeUnavailable
    )
    assert read_answer(b'{"method":"pong","req_id":1}').refusal is None


WHOLE = {
    "method": "batch_add", "req_id": 1, "success": True, "time_out": "2026-01-02T03:04:05.000100Z",
    "result": {"orders": [{"order_id": "O", "error": "EOrder:x"}], "warnings": ["w"], "count": 2},
}  # fmt: skip


@given(damaged(WHOLE) | st.binary(max_size=60))
def test_whatever_comes_is_an_answer_or_a_wire_error(payload: bytes) -> None:
    try:
        read_answer(payload)
    except WireError as problem:
        assert problem.raw == payload
