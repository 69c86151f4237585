"""RateLimiter on a stage: who is let through when, and what it tells of both counters."""

import itertools
import json
from decimal import Decimal
from typing import Any

import pytest
from stage import Stage

from zoe.actors.rate_limiter import LEASE_NS, RateLimiter
from zoe.domain.limiter import Limiter
from zoe.domain.ratelimit import TIERS, Action
from zoe.messages.limits import (
    BudgetReported,
    CounterReported,
    LimitHit,
    OrderAged,
    OrderEnded,
    PermitGranted,
    ReportBudget,
    RequestPermit,
    RestHeld,
    RestSpent,
)
from zoe.runtime.message import Envelope, Message

S = 1_000_000_000


class Limits:
    """The actor, and two others that ask it."""

    def __init__(self, tier: str = "starter") -> None:
        limiter = Limiter(TIERS[tier], reserve=0)
        self.stage = Stage("ratelimiter", lambda: RateLimiter(limiter), ("order", "gateway"))

    def asks(self, ref: str, action: Action, age_ns: int | None = None) -> None:
        order = self.stage.runtime.find("order")
        self.stage.tell(RequestPermit(ref, action, "X/Y", age_ns, order), 0)
        self.stage.run(0.001)

    def granted(self) -> list[tuple[str, Action]]:
        return [(p.ref, p.action) for p in self.stage.heard("order", PermitGranted)]

    def _from_gateway(self, message: Message) -> None:
        runtime = self.stage.runtime
        number, gateway = runtime.next_id(), runtime.find("gateway")
        envelope = Envelope(message, number, number, None, None, gateway, 0)
        runtime.deliver(runtime.find("ratelimiter"), envelope)
        self.stage.run(0.001)

    def gateway_says(self, message: RestSpent | LimitHit) -> list[RestHeld]:
        """What the gateway is told at once."""
        before = len(self.stage.heard("gateway", RestHeld))
        self._from_gateway(message)
        return self.stage.heard("gateway", RestHeld)[before:]

    def budget(self) -> dict[str, Any]:
        self._from_gateway(ReportBudget())
        text = self.stage.heard("gateway", BudgetReported)[-1].text
        found: dict[str, Any] = json.loads(text)
        return found


def test_a_permit_is_a_lease_of_two_seconds() -> None:
    limits = Limits()
    limits.asks("a", Action.ADD)
    (permit,) = limits.stage.heard("order", PermitGranted)
    now_ns = limits.stage.runtime.clock.monotonic_ns()
    assert LEASE_NS - S // 10 < permit.expires_ns - now_ns <= LEASE_NS


def test_adds_wait_in_their_order_and_a_cancel_overtakes_them() -> None:
    limits = Limits()
    for ref in "abcdefgh":
        limits.asks(ref, Action.ADD)
    assert limits.granted() == [(ref, Action.ADD) for ref in "abcdef"]
    assert limits.budget()["waiting"] == {"X/Y": {"cancels": 0, "others": 2}}
    limits.asks("b", Action.CANCEL, S)
    assert limits.granted()[-1] == ("b", Action.CANCEL)
    limits.stage.run(60)
    assert limits.granted()[-2:] == [("g", Action.ADD), ("h", Action.ADD)]
    assert limits.budget()["waiting"] == {}


def test_as_fast_as_it_can_on_each_tier_the_exchange_never_has_to_refuse() -> None:
    for name, tier in TIERS.items():
        limits = Limits(name)
        exchange, last_ns = Decimal(0), 0
        decay = Decimal(tier.engine_decay_milli) / 1000
        for number in range(300):
            ref = str(number)
            for action in (Action.ADD, Action.CANCEL):
                limits.asks(ref, action, None if action is Action.ADD else 0)
                while (ref, action) not in limits.granted()[-1:]:
                    limits.stage.run(0.5)
                now_ns = limits.stage.runtime.clock.monotonic_ns()
                exchange = max(exchange - decay * (now_ns - last_ns) / S, Decimal(0))
                exchange, last_ns = exchange + (1 if action is Action.ADD else 8), now_ns
                assert exchange <= tier.engine_threshold


def test_the_exchanges_word_pauses_a_pair_cancels_first_afterwards() -> None:
    limits = Limits()
    limits.asks("a", Action.ADD)
    limits.gateway_says(LimitHit("X/Y"))
    limits.asks("b", Action.ADD)
    limits.asks("a", Action.CANCEL, 0)
    assert limits.granted() == [("a", Action.ADD)]
    assert limits.budget()["paused_ms"]["X/Y"] > 1_900
    limits.stage.run(7.9)
    assert limits.granted() == [("a", Action.ADD)], "the counter was full, and the cancel costs 8"
    limits.stage.run(0.2)
    assert limits.granted() == [("a", Action.ADD), ("a", Action.CANCEL)]
    limits.stage.run(60)
    assert limits.granted()[-1] == ("b", Action.ADD)


def test_what_the_exchange_reports_is_shown_beside_what_was_predicted() -> None:
    limits = Limits()
    limits.asks("a", Action.ADD)
    limits.stage.tell(CounterReported("X/Y", Decimal("7.5")))
    assert Decimal(limits.budget()["reported"]["X/Y"]["difference"]) > Decimal("6.4")


