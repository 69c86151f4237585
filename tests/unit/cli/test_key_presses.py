"""Keys of a terminal, which is given back as it was."""

import os
import select
import termios
from pathlib import Path

from zoe.cli.key_presses import KeyPresses


def test_keys_are_read_as_they_are_pressed_and_the_terminal_is_given_back() -> None:
    person, ours = os.openpty()
    before = termios.tcgetattr(ours)
    with KeyPresses(ours) as keys:
        assert keys.pressed() == ""
        os.write(person, b"vq")
        assert select.select([ours], [], [], 60)[0]
        assert keys.pressed().startswith("v")
        assert termios.tcgetattr(ours) != before
    assert termios.tcgetattr(ours) == before


def test_where_there_is_no_terminal_nobody_presses_a_key(tmp_path: Path) -> None:
    with (tmp_path / "text").open("wb") as file, KeyPresses(file.fileno()) as keys:
        assert keys.pressed() == ""
