"""What people's commands read: orders, fills, balances, health, and the causes of a thing.

Numbers come as text, times as nanoseconds; the functions work with or without a running desk.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import attrs

from zoe.domain.errors import ConfigError, StoreError, StoreUnknown
from zoe.domain.ids import id_number, uuid_text
from zoe.domain.order_record import stream_of
from zoe.domain.quantity import plain
from zoe.store.connection import Connection, Database, Server, server_of
from zoe.store.embedded import START_SECONDS, EmbeddedServer, Endpoint
from zoe.store.journal import HISTORY_SECONDS, NOT_ENDED
from zoe.store.migrate import migrate
from zoe.store.waiting import wait_until_up

_ROW: Final = (
    "seq, account_id, stream, version, kind, at_ns, message_id, correlation_id, causation_id, "
    "anchor_seq, body"
)
_OPEN: Final = ("SENDING", "PENDING", "WORKING", "IN_DOUBT", "WAITING")
#: The view has no more of an order's first row.
_TERMS: Final = (
    "SELECT orders.*, first.body ->> 'trigger_price' AS trigger_price, "
    "first.body ->> 'time_in_force' AS time_in_force"
)
_ALL: Final = f"{_TERMS} FROM orders JOIN journal first USING (account_id, seq)"
_STILL_OPEN: Final = (
    f"{NOT_ENDED} {_TERMS} FROM candidate JOIN orders USING (account_id, seq)"
    " JOIN journal first USING (account_id, seq)"
)
#: A story longer than this is cut; it is meant for a person.
MOST_ROWS: Final = 2_000
#: Fields of a body that hold an id as text.
_ID_KEYS: Final = (
    "order_id", "cl_ord_id", "intent_id", "key", "exec_id", "ledger_id", "ref_id"
)  # fmt: skip
_PAUSE_SECONDS: Final = 0.05
#: As index journal_opened has them.
_OPENED: Final = "version = 1 AND stream LIKE 'order/%'"
#: One by one out of the primary key, however many rows each has.
_ACCOUNTS: Final = """
WITH RECURSIVE known AS (
    SELECT min(account_id) AS account_id FROM journal
     UNION ALL
    SELECT (SELECT min(j.account_id) FROM journal j WHERE j.account_id > known.account_id)
      FROM known WHERE known.account_id IS NOT NULL)
SELECT account_id FROM known WHERE account_id IS NOT NULL"""
#: The first part of a UUID.
_SHORT: Final = re.compile(r"[0-9a-f]{8}")

T = TypeVar("T")
Row = dict[str, Any]
#: Account and number: what tells a row from all others.
Place = tuple[str, int]


@attrs.frozen
class Question:
    """A condition on journal rows, with the values of its parameters a and b.

    Attributes:
        walk_on: Whether to go on from the rows that it finds.
    """

    where: str
    values: tuple[str | int, ...]
    walk_on: bool = True


class NothingToRead(ConfigError):
    """No desk has run there yet: there are no books to look into."""


class _NotUp(StoreError):
    """Somebody else's server does not answer yet, or does not any more."""


def read(state_dir: Path, url: str, work: Callable[[Database], T]) -> T:
    """What ``work`` finds in the desk's database; it may be asked more than once.

    Args:
        url: Of a database of the user's; empty for the desk's own.

    Raises:
        NothingToRead: There is nothing to read yet.
        StoreError: The database cannot be reached.
    """
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with open_for_reading(state_dir, url) as database:
                return work(database)
        except (_NotUp, StoreUnknown):
            # Whoever runs the server, a desk or another reader, is starting or stopping it.
            if url or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def open_for_reading(state_dir: Path, url: str) -> Iterator[Database]:
    """A database to read from: the one named, the running desk's own, or the desk's own started
    for the occasion and stopped again. Raises as ``read`` does."""
    if url:
        database = Database(server_of(url))
        if database.run(lambda c: c.run("SELECT to_regclass('journal')"))[0][0] is None:
            raise NothingToRead("nothing to read in that database: no desk has used it yet")
        yield database
        database.discard()
        return
    if not EmbeddedServer.exists(state_dir):
        raise NothingToRead(f"nothing to read in {state_dir}: no desk has run there yet")
    running = EmbeddedServer.running(state_dir)
    if running is not None:
        database = _answering(running)
        yield database
        database.discard()
        return
    with served_by(_start(state_dir)) as database:
        yield database


