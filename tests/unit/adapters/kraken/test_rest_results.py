"""REST results as domain values, the odd ones above all."""

import json
from decimal import Decimal

import attrs
import pytest

from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.errors import WireError
from zoe.domain.fees import PairFee
from zoe.domain.order import EXTERNAL, Input, Intent, Order, OrderType, State, TimeInForce
from zoe.domain.order_inputs import apply
from zoe.domain.quantity import Quantity
from zoe.domain.sighting import Sighting
from zoe.ports.venue import (
    GetClosedOrders,
    GetFees,
    GetInstruments,
    GetOpenOrders,
    GetTrades,
    Operation,
)

BTC = Instrument(
    "BTC/USD", "BTC", "USD", "online", 1, Decimal("0.1"), 8, Decimal("1e-8"), Decimal("0.0001"),
    5, Decimal("0.5"), "XXBTZUSD", "XBTUSD", "XBT/USD",
)  # fmt: skip
CATALOG = Catalog(1, {"BTC/USD": BTC})
DESCR = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "price": "100.0", "price2": "0"}
ROW = {
    "status": "open",
    "descr": DESCR,
    "vol": "2.00000000",
    "vol_exec": "0.50000000",
    "opentm": 1700000000.5,
    "oflags": "fciq",
}


def read(operation: Operation, result: object, catalog: Catalog | None = CATALOG) -> object:
    body = json.dumps({"error": [], "result": result}).encode()
    return KrakenVenue(None).result(operation, 200, body, catalog)


def opened(**changes: object) -> Sighting:
    return first(read(GetOpenOrders(), {"open": {"O-1": ROW | changes}}))


def closed(**changes: object) -> Sighting:
    row = ROW | {"closetm": 1700000009.25, "reason": None} | changes
    return first(read(GetClosedOrders(0), {"closed": {"O-1": row}}))


def test_a_closed_order_that_stands_in_two_lists_is_read_once() -> None:
    one = closed(reason="once")
    assert closed(reason="once") is one
    assert closed(reason="twice").facts[0].reason == "twice"


def test_a_closed_order_whose_pair_was_not_known_is_described_once_it_is() -> None:
    row = ROW | {"closetm": 1700000009.25, "reason": None}
    page = {"closed": {"O-1": row}}
    assert first(read(GetClosedOrders(0), page, None)).description is None
    assert first(read(GetClosedOrders(0), page)).description is not None


def test_a_closed_order_that_cannot_be_read_is_named() -> None:
    for _ in range(2):
        with pytest.raises(WireError, match=r"order O-1: .*vol"):
            closed(vol=[])


def first(result: object) -> Sighting:
    assert isinstance(result, tuple)
    sighting = result[0]
    assert isinstance(sighting, Sighting)
    return sighting


def test_an_open_order_is_described_and_says_how_much_is_filled() -> None:
    sighting = opened(cl_ord_id="c-1", oflags="fciq,post")
    (fact,) = sighting.facts
    assert (sighting.order_id, sighting.cl_ord_id) == ("O-1", "c-1")
    assert (fact.input, fact.filled_quantity) == (Input.LIVE, Quantity.of("0.5"))
    assert fact.exchange_ns == 1_700_000_000_500_000_000
    wanted = sighting.description
    assert wanted is not None
    assert (wanted.intent_id, wanted.source, wanted.pair) == ("O-1", EXTERNAL, "BTC/USD")
    assert (str(wanted.quantity), str(wanted.limit_price)) == ("2", "100")
    assert wanted.post_only


def test_a_pending_order_is_acknowledged_before_it_is_open() -> None:
    order = Order(_intent(opened(status="pending")), State.SENDING)
    for status, state in (("pending", State.PENDING), ("open", State.WORKING)):
        (fact,) = opened(status=status, vol_exec="0").facts
        order = apply(order, fact)
        assert order.state is state
    (late,) = opened(status="pending", vol_exec="0").facts
    assert apply(order, late) is order


def _intent(sighting: Sighting) -> Intent:
    assert sighting.description is not None
    return sighting.description


