"""Repositioner: the slots' targets, and the only one that turns them into orders.

Receives: SetTarget, RenewTargets, OrderChanged, OrderDenied, AmendDenied, OrderForgotten, OrdersReported,
BudgetChanged, Reconciled, StreamBroken, StreamOpened, timers. Tells: RiskOfficer (PlaceOrder, AmendOrder),
OrderDesk (CancelOrder), RateLimiter (WatchBudget). Blocks on nothing.
A slot with an order on its way, in doubt or being canceled yields nothing. A slot that was refused
rests for a while, and one that was filled, of a strategy that follows its fills, until that has said what
it wants then. A restart asks OrderDesk for the live orders and the strategies' next wake for the targets;
a stop that rests goes only when its strategy says so.
"""

from collections import Counter
from collections.abc import Collection
from typing import Final, assert_never

import attrs

from zoe.domain.ids import uuid_text
from zoe.domain.order import CONCLUDED, CancelProgress, Fact, Input, Intent, Order, Side, State
from zoe.domain.ratelimit import Room
from zoe.domain.repeg import (
    Add,
    Amend,
    Cancel,
    Now,
    Policy,
    Target,
    Wait,
    Working,
    is_renewal,
    quick_now,
    quiet_until,
)
from zoe.domain.slot_orders import asked_for, intent_for, seen
from zoe.domain.strategy.desire import Other, Sale, Slot, held_back, other, step, wished
from zoe.messages.limits import BudgetChanged, WatchBudget
from zoe.messages.orders import (
    AmendDenied,
    AmendOrder,
    CancelOrder,
    OrderChanged,
    OrderDenied,
    OrderForgotten,
    OrdersReported,
    RenewTargets,
    ReportOrders,
    SetTarget,
    quick_place,
)
from zoe.messages.system import Reconciled, StreamBroken, StreamOpened, Tick, WatchReconciled
from zoe.runtime.actor import Actor
from zoe.runtime.log import log

ROUND_SECONDS: Final = 1
REST_AFTER_REFUSAL_NS: Final = 2_000_000_000
#: Whoever follows its fills has so long to say what it wants then: it hears of one no sooner than we do.
REST_AFTER_FILL_NS: Final = 1_000_000_000
#: Longer than any order waits for its permit, and then for an answer to its add.
PATIENCE_NS: Final = 36_000_000_000
#: When an order is moved: its parameters, section ``repeg`` of the configuration.
RepegConfig = Policy
#: What ends the time for which an amend's fate is not known.
_AMENDED: Final = frozenset({Input.AMENDED, Input.AMEND_REFUSED, Input.AMEND_ABSENT})

Inbox = (
    SetTarget | RenewTargets | OrderChanged | OrderDenied | AmendDenied | OrderForgotten | OrdersReported
    | BudgetChanged | Reconciled | StreamBroken | StreamOpened | Tick
)  # fmt: skip


