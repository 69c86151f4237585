"""Sockets as the exchange sees them, and what leaves towards them."""

import re
from collections.abc import Callable
from typing import Final

import attrs

from zoe.sandbox.core.faults import ENDS, Fault, Faults, Spoiled
from zoe.sandbox.core.moments import MILLISECOND_NS
from zoe.sandbox.core.wire import Delivery, Drop, Frame, HttpResponse

_CHECKSUM: Final = re.compile(rb'("checksum":)(\d+)')
#: A level of a book that changes.
_CHANGED: Final = re.compile(rb'{"price":([0-9.]+),"qty":([0-9.]+)}')
MESSAGE_RATE: Final = b'{"Error":"Exceeded msg rate"}'
IDLE: Final = (1001, "idle")


@attrs.define(eq=False)
class PrivateFeed:
    """A subscription of a private channel; every frame has the next sequence number."""

    channel: str
    account: str
    token: str
    sequence: int = 0
    #: Whether every step of an order is told, or only its beginning and end.
    order_status: bool = True
    #: Whether every report has the pair's counter.
    ratecounter: bool = False


@attrs.define(eq=False)
class Session:
    """One socket and what it is subscribed to."""

    connection: int
    private: bool
    last_sent_ns: int
    last_heard_ns: int
    depths: dict[str, int] = attrs.Factory(dict)
    tickers: dict[str, str] = attrs.Factory(dict)
    trades: set[str] = attrs.Factory(set)
    #: Intervals in minutes by symbol.
    candles: dict[str, set[int]] = attrs.Factory(dict)
    instruments: bool = False
    executions: PrivateFeed | None = None
    balances: PrivateFeed | None = None
    not_before_ns: int = 0
    silent_until_ns: int = 0
    held_back: bytes | None = None

    @property
    def is_subscribed(self) -> bool:
        """Whether it listens to anything."""
        return bool(
            self.executions
            or self.depths
            or self.tickers
            or self.trades
            or self.instruments
            or self.candles
            or self.balances
        )


class Outbox:
    """Collects the deliveries of one input."""

    def __init__(self, faults: Faults) -> None:
        self.sessions: dict[int, Session] = {}
        self.now_ns = 0
        #: Told of a socket that the exchange itself ends.
        self.on_drop: Callable[[Session], None] = lambda session: None
        self._faults = faults
        self._deliveries: list[Delivery] = []

    def take(self) -> list[Delivery]:
        """Everything collected; it is gone from here."""
        taken, self._deliveries = self._deliveries, []
        return taken

    @property
    def mark(self) -> int:
        """A place between what was collected and what comes."""
        return len(self._deliveries)

    def http(self, exchange: int, response: HttpResponse | Drop, at_ns: int) -> None:
        """An answer to an HTTP request."""
        self._deliveries.append(Delivery(at_ns, exchange, response))

    def frame(self, session: Session, channel: str, payload: bytes) -> None:
        """A frame of a channel; planted faults may change its fate."""
        fault = self._faults.for_frame(channel) if channel in self._faults.channels else None
        if fault is None:
            self._send(session, payload)
        else:
            self._note(session, channel, payload, fault)
            self._spoil(session, payload, fault)

    def _note(self, session: Session, channel: str, payload: bytes, fault: Fault) -> None:
        feed = {"executions": session.executions, "balances": session.balances}.get(channel)
        if feed is not None:
            hit = Spoiled(self.now_ns, feed.account, channel, fault.what, payload)
            self._faults.spoiled.append(hit)

    def _spoil(self, session: Session, payload: bytes, fault: Fault) -> None:
        until_ns = self.now_ns + fault.ms * MILLISECOND_NS
        match fault.what:
            case "late":
                session.not_before_ns = max(session.not_before_ns, until_ns)
                self._send(session, payload)
            case "duplicate":
                self._send(session, payload)
                self._send(session, payload)
            case "reorder" if session.held_back is None:
                session.held_back = payload
            case "bad_checksum":
                self._send(session, _CHECKSUM.sub(_other, payload))
            case "silence":
                session.silent_until_ns = max(session.silent_until_ns, until_ns)
            case "message_rate":
                self._send(session, MESSAGE_RATE)
            case "repeat":
                self._send(session, _CHANGED.sub(_twice, payload, count=1))
            case what if what in ENDS:
                self.drop(session, *ENDS[what])
            case _:
                pass  # a gap: the frame never leaves

    def answer(self, session: Session, payload: bytes, at_ns: int, place: int | None) -> None:
        """An answer to a request, at ``place`` among what was collected, or last."""
        self._send(session, payload, at_ns, place)

    def _send(
        self, session: Session, payload: bytes, at_ns: int = 0, place: int | None = None
    ) -> None:
        now_ns, connection = self.now_ns, session.connection
        session.last_sent_ns = now_ns
        if session.silent_until_ns > now_ns or self.sessions.get(connection) is not session:
            return
        at_ns = max(at_ns, now_ns, session.not_before_ns)
        delivery = Delivery(at_ns, connection, Frame(payload))
        if place is None:
            self._deliveries.append(delivery)
        else:
            self._deliveries.insert(place, delivery)
        if session.held_back is not None:
            held, session.held_back = session.held_back, None
            self._deliveries.append(Delivery(at_ns, connection, Frame(held)))

    def drop(self, session: Session, code: int | None, reason: str) -> None:
        """The exchange ends a socket; without a code: without a word."""
        if not self.is_open(session):
            return
        self._deliveries.append(Delivery(self.now_ns, session.connection, Drop(code, reason)))
        del self.sessions[session.connection]
        self.on_drop(session)

    def is_open(self, session: Session) -> bool:
        """Whether it is still there."""
        return self.sessions.get(session.connection) is session


def _twice(found: re.Match[bytes]) -> bytes:
    """The same price twice in one frame; the later one counts (facts, 2.7)."""
    return b'{"price":%b,"qty":%b9},%b' % (found[1], found[2], found[0])


def _other(found: re.Match[bytes]) -> bytes:
    return found[1] + str(int(found[2]) ^ 1).encode()
