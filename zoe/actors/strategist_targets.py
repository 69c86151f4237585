"""What a strategist has set as targets; a part of that actor. They are renewed before they run out."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import attrs

from zoe.domain.catalog import Instrument
from zoe.domain.quantity import Price, Quantity
from zoe.domain.repeg import Target
from zoe.domain.strategy.own import Stage
from zoe.domain.strategy.view import View, Want
from zoe.messages.orders import SetTarget
from zoe.runtime.actor import Actor

RENEW_NS: Final = 3_000_000_000


class Targets:
    """Slots of one strategy: the Repositioner's are named by pair and key."""

    def __init__(self, actor: Actor, source: str) -> None:
        self._actor = actor
        self._source = source
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
                target = target_of(want, slot, view.instrument, (self._source, link))
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


def target_of(want: Want, slot: str, pair: Instrument, why: tuple[str, str | None]) -> Target:
    """A want as a target, in the pair's decimals; ``why``: whose it is, and by which decision."""
    source, decision = why
    return Target(
        slot=slot,
        source=source,
        pair=want.pair,
        side=want.side,
        price=Price(Decimal(want.price).scaleb(-pair.price_precision)),
        quantity=Quantity(Decimal(want.quantity).scaleb(-pair.qty_precision)),
        valid_until_ns=want.valid_until_ns,
        decision=decision,
        post_only=want.post_only,
        trigger=None
        if want.trigger is None
        else Price(Decimal(want.trigger).scaleb(-pair.price_precision)),
    )
