"""``zoe keys import`` as a process: what it writes, and that it shows none of it."""

import base64
import json
import os
import stat
from pathlib import Path
from typing import Final

import commands
from commands import Done

KEY: Final = base64.b64encode(bytes(range(42))).decode()
SECRET: Final = base64.b64encode(bytes(range(64))).decode()


def zoe(place: Path, *words: str, **more: str) -> Done:
    environ = {"PATH": os.environ["PATH"], "HOME": str(place), "ZOE_STATE_DIR": str(place), **more}
    return commands.run(words, environ, place)


def test_an_import_is_what_the_desk_then_reads_and_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "kraken.txt").write_bytes(
        f"\ufeffUser: jo\r\nPassword: hunter2\r\n\r\nAPI key:\r\n{KEY}\r\n"
        f'Private key = "{SECRET}"\r\n'.encode()
    )
    for words in ((), ("--json",)):
        done = zoe(tmp_path, "keys", "import", "kraken.txt", *words)
        assert done.returncode == 0, done.stderr
        for value in (KEY, SECRET, "hunter2", "jo\n"):
            assert value not in done.stdout + done.stderr
    assert json.loads(done.stdout)["written"] == str(tmp_path / ".env")
    env = tmp_path / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert env.read_text() == (
        f"KRAKEN_API_KEY={KEY}\nKRAKEN_API_SECRET={SECRET}\nEXCHANGE=kraken\n"
    )
    assert "still holds the key" in done.stderr


def test_a_refusal_is_one_line_without_a_value_and_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "kraken.txt").write_text(f"key: {KEY}\nkey: {KEY[::-1]}\nsecret: {SECRET}\n")
    (tmp_path / ".env").write_text("A=1\n")
    done = zoe(tmp_path, "keys", "import", "kraken.txt")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "lines 1, 2" in done.stderr
    for value in (KEY, KEY[::-1], SECRET):
        assert value not in done.stderr
    assert (tmp_path / ".env").read_text() == "A=1\n"


def test_a_key_in_the_environment_that_goes_before_is_told(tmp_path: Path) -> None:
    (tmp_path / "kraken.txt").write_text(f"{KEY}\n{SECRET}\n")
    done = zoe(tmp_path, "keys", "import", "kraken.txt", KRAKEN_API_KEY="another")
    assert done.returncode == 0
    assert "KRAKEN_API_KEY is set in this environment" in done.stderr
    assert "another" not in done.stdout + done.stderr
