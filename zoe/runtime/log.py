"""Logging as events: a constant dotted name, and its values as fields.

Actor, incarnation and ids come from the runtime's patcher, never from the caller. A line costs ten times
what it takes to say that it is wanted: while a thread writes lines (see LateLines), those that tell of a
change or a decision are written a moment later, with the time and the ids of the moment they tell of.
"""

import queue
import threading
import time
from collections import deque
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias

from loguru import logger

from zoe.runtime import trace

_DEBUG: Final = 10
_INFO: Final = 20
#: Lines that may wait; whoever says more writes them himself.
MOST_WAITING: Final = 2_000
#: So long a line waits, or up to twice that: what it tells of is still going on.
PAUSE_SECONDS: Final = 0.005
_PAUSE_NS: Final = round(PAUSE_SECONDS * 1e9)
#: After so many pauses without a line the thread sleeps until it is woken.
PAUSES: Final = 200
_LOOK_SECONDS: Final = 2

#: Level, event, fields, the turn that said it, and when.
_Line: TypeAlias = tuple[str, str, dict[str, object], trace.Moment, int]


class Stop(Protocol):
    """How a thread learns that the process ends."""

    def wait(self, seconds: float) -> bool:
        """Waits; True when asked to end meanwhile."""


class LateLines:
    """Lines on their way to being written, in the order they were said."""

    def __init__(self) -> None:
        self._lines: deque[_Line] = deque()
        self._writing = threading.Lock()
        self._asleep = False
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()

    def put(self, level: str, event: str, fields: dict[str, object]) -> None:
        """Takes a line of the turn that runs on this thread."""
        # Its ids are worded when it is written: whoever says it is on an order's way.
        self._lines.append((level, event, fields, trace.moment(), time.time_ns()))
        if self._asleep:
            self._asleep = False
            self._wake.put(None)
        if len(self._lines) > MOST_WAITING:
            self.flush()

    def flush(self, before_ns: int | None = None) -> None:
        """Writes every line that was put before, or those that were put before a time."""
        with self._writing:
            while self._lines and (before_ns is None or self._lines[0][-1] < before_ns):
                _write(*self._lines.popleft())

    def run(self, stop: Stop) -> None:
        """Writes lines until asked to end."""
        calm = 0
        while not stop.wait(PAUSE_SECONDS):
            calm = 0 if self._lines else calm + 1
            self.flush(time.time_ns() - _PAUSE_NS)
            if calm > PAUSES:
                self._sleep()

    def _sleep(self) -> None:
        self._asleep = True
        # A line that came before the flag was up woke nobody.
        if not self._lines:
            try:
                self._wake.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                return


def _write(level: str, event: str, fields: dict[str, object], of: trace.Moment, at_ns: int) -> None:
    def dated(record: Any) -> None:
        record["time"] = datetime.fromtimestamp(at_ns / 1e9).astimezone()

    # Whose turn it is that writes it, if any, is not whose turn said it.
    with trace.outside():
        logger.bind(**{**trace.ids(of), **fields}).patch(dated).log(level, event)


class Log:
    """Writes events; one line per state change or decision."""

    #: What loguru itself asks first, but only when a line's fields are bound already.
    _core: Any = logger._core  # type: ignore[attr-defined]  # not in its stubs

    def __init__(self) -> None:
        #: Who writes lines that may wait; None where nobody does.
        self.late: LateLines | None = None

    @property
    def tells_changes(self) -> bool:
        """Whether anybody reads lines of INFO: to ask before fields that take long to make."""
        return bool(self._core.min_level <= _INFO)

    def debug(self, event: str, **fields: object) -> None:
        """Wire traffic and other detail."""
        if self._core.min_level <= _DEBUG:
            self._say("DEBUG", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """A state change."""
        if self._core.min_level <= _INFO:
            self._say("INFO", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Something the desk recovered from by itself; has a row in docs/runbook.md."""
        self._say_now("WARNING", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """A person should look; has a row in docs/runbook.md."""
        self._say_now("ERROR", event, fields)

    def critical(self, event: str, **fields: object) -> None:
        """Trading has stopped; has a row in docs/runbook.md."""
        self._say_now("CRITICAL", event, fields)

    def opt_exception(self, event: str, error: BaseException, **fields: object) -> None:
        """An error that ends the process, with its trace."""
        self.flush()
        logger.bind(error=f"{type(error).__name__}: {error}", **fields).opt(
            exception=error
        ).critical(event)

    def flush(self) -> None:
        """Writes the lines that wait."""
        late = self.late
        if late is not None:
            late.flush()

    def _say(self, level: str, event: str, fields: dict[str, object]) -> None:
        late = self.late
        if late is None:
            logger.bind(**fields).log(level, event)
        else:
            late.put(level, event, fields)

    def _say_now(self, level: str, event: str, fields: dict[str, object]) -> None:
        """What a person should know is written before anything else happens, behind what waits."""
        self.flush()
        logger.bind(**fields).log(level, event)


log: Final = Log()
