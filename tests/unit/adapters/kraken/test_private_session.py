"""The private socket without I/O: when it is live, when it is of no more use, what it says."""

import json
from decimal import Decimal
from typing import Any

import attrs
import pytest
from private_rows import ENTRY, NEW, STAMP, frame

from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.amend import Amend, Terms
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.domain.order import Input, Intent, Order, OrderType, Side, State, TimeInForce
from zoe.domain.quantity import Price, Quantity
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot, WalletBalance
from zoe.messages.limits import CounterReported
from zoe.messages.market import ExchangeStatus, FrameNotUnderstood
from zoe.ports.venue import Answered, StreamGap, StreamLive

S = 1_000_000_000
TOKEN = "T0KEN-THAT-STAYS-SECRET"
ACKS = tuple(
    {"method": "subscribe", "success": True, "result": {"channel": channel}}
    for channel in ("executions", "balances")
)
INTENT = Intent(
    "i-1", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT, Quantity.of("0.00000001"),
    Price.of("28440"), TimeInForce.GTC, True,
)  # fmt: skip
ORDER = Order(INTENT, State.SENDING, cl_ord_id="c-1")


SNAPSHOTS = (
    frame("executions", 1, kind="snapshot"),
    frame("balances", 1, {"asset": "USD", "balance": 5, "wallets": []}, kind="snapshot"),
)


class Line:
    """A session with its token, and everything that it said."""

    def __init__(self) -> None:
        self.session = KrakenSession()
        self.opening = self.session.opened(TOKEN)

    def hears(self, *frames: dict[str, Any], at_ns: int = 0) -> list[object]:
        said: list[object] = []
        for each in frames:
            said += self.session.received(json.dumps(each).encode(), at_ns)
        return said


def live() -> Line:
    line = Line()
    assert line.hears(*ACKS, *SNAPSHOTS)[-1] == StreamLive()
    return line


def test_it_subscribes_to_orders_and_balances_with_their_snapshots() -> None:
    executions, balances = (json.loads(payload) for payload in Line().opening)
    assert executions == {
        "method": "subscribe",
        "params": {
            "channel": "executions",
            "snap_orders": True,
            "snap_trades": True,
            "order_status": True,
            "ratecounter": True,
            "token": TOKEN,
        },
    }
    assert balances["params"] == {"channel": "balances", "snapshot": True, "token": TOKEN}


@pytest.mark.parametrize("order", ["acks first", "snapshots first", "mixed"])
def test_it_is_live_after_both_acknowledgements_and_both_snapshots(order: str) -> None:
    frames = {
        "acks first": [*ACKS, *SNAPSHOTS],
        "snapshots first": [*SNAPSHOTS, *ACKS],
        "mixed": [SNAPSHOTS[1], ACKS[0], SNAPSHOTS[0], ACKS[1]],
    }[order]
    line = Line()
    for each in frames[:-1]:
        assert StreamLive() not in line.hears(each)
    assert line.hears(frames[-1])[-1] == StreamLive()
    assert line.hears(frame("executions", 2, NEW), *ACKS).count(StreamLive()) == 0


def test_snapshots_may_come_in_several_frames() -> None:
    line = Line()
    first = frame("executions", 1, NEW, kind="snapshot")
    second = frame("executions", 2, NEW | {"order_id": "O-2"}, kind="snapshot")
    said = line.hears(first, second)
    assert [s.order_id for s in said if isinstance(s, Sighting)] == ["O-1", "O-2"]


def test_ten_seconds_without_becoming_live_are_a_gap() -> None:
    line = Line()
    assert line.hears({"channel": "heartbeat"}, at_ns=5) == []
    assert line.hears({"channel": "heartbeat"}, at_ns=5 + 10 * S) == []
    said = line.hears({"channel": "heartbeat"}, at_ns=6 + 10 * S)
    assert said == [StreamGap("not live in 10 s")]
    assert live().hears({"channel": "heartbeat"}, at_ns=99 * S) == []


def test_a_skipped_number_is_a_gap_and_a_repeated_one_nothing() -> None:
    line = live()
    assert len(line.hears(frame("executions", 2, NEW))) == 1
    assert line.hears(frame("executions", 2, NEW)) == []
    assert line.hears(frame("executions", 1, NEW)) == []
    assert line.hears(frame("executions", 4, NEW)) == [StreamGap("executions: 4 after 2")]
    assert len(line.hears(frame("balances", 2, ENTRY))) == 1  # numbered on its own


