"""The front of the sockets: frames in, answers out, heartbeats, idle sockets (facts, 2.1, 2.2)."""

from collections.abc import Callable, Iterable
from decimal import Decimal
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

import attrs
import msgspec

from zoe.sandbox.core import errors
from zoe.sandbox.core.accounts import ApiKey
from zoe.sandbox.core.answers import Ask, encode
from zoe.sandbox.core.catalog import Pair
from zoe.sandbox.core.channels import Channels
from zoe.sandbox.core.errors import Refusal
from zoe.sandbox.core.faults import ANSWERED, ENDS, SAID, Fault, Faults
from zoe.sandbox.core.intake import checked
from zoe.sandbox.core.moments import MILLISECOND_NS, SECOND_NS
from zoe.sandbox.core.outbox import IDLE, MESSAGE_RATE, Outbox, Session
from zoe.sandbox.core.socket_trading import Method, SocketTrading
from zoe.sandbox.core.trading import Caller
from zoe.sandbox.core.world import World

HEARTBEAT_NS: Final = SECOND_NS
IDLE_NS: Final = 60 * SECOND_NS
PRIVATE_PATH: Final = "/auth/v2"
_HEARTBEAT: Final = b'{"channel":"heartbeat"}'
_VERSION: Final = "2.0.10"


class _Refused(msgspec.Struct):
    error: str | None = None


_REFUSED: Final = msgspec.json.Decoder(_Refused)
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


@attrs.define
class _Execution:
    """A trading request as it is carried out: once, later than it is answered for, or not at all.

    Attributes:
        order_ids: Of the orders that it made, the newest first.
        error: The first refusal among its answers.
    """

    ask: Ask
    caller: Caller
    method: Method
    order_ids: tuple[str, ...] = ()
    error: str | None = None

    def __call__(self) -> list[bytes]:
        """Carries it out; its answers."""
        ask, caller, method = self.ask, self.caller, self.method
        try:
            if not caller.key.permissions & method.permissions:
                raise Refusal(errors.PERMISSION_DENIED)
            checked(ask.method, ask.params, method.fields)
            orders = caller.account.orders
            before = len(orders)
            answers = method.handler(ask, caller)
            self.order_ids = tuple(islice(reversed(orders), len(orders) - before))
        except Refusal as refusal:
            self.error = str(refusal)
            return [ask.refuse(self.error)]
        self.error = next(filter(None, map(_error_in, answers)), None)
        return answers


