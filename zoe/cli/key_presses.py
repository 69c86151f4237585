"""Single keys of a person's terminal, as they are pressed; nothing where there is no terminal."""

import os
import re
import select
import sys
import termios
import tty
from typing import Final, Self

_MOST: Final = 64
#: What a terminal sends for keys that are no characters, by the names that they have here.
NAMED: Final = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[5~": "page up", "\x1b[6~": "page down",
    "\x1b[H": "home", "\x1b[F": "end", "\x1b[1~": "home", "\x1b[4~": "end",
}  # fmt: skip
#: One key: a sequence, or any other character. ``ESC O`` is ``ESC [`` where a terminal is told so.
_KEY: Final = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1bO[@-~]|[^\x1b]")
#: The beginning of a sequence whose rest has not come.
_BEGUN: Final = re.compile(r"\x1b(?:O|\[[0-?]{0,8}[ -/]?)?\Z")


class KeyPresses:
    """Reads keys without waiting, inside its ``with``; Ctrl C is a signal as ever."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._before: list[object] | None = None
        self._begun = ""

    def __enter__(self) -> Self:
        try:
            number = sys.stdin.fileno() if self._descriptor is None else self._descriptor
            if os.isatty(number):
                self._before = list(termios.tcgetattr(number))
                self._descriptor = number
                tty.setcbreak(number)
        except (OSError, ValueError, termios.error):
            self._before = None  # closed, or no terminal: then nobody presses a key
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None and self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]  # as it was given

    def pressed(self) -> tuple[str, ...]:
        """The keys since the last call: a character each, or a name of NAMED; others are left out."""
        if self._before is None or self._descriptor is None:
            return ()
        ready, _, _ = select.select([self._descriptor], [], [], 0)
        if not ready:
            return ()
        text = self._begun + os.read(self._descriptor, _MOST).decode("ascii", "replace")
        begun = _BEGUN.search(text)
        self._begun = begun.group() if begun else ""
        keys: list[str] = _KEY.findall(text.removesuffix(self._begun))
        # A sequence that has no name must not be taken for the letter that it ends with.
        named = (NAMED.get(key.replace("\x1bO", "\x1b["), key) for key in keys)
        return tuple(key for key in named if not key.startswith("\x1b"))
