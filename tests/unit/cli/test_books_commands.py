"""What ``equity`` makes of the books."""

from decimal import Decimal

from ledger_story import Story

from zoe.cli import books_commands
from zoe.domain.booking import StoredBooks
from zoe.domain.bookkeeping import Bookkeeping
from zoe.domain.marks import Mark, MarkTable, NoMarks


def test_marks_are_printed_without_trailing_zeros_and_cash_has_none() -> None:
    story = Story()
    story.row("deposit", "ZUSD", "1000")
    story.row("trade", "XETH", "0.5", refid="T")
    row = story.row("trade", "ZUSD", "-500", refid="T")
    keeping = Bookkeeping(StoredBooks(rows=tuple(story.rows)), NoMarks())
    keeping.catch_up(None, 1)
    mark = Mark("ETH", Decimal("1100.50000"), row.time_ns, "mid", "direct")
    cash, held = books_commands.holdings(keeping.books, MarkTable((mark,)), row.time_ns + 1)
    assert (cash["asset"], cash["quantity"], cash["mark"]) == ("USD", "500", None)
    assert (held["quantity"], held["mark"], held["value"]) == ("0.5", "1100.5", "550.25")
    assert held["unrealized"] == "50.25"
