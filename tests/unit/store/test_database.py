"""Connections: what is kept, what is thrown away, and whose fault an error is."""

import socket
import ssl
import subprocess
import threading
from pathlib import Path

import attrs
import proxies
import pytest
import stores

from zoe.domain.errors import ConfigError, StoreConflict, StoreError, StoreUnknown
from zoe.store.connection import Connection, Database, Server, connect
from zoe.store.reading import server_at

BACKEND_KEY = b"K\x00\x00\x00\x0c"
_SELF_SIGNED = (
    *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
    *("-subj", "/CN=db.test", "-addext", "subjectAltName=IP:127.0.0.1"),
)


@pytest.fixture(scope="module")
def database() -> Database:
    return stores.fresh_database()


def session(database: Database) -> int:
    return int(database.run(lambda c: c.run("SELECT pg_backend_pid()"))[0][0])


def kill(database: Database, pid: int) -> None:
    """Ends a session from another one, and waits until it is gone."""
    other = Database(database.server)
    other.run(lambda c: c.run("SELECT pg_terminate_backend(:pid, 5000)", pid=pid))
    other.discard()


def test_a_thread_keeps_its_connection_and_shares_it_with_none(database: Database) -> None:
    mine = session(database)
    assert session(database) == mine
    found: list[int] = []
    thread = threading.Thread(target=lambda: found.append(session(database)))
    thread.start()
    thread.join(60)
    assert found and found != [mine]


def test_a_refused_statement_is_known_not_done_and_the_connection_lives(database: Database) -> None:
    before = session(database)
    with pytest.raises(StoreError, match="42P01") as raised:
        database.run(lambda c: c.run("INSERT INTO nowhere VALUES (1)"))
    assert not isinstance(raised.value, StoreUnknown)
    assert session(database) == before


def test_a_taken_place_is_a_conflict(database: Database) -> None:
    def twice(connection: Connection) -> None:
        for _ in range(2):
            connection.run("INSERT INTO nonce VALUES ('conflict', 1)")

    with pytest.raises(StoreConflict, match="23505"):
        database.run(twice)


@pytest.mark.parametrize(
    "sql", ["SELECT 1/0", "INSERT INTO nonce VALUES (NULL, 1)", "SELECT CAST('{' AS jsonb)"]
)
def test_data_that_can_never_be_taken_are_our_own_fault(database: Database, sql: str) -> None:
    with pytest.raises(AssertionError):
        database.run(lambda c: c.run(sql))


def test_a_failed_transaction_does_not_outlive_its_failure(database: Database) -> None:
    before = session(database)

    def half(connection: Connection) -> None:
        connection.run("START TRANSACTION")
        connection.run("INSERT INTO nonce VALUES ('half', 1)")
        connection.run("SELECT nothing")

    with pytest.raises(StoreError):
        database.run(half)
    assert session(database) != before
    assert database.run(lambda c: c.run("SELECT * FROM nonce WHERE account_id = 'half'")) == []


def test_a_transaction_that_is_left_open_is_a_bug_and_does_nothing(database: Database) -> None:
    with pytest.raises(AssertionError, match="left open"):
        database.run(lambda c: c.run("START TRANSACTION; INSERT INTO nonce VALUES ('open', 1)"))
    assert database.run(lambda c: c.run("SELECT * FROM nonce WHERE account_id = 'open'")) == []


def test_an_error_that_ends_the_session_leaves_it_unknown_what_was_done(database: Database) -> None:
    def graver(said: bytes) -> bytes:
        return said.replace(b"VERROR\0", b"VPANIC\0")

    with (
        proxies.proxy(database.server, change=graver) as proxy,
        pytest.raises(StoreUnknown, match="42P01"),
    ):
        Database(over(proxy.port, database.server)).run(lambda c: c.run("SELECT * FROM nowhere"))


def test_a_session_that_was_ended_is_unknown_once_and_then_replaced(database: Database) -> None:
    before = session(database)
    kill(database, before)
    with pytest.raises(StoreUnknown):
        session(database)
    assert session(database) != before


def test_statements_are_parsed_again_on_a_new_connection(database: Database) -> None:
    sql = "SELECT CAST(:a AS integer) + 1"
    assert database.run_prepared(sql, a=1) == [[2]]
    kill(database, session(database))
    with pytest.raises(StoreUnknown):
        database.run_prepared(sql, a=1)
    assert database.run_prepared(sql, a=2) == [[3]]


def test_what_was_begun_on_a_session_that_ends_is_unknown_and_the_next_is_done(
    database: Database,
) -> None:
    shared = Database(database.server, shared=True)
    sql = "SELECT pg_backend_pid() + length(:text)"
    first = shared.begin_prepared(sql, "")()[0][0]
    assert shared.begin_prepared(sql, "1")() == [[first + 1]]
    kill(database, first)
    with pytest.raises(StoreUnknown):
        shared.begin_prepared(sql, "")()
    assert shared.begin_prepared(sql, "")()[0][0] != first
    shared.discard()


def test_a_server_that_is_not_there_is_known_not_done() -> None:
    for server in (
        Server("me", None, "x", socket="/nowhere/.s.PGSQL.5432"),
        Server("me", None, "x", host="127.0.0.1", port=1),
    ):
        with pytest.raises(StoreError, match="cannot connect") as raised:
            connect(server)
        assert not isinstance(raised.value, StoreUnknown)


def test_a_wrong_password_is_said_and_not_repeated(database: Database) -> None:
    wrong = attrs.evolve(database.server, password="guess-7")
    with pytest.raises(StoreError, match="28P01") as raised:
        connect(wrong)
    assert "guess-7" not in str(raised.value)
    with pytest.raises(StoreError, match="28P01"):
        connect(attrs.evolve(database.server, password=None))


