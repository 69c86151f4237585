"""RobinhoodClient against a real server that checks its signatures: reads, limits, hostile answers, credentials."""

import base64
import uuid
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from robinhood_exchange import ACCOUNT, API_KEY, Fault, pair
from robinhood_trading import Trading, trading_on_tests

from zoe.adapters.robinhood.client import RobinhoodClient
from zoe.adapters.robinhood.rest import CallerSettings
from zoe.adapters.robinhood.sign import Credentials
from zoe.domain.errors import (
    ConfigError,
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    WireError,
)
from zoe.domain.money import Money
from zoe.domain.quantity import Price
from zoe.ports.exchange import ExchangeClient, Holding


@pytest.fixture
def trading() -> Iterator[Trading]:
    with trading_on_tests() as found:
        yield found


def test_it_is_what_every_exchange_offers(trading: Trading) -> None:
    with trading.client() as client:
        offered: ExchangeClient = client  # as a type checker sees it
        assert isinstance(offered, ExchangeClient)


def test_pages_are_all_read_and_each_is_signed(trading: Trading) -> None:
    found = {each.symbol: each for each in trading.client().get_trading_pairs()}
    assert list(found) == ["BTC/USD", "ETH/USD", "DOGE/USD"]
    btc = found["BTC/USD"]
    assert (btc.price_precision, btc.qty_precision, btc.cost_min) == (2, 8, Decimal("0.1"))
    assert (btc.status, found["DOGE/USD"].status) == ("online", "reduce_only")
    assert len(trading.here.requests) == 2


def test_cash_is_the_buying_power_and_of_holdings_what_may_be_traded(trading: Trading) -> None:
    trading.here.accounts.insert(
        0, trading.here.accounts[0] | {"is_api_tradable": False, "account_number": "X"}
    )
    trading.here.holdings += [
        {"asset_code": code, "total_quantity": total, "quantity_available_for_trading": free}
        for code, total, free in (
            *(("BTC", 0.5, 0.25), ("ETH", "0", "0"), ("SOL", "1.5", 1)),
            ("SOL", "1.5", 1),  # again, as where a row moves while pages are turned
        )
    ]
    client = trading.client()
    assert client.get_balance() == Money("USD", Decimal("1042.55"))
    assert client.get_balance("BTC") == Money("BTC", Decimal("0.25"))
    assert client.get_balance("XRP") == Money("XRP", Decimal(0))
    assert client.get_holdings() == (
        Holding("BTC", Decimal("0.5"), Decimal("0.25")),
        Holding("SOL", Decimal("1.5"), Decimal(1)),
    )
    assert f"account_number={ACCOUNT}" in trading.here.requests[-1][1]


def test_quotes_come_in_one_question_and_in_the_old_form_too(trading: Trading) -> None:
    client = trading.client()
    found = client.get_best_bid_ask_batch(["ETH/USD", "btc-usd"])
    assert list(found) == ["ETH/USD", "BTC/USD"]
    assert found["BTC/USD"].bid == Price.of("68329.2"), "crossed, as it came"
    assert len(trading.here.requests) == 1
    (row,) = client.get_best_bid_ask_results(["ETH/USD"])["results"]
    assert (row["symbol"], row["bid_inclusive_of_sell_spread"], row["price"]) == (
        "ETH-USD",
        "2000",
        "2000.25",
    )
    with pytest.raises(ExchangeRejected, match="no quote of DOGE/USD"):
        client.get_best_bid_ask("DOGE/USD")
    assert list(client.get_best_bid_ask_batch(["DOGE/USD", "ETH/USD"])) == ["ETH/USD"]


def test_a_read_is_signed_anew_each_time_it_is_repeated(trading: Trading) -> None:
    trading.here.plant(Fault("GET", "trading_pairs", "html"), Fault("GET", "trading_pairs", "lost"))
    assert len(trading.client().get_trading_pairs()) == 3
    assert trading.pauses == [0.5, 1.0]
    trading.here.plant(Fault("GET", "trading_pairs", "html", count=3))
    with pytest.raises(ExchangeUnavailable, match="HTTP 502"):
        trading.client().get_trading_pairs()


def test_a_read_over_the_limit_waits_as_long_as_it_is_told_but_not_for_ever(
    trading: Trading,
) -> None:
    def over(wait: str, count: int) -> Fault:
        return Fault("GET", "accounts", "html", count, 429, b"slow down", (("Retry-After", wait),))

    trading.here.plant(over("7", 1), over("99999999999999", 1))
    assert trading.client().get_system_status() == "online"
    assert trading.pauses == [7, 300]
    trading.here.plant(over("Fri, 27 Nov 2026 00:00:00 GMT", 3))
    with pytest.raises(ExchangeThrottled):
        trading.client().get_system_status()


