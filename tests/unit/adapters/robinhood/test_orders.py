"""RobinhoodClient's orders against a real server: what is sent, what is refused, and answers that are lost."""

import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import attrs
import pytest
from robinhood_exchange import API_KEY, Fault
from robinhood_trading import Trading, trading_on_tests

from zoe.adapters.robinhood.client import RobinhoodClient
from zoe.adapters.robinhood.rest import CallerSettings
from zoe.adapters.robinhood.sign import Credentials
from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeUnavailable,
    WireError,
)
from zoe.domain.order import Side, TimeInForce
from zoe.domain.quantity import Price, exact_sum
from zoe.ports.exchange import AT_MARKET, OrderTerms

HOUR_NS = 3_600_000_000_000
LIMIT = OrderTerms(limit=Price.of("36352.78"))
AT = "2026-08-20T13:26:19.409035-04:00"


@pytest.fixture
def trading() -> Iterator[Trading]:
    with trading_on_tests() as found:
        yield found


def test_an_order_is_sent_as_the_documents_say_and_told_as_it_is_known(trading: Trading) -> None:
    client = trading.client()
    placed = client.place_order("BTC/USD", "buy", quantity="0.00010000", terms=LIMIT)
    (sent,) = trading.here.posts()
    assert sent == {
        "symbol": "BTC-USD",
        "client_order_id": placed.client_order_id,
        "side": "buy",
        "type": "limit",
        "limit_order_config": {
            "asset_quantity": "0.0001",
            "limit_price": "36352.78",
            "time_in_force": "gtc",
        },
    }
    (known,) = client.get_open_orders()
    assert known == client.get_order(placed.order_id)
    assert (known.symbol, known.side, known.status, known.limit) == (
        "BTC/USD",
        Side.BUY,
        "open",
        LIMIT.limit,
    )
    assert str(known.remaining) == "0.0001"


@pytest.mark.parametrize(
    ("terms", "kind", "config"),
    [
        (AT_MARKET, "market", {"asset_quantity": "0.00000001"}),
        (OrderTerms(stop=Price.of("5000")), "stop_loss",
         {"asset_quantity": "0.00000001", "stop_price": "5000", "time_in_force": "gtc"}),
        (OrderTerms(stop=Price.of("5000"), limit=Price.of("4990.5")), "stop_limit",
         {"asset_quantity": "0.00000001", "limit_price": "4990.5", "stop_price": "5000", "time_in_force": "gtc"}),
    ],
)  # fmt: skip
def test_every_type_of_order_is_sent_without_an_exponent(
    trading: Trading, terms: OrderTerms, kind: str, config: dict[str, str]
) -> None:
    trading.here.pairs[0]["min_order_amount"] = "0.000001"
    trading.client().place_order("BTC-USD", Side.SELL, quantity=Decimal("1E-8"), terms=terms)
    (sent,) = trading.here.posts()
    assert (sent["type"], sent[f"{kind}_order_config"]) == (kind, config)


