"""Starts the embedded server again when it dies: a full disk makes it, and so can a person."""

import time
from typing import Final, Protocol

from zoe.runtime.log import log
from zoe.store.embedded import EmbeddedServer

DELAYS_SECONDS: Final = (0.1, 0.5, 1, 2, 5, 10)
#: A server that has run so long had recovered: the next death is a first one.
STEADY_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.05


class Stop(Protocol):
    """How the loop learns that it should end (the runtime's ``Stop``)."""

    def requested(self) -> bool:
        """Whether to end now."""

    def wait(self, seconds: float) -> bool:
        """Waits; True when asked to end meanwhile."""


def keep_up(server: EmbeddedServer, stop: Stop) -> None:
    """The body of a reader's loop. Every row that was acknowledged is there after a restart.

    Raises:
        ConfigError: Another server has taken its place.
    """
    failures, began = 0, time.monotonic()
    while not stop.wait(_LOOK_SECONDS):
        code = server.poll()
        if code is None:
            if failures and time.monotonic() - began > STEADY_SECONDS:
                failures = 0
            continue
        if stop.requested():
            return
        delay = DELAYS_SECONDS[min(failures, len(DELAYS_SECONDS) - 1)]
        failures += 1
        log.error(
            "store.server_died",
            exit=code,
            words=server.why_it_died(),
            failures=failures,
            retry_seconds=delay,
        )
        if stop.wait(delay):
            return
        began = time.monotonic()
        try:
            server.restart()
            log.info("store.server_restarted", failures=failures)
        except OSError as problem:
            log.error("store.server_not_started", error=str(problem), failures=failures)
