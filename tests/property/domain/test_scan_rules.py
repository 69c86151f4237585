"""Rankings and focus: rules that hold for any market."""

from decimal import Decimal

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st

from zoe.domain.focus import Focus, FocusConfig, follow, held_places, pin
from zoe.domain.scan import (
    HORIZONS,
    Candidate,
    Features,
    ScanConfig,
    Seen,
    Track,
    passing,
    rank,
    refusal,
    usd_prices,
)

S = 1_000_000_000
SYMBOLS = [f"{base}/{quote}" for base in ("AAA", "BBB", "CCC", "DDD", "EEE") for quote in ("USD", "EUR")]  # fmt: skip
CONFIG = ScanConfig(min_turnover_usd=100, max_spread_bps=50, max_age_seconds=10)

one = st.builds(
    Features,
    symbol=st.sampled_from(SYMBOLS),
    spread_ppm=st.integers(0, 6_000),
    turnover=st.none() | st.integers(0, 1_000),
    volatility_ppm=st.integers(0, 1_000),
    momentum_ppm=st.dictionaries(st.sampled_from([s for s, _, _ in HORIZONS]), st.integers(-50_000, 50_000)),
    active=st.integers(0, 60),
    age_ns=st.integers(0, 12 * S),
)  # fmt: skip
markets = st.lists(one, max_size=10, unique_by=lambda pair: pair.symbol)


def ranking(market: list[Features]) -> tuple[Candidate, ...]:
    """As the scout ranks a market."""
    return rank(passing(market, CONFIG), CONFIG)


@settings(max_examples=40)
@given(markets, st.randoms())
def test_a_ranking_does_not_depend_on_the_order_of_the_pairs(
    market: list[Features], chance: object
) -> None:
    shuffled = list(market)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' Random
    assert ranking(market) == ranking(shuffled)


@settings(max_examples=40)
@given(markets)
def test_whoever_is_ranked_passed_every_gate_and_has_its_base_for_itself(
    market: list[Features],
) -> None:
    ranked = ranking(market)
    assert [each.rank for each in ranked] == list(range(1, len(ranked) + 1))
    assert all(0 <= each.score <= 1000 for each in ranked)
    assert sorted((each.score for each in ranked), reverse=True) == [e.score for e in ranked]
    assert all(refusal(each.features, CONFIG) is None for each in ranked)
    bases = [each.features.symbol.split("/")[0] for each in ranked]
    assert len(bases) == len(set(bases))
    passed = {p.symbol.split("/")[0] for p in market if refusal(p, CONFIG) is None}
    assert set(bases) == passed


@settings(max_examples=40)
@given(markets, st.data())
def test_more_turnover_never_costs_a_place(market: list[Features], data: st.DataObject) -> None:
    ranked = ranking(market)
    if not ranked:
        return
    chosen = data.draw(st.sampled_from(ranked)).features
    richer = attrs.evolve(chosen, turnover=(chosen.turnover or 0) + data.draw(st.integers(1, 500)))
    after = ranking([richer if p.symbol == chosen.symbol else p for p in market])
    places = [{e.features.symbol: e.rank for e in r}[chosen.symbol] for r in (ranked, after)]
    assert places[1] <= places[0]


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=100))
def test_a_track_remembers_the_mids_of_its_horizons_and_no_more(mids: list[int]) -> None:
    track = Track()
    for mid in mids:
        seen = Seen("X/Y", Decimal(mid), Decimal(mid), Decimal(1), 0)
        track.sample(seen)
    features = track.features(seen, Decimal(1), S)
    for seconds, back in ((60, 12), (300, 60)):
        if len(mids) > back:
            past = mids[-1 - back]
            assert features.momentum_ppm[seconds] == (mids[-1] - past) * 10**6 // past
        else:
            assert seconds not in features.momentum_ppm
    assert features.active == 0


def test_prices_in_usd_come_from_pairs_either_way_round() -> None:
    pairs = {"EUR/USD": (1, 3), "USD/JPY": (100, 100), "BTC/EUR": (5, 5), "BAD/USD": (3, 1)}
    seen = {s: Seen(s, Decimal(b), Decimal(a), Decimal(1), 0) for s, (b, a) in pairs.items()}
    assert usd_prices(seen) == {"USD": 1, "EUR": 2, "JPY": Decimal("0.01")}


