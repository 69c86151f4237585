"""zoe record: raw public frames into a file."""

import sys
from argparse import Namespace
from typing import Final

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.recorder import RecordFile, RecordingSession
from zoe.adapters.kraken.stream import Callbacks, KrakenStream
from zoe.app import logs
from zoe.cli import configured, show
from zoe.cli.interruption import Until

DEPTH: Final = 10


def record(arguments: Namespace) -> int:
    """Records books, trades and tickers of some pairs; 1 where nothing came."""
    settings = configured.load(arguments)
    logs.silence()
    url = configured.public_socket(arguments, settings)
    file = RecordFile(arguments.file)
    session = RecordingSession(DEPTH, file.add)
    for topic in (public_session.book(DEPTH), public_session.trades(), public_session.ticker()):
        session.want(topic, arguments.pair)
    lost: list[str] = []
    told = Callbacks(on_lost=lambda reason: _note(lost, reason))
    try:
        KrakenStream(url, session, told).run(Until(arguments.seconds))
    finally:
        file.close()
    show.facts({"frames": str(file.frames), "file": str(arguments.file), "lost": str(len(lost))})
    return 0 if file.frames else 1


def _note(lost: list[str], reason: str) -> None:
    lost.append(reason)
    print(f"zoe record: {reason}; connecting again", file=sys.stderr)
