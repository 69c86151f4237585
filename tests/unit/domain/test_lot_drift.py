"""Lots against balances: what is in no lot, and why."""

from ledger_story import Story, books_of

from zoe.domain.difference import (
    EXTERNAL,
    LAG,
    OPEN,
    SETTLED,
    UNKNOWN,
    WAITING,
    Difference,
    Standing,
)
from zoe.domain.ledger import Books
from zoe.domain.lot_drift import LotDrift

SECOND_NS = 1_000_000_000
LAG_NS = 3 * SECOND_NS
LATER_NS = 60 * SECOND_NS


def compare(books: Books) -> list[Difference]:
    """What stands for longer than lag."""
    drift = LotDrift(LAG_NS)
    assert drift.compare(books, 0) == [], "known lag alarms nobody"
    found = drift.compare(books, LATER_NS)
    assert drift.compare(books, LATER_NS + 1) == [], "told once"
    return found


def held() -> Story:
    story = Story()
    story.row("deposit", "XETH", "1")
    story.row("deposit", "ZUSD", "1000")
    return story


def test_lots_that_make_up_the_balances_differ_from_nothing() -> None:
    assert compare(books_of(held().rows)) == []


def test_what_is_in_suspense_is_in_no_lot_and_waits_for_somebody_to_say_what_it_is() -> None:
    story = held()
    story.row("adjustment", "XETH", "0.5")
    (found,) = compare(books_of(story.rows))
    assert (found.subject, found.status, found.cause) == ("lots ETH", WAITING, EXTERNAL)
    assert (found.ours, found.theirs) == ("1", "1.5")
    assert found.repair == "0.5 in suspense: nobody knows what it is"


def test_a_trade_that_waits_for_its_other_leg_is_under_way() -> None:
    story = held()
    row = story.row("trade", "XETH", "0.5", refid="T")
    books = Books()
    for known in story.rows:
        books.add(known)
    books.settle(row.time_ns + SECOND_NS)
    (found,) = compare(books)
    assert (found.status, found.cause, found.theirs) == (WAITING, LAG, "1.5")


def test_lots_that_cannot_be_booked_any_more_alarm() -> None:
    story = held()
    story.row("adjustment", "XETH", "1")
    story.row("trade", "XETH", "-1.5", refid="T")
    story.row("trade", "ZUSD", "3000", refid="T")
    (found,) = compare(books_of(story.rows))
    assert (found.subject, found.status, found.cause) == ("lots ETH", OPEN, UNKNOWN)


def test_what_an_earlier_run_left_is_settled_once_the_lots_make_up_the_balance() -> None:
    left = Difference("lots ETH", OPEN, UNKNOWN, "1", "2", "no row explains it")
    drift = LotDrift(LAG_NS, [Standing(4, 0, left)])
    (settled,) = drift.compare(books_of(held().rows), LATER_NS)
    assert (settled.subject, settled.status) == ("lots ETH", SETTLED)
    assert settled.repair == "settled by itself after 60.0 s"
