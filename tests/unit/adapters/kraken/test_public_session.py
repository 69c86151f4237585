"""The public socket without I/O: batches, acknowledgements, silence, and what is asked for again."""

import json
from typing import Any

import pytest

from zoe.adapters.kraken import public_session as session
from zoe.adapters.kraken.public_session import PublicSession, Stage
from zoe.messages.market import CandleSeen, TickerSeen
from zoe.runtime.message import Message

S = 1_000_000_000
TICK = {"bid": 1, "bid_qty": 1, "ask": 2, "ask_qty": 1, "last": 1, "volume": 5}
PAIR = {
    "symbol": "X/Y", "base": "X", "quote": "Y", "status": "online", "qty_precision": 8,
    "qty_increment": 1e-08, "price_precision": 1, "cost_precision": 5, "cost_min": 0.5,
    "price_increment": 0.1, "qty_min": 0.0001,
}  # fmt: skip
EMPTY_BOOK = {"symbol": "X/Y", "bids": [], "asks": [], "checksum": 0}


class Line:
    """A session, its clock, and everything that it sent."""

    def __init__(self, *wants: tuple[session.Topic, list[str]], depth: int = 10) -> None:
        self.session = PublicSession(depth)
        self.now_ns = S
        for topic, symbols in wants:
            self.session.want(topic, symbols)
        self.sent = [json.loads(payload) for payload in self.session.opened(self.now_ns)]

    def passes(self, seconds: float) -> list[dict[str, Any]]:
        """What is sent meanwhile, in steps of a quarter of a second; heartbeats come."""
        sent: list[dict[str, Any]] = []
        for _ in range(round(seconds * 4)):
            self.now_ns += S // 4
            self.hears({"channel": "heartbeat"})
            sent += [json.loads(payload) for payload in self.session.due(self.now_ns)]
        self.sent += sent
        return sent

    def hears(self, *frames: dict[str, Any]) -> list[Message]:
        said: list[Message] = []
        for frame in frames:
            said += self.session.received(json.dumps(frame).encode(), self.now_ns)
        return said

    def acks(self, channel: str, *symbols: str) -> None:
        for symbol in symbols:
            result = {"channel": channel, "symbol": symbol}
            self.hears({"method": "subscribe", "success": True, "req_id": 1, "result": result})

    def stages(self, channel: str = "ticker") -> dict[str, Stage]:
        subscriptions = self.session.subscriptions
        return {s.symbol: s.stage for s in subscriptions if s.topic.channel == channel}


def tick(symbol: str) -> dict[str, Any]:
    return {"channel": "ticker", "type": "snapshot", "data": [{"symbol": symbol, **TICK}]}


def test_many_pairs_are_asked_for_in_batches_with_time_between() -> None:
    line = Line((session.ticker("bbo"), [f"P{n}/Y" for n in range(250)]))
    line.passes(1)
    asked = [frame["params"] for frame in line.sent]
    assert [len(params["symbol"]) for params in asked] == [100, 100, 50]
    assert {params["event_trigger"] for params in asked} == {"bbo"}
    assert len({frame["req_id"] for frame in line.sent}) == 3
    assert set(line.stages().values()) == {Stage.ASKED}


def test_a_subscription_is_live_with_its_snapshot_whichever_comes_first() -> None:
    line = Line((session.ticker(), ["A/Y", "B/Y"]))
    line.acks("ticker", "A/Y")
    assert line.stages() == {"A/Y": Stage.ACKED, "B/Y": Stage.ASKED}
    line.hears(tick("B/Y"))
    line.acks("ticker", "B/Y")
    line.hears(tick("A/Y"))
    assert set(line.stages().values()) == {Stage.LIVE}
    assert line.passes(60) == []


def test_where_all_is_live_what_breaks_is_added_or_was_lost_is_asked_for_at_once() -> None:
    line = Line((session.ticker(), ["A/Y"]))
    line.hears(tick("A/Y"))
    assert line.passes(1) == []
    line.session.renew("ticker", "A/Y", line.now_ns)
    assert [frame["method"] for frame in line.passes(1)] == ["unsubscribe", "subscribe"]
    line.hears(tick("A/Y"))
    assert line.passes(1) == []
    line.session.want(session.ticker(), ["B/Y"])
    assert [frame["params"]["symbol"] for frame in line.passes(1)] == [["B/Y"]]
    line.hears(tick("B/Y"))
    assert line.passes(1) == []
    line.session.closed()
    assert len(line.session.opened(line.now_ns)) == 1


