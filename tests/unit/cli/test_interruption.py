"""When commands end."""

import signal
from collections.abc import Iterator

import pytest

from zoe.cli.interruption import Interrupts


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_raised_where_it_is_asked_for_and_the_next_ends_the_process() -> None:
    interrupts = Interrupts()
    interrupts.heed()
    signal.raise_signal(signal.SIGINT)  # an actor's turn would take it for a crash of its own
    assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    with pytest.raises(KeyboardInterrupt):
        interrupts.heed()
