"""An exchange as the actors see it: operations in, requests out; bytes in, domain values out.

Pure: an implementation holds configuration and the key pair, and neither reads a clock nor sends
a byte. The wire port carries the bytes.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, runtime_checkable

import attrs

from zoe.domain.catalog import Catalog, Instrument
from zoe.domain.fees import PairFee
from zoe.domain.order import Order
from zoe.domain.sighting import Sighting
from zoe.domain.unread_rows import LedgerPage
from zoe.messages.exchange import BalanceSnapshot
from zoe.messages.market import CandleSeen
from zoe.messages.wire import WireRequest
from zoe.ports.wire import FrameReader
from zoe.runtime.message import Message


@attrs.frozen
class GetInstruments:
    """Every pair of the exchange: a tuple of Instrument."""


@attrs.frozen
class GetToken:
    """A token for the private socket: str."""


@attrs.frozen
class GetBalances:
    """All balances: BalanceSnapshot."""


@attrs.frozen
class GetOpenOrders:
    """Every open order: a tuple of Sighting."""


@attrs.frozen
class GetClosedOrders:
    """One page of closed orders, newest first: a tuple of Sighting."""

    start_ns: int
    offset: int = 0


#: So many orders can be asked for by their ids at once.
MOST_ORDERS: Final = 50


@attrs.frozen
class GetOrders:
    """Orders by the exchange's ids, open or closed: a tuple of Sighting, of those that it knows."""

    order_ids: tuple[str, ...]


@attrs.frozen
class GetTrades:
    """One page of our trades, newest first, one row a match: a tuple of Sighting."""

    start_ns: int
    offset: int = 0


@attrs.frozen
class GetLedgers:
    """One page of the ledger, newest first: a LedgerPage.

    Attributes:
        start_ns: Exclusive; None for all there is.
        end_ns: Inclusive; frozen while paging, or new rows push old ones onto the next page.
    """

    start_ns: int | None
    end_ns: int
    offset: int = 0


@attrs.frozen
class GetLedgerRows:
    """Rows of the ledger by their ids, 20 at most: a LedgerPage of those that the exchange knows."""

    ledger_ids: tuple[str, ...]


#: Closed candles that the exchange gives at most (facts sheet, section 1.5).
MOST_BARS: Final = 720


@attrs.frozen
class GetBars:
    """Candles of one pair, oldest first, the last one running: a tuple of CandleSeen.

    Attributes:
        since_ns: Those that begin later; None for as many as there are, ``MOST_BARS`` at most.
    """

    pair: Instrument
    interval_minutes: int
    since_ns: int | None = None


@attrs.frozen
class GetFees:
    """What trading costs in these pairs, at the account's tier: a tuple of PairFee."""

    pairs: tuple[Instrument, ...]


@attrs.frozen
class CancelByRest:
    """Cancel one order by the exchange's id, or by ours: None. Only where no desk runs any more."""

    order_id: str | None
    cl_ord_id: str | None


Operation = (
    GetInstruments
    | GetToken
    | GetBalances
    | GetOpenOrders
    | GetClosedOrders
    | GetOrders
    | GetTrades
    | GetLedgers
    | GetLedgerRows
    | GetBars
    | GetFees
    | CancelByRest
)
Result = (
    tuple[Instrument, ...]
    | str
    | BalanceSnapshot
    | tuple[Sighting, ...]
    | LedgerPage
    | tuple[CandleSeen, ...]
    | tuple[PairFee, ...]
    | None
)


