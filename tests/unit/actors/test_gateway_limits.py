"""The Gateway and the exchange's limits: what it says it spent, when it waits, what it passes on."""

import json
from typing import Any

from stage import Stage

from zoe.actors.gateway import Gateway
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.messages.gateway import PrivateAnswered, PrivateCall
from zoe.messages.limits import LimitHit, RestHeld, RestSpent
from zoe.messages.wire import WireReply, WireRequest
from zoe.ports.venue import GetClosedOrders, GetLedgers, GetOpenOrders, GetTrades

S = 1_000_000_000
OTHERS = ("wire", "catalogue", "risk", "ratelimiter", "reconciler", "orders", "ledger", "heartbeat", "asker")  # fmt: skip


class Private:
    """A Gateway whose wire is answered by hand."""

    def __init__(self) -> None:
        venue = KrakenVenue(KeyPair("KEY", "c2VjcmV0"))
        self.stage = Stage("gateway", lambda: Gateway(venue, lambda wanted: wanted), OTHERS)
        self.stage.run(0.1)

    def calls(self) -> list[str]:
        """What was asked of REST, by name."""
        sent = self.stage.heard("wire", WireRequest)
        return [request.url.rpartition("/")[2] for request in sent]

    def answers(self, result: Any = None, error: str | None = None) -> None:
        """Answers the last call."""
        body = {"error": [] if error is None else [error], "result": result}
        number = self.stage.heard("wire", WireRequest)[-1].request_id
        self.stage.tell(WireReply(number, 200, json.dumps(body).encode()))

    def asks(self, operation: object, asker: str = "asker", *, of_look: bool = False) -> None:
        """Somebody asks for a call."""
        to = self.stage.runtime.find(asker)
        self.stage.tell(PrivateCall(1, operation, to, of_look))

    def held(self, cheap: float, dear: float | None = None, *, urgent: float = 0) -> None:
        """Holds calls for so many seconds."""
        now_ns = self.stage.runtime.clock.monotonic_ns()
        seconds = (cheap, cheap if dear is None else dear, urgent)
        self.stage.tell(RestHeld(*(now_ns + round(each * S) for each in seconds)))


def test_each_call_is_charged_by_what_it_costs() -> None:
    private = Private()
    assert private.calls() == ["GetWebSocketsToken"]
    private.answers({"token": "t"})
    private.asks(GetTrades(0))
    assert [spent.points for spent in private.stage.heard("ratelimiter", RestSpent)] == [1, 4]


def test_calls_wait_while_they_are_held_and_leave_by_themselves_afterwards() -> None:
    private = Private()
    private.answers({"token": "t"})
    private.held(5)
    private.asks(GetOpenOrders())
    private.stage.run(4)
    assert private.calls() == ["GetWebSocketsToken"]
    private.stage.run(2)
    assert private.calls() == ["GetWebSocketsToken", "OpenOrders"]


def test_what_is_held_for_less_long_after_all_leaves_sooner() -> None:
    private = Private()
    private.answers({"token": "t"})
    private.held(60)
    private.asks(GetOpenOrders())
    private.held(2)
    private.stage.run(1)
    assert private.calls() == ["GetWebSocketsToken"]
    private.stage.run(2)
    assert private.calls() == ["GetWebSocketsToken", "OpenOrders"]


def test_a_call_that_costs_little_leaves_while_a_dear_one_waits() -> None:
    private = Private()
    private.answers({"token": "t"})
    private.held(0, 10)
    private.asks(GetTrades(0))
    assert private.calls() == ["GetWebSocketsToken"]
    private.asks(GetOpenOrders(), of_look=True)
    assert private.calls() == ["GetWebSocketsToken", "OpenOrders"]
    private.answers({"open": {}})
    private.stage.run(11)
    assert private.calls()[2:] == ["TradesHistory"]


def test_a_look_goes_before_what_can_wait_and_instead_of_one_that_has_not_left() -> None:
    private = Private()
    private.answers({"token": "t"})
    private.held(5)
    private.asks(GetLedgers(0, 1, 0))
    private.asks(GetClosedOrders(0), "reconciler", of_look=True)
    private.asks(GetOpenOrders(), "reconciler", of_look=True)
    private.stage.run(6)
    assert private.calls() == ["GetWebSocketsToken", "OpenOrders"]
    private.answers({"open": {}})
    assert private.calls()[2:] == ["Ledgers"]


def test_a_call_is_answered_with_the_time_when_it_left() -> None:
    private = Private()
    private.answers({"token": "t"})
    private.held(5)
    asked_ns = private.stage.runtime.clock.wall_ns()
    private.asks(GetOpenOrders())
    private.stage.run(6)
    private.answers({"open": {}})
    (answer,) = private.stage.heard("asker", PrivateAnswered)
    assert 4.9 * S < answer.sent_ns - asked_ns < 5.5 * S


def test_a_token_waits_only_for_the_exchanges_own_word() -> None:
    for urgent, seen in ((0, 2), (60, 1)):
        private = Private()
        private.held(60, urgent=urgent)
        private.answers(error="EService:Unavailable")
        private.stage.run(2)
        assert private.calls() == ["GetWebSocketsToken"] * seen


def test_a_refusal_for_a_limit_is_passed_on_and_one_for_a_nonce_is_not() -> None:
    private = Private()
    private.answers({"token": "t"})
    for error, hits in (
        ("EAPI:Invalid nonce", []),
        ("EAPI:Rate limit exceeded", [LimitHit(None)]),
        ("EGeneral:Temporary lockout", [LimitHit(None), LimitHit(None, 900)]),
    ):
        private.asks(GetOpenOrders())
        private.answers(error=error)
        assert private.stage.heard("ratelimiter", LimitHit) == hits
        assert private.stage.heard("asker", PrivateAnswered)[-1].code == error
