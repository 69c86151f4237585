"""RestCaller: one REST call after the other, waited for: nonces, limits, the exchange's clock.

For the blocking client only. A read that was refused for its nonce, for a limit, or that got no
answer is repeated a few times; a write never is.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import attrs
import requests

from zoe.adapters.http_session import exchange, new_session, why
from zoe.adapters.kraken import api, public_calls
from zoe.adapters.kraken.nonce_file import NonceFile
from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.errors import ConfigError, ExchangeThrottled, ExchangeUnavailable
from zoe.domain.exchange_clock import ExchangeClock
from zoe.domain.limit_words import limit_hit
from zoe.domain.ratelimit import TIERS, RestLimiter
from zoe.ports.venue import HttpRequest

TIMEOUT_SECONDS: Final = 5.0
READS_TRIED: Final = 3
FIRST_PAUSE_SECONDS: Final = 0.25
SECOND_NS: Final = 1_000_000_000


@attrs.frozen(kw_only=True)
class CallerSettings:
    """How calls are made.

    Attributes:
        timeout_seconds: Of one call, in total.
        nonces: Where the nonces' high-water marks are kept; every program with the same key must
            use the same directory.
        pause: Waits so many seconds.
    """

    rest_url: str
    nonces: Path
    timeout_seconds: float = TIMEOUT_SECONDS
    tier: str = "starter"
    pause: Callable[[float], None] = time.sleep


class RestCaller:
    """Makes calls on a session of its own; not for several threads at once."""

    def __init__(self, keys: KeyPair | None, settings: CallerSettings) -> None:
        self._keys = keys
        self._settings = settings
        self._session = new_session()
        self._nonces = None if keys is None else NonceFile(settings.nonces.expanduser(), keys.key)
        self._limiter = RestLimiter(TIERS[settings.tier])
        self.clock = ExchangeClock()

    def close(self) -> None:
        """Closes the connection."""
        self._session.close()

    def read(self, call: api.Call) -> bytes:
        """The result of a call that changes nothing.

        Raises:
            ExchangeRejected: Refused.
            ExchangeThrottled: Over a limit, also after some pauses.
            ExchangeUnavailable: No answer, also not later.
            WireError: JSON, but no envelope.
        """
        for attempt in range(READS_TRIED - 1):
            try:
                return self._once(call)
            except (ExchangeThrottled, ExchangeUnavailable) as problem:
                if isinstance(problem, ExchangeThrottled) and problem.retry_after_seconds:
                    raise  # minutes, not seconds: for the caller to decide
                self._settings.pause(FIRST_PAUSE_SECONDS * 2**attempt)
        return self._once(call)

    def write(self, call: api.Call) -> bytes:
        """The result of a call that changes something; sent once.

        Raises:
            ExchangeRejected: Refused.
            ExchangeThrottled: Over a limit, not done.
            ExchangeUnavailable: Whether it was done is unknown.
            WireError: JSON, but no envelope; it may have been done.
        """
        return self._once(call)

    def measure_clock(self) -> ExchangeClock:
        """Asks for the exchange's time.

        It tells whole seconds only, so the bound is never under half a second.
        """
        sent_ns = time.time_ns()
        told = api.parse(public_calls.ServerTime, self.read(public_calls.time()))
        received_ns = time.time_ns()
        # The second may have begun up to a second ago: its middle, and half of it as error.
        middle_ns = told.unixtime * SECOND_NS + SECOND_NS // 2
        fresh = ExchangeClock().measured(middle_ns, sent_ns, received_ns, time.monotonic_ns())
        if fresh.bound_ns is not None:
            self.clock = attrs.evolve(fresh, bound_ns=fresh.bound_ns + SECOND_NS // 2)
        return self.clock

    def exchange_ns(self) -> int:
        """The exchange's time, as far as it is known."""
        return self.clock.now_ns(time.time_ns())

    def _once(self, call: api.Call) -> bytes:
        if not call.private:
            return self._send(api.prepare(self._settings.rest_url, call, None, None))
        if self._keys is None or self._nonces is None:
            raise ConfigError(f"{call.name} needs a key")
        self._wait_for_room(call)
        try:
            with self._nonces.taken(self._settings.timeout_seconds) as nonce:
                return self._send(api.prepare(self._settings.rest_url, call, self._keys, nonce))
        except ExchangeThrottled as throttled:
            hit = limit_hit(throttled.code, self.exchange_ns())
            if hit is not None and not hit.engine:
                self._limiter.throttled(time.monotonic_ns(), hit.pause_seconds)
            raise

    def _wait_for_room(self, call: api.Call) -> None:
        """Orders and cancels cost nothing here; the engine has a counter of its own for them."""
        if call.cost == 0:
            return
        wait_ns = self._limiter.wait_ns(call.cost, time.monotonic_ns())
        if wait_ns:
            self._settings.pause(wait_ns / SECOND_NS)
        self._limiter.spend(call.cost, time.monotonic_ns())

    def _send(self, request: HttpRequest) -> bytes:
        try:
            answer = exchange(
                self._session,
                (request.method, request.url),
                request.headers,
                request.body,
                self._settings.timeout_seconds,
            )
        except requests.RequestException as problem:
            raise ExchangeUnavailable(f"no answer: {why(problem)}") from None
        return api.unwrap(answer.status, answer.body)
