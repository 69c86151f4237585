"""A person at the exchange, with a second key of the desk's account."""

import json
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from zoe.adapters.kraken.sign import KeyPair
from zoe.sandbox.core.wire import HttpResponse

#: Makes a request with headers and a body; the answer, or None where none is told.
Post = Callable[[str, dict[str, str], bytes], HttpResponse | None]


class Hands:
    """Calls that are not the desk's.

    Args:
        post: By which they go.
        new_key: Makes the key; asked when it is needed first.
        wall_ns: UTC nanoseconds at the exchange.

    Attributes:
        unanswered_ns: When somebody had no answer at last: what was asked may be done later.
    """

    def __init__(
        self, post: Post, new_key: Callable[[], KeyPair], wall_ns: Callable[[], int]
    ) -> None:
        self._post = post
        self._new_key = new_key
        self._wall_ns = wall_ns
        self._nonce = 0
        self._calls: Counter[str] = Counter()
        self.unanswered_ns = 0

    @property
    def counts(self) -> tuple[int, int]:
        """Orders that were placed so, and amends that were made so."""
        return self._calls["AddOrder"], self._calls["AmendOrder"]

    def call(self, name: str, **fields: str) -> dict[str, Any]:
        """A private call, and its answer."""
        self._nonce = max(self._nonce + 1, self._wall_ns())
        path, nonce = f"/0/private/{name}", str(self._nonce)
        body = urlencode({"nonce": nonce, **fields})
        key = self._key
        headers = {
            "content-type": "application/x-www-form-urlencoded",
            "api-key": key.key,
            "api-sign": key.sign(path, nonce, body),
        }
        answer = self._post(path, headers, body.encode())
        self._calls[name] += 1
        if answer is None:
            self.unanswered_ns = self._wall_ns()
        if answer is None or answer.status != 200:
            return {"error": ["no answer"]}
        said: dict[str, Any] = json.loads(answer.body)
        return said

    @cached_property
    def _key(self) -> KeyPair:
        """A key of its own: nonces and counters are a key's."""
        return self._new_key()