# Focus

FOCUS = FocusConfig(budget=3, slack=2, min_stay_seconds=60, warm_up_seconds=30)
NAMES = [f"P{n}/USD" for n in range(10)]
rankings = st.lists(st.permutations(NAMES).map(lambda names: names[:8]), min_size=1, max_size=20)


@given(rankings, st.lists(st.integers(0, 90), min_size=20, max_size=20), st.sets(st.sampled_from(NAMES), max_size=3))  # fmt: skip
def test_focus_keeps_its_budget_its_pins_and_its_word(
    story: list[list[str]], pauses: list[int], pinned: set[str]
) -> None:
    focus, changes = pin(Focus(), dict.fromkeys(sorted(pinned), "position"))
    inside = {change.symbol for change in changes}
    assert inside == pinned
    came: dict[str, int] = {}
    now_ns = 0
    for ranking, pause in zip(story, pauses, strict=False):
        now_ns += pause * S
        focus, changes = follow(focus, ranking, now_ns, FOCUS)
        for change in changes:
            assert change.promoted == (change.symbol not in inside), "said what was so already"
            (inside.add if change.promoted else inside.discard)(change.symbol)
            if change.promoted:
                came[change.symbol] = now_ns
                assert ranking.index(change.symbol) < FOCUS.budget
            else:
                assert now_ns - came[change.symbol] >= 60 * S
                assert change.symbol not in ranking[: FOCUS.budget + FOCUS.slack]
            assert change.reason
        assert inside == set(focus.symbols)
        assert pinned <= inside
        assert len(inside - pinned) <= FOCUS.budget
        assert all(focus.is_warm(symbol, now_ns, FOCUS) for symbol in pinned)
    again, changes = follow(focus, story[len(story) - 1], now_ns, FOCUS)
    assert not changes or story[-1] != ranking
    assert again.symbols == focus.symbols or changes


def test_a_pair_that_came_by_its_rank_is_warm_after_a_while() -> None:
    focus, _ = follow(Focus(), ["P1/USD"], 0, FOCUS)
    assert not focus.is_warm("P1/USD", 29 * S, FOCUS)
    assert focus.is_warm("P1/USD", 30 * S, FOCUS)
    assert not focus.is_warm("P2/USD", 30 * S, FOCUS)


def test_a_pin_that_ends_leaves_the_pair_to_its_rank() -> None:
    focus, _ = follow(Focus(), ["P1/USD"], 0, FOCUS)
    focus, changes = pin(focus, {"P1/USD": "position", "P2/USD": "working order"})
    assert [change.symbol for change in changes] == ["P2/USD"]
    focus, changes = pin(focus, {})
    assert [(c.symbol, c.promoted, c.reason) for c in changes] == [
        ("P2/USD", False, "no longer working order")
    ]
    assert focus.symbols == ("P1/USD",)


def test_two_pairs_of_a_base_do_not_take_turns_in_focus() -> None:
    both = {"A/USD", "A/EUR", "B/USD"}
    focus, _ = follow(Focus(), ["A/EUR", "B/USD"], 0, FOCUS)
    rankings = (["B/USD", "A/USD"], ["A/EUR", "B/USD"], ["A/USD", "B/USD"])
    for n, ranking in enumerate(rankings, 2):
        focus, changes = follow(focus, held_places(focus, ranking, both), n * 60 * S, FOCUS)
        assert changes == ()
    # One that does not pass the gates any more gives its place to the other.
    places = held_places(focus, ["A/USD", "B/USD"], {"A/USD", "B/USD"})
    _, changes = follow(focus, places, 300 * S, FOCUS)
    assert {(c.symbol, c.promoted) for c in changes} == {("A/EUR", False), ("A/USD", True)}


def test_the_pair_that_is_pinned_has_its_bases_place_before_one_that_came_by_its_rank() -> None:
    focus, _ = follow(Focus(), ["A/EUR"], 0, FOCUS)
    focus, _ = pin(focus, {"A/USD": "configured"})
    places = held_places(focus, ["A/EUR", "B/USD"], {"A/EUR", "A/USD", "B/USD"})
    assert places == ("A/USD", "B/USD")
    _, changes = follow(focus, places, 60 * S, FOCUS)
    assert [(c.symbol, c.promoted) for c in changes] == [("A/EUR", False), ("B/USD", True)]
