"""When a command ends that would go on for long, or for ever."""

import signal
import time

from zoe.app.stopping import stop_signals


class Until:
    """Called, says whether the time is over or a signal has come; takes those that ask for an end.

    Args:
        seconds: None: only a signal ends it.
    """

    def __init__(self, seconds: int | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._told = False
        for number in stop_signals():
            signal.signal(number, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True

    def __call__(self) -> bool:
        return self._told or (self._end is not None and time.monotonic() >= self._end)


class Interrupts:
    """Hears SIGINT where it is asked for, and nowhere else: a second one ends the process at once.

    Within an actor's turn an exception is that actor's crash, whoever raised it.
    """

    def __init__(self) -> None:
        self._told = False
        signal.signal(signal.SIGINT, self._tell)

    def _tell(self, *_: object) -> None:
        self._told = True
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    def heed(self) -> None:
        """Raises KeyboardInterrupt where one has come."""
        if self._told:
            raise KeyboardInterrupt
