"""Desk door: people's commands in by the control socket, answers out.

Receives: DoorRequest, DoorClosed, and what the desk answers. Tells: RiskOfficer (orders, amends,
trading state), OrderDesk (cancels), whoever knows (status), and the socket DoorAnswer. Blocks on nothing:
each command is a small conversation with a deadline of its own.
A command with a key is looked up in the journal first: asked twice, it is answered twice and done
once. A restart forgets conversations; their clients run into their own timeouts and ask again
under the same key.
"""

from collections.abc import Callable
from typing import Any, Final, assert_never

import msgspec

from zoe.actors import hydration
from zoe.actors.door_amends import AmendCommands
from zoe.actors.door_flatten import FlattenCommand
from zoe.actors.door_orders import CANCEL, OrderCommands
from zoe.actors.door_state import StateCommands
from zoe.actors.door_strategies import LIST, MODE, SHOW, StrategyCommands
from zoe.actors.door_talks import (
    AMEND,
    DONE,
    FLATTEN,
    HALT,
    NO,
    PLACE,
    REDUCE,
    RESUME,
    TIMED_OUT,
    USAGE,
    Request,
    Talks,
)
from zoe.domain.order import State
from zoe.domain.order_summary import summary
from zoe.domain.risk import TradingState
from zoe.messages.journal import Hydrate, Hydrated
from zoe.messages.limits import BudgetReported, ReportBudget
from zoe.messages.orders import (
    AmendDenied,
    NoOrdersLeft,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    ReportOrders,
)
from zoe.messages.risk import FlattenPlanned, ReportRisk, RiskReported, TradingStateChanged
from zoe.messages.strategy import StrategyReported
from zoe.messages.system import (
    CatalogChanged,
    DeadManChanged,
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

STATUS: Final = "status"
STATUS_SECONDS: Final = 1
#: The door's own question to the journal; the talks' begin after it.
_STATE: Final = 0
LONGEST_SECONDS: Final = 600
#: What ``status`` waits for.
_PARTS: Final = frozenset({"orders", "components", "budget", "risk"})

Inbox = (
    DoorRequest | DoorClosed | Hydrated | OrderChanged | OrderDenied | AmendDenied | OrdersReported
    | OrderForgotten | NoOrdersLeft | TradingStateChanged | HealthReported | BudgetReported | CatalogChanged
    | Reconciled | DeadManChanged | FlattenPlanned | RiskReported | StrategyReported | Tick
)  # fmt: skip


class DeskDoor(Actor):
    """Answers the command line.

    Args:
        describe: Facts of the process for ``status``: mode, actors, versions.
        dead_man: Whether the desk is well only while the dead-man's switch is armed.
        strategies: Names of those that people may ask about and change.
    """

    def __init__(
        self,
        account_id: str,
        describe: Callable[[], dict[str, Any]],
        *,
        dead_man: bool = False,
        strategies: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self._account_id = account_id
        self._describe = describe
        self._talks = Talks(self)
        self._orders = OrderCommands(self, account_id, self._talks)
        self._amends = AmendCommands(self, self._talks)
        self._states = StateCommands(self, self._talks)
        self._flatten = FlattenCommand(self, account_id, self._talks)
        self._strategies = StrategyCommands(self, self._talks, strategies)
        self._commands: dict[str, Callable[[int, Request], None]] = {
            STATUS: self._ask_status,
            PLACE: self._orders.place,
            AMEND: self._amends.amend,
            CANCEL: self._orders.cancel,
            HALT: self._halt,
            REDUCE: self._states.reduce,
            FLATTEN: self._flatten.begin,
            RESUME: self._resume,
            LIST: self._strategies.list,
            SHOW: self._strategies.show,
            MODE: self._strategies.set_mode,
        }
        self._reconciled = False
        self._armed = not dead_man

    def on_start(self) -> None:
        self.tell(self.find("catalogue"), WatchCatalog())
        self.tell(self.find("reconciler"), WatchReconciled())
        ref = hydration.number(self, _STATE)
        desk = Hydrate(ref, self.me, stream=f"desk/{self._account_id}", last=True)
        self.tell(self.find("journal"), desk)

    def handle(self, message: Inbox) -> None:
        match message:
            case DoorRequest():
                self._request(message)
            case DoorClosed():
                self._talks.forget(message.client)
            case Hydrated():
                self._hydrated(message)
            case OrderChanged():
                self._orders.changed(message.order)
                self._amends.changed(message)
                self._states.order(message.order)
                self._flatten.changed(message.order)
            case AmendDenied():
                self._amends.denied(message)
            case OrderDenied():
                self._orders.denied(message)
                self._flatten.denied(message)
            case OrderForgotten():
                self._orders.forgotten(message.intent_id)
                self._states.forgotten(message.intent_id)
                self._flatten.forgotten(message.intent_id)
            case OrdersReported():
                self._amends.reported(message.orders)
                self._reported([summary(order) for order in message.orders])
            case NoOrdersLeft():
                self._states.nothing_left()
                self._flatten.nothing_left()
            case TradingStateChanged():
                self._states.changed(message)
                self._flatten.changed_state(message)
            case FlattenPlanned():
                self._flatten.planned(message)
            case RiskReported():
                self._gather("risk", msgspec.json.decode(message.text))
            case StrategyReported():
                self._strategies.reported(message)
            case HealthReported():
                self._states.health(message)
                self._gather("doubt_times", dict(message.doubt_times))
                self._gather("drift", _drift(message))
                self._gather("components", _components(message))
            case BudgetReported():
                self._gather("budget", msgspec.json.decode(message.text))
            case CatalogChanged():
                self._orders.catalog = message.catalog
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
        except (msgspec.MsgspecError, RecursionError) as problem:
            self._talks.say(incoming.client, 0, USAGE, None, ("bad_request", str(problem)))
            return
        ref = self._talks.begin(incoming.client, request)
        seconds = min(max(request.timeout_seconds, 1), LONGEST_SECONDS)
        self.after(STATUS_SECONDS if request.command == STATUS else seconds, Tick("late", ref))
        command = self._commands.get(request.command)
        if command is None:
            self._talks.answer(ref, USAGE, None, ("unknown_command", request.command))
            return
        try:
            command(ref, request)
        except (ValueError, ArithmeticError) as problem:
            self._talks.answer(ref, USAGE, None, ("bad_value", str(problem)))

    def _hydrated(self, answer: Hydrated) -> None:
        if hydration.question(self, answer) == _STATE:
            if answer.rows:
                self._states.state = TradingState(answer.rows[-1].body["state"])
            return
        talk = self._talks.get(answer.ref)
        if talk is not None and talk.request.command == FLATTEN:
            self._flatten.hydrated(answer.ref, answer, self._states.state)
        elif talk is not None and talk.request.command == AMEND:
            self._amends.hydrated(answer.ref, talk, answer)
        else:
            self._orders.hydrated(answer)

    def _halt(self, ref: int, request: Request) -> None:
        self._flatten.withdraw("halted")
        self._states.halt(ref, request)

    def _resume(self, ref: int, request: Request) -> None:
        self._flatten.withdraw("resumed")
        self._states.resume(ref, request)

    def _ask_status(self, ref: int, request: Request) -> None:
        self.tell(self.find("heartbeat"), ReportHealth())
        self.tell(self.find("ratelimiter"), ReportBudget())
        self.tell(self.find("risk"), ReportRisk())
        self.tell(self.find("orders"), ReportOrders())

    def _reported(self, orders: list[dict[str, Any]]) -> None:
        self._orders.reported(orders)
        self._states.reported(orders)
        self._gather("orders", orders)

    # The status

    def _gather(self, part: str, value: Any) -> None:
        for ref, talk in self._talks.of(STATUS):
            talk.gathered[part] = value
            if talk.gathered.keys() >= _PARTS:
                self._status(ref)

    def _status(self, ref: int) -> None:
        gathered = self._talks[ref].gathered
        result = self._describe() | {
            "account_id": self._account_id,
            "trading_state": self._states.state.value,
            "reconciled": self._reconciled,
            "doubts": sum(o["state"] == State.IN_DOUBT.value for o in gathered.get("orders", [])),
            "doubt_times": gathered.get("doubt_times"),
            "drift": gathered.get("drift"),
            "orders": gathered.get("orders", []),
            "components": gathered.get("components", []),
            "budget": gathered.get("budget"),
            **gathered.get("risk", {}),
        }
        reason = self._illness(gathered)
        if reason is None:
            self._talks.answer(ref, DONE, result)
        else:
            self._talks.answer(ref, NO, result, ("not_healthy", reason))

    def _illness(self, gathered: dict[str, Any]) -> str | None:
        """Why the desk cannot do what it is for; halted, it is as healthy as ever."""
        missing = _PARTS - gathered.keys()
        if missing:
            return f"no answer from: {', '.join(sorted(missing))}"
        if not self._reconciled:
            why = (f": {r['detail']}" for r in gathered["components"] if _holds_up(r))
            return "not reconciled yet" + "".join(why)
        if not self._armed:
            return "the dead-man's switch is not armed"
        down = [row for row in gathered["components"] if row["status"] == "down"]
        return "; ".join(f"{row['component']} down: {row['detail']}" for row in down) or None

    def _timed_out(self, ref: int) -> None:
        talk = self._talks.get(ref)
        if talk is None:
            return
        if talk.request.command == STATUS:
            self._status(ref)
        elif not self._orders.late(ref) and not self._states.late(ref):
            self._talks.answer(ref, TIMED_OUT, None, ("timed_out", "ask again with the same key"))


def _holds_up(row: dict[str, Any]) -> bool:
    return bool(row["component"] == "reconciler" and row["status"] != "ok")


def _drift(report: HealthReported) -> dict[str, Any] | None:
    return None if report.drift is None else {"open": len(report.drift), "of": list(report.drift)}


def _components(report: HealthReported) -> list[dict[str, Any]]:
    return [
        {"component": name, "status": status, "detail": detail, "age_ms": age_ns // 1_000_000}
        for name, status, detail, age_ns in report.components
    ]
