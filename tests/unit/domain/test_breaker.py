"""The breaker: what counts as lost, what does not, and what cannot be valued."""

from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.breaker import (
    DAY_NS,
    Breaker,
    Equity,
    Held,
    begin,
    from_body,
    passed,
    to_body,
    value,
)
from zoe.domain.risk import Limits
from zoe.domain.risk_report import breaker_facts

BALANCES = {"USD": Decimal(5_000), "BTC": Decimal(1), "SOL": Decimal(10), "EUR": Decimal(0)}


def worth(
    changes: dict[str, int], marks: dict[str, int], moved: dict[str, int] | None = None
) -> Equity:
    """What the balances with these changes come to."""
    balances = BALANCES | amounts(changes)
    return value(Held(balances, amounts(moved or {})), amounts(marks), "USD")


def amounts(known: dict[str, int]) -> dict[str, Decimal]:
    return {asset: Decimal(amount) for asset, amount in known.items()}


def equity(bitcoin: int) -> Equity:
    return worth({}, {"BTC": bitcoin})


def lost(breaker: Breaker, found: Equity) -> list[int]:
    return [int(bps) for bps in breaker.loss_bps(found)]


def seen(breaker: Breaker, now_ns: int, found: Equity) -> Breaker:
    after = breaker.observe(now_ns, found)
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
    poorer = worth({"USD": 1_000}, {"BTC": 5_000}, {"USD": -4_000})
    assert lost(seen(breaker, 1, poorer), poorer) == [0, 0]
    richer = worth({"USD": 9_000}, {"BTC": 4_000}, {"USD": 4_000})
    assert lost(seen(breaker, 1, richer), richer) == [714, 714]


def test_an_asset_that_can_be_valued_from_now_on_is_no_gain() -> None:
    breaker = begin(0, equity(5_000))
    more = worth({}, {"BTC": 4_000, "SOL": 100})
    # 1,000 of 11,000 is lost.
    assert lost(seen(breaker, 1, more), more) == [909, 909]


def test_what_was_bought_of_an_asset_that_was_held_and_left_out_is_no_deposit() -> None:
    breaker = begin(0, equity(5_000))
    found = worth({"USD": 4_000, "SOL": 20}, {"BTC": 5_000, "SOL": 100})
    after = seen(breaker, 1, found)
    assert (after.opening, found.amount) == (Decimal(11_000), Decimal(11_000))


@pytest.mark.parametrize(
    "changes", [{"USD": 0, "ADA": 9}, {"BTC": 0, "SOL": 60}, {"USD": 9_000, "SOL": 0}]
)
def test_what_is_traded_for_an_asset_without_a_quote_is_neither_gain_nor_loss(
    changes: dict[str, int],
) -> None:
    found = worth(changes, {"BTC": 5_000})
    after = seen(begin(0, equity(5_000)), 1, found)
    assert after.opening == found.amount != 10_000


def test_what_was_moved_or_traded_away_without_a_quote_is_waited_for() -> None:
    breaker = begin(0, equity(5_000))
    assert breaker.observe(1, worth({"BTC": 0}, {}, {"BTC": -1})) is None
    assert breaker.observe(1, worth({"BTC": 0, "SOL": 60}, {})) is None
    assert breaker.observe(1, worth({"BTC": 0, "USD": 9_000}, {})) is not None


def test_without_a_quote_of_what_the_marks_hold_nothing_is_judged() -> None:
    assert begin(0, equity(5_000)).observe(1, worth({}, {})) is None


ASSETS = ("USD", "BTC", "SOL", "ADA")
#: At which nothing is gained or lost: whatever happens to the balances, no marks may differ.
PRICES = {"USD": 1, "BTC": 5_000, "SOL": 100, "ADA": 3}
EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.just("trade"),
            st.sampled_from(ASSETS),
            st.sampled_from(ASSETS),
            st.integers(1, 10_000),
        ),
        st.tuples(
            st.just("move"), st.sampled_from(ASSETS), st.just(""), st.integers(-10_000, 10_000)
        ),
        st.tuples(st.just("quote"), st.sampled_from(ASSETS[1:]), st.just(""), st.booleans()),
        st.tuples(st.just("look"), st.just(""), st.just(""), st.booleans()),
    ),
    max_size=30,
)


@given(st.dictionaries(st.sampled_from(ASSETS), st.integers(1, 10_000)), EVENTS)
def test_where_no_price_changes_nothing_is_ever_gained_or_lost(
    worths: dict[str, int], events: list[tuple[str, str, str, int]]
) -> None:
    balances = {asset: Decimal(amount) / PRICES[asset] for asset, amount in worths.items()}
    moved: dict[str, Decimal] = {}
    quoted: set[str] = set()
    breaker: Breaker | None = None

    def look(restart: bool) -> None:
        nonlocal breaker
        marks = {asset: Decimal(PRICES[asset]) for asset in quoted}
        found = value(Held(dict(balances), dict(moved)), marks, "USD")
        if breaker is None:
            breaker = begin(0, found)
        elif restart:
            breaker = from_body(to_body(breaker, "USD"), "USD")
            assert breaker is not None
        after = breaker.observe(1, found)
        if after is not None:
            breaker = after
            assert (breaker.opening, breaker.high) == (found.amount, found.amount)

    for kind, asset, other, size in [("look", "", "", 0), *events]:
        match kind:
            case "look":
                look(bool(size))
            case "quote":
                (quoted.add if size else quoted.discard)(asset)
            case "move":
                change(balances, asset, size)
                change(moved, asset, size)
            case _:
                change(balances, asset, -size)
                change(balances, other, size)


def change(amounts: dict[str, Decimal], asset: str, worth: int) -> None:
    amounts[asset] = amounts.get(asset, Decimal(0)) + Decimal(worth) / PRICES[asset]


AMOUNTS = st.dictionaries(st.text(max_size=5), st.decimals(0, 10**9, places=8))


@given(
    st.integers(0, 10**6),
    st.decimals(0, 10**9, places=8),
    st.sets(st.text(max_size=5)),
    st.none() | st.builds(Held, AMOUNTS, AMOUNTS),
)
def test_a_breaker_comes_back_from_its_row(
    day: int, high: Decimal, valued: set[str], held: Held | None
) -> None:
    breaker = Breaker(day, high, high, frozenset(valued), held)
    assert from_body(to_body(breaker, "USD"), "USD") == attrs.evolve(breaker, strikes=0)


def test_marks_of_an_older_row_take_what_they_do_not_know_as_held_already() -> None:
    body = to_body(begin(0, equity(5_000)), "USD")
    del body["balances"], body["moved"]
    breaker = from_body(body, "USD")
    assert breaker is not None
    more = worth({}, {"BTC": 4_000, "SOL": 100})
    after = seen(breaker, 1, more)
    assert (after.opening, after.held) == (Decimal(11_000), more.held)


def test_marks_in_another_currency_are_none() -> None:
    body = to_body(begin(0, equity(5_000)), "USD")
    assert from_body(body, "EUR") is None
    del body["currency"]  # as older rows are
    assert from_body(body, "EUR") == begin(0, equity(5_000))


def test_a_breaker_that_cannot_see_what_its_marks_hold_does_not_say_that_it_is_armed() -> None:
    breaker, blind = begin(0, equity(5_000)), worth({}, {})
    for found, state in ((equity(4_000), "armed"), (blind, "waits for quotes")):
        assert breaker_facts(Limits(), breaker, found, None)["state"] == state
