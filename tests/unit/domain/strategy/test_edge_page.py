"""Every worked example of docs/edge-factory.md, worked out by the code; each result is on the page."""

from decimal import Decimal
from pathlib import Path

import pytest
from edge_plain import price_at

from zoe.domain.order import Side
from zoe.domain.strategy.adverse import Adverse, Pending
from zoe.domain.strategy.arrival import Arrival, Rate, prior
from zoe.domain.strategy.edge_params import EdgeParams, Limits
from zoe.domain.strategy.fair_value import (
    FINE,
    WHOLE,
    Leg,
    MicroPrice,
    Own,
    Weighing,
    combined,
    converted,
    own,
)
from zoe.domain.strategy.glft import ask_floor_milli, distances, spread
from zoe.domain.strategy.market import Book, Sibling, Sweep
from zoe.domain.strategy.sizing import Steps, fine_money, lots_milli, risk_lot_parts, sale
from zoe.domain.strategy.volatility import (
    SECOND_NS,
    Fading,
    Volatility,
    basis_bps,
    learn_bases,
)

PAGE = (Path(__file__).parents[4] / "docs" / "edge-factory.md").read_text()


def says(result: str) -> bool:
    """Whether the page gives a result, in bold."""
    return f"**{result}**" in PAGE


def test_own_fair_value_leans_towards_the_thin_side() -> None:
    book = Book(((9_990, 200), (9_980, 400)), ((10_010, 100), (10_020, 100)))
    found = own(book, 1, 1, Weighing())
    assert found is not None
    assert says(f"F₀ = {found.fair / FINE / 100:.4f}")
    assert says(f"{found.offset_milli / 1_000:.3f} bps above the mid")
    assert found.half_spread_bps == 10


def test_a_level_under_the_minimum_is_ignored() -> None:
    book = Book(((9_990, 200), (9_980, 4)), ((10_010, 200),))
    found = own(book, 5, 1, Weighing())
    assert found is not None and found.offset_milli == 0


def test_a_fitted_table_replaces_kappa_where_it_has_seen_enough() -> None:
    rows = ((-4.0,) * 4, (-3.0,) * 4, (-2.0,) * 4, (-1.0,) * 4, (-0.5,) * 4)
    mirrored = tuple(tuple(-g for g in row) for row in reversed(rows))
    table = MicroPrice((*rows, *mirrored), ((200, 200, 200, 199),) * 10)
    book = Book(((9_990, 300),), ((9_991, 100),))
    wide = Book(((9_990, 300),), ((10_010, 100),))
    found, fallen_back = (own(b, 1, 1, Weighing(micro=table)) for b in (book, wide))
    assert found is not None and fallen_back is not None
    assert found.offset_milli == 2_000  # I = 0.75: the eighth of ten buckets
    assert says("g = 2 bps")
    assert fallen_back.offset_milli == 2_500  # its bucket has 199 moves: kappa·(2I-1)·10 bps
    with pytest.raises(ValueError):
        MicroPrice((*rows, *rows), table.moves)


def test_a_sibling_in_another_currency_is_converted_by_that_currencys_own_price() -> None:
    euro = Leg(Own(2 * 9_250, 0, 4.0), price_precision=2, age_ms=200)
    rate = Leg(Own(2 * 10_837, 0, 3.0), price_precision=4, age_ms=500)
    found = converted("X/EUR", euro, [rate], None, 2)
    assert says(f"s = {found.fair / FINE / 100:.4f} USD")
    assert found.half_spread_bps == 5 and found.age_ms == 500
    dollar = Leg(Own(2 * 10_000, 0, 4.0), price_precision=2, age_ms=0)
    back = converted("X/USD", dollar, [Leg(rate.own, 4, 0, inverted=True)], None, 2)
    assert round(back.fair / FINE) == round(10_000 / 1.0837)


