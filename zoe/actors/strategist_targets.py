"""What a strategist has set as targets; a part of that actor. They are renewed before they run out."""

from collections.abc import Iterable
from decimal import ROUND_CEILING, Decimal
from typing import Final

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.order import Side
from zoe.domain.quantity import Price, Quantity, scaled
from zoe.domain.quick import quick
from zoe.domain.repeg import Target
from zoe.domain.strategy.own import Stage
from zoe.domain.strategy.view import View, Want
from zoe.messages.orders import SetTarget
from zoe.runtime.actor import Actor

RENEW_NS: Final = 3_000_000_000
#: An order may be counted at a price that is better than its own.
_SURELY: Final = Decimal("0.95")

_target: Final = quick(Target)


class Targets:
    """Slots of one strategy: the Repositioner's are named by pair and key.

    Args:
        most: What an order may be worth, in quote: an exit that is larger is made in parts.
    """

    def __init__(self, actor: Actor, source: str, most: Decimal | None = None) -> None:
        self._actor = actor
        self._source = source
        self._most = most
        self._set: dict[str, tuple[Target, int]] = {}

    def set(self, view: View, keys: Iterable[str], wants: Iterable[Want], link: str | None) -> None:
        """What is wanted of a pair's slots; the others are wanted empty."""
        wanted = {want.key: want for want in wants}
        # A stop of before this actor's life, which nobody else sends away.
        stops = {o.key for o in view.working if o.trigger is not None and o.stage is Stage.RESTING}
        for key in keys:
            slot = f"{view.instrument.symbol} {key}"
            want = wanted.get(key)
            if want is not None:
                part = attrs.evolve(want, quantity=part_of(want, view.instrument, self._most))
                target = target_of(part, slot, view.instrument, self._source, link)
                self._want(slot, target, view.now_ns)
            elif slot in self._set or key in stops:
                self._set.pop(slot, None)
                self._tell(slot, None)

    def withdraw(self) -> None:
        """Nothing is wanted any more; a stop that rests is left where it is."""
        for slot, (target, _) in tuple(self._set.items()):
            del self._set[slot]
            if target.trigger is None:
                self._tell(slot, None)

    def filled(self, slot: str) -> None:
        """An order of a slot has ended, filled: its target is told anew, though it be the same.

        Until then the slot rests: the Repositioner waits for what is wanted in knowledge of it.
        """
        if slot in self._set:
            self._set[slot] = (self._set[slot][0], 0)

    def _want(self, slot: str, target: Target, now_ns: int) -> None:
        known, told_ns = self._set.get(slot, (None, 0))
        same = (
            known is not None
            and attrs.evolve(known, valid_until_ns=target.valid_until_ns, decision=target.decision)
            == target
        )
        sooner = known is not None and target.valid_until_ns < known.valid_until_ns
        if not same or sooner or now_ns - told_ns >= RENEW_NS:
            self._set[slot] = (target, now_ns)
            self._tell(slot, target)

    def _tell(self, slot: str, target: Target | None) -> None:
        self._actor.tell(self._actor.find("repositioner"), SetTarget(self._source, slot, target))


def part_of(want: Want, pair: Instrument, most: Decimal | None) -> int:
    """How much of a want one order may be for, in units: all of it, or as many equal parts as it takes.

    A limit on orders must not keep a position from being left. A purchase that is too large is
    refused as a whole, and so is a stop that rests: its quantity is what it protects.
    """
    if most is None or want.side is not Side.SELL or want.trigger is not None:
        return want.quantity
    worth = pair.worth_of(want.price, want.quantity)
    parts = int((worth / (most * _SURELY)).to_integral_value(ROUND_CEILING))
    lot = max(int(pair.qty_increment.scaleb(pair.qty_precision)), 1)
    return want.quantity if parts <= 1 else max(want.quantity // (parts * lot), 1) * lot


def renewal_of(target: Target, valid_until_ns: int, decision: str | None) -> Target:
    """A target that is wanted on: until when, and by which decision."""
    return _target(
        slot=target.slot,
        source=target.source,
        pair=target.pair,
        side=target.side,
        price=target.price,
        quantity=target.quantity,
        valid_until_ns=valid_until_ns,
        decision=decision,
        post_only=target.post_only,
        trigger=target.trigger,
    )


def target_of(want: Want, slot: str, pair: Instrument, source: str, decision: str | None) -> Target:
    """A want as a target, in the pair's decimals: whose it is, and by which decision."""
    return _target(
        slot=slot,
        source=source,
        pair=want.pair,
        side=want.side,
        price=Price(scaled(want.price, pair.price_precision)),
        quantity=Quantity(scaled(want.quantity, pair.qty_precision)),
        valid_until_ns=want.valid_until_ns,
        decision=decision,
        post_only=want.post_only,
        trigger=None if want.trigger is None else Price(scaled(want.trigger, pair.price_precision)),
    )
