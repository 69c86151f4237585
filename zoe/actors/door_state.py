"""The Desk door's commands about the trading state: halt and resume.

A part of the door, which owns it.
"""

from typing import Any, Final

from zoe.actors.door_talks import DONE, TIMED_OUT, Request, Talks
from zoe.domain.risk import TradingState
from zoe.messages.gateway import SendCancelAll
from zoe.messages.orders import AwaitNoOrders, CancelOwnOrders, ReportOrders
from zoe.messages.risk import SetTradingState, TradingStateChanged
from zoe.messages.system import Tick
from zoe.runtime.actor import Actor

HALT: Final = "halt"
RESUME: Final = "resume"
REPORT_SECONDS: Final = 1
#: A restarted RiskOfficer tells the state as it was: no answer to what was lost with it.
_WANTED: Final = {HALT: TradingState.HALTED, RESUME: TradingState.ACTIVE}


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

    def resume(self, ref: int, request: Request) -> None:
        """Orders pass again."""
        self._set(request, TradingState.ACTIVE)

    def changed(self, news: TradingStateChanged) -> None:
        """The state in force: answers whoever wanted it."""
        self.state = news.state
        for ref, talk in self._talks.of(HALT, RESUME):
            if _WANTED[talk.request.command] is not news.state:
                continue
            if talk.request.command == RESUME:
                self._talks.answer(ref, DONE, {"state": news.state.value})
            else:
                talk.gathered["state"] = news.state.value
                everything = talk.request.params.get("all") is True
                self._tell("orders", CancelOwnOrders("halt"))
                if everything:
                    self._tell("gateway", SendCancelAll())
                self._tell("orders", AwaitNoOrders(everything))

    def nothing_left(self) -> None:
        """Every order that a halt waited for is concluded."""
        for ref, talk in self._talks.of(HALT):
            if "state" in talk.gathered:
                self._talks.answer(ref, DONE, {"state": talk.gathered["state"], "open": []})

    def reported(self, orders: list[dict[str, Any]]) -> None:
        """What is open where a halt was given up."""
        for ref, talk in self._talks.of(HALT):
            if "late" in talk.gathered:
                error = ("timed_out", f"{len(orders)} orders are still open")
                result = {"state": self.state.value, "open": orders}
                self._talks.answer(ref, TIMED_OUT, result, error)

    def late(self, ref: int) -> bool:
        """Whether a command that took too long waits once more, for a list of what is open."""
        talk = self._talks[ref]
        if talk.request.command != HALT or "late" in talk.gathered:
            return False
        talk.gathered["late"] = True
        self._door.after(REPORT_SECONDS, Tick("late", ref))
        self._tell("orders", ReportOrders())
        return True

    def _set(self, request: Request, state: TradingState) -> None:
        why = request.params.get("why")
        text = why if isinstance(why, str) else "by hand"
        wish = SetTradingState(state, text, self._talks.key(request), self._door.me)
        self._tell("risk", wish)

    def _tell(self, name: str, message: Any) -> None:
        self._door.tell(self._door.find(name), message)
