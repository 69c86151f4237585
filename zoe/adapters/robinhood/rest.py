"""RestCaller: one signed call after the other, waited for.

A read that got no answer, or came too soon, is signed anew and repeated a few times; a write never is.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import attrs
import msgspec
import requests

from zoe.adapters.http_session import HttpAnswer, exchange, new_session, why
from zoe.adapters.robinhood.errors import unwrap
from zoe.adapters.robinhood.pace import Pace
from zoe.adapters.robinhood.sign import Credentials
from zoe.adapters.robinhood.wire import Page, parse
from zoe.domain import loopback
from zoe.domain.errors import ConfigError, ExchangeThrottled, ExchangeUnavailable, WireError

T = TypeVar("T")
REST_URL: Final = "https://trading.robinhood.com"
TIMEOUT_SECONDS: Final = 10.0
READS_TRIED: Final = 3
FIRST_PAUSE_SECONDS: Final = 0.5
#: Of the pages of one list: of orders, one for each 25 or so.
MOST_PAGES: Final = 400
SECOND_NS: Final = 1_000_000_000
_JSON: Final = ("Content-Type", "application/json; charset=utf-8")

#: Names and values of a query, in the order in which they are sent; a name may come more than once.
Query = Sequence[tuple[str, str]]


def _is_safe(_: object, __: object, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and loopback.is_loopback(parts.hostname or "")
    ):
        raise ConfigError("the Robinhood address must begin with https://")
    if not parts.hostname or parts.username is not None or parts.path.strip("/") or parts.query:
        raise ConfigError("the Robinhood address is a scheme and a host, and nothing behind them")


@attrs.frozen(kw_only=True)
class CallerSettings:
    """How calls are made.

    Attributes:
        rest_url: ``https://`` and a host; ``http://`` on loopback only.
        api_version: 2, or 1 where a key or a state has no 2. Never both for orders: volume would be split.
        timeout_seconds: Of one call, in total.
        pause: Waits so many seconds.
    """

    rest_url: str = attrs.field(default=REST_URL, validator=_is_safe)
    api_version: int = attrs.field(default=2, validator=attrs.validators.in_((1, 2)))
    timeout_seconds: float = TIMEOUT_SECONDS
    pause: Callable[[float], None] = time.sleep

    @property
    def origin(self) -> str:
        """The address without a slash behind it."""
        return self.rest_url.rstrip("/")


class RestCaller:
    """Makes calls on a session of its own; not for several threads at once."""

    def __init__(self, credentials: Credentials, settings: CallerSettings) -> None:
        self._credentials = credentials
        self._settings = settings
        self._session = new_session()
        self._pace = Pace()

    def close(self) -> None:
        """Closes the connection."""
        self._session.close()

    def read(self, path: str, query: Query = (), tries: int = READS_TRIED) -> bytes:
        """The answer to a GET.

        Args:
            path: Behind ``/api/v1/crypto/`` or ``/api/v2/crypto/``, with its last slash.
            tries: How often it is sent at the most.

        Raises:
            ExchangeRejected: Refused.
            ExchangeThrottled: Over a limit, also after some pauses.
            ExchangeUnavailable: No answer, also not later.
        """
        return self._read(self._target(path, query), tries)

    def pages(
        self, decoder: "msgspec.json.Decoder[Page[T]]", path: str, query: Query = ()
    ) -> Iterator[T]:
        """The rows of all pages of a list, as they are asked for.

        Raises:
            WireError: There are more pages than any list has, one comes again, or lies elsewhere.
            As ``read``.
        """
        target: str | None = self._target(path, query)
        asked: set[str] = set()
        while target is not None:
            if target in asked or len(asked) >= MOST_PAGES:
                raise WireError("a list of pages that does not end", target.encode())
            asked.add(target)
            body = self._read(target)
            page = parse(decoder, body)
            yield from page.results
            target = None if page.next is None else self._next(page.next, body)

    def write(self, path: str, query: Query, body: Mapping[str, object] | None) -> bytes:
        """The answer to a POST; sent once.

        Raises:
            ExchangeRejected: Refused, not done.
            ExchangeUnavailable: Whether it was done is unknown.
        """
        text = "" if body is None else msgspec.json.encode(body).decode()
        return unwrap(self._send("POST", self._target(path, query), text), write=True)

    def date(self) -> str | None:
        """The exchange's clock, as the answer to a read has it in its header: in whole seconds."""
        answer = self._send("GET", self._target("trading/accounts/", ()), "")
        unwrap(answer, write=False)
        return answer.header("Date")

    def _target(self, path: str, query: Query) -> str:
        told = urlencode(query, quote_via=quote)
        base = f"/api/v{self._settings.api_version}/crypto/{path}"
        return f"{base}?{told}" if told else base

    def _next(self, address: str, body: bytes) -> str:
        """Where the next page is, on this host: a signature is sent nowhere else."""
        rest = address.removeprefix(self._settings.origin)
        if not rest.startswith("/api/"):
            raise WireError("the next page lies elsewhere", body)
        return rest

    def _read(self, target: str, tries: int = READS_TRIED) -> bytes:
        for attempt in range(tries - 1):
            try:
                return self._once(target)
            except (ExchangeThrottled, ExchangeUnavailable) as problem:
                pause = FIRST_PAUSE_SECONDS * 2**attempt
                if isinstance(problem, ExchangeThrottled):
                    pause = max(pause, problem.retry_after_seconds or 0)
                self._settings.pause(pause)
        return self._once(target)

    def _once(self, target: str) -> bytes:
        wait_ns = self._pace.wait_ns(time.monotonic_ns())
        if wait_ns > 0:
            self._settings.pause(wait_ns / SECOND_NS)
        return unwrap(self._send("GET", target, ""), write=False)

    def _send(self, method: str, target: str, body: str) -> HttpAnswer:
        # What requests would write otherwise is written so before it is signed.
        url = requests.utils.requote_uri(self._settings.origin + target)
        signed = url.removeprefix(self._settings.origin)
        seconds = time.time_ns() // SECOND_NS
        headers = (*self._credentials.headers(seconds, method, signed, body), _JSON)
        self._pace.spend(time.monotonic_ns())
        try:
            return exchange(
                self._session, (method, url), headers, body.encode(), self._settings.timeout_seconds
            )
        except requests.RequestException as problem:
            raise ExchangeUnavailable(f"no answer: {why(problem)}") from None