def test_a_notional_is_divided_by_what_the_exchange_estimates_never_by_a_crossed_quote(
    trading: Trading,
) -> None:
    client = trading.client()
    bought = client.place_order("BTC/USD", "buy", notional="100")
    sold = client.place_order("BTC/USD", "sell", notional=Decimal(100))
    limited = client.place_order("BTC/USD", "buy", notional="100", terms=LIMIT)
    sizes = [str(each.quantity) for each in (bought, sold, limited)]
    assert sizes == ["0.00146198", "0.00146412", "0.00275082"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantity": "1", "terms": OrderTerms(take_profit=Price.of("5"))}, "take-profit"),
        ({"quantity": "1", "terms": OrderTerms(limit=Price.of("5"), post_only=True)}, "post-only"),
        ({"quantity": "1", "terms": OrderTerms(reduce_only=True)}, "reduce-only"),
        ({"quantity": "1", "terms": OrderTerms(time_in_force=TimeInForce.IOC)}, "time in force ioc"),
        ({"quantity": "1", "terms": OrderTerms(time_in_force=TimeInForce.GTD, expire_ns=5)}, "gtd"),
        ({}, "either a quantity or a notional"),
        ({"quantity": "1", "notional": "1"}, "either a quantity or a notional"),
        ({"quantity": "0.000000001"}, "not a multiple"),
        ({"quantity": "0"}, "below the minimum"),
        ({"quantity": "x"}, "not a number"),
        ({"quantity": "NaN"}, "not a number"),
        ({"quantity": "-1"}, "no size"),
        ({"quantity": "0.00000001", "terms": LIMIT}, "below the minimum"),
        ({"quantity": "1", "terms": OrderTerms(limit=Price.of("5.001"))}, "not a multiple"),
        ({"notional": "0.05"}, "below the minimum"),
        ({"quantity": "1", "terms": OrderTerms(client_order_id="x")}, "badly formed"),
    ],
)  # fmt: skip
def test_what_cannot_be_ordered_is_refused_before_anything_is_sent(
    trading: Trading, given: dict[str, Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        trading.client().place_order("BTC/USD", "buy", **given)
    assert not trading.here.posts()


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_quantity_at_the_market_is_held_against_the_least_amount_by_the_dearer_of_both_prices(
    trading: Trading, side: str
) -> None:
    client = trading.client()
    trading.here.quotes["ETH-USD"] = {"symbol": "ETH-USD", "bid": "2000", "ask": "1000"}
    with pytest.raises(ValueError, match=r"ETH/USD: cost 0\.09998.* is below the minimum 0\.1"):
        client.place_order("ETH/USD", side, quantity="0.00004999")
    assert not trading.here.posts()
    client.place_order("ETH/USD", side, quantity="0.00005")
    assert len(trading.here.posts()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", "best_bid_ask", "html", 9),
        Fault("GET", "best_bid_ask", "html", 9, 429, headers=(("Retry-After", "300"),)),
        Fault("GET", "best_bid_ask", "html", 9, 403),
        Fault("GET", "best_bid_ask", "raw", 9, 200, b"{}"),
        Fault("GET", "best_bid_ask", "raw", 9, 200, b'{"results":[]}'),
    ],
    ids=["502", "limit", "403", "nonsense", "none"],
)
def test_an_order_at_the_market_does_not_wait_for_a_quote_that_does_not_come(
    trading: Trading, fault: Fault
) -> None:
    trading.here.plant(fault)
    trading.client().place_order("BTC/USD", "sell", quantity="0.00000001")
    assert (len(trading.here.posts()), fault.count, trading.pauses) == (1, 8, [])


def test_a_pair_that_may_only_be_sold_is_not_bought(trading: Trading) -> None:
    client = trading.client()
    with pytest.raises(ValueError, match="DOGE/USD is reduce_only"):
        client.place_order("DOGE/USD", "buy", quantity="1")
    client.place_order("DOGE/USD", "sell", quantity="1")
    for name in ("NONE/USD", "no pair", "BTC-USD/../../x"):
        with pytest.raises(ValueError, match="pair"):
            client.place_order(name, "buy", quantity="1")
    assert len(trading.here.posts()) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("POST", "/orders/", "lost"),
        Fault("POST", "/orders/", "html"),
        Fault("POST", "/orders/", "html", status=429, body=b""),
        Fault(
            "POST", "/orders/", "html", status=302, headers=(("Location", "http://127.0.0.1:9/"),)
        ),
    ],
    ids=["lost", "502", "429", "redirected"],
)
def test_an_order_whose_answer_is_lost_is_never_sent_again_and_found_by_its_own_id(
    trading: Trading, fault: Fault
) -> None:
    client, own_id = trading.client(), str(uuid.uuid4())
    client.get_trading_pairs()
    trading.here.plant(fault)
    # Written by its owner in capitals: the same id.
    terms = attrs.evolve(LIMIT, client_order_id=own_id.upper())
    with pytest.raises(ExchangeUnavailable):
        client.place_order("BTC/USD", "buy", quantity="0.0001", terms=terms)
    assert len(trading.here.posts()) == 1
    found = client.find_order(own_id.upper(), 2 * HOUR_NS)
    assert "created_at_start=1970-01-01T01%3A59%3A30Z" in trading.here.requests[-1][1]
    if fault.what == "lost":
        assert found is not None and found.client_order_id == own_id
    else:
        assert found is None
    assert len(trading.here.posts()) == 1


