"""REST calls as values: method, path and parameters, and the envelope of every answer.

Builders know no secret and no nonce; ``prepare`` adds both. Sources: facts sheet, sections 1.1, 1.5
to 1.7.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeVar
from urllib.parse import urlencode

import attrs
import msgspec

from zoe.adapters.kraken.errors import classify, is_error
from zoe.adapters.kraken.frames import UNREADABLE
from zoe.adapters.kraken.numbers import every_exact
from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.errors import ExchangeThrottled, ExchangeUnavailable, WireError
from zoe.domain.quantity import plain
from zoe.ports.venue import HttpRequest

USER_AGENT: Final = "zoe"


#: Calls that trade are the engine's affair; of two documented figures for history, the larger.
_COSTS: Final = {
    "Ledgers": 4,
    "TradesHistory": 4,
    "AddOrder": 0,
    "AddOrderBatch": 0,
    "AmendOrder": 0,
    "EditOrder": 0,
    "CancelOrder": 0,
    "CancelOrderBatch": 0,
}

T = TypeVar("T")


@attrs.frozen
class Call:
    """One REST call; private ones are POSTed with a nonce and a signature."""

    name: str
    params: tuple[tuple[str, str], ...] = ()
    private: bool = True
    #: The members of a JSON body, for what a form cannot say (lists of orders); params are unused.
    document: Mapping[str, object] | None = None

    @property
    def path(self) -> str:
        """The path that is also signed."""
        return f"/0/{'private' if self.private else 'public'}/{self.name}"

    @property
    def cost(self) -> int:
        """Points on the REST counter of the key (facts sheet, section 3.1)."""
        return _COSTS.get(self.name, 1) if self.private else 0


#: What a parameter may be given as; None leaves it out.
Given = str | int | bool | Decimal | Iterable[str] | None


def public(name: str, **params: Given) -> Call:
    """A public call."""
    return Call(name, spelled(params), private=False)


def private(name: str, **params: Given) -> Call:
    """A private call."""
    return Call(name, spelled(params))


def spelled(params: Mapping[str, Given]) -> tuple[tuple[str, str], ...]:
    """Parameters as text: no exponents, ``true`` and ``false``, lists with commas."""
    return tuple((key, _text(value)) for key, value in params.items() if value is not None)


def _text(value: Given) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case str() | int():
            return str(value)
        case _:
            assert value is not None
            return ",".join(value)


def prepare(base_url: str, call: Call, keys: KeyPair | None, nonce: int | None) -> HttpRequest:
    """The request as it is sent."""
    headers = [("User-Agent", USER_AGENT)]
    if not call.private:
        query = f"?{urlencode(call.params, safe=',')}" if call.params else ""
        return HttpRequest("GET", f"{base_url}{call.path}{query}", tuple(headers), b"")
    assert keys is not None and nonce is not None, "a private call needs a key and a nonce"
    kind, body = _body(call, str(nonce))
    headers += [
        ("Content-Type", kind),
        ("API-Key", keys.key),
        ("API-Sign", keys.sign(call.path, str(nonce), body)),
    ]
    return HttpRequest("POST", base_url + call.path, tuple(headers), body.encode())


def _body(call: Call, nonce: str) -> tuple[str, str]:
    if call.document is None:
        form = urlencode([("nonce", nonce), *call.params])
        return "application/x-www-form-urlencoded", form
    return "application/json", msgspec.json.encode({"nonce": nonce, **call.document}).decode()


class _Answer(msgspec.Struct):
    error: list[str] = []
    result: msgspec.Raw = msgspec.Raw(b"null")


_ANSWER: Final = msgspec.json.Decoder(_Answer)
TOO_MANY_REQUESTS: Final = 429


def unwrap(status: int, body: bytes) -> bytes:
    """The ``result`` of an answer, as JSON text; ``null`` where it had none.

    Raises:
        ExchangeRejected: Refused.
        ExchangeThrottled: Over a limit.
        ExchangeUnavailable: Not an answer of the API; whether it was executed is unknown.
        WireError: JSON, but no envelope.
    """
    if status == TOO_MANY_REQUESTS:
        raise ExchangeThrottled(f"HTTP {status}")
    if status != 200:
        raise ExchangeUnavailable(f"HTTP {status}")
    try:
        answer = _ANSWER.decode(body)
    except msgspec.ValidationError as problem:
        raise WireError(str(problem), body) from problem
    except (msgspec.DecodeError, ValueError, RecursionError) as problem:
        raise ExchangeUnavailable("HTTP 200 without JSON") from problem
    for text in answer.error:
        if is_error(text):
            raise classify(text)
    return bytes(answer.result)


def parse(form: type[T], result: bytes) -> T:
    """``result`` as ``form``.

    Raises:
        WireError: It has another form.
    """
    try:
        return msgspec.json.decode(result, type=form)
    except UNREADABLE as problem:
        raise WireError(f"{type(problem).__name__}: {problem}", result) from problem


def parse_exact(form: type[T], result: bytes) -> T:
    """``result`` as ``form``, every number in it one that money can be.

    Raises:
        WireError: It has another form, or a number that is none.
    """
    parsed = parse(form, result)
    try:
        every_exact(parsed)
    except (ValueError, RecursionError) as problem:
        raise WireError(str(problem), result) from problem
    return parsed