def test_a_closed_order_whose_fills_are_unknown_is_filled_and_says_what_is_missing() -> None:
    sighting = closed(status="closed", vol_exec="2")
    (fact,) = sighting.facts
    assert fact.exchange_ns == 1_700_000_009_250_000_000
    done = apply(Order(_intent(sighting), State.WORKING), fact)
    assert (done.state, str(done.filled), done.fills_missing) == (State.FILLED, "2", True)
    trade = {
        "ordertxid": "O-1", "pair": "XXBTZUSD", "time": 1700000008.1234567, "type": "buy",
        "price": "100", "cost": "200", "fee": "0.5", "vol": "2", "trade_id": 7, "maker": False,
    }  # fmt: skip
    found = first(read(GetTrades(0), {"trades": {"T-1": trade}}))
    complete = apply(done, found.facts[0])
    assert (complete.state, complete.fills_missing) == (State.FILLED, False)
    assert complete.fills[0].fee_asset == "USD"
    assert complete.fills[0].liquidity == "t"


@pytest.mark.parametrize(
    ("status", "happened"),
    [("canceled", Input.CANCELED), ("expired", Input.EXPIRED), ("closed", Input.COMPLETED)],
)
def test_an_order_that_ended_says_how(status: str, happened: Input) -> None:
    sighting = closed(status=status, reason="User requested")
    assert (sighting.facts[0].input, sighting.facts[0].reason) == (happened, "User requested")


def test_a_status_nobody_listed_is_judged_by_the_list_it_stands_in() -> None:
    for sighting, happened in (
        (opened(status="frozen"), Input.LIVE),
        (closed(status="frozen"), Input.CANCELED),
        (closed(status="frozen", vol_exec="2"), Input.COMPLETED),
    ):
        (fact,) = sighting.facts
        assert (fact.input, fact.reason) == (happened, "status frozen")


@pytest.mark.parametrize(
    ("descr", "kind", "limit"),
    [
        ({"ordertype": "market", "price": "0"}, OrderType.MARKET, None),
        ({"ordertype": "stop-loss", "price": "90"}, OrderType.STOP_LOSS, None),
        (
            {"ordertype": "stop-loss-limit", "price": "90", "price2": "89"},
            OrderType.STOP_LOSS_LIMIT,
            "89",
        ),
        ({"ordertype": "iceberg", "price": "90"}, OrderType.ICEBERG, "90"),
        ({"ordertype": "trailing-stop", "price": "+5.0000%"}, OrderType.TRAILING_STOP, None),
        (
            {"ordertype": "trailing-stop-limit", "price": "+5%", "price2": "-1%"},
            OrderType.TRAILING_STOP_LIMIT,
            None,
        ),
        ({"ordertype": "hover", "price": "1"}, OrderType.OTHER, None),
    ],
)
def test_orders_of_every_type_can_be_adopted(
    descr: dict[str, str], kind: OrderType, limit: str | None
) -> None:
    wanted = opened(descr=DESCR | descr).description
    assert wanted is not None
    assert wanted.order_type is kind
    assert (None if wanted.limit_price is None else str(wanted.limit_price)) == limit
    assert wanted.time_in_force is TimeInForce.GTC


def test_an_order_in_quote_currency_says_nothing_about_the_base() -> None:
    sighting = closed(status="closed", vol="100", vol_exec="100", oflags="fciq,viqc")
    assert sighting.description is None
    assert sighting.facts[0].filled_quantity is None


@pytest.mark.parametrize(
    "changes", [{"descr": {}}, {"descr": DESCR | {"pair": "NEWUSD"}}, {"vol": "0"}]
)
def test_an_order_that_cannot_be_described_is_seen_all_the_same(
    changes: dict[str, object],
) -> None:
    sighting = opened(**({"vol_exec": "0"} | changes))
    assert sighting.description is None
    assert sighting.facts[0].input is Input.LIVE


