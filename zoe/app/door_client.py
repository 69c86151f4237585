"""The other end of the control socket: asks a running desk one thing and waits for its answer.

A desk that is not there and a desk that does not answer are different news: the first has done
nothing, the second may have.
"""

import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import attrs
import msgspec

from zoe.domain.errors import ConfigError, ZoeError

CONNECT_SECONDS: Final = 2
#: Longer than the desk takes to say that the command's own time is over.
GRACE_SECONDS: Final = 3
LONGEST_ANSWER: Final = 64 * 1024 * 1024
_CHUNK: Final = 65_536
#: Every command is the only one of its connection.
_ID: Final = 1

Params = Mapping[str, str | bool | None]


class NoDesk(ZoeError):
    """Nobody listens at the control socket: nothing was done."""


class NoAnswer(ZoeError):
    """The desk was asked, and whether it did anything is unknown."""


@attrs.frozen
class Command:
    """What a desk is asked to do.

    Attributes:
        timeout_seconds: How long the desk may take; it then answers with what it knows.
    """

    name: str
    params: Params = attrs.field(factory=dict)
    key: str | None = None
    timeout_seconds: int = 15

    def line(self) -> bytes:
        """The command as one line of JSON."""
        request = {
            "id": _ID,
            "command": self.name,
            "params": self.params,
            "key": self.key,
            "timeout_seconds": self.timeout_seconds,
        }
        return msgspec.json.encode(request) + b"\n"


class Error(msgspec.Struct, frozen=True):
    """Why the answer is not a plain yes: a word for programs, and a text for people."""

    code: str
    text: str


class Answer(msgspec.Struct, frozen=True):
    """What the desk said; ``exit`` is the exit code that the command ends with."""

    id: int
    exit: int
    result: dict[str, Any] | None = None
    error: Error | None = None


class DoorClient:
    """A connection to a desk, for one command.

    Raises:
        NoDesk: Nobody listens there.
        NoAnswer: Somebody does, and takes no more connections.
        ConfigError: The socket cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(path)
        except BaseException:
            self._socket.close()
            raise

    def _connect(self, path: Path) -> None:
        # The kernel's own patience: with Python's, a queue that is full for a moment refuses at once.
        patience = struct.pack("@ll", CONNECT_SECONDS, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, patience)
        try:
            self._socket.connect(str(path))
            self._socket.settimeout(CONNECT_SECONDS)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError) as problem:
            raise NoDesk(f"no desk is running ({path})") from problem
        except (TimeoutError, BlockingIOError) as problem:
            raise NoAnswer(f"the desk takes no connection ({path})") from problem
        except OSError as problem:
            raise ConfigError(f"control socket {path}: {problem.strerror or problem}") from problem

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ask(self, command: Command) -> Answer:
        """Sends the command and waits for its answer.

        Raises:
            NoAnswer: None that can be understood came in time.
        """
        deadline = time.monotonic() + command.timeout_seconds + GRACE_SECONDS
        try:
            self._socket.sendall(command.line())
            return self._answer(deadline)
        except TimeoutError as problem:
            waited = command.timeout_seconds + GRACE_SECONDS
            raise NoAnswer(f"the desk did not answer in {waited} s") from problem
        except OSError as problem:
            raise NoAnswer("the desk closed the connection before it answered") from problem

    def _answer(self, deadline: float) -> Answer:
        """The first line that answers our command."""
        buffered = bytearray()
        while True:
            line, newline, rest = buffered.partition(b"\n")
            if newline:
                buffered = rest
                answer = _understood(bytes(line))
                if answer.id in (_ID, 0):  # 0: the desk could not read even the id
                    return answer
                continue
            if len(buffered) > LONGEST_ANSWER:
                raise NoAnswer("the desk's answer has no end")
            buffered += self._more(deadline)

    def _more(self, deadline: float) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._socket.settimeout(left)
        data = self._socket.recv(_CHUNK)
        if not data:
            raise NoAnswer("the desk closed the connection before it answered")
        return data


def _understood(line: bytes) -> Answer:
    try:
        return msgspec.json.decode(line, type=Answer)
    except (msgspec.MsgspecError, RecursionError) as problem:
        raise NoAnswer(f"the desk's answer cannot be understood: {problem}") from problem


def ask(path: Path, command: Command) -> Answer:
    """One question, one answer; raises as DoorClient and its ``ask`` do."""
    with DoorClient(path) as client:
        return client.ask(command)
