"""KrakenFeed: the public session as the desk's actors use it; its frames are read elsewhere."""

from collections.abc import Sequence
from typing import Final

from zoe.adapters.kraken import public_session
from zoe.adapters.kraken.feed import DEPTH
from zoe.adapters.kraken.public_session import INSTRUMENTS, Patience, PublicSession, Topic

#: The exchange's own advice for a connection on which nothing is heard (facts sheet, section 2.1).
PATIENCE: Final = Patience(ping_after_ns=900_000_000, silent_after_ns=5_000_000_000)


class KrakenFeed(PublicSession):
    """See zoe.ports.venue.PublicFeed."""

    def __init__(self, depth: int = DEPTH) -> None:
        super().__init__(depth, PATIENCE)
        self._topics: dict[str, Topic] = {
            "instrument": INSTRUMENTS,
            "book": public_session.book(depth),
            "trade": public_session.trades(),
            "ticker": public_session.ticker(),
        }

    def follow(self, channel: str, symbols: Sequence[str]) -> None:
        """See zoe.ports.venue.PublicFeed."""
        self.want(self._topics[channel], symbols or ("",))

    def leave(self, channel: str, symbols: Sequence[str]) -> Sequence[bytes]:
        """See zoe.ports.venue.PublicFeed."""
        return self.unwant(self._topics[channel], symbols)
