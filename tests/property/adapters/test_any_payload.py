"""Whatever bytes come, parsers raise what they are documented to raise and nothing else."""

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from broken_texts import ANYTHING, WILD_TEXTS, damaged, text_of
from hypothesis import example, given
from hypothesis import strategies as st

from zoe.adapters.kraken import numbers, recording
from zoe.adapters.kraken.errors import classify, is_error
from zoe.adapters.kraken.feed import FeedReader
from zoe.adapters.kraken.private_line import PrivateLine
from zoe.adapters.kraken.public_session import PublicSession, book, candles
from zoe.adapters.kraken.recorded_frames import Recording
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.ports.venue import (
    GetBalances,
    GetClosedOrders,
    GetInstruments,
    GetOpenOrders,
    GetToken,
    GetTrades,
    Operation,
)
from zoe.runtime.message import Message

DOCUMENTED = (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError)
STAMP = "2026-01-02T03:04:05.000100Z"
DESCR = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "1.5", "price2": "0"}
ORDER = {
    "status": "open", "descr": DESCR, "vol": "2", "vol_exec": "1", "opentm": 1.5, "closetm": 2.5,
    "cl_ord_id": "c", "reason": None, "oflags": "fciq,post",
}  # fmt: skip
TRADE = {
    "ordertxid": "O", "pair": "XXBTZUSD", "time": 1.5, "type": "sell", "price": "1", "cost": "1",
    "fee": "0", "vol": "1", "trade_id": 7, "maker": True,
}  # fmt: skip
PAIR = {
    "altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD", "pair_decimals": 1,
    "lot_decimals": 8, "cost_decimals": 5, "ordermin": "1", "costmin": "1", "tick_size": "0.1",
}  # fmt: skip
ANSWERS: list[tuple[Operation, Any]] = [
    (GetInstruments(), {"XXBTZUSD": PAIR}),
    (GetToken(), {"token": "t", "expires": 900}),
    (GetBalances(), {"ZUSD": "1.5", "XBT.M": "2"}),
    (GetOpenOrders(), {"open": {"O": ORDER}}),
    (GetClosedOrders(0), {"closed": {"O": ORDER}}),
    (GetTrades(0), {"trades": {"T": TRADE}}),
]
REPORT = {
    "order_id": "O", "exec_type": "trade", "order_status": "new", "timestamp": STAMP, "side": "buy",
    "symbol": "X/Y", "order_type": "limit", "order_qty": 2.5, "limit_price": 1.5, "cum_qty": 1,
    "exec_id": "T", "trade_id": 7, "last_qty": 1, "last_price": 2, "time_in_force": "GTC",
    "fees": [{"asset": "Y", "qty": 0.1}], "reason": "r",
}  # fmt: skip
WALLET = {"type": "spot", "id": "main", "balance": 1}
ENTRY = {
    "ledger_id": "L", "ref_id": "T", "timestamp": STAMP, "type": "trade", "asset": "Y",
    "amount": -1.5, "fee": 0.1, "balance": 3.25,
}  # fmt: skip
LEVEL = {"price": 1.5, "qty": 2}
BOOK = {"symbol": "X/Y", "bids": [LEVEL], "asks": [], "checksum": 1, "timestamp": STAMP}
INSTRUMENT = {
    "symbol": "X/Y", "base": "X", "quote": "Y", "status": "online", "qty_precision": 8,
    "qty_increment": 1e-08, "price_precision": 1, "cost_precision": 5, "cost_min": 0.5,
    "price_increment": 0.1, "qty_min": 0.0001,
}  # fmt: skip
PRINT = {"symbol": "X/Y", "side": "buy", "price": 1, "qty": 1, "trade_id": 1, "timestamp": STAMP}
FRAMES: list[dict[str, Any]] = [
    {"channel": "executions", "type": "snapshot", "data": [REPORT], "sequence": 1},
    {"channel": "executions", "type": "update", "data": [REPORT, REPORT], "sequence": 2},
    {"channel": "balances", "type": "snapshot", "data": [ENTRY | {"wallets": [WALLET]}]},
    {"channel": "balances", "type": "update", "data": [ENTRY], "sequence": 2},
    {"channel": "book", "type": "snapshot", "data": [BOOK]},
    {"channel": "book", "type": "update", "data": [BOOK]},
    {"channel": "ticker", "data": [{"symbol": "X/Y", "bid": 1, "ask": 2, "volume": 3, "last": 4}]},
    {"channel": "trade", "data": [PRINT]},
    {"channel": "instrument", "type": "snapshot", "data": {"pairs": [INSTRUMENT], "assets": []}},
    {"channel": "status", "data": [{"system": "online"}]},
    {"method": "add_order", "req_id": 1, "success": True, "result": {"order_id": "O"}},
    {"method": "subscribe", "success": True, "result": {"channel": "book", "symbol": "X/Y"}},
    {"method": "subscribe", "success": False, "error": "EOrder:x", "time_out": STAMP},
    {"Error": "Exceeded msg rate"},
]

