"""Bugs planted where a desk ends, starts again, halts or gives an order up: see planted.py."""

from collections.abc import Sequence
from typing import Any, Final

from plants import Patch, Plant, instead

from zoe.actors.door_flatten import FlattenCommand
from zoe.actors.lists_read import ListsRead
from zoe.actors.look import Look
from zoe.actors.strangers import Strangers
from zoe.actors.trading_state import StateKeeper
from zoe.actors.unlisted import Unlisted
from zoe.domain.looked import Looked
from zoe.domain.order import Fact, Input, Order, State
from zoe.domain.risk import TradingState
from zoe.messages.journal import Hydrated
from zoe.messages.orders import OrderFact
from zoe.messages.risk import TradingStateChanged

_SHOWN: Final = frozenset({State.PENDING, State.WORKING})


def strangers_are_forgotten_at_a_restart(patch: Patch) -> None:
    patch.setattr(Strangers, "waiting", property(lambda self: False))


def missing_fills_are_looked_for_from_the_restart_on(patch: Patch) -> None:
    def make(go_on: Any) -> Any:
        def late(self: ListsRead, was: Looked) -> None:
            go_on(self, was)
            self._from_ns = self.time.now_ns()

        return late

    instead(patch, ListsRead, "go_on", make)


def a_flattens_end_takes_a_halt_back(patch: Patch) -> None:
    def make(changed: Any) -> Any:
        def deaf(self: FlattenCommand, news: TradingStateChanged) -> None:
            if news.state is not TradingState.HALTED:
                changed(self, news)

        return deaf

    instead(patch, FlattenCommand, "changed_state", make)
    instead(
        patch,
        FlattenCommand,
        "_set",
        lambda real: lambda self, state, why, instead_of=None: real(self, state, why),
    )


def a_halt_is_answered_before_it_is_durable(patch: Patch) -> None:
    def make(hydrated: Any) -> Any:
        def hasty(self: StateKeeper, answer: Hydrated) -> None:
            wished = list(self._changes)
            hydrated(self, answer)
            for wish in wished:
                for watcher in self._watchers.values():
                    self._officer.tell(watcher, TradingStateChanged(wish.state))

        return hasty

    instead(patch, StateKeeper, "hydrated", make)


def an_order_in_no_list_is_given_up_at_once(patch: Patch) -> None:
    def make(looked: Any) -> Any:
        def hasty(self: Unlisted, look: Look, live: Sequence[Order]) -> Any:
            for order in live:
                if order.state in _SHOWN and look.misses(order):
                    gone = Fact(Input.VANISHED, order.order_id, reason="in no list")
                    to = self._owner.find(f"orders/{order.intent.intent_id}")
                    self._owner.tell(to, OrderFact(gone))
            return looked(self, look, live)

        return hasty

    instead(patch, Unlisted, "looked", make)


ENDS: Final[tuple[Plant, ...]] = (
    strangers_are_forgotten_at_a_restart,
    missing_fills_are_looked_for_from_the_restart_on,
    a_flattens_end_takes_a_halt_back,
    a_halt_is_answered_before_it_is_durable,
    an_order_in_no_list_is_given_up_at_once,
)
