"""What every exchange's client promises, letter by letter: Kraken's against a sandbox, Robinhood's against its fake."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
import pytest
from robinhood_exchange import Fault
from robinhood_trading import trading_on_tests
from sandboxes import running

from zoe.adapters.kraken.client import KrakenClient
from zoe.adapters.kraken.rest import CallerSettings
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.robinhood.client import RobinhoodClient
from zoe.domain.catalog import Instrument
from zoe.domain.errors import ExchangeRejected, ExchangeUnavailable
from zoe.domain.money import Money
from zoe.domain.order import Fill, Side
from zoe.domain.quantity import Price, Quantity, exact_sum
from zoe.ports.exchange import (
    AT_MARKET,
    BestBidAsk,
    ExchangeClient,
    Holding,
    OrderReport,
    OrderTerms,
    PlacedOrder,
    results,
)

REST = OrderTerms(limit=Price.of("40000"))
AT = "2026-08-20T13:26:19.409035-04:00"


@attrs.frozen
class World:
    """A client, and what its exchange does when it is told to.

    Attributes:
        fill: Fills a market order, where that does not happen by itself.
        lose: The next answer to this comes never, though what was asked for is done.
        break_down: Reads are answered by a gateway, whatever was asked.
        strange: An id that orders there can have, and none has.
        tells_over: Whether the exchange tells an order that is over from one that never was.
    """

    client: ExchangeClient
    fill: Callable[[str], None]
    lose: Callable[[], None]
    break_down: Callable[[], None]
    strange: str
    tells_over: bool

    def cancels_nothing(self, order_id: str) -> None:
        if self.tells_over:
            assert self.client.cancel_order(order_id) == 0
            return
        with pytest.raises(ExchangeRejected):
            self.client.cancel_order(order_id)


@contextmanager
def kraken(place: Path) -> Iterator[World]:
    with ExitStack() as stack:
        options = (
            *("--seed", "5", "--market", "quiet", "--tier", "pro"),
            *("--lag-ms", "0:0", "--limits", "none"),
        )
        sandbox = stack.enter_context(running(place, *options))
        sandbox.market("50000.0", "50010.0", "5")
        keys = KeyPair(sandbox.ready["key"], sandbox.ready["secret"])
        settings = CallerSettings(
            rest_url=sandbox.ready["rest"],
            nonces=place / "nonces",
            tier="pro",
            timeout_seconds=2.0,
            pause=lambda _: None,
        )

        def fault(**wanted: Any) -> None:
            sandbox.admin("faults", wanted)

        yield World(
            stack.enter_context(KrakenClient(keys, settings)),
            lambda _: None,
            lambda: fault(where="AddOrder", what="lost_answer", count=1),
            lambda: fault(where="*", what="http_502", count=100),
            "OAAAAA-BBBBB-CCCCCC",
            tells_over=False,
        )


@contextmanager
def robinhood(_: Path) -> Iterator[World]:
    with trading_on_tests() as trading, trading.client() as client:
        here = trading.here
        here.quotes["BTC-USD"] = {"symbol": "BTC-USD", "bid": "50000.00", "ask": "50010.00"}
        here.estimates |= {"ask": "50010.00", "bid": "50000.00"}
        held = {"total_quantity": 2, "quantity_available_for_trading": "1.5"}
        here.holdings.append({"asset_code": "BTC", **held})

        def fill(order_id: str) -> None:
            order = here.orders[order_id]
            quantity = Decimal(order["market_order_config"]["asset_quantity"])
            half = f"{quantity / 2:.8f}"
            here.fill(order, ("50010.00", half, AT), ("50010.00", half, AT))
            order |= {"fee_charged": 0.01, "average_price": "50010"}

        yield World(
            client,
            fill,
            lambda: here.plant(Fault("POST", "/orders/", "lost")),
            lambda: here.plant(Fault("GET", "", "html", 100)),
            str(uuid.uuid4()),
            tells_over=True,
        )


Make = Callable[[Path], Any]
_EVERY: tuple[Make, ...] = (kraken, robinhood)


@pytest.fixture(params=_EVERY, ids=["kraken", "robinhood"], scope="module")
def shared(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    make: Make = request.param
    with make(tmp_path_factory.mktemp("exchange")) as world:
        yield world


@pytest.fixture
def world(shared: World) -> Iterator[World]:
    """Without open orders, before and after."""
    yield shared
    for order in shared.client.get_open_orders():
        shared.client.cancel_order(order.order_id)


def test_both_are_exchange_clients(world: World) -> None:
    assert isinstance(world.client, ExchangeClient)


def test_what_there_is_comes_as_values(world: World) -> None:
    holdings = world.client.get_holdings()
    assert isinstance(holdings, tuple)
    (bitcoin,) = (held for held in holdings if held.asset == "BTC")
    assert isinstance(bitcoin, Holding) and isinstance(bitcoin.total, Decimal)
    assert bitcoin.total >= bitcoin.available > 0
    assert world.client.get_balance("BTC") == Money("BTC", bitcoin.available)
    assert world.client.get_balance("btc") == world.client.get_balance("BTC")
    for name in ("USD", "usd"):
        assert world.client.get_balance(name) == world.client.get_balance()
    assert world.client.get_balance().amount > 0
    assert world.client.get_balance("NONE") == Money("NONE", Decimal(0))


def test_every_pair_is_an_instrument_with_its_steps(world: World) -> None:
    pairs = world.client.get_trading_pairs()
    assert isinstance(pairs, tuple) and all(isinstance(pair, Instrument) for pair in pairs)
    assert {"BTC/USD", "ETH/USD"} <= {pair.symbol for pair in pairs}
    assert all(pair.qty_increment > 0 and pair.price_increment > 0 for pair in pairs)
    assert world.client.get_system_status() == "online"


def test_an_order_at_rest_is_told_alike_by_whoever_is_asked(world: World) -> None:
    client, own_id = world.client, str(uuid.uuid4())
    terms = attrs.evolve(REST, client_order_id=own_id)
    placed = client.place_order("BTC-USD", "buy", quantity="0.00250", terms=terms)
    assert isinstance(placed, PlacedOrder)
    size = Quantity(Decimal("0.0025"))
    assert (placed.client_order_id, placed.symbol, placed.side) == (own_id, "BTC/USD", Side.BUY)
    assert placed.quantity == size
    seen = client.get_order(placed.order_id)
    assert client.get_open_orders() == (seen,)
    assert isinstance(seen, OrderReport)
    assert (seen.order_id, seen.client_order_id) == (placed.order_id, own_id)
    assert (seen.symbol, seen.side, seen.order_type) == ("BTC/USD", Side.BUY, "limit")
    assert (seen.status, seen.quantity, seen.filled, seen.remaining) == (
        *("open", size),
        *(Quantity(Decimal(0)), size),
    )
    assert (seen.limit, seen.average_price, seen.closed_ns) == (Price.of("40000"), None, None)
    assert not seen.cost and not seen.fee and seen.opened_ns > 0
    assert client.get_order_fills(placed.order_id) == ()


def test_a_canceled_order_is_over_and_is_canceled_once(world: World) -> None:
    client = world.client
    above = OrderTerms(limit=Price.of("60000"))
    order_id = client.place_order("BTC/USD", Side.SELL, quantity="0.01", terms=above).order_id
    assert client.cancel_order(order_id) == 1
    seen = client.get_order(order_id)
    assert seen.status == "canceled"
    assert seen.closed_ns is not None and seen.closed_ns >= seen.opened_ns
    assert client.get_open_orders() == ()
    world.cancels_nothing(order_id)


def test_an_order_that_is_done_says_what_it_cost_and_its_fills_come_to_that(world: World) -> None:
    client = world.client
    placed = client.place_order("BTC/USD", "buy", quantity=Decimal("0.002"))
    world.fill(placed.order_id)
    seen, fills = client.get_order(placed.order_id), client.get_order_fills(placed.order_id)
    assert isinstance(fills, tuple) and all(isinstance(fill, Fill) for fill in fills)
    assert (seen.status, seen.order_type, seen.limit) == ("closed", "market", None)
    assert (seen.filled, seen.remaining) == (placed.quantity, Quantity(Decimal(0)))
    assert seen.average_price == Price.of("50010")
    assert exact_sum(fill.quantity.value for fill in fills) == seen.filled.value
    assert exact_sum(fill.cost for fill in fills) == seen.cost == Decimal("100.02")
    assert exact_sum(fill.fee for fill in fills) == seen.fee > 0
    assert {(fill.order_id, fill.pair, fill.side) for fill in fills} == {
        (placed.order_id, "BTC/USD", Side.BUY)
    }
    assert len({fill.exec_id for fill in fills}) == len(fills)
    assert [fill.exchange_ns for fill in fills] == sorted(fill.exchange_ns for fill in fills)
    world.cancels_nothing(placed.order_id)


@pytest.mark.parametrize("ask", ["get_order", "get_order_fills", "cancel_order"])
def test_an_order_that_nobody_knows_is_refused(world: World, ask: str) -> None:
    known = [
        world.client.place_order("BTC/USD", "buy", quantity="0.01", terms=REST).order_id
        for _ in range(2)
    ]
    for order_id in (world.strange, "nonsense", "../../accounts", ""):
        with pytest.raises(ExchangeRejected):
            getattr(world.client, ask)(order_id)
    if ask != "cancel_order":  # of which the exchange may take several
        with pytest.raises(ExchangeRejected):
            getattr(world.client, ask)(",".join(known))


@pytest.mark.parametrize(
    ("side", "given", "error"),
    [
        ("buy", {}, ValueError),
        ("buy", {"quantity": "0.01", "notional": "500"}, ValueError),
        ("buy", {"quantity": "much"}, ValueError),
        ("buy", {"quantity": ""}, ValueError),
        ("buy", {"quantity": "NaN"}, ValueError),
        ("buy", {"quantity": Decimal("Infinity")}, ValueError),
        ("buy", {"quantity": "-0.01"}, ValueError),
        ("buy", {"quantity": "0"}, ValueError),
        ("buy", {"quantity": "1e999999999"}, ValueError),
        ("buy", {"notional": "-500"}, ValueError),
        ("buy", {"notional": "0.01"}, ValueError),
        ("buy", {"notional": "NaN"}, ValueError),
        ("buy", {"quantity": "0.000000001"}, ValueError),
        ("hold", {"quantity": "0.01"}, ValueError),
        ("buy", {"quantity": "1_0"}, ValueError),
        ("buy", {"quantity": "١"}, ValueError),  # noqa: RUF001  # a digit of another script
        ("buy", {"quantity": 0.5}, TypeError),
        ("buy", {"quantity": True}, TypeError),
        ("buy", {"notional": 500.0}, TypeError),
    ],
    ids=str,
)
def test_what_makes_no_order_is_refused_before_it_is_sent(
    world: World, side: str, given: Mapping[str, Any], error: type[Exception]
) -> None:
    for terms in (AT_MARKET, REST):
        with pytest.raises(error):
            world.client.place_order("BTC/USD", side, **given, terms=terms)
    assert world.client.get_open_orders() == ()


@pytest.mark.parametrize("name", ["NONE/USD", "no pair", "", "BTC/USD/../../x"])
def test_a_pair_that_nobody_knows_is_a_mistake_of_the_program(world: World, name: str) -> None:
    with pytest.raises(ValueError, match="pair"):
        world.client.place_order(name, "buy", quantity="0.01", terms=REST)
    with pytest.raises(ValueError, match="pair"):
        world.client.get_best_bid_ask(name)
    with pytest.raises(ValueError, match="pair"):
        world.client.get_best_bid_ask_batch(["BTC/USD", name])


def test_a_notional_is_divided_by_the_limit_and_by_the_other_side_at_the_market(
    world: World,
) -> None:
    for terms, side, price in (
        *((REST, "buy", "40000"), (AT_MARKET, "buy", "50010")),
        (AT_MARKET, "sell", "50000"),
    ):
        placed = world.client.place_order("BTC/USD", side, notional="333.33", terms=terms)
        size, step = placed.quantity.value, Decimal("0.00000001")
        assert size * Decimal(price) <= Decimal("333.33") < (size + step) * Decimal(price)
        if terms.limit is None:
            world.fill(placed.order_id)


def test_quotes_come_by_symbol_in_the_order_they_were_asked_for(world: World) -> None:
    quote = world.client.get_best_bid_ask("btc-usd")
    assert isinstance(quote, BestBidAsk)
    assert (quote.symbol, quote.bid, quote.ask) == ("BTC/USD", Price.of("50000"), Price.of("50010"))
    assert quote.received_ns > 1_700_000_000_000_000_000
    found = world.client.get_best_bid_ask_batch(["ETH-USD", "BTC/USD", "ETH/USD"])
    assert isinstance(found, Mapping)
    assert list(found) == ["ETH/USD", "BTC/USD"]
    assert all(quote.symbol == symbol for symbol, quote in found.items())
    assert world.client.get_best_bid_ask_batch([]) == {}


def test_older_callers_find_the_form_that_they_know(world: World) -> None:
    assert isinstance(world.client, KrakenClient | RobinhoodClient)
    told = world.client.get_best_bid_ask_results(["BTC/USD"])
    row = {
        "symbol": "BTC-USD",
        "price": "50005",
        "bid_inclusive_of_sell_spread": "50000",
        "ask_inclusive_of_buy_spread": "50010",
        "bid": "50000",
        "ask": "50010",
    }
    assert told == {"results": [row]}
    assert results([world.client.get_best_bid_ask("BTC/USD")]) == told


def test_an_order_whose_answer_is_lost_was_sent_once_and_may_exist(world: World) -> None:
    own_id = str(uuid.uuid4())
    world.client.get_trading_pairs()
    world.lose()
    with pytest.raises(ExchangeUnavailable):
        world.client.place_order(
            "BTC/USD", "buy", quantity="0.01", terms=attrs.evolve(REST, client_order_id=own_id)
        )
    (seen,) = world.client.get_open_orders()
    assert seen.client_order_id == own_id


@pytest.mark.parametrize("make", _EVERY)
def test_every_read_of_an_exchange_that_is_away_says_so(make: Make, tmp_path: Path) -> None:
    with make(tmp_path) as world:
        client = world.client
        client.get_trading_pairs()
        client.get_balance("BTC")
        world.break_down()
        reads: tuple[Callable[[], object], ...] = (
            client.get_balance,
            client.get_holdings,
            client.get_open_orders,
            client.get_trading_pairs,
            client.get_system_status,
            lambda: client.get_order(world.strange),
            lambda: client.get_order_fills(world.strange),
            lambda: client.get_best_bid_ask("BTC/USD"),
            lambda: client.get_best_bid_ask_batch(["BTC/USD"]),
        )
        for read in reads:
            with pytest.raises(ExchangeUnavailable):
                read()
