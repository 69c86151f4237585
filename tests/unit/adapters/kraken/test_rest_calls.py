"""REST requests as they are sent, and the envelope of every answer."""

from urllib.parse import urlencode

import pytest

from zoe.adapters.kraken import api
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
    ZoeError,
)
from zoe.domain.unread_rows import LedgerPage
from zoe.messages.exchange import BalanceSnapshot
from zoe.ports.venue import (
    GetBalances,
    GetClosedOrders,
    GetInstruments,
    GetLedgerRows,
    GetLedgers,
    GetOrders,
    GetTrades,
    Operation,
    Venue,
)

KEYS = KeyPair("PUBLIC-KEY", "c2VjcmV0")


def test_a_public_call_is_fetched_without_a_key() -> None:
    request = api.prepare("http://x", api.public("Depth", pair="XBTUSD", count="5"), None, None)
    assert (request.method, request.url) == ("GET", "http://x/0/public/Depth?pair=XBTUSD&count=5")
    assert request.body == b""
    assert dict(request.headers) == {"User-Agent": "zoe"}
    assert api.prepare("http://x", api.public("Time"), None, None).url == "http://x/0/public/Time"


def test_a_private_call_is_posted_signed_over_exactly_what_is_sent() -> None:
    request = api.prepare("http://x", api.private("QueryOrders", txid="O+1"), KEYS, 42)
    assert (request.method, request.url) == ("POST", "http://x/0/private/QueryOrders")
    assert request.body == b"nonce=42&txid=O%2B1"
    headers = dict(request.headers)
    assert headers["API-Key"] == "PUBLIC-KEY"
    assert headers["API-Sign"] == KEYS.sign("/0/private/QueryOrders", "42", "nonce=42&txid=O%2B1")
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "value", ["a.b-c_d~1", "a b", "a&b=c", "a=b", "&", "a/b,c", "100%", "é", "a+b", ""]
)
def test_a_form_says_what_it_was_given_whatever_must_be_quoted(value: str) -> None:
    body = api.prepare("u", api.private("Call", asset=value, pair="x"), KEYS, 7).body.decode()
    assert body == urlencode([("nonce", "7"), ("asset", value), ("pair", "x")])
    url = api.prepare("u", api.public("Call", asset=value), None, None).url
    assert url == "u/0/public/Call?" + urlencode({"asset": value}, safe=",")


def test_neither_key_nor_signature_nor_body_is_in_the_repr() -> None:
    request = api.prepare("http://x", api.private("Balance"), KEYS, 42)
    shown = repr(request)
    assert "PUBLIC-KEY" not in shown
    assert dict(request.headers)["API-Sign"] not in shown
    assert "nonce" not in shown


def test_a_private_call_without_a_key_is_our_mistake() -> None:
    with pytest.raises(AssertionError):
        api.prepare("http://x", api.private("Balance"), None, 42)


@pytest.mark.parametrize(
    ("status", "body", "problem", "says"),
    [
        (200, b'{"error":["EOrder:Unknown order"]}', ExchangeRejected, "EOrder:Unknown order"),
        (200, b'{"error":["WX:w","EAPI:Invalid nonce"]}', ExchangeThrottled, "EAPI:Invalid nonce"),
        (200, b'{"error":["EService:Busy"],"result":{}}', ExchangeUnavailable, "EService:Busy"),
        (429, b"slow down", ExchangeThrottled, "HTTP 429"),
        (502, b"<html>Bad gateway</html>", ExchangeUnavailable, "HTTP 502"),
        (520, b'{"error":[],"result":{}}', ExchangeUnavailable, "HTTP 520"),
        (404, b'{"error":["EGeneral:Unknown method"]}', ExchangeUnavailable, "HTTP 404"),
        (200, b"<html>maintenance</html>", ExchangeUnavailable, "without JSON"),
        (200, b"", ExchangeUnavailable, "without JSON"),
        (200, b'{"error":[],"result":{"a":1', ExchangeUnavailable, "without JSON"),
        (200, b"\xff\xfe", ExchangeUnavailable, "without JSON"),
        (200, b"[]", WireError, "object"),
        (200, b'{"error":"EOrder"}', WireError, "array"),
        (200, b'{"error":[1]}', WireError, "str"),
    ],
)
def test_what_is_no_good_answer_is_sorted_by_what_it_says(
    status: int, body: bytes, problem: type[ZoeError], says: str
) -> None:
    with pytest.raises(problem, match=says):
        api.unwrap(status, body)


