"""CryptoTrader's scanner: gates in order, one pair a base, rows, and a memory that stays what it was."""

import json
from decimal import Decimal
from math import isnan

import attrs
import pytest

from zoe.domain.order_record import canonical
from zoe.domain.scan import Seen
from zoe.domain.strategy.scan_gates import GATES, Listing, Scan, rows, scan
from zoe.domain.strategy.scan_grid import Grid
from zoe.domain.strategy.trader_params import Params

DAY_NS = 86_400_000_000_000
NOW_NS = 30 * DAY_NS


def seen(symbol: str, bid: str = "100", ask: str = "100.05", volume: str = "9000") -> Seen:
    return Seen(symbol, Decimal(bid), Decimal(ask), Decimal(volume), NOW_NS)


def listing(symbol: str, usd: float | None = 1.0) -> Listing:
    return Listing(symbol, "online", usd, 0)


def scanned(
    tickers: list[Seen], listings: list[Listing] | None = None, params: Params | None = None
) -> Scan:
    grid, by_symbol = Grid(), {each.symbol: each for each in tickers}
    grid.sample(tickers)
    known = [listing(each.symbol) for each in tickers] if listings is None else listings
    columns = grid.columns(by_symbol, NOW_NS)
    return scan(columns, {each.symbol: each for each in known}, NOW_NS, params or Params())


@pytest.mark.parametrize(
    ("ticker", "gate"),
    [
        (seen("X/USD", "0", "1"), "NO_TICKER"),
        (seen("X/USD", "101", "100"), "NO_TICKER"),
        (seen("X/USD", "NaN", "100"), "NO_TICKER"),
        (seen("USDT/USD"), "MONEY"),
        (seen("EUR/USD"), "MONEY"),
        (seen("X/USD", volume="10"), "TURNOVER"),
        (seen("X/USD", volume="NaN"), "TURNOVER"),
        (seen("X/USD", ask="101"), "SPREAD"),
        (attrs.evolve(seen("X/USD"), received_ns=NOW_NS - 11 * 10**9), "AGE"),
    ],
)
def test_each_gate_stops_its_pair(ticker: Seen, gate: str) -> None:
    found = scanned([ticker])
    assert found.best == ()
    assert found.stopped == {ticker.symbol: gate}
    assert found.counts == {gate: 1}


@pytest.mark.parametrize(
    ("known", "gate"),
    [
        ([], "NOT_ONLINE"),
        ([attrs.evolve(listing("X/USD"), status="cancel_only")], "NOT_ONLINE"),
        ([listing("X/USD", None)], "TURNOVER"),
        ([attrs.evolve(listing("X/USD"), known_since_ns=None)], "TOO_NEW"),
        ([attrs.evolve(listing("X/USD"), known_since_ns=NOW_NS - 6 * DAY_NS)], "TOO_NEW"),
    ],
)
def test_what_is_known_of_a_pair_beside_its_ticker_counts(known: list[Listing], gate: str) -> None:
    assert scanned([seen("X/USD")], known).stopped == {"X/USD": gate}


def test_of_a_base_the_narrowest_pair_is_traded() -> None:
    found = scanned([seen("X/USD"), seen("X/EUR", ask="100.02")])
    assert [symbol for symbol, _ in found.best] == ["X/EUR"]
    assert found.stopped == {"X/USD": "NOT_CHEAPEST"}


def test_only_the_best_are_kept_whatever_their_order() -> None:
    tickers = [seen(f"P{n}/USD", ask=f"100.{n + 10}") for n in range(9)]
    found = scanned(tickers, params=Params(top=4))
    assert found.best == scanned(tickers[::-1], params=Params(top=4)).best
    assert len(found.best) == 4
    assert set(found.stopped.values()) == {"RANK"}


def test_rows_are_the_best_and_some_that_each_gate_stopped() -> None:
    tickers = [seen(f"P{n}/USD", volume=str(n * 1_000)) for n in range(1, 9)]
    found = scanned([*tickers, seen("EUR/USD")], params=Params(top=3))
    written = rows(found, stopped=1)
    assert [(row["rank"], row["gate"]) for row in written] == [
        (1, None), (2, None), (3, None), (None, "MONEY"), (None, "TURNOVER"), (None, "RANK")
    ]  # fmt: skip
    assert {row["gate"] for row in written if row["gate"]} <= set(GATES)
    assert json.loads(canonical({"candidates": written}))["candidates"][0]["symbol"] == "P8/USD"


def test_a_pair_that_comes_later_is_unknown_before() -> None:
    grid = Grid()
    for _ in range(13):
        grid.sample([seen("A/USD")])
    grid.sample([seen("A/USD"), seen("B/USD")])
    columns = grid.columns({s: seen(s) for s in ("A/USD", "B/USD")}, NOW_NS)
    assert columns.returns[60][0] == 0 and isnan(columns.returns[60][1])
    assert isnan(columns.z[60][1]) and isnan(columns.above_mean[0])


def test_columns_that_were_given_do_not_change_any_more() -> None:
    grid = Grid()
    for _ in range(14):
        grid.sample([seen("A/USD")])
    given = grid.columns({"A/USD": seen("A/USD")}, NOW_NS)
    grid.sample([seen("A/USD", "200", "201")])
    grid.sample([seen("B/USD")])
    # Returns are worked out when they are asked for, and of what was known when they were given.
    assert list(given.returns[60]) == [0] and list(given.places) == ["A/USD"]


def test_the_highest_of_a_day_is_forgotten_after_a_day() -> None:
    grid = Grid()
    grid.sample([seen("A/USD", "200", "200")])
    high = []
    for n in range(1, 17_600):
        grid.sample([seen("A/USD", "100", "100")])
        if n in (9_000, 17_500):
            high.append(grid.columns({"A/USD": seen("A/USD")}, NOW_NS).below_high[0])
    assert high[0] > 6_900 and high[1] == 0


def test_four_hours_up_are_breadth_and_a_trend() -> None:
    grid = Grid()
    for n in range(2_900):
        up = 100 + n * 0.001
        grid.sample([seen("BTC/USD", f"{up:.4f}", f"{up:.4f}"), seen("X/USD", "100", "100")])
    tickers = {"BTC/USD": seen("BTC/USD"), "X/USD": seen("X/USD")}
    found = scan(grid.columns(tickers, NOW_NS), {}, NOW_NS, Params())
    assert found.market.breadth == 0.5
    assert (found.market.btc_z_1h or 0) > 3 and (found.market.btc_momentum or 0) > 1.5