BTC = Instrument(
    "BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1"), 8, Decimal("1e-8"), Decimal(1), 5,
    Decimal(1), "XXBTZUSD", "XBTUSD", "XBT/USD",
)  # fmt: skip
CATALOG = Catalog(1, {"BTC/USD": BTC})


@st.composite
def damaged_answers(draw: st.DrawFn) -> tuple[Operation, bytes]:
    operation, result = draw(st.sampled_from(ANSWERS))
    return operation, draw(damaged({"error": [], "result": result}))


@given(damaged_answers(), st.sampled_from((200, 200, 200, 429, 502, 0)), st.booleans())
def test_a_rest_answer_is_read_or_refused_by_name(
    answer: tuple[Operation, bytes], status: int, known: bool
) -> None:
    operation, body = answer
    try:
        KrakenVenue(None).result(operation, status, body, CATALOG if known else None)
    except DOCUMENTED as refused:
        assert str(refused)


@given(st.sampled_from([operation for operation, _ in ANSWERS]), st.binary(max_size=60) | ANYTHING.map(lambda value: text_of(value).encode(errors="replace")))  # fmt: skip
def test_any_bytes_are_read_or_refused_by_name(operation: Operation, body: bytes) -> None:
    try:
        KrakenVenue(None).result(operation, 200, body, CATALOG)
    except DOCUMENTED as refused:
        assert str(refused)


FRAME_BYTES = st.lists(
    st.sampled_from(FRAMES).flatmap(damaged)
    | st.sampled_from(FRAMES).map(lambda frame: text_of(frame).encode())
    | st.binary(max_size=40),
    max_size=8,
)


@given(FRAME_BYTES, st.booleans())
@example([b'{"channel":"book","data":[{"symbol":"X/Y","checksum":1,"bids":[1e999]}]}'], True)
def test_the_public_reader_never_raises(payloads: list[bytes], known: bool) -> None:
    reader = FeedReader(10, {"X/Y": (1, 8)} if known else {})
    for payload in payloads:
        for message in reader.feed(payload, 1):
            assert isinstance(message, Message)
            assert len(repr(message)) < 5_000


@given(FRAME_BYTES, st.integers(0, 20_000_000_000))
@example([b'{"method":null,"method":"add_order","success":true,"result":{"order_id":"O"}}'], 0)
def test_the_sessions_of_library_users_never_raise(payloads: list[bytes], step_ns: int) -> None:
    public, private = PublicSession(10), PrivateLine(lambda: "SECRET-TOKEN")
    public.want(book(10), ["X/Y"])
    public.want(candles(1), ["X/Y"])
    private.before_connect()
    now_ns = 1
    for line in (public, private):
        line.opened(now_ns)
    for payload in payloads:
        now_ns += step_ns
        for line in (public, private):
            assert "SECRET-TOKEN" not in repr(list(line.received(payload, now_ns)))
            line.due(now_ns)
            line.lost(now_ns)


