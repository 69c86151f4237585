"""Closer: the orderly end of the desk.

Receives: CloseDesk, TradingStopped, NoOrdersLeft, DeadManChanged, Tick. Tells: RiskOfficer (no new
orders), OrderDesk (cancel our own but for resting stops, say when none is left), DeadMan (release:
what others placed, and what we keep, must not be canceled when we are gone). Blocks on nothing.
Ends the process with 0 once no order is open (or, where they are to be kept, none is on its way)
and the switch is released, or after five seconds with whatever is still open. What was approved a
moment before is among them: it is waited for once nothing more can be. A restart forgets that it
was closing: whoever asked asks again, or kills.
"""

from typing import Final, assert_never

from zoe.messages.orders import AwaitNoOrders, CancelOwnOrders, NoOrdersLeft
from zoe.messages.risk import StopTrading, TradingStopped
from zoe.messages.system import CloseDesk, DeadManChanged, ReleaseDeadMan, Tick
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

#: Leaves time for the tree itself to stop within the ten seconds that SIGTERM promises.
PATIENCE_SECONDS: Final = 5

Inbox = CloseDesk | TradingStopped | NoOrdersLeft | DeadManChanged | Tick


class Closer(Actor):
    """Ends the desk when asked to, or when its time is over.

    Args:
        cancel: Whether our working orders are canceled first.
        seconds: The desk ends by itself after this time; None: never.
        dead_man: Whether there is a dead-man's switch to be released.
    """

    def __init__(self, *, cancel: bool, seconds: int | None = None, dead_man: bool = False) -> None:
        super().__init__()
        self._cancel = cancel
        self._seconds = seconds
        self._dead_man = dead_man
        self._closing = False
        self._reason = "orders are open"

    def on_start(self) -> None:
        if self._seconds is not None:
            self.after(self._seconds, Tick("over"))

    def handle(self, message: Inbox) -> None:
        match message:
            case CloseDesk():
                self._close(message.reason)
            case TradingStopped():
                self._await()
            case NoOrdersLeft():
                self._release("no order is open" if self._cancel else "orders are kept")
            case DeadManChanged():
                self._end(self._reason)
            case Tick("over"):
                self._close("its time is over")
            case Tick():
                log.warning("desk.orders_left_open", seconds=PATIENCE_SECONDS, so_far=self._reason)
                self._end("not all was settled in time")
            case _:
                assert_never(message)

    def _close(self, reason: str) -> None:
        if self._closing:
            return
        self._closing = True
        log.info("desk.closing", reason=reason, cancel=self._cancel)
        self.tell(self.find("risk"), StopTrading(self.me))
        self.after(PATIENCE_SECONDS, Tick("patience"))
        self._cancel_own()

    def _cancel_own(self) -> None:
        if self._cancel:
            # What guards a position goes on when nobody is here.
            self.tell(self.find("orders"), CancelOwnOrders("the desk is stopping", stops=False))

    def _await(self) -> None:
        self._cancel_own()
        self.tell(self.find("orders"), AwaitNoOrders(stops=not self._cancel, resting=self._cancel))

    def _release(self, reason: str) -> None:
        self._reason = reason
        if self._dead_man:
            self.tell(self.find("dead_man"), ReleaseDeadMan())
        else:
            self._end(reason)

    def _end(self, reason: str) -> None:
        self.exit_process(0, reason)
