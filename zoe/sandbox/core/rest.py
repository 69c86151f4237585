"""The front of REST: envelope, signatures, nonces, permissions, and what faults make of an answer."""

import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Final

import attrs
import msgspec

from zoe.sandbox.core import errors
from zoe.sandbox.core.accounts import ApiKey
from zoe.sandbox.core.answers import encode
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.faults import ANSWERED, ENDS, SAID, Fault, Faults
from zoe.sandbox.core.forms import Fields, fields_of, form
from zoe.sandbox.core.limits import Limits
from zoe.sandbox.core.lockouts import Lockouts
from zoe.sandbox.core.moments import MILLISECOND_NS
from zoe.sandbox.core.outbox import Outbox
from zoe.sandbox.core.rest_private import Call, RestPrivate
from zoe.sandbox.core.rest_public import RestPublic
from zoe.sandbox.core.trading import Caller
from zoe.sandbox.core.wire import Drop, HttpRequest, HttpResponse
from zoe.sandbox.core.world import World

JSON: Final = (("content-type", "application/json; charset=utf-8"),)
_HTML: Final = (("content-type", "text/html"),)
_PUBLIC: Final = "/0/public/"
_PRIVATE: Final = "/0/private/"
_LONGEST_NONCE: Final = 20
#: What is kept of a request beside who made it and what it was.
_TOLD: Final = ("nonce", "cl_ord_id", "order_id", "answered", "fault", "error")
_NOT_FOUND: Final = HttpResponse(404, _HTML, b"<html><h1>404 Not Found</h1></html>")
_BAD_GATEWAY: Final = HttpResponse(502, _HTML, b"<html><h1>502 Bad Gateway</h1></html>")

Params = Mapping[str, str]


@attrs.frozen
class _Ready:
    """A private request that may be carried out."""

    exchange: int
    name: str
    call: Call
    caller: Caller
    params: Fields


@attrs.define
class _Execution:
    """A private request as it is carried out: once, later than it is answered for, or not at all.

    Attributes:
        result: What it came to; None before that, and where it was refused.
        refusal: Why it was refused.
    """

    ready: _Ready
    limits: Limits
    result: object = None
    refusal: str | None = None

    def __call__(self) -> object:
        """Carries it out.

        Raises:
            Refusal: It is over a limit, not permitted, or refused by its handler.
        """
        ready, key = self.ready, self.ready.caller.key
        try:
            self.limits.called(key, ready.caller.account, ready.name)
            if not ready.call.allows(key.permissions):
                raise Refusal(errors.PERMISSION_DENIED)
            self.result = ready.call.handler(ready.caller, ready.params)
        except Refusal as refusal:
            self.refusal = str(refusal)
            raise
        return self.result


