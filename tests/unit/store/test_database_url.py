"""What a DATABASE_URL may say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoe.domain.errors import ConfigError
from zoe.store.connection import Server, server_of

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)


def test_a_full_url_is_understood() -> None:
    server = server_of("postgresql://me:p%40ss@db.example.com:6432/trading")
    assert server == Server("me", "p@ss", "trading", None, "db.example.com", 6432, tls=True)


def test_what_is_left_out_has_a_default() -> None:
    assert server_of("postgres:///trading") == Server("postgres", None, "trading")


def test_the_password_is_in_no_repr() -> None:
    assert "secret" not in repr(server_of("postgresql://me:secret@localhost/x"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.8.8", "[::1]"])
def test_this_machine_needs_no_tls(host: str) -> None:
    assert not server_of(f"postgresql://me@{host}/x").tls


@pytest.mark.parametrize("host", ["db", "10.0.0.7", "[2001:db8::1]", "localhost.example.com"])
def test_every_other_machine_needs_tls(host: str) -> None:
    assert server_of(f"postgresql://me@{host}/x").tls


@pytest.mark.parametrize("mode", ["disable", "allow", "prefer"])
def test_tls_cannot_be_waived_for_another_machine(mode: str) -> None:
    with pytest.raises(ConfigError, match=f"sslmode={mode}"):
        server_of(f"postgresql://me@10.0.0.7/x?sslmode={mode}")
    assert not server_of(f"postgresql://me@localhost/x?sslmode={mode}").tls


def test_tls_can_be_wanted_on_this_machine_with_a_signer_of_ones_own() -> None:
    server = server_of("postgresql://me@localhost/x?sslmode=verify-full&sslrootcert=/etc/ca.pem")
    assert server.tls
    assert server.ca_file == "/etc/ca.pem"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@/trading?host=/run/postgresql",
        "postgresql://me@%2Frun%2Fpostgresql/trading",
    ],
)
def test_a_socket_is_a_directory_for_a_host(url: str) -> None:
    server = server_of(url)
    assert server.socket == "/run/postgresql/.s.PGSQL.5432"
    assert not server.tls


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me@localhost/x", "must look like"),
        ("postgresql://me:secret@localhost", "must look like"),
        ("postgresql://me:secret@localhost:many/x", "port"),
        ("postgresql://me:secret@localhost:99999999/x", "port"),
        ("postgresql://me:secret@[localhost/x", "cannot be read"),
        ("postgresql://me:secret@localhost/x?colour=red", "colour is not understood"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_without_the_password(url: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as raised:
        server_of(url)
    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@given(TEXT, TEXT, TEXT)
def test_user_password_and_database_come_through_percent_encoding(
    user: str, password: str, database: str
) -> None:
    quoted = ["".join(f"%{byte:02x}" for byte in text.encode()) for text in (user, password)]
    name = "".join(f"%{byte:02x}" for byte in database.encode())
    server = server_of(f"postgresql://{quoted[0]}:{quoted[1]}@localhost/{name}")
    assert (server.user, server.password, server.database) == (user, password, database)
