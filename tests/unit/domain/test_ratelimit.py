"""The exchange's rate counters, held against its own table and examples."""

from decimal import Decimal

import pytest

from zoe.domain.limit_words import Hit, limit_hit
from zoe.domain.limiter import Limiter
from zoe.domain.ratelimit import (
    TIERS,
    Action,
    Counter,
    RestLimiter,
    Wish,
    engine_cost_milli,
)

S = 1_000_000_000
AGES = (0, 5, 10, 15, 45, 90, 300)


@pytest.mark.parametrize(
    ("action", "fixed", "by_age"),
    [
        (Action.AMEND, 1, (3, 2, 1, 0, 0, 0, 0)),
        (Action.EDIT, 1, (6, 5, 4, 2, 1, 0, 0)),
        (Action.CANCEL, 0, (8, 6, 5, 4, 2, 1, 0)),
        (Action.BATCH_CANCEL, 0, (8, 6, 5, 4, 2, 1, 0)),
    ],
)
def test_each_action_costs_what_the_exchange_says(
    action: Action, fixed: int, by_age: tuple[int, ...]
) -> None:
    for seconds, points in zip(AGES, by_age, strict=True):
        assert engine_cost_milli(action, seconds * S) == (fixed + points) * 1_000
    # The last nanosecond of a column still belongs to it.
    for seconds, points in zip(AGES[1:], by_age, strict=False):
        assert engine_cost_milli(action, seconds * S - 1) == (fixed + points) * 1_000


def test_an_add_costs_a_point_whatever_its_age() -> None:
    assert engine_cost_milli(Action.ADD, None) == engine_cost_milli(Action.ADD, 7 * S) == 1_000


def test_batches_cost_by_their_size() -> None:
    assert engine_cost_milli(Action.BATCH_ADD, None, 5) == 3_500
    assert engine_cost_milli(Action.BATCH_CANCEL, 7 * S, 5) == 30_000


def test_the_documented_example_adds_up_to_eight_points() -> None:
    add = engine_cost_milli(Action.ADD, None)
    amend = engine_cost_milli(Action.AMEND, 7 * S)
    cancel = engine_cost_milli(Action.CANCEL, 36 * S)
    assert (add, amend, cancel) == (1_000, 3_000, 4_000)


def test_fifty_adds_and_ten_seconds_leave_what_the_exchange_says() -> None:
    assert Counter(50_000, 0).left(10 * S, TIERS["intermediate"].engine_decay_milli) == 26_600


def test_a_counter_decays_to_nothing_and_no_further() -> None:
    assert Counter(1_000, 0).left(3_600 * S, 1_000) == 0


def test_a_clock_that_goes_back_gives_no_points_away() -> None:
    counter = Counter(5_000, 10 * S)
    assert counter.left(4 * S, 1_000) == counter.left(10 * S, 1_000) == 5_000


def test_a_pair_that_is_full_waits_until_its_next_order_fits() -> None:
    limiter = Limiter(TIERS["starter"], reserve=10)
    for _ in range(50):
        assert limiter.engine_wait_ns(Wish("BTC/USD", Action.ADD, None), 0) == 0
        limiter.engine_spend(Wish("BTC/USD", Action.ADD, None), 0)
    assert limiter.engine_wait_ns(Wish("BTC/USD", Action.ADD, None), 0) == S
    assert limiter.engine_wait_ns(Wish("BTC/USD", Action.ADD, None), S - 1) == 1_000_000
    assert limiter.engine_wait_ns(Wish("BTC/USD", Action.ADD, None), S) == 0
    assert limiter.engine_wait_ns(Wish("ETH/USD", Action.ADD, None), 0) == 0


def test_a_cancel_never_waits() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    for _ in range(100):
        limiter.engine_spend(Wish("BTC/USD", Action.CANCEL, 0), 0)
    assert limiter.engine_wait_ns(Wish("BTC/USD", Action.CANCEL, 0), 0) == 0


def test_the_exchanges_own_count_is_believed_when_it_is_larger() -> None:
    limiter = Limiter(TIERS["pro"], reserve=0)
    limiter.engine_spend(Wish("BTC/USD", Action.ADD, None), 0)
    assert limiter.engine_reported("BTC/USD", Decimal("3.7501"), 0) == 2_751
    assert limiter.engine_reported("BTC/USD", Decimal(2), 0) == -1_751
    assert limiter.snapshot(S)["pairs"] == {"BTC/USD": "0.001"}