@pytest.mark.parametrize("channel", ["executions", "balances"])
def test_an_update_before_its_snapshot_is_a_gap(channel: str) -> None:
    line = Line()
    said = line.hears(*ACKS, frame(channel, 1, NEW if channel == "executions" else ENTRY))
    assert said == [StreamGap(f"{channel}: an update before the snapshot")]


def test_a_refused_subscription_is_a_gap() -> None:
    refused = {"method": "subscribe", "success": False, "error": "ESession:Invalid session"}
    (gap,) = Line().hears(refused | {"status": "error"})
    assert gap == StreamGap("subscription refused: ESession:Invalid session")


def test_words_about_the_message_rate_are_a_gap() -> None:
    assert live().hears({"Error": "Exceeded msg rate"}) == [
        StreamGap("the exchange says Exceeded msg rate")
    ]


def test_the_token_is_in_no_repr_and_in_no_error() -> None:
    line = live()
    assert TOKEN not in repr(line.session) + str(vars(line.session).keys())
    with pytest.raises(WireError) as caught:
        line.hears({"channel": "unheard"})
    assert TOKEN not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize(
    "unread",
    [
        {"channel": "unheard", "type": "update", "data": []},
        {"channel": "executions", "type": "update", "data": {}, "sequence": 2},
        {"what": "is this"},
        {"method": "subscribe", "success": True, "result": []},
    ],
)
def test_a_frame_that_cannot_be_read_ends_nothing(unread: dict[str, Any]) -> None:
    line = live()
    with pytest.raises(WireError):
        line.hears(unread)
    (entry,) = line.hears(frame("balances", 2, ENTRY))
    assert isinstance(entry, BalanceEntry)


@pytest.mark.parametrize(
    "row",
    [
        NEW | {"order_status": "frozen", "exec_type": "frozen"},
        NEW | {"order_qty": "a lot"},
        NEW | {"timestamp": "now"},
        NEW | {"cum_qty": "NaN"},
        NEW | {"exec_type": "trade"},  # without its numbers
        {"exec_type": "new"},
        [],
    ],
)
def test_a_report_that_cannot_be_read_costs_no_other_and_no_connection(row: Any) -> None:
    line = live()
    counted = NEW | {"ratecount": 3}
    first, unread, second, *counts = line.hears(frame("executions", 2, counted, row, NEW))
    assert isinstance(unread, FrameNotUnderstood)
    assert unread.excerpt == json.dumps(row)
    assert isinstance(first, Sighting) and isinstance(second, Sighting)
    assert counts == [CounterReported("BTC/USD", Decimal(3))]
    assert len(line.hears(frame("executions", 3, NEW))) == 1


def test_a_kind_of_frame_nobody_listed_is_kept_and_the_numbers_go_on() -> None:
    line = live()
    (unread,) = line.hears(frame("executions", 2, NEW, kind="restatement"))
    assert isinstance(unread, FrameNotUnderstood)
    assert unread.error == "type 'restatement' of executions is unknown"
    assert len(line.hears(frame("executions", 3, NEW))) == 1


@pytest.mark.parametrize(
    ("status", "exec_type", "happened"),
    [
        ("pending_new", "pending_new", Input.ACKNOWLEDGED),
        ("new", "new", Input.LIVE),
        ("partially_filled", "amended", Input.LIVE),
        ("new", "restated", Input.LIVE),
        ("new", "iceberg_refill", Input.LIVE),
        ("triggered", "status", Input.LIVE),
        ("filled", "filled", Input.COMPLETED),
        ("canceled", "canceled", Input.CANCELED),
        ("expired", "expired", Input.EXPIRED),
        ("frozen", "canceled", Input.CANCELED),
        ("frozen", "restated", Input.LIVE),
    ],
)
def test_reports_become_facts(status: str, exec_type: str, happened: Input) -> None:
    row = NEW | {"order_status": status, "exec_type": exec_type, "cum_qty": 0.01, "reason": "r"}
    (sighting,) = live().hears(frame("executions", 2, row))
    assert isinstance(sighting, Sighting)
    (fact,) = sighting.facts
    assert (fact.input, fact.order_id, fact.reason) == (happened, "O-1", "r")
    assert fact.filled_quantity == Quantity.of("0.01")
    assert fact.exchange_ns == 1_767_323_045_000_100_000


