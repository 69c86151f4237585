"""The private socket without I/O: subscriptions, sequences, requests and their answers.

Life: opened -> both subscriptions acknowledged and both snapshots here -> live. A sequence that
skips a number, an update before its snapshot, a refused subscription, or ten seconds without
becoming live is a gap: the connection is of no more use, and the next one's snapshots are the truth.
A row that cannot be read is told as such, and the connection goes on: another would bring the same.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from zoe.adapters.kraken import frames, private_frames
from zoe.adapters.kraken.errors import classify
from zoe.adapters.kraken.feed import EXCERPT_BYTES
from zoe.adapters.kraken.numbers import exact, nanoseconds, rfc3339
from zoe.adapters.kraken.order_form import number, socket_params
from zoe.adapters.kraken.private_frames import BalancesFrame, ExecutionsFrame
from zoe.adapters.kraken.reports import (
    BALANCE,
    LEDGER_ROW,
    REPORT,
    ROWS,
    BalanceRow,
    Merger,
    Report,
    balance_entry,
    balance_snapshot,
)
from zoe.adapters.kraken.trading_calls import of_desk
from zoe.domain.errors import WireError
from zoe.domain.order import Order
from zoe.domain.quick import quick
from zoe.domain.resting_stop import trigger_at
from zoe.domain.sighting import Sighting
from zoe.messages.limits import CounterReported
from zoe.messages.market import ExchangeStatus, FrameNotUnderstood
from zoe.ports.venue import Answered, StreamGap, StreamLive

LIVE_WITHIN_NS: Final = 10_000_000_000
_EXECUTIONS: Final = "executions"
_BALANCES: Final = "balances"
_CHANNELS: Final = (_EXECUTIONS, _BALANCES)
#: As it is always spelled; another spelling is taken apart.
_HEARTBEAT: Final = b'{"channel":"heartbeat"}'


class _Result(msgspec.Struct):
    channel: str | None = None
    order_id: str | None = None


_counter: Final = quick(CounterReported)
_answer: Final = quick(Answered)
_RESULT = msgspec.json.Decoder(_Result)


class KrakenSession:
    """One life of the private socket; see zoe.ports.venue.PrivateSession."""

    def __init__(self) -> None:
        self._token = ""
        self._acked: set[str] = set()
        self._snapshots: set[str] = set()
        self._sequence: dict[str, int] = {}
        self._orders = Merger()
        self._live = False
        self._first_heard_ns: int | None = None

    def __repr__(self) -> str:
        return f"KrakenSession(live={self._live})"

    def opened(self, token: str) -> Sequence[bytes]:
        """The subscriptions; snapshots of orders and trades are asked for explicitly."""
        self._token = token
        executions = {
            "channel": _EXECUTIONS,
            "snap_orders": True,
            "snap_trades": True,
            "order_status": True,
            "ratecounter": True,
            "token": token,
        }
        balances = {"channel": _BALANCES, "snapshot": True, "token": token}
        return (request("subscribe", executions), request("subscribe", balances))

    def received(self, payload: bytes, received_ns: int) -> Sequence[object]:
        """What a frame says; see zoe.ports.venue.PrivateSession."""
        if self._first_heard_ns is None:
            self._first_heard_ns = received_ns
        try:
            if payload == _HEARTBEAT:
                said = []
            elif (update := private_frames.update(payload)) is not None:
                said = self._update(update, payload)
            else:
                said = self._take_apart(frames.FRAME.decode(payload))
        except frames.UNREADABLE as problem:
            raise WireError(f"{type(problem).__name__}: {problem}", payload) from problem
        if not self._live and received_ns - self._first_heard_ns > LIVE_WITHIN_NS:
            return [*said, StreamGap("not live in 10 s")]
        return said

    def _take_apart(self, frame: frames.Frame) -> list[object]:
        if frame.channel in _CHANNELS:
            return self._private(frame.channel, frame)
        if frame.channel == "status":
            return [ExchangeStatus(row.system) for row in frames.STATUS.decode(frame.data)]
        if frame.channel == "heartbeat":
            return []
        if frame.refusal is not None:
            return [StreamGap(f"the exchange says {frame.refusal[:200]}")]
        if frame.method is None:
            raise ValueError("neither a channel that was asked for nor an answer")
        if frame.method == "subscribe":
            return self._subscribed(frame)
        return [_answered(frame)]

    def _subscribed(self, frame: frames.Frame) -> list[object]:
        if not frame.success:
            return [StreamGap(f"subscription refused: {frame.error}")]
        self._acked.add(_RESULT.decode(frame.result).channel or "")
        return self._maybe_live()

    def _update(self, frame: ExecutionsFrame | BalancesFrame, payload: bytes) -> list[object]:
        """What an update says; none makes the session live."""
        channel, number = frame.channel, frame.sequence
        if number - self._sequence.get(channel, 0) != 1 or channel not in self._snapshots:
            passed_over = self._out_of_turn(channel, number, is_snapshot=False)
            if passed_over is not None:
                return passed_over
        try:
            said = self._rows(frame)
        except frames.UNREADABLE:
            said = self._each_row(channel, frames.FRAME.decode(payload).data)
        self._sequence[channel] = number
        return said

    def _rows(self, frame: ExecutionsFrame | BalancesFrame) -> list[object]:
        """What each report says, then the engine's counts of their pairs; or rows of the ledger."""
        if isinstance(frame, BalancesFrame):
            return list(map(balance_entry, frame.data))
        said: list[object] = []
        counts: list[object] = []
        for report in frame.data:
            said.append(self._sighting(report, counts))
        return said + counts

    def _out_of_turn(
        self, channel: str, number: int | None, *, is_snapshot: bool
    ) -> list[object] | None:
        """What a frame says that is not the next of its channel; None where it is."""
        last = self._sequence.get(channel)
        if number is not None and last is not None:
            if number <= last:
                return []  # delivered twice
            if number > last + 1:
                return [StreamGap(f"{channel}: {number} after {last}")]
        if not is_snapshot and channel not in self._snapshots:
            return [StreamGap(f"{channel}: an update before the snapshot")]
        return None

    def _private(self, channel: str, frame: frames.Frame) -> list[object]:
        is_snapshot = frame.type == "snapshot"
        passed_over = self._out_of_turn(channel, frame.sequence, is_snapshot=is_snapshot)
        if passed_over is not None:
            return passed_over
        said = self._rarely(channel, frame.type, frame.data)
        if is_snapshot:
            self._snapshots.add(channel)
        if frame.sequence is not None:
            self._sequence[channel] = frame.sequence
        return said + self._maybe_live()

    def _rarely(self, channel: str, kind: str | None, data: msgspec.Raw) -> list[object]:
        if kind not in ("snapshot", "update"):
            unknown = f"type {kind!r} of {channel} is unknown"
            return [_unread(unknown, row) for row in ROWS.decode(data)]
        if channel == _EXECUTIONS or kind == "update":
            return self._each_row(channel, data)
        balances = _each(data, _checked_balance)
        wallets = [row for row in balances if isinstance(row, BalanceRow)]
        if len(wallets) < len(balances):
            # Half a snapshot would show wallets as empty; the look's is whole.
            return [row for row in balances if not isinstance(row, BalanceRow)]
        return [balance_snapshot(wallets)]

    def _each_row(self, channel: str, data: msgspec.Raw) -> list[object]:
        """As ``_rows``, row by row, so that one that cannot be read takes no other with it."""
        if channel == _BALANCES:
            return _each(data, lambda row: balance_entry(LEDGER_ROW.decode(row)))
        counts: list[object] = []
        return _each(data, lambda row: self._sighting(REPORT.decode(row), counts)) + counts

    def _sighting(self, report: Report, counts: list[object]) -> Sighting:
        """What a report says; the engine's count of its pair, where it carries it, goes apart."""
        sighting = self._orders.sighting(report)
        if report.ratecount is not None and report.symbol is not None:
            counts.append(_counter(report.symbol, exact(report.ratecount)))
        return sighting

    def _maybe_live(self) -> list[object]:
        if self._live:
            return []
        if not (self._snapshots.issuperset(_CHANNELS) and self._acked.issuperset(_CHANNELS)):
            return []
        self._live = True
        return [StreamLive()]

    def ping(self, req_id: int) -> bytes:
        """A ping; it may carry no params."""
        return msgspec.json.encode({"method": "ping", "req_id": req_id})

    def add(self, order: Order, req_id: int, deadline_ns: int) -> bytes:
        """add_order, with the fee in quote currency, so that the base is not eaten into."""
        said = socket_params(of_desk(order, order.intent.pair))
        params = said | {"deadline": rfc3339(deadline_ns), "token": self._token}
        return request("add_order", params, req_id)

    def cancel(self, order: Order, req_id: int) -> bytes:
        """cancel_order by the exchange's id, or by ours while that is unknown."""
        params: dict[str, object] = {"token": self._token}
        if order.order_id is not None:
            params["order_id"] = [order.order_id]
        else:
            assert order.cl_ord_id is not None
            params["cl_ord_id"] = [order.cl_ord_id]
        return request("cancel_order", params, req_id)

    def amend(self, order: Order, req_id: int, deadline_ns: int) -> bytes:
        """amend_order; ``order_qty`` is the total, not the rest, and is always sent."""
        assert order.order_id is not None and order.amend is not None
        terms = order.amend.terms
        params: dict[str, object] = {
            "order_id": order.order_id,
            "order_qty": number(terms.quantity.value),
            "deadline": rfc3339(deadline_ns),
            "token": self._token,
        }
        if terms.limit_price is not None:
            params["limit_price"] = number(terms.limit_price.value)
        trigger = trigger_at(order.intent, terms)
        if trigger is not None and trigger != trigger_at(order.intent, order.terms):
            params["trigger_price"] = number(trigger.value)
        if order.intent.post_only:
            params["post_only"] = True
        return request("amend_order", params, req_id)

    def cancel_all(self, req_id: int) -> bytes:
        """cancel_all: every open order of the account, whoever placed it."""
        return request("cancel_all", {"token": self._token}, req_id)

    def cancel_all_after(self, timeout_seconds: int, req_id: int) -> bytes:
        """The dead-man's switch for the whole account; 0 disarms it."""
        params = {"timeout": timeout_seconds, "token": self._token}
        return request("cancel_all_orders_after", params, req_id)


