"""Every worked example of docs/crypto-trader.md, worked out by the code; each result is on the page."""

from decimal import Decimal
from math import exp
from pathlib import Path

import attrs
from trader_world import SCOUTED

from zoe.domain.scan import Seen
from zoe.domain.strategy import exits, market_mood
from zoe.domain.strategy.bar_facts import (
    BAR_NS,
    Facts,
    atr,
    likeness,
    momentum,
    quarters,
    sigma,
    vwap,
    z_score,
)
from zoe.domain.strategy.entry_rules import Costs, cost_gate, expected_move
from zoe.domain.strategy.position_size import (
    Funds,
    Place,
    allowances,
    depth_within,
    impact,
    stop_distance,
)
from zoe.domain.strategy.scan_gates import Listing, scan
from zoe.domain.strategy.scan_grid import Grid
from zoe.domain.strategy.trader_params import Params
from zoe.domain.strategy.view import Bar

PAGE = (Path(__file__).parents[4] / "docs" / "crypto-trader.md").read_text()
PARAMS = Params()
SECOND_NS = 1_000_000_000
SIGMA = "\N{GREEK SMALL LETTER SIGMA}"


def says(result: str) -> bool:
    """Whether the page gives a result, in bold."""
    return f"**{result}**" in PAGE


def seen(symbol: str, bid: str, ask: str, volume: str = "10000", at_ns: int = 0) -> Seen:
    return Seen(symbol, Decimal(bid), Decimal(ask), Decimal(volume), at_ns)


def bar(n: int, prices: tuple[int, int, int, int], volume: int = 10) -> Bar:
    return Bar(n * BAR_NS, *prices, volume=volume)


def facts(returns: tuple[int, ...], end_ns: int = 0) -> Facts:
    return Facts(0, 100, 0, 0, 0, False, 0, False, 1, returns, end_ns)


def test_return_volatility_and_z_of_a_minute() -> None:
    grid = Grid()
    mids = [100 * exp(n % 2 * 4 / 10_000) for n in range(12)] + [100 * exp(12 / 10_000)]
    for mid in mids:
        grid.sample([seen("X/USD", f"{mid:.12f}", f"{mid:.12f}")])
    columns = grid.columns({"X/USD": seen("X/USD", "100", "100.05")}, 0)
    assert says(f"r_1m = {columns.returns[60][0]:.0f} bps")
    assert says(f"{SIGMA}_1m = {columns.sigmas[60][0]:.3f} bps/√s")
    assert says(f"z_1m = {columns.z[60][0]:.3f}")


def test_spread_turnover_and_age() -> None:
    grid = Grid()
    ticker = seen("X/USD", "99.90", "100.10", "3000", 7 * SECOND_NS)
    grid.sample([ticker])
    listings = {"X/USD": Listing("X/USD", "online", 1.0, 0)}
    columns = grid.columns({"X/USD": ticker}, 10 * SECOND_NS)
    found = scan(columns, listings, 10 * SECOND_NS, PARAMS).scouted("X/USD")
    assert found is not None
    assert says(f"spread = {found.spread_bps:.0f} bps")
    assert says(f"turnover = {found.turnover_usd:,.0f} USD")
    assert says(f"age = {found.age_ms / 1_000:.0f} s")
    assert found.gates == ("TOO_NEW",)


def test_score_is_the_mean_of_standings_by_weight() -> None:
    grid = Grid()
    day_ns = 86_400 * SECOND_NS
    spreads = {"A/USD": "100.01", "B/USD": "100.02", "C/USD": "100.03"}
    volumes = {"A/USD": "5000", "B/USD": "9000", "C/USD": "7000"}
    tickers = {s: seen(s, "100", ask, volumes[s], 30 * day_ns) for s, ask in spreads.items()}
    grid.sample(tickers.values())
    listings = {symbol: Listing(symbol, "online", 1.0, 0) for symbol in tickers}
    found = scan(grid.columns(tickers, 30 * day_ns), listings, 30 * day_ns, PARAMS)
    assert [symbol for symbol, _ in found.best] == ["B/USD", "A/USD", "C/USD"]
    for symbol, score in found.best:
        assert says(f"{symbol[0]} = {score}"), (symbol, score)


def test_breadth_of_bars() -> None:
    flat = tuple(bar(n, (100, 101, 99, 100)) for n in range(1, 49))
    rising = (*flat[1:], bar(49, (100, 103, 99, 102)))
    mood = market_mood.from_bars({"A": rising, "B": flat, "C": rising})
    assert says(f"breadth = {mood.breadth or 0:.2f}")


def test_momentum_of_four_horizons() -> None:
    assert says(f"M = {momentum([1, 2, 4, 1.5]):.2f}")


def test_volatility_and_z_of_bars() -> None:
    closes = [100.0]
    for n in range(288):
        closes.append(closes[-1] * exp((9 if n % 2 else -6) / 10_000))
    volatility = sigma(closes, 288)
    assert says(f"{SIGMA}_24h = {volatility:.4f} bps/√s")
    assert says(f"z_1h = {z_score(closes, 3_600, volatility):.3f}")


