"""``zoe run`` that is told to stop before there is a desk."""

import os
import signal
from argparse import Namespace
from collections.abc import Iterator

import pytest

from zoe.cli import configured, desk_process

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_told_to_stop_while_it_loads_it_ends_as_stopped(
    number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object) -> None:
        os.kill(os.getpid(), number)
        raise AssertionError("it went on")

    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    monkeypatch.setattr(configured, "load", load)
    with pytest.raises(SystemExit) as ended:
        desk_process.run(Namespace(exchange=None))
    assert ended.value.code == 0