def test_a_server_that_speaks_something_else_is_a_store_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(100)
                client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(StoreError, match="cannot connect"):
            connect(Server("me", None, "x", host="127.0.0.1", port=listener.getsockname()[1]))


# What a database must be like


def over(port: int, server: Server, **changes: object) -> Server:
    return attrs.evolve(server, socket=None, host="127.0.0.1", port=port, **changes)  # type: ignore[arg-type]  # attrs cannot say


def test_an_honest_server_is_taken_over_tcp_too(database: Database) -> None:
    database.refuse_unsafe()
    with proxies.proxy(database.server) as proxy:
        Database(over(proxy.port, database.server)).refuse_unsafe()


def test_a_pooler_is_refused(database: Database) -> None:
    def pooled(said: bytes) -> bytes:
        at = said.find(BACKEND_KEY)
        return said if at < 0 else said[: at + 5] + b"\x00\x00\x12\x34" + said[at + 9 :]

    with (
        proxies.proxy(database.server, change=pooled) as proxy,
        pytest.raises(ConfigError, match="pooler"),
    ):
        Database(over(proxy.port, database.server)).refuse_unsafe()


def test_a_session_that_does_not_wait_for_the_disk_is_refused() -> None:
    server = stores.empty_database()
    admin = Database(server)
    admin.run(lambda c: c.run(f"ALTER DATABASE {server.database} SET synchronous_commit = off"))
    with pytest.raises(ConfigError, match="synchronous_commit = off"):
        Database(server).refuse_unsafe()
    admin.run(lambda c: c.run(f"ALTER DATABASE {server.database} SET synchronous_commit = local"))
    Database(server).refuse_unsafe()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_commits_is_refused(name: str) -> None:
    server = server_at(stores.shared().endpoint)
    try:
        set_for_all(server, f"ALTER SYSTEM SET {name} = off")
        stores.eventually(lambda: show(server, name) == "off", f"{name} off")
        with pytest.raises(ConfigError, match=f"{name} = off"):
            Database(server).refuse_unsafe()
    finally:
        set_for_all(server, f"ALTER SYSTEM RESET {name}")
        stores.eventually(lambda: show(server, name) == "on", f"{name} on")


def set_for_all(server: Server, sql: str) -> None:
    database = Database(server)
    database.run(lambda c: c.run(sql))
    database.run(lambda c: c.run("SELECT pg_reload_conf()"))
    database.discard()


def show(server: Server, name: str) -> str:
    database = Database(server)
    found = str(database.run(lambda c: c.run(f"SHOW {name}"))[0][0])
    database.discard()
    return found


def test_a_database_of_another_encoding_or_read_only_is_refused() -> None:
    server = stores.empty_database()
    admin = Database(server)
    admin.run(lambda c: c.run("CREATE DATABASE odd TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'"))
    with pytest.raises(ConfigError, match="UTF8"):
        Database(attrs.evolve(server, database="odd")).refuse_unsafe()
    name = server.database
    admin.run(lambda c: c.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    with pytest.raises(ConfigError, match="read-only"):
        Database(server).refuse_unsafe()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("session_replication_role = replica", "nothing is guarded"),
        ("search_path = 'nowhere'", "names no schema"),
    ],
)
def test_a_session_without_guards_or_without_a_schema_is_refused(setting: str, words: str) -> None:
    server = stores.empty_database()
    Database(server).run(lambda c: c.run(f"ALTER DATABASE {server.database} SET {setting}"))
    with pytest.raises(ConfigError, match=words):
        Database(server).refuse_unsafe()


def test_a_session_that_says_nothing_for_long_is_not_ended_for_it() -> None:
    server = stores.empty_database()
    set_for = f"ALTER DATABASE {server.database} SET idle_session_timeout = '1s'"
    Database(server).run(lambda c: c.run(set_for))
    assert show(server, "idle_session_timeout") == "0"


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("tls")
    key, signed = place / "key.pem", place / "cert.pem"
    try:
        subprocess.run(
            (*_SELF_SIGNED, "-keyout", str(key), "-out", str(signed)),
            check=True,
            capture_output=True,
        )
    except FileNotFoundError:
        pytest.skip("no openssl to make a certificate with")
    return key, signed


def test_tls_is_spoken_and_the_certificate_is_verified(
    database: Database, certificate: tuple[Path, Path]
) -> None:
    key, signed = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(signed, key)
    with proxies.proxy(database.server, tls=context) as proxy:
        trusted = over(proxy.port, database.server, tls=True, ca_file=str(signed))
        assert session(Database(trusted)) > 0
        with pytest.raises(StoreError, match="certificate verify failed"):
            connect(attrs.evolve(trusted, ca_file=None))


def test_a_server_without_tls_is_refused_where_tls_is_needed(database: Database) -> None:
    with (
        proxies.proxy(database.server, change=lambda said: b"N") as proxy,
        pytest.raises(StoreError, match="SSL"),
    ):
        connect(over(proxy.port, database.server, tls=True))


def test_a_long_look_may_take_longer_than_a_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(stores.empty_database())
    monkeypatch.setattr("zoe.store.connection.ANSWER_SECONDS", 0.2)
    sleep = "SELECT pg_sleep(0.5)"
    with database.within(30):
        database.run_prepared(sleep)
    with pytest.raises(StoreUnknown):
        database.run_prepared(sleep)


def test_a_session_lost_during_a_long_look_is_said_as_that(database: Database) -> None:
    with pytest.raises(StoreError), database.within(30):
        kill(database, session(database))
        session(database)
    assert session(database) > 0
