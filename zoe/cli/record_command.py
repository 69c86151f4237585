"""zoe record: raw public frames into a file."""

import signal
import sys
import time
from argparse import Namespace
from types import FrameType
from typing import Final

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.recorder import RecordFile, RecordingSession
from zoe.adapters.kraken.stream import Callbacks, KrakenStream
from zoe.app import logs
from zoe.cli import configured, show
from zoe.domain.errors import ConfigError

DEPTH: Final = 10


def record(arguments: Namespace) -> int:
    """Records books, trades and tickers of some pairs; 1 where nothing came."""
    settings = configured.load(arguments)
    logs.silence()
    url = arguments.url or settings.addresses[1]
    if not url:
        raise ConfigError("the desk's own sandbox has no address of its own: name one with --url")
    file = RecordFile(arguments.file)
    session = RecordingSession(DEPTH, file.add)
    for topic in (public_session.book(DEPTH), public_session.trades(), public_session.ticker()):
        session.want(topic, arguments.pair)
    lost: list[str] = []
    told = Callbacks(on_lost=lambda reason: _note(lost, reason))
    try:
        KrakenStream(url, session, told).run(_Until(arguments.seconds))
    finally:
        file.close()
    show.facts({"frames": str(file.frames), "file": str(arguments.file), "lost": str(len(lost))})
    return 0 if file.frames else 1


def _note(lost: list[str], reason: str) -> None:
    lost.append(reason)
    print(f"zoe record: {reason}; connecting again", file=sys.stderr)


class _Until:
    """Whether the time is over, or a signal has come."""

    def __init__(self, seconds: int | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds
        self._told = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._tell)

    def _end_it(self, _number: int, _frame: FrameType | None) -> None:
        self._told = True

    def __call__(self) -> bool:
        over = self._end is not None and time.monotonic() >= self._end
        return over or self._told

    def _tell(self, *_: object) -> None:
        self._told = True
