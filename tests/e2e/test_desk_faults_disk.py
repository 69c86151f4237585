"""A desk on disks that are full: at its start, under its database, and all of it at once."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import stores
from desks import BUSY, QUIET, Desk, desk

from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer
from zoe.store.reading import server_at


@contextlib.contextmanager
def full(place: Path) -> Iterator[None]:
    """Takes all the room that is left, for a while."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(place).free < 4096
    try:
        yield
    finally:
        ballast.unlink()


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that trades, with a disk for its state and more for the database's data and log."""
    place = tmp_path_factory.mktemp("disks")
    with contextlib.ExitStack() as disks, desk(place, BUSY) as running:
        disks.enter_context(stores.small_disk(running.state, "200m"))
        server, _ = stores.up(running.state)
        server.stop()
        data = running.state / "pg" / "data"
        disks.enter_context(stores.small_disk(data / "base", "60m"))
        disks.enter_context(stores.small_disk(data / "pg_wal", "40m"))
        running.start()
        running.ready()
        yield running
        assert running.stop() == 0


@stores.NEEDS_MOUNTS
@pytest.mark.parametrize("size", ["4k", "1m", "45m"])
def test_a_new_desk_on_a_disk_that_is_too_small_says_so_in_one_line(
    tmp_path: Path, size: str
) -> None:
    with stores.small_disk(tmp_path / "state", size), desk(tmp_path, QUIET) as running:
        running.start()
        assert running.ended() == 2
        (line,) = running.said()
        assert "No space left on device" in line
        assert len(line) < 500


@stores.NEEDS_MOUNTS
@pytest.mark.slow
def test_a_desk_that_finds_its_disk_full_says_so_and_starts_once_there_is_room(
    tmp_path: Path,
) -> None:
    with stores.small_disk(tmp_path / "state", "200m"), desk(tmp_path, QUIET) as running:
        stores.up(running.state)[0].stop()
        with full(running.state):
            running.start()
            assert running.ended() == 2
        running.start("--for", "1")
        assert running.ended() == 0
        (line,) = running.said()
        assert "No space left on device" in line


def goes_on(running: Desk) -> None:
    """It trades again, and nothing was lost or doubled."""
    running.trades_on()
    names = ("store", "log", "exchange_api")
    running.until(lambda: {running.component(name) for name in names} == {"ok"})
    assert running.settled() == []
    assert running.zoe("resume")[0] == 0


def nothing_leaves(running: Desk) -> None:
    """While the store is down the desk lives, says so, and sends no order."""
    running.until(lambda: running.component("store") == "down")
    running.nothing_is_on_its_way()
    before = running.accepted()
    for _ in range(3):
        assert running.component("store") == "down"
    assert running.accepted() == before
    assert running.process is not None and running.process.poll() is None


@stores.NEEDS_MOUNTS
@pytest.mark.slow
def test_full_data_stop_orders_and_room_brings_them_back(busy: Desk) -> None:
    busy.trades_on()
    with full(busy.state / "pg" / "data" / "base"):
        nothing_leaves(busy)
    goes_on(busy)


@stores.NEEDS_MOUNTS
@pytest.mark.slow
def test_a_full_log_of_writes_stops_orders_and_room_brings_them_back(busy: Desk) -> None:
    busy.trades_on()
    with full(busy.state / "pg" / "data" / "pg_wal"):
        running = EmbeddedServer.running(busy.state)
        assert running is not None
        with contextlib.suppress(Exception):
            # The next file cannot be had, and the server panics.
            Database(server_at(running)).run(lambda c: c.run("SELECT pg_switch_wal()"))
        nothing_leaves(busy)
        busy.until(lambda: "store.server_died" in busy.events())
    goes_on(busy)


@stores.NEEDS_MOUNTS
@pytest.mark.slow
def test_a_disk_full_for_logs_and_sandbox_does_not_end_the_desk(busy: Desk) -> None:
    busy.trades_on()
    with full(busy.state):
        busy.until(lambda: busy.zoe("status")[0] == 1)
        busy.until(lambda: busy.component("log") == "degraded")
    busy.until(lambda: busy.zoe("status")[0] == 0)
    goes_on(busy)
