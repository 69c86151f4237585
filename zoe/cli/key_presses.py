"""Single keys of a person's terminal, as they are pressed; nothing where there is no terminal."""

import os
import select
import sys
import termios
import tty
from types import TracebackType
from typing import Final, Self

_MOST: Final = 64


class KeyPresses:
    """Reads keys without waiting, inside its ``with``; Ctrl C is a signal as ever."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = descriptor
        self._before: list[object] | None = None

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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._before is not None and self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)  # type: ignore[arg-type]  # as it was given

    def pressed(self) -> str:
        """The keys since the last call."""
        if self._before is None or self._descriptor is None:
            return ""
        ready, _, _ = select.select([self._descriptor], [], [], 0)
        return os.read(self._descriptor, _MOST).decode("ascii", "replace") if ready else ""
