"""The public socket without I/O: what to subscribe, what came of it, what to ask for again.

A subscription's life: wanted -> asked (in batches, not all at once) -> acknowledged -> live with its
snapshot. One that is acknowledged and then silent, or not even that, is asked for again, alone; a book whose
checksum is wrong likewise, ever later if it is wrong again and again. A connection on which nothing at
all is heard is of no more use.
"""

import enum
from collections.abc import Iterable, Sequence
from typing import Final

import attrs

from zoe.adapters.kraken.feed import DEPTH, FeedReader
from zoe.adapters.kraken.socket_requests import request
from zoe.messages.market import (
    BookBroken,
    CandleSeen,
    FeedAlive,
    InstrumentsChanged,
    Quote,
    SubscriptionAcked,
    SubscriptionRefused,
    TickerSeen,
    TradePrints,
)
from zoe.runtime.message import Message

SECOND_NS: Final = 1_000_000_000
#: Pairs in one request, and how long to wait between two: the exchange limits the rate, and does
#: not say at what.
BATCH: Final = 100
BETWEEN_BATCHES_NS: Final = SECOND_NS // 4
#: So many requests may go out at once.
BURST: Final = 3
SNAPSHOT_WITHIN_NS: Final = 10 * SECOND_NS
#: Asked so often in vain, a subscription is given up for a while.
MOST_ASKED: Final = 5
RETRY_AFTER_NS: Final = 60 * SECOND_NS
#: A book may break so often in a minute and be asked for at once; then the pauses double.
MOST_BREAKS: Final = 8
LONGEST_PAUSE_NS: Final = 60 * SECOND_NS
#: Requests that a refusal can be told apart by, the newest; it comes at once.
MOST_REQUESTS: Final = 200
#: How often it is looked whether something is late.
LOOK_NS: Final = SECOND_NS // 10


@attrs.frozen
class Patience:
    """How long a connection may be silent before it is pinged, and before it is of no more use."""

    ping_after_ns: int = 5 * SECOND_NS
    silent_after_ns: int = 15 * SECOND_NS


class Stage(enum.Enum):
    """How far a subscription has come."""

    WANTED = "wanted"
    ASKED = "asked"
    ACKED = "acked"
    LIVE = "live"
    REFUSED = "refused"


@attrs.frozen
class Topic:
    """What is subscribed to in one request.

    Attributes:
        options: As the exchange spells them, for example ``(("depth", 10),)``.
    """

    channel: str
    options: tuple[tuple[str, object], ...] = ()


@attrs.define
class Subscription:
    """One pair of a topic; the pair is empty for the instrument channel."""

    topic: Topic
    symbol: str
    stage: Stage = Stage.WANTED
    asked: int = 0
    since_ns: int = 0
    error: str | None = None
    breaks: int = 0
    broken_ns: int = 0
    not_before_ns: int = 0


INSTRUMENTS: Final = Topic("instrument", (("snapshot", True),))


def ticker(trigger: str = "trades") -> Topic:
    """Tickers, at each trade or at each change of the best prices (``bbo``)."""
    return Topic("ticker", (("event_trigger", trigger), ("snapshot", True)))


def book(depth: int = DEPTH) -> Topic:
    """Books of 10, 25, 100, 500 or 1000 levels; one depth a connection."""
    return Topic("book", (("depth", depth), ("snapshot", True)))


def trades(snapshot: bool = False) -> Topic:
    """Trades; said explicitly, since the default is not what the documentation says."""
    return Topic("trade", (("snapshot", snapshot),))


def candles(minutes: int) -> Topic:
    """Candles of an interval."""
    return Topic("ohlc", (("interval", minutes), ("snapshot", True)))


PATIENCE: Final = Patience()