@attrs.frozen
class HttpRequest:
    """A request ready for the wire; its headers may hold a signature, so repr hides them."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)

    def on(self, lane: str, request_id: int, seconds: int) -> WireRequest:
        """This request for the wire: on a lane, under a number, with a total time."""
        return WireRequest(
            request_id, lane, self.method, self.url, self.headers, self.body, seconds
        )


@attrs.frozen
class StreamLive:
    """Subscribed and the snapshots delivered: what follows is news."""


@attrs.frozen
class StreamGap:
    """Messages were lost on the private stream."""

    reason: str


@attrs.frozen(weakref_slot=False)
class Answered:
    """An answer to a request on the private socket.

    Attributes:
        refusal: None where the request succeeded, otherwise the error it stands for:
            ExchangeRejected, ExchangeThrottled or ExchangeUnavailable.
        exchange_ns: The exchange's time of the answer, where it gave one.
    """

    req_id: int | None
    order_id: str | None
    refusal: Exception | None
    exchange_ns: int | None


class PrivateSession(Protocol):
    """One life of the private socket, without I/O; a new one for each connection."""

    def opened(self, token: str) -> Sequence[bytes]:
        """What to send when the socket has opened."""

    def received(self, payload: bytes, received_ns: int) -> Sequence[object]:
        """What a frame says: StreamLive, StreamGap, Answered, Sighting, BalanceSnapshot,
        BalanceEntry, CounterReported or a market message; nothing for a heartbeat.

        Raises:
            WireError: The frame is not understood.
        """

    def ping(self, req_id: int) -> bytes:
        """A ping; its answer carries the exchange's time."""

    def add(self, order: Order, req_id: int, deadline_ns: int) -> bytes:
        """The request that places ``order``, not to be executed after ``deadline_ns``."""

    def amend(self, order: Order, req_id: int, deadline_ns: int) -> bytes:
        """The request for the amend of ``order``, not to be applied after ``deadline_ns``."""

    def cancel_all_after(self, timeout_seconds: int, req_id: int) -> bytes:
        """The request that has every order canceled after a time; 0: never."""

    def cancel_all(self, req_id: int) -> bytes:
        """The request that cancels every open order of the account, whoever placed it."""

    def cancel(self, order: Order, req_id: int) -> bytes:
        """The request that cancels ``order`` by its exchange id, or by ours."""


class PublicFeed(Protocol):
    """One public connection through all its lives, without I/O.

    Channels are ``instrument``, which names no pair, ``ticker``, ``trade`` and ``book``. Times are
    monotonic.
    """

    @property
    def settled(self) -> bool:
        """Whether everything that is followed is live, or was refused."""

    def follow(self, channel: str, symbols: Sequence[str]) -> None:
        """Wants pairs of a channel; ``due`` asks for them."""

    def leave(self, channel: str, symbols: Sequence[str]) -> Sequence[bytes]:
        """Wants them no more; what to send for that."""

    def renew(self, channel: str, symbol: str, now_ns: int) -> None:
        """A subscription seems live and is not: ``due`` asks for it anew."""

    def opened(self, now_ns: int) -> Sequence[bytes]:
        """A connection is open; what to send at first."""

    def closed(self) -> None:
        """The connection is gone."""

    def heard(self, news: Message, now_ns: int) -> None:
        """Takes note of what the connection's reader has told."""

    def due(self, now_ns: int) -> Sequence[bytes]:
        """What to send at this moment."""

    def lost(self, now_ns: int) -> str | None:
        """Why the connection is of no more use, None while it is."""


@runtime_checkable
class Venue(Protocol):
    """The codec of one exchange."""

    @property
    def public_url(self) -> str:
        """Address of the public socket."""

    @property
    def private_url(self) -> str:
        """Address of the private socket."""

    def cost(self, operation: Operation) -> int:
        """Points that the operation adds to the exchange's counter of private calls."""

    def request(self, operation: Operation, nonce: int | None) -> HttpRequest:
        """The HTTP request for ``operation``; private ones need a nonce."""

    def result(
        self, operation: Operation, status: int, body: bytes, catalog: Catalog | None
    ) -> Result:
        """What the answer to ``operation`` says.

        Raises:
            ExchangeRejected: Refused.
            ExchangeThrottled: Over a limit.
            ExchangeUnavailable: No usable answer.
            WireError: Not understood.
        """

    def private_session(self) -> PrivateSession:
        """A session for a new private connection."""

    def public_feed(self) -> PublicFeed:
        """What is wanted of a new public connection."""

    def public_reader(self, connection: str) -> Callable[[], FrameReader]:
        """Makes the reader of a public connection of that name, for each of its lives."""
