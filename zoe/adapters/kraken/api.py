"""REST calls as values: method, path and parameters, and the envelope of every answer.

Builders know no secret and no nonce; ``prepare`` adds both. Sources: facts sheet, sections 1.1, 1.5
to 1.7.
"""

from typing import Final, TypeVar
from urllib.parse import urlencode

import attrs
import msgspec

from zoe.adapters.kraken.errors import classify, is_error
from zoe.adapters.kraken.numbers import ns_to_seconds, rfc3339
from zoe.adapters.kraken.sign import KeyPair
from zoe.domain.errors import ExchangeThrottled, ExchangeUnavailable, WireError
from zoe.domain.order import SENDABLE, Order
from zoe.ports.venue import HttpRequest

USER_AGENT: Final = "zoe"


T = TypeVar("T")


@attrs.frozen
class Call:
    """One REST call; private ones are POSTed with a nonce and a signature."""

    name: str
    params: tuple[tuple[str, str], ...] = ()
    private: bool = True

    @property
    def path(self) -> str:
        """The path that is also signed."""
        return f"/0/{'private' if self.private else 'public'}/{self.name}"


def public(name: str, **params: str) -> Call:
    """A public call: Time, SystemStatus, Assets, AssetPairs, Ticker or Depth."""
    return Call(name, tuple(params.items()), private=False)


def private(name: str, **params: str) -> Call:
    """A private call without parameters that need care: Balance, QueryOrders and so on."""
    return Call(name, tuple(params.items()))


def closed_orders(start_ns: int, offset: int) -> Call:
    """A page of closed orders, newest first."""
    return private(
        "ClosedOrders", start=ns_to_seconds(start_ns), ofs=str(offset), without_count="true"
    )


def trades_history(start_ns: int, offset: int) -> Call:
    """A page of trades, newest first, one row a match, so that ids equal the stream's exec ids."""
    return private(
        "TradesHistory",
        start=ns_to_seconds(start_ns),
        ofs=str(offset),
        without_count="true",
        consolidate_taker="false",
    )


def ledgers(start_ns: int, end_ns: int, offset: int) -> Call:
    """A page of the ledger, newest first; ``end_ns`` is frozen while paging."""
    return private(
        "Ledgers",
        start=ns_to_seconds(start_ns),
        end=ns_to_seconds(end_ns),
        ofs=str(offset),
        without_count="true",
    )


def add_order(order: Order, pair: str, deadline_ns: int, *, validate: bool = False) -> Call:
    """AddOrder; the fee in quote currency, as on the socket.

    Args:
        pair: Any REST name of the pair.
    """
    intent = order.intent
    assert order.cl_ord_id is not None and intent.order_type in SENDABLE
    params = {
        "pair": pair,
        "type": intent.side.value,
        "ordertype": intent.order_type.value,
        "volume": str(intent.quantity),
        "cl_ord_id": order.cl_ord_id,
        "deadline": rfc3339(deadline_ns),
        "oflags": "fciq,post" if intent.post_only else "fciq",
    }
    if intent.limit_price is not None:
        params["price"] = str(intent.limit_price)
        params["timeinforce"] = intent.time_in_force.value.upper()
    if validate:
        params["validate"] = "true"
    return private("AddOrder", **params)


def cancel_order(order_id: str | None, cl_ord_id: str | None) -> Call:
    """CancelOrder by the exchange's id where it is known, else by ours."""
    if order_id is not None:
        return private("CancelOrder", txid=order_id)
    assert cl_ord_id is not None, "an order has one id at least"
    return private("CancelOrder", cl_ord_id=cl_ord_id)


def prepare(base_url: str, call: Call, keys: KeyPair | None, nonce: int | None) -> HttpRequest:
    """The request as it is sent."""
    headers = [("User-Agent", USER_AGENT)]
    if not call.private:
        query = f"?{urlencode(call.params)}" if call.params else ""
        return HttpRequest("GET", f"{base_url}{call.path}{query}", tuple(headers), b"")
    assert keys is not None and nonce is not None, "a private call needs a key and a nonce"
    body = urlencode([("nonce", str(nonce)), *call.params])
    headers += [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("API-Key", keys.key),
        ("API-Sign", keys.sign(call.path, str(nonce), body)),
    ]
    return HttpRequest("POST", base_url + call.path, tuple(headers), body.encode())


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
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as problem:
        raise WireError(f"{type(problem).__name__}: {problem}", result) from problem