@pytest.mark.parametrize("acked", [True, False])
def test_one_that_is_silent_is_left_and_asked_for_again_alone(acked: bool) -> None:
    line = Line((session.ticker(), ["A/Y", "B/Y"]))
    if acked:
        line.acks("ticker", "A/Y", "B/Y")
    line.hears(tick("B/Y"))
    leave, join = line.passes(11)
    assert (leave["method"], leave["params"]) == (
        "unsubscribe",
        {"channel": "ticker", "symbol": ["A/Y"]},
    )
    assert (join["method"], join["params"]["symbol"]) == ("subscribe", ["A/Y"])
    line.passes(60)
    assert line.stages() == {"A/Y": Stage.REFUSED, "B/Y": Stage.LIVE}
    (given_up,) = [s for s in line.session.subscriptions if s.error]
    assert given_up.error == "silent after 5 requests"


def test_a_refused_pair_is_named_and_left_alone() -> None:
    line = Line((session.ticker(), ["A/Y", "WWW/USD"]))
    error = "Currency pair not supported WWW/USD"
    refusal = {"method": "subscribe", "success": False, "req_id": 1, "error": error}
    line.hears(refusal | {"symbol": "WWW/USD"}, tick("A/Y"))
    assert line.stages() == {"A/Y": Stage.LIVE, "WWW/USD": Stage.REFUSED}
    assert line.passes(30) == []


def test_a_refusal_without_a_pair_is_about_its_whole_request() -> None:
    line = Line((session.ticker(), ["A/Y", "B/Y"]))
    line.hears({"method": "subscribe", "success": False, "req_id": 1, "error": "no"})
    assert set(line.stages().values()) == {Stage.REFUSED}


def test_a_line_on_which_pairs_come_and_go_for_days_remembers_its_newest_requests_only() -> None:
    topic = session.ticker()
    line = Line((topic, ["A/Y"]))
    for number in range(session.MOST_REQUESTS + 50):
        line.session.want(topic, [f"P{number}/Y"])
        line.passes(0.5)
        line.session.unwant(topic, [f"P{number}/Y"])
    line.session.want(topic, ["B/Y"])
    (asked,) = line.passes(0.5)
    line.hears({"method": "subscribe", "success": False, "req_id": asked["req_id"], "error": "?"})
    assert line.stages()["B/Y"] is Stage.REFUSED
    assert len(line.session._requests) == session.MOST_REQUESTS


def test_already_subscribed_is_no_refusal_if_the_snapshot_comes() -> None:
    line = Line((session.ticker(), ["A/Y"]))
    line.hears({"method": "subscribe", "success": False, "req_id": 1, "symbol": "A/Y",
                "error": "Already subscribed"}, tick("A/Y"))  # fmt: skip
    assert line.stages() == {"A/Y": Stage.LIVE}


def test_books_bring_their_instruments_first_and_a_broken_one_is_asked_for_anew() -> None:
    line = Line((session.book(25), ["X/Y"]), depth=25)
    line.passes(1)
    assert [frame["params"]["channel"] for frame in line.sent] == ["instrument", "book"]
    assert line.sent[1]["params"]["depth"] == 25
    line.acks("book", "X/Y")
    line.hears({"channel": "instrument", "type": "snapshot", "data": {"pairs": [PAIR]}})
    line.hears({"channel": "book", "type": "snapshot", "data": [EMPTY_BOOK]})
    assert line.stages("book") == {"X/Y": Stage.LIVE}
    for _ in range(8):
        line.hears({"channel": "book", "type": "update", "data": [EMPTY_BOOK | {"checksum": 1}]})
        leave, join = line.passes(1)
        assert leave["params"] == {"channel": "book", "symbol": ["X/Y"], "depth": 25}
        assert join["params"]["symbol"] == ["X/Y"]
        line.hears({"channel": "book", "type": "snapshot", "data": [EMPTY_BOOK]})
        assert line.stages("book") == {"X/Y": Stage.LIVE}


