"""Profit apart from what came and went; marks through a stated route; no stale ones."""

from decimal import Decimal

import pytest
from ledger_rows import Accounts
from ledger_story import SECOND_NS, Story, books_of, marks

from zoe.domain import valuation
from zoe.domain.ledger import Books, Terms
from zoe.domain.ledger_row import ONE, text_of
from zoe.domain.marks import Mark, MarkTable, Quote, mark_of

DAY = 86_400
FRESH_NS = 60 * SECOND_NS


def quote(price: str, at_ns: int = 0) -> Quote:
    return Quote(Decimal(price), at_ns, "mid")


@pytest.mark.parametrize(
    ("quotes", "price", "route"),
    [
        ({("SOL", "USD"): quote("100"), ("SOL", "EUR"): quote("1")}, "100", "SOL/USD"),
        (
            {("SOL", "EUR"): quote("90"), ("EUR", "USD"): quote("1.1")},
            "99.0",
            "SOL/EUR*EUR/USD",
        ),
        (
            {("SOL", "BTC"): quote("0.002"), ("BTC", "USD"): quote("50000")},
            "100.000",
            "SOL/BTC*BTC/USD",
        ),
        (
            {
                ("SOL", "EUR"): quote("90"),  # and no way from EUR to USD
                ("SOL", "ETH"): quote("0.05"),
                ("ETH", "USD"): quote("2000"),
            },
            "100.00",
            "SOL/ETH*ETH/USD",
        ),
        (
            {
                ("SOL", "USD"): quote("1", -FRESH_NS - 1),  # stale
                ("SOL", "USDT"): quote("100"),
                ("USDT", "USD"): quote("1"),
            },
            "100",
            "SOL/USDT*USDT/USD",
        ),
    ],
)
def test_a_mark_says_by_which_route_it_came(
    quotes: dict[tuple[str, str], Quote], price: str, route: str
) -> None:
    found = mark_of("SOL", quotes, 0, FRESH_NS)
    assert found == Mark("SOL", Decimal(price), 0, "mid", route)


def test_a_mark_is_as_old_as_the_older_of_its_quotes() -> None:
    quotes = {("SOL", "EUR"): quote("90", 5), ("EUR", "USD"): quote("1.1", 3)}
    found = mark_of("SOL", quotes, 10, FRESH_NS)
    assert found is not None
    assert found.time_ns == 3


def test_without_a_fresh_way_to_dollars_there_is_no_mark() -> None:
    quotes = {("SOL", "EUR"): quote("90"), ("EUR", "USD"): quote("1.1")}
    assert mark_of("SOL", quotes, FRESH_NS + 1, FRESH_NS) is None
    assert mark_of("USD", {}, 7, FRESH_NS) == Mark("USD", Decimal(1), 7, "par", "USD")


def test_marks_of_the_past_are_the_newest_before_and_never_from_later() -> None:
    table = MarkTable(
        (Mark("BTC", Decimal(2), 20, "made"), Mark("BTC", Decimal(1), 10, "made")), most_age_ns=15
    )
    found = [table.mark("BTC", at_ns) for at_ns in (9, 10, 19, 20, 35, 36)]
    prices = [None if mark is None else int(mark.price) for mark in found]
    assert prices == [None, 1, 1, 2, 2, None]
    assert table.mark("ETH", 20) is None


@pytest.mark.parametrize("price", [Decimal(0), Decimal(-1), Decimal("NaN"), Decimal("Infinity")])
def test_a_price_that_is_none_is_refused(price: Decimal) -> None:
    with pytest.raises(ValueError, match="price must be"):
        Mark("BTC", price, 0, "made")


def test_a_worth_is_rounded_towards_zero() -> None:
    mark = Mark("DOGE", Decimal("0.3333333333333"), 0, "made")
    assert mark.value(3) == 0
    assert mark.value(-4) == -1
    assert mark.value(30 * ONE) == 99_999_999_999


def test_deposits_and_withdrawals_are_no_profit() -> None:
    story = Story()
    story.row("deposit", "ZUSD", "10000", at=1)
    story.row("deposit", "XXBT", "1", at=2)
    story.row("withdrawal", "XXBT", "-0.25", at=DAY + 1)
    story.row("withdrawal", "ZUSD", "-400", at=DAY + 2)
    books = books_of(story.rows)
    days = valuation.daily(books.outcomes, marks())
    assert [day.profit for day in days] == [0, 0]
    assert [text_of(day.equity.total) for day in days] == ["60000", "47100"]
    assert [text_of(day.external) for day in days] == ["60000", "-12900"]


def test_fees_rewards_and_rising_marks_are_profit_of_their_day() -> None:
    story = Story()
    story.row("deposit", "ZUSD", "10000", "4", at=1)
    story.row("trade", "SOL", "10", refid="T", at=2)
    story.row("trade", "ZUSD", "-1000", "2", refid="T", at=2)
    story.row("earn/reward", "SOL", "1", at=DAY + 1)
    table = MarkTable(
        Mark("SOL", Decimal(price), day * DAY * SECOND_NS, "made")
        for day, price in enumerate((100, 100, 130))
    )
    books = Books(table)
    for row in story.rows:
        books.add(row)
    books.settle()
    first, second = valuation.daily(books.outcomes, table)
    assert (text_of(first.profit), text_of(first.realized)) == ("-6", "-4")
    assert text_of(first.equity.unrealized) == "-2"
    assert (text_of(second.profit), text_of(second.income)) == ("100", "100")
    later = valuation.equity(books, table, 3 * DAY * SECOND_NS)
    assert text_of(later.unrealized) == "328"
    assert {a: text_of(n) for a, n in valuation.fees(books).items()} == {"USD": "6"}


def test_what_has_no_mark_is_counted_at_its_basis_and_named() -> None:
    story = Story()
    row = story.row("deposit", "PEPE", "10")
    story.row("adjustment", "XXBT", "1")
    books = books_of(story.rows, Terms(declared={row.ledger_id: 3 * ONE}))
    found = valuation.equity(books, marks(), 10)
    assert (text_of(found.total), found.unmarked) == ("3", ("PEPE",))


@pytest.mark.parametrize("seed", range(3))
def test_the_days_profits_add_up_to_realized_income_and_unrealized(seed: int) -> None:
    made = Accounts(seed).make(500)
    table = MarkTable(made.marks())
    books = Books(table, Terms(declared=made.declared))
    for row in made.rows:
        books.add(row)
    books.settle()
    days = valuation.daily(books.outcomes, table)
    total, last = valuation.profit(books), days[-1].equity
    assert sum(day.profit for day in days) == total.realized + total.income + last.unrealized
    assert sum(day.realized for day in days) == total.realized
    now = valuation.equity(books, table, (days[-1].number + 1) * DAY * SECOND_NS - 1)
    assert (now.total, now.unrealized) == (last.total, last.unrealized)
