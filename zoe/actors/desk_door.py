"""Desk door: people's commands in by the control socket, answers out.

Receives: DoorRequest, DoorClosed, and what the desk answers. Tells: RiskOfficer (orders, trading
state), OrderDesk (cancels), whoever knows (status), and the socket DoorAnswer. Blocks on nothing:
each command is a small conversation with a deadline of its own.
A command with a key is looked up in the journal first: asked twice, it is answered twice and done
once. A restart forgets conversations; their clients run into their own timeouts and ask again
under the same key.
"""

from collections.abc import Callable
from typing import Any, Final, assert_never

import attrs
import msgspec

from zoe.domain import order_record, order_wish
from zoe.domain.catalog import Catalog
from zoe.domain.ids import id_number, uuid_text
from zoe.domain.order import CONCLUDED, Intent, Order, State
from zoe.domain.order_summary import summary
from zoe.domain.risk import Code, TradingState
from zoe.messages.gateway import SendCancelAll
from zoe.messages.journal import Hydrate, Hydrated, Record, Row
from zoe.messages.limits import BudgetReported, ReportBudget
from zoe.messages.orders import (
    AwaitNoOrders,
    CancelOrder,
    CancelOwnOrders,
    FollowOrder,
    NoOrdersLeft,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    PlaceOrder,
    ReportOrders,
)
from zoe.messages.risk import SetTradingState, TradingStateChanged
from zoe.messages.system import (
    CatalogChanged,
    DeadManChanged,
    DoorAnswer,
    DoorClosed,
    DoorRequest,
    HealthReported,
    Reconciled,
    ReportHealth,
    Tick,
    WatchCatalog,
    WatchReconciled,
)
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

DONE: Final = 0
NO: Final = 1
USAGE: Final = 2
REFUSED: Final = 4
TIMED_OUT: Final = 5
STATUS_SECONDS: Final = 1
PLACE: Final = "order.place"
LONGEST_SECONDS: Final = 600
#: A restarted RiskOfficer tells the state as it was: no answer to what was lost with it.
_WANTED: Final = {"halt": TradingState.HALTED, "resume": TradingState.ACTIVE}
#: An answer to ``order place`` is given once the exchange has spoken or the order is concluded.
_ANSWERABLE: Final = CONCLUDED | {State.PENDING, State.WORKING, State.IN_DOUBT}


