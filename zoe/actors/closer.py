"""Closer: the orderly end of the desk.

Receives: CloseDesk, NoOrdersLeft, Tick. Tells: RiskOfficer (no new orders), OrderDesk (cancel our
own, say when none is left). Blocks on nothing. Ends the process with 0 once no order is open, or
at once where they are to be kept, or after five seconds with whatever is still open.
A restart forgets that it was closing: whoever asked asks again, or kills.
"""

from typing import Final, assert_never

from zoe.messages.orders import AwaitNoOrders, CancelOwnOrders, NoOrdersLeft
from zoe.messages.risk import StopTrading
from zoe.messages.system import CloseDesk, Tick
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

#: Leaves time for the tree itself to stop within the ten seconds that SIGTERM promises.
PATIENCE_SECONDS: Final = 5

Inbox = CloseDesk | NoOrdersLeft | Tick


class Closer(Actor):
    """Ends the desk when asked to, or when its time is over.

    Args:
        cancel: Whether our working orders are canceled first.
        seconds: The desk ends by itself after this time; None: never.
    """

    def __init__(self, cancel: bool, seconds: int | None) -> None:
        super().__init__()
        self._cancel = cancel
        self._seconds = seconds
        self._closing = False

    def on_start(self) -> None:
        if self._seconds is not None:
            self.after(self._seconds, Tick("over"))

    def handle(self, message: Inbox) -> None:
        match message:
            case CloseDesk():
                self._close(message.reason)
            case NoOrdersLeft():
                self._end("no order is open")
            case Tick("over"):
                self._close("its time is over")
            case Tick():
                log.warning("desk.orders_left_open", seconds=PATIENCE_SECONDS)
                self._end("orders are still open")
            case _:
                assert_never(message)

    def _close(self, reason: str) -> None:
        if self._closing:
            return
        self._closing = True
        log.info("desk.closing", reason=reason, cancel=self._cancel)
        self.tell(self.find("risk"), StopTrading())
        if not self._cancel:
            self._end("orders are kept")
            return
        self.tell(self.find("orders"), CancelOwnOrders("the desk is stopping"))
        self.tell(self.find("orders"), AwaitNoOrders())
        self.after(PATIENCE_SECONDS, Tick("patience"))

    def _end(self, reason: str) -> None:
        self.exit_process(0, reason)
