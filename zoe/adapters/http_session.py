"""HTTP with a total time limit and a largest body, on top of requests.

requests' own read timeout is per read: a server that drips a byte a second holds such a call for
ever, and an answer that unpacks to gigabytes takes the memory of the process. Here the whole answer,
headers included, must come before the time is up, and unpacking stops at the largest body.
"""

import http.client
import io
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Final

import attrs
import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Every pair of the exchange is a tenth of this.
LARGEST_BODY: Final = 32 * 1024 * 1024
PIECE: Final = 256 * 1024


@attrs.frozen
class HttpAnswer:
    """A status, a body and headers, whatever they are."""

    status: int
    body: bytes = attrs.field(repr=False)
    _headers: Mapping[str, str] = attrs.field(factory=dict, repr=False, eq=False)

    def header(self, name: str) -> str | None:
        """A header's value, None where it is missing."""
        return self._headers.get(name)


class _Timed(io.RawIOBase):
    """Reads a socket until a moment, however often it is read."""

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._raw = connection.makefile("rb", buffering=0)
        self._until = until

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int | None:  # type: ignore[override]  # narrower
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer's time is up")
        self._connection.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _TimedResponse(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *arguments: object, **named: object) -> None:
        super().__init__(sock, *arguments, **named)  # type: ignore[arg-type]  # passed on as they are
        limit = sock.gettimeout()
        if limit is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_Timed(sock, time.monotonic() + limit))


class _Connection(HTTPConnection):
    response_class = _TimedResponse


class _SecureConnection(HTTPSConnection):
    response_class = _TimedResponse


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *arguments: object, **named: object) -> None:
        super().init_poolmanager(*arguments, **named)  # type: ignore[arg-type]  # passed on
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}


def new_session() -> requests.Session:
    """A session that takes nothing from the environment and never repeats a request."""
    session = requests.Session()
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter(pool_connections=1, pool_maxsize=1, max_retries=0))
    return session


def exchange(
    session: requests.Session,
    address: tuple[str, str],
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    timeout_seconds: float,
) -> HttpAnswer:
    """Sends one request and reads its answer.

    Args:
        address: Method and URL.
        timeout_seconds: In total.

    Raises:
        requests.RequestException: There is no answer; whether it was executed is unknown.
    """
    method, url = address
    answer = session.request(
        method,
        url,
        headers=dict(headers),
        data=body or None,
        timeout=urllib3.Timeout(total=timeout_seconds),  # type: ignore[arg-type]  # takes it as it is
        allow_redirects=False,
        stream=True,
    )
    with answer:
        return HttpAnswer(answer.status_code, _whole(answer), answer.headers)


def why(problem: BaseException) -> str:
    """What kind of failure it was, and what the system itself said of it.

    Nothing else is told: the text of requests may quote what was sent.
    """
    kind = type(problem).__name__
    for each in _behind(problem):
        if isinstance(each, OSError) and each.errno is not None and each.strerror:
            return f"{kind}: {each.strerror}"
    return kind


def _behind(problem: BaseException) -> Iterator[BaseException]:
    """A failure and all that it came of; urllib3 keeps some of that in an attribute."""
    seen = [problem]
    for each in seen:
        yield each
        causes = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        seen += [
            cause for cause in causes if isinstance(cause, BaseException) and cause not in seen
        ]


def _whole(answer: requests.Response) -> bytes:
    body = bytearray()
    try:
        while len(body) <= LARGEST_BODY:
            piece = answer.raw.read(PIECE, decode_content=True)
            if not piece:
                return bytes(body)
            body += piece
    except (urllib3.exceptions.HTTPError, OSError) as problem:
        raise requests.exceptions.ConnectionError(type(problem).__name__) from problem
    raise requests.exceptions.ContentDecodingError(f"more than {LARGEST_BODY} bytes")
