"""The lively market: an edge to find and to lose, seeded, and as fast as the plain one."""

import math
from decimal import Decimal
from itertools import pairwise
from statistics import fmean, pstdev
from typing import Any

import pytest
from sandbox_trial import Trial

from zoe.sandbox import catalogs, habits, markets
from zoe.sandbox.weather import MARKET, MARKET_WANDERING, Weather

SECOND_NS = 1_000_000_000
THIN = "GAAA/USD"
SIBLING = "GAAA/EUR"


def lively(seed: int = 1) -> Trial:
    listed = catalogs.choose(None, "all")
    names = {"BTC/USD", "XRP/USD", "EUR/USD", THIN, SIBLING}
    pairs = tuple(pair for pair in listed.pairs if pair.symbol in names)
    model = markets.market("lively:20", pairs, seed)
    return Trial(assets=listed.assets, pairs=pairs, seed=seed, market=model)


def middles(trial: Trial) -> dict[str, float]:
    tickers: dict[str, Any] = trial.public("Ticker")
    return {name: (float(row["a"][0]) + float(row["b"][0])) / 2 for name, row in tickers.items()}


def spread_bps(trial: Trial, pair: str) -> float:
    (row,) = trial.public("Ticker", pair=pair).values()
    return (float(row["a"][0]) / float(row["b"][0]) - 1) * 10_000


def test_a_pair_of_the_long_tail_is_wide_and_a_major_one_narrow() -> None:
    trial = lively()
    assert spread_bps(trial, "XBTUSD") < 4 < spread_bps(trial, "XRPUSD") < 30
    assert 40 < spread_bps(trial, "GAAAUSD") < 300


def test_siblings_stay_together_and_err_for_a_while() -> None:
    trial = lively()
    gaps: list[float] = []
    for _ in range(120):
        trial.pass_time(10)
        now = middles(trial)
        gaps.append(math.log(now["GAAAUSD"] / now["GAAAEUR"] / now["ZEURZUSD"]) * 10_000)
    assert 1 < pstdev(gaps) < 80
    assert abs(fmean(gaps)) < 30


def test_the_same_seed_does_the_same_and_another_does_not() -> None:
    def told(seed: int) -> list[bytes]:
        trial = lively(seed)
        socket = trial.open()
        socket.ask("subscribe", channel="book", symbol=["BTC/USD", THIN])
        trial.raw.clear()
        trial.pass_time(20)
        return trial.raw

    assert told(5) == told(5) != told(6)


def test_a_history_of_bars_precedes_the_opening_without_a_break() -> None:
    trial = lively()
    trial.pass_time(60)
    for interval, least in (("5", 700), ("60", 59), ("1440", 2)):
        answer = trial.public("OHLC", pair="GAAAUSD", interval=interval)
        rows = answer["GAAAUSD"]
        assert len(rows) >= least
        begins = [row[0] for row in rows]
        assert all(b - a == int(interval) * 60 for a, b in pairwise(begins))
        assert all(Decimal(row[3]) <= min(map(Decimal, (row[1], row[4]))) for row in rows)
        assert all(Decimal(row[2]) >= max(map(Decimal, (row[1], row[4]))) for row in rows)
    (row,) = trial.public("Ticker", pair="GAAAUSD").values()
    assert float(row["v"][1]) * float(row["c"][0]) > 10_000


def test_bars_of_a_pair_and_of_its_sibling_tell_the_same_story() -> None:
    trial = lively()

    def closes(pair: str) -> list[float]:
        return [float(row[4]) for row in trial.public("OHLC", pair=pair, interval="15")[pair]]

    ours, theirs = closes("GAAAUSD"), closes("GAAAEUR")
    steps = [math.log(b / a) for a, b in pairwise(ours)]
    others = [math.log(b / a) for a, b in pairwise(theirs)]
    apart = [a - b for a, b in zip(steps, others, strict=True)]
    assert pstdev(apart) < pstdev(steps) / 3


def test_a_hand_sets_what_a_pair_is_worth() -> None:
    trial = lively()
    bid = middles(trial)["GAAAUSD"]
    quotes = {"best_bid": f"{bid * 1.05:.2f}", "best_ask": f"{bid * 1.06:.2f}"}
    trial.admin("market", {"symbol": THIN, **quotes})
    trial.pass_time(60)
    assert 1.02 < middles(trial)["GAAAUSD"] / bid < 1.10


def test_prices_have_calm_times_and_bursts_and_leap_at_news() -> None:
    weather = Weather(3, {"BTC": 90_000.0})
    logs = [math.log(weather.at("BTC", second * SECOND_NS)) for second in range(6 * 3_600)]
    steps = [b - a for a, b in pairwise(logs)]
    minutes = [pstdev(steps[i : i + 60]) for i in range(0, len(steps) - 60, 60)]
    calm = sorted(minutes)[len(minutes) // 4]
    assert max(minutes) > 2.5 * calm
    assert max(map(abs, steps)) > 25 * 0.0001


def test_coins_go_along_with_the_market() -> None:
    weather = Weather(4, {})
    rows = [
        (weather.at("ADA", 10 * n * SECOND_NS), weather.at(MARKET, 10 * n * SECOND_NS))
        for n in range(2_000)
    ]
    coin = [math.log(b[0] / a[0]) for a, b in pairwise(rows)]
    whole = [math.log(b[1] / a[1]) for a, b in pairwise(rows)]
    slope = sum(c * w for c, w in zip(coin, whole, strict=True)) / sum(w * w for w in whole)
    assert slope == pytest.approx(weather.along("ADA"), abs=0.3)
    assert pstdev(whole) > MARKET_WANDERING * 2


def test_kinds_of_pairs_have_habits_of_their_own() -> None:
    listed = catalogs.choose(None, "all")
    by_symbol = {pair.symbol: habits.lively(pair, 1) for pair in listed.pairs}
    thin = [habit for symbol, habit in by_symbol.items() if symbol.startswith("GA")]
    assert by_symbol["BTC/USD"].half_spread < by_symbol["XRP/USD"].half_spread
    assert by_symbol["XRP/USD"].half_spread < min(habit.half_spread for habit in thin)
    assert all(habit.lag_seconds > 0 for habit in by_symbol.values())
