"""What every store of the journal promises, on PostgreSQL and on the fake."""

import itertools
import json
import threading
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any

import attrs
import journal
import pytest
import stores
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.counted import REMEMBERED_NS
from zoe.domain.errors import StoreConflict
from zoe.ports.journal import EXECUTIONS, JournalRow, JournalStore
from zoe.store.connection import Database
from zoe.store.journal import RECENT_ROWS, PostgresJournal

ACCOUNT = "kraken:a"
_ACCOUNTS = itertools.count(1)


def on_postgres(account: str) -> JournalStore:
    return PostgresJournal(stores.fresh_database(), account)


def in_memory(account: str) -> JournalStore:
    return journal.MemoryJournal(account)


@pytest.fixture(params=[in_memory, on_postgres])
def store(request: pytest.FixtureRequest) -> JournalStore:
    make: Callable[[str], JournalStore] = request.param
    return make(ACCOUNT)


def row(seq: int, stream: str = "desk/a", version: int | None = None, **body: Any) -> JournalRow:
    return JournalRow(
        seq=seq,
        account_id=ACCOUNT,
        stream=stream,
        version=seq if version is None else version,
        kind="test.row",
        at_ns=1_700_000_000_000_000_000 + seq,
        message_id=(1 << 40) + seq,
        correlation_id=(1 << 40) + 1,
        causation_id=None if seq == 1 else (1 << 40) + seq - 1,
        anchor_seq=None if seq == 1 else seq - 1,
        body=json.dumps(body),
    )


def seqs(store: JournalStore) -> list[int]:
    """What is there for others to see."""
    if not isinstance(store, PostgresJournal):
        return [found.seq for found in store.stream("desk/a")]
    database = Database(store._database.server)
    found = [found.seq for found in PostgresJournal(database, ACCOUNT).stream("desk/a")]
    database.discard()
    return found


def test_both_are_stores(store: JournalStore) -> None:
    assert isinstance(store, JournalStore)


def test_an_empty_journal_ends_with_0(store: JournalStore) -> None:
    assert store.last_seq() == 0
    assert store.stream("desk/a") == ()
    assert store.open_orders(ACCOUNT) == ()
    assert store.order_rows(ACCOUNT, "O1") == ()


def test_a_stream_is_read_from_the_newest_row_of_a_kind_on(store: JournalStore) -> None:
    rows = [row(seq) for seq in range(1, 8)]
    for place in (1, 4):
        rows[place] = attrs.evolve(rows[place], kind="a.snapshot")
    store.append(rows)
    found = store.stream("desk/a", since="a.snapshot")
    assert [stored.seq for stored in found] == [5, 6, 7]
    assert len(store.stream("desk/a", since="never.written")) == 7
    assert store.stream("desk/none", since="a.snapshot") == ()


def test_rows_come_back_as_they_went_in(store: JournalStore) -> None:
    body: dict[str, Any] = {
        "a": "1.10",
        "ö": "\u2713 \\u0041 'quoted' :name $1",
        "n": 7,
        "x": None,
        "l": [1, {}],
    }
    store.append([row(1, **body), row(2)])
    assert store.last_seq() == 2
    first, second = store.stream("desk/a")
    assert (first.seq, first.stream, first.version, first.kind) == (1, "desk/a", 1, "test.row")
    assert first.at_ns == row(1).at_ns
    assert first.body == body
    assert second.body == {}


def test_a_stream_comes_in_its_own_order_or_only_its_newest_row(store: JournalStore) -> None:
    store.append([row(1, version=2), row(2, version=1), row(3, "other"), row(4, version=3)])
    assert seqs(store) == [2, 1, 4]
    assert [found.version for found in store.stream("desk/a", last=True)] == [3]


def test_a_number_that_is_taken_is_a_conflict_and_nothing_is_written(store: JournalStore) -> None:
    store.append([row(1), row(2)])
    with pytest.raises(StoreConflict):
        store.append([row(3), row(2, version=9)])
    assert seqs(store) == [1, 2]


