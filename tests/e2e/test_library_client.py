"""KrakenClient from somebody's own program, against a sandbox process over loopback."""

import base64
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import attrs
import pytest
import stores
from sandboxes import Sandbox, running

from zoe.adapters.kraken import history_calls as history
from zoe.adapters.kraken import trading_calls as trading
from zoe.adapters.kraken.client import KrakenClient
from zoe.adapters.kraken.rest import CallerSettings
from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.errors import ExchangeRejected, ExchangeUnavailable
from zoe.domain.money import Money
from zoe.domain.order import Fill, Side, TimeInForce
from zoe.domain.quantity import Price, exact_sum
from zoe.ports.exchange import ExchangeClient, OrderTerms


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    made = Sandbox(
        tmp_path_factory.mktemp("sandbox"), "--seed", "5", "--market", "quiet", "--tier", "pro",
        "--lag-ms", "0:0",
    )  # fmt: skip
    made.market("50000.0", "50010.0", "5")
    yield made
    made.stop()


@pytest.fixture
def client(sandbox: Sandbox, tmp_path: Path) -> Iterator[KrakenClient]:
    with KrakenClient(*access(sandbox, sandbox.place)) as made:
        yield made


def access(sandbox: Sandbox, place: Path) -> tuple[KeyPair, CallerSettings]:
    keys = KeyPair(sandbox.ready["key"], sandbox.ready["secret"])
    return keys, CallerSettings(rest_url=sandbox.ready["rest"], nonces=place / "n", tier="pro")


def limit(price: str) -> OrderTerms:
    return OrderTerms(limit=Price.of(price), post_only=True)


def test_it_is_what_every_exchange_offers(client: KrakenClient) -> None:
    assert isinstance(client, ExchangeClient)
    assert client.get_system_status() == "online"
    symbols = {pair.symbol for pair in client.get_trading_pairs()}
    assert {"BTC/USD", "ETH/USD"} <= symbols


def test_prices_come_as_values_and_in_the_form_of_older_callers(client: KrakenClient) -> None:
    quote = client.get_best_bid_ask("XBTUSD")
    assert (quote.symbol, quote.bid, quote.ask) == (
        "BTC/USD",
        Price.of("50000"),
        Price.of("50010"),
    )
    assert list(client.get_best_bid_ask_batch(["BTC-USD", "XXBTZUSD"])) == ["BTC/USD"]
    assert client.get_best_bid_ask_batch([]) == {}
    assert client.get_best_bid_ask_results(["BTC/USD"]) == {
        "results": [
            {
                "symbol": "BTC-USD",
                "price": "50005",
                "bid_inclusive_of_sell_spread": "50000",
                "ask_inclusive_of_buy_spread": "50010",
                "bid": "50000",
                "ask": "50010",
            }
        ]
    }


def test_an_order_lives_is_amended_and_canceled(client: KrakenClient) -> None:
    before = client.get_balance("USD").amount
    placed = client.place_order("BTC/USD", "buy", notional="100", terms=limit("40000"))
    assert placed.quantity.value == Decimal("0.0025")
    assert before - client.get_balance("USD").amount >= 100
    seen = client.get_order(placed.order_id)
    assert (seen.status, seen.symbol, seen.side) == ("open", "BTC/USD", Side.BUY)
    assert seen.client_order_id == placed.client_order_id
    assert seen.limit == Price.of("40000")
    assert placed.order_id in [order.order_id for order in client.get_open_orders()]
    amend = trading.Amend(txid=placed.order_id, limit=Decimal(39_999), quantity=Decimal("0.0025"))
    assert client.amend_order(amend)
    assert client.get_order(placed.order_id).limit == Price.of("39999")
    assert client.cancel_order(placed.client_order_id) == 1
    with pytest.raises(ExchangeRejected, match="Unknown order"):
        client.cancel_order(placed.order_id)
    assert client.get_balance("USD").amount == before
    assert placed.order_id in [order.order_id for order in client.get_closed_orders()]