def test_fair_value_weighs_each_source_by_what_it_may_be_off() -> None:
    mine = Own(2 * 10_000, 0, 10.0)
    sibling = Sibling("X/EUR", 10_012 * FINE, 5.0, None, 500)
    found = combined(mine, (0, 2.0), [sibling], {"X/EUR": 4.0}, Weighing())
    assert found.fair is not None
    assert says(f"F = {found.fair / FINE / 100:.4f}")
    assert says(f"disagree by {found.disagreement_bps:g} bps")
    late = Sibling("X/EUR", 10_012 * FINE, 5.0, None, 1_501)
    assert combined(mine, (0, 2.0), [late], {"X/EUR": 4.0}, Weighing()).fair == mine.fair


def test_one_source_that_is_far_off_is_left_out_and_two_that_contradict_leave_nothing() -> None:
    mine = Own(2 * 10_000, 0, 5.0)
    near = Sibling("X/EUR", 10_001 * FINE, 5.0, None, 0)
    far = Sibling("X/GBP", 10_100 * FINE, 5.0, None, 0)
    found = combined(mine, (0, 1.0), [near, far], {}, Weighing())
    assert found.sources == 2
    assert combined(mine, (0, 1.0), [far], {}, Weighing()).fair is None


def test_a_lasting_premium_is_not_an_edge() -> None:
    bases = learn_bases((), (("X/EUR", 8.0),), 1)
    assert basis_bps(bases, "X/EUR") == 8.0
    for _ in range(60):
        bases = learn_bases(bases, (("X/EUR", 14.0),), 60)
    assert 10.9 < basis_bps(bases, "X/EUR") < 14.0
    bases = learn_bases((), (("X/EUR", 70.0),), 1)
    assert basis_bps(bases, "X/EUR") == 20.0
    assert says("20 bps at most")


def test_volatility_forgets_by_its_half_life() -> None:
    mean = Fading(9.0, 1.0)
    after = Volatility(100, 10_000 * FINE, mean, mean).after(
        101 * SECOND_NS, 10_006 * FINE, (30, 900)
    )
    assert says(f"fast = {after.fast_sigma:.3f} bps/√s")
    assert says(f"slow = {after.slow_bps(0.05):.3f} bps/√s")
    # Three seconds without a point of the grid are three seconds.
    slow = Volatility(100, 10_000 * FINE, mean, mean).after(
        103 * SECOND_NS, 10_009 * FINE, (30, 900)
    )
    assert slow.fast.mean == pytest.approx(9 + (81 / 3 - 9) * (1 - 2 ** (-3 / 30)))


def test_adverse_selection_begins_at_its_prior_and_moves_to_what_fills_show() -> None:
    assert Adverse().cost_milli(Side.BUY, 5, 50) == 5_000
    seen = Adverse(buys=20, buys_sum=20 * 8_000)
    assert says(f"a = {seen.cost_milli(Side.BUY, 5, 50) / 1_000:.3f} bps")
    lucky = Adverse(buys=20, buys_sum=-20 * 8_000)
    assert says(f"a = {lucky.cost_milli(Side.BUY, 5, 50) / 1_000:.3f} bps")


def test_a_fill_is_measured_against_fair_value_when_it_happened() -> None:
    bought = Pending(Side.BUY, 0, 10_000 * FINE, 9_970, 25_000)
    seen = Adverse(pending=(bought,)).after(30 * SECOND_NS, 9_995 * FINE, 30)
    assert says(f"ā = {seen.buys_sum / 1_000:g} bps")
    assert says(f"realised edge = {seen.realised[0] / 1_000:.3f} bps")
    assert seen.pending == ()


