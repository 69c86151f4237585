"""The Gateway's requests about orders: who leaves first, what is kept back, and whose answer it is."""

import json
from decimal import Decimal
from typing import Any

import attrs
from stage import Stage

from zoe.actors.gateway import Gateway
from zoe.actors.socket_requests import MOST_WORDED
from zoe.adapters.kraken.numbers import rfc3339
from zoe.adapters.kraken.sign import KeyPair
from zoe.adapters.kraken.venue import KrakenVenue
from zoe.domain.amend import Amend, Terms
from zoe.domain.order import Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.messages.gateway import (
    AddSettled,
    AmendSettled,
    CancelSettled,
    OrderSighted,
    OrdersListed,
    PrepareAdd,
    SendAdd,
    SendAmend,
    SendCancel,
    Sent,
)
from zoe.messages.limits import CounterReported
from zoe.messages.risk import SetLatch
from zoe.messages.wire import (
    WireClosed,
    WireFrame,
    WireOpened,
    WirePrepare,
    WireReply,
    WireRequest,
    WireSend,
)

S = 1_000_000_000
OTHERS = ("wire", "catalogue", "risk", "ratelimiter", "reconciler", "orders", "ledger", "heartbeat", "asker")  # fmt: skip


class Private:
    """A Gateway whose private socket is live and whose latch is open."""

    def __init__(self) -> None:
        venue = KrakenVenue(KeyPair("KEY", "c2VjcmV0"))
        self.stage = Stage("gateway", lambda: Gateway(venue, lambda wanted: wanted), OTHERS)
        self._generation = 0
        self.stage.run(0.1)
        self.connects(1)
        self.stage.tell(SetLatch(False, "open"))

    def connects(self, generation: int) -> None:
        self.stage.run(5)
        self._generation = generation
        number = self.stage.heard("wire", WireRequest)[-1].request_id
        token = json.dumps({"error": [], "result": {"token": "t"}}).encode()
        self.stage.tell(WireReply(number, 200, token))
        self.stage.tell(WireOpened("private", generation))
        for channel in ("executions", "balances"):
            said = {"channel": channel}
            self.hears({"method": "subscribe", "success": True, "result": said})
            self.hears({"channel": channel, "type": "snapshot", "data": [], "sequence": 1})
        self.hears({"method": "pong", "req_id": self.sent()[-1][1], "time_out": self.now()})

    def now(self) -> str:
        return rfc3339(self.stage.runtime.clock.wall_ns())

    def hears(self, *frames: dict[str, Any]) -> None:
        """Frames that one read brings."""
        received_ns = self.stage.runtime.clock.wall_ns()
        first, *more = (json.dumps(frame).encode() for frame in frames)
        self.stage.tell(
            WireFrame("private", self._generation, first, received_ns, tuple(more)), 0.001
        )

    def sent(self) -> list[tuple[str, int]]:
        """Methods and numbers of what left, in order."""
        frames = [json.loads(wire.payload) for wire in self.stage.heard("wire", WireSend)]
        return [(frame["method"], frame.get("req_id", 0)) for frame in frames]

    def asked(self, *wishes: tuple[str, Order]) -> list[str]:
        """Asks all at once; the methods of what left."""
        before = len(self.sent())
        kinds = {"add": SendAdd, "amend": SendAmend, "cancel": SendCancel}
        asker, gateway = (self.stage.runtime.find(name) for name in ("asker", "gateway"))
        for kind, order in wishes:
            gateway.tell(kinds[kind](order, asker))
        self.stage.run(0.05)
        return [method for method, _ in self.sent()[before:]]

    def order(self, number: int) -> Order:
        intent = Intent(
            *(f"i-{number}", "person", None, "BTC/USD", Side.BUY, OrderType.LIMIT),
            *(Quantity.of("1"), Price.of("100")),
        )
        not_after_ns = self.stage.runtime.clock.wall_ns() + 5 * S
        amend = Amend(Terms(Quantity.of("1"), Price.of("101")), 9, not_after_ns)
        return Order(
            intent, State.WORKING, f"c-{number}", None, not_after_ns, f"O-{number}", amend=amend
        )


