"""Garbage is looked for while nothing is under way: by the thread that steps a dispatcher, outside of turns."""

import gc
import threading
import time
from collections.abc import Iterator

import pytest

from zoe.messages.system import Tick
from zoe.runtime.actor import Actor
from zoe.runtime.garbage import AT_REST
from zoe.runtime.message import Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime
from zoe.runtime.trace import current

PATIENCE_SECONDS = 60


class Untidy(Actor):
    """Makes some more new objects than it takes at rest, and fewer than the collector takes by itself."""

    def __init__(self) -> None:
        super().__init__()
        self._made: list[list[int]] = []

    def handle(self, message: Message) -> None:
        self._made += [[number] for number in range(AT_REST + 10)]
        self.tell(self.find("witness"), message)


@pytest.fixture
def collected() -> Iterator[list[str]]:
    """The threads in which the collector began outside of any turn, as it happens."""
    found: list[str] = []

    def note(phase: str, _: dict[str, int]) -> None:
        if phase == "start" and current.turn.life is None and current.stepped is not None:
            found.append(threading.current_thread().name)

    gc.callbacks.append(note)
    yield found
    gc.callbacks.remove(note)


def test_garbage_is_looked_for_when_nothing_is_under_way_by_the_thread_that_steps(
    collected: list[str],
) -> None:
    runtime, told = ThreadRuntime(seed=1), threading.Semaphore(0)
    runtime.endpoint("witness", lambda _: told.release())
    runtime.root((Group("all", (Child("untidy", Untidy, dispatcher="shared"),)),))
    thresholds, until = gc.get_threshold(), time.monotonic() + PATIENCE_SECONDS
    # Until the start is over the dispatcher's own thread may be at it.
    while threading.current_thread().name not in collected:
        assert time.monotonic() < until, collected
        gc.collect()
        runtime.post_all(runtime.find("untidy"), [Tick("now")], lend=True)
        assert told.acquire(timeout=PATIENCE_SECONDS)
    assert gc.get_threshold() == thresholds
    runtime.finish(0)