def test_calls_are_counted_and_the_next_is_held_before_the_exchange_refuses() -> None:
    limits = Limits()
    assert limits.gateway_says(RestSpent(4)) == limits.gateway_says(RestSpent(4)) == []
    (held,) = limits.gateway_says(RestSpent(4))
    now_ns = limits.stage.runtime.clock.monotonic_ns()
    # 12 of 15 points and 2 kept free: the dearest call fits after 3 points have decayed.
    assert 8.9 * S < held.dear_ns - now_ns < 9.2 * S
    assert held.cheap_ns <= now_ns, "one point is left for a look"
    assert held.urgent_ns <= now_ns
    assert limits.budget()["rest"]["max"] == "15"
    (held,) = limits.gateway_says(RestSpent(1))
    assert 2.9 * S < held.cheap_ns - now_ns < 3.2 * S
    assert held.urgent_ns <= now_ns + S // 100, "what is kept free is for tokens"
    limits.gateway_says(RestSpent(1))
    (held,) = limits.gateway_says(RestSpent(1))
    assert 2.9 * S < held.urgent_ns - now_ns < 3.2 * S, "a refusal would cost more"
    (refused,) = limits.gateway_says(LimitHit(None, 900))
    assert min(refused.cheap_ns, refused.dear_ns, refused.urgent_ns) >= now_ns + 900 * S


def test_a_wait_that_is_over_before_its_timer_is_set_is_no_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = Limits()
    for number in range(20):
        limits.asks(str(number), Action.ADD)
    before, clock = len(limits.granted()), limits.stage.runtime.clock
    # The timer runs; then the wait grows by a hundredth of a second.
    counter = Decimal(str(limits.budget()["pairs"]["X/Y"]))
    limits.stage.tell(CounterReported("X/Y", counter + Decimal("0.01")))
    real, reads = clock.monotonic_ns, itertools.count()
    with monkeypatch.context() as patched:  # a busy machine: time passes between two looks
        patched.setattr(clock, "monotonic_ns", lambda: real() + next(reads) * S // 30)
        limits.stage.run(20)
    assert [vitals.restarts for vitals in limits.stage.runtime.vitals()] == [0]
    assert len(limits.granted()) > before


def test_who_asks_again_keeps_its_place_and_is_let_through_once() -> None:
    limits = Limits()
    wished = [f"o{number}" for number in range(200)]
    for ref in wished:
        limits.asks(ref, Action.ADD)
    let_through = len(limits.granted())
    assert let_through < len(wished)
    for ref in wished[let_through:]:
        limits.asks(ref, Action.ADD)
    limits.stage.run(3_600)
    assert [ref for ref, _ in limits.granted()] == wished


def test_who_waits_goes_on_when_an_order_has_ended() -> None:
    limits = Limits()
    for number in range(40):
        limits.asks(f"o{number}", Action.ADD)
    before = len(limits.granted())
    limits.stage.tell(OrderEnded("o0", "X/Y"), 0.001)
    assert len(limits.granted()) == before + 1


def test_an_order_that_was_withdrawn_takes_nobodys_place() -> None:
    limits = Limits()
    for number in range(40):
        limits.asks(f"o{number}", Action.ADD)
    granted = [ref for ref, _ in limits.granted()]
    withdrawn = f"o{len(granted)}"
    limits.stage.tell(OrderEnded(withdrawn, "X/Y"), 0.001)
    limits.stage.run(60)
    assert withdrawn not in [ref for ref, _ in limits.granted()]


def test_a_cancel_of_an_order_that_has_ended_meanwhile_takes_nobodys_place() -> None:
    limits = Limits()
    limits.gateway_says(LimitHit("X/Y", 60))
    for ref in ("a", "b"):
        limits.asks(ref, Action.CANCEL, 0)
    assert limits.granted() == []
    limits.stage.tell(OrderEnded("a", "X/Y"), 0.001)
    limits.stage.run(300)
    assert limits.granted() == [("b", Action.CANCEL)]


def test_an_answer_that_is_later_than_its_orders_end_provides_for_nothing() -> None:
    limits = Limits()
    limits.asks("a", Action.ADD)
    limits.stage.tell(OrderEnded("a", "X/Y"))
    limits.stage.tell(CounterReported("X/Y", Decimal(1), ("a",)))
    assert limits.budget()["owed"] == {}


def test_a_count_that_names_new_orders_begins_their_age() -> None:
    known, unknown = Limits(), Limits()
    for limits, placed in ((known, ("a",)), (unknown, ())):
        limits.asks("a", Action.ADD)
        limits.stage.tell(CounterReported("X/Y", Decimal(1), placed))
        limits.stage.run(400)  # the counter is empty, and a cancel of so old an order is free
        limits.asks("a", Action.CANCEL, 0)
    assert Decimal(known.budget()["pairs"]["X/Y"]) == 0
    assert Decimal(unknown.budget()["pairs"]["X/Y"]) > 7


def test_a_limiter_that_has_crashed_still_provides_for_the_cancels_of_orders_that_rest() -> None:
    limits = Limits()
    for number in range(7):
        limits.stage.tell(OrderAged(f"r{number}", "X/Y"))
    limits.stage.runtime.crash("ratelimiter")
    limits.stage.run(1)
    limits.asks("new", Action.ADD)
    assert limits.granted() == [], "seven young orders may have to be canceled for 56 of 60 points"
    limits.stage.run(60)
    assert limits.granted() == [("new", Action.ADD)]