def test_of_what_is_asked_at_once_cancels_leave_before_amends_and_amends_before_adds() -> None:
    private = Private()
    a, b, c = (private.order(number) for number in (1, 2, 3))
    left = private.asked(("add", a), ("amend", b), ("cancel", c))
    assert left == ["cancel_order", "amend_order", "add_order"]


def test_a_cancel_keeps_back_what_has_not_left_of_its_order() -> None:
    private = Private()
    order = private.order(1)
    assert private.asked(("add", order), ("cancel", order)) == []
    settled = private.stage.heard("asker", AddSettled)
    assert [(s.outcome, s.reason) for s in settled] == [(Sent.NOT_SENT, "canceled before it left")]
    assert len(private.stage.heard("asker", CancelSettled)) == 1
    assert private.asked(("amend", order), ("cancel", order)) == ["cancel_order"]
    assert private.stage.heard("asker", AmendSettled)[0].outcome is Sent.NOT_SENT


def test_what_is_prepared_leaves_only_when_it_is_asked_for_and_as_it_was_prepared() -> None:
    private = Private()
    order, other = private.order(1), private.order(2)
    private.stage.tell(PrepareAdd(order))
    assert private.asked() == []
    assert private.asked(("cancel", other), ("add", order)) == ["cancel_order", "add_order"]
    (frame,) = private.stage.heard("wire", WirePrepare)
    assert private.stage.heard("wire", WireSend)[-1].payload is frame.payload
    number = private.sent()[-1][1]
    assert number not in [n for _, n in private.sent()[:-1]]
    private.hears({"method": "add_order", "req_id": number, "success": True, "result": {}})
    assert [s.outcome for s in private.stage.heard("asker", AddSettled)] == [Sent.ACCEPTED]


def test_an_order_or_a_clock_that_has_changed_since_it_was_prepared_is_worded_anew() -> None:
    private = Private()
    order = private.order(1)
    larger = attrs.evolve(order, intent=attrs.evolve(order.intent, quantity=Quantity.of("9")))
    gateway = private.stage.runtime.find("gateway").cell.life.actor
    for changed, ahead_ns in ((larger, 0), (order, 7 * S)):
        private.stage.tell(PrepareAdd(order))
        known = gateway._socket.exchange
        gateway._socket.exchange = attrs.evolve(known, offset_ns=known.offset_ns + ahead_ns)
        private.asked(("add", changed))
        params = json.loads(private.stage.heard("wire", WireSend)[-1].payload)["params"]
        assert params["order_qty"] == float(str(changed.intent.quantity))
        not_after_ns = (changed.not_after_ns or 0) + known.offset_ns + ahead_ns
        assert params["deadline"] == rfc3339(not_after_ns)


def test_what_was_prepared_on_a_connection_that_is_gone_is_worded_anew_on_the_next() -> None:
    private = Private()
    order = private.order(1)
    # Connecting takes the stage as long as an order has.
    order = attrs.evolve(order, not_after_ns=(order.not_after_ns or 0) + 3 * S)
    private.stage.tell(PrepareAdd(order))
    private.stage.tell(WireClosed("private", 1, "reset"))
    private.connects(2)
    assert private.asked(("add", order)) == ["add_order"]
    (frame,) = private.stage.heard("wire", WirePrepare)
    sent = private.stage.heard("wire", WireSend)[-1]
    assert (sent.generation, sent.payload == frame.payload) == (2, False)


def test_adds_that_were_prepared_and_never_left_do_not_gather() -> None:
    private = Private()
    for number in range(3 * MOST_WORDED):
        private.stage.tell(PrepareAdd(private.order(number)), 0.001)
    gateway = private.stage.runtime.find("gateway").cell.life.actor
    assert len(gateway._socket._worded) <= MOST_WORDED


def test_an_amends_answer_comes_with_its_number_whatever_it_says() -> None:
    for answer, outcome in (
        ({"success": True, "result": {"amend_id": "T"}}, Sent.ACCEPTED),
        ({"success": False, "error": "EOrder:Post only order"}, Sent.REFUSED),
        ({"success": False, "error": "EOrder:Rate limit exceeded"}, Sent.THROTTLED),
        ({"success": False, "error": "EService:Busy"}, Sent.LOST),
    ):
        private = Private()
        private.asked(("amend", private.order(1)))
        number = private.sent()[-1][1]
        private.hears({"method": "amend_order", "req_id": number, **answer})
        (settled,) = private.stage.heard("asker", AmendSettled)
        assert (settled.number, settled.outcome) == (9, outcome)


