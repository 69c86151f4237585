"""The private socket as a library's user hears it: one KrakenSession a connection, fills told once.

Every connection begins with snapshots, which repeat open orders and the last trades: a fill that was
told on an earlier connection is not told again.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import attrs

from zoe.adapters.kraken.socket_requests import Sender, read_answer
from zoe.adapters.kraken.ws_session import KrakenSession
from zoe.domain.errors import WireError
from zoe.domain.sighting import Sighting
from zoe.messages.market import FrameNotUnderstood
from zoe.ports.venue import Answered, StreamGap, StreamLive

SECOND_NS: Final = 1_000_000_000
PING_AFTER_NS: Final = 5 * SECOND_NS
SILENT_AFTER_NS: Final = 15 * SECOND_NS
MOST_FILLS: Final = 10_000
EXCERPT_BYTES: Final = 300


class PrivateLine:
    """Any number of lives of one private connection.

    Args:
        token: Fetches a new token; called before each connection, since one not used within 15
            minutes is of no more use.
    """

    def __init__(self, token: Callable[[], str]) -> None:
        self._fetch = token
        self._token = ""
        self._session = KrakenSession()
        self._fills: OrderedDict[str, None] = OrderedDict()
        self._heard_ns = 0
        self._pinged_ns = 0
        self._req_id = 0
        self._gap: str | None = None
        self.live = False

    def sender(self, deadline_ns: int | None = None) -> Sender:
        """Makes requests for this connection."""
        return Sender(self._token, deadline_ns)

    def before_connect(self) -> None:
        """Fetches the token; may raise what fetching raises."""
        self._token = self._fetch()

    def opened(self, now_ns: int) -> Sequence[bytes]:
        """A connection is open; what to send at first."""
        self._session = KrakenSession()
        self._heard_ns = self._pinged_ns = now_ns
        self._gap = None
        self.live = False
        return self._session.opened(self._token)

    def closed(self) -> None:
        """The connection is gone."""
        self.live = False

    def lost(self, now_ns: int) -> str | None:
        """Why the connection is of no more use, None while it is."""
        if self._gap is not None:
            return self._gap
        return "nothing heard" if now_ns - self._heard_ns > SILENT_AFTER_NS else None

    def due(self, now_ns: int) -> Sequence[bytes]:
        """What to send at this moment."""
        if now_ns - max(self._heard_ns, self._pinged_ns) < PING_AFTER_NS:
            return []
        self._pinged_ns = now_ns
        self._req_id -= 1  # negative, so that it is none of the user's
        return [self._session.ping(self._req_id)]

    def received(self, payload: bytes, now_ns: int) -> Sequence[object]:
        """What a frame says."""
        self._heard_ns = now_ns
        try:
            said = self._session.received(payload, now_ns)
            return [news for thing in said for news in self._told(thing, payload)]
        except WireError as problem:
            excerpt = payload[:EXCERPT_BYTES].decode(errors="replace")
            return [FrameNotUnderstood(str(problem), excerpt)]

    def _told(self, thing: object, payload: bytes) -> list[object]:
        match thing:
            case StreamGap(reason):
                self._gap = self._gap or reason
                return [thing]
            case StreamLive():
                self.live = True
                return [thing]
            case Answered():
                return [read_answer(payload)]
            case Sighting():
                return self._fresh(thing)
            case _:
                return [thing]

    def _fresh(self, sighting: Sighting) -> list[object]:
        facts = tuple(f for f in sighting.facts if f.fill is None or self._is_new(f.fill.exec_id))
        return [attrs.evolve(sighting, facts=facts)] if facts else []

    def _is_new(self, exec_id: str) -> bool:
        if exec_id in self._fills:
            return False
        self._fills[exec_id] = None
        if len(self._fills) > MOST_FILLS:
            self._fills.popitem(last=False)
        return True
