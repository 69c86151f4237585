"""The Journal on threads and on PostgreSQL, over a connection that breaks."""

import contextlib
import queue
import threading
from collections.abc import Iterator

import attrs
import proxies
import pytest
import stores

from zoe.actors.journal import Journal
from zoe.messages.journal import (
    Hydrate,
    Hydrated,
    Record,
    Recorded,
    Row,
    StoreCameBack,
    StoreWentDown,
)
from zoe.ports.journal import JournalRow
from zoe.runtime.message import Envelope, Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime
from zoe.store.connection import Database
from zoe.store.journal import PostgresJournal

ACCOUNT = "kraken:a"
STREAM = "desk/kraken:a"
AWAY_SECONDS = 5


class Desk:
    """The Journal, with one who asks and one who watches."""

    def __init__(self, database: Database) -> None:
        self.runtime = ThreadRuntime()
        self.news: list[type[Message]] = []
        self.version = 0
        self._answers: queue.SimpleQueue[Envelope] = queue.SimpleQueue()
        self.me = self.runtime.endpoint("asker", self._answers.put)
        self.runtime.endpoint("risk", lambda e: self.news.append(type(e.message)))
        self.runtime.endpoint("heartbeat", lambda e: None)
        store = PostgresJournal(database, ACCOUNT)
        child = Child("journal", lambda: Journal(ACCOUNT, store, ("risk",)), stop_seconds=8)
        self.runtime.root((Group("store", (child,), intensity=0),))

    def record(self) -> None:
        self.version += 1
        row = Row(STREAM, self.version, "test.row", '{"quantity": "1.50"}')
        self.runtime.find("journal").tell(Record((row,), self.version, self.me))

    def hear(self) -> Message:
        return self._answers.get(timeout=stores.PATIENCE_SECONDS).message

    def versions(self) -> list[int]:
        self.runtime.find("journal").tell(Hydrate(0, self.me, stream=STREAM))
        answer = self.hear()
        assert isinstance(answer, Hydrated)
        return [row.version for row in answer.rows]

    def end(self) -> int | None:
        self.runtime.shutdown()
        return self.runtime.wait(60)


@pytest.fixture
def database() -> Database:
    return stores.fresh_database()


@contextlib.contextmanager
def desk_over_tcp(database: Database) -> Iterator[tuple[Desk, proxies.Proxy]]:
    with proxies.proxy(database.server) as proxy:
        server = attrs.evolve(database.server, socket=None, host="127.0.0.1", port=proxy.port)
        yield Desk(Database(server)), proxy


def test_rows_are_written_read_and_there_after_an_ordered_stop(database: Database) -> None:
    desk = Desk(database)
    for _ in range(500):
        desk.record()
    assert [desk.hear() for _ in range(500)] == [Recorded(n) for n in range(1, 501)]
    desk.record()
    assert desk.end() == 0
    assert PostgresJournal(database, ACCOUNT).last_seq() == 501


def test_a_database_that_goes_away_and_comes_back_loses_nothing(database: Database) -> None:
    with desk_over_tcp(database) as (desk, proxy):
        desk.record()
        assert desk.hear() == Recorded(1)
        proxy.away()
        for _ in range(50):
            desk.record()
        stores.eventually(lambda: desk.news == [StoreWentDown], "down")
        threading.Timer(AWAY_SECONDS, proxy.back).start()
        assert [desk.hear() for _ in range(50)] == [Recorded(n) for n in range(2, 52)]
        stores.eventually(lambda: len(desk.news) == 2, "down and back")
        assert desk.news == [StoreWentDown, StoreCameBack]
        assert desk.versions() == list(range(1, 52))
        assert desk.end() == 0


def test_a_commit_whose_answer_is_lost_is_settled_and_written_once(database: Database) -> None:
    with desk_over_tcp(database) as (desk, proxy):
        desk.record()
        assert desk.hear() == Recorded(1)
        proxy.deaf = True
        desk.record()
        direct = PostgresJournal(database, ACCOUNT)
        stores.eventually(lambda: direct.last_seq() == 2, "written, and nobody told")
        stores.eventually(lambda: desk.news == [StoreWentDown], "the answer is lost")
        proxy.deaf = False
        assert desk.hear() == Recorded(2)
        assert desk.versions() == [1, 2]
        assert desk.end() == 0


def test_a_database_that_is_away_at_the_start_is_waited_for(database: Database) -> None:
    with proxies.proxy(database.server) as proxy:
        proxy.away()
        server = attrs.evolve(database.server, socket=None, host="127.0.0.1", port=proxy.port)
        desk = Desk(Database(server))
        desk.record()
        stores.eventually(lambda: desk.news == [StoreWentDown], "down")
        proxy.back()
        assert desk.hear() == Recorded(1)
        assert desk.end() == 0


def test_a_second_writer_ends_the_process_with_70(database: Database) -> None:
    desk = Desk(database)
    desk.record()
    assert desk.hear() == Recorded(1)
    ids = (7, 7, None, None)
    other = JournalRow(2, ACCOUNT, "other", 1, "test.row", 1, *ids, "{}")
    PostgresJournal(database, ACCOUNT).append([other])
    desk.record()
    assert desk.runtime.wait(60) == 70
    assert PostgresJournal(database, ACCOUNT).last_seq() == 2