def test_a_refusal_is_told_in_the_exchanges_words_and_never_repeated(trading: Trading) -> None:
    stranger = RobinhoodClient(
        Credentials(API_KEY, base64.b64encode(bytes(32)).decode()),
        CallerSettings(rest_url=trading.here.url, pause=trading.pauses.append),
    )
    with pytest.raises(ExchangeRejected, match="HTTP 401: client_error Unauthorized"):
        stranger.get_holdings()
    assert (len(trading.here.requests), trading.pauses) == (1, [])
    with pytest.raises(ExchangeRejected, match="HTTP 404"):
        trading.client().get_order(str(uuid.uuid4()))
    before = len(trading.here.requests)
    with pytest.raises(ExchangeRejected, match="UUIDs"):
        trading.client().get_order("../../accounts")
    assert len(trading.here.requests) == before


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/api/v2/x/",
        "//evil.example/api/",
        "ftp://x",
        "/../api",
        "{url}.evil.example/api/x",
    ],
)
def test_a_next_page_that_lies_elsewhere_is_not_asked_for(trading: Trading, address: str) -> None:
    told = address.replace("{url}", trading.here.url)
    body = f'{{"results":[],"next":"{told}"}}'.encode()
    trading.here.plant(Fault("GET", "trading_pairs", "raw", status=200, body=body))
    with pytest.raises(WireError, match="elsewhere"):
        trading.client().get_trading_pairs()
    assert len(trading.here.requests) == 1


def test_a_list_whose_pages_never_end_ends(trading: Trading) -> None:
    body = b'{"results":[],"next":"/api/v2/crypto/trading/trading_pairs/?cursor=again"}'
    trading.here.plant(Fault("GET", "trading_pairs", "raw", 1_000_000, 200, body))
    with pytest.raises(WireError, match="does not end"):
        trading.client().get_trading_pairs()
    assert len(trading.here.requests) == 2


@pytest.mark.parametrize(
    ("status", "said"),
    [("active", "online"), ("sell_only", "reduce_only"), ("deactivated", "maintenance")],
)
def test_the_accounts_state_is_all_that_is_known_of_the_exchanges(
    trading: Trading, status: str, said: str
) -> None:
    trading.here.accounts[0]["status"] = status
    assert trading.client().get_system_status() == said


def test_an_exchange_that_is_away_is_in_maintenance(trading: Trading) -> None:
    trading.here.plant(Fault("GET", "accounts", "html", 3, 503))
    assert trading.client().get_system_status() == "maintenance"
    trading.here.plant(Fault("GET", "accounts", "html", 3, 500))
    with pytest.raises(ExchangeUnavailable):
        trading.client().get_system_status()


def test_version_1_has_one_account_prices_with_a_spread_and_a_least_quantity(
    trading: Trading,
) -> None:
    here = trading.here
    here.pairs[0] = {**pair("BTC-USD"), "min_order_size": "0.000001"}
    del here.pairs[0]["min_order_amount"]
    here.quotes["BTC-USD"] = {
        "symbol": "BTC-USD", "price": "95455.49", "bid_inclusive_of_sell_spread": "94886.67",
        "ask_inclusive_of_buy_spread": "96024.31",
    }  # fmt: skip
    client = trading.client(version=1)
    quote = client.get_best_bid_ask("BTC/USD")
    assert (str(quote.bid), str(quote.ask)) == ("94886.67", "96024.31")
    assert client.get_balance() == Money("USD", Decimal("1042.55"))
    with pytest.raises(ValueError, match=r"below the minimum 0\.000001"):
        client.place_order("BTC/USD", "buy", quantity="0.00000099")
    placed = client.place_order("BTC/USD", "buy", notional="100")
    assert str(placed.quantity) == "0.00146198"
    assert client.cancel_order(placed.order_id) == 1
    assert all(path.startswith("/api/v1/") for _, path, _ in here.requests)
    assert not any("account_number" in path for _, path, _ in here.requests)


@pytest.mark.parametrize(
    ("key", "seed"),
    [("", "A" * 44), ("a\nb", "A" * 44), (API_KEY, "secret words"), (API_KEY, "c2VjcmV0")],
)
def test_credentials_that_are_none_are_refused_without_being_repeated(key: str, seed: str) -> None:
    with pytest.raises(ConfigError) as raised:
        Credentials(key, seed)
    for secret in filter(None, (key, seed)):
        assert secret not in str(raised.value)
    assert raised.value.__cause__ is None


def test_a_key_of_64_bytes_is_a_seed_and_its_public_key(trading: Trading) -> None:
    seed = base64.b64decode(trading.seed)
    public = trading.here.public.public_bytes_raw()
    both = Credentials(API_KEY, base64.b64encode(seed + public).decode())
    settings = CallerSettings(rest_url=trading.here.url)
    assert RobinhoodClient(both, settings).get_system_status() == "online"
    with pytest.raises(ConfigError, match="do not belong together"):
        Credentials(API_KEY, base64.b64encode(seed + bytes(32)).decode())
    assert API_KEY not in repr(both) and trading.seed not in repr(both)


@pytest.mark.parametrize(
    "url",
    ["http://trading.robinhood.com", "https://u:p@x", "https://x/y", "ftp://x", "", "https://"],
)
def test_a_signature_goes_to_no_address_that_is_not_safe(url: str) -> None:
    with pytest.raises(ConfigError):
        CallerSettings(rest_url=url)


def test_everything_is_taken_from_the_environment(
    trading: Trading, make: Callable[..., RobinhoodClient] = RobinhoodClient.from_environment
) -> None:
    environ = {"RH_CRYPTO_API_KEY": API_KEY, "RH_CRYPTO_PRIVATE_KEY_SEED": trading.seed}
    assert make(environ | {"RH_CRYPTO_BASE_URL": trading.here.url}).get_system_status() == "online"
    with pytest.raises(ConfigError, match="no Robinhood key"):
        make({"RH_CRYPTO_API_KEY": API_KEY})
