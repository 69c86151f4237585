"""Kraken's error texts, sorted into zoe's errors by one table (facts sheet, section 1.4).

Texts are matched by their normalised beginning, the longest first, since some carry a detail after
another colon and some a blank after the first. What the table lacks is an unknown outcome for a
write that may have been executed, unless it is of a category that only ever refuses.
"""

import enum
import re
from functools import lru_cache
from typing import Final

from zoe.domain.errors import (
    ExchangeRejected,
    ExchangeThrottled,
    ExchangeUnavailable,
    ZoeError,
)


class Kind(enum.Enum):
    """What a text says about the request."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"


_LOCKOUT_SECONDS: Final = 900

_TABLE: Final[dict[str, Kind]] = {
    "eapi:invalid nonce": Kind.THROTTLED,  # not executed; a new nonce may succeed
    "eapi:rate limit exceeded": Kind.THROTTLED,
    "eapi:": Kind.REFUSED,
    "egeneral:temporary lockout": Kind.THROTTLED,
    "egeneral:too many requests": Kind.THROTTLED,
    "egeneral:internal error": Kind.UNKNOWN,
    "egeneral:": Kind.REFUSED,
    "eservice:throttled": Kind.THROTTLED,
    "eservice:market in": Kind.REFUSED,  # cancel_only, post_only, limit_only, reduce_only
    "eservice:": Kind.UNKNOWN,  # Unavailable, Busy, Timeout, Deadline elapsed
    "eauth:rate limit exceeded": Kind.THROTTLED,
    "eauth:too many requests": Kind.THROTTLED,
    "eauth:": Kind.REFUSED,
    "eaccount:": Kind.REFUSED,
    "equery:": Kind.REFUSED,
    "eorder:rate limit exceeded": Kind.THROTTLED,
    "eorder:domain rate limit exceeded": Kind.THROTTLED,
    "eorder:": Kind.REFUSED,
    "etrade:": Kind.REFUSED,
    "esession:": Kind.REFUSED,  # a new token is needed; nothing was done
    "efunding:": Kind.REFUSED,
    "ebm:": Kind.REFUSED,
    "edatabase:": Kind.UNKNOWN,
    "eearnings:": Kind.REFUSED,
    # The sockets' own words, without a category; all are about a request that was not accepted.
    "unsupported": Kind.REFUSED,
    "limit_price field": Kind.REFUSED,
    "cash_order_qty field": Kind.REFUSED,
    "token(s) not found": Kind.REFUSED,
    "currency pair not supported": Kind.REFUSED,
    "already subscribed": Kind.REFUSED,
    "subscription depth not supported": Kind.REFUSED,
    "exceeded msg rate": Kind.THROTTLED,
}
_LONGEST_FIRST: Final = sorted(_TABLE.items(), key=lambda row: -len(row[0]))
_SPACES: Final = re.compile(r":\s+")
_WARNING: Final = re.compile(r"W[A-Z][A-Za-z]*:")


def classify(text: str) -> ZoeError:
    """The error that ``text`` stands for: refused, throttled, or an unknown outcome.

    A text that nobody listed says nothing certain, so its outcome is unknown.
    """
    kind = _kind(text)
    if kind is Kind.REFUSED:
        return ExchangeRejected(text)
    if kind is Kind.THROTTLED:
        return ExchangeThrottled(text, _retry_after_seconds(text))
    return ExchangeUnavailable(text)


@lru_cache(maxsize=256)  # the same few are said again and again
def _kind(text: str) -> Kind:
    plain = _SPACES.sub(":", text.strip()).lower()
    for beginning, kind in _LONGEST_FIRST:
        if plain.startswith(beginning):
            return kind
    return Kind.UNKNOWN


def _retry_after_seconds(text: str) -> int | None:
    return _LOCKOUT_SECONDS if "lockout" in text.lower() else None


def is_error(text: str) -> bool:
    """Whether an entry of a REST answer's ``error`` list is one: all but ``W<Category>:...`` are."""
    return _WARNING.match(text) is None
