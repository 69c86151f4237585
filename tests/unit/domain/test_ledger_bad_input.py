"""Rows as nobody wishes them, and what the books say afterwards; docs/ledger.md lists them all."""

import pytest
from ledger_story import SECOND_NS, Story, alarms, books_of, lots, marks, uses

from zoe.domain.ledger import Books, Receipt
from zoe.domain.ledger_audit import state_hash, violations
from zoe.domain.ledger_row import ONE

DAY: int = 86_400


@pytest.fixture
def story() -> Story:
    """A purchase of two coins and a sale of one, days apart."""
    found = Story()
    found.row("deposit", "ZUSD", "10000")
    found.row("trade", "XETH", "2", refid="B", at=DAY)
    found.row("trade", "ZUSD", "-4000", refid="B", at=DAY)
    found.row("trade", "XETH", "-1", refid="S", at=2 * DAY)
    found.row("trade", "ZUSD", "2500", refid="S", at=2 * DAY)
    return found


def test_rows_that_come_twice_are_known_and_change_nothing(story: Story) -> None:
    books = books_of(story.rows)
    before = state_hash(books)
    assert [books.add(row) for row in story.rows * 2] == [Receipt.KNOWN] * 10
    settled = books.settle()
    assert (settled.booked, settled.outcomes) == ((), ())
    assert state_hash(books) == before


def test_rows_that_are_late_by_days_take_back_what_came_after_them(story: Story) -> None:
    early = Story()
    early.row("deposit", "ZUSD", "10000")
    early.row("deposit", "XETH", "1", at=DAY / 2)
    for row in story.rows[1:]:
        words, wallet = row.type, row.wallet
        early.row(
            words, wallet, str(row.amount // ONE), refid=row.refid, at=row.time_ns // SECOND_NS
        )
    late = early.rows[1]
    books = Books(marks())
    for row in early.rows:
        if row is not late:
            books.add(row)
    books.settle()
    # The coin that is missing is a gap of its wallet: neither trade of it is in the lots.
    assert lots(books, "ETH") == [] and set(books.gaps) == {"ETH"}
    books.add(late)
    books.settle()
    assert violations(books) == [] and books.gaps == {}
    # The sale takes the deposit, which is the older lot.
    assert uses(books) == [("ETH", "sale", "1", "2000", "2500")]
    assert lots(books, "ETH") == [("2", "4000")]


def test_rows_that_are_missing_hold_what_follows_until_they_come(story: Story) -> None:
    rows = [row for row in story.rows if row.ledger_id != "L003"]
    books = books_of(rows)
    assert violations(books) == []
    assert books.balances == {"ETH": ONE, "USD": 10_000 * ONE}
    assert {wallet: row.ledger_id for wallet, (_, row) in books.gaps.items()} == {"USD": "L005"}
    # Of both trades a leg is not booked: nothing of them is in the lots or in profit.
    assert uses(books) == []
    books.add(story.rows[2])
    books.settle()
    assert state_hash(books) == state_hash(books_of(story.rows))


def test_a_known_id_with_other_content_changes_nothing_and_is_shown(story: Story) -> None:
    books = books_of(story.rows)
    before = state_hash(books)
    other = story.rows[3]._replace(amount=-2 * ONE)
    assert books.add(other) is Receipt.CONFLICT
    books.settle()
    assert state_hash(books) == before
    assert books.conflicts == {"L004": [other]}


@pytest.mark.parametrize(
    ("words", "wallet", "asset"),
    [
        ("newfangled", "XETH", "ETH"),
        ("earn/newfangled", "XETH", "ETH"),
        ("transfer/delistingconversion", "XETH", "ETH"),
        ("deposit", "ETH.Q", "ETH.Q"),
    ],
)
def test_an_unknown_type_subtype_or_suffix_stands_in_suspense(
    story: Story, words: str, wallet: str, asset: str
) -> None:
    known = lots(books_of(story.rows), "ETH")
    story.row(words, wallet, "3", at=9 * DAY)
    books = books_of(story.rows)
    assert violations(books) == []
    assert books.accounts["suspense:unpaired", asset] == -3 * ONE
    assert alarms(books) == [("suspense", asset)]
    assert lots(books, "ETH") == known and lots(books, asset) in (known, [])


def test_an_unknown_asset_has_lots_of_its_own_that_say_that_nothing_values_them(
    story: Story,
) -> None:
    story.row("deposit", "NEWCOIN", "7")
    books = books_of(story.rows)
    assert violations(books) == []
    (lot,) = books.open_lots("NEWCOIN")
    assert (lot.quantity, lot.basis, lot.flag) == (7 * ONE, 0, "unvalued")
    assert ("unvalued", "NEWCOIN") in alarms(books)


def test_a_sale_of_more_than_is_held_stops_the_lots_of_that_asset_alone(story: Story) -> None:
    story.row("adjustment", "XETH", "5", at=3 * DAY - 1)
    story.row("trade", "XETH", "-4", refid="O", at=3 * DAY)
    story.row("trade", "ZUSD", "8000", refid="O", at=3 * DAY)
    story.row("trade", "SOL", "1", refid="N", at=4 * DAY)
    story.row("trade", "ZUSD", "-100", refid="N", at=4 * DAY)
    books = books_of(story.rows)
    assert violations(books) == []
    assert books.stopped == {"ETH"}
    assert ("oversold", "ETH") in alarms(books)
    # Neither a short nor a sale of basis zero: the lots stay, and the balances are the exchange's.
    assert lots(books, "ETH") == [("1", "2000")]
    assert (books.balances["ETH"], books.balances["USD"]) == (2 * ONE, 16_400 * ONE)
    assert lots(books, "SOL") == [("1", "100")]
