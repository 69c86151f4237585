"""A desk whose database is frozen, gone for a while, or away for good; and cancels meanwhile."""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote

import pytest
import stores
from desks import BUSY, QUIET, Desk, desk, differences, of_process, processes_with

from zoe.store.connection import Database
from zoe.store.embedded import EmbeddedServer, Endpoint
from zoe.store.reading import server_at

AWAY_SECONDS = 5
PLACE = ("order", "place", "buy", "BTC/USD", "0.01", "--limit", "50000", "--json")


def over(seconds: float) -> "Iterator[bool]":
    """False until the time is over."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield False
    yield True


def postgres_of(state: Path) -> list[int]:
    """The server's processes, without the keeper."""
    found = processes_with(str(state))
    return [pid for pid in found if of_process(pid, "comm").strip() == "postgres"]


@contextlib.contextmanager
def frozen(state: Path) -> Iterator[None]:
    """Every process of the server is stopped for a while."""
    stopped: set[int] = set()
    try:
        # Who is stopped begins no other; one may have begun before, and one may have ended.
        while others := set(postgres_of(state)) - stopped:
            _signal(others, signal.SIGSTOP)
            stopped |= others
        assert stopped
        yield
    finally:
        _signal(stopped, signal.SIGCONT)


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextlib.contextmanager
def broken(running: Desk) -> Iterator[None]:
    """The server has died and cannot be started for a while."""
    control = running.state / "pg" / "data" / "global" / "pg_control"
    hidden = control.with_name("hidden")
    control.rename(hidden)
    pid_file = running.state / "pg" / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
    running.until(lambda: running.component("store") == "down")
    try:
        yield
    finally:
        hidden.rename(control)


def goes_on(running: Desk) -> None:
    """It trades again, and nothing was lost or doubled."""
    running.until(lambda: running.zoe("status")[0] == 0)
    running.trades_on()
    assert running.settled() == []
    assert running.zoe("resume")[0] == 0


@pytest.mark.slow
def test_a_frozen_database_stops_orders_until_it_goes_on(tmp_path: Path) -> None:
    with desk(tmp_path, BUSY) as running:
        running.start()
        running.ready()
        running.trades_on()
        with frozen(running.state):
            running.until(lambda: running.component("store") == "down")
            running.nothing_is_on_its_way()
            before = running.accepted()
            away = over(AWAY_SECONDS)
            running.until(lambda: next(away))
            assert running.accepted() == before
        goes_on(running)
        assert running.stop() == 0


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk that only a person's orders keep busy."""
    with desk(tmp_path_factory.mktemp("quiet"), QUIET) as running:
        running.start()
        running.quoted()
        yield running
        assert running.stop() == 0


def noted(running: Desk) -> int:
    """How many cancels stand in the journal that were noted while the store was down."""
    found = EmbeddedServer.running(running.state)
    assert found is not None
    sql = "SELECT count(*) FROM journal WHERE kind = 'order.cancel_noted'"
    return int(Database(server_at(found)).run(lambda c: c.run(sql))[0][0])


def canceled(running: Desk) -> set[str]:
    """The orders that the exchange has canceled."""
    return {row["order_id"] for row in running.truth() if row["kind"] == "order_canceled"}


def placed(running: Desk) -> str:
    """An order by hand; after a fault, as soon as the desk trades again (its lock is taken back)."""

    def once() -> str | None:
        code, order = running.zoe(*PLACE)
        if code == 1 and order["error"]["code"] == "NOT_READY":
            return None
        assert code == 0, order
        return str(order["order_id"])

    order_id: str = running.until(once)
    return order_id


@pytest.mark.slow
def test_cancels_leave_while_the_store_is_down_and_are_journalled_when_it_is_back(
    quiet: Desk,
) -> None:
    first, second, third = placed(quiet), placed(quiet), placed(quiet)
    with broken(quiet):
        # Whether its key was used before, nobody can know now.
        assert quiet.zoe(*PLACE, "--timeout", "1")[0] == 5
        assert quiet.zoe("order", "cancel", first, "--timeout", "1")[0] == 5
        quiet.until(lambda: canceled(quiet) == {first})
        code, answer = quiet.zoe("halt", "--timeout", "1", "--json")
        assert code == 5, answer
        quiet.until(lambda: canceled(quiet) == {first, second, third})
    quiet.until(lambda: quiet.zoe("status")[0] == 0)
    assert quiet.settled() == []
    assert "journal.emergency_notes_journalled" in quiet.events()
    assert noted(quiet) >= 3
    assert quiet.accepted() == 3
    assert quiet.zoe("resume")[0] == 0


@pytest.mark.slow
def test_a_stop_without_a_store_takes_ten_seconds_and_the_next_desk_journals_what_was_noted(
    quiet: Desk,
) -> None:
    order, before = placed(quiet), noted(quiet)
    with broken(quiet):
        assert quiet.zoe("order", "cancel", order, "--timeout", "1")[0] == 5
        quiet.until(lambda: order in canceled(quiet))
        begun = time.monotonic()
        assert quiet.stop() == 70
        assert time.monotonic() - begun < 60
        quiet.until(lambda: not quiet.children())
    quiet.start()
    quiet.ready()
    quiet.until(lambda: noted(quiet) > before)
    assert differences(quiet) == []


