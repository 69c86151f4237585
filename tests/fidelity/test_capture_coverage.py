"""Which captures are read by these tests, and which the present code has no use for."""

from pathlib import Path
from typing import Any

#: What the present code has no use for: the book order by order.
NOT_COVERED = ["l3_snapshot", "l3_update"]
#: Requests of the client that was recorded, and pieces without a frame round them.
NO_ANSWERS = {
    "expected_request",
    "unwrap",
    "price",
    "subtype",
    "serialized",
    "get_expected_execution_subscription",
    "get_expected_balances_subscription",
    "get_expected_ticker_subscription",
    "get_expected_book_subscription",
    "get_expected_l3_subscription",
    "get_expected_ohlc_subscription",
    "get_expected_trade_subscription",
    "get_expected_instruments_subscription",
}


def test_every_capture_is_read_or_named_as_not_covered(captures: Any) -> None:
    sources = Path(__file__).parent.glob("test_captured_*.py")
    text = "".join(source.read_text() for source in sources)
    names = {name for name, _ in captures.all}
    read = {name for name in names if f'"{name}"' in text}
    assert names - read == set(NOT_COVERED) | NO_ANSWERS - read