def _each(data: msgspec.Raw, read: Callable[[msgspec.Raw], object]) -> list[object]:
    """What each row says; one that cannot be read says that, and takes no other with it."""
    said: list[object] = []
    for row in ROWS.decode(data):
        try:
            said.append(read(row))
        except frames.UNREADABLE as problem:
            said.append(_unread(f"{type(problem).__name__}: {problem}", row))
    return said


def _unread(error: str, row: msgspec.Raw) -> FrameNotUnderstood:
    return FrameNotUnderstood(error, bytes(row)[:EXCERPT_BYTES].decode(errors="replace"))


def _checked_balance(row: msgspec.Raw) -> BalanceRow:
    balance = BALANCE.decode(row)
    balance_snapshot([balance])
    return balance


def request(method: str, params: Mapping[str, object], req_id: int | None = None) -> bytes:
    """A request on a socket."""
    body: dict[str, object] = {"method": method, "params": params}
    if req_id is not None:
        body["req_id"] = req_id
    return msgspec.json.encode(body)


def _answered(frame: frames.Frame) -> Answered:
    at_ns = None if frame.time_out is None else nanoseconds(frame.time_out)
    # A pong carries no ``success``, and needs none.
    if frame.success or frame.method == "pong":
        return _answer(frame.req_id, _order_id(frame), None, at_ns)
    return _answer(frame.req_id, None, classify(frame.error or "no reason given"), at_ns)


def _order_id(frame: frames.Frame) -> str | None:
    if frame.method not in ("add_order", "cancel_order", "amend_order"):
        return None
    return _RESULT.decode(frame.result).order_id if bytes(frame.result) else None
