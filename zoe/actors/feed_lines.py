"""FeedLines: the public connections of one actor, and which pair is on which of them.

Pairs are spread so that no connection has more than its room. Every connection has its own life; what
they share is the exchange's budget of connects. All is done in the actor's own turns.
"""

from collections.abc import Iterable
from typing import Final

import attrs

from zoe.domain.reconnect import CHANCES, Reconnect
from zoe.messages.market import (
    BookBroken,
    FeedAlive,
    FrameNotUnderstood,
    Quote,
    TickerSeen,
    TradePrints,
)
from zoe.messages.system import Tick
from zoe.messages.wire import (
    WireClose,
    WireClosed,
    WireGather,
    WireOpen,
    WireOpened,
    WireSend,
)
from zoe.ports.venue import PublicFeed, Venue
from zoe.runtime.actor import Actor
from zoe.runtime.log import log
from zoe.runtime.message import Message

#: More connections than this no actor opens.
MOST_LINES: Final = 8
CHECK_SECONDS: Final = 1
#: While something is still to be asked for.
HASTE_SECONDS: Final = 0.25


@attrs.frozen
class LineKind:
    """What the connections of one actor are for.

    Attributes:
        name: They are called ``name/0`` and so on.
        channels: What each pair is subscribed to.
        room: Pairs on one connection.
        gather_ms: So long frames may gather on a connection of which nothing is urgent.
        instruments: Whether each connection needs the pairs' precisions.
    """

    name: str
    channels: tuple[str, ...]
    room: int
    gather_ms: int
    instruments: bool = True


@attrs.define(eq=False)
class Line:
    """One connection, through all its lives.

    Attributes:
        heard_ns: Wall time when it was heard last.
        gather_ms: What the wire was told of this life.
        shown: Kinds of news of pairs that have come since it was opened.
        apart: Whether it is for pairs that nobody is in haste about.
    """

    name: str
    number: int
    feed: PublicFeed
    symbols: dict[str, None] = attrs.field(factory=dict)
    generation: int = 0
    open: bool = False
    failures: int = 0
    opened_ns: int = 0
    heard_ns: int = 0
    conflated: int = 0
    let_go: int = 0
    gather_ms: int = 0
    shown: set[tuple[type[Message], str]] = attrs.field(factory=set)
    apart: bool = False


