"""DeadMan: keeps the exchange's cancel-all-after timer running while the desk lives.

Receives: StreamOpened, StreamBroken, Recorded, Hydrated, LifeProven, CancelSettled, ReleaseDeadMan.
Tells: Journal (a row that proves it writes), OrderDesk (are you alive), Gateway (begin the time
anew), RiskOfficer and Desk door (armed or not). Blocks on nothing.
Each round goes through a commit of the Journal, the OrderDesk and the private stream, and counts
only if that took less than ten seconds: a desk that hangs must lose its orders.
A restart begins a round as soon as the stream is open; the exchange's timer runs on meanwhile.
"""

from typing import Final, assert_never

from zoe.actors import hydration
from zoe.domain.deadman import MARGIN_SECONDS, PERIOD_SECONDS, TIMEOUT_SECONDS, Switch, proves_life
from zoe.domain.order_record import canonical
from zoe.messages.gateway import CancelSettled, SendDeadMan, Sent
from zoe.messages.journal import Hydrated, Record, Recorded, Row
from zoe.messages.system import (
    DeadManChanged,
    LifeProven,
    ProveLife,
    ReleaseDeadMan,
    StreamBroken,
    StreamOpened,
    Tick,
    WatchStream,
)
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

RETRY_SECONDS: Final = 2

Inbox = (
    StreamOpened | StreamBroken | Hydrated | Recorded | LifeProven | CancelSettled
    | ReleaseDeadMan | Tick
)  # fmt: skip


class DeadMan(Actor):
    """Proves life, round after round."""

    def __init__(self, account_id: str) -> None:
        super().__init__()
        self._stream = f"deadman/{account_id}"
        self._version = 0
        self._switch = Switch()
        self._stream_open = False
        self._round = 0
        self._began_ns = 0
        self._asked_ns = 0
        self._releasing: Address | None = None

    def on_start(self) -> None:
        self.hold()
        hydration.ask(self, self._stream, last=True)
        self.tell(self.find("gateway"), WatchStream())
        self.after(PERIOD_SECONDS, Tick("round"))

    def handle(self, message: Inbox) -> None:
        match message:
            case Hydrated():
                if hydration.is_own(self, message):
                    self.release()
                    self._version = message.rows[-1].version if message.rows else 0
            case StreamOpened():
                self._stream_open = True
                self._prove()
            case StreamBroken():
                self._stream_open = False
            case Recorded():
                if message.ref == self._round:
                    self.tell(self.find("orders"), ProveLife(self._round))
            case LifeProven():
                if message.ref == self._round:
                    self._proven()
            case CancelSettled():
                self._settled(message)
            case ReleaseDeadMan():
                self._release()
            case Tick("round"):
                self.after(PERIOD_SECONDS, Tick("round"))
                self._prove()
            case Tick("again"):
                self._prove()
            case Tick():
                self._look()
            case _:
                assert_never(message)

    def _prove(self) -> None:
        if not self._stream_open or self._releasing is not None:
            return
        self._round += 1
        self._began_ns = self.clock.monotonic_ns()
        self._version += 1
        row = Row(self._stream, self._version, "deadman.round", canonical({"round": self._round}))
        self.tell(self.find("journal"), Record((row,), self._round, self.me))

    def _proven(self) -> None:
        now_ns = self.clock.monotonic_ns()
        if not proves_life(self._began_ns, now_ns):
            log.warning("deadman.too_slow", seconds=(now_ns - self._began_ns) // 1_000_000_000)
            return
        self._asked_ns = now_ns
        self.tell(self.find("gateway"), SendDeadMan(TIMEOUT_SECONDS, self.me))

    def _settled(self, settled: CancelSettled) -> None:
        if self._releasing is not None:
            self._tell(False, "released")
            self.tell(self._releasing, DeadManChanged(False, "released"))
        elif settled.outcome is Sent.ACCEPTED:
            self._switch = Switch(self._asked_ns)
            self._tell(True, "acknowledged")
            self.after(TIMEOUT_SECONDS - MARGIN_SECONDS, Tick("look"))
        else:
            log.warning("deadman.not_armed", outcome=settled.outcome.value, reason=settled.reason)
            self.after(RETRY_SECONDS, Tick("again"))

    def _look(self) -> None:
        if not self._switch.armed(self.clock.monotonic_ns()):
            self._tell(False, "the dead-man's switch is not armed")

    def _tell(self, armed: bool, reason: str) -> None:
        """Each time, not only when it changes: whoever has restarted must hear it too."""
        log.debug("deadman.told", armed=armed, reason=reason)
        for name in ("risk", "door"):
            self.tell(self.find(name), DeadManChanged(armed, reason))

    def _release(self) -> None:
        assert self.envelope is not None and self.envelope.sender is not None
        self._releasing = self.envelope.sender
        self.tell(self.find("gateway"), SendDeadMan(0, self.me))