def test_a_warning_beside_a_result_is_no_error() -> None:
    assert api.unwrap(200, b'{"error":["WGeneral:Old"],"result":{"a":1}}') == b'{"a":1}'
    assert api.unwrap(200, b'{"error":[]}') == b"null"


def test_an_unreadable_result_is_kept_for_whoever_must_look() -> None:
    with pytest.raises(WireError) as caught:
        KrakenVenue(None).result(GetBalances(), 200, b'{"error":[],"result":{"ZUSD":"x"}}', None)
    assert b'"x"' in caught.value.raw


def test_an_account_without_assets_has_no_balances() -> None:
    for body in (b'{"error":[]}', b'{"error":[],"result":{}}'):
        assert KrakenVenue(None).result(GetBalances(), 200, body, None) == BalanceSnapshot(())


def test_the_venue_is_one_and_names_its_calls() -> None:
    venue = KrakenVenue(KEYS, rest_url="http://x")
    assert isinstance(venue, Venue)
    asked: list[tuple[Operation, str]] = [
        (GetInstruments(), "http://x/0/public/AssetPairs"),
        (GetBalances(), "http://x/0/private/Balance"),
        (GetClosedOrders(0), "http://x/0/private/ClosedOrders"),
        (GetTrades(0), "http://x/0/private/TradesHistory"),
    ]
    for operation, url in asked:
        assert venue.request(operation, 1).url == url


def test_a_feed_asks_for_instruments_then_books_and_trades() -> None:
    feed = KrakenVenue(None, depth=25).public_feed()
    for channel, symbols in (("instrument", ()), ("book", ("BTC/USD",)), ("trade", ("BTC/USD",))):
        feed.follow(channel, symbols)
    instruments, book, trades = feed.opened(1)
    assert b'"channel":"instrument"' in instruments
    assert b'"channel":"book","symbol":["BTC/USD"],"depth":25,"snapshot":true' in book
    assert b'"channel":"trade"' in trades and b'"snapshot":false' in trades
    (gone,) = feed.leave("trade", ("BTC/USD",))
    assert b'"unsubscribe"' in gone
    assert feed.due(1_000_000_000) == [b'{"method":"ping"}']
    assert feed.lost(5_000_000_002) == "nothing heard"


def test_orders_that_it_does_not_know_are_none_of_those_it_knows() -> None:
    venue, wanted = KrakenVenue(KEYS, rest_url="http://x"), GetOrders(("O1", "O2"))
    assert b"txid=O1%2CO2" in venue.request(wanted, 1).body
    # Whether it says so of each, or of all at once, its pages leave open.
    for body in (b'{"error":["EOrder:Unknown order"]}', b'{"error":[],"result":{}}'):
        assert venue.result(wanted, 200, body, None) == ()
    with pytest.raises(ExchangeRejected, match="Permission denied"):
        venue.result(wanted, 200, b'{"error":["EGeneral:Permission denied"]}', None)
    with pytest.raises(ExchangeRejected, match="Unknown order"):
        venue.result(GetBalances(), 200, b'{"error":["EOrder:Unknown order"]}', None)


def test_ledger_rows_are_asked_for_by_page_and_by_id_and_one_that_is_none_costs_no_other() -> None:
    venue = KrakenVenue(KEYS, rest_url="http://x")
    by_id, page = GetLedgerRows(("L1", "L2")), GetLedgers(None, 1)
    assert b"id=L1%2CL2" in venue.request(by_id, 1).body
    assert venue.request(by_id, 1).url.endswith("/QueryLedgers")
    rows = (
        b'{"L1":{"refid":"R","time":1.5,"type":"deposit","asset":"ZUSD","amount":"1","fee":"0",'
        b'"balance":"1"},"L2":{}}'
    )
    answers = ((by_id, rows), (page, b'{"ledger":' + rows + b',"count":2}'))
    for operation, result in answers:
        found = venue.result(operation, 200, b'{"error":[],"result":' + result + b"}", None)
        assert isinstance(found, LedgerPage)
        assert [row.ledger_id for row in found.rows] == ["L1"]
        assert [row.ledger_id for row in found.unread] == ["L2"]