def test_vwap_and_how_far_below_it() -> None:
    bars = (bar(1, (100, 102, 98, 100), 30), bar(2, (100, 100, 94, 97), 10))
    mean = vwap(bars)
    assert says(f"vwap = {mean:.2f}")
    assert says(f"z = {10_000 * (97 - mean) / mean / (0.9 * 60):.2f}")


def test_the_mean_true_range_of_quarters() -> None:
    bars = tuple(bar(n, (1_000, 1_006, 998, 1_000)) for n in range(1, 46))
    jumped = (*bars[:-1], bar(45, (1_000, 1_050, 998, 1_040)))
    assert says(f"ATR = {atr(quarters(jumped))} ticks")


def test_cost_gate() -> None:
    costs = Costs(25_000, 40_000, 4_000, 3_000)
    expected = expected_move(400, 86_400, 500)
    assert says(f"expected = {expected / 1_000:.2f} bps")
    assert says(f"1.5·(25 + 40 + 4 + 3 + 5) = {Decimal('1.5') * 77:.1f} bps")
    assert cost_gate(400, 24, costs, PARAMS) == "COST"
    enough = next(s for s in range(1_000) if cost_gate(s, 24, costs, PARAMS) is None)
    assert says(f"{SIGMA} ≥ {enough / 1_000} bps/√s")


def test_impact_and_depth_of_a_book() -> None:
    bids = ((10_000, 500), (9_990, 500), (9_970, 900))
    assert says(f"impact = {(impact(bids, 1_200) or 0) / 1_000:.3f} bps")
    assert impact(bids, 2_000) is None
    assert says(f"depth = {depth_within(bids, 25_000):,}")


def test_the_distance_of_a_stop() -> None:
    found = stop_distance(atr=45, close=10_000, spread_mbps=12_000, params=PARAMS)
    assert says(f"d_stop = {found / 1_000:.1f} bps")
    quiet = stop_distance(atr=10, close=10_000, spread_mbps=12_000, params=PARAMS)
    assert says(f"d_stop = {quiet / 1_000:.0f} bps")


def test_what_each_limit_allows() -> None:
    funds = Funds(Decimal(10_000), Decimal(8_000), Decimal(1), Decimal(3_700))
    place = Place(Decimal(4_000), Decimal(600_000), 25_000)
    found = dict(allowances(funds, place, 112_500, PARAMS))
    for name, amount in found.items():
        assert says(f"{name} {amount:,.2f}"), (name, amount)
    assert says(f"{min(found.values()):.2f}")


def test_how_alike_two_pairs_are() -> None:
    mine = facts((10, -20, 30, -10))
    assert says(f"correlation = {likeness(mine, (12, -15, 25, -18), 0) or 0:.3f}")
    assert likeness(mine, (1, 2), 0) is not None
    assert likeness(mine, (), 0) is None


def test_stop_target_break_even_trail_and_collar() -> None:
    stop = exits.stop_below(10_000, 112_500, 1)
    assert says(f"stop = {stop / 100:.2f}")
    assert says(f"target = {exits.target(10_000, 10_000 - stop, 1_500, 1) / 100:.2f}")
    assert says(f"break even = {exits.break_even(10_025, 40_000, 1) / 100:.2f}")
    assert says(f"trail = {exits.trail(10_300, 45, 3_000, 1) / 100:.2f}")
    assert says(f"limit = {exits.collared(9_880, 50_000, 1) / 100:.2f}")


def test_every_parameter_is_on_the_page_with_its_default() -> None:
    for field in attrs.fields(Params):
        assert f"`{field.name}`" in PAGE, field.name
        if field.name != "exclude":
            assert f"| `{field.name}` | {field.default} |" in PAGE, field.name


def test_every_gate_and_reason_is_on_the_page() -> None:
    assert SCOUTED.gates == ()
    for reason in (
        *("NO_TICKER", "NOT_ONLINE", "MONEY", "TURNOVER", "SPREAD", "AGE", "TOO_NEW"),
        *("NOT_CHEAPEST", "RANK", "MOMENTUM_M", "MOMENTUM_BREAKOUT", "MOMENTUM_VOLUME"),
        *("REVERSION_Z", "REVERSION_BTC", "REVERSION_TURN", "COST", "COST_IMPACT"),
        *("RISK_OFF_BREADTH", "RISK_OFF_BTC", "RISK_OFF_LOSS", "RISK_OFF_STOPS"),
        *("MARKET_UNKNOWN", "COOLDOWN", "POSITIONS", "ALIKE", "SIGNAL_USED", "SIGNAL_LATE"),
        *("STOP", "TRAIL", "TIME", "SIGNAL_GONE", "STOP_BLIND", "EXIT_IMPOSSIBLE", "DUST"),
    ):
        assert f"`{reason}`" in PAGE, reason