def test_arrivals_are_a_line_through_how_far_sweeps_reached() -> None:
    fair, begin = 10_000 * FINE, 1_000 * SECOND_NS
    start = Arrival(at_ns=begin)
    # Of 100 buys in 1,000 s, 50 reach 10 bps and 25 reach 20 bps.
    reaches = [10_000] * 50 + [10_010] * 25 + [10_020] * 25
    sweeps = tuple(Sweep(Side.BUY, price, 1, begin) for price in reaches)
    seen = start.after(begin + 1_000 * SECOND_NS, fair, sweeps)
    assert seen.fitted is not None
    assert says(f"A = {seen.fitted.a:.4f} a second, k = {seen.fitted.k:.4f} a bp")
    drawn = seen.rate(30.0)
    assert says(f"A = {drawn.a:.4f} a second, k = {drawn.k:.4f} a bp")
    few = start.after(begin + 1_000 * SECOND_NS, fair, sweeps[:49])
    assert few.rate(30.0) == prior(30.0) == Rate(0.02, 0.03)


def test_the_quotes_of_the_readers_example() -> None:
    made_of = spread(0.002, Rate(0.02, 0.03), 3.0, 30_000, 2_000)
    flat = distances(made_of, 30_000, 30_000, 0)
    held = distances(made_of, 30_000, 30_000, 1_000)
    assert says(f"base = {made_of.base / 1_000:.2f} bps")
    assert says(f"risk = {made_of.risk / 1_000:.2f} bps a lot")
    assert says(f"h = {flat.bid / 1_000:.2f} bps")
    assert says(f"h_bid = {held.bid / 1_000:.2f} bps, h_ask = {held.ask / 1_000:.2f} bps")
    assert says(f"r = F - {-held.reservation / 1_000:.2f} bps")
    assert flat.bid == flat.ask


def test_on_a_major_pair_the_model_says_no() -> None:
    made_of = spread(0.002, prior(0.5), 1.0, 30_000, 2_000)
    assert made_of.risk > 100 * 250_000
    endless = spread(0.002, Rate(1.0, 100.0), 1.0, 30_000, 2_000)
    assert endless.risk == 10**12  # the arrivals have underflowed


def test_an_ask_that_reduces_has_a_floor_and_an_old_one_comes_to_fair_value() -> None:
    assert ask_floor_milli(1, 25_000, is_old=False) == 25_000
    assert ask_floor_milli(1, 25_000, is_old=True) == 0
    assert ask_floor_milli(0, 25_000, is_old=True) is None


def test_prices_round_away_from_fair_value() -> None:
    fair = 10_000 * (2 * WHOLE) + 6_700 * FINE // 10_000
    bid, ask = price_at(fair, 67_450, Side.BUY, 5), price_at(fair, 67_450, Side.SELL, 5)
    assert says(f"bid = {bid / 100:.2f}, ask = {ask / 100:.2f}")
    assert price_at(100 * FINE, 0, Side.BUY, 1) == price_at(100 * FINE, 0, Side.SELL, 1) == 100


def test_a_lot_is_what_may_be_lost_and_no_more_than_its_limit() -> None:
    root = Limits.of(EdgeParams()).risk_root
    parts = risk_lot_parts(50.0, root, 3.0, Decimal(1))
    assert parts == 50 * 10**10
    wild = risk_lot_parts(50.0, root, 12.0, Decimal("1.0837"))
    assert says(f"lot = {wild / 10**10:.2f} EUR")
    steps = Steps(tick=1, lot=1, qty_min=0, cost_min=0)  # 100.00 in 1e-2, quantities in 1e-8
    lot = fine_money(parts, steps)
    assert says(f"{lot // (10_000 * FINE) / 10**8:g} X")
    assert says(f"q = {lots_milli(75_000_000, lot, 10_000 * FINE, steps) / 1_000:g} lots")


def test_a_sale_leaves_nothing_or_enough() -> None:
    steps = Steps(tick=1, lot=1, qty_min=10_000_000, cost_min=0)
    assert sale(50_000_000, 75_000_000, 10_000, steps) == 50_000_000
    assert sale(50_000_000, 55_000_000, 10_000, steps) == 55_000_000  # 0.05 could not be sold
    assert sale(5_000_000, 55_000_000, 10_000, steps) == 0
    assert says("sells all 0.55")