def test_while_the_latch_is_closed_or_too_late_no_amend_leaves_but_cancels_do() -> None:
    private = Private()
    late = private.order(1)
    assert late.amend is not None
    soon = private.stage.runtime.clock.wall_ns() + S // 2
    late = attrs.evolve(late, amend=attrs.evolve(late.amend, not_after_ns=soon))
    assert private.asked(("amend", late)) == []
    private.stage.tell(SetLatch(True, "halted"))
    order = private.order(2)
    assert private.asked(("amend", order), ("add", order), ("cancel", private.order(3))) == [
        "cancel_order"
    ]
    outcomes = [s.outcome for s in private.stage.heard("asker", AmendSettled)]
    assert outcomes == [Sent.NOT_SENT] * 2


def test_what_has_more_time_than_any_request_is_given_does_not_leave_as_the_clock_was_set() -> None:
    private = Private()
    order = private.order(1)
    assert order.amend is not None
    late_ns = private.stage.runtime.clock.wall_ns() + 6 * S
    order = attrs.evolve(
        order, not_after_ns=late_ns, amend=attrs.evolve(order.amend, not_after_ns=late_ns)
    )
    assert private.asked(("add", order), ("amend", order)) == []
    (add,) = private.stage.heard("asker", AddSettled)
    (amend,) = private.stage.heard("asker", AmendSettled)
    assert (add.outcome, amend.outcome) == (Sent.NOT_SENT, Sent.NOT_SENT)


def executions(sequence: int, exec_type: str, **more: Any) -> dict[str, Any]:
    row = {
        "order_id": "O-1",
        "exec_type": exec_type,
        "order_status": exec_type,
        "timestamp": "2026-01-01T00:00:00Z",
        **more,
    }
    return {"channel": "executions", "type": "update", "data": [row], "sequence": sequence}


def test_an_answer_takes_along_its_orders_first_reports_whichever_came_first() -> None:
    for answer_first in (True, False):
        private = Private()
        private.asked(("add", private.order(1)))
        number, result = private.sent()[-1][1], {"order_id": "O-1"}
        answer = {"method": "add_order", "req_id": number, "success": True, "result": result}
        reports = executions(2, "pending_new"), executions(3, "new")
        private.hears(*((answer, *reports) if answer_first else (*reports, answer)))
        (settled,) = private.stage.heard("asker", AddSettled)
        assert (settled.outcome, settled.order_id) == (Sent.ACCEPTED, "O-1")
        assert [fact.input for fact in settled.facts] == [Input.ACKNOWLEDGED, Input.LIVE]
        assert private.stage.heard("orders", OrderSighted) == []
        # Who compares lists hears of every report, whichever way it goes.
        (seen,) = private.stage.heard("reconciler", OrderSighted)
        assert seen.sighting.facts == settled.facts


def added(private: Private) -> dict[str, Any]:
    """Adds an order; what the exchange answers."""
    private.asked(("add", private.order(1)))
    number, result = private.sent()[-1][1], {"order_id": "O-1"}
    return {"method": "add_order", "req_id": number, "success": True, "result": result}


def heard(private: Private, name: str) -> list[Input]:
    return [s.sighting.facts[0].input for s in private.stage.heard(name, OrderSighted)]


def test_an_order_whose_every_report_went_to_it_hears_the_next_ones_itself_until_its_end() -> None:
    for together in (True, False):
        private = Private()
        answer, first = added(private), executions(2, "pending_new")
        if together:
            private.hears(answer, first)
        else:
            private.hears(answer)
            private.hears(first)
        private.hears(executions(3, "new"))
        private.hears(executions(4, "canceled"))
        private.hears(executions(5, "canceled"))
        own = [Input.LIVE, Input.CANCELED]
        assert heard(private, "asker") == (own if together else [Input.ACKNOWLEDGED, *own])
        assert heard(private, "orders") == [Input.CANCELED]
        assert len(heard(private, "reconciler")) == 4


