"""The Desk door's commands about the trading state: halt, reduce and resume.

A part of the door, which owns it.
"""

from typing import Any, Final

from zoe.actors.door_talks import (
    AMEND,
    DONE,
    FLATTEN,
    HALT,
    PLACE,
    REDUCE,
    RESUME,
    TIMED_OUT,
    Request,
    Talk,
    Talks,
)
from zoe.domain.order import CONCLUDED, Order
from zoe.domain.risk import TradingState
from zoe.domain.words import counted
from zoe.messages.gateway import SendCancelAll
from zoe.messages.orders import AwaitNoOrders, CancelOwnOrders, FollowOrder, ReportOrders
from zoe.messages.risk import SetTradingState, TradingStateChanged
from zoe.messages.system import HealthReported, ReportHealth, Tick
from zoe.runtime.actor import Actor

REPORT_SECONDS: Final = 1
#: A restarted RiskOfficer tells the state as it was: no answer to what was lost with it.
_WANTED: Final = {
    HALT: TradingState.HALTED,
    REDUCE: TradingState.REDUCING,
    RESUME: TradingState.ACTIVE,
}
#: What waits for orders to be gone, and lists them where it waited in vain.
_WAITING: Final = (HALT, REDUCE)
#: What cannot be done while the store does not answer, and says so where it took too long.
_WRITTEN: Final = (*_WANTED, FLATTEN, PLACE, AMEND)


class StateCommands:
    """The trading state by hand."""

    def __init__(self, door: Actor, talks: Talks) -> None:
        self._door = door
        self._talks = talks
        self.state = TradingState.ACTIVE

    def halt(self, ref: int, request: Request) -> None:
        """No new orders from here on, and our own canceled."""
        self._set(request, TradingState.HALTED)
        # A store that is down may keep the halt's own row waiting; cancels need not wait.
        self._tell("orders", CancelOwnOrders("halt"))

    def reduce(self, ref: int, request: Request) -> None:
        """Only what reduces passes from here on; what does not is canceled."""
        self._set(request, TradingState.REDUCING)

    def resume(self, ref: int, request: Request) -> None:
        """Orders pass again."""
        self._set(request, TradingState.ACTIVE)

    def changed(self, news: TradingStateChanged) -> None:
        """The state in force: answers whoever wanted it."""
        self.state = news.state
        for ref, talk in self._talks.of(HALT, REDUCE, RESUME):
            if _WANTED[talk.request.command] is not news.state or "state" in talk.gathered:
                continue
            talk.gathered["state"] = news.state.value
            match talk.request.command:
                case "resume":
                    self._talks.answer(ref, DONE, {"state": news.state.value})
                case "reduce":
                    self._await(ref, news.canceled)
                case _:
                    self._cancel(everything=talk.request.params.get("all") is True)

    def _cancel(self, *, everything: bool) -> None:
        self._tell("orders", CancelOwnOrders("halt"))
        if everything:
            self._tell("gateway", SendCancelAll())
        self._tell("orders", AwaitNoOrders(everything))

    def _await(self, ref: int, canceled: tuple[str, ...]) -> None:
        gathered = self._talks[ref].gathered
        gathered["canceled"], gathered["waits_for"] = canceled, set(canceled)
        for intent_id in canceled:
            self._tell("orders", FollowOrder(intent_id))
        self._gone("")

    def order(self, order: Order) -> None:
        """An order that a reduce may be waiting for."""
        if order.state in CONCLUDED:
            self._gone(order.intent.intent_id)

    def forgotten(self, intent_id: str) -> None:
        """An order that is gone for good, or was never sent."""
        self._gone(intent_id)

    def _gone(self, intent_id: str) -> None:
        for ref, talk in self._talks.of(REDUCE):
            waits_for = talk.gathered.get("waits_for")
            if waits_for is not None:
                waits_for.discard(intent_id)
                if not waits_for:
                    canceled = list(talk.gathered["canceled"])
                    result = {"state": talk.gathered["state"], "canceled": canceled}
                    self._talks.answer(ref, DONE, result)

    def nothing_left(self) -> None:
        """Every order that a halt waited for is concluded."""
        for ref, talk in self._talks.of(HALT):
            if "state" in talk.gathered:
                self._talks.answer(ref, DONE, {"state": talk.gathered["state"], "open": []})

    def health(self, report: HealthReported) -> None:
        """Why a command took too long, as far as the store is why."""
        is_down = any(row[:2] == ("store", "down") for row in report.components)
        for ref, talk in self._talks.of(*_WRITTEN):
            if "late" not in talk.gathered:
                continue
            talk.gathered["store_down"] = is_down
            if talk.request.command in _WAITING:
                self._tell("orders", ReportOrders())
            else:
                words = (*_unwritten(talk), "ask again with the same key")
                self._talks.answer(ref, TIMED_OUT, None, ("timed_out", "; ".join(words)))

    def reported(self, orders: list[dict[str, Any]]) -> None:
        """What is open where a halt or a reduce was given up."""
        for ref, talk in self._talks.of(*_WAITING):
            if "late" in talk.gathered:
                waits_for = talk.gathered.get("waits_for")
                still = [o for o in orders if waits_for is None or o["intent_id"] in waits_for]
                words = (*_unwritten(talk), _still_open(talk, len(still)))
                result = {"state": self.state.value, "open": still}
                self._talks.answer(ref, TIMED_OUT, result, ("timed_out", "; ".join(words)))

    def late(self, ref: int) -> bool:
        """Whether a command that took too long waits once more, for why, and for what is open."""
        talk = self._talks[ref]
        if talk.request.command not in _WRITTEN or "late" in talk.gathered:
            return False
        talk.gathered["late"] = True
        self._door.after(REPORT_SECONDS, Tick("late", ref))
        self._tell("heartbeat", ReportHealth())
        return True

    def _set(self, request: Request, state: TradingState) -> None:
        why = request.params.get("why")
        text = why if isinstance(why, str) else "by hand"
        wish = SetTradingState(state, text, self._talks.key(request), self._door.me)
        self._tell("risk", wish)

    def _tell(self, name: str, message: Any) -> None:
        self._door.tell(self._door.find(name), message)


def _still_open(talk: Talk, count: int) -> str:
    """How many orders are not known to be gone; what is not written is not known yet."""
    told = f"{counted(count, 'order')} still open"
    if not count or not talk.gathered.get("store_down"):
        return told
    return f"{told} by what is written: cancels leave without the store, zoe logs has them"


def _unwritten(talk: Talk) -> tuple[str, ...]:
    """That a command's state is not durable, hence not said to be in force; nothing where it is."""
    down = talk.gathered.get("store_down")
    if talk.request.command not in _WANTED:
        return ("the store does not answer",) if down else ()
    if "state" in talk.gathered:
        return ()
    why = ": the store does not answer" if down else ""
    return (f"the {talk.request.command} is not written yet{why}",)