def test_a_place_in_a_stream_that_is_taken_is_a_conflict(store: JournalStore) -> None:
    store.append([row(1)])
    with pytest.raises(StoreConflict):
        store.append([row(2, version=7), row(3, version=1)])
    store.append([row(2)])  # and the store goes on
    assert seqs(store) == [1, 2]


def in_a_thread(call: Callable[[], object]) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()


def test_what_is_begun_here_and_ended_in_another_thread_is_durable(store: JournalStore) -> None:
    for seq in range(1, 4):  # the first has to connect, the others leave at once
        in_a_thread(store.begin([row(seq, quantity="1.50")]))
        assert seqs(store) == list(range(1, seq + 1))


def test_many_rows_may_be_begun_as_well(store: JournalStore) -> None:
    store.begin([row(1)])()
    store.begin([row(seq) for seq in range(2, 100)])()
    store.begin([row(100, text="x" * 100_000)])()
    assert seqs(store) == list(range(1, 101))


def test_a_place_that_is_taken_is_a_conflict_for_whoever_ends_what_was_begun(
    store: JournalStore,
) -> None:
    store.begin([row(1)])()
    end = store.begin([row(2), row(1, version=9)])
    with pytest.raises(StoreConflict):
        end()
    store.begin([row(2)])()  # and the store goes on
    assert seqs(store) == [1, 2]


def test_settling_writes_what_is_not_there(store: JournalStore) -> None:
    store.settle([row(1), row(2)])
    assert seqs(store) == [1, 2]


def test_settling_leaves_what_is_there(store: JournalStore) -> None:
    rows = [row(1, quantity="1.50"), row(2)]
    store.append(rows)
    store.settle(rows)
    assert seqs(store) == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"body": '{"a": 2}'},
        {"stream": "desk/b"},
        {"version": 8},
        {"kind": "other"},
        {"message_id": 8},
        {"correlation_id": 8},
        {"causation_id": None},
        {"anchor_seq": None},
        {"at_ns": 8},
        {"seq": 8},
    ],
    ids=lambda change: next(iter(change)),
)
def test_settling_finds_another_writers_row_and_writes_nothing(
    store: JournalStore, change: dict[str, Any]
) -> None:
    ours = row(2, a=1)
    store.append([row(1), attrs.evolve(ours, **change)])
    with pytest.raises(StoreConflict):
        store.settle([row(1), ours, row(3)])
    assert 3 not in seqs(store)
    assert store.last_seq() in (2, 8)


def test_open_orders_are_those_whose_newest_row_does_not_conclude_them(store: JournalStore) -> None:
    store.append(
        [
            row(1, "order/a/1", 1, state="SENDING"),
            row(2, "order/a/2", 1, state="SENDING"),
            row(3, "order/a/1", 2, state="WORKING", order_id="O1"),
            row(4, "order/a/2", 2, state="FILLED", order_id="O2"),
            row(5, "order/a/3", 1, state="SENDING"),
            row(6, "order/a/3", 2, state="ABSENT"),
            row(7, "order/a/3", 3, state="WORKING", order_id="O3"),
            row(8, "order/a/4", 1, state="REJECTED"),
            row(9, "order/a/4", 2, state="WORKING", order_id="O4"),
            row(10, "order/a/5", 1, state="DENIED"),
            row(11, "strategy/a", 1, state="WORKING"),
        ]
    )
    found = [(r.stream, r.version) for r in store.open_orders(ACCOUNT)]
    assert found == [
        *(("order/a/1", n) for n in (1, 2)),
        *(("order/a/3", n) for n in (1, 2, 3)),
        *(("order/a/4", n) for n in (1, 2)),
    ]


