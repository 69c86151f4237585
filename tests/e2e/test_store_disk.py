"""Disks that are full, and a server that is started again when it dies of it."""

import contextlib
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
import stores
from loguru import logger

from zoe.domain.errors import StoreError, StoreUnknown
from zoe.ports.journal import JournalRow, NotedCancel
from zoe.store import revival
from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.emergency import EmergencyFile
from zoe.store.journal import PostgresJournal
from zoe.store.revival import keep_up

ACCOUNT = "kraken:a"


class Stop:
    """The runtime's, for a test."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def requested(self) -> bool:
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        return self._event.wait(seconds)

    def request(self) -> None:
        self._event.set()


@attrs.frozen
class Kept:
    """A server that is kept up, its journal, and the lines that were logged about it."""

    server: EmbeddedServer
    database: Database
    lines: list[dict[str, Any]]
    stop: Stop

    def events(self) -> list[str]:
        return [line["record"]["message"] for line in self.lines]

    def said(self, event: str, field: str) -> list[Any]:
        records = [line["record"] for line in self.lines]
        return [found["extra"][field] for found in records if found["message"] == event]

    def deaths(self) -> int:
        return self.events().count("store.server_died")

    def postmaster(self) -> int:
        found = self.server._data / "postmaster.pid"
        return int(found.read_text().split()[0])

    def is_up(self) -> bool:
        try:
            self.database.run(lambda c: c.run("SELECT 1"))
        except StoreError:
            return False
        return True


@contextlib.contextmanager
def kept(server: EmbeddedServer, database: Database) -> Iterator[Kept]:
    lines: list[dict[str, Any]] = []
    sink = logger.add(lambda text: lines.append(json.loads(text)), serialize=True)
    stop = Stop()
    crashes: list[BaseException] = []

    def body() -> None:
        try:
            keep_up(server, stop)
        except BaseException as problem:
            crashes.append(problem)
            raise

    thread = threading.Thread(target=body)
    thread.start()
    try:
        yield Kept(server, database, lines, stop)
        assert crashes == []
    finally:
        stop.request()
        thread.join(stores.PATIENCE_SECONDS)
        logger.remove(sink)
        server.stop()
        assert not thread.is_alive()


def rows(first: int, count: int = 20) -> list[JournalRow]:
    body = json.dumps({"text": "x" * 2_000})
    ids = (1, 1, None, None)
    return [
        JournalRow(n, ACCOUNT, "desk/a", n, "test.row", 1, *ids, body)
        for n in range(first, first + count)
    ]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("template") / "state"
    server, _ = stores.up(place)
    server.stop()
    return place


@pytest.fixture
def state(template: Path, tmp_path: Path) -> Path:
    """A state directory that a test may spoil."""
    place = tmp_path / "state"
    subprocess.run(["cp", "-a", str(template), str(place)], check=True)
    return place


@stores.NEEDS_MOUNTS
def test_a_full_data_disk_is_known_not_done_and_the_connection_lives(state: Path) -> None:
    place = state / "pg" / "data" / "base"
    with stores.small_disk(place, "60m"):
        server, database = stores.up(state)
        try:
            store = PostgresJournal(database, ACCOUNT)
            store.append(rows(1))
            session = database.run(lambda c: c.run("SELECT pg_backend_pid()"))
            ballast = stores.fill(place)
            acknowledged = 20
            with pytest.raises(StoreError, match="53100") as raised:
                for _ in range(100):
                    store.append(rows(acknowledged + 1))
                    acknowledged += 20
            assert not isinstance(raised.value, StoreUnknown)
            assert store.last_seq() == acknowledged
            with pytest.raises(StoreError, match="53100"):
                store.settle(rows(acknowledged + 1, 500))
            ballast.unlink()
            store.settle(rows(acknowledged + 1, 500))
            assert store.last_seq() == acknowledged + 500
            assert server.poll() is None
            assert session
        finally:
            server.stop()


@stores.NEEDS_MOUNTS
def test_cancels_can_be_noted_on_a_full_disk(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir()
    with stores.small_disk(place, "1m"):
        notes = EmergencyFile(place / "emergency.jsonl")
        notes.reserve()
        stores.fill(place)
        cancels = [NotedCancel(n, "order/a/1", "O1", "c1", n, 1, None) for n in range(100)]
        for cancel in cancels:
            notes.note(cancel)
        assert notes.read() == tuple(cancels)


@stores.NEEDS_MOUNTS
def test_a_full_disk_under_the_log_of_writes_ends_the_server_and_room_brings_it_back(
    state: Path,
) -> None:
    place = state / "pg" / "data" / "pg_wal"
    with stores.small_disk(place, "40m"), kept(*stores.up(state)) as found:
        store = PostgresJournal(found.database, ACCOUNT)
        ballast = stores.fill(place)
        acknowledged = 0
        with pytest.raises(StoreUnknown):
            for _ in range(2_000):
                store.append(rows(acknowledged + 1))
                acknowledged += 20
        assert acknowledged > 0
        stores.eventually(lambda: found.deaths() >= 2, "it died, and again for want of room")
        assert "No space left on device" in found.said("store.server_died", "words")[-1]
        ballast.unlink()
        stores.eventually(found.is_up, "up again")
        # The last group's fate was unknown: settling is right whichever it was.
        store.settle(rows(acknowledged + 1))
        assert store.last_seq() == acknowledged + 20
        assert len(store.stream("desk/a")) == acknowledged + 20


def test_a_server_that_was_killed_is_started_again_with_all_it_acknowledged(state: Path) -> None:
    with kept(*stores.up(state)) as found:
        store = PostgresJournal(found.database, ACCOUNT)
        for round_number in range(3):
            store.settle(rows(20 * round_number + 1))
            os.kill(found.postmaster(), signal.SIGKILL)
            stores.eventually(lambda: not found.is_up(), "noticed")
            stores.eventually(found.is_up, "up again")
        assert store.last_seq() == 60
        delays = found.said("store.server_died", "retry_seconds")
        # One that finds processes of the last one still alive dies of it.
        assert len(delays) >= 3
        assert delays == list(revival.DELAYS_SECONDS[: len(delays)])


def test_a_session_that_was_killed_takes_the_server_along_and_it_is_started_afresh(
    state: Path,
) -> None:
    with kept(*stores.up(state)) as found:
        store = PostgresJournal(found.database, ACCOUNT)
        store.settle(rows(1))
        ((session,),) = found.database.run(lambda c: c.run("SELECT pg_backend_pid()"))
        os.kill(session, signal.SIGKILL)
        stores.eventually(lambda: found.deaths() >= 1, "dead, not recovering by itself")
        stores.eventually(found.is_up, "up again")
        assert store.last_seq() == 20


def test_a_stop_wins_over_a_restart(state: Path) -> None:
    server, database = stores.up(state)
    with kept(server, database) as found:
        os.kill(found.postmaster(), signal.SIGKILL)
        stores.eventually(lambda: found.deaths() >= 1, "noticed")
        server.stop()
    assert EmbeddedServer.running(state) is None
    again, _ = stores.up(state)
    again.stop()


def test_an_ordered_stop_is_no_death(state: Path) -> None:
    with kept(*stores.up(state)) as found:
        found.stop.request()
        found.server.stop()
        assert found.deaths() == 0


class Late(Stop):
    """A request to stop that comes while the server is looked at."""

    def requested(self) -> bool:
        return True


def test_a_death_that_was_asked_for_meanwhile_is_none(state: Path) -> None:
    server, _ = stores.up(state)
    server._end_keeper()
    server._closing = False
    dead = subprocess.Popen(["/bin/true"], stdin=subprocess.PIPE)
    dead.wait(stores.PATIENCE_SECONDS)
    server._keeper = dead
    keep_up(server, Late())
    assert server.poll() == 0, "not started again"
    server.stop()


def test_a_restart_that_is_overtaken_by_a_stop_leaves_no_server(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = stores.up(state)
    os.kill(int((state / "pg" / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    stores.eventually(lambda: server.poll() is not None, "dead")
    launch = server._launch

    def overtaken() -> None:
        server._closing = True  # by another thread, just now
        launch()

    monkeypatch.setattr(server, "_launch", overtaken)
    server.restart()
    assert server.poll() is None
    assert server._keeper is None
    server.stop()


def test_a_process_that_cannot_be_had_is_tried_for_again(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, database = stores.up(state)
    launch = server._launch
    failures = [OSError(11, "Resource temporarily unavailable")] * 2

    def short(*_: object) -> None:
        if failures:
            raise failures.pop()
        launch()

    monkeypatch.setattr(server, "_launch", short)
    with kept(server, database) as found:
        os.kill(found.postmaster(), signal.SIGKILL)
        stores.eventually(lambda: "store.server_restarted" in found.events(), "restarted")
        stores.eventually(found.is_up, "up again")
        assert found.events().count("store.server_not_started") == 2