def test_a_market_order_is_filled_and_stands_in_trades_and_ledger(client: KrakenClient) -> None:
    placed = client.place_order("BTC/USD", "buy", notional=Decimal(500))
    assert placed.quantity.value == Decimal("0.00999800")
    (fill,) = [f for f in client.get_trades_history() if f.order_id == placed.order_id]
    assert (fill.pair, fill.price, fill.quantity) == (
        "BTC/USD",
        Price.of("50010"),
        placed.quantity,
    )
    assert client.get_order_fills(placed.order_id) == (fill,)
    legs = [row for row in client.get_ledgers() if row.ref_id == fill.exec_id]
    assert {leg.asset for leg in legs} == {"BTC", "USD"}
    assert dict.fromkeys(h.asset for h in client.get_holdings()).keys() >= {"BTC", "USD"}


def test_a_balance_is_asked_for_by_any_name_of_its_asset(client: KrakenClient) -> None:
    bitcoin, dollars = client.get_balance("BTC"), client.get_balance()
    assert (bitcoin.asset, dollars.asset) == ("BTC", "USD") and bitcoin.amount and dollars.amount
    for name in ("XXBT", "XBT", "xbt", "xxbt", "Btc"):
        assert client.get_balance(name) == bitcoin
    assert client.get_balance("ZUSD") == client.get_balance("zusd") == dollars
    assert client.get_balance("xxrp") == Money("XRP", Decimal(0))


def test_fills_that_the_history_does_not_tell_yet_are_asked_for_again(tmp_path: Path) -> None:
    options = ("--market", "quiet", "--tier", "pro", "--lag-ms", "0:1000", "--limits", "none")
    with running(tmp_path, *options) as lagging:
        lagging.market("50000.0", "50010.0", "5")
        keys, settings = access(lagging, tmp_path)
        settings = attrs.evolve(settings, pause=lambda _: None)
        with KrakenClient(keys, settings) as client:
            # Each list lies behind by a time of its own: some orders are over before that is seen.
            late = 0
            while not late:
                order_id = client.place_order("BTC/USD", "buy", quantity="0.001").order_id
                late, found = fills_after_refusals(client, order_id)
                assert exact_sum(fill.quantity.value for fill in found) == Decimal("0.001")


def fills_after_refusals(client: KrakenClient, order_id: str) -> tuple[int, tuple[Fill, ...]]:
    """An order's fills, and how often they were asked for in vain."""
    refused = 0
    while True:
        try:
            return refused, client.get_order_fills(order_id)
        except ExchangeUnavailable:
            refused += 1
        except ExchangeRejected as unknown:
            assert unknown.code == "EOrder:Unknown order"


@pytest.mark.parametrize(
    ("wanted", "terms", "why"),
    [
        ({"notional": "0.2"}, limit("40000"), "below the minimum"),
        ({"quantity": "0.00000001"}, limit("40000"), "below the minimum"),
        ({"quantity": "0.001"}, limit("40000.05"), "not a multiple"),
        ({}, limit("40000"), "either a quantity or a notional"),
        ({"quantity": "1", "notional": "1"}, limit("40000"), "either a quantity or a notional"),
        ({"quantity": "much"}, limit("40000"), "not a number"),
    ],
)
def test_what_would_be_refused_is_refused_before_it_is_sent(
    client: KrakenClient, wanted: dict[str, str], terms: OrderTerms, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        client.place_order("BTC/USD", "buy", **wanted, terms=terms)


def test_an_unknown_pair_is_named(client: KrakenClient) -> None:
    with pytest.raises(ValueError, match="NOPE/USD"):
        client.place_order("NOPE/USD", "buy", quantity="1")


def test_terms_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="not both"):
        OrderTerms(stop=Price.of("1"), take_profit=Price.of("2"))
    with pytest.raises(ValueError, match="needs a limit"):
        OrderTerms(post_only=True)


def test_each_time_in_force_does_what_it_says(client: KrakenClient) -> None:
    soon_ns = time.time_ns() + 3_600_000_000_000
    forces = {TimeInForce.GTD: "open", TimeInForce.IOC: "canceled", TimeInForce.FOK: "canceled"}
    for force, status in forces.items():
        expire_ns = soon_ns if force is TimeInForce.GTD else None
        terms = OrderTerms(limit=Price.of("40000"), time_in_force=force, expire_ns=expire_ns)
        placed = client.place_order("BTC/USD", "buy", quantity="0.001", terms=terms)
        assert client.get_order(placed.order_id).status == status
    assert client.cancel_all() == 1


