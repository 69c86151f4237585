"""The trading state as RiskOfficer keeps it: what blocks, what latches the Gateway, and changes
that are durable before they are told.

A part of the officer, which owns it. A halt is in force at the Gateway before it is written; a
resume the other way round.
"""

from collections import deque
from typing import Final, assert_never

from zoe.domain.order_record import canonical
from zoe.domain.risk import FLATTENING, TradingState
from zoe.messages.journal import Hydrate, Hydrated, Record, Row, StoreCameBack, StoreWentDown
from zoe.messages.risk import (
    LatchSet,
    SetLatch,
    SetTradingState,
    StopTrading,
    TradingStateChanged,
    TradingStopped,
)
from zoe.messages.system import (
    AccountLockChanged,
    DeadManChanged,
    Reconciled,
    StreamBroken,
    StreamOpened,
)
from zoe.runtime.actor import Actor
from zoe.runtime.address import Address
from zoe.runtime.log import log

#: Blocks that also hold back what was approved before them.
_LATCHING: Final = ("forbidden", "stopping", "lock", "dead_man", "store")

Condition = (
    Reconciled | StreamBroken | StreamOpened | StoreWentDown | StoreCameBack | StopTrading
    | DeadManChanged | AccountLockChanged
)  # fmt: skip


class StateKeeper:
    """ACTIVE, REDUCING or HALTED, over restarts.

    Args:
        watchers: Who is told the trading state, also after a restart.
    """

    def __init__(self, officer: Actor, account_id: str, watchers: tuple[str, ...]) -> None:
        self._officer = officer
        self._stream = f"desk/{account_id}"
        self._named = watchers
        self._watchers: dict[str, Address] = {}
        self._version = 0
        self._changes: deque[SetTradingState] = deque()
        self._writing: SetTradingState | None = None
        self._hydrated = False
        self.state = TradingState.ACTIVE
        self.why = ""
        self.blocks: dict[str, str] = {
            "reconciled": "not reconciled yet",
            "orders": "the open orders are not known yet",
        }

    @property
    def idle(self) -> bool:
        """Whether no change is on its way to the journal."""
        return self._writing is None

    @property
    def is_flattening(self) -> bool:
        """Whether positions are being closed by hand: nobody else trades until that has ended."""
        return self.state is TradingState.REDUCING and self.why.startswith(FLATTENING)

    def start(self, ref: int) -> None:
        """Asks the journal for the state as it was."""
        for name in self._named:
            self._watchers[name] = self._officer.find(name)
        wanted = Hydrate(ref, self._officer.me, stream=self._stream)
        self._officer.tell(self._officer.find("journal"), wanted)

    def hydrated(self, answer: Hydrated) -> None:
        """The state as it was; what somebody has wished for meanwhile is told when it is durable."""
        self._hydrated = True
        self._version = len(answer.rows)
        self.state, self.why = TradingState.ACTIVE, ""
        if answer.rows:
            newest = answer.rows[-1].body
            self.state, self.why = TradingState(newest["state"]), newest.get("why", "")
        log.info("risk.state", state=self.state.value, why="as it was")
        for watcher in self._watchers.values():
            self._officer.tell(watcher, TradingStateChanged(self.state))
        wished, self._changes = self._changes, deque()
        for wish in wished:
            self._enqueue(wish)
        self.latch()
        self._write()

    def heed(self, news: Condition) -> None:
        """News of something that must be well before anything is approved."""
        match news:
            case Reconciled():
                self._set("reconciled", None)
            case StreamBroken():
                self._set("stream", f"private stream down: {news.reason}")
            case StreamOpened():
                self._set("stream", None)
            case StoreWentDown():
                self._set("store", "the store is down")
            case StoreCameBack():
                self._set("store", None)
            case StopTrading():
                self._set("stopping", "the desk is stopping")
                if news.reply_to is not None:
                    self._officer.tell(news.reply_to, TradingStopped())
            case DeadManChanged():
                self._set("dead_man", None if news.armed else news.reason)
            case AccountLockChanged():
                self._set("lock", None if news.held else news.reason)
            case _:
                assert_never(news)

    @property
    def knows_orders(self) -> bool:
        """Whether whatever is open, or may be, counts."""
        return "orders" not in self.blocks

    def orders_known(self) -> None:
        """Whatever is open, or may be, counts."""
        self._set("orders", None)

    def losses_unlimited(self, currency: str | None) -> None:
        """Takes note of a currency in which nothing can be valued; None where all is well."""
        why = f"[risk] currency {currency}: no pair is quoted in it, so losses have no limit"
        if currency is not None:
            log.error("risk.limit_of_nothing", limit="currency", asset=currency)
        self._set("currency", None if currency is None else why)

    def _set(self, name: str, reason: str | None) -> None:
        if self.blocks.get(name) == reason:
            return  # it is told again and again
        told = self._latch_reason()
        if reason is None:
            self.blocks.pop(name, None)
        else:
            self.blocks[name] = reason
        if self._latch_reason() != told:
            self.latch()

    def watch(self, watcher: Address) -> None:
        """Tells the state now and after each change."""
        self._watchers[watcher.name] = watcher
        self._officer.tell(watcher, TradingStateChanged(self.state))

    def latch(self) -> None:
        """Tells the Gateway whether any add may leave, even one approved a moment ago."""
        reason = self._latch_reason()
        gateway = self._officer.find("gateway")
        self._officer.tell(gateway, SetLatch(reason is not None, reason or "open"))

    def change(self, wish: SetTradingState) -> None:
        """Changes the state; whoever wished for it hears when it is durable."""
        if not self._hydrated and wish.instead_of is not None:
            self._changes.append(wish)  # the journal will tell why the state is what it is
        elif self._enqueue(wish):
            if wish.state is TradingState.HALTED:
                self.latch()
            elif len(self._changes) == 1:
                self._write()

    def _enqueue(self, wish: SetTradingState) -> bool:
        """Whether the wish stands; a halt is in force from here on."""
        if wish.instead_of is not None and (self._changes or wish.instead_of != self.why):
            log.info("risk.state_kept", state=self.state.value, why=self.why, not_to=wish.why)
            return False
        self._changes.append(wish)
        if wish.state is TradingState.HALTED:
            self.state = wish.state
        return True

    def latched(self, news: LatchSet) -> None:
        """The Gateway obeys: a halt may be written; not when it was opened just before the halt."""
        if news.closed and self._changes and self._changes[0].state is TradingState.HALTED:
            self._write()

    def recorded(self, version: int) -> SetTradingState | None:
        """A change that is durable now and in force; its news is still to be told."""
        if version <= self._version:
            return None  # an earlier incarnation's row, which came with the hydration
        wish = self._changes.popleft()
        self._writing = None
        self._version += 1
        halting = any(later.state is TradingState.HALTED for later in self._changes)
        self.state = TradingState.HALTED if halting else wish.state
        self.why = wish.why
        log.info("risk.state", state=wish.state.value, why=wish.why)
        self.latch()
        return wish

    def tell(self, wish: SetTradingState, canceled: tuple[str, ...] = ()) -> None:
        """Tells everybody a change, then goes on with the next."""
        news = TradingStateChanged(wish.state, canceled)
        if wish.reply_to is not None:
            self._officer.tell(wish.reply_to, news)
        for watcher in self._watchers.values():
            if watcher != wish.reply_to:
                self._officer.tell(watcher, news)
        self._write()

    def _latch_reason(self) -> str | None:
        if self.state is TradingState.HALTED:
            return "halted"
        return next((self.blocks[name] for name in _LATCHING if name in self.blocks), None)

    def _write(self) -> None:
        if self._writing is not None or not self._hydrated or not self._changes:
            return
        wish = self._writing = self._changes[0]
        body = {"state": wish.state.value, "why": wish.why, "key": wish.key}
        row = Row(self._stream, self._version + 1, "trading_state.changed", canonical(body))
        record = Record((row,), self._version + 1, self._officer.me)
        self._officer.tell(self._officer.find("journal"), record)