class Repositioner(Actor):
    """Compares each slot's target with its working order and acts on the difference.

    Args:
        followers: Strategies that hear of their fills, and tell a target anew after each: what they want
            follows from what they have. Others want a slot filled whatever was filled there before.
    """

    def __init__(self, config: Policy, followers: Collection[str] = ()) -> None:
        super().__init__()
        self._policy = config
        self._followers = followers
        self._targets: dict[Slot, Target] = {}
        #: How many of them live on each pair's counter.
        self._sharers: Counter[str] = Counter()
        #: Slots whose strategy said that nothing is wanted: a stop that rests goes by that alone.
        self._emptied: set[Slot] = set()
        self._working: dict[Slot, dict[str, Working]] = {}
        self._intents: dict[str, Intent] = {}
        self._slot_of: dict[str, Slot] = {}
        #: Stops that rest: where there are none, no sale has to wait for one.
        self._guards: set[str] = set()
        #: Every order of ours that is not concluded, whoever's, by pair.
        self._others: dict[str, dict[str, Other]] = {}
        self._resting_until: dict[Slot, int] = {}
        #: Those that rest since something was filled there, until something is wanted anew.
        self._sated: set[Slot] = set()
        #: When somebody was last asked for something about an order.
        self._asked_ns: dict[str, int] = {}
        #: Until when a slot has nothing to do while nothing is heard of it: the round passes it over.
        self._quiet_until: dict[Slot, int] = {}
        self._rooms: dict[str, Room] = {}
        #: Why each slot waits, as it was last said.
        self._said: dict[Slot, str] = {}
        self._ready = False

    def on_start(self) -> None:
        self.tell(self.find("ratelimiter"), WatchBudget())
        self.tell(self.find("orders"), ReportOrders())
        self.tell(self.find("reconciler"), WatchReconciled())
        self.after(ROUND_SECONDS, Tick("round"))

    def handle(self, message: Inbox) -> None:
        # What comes most often comes first: each arm that is passed over costs a question.
        match message:
            case OrderChanged():
                self._follow(message.order, message.fact)
            case BudgetChanged():
                self._rooms[message.pair] = message.room
            case SetTarget():
                self._set(message)
            case RenewTargets():
                for target in message.targets:
                    self._renew(target)
            case Tick():
                self._round()
                self.after(ROUND_SECONDS, Tick("round"))
            case OrdersReported():
                for order in message.orders:
                    self._follow(order, None)
            case OrderDenied():
                self._drop(message.intent.intent_id, rest=True)
            case AmendDenied():
                self._refused(message.intent_id)
            case OrderForgotten():
                self._drop(message.intent_id, rest=True)
            case Reconciled():
                self._ready = True
                self._quiet_until.clear()
                self._round()
            case StreamBroken():
                self._ready = False
            case StreamOpened():
                pass  # what it has missed is settled by the look that ends in Reconciled
            case _:
                assert_never(message)

    def _set(self, wish: SetTarget) -> None:
        slot = (wish.source, wish.slot)
        if slot in self._sated:
            self._sated.discard(slot)
            self._resting_until.pop(slot)
        before = self._targets.pop(slot, None)
        if before is not None:
            self._sharers[before.pair] -= 1
        if wish.target is None:
            self._emptied.add(slot)
        else:
            self._targets[slot] = wish.target
            self._sharers[wish.target.pair] += 1
            self._emptied.discard(slot)
        self._decide(slot)

    def _renew(self, target: Target) -> None:
        """A target that is known holds for longer, which is no reason to decide; the round does.

        One that differs is older than what is known: a SetTarget has a newer one's place in line.
        """
        slot = (target.source, target.slot)
        known = self._targets.get(slot)
        if known is target:
            return
        if known is None and slot not in self._emptied:
            self._set(SetTarget(*slot, target))  # forgotten in a restart
        elif known is not None and is_renewal(known, target):
            self._targets[slot] = target
            if target.valid_until_ns < known.valid_until_ns:
                self._quiet_until.pop(slot, None)

    def _round(self) -> None:
        if self._targets or any(self._working.values()):
            self.tell(self.find("ratelimiter"), WatchBudget())
        now_ns, quiet_until = self.clock.monotonic_ns(), self._quiet_until
        slots = self._targets.keys() | self._working.keys()
        for slot in sorted([slot for slot in slots if quiet_until.get(slot, 0) <= now_ns]):
            if self._working.get(slot):
                self._remind(slot)
            if self._ready:
                self._decide(slot)

    def _remind(self, slot: Slot) -> None:
        """A wish of which nothing was heard may be lost with an actor that crashed on it.

        It is withdrawn: whoever has the order cancels it, and OrderDesk tells if nobody has. An
        amend is wished for again: whoever has the first still refuses a second.
        """
        now_ns = self.clock.monotonic_ns()
        for intent_id, order in list(self._working[slot].items()):
            if now_ns - self._asked_ns.get(intent_id, now_ns) <= PATIENCE_NS:
                continue
            if _waits(order):
                self._asked_ns[intent_id] = now_ns
                self.tell(self.find("orders"), CancelOrder(intent_id, "no news of it"))
            elif order.amending:
                self._asked_ns.pop(intent_id)
                self._working[slot][intent_id] = attrs.evolve(order, amending=False)

    def _decide(self, slot: Slot) -> None:
        self._quiet_until.pop(slot, None)
        if not self._ready:
            return
        target = self._targets.get(slot)
        working = tuple(self._working.get(slot, {}).values())
        if slot in self._emptied:
            working = tuple(attrs.evolve(o, guards=False) if o.guards else o for o in working)
        others = () if target is None else self._others.get(target.pair, {}).values()
        now = self._now(target)
        following = step(slot, target, working, others, (now, self._policy))
        if target is not None and (self._guards or target.trigger is not None):
            own = working[0] if working else None
            sales = self._sales(slot, target.pair) if target.side is Side.SELL else ()
            following = held_back(following, own, sales)
        if not isinstance(following, Wait):
            self._said.pop(slot, None)
        match following:
            case Add():
                if self._may(slot):
                    self._add(slot, following.target, now)
            case Amend():
                if self._may(slot):
                    self._amend(slot, following, target)
            case Cancel():
                self._cancel(slot, following)
            case Wait():
                self._say(slot, following)
                self._rest(
                    slot, quiet_until(following, target, working, now, self._policy), working
                )
            case _:
                assert_never(following)

    def _rest(self, slot: Slot, until_ns: int, working: tuple[Working, ...]) -> None:
        """Spares a slot the rounds in which nothing can have changed; each report of it ends that."""
        for order in working:
            asked_ns = self._asked_ns.get(order.intent_id)
            if asked_ns is not None and (_waits(order) or order.amending):
                until_ns = min(until_ns, asked_ns + PATIENCE_NS + 1)
        self._quiet_until[slot] = until_ns

    def _sales(self, slot: Slot, pair: str) -> tuple[Sale, ...]:
        """What other slots of the same strategy sell in a pair."""
        found = []
        for intent_id, intent in self._intents.items():
            theirs = self._slot_of[intent_id]
            same = intent.source == slot[0] and intent.pair == pair and theirs != slot
            if same and intent.side is Side.SELL:
                found.append(Sale(self._working[theirs][intent_id], self._targets.get(theirs)))
        return tuple(found)

    def _may(self, slot: Slot) -> bool:
        return self._resting_until.get(slot, 0) <= self.clock.monotonic_ns()

    def _now(self, target: Target | None) -> Now:
        clock = self.clock
        if target is None:
            return Now(clock.wall_ns(), clock.monotonic_ns())
        pair = target.pair
        return quick_now(
            clock.wall_ns(), clock.monotonic_ns(), self._rooms.get(pair), self._sharers[pair]
        )

    def _say(self, slot: Slot, wait: Wait) -> None:
        """Says why a slot waits, once each time it changes; what it does is said by the order."""
        if self._said.get(slot) != wait.reason:
            self._said[slot] = wait.reason
            if wait.figures:
                log.info(
                    "repositioner.waits", slot=slot[1], reason=wait.reason, figures=wait.figures
                )

    def _add(self, slot: Slot, target: Target, now: Now) -> None:
        intent = intent_for(target, uuid_text(self.rng.getrandbits(128)))
        self._keep(slot, intent, asked_for(intent, target, now.monotonic_ns))
        self._avoid(intent, wished(intent))
        self._asked_ns[intent.intent_id] = now.monotonic_ns
        self.tell(self.find("risk"), quick_place(intent, self.me, now.is_roomy))

    def _amend(self, slot: Slot, step: Amend, target: Target | None) -> None:
        known = self._working[slot][step.intent_id]
        self._working[slot][step.intent_id] = attrs.evolve(known, amending=True)
        self._asked_ns[step.intent_id] = self.clock.monotonic_ns()
        log.info("repositioner.amend", intent_id=step.intent_id, reason=step.reason)
        decision = None if target is None else target.decision
        intent = self._intents[step.intent_id]
        wish = AmendOrder(intent, step.terms, step.reason, decision, self.me)
        self.tell(self.find("risk"), wish)

    def _cancel(self, slot: Slot, step: Cancel) -> None:
        known = self._working[slot][step.intent_id]
        self._working[slot][step.intent_id] = attrs.evolve(known, cancel=CancelProgress.REQUESTED)
        self._asked_ns[step.intent_id] = self.clock.monotonic_ns()
        log.info("repositioner.cancel", intent_id=step.intent_id, reason=step.reason)
        self.tell(self.find("orders"), CancelOrder(step.intent_id, step.reason))

    def _note(self, slot: Slot, order: Order, fact: Fact | None = None) -> None:
        """Takes an order as it is; of what was asked for and is not there yet, the wish stays."""
        intent = order.intent
        orders = self._working.get(slot)
        known = None if orders is None else orders.get(intent.intent_id)
        settled = fact is not None and fact.input in _AMENDED
        entry = seen(order, known, self.clock.monotonic_ns(), settled=settled)
        if orders is None or known is None:
            self._keep(slot, intent, entry)
        else:
            orders[intent.intent_id] = entry
            self._quiet_until.pop(slot, None)

    def _keep(self, slot: Slot, intent: Intent, entry: Working) -> None:
        """A slot's order, as it is from here on."""
        self._quiet_until.pop(slot, None)
        self._working.setdefault(slot, {})[intent.intent_id] = entry
        self._slot_of[intent.intent_id] = slot
        self._intents[intent.intent_id] = intent
        if entry.guards:
            self._guards.add(intent.intent_id)

    def _follow(self, order: Order, fact: Fact | None) -> None:
        intent, is_concluded = order.intent, order.state in CONCLUDED
        self._avoid(intent, None if is_concluded else other(order))
        if intent.slot is None:
            return
        slot = (intent.source, intent.slot)
        if is_concluded:
            if order.state is State.FILLED:
                # What moved the market often filled the order as well: that is why its amend was refused.
                self._resting_until.pop(slot, None)
            if order.filled and intent.source in self._followers:
                self._rest_after_fill(slot)
            self._drop(intent.intent_id, rest=_is_refused(order))
            return
        self._note(slot, order, fact)
        if fact is not None and fact.input is Input.AMEND_REFUSED:
            self._refused(intent.intent_id)

    def _avoid(self, intent: Intent, avoided: Other | None) -> None:
        """Others must avoid an order until it is concluded."""
        if avoided is not None:
            self._others.setdefault(intent.pair, {})[intent.intent_id] = avoided
        else:
            self._others.get(intent.pair, {}).pop(intent.intent_id, None)

    def _refused(self, intent_id: str) -> None:
        """An amend was refused: its slot rests, and after some more its order is placed anew."""
        slot = self._slot_of.get(intent_id)
        if slot is None:
            return
        known = self._working[slot][intent_id]
        self._working[slot][intent_id] = attrs.evolve(
            known, amending=False, refusals=known.refusals + 1
        )
        self._quiet_until.pop(slot, None)
        self._rest_after_refusal(slot)

    def _rest_after_refusal(self, slot: Slot) -> None:
        self._sated.discard(slot)
        self._resting_until[slot] = self.clock.monotonic_ns() + REST_AFTER_REFUSAL_NS

    def _rest_after_fill(self, slot: Slot) -> None:
        until_ns = self.clock.monotonic_ns() + REST_AFTER_FILL_NS
        if self._resting_until.get(slot, 0) < until_ns:
            self._resting_until[slot] = until_ns
            self._sated.add(slot)

    def _drop(self, intent_id: str, *, rest: bool) -> None:
        self._asked_ns.pop(intent_id, None)
        self._intents.pop(intent_id, None)
        self._guards.discard(intent_id)
        for orders in self._others.values():
            orders.pop(intent_id, None)
        slot = self._slot_of.pop(intent_id, None)
        if slot is None:
            return
        self._working[slot].pop(intent_id, None)
        if rest:
            self._rest_after_refusal(slot)
        self._decide(slot)


def _is_refused(order: Order) -> bool:
    """Whether it ended with nothing done, and not because somebody wanted it to."""
    is_done = order.state is State.FILLED or order.filled
    return not is_done and order.reason != "User requested"


def _waits(order: Working) -> bool:
    """Whether it was asked for, or asked to go, and has not been heard to."""
    return order.state is State.WAITING or order.cancel is not CancelProgress.NONE