def test_later_reports_are_filled_in_from_earlier_ones() -> None:
    line = live()
    line.hears(frame("executions", 2, NEW))
    delta = {"order_id": "O-1", "exec_type": "new", "order_status": "new", "timestamp": STAMP}
    (sighting,) = line.hears(frame("executions", 3, delta))
    assert isinstance(sighting, Sighting)
    assert sighting.cl_ord_id == "c-1"
    assert sighting.description is not None
    assert str(sighting.description.limit_price) == "90000"
    amended = delta | {"exec_type": "amended", "limit_price": 89990, "order_qty": 0.03}
    (sighting,) = line.hears(frame("executions", 4, amended))
    assert isinstance(sighting, Sighting) and sighting.description is not None
    assert str(sighting.description.limit_price) == "89990"
    assert str(sighting.description.quantity) == "0.03"
    assert sighting.facts[0].terms == Terms(Quantity.of("0.03"), Price.of("89990"))


def test_a_trade_becomes_a_fill_with_every_digit() -> None:
    trade = NEW | {
        "exec_type": "trade", "order_status": "partially_filled", "exec_id": "T-1", "trade_id": 7,
        "last_qty": 0.005, "last_price": 90000.1, "cost": 450.0005, "cum_qty": 0.005,
        "liquidity_ind": "m", "fees": [{"asset": "USD", "qty": 1.125}, {"asset": "USD", "qty": 1}],
    }  # fmt: skip
    (sighting,) = live().hears(frame("executions", 2, trade))
    assert isinstance(sighting, Sighting)
    fill = sighting.facts[0].fill
    assert fill is not None
    assert (str(fill.quantity), str(fill.price)) == ("0.005", "90000.1")
    assert (fill.cost, fill.fee, fill.fee_asset) == (Decimal("450.0005"), Decimal("2.125"), "USD")
    assert (fill.exec_id, fill.trade_id, fill.liquidity) == ("T-1", 7, "m")


def test_a_trade_without_cost_or_fees_gets_what_follows_from_its_price() -> None:
    trade = NEW | {
        "exec_type": "trade", "order_status": "filled", "exec_id": "T-1", "last_qty": 2,
        "last_price": 3,
    }  # fmt: skip
    (sighting,) = live().hears(frame("executions", 2, trade))
    assert isinstance(sighting, Sighting)
    fill = sighting.facts[0].fill
    assert fill is not None
    assert (str(fill.cost), str(fill.fee)) == ("6", "0")
    assert (fill.fee_asset, fill.trade_id) == ("USD", None)


def test_balances_are_wallets_and_rows_of_the_ledger() -> None:
    line = Line()
    wallets = [
        {"type": "spot", "id": "main", "balance": 1},
        {"type": "earn", "id": "flex", "balance": 2},
    ]
    rows = ({"asset": "BTC", "balance": 3, "wallets": wallets}, {"asset": "USD", "balance": 4.5})
    (snapshot,) = line.hears(frame("balances", 1, *rows, kind="snapshot"))
    assert snapshot == BalanceSnapshot(
        (
            WalletBalance("BTC", "spot", "main", Decimal(1)),
            WalletBalance("BTC", "earn", "flex", Decimal(2)),
            WalletBalance("USD", "spot", "main", Decimal("4.5")),
        )
    )
    (entry,) = line.hears(frame("balances", 2, ENTRY))
    assert isinstance(entry, BalanceEntry)
    assert (entry.amount, entry.fee, entry.balance) == (
        Decimal("-1.5"),
        Decimal("0.1"),
        Decimal("3.25"),
    )


def test_half_a_snapshot_of_balances_is_none() -> None:
    rows = ({"asset": "BTC", "balance": 3}, {"asset": "USD"})
    (unread,) = Line().hears(frame("balances", 1, *rows, kind="snapshot"))
    assert isinstance(unread, FrameNotUnderstood)