@given(FRAME_BYTES)
def test_the_private_session_raises_wire_errors_only_and_lives_on(payloads: list[bytes]) -> None:
    session = KrakenSession()
    session.opened("SECRET-TOKEN")
    for payload in payloads:
        try:
            said = session.received(payload, 1)
        except WireError as problem:
            assert problem.raw == payload
            assert "SECRET-TOKEN" not in str(problem)
        else:
            assert "SECRET-TOKEN" not in repr(said)


@given(FRAME_BYTES, st.sampled_from((b"\n", b"\n\n", b"\r\n")))
def test_any_file_is_a_recording_or_refused_by_name(payloads: list[bytes], end: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frames"
        for content in (end.join(payloads), b'{"init":%s,"updates":' % b"".join(payloads[:1])):
            path.write_bytes(content)
            try:
                frames = tuple(Recording(path))
            except WireError:
                continue
            reader = FeedReader(10, recording.precisions(frames))
            for decoded in recording.decode(frames, reader):
                assert json.loads(recording.line_of(decoded))["line"] == decoded.line


@given(st.text(max_size=30) | st.sampled_from(("EService:", "EOrder:", "W")).flatmap(lambda begin: st.text(max_size=9).map(begin.__add__)))  # fmt: skip
def test_any_error_text_stands_for_one_of_three_things(text: str) -> None:
    problem = classify(text)
    assert isinstance(problem, ExchangeRejected | ExchangeThrottled | ExchangeUnavailable)
    assert text in str(problem)
    assert isinstance(is_error(text), bool)


@given(st.text(max_size=40) | WILD_TEXTS | st.datetimes().map(lambda at: f"{at.isoformat()}Z"))
def test_numbers_and_times_are_read_or_refused_with_a_value_error(text: str) -> None:
    for read in (numbers.decimal_of, numbers.nanoseconds):
        try:
            read(text)
        except ValueError as refused:
            assert str(refused)


@given(st.integers(0, 10**30), st.integers(0, 12), st.integers(0, 20))
def test_counting_in_units_loses_nothing(count: int, precision: int, zeros: int) -> None:
    value = Decimal(f"{count}e-{precision}")
    written = Decimal(f"{value:f}" + ("" if "." in f"{value:f}" else ".") + "0" * zeros)
    assert numbers.units(written, precision) == count
    assert numbers.units_of_text(f"{written:f}".encode(), precision) == count


@given(
    st.from_regex(r"\A-?(0|[1-9][0-9]{0,45})(\.[0-9]{1,12})?([eE][+-]?[0-9]{1,3})?\Z"),
    st.integers(0, 10),
)
@example("1" + "0" * 33, 8)
def test_a_number_counts_the_same_whether_it_is_read_as_text_or_as_a_decimal(
    text: str, precision: int
) -> None:
    counts: list[int | None] = []
    for decimal in (True, False):
        try:
            if decimal:
                counts.append(numbers.units(Decimal(text), precision))
            else:
                counts.append(numbers.units_of_text(text.encode(), precision))
        except ValueError:
            counts.append(None)
    assert counts[0] == counts[1]


@given(st.from_regex(r"\A(0|[1-9][0-9]{0,9})(\.[0-9]{1,5})?([eE]-?[0-9])?\Z"), st.integers(0, 10))
def test_a_number_in_quotes_counts_as_none(text: str, precision: int) -> None:
    with pytest.raises(ValueError, match="stands in quotes"):
        numbers.units_of_text(f'"{text}"'.encode(), precision)


@given(st.integers(0, 4_102_444_800_000_000_000))
def test_a_time_survives_being_written_and_read(at_ns: int) -> None:
    assert numbers.nanoseconds(numbers.rfc3339(at_ns)) == at_ns // 1_000_000 * 1_000_000
    assert numbers.seconds_to_ns(Decimal(numbers.ns_to_seconds(at_ns))) == at_ns