@pytest.mark.parametrize(
    "changes",
    [
        {"vol_exec": "NaN"},
        {"vol_exec": "-1"},
        {"vol_exec": "1e999"},
        {"opentm": "yesterday"},
        {"opentm": 1e300},
        {"descr": DESCR | {"type": "borrow"}},
        {"vol": "Infinity"},
        {"status": None},
    ],
)
def test_an_order_that_makes_no_sense_is_kept_for_whoever_must_look(
    changes: dict[str, object],
) -> None:
    with pytest.raises(WireError):
        opened(**changes)


def test_a_trade_of_an_unknown_pair_is_kept_under_its_own_name() -> None:
    trade = {
        "ordertxid": "O-1", "pair": "NEWUSD", "time": 1700000000, "type": "sell",
        "price": "1", "cost": "1", "fee": "0", "vol": "1",
    }  # fmt: skip
    fill = first(read(GetTrades(0), {"trades": {"T-1": trade}})).facts[0].fill
    assert fill is not None
    assert (fill.pair, fill.fee_asset, fill.liquidity, fill.trade_id) == ("NEWUSD", "", "", None)


def test_pairs_that_cannot_be_watched_are_left_out_and_old_rows_get_their_steps() -> None:
    rows = {
        "HIDDEN": {"altname": "H", "base": "H", "quote": "ZUSD", "pair_decimals": 1, "lot_decimals": 8},
        "XXBTZUSD": {
            "altname": "XBTUSD", "wsname": "XBT/USD", "base": "XXBT", "quote": "ZUSD",
            "pair_decimals": 1, "lot_decimals": 5, "cost_decimals": 5,
        },
    }  # fmt: skip
    result = read(GetInstruments(), rows, None)
    assert isinstance(result, tuple)
    (pair,) = result
    assert isinstance(pair, Instrument)
    assert (pair.symbol, pair.price_increment) == ("BTC/USD", Decimal("0.1"))
    assert (pair.qty_increment, pair.qty_min) == (Decimal("0.00001"), Decimal("0.00001"))


GOOD = {"altname": "A", "wsname": "A/USD", "base": "A", "quote": "ZUSD", "pair_decimals": 1}


@pytest.mark.parametrize(
    "wrong",
    [{"pair_decimals": 31}, {"tick_size": "-1"}, {"lot_decimals": -1}, {"ordermin": "NaN"}, {"base": 1}],
)  # fmt: skip
def test_a_row_of_an_unknown_form_costs_no_other_pair(wrong: dict[str, object]) -> None:
    good = GOOD | {"lot_decimals": 8}
    result = read(GetInstruments(), {"NEW": good | wrong, "AUSD": good}, None)
    assert isinstance(result, tuple)
    assert [pair.symbol for pair in result if isinstance(pair, Instrument)] == ["A/USD"]


def test_rows_that_are_no_pairs_at_all_are_no_catalogue() -> None:
    with pytest.raises(WireError, match="none of 2 rows is a pair"):
        read(GetInstruments(), {"A": {}, "B": 7}, None)
    assert read(GetInstruments(), {}, None) == ()


def test_fees_are_read_by_any_of_a_pairs_names_in_bps_and_a_pair_without_any_is_left_out() -> None:
    eur = attrs.evolve(BTC, symbol="BTC/EUR", rest_id="XXBTZEUR", altname="XBTEUR", quote="EUR")
    flat = attrs.evolve(BTC, symbol="USDT/USD", rest_id="USDTZUSD", altname="USDTUSD")
    row = {"minfee": "0.1", "maxfee": "0.4", "nextfee": None, "tiervolume": "0", "nextvolume": None}
    told = {
        "currency": "ZUSD",
        "volume": "12000.5",
        "fees": {"XXBTZUSD": {"fee": "0.3500", **row}, "USDTUSD": {"fee": "0.2", **row}},
        "fees_maker": {"XXBTZUSD": {"fee": "0.2000", **row}},
    }
    assert read(GetFees((BTC, eur, flat)), told) == (
        PairFee("BTC/USD", Decimal(20), Decimal(35)),
        PairFee("USDT/USD", Decimal(20), Decimal(20)),
    )
    assert read(GetFees((BTC,)), {"currency": "ZUSD", "volume": "0", "fees": None}) == ()
