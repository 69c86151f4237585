"""Every REST call with all its parameters, as the exchange's pages spell them."""

import json
from decimal import Decimal
from urllib.parse import parse_qsl

import attrs
import pytest

from zoe.adapters.kraken import account_calls as account
from zoe.adapters.kraken import api
from zoe.adapters.kraken import funding_calls as funding
from zoe.adapters.kraken import history_calls as history
from zoe.adapters.kraken import public_calls as market
from zoe.adapters.kraken import trading_calls as trading
from zoe.adapters.kraken.order_form import Close, NewOrder
from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.order import Intent, Order, OrderType, Side, State, TimeInForce
from zoe.domain.quantity import Price, Quantity

KEYS = KeyPair("PUBLIC-KEY", "c2VjcmV0")
AT_NS = 1_700_000_005_999_999_999
LIMIT = NewOrder(
    pair="XBTUSD", side="buy", order_type="limit", quantity=Decimal("0.00010"), limit=Decimal("5E4")
)
INTENT = Intent(
    "i-1", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT, Quantity.of("0.00010"),
    Price.of("50000.10"), TimeInForce.GTC, True,
)  # fmt: skip
ORDER = Order(INTENT, State.SENDING, cl_ord_id="018bcfe5-687b-8bee-bd23-456789abcdef")


def sent(call: api.Call) -> dict[str, str]:
    """The form as the exchange decodes it."""
    body = api.prepare("http://x", call, KEYS, 7).body.decode()
    form = dict(parse_qsl(body, strict_parsing=True))
    assert form.pop("nonce") == "7"
    return form


PUBLIC = [
    (market.time(), "Time"),
    (market.system_status(), "SystemStatus"),
    (market.assets(), "Assets"),
    (market.assets(("XBT", "ETH"), "currency"), "Assets?asset=XBT,ETH&aclass=currency"),
    (market.asset_pairs(), "AssetPairs"),
    (
        market.asset_pairs(("XBTUSD",), "fees", "currency", "US", "both"),
        "AssetPairs?pair=XBTUSD&info=fees&aclass_base=currency&country_code=US&execution_venue=both",
    ),
    (market.ticker(), "Ticker"),
    (market.ticker(("XBTUSD", "ETHUSD")), "Ticker?pair=XBTUSD,ETHUSD"),
    (market.ohlc("XBTUSD", 60, 17), "OHLC?pair=XBTUSD&interval=60&since=17"),
    (market.depth("XBTUSD", 5), "Depth?pair=XBTUSD&count=5"),
    (market.trades("XBTUSD", "171", 1000), "Trades?pair=XBTUSD&since=171&count=1000"),
    (market.spread("XBTUSD", 5), "Spread?pair=XBTUSD&since=5"),
]


@pytest.mark.parametrize(("call", "address"), PUBLIC)
def test_public_calls_are_gets_with_a_query(call: api.Call, address: str) -> None:
    request = api.prepare("http://x", call, None, None)
    assert (request.method, request.url) == ("GET", f"http://x/0/public/{address}")


