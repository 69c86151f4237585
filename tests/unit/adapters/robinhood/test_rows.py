"""Rows of answers: numbers in whatever form, states that nobody knows, fills without ids and fees."""

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.adapters.robinhood import values, wire
from zoe.adapters.robinhood.pace import BURST, REFILL_NS, Pace
from zoe.domain.errors import WireError
from zoe.domain.quantity import exact_sum

AMOUNTS = st.decimals("0.00000001", "100000", places=8)
AT = "2026-08-20T13:26:18.409035-04:00"


def order(**more: Any) -> dict[str, Any]:
    row = {"id": "1", "symbol": "BTC-USD", "side": "buy", "type": "market", "state": "open"}
    row |= {"filled_asset_quantity": "0", "created_at": AT, "updated_at": AT}
    return row | more


def read(row: dict[str, Any]) -> wire.OrderRow:
    return wire.parse(wire.ORDER, json.dumps(row).encode())


@given(AMOUNTS, st.booleans())
def test_a_number_is_the_same_in_quotes_and_without(amount: Decimal, quoted: bool) -> None:
    text = f'"{amount}"' if quoted else str(amount)
    body = f'{{"results":[{{"asset_code":"BTC","total_quantity":{text},"quantity_available_for_trading":0}}]}}'
    (row,) = wire.parse(wire.HOLDINGS, body.encode()).results
    assert row.total_quantity == amount


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"<html>", b'{"results":{}}', b'{"results":[{}]}', b"[" * 100_000,
        b'{"results":[{"asset_code":"BTC","total_quantity":"NaN","quantity_available_for_trading":0}]}',
        b'{"results":[{"asset_code":"BTC","total_quantity":1e999,"quantity_available_for_trading":0}]}',
        b'{"results":[{"asset_code":"BTC","total_quantity":"1e-99","quantity_available_for_trading":0}]}',
        b'{"results":[{"asset_code":"\xff","total_quantity":1,"quantity_available_for_trading":0}]}',
        b'{"results":[{"asset_code":"BTC","total_quantity":' + b"9" * 5_000 + b',"quantity_available_for_trading":0}]}',
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_an_error_of_the_wire(body: bytes) -> None:
    with pytest.raises(WireError) as raised:
        wire.parse(wire.HOLDINGS, body)
    assert raised.value.raw == body


@pytest.mark.parametrize(
    "more",
    [
        {"side": "both"}, {"symbol": "no pair"}, {"created_at": "yesterday"},
        {"filled_asset_quantity": -1}, {"limit_order_config": {"limit_price": "-3"}},
        {"created_at": "2026-13-45T00:00:00Z"},
    ],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_an_error_of_the_wire(more: dict[str, Any]) -> None:
    row = read(order(**more))
    with pytest.raises(WireError, match=r"order 1|no pair"):
        values.report(row)


def test_times_are_read_in_any_zone_to_the_nanosecond() -> None:
    assert wire.nanoseconds("1970-01-01T00:00:01.000000001Z") == 1_000_000_001
    assert wire.nanoseconds("1969-12-31T19:00:01-05:00") == 1_000_000_000
    assert wire.rfc3339(1_999_999_999) == "1970-01-01T00:00:01Z"


def test_a_state_that_nobody_knows_may_still_be_filled() -> None:
    known = values.report(read(order(state="confirmed")))
    assert (known.status, known.closed_ns, known.reason) == ("open", None, "confirmed")
    assert not values.is_over(read(order(state="confirmed")))


def test_an_amount_of_dollars_is_told_as_what_it_comes_to() -> None:
    config = {"quote_amount": "100", "limit_price": "3"}
    told = values.report(read(order(type="limit", limit_order_config=config)))
    assert Decimal("33.333333") < told.quantity.value < Decimal("33.333334")


EXECUTIONS = st.lists(
    st.tuples(AMOUNTS, AMOUNTS, st.sampled_from([AT, "2026-08-20T13:26:19-04:00"])),
    min_size=1,
    max_size=6,
)


@given(EXECUTIONS, AMOUNTS, st.randoms())
def test_fills_share_the_fee_to_the_last_digit_and_keep_their_ids_however_they_come(
    drawn: list[tuple[Decimal, Decimal, str]], fee: Decimal, rng: Any
) -> None:
    def told(executions: list[tuple[Decimal, Decimal, str]], zeros: str) -> dict[str, Any]:
        rows = [
            {"effective_price": f"{p:.8f}{zeros}", "quantity": f"{q:.8f}{zeros}", "timestamp": at}
            for p, q, at in executions
        ]
        filled = str(exact_sum(q for _, q, _ in executions))
        return order(executions=rows, filled_asset_quantity=filled, fee_charged=str(fee))

    fills = values.fills(read(told(drawn, "")))
    assert exact_sum(fill.fee for fill in fills) == fee
    assert all(fill.fee >= 0 for fill in fills)
    assert len({fill.exec_id for fill in fills}) == len(drawn)
    again = list(drawn)
    rng.shuffle(again)
    assert {f.exec_id for f in values.fills(read(told(again, "0000")))} == {
        f.exec_id for f in fills
    }


def test_executions_that_do_not_come_to_what_is_filled_are_no_fills() -> None:
    row = {"effective_price": "5", "quantity": "1", "timestamp": AT}
    with pytest.raises(WireError, match="executions of 1, filled 2"):
        values.fills(read(order(executions=[row], filled_asset_quantity="2")))


@given(st.lists(st.integers(0, 3 * REFILL_NS), max_size=200))
def test_reads_that_wait_as_told_never_come_more_often_than_allowed(gaps: list[int]) -> None:
    pace, now_ns, asked = Pace(), 0, []
    for gap in gaps:
        now_ns += gap
        now_ns += pace.wait_ns(now_ns)
        pace.spend(now_ns)
        asked.append(now_ns)
    for first in range(len(asked)):
        for last in range(first, len(asked)):
            room = BURST + (asked[last] - asked[first]) // REFILL_NS + 1
            assert last - first + 1 <= room