@contextmanager
def served_by(server: EmbeddedServer) -> Iterator[Database]:
    """The desk's database on a server started for the occasion, which is stopped afterwards."""
    try:
        database = Database(server_at(server.endpoint))
        wait_until_up(database, server)
        migrate(database)
        yield database
        database.discard()
    finally:
        server.stop()


def _answering(running: Endpoint) -> Database:
    database = Database(server_at(running))
    try:
        database.run(lambda connection: connection.run("SELECT 1 FROM journal LIMIT 1"))
    except StoreError as problem:
        raise _NotUp(str(problem)) from problem
    return database


def _start(state_dir: Path) -> EmbeddedServer:
    try:
        return EmbeddedServer.start(state_dir)
    except ConfigError as problem:
        if EmbeddedServer.running(state_dir) is not None:
            raise _NotUp(str(problem)) from problem  # somebody was quicker
        raise


def server_at(endpoint: Endpoint) -> Server:
    """The server behind an embedded one's socket."""
    return Server(endpoint.user, endpoint.password, endpoint.database, socket=endpoint.socket)


def _query(database: Database, sql: str, **values: Any) -> list[Row]:
    def work(connection: Connection) -> list[Row]:
        rows = connection.run(sql, **values)
        names = [column["name"] for column in connection.columns]
        return [dict(zip(names, row, strict=True)) for row in rows]

    # All that has ever been traded is read in one statement, from a server that has just answered.
    with database.within(HISTORY_SECONDS):
        return database.run(work)


def _texts(row: Row, *names: str) -> Row:
    for name in names:
        if row[name] is not None:
            row[name] = plain(row[name])
    return row


def orders(database: Database, *, every: bool) -> list[Row]:
    """Orders, oldest first; only those that are not concluded unless ``every``."""
    rows = _query(
        database, f"{_ALL if every else _STILL_OPEN} ORDER BY created_ns, account_id, seq"
    )
    return [
        _texts(row, "quantity", "limit_price", "filled_quantity")
        for row in rows
        if every or row["state"] in _OPEN
    ]


def fills(database: Database) -> list[Row]:
    """Fills in the order in which they were journalled."""
    sql = """
        SELECT f.*, o.body ->> 'cl_ord_id' AS cl_ord_id FROM fills f
          LEFT JOIN journal o ON o.account_id = f.account_id
                             AND o.stream = 'order/' || f.account_id || '/' || f.intent_id
                             AND o.version = 1
         ORDER BY f.account_id, f.seq
    """
    names = ("quantity", "price", "cost", "fee")
    return [_texts(row, *names) for row in _query(database, sql)]


def balances(database: Database) -> list[Row]:
    """What each wallet holds."""
    sql = "SELECT * FROM accounts ORDER BY account_id, asset, wallet_type, wallet_id"
    return [_texts(row, "balance") for row in _query(database, sql)]


def why(database: Database, wanted: str) -> list[Row]:
    """The journal rows that tell how a thing came about and what came of it, in time order.

    Found by any id; from there back along causes, and forth along effects. Never forth from a
    cause: that would tell of everything else that it led to.
    """
    named = {_place(row): row for row in _named(database, wanted)}
    found = dict(named)
    for questions in (_causes, _effects):
        found |= _walk(database, named, questions)
    # By number, not by time: a clock that was set back does not turn a story round.
    return [found[place] for place in sorted(found)][:MOST_ROWS]


def rank_before(database: Database, account: str, symbol: str, seq: int) -> Row | None:
    """The place of a pair in the newest ranking before a row of the journal, as far as it was written
    down; or that of its sibling, where the base was ranked by it: a base is ranked once."""
    sql = """
        SELECT seq, at_ns, symbol, rank, score FROM candidate_scans
         WHERE account_id = :account AND split_part(symbol, '/', 1) = :base AND rank IS NOT NULL
           AND seq < CAST(:seq AS bigint)
         ORDER BY seq DESC, symbol = :symbol DESC, rank LIMIT 1"""
    base = symbol.partition("/")[0]
    found = _query(database, sql, account=account, base=base, symbol=symbol, seq=seq)
    return found[0] if found else None


def _place(row: Row) -> Place:
    return row["account_id"], row["seq"]