class PublicSession:
    """Any number of lives of one public connection.

    Args:
        depth: Of the books.
    """

    def __init__(self, depth: int = DEPTH, patience: Patience = PATIENCE) -> None:
        self._depth = depth
        self._patience = patience
        self._reader = FeedReader(depth)
        self._wanted: dict[tuple[str, str], Subscription] = {}
        self._req_id = 0
        self._requests: dict[int, tuple[str, tuple[str, ...]]] = {}
        self._heard_ns = 0
        self._pinged_ns = 0
        self._next_batch_ns = 0
        self._look_ns = -LOOK_NS
        #: Whether all was live when it was last looked at: until some is not, none can be late.
        self._all_live = False
        self._open = False

    def want(self, topic: Topic, symbols: Iterable[str] = ("",)) -> None:
        """Adds subscriptions; ``due`` sends them."""
        if topic.channel == "book":
            assert dict(topic.options)["depth"] == self._depth, "one depth a connection"
            self.want(INSTRUMENTS)  # books need their precisions
        self._look_anew()
        for symbol in symbols:
            self._wanted.setdefault((topic.channel, symbol), Subscription(topic, symbol))

    def unwant(self, topic: Topic, symbols: Sequence[str]) -> Sequence[bytes]:
        """Ends subscriptions; what to send for that."""
        gone = [s for s in symbols if self._wanted.pop((topic.channel, s), None) is not None]
        return [self._leave(topic, gone)] if gone and self._open else []

    @property
    def subscriptions(self) -> tuple[Subscription, ...]:
        """All that is wanted and how far each has come."""
        return tuple(self._wanted.values())

    @property
    def settled(self) -> bool:
        """Whether everything that is wanted is live, or was refused."""
        return self._all_live or all(
            s.stage in (Stage.LIVE, Stage.REFUSED) for s in self._wanted.values()
        )

    def opened(self, now_ns: int) -> Sequence[bytes]:
        """A connection is open: nothing of the one before is left. What to send at first."""
        self._reader = FeedReader(self._depth)
        self._requests.clear()
        self._heard_ns = self._pinged_ns = now_ns
        self._next_batch_ns = now_ns
        self._look_anew()
        self._open = True
        for subscription in self._wanted.values():
            subscription.stage, subscription.asked, subscription.not_before_ns = Stage.WANTED, 0, 0
        return self.due(now_ns)

    def closed(self) -> None:
        """The connection is gone."""
        self._open = False

    def lost(self, now_ns: int) -> str | None:
        """Why the connection is of no more use, None while it is."""
        silent = self._open and now_ns - self._heard_ns > self._patience.silent_after_ns
        return "nothing heard" if silent else None

    def received(self, payload: bytes, now_ns: int) -> Sequence[Message]:
        """What a frame says; what it changes here is done."""
        self._heard_ns = now_ns
        said = list(self._reader.feed(payload, now_ns))
        for news in said:
            self.heard(news, now_ns)
        return said

    def due(self, now_ns: int) -> Sequence[bytes]:
        """What to send at this moment; call it after each frame and every second or so."""
        if not self._open or 0 <= now_ns - self._look_ns < LOOK_NS:
            return []
        self._look_ns = now_ns
        sent: list[bytes] = []
        if now_ns - max(self._heard_ns, self._pinged_ns) >= self._patience.ping_after_ns:
            self._pinged_ns = now_ns
            sent.append(b'{"method":"ping"}')
        if self._all_live:
            return sent
        for late in self._late(now_ns):
            sent += self._again(late, now_ns)
        while now_ns >= self._next_batch_ns - (BURST - 1) * BETWEEN_BATCHES_NS:
            batch = self._batch(now_ns)
            if not batch:
                break
            sent += batch
        self._all_live = all(s.stage is Stage.LIVE for s in self._wanted.values())
        return sent

    def _look_anew(self) -> None:
        self._look_ns = -LOOK_NS
        self._all_live = False

    def renew(self, channel: str, symbol: str, now_ns: int) -> None:
        """A subscription that seems live and is not: ``due`` leaves it and asks for it anew."""
        found = self._wanted.get((channel, symbol))
        if found is None or found.stage is Stage.REFUSED:
            return
        recent = now_ns - found.broken_ns < 2 * LONGEST_PAUSE_NS
        found.breaks = found.breaks + 1 if recent else 1
        found.broken_ns = now_ns
        if found.breaks > MOST_BREAKS:
            pause_ns = min(SECOND_NS << (found.breaks - MOST_BREAKS), LONGEST_PAUSE_NS)
            found.not_before_ns = now_ns + pause_ns
        # Late at once: the next ``due`` leaves it and asks anew.
        found.stage, found.since_ns = Stage.ACKED, now_ns - SNAPSHOT_WITHIN_NS - 1
        self._look_anew()

    def _batch(self, now_ns: int) -> list[bytes]:
        """The next request: as many pairs of one topic as fit in it."""
        waiting = [
            s
            for s in self._wanted.values()
            if s.stage is Stage.WANTED and now_ns >= s.not_before_ns
        ]
        if not waiting:
            return []
        # Instruments first: until they have come, books can only be kept back.
        waiting.sort(key=lambda s: s.topic != INSTRUMENTS)
        topic = waiting[0].topic
        asked = [s for s in waiting if s.topic == topic][:BATCH]
        for subscription in asked:
            subscription.stage = Stage.ASKED
            subscription.asked += 1
            subscription.since_ns = now_ns
        self._next_batch_ns = max(self._next_batch_ns, now_ns) + BETWEEN_BATCHES_NS
        symbols = tuple(s.symbol for s in asked if s.symbol)
        self._req_id += 1
        self._requests[self._req_id] = (topic.channel, symbols)
        if len(self._requests) > MOST_REQUESTS:
            del self._requests[next(iter(self._requests))]
        params = {"channel": topic.channel, "symbol": list(symbols) or None, **dict(topic.options)}
        return [request("subscribe", params, self._req_id)]

    def _late(self, now_ns: int) -> list[Subscription]:
        """Acknowledged but silent, or not even acknowledged; or given up long ago."""
        return [s for s in self._wanted.values() if _is_late(s, now_ns)]

    def _again(self, late: Subscription, now_ns: int) -> list[bytes]:
        """Asks for one subscription anew; leaving it first, since it may half exist."""
        if late.stage is Stage.REFUSED:
            late.asked, late.error = 0, None
        if late.asked >= MOST_ASKED:
            late.stage, late.since_ns = Stage.REFUSED, now_ns
            late.error = f"silent after {late.asked} requests"
            return []
        late.stage = Stage.WANTED
        return [self._leave(late.topic, [late.symbol] if late.symbol else [])]

    def _leave(self, topic: Topic, symbols: Sequence[str]) -> bytes:
        options = {key: value for key, value in topic.options if key in ("depth", "interval")}
        params = {"channel": topic.channel, "symbol": list(symbols) or None, **options}
        return request("unsubscribe", params)

    def heard(self, news: Message, now_ns: int) -> None:
        """What news of this connection change here."""
        match news:
            case FeedAlive():
                self._heard_ns = now_ns
            case SubscriptionAcked(channel, symbol):
                self._acked(channel, symbol or "", now_ns)
            case SubscriptionRefused(symbol, error, req_id):
                self._refused(symbol, error, req_id)
            case BookBroken(symbol, _):
                # A book that lost a change: once it is left, its new snapshot is the truth.
                self.renew("book", symbol, now_ns)
            case Quote(symbol=symbol, live=True):
                self._live("book", symbol)
            case TickerSeen(symbol=symbol):
                self._live("ticker", symbol)
            case TradePrints(symbol=symbol):
                self._live("trade", symbol)
            case CandleSeen(symbol=symbol):
                self._live("ohlc", symbol)
            case InstrumentsChanged():
                self._live("instrument", "")
            case _:
                return

    def _acked(self, channel: str, symbol: str, now_ns: int) -> None:
        found = self._wanted.get((channel, symbol))
        if found is None or found.stage is not Stage.ASKED:
            return  # of a snapshot that came first, or that nobody wants any more
        # Where no snapshot was asked for, nothing more is owed: a quiet pair may stay quiet.
        owed = dict(found.topic.options).get("snapshot", True)
        found.stage = Stage.ACKED if owed else Stage.LIVE
        found.since_ns = now_ns

    def _live(self, channel: str, symbol: str) -> None:
        found = self._wanted.get((channel, symbol))
        if found is not None and found.stage in (Stage.ASKED, Stage.ACKED):
            found.stage, found.asked = Stage.LIVE, 0

    def _refused(self, symbol: str | None, error: str, req_id: int | None) -> None:
        """A refusal names a pair, or at least the number of its request."""
        channel, symbols = self._requests.get(req_id or 0, ("", ()))
        for name in symbols if symbol is None else (symbol,):
            found = self._wanted.get((channel, name))
            if found is None or found.stage is Stage.LIVE:
                continue
            # Then its snapshot is on the way; if it is not, the pair is left and asked for again.
            already = "already subscribed" in error.lower()
            found.stage, found.error = (Stage.ACKED, None) if already else (Stage.REFUSED, error)


def _is_late(one: Subscription, now_ns: int) -> bool:
    silent_ns = now_ns - one.since_ns
    if one.stage is Stage.REFUSED:
        # What the exchange itself refused it will refuse again.
        return one.asked >= MOST_ASKED and silent_ns > RETRY_AFTER_NS
    return one.stage in (Stage.ASKED, Stage.ACKED) and silent_ns > SNAPSHOT_WITHIN_NS
