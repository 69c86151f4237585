"""Socket frames that Kraken itself sent, through the readers that are for them, without loss."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.order_form import NewOrder
from zoe.adapters.kraken.reports import BALANCE, REPORT, Merger
from zoe.adapters.kraken.socket_requests import (
    OrderIds,
    Sender,
    SocketAmend,
    SocketEdit,
    read_answer,
)
from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.errors import ExchangeRejected
from zoe.domain.order import Input
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.messages.market import FrameNotUnderstood, SubscriptionAcked, SubscriptionRefused
from zoe.ports.venue import (
    Answered,
    StreamGap,
    StreamLive,
)


def plain(text: str) -> Any:
    """The capture as an independent reader sees it."""
    return json.loads(text, parse_float=Decimal)


PUBLIC = [
    "ticker_snapshot",
    "ticker_update",
    "trade_snapshot",
    "trade_update",
    "status_update",
    "instrument_snapshot",
    "book_snapshot",
    "book_update",
    "candles_snapshot",
    "get_pong",
    "get_ticker_subscription_response",
    "get_book_subscription_response",
    "get_trade_subscription_response",
    "get_instruments_subscription_response",
]


@pytest.mark.parametrize("name", PUBLIC)
def test_public_frames_are_understood(captures: Any, name: str) -> None:
    for text in captures.named(name):
        reader = FeedReader(10, {"BTC/USD": (1, 8)})
        said = list(reader.feed(text.encode(), 1))
        assert not [m for m in said if isinstance(m, FrameNotUnderstood)]
        # An update without its snapshot says nothing yet; anything else says something.
        assert said or name == "book_update"


def test_every_number_of_the_public_rows_is_exact(captures: Any) -> None:
    text = captures.one("ticker_snapshot")
    (ticker,) = FeedReader().feed(text.encode(), 1)
    row = plain(text)["data"][0]
    assert (ticker.bid, ticker.ask, ticker.last, ticker.volume) == (  # type: ignore[attr-defined]  # a ticker
        row["bid"],
        row["ask"],
        row["last"],
        row["volume"],
    )
    text = captures.one("trade_snapshot")
    (prints,) = FeedReader().feed(text.encode(), 1)
    read = [(t.trade_id, t.price, t.quantity) for t in prints.trades]  # type: ignore[attr-defined]  # trades
    assert read == [(row["trade_id"], row["price"], row["qty"]) for row in plain(text)["data"]]


def session_heard(*texts: str) -> list[object]:
    session = KrakenSession()
    session.opened("secret")
    said: list[object] = []
    for text in texts:
        said += session.received(text.encode(), 1)
    return said


def test_frames_of_the_private_stream_are_understood_without_loss(captures: Any) -> None:
    trades = captures.one("trades_snapshot")
    said = session_heard(trades)
    for sighting, row in zip(said, plain(trades)["data"], strict=True):
        assert isinstance(sighting, Sighting)
        fill = sighting.facts[0].fill
        assert fill is not None
        assert (fill.exec_id, fill.trade_id, fill.pair) == (
            row["exec_id"],
            row["trade_id"],
            row["symbol"],
        )
        assert (fill.quantity.value, fill.price.value, fill.cost) == (
            row["last_qty"],
            row["last_price"],
            row["cost"],
        )
        assert [(fill.fee_asset, fill.fee)] == [(f["asset"], f["qty"]) for f in row["fees"]]
        assert sighting.description is None


@pytest.mark.parametrize(
    ("name", "happened"),
    [
        ("pending_new", Input.ACKNOWLEDGED),
        ("new", Input.LIVE),
        ("amend", Input.LIVE),
        ("cancel", Input.CANCELED),
    ],
)
def test_reports_of_the_executions_channel(captures: Any, name: str, happened: Input) -> None:
    for text in captures.named(name):
        (row,) = plain(text)["data"]
        sighting = Merger().sighting(REPORT.decode(json.dumps(row, default=float)))
        (fact,) = sighting.facts
        assert (sighting.order_id, fact.input) == (row["order_id"], happened)
        assert fact.reason == row.get("reason")
        if name == "pending_new":
            assert sighting.description is not None
            assert sighting.description.order_type.value == row["order_type"]
            assert sighting.description.limit_price is not None


def test_balances_of_the_private_stream(captures: Any) -> None:
    snapshot = captures.one("balances_snapshot")
    rows = plain(snapshot)["data"]
    (said,) = session_heard(snapshot)
    assert isinstance(said, BalanceSnapshot)
    assert [(row.asset, row.wallet_type) for row in said.rows] == [
        (row["asset"], "spot") for row in rows
    ]
    assert said.rows[0].balance == rows[0]["balance"]
    assert said.rows[-1].balance == Decimal("1.34")  # its wallet's, not the sum of all
    for name in ("usd_update", "base_update"):
        text = captures.one(name)
        second = re.sub(r'"sequence": *\d+', '"sequence":2', text)
        entry = session_heard(snapshot, second)[-1]
        assert isinstance(entry, BalanceEntry)
        (row,) = plain(text)["data"]
        assert (entry.amount, entry.fee, entry.balance) == (
            row["amount"],
            row["fee"],
            row["balance"],
        )
        assert entry.ledger_id == row["ledger_id"]


def test_answers_to_requests_on_the_private_socket(captures: Any) -> None:
    for text in captures.named("response", "get_pong"):
        row = plain(text)
        (answer,) = session_heard(text)
        assert isinstance(answer, Answered)
        assert answer.req_id == row["req_id"]
        assert answer.exchange_ns is not None
        if row["method"] == "pong" or row["success"]:
            assert answer.refusal is None
        else:
            assert isinstance(answer.refusal, ExchangeRejected)
    names = ("unsupported_field", "invalid_arguments", "add_order_failure")
    for text in captures.named(*names, "permission_denied", "no_token"):
        (answer,) = session_heard(text)
        assert isinstance(answer, Answered)
        assert isinstance(answer.refusal, ExchangeRejected)
        assert answer.refusal.code == plain(text)["error"]


def test_acknowledged_subscriptions_and_refused_ones(captures: Any) -> None:
    both = captures.named(
        "get_execution_subscription_response", "get_balances_subscription_response"
    )
    snapshot = captures.one("balances_snapshot")
    orders = '{"channel":"executions","type":"snapshot","data":[],"sequence":1}'
    assert session_heard(*both, orders, snapshot)[-1] == StreamLive()
    others = ("get_l3_subscription_response", "get_ohlc_subscription_response")
    for text in captures.named(*others):
        (said,) = FeedReader().feed(text.encode(), 1)
        assert isinstance(said, SubscriptionAcked)
    refused = [
        text for text in captures.named("raw", "unsupported_event") if "success" in plain(text)
    ]
    for text in refused:
        (said,) = FeedReader().feed(text.encode(), 1)
        assert isinstance(said, SubscriptionRefused)
        assert (said.symbol, said.error) == (plain(text).get("symbol"), plain(text)["error"])
        (gap,) = session_heard(text)
        assert isinstance(gap, StreamGap)
        assert plain(text)["error"] in gap.reason
    assert len(refused) == 3


def test_pieces_of_frames(captures: Any) -> None:
    """Rows that were captured without the frame round them."""
    reports = [t for t in captures.named("message") if "exec_type" in plain(t)]
    assert [Merger().sighting(REPORT.decode(text)).facts[0].input for text in reports] == [
        Input.FILL,
        Input.LIVE,
    ]
    assert BALANCE.decode(b'{"asset":"USD","balance":1}').wallets == []


def test_answers_to_every_request_are_read_in_the_shape_that_was_captured(captures: Any) -> None:
    read = [read_answer(text.encode()) for text in captures.named("response")]
    answers = {answer.method: answer for answer in read if answer.refusal is None}
    assert set(answers) >= {"add_order", "amend_order", "edit_order", "cancel_order", "cancel_all"}
    assert [o.order_id for o in answers["batch_add"].orders] == [
        "JQDNTT-MZEIZ-OZKUDD",
        "X67GEK-3VQWM-HPNQ89",
    ]
    assert (answers["batch_cancel"].count, answers["cancel_all"].count) == (2, 0)
    assert answers["cancel_all_orders_after"].trigger_time == "2024-05-19T19:22:25Z"
    assert answers["edit_order"].original_order_id == "K1FF7H-A13AR-Q1S9Z6"
    assert answers["amend_order"].amend_id == "1M2JV8-OEJZD-G5GSBF"
    assert answers["add_order"].orders[0].cl_ord_id == "client-zero"
    assert all(answer.exchange_ns is not None and answer.req_id == 0 for answer in read)


SENDER = Sender("aToken")


def limit(price: str, **more: Any) -> NewOrder:
    return NewOrder(
        pair="USDC/USD", side="buy", order_type="limit", quantity=Decimal(5), limit=Decimal(price),
        fee_in=None, **more,
    )  # fmt: skip


def test_requests_say_what_was_captured_from_a_client_that_trades(captures: Any) -> None:
    """Beside what that client said of itself, and of what is the exchange's default."""
    of_method: dict[str, list[Any]] = {}
    for text in captures.named("expected_request"):
        frame = plain(text)
        of_method.setdefault(frame["method"], []).append(frame["params"])
    add = limit("0.95", time_in_force="ioc", cl_ord_id="client-zero")
    ids = OrderIds(("1V7PZA-L5RIM-RX2G6B",))
    ours = [
        SENDER.add_order(add, 0),
        SENDER.amend_order(
            SocketAmend(
                order_id="BQS60L-EGW18-UPAK9U", quantity=Decimal("5.1"), limit=Decimal("0.96"),
                post_only=False,
            ), 0,
        ),
        SENDER.edit_order(
            SocketEdit(
                order_id="K1FF7H-A13AR-Q1S9Z6", symbol="USDC/USD", quantity=Decimal("6.1"),
                limit=Decimal("0.93"),
            ), 0,
        ),
        SENDER.cancel_order(ids, 0),
        SENDER.cancel_order(OrderIds(cl_ord_ids=("a-uuid",)), 0),
        SENDER.cancel_all(0),
        SENDER.cancel_all_after(5, 0),
        SENDER.batch_cancel(OrderIds(("IY8YF6-Y6LCR-AMZD7P", "XR6VND-GLY6K-DL33TB")), 0),
        SENDER.batch_add([limit("0.99", post_only=True), limit("0.95", post_only=True)], 0),
    ]  # fmt: skip
    for payload in ours:
        frame = plain(payload.decode())
        params = frame["params"] | {"token": None}
        theirs = [their | {"token": None} for their in of_method[frame["method"]]]
        assert any(said_too(params, their) for their in theirs), params


def said_too(ours: Any, theirs: Any) -> bool:
    """Whether everything of ours is theirs, and in the same kind of JSON."""
    if isinstance(ours, dict):
        return all(key in theirs and said_too(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list):
        pairs = zip(ours, theirs, strict=True)
        return len(ours) == len(theirs) and all(said_too(*pair) for pair in pairs)
    numbers = (int, Decimal)
    return bool(ours == theirs) and isinstance(ours, numbers) == isinstance(theirs, numbers)