def test_what_comes_at_once_of_several_orders_that_have_no_home_is_one_list_for_the_desk() -> None:
    private = Private()
    private.hears(added(private))
    private.hears(executions(2, "pending_new"))
    others = [executions(3 + n, "new", order_id=f"O-{7 + n}") for n in range(2)]
    private.hears(*others, executions(5, "new"))
    (listed,) = private.stage.heard("orders", OrdersListed)
    assert [sighting.order_id for sighting in listed.sightings] == ["O-7", "O-8"]
    assert heard(private, "orders") == []
    assert heard(private, "asker") == [Input.ACKNOWLEDGED, Input.LIVE]
    assert len(heard(private, "reconciler")) == 4


def test_what_a_new_connection_reports_of_an_order_goes_to_the_desk() -> None:
    private = Private()
    private.hears(added(private), executions(2, "pending_new"))
    private.stage.tell(WireClosed("private", 1, "a test"))
    private.connects(2)
    private.hears(executions(2, "new"))
    assert heard(private, "asker") == []
    assert heard(private, "orders") == [Input.LIVE]


def test_an_orders_age_is_told_with_the_count_that_comes_with_its_answer_or_later() -> None:
    private = Private()
    first = executions(2, "pending_new", symbol="BTC/USD", ratecount="2")
    private.hears(added(private), first)
    assert private.stage.heard("ratelimiter", CounterReported) == [
        CounterReported("BTC/USD", Decimal(2), ("i-1",))
    ]
    private = Private()
    private.hears(added(private))
    assert private.stage.heard("ratelimiter", CounterReported) == []
    private.hears(first)
    (report,) = private.stage.heard("ratelimiter", CounterReported)
    assert report.placed == ("i-1",)


def test_an_age_that_waits_for_the_next_count_needs_no_other_report() -> None:
    private = Private()
    counted = {"symbol": "BTC/USD", "ratecount": "2"}
    private.hears(executions(2, "pending_new", order_id="O-0", **counted))
    private.hears(added(private), executions(3, "pending_new", **counted))
    assert [r.placed for r in private.stage.heard("ratelimiter", CounterReported)] == [()]
    private.stage.run(1)
    private.hears({"channel": "heartbeat"})
    assert [r.placed for r in private.stage.heard("ratelimiter", CounterReported)] == [(), ("i-1",)]


def test_reports_that_are_not_an_orders_first_go_the_way_of_those_before_them() -> None:
    private = Private()
    private.asked(("add", private.order(1)))
    number, result = private.sent()[-1][1], {"order_id": "O-1"}
    private.hears(executions(2, "pending_new"))
    answer = {"method": "add_order", "req_id": number, "success": True, "result": result}
    private.hears(executions(3, "new"), answer)
    (settled,) = private.stage.heard("asker", AddSettled)
    assert settled.facts == ()
    said = [seen.sighting.facts[0].input for seen in private.stage.heard("orders", OrderSighted)]
    assert said == [Input.ACKNOWLEDGED, Input.LIVE]


def test_a_refusal_takes_no_reports_along() -> None:
    private = Private()
    private.asked(("add", private.order(1)))
    refused = {"success": False, "error": "EOrder:Post only order"}
    answer = {"method": "add_order", "req_id": private.sent()[-1][1], **refused}
    private.hears(executions(2, "pending_new"), executions(3, "canceled"), answer)
    (settled,) = private.stage.heard("asker", AddSettled)
    assert (settled.outcome, settled.facts) == (Sent.REFUSED, ())
    (seen,) = private.stage.heard("orders", OrderSighted)
    assert [fact.input for fact in seen.sighting.facts] == [Input.ACKNOWLEDGED, Input.CANCELED]


def test_it_pings_only_where_no_answer_has_told_the_exchanges_time_of_late() -> None:
    private = Private()
    private.stage.run(3)
    private.hears(added(private) | {"time_out": private.now()})
    pings = [method for method, _ in private.sent()].count("ping")
    private.stage.run(4)
    assert [method for method, _ in private.sent()].count("ping") == pings
    private.hears({"channel": "heartbeat"})
    private.stage.run(5)
    assert [method for method, _ in private.sent()].count("ping") == pings + 1