def test_the_snapshot_is_text_for_people() -> None:
    limiter = Limiter(TIERS["starter"], reserve=8)
    limiter.engine_spend(Wish("BTC/USD", Action.AMEND, 0, "o-1"), 0)
    limiter.engine_reported("BTC/USD", Decimal("4.5"), S)
    limiter.engine_throttled("ETH/USD", S)
    limiter.rest.spend(4, 0)
    assert limiter.snapshot(S) == {
        "tier": "starter",
        "threshold": 60,
        "ceiling": "52",
        "pairs": {"BTC/USD": "4.5", "ETH/USD": "60"},
        "owed": {"BTC/USD": "8"},
        "reported": {"BTC/USD": {"value": "4.5", "difference": "1.5"}},
        "paused_ms": {"ETH/USD": 2000},
        "rest": {"max": "15", "value": "3.67", "paused_ms": 0},
    }


def test_an_add_waits_while_the_cancels_of_young_orders_would_not_fit() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    for order in "abcdef":
        assert limiter.engine_wait_ns(Wish("X/Y", Action.ADD, None, order), 0) == 0
        limiter.engine_spend(Wish("X/Y", Action.ADD, None, order), 0)
    # 6 points and six cancels at 8: a seventh order would need 7 + 56; at 5 s, 2 + 6 * 6 + 8.
    seventh = Wish("X/Y", Action.ADD, None, "g")
    assert limiter.engine_wait_ns(seventh, 0) == 3 * S
    assert limiter.engine_wait_ns(Wish("X/Y", Action.ADD), 0) == 0, "of an order nobody cancels"
    for order in "abcdef":
        limiter.engine_spend(Wish("X/Y", Action.CANCEL, 0, order), 0)
    assert limiter.snapshot(0)["pairs"] == {"X/Y": "54"}
    assert limiter.engine_wait_ns(seventh, 0) == 3 * S, "now by the counter alone"


def test_an_amend_makes_its_order_young_again() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    limiter.engine_spend(Wish("X/Y", Action.ADD, None, "a"), 0)
    assert limiter.snapshot(100 * S)["owed"] == {"X/Y": "1"}
    limiter.engine_spend(Wish("X/Y", Action.AMEND, 100 * S, "a"), 100 * S)
    assert limiter.snapshot(100 * S)["owed"] == {"X/Y": "8"}
    assert limiter.snapshot(400 * S)["owed"] == {}


def test_however_many_orders_are_open_one_more_may_come_in_the_end() -> None:
    limiter = Limiter(TIERS["starter"], reserve=60)
    for number in range(200):
        limiter.engine_spend(Wish("X/Y", Action.ADD, None, str(number)), 0)
    assert 0 < limiter.engine_wait_ns(Wish("X/Y", Action.ADD, None, "new"), 0) <= 300 * S


def test_after_the_exchanges_word_even_cancels_pause_longer_each_time_in_a_row() -> None:
    limiter = Limiter(TIERS["pro"], reserve=0)
    cancel = Wish("X/Y", Action.CANCEL, 300 * S, "a")  # so old an order's costs nothing
    now_ns = 0
    for pause in (2, 4, 8, 16, 32, 60, 60):
        for _ in range(3):  # those that left before the pause are refused too, and change nothing
            limiter.engine_throttled("X/Y", now_ns)
        assert limiter.engine_wait_ns(cancel, now_ns) == pause * S
        now_ns += pause * S
    assert limiter.engine_wait_ns(Wish("Z/Y", Action.CANCEL, 0, "b"), 0) == 0
    limiter.engine_throttled("X/Y", 1_000 * S)
    assert limiter.engine_wait_ns(cancel, 1_000 * S) == 2 * S, "long ago is forgotten"
    limiter.engine_throttled("X/Y", 1_000 * S, seconds=900)
    assert limiter.engine_wait_ns(cancel, 1_000 * S) == 900 * S


def test_rest_calls_wait_for_the_decay_and_urgent_ones_use_the_reserve() -> None:
    rest = RestLimiter(TIERS["starter"], reserve=2)
    for _ in range(3):
        assert rest.wait_ns(4, 0) == 0
        rest.spend(4, 0)
    assert rest.wait_ns(1, 0) == 0
    rest.spend(1, 0)
    assert rest.wait_ns(1, 0) == 3_030_303_031
    assert rest.wait_ns(2, 0, urgent=True) == 0
    assert rest.wait_ns(0, 0) == 0
    assert rest.wait_ns(1, 3_030_303_031) == 0


def test_a_refused_call_fills_the_rest_counter_and_pauses_all() -> None:
    rest = RestLimiter(TIERS["pro"], reserve=0)
    rest.throttled(0)
    assert rest.wait_ns(0, 0, urgent=True) == 2 * S
    assert rest.wait_ns(4, 0) == 4 * S
    rest.throttled(0, 900)
    assert rest.wait_ns(1, 0) == 900 * S