class Request(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the control socket."""

    id: int
    command: str
    params: dict[str, str | bool | None] = {}
    key: str | None = None
    timeout_seconds: int = 15


@attrs.define
class _Talk:
    """One command that is not answered yet."""

    client: int
    request: Request
    gathered: dict[str, Any] = attrs.field(factory=dict)


Inbox = (
    DoorRequest | DoorClosed | Hydrated | OrderChanged | OrderDenied | OrdersReported
    | OrderForgotten | NoOrdersLeft | TradingStateChanged | HealthReported | BudgetReported | CatalogChanged
    | Reconciled | DeadManChanged | Tick
)  # fmt: skip


class DeskDoor(Actor):
    """Answers the command line.

    Args:
        describe: Facts of the process for ``status``: mode, actors, versions.
        dead_man: Whether the desk is well only while the dead-man's switch is armed.
    """

    def __init__(
        self, account_id: str, describe: Callable[[], dict[str, Any]], *, dead_man: bool = False
    ) -> None:
        super().__init__()
        self._account_id = account_id
        self._describe = describe
        self._talks: dict[int, _Talk] = {}
        self._refs = 0
        self._catalog: Catalog | None = None
        self._state = TradingState.ACTIVE
        self._reconciled = False
        self._armed = not dead_man

    def on_start(self) -> None:
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("reconciler"), WatchReconciled())
        desk = Hydrate(0, self.me, stream=f"desk/{self._account_id}", last=True)
        self.tell(self.find("journal"), desk)

    def handle(self, message: Inbox) -> None:
        match message:
            case DoorRequest():
                self._request(message)
            case DoorClosed():
                gone = [r for r, t in self._talks.items() if t.client == message.client]
                for ref in gone:
                    del self._talks[ref]
            case Hydrated():
                self._hydrated(message)
            case OrderChanged():
                self._order_changed(message.order)
            case OrderDenied():
                self._denied(message)
            case OrderForgotten():
                self._forgotten(message.intent_id)
            case OrdersReported():
                self._gather("orders", [summary(order) for order in message.orders])
            case NoOrdersLeft():
                self._nothing_left()
            case TradingStateChanged():
                self._state_changed(message)
            case HealthReported():
                self._gather("components", _components(message))
            case BudgetReported():
                self._gather("budget", msgspec.json.decode(message.text))
            case CatalogChanged():
                self._catalog = message.catalog
            case Reconciled():
                self._reconciled = True
            case DeadManChanged():
                self._armed = message.armed
            case Tick():
                self._timed_out(message.ref)
            case _:
                assert_never(message)

    def _request(self, incoming: DoorRequest) -> None:
        try:
            request = msgspec.json.decode(incoming.line, type=Request)
        except msgspec.MsgspecError as problem:
            self._say(incoming.client, 0, USAGE, None, ("bad_request", str(problem)))
            return
        self._refs += 1
        ref = self._refs
        self._talks[ref] = _Talk(incoming.client, request)
        seconds = min(max(request.timeout_seconds, 1), LONGEST_SECONDS)
        self.after(STATUS_SECONDS if request.command == "status" else seconds, Tick("late", ref))
        try:
            self._begin(ref, request)
        except (ValueError, ArithmeticError) as problem:
            self._answer(ref, USAGE, None, ("bad_value", str(problem)))

    def _begin(self, ref: int, request: Request) -> None:
        match request.command:
            case "status":
                self.tell(self.find("heartbeat"), ReportHealth())
                self.tell(self.find("ratelimiter"), ReportBudget())
                self.tell(self.find("orders"), ReportOrders())
            case "order.place":
                request = msgspec.structs.replace(request, key=self._key(request))
                self._talks[ref].request = request
                intent = self._intent(request)
                first = self._asked_already(ref, intent.intent_id)
                if first is not None:
                    self._join(ref, first, intent)
                    return
                stream = order_record.stream_of(self._account_id, request.key or "")
                self.tell(self.find("journal"), Hydrate(ref, self.me, stream=stream))
            case "order.cancel":
                self._talks[ref].gathered["order"] = _named_order(request)
                self.tell(self.find("orders"), ReportOrders())
            case "halt":
                self._set_state(request, TradingState.HALTED)
                # A store that is down may keep the halt's own row waiting; cancels need not wait.
                self.tell(self.find("orders"), CancelOwnOrders("halt"))
            case "resume":
                self._set_state(request, TradingState.ACTIVE)
            case _:
                self._answer(ref, USAGE, None, ("unknown_command", request.command))

    def _key(self, request: Request) -> str:
        """The key of the request as given; the command line always gives one."""
        if request.key is None:
            return uuid_text(self.rng.getrandbits(128))
        number = id_number(request.key)
        if number is None:
            raise ValueError(f"key: a UUID is needed, not {request.key}")
        return uuid_text(number)

    def _set_state(self, request: Request, state: TradingState) -> None:
        why = request.params.get("why")
        text = why if isinstance(why, str) else "by hand"
        wish = SetTradingState(state, text, self._key(request), self.me)
        self.tell(self.find("risk"), wish)

    # Orders

    def _hydrated(self, answer: Hydrated) -> None:
        if answer.ref == 0:
            if answer.rows:
                self._state = TradingState(answer.rows[-1].body["state"])
            return
        talk = self._talks.get(answer.ref)
        if talk is None:
            return
        known = order_record.fold((row.kind, row.body) for row in answer.rows)
        if known is not None:
            self._again(answer.ref, known)
            return
        stream = f"command/{talk.request.key or answer.ref}/{self.envelope_id()}"
        intent = self._intent(talk.request, decision=f"{stream}@1")
        talk.gathered["intent_id"] = intent.intent_id
        self._journal_command(stream, talk.request, intent)
        self.tell(self.find("risk"), PlaceOrder(intent, self.me))

    def _asked_already(self, ref: int, key: str) -> int | None:
        """The talk under the same key that is still going on."""
        for other, talk in self._talks.items():
            if other != ref and talk.request.command == PLACE and talk.request.key == key:
                return other
        return None

    def _join(self, ref: int, first: int, intent: Intent) -> None:
        """Asked twice at once: the second waits for the first one's answer."""
        if self._intent(self._talks[first].request) != intent:
            error = ("key_reused", "the key belongs to another order that is being placed")
            self._answer(ref, USAGE, None, error)

    def _again(self, ref: int, known: Order) -> None:
        """Answers a key that has been used before: with its order, if it is the same wish."""
        wanted = self._intent(self._talks[ref].request, decision=known.intent.decision)
        if wanted != known.intent:
            error = ("key_reused", f"the key belongs to another order, of {known.intent.pair}")
            self._answer(ref, USAGE, summary(known), error)
        else:
            self._settle_place(ref, known)
            self.tell(self.find("orders"), FollowOrder(known.intent.intent_id))

    def _journal_command(self, stream: str, request: Request, intent: Intent) -> None:
        """Puts the command into the journal ahead of what it causes, so that why can tell."""
        body = {"command": request.command, "params": request.params, "key": intent.intent_id}
        row = Row(stream, 1, "command.given", order_record.canonical(body))
        self.tell(self.find("journal"), Record((row,)))

    def envelope_id(self) -> int:
        """The id of the message being handled, unique over restarts."""
        assert self.envelope is not None
        return self.envelope.message_id

    def _intent(self, request: Request, decision: str | None = None) -> Intent:
        return order_wish.read(request.params, self._key(request), self._catalog, decision)

    def _order_changed(self, order: Order) -> None:
        for ref, talk in list(self._talks.items()):
            if talk.gathered.get("intent_id") == order.intent.intent_id:
                if talk.request.command == PLACE and order.state in _ANSWERABLE:
                    self._settle_place(ref, order)
                elif talk.request.command == "order.cancel" and order.state in CONCLUDED:
                    self._answer(ref, DONE, summary(order))

    def _settle_place(self, ref: int, order: Order) -> None:
        match order.state:
            case State.REJECTED | State.ABSENT:
                self._answer(ref, REFUSED, summary(order), ("not_placed", order.reason or ""))
            case State.DENIED:
                self._answer(ref, NO, summary(order), ("denied", order.reason or ""))
            case State.SENDING | State.IN_DOUBT:
                self._talks[ref].gathered["intent_id"] = order.intent.intent_id
            case _:
                self._answer(ref, DONE, summary(order))

    def _denied(self, denial: OrderDenied) -> None:
        if denial.code == Code.DUPLICATE_INTENT.value:
            # It was approved before, and whoever asked for it has forgotten: hear of it again.
            self.tell(self.find("orders"), FollowOrder(denial.intent.intent_id))
            return
        for ref, talk in list(self._talks.items()):
            if talk.gathered.get("intent_id") == denial.intent.intent_id:
                error = (denial.code, ", ".join(f"{k} {v}" for k, v in denial.values))
                self._answer(ref, NO, {"intent_id": denial.intent.intent_id}, error)

    def _forgotten(self, intent_id: str) -> None:
        for ref, talk in list(self._talks.items()):
            if talk.gathered.get("intent_id") == intent_id:
                error = ("not_placed", "it was never sent: ask again")
                self._answer(ref, REFUSED, {"intent_id": intent_id}, error)

    def _cancel_among(self, ref: int, orders: list[dict[str, Any]]) -> None:
        wanted = self._talks[ref].gathered["order"]
        for order in orders:
            names = (order["intent_id"], order["cl_ord_id"], order["order_id"])
            if any(name is not None and order_wish.same_id(wanted, name) for name in names):
                self._talks[ref].gathered["intent_id"] = order["intent_id"]
                self.tell(self.find("orders"), FollowOrder(order["intent_id"]))
                self.tell(self.find("orders"), CancelOrder(order["intent_id"], "by hand"))
                return
        self._answer(ref, REFUSED, None, ("unknown_order", f"no open order {wanted}"))

    # The trading state

    def _state_changed(self, news: TradingStateChanged) -> None:
        self._state = news.state
        for ref, talk in list(self._talks.items()):
            if _WANTED.get(talk.request.command) is not news.state:
                continue
            if talk.request.command == "resume":
                self._answer(ref, DONE, {"state": news.state.value})
            else:
                talk.gathered["state"] = news.state.value
                everything = talk.request.params.get("all") is True
                self.tell(self.find("orders"), CancelOwnOrders("halt"))
                if everything:
                    self.tell(self.find("gateway"), SendCancelAll())
                self.tell(self.find("orders"), AwaitNoOrders(everything))

    def _nothing_left(self) -> None:
        for ref, talk in list(self._talks.items()):
            if talk.request.command == "halt" and "state" in talk.gathered:
                self._answer(ref, DONE, {"state": talk.gathered["state"], "open": []})

    # Answers

    def _gather(self, part: str, value: Any) -> None:
        for ref, talk in list(self._talks.items()):
            if talk.request.command == "order.cancel" and part == "orders":
                if "intent_id" not in talk.gathered:
                    self._cancel_among(ref, value)
            elif talk.request.command == "status":
                talk.gathered[part] = value
                if {"orders", "components", "budget"} <= talk.gathered.keys():
                    self._status(ref)
            elif talk.request.command == "halt" and part == "orders" and "late" in talk.gathered:
                error = ("timed_out", f"{len(value)} orders are still open")
                self._answer(ref, TIMED_OUT, {"state": self._state.value, "open": value}, error)

    def _status(self, ref: int) -> None:
        gathered = self._talks[ref].gathered
        result = self._describe() | {
            "account_id": self._account_id,
            "trading_state": self._state.value,
            "reconciled": self._reconciled,
            "doubts": sum(o["state"] == State.IN_DOUBT.value for o in gathered.get("orders", [])),
            "orders": gathered.get("orders", []),
            "components": gathered.get("components", []),
            "budget": gathered.get("budget"),
        }
        reason = self._illness(gathered)
        if reason is None:
            self._answer(ref, DONE, result)
        else:
            self._answer(ref, NO, result, ("not_healthy", reason))

    def _illness(self, gathered: dict[str, Any]) -> str | None:
        """Why the desk cannot do what it is for; halted, it is as healthy as ever."""
        missing = {"orders", "components", "budget"} - gathered.keys()
        if missing:
            return f"no answer from: {', '.join(sorted(missing))}"
        if not self._reconciled:
            return "not reconciled yet"
        if not self._armed:
            return "the dead-man's switch is not armed"
        down = [row for row in gathered["components"] if row["status"] == "down"]
        return "; ".join(f"{row['component']} down: {row['detail']}" for row in down) or None

    def _timed_out(self, ref: int) -> None:
        talk = self._talks.get(ref)
        if talk is None:
            return
        if talk.request.command == "status":
            self._status(ref)
        elif talk.request.command == "halt" and "late" not in talk.gathered:
            talk.gathered["late"] = True
            self.after(STATUS_SECONDS, Tick("late", ref))
            self.tell(self.find("orders"), ReportOrders())
        else:
            self._answer(ref, TIMED_OUT, None, ("timed_out", "ask again with the same key"))

    def _answer(
        self,
        ref: int,
        code: int,
        result: dict[str, Any] | None,
        error: tuple[str, str] | None = None,
    ) -> None:
        talk = self._talks.pop(ref)
        log.info("door.answered", command=talk.request.command, exit=code, error=error)
        self._say(talk.client, talk.request.id, code, result, error)
        if talk.request.command == PLACE and code not in (USAGE, TIMED_OUT):
            joined = self._asked_already(ref, talk.request.key or "")
            if joined is not None:
                self._answer(joined, code, result, error)

    def _say(
        self,
        client: int,
        request_id: int,
        code: int,
        result: dict[str, Any] | None,
        error: tuple[str, str] | None,
    ) -> None:
        said = None if error is None else {"code": error[0], "text": error[1]}
        line = {"id": request_id, "exit": code, "result": result, "error": said}
        self.tell(self.find("door_socket"), DoorAnswer(client, msgspec.json.encode(line)))


def _named_order(request: Request) -> str:
    wanted = request.params.get("order")
    if isinstance(wanted, str) and wanted:
        return wanted
    raise ValueError("order: the id of an order is needed")


def _components(report: HealthReported) -> list[dict[str, Any]]:
    return [
        {"component": name, "status": status, "detail": detail, "age_ms": age_ns // 1_000_000}
        for name, status, detail, age_ns in report.components
    ]
