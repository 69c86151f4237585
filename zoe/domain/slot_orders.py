"""Orders of slots as the Repositioner keeps them: as it asks for one, and as each report leaves it."""

from typing import Final

from zoe.domain.order import CancelProgress, Intent, Order, OrderType, State, quick_intent
from zoe.domain.quick import quick
from zoe.domain.repeg import Target, Working
from zoe.domain.resting_stop import is_guard, trigger_at

_working: Final = quick(Working)


def intent_for(target: Target, intent_id: str) -> Intent:
    """The order that a target asks for."""
    return quick_intent(
        intent_id=intent_id,
        source=target.source,
        slot=target.slot,
        pair=target.pair,
        side=target.side,
        order_type=OrderType.LIMIT if target.trigger is None else OrderType.STOP_LOSS_LIMIT,
        quantity=target.quantity,
        limit_price=target.price,
        post_only=target.post_only,
        decision=target.decision,
        trigger_price=target.trigger,
    )


def asked_for(intent: Intent, target: Target, now_ns: int) -> Working:
    """An order that has just been asked for."""
    return _working(
        intent_id=intent.intent_id,
        side=intent.side,
        terms=intent.terms,
        remaining=intent.quantity,
        state=State.WAITING,
        cancel=CancelProgress.NONE,
        since_ns=now_ns,
        trigger=target.trigger,
        guards=is_guard(intent),
    )


def seen(order: Order, known: Working | None, now_ns: int, *, settled: bool) -> Working:
    """An order as it is; of what was asked for and is not there yet, the wish stays.

    Args:
        known: What it was when it was last seen.
        settled: Whether this is what became of an amend.
    """
    intent, terms, state = order.intent, order.terms, order.state
    cancel, since_ns, amending, refusals = order.cancel, now_ns, order.amend is not None, 0
    if known is not None:
        # They are one object until an amend makes others: most are spared the comparing.
        if known.terms is terms or known.terms == terms:
            refusals = known.refusals
            if known.state is state:
                since_ns = known.since_ns
        if known.cancel is not CancelProgress.NONE:
            cancel = CancelProgress.REQUESTED
        amending = amending or (known.amending and not settled)
    return _working(
        intent_id=intent.intent_id,
        side=intent.side,
        terms=terms,
        remaining=order.remaining,
        state=state,
        cancel=cancel,
        since_ns=since_ns,
        amending=amending,
        refusals=refusals,
        trigger=trigger_at(intent, terms),
        guards=is_guard(intent),
    )