class Rest:
    """Answers HTTP requests below /0/."""

    def __init__(
        self,
        world: World,
        way: tuple[Outbox, Faults],
        limits: Limits,
        calls: tuple[RestPublic, RestPrivate],
    ) -> None:
        self._world = world
        self._outbox, self._faults = way
        self._limits = limits
        self._lockouts = Lockouts(world)
        self._public, self._private = calls
        self._faults.operations = frozenset((*self._public.calls, *self._private.calls))

    def handle(self, request: HttpRequest) -> None:
        """Puts the answer, if there is one, into the outbox."""
        try:
            if request.path.startswith(_PRIVATE):
                self._dispatch(*self._authentic(request))
            elif request.path.startswith(_PUBLIC):
                self._handle_public(request)
            else:
                self._deliver(request.exchange, _NOT_FOUND)
        except Refusal as refusal:
            self._note_refused(request, str(refusal))
            self._deliver(request.exchange, _refused(str(refusal)))

    def _note_refused(self, request: HttpRequest, error: str) -> None:
        """A request that was not let in, where it is known whose it is."""
        key = self._world.accounts.keys.get(request.headers.get("api-key", ""))
        if key is not None and request.path.startswith(_PRIVATE):
            self._write(key, request.path, answered=True, error=error)

    def _handle_public(self, request: HttpRequest) -> None:
        name = request.path.removeprefix(_PUBLIC)
        call = self._public.calls.get(name)
        if call is None:
            raise Refusal(errors.UNKNOWN_METHOD)
        if request.method != "GET":
            raise Refusal(errors.BAD_REQUEST)
        params = form(request.query.encode(errors="replace"))
        fault = self._faults.for_request(name) if self._faults.planted else None
        self._meet(request.exchange, fault, lambda: call(params))

    def _authentic(self, request: HttpRequest) -> tuple[_Ready, int]:
        """The request and its nonce, which counts as used from here on."""
        name = request.path.removeprefix(_PRIVATE)
        call = self._private.calls.get(name)
        if call is None:
            raise Refusal(errors.UNKNOWN_METHOD)
        if request.method != "POST":
            raise Refusal(errors.BAD_REQUEST)
        key = self._world.accounts.keys.get(request.headers.get("api-key", ""))
        if key is None:
            raise Refusal(errors.INVALID_KEY)
        self._lockouts.check(key)
        params = fields_of(request)
        nonce = params.get("nonce", "")
        if not is_signed(key, request, nonce):
            raise self._lockouts.failed(key, errors.INVALID_SIGNATURE)
        is_number = nonce.isascii() and nonce.isdigit() and len(nonce) <= _LONGEST_NONCE
        if not is_number or int(nonce) <= key.nonce - key.nonce_window:
            raise self._lockouts.failed(key, errors.INVALID_NONCE)
        key.failures = 0
        if self._world.status == "maintenance":
            raise Refusal(errors.UNAVAILABLE)
        key.nonce = max(key.nonce, int(nonce))
        account = self._world.accounts.by_name[key.account]
        caller = Caller(key, account, self._world.now_ns)
        return _Ready(request.exchange, name, call, caller, params), key.nonce

    def _dispatch(self, ready: _Ready, nonce: int) -> None:
        fault = self._faults.for_request(ready.name) if self._faults.planted else None
        if fault is not None:
            ready, fault = self._beforehand(ready, fault)
        execution = _Execution(ready, self._limits)
        answered = self._meet(ready.exchange, fault, execution)
        error = execution.refusal
        if fault is not None and fault.what in SAID:
            error = fault.said(self._world.now_ns)
        self._write(
            ready.caller.key,
            _PRIVATE + ready.name,
            nonce=nonce,
            cl_ord_id=ready.params.get("cl_ord_id"),
            order_id=_order_id(ready.params, execution.result),
            answered=answered,
            fault=None if fault is None else fault.what,
            error=error,
        )

    def _beforehand(self, ready: _Ready, fault: Fault) -> tuple[_Ready, Fault | None]:
        """What a fault does before its request is carried out; None where that was all of it."""
        caller = ready.caller
        if fault.what == "lockout":
            until_ns = self._world.now_ns + fault.ms * MILLISECOND_NS
            caller.key.locked_until_ns = max(caller.key.locked_until_ns, until_ns)
        if fault.what == "token_expiry":
            self._world.accounts.forget_tokens(caller.key)
            return ready, None
        if fault.ignore_deadline:
            caller = msgspec.structs.replace(caller, ignore_deadline=True)
        return attrs.evolve(ready, caller=caller), fault

    def _write(self, key: ApiKey, path: str, **told: object) -> None:
        record: dict[str, object] = dict.fromkeys(_TOLD) | told
        now_ns, account = self._world.now_ns, key.account
        self._world.journal.write(
            "request", now_ns, account=account, key=key.key, path=path, **record
        )

    def _meet(self, exchange: int, fault: Fault | None, carry_out: Callable[[], object]) -> bool:
        """Carries a request out and answers it, as far as the fault allows; whether it answers."""

        def answer() -> HttpResponse:
            try:
                return _accepted(carry_out())
            except Refusal as refusal:
                return _refused(str(refusal))

        if fault is None:
            self._deliver(exchange, answer())
            return True
        later_ns = self._world.now_ns + fault.ms * MILLISECOND_NS
        match fault.what:
            case "late":
                self._deliver(exchange, answer(), later_ns)
            case "slow":
                self._world.timers.at(later_ns, lambda: self._deliver(exchange, answer()))
            case "lost_answer" | "silence":
                answer()
            case "duplicate":
                self._deliver(exchange, answer())
            case "not_executed":
                pass
            case _:
                if fault.executed:
                    answer()
                self._deliver(exchange, self._instead(fault))
        return fault.what in ANSWERED

    def _instead(self, fault: Fault) -> HttpResponse | Drop:
        match fault.what:
            case "http_502":
                return _BAD_GATEWAY
            case what if what in ENDS:
                return Drop(None, what)
            case _:
                return _refused(fault.said(self._world.now_ns))

    def _deliver(self, exchange: int, response: HttpResponse | Drop, at_ns: int = 0) -> None:
        self._outbox.http(exchange, response, max(at_ns, self._world.now_ns))


def _accepted(result: object) -> HttpResponse:
    return HttpResponse(200, JSON, encode({"error": [], "result": result}))


def _refused(error: str) -> HttpResponse:
    return HttpResponse(200, JSON, encode({"error": [error]}))


def is_signed(key: ApiKey, request: HttpRequest, nonce: str) -> bool:
    """API-Sign: HMAC-SHA512 of path and SHA256(nonce + body), by the decoded secret (facts, 1.2)."""
    digest = sha256(nonce.encode(errors="replace") + request.body).digest()
    message = request.path.encode(errors="replace") + digest
    expected = hmac.digest(b64decode(key.secret), message, "sha512")
    try:
        given = b64decode(request.headers.get("api-sign", ""), validate=True)
    except ValueError:
        given = b""
    return hmac.compare_digest(expected, given)


def _order_id(params: Params, result: object) -> str | None:
    match result:
        case {"txid": [str(order_id)] | str(order_id)}:
            return order_id
        case _:
            return params.get("txid")
