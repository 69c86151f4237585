"""KrakenStream: a socket that calls back, for people who use the adapter from their own program.

``run`` blocks: it is the body of a loop for a thread of the caller's, or for the main one. Callbacks
are called in that thread, in the order of the frames; what they raise ends ``run``. The connection is
opened again whenever it is lost, with pauses that keep to the exchange's budget of connects.
"""

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import websocket

from zoe.adapters.kraken.private_line import PrivateLine
from zoe.adapters.kraken.public_session import PublicSession
from zoe.adapters.kraken.socket_requests import SocketAnswer
from zoe.adapters.socket_incoming import SocketIncoming
from zoe.adapters.socket_reader import connect, not_opened
from zoe.domain.errors import ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError
from zoe.domain.reconnect import CHANCES, Reconnect
from zoe.domain.sighting import Sighting
from zoe.messages.exchange import BalanceEntry, BalanceSnapshot
from zoe.messages.market import (
    CandleSeen,
    ExchangeStatus,
    FrameNotUnderstood,
    Quote,
    SubscriptionRefused,
    TickerSeen,
    TradePrints,
)

#: How often the session is asked what is due, and ``stop`` whether to end.
POLL_SECONDS: Final = 0.25

Handler = Callable[[Any], None]


@attrs.frozen(kw_only=True)
class Callbacks:
    """Whom to call; None for what is not wanted.

    Attributes:
        on_book: The best prices of a book whose checksum was right, after each change.
        on_execution: What a report says of an order; each fill once.
        on_answer: The answer to a request that ``send`` sent.
        on_problem: A frame that was not understood; the connection goes on.
        on_refused: The exchange refused a subscription; the session's ``subscriptions`` say whose.
        on_lost: The connection ended, and why; it is opened again.
    """

    on_ticker: Callable[[TickerSeen], None] | None = None
    on_book: Callable[[Quote], None] | None = None
    on_trade: Callable[[TradePrints], None] | None = None
    on_candle: Callable[[CandleSeen], None] | None = None
    on_execution: Callable[[Sighting], None] | None = None
    on_balance: Callable[[BalanceSnapshot | BalanceEntry], None] | None = None
    on_answer: Callable[[SocketAnswer], None] | None = None
    on_status: Callable[[ExchangeStatus], None] | None = None
    on_problem: Callable[[FrameNotUnderstood], None] | None = None
    on_refused: Callable[[SubscriptionRefused], None] | None = None
    on_lost: Callable[[str], None] | None = None

    def by_type(self) -> dict[type[object], Handler]:
        """What each kind of news calls."""
        wanted: dict[type[object], Handler | None] = {
            TickerSeen: self.on_ticker,
            Quote: self.on_book,
            TradePrints: self.on_trade,
            CandleSeen: self.on_candle,
            Sighting: self.on_execution,
            BalanceSnapshot: self.on_balance,
            BalanceEntry: self.on_balance,
            SocketAnswer: self.on_answer,
            ExchangeStatus: self.on_status,
            FrameNotUnderstood: self.on_problem,
            SubscriptionRefused: self.on_refused,
        }
        return {kind: handler for kind, handler in wanted.items() if handler is not None}


class KrakenStream:
    """One socket, opened again as often as it takes.

    Args:
        line: A PublicSession with what it is to subscribe, or a PrivateLine.
    """

    def __init__(self, url: str, line: PublicSession | PrivateLine, callbacks: Callbacks) -> None:
        self._url = url
        self._line = line
        self._handlers = callbacks.by_type()
        self._on_lost = callbacks.on_lost
        self._socket: websocket.WebSocket | None = None
        self._policy = Reconnect()

    def send(self, payload: bytes) -> None:
        """Sends a request; from any thread.

        Raises:
            ExchangeUnavailable: There is no connection, or it broke: the request may be out.
        """
        if self._socket is None:
            raise ExchangeUnavailable("no connection")
        try:
            self._socket.send(payload, websocket.ABNF.OPCODE_TEXT)
        except (websocket.WebSocketException, OSError) as problem:
            raise ExchangeUnavailable(f"a send failed: {type(problem).__name__}") from problem

    def run(self, stop: Callable[[], bool]) -> None:
        """Runs until ``stop`` says so."""
        while not stop():
            began_ns = time.monotonic_ns()
            reason = self._life(stop)
            if stop():
                return
            if self._on_lost is not None:
                self._on_lost(reason)
            now_ns = time.monotonic_ns()
            lived_ns = now_ns - began_ns
            pause_ns, self._policy = self._policy.next(now_ns, random.randrange(CHANCES), lived_ns)
            _pause(now_ns + pause_ns, stop)

    def _life(self, stop: Callable[[], bool]) -> str:
        """One connection from beginning to end; returns why it ended."""
        try:
            if isinstance(self._line, PrivateLine):
                self._line.before_connect()
            opened = connect(self._url)
        except (ExchangeRejected, ExchangeThrottled, ExchangeUnavailable, WireError) as problem:
            return f"no token: {problem}"
        except (websocket.WebSocketException, OSError, ValueError) as problem:
            return not_opened(problem)
        try:
            opened.settimeout(POLL_SECONDS)
            self._socket = opened
            return self._pump(opened, stop)
        finally:
            self._socket = None
            self._line.closed()
            opened.shutdown()  # type: ignore[no-untyped-call]  # untyped there

    def _pump(self, opened: websocket.WebSocket, stop: Callable[[], bool]) -> str:
        """Reads and answers; what a callback raises is not taken for the socket's."""
        incoming = SocketIncoming(opened)
        reason = _send_all(opened, self._line.opened(time.time_ns()))
        while reason is None and not stop():
            payloads, reason = incoming.read()
            now_ns = time.time_ns()
            for payload in payloads:
                self._tell(self._line.received(payload, now_ns))
            reason = reason or self._line.lost(now_ns)
            if reason is None:
                reason = _send_all(opened, self._line.due(now_ns))
        return reason or "stopped"

    def _tell(self, said: Sequence[object]) -> None:
        for news in said:
            handler = self._handlers.get(type(news))
            if handler is not None:
                handler(news)


def _send_all(opened: websocket.WebSocket, payloads: Sequence[bytes]) -> str | None:
    try:
        for payload in payloads:
            opened.send(payload, websocket.ABNF.OPCODE_TEXT)
    except (websocket.WebSocketException, OSError) as problem:
        return f"{type(problem).__name__}: {problem}"
    return None


def _pause(until_ns: int, stop: Callable[[], bool]) -> None:
    while (left_ns := until_ns - time.monotonic_ns()) > 0 and not stop():
        time.sleep(min(left_ns / 1e9, POLL_SECONDS))
