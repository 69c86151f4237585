"""The stream that log lines go to beside their file: a terminal, or a supervisor's pipe or socket.

Whoever reads it may stop reading without going away: Ctrl-S, a connection that hangs, a supervisor that
is stuck. A plain write would then hold up every actor that logs, and the desk's end. So lines that find
no room are left out, which costs nothing: the file has them all.
"""

import contextlib
import os
import select
import socket
import stat
from collections.abc import Callable
from typing import Final, TextIO

#: A reader that is only slow gets so long, once, before lines are left out.
PATIENCE_MS: Final = 20

#: Takes what there is room for, and says how many bytes that were.
Put = Callable[[bytes], int]


class LogStream:
    """Whole lines, in order, those left out for which there was no room.

    Args:
        stream: Its text encoding counts; what it buffers must have been flushed.
        note: Makes the line that says how many were left out.
    """

    def __init__(self, stream: TextIO, note: Callable[[int], str]) -> None:
        self._stream = stream
        self._note = note
        self._fd, self._put = _without_waiting(stream)
        #: The end of a line whose beginning is written.
        self._rest = b""
        self._left_out = 0

    def write(self, line: str) -> None:
        """Writes ``line`` with its end, or leaves it out.

        Raises:
            OSError: There is no reader any more.
            ValueError: The stream was closed.
        """
        if self._put is None:
            self._stream.write(line + "\n")
            self._stream.flush()
            return
        self._rest = self._sent(self._rest)
        if not self._rest:
            if self._left_out:
                line = f"{self._note(self._left_out)}\n{line}"
            whole = f"{line}\n".encode(self._stream.encoding, "backslashreplace")
            rest = self._sent(whole)
            if rest and not self._left_out and self._room_soon():
                rest = self._sent(rest)
            if rest != whole:
                self._rest, self._left_out = rest, 0
                return
        self._left_out += 1

    def _sent(self, data: bytes) -> bytes:
        """What there was no room for."""
        assert self._put is not None
        with contextlib.suppress(BlockingIOError):
            while data:
                data = data[self._put(data) :]
        return data

    def _room_soon(self) -> bool:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        return bool(poll.poll(PATIENCE_MS))


def is_dumb() -> bool:
    """Whether the terminal that the environment names can do nothing but write."""
    return os.environ.get("TERM") in ("dumb", "unknown")


def takes_colours(stream: TextIO) -> bool:
    """Whether it is a terminal that has colours, of somebody who wants them (no-color.org)."""
    return not os.environ.get("NO_COLOR") and not is_dumb() and stream.isatty()


def _without_waiting(stream: TextIO) -> tuple[int, Put | None]:
    """How to write to what may have no room; None for what always has, a file or no stream at all.

    Descriptors share their flags with whoever else has them, a shell for one, so that this one is
    opened anew, or the flag goes along with each call.
    """
    try:
        fd = stream.fileno()
        mode = os.fstat(fd).st_mode
        if stat.S_ISSOCK(mode):
            peer = socket.socket(fileno=os.dup(fd))
            return fd, lambda data: peer.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        if stat.S_ISFIFO(mode) or stream.isatty():
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            ours = os.open(f"/proc/self/fd/{fd}", flags)
            return ours, lambda data: os.write(ours, data)
    except (OSError, ValueError):  # none of ours to open, or closed
        pass
    return -1, None