class FeedLines:
    """The public connections of one actor: opens, checks and renews them, and spreads pairs over
    them."""

    def __init__(self, actor: Actor, venue: Venue, kind: LineKind) -> None:
        self._actor = actor
        self._venue = venue
        self._kind = kind
        self._connects_ns: tuple[int, ...] = ()
        self.lines: list[Line] = []
        self._by_name: dict[str, Line] = {}
        self._by_symbol: dict[str, Line] = {}
        self._urgent: frozenset[str] = frozenset()

    def start(self) -> None:
        """Closes what an earlier incarnation opened, and opens the first connection."""
        for number in range(MOST_LINES):
            self._tell_wire(WireClose(f"{self._kind.name}/{number}"))
        self._add_line()
        self._actor.after(CHECK_SECONDS, Tick("check"))

    def add(self, symbols: Iterable[str], *, apart: bool = False) -> None:
        """Follows pairs from here on; those that have no room anywhere are left out, and said.

        Args:
            apart: As far as there is room, not on one connection with others: what is urgent there would
                make these urgent too.
        """
        left: list[str] = []
        for symbol in symbols:
            if symbol in self._by_symbol:
                continue
            line = self._with_room(apart=apart)
            if line is None:
                left.append(symbol)
                continue
            line.symbols[symbol] = None
            self._by_symbol[symbol] = line
            for channel in self._kind.channels:
                line.feed.follow(channel, (symbol,))
            self._pace(line)
        if left:
            log.error("market.no_room", kind=self._kind.name, pairs=len(left), first=left[0])

    def drop(self, symbol: str) -> None:
        """Follows a pair no more."""
        line = self._by_symbol.pop(symbol, None)
        if line is None:
            return
        line.symbols.pop(symbol, None)
        line.shown -= {(kind, symbol) for kind in (Quote, TickerSeen, TradePrints)}
        for channel in self._kind.channels:
            self._send(line, line.feed.leave(channel, (symbol,)))
        self._pace(line)

    def hurry(self, symbols: Iterable[str]) -> None:
        """Pairs that somebody decides on as they change, and no others: they wait for nothing."""
        self._urgent = frozenset(symbols)
        for line in self.lines:
            self._pace(line)

    def _pace(self, line: Line) -> None:
        gather_ms = self._kind.gather_ms if self._urgent.isdisjoint(line.symbols) else 0
        if line.open and gather_ms != line.gather_ms:
            line.gather_ms = gather_ms
            self._tell_wire(WireGather(line.name, line.generation, gather_ms))

    @property
    def symbols(self) -> frozenset[str]:
        """Every pair that is followed."""
        return frozenset(self._by_symbol)

    @property
    def conflated(self) -> int:
        """Changes that only newer ones told of, in the present lives of all connections."""
        return sum(line.conflated for line in self.lines)

    @property
    def let_go(self) -> int:
        """Changes of books of pairs that no instrument told of, in the same lives."""
        return sum(line.let_go for line in self.lines)

    @property
    def all_open(self) -> bool:
        """Whether every connection is open."""
        return all(line.open for line in self.lines)

    def of(self, symbol: str) -> Line | None:
        """The connection that a pair is on."""
        return self._by_symbol.get(symbol)

    def renew(self, channel: str, symbol: str) -> None:
        """Asks for one subscription anew, and for no other."""
        line = self._by_symbol.get(symbol)
        if line is not None:
            line.shown -= {(kind, symbol) for kind in (Quote, TickerSeen, TradePrints)}
            line.feed.renew(channel, symbol, self._now())
            self._send_due(line)

    def followed(self, news: Quote | TickerSeen | TradePrints) -> bool:
        """Whether news are of a pair that is followed; the first of each kind show it to be live."""
        line = self._by_symbol.get(news.symbol)
        if line is None:
            return False
        mark = (type(news), news.symbol)
        if mark not in line.shown:
            if not isinstance(news, Quote) or news.live:
                line.shown.add(mark)
            line.feed.heard(news, self._now())
        return True

    def heard(self, news: Message) -> None:
        """Takes note of what the connections say of themselves."""
        name, symbol = getattr(news, "connection", None), getattr(news, "symbol", None)
        line = self._named(name) if name is not None else self._by_symbol.get(symbol or "")
        if line is None:
            return
        if isinstance(news, BookBroken):
            line.shown.discard((Quote, news.symbol))
        line.feed.heard(news, self._now())
        if isinstance(news, FeedAlive):
            # As it is told: after a clock was set back, the greater one would stand still.
            line.heard_ns = news.heard_ns
            line.conflated, line.let_go = news.conflated, news.let_go
        else:  # a sign of life makes nothing due; what time does the check sees
            self._send_due(line)

    def opened(self, news: WireOpened) -> Line | None:
        """A connection is open; what it is for is asked for. None for an earlier incarnation's."""
        line = self._named(news.connection)
        if line is None:
            self._tell_wire(WireClose(news.connection))
            return None
        line.generation, line.open = news.generation, True
        line.gather_ms = 0
        line.shown.clear()
        line.opened_ns = self._now()
        line.heard_ns = self._actor.clock.wall_ns()
        self._send(line, line.feed.opened(line.opened_ns))
        self._pace(line)
        return line

    def closed(self, news: WireClosed) -> Line | None:
        """A connection is gone, and will be opened again; None if it was gone already."""
        line = self._named(news.connection)
        if line is None or (line.open and news.generation != line.generation):
            return None
        now_ns = self._now()
        lived_ns = now_ns - line.opened_ns if line.open else 0
        line.open = False
        line.feed.closed()
        policy = Reconnect(line.failures, self._connects_ns)
        chance = self._actor.rng.randrange(CHANCES)
        pause_ns, policy = policy.next(now_ns, chance, lived_ns)
        line.failures, self._connects_ns = policy.failures, policy.connects_ns
        log.warning(
            "market.stream_broken",
            connection=line.name,
            reason=news.reason,
            reconnect_seconds=round(pause_ns / 1e9, 3),
        )
        self._actor.after(pause_ns / 1e9, Tick("connect", line.number))
        return line

    def connect(self, number: int) -> None:
        """Opens a connection."""
        line = self.lines[number]
        reader = self._venue.public_reader(line.name)
        self._tell_wire(WireOpen(line.name, self._venue.public_url, reader))

    def check(self) -> list[Line]:
        """Sends what is due; returns the connections that were given up just now."""
        lost = [line for line in self.lines if self._look(line)]
        settled = all(line.feed.settled for line in self.lines if line.open)
        self._actor.after(CHECK_SECONDS if settled else HASTE_SECONDS, Tick("check"))
        return lost

    def _look(self, line: Line) -> bool:
        reason = line.feed.lost(self._now())
        if reason is None:
            self._send_due(line)
            return False
        self._tell_wire(WireClose(line.name))
        self.closed(WireClosed(line.name, line.generation, reason))
        return True

    def _with_room(self, *, apart: bool) -> Line | None:
        free = [line for line in self.lines if len(line.symbols) < self._kind.room]
        for line in free:
            if line.apart == apart or not line.symbols:
                line.apart = apart
                return line
        if len(self.lines) < MOST_LINES:
            line = self._add_line()
            line.apart = apart
            return line
        return free[0] if free else None

    def _add_line(self) -> Line:
        number = len(self.lines)
        line = Line(f"{self._kind.name}/{number}", number, self._venue.public_feed())
        if self._kind.instruments:
            line.feed.follow("instrument", ())
        self.lines.append(line)
        self._by_name[line.name] = line
        self.connect(number)
        return line

    def _named(self, name: str) -> Line | None:
        return self._by_name.get(name)

    def _send_due(self, line: Line) -> None:
        if line.open:
            self._send(line, line.feed.due(self._now()))

    def _send(self, line: Line, payloads: Iterable[bytes]) -> None:
        for payload in payloads:
            self._tell_wire(WireSend(line.name, line.generation, payload))

    def _tell_wire(self, message: Message) -> None:
        self._actor.tell(self._actor.find("wire"), message)

    def _now(self) -> int:
        return self._actor.clock.monotonic_ns()


def log_not_understood(news: FrameNotUnderstood) -> None:
    """One line for frames that no reader of these connections could read."""
    log.error(
        "market.frame_not_understood", error=news.error, excerpt=news.excerpt, frames=news.count
    )
