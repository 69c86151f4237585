"""Bugs planted in the desk, each with the name of what it does, and the search for its discovery.

    python tests/simulation/planted.py

prints the table of docs/planted-bugs.md: the bug, how many stories it takes, what the auditor said.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

import attrs
import pytest
from loguru import logger
from planted_ends import ENDS
from plants import Patch, Plant, instead

from zoe.actors import order_actor, order_changes, order_opening
from zoe.actors.door_talks import Talks
from zoe.actors.ledger import Ledger
from zoe.actors.order_actor import OrderActor
from zoe.actors.order_amends import OrderAmends
from zoe.actors.order_desk import OrderDesk
from zoe.actors.socket_requests import SocketRequests
from zoe.actors.strategist import Strategist
from zoe.actors.trading_state import StateKeeper
from zoe.adapters.kraken import order_form, reports, ws_session
from zoe.app.simulation.kit import SCRIPTS
from zoe.app.simulation.scenario import Story, tell
from zoe.app.simulation.world import World
from zoe.domain import order, order_record
from zoe.domain.order import Input, Side, State
from zoe.domain.quantity import Quantity
from zoe.messages.gateway import AmendSettled, OrderSighted, SendAdd, Sent
from zoe.messages.journal import Parcel, Record, Row
from zoe.messages.orders import OrderChanged
from zoe.messages.risk import TradingStateChanged
from zoe.runtime.cell import Cell
from zoe.runtime.life import Life
from zoe.runtime.message import Envelope
from zoe.runtime.seam import Runtime


def adds_are_sent_twice(patch: Patch) -> None:
    def make(add: Any) -> Any:
        def twice(self: SocketRequests, wish: SendAdd) -> None:
            add(self, wish)
            add(self, wish)

        return twice

    instead(patch, SocketRequests, "add", make)


def a_lost_add_is_sent_again(patch: Patch) -> None:
    def make(doubt: Any) -> Any:
        def again(self: OrderActor, lost: order.Order) -> Parcel:
            renewed = attrs.evolve(lost, not_after_ns=self.clock.wall_ns() + 5_000_000_000)
            self.tell(self.find("gateway"), SendAdd(renewed, self.me))
            return doubt(self, lost)  # type: ignore[no-any-return]  # as real as it comes

        return again

    instead(patch, OrderActor, "_doubt", make)


def one_client_id_for_all(patch: Patch) -> None:
    instead(
        patch, order_opening, "client_order_id", lambda real: lambda at, tag, bits: real(1, tag, 1)
    )


def the_row_is_written_after_sending(patch: Patch) -> None:
    def make(record: Any) -> Any:
        def late(self: OrderActor, change: Any) -> None:
            if change.after.state is not State.SENDING:
                record(self, change)
                return
            self.tell(self.find("gateway"), SendAdd(change.after, self.me))
            self._order, self._version = change.after, 1
            runtime = self._life.runtime
            told = self.find("orders"), OrderChanged(change.after)
            durable = Record(change.durable(stream_of(self), 0), parcels=(told,))
            runtime.call_later(0.5, lambda: post(runtime, durable))

        return late

    instead(patch, OrderActor, "_record", make)


def post(runtime: Runtime, durable: Record) -> None:
    runtime.post(runtime.find("journal"), durable)


def stream_of(actor: OrderActor) -> str:
    return order_record.stream_of(actor._config.account_id, actor._intent_id)


def silence_is_taken_for_a_refusal(patch: Patch) -> None:
    patch.setitem(order_changes.SETTLED_AS, Sent.LOST, Input.REFUSED)
    patch.setattr(OrderDesk, "_sighted", only_by_exchange_id(OrderDesk._sighted))


def only_by_exchange_id(sighted: Any) -> Any:
    """Later signs of an order are not recognised by our own id."""

    def narrow(self: OrderDesk, report: OrderSighted) -> None:
        if report.sighting.order_id in self._by_exchange:
            sighted(self, report)

    return narrow


def strange_orders_are_ignored(patch: Patch) -> None:
    patch.setattr(OrderDesk, "_sighted", only_by_exchange_id(OrderDesk._sighted))


def fills_are_booked_as_often_as_they_are_seen(patch: Patch) -> None:
    def make(fact: Any) -> Any:
        def twice(self: OrderActor, news: order.Fact) -> None:
            fact(self, news)
            if news.fill is not None and self._order is not None:
                row = order_record.fact_row(self._order, news)
                again = Row(stream_of(self), self._version + 1, *row)
                self._version += 1
                self.tell(self.find("journal"), Record((again,)))

        return twice

    instead(patch, OrderActor, "_fact", make)


def fills_are_dropped(patch: Patch) -> None:
    def make(fact: Any) -> Any:
        def deaf(self: OrderActor, news: order.Fact) -> None:
            if news.input is not Input.FILL:
                fact(self, news)

        return deaf

    instead(patch, OrderActor, "_fact", make)


def fees_are_not_read(patch: Patch) -> None:
    patch.setattr(reports, "_fee", lambda report, symbol: (Decimal(0), "USD"))


def decisions_are_forgotten(patch: Patch) -> None:
    def make(target: Any) -> Any:
        return lambda self, want, view: attrs.evolve(target(self, want, view), decision=None)

    instead(patch, Strategist, "_target", make)


def ledger_rows_are_skipped(patch: Patch) -> None:
    def make(entry: Any) -> Any:
        def deaf(self: Ledger, row: Any) -> Any:
            return None if row.ledger_id[-1] < "M" else entry(self, row)

        return deaf

    instead(patch, Ledger, "_entry", make)
    instead(
        patch,
        Ledger,
        "_snapshot",
        lambda real: lambda self, seen: None if self._version else real(self, seen),
    )


def looks_overrule_newer_rows(patch: Patch) -> None:
    patch.setattr("zoe.actors.ledger.LOOK", "never")
    instead(
        patch,
        Ledger,
        "_entry",
        lambda real: lambda self, row: None if self._version > 3 else real(self, row),
    )
    instead(
        patch,
        Ledger,
        "_snapshot",
        lambda real: lambda self, seen: None if self._version > 3 else real(self, seen),
    )


def a_halt_is_only_said(patch: Patch) -> None:
    patch.setattr(StateKeeper, "_latch_reason", lambda self: None)
    instead(patch, StateKeeper, "change", lambda real: halt_in_words)


def halt_in_words(self: Any, wish: Any) -> None:
    self._officer.tell(wish.reply_to, TradingStateChanged(wish.state))


def nonces_begin_anew(patch: Patch) -> None:
    patch.setattr(World, "_reserve", lambda self, wanted: 10_000_000_001)


def orders_in_flight_are_forgotten_at_a_restart(patch: Patch) -> None:
    patch.setattr(OrderDesk, "_adopt_known", lambda self, known, age_ns=0: None)


def cancels_are_forgotten(patch: Patch) -> None:
    patch.setattr(OrderActor, "_send_cancel_now", lambda self: None)


def an_answer_is_waited_for_without_end(patch: Patch) -> None:
    patch.setattr(order_actor, "ANSWER_MARGIN_NS", 10**15)


def versions_jump(patch: Patch) -> None:
    def make(record: Any) -> Any:
        def jump(self: OrderActor, change: Any) -> None:
            record(self, change)
            self._version += 1

        return jump

    instead(patch, OrderActor, "_record", make)


def numbers_are_sent_tenfold(patch: Patch) -> None:
    for form in (order_form, ws_session):
        instead(patch, form, "number", lambda real: lambda value: real(value * 10))


def sides_are_swapped(patch: Patch) -> None:
    def make(add: Any) -> Any:
        def swapped(self: Any, wanted: order.Order, req_id: int, deadline_ns: int) -> Any:
            other = Side.SELL if wanted.intent.side is Side.BUY else Side.BUY
            intent = attrs.evolve(wanted.intent, side=other, post_only=False)
            return add(self, attrs.evolve(wanted, intent=intent), req_id, deadline_ns)

        return swapped

    instead(patch, ws_session.KrakenSession, "add", make)


def a_key_asked_twice_at_once_is_two_wishes(patch: Patch) -> None:
    patch.setattr(Talks, "same", lambda self, ref, command, key: None)


def a_lost_amend_is_sent_again(patch: Patch) -> None:
    def make(fact: Any) -> Any:
        def again(self: OrderAmends, settled: AmendSettled, order: Any) -> Any:
            if settled.outcome is Sent.LOST:
                until_ns = self._actor.clock.wall_ns() + 5_000_000_000
                renewed = attrs.evolve(order.amend, not_after_ns=until_ns)
                self._actor.tell(*self.leaving(attrs.evolve(order, amend=renewed)))
            return fact(self, settled, order)

        return again

    instead(patch, OrderAmends, "fact", make)


def an_amends_total_is_taken_for_the_rest(patch: Patch) -> None:
    def make(amend: Any) -> Any:
        def rest(self: Any, wanted: order.Order, req_id: int, deadline_ns: int) -> Any:
            assert wanted.amend is not None
            left = Quantity(wanted.amend.terms.quantity.value - wanted.filled.value)
            terms = attrs.evolve(wanted.amend.terms, quantity=left)
            pending = attrs.evolve(wanted.amend, terms=terms)
            return amend(self, attrs.evolve(wanted, amend=pending), req_id, deadline_ns)

        return rest

    instead(patch, ws_session.KrakenSession, "amend", make)


def an_amend_in_doubt_is_taken_as_made(patch: Patch) -> None:
    def make(fact: Any) -> Any:
        def hopeful(self: OrderAmends, settled: AmendSettled, order: Any) -> Any:
            if settled.outcome is Sent.LOST:
                settled = attrs.evolve(settled, outcome=Sent.ACCEPTED)
            return fact(self, settled, order)

        return hopeful

    instead(patch, OrderAmends, "fact", make)


def one_root_cause_is_lost(patch: Patch) -> None:
    def make(tell: Any) -> Any:
        def forgetful(self: Life, cause: Envelope, to: Any, message: Any) -> None:
            if isinstance(message, SendAdd):
                cause = attrs.evolve(cause, correlation_id=cause.message_id)
            tell(self, cause, to, message)

        return forgetful

    instead(patch, Life, "tell_because_of", make)


PLANTS: Final[tuple[Plant, ...]] = (
    adds_are_sent_twice,
    a_lost_add_is_sent_again,
    one_client_id_for_all,
    the_row_is_written_after_sending,
    silence_is_taken_for_a_refusal,
    strange_orders_are_ignored,
    fills_are_booked_as_often_as_they_are_seen,
    fills_are_dropped,
    fees_are_not_read,
    decisions_are_forgotten,
    ledger_rows_are_skipped,
    looks_overrule_newer_rows,
    a_halt_is_only_said,
    nonces_begin_anew,
    orders_in_flight_are_forgotten_at_a_restart,
    cancels_are_forgotten,
    an_answer_is_waited_for_without_end,
    versions_jump,
    numbers_are_sent_tenfold,
    sides_are_swapped,
    a_key_asked_twice_at_once_is_two_wishes,
    a_lost_amend_is_sent_again,
    an_amends_total_is_taken_for_the_rest,
    an_amend_in_doubt_is_taken_as_made,
    one_root_cause_is_lost,
    *ENDS,
)
#: So many scripts of the kit, a few seeds of the swarm, the rest of the kit, the rest of the seeds.
FIRST_SCRIPTS: Final = 12
FIRST_SEEDS: Final = 3
MOST_SEEDS: Final = 60


def stories() -> Iterator[tuple[str, Story]]:
    """The kit's scripts and the swarm's seeds, told one by one, with the names of both."""
    yield from _scripts(range(FIRST_SCRIPTS))
    yield from _seeds(range(1, 1 + FIRST_SEEDS))
    yield from _scripts(range(FIRST_SCRIPTS, len(SCRIPTS)))
    yield from _seeds(range(1 + FIRST_SEEDS, MOST_SEEDS))


def _scripts(numbers: range) -> Iterator[tuple[str, Story]]:
    for number in numbers:
        yield f"kit {number}, {SCRIPTS[number][0]}", tell(number, "kit")


def _seeds(seeds: range) -> Iterator[tuple[str, Story]]:
    for seed in seeds:
        yield f"seed {seed}", tell(seed)


def found(plant: Plant) -> tuple[int, str, str] | None:
    """How many stories a planted bug takes, which one finds it, and what the auditor says of it.

    Raises:
        AssertionError: The plant does not fit what it is put into: any story would show that.
    """
    misfits: list[BaseException] = []

    def make(crashed: Any) -> Any:
        def watched(self: Cell, life: Any, error: BaseException, envelope: Any) -> None:
            if isinstance(error, AttributeError | NameError | TypeError):
                misfits.append(error)
            crashed(self, life, error, envelope)

        return watched

    with pytest.MonkeyPatch.context() as patch:
        instead(patch, Cell, "_crashed", make)
        plant(patch)
        for count, (name, story) in enumerate(stories(), 1):
            assert misfits == [], f"{plant.__name__} does not fit: {misfits[0]}"
            if story.violations:
                return count, name, story.violations[0]
    return None


def table() -> Iterator[str]:
    """The lines of the table."""
    yield "| planted bug | stories | found by | what was said |"
    yield "|---|---|---|---|"
    for plant in PLANTS:
        discovery = found(plant)
        assert discovery is not None, f"{plant.__name__} was not found"
        count, name, said = discovery
        words = plant.__name__.replace("_", " ")
        yield f"| {words} | {count} | {name.replace('_', ' ')} | {said[:120].replace('|', '/')} |"


if __name__ == "__main__":
    logger.disable("zoe")
    for line in table():
        print(line, flush=True)
