"""The breaker: what counts as lost, what does not, and what cannot be valued."""

from decimal import Decimal

import attrs
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.breaker import DAY_NS, Breaker, Equity, begin, from_body, passed, to_body, value
from zoe.domain.risk import Limits
from zoe.domain.risk_report import breaker_facts

BALANCES = {"USD": Decimal(5_000), "BTC": Decimal(1), "SOL": Decimal(10), "EUR": Decimal(0)}


def equity(bitcoin: int) -> Equity:
    return value(BALANCES, {"BTC": Decimal(bitcoin)}, "USD")


def lost(breaker: Breaker, found: Equity) -> list[int]:
    return [int(bps) for bps in breaker.loss_bps(found)]


def seen(breaker: Breaker, now_ns: int, found: Equity, moved: int = 0) -> Breaker:
    after = breaker.observe(now_ns, found, Decimal(moved))
    assert after is not None
    return after


def test_what_has_no_quote_is_left_out_and_said() -> None:
    found = equity(5_000)
    assert found.amount == 10_000
    assert found.unvalued == ("SOL",)


def test_losses_are_measured_from_the_days_opening_and_from_the_highest() -> None:
    breaker = seen(begin(0, equity(5_000)), 1, equity(7_000))
    assert lost(breaker, equity(4_000)) == [1_000, 2_500]
    assert passed(breaker, equity(4_000), 1_000, 2_500) is None
    said = "daily loss 1010 bps, limit 1000: 8990 USD after 10000"
    assert passed(breaker, equity(3_990), 1_000, 3_000) == said
    assert (passed(breaker, equity(3_900), 0, 2_500) or "").startswith("drawdown 2583 bps")
    assert passed(breaker, equity(1), 0, 0) is None


def test_a_new_day_opens_anew_and_keeps_the_highest() -> None:
    breaker = seen(begin(0, equity(5_000)), DAY_NS, equity(4_000))
    assert (breaker.day, breaker.opening, breaker.high) == (1, Decimal(9_000), Decimal(10_000))


def test_a_withdrawal_is_no_loss_and_a_deposit_no_gain() -> None:
    breaker = begin(0, equity(5_000))
    poorer = value(BALANCES | {"USD": Decimal(1_000)}, {"BTC": Decimal(5_000)}, "USD")
    assert lost(seen(breaker, 1, poorer, -4_000), poorer) == [0, 0]
    richer = value(BALANCES | {"USD": Decimal(9_000)}, {"BTC": Decimal(4_000)}, "USD")
    assert lost(seen(breaker, 1, richer, 4_000), richer) == [714, 714]


def test_an_asset_that_can_be_valued_from_now_on_is_no_gain() -> None:
    breaker = begin(0, equity(5_000))
    more = value(BALANCES, {"BTC": Decimal(4_000), "SOL": Decimal(100)}, "USD")
    after = seen(breaker, 1, more)
    # 1,000 of 11,000 is lost.
    assert lost(after, more) == [909, 909]


def test_without_a_quote_of_what_the_marks_hold_nothing_is_judged() -> None:
    assert begin(0, equity(5_000)).observe(1, value(BALANCES, {}, "USD")) is None


@given(st.integers(0, 10**6), st.decimals(0, 10**9, places=8), st.sets(st.text(max_size=5)))
def test_a_breaker_comes_back_from_its_row(day: int, high: Decimal, valued: set[str]) -> None:
    breaker = Breaker(day, high, high, frozenset(valued))
    assert from_body(to_body(breaker, "USD"), "USD") == attrs.evolve(breaker, strikes=0)


def test_marks_in_another_currency_are_none() -> None:
    body = to_body(begin(0, equity(5_000)), "USD")
    assert from_body(body, "EUR") is None
    del body["currency"]  # as older rows are
    assert from_body(body, "EUR") == begin(0, equity(5_000))


def test_a_breaker_that_cannot_see_what_its_marks_hold_does_not_say_that_it_is_armed() -> None:
    breaker, blind = begin(0, equity(5_000)), value(BALANCES, {}, "USD")
    for found, state in ((equity(4_000), "armed"), (blind, "waits for quotes")):
        assert breaker_facts(Limits(), breaker, found, None)["state"] == state