class Sockets:
    """Every open socket."""

    def __init__(
        self, world: World, outbox: Outbox, faults: Faults, parts: tuple[Channels, SocketTrading]
    ) -> None:
        self._world = world
        self._outbox = outbox
        self._faults = faults
        self._channels, self._trading = parts
        outbox.on_drop = self._forget
        #: When a socket is due, or sooner: what is sent to one puts that off. 0: to be looked up.
        self._due_ns: int | None = 0
        self._methods: dict[str, Callable[[Ask], None]] = {
            "ping": self._ping,
            "subscribe": self._channels.subscribe,
            "unsubscribe": self._channels.unsubscribe,
        }

    def opened(self, connection: int, path: str) -> None:
        """A new socket is told the exchange's state."""
        now_ns = self._world.now_ns
        session = Session(connection, path == PRIVATE_PATH, now_ns, now_ns)
        self._outbox.sessions[connection] = session
        self._due_ns = 0
        self._outbox.frame(session, "status", self._status(session))

    def closed(self, connection: int) -> None:
        """Forgets a socket."""
        session = self._outbox.sessions.pop(connection, None)
        if session is not None:
            self._forget(session)

    def _forget(self, session: Session) -> None:
        self._channels.forget(session)
        self._due_ns = 0

    def tell_status(self, pair: Pair | None) -> None:
        """Everybody is told the exchange's state, or who listens a pair's."""
        if pair is not None:
            self._channels.tell_pair(pair)
            return
        for session in tuple(self._outbox.sessions.values()):
            self._outbox.frame(session, "status", self._status(session))

    def _status(self, session: Session) -> bytes:
        row: dict[str, object] = {"api_version": "v2"}
        if self._world.status != "maintenance":
            digest = blake2b(repr(session.connection).encode(), digest_size=8).digest()
            row["connection_id"] = int.from_bytes(digest, "big") | 1 << 63
        row |= {"system": self._world.status, "version": _VERSION}
        return encode({"channel": "status", "type": "update", "data": [row]})

    def received(self, connection: int, payload: bytes) -> None:
        """One frame."""
        session = self._outbox.sessions.get(connection)
        if session is None:
            return
        session.last_heard_ns = self._world.now_ns
        ask = self._ask(session, payload)
        try:
            self._handle(ask)
        except Refusal as refusal:
            self._answer(ask, [ask.refuse(str(refusal))])

    def _ask(self, session: Session, payload: bytes) -> Ask:
        """What a frame asks for; one that cannot be read asks for nothing that is known."""
        try:
            frame: Any = _DECODER.decode(payload)
        except (msgspec.MsgspecError, ArithmeticError, ValueError, RecursionError):
            frame = {}
        if not isinstance(frame, dict):
            frame = {}
        method, req_id = frame.get("method"), frame.get("req_id")
        return Ask(
            session,
            method[:60] if isinstance(method, str) else "",
            frame.get("params", {}),
            req_id if isinstance(req_id, int) and not isinstance(req_id, bool) else None,
            self._world.now_ns,
        )

    def _handle(self, ask: Ask) -> None:
        if ask.method == "ping":
            self._ping(ask)
            return
        trading = self._trading.methods.get(ask.method)
        plain = self._methods.get(ask.method)
        if not isinstance(ask.params, dict) or (trading is None and plain is None):
            raise Refusal(errors.UNSUPPORTED_EVENT)
        if trading is not None:
            self._trade(ask, trading)
        elif plain is not None:
            self._due_ns = 0  # it may listen from now on, or no more
            plain(ask)

    def _ping(self, ask: Ask) -> None:
        if ask.params != {}:
            raise Refusal("Unsupported field: 'params' for the given msg type: ping")
        self._answer(ask, [ask.pong()])

    def _trade(self, ask: Ask, method: Method) -> None:
        caller = self._caller(ask)
        fault = self._faults.for_request(method.operation) if self._faults.planted else None
        if fault is not None and fault.ignore_deadline:
            caller = msgspec.structs.replace(caller, ignore_deadline=True)
        execution = _Execution(ask, caller, method)
        answered = self._meet(ask, caller.key, fault, execution)
        error = execution.error
        if fault is not None and fault.what in SAID:
            error = fault.said(self._world.now_ns)
        order_ids = execution.order_ids
        self._world.journal.write(
            "request",
            self._world.now_ns,
            account=caller.account.name,
            key=caller.key.key,
            method=ask.method,
            cl_ord_id=_first(ask.params.get("cl_ord_id")),
            order_id=order_ids[0] if order_ids else _first(ask.params.get("order_id")),
            answered=answered,
            fault=None if fault is None else fault.what,
            error=error,
        )

    def _caller(self, ask: Ask) -> Caller:
        if not ask.session.private:
            raise Refusal(errors.PERMISSION_DENIED)
        token = ask.params.get("token")
        if not isinstance(token, str):
            raise Refusal(errors.TOKEN_NOT_FOUND)
        key = self._world.accounts.key_of(token, self._world.now_ns)
        if key is None:
            raise Refusal(errors.INVALID_SESSION)
        if key.locked_until_ns > self._world.now_ns:
            raise Refusal(errors.LOCKOUT)
        return Caller(key, self._world.accounts.by_name[key.account], self._world.now_ns)

    def _meet(
        self, ask: Ask, key: ApiKey, fault: Fault | None, carry_out: Callable[[], list[bytes]]
    ) -> bool:
        """Carries a request out and answers it, as far as the fault allows; whether it answers."""
        session = ask.session
        if fault is None:
            place = self._outbox.mark
            answers = carry_out()
            # Answer and reports race on the real exchange: who listens must bear both orders.
            first = self._world.random.getrandbits(1)
            self._answer(ask, answers, place=place if first else None)
            return True
        later_ns = self._world.now_ns + fault.ms * MILLISECOND_NS
        match fault.what:
            case "late":
                self._answer(ask, carry_out(), at_ns=later_ns)
            case "slow":
                self._world.timers.at(later_ns, lambda: self._answer(ask, carry_out()))
            case "lost_answer":
                carry_out()
            case "silence":
                session.silent_until_ns = max(session.silent_until_ns, later_ns)
                carry_out()
            case "duplicate":
                answers = carry_out()
                self._answer(ask, [*answers, *answers])
            case "token_expiry":
                self._world.accounts.forget_tokens(key)
                self._answer(ask, [ask.refuse(errors.INVALID_SESSION)])
            case "not_executed":
                pass
            case _:
                if fault.executed:
                    carry_out()
                self._instead(ask, fault)
        return fault.what in ANSWERED

    def _instead(self, ask: Ask, fault: Fault) -> None:
        if fault.what in ENDS:
            self._outbox.drop(ask.session, *ENDS[fault.what])
        elif fault.what == "message_rate":
            self._answer(ask, [MESSAGE_RATE])
        else:
            self._answer(ask, [ask.refuse(fault.said(self._world.now_ns))])

    def _answer(
        self, ask: Ask, answers: Iterable[bytes], *, at_ns: int = 0, place: int | None = None
    ) -> None:
        for number, payload in enumerate(answers):
            at = None if place is None else place + number
            self._outbox.answer(ask.session, payload, at_ns, at)

    def next_ns(self) -> int | None:
        """When a heartbeat or the end of an idle socket is due, or sooner."""
        if self._due_ns == 0:
            self._due_ns = min(map(_due_ns, self._outbox.sessions.values()), default=None)
        return self._due_ns

    def wake(self) -> None:
        """Heartbeats, and the end of sockets that neither listen nor speak."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > self._world.now_ns:
            return
        self._due_ns = 0
        for session in tuple(self._outbox.sessions.values()):
            if _due_ns(session) > self._world.now_ns:
                continue
            if session.is_subscribed:
                session.last_sent_ns = self._world.now_ns  # of a silenced one too: it was due
                self._outbox.answer(session, _HEARTBEAT, 0, None)
            else:
                self._outbox.drop(session, *IDLE)


def _due_ns(session: Session) -> int:
    if session.is_subscribed:
        return session.last_sent_ns + HEARTBEAT_NS
    return session.last_heard_ns + IDLE_NS


def _error_in(answer: bytes) -> str | None:
    """One of several answers to a request may be a refusal."""
    return _REFUSED.decode(answer).error if b'"error":' in answer else None


def _first(value: object) -> str | None:
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, str) else None