def test_an_order_that_lacks_fills_is_open_until_they_are_here(store: JournalStore) -> None:
    ended = {"state": "FILLED", "order_id": "O1", "fills_missing": True}
    store.append(
        [
            row(1, "order/a/1", 1, state="SENDING"),
            row(2, "order/a/1", 2, **ended),
            row(3, "order/a/2", 1, state="SENDING"),
            row(4, "order/a/2", 2, **ended),
            row(5, "order/a/2", 3, state="FILLED", order_id="O1"),
            row(6, "ledger/a", 1, **ended),
        ]
    )
    found = [(r.stream, r.version) for r in store.open_orders(ACCOUNT)]
    assert found == [("order/a/1", 1), ("order/a/1", 2)]


def test_an_orders_rows_are_found_by_the_exchanges_id(store: JournalStore) -> None:
    store.append(
        [
            row(1, "order/a/1", 1, state="SENDING"),
            row(2, "order/a/2", 1, state="SENDING", order_id="O2"),
            row(3, "order/a/1", 2, state="WORKING", order_id="O1"),
            row(4, "ledger/a", 1, order_id="O1"),
        ]
    )
    assert [found.seq for found in store.order_rows(ACCOUNT, "O1")] == [1, 3]


def test_what_our_own_fills_came_to_is_told_order_by_order(store: JournalStore) -> None:
    first = {"pair": "BTC/USD", "side": "buy", "fee": "0.001"}
    store.append(
        [
            opened(1, "order/a/1", "strategy/q"),
            opened(2, "order/a/2", "external"),
            opened(3, "order/a/3", "person"),
            opened(4, "order/a/4", "person"),
            filled(5, "order/a/1", 2, first | {"quantity": "0.5", "fee_asset": "BTC"}),
            filled(6, "order/a/1", 3, first | {"quantity": "0.25", "fee_asset": "USD"}),
            filled(7, "order/a/2", 2, first | {"quantity": "9", "fee_asset": "USD"}),
            filled(
                *(8, "order/a/3", 2),
                {"pair": "ETH/USD", "side": "sell", "quantity": "2", "fee": "1", "fee_asset": "X"},
            ),
            row(9, "order/a/3", 3, state="FILLED"),
        ]
    )
    found = {
        r.stream: (
            r.body["pair"],
            r.body["side"],
            *map(Decimal, (r.body["quantity"], r.body["fees"])),
        )
        for r in store.traded(ACCOUNT)
    }
    assert found == {
        "order/a/1": ("BTC/USD", "buy", Decimal("0.75"), Decimal("0.001")),
        "order/a/3": ("ETH/USD", "sell", Decimal(2), Decimal(0)),
    }
    store.append(
        [
            filled(
                10,
                "order/a/3",
                4,
                {"pair": "ETH/USD", "side": "sell", "quantity": "1", "fee": "0", "fee_asset": "X"},
            )
        ]
    )
    later = {r.stream: Decimal(r.body["quantity"]) for r in store.traded(ACCOUNT)}
    assert later["order/a/3"] == 3, "a late fill is in it, too"


def test_executions_of_one_source_are_told_in_order_with_their_slot(store: JournalStore) -> None:
    first = {"pair": "BTC/USD", "side": "buy", "quantity": "1", "fee": "0", "fee_asset": "USD"}
    first |= {"exchange_ns": str(REMEMBERED_NS)}
    slotted = attrs.evolve(
        opened(2, "order/a/2", "strategy/q"),
        body=json.dumps({"source": "strategy/q", "state": "SENDING", "slot": "BTC/USD bid.0"}),
    )
    store.append(
        [
            opened(1, "order/a/1", "strategy/q"),
            slotted,
            opened(3, "order/a/3", "person"),
            filled(4, "order/a/2", 2, first | {"exec_id": "T1"}),
            filled(5, "order/a/3", 2, first | {"exec_id": "T2"}),
            filled(6, "order/a/1", 2, first | {"exec_id": "T3"}),
        ]
    )
    found = [(r.seq, r.stream, r.body["exec_id"], r.body["slot"]) for r in store.fills(ACCOUNT, "strategy/q")]  # fmt: skip
    assert found == [(4, "order/a/2", "T1", "BTC/USD bid.0"), (6, "order/a/1", "T3", None)]
    assert store.fills(ACCOUNT, "strategy/other") == ()
    known, newer = store.fills(ACCOUNT, "strategy/q", after=5)
    ids = {"T1": REMEMBERED_NS, "T2": REMEMBERED_NS}
    assert (known.seq, known.kind, known.body["exec_ids"]) == (5, EXECUTIONS, ids)
    assert (newer.seq, newer.body["exec_id"]) == (6, "T3")


