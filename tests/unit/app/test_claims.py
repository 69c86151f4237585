"""Claims: one desk a directory and an account, and an identity that stays."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from zoe.app import claims, systemd
from zoe.domain.errors import ConfigError


def test_a_second_claim_is_another_desk_and_says_which_process(tmp_path: Path) -> None:
    path = tmp_path / "a" / "desk.lock"
    first = claims.claim(path, "this account")
    with pytest.raises(claims.AnotherDesk, match=str(os.getpid())):
        claims.claim(path, "this account")
    first.close()
    claims.claim(path, "this account").close()


def test_a_claim_ends_with_its_process_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "desk.lock"
    program = (
        "import sys; from pathlib import Path; from zoe.app import claims\n"
        "lock = claims.claim(Path(sys.argv[1]), 'x'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        (sys.executable, "-c", program, str(path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(claims.AnotherDesk):
            claims.claim(path, "x")
        holder.kill()
    claims.claim(path, "x").close()


def test_a_place_that_cannot_be_used_is_one_clear_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(ConfigError, match="Not a directory"):
        claims.prepare(file / "state")
    with pytest.raises(ConfigError, match="Not a directory"):
        claims.claim(file / "x" / "lock", "x")


def test_a_state_directory_that_everybody_may_write_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigError, match="everybody"):
        claims.prepare(tmp_path)


def test_the_identity_stays_and_is_each_directorys_own(tmp_path: Path) -> None:
    first, second = tmp_path / "1", tmp_path / "2"
    for directory in (first, second):
        claims.prepare(directory)
    assert claims.identity(first) == claims.identity(first)
    assert claims.identity(first) != claims.identity(second)


@pytest.mark.parametrize("left", [b"", b"\xff\xfe", b"short\n", b"0" * 33])
def test_an_identity_that_is_damaged_is_refused_and_left_alone(tmp_path: Path, left: bytes) -> None:
    (tmp_path / "desk.id").write_bytes(left)
    with pytest.raises(ConfigError, match=r"desk\.id is damaged"):
        claims.identity(tmp_path)
    assert (tmp_path / "desk.id").read_bytes() == left


def test_nobody_else_can_lock_or_change_what_tells_desks_apart(tmp_path: Path) -> None:
    (tmp_path / "desk.lock").touch(0o644)
    before = os.umask(0)
    try:
        claims.identity(tmp_path)
        claims.claim(tmp_path / "desk.lock", "x").close()
    finally:
        os.umask(before)
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "desk.id": "0o600",
        "desk.lock": "0o600",
    }


def test_the_service_manager_hears_what_it_is_told(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        assert systemd.notify("READY=1", environ)
        assert manager.recv(100) == b"READY=1"
    assert not systemd.notify("READY=1", environ)
    assert not systemd.notify("READY=1", {})


def test_an_account_is_one_desks_and_accounts_of_other_exchanges_have_nothing_in_common(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        claims.claim(claims.account_file("sandbox:a", 8_001), "this account"),
        claims.claim(claims.account_file("sandbox:a", 8_002), "this account"),
        claims.claim(claims.account_file("kraken:a"), "this account"),
    ):
        for account, port in (("sandbox:a", 8_001), ("kraken:a", None)):
            with pytest.raises(claims.AnotherDesk, match="holds this account"):
                claims.claim(claims.account_file(account, port), "this account")
