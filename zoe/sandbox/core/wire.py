"""What crosses the core's edge: requests and frames as values."""

from collections.abc import Mapping

import msgspec


class HttpRequest(msgspec.Struct, frozen=True):
    """One HTTP request; ``headers`` have lower-case names, ``query`` has no question mark."""

    exchange: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class HttpResponse(msgspec.Struct, frozen=True):
    """One HTTP answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Frame(msgspec.Struct, frozen=True):
    """One WebSocket text frame to the client."""

    payload: bytes


class Drop(msgspec.Struct, frozen=True):
    """Close the socket, or reset the HTTP exchange; without a code: abort without a word."""

    code: int | None
    reason: str


class Delivery(msgspec.Struct, frozen=True):
    """What reaches a client, and when.

    Those of one connection are to be made in order of time, equal times as listed. An HTTP exchange
    without a delivery is never answered. ``connection`` is the exchange's id for HTTP.
    """

    at_ns: int
    connection: int
    payload: HttpResponse | Frame | Drop