def test_ids_of_executions_up_to_a_number_are_told_of_the_newest_hours(store: JournalStore) -> None:
    one = {"pair": "BTC/USD", "side": "buy", "quantity": "1", "fee": "0", "fee_asset": "USD"}
    times = {"T1": 9, "T2": REMEMBERED_NS + 10, "T3": 10, "T4": 11}
    rows = [
        filled(2 + n, "order/a/1", 2 + n, one | {"exec_id": name, "exchange_ns": str(at_ns)})
        for n, (name, at_ns) in enumerate(times.items())
    ]
    store.append([opened(1, "order/a/1", "strategy/q"), *rows])
    (known,) = store.fills(ACCOUNT, "strategy/q", after=5)
    assert known.body["exec_ids"] == {"T2": REMEMBERED_NS + 10, "T3": 10, "T4": 11}
    (known, *_) = store.fills(ACCOUNT, "strategy/q", after=2)
    assert known.body["exec_ids"] == {"T1": 9}


def opened(seq: int, stream: str, source: str) -> JournalRow:
    return row(seq, stream, 1, source=source, state="SENDING")


def filled(seq: int, stream: str, version: int, body: dict[str, str]) -> JournalRow:
    return attrs.evolve(row(seq, stream, version, state="WORKING", **body), kind="order.fill")


def test_concluded_orders_of_long_ago_are_told_as_one_sum() -> None:
    fill = {"pair": "BTC/USD", "side": "buy", "quantity": "1", "fee": "0", "fee_asset": "USD"}
    rows = [
        *(opened(n, f"order/a/{n}", "person") for n in (1, 2, 3)),
        *(filled(n + 3, f"order/a/{n}", 2, fill) for n in (1, 2, 3)),
        *(row(n + 6, f"order/a/{n}", 3, state="FILLED") for n in (1, 2)),
    ]
    journal = PostgresJournal(stores.fresh_database(), ACCOUNT)
    journal.append([*rows, row(9 + RECENT_ROWS, "desk/a", 1)])
    found = {r.stream: Decimal(r.body["quantity"]) for r in journal.traded(ACCOUNT)}
    assert found == {"": Decimal(2), "order/a/3": Decimal(1)}


def test_two_accounts_share_a_database_each_with_numbers_of_its_own() -> None:
    database = stores.fresh_database()
    one, other = PostgresJournal(database, ACCOUNT), PostgresJournal(database, "kraken:b")
    one.append([row(1)])
    other.append([attrs.evolve(row(1), account_id="kraken:b")])
    one.append([row(2)])
    assert (one.last_seq(), other.last_seq()) == (2, 1)
    assert len(other.stream("desk/a")) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@cache
def one_database() -> Database:
    return stores.fresh_database()


def without_nul(value: object) -> object:
    """PostgreSQL has no place for a NUL: a sign stands for it."""
    match value:
        case str():
            return value.replace("\0", "\ufffd")
        case list():
            return [without_nul(one) for one in value]
        case dict():
            return {without_nul(key): without_nul(one) for key, one in value.items()}
        case _:
            return value


@given(bodies=st.lists(st.dictionaries(st.text(), JSON, max_size=4), min_size=1, max_size=4))
def test_any_body_comes_back_and_settles(bodies: list[dict[str, object]]) -> None:
    account = f"kraken:{next(_ACCOUNTS)}"
    store = PostgresJournal(one_database(), account)
    rows = [
        attrs.evolve(row(n), account_id=account, body=json.dumps(body))
        for n, body in enumerate(bodies, 1)
    ]
    store.append(rows)
    store.settle(rows)
    assert [found.body for found in store.stream("desk/a")] == without_nul(list(bodies))
