"""zoe record: raw public frames into a file."""

import sys
import time
from argparse import Namespace
from typing import Final

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.public_session import PublicSession, Stage
from zoe.adapters.kraken.recorder import RecordFile, RecordingSession
from zoe.adapters.kraken.stream import Callbacks, KrakenStream
from zoe.app import logs
from zoe.cli import configured, failures, show
from zoe.cli.configured import Exchange
from zoe.cli.interruption import Until
from zoe.messages.market import SubscriptionRefused

DEPTH: Final = 10


class Refusals:
    """What the exchange refused of what a session wants; each told once, as it comes.

    Attributes:
        complete: Whether nothing of any pair was accepted: nothing will come.
    """

    def __init__(self, session: PublicSession) -> None:
        self._session = session
        self._refused: set[tuple[str, str]] = set()
        self._told: set[tuple[str, str]] = set()
        self.complete = False

    def hear(self, news: SubscriptionRefused) -> None:
        """Tells people of a refusal; the session knows already whose it is."""
        wanted = [one for one in self._session.subscriptions if one.symbol]
        for one in wanted:
            # One that is silent is given up as refused as well, for a while, and not by the exchange.
            if one.stage is Stage.REFUSED and one.error == news.error:
                self._refused.add((one.topic.channel, one.symbol))
                self._tell(one.symbol, news.error)
        self.complete = len(self._refused) == len(wanted)

    def _tell(self, symbol: str, error: str) -> None:
        if (symbol, error) not in self._told:
            self._told.add((symbol, error))
            show.note(f"record: the exchange refused {symbol}: {error}")


def record(arguments: Namespace) -> int:
    """Records books, trades and tickers of some pairs; 1 where nothing came, 4 where the exchange
    refused all of it: then it ends at once."""
    settings = configured.load(arguments)
    logs.silence()
    url: str = arguments.url or configured.address(settings, Exchange.PUBLIC)
    file = RecordFile(arguments.file)
    session = RecordingSession(DEPTH, file.add)
    for topic in (public_session.book(DEPTH), public_session.trades(), public_session.ticker()):
        session.want(topic, arguments.pair)
    lost: list[str] = []
    refusals = Refusals(session)
    told = Callbacks(on_refused=refusals.hear, on_lost=lambda reason: _note(lost, reason))
    over = Until(arguments.seconds)

    def ends() -> bool:
        file.due(time.time_ns())
        return refusals.complete or over()

    try:
        KrakenStream(url, session, told).run(ends)
    finally:
        file.close()
    summary = {"frames": file.frames, "file": str(arguments.file), "lost": len(lost)}
    show.document(summary) if arguments.json else show.facts(summary)
    if refusals.complete:
        return failures.REFUSED
    return 0 if file.frames else 1


def _note(lost: list[str], reason: str) -> None:
    lost.append(reason)
    print(f"zoe record: {reason}; connecting again", file=sys.stderr)