def test_a_book_that_is_wrong_always_is_asked_for_ever_later() -> None:
    line = Line((session.book(10), ["X/Y"]))
    line.hears({"channel": "instrument", "type": "snapshot", "data": {"pairs": [PAIR]}})
    asked = 0
    for _ in range(600):
        if line.stages("book")["X/Y"] is Stage.ASKED:
            line.hears({"channel": "book", "type": "snapshot", "data": [EMPTY_BOOK]})
            wrong = [EMPTY_BOOK | {"checksum": 1}]
            line.hears({"channel": "book", "type": "update", "data": wrong})
        asked += sum(frame["method"] == "subscribe" for frame in line.passes(1))
    assert 10 < asked < 30


def test_a_subscription_that_was_given_up_is_tried_again_after_a_minute() -> None:
    line = Line((session.ticker(), ["A/Y"]))
    line.passes(56)
    assert line.stages() == {"A/Y": Stage.REFUSED}
    line.passes(62)
    assert line.stages() == {"A/Y": Stage.ASKED}


def test_a_live_subscription_that_says_nothing_can_be_asked_for_anew() -> None:
    line = Line((session.ticker(), ["A/Y", "B/Y"]))
    line.hears(tick("A/Y"), tick("B/Y"))
    before = line.session.settled
    line.session.renew("ticker", "A/Y", line.now_ns)
    assert (before, line.session.settled) == (True, False)
    leave, join = line.passes(1)
    assert (leave["params"]["symbol"], join["params"]["symbol"]) == (["A/Y"], ["A/Y"])
    line.session.renew("ticker", "NEVER/Y", line.now_ns)


def test_two_depths_on_one_connection_are_our_mistake() -> None:
    with pytest.raises(AssertionError, match="one depth"):
        PublicSession(10).want(session.book(100), ["X/Y"])


def test_trades_without_a_snapshot_owe_nothing_after_their_acknowledgement() -> None:
    line = Line((session.trades(), ["A/Y"]))
    assert line.sent[0]["params"]["snapshot"] is False
    line.acks("trade", "A/Y")
    assert line.stages("trade") == {"A/Y": Stage.LIVE}


def test_candles_are_heard_and_left_by_their_interval() -> None:
    topic = session.candles(60)
    line = Line((topic, ["A/Y"]))
    row = {"symbol": "A/Y", "open": 1, "high": 2, "low": 1, "close": 2, "trades": 3, "volume": 5,
           "interval_begin": "2026-01-02T03:00:00.000000000Z", "interval": 60}  # fmt: skip
    (candle,) = line.hears({"channel": "ohlc", "type": "snapshot", "data": [row]})
    assert isinstance(candle, CandleSeen) and candle.interval_minutes == 60
    assert line.stages("ohlc") == {"A/Y": Stage.LIVE}
    (leave,) = line.session.unwant(topic, ["A/Y", "B/Y"])
    assert json.loads(leave)["params"] == {"channel": "ohlc", "symbol": ["A/Y"], "interval": 60}
    assert line.stages("ohlc") == {}


def test_after_a_reconnect_everything_is_asked_for_anew() -> None:
    line = Line((session.ticker(), ["A/Y"]))
    line.hears(tick("A/Y"))
    line.session.closed()
    assert line.session.due(line.now_ns + S) == []
    (again,) = line.session.opened(line.now_ns + S)
    assert json.loads(again)["params"]["symbol"] == ["A/Y"]
    assert line.stages() == {"A/Y": Stage.ASKED}


def test_a_quiet_connection_is_pinged_and_a_silent_one_is_lost() -> None:
    line = Line((session.ticker(), ["A/Y"]))
    line.hears(tick("A/Y"))
    sent = [line.session.due(line.now_ns + n * S) for n in range(1, 12)]
    assert [payload for due in sent for payload in due] == [b'{"method":"ping"}'] * 2
    assert line.session.lost(line.now_ns + 15 * S) is None
    assert line.session.lost(line.now_ns + 15 * S + 1) == "nothing heard"


def test_frames_that_nobody_knows_change_nothing() -> None:
    line = Line((session.ticker(), ["A/Y"]))
    for payload in (b"", b"{", b'{"channel":"new"}', b'{"method":"subscribe","success":false}'):
        assert len(line.session.received(payload, line.now_ns)) == 1
    assert line.stages() == {"A/Y": Stage.ASKED}
    (seen,) = line.hears(tick("OTHER/Y"))
    assert isinstance(seen, TickerSeen)
