"""What the journal in memory has of a database beside the contract that both fulfil."""

import msgspec
import pytest

from zoe.ports.journal import JournalRow
from zoe.store.in_memory import MemoryJournal


def row(seq: int, body: str) -> JournalRow:
    return JournalRow(seq, "a", f"order/a/{seq}", 1, "order.sending", 4, seq, seq, None, None, body)


def test_a_body_that_is_no_json_is_refused_with_all_of_its_group() -> None:
    journal = MemoryJournal("a")
    with pytest.raises(msgspec.DecodeError):
        journal.append([row(1, '{"state":"SENDING"}'), row(2, '{"state":')])
    assert journal.rows == [] and journal.last_seq() == 0
    journal.append([row(1, '{"state":"SENDING"}')])
    assert [stored.seq for stored in journal.open_orders("a")] == [1]
