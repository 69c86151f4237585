"""What the Desk door is being asked: each command a talk, from its line to its answer.

A part of the door, which owns it: state of one actor, and no actor itself.
"""

from collections.abc import Iterator
from typing import Any, Final

import attrs
import msgspec

from zoe.actors import hydration
from zoe.domain.ids import id_number, uuid_text
from zoe.messages.system import DoorAnswer
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

DONE: Final = 0
NO: Final = 1
USAGE: Final = 2
REFUSED: Final = 4
TIMED_OUT: Final = 5
PLACE: Final = "order.place"
AMEND: Final = "order.amend"
HALT: Final = "halt"
REDUCE: Final = "reduce"
RESUME: Final = "resume"
FLATTEN: Final = "flatten"
#: Asked twice at once under one key, these are done once and answered twice.
JOINED: Final = frozenset({PLACE, AMEND, FLATTEN})

Result = dict[str, Any]
Problem = tuple[str, str]


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the control socket."""

    id: int
    command: str
    params: dict[str, str | bool | None] = {}
    key: str | None = None
    timeout_seconds: int = 15


@attrs.define
class Talk:
    """One command that is not answered yet."""

    client: int
    request: Request
    gathered: dict[str, Any] = attrs.field(factory=dict)


class Talks:
    """The commands that one door has not answered yet, each under a number of its own."""

    def __init__(self, door: Actor) -> None:
        self._door = door
        self._talks: dict[int, Talk] = {}
        self._refs = 0

    def begin(self, client: int, request: Request) -> int:
        """Begins a talk; its number, which differs from those of earlier incarnations, so that what
        these asked answers nothing of ours."""
        self._refs += 1
        ref = hydration.number(self._door, self._refs)
        self._talks[ref] = Talk(client, request)
        return ref

    def get(self, ref: int) -> Talk | None:
        """The talk of that number, None once it is answered or its client is gone."""
        return self._talks.get(ref)

    def __getitem__(self, ref: int) -> Talk:
        return self._talks[ref]

    def of(self, *commands: str) -> Iterator[tuple[int, Talk]]:
        """The talks about these commands, oldest first; they may be answered meanwhile."""
        for ref, talk in list(self._talks.items()):
            if talk.request.command in commands and ref in self._talks:
                yield ref, talk

    def about(self, intent_id: str) -> Iterator[tuple[int, Talk]]:
        """The talks about one order."""
        for ref, talk in list(self._talks.items()):
            if talk.gathered.get("intent_id") == intent_id and ref in self._talks:
                yield ref, talk

    def same(self, ref: int, command: str, key: str) -> int | None:
        """Another talk about the same command under the same key."""
        for other, talk in self._talks.items():
            if other != ref and talk.request.command == command and talk.request.key == key:
                return other
        return None

    def forget(self, client: int) -> None:
        """The client is gone: nobody is left to answer."""
        for ref in [ref for ref, talk in self._talks.items() if talk.client == client]:
            del self._talks[ref]

    def key(self, request: Request) -> str:
        """The key of the request as given; the command line always gives one.

        Raises:
            ValueError: It is no UUID.
        """
        if request.key is None:
            return uuid_text(self._door.rng.getrandbits(128))
        number = id_number(request.key)
        if number is None:
            raise ValueError(f"key: a UUID is needed, not {request.key}")
        return uuid_text(number)

    def answer(
        self, ref: int, code: int, result: Result | None, error: Problem | None = None
    ) -> None:
        """Ends a talk, and whatever was asked under the same key meanwhile."""
        talk = self._talks.pop(ref)
        log.info("door.answered", command=talk.request.command, exit=code, error=error)
        self.say(talk.client, talk.request.id, code, result, error)
        if talk.request.command in JOINED and code not in (USAGE, TIMED_OUT):
            joined = self.same(ref, talk.request.command, talk.request.key or "")
            if joined is not None:
                self.answer(joined, code, result, error)

    def say(
        self, client: int, request_id: int, code: int, result: Result | None, error: Problem | None
    ) -> None:
        """Sends the line that answers a request; ``code`` is the exit code."""
        said = None if error is None else {"code": error[0], "text": error[1]}
        line = {"id": request_id, "exit": code, "result": result, "error": said}
        socket = self._door.find("door_socket")
        self._door.tell(socket, DoorAnswer(client, msgspec.json.encode(line)))
