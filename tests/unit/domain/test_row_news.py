"""Rows as news: missed, late, or somebody else's doing; history is none."""

from zoe.domain.booking import REST, STREAM, Delivery
from zoe.domain.difference import EXTERNAL, LAG, MISSED
from zoe.domain.ledger_row import ONE, LedgerRow
from zoe.domain.row_news import RowNews

SECOND_NS = 1_000_000_000
LAG_NS = 3 * SECOND_NS
BEGAN_NS = 100
LATER_NS = 60 * SECOND_NS


def delivery(kind: str, source: str, time_ns: int = BEGAN_NS + 1) -> Delivery:
    row = LedgerRow("L1", "R1", time_ns, kind, "", "BTC", ONE, 0, ONE)
    return Delivery(row, source, time_ns)


def test_a_trade_that_the_stream_told_is_no_news() -> None:
    news = RowNews(LAG_NS, BEGAN_NS)
    assert news.came([delivery("trade", STREAM)], 1) == []
    assert not news.waits


def test_a_deposit_a_withdrawal_a_reward_and_what_nobody_knows_are_somebody_elses_doing() -> None:
    news = RowNews(LAG_NS, BEGAN_NS)
    for kind in ("deposit", "withdrawal", "staking", "adjustment"):
        (found,) = news.came([delivery(kind, STREAM)], 1)
        assert (found.subject, found.cause, found.theirs) == ("L1", EXTERNAL, f"{kind} 1 BTC")


def test_a_row_that_only_the_ledger_tells_was_missed() -> None:
    news = RowNews(LAG_NS, BEGAN_NS)
    assert news.came([delivery("trade", REST)], 0) == []
    assert news.due(LAG_NS) == []
    (missed,) = news.due(2 * LAG_NS)
    assert (missed.subject, missed.cause) == ("L1", MISSED)
    assert news.due(LATER_NS) == []


def test_a_row_that_the_stream_tells_after_the_ledger_was_late() -> None:
    news = RowNews(LAG_NS, BEGAN_NS)
    news.came([delivery("trade", REST)], 0)
    (late,) = news.told("L1", SECOND_NS)
    assert (late.cause, late.repair) == (LAG, "the stream told it 1.0 s later")
    assert news.due(LATER_NS) == []


def test_a_row_that_the_stream_told_in_words_of_its_own_was_not_missed() -> None:
    news = RowNews(LAG_NS, BEGAN_NS)
    news.told("L1", 0)
    news.came([delivery("trade", REST)], 1)
    assert news.due(LATER_NS) == []


def test_rows_of_before_the_desk_was_there_are_history() -> None:
    news = RowNews(LAG_NS, BEGAN_NS)
    assert news.came([delivery("deposit", REST, BEGAN_NS)], 0) == []
    assert news.due(LATER_NS) == []
