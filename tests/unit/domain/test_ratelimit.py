"""The exchange's rate counters, held against its own table and examples."""

from decimal import Decimal

import pytest

from zoe.domain.ratelimit import TIERS, Action, Counter, Limiter, engine_cost_milli

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
    counter = Counter(50_000, 0).decayed(10 * S, TIERS["intermediate"].engine_decay_milli)
    assert counter.value_milli == 26_600


def test_a_counter_decays_to_nothing_and_no_further() -> None:
    assert Counter(1_000, 0).decayed(3_600 * S, 1_000) == Counter(0, 3_600 * S)


def test_a_clock_that_goes_back_gives_no_points_away() -> None:
    counter = Counter(5_000, 10 * S).decayed(4 * S, 1_000)
    assert counter.decayed(10 * S, 1_000).value_milli == 5_000


def test_a_pair_that_is_full_waits_until_its_next_order_fits() -> None:
    limiter = Limiter(TIERS["starter"], reserve=10)
    for _ in range(50):
        assert limiter.engine_wait_ns("BTC/USD", Action.ADD, None, 0) == 0
        limiter.engine_spend("BTC/USD", Action.ADD, None, 0)
    assert limiter.engine_wait_ns("BTC/USD", Action.ADD, None, 0) == S
    assert limiter.engine_wait_ns("BTC/USD", Action.ADD, None, S - 1) == 1_000_000
    assert limiter.engine_wait_ns("BTC/USD", Action.ADD, None, S) == 0
    assert limiter.engine_wait_ns("ETH/USD", Action.ADD, None, 0) == 0


def test_a_cancel_never_waits() -> None:
    limiter = Limiter(TIERS["starter"], reserve=0)
    for _ in range(100):
        limiter.engine_spend("BTC/USD", Action.CANCEL, 0, 0)
    assert limiter.engine_wait_ns("BTC/USD", Action.CANCEL, 0, 0) == 0


def test_the_exchanges_own_count_is_believed_when_it_is_larger() -> None:
    limiter = Limiter(TIERS["pro"], reserve=0)
    limiter.engine_spend("BTC/USD", Action.ADD, None, 0)
    assert limiter.engine_reported("BTC/USD", Decimal("3.7501"), 0) == Decimal("2.751")
    assert limiter.engine_reported("BTC/USD", Decimal(2), 0) == Decimal("-1.751")
    assert limiter.snapshot(S)["pairs"] == {"BTC/USD": "0.001"}


def test_the_snapshot_is_text_for_people() -> None:
    limiter = Limiter(TIERS["starter"], reserve=8)
    limiter.engine_spend("BTC/USD", Action.AMEND, 0, 0)
    assert limiter.snapshot(S) == {
        "tier": "starter",
        "threshold": 60,
        "ceiling": "52",
        "pairs": {"BTC/USD": "3"},
    }


def test_the_tiers_are_those_of_the_exchange() -> None:
    figures = {
        name: (tier.engine_threshold, tier.engine_decay_milli, tier.max_open_orders)
        for name, tier in TIERS.items()
    }
    assert figures == {
        "starter": (60, 1_000, 60),
        "intermediate": (125, 2_340, 80),
        "pro": (180, 3_750, 225),
    }