def test_an_order_that_the_exchange_failed_at_once_is_refused(trading: Trading) -> None:
    client = trading.client()
    client.get_trading_pairs()
    order = client.place_order("BTC/USD", "buy", quantity="1")
    row = trading.here.orders[order.order_id]

    def answer(**more: Any) -> Fault:
        body = json.dumps(row | more).encode()
        return Fault("POST", "/orders/", "raw", status=201, body=body)

    own = OrderTerms(client_order_id=order.client_order_id)
    trading.here.plant(answer(state="failed"))
    with pytest.raises(ExchangeRejected, match="failed"):
        client.place_order("BTC/USD", "buy", quantity="1", terms=own)
    trading.here.plant(answer(state="failed", filled_asset_quantity="0.5"))
    placed = client.place_order("BTC/USD", "buy", quantity="1", terms=own)
    assert placed.order_id == order.order_id  # what was filled of it is bought
    trading.here.plant(answer(client_order_id=str(uuid.uuid4())))
    with pytest.raises(WireError, match="another order"):
        client.place_order("BTC/USD", "buy", quantity="1", terms=own)


@pytest.mark.parametrize(("version", "pages"), [(1, 1), (2, 3)])
def test_an_order_that_is_not_found_by_its_path_is_looked_for_in_the_list(
    trading: Trading, version: int, pages: int
) -> None:
    client = trading.client(version)
    placed = [client.place_order("BTC/USD", "buy", quantity="1").order_id for _ in range(5)]
    oldest = placed[0]
    trading.here.plant(Fault("GET", f"/orders/{oldest}/", "raw", 3, 404, b""))
    trading.here.requests.clear()
    assert client.get_order(oldest.upper()).order_id == oldest
    assert len(trading.here.requests) == 1 + pages
    assert client.get_order_fills(oldest) == ()
    assert client.cancel_order(oldest) == 1, "its path was found again"
    with pytest.raises(ExchangeRejected, match="HTTP 404"):
        client.get_order(str(uuid.uuid4()))


def test_an_order_that_may_not_be_seen_is_not_looked_for_in_the_list(trading: Trading) -> None:
    client = trading.client()
    order_id = client.place_order("BTC/USD", "buy", quantity="1").order_id
    trading.here.plant(Fault("GET", f"/orders/{order_id}/", "raw", 1, 403, b""))
    trading.here.requests.clear()
    with pytest.raises(ExchangeRejected, match="HTTP 403"):
        client.get_order(order_id)
    assert len(trading.here.requests) == 1


def test_a_cancel_is_done_when_the_order_is_over_not_when_it_is_accepted(trading: Trading) -> None:
    client = trading.client()
    order_id = client.place_order("BTC/USD", "buy", quantity="1").order_id
    trading.here.slow_cancels = 2
    assert client.cancel_order(order_id) == 1
    assert trading.pauses == [0.5, 1.0]
    assert client.cancel_order(order_id) == 0, "it was over already"
    with pytest.raises(ExchangeRejected, match="404"):
        client.cancel_order(str(uuid.uuid4()))


def test_a_cancel_that_a_fill_overtakes_canceled_nothing(trading: Trading) -> None:
    client = trading.client()
    order_id = client.place_order("BTC/USD", "buy", quantity="1").order_id
    trading.here.slow_cancels = 99
    row = trading.here.orders[order_id]

    def fills(seconds: float) -> None:
        trading.here.fill(row, ("5.0", "1.0", AT))

    settings = CallerSettings(rest_url=trading.here.url, pause=fills)
    assert RobinhoodClient(Credentials(API_KEY, trading.seed), settings).cancel_order(order_id) == 0


def test_an_order_that_will_not_be_canceled_is_said_to_be_open_still(trading: Trading) -> None:
    client = trading.client()
    order_id = client.place_order("BTC/USD", "buy", quantity="1").order_id
    trading.here.slow_cancels = 99
    with pytest.raises(ExchangeUnavailable, match="is open"):
        client.cancel_order(order_id)


def test_fills_are_told_with_their_share_of_the_fee(trading: Trading) -> None:
    client = trading.client()
    order_id = client.place_order("BTC/USD", "sell", quantity="0.3").order_id
    row = trading.here.orders[order_id]
    trading.here.fill(row, ("100.00", "0.10", AT), ("100.00", "0.10", AT), ("101.00", "0.10", AT))
    row["fee_charged"] = 0.1
    fills = client.get_order_fills(order_id)
    assert exact_sum(fill.fee for fill in fills) == Decimal("0.1")
    assert len({fill.exec_id for fill in fills}) == 3
    known = client.get_order(order_id)
    assert (known.status, known.cost) == ("closed", Decimal("30.1"))
    assert not client.get_open_orders()
