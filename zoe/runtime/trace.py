"""Which turn runs on this thread, to name it in log lines and to forbid asking in it."""

import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from zoe.runtime.dispatcher import Dispatcher
    from zoe.runtime.life import Life, Origin
    from zoe.runtime.message import Envelope

#: Whose turn, of what, and what began that incarnation; None outside of turns.
Moment: TypeAlias = "tuple[Life, Envelope | None, Origin] | None"


class Turn:
    """The turn that runs on a thread, where there is one."""

    __slots__ = ("life",)

    def __init__(self) -> None:
        self.life: Life | None = None


class _Thread(threading.local):
    #: Of a thread that lends itself: whom it has to step.
    lent: "list[Dispatcher] | None" = None
    #: Whose cells it steps: that one lets the timers know of new ones afterwards.
    stepped: "Dispatcher | None" = None

    def __init__(self) -> None:
        #: What is a thread's own is slow to set: this is asked for once a turn, and set twice.
        self.turn = Turn()


current = _Thread()

FRAMES_SHOWN: Final = 40


def moment() -> Moment:
    """The turn that runs on this thread, to be named now or later."""
    life = current.turn.life
    return None if life is None else (life, life.envelope, life.origin)


def ids(of: Moment) -> dict[str, object]:
    """The fields that name a turn in a log line; empty outside of any."""
    if of is None:
        return {}
    life, envelope, origin = of
    named: dict[str, object] = {
        "actor": life.cell.address.name,
        "incarnation": life.incarnation,
    }
    if envelope is None:
        named["correlation_id"] = origin.correlation_id
        named["causation_id"] = origin.causation_id
    else:
        named["correlation_id"] = envelope.correlation_id
        named["causation_id"] = envelope.causation_id
        named["message_id"] = envelope.message_id
    return named


@contextmanager
def outside() -> Iterator[None]:
    """As if no turn ran on this thread, for a line that tells of another moment."""
    turn = current.turn
    life, turn.life = turn.life, None
    try:
        yield
    finally:
        turn.life = life


def patch(record: Any) -> None:
    """A loguru patcher: adds actor, incarnation and ids to the line of a turn."""
    extra = record["extra"]
    for name, value in ids(moment()).items():
        extra.setdefault(name, value)


def where(error: BaseException) -> str:
    """The places an error came through, its causes first.

    Without the text of the lines: reading and parsing that takes 0.2 ms, a restart less.
    """
    lines: list[str] = []
    found: BaseException | None = error
    seen: list[BaseException] = []
    while found is not None and found not in seen:
        seen.append(found)
        frames = [
            f"{frame.f_code.co_filename}:{line} {frame.f_code.co_qualname}"
            for frame, line in traceback.walk_tb(found.__traceback__)
        ]
        lines[:0] = [*frames[-FRAMES_SHOWN:], f"{type(found).__name__}: {found}"]
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)
    return "\n".join(lines)
