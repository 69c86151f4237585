"""Repositioner: the slots' targets, and the only one that turns them into orders.

Receives: SetTarget, OrderChanged, OrderDenied, OrderForgotten, OrdersReported, Reconciled,
StreamBroken. Tells: RiskOfficer (PlaceOrder), OrderDesk (CancelOrder). Blocks on nothing.
A slot with an order on its way, in doubt or being canceled yields nothing. A slot that was refused
rests for a while. A restart asks OrderDesk for the live orders and the strategies' next wake for
the targets.
"""

from decimal import Decimal
from typing import Final, assert_never

import attrs

from zoe.domain.ids import uuid_text
from zoe.domain.order import CONCLUDED, CancelProgress, Intent, Order, OrderType, State
from zoe.domain.quantity import Quantity
from zoe.domain.repeg import Add, Cancel, Target, Wait, Working, decide
from zoe.messages.orders import (
    CancelOrder,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    PlaceOrder,
    ReportOrders,
    SetTarget,
)
from zoe.messages.system import Reconciled, StreamBroken, StreamOpened, Tick, WatchReconciled
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

ROUND_SECONDS: Final = 1
REST_AFTER_REFUSAL_NS: Final = 2_000_000_000
#: Longer than any order waits for its permit.
PATIENCE_NS: Final = 30_000_000_000

Slot = tuple[str, str]
Inbox = (
    SetTarget | OrderChanged | OrderDenied | OrderForgotten | OrdersReported | Reconciled
    | StreamBroken | StreamOpened | Tick
)  # fmt: skip


@attrs.frozen
class RepegConfig:
    """When an order is near enough to its target to be left alone.

    Attributes:
        price_band: Relative distance of prices.
        quantity_band: Relative distance of quantities.
    """

    price_band: Decimal = Decimal("0.0002")
    quantity_band: Decimal = Decimal("0.1")


class Repositioner(Actor):
    """Compares each slot's target with its working order and acts on the difference."""

    def __init__(self, config: RepegConfig) -> None:
        super().__init__()
        self._config = config
        self._targets: dict[Slot, Target] = {}
        self._working: dict[Slot, dict[str, Working]] = {}
        self._slot_of: dict[str, Slot] = {}
        self._resting_until: dict[Slot, int] = {}
        #: When somebody was last asked for something about an order.
        self._asked_ns: dict[str, int] = {}
        self._ready = False

    def on_start(self) -> None:
        self.tell(self.find("orders"), ReportOrders())
        self.tell(self.find("reconciler"), WatchReconciled())
        self.after(ROUND_SECONDS, Tick("round"))

    def handle(self, message: Inbox) -> None:
        match message:
            case SetTarget():
                self._set(message)
            case OrderChanged():
                self._follow(message.order)
            case OrdersReported():
                for order in message.orders:
                    self._follow(order)
            case OrderDenied():
                self._drop(message.intent.intent_id, rest=True)
            case OrderForgotten():
                self._drop(message.intent_id, rest=True)
            case Reconciled():
                self._ready = True
                self._round()
            case StreamBroken():
                self._ready = False
            case StreamOpened():
                pass  # what it has missed is settled by the look that ends in Reconciled
            case Tick():
                self._round()
                self.after(ROUND_SECONDS, Tick("round"))
            case _:
                assert_never(message)

    def _set(self, wish: SetTarget) -> None:
        slot = (wish.source, wish.slot)
        if wish.target is None:
            self._targets.pop(slot, None)
        else:
            self._targets[slot] = wish.target
        self._decide(slot)

    def _round(self) -> None:
        for slot in sorted(self._targets.keys() | self._working.keys()):
            self._remind(slot)
            self._decide(slot)

    def _remind(self, slot: Slot) -> None:
        """A wish of which nothing was heard may be lost with an actor that crashed on it.

        It is withdrawn: whoever has the order cancels it, and OrderDesk tells if nobody has.
        """
        now_ns = self.clock.wall_ns()
        for intent_id, order in self._working.get(slot, {}).items():
            waits = order.state is State.WAITING or order.cancel is not CancelProgress.NONE
            if waits and now_ns - self._asked_ns.get(intent_id, now_ns) > PATIENCE_NS:
                self._asked_ns[intent_id] = now_ns
                self.tell(self.find("orders"), CancelOrder(intent_id, "no news of it"))

    def _decide(self, slot: Slot) -> None:
        if not self._ready:
            return
        target = self._targets.get(slot)
        working = tuple(self._working.get(slot, {}).values())
        now_ns = self.clock.wall_ns()
        step = decide(
            target,
            working,
            now_ns,
            band=self._config.price_band,
            quantity_band=self._config.quantity_band,
        )
        match step:
            case Add():
                if self._resting_until.get(slot, 0) <= now_ns:
                    self._add(slot, step.target)
            case Cancel():
                self._cancel(slot, step)
            case Wait():
                pass
            case _:
                assert_never(step)

    def _add(self, slot: Slot, target: Target) -> None:
        intent = Intent(
            intent_id=uuid_text(self.rng.getrandbits(128)),
            source=target.source,
            slot=target.slot,
            pair=target.pair,
            side=target.side,
            order_type=OrderType.LIMIT,
            quantity=target.quantity,
            limit_price=target.price,
            post_only=True,
            decision=target.decision,
        )
        self._note(slot, intent, State.WAITING, CancelProgress.NONE, target.quantity)
        self._asked_ns[intent.intent_id] = self.clock.wall_ns()
        self.tell(self.find("risk"), PlaceOrder(intent, self.me))

    def _cancel(self, slot: Slot, step: Cancel) -> None:
        known = self._working[slot][step.intent_id]
        self._working[slot][step.intent_id] = attrs.evolve(known, cancel=CancelProgress.REQUESTED)
        self._asked_ns[step.intent_id] = self.clock.wall_ns()
        log.info("repositioner.cancel", intent_id=step.intent_id, reason=step.reason)
        self.tell(self.find("orders"), CancelOrder(step.intent_id, step.reason))

    def _note(
        self, slot: Slot, intent: Intent, state: State, cancel: CancelProgress, remaining: Quantity
    ) -> None:
        known = self._working.get(slot, {}).get(intent.intent_id)
        since_ns = self.clock.wall_ns() if known is None else known.since_ns
        entry = Working(
            intent_id=intent.intent_id,
            slot=slot[1],
            side=intent.side,
            price=intent.limit_price,
            remaining=remaining,
            state=state,
            cancel=cancel,
            since_ns=since_ns,
        )
        self._working.setdefault(slot, {})[intent.intent_id] = entry
        self._slot_of[intent.intent_id] = slot

    def _follow(self, order: Order) -> None:
        intent = order.intent
        if intent.slot is None:
            return
        slot = (intent.source, intent.slot)
        if order.state in CONCLUDED:
            refused = order.state is not State.FILLED and not order.filled
            self._drop(intent.intent_id, rest=refused and order.reason != "User requested")
            return
        known = self._working.get(slot, {}).get(intent.intent_id)
        canceling = known is not None and known.cancel is not CancelProgress.NONE
        cancel = CancelProgress.REQUESTED if canceling else order.cancel
        self._note(slot, intent, order.state, cancel, order.remaining)

    def _drop(self, intent_id: str, *, rest: bool) -> None:
        self._asked_ns.pop(intent_id, None)
        slot = self._slot_of.pop(intent_id, None)
        if slot is None:
            return
        self._working[slot].pop(intent_id, None)
        if rest:
            self._resting_until[slot] = self.clock.wall_ns() + REST_AFTER_REFUSAL_NS
        self._decide(slot)