@pytest.mark.parametrize(
    "terms",
    [
        OrderTerms(stop=Price.of("60000")),
        OrderTerms(stop=Price.of("60000"), limit=Price.of("60100")),
        OrderTerms(take_profit=Price.of("45000")),
        OrderTerms(take_profit=Price.of("45000"), limit=Price.of("45100")),
    ],
)
def test_orders_that_wait_for_a_price_are_taken_as_such(
    client: KrakenClient, terms: OrderTerms
) -> None:
    placed = client.place_order("BTC/USD", "buy", quantity="0.001", terms=terms)
    seen = client.get_order(placed.order_id)
    assert (seen.status, seen.order_type) == ("open", terms.order_type.value)
    assert seen.limit == terms.limit
    assert client.cancel_order(placed.order_id) == 1


def test_the_switch_the_token_and_the_clock(client: KrakenClient) -> None:
    assert client.cancel_all_after(60).trigger_time > client.cancel_all_after(60).current_time[:4]
    client.cancel_all_after(0)
    assert len(client.get_ws_token()) > 20
    clock = client.get_exchange_clock()
    assert clock.bound_ns is not None
    assert abs(clock.offset_ns) <= clock.bound_ns
    # The exchange tells whole seconds, and half of the way there and back is not known.
    stores.eventually(lambda: bound_ns(client) < 1_500_000_000, "an answer within a second")


def bound_ns(client: KrakenClient) -> int:
    """How wrong the exchange's clock may be that is measured now."""
    found = client.get_exchange_clock().bound_ns
    assert found is not None
    return found


def test_more_rows_than_a_page_all_come_each_once(client: KrakenClient) -> None:
    ids = {client.place_order("BTC/USD", "buy", quantity="0.001").order_id for _ in range(27)}
    rows = client.get_ledgers()
    assert len(rows) == len({row.ledger_id for row in rows}) > history.PAGE
    assert [row.timestamp_ns for row in rows] == sorted(row.timestamp_ns for row in rows)
    legs = [row.ref_id for row in rows if row.type == "trade"]
    fills = [fill for fill in client.get_trades_history() if fill.order_id in ids]
    assert len(fills) == 27
    assert all(legs.count(fill.exec_id) == 2 for fill in fills)


PROGRAM = """
import sys
from pathlib import Path
from zoe.adapters.kraken.client import KrakenClient
from zoe.adapters.kraken.rest import CallerSettings
from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.errors import ExchangeRejected
url, key, secret, place = sys.argv[1:]
settings = CallerSettings(rest_url=url, nonces=Path(place), tier="pro")
with KrakenClient(KeyPair(key, secret), settings) as client:
    for _ in range(60):
        try:
            client.cancel_order("OAAAAA-BBBBB-CCCCCC")
        except ExchangeRejected as refused:
            assert refused.code == "EOrder:Unknown order", refused
"""


def test_programs_that_share_a_key_never_send_a_nonce_too_late(sandbox: Sandbox) -> None:
    ready = sandbox.ready
    place = str(sandbox.place / "n")
    command = [sys.executable, "-c", PROGRAM, ready["rest"], ready["key"], ready["secret"], place]
    programs = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [(program.communicate(timeout=120)[1], program.returncode) for program in programs]
    assert ends == [(b"", 0), (b"", 0)]


def test_a_dead_exchange_is_an_unknown_outcome_that_says_no_secret(tmp_path: Path) -> None:
    keys = KeyPair("PUBLIC", base64.b64encode(b"secret").decode())
    waits: list[float] = []
    settings = CallerSettings(rest_url="http://127.0.0.1:9", nonces=tmp_path, pause=waits.append)
    with KrakenClient(keys, settings) as client:
        with pytest.raises(ExchangeUnavailable) as caught:
            client.cancel_order("O1")
        assert waits == [], "a write is not repeated"
        with pytest.raises(ExchangeUnavailable):
            client.get_ws_token()
        assert waits == [0.25, 0.5], "a read is"
    assert "PUBLIC" not in str(caught.value)