def test_the_tiers_are_those_of_the_exchange() -> None:
    figures = {
        name: (tier.engine_threshold, tier.engine_decay_milli) for name, tier in TIERS.items()
    }
    assert figures == {
        "starter": (60, 1_000),
        "intermediate": (125, 2_340),
        "pro": (180, 3_750),
    }


@pytest.mark.parametrize(
    ("code", "hit"),
    [
        ("EOrder:Rate limit exceeded", Hit(True)),
        ("EOrder:Domain rate limit exceeded", Hit(True)),
        ("EAPI:Rate limit exceeded", Hit(False)),
        ("EGeneral:Too many requests", Hit(False)),
        ("HTTP 429", Hit(False)),
        ("EGeneral:Temporary lockout", Hit(False, 900)),
        ("EService: Throttled: 1741500007", Hit(False, 7)),
        ("EService:Throttled:1741499990", Hit(False, 0)),
        ("EAPI:Invalid nonce", None),
    ],
)
def test_which_counter_a_refusal_is_about_and_how_long_it_asks_for(
    code: str, hit: Hit | None
) -> None:
    assert limit_hit(code, 1_741_500_000 * S) == hit


def test_an_order_that_has_ended_needs_no_cancel_and_makes_room() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    placed = 0
    while limiter.engine_wait_ns(Wish("X/Y", Action.ADD, ref=f"o{placed}"), 0) == 0:
        limiter.engine_spend(Wish("X/Y", Action.ADD, ref=f"o{placed}"), 0)
        placed += 1
    limiter.engine_ended("X/Y", "o0")
    assert limiter.engine_wait_ns(Wish("X/Y", Action.ADD, ref="next"), 0) == 0


def test_a_cancel_that_is_repeated_is_counted_once() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    cancel = Wish("X/Y", Action.CANCEL, 0, ref="o1")
    for _ in range(20):
        limiter.engine_spend(cancel, 0)
    assert limiter.snapshot(0)["pairs"] == {"X/Y": "8"}


def test_the_age_of_an_order_is_known_from_its_own_news_and_counts_as_none_before() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    limiter.engine_spend(Wish("X/Y", Action.ADD, None, "a"), 0)
    cancel = Wish("X/Y", Action.CANCEL, 0, "a")
    assert limiter.engine_aged(cancel, 100 * S).cost_milli == 8_000
    limiter.engine_placed("X/Y", "a", 2 * S)
    assert limiter.engine_aged(cancel, 12 * S).cost_milli == 5_000
    amend = Wish("X/Y", Action.AMEND, 0, "a")
    assert limiter.engine_aged(amend, 12 * S).cost_milli == 2_000
    limiter.engine_spend(limiter.engine_aged(amend, 12 * S), 12 * S)
    assert limiter.engine_aged(amend, 60 * S).cost_milli == 4_000
    limiter.engine_placed("X/Y", "a", 13 * S)
    assert limiter.engine_aged(amend, 28 * S).cost_milli == 1_000
    assert limiter.engine_aged(Wish("X/Y", Action.ADD, None, "b"), 0).age_ns is None


def test_news_of_an_order_whose_cancel_is_not_provided_for_any_more_provide_for_none() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    free = limiter.engine_room("X/Y", 0).ceiling_milli
    limiter.engine_spend(Wish("X/Y", Action.ADD, None, "a"), 0)
    limiter.engine_placed("X/Y", "a", 2 * S, known=True)
    assert limiter.engine_aged(Wish("X/Y", Action.CANCEL, 0, "a"), 12 * S).cost_milli == 5_000
    limiter.engine_ended("X/Y", "a")
    limiter.engine_placed("X/Y", "a", 13 * S, known=True)
    assert limiter.engine_room("X/Y", 13 * S).ceiling_milli == free
    limiter.engine_placed("X/Y", "a", 13 * S)
    assert limiter.engine_room("X/Y", 13 * S).ceiling_milli < free


def test_the_room_of_a_pair_provides_for_every_cancel_and_for_the_reserve() -> None:
    limiter = Limiter(TIERS["starter"], reserve=20)
    assert limiter.engine_room("X/Y", 0).ceiling_milli == 40_000
    for number in range(5):
        limiter.engine_spend(Wish("X/Y", Action.ADD, None, str(number)), 0)
    room = limiter.engine_room("X/Y", 0)
    assert (room.used_milli, room.ceiling_milli) == (5_000, 60_000 - 6 * 8_000)
    assert (room.used(2 * S), room.earned(4 * S)) == (3_000, 4_000)
    limiter.engine_throttled("X/Y", 0)
    assert limiter.engine_room("X/Y", 0).used_milli >= limiter.engine_room("X/Y", 0).ceiling_milli