# A server of somebody else's


def url_of(endpoint: Endpoint) -> str:
    place = quote(str(Path(endpoint.socket).parent), safe="/")
    return f"postgresql://{endpoint.user}:{endpoint.password}@/{endpoint.database}?host={place}"


@pytest.mark.slow
def test_a_database_that_goes_away_and_comes_back_stops_orders_meanwhile(tmp_path: Path) -> None:
    server, _ = stores.up(tmp_path / "theirs")
    try:
        with desk(tmp_path, BUSY) as running:
            running.environ["DATABASE_URL"] = url_of(server.endpoint)
            running.start()
            running.ready()
            running.trades_on()
            server.stop()
            away = over(AWAY_SECONDS)
            running.until(lambda: running.component("store") == "down")
            running.nothing_is_on_its_way()
            before = running.accepted()
            running.until(lambda: next(away))
            assert running.accepted() == before
            server = EmbeddedServer.start(tmp_path / "theirs")
            goes_on(running)
            assert not (running.state / "pg").exists()
            assert running.stop() == 0
    finally:
        server.stop()


def refusal(running: Desk, url: str) -> tuple[int, str]:
    """The exit code and the one line of a desk that does not start with this database."""
    running.errors.write_text("")
    running.start(environ={"DATABASE_URL": url})
    code = running.ended()
    (line,) = running.said()
    return code, line


@contextlib.contextmanager
def fsync_off(database: Database) -> Iterator[None]:
    """The server may lose acknowledged commits for a while."""

    def let(setting: str) -> None:
        database.run(lambda c: c.run(f"ALTER SYSTEM SET fsync = {setting}"))
        database.run(lambda c: c.run("SELECT pg_reload_conf()"))
        now = partial(database.run, lambda c: c.run("SHOW fsync"))
        stores.eventually(lambda: now() == [[setting]], "reloaded")

    let("off")
    try:
        yield
    finally:
        let("on")


def test_a_database_that_cannot_be_used_is_said_in_one_line(tmp_path: Path) -> None:
    database = Database(stores.empty_database())
    theirs = database.server
    assert theirs.socket is not None
    good = url_of(Endpoint(theirs.socket, theirs.user, theirs.password or "", theirs.database))
    with desk(tmp_path, QUIET) as running:
        code, line = refusal(running, "postgresql://zoe:secret@127.0.0.1:1/zoe")
        assert code == 70 and "cannot connect" in line and "secret" not in line
        code, line = refusal(running, good.replace(theirs.password or "", "another"))
        assert code == 2 and "password" in line and "another" not in line
        code, line = refusal(running, "postgresql://zoe:secret@192.0.2.1/zoe?sslmode=disable")
        assert code == 2 and "sslmode=disable" in line
        with fsync_off(database):
            code, line = refusal(running, good)
        assert code == 2 and "fsync" in line
        assert running.children() == []


@pytest.mark.slow
def test_desks_with_sandboxes_of_their_own_share_a_database_unless_their_seeds_are_one(
    tmp_path: Path,
) -> None:
    url = stores.url_of(stores.fresh_database())
    places = [tmp_path / name for name in ("first", "second")]
    for place in places:
        place.mkdir()
    with desk(places[0], BUSY) as one, desk(places[1], BUSY) as other:
        for running in (one, other):
            running.environ["DATABASE_URL"] = url
        one.start("--seed", "5")
        one.ready()
        other.start("--seed", "5")
        assert other.ended() == 6
        assert other.said()[-1].endswith(
            "in the database (sandboxes of one --seed have one account)"
        )
        shutil.rmtree(other.state / "sandbox")
        other.start()
        known = {running.ready()["account_id"]: running for running in (one, other)}
        assert len(known) == 2
        for running in known.values():
            running.trades_on()
            assert running.zoe("halt", "--why", "seen enough")[0] == 0
        rows = one.listed("orders", "--all")
        for account, running in known.items():
            accepted = {
                row["order_id"] for row in running.truth() if row["kind"] == "order_accepted"
            }
            own = [row for row in rows if row["account_id"] == account]
            # One that the exchange has refused has no id there.
            taken = {row["order_id"] for row in own if row["order_id"] is not None}
            assert taken == accepted
            assert running.stop() == 0
        assert {row["account_id"] for row in rows} == set(known)


@pytest.mark.slow
def test_a_sandbox_that_is_begun_anew_with_a_seed_is_refused_by_the_books_of_the_one_before(
    tmp_path: Path,
) -> None:
    with desk(tmp_path, QUIET) as running:
        running.start("--seed", "5")
        running.ready()
        assert running.stop() == 0
        running.start("--seed", "5")
        running.ready()
        assert running.stop() == 0
        shutil.rmtree(running.state / "sandbox")
        for _ in range(2):
            running.start("--seed", "5")
            assert running.ended() == 2
            assert "the books of another sandbox of this --seed" in running.said()[-1]
        assert running.children() == []
        shutil.rmtree(running.state / "sandbox")
        running.start("--seed", "6")
        running.ready()
        assert running.stop() == 0