def test_the_exchanges_state_and_its_heartbeat() -> None:
    status = {"channel": "status", "type": "update", "data": [{"system": "cancel_only"}]}
    assert live().hears(status, {"channel": "heartbeat"}) == [ExchangeStatus("cancel_only")]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("EOrder:Insufficient funds", ExchangeRejected),
        ("EOrder:Rate limit exceeded", ExchangeThrottled),
        ("EService:Busy", ExchangeUnavailable),
        (None, ExchangeUnavailable),
    ],
)
def test_answers_say_what_became_of_a_request(error: str | None, kind: type[Exception]) -> None:
    answer = {"method": "add_order", "req_id": 7, "success": False, "time_out": STAMP}
    (said,) = live().hears(answer | ({} if error is None else {"error": error}))
    assert isinstance(said, Answered)
    assert (said.req_id, said.order_id) == (7, None)
    assert isinstance(said.refusal, kind)


def test_an_accepted_add_names_its_order_and_the_exchanges_time() -> None:
    answer = {"method": "add_order", "req_id": 7, "success": True, "time_out": STAMP}
    (said,) = live().hears(answer | {"result": {"order_id": "O-1", "cl_ord_id": "c-1"}})
    assert said == Answered(7, "O-1", None, 1_767_323_045_000_100_000)


def test_a_pong_needs_no_success() -> None:
    assert live().hears({"method": "pong", "req_id": 3}) == [Answered(3, None, None, None)]


def test_requests_are_written_as_the_exchange_reads_them() -> None:
    session = live().session
    add = session.add(ORDER, 7, 1_700_000_000_123_999_999)
    assert json.loads(add) == {
        "method": "add_order",
        "req_id": 7,
        "params": {
            "order_type": "limit",
            "side": "buy",
            "order_qty": 1e-8,
            "symbol": "BTC/USD",
            "fee_preference": "quote",
            "deadline": "2023-11-14T22:13:20.123Z",
            "cl_ord_id": "c-1",
            "token": TOKEN,
            "limit_price": 28440,
            "time_in_force": "gtc",
            "post_only": True,
        },
    }
    # Numbers, not texts, and never with an exponent.
    assert b'"order_qty":0.00000001' in add and b'"limit_price":28440' in add
    assert json.loads(session.cancel(ORDER, 8))["params"] == {"cl_ord_id": ["c-1"], "token": TOKEN}
    known = attrs.evolve(ORDER, order_id="O-1")
    assert json.loads(session.cancel(known, 8))["params"] == {"order_id": ["O-1"], "token": TOKEN}
    assert session.ping(9) == b'{"method":"ping","req_id":9}'
    assert json.loads(session.cancel_all_after(60, 1))["params"]["timeout"] == 60
    changed = Amend(Terms(Quantity.of("2"), Price(Decimal("1e2"))), 1, 0)
    amend = json.loads(session.amend(attrs.evolve(known, amend=changed), 3, 0))
    assert (amend["params"]["order_qty"], amend["params"]["limit_price"]) == (2, 100)
    assert (amend["params"]["order_id"], amend["params"]["post_only"]) == ("O-1", True)


def test_a_market_order_has_no_price_and_a_trailing_stop_is_never_sent() -> None:
    session = live().session
    market = attrs.evolve(INTENT, order_type=OrderType.MARKET, limit_price=None, post_only=False)
    params = json.loads(session.add(attrs.evolve(ORDER, intent=market), 1, 0))["params"]
    assert {"limit_price", "time_in_force", "post_only"}.isdisjoint(params)
    trailing = attrs.evolve(INTENT, order_type=OrderType.TRAILING_STOP, post_only=False)
    with pytest.raises(AssertionError):
        session.add(attrs.evolve(ORDER, intent=trailing), 1, 0)


def test_the_engines_count_is_told_beside_the_order_even_where_the_pair_is_only_known() -> None:
    line = live()
    line.hears(frame("executions", 2, NEW))
    later = {
        "order_id": "O-1", "exec_type": "new", "order_status": "new", "timestamp": STAMP,
        "ratecount": 2.5,
    }  # fmt: skip
    sighting, count = line.hears(frame("executions", 3, later))
    assert isinstance(sighting, Sighting)
    assert count == CounterReported("BTC/USD", Decimal("2.5"))
