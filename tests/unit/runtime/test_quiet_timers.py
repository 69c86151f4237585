"""Timers that turns on a dispatcher arm: their thread is woken when there is nothing else to do, or soon."""

import threading
from collections.abc import Iterator

import pytest

from zoe.messages.system import Tick
from zoe.runtime.actor import Actor
from zoe.runtime.message import Message
from zoe.runtime.supervisor import Child, Group
from zoe.runtime.threads import ThreadRuntime

PATIENCE_SECONDS = 60
DISPATCHER = "shared"


class Poke(Message):
    """Do it."""


class Ringer(Actor):
    """Arms a timer when it is poked, and tells when it rings."""

    def handle(self, message: Message) -> None:
        if isinstance(message, Poke):
            self.after(0.005, Tick("ring"))
        else:
            self.tell(self.find("witness"), message)


class Restless(Actor):
    """Keeps its dispatcher busy for ever."""

    def on_start(self) -> None:
        self.tell(self.me, Poke())

    def handle(self, message: Message) -> None:
        self.tell(self.me, message)


@pytest.fixture
def runtime() -> Iterator[ThreadRuntime]:
    made = ThreadRuntime(seed=1)
    yield made
    made.finish(0)


@pytest.mark.parametrize("others", [(), (Child("restless", Restless, dispatcher=DISPATCHER),)])
def test_a_timer_rings_however_busy_the_dispatcher_is_that_armed_it(
    runtime: ThreadRuntime, others: tuple[Child, ...]
) -> None:
    rung = threading.Semaphore(0)
    runtime.endpoint("witness", lambda envelope: rung.release())
    children = (Child("ringer", Ringer, dispatcher=DISPATCHER), *others)
    runtime.root((Group("all", children),))
    for _ in range(3):
        runtime.find("ringer").tell(Poke())
        assert rung.acquire(timeout=PATIENCE_SECONDS)
