"""What a desk keeps beside its journal, and the lock of its account."""

import threading

import attrs
import proxies
import pytest
import stores

from zoe.domain.errors import StoreError
from zoe.store import desk
from zoe.store.connection import Database
from zoe.store.desk import AccountLock

ACCOUNT = "kraken:a"
TERMINATE = "SELECT pg_terminate_backend(:pid, 5000)"


@pytest.fixture(scope="module")
def database() -> Database:
    return stores.fresh_database()


def test_boot_numbers_never_repeat_whatever_the_account(database: Database) -> None:
    given = [desk.next_boot(database, account, 1) for account in ("a", "b", "a")]
    assert given == sorted(set(given))


def test_nonces_are_reserved_beyond_what_was_wanted_and_what_was_given(database: Database) -> None:
    assert desk.reserve_nonce(database, "n", 1_000, 10) == 1_000
    assert desk.reserve_nonce(database, "n", 5, 10) == 1_010
    assert desk.reserve_nonce(database, "n", 2_000, 10) == 2_000
    assert desk.reserve_nonce(database, "other", 7, 10) == 7


def test_health_holds_the_newest_sign_of_each_component(database: Database) -> None:
    desk.write_health(database, "h", [("store", "ok", 1, "seq 1"), ("feed", "ok", 1, "")])
    desk.write_health(database, "h", [("store", "down", 2, "it's \\ full")])
    rows = database.run(lambda c: c.run("SELECT * FROM health WHERE account_id = 'h' ORDER BY 2"))
    assert rows == [["h", "feed", "ok", 1, ""], ["h", "store", "down", 2, "it's \\ full"]]


def test_no_sign_of_life_is_fine_too(database: Database) -> None:
    desk.write_health(database, "h", [])


def test_config_holds_what_is_in_force_and_nothing_else(database: Database) -> None:
    desk.write_config(database, "c", {"a": ("1", "file"), "gone": ("2", "file")}, 1)
    desk.write_config(database, "c", {"a": ("3", "flag")}, 2)
    rows = database.run(lambda c: c.run("SELECT * FROM config WHERE account_id = 'c'"))
    assert rows == [["c", "a", "3", "flag", 2]]


def sessions(database: Database) -> list[int]:
    """The processes that hold an account's lock."""
    sql = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    return [row[0] for row in database.run(lambda c: c.run(sql))]


def kill_sessions(database: Database) -> None:
    for pid in sessions(database):
        database.run_prepared(TERMINATE, pid=pid)


def test_one_desk_an_account_has_the_lock() -> None:
    database = stores.fresh_database()
    one, two = AccountLock(database, ACCOUNT), AccountLock(database, ACCOUNT)
    assert one.take()
    assert not two.take()
    assert one.take(), "it is still held"
    assert AccountLock(database, "kraken:b").take(), "another account's is free"
    one.release()
    # The server frees it when that session's process has ended, which nobody waits for.
    stores.eventually(two.take, "the lock is free")
    assert not one.take()
    two.release()


def test_a_lost_lock_is_noticed_and_taken_again() -> None:
    database = stores.fresh_database()
    lock = AccountLock(database, ACCOUNT)
    assert lock.take()
    kill_sessions(database)
    with pytest.raises(StoreError):
        lock.take()
    assert lock.take()
    assert len(sessions(database)) == 1
    lock.release()


def test_a_lock_that_another_desk_took_meanwhile_stays_lost() -> None:
    database = stores.fresh_database()
    lock, other = AccountLock(database, ACCOUNT), AccountLock(database, ACCOUNT)
    assert lock.take()
    kill_sessions(database)
    assert other.take()
    with pytest.raises(StoreError):
        lock.take()
    assert not lock.take()
    assert other.take()
    other.release()


def test_a_session_of_our_own_that_the_server_still_believes_in_is_ended() -> None:
    database = stores.fresh_database()
    with proxies.proxy(database.server) as proxy:
        server = attrs.evolve(database.server, socket=None, host="127.0.0.1", port=proxy.port)
        lock = AccountLock(Database(server), ACCOUNT)
        assert lock.take()
        (ghost,) = sessions(database)
        proxy.lose()
        with pytest.raises(StoreError):
            lock.take()
        assert sessions(database) == [ghost], "the server has noticed nothing"
        assert lock.take()
        assert ghost not in sessions(database)
        lock.release()


def test_a_database_that_goes_away_takes_the_lock_with_it_until_it_is_back() -> None:
    database = stores.fresh_database()
    with proxies.proxy(database.server) as proxy:
        server = attrs.evolve(database.server, socket=None, host="127.0.0.1", port=proxy.port)
        lock = AccountLock(Database(server), ACCOUNT)
        assert lock.take()
        proxy.away()
        for _ in range(3):
            with pytest.raises(StoreError):
                lock.take()
        proxy.back()
        assert lock.take()
        lock.release()


def test_the_lock_of_a_desk_that_died_unnoticed_is_taken_when_the_server_has_noticed() -> None:
    database = stores.fresh_database()
    with proxies.proxy(database.server) as proxy:
        server = attrs.evolve(database.server, socket=None, host="127.0.0.1", port=proxy.port)
        dead, next_one = AccountLock(Database(server), ACCOUNT), AccountLock(database, ACCOUNT)
        assert dead.take()
        (ghost,) = sessions(database)
        proxy.lose()
        assert not next_one.take()
        assert not next_one.inherit(0.6), "nobody has ended that session yet"
        noticing = threading.Timer(1, database.run_prepared, (TERMINATE,), {"pid": ghost})
        noticing.start()
        assert next_one.inherit(stores.PATIENCE_SECONDS)
        noticing.join()
        assert next_one.take()
        next_one.release()


def test_a_desk_that_looks_at_its_lock_keeps_it_and_the_other_is_told_at_once() -> None:
    database = stores.fresh_database()
    alive, other = AccountLock(database, ACCOUNT), AccountLock(database, ACCOUNT)
    assert alive.take()
    assert not other.take()
    looking = threading.Timer(0.5, alive.take)
    looking.start()
    assert not other.inherit(stores.PATIENCE_SECONDS)
    looking.join()
    assert not other.take()
    alive.release()
    other.release()
