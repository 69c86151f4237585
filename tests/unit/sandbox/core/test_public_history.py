"""Candles, trades and spreads, by REST and on the ohlc channel; what there is none of."""

from decimal import Decimal
from typing import Any

import pytest
from sandbox_trial import START_NS, Trial

MINUTE = 60
START = START_NS // 10**9


def trade(trial: Trial, price: str, qty: str = "1", side: str = "buy") -> None:
    told = {"price": price, "qty": qty, "side": side}
    trial.admin("market", {"symbol": "BTC/USD", "trade": told})


def traded() -> Trial:
    """Trades at 100, 110, 90 in one minute; 95 three minutes later."""
    trial = Trial()
    for price, side in (("100", "buy"), ("110", "sell"), ("90", "buy")):
        trade(trial, price, side=side)
    trial.pass_time(180)
    trade(trial, "95", "2")
    return trial


def test_candles_hold_a_minutes_trades_and_idle_minutes_go_on_from_the_last() -> None:
    told = traded().public("OHLC", pair="XBTUSD")
    first = START - START % MINUTE
    rows = told["XXBTZUSD"]
    assert [row[0] for row in rows] == [first + MINUTE * n for n in range(4)]
    assert rows[0][1:] == ["100.0", "110.0", "90.0", "90.0", "100.0", "3.00000000", 3]
    assert rows[1][1:] == ["90.0", "90.0", "90.0", "90.0", "0.0", "0.00000000", 0]
    assert rows[3][1:] == ["95.0", "95.0", "95.0", "95.0", "95.0", "2.00000000", 1]
    assert told["last"] == first + 2 * MINUTE


def test_candles_since_the_last_are_asked_for_with_last() -> None:
    trial = traded()
    last = trial.public("OHLC", pair="XBTUSD")["last"]
    rows = trial.public("OHLC", pair="XBTUSD", since=str(last))["XXBTZUSD"]
    assert [row[0] for row in rows] == [last + MINUTE]


def test_no_more_than_720_closed_candles_are_kept() -> None:
    trial = Trial()
    trade(trial, "100")
    trial.pass_time(800 * MINUTE)
    trade(trial, "101")
    assert len(trial.public("OHLC", pair="XBTUSD")["XXBTZUSD"]) == 721
    assert len(trial.public("OHLC", pair="XBTUSD", interval="60")["XXBTZUSD"]) == 14


@pytest.mark.parametrize(
    ("call", "params", "field"),
    [
        ("OHLC", {"interval": "2"}, "interval"),
        ("OHLC", {"interval": "x"}, "interval"),
        ("OHLC", {"since": "yesterday"}, "since"),
        ("Trades", {"count": "0"}, "count"),
        ("Trades", {"count": "1001"}, "count"),
        ("Spread", {"since": "-1"}, "since"),
    ],
)
def test_what_makes_no_sense_is_said(call: str, params: dict[str, str], field: str) -> None:
    told = traded().public(call, pair="XBTUSD", **params)
    assert told == [f"EGeneral:Invalid arguments:{field}"]


def test_trades_are_paged_forward_by_last() -> None:
    trial = Trial()
    for n in range(25):
        trade(trial, str(100 + n))
        trial.pass_time("0.5")
    seen: list[int] = []
    since = str(START - 1)
    while rows := (page := trial.public("Trades", pair="XBTUSD", since=since, count="10"))[
        "XXBTZUSD"
    ]:
        seen += [row[6] for row in rows]
        since = page["last"]
    assert seen == list(range(1, 26))
    newest = trial.public("Trades", pair="XBTUSD", count="3")["XXBTZUSD"]
    assert [row[6] for row in newest] == [23, 24, 25]
    assert newest[0][0] == "122.00000"
    assert newest[0][3:6] == ["b", "l", ""]


def test_trades_of_one_moment_are_not_torn_apart() -> None:
    trial = Trial()
    for _ in range(7):
        trade(trial, "100")
    rows = trial.public("Trades", pair="XBTUSD", since=str(START - 1), count="3")["XXBTZUSD"]
    assert len(rows) == 7


def test_the_spread_tells_the_best_prices_when_they_changed() -> None:
    trial = Trial()
    trial.market("99", "101")
    trial.pass_time(2)
    trial.market("98", "101")
    told = trial.public("Spread", pair="XBTUSD")
    assert told["XXBTZUSD"] == [
        [START, "99.00000", "101.00000"],
        [START + 2, "98.00000", "101.00000"],
    ]
    assert told["last"] == START + 2
    later = trial.public("Spread", pair="XBTUSD", since=str(START + 1))
    assert len(later["XXBTZUSD"]) == 1


def test_there_are_no_tokenized_assets() -> None:
    trial = traded()
    assert trial.public("Assets", aclass="tokenized_asset") == {}
    assert trial.public("AssetPairs", aclass_base="tokenized_asset") == {}
    assert trial.public("AssetPairs", execution_venue="bitnomial_exchange") == {}
    assert "XXBTZUSD" in trial.public(
        "AssetPairs", execution_venue="international,bitnomial_exchange"
    )
    assert trial.public("Ticker", asset_class="tokenized_asset") == {}
    unknown = ["EQuery:Unknown asset pair"]
    for call in ("Depth", "OHLC", "Trades", "Spread"):
        assert trial.public(call, pair="XBTUSD", asset_class="tokenized_asset") == unknown
    client = trial.first_client()
    assert client.limit("buy", "0.01", "20", asset_class="tokenized_asset") == unknown


def test_asset_pairs_tells_parts_where_that_is_wanted() -> None:
    trial = Trial()
    assert set(trial.public("AssetPairs", pair="XBTUSD", info="leverage")["XXBTZUSD"]) == {
        "leverage_buy",
        "leverage_sell",
    }
    fees = trial.public("AssetPairs", pair="XBTUSD", info="fees")["XXBTZUSD"]
    assert fees["fees"][0] == [0, Decimal("0.40")]
    assert trial.public("AssetPairs", info="all") == ["EGeneral:Invalid arguments:info"]


def test_the_ohlc_channel_tells_the_running_candle_after_trades() -> None:
    trial = traded()
    socket = trial.open()
    (ack,) = socket.ask("subscribe", channel="ohlc", symbol=["BTC/USD"], interval=1)
    result: dict[str, Any] = ack["result"]
    assert result["interval"] == 1
    assert result["warnings"] == ["timestamp is deprecated, use interval_begin"]
    (snapshot,) = socket.channel("ohlc", "snapshot")
    assert [row["trades"] for row in snapshot["data"]] == [3, 1]
    assert snapshot["data"][0]["interval_begin"].endswith("00.000000000Z")
    trade(trial, "97")
    (update,) = socket.channel("ohlc", "update")
    (row,) = update["data"]
    assert (row["close"], row["trades"], row["volume"]) == (97, 2, 3)
    (ack,) = socket.ask("subscribe", channel="ohlc", symbol=["BTC/USD"], interval=1)
    assert ack["error"] == "Already subscribed"
    (ack,) = socket.ask("subscribe", channel="ohlc", symbol=["BTC/USD"], interval=7)
    assert ack["error"] == "EGeneral:Invalid arguments:interval"
    (ack,) = socket.ask("unsubscribe", channel="ohlc", symbol=["BTC/USD"], interval=1)
    assert ack["success"]
    trade(trial, "98")
    assert len(socket.channel("ohlc", "update")) == 1


def test_orders_by_themselves_are_not_to_be_seen() -> None:
    (ack,) = Trial().open().ask("subscribe", channel="level3", symbol=["BTC/USD"])
    assert ack["error"] == "EAPI:Feature disabled"
