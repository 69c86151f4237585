"""Slots that a round passes over: whatever happens, what is done is what looking at all of them does."""

from collections.abc import Callable
from functools import partial
from typing import Final

from hypothesis import given
from hypothesis import strategies as st
from stage import Stage

from zoe.actors.repositioner import PATIENCE_NS, RepegConfig, Repositioner
from zoe.domain.amend import Terms
from zoe.domain.order import CancelProgress, Fact, Input, Order, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Room
from zoe.domain.repeg import Target
from zoe.messages.limits import BudgetChanged
from zoe.messages.orders import AmendDenied, OrderChanged, PlaceOrder, RenewTargets, SetTarget
from zoe.messages.system import Reconciled, StreamBroken

SLOTS: Final = ("bid.0", "ask.0")
PRICES: Final = ("49990.0", "50000.0", "50100.0", "51500.0")
OTHERS: Final = ("orders", "risk", "reconciler", "ratelimiter")

Step = Callable[[Stage], None]


class AlwaysLooking(Repositioner):
    """Passes no slot over."""

    def _round(self) -> None:
        self._quiet_until.clear()
        super()._round()


def target(stage: Stage, slot: str, price: str, seconds: float) -> Target:
    side = Side.BUY if slot.startswith("bid") else Side.SELL
    until_ns = stage.runtime.clock.wall_ns() + round(seconds * 1e9)
    return Target(
        slot, "strategy/q", "BTC/USD", side, Price.of(price), Quantity.of("0.002"), until_ns
    )


def want(slot: str, price: str | None, seconds: float) -> Step:
    def step(stage: Stage) -> None:
        wanted = None if price is None else target(stage, slot, price, seconds)
        stage.tell(SetTarget("strategy/q", slot, wanted))

    return step


def renew(slot: str, price: str, seconds: float) -> Step:
    return lambda stage: stage.tell(RenewTargets((target(stage, slot, price, seconds),)))


def report(which: int, state: State, cancel: CancelProgress, price: str | None) -> Step:
    """News of one of the orders that were wished for."""

    def step(stage: Stage) -> None:
        wishes = stage.heard("risk", PlaceOrder)
        if not wishes:
            return
        intent = wishes[-1 - which % len(wishes)].intent
        amended = None if price is None else Terms(intent.quantity, Price.of(price))
        order = Order(intent, state, order_id="O1", cancel=cancel, amended=amended)
        facts = {State.WORKING: Fact(Input.AMENDED, "O1", terms=order.terms)}
        stage.tell(OrderChanged(order, None if price is None else facts.get(state)))

    return step


def refuse(which: int) -> Step:
    def step(stage: Stage) -> None:
        wishes = stage.heard("risk", PlaceOrder)
        if wishes:
            intent = wishes[-1 - which % len(wishes)].intent
            stage.tell(AmendDenied(intent.intent_id, intent.terms, "STALE_QUOTE"))

    return step


def fill_counter(milli: int) -> Step:
    def step(stage: Stage) -> None:
        now_ns = stage.runtime.clock.monotonic_ns()
        stage.tell(BudgetChanged("BTC/USD", Room(milli, 40_000, 1_000, now_ns)))

    return step


def break_stream(stage: Stage) -> None:
    stage.tell(StreamBroken("gone"))


def look(stage: Stage) -> None:
    stage.tell(Reconciled())


def wait(seconds: float) -> Step:
    return lambda stage: stage.run(seconds)


slots, prices, which = st.sampled_from(SLOTS), st.sampled_from(PRICES), st.integers(0, 3)
spans = st.sampled_from((0.5, 3.0, 1_000.0))
states = st.sampled_from((State.SENDING, State.WORKING, State.IN_DOUBT, State.CANCELED))
at_work = st.builds(
    report, st.just(0), st.just(State.WORKING), st.just(CancelProgress.NONE), st.none() | prices
)
waits = st.builds(wait, st.sampled_from((1.0, 3.0, 20.0, PATIENCE_NS / 1e9 + 2, 65.0)))
steps = st.one_of(
    st.builds(want, slots, st.none() | prices, spans),
    st.builds(renew, slots, prices, spans),
    st.builds(report, which, states, st.sampled_from(CancelProgress), st.none() | prices),
    at_work,
    st.builds(refuse, which),
    st.builds(fill_counter, st.sampled_from((0, 40_000))),
    st.sampled_from((break_stream, look)),
    waits,
    waits,
)


def played(kind: type[Repositioner], story: list[Step]) -> tuple[object, object]:
    """What it told whom, and how much of it with each step."""
    stage = Stage("repositioner", partial(kind, RepegConfig(max_age_seconds=60)), OTHERS)
    told: list[list[int]] = []
    for step in (look, want("bid.0", PRICES[0], 1_000), *story, wait(1), wait(90)):
        step(stage)
        told.append([len(said) for said in stage.said.values()])
    return told, stage.said


@given(st.lists(steps, min_size=3, max_size=20))
def test_a_round_that_passes_slots_over_does_what_one_that_looks_at_all_does(
    story: list[Step],
) -> None:
    assert played(Repositioner, story) == played(AlwaysLooking, story)
