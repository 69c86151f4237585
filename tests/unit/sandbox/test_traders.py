"""The synthetic market: alive, seeded, cheap, and gentle with whoever quotes in it."""

import math
from collections import Counter
from decimal import Decimal
from itertools import pairwise
from statistics import pstdev
from typing import Any

import pytest
from sandbox_trial import SECOND_NS, START_NS, Mirror, Trial

from zoe.sandbox import catalogs, markets

MINUTE = 60


def market(seed: int = 1, pairs: str | None = "BTC/USD,ETH/USD", how: str = "synthetic") -> Trial:
    listed = catalogs.choose(None, pairs)
    model = markets.market(how, listed.pairs, seed)
    return Trial(assets=listed.assets, pairs=listed.pairs, seed=seed, market=model)


def best(trial: Trial, pair: str = "XBTUSD") -> tuple[Decimal, Decimal]:
    (depth,) = trial.public("Depth", pair=pair, count="1").values()
    return Decimal(depth["bids"][0][0]), Decimal(depth["asks"][0][0])


def test_every_pair_has_layers_on_both_sides_and_a_last_price_from_the_start() -> None:
    trial = market(pairs="all")
    tickers: dict[str, Any] = trial.public("Ticker")
    assert len(tickers) == catalogs.ALL_PAIRS
    for name in list(tickers)[::50]:
        (depth,) = trial.public("Depth", pair=name).values()
        assert min(len(depth["bids"]), len(depth["asks"])) >= 10, name
        assert Decimal(depth["bids"][0][0]) < Decimal(depth["asks"][0][0])
        assert Decimal(tickers[name]["c"][0]) > 0


def test_the_spread_is_narrow_and_the_price_where_the_table_says() -> None:
    bid, ask = best(market())
    assert 90_000 < bid < ask < 92_500
    assert (ask - bid) / bid < Decimal("0.0003")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_quote_two_basis_points_from_the_middle_is_filled_several_times_a_minute(
    seed: int,
) -> None:
    trial = market(seed)
    client = trial.first_client()
    filled = Counter[str]()
    for _ in range(6 * MINUTE // 5):
        client("CancelAll")
        bid, ask = best(trial)
        middle = (bid + ask) / 2
        for side, sign in (("buy", -1), ("sell", 1)):
            price = (middle * (1 + sign * Decimal("0.0002"))).quantize(Decimal("0.1"))
            client.limit(side, "0.01", str(price), oflags="post")
        trial.pass_time(5)
        trades = client("TradesHistory")
        filled = Counter(trade["type"] for trade in trades["trades"].values())
    assert min(filled["buy"], filled["sell"]) > 2 * 6, filled


def test_the_price_wanders_a_little_and_stays_where_it_began() -> None:
    trial = market()
    middles: list[float] = []
    for _ in range(3 * MINUTE):
        trial.pass_time(10)
        bid, ask = best(trial)
        middles.append(float(bid + ask) / 2)
    steps = [math.log(after / before) * 10_000 for before, after in pairwise(middles)]
    assert 0.5 < pstdev(steps) < 5
    assert max(middles) / min(middles) < 1.03


def test_frames_are_few_and_their_checksums_right() -> None:
    trial = market()
    socket = trial.open()
    socket.ask("subscribe", channel="book", symbol=["BTC/USD"])
    mirror = Mirror(10, 1, 8)
    trial.pass_time(5 * MINUTE)
    frames = socket.channel("book")
    assert all(mirror.apply(frame) for frame in frames)
    assert 1 < len(frames) / 5 / MINUTE < 5


def test_trades_happen_on_both_sides() -> None:
    trial = market()
    socket = trial.open()
    socket.ask("subscribe", channel="trade", symbol=["BTC/USD"], snapshot=False)
    trial.pass_time(5 * MINUTE)
    sides = Counter(row["side"] for frame in socket.channel("trade") for row in frame["data"])
    assert min(sides["buy"], sides["sell"]) > 20


def test_the_same_seed_does_the_same_and_another_does_not() -> None:
    def told(seed: int) -> list[bytes]:
        trial = market(seed)
        socket = trial.open()
        socket.ask("subscribe", channel="book", symbol=["BTC/USD", "ETH/USD"])
        trial.raw.clear()
        trial.pass_time(20)
        return trial.raw

    assert told(5) == told(5) != told(6)


def test_a_restart_goes_on_where_the_last_trade_was() -> None:
    trial = market()
    client = trial.first_client()
    trial.admin("market", {"symbol": "BTC/USD", "best_bid": "50000", "best_ask": "50010"})
    trial.pass_time(5)
    sold = client("AddOrder", pair="XBTUSD", type="sell", ordertype="market", volume="0.001")
    assert "txid" in sold
    trial.restart()
    assert abs(best(trial)[0] - 50_000) < 100


def test_it_follows_whoever_moves_the_market_by_hand() -> None:
    trial = market()
    trial.admin("market", {"symbol": "BTC/USD", "best_bid": "70000", "best_ask": "70010"})
    trial.pass_time(MINUTE)
    bid, ask = best(trial)
    assert 69_800 < bid < ask < 70_200
    (depth,) = trial.public("Depth", pair="XBTUSD").values()
    assert min(len(depth["bids"]), len(depth["asks"])) > 8


def events(trial: Trial, seconds: int) -> int:
    """How often the market moves by itself."""
    end_ns, count = trial.now_ns + seconds * SECOND_NS, 0
    while (due_ns := trial.exchange.next_wakeup()) is not None and due_ns <= end_ns:
        trial.exchange.wake(due_ns)
        count += 1
    return count


@pytest.mark.parametrize("pairs", [None, "all"])
def test_an_idle_sandbox_has_little_to_do_however_many_pairs_it_lists(pairs: str | None) -> None:
    assert events(market(pairs=pairs), 10) < 10 * 18


def test_a_pair_that_somebody_watches_or_trades_becomes_lively() -> None:
    trial = market(pairs=None)
    socket, client = trial.open(), trial.first_client()
    socket.ask("subscribe", channel="book", symbol=["DOGE/USD"])
    order = {"type": "buy", "ordertype": "limit", "price": "0.1", "volume": "50"}
    assert "txid" in client("AddOrder", pair="ADAUSD", **order)

    def trades(pair: str) -> int:
        (ticker,) = trial.public("Ticker", pair=pair).values()
        return int(ticker["t"][1])

    trial.pass_time(2 * MINUTE)
    assert min(trades("XDGUSD"), trades("ADAUSD")) > 30
    assert max(trades("LTCUSD"), trades("XLMUSD")) < 15


def test_watching_every_pair_costs_little_more() -> None:
    trial = market(pairs="all")
    socket = trial.open()
    symbols = [pair.symbol for pair in trial.config.pairs]
    socket.ask("subscribe", channel="book", symbol=symbols)
    trial.pass_time(2)
    assert events(trial, 10) < 10 * 50


def test_a_rate_is_shared_by_all_pairs() -> None:
    assert 700 < events(market(how="synthetic:100"), 10) < 1300


def test_a_quiet_market_does_nothing_by_itself() -> None:
    trial = market(how="quiet")
    (depth,) = trial.public("Depth", pair="XBTUSD").values()
    assert depth == {"asks": [], "bids": []}
    assert trial.exchange.next_wakeup() is None
    assert trial.now_ns == START_NS