WINDOW = history.Window(1_700_000_000_123_456_789, "LABCDE-FGHIJ-KLMNOP", 50)
IN_WINDOW = {"start": "1700000000.123456789", "end": "LABCDE-FGHIJ-KLMNOP", "ofs": "50"}
PRIVATE: list[tuple[api.Call, str, dict[str, str]]] = [
    (account.balance(), "Balance", {}),
    (account.balance_extended(), "BalanceEx", {}),
    (account.trade_balance("ZEUR"), "TradeBalance", {"asset": "ZEUR"}),
    (account.trade_volume(("A", "B"), True), "TradeVolume", {"pair": "A,B", "fee_schedule": "true"}),
    (account.open_positions(("T",), False), "OpenPositions", {"txid": "T", "docalcs": "false"}),
    (account.websockets_token(), "GetWebSocketsToken", {}),
    (account.api_key_info(), "GetApiKeyInfo", {}),
    (history.open_orders(True, -5), "OpenOrders", {"trades": "true", "userref": "-5"}),
    (
        history.closed_orders(WINDOW, history.OrderFilter(True, None, "c", "close", False)),
        "ClosedOrders",
        {"trades": "true", "cl_ord_id": "c", "closetime": "close", "consolidate_taker": "false",
         "without_count": "true"} | IN_WINDOW,
    ),
    (history.closed_orders(history.Window(counted=True)), "ClosedOrders", {}),
    (history.query_orders(("O1", "O2"), True), "QueryOrders", {"txid": "O1,O2", "trades": "true"}),
    (
        history.trades_history(WINDOW, history.TradeFilter("no position", True, True, True)),
        "TradesHistory",
        {"type": "no position", "trades": "true", "consolidate_taker": "true", "ledgers": "true",
         "without_count": "true"} | IN_WINDOW,
    ),
    (
        history.trades_history(),
        "TradesHistory",
        {"consolidate_taker": "false", "without_count": "true"},
    ),
    (history.query_trades(("T1",)), "QueryTrades", {"txid": "T1"}),
    (
        history.ledgers(WINDOW, history.LedgerFilter(("ZUSD", "XXBT"), "currency", "trade")),
        "Ledgers",
        {"asset": "ZUSD,XXBT", "aclass": "currency", "type": "trade", "without_count": "true"}
        | IN_WINDOW,
    ),
    (history.query_ledgers(("L1", "L2"), True), "QueryLedgers", {"id": "L1,L2", "trades": "true"}),
    (history.order_amends("O1"), "OrderAmends", {"order_id": "O1"}),
    (
        funding.deposit_status(funding.TransferFilter("XBT", None, "Bitcoin", AT_NS, None, True, 5)),
        "DepositStatus",
        {"asset": "XBT", "method": "Bitcoin", "start": "1700000005.999999999", "cursor": "true",
         "limit": "5"},
    ),
    (funding.withdraw_status(), "WithdrawStatus", {}),
    (trading.cancel_order("O1"), "CancelOrder", {"txid": "O1"}),
    (trading.cancel_order(77), "CancelOrder", {"txid": "77"}),
    (trading.cancel_order(cl_ord_id="c"), "CancelOrder", {"cl_ord_id": "c"}),
    (trading.cancel_all(), "CancelAll", {}),
    (trading.cancel_all_after(60), "CancelAllOrdersAfter", {"timeout": "60"}),
    (trading.cancel_all_after(0), "CancelAllOrdersAfter", {"timeout": "0"}),
    (
        trading.amend_order(
            trading.Amend(txid="O1", quantity=Decimal(1), limit="+5%", post_only=True,
                          trigger=Decimal("1E-8"), display_quantity=Decimal("0.5"), pair="XBTUSD"),
            AT_NS,
        ),
        "AmendOrder",
        {"txid": "O1", "order_qty": "1", "limit_price": "+5%", "post_only": "true",
         "trigger_price": "0.00000001", "display_qty": "0.5", "pair": "XBTUSD",
         "deadline": "2023-11-14T22:13:25.999Z"},
    ),
    (
        trading.edit_order(
            trading.Edit(txid="O1", pair="XBTUSD", quantity=Decimal(2), price=Decimal(9),
                         price2="-1", flags=("fciq", "post"), userref=4, cancel_response=True,
                         display_quantity=Decimal(1)),
            trading.Terms(AT_NS, validate=True),
        ),
        "EditOrder",
        {"txid": "O1", "pair": "XBTUSD", "volume": "2", "price": "9", "price2": "-1",
         "oflags": "fciq,post", "userref": "4", "cancel_response": "true", "displayvol": "1",
         "deadline": "2023-11-14T22:13:25.999Z", "validate": "true"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "name", "form"), PRIVATE)
def test_private_calls_are_signed_forms(call: api.Call, name: str, form: dict[str, str]) -> None:
    request = api.prepare("http://x", call, KEYS, 7)
    assert (request.method, request.url) == ("POST", f"http://x/0/private/{name}")
    assert sent(call) == form
    headers = dict(request.headers)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert headers["API-Sign"] == KEYS.sign(f"/0/private/{name}", "7", request.body.decode())


def test_a_plus_in_a_relative_price_does_not_become_a_blank() -> None:
    body = api.prepare(
        "http://x", trading.amend_order(trading.Amend(txid="O", limit="+5")), KEYS, 7
    )
    assert b"limit_price=%2B5" in body.body


KINDS: list[tuple[dict[str, object], dict[str, str]]] = [
    ({}, {"price": "50000"}),
    ({"order_type": "market", "limit": None}, {"ordertype": "market"}),
    ({"post_only": True}, {"price": "50000", "oflags": "fciq,post"}),
    ({"time_in_force": "ioc"}, {"price": "50000", "timeinforce": "IOC"}),
    ({"time_in_force": "fok"}, {"price": "50000", "timeinforce": "FOK"}),
    ({"time_in_force": "gtc"}, {"price": "50000"}),
    (
        {"time_in_force": "gtd", "expire_ns": AT_NS, "start_ns": 5_000_000_000},
        {"price": "50000", "timeinforce": "GTD", "expiretm": "1700000005", "starttm": "5"},
    ),
    (
        {"order_type": "stop-loss", "limit": None, "trigger": Decimal(4), "trigger_by": "index"},
        {"ordertype": "stop-loss", "price": "4", "trigger": "index"},
    ),
    (
        {"order_type": "take-profit", "limit": None, "trigger": Decimal(4)},
        {"ordertype": "take-profit", "price": "4"},
    ),
    (
        {"order_type": "stop-loss-limit", "trigger": Decimal(4)},
        {"ordertype": "stop-loss-limit", "price": "4", "price2": "50000"},
    ),
    (
        {"order_type": "take-profit-limit", "trigger": Decimal(4)},
        {"ordertype": "take-profit-limit", "price": "4", "price2": "50000"},
    ),
    (
        {"order_type": "trailing-stop", "limit": None, "trigger": "+5%"},
        {"ordertype": "trailing-stop", "price": "+5%"},
    ),
    (
        {"order_type": "iceberg", "display_quantity": Decimal("0.00001")},
        {"ordertype": "iceberg", "price": "50000", "displayvol": "0.00001"},
    ),
    (
        {"order_type": "market", "limit": None, "in_quote": True, "fee_in": "base"},
        {"ordertype": "market", "oflags": "fcib,viqc"},
    ),
    (
        {"fee_in": None, "leverage": "2", "reduce_only": True, "stp": "cancel-both", "userref": -7},
        {"price": "50000", "leverage": "2", "reduce_only": "true", "stptype": "cancel-both",
         "userref": "-7", "oflags": ""},
    ),
    (
        {"close": Close("stop-loss-limit", Decimal(3), "#2%"), "cl_ord_id": "c"},
        {"price": "50000", "close[ordertype]": "stop-loss-limit", "close[price]": "3",
         "close[price2]": "#2%", "cl_ord_id": "c"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "differs"), KINDS)
def test_every_kind_of_order_in_rests_words(
    changes: dict[str, object], differs: dict[str, str]
) -> None:
    call = trading.add_order(attrs.evolve(LIMIT, **changes))  # type: ignore[arg-type]  # by name
    usual = {"pair": "XBTUSD", "type": "buy", "ordertype": "limit", "volume": "0.0001",
             "oflags": "fciq"}  # fmt: skip
    wanted = {key: value for key, value in {**usual, **differs}.items() if value}
    assert sent(call) == wanted


def test_terms_stand_beside_the_order() -> None:
    call = trading.add_order(LIMIT, trading.Terms(AT_NS, True, "b", "tokenized_asset"))
    extra = {"deadline": "2023-11-14T22:13:25.999Z", "validate": "true", "broker": "b",
             "asset_class": "tokenized_asset"}  # fmt: skip
    assert extra.items() <= sent(call).items()


def test_a_desks_order_is_spelled_out() -> None:
    call = trading.add_order(trading.of_desk(ORDER, "XBTUSD"), trading.Terms(AT_NS))
    assert sent(call) == {
        "pair": "XBTUSD",
        "type": "buy",
        "ordertype": "limit",
        "volume": "0.0001",
        "price": "50000.1",
        "cl_ord_id": "018bcfe5-687b-8bee-bd23-456789abcdef",
        "deadline": "2023-11-14T22:13:25.999Z",
        "oflags": "fciq,post",
    }
    market = attrs.evolve(INTENT, order_type=OrderType.MARKET, limit_price=None, post_only=False)
    form = sent(trading.add_order(trading.of_desk(attrs.evolve(ORDER, intent=market), "XBTUSD")))
    assert {"price", "timeinforce", "validate"}.isdisjoint(form)


def test_amounts_are_never_written_with_an_exponent() -> None:
    tiny = attrs.evolve(INTENT, quantity=Quantity(Decimal("1E-8")), limit_price=Price.of("1E+5"))
    form = sent(trading.add_order(trading.of_desk(attrs.evolve(ORDER, intent=tiny), "XBTUSD")))
    assert (form["volume"], form["price"]) == ("0.00000001", "100000")


def test_a_desks_order_of_a_type_that_is_never_sent_is_our_mistake() -> None:
    stop = attrs.evolve(INTENT, order_type=OrderType.TRAILING_STOP, post_only=False)
    with pytest.raises(AssertionError):
        trading.of_desk(attrs.evolve(ORDER, intent=stop), "XBTUSD")


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"limit": None}, "needs a limit price"),
        ({"order_type": "stop-loss"}, "needs a trigger price"),
        ({"cl_ord_id": "c", "userref": 1}, "exclude each other"),
        ({"time_in_force": "gtd"}, "when it expires"),
        ({"quantity": Decimal(0)}, "greater than 0"),
    ],
)
def test_what_no_route_can_send_is_refused_at_once(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        attrs.evolve(LIMIT, **changes)  # type: ignore[arg-type]  # by name


def document(call: api.Call) -> dict[str, object]:
    """The JSON body, signed as it stands."""
    request = api.prepare("http://x", call, KEYS, 7)
    headers = dict(request.headers)
    assert headers["Content-Type"] == "application/json"
    assert headers["API-Sign"] == KEYS.sign(call.path, "7", request.body.decode())
    body: dict[str, object] = json.loads(request.body)
    assert body.pop("nonce") == "7"
    return body


def test_a_batch_names_its_pair_once_and_nests_what_a_form_flattens() -> None:
    second = attrs.evolve(
        LIMIT, userref=5, reduce_only=True, close=Close("limit", Decimal(3)), post_only=True
    )
    call = trading.add_order_batch([LIMIT, second], trading.Terms(AT_NS, validate=True))
    one = {"type": "buy", "ordertype": "limit", "volume": "0.0001", "price": "50000"}
    assert document(call) == {
        "pair": "XBTUSD",
        "deadline": "2023-11-14T22:13:25.999Z",
        "validate": True,
        "orders": [
            {**one, "oflags": "fciq"},
            {
                **one,
                "oflags": "fciq,post",
                "reduce_only": True,
                "userref": 5,
                "close": {"ordertype": "limit", "price": "3"},
            },
        ],
    }


def test_batches_of_no_use_are_our_mistake() -> None:
    for orders in ([LIMIT], [LIMIT] * 16):
        with pytest.raises(AssertionError):
            trading.add_order_batch(orders)
    for ids in ([], ["O"] * 51):
        with pytest.raises(AssertionError):
            trading.cancel_order_batch(ids)


def test_many_are_canceled_by_either_id() -> None:
    assert document(trading.cancel_order_batch(["O1", 7])) == {"orders": ["O1", 7]}
    assert document(trading.cancel_order_batch(cl_ord_ids=["c"])) == {"cl_ord_ids": ["c"]}


def test_an_amend_needs_one_id() -> None:
    for txid, own_id in ((None, None), ("O", "c")):
        with pytest.raises(ValueError, match="exactly one"):
            trading.Amend(txid=txid, cl_ord_id=own_id)


def test_what_is_available_is_what_no_open_order_holds() -> None:
    wallets = account.read_balance_extended(
        b'{"ZUSD":{"balance":"10","hold_trade":"2.5","credit":"4","credit_used":"1"},'
        b'"USD.M":{"balance":"7","hold_trade":"0"}}'
    )
    assert account.spot_totals(wallets) == {"USD": (Decimal(10), Decimal("10.5"))}
    assert account.read_balance(b"null") == account.read_balance_extended(b"null") == {}


def test_a_token_is_shown_nowhere() -> None:
    assert "secret" not in repr(account.SocketToken("secret"))


def test_transfers_may_come_in_pages_or_not_at_all() -> None:
    row = (
        b'{"method":"Bitcoin","asset":"XXBT","refid":"r","amount":"1","time":5,"status":"Success"}'
    )
    for body in (b"[" + row + b"]", b'{"deposit":[' + row + b'],"next_cursor":"n"}'):
        assert funding.read_transfers(body).rows[0].amount == 1
    assert funding.read_transfers(b'{"withdrawals":[],"next_cursor":"n"}').next_cursor == "n"
    assert funding.read_transfers(b"null").rows == []
