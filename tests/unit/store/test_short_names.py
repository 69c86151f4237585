"""Orders by the eight digits that a terminal shows of them."""

import json

import pytest
import stores

from zoe.domain.order_record import stream_of
from zoe.ports.journal import JournalRow
from zoe.store.connection import Database
from zoe.store.journal import PostgresJournal
from zoe.store.reading import why

#: Names that mean something else to LIKE, each found by another's where nobody sees to it.
ACCOUNTS = ("a_b", "axb", "a%b", "a\\b", "a_b/c", "é")
SHORTS = ("00000000", "0000000a", "12345678", "ffffffff")


def opened(seq: int, account: str, intent_id: str) -> JournalRow:
    body = json.dumps({"intent_id": intent_id, "state": "SENDING"})
    stream = stream_of(account, intent_id)
    return JournalRow(seq, account, stream, 1, "order.sending", seq, seq, seq, None, None, body)


@pytest.fixture(scope="module")
def database() -> Database:
    found = stores.fresh_database()
    for account in ACCOUNTS:
        names = [f"{short}-{n}000-7000-8000-000000000000" for n in range(2) for short in SHORTS]
        rows = [opened(seq, account, name) for seq, name in enumerate(names, 1)]
        PostgresJournal(found, account).append(rows)
    return found


@pytest.mark.parametrize("short", SHORTS)
def test_eight_digits_find_every_order_that_begins_with_them_and_no_other(
    database: Database, short: str
) -> None:
    found = {(row["account_id"], row["stream"]) for row in why(database, short)}
    names = [f"{short}-{n}000-7000-8000-000000000000" for n in range(2)]
    assert found == {(account, stream_of(account, name)) for account in ACCOUNTS for name in names}


def test_eight_digits_that_no_order_begins_with_find_nothing(database: Database) -> None:
    assert why(database, "7000-800") == why(database, "80000000") == []
