"""Migrations: each taken once, in order, and never changed."""

import threading

import attrs
import pytest
import stores

from zoe.domain.errors import ConfigError, StoreError
from zoe.store import connection
from zoe.store.connection import Database
from zoe.store.migrate import Step, migrate, steps

ONE = Step(1, "0001_one.sql", "CREATE TABLE one (a integer); INSERT INTO one VALUES (1)")
TWO = Step(2, "0002_two.sql", "CREATE TABLE two AS SELECT * FROM one")
BROKEN = Step(3, "0003_broken.sql", "CREATE TABLE three (a integer); SELECT * FROM nowhere")


@pytest.fixture
def database() -> Database:
    return Database(stores.empty_database())


def tables(database: Database) -> set[str]:
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    return {row[0] for row in database.run(lambda c: c.run(sql))}


def test_steps_are_taken_once(database: Database) -> None:
    assert migrate(database, (ONE,)) == 1
    assert migrate(database, (ONE, TWO)) == 1
    assert migrate(database, (ONE, TWO)) == 0
    assert tables(database) == {"migration", "one", "two"}


def test_a_step_that_fails_leaves_nothing(database: Database) -> None:
    with pytest.raises(StoreError, match="42P01"):
        migrate(database, (ONE, BROKEN))
    assert tables(database) == set()
    assert migrate(database, (ONE,)) == 1


def test_a_step_may_take_longer_than_a_commit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    slow = Step(1, "0001_slow.sql", "SELECT pg_sleep(1); CREATE TABLE slow (a integer)")
    assert migrate(database, (slow,)) == 1
    with pytest.raises(StoreError):
        database.run(lambda c: c.run("SELECT pg_sleep(1)"))


def test_a_step_that_has_changed_since_is_refused(database: Database) -> None:
    migrate(database, (ONE,))
    with pytest.raises(ConfigError, match=r"0001_one\.sql has changed"):
        migrate(database, (attrs.evolve(ONE, sql="SELECT 1"), TWO))
    assert "two" not in tables(database)


def test_a_database_that_is_newer_is_refused(database: Database) -> None:
    migrate(database, (ONE, TWO))
    with pytest.raises(ConfigError, match="newer"):
        migrate(database, (ONE,))


def test_two_that_start_at_once_take_each_step_once(database: Database) -> None:
    taken: list[int] = []
    threads = [
        threading.Thread(target=lambda: taken.append(migrate(database, (ONE, TWO))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == [0, 0, 0, 2]


def test_a_user_who_may_not_make_tables_is_told_so(database: Database) -> None:
    database.run(lambda c: c.run("CREATE ROLE visitor LOGIN PASSWORD 'v'"))
    visitor = Database(attrs.evolve(database.server, user="visitor", password="v"))
    with pytest.raises(ConfigError, match="may not make tables"):
        migrate(visitor, (ONE,))


def test_our_own_steps_are_numbered_without_gaps() -> None:
    assert [step.number for step in steps()] == list(range(1, len(steps()) + 1))


def test_the_journal_can_only_grow() -> None:
    database = stores.fresh_database()
    row = "INSERT INTO journal VALUES (1, 'a', 's', 1, 'k', 1, 1, 1, NULL, NULL, '{}')"
    database.run(lambda c: c.run(row))
    for sql in ("UPDATE journal SET at_ns = 2", "DELETE FROM journal", "TRUNCATE journal"):
        with pytest.raises(StoreError, match="append-only"):
            database.run_prepared(sql)
    assert database.run(lambda c: c.run("SELECT count(*) FROM journal")) == [[1]]
