"""Keys of a terminal, which is given back as it was."""

import os
import select
import termios
from pathlib import Path

import pytest

from zoe.cli.key_presses import KeyPresses


def pressed(keys: KeyPresses, terminal: tuple[int, int], sent: bytes) -> tuple[str, ...]:
    """What is told of keys that a person presses."""
    person, ours = terminal
    os.write(person, sent)
    assert select.select([ours], [], [], 60)[0]
    return keys.pressed()


def test_keys_are_read_as_they_are_pressed_and_the_terminal_is_given_back() -> None:
    person, ours = os.openpty()
    before = termios.tcgetattr(ours)
    with KeyPresses(ours) as keys:
        assert keys.pressed() == ()
        assert pressed(keys, (person, ours), b"vq") == ("v", "q")
        assert termios.tcgetattr(ours) != before
    assert termios.tcgetattr(ours) == before


def test_where_there_is_no_terminal_nobody_presses_a_key(tmp_path: Path) -> None:
    with (tmp_path / "text").open("wb") as file, KeyPresses(file.fileno()) as keys:
        assert keys.pressed() == ()


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (b"\x1b[A\x1b[Bv", ("up", "down", "v")),
        (b"\x1bOA\x1bOH\x1bOF", ("up", "home", "end")),  # of a terminal in its application mode
        (b"\x1b[5~\x1b[6~\x1b[1~\x1b[4~", ("page up", "page down", "home", "end")),
        (b"\x1b[C\x1b[1;5A\x1b[15~\x1bOPs", ("s",)),  # to the right, Ctrl up, F5, F1
        (b"\x1bq", ("q",)),  # Alt q, or a lone Escape before it
    ],
)
def test_a_key_that_is_no_character_has_a_name_or_says_nothing(
    sent: bytes, told: tuple[str, ...]
) -> None:
    terminal = os.openpty()
    with KeyPresses(terminal[1]) as keys:
        assert pressed(keys, terminal, sent) == told


def test_a_key_that_comes_in_pieces_is_one_key() -> None:
    terminal = os.openpty()
    with KeyPresses(terminal[1]) as keys:
        parts = (b"v\x1b", b"[", b"6", b"~p")
        said = [pressed(keys, terminal, part) for part in parts]
    assert said == [("v",), (), (), ("page down", "p")]