def _walk(
    database: Database, start: dict[Place, Row], questions: Callable[[Row], Iterator[Question]]
) -> dict[Place, Row]:
    found, walked = dict(start), set(start)
    asked: set[tuple[str, Question]] = set()
    frontier = list(start.values())
    while frontier and len(found) < MOST_ROWS:
        new = {(row["account_id"], question) for row in frontier for question in questions(row)}
        frontier = []
        for account, question in new - asked:
            where = f"account_id = :account AND {question.where}"
            near = {_place(r): r for r in _rows(database, where, question.values, account=account)}
            found |= near
            if question.walk_on:
                frontier += [row for place, row in near.items() if place not in walked]
                walked |= near.keys()
        asked |= new
    return found


def _rows(database: Database, where: str, values: tuple[str | int, ...], **more: str) -> list[Row]:
    named = dict(zip("ab", values, strict=False))
    sql = f"SELECT {_ROW} FROM journal WHERE {where} ORDER BY seq LIMIT {MOST_ROWS}"
    return _query(database, sql, **named, **more)


def _named(database: Database, wanted: str) -> list[Row]:
    """The rows that bear the id themselves; an order's actor is named by its intent."""
    wanted = wanted.removeprefix("orders/")
    number = id_number(wanted)
    found: list[Row] = []
    for text in {wanted} if number is None else {wanted, uuid_text(number)}:
        found += _rows(database, " OR ".join(_holds(key, "a") for key in _ID_KEYS), (text,))
    if wanted.isdecimal() and len(wanted) < 19:
        ids = ("message_id", "correlation_id", "causation_id")
        where = " OR ".join(f"{name} = CAST(:a AS bigint)" for name in ids)
        trade = "body @> jsonb_build_object('trade_id', CAST(:a AS bigint))"
        found += _rows(database, f"{where} OR {trade}", (int(wanted),))
    if _SHORT.fullmatch(wanted):
        found += _opened(database, wanted)
    found += [
        row
        for question in _decision(wanted)
        for row in _rows(database, question.where, question.values)
    ]
    return found


def _opened(database: Database, short: str) -> list[Row]:
    """The first rows of orders that a terminal shows with these digits: by their streams' names, which
    lie in order, not by the bodies of all orders there ever were."""
    where = f"account_id = :account AND {_OPENED} AND stream LIKE :a"
    found: list[Row] = []
    for row in _query(database, _ACCOUNTS):
        account = row["account_id"]
        begins = re.sub(r"([\\%_])", r"\\\1", stream_of(account, f"{short}-"))
        found += _rows(database, where, (f"{begins}%",), account=account)
    return found


def _holds(key: str, value: str) -> str:
    return f"body @> jsonb_build_object('{key}', CAST(:{value} AS text))"


def _decision(text: object) -> Iterator[Question]:
    """The row that ``stream@version`` names."""
    if isinstance(text, str):
        stream, _, version = text.rpartition("@")
        if stream and version.isdecimal() and len(version) < 19:
            where = "stream = :a AND version = CAST(:b AS bigint)"
            yield Question(where, (stream, int(version)))


def _causes(row: Row) -> Iterator[Question]:
    """Where the causes of a row stand: its order's story, the decision, and for a change of a
    balance the fill that made it. What a row is anchored to is shown, and the walk ends there: a
    fill leads to the next order of its slot, and so on back to the first."""
    yield from _story(row)
    yield from _decision(row["body"].get("decision"))
    if row["anchor_seq"] is not None:
        yield Question("seq = CAST(:a AS bigint)", (row["anchor_seq"],), walk_on=False)
    if row["kind"] == "balance.changed" and row["body"].get("ref_id"):
        ref_id = row["body"]["ref_id"]
        yield Question(_holds("exec_id", "a"), (ref_id,))
        yield Question(_holds("ref_id", "a"), (ref_id,))


def _effects(row: Row) -> Iterator[Question]:
    """Where the effects of a row stand: its order's story, the orders that follow from a
    decision, and the changes of balances that a fill made."""
    yield from _story(row)
    yield Question(_holds("decision", "a"), (f"{row['stream']}@{row['version']}",))
    if row["kind"] == "order.fill":
        yield Question(_holds("ref_id", "a"), (row["body"]["exec_id"],))


def _story(row: Row) -> Iterator[Question]:
    if row["stream"].startswith("order/"):
        yield Question("stream = :a", (row["stream"],))
