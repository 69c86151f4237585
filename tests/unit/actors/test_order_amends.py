"""Amends on a stage: permit, row, wire; never twice; what becomes of one in doubt."""

from decimal import Decimal
from functools import partial

import attrs
from stage import Stage

from zoe.actors.order_amends import ANSWER_MARGIN_NS, DEADLINE_NS
from zoe.actors.order_desk import OrderDesk
from zoe.actors.order_opening import PERMIT_SECONDS, OrderConfig
from zoe.domain.amend import Amend, Progress, Terms
from zoe.domain.order import EXTERNAL, Fact, Fill, Input, Intent, Order, OrderType, Side, State
from zoe.domain.quantity import Price, Quantity
from zoe.domain.ratelimit import Action
from zoe.domain.sighting import Sighting
from zoe.messages.gateway import (
    AddSettled,
    AmendSettled,
    OrderSighted,
    SendAdd,
    SendAmend,
    SendCancel,
    Sent,
)
from zoe.messages.journal import Hydrated, StoredRow
from zoe.messages.limits import PermitGranted, RequestPermit
from zoe.messages.orders import (
    AmendDenied,
    AmendOrder,
    Asked,
    CancelOrder,
    DoubtRaised,
    LookWanted,
    OrderChanged,
    OrderFact,
    OrdersReported,
    ReportOrders,
    SubmitAmend,
    SubmitOrder,
)

OTHERS = ("ratelimiter", "gateway", "reconciler", "risk", "repositioner", "asker")
INTENT_ID = "00000000-0000-0000-0000-000000000001"
INTENT = Intent(
    *(INTENT_ID, "strategy/q", "bid.0", "BTC/USD", Side.BUY, OrderType.LIMIT),
    *(Quantity.of("0.002"), Price.of("49990.0")),
)
OLD = Terms(INTENT.quantity, INTENT.limit_price)
NEW = Terms(Quantity.of("0.002"), Price.of("50000"))
SILENCE_SECONDS = (DEADLINE_NS + ANSWER_MARGIN_NS) / 1e9 + 0.1


def desk(rows: tuple[StoredRow, ...] = ()) -> Stage:
    return Stage("orders", partial(OrderDesk, OrderConfig("a", 4711)), OTHERS, rows)


def tell_order(stage: Stage, message: object) -> None:
    stage.runtime.find(f"orders/{INTENT_ID}").tell(message)  # type: ignore[arg-type]  # a message
    stage.run(0.05)


def permit(stage: Stage, action: Action) -> None:
    expires_ns = stage.runtime.clock.monotonic_ns() + 1_000_000_000
    tell_order(stage, PermitGranted(INTENT_ID, action, expires_ns))


def working() -> Stage:
    stage = desk()
    stage.tell(SubmitOrder(INTENT, "{}", stage.runtime.find("asker")))
    permit(stage, Action.ADD)
    assert len(stage.heard("gateway", SendAdd)) == 1
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    seen(stage, Fact(Input.LIVE, "O1", terms=OLD))
    return stage


def seen(stage: Stage, *facts: Fact) -> None:
    stage.tell(OrderSighted(Sighting("O1", None, facts)))


def want(stage: Stage, terms: Terms = NEW) -> None:
    asker = stage.runtime.find("asker")
    wish = AmendOrder(INTENT, terms, "nearer to the target", "strategy/a/q@7", asker)
    stage.tell(SubmitAmend(wish, "{}"))


def sent(stage: Stage, terms: Terms = NEW) -> Amend:
    want(stage, terms)
    permit(stage, Action.AMEND)
    amend = stage.heard("gateway", SendAmend)[-1].order.amend
    assert amend is not None and amend.terms == terms
    return amend


def newest(stage: Stage) -> Order:
    return stage.heard("asker", OrderChanged)[-1].order


def test_an_amend_leaves_with_its_permit_and_its_row_and_not_before() -> None:
    stage = working()
    want(stage)
    assert stage.heard("ratelimiter", RequestPermit)[-1].action is Action.AMEND
    assert stage.heard("gateway", SendAmend) == []
    permit(stage, Action.AMEND)
    (row,) = [row for row in stage.rows if row.kind == "order.amending"]
    assert row.body["reason"] == "nearer to the target"
    assert (row.body["limit_price"], row.body["was_limit_price"]) == ("50000", "49990")
    assert row.body["decision"] == "strategy/a/q@7"
    assert len(stage.heard("gateway", SendAmend)) == 1


def test_its_answer_or_the_stream_whichever_is_first_settles_it() -> None:
    for first_the_answer in (True, False):
        stage = working()
        number = sent(stage).number
        answer = partial(tell_order, stage, AmendSettled(number, Sent.ACCEPTED))
        report = partial(seen, stage, Fact(Input.LIVE, "O1", terms=NEW))
        for news in (answer, report) if first_the_answer else (report, answer):
            news()
        assert (newest(stage).terms, newest(stage).amend) == (NEW, None)
        assert stage.kinds().count("order.amended") == 1


def test_a_second_wish_is_refused_while_the_first_ones_fate_is_unknown() -> None:
    stage = working()
    sent(stage)
    want(stage, Terms(NEW.quantity, Price.of("50001")))
    (denied,) = stage.heard("asker", AmendDenied)
    assert denied.code == "NOT_AMENDABLE"
    stage.run(SILENCE_SECONDS)
    assert newest(stage).state is State.WORKING
    want(stage, Terms(NEW.quantity, Price.of("50001")))
    stage.run(600)
    assert len(stage.heard("gateway", SendAmend)) == 1
    assert len(stage.heard("asker", AmendDenied)) == 2


def test_of_two_wishes_that_wait_the_newer_is_sent() -> None:
    stage = working()
    want(stage)
    sent(stage, Terms(NEW.quantity, Price.of("50001")))
    (denied,) = stage.heard("asker", AmendDenied)
    assert (denied.code, denied.terms) == ("SUPERSEDED", NEW)
    assert stage.heard("risk", AmendDenied) == [denied], "which holds what it approved"
    assert len(stage.heard("gateway", SendAmend)) == 1


def approved(stage: Stage) -> tuple[Asked, ...]:
    """What OrderDesk tells a RiskOfficer that is begun again."""
    stage.tell_from("risk", ReportOrders())
    return stage.heard("risk", OrdersReported)[-1].approved


def test_an_amend_that_waits_is_reported_as_approved_until_it_leaves() -> None:
    stage = working()
    assert approved(stage) == ()
    want(stage)
    assert approved(stage) == (Asked(INTENT, NEW),)
    sent(stage, Terms(NEW.quantity, Price.of("50001")))
    assert approved(stage) == (), "the one before was superseded"


def test_an_amend_that_will_not_leave_is_not_reported_as_approved() -> None:
    ends = (CancelOrder(INTENT_ID, "a test"), OrderFact(Fact(Input.CANCELED, "O1")))
    for end in ends:
        stage = working()
        want(stage)
        tell_order(stage, end)
        assert approved(stage) == ()


def test_an_amend_that_was_lost_with_its_orders_actor_is_held_until_the_order_has_ended() -> None:
    stage = working()
    want(stage)
    stage.runtime.crash(f"orders/{INTENT_ID}")
    stage.run(1)
    permit(stage, Action.AMEND)
    assert stage.heard("gateway", SendAmend) == []
    assert approved(stage) == (Asked(INTENT, NEW),)
    tell_order(stage, OrderFact(Fact(Input.CANCELED, "O1")))
    assert approved(stage) == ()


def test_silence_is_a_doubt_that_a_look_settles() -> None:
    for found, kept in ((NEW, NEW), (None, OLD)):
        stage = working()
        sent(stage)
        stage.run(SILENCE_SECONDS)
        (doubt,) = stage.heard("reconciler", DoubtRaised)
        assert doubt.order.amend is not None
        assert doubt.order.amend.progress is Progress.IN_DOUBT
        fact = Fact(Input.AMEND_ABSENT if found is None else Input.AMENDED, "O1", terms=found)
        tell_order(stage, OrderFact(fact))
        assert (newest(stage).terms, newest(stage).amend) == (kept, None)


def test_a_refused_amend_leaves_the_order_as_it_was_and_a_closed_order_is_looked_for() -> None:
    for code, looks in (("EOrder:Post only order", 0), ("EOrder:Unknown order", 1)):
        stage = working()
        number = sent(stage).number
        tell_order(stage, AmendSettled(number, Sent.REFUSED, code))
        assert (newest(stage).terms, newest(stage).amend) == (OLD, None)
        assert len(stage.heard("reconciler", LookWanted)) == looks
        assert sent(stage).number > number


def test_a_late_answer_about_an_earlier_amend_changes_nothing() -> None:
    stage = working()
    first = sent(stage).number
    seen(stage, Fact(Input.LIVE, "O1", terms=NEW))
    second = sent(stage, Terms(NEW.quantity, Price.of("50002")))
    tell_order(stage, AmendSettled(first, Sent.REFUSED, "late"))
    assert newest(stage).amend == second


def test_an_amend_that_was_on_its_way_at_a_crash_is_in_doubt_and_not_sent_again() -> None:
    before = working()
    sent(before)
    after = desk(tuple(before.rows))
    after.run(1)
    (doubt,) = after.heard("reconciler", DoubtRaised)
    assert doubt.order.amend is not None and doubt.order.amend.progress is Progress.IN_DOUBT
    after.run(600)
    assert after.heard("gateway", SendAmend) == []


def test_a_cancel_takes_back_an_amend_that_waits_and_overtakes_one_in_flight() -> None:
    waits = working()
    want(waits)
    waits.tell(CancelOrder("O1", "a test"))
    permit(waits, Action.AMEND)
    assert waits.heard("gateway", SendAmend) == []
    assert len(waits.heard("asker", AmendDenied)) == 1
    flies = working()
    sent(flies)
    flies.tell(CancelOrder("O1", "a test"))
    permit(flies, Action.CANCEL)
    assert len(flies.heard("gateway", SendCancel)) == 1
    seen(flies, Fact(Input.CANCELED, "O1"))
    assert (newest(flies).state, newest(flies).amend) == (State.CANCELED, None)


def test_an_order_amended_by_hand_elsewhere_is_known_by_its_new_terms() -> None:
    stage = working()
    larger = Terms(Quantity.of("0.01"), Price.of("49000"))
    seen(stage, Fact(Input.LIVE, "O1", terms=larger))
    seen(stage, Fact(Input.LIVE, "O1", filled_quantity=Quantity.of("0.008"), terms=larger))
    assert newest(stage).terms == larger
    assert newest(stage).filled == Quantity.of("0.008")
    assert stage.kinds()[-2:] == ["order.amended", "order.working"]


def test_a_permit_that_never_comes_is_asked_for_again() -> None:
    stage = working()
    want(stage)
    stage.run(2 * PERMIT_SECONDS + 1)
    asked = [p for p in stage.heard("ratelimiter", RequestPermit) if p.action is Action.AMEND]
    assert len(asked) == 3


def test_an_amend_of_an_order_that_nobody_has_is_denied() -> None:
    stage = desk()
    want(stage)
    denied = stage.heard("asker", AmendDenied)
    assert [one.code for one in denied] == ["NOT_AMENDABLE"]
    assert stage.heard("risk", AmendDenied) == denied


def test_an_amend_of_an_order_that_is_not_live_yet_waits_until_it_is() -> None:
    stage = desk()
    stage.tell(SubmitOrder(INTENT, "{}", stage.runtime.find("asker")))
    permit(stage, Action.ADD)
    tell_order(stage, AddSettled(Sent.ACCEPTED, "O1"))
    want(stage)
    assert stage.heard("ratelimiter", RequestPermit)[-1].action is Action.ADD
    seen(stage, Fact(Input.LIVE, "O1", terms=OLD))
    permit(stage, Action.AMEND)
    assert len(stage.heard("gateway", SendAmend)) == 1


def test_an_order_enlarged_and_filled_while_nobody_listened_is_known_from_a_list() -> None:
    stage = working()
    larger = attrs.evolve(INTENT, intent_id="O1", source=EXTERNAL, quantity=Quantity.of("0.01"))
    filled = Fact(Input.COMPLETED, "O1", filled_quantity=larger.quantity)
    stage.tell(OrderSighted(Sighting("O1", None, (filled,), larger)))
    order = newest(stage)
    assert (order.state, order.terms.quantity, order.fills_missing) == (
        *(State.FILLED, larger.quantity),
        True,
    )
    assert stage.kinds()[-2:] == ["order.amended", "order.filled"]


def test_fills_that_are_told_before_the_amend_that_made_them_possible_wait_for_it() -> None:
    stage = working()
    fills = [early_fill("T1", "0.006"), early_fill("T2", "0.004")]
    seen(stage, *fills, Fact(Input.COMPLETED, "O1", filled_quantity=Quantity.of("0.01")))
    assert newest(stage).filled == Quantity.of("0")
    assert stage.heard("reconciler", LookWanted), "the stream may never tell"
    larger = Terms(Quantity.of("0.01"), OLD.limit_price)
    seen(stage, Fact(Input.AMENDED, "O1", terms=larger))
    order = newest(stage)
    assert (order.state, order.terms, order.fills_missing) == (State.FILLED, larger, False)
    assert [row.kind for row in stage.rows][-4:] == [
        *("order.amended", "order.fill", "order.fill", "order.filled")
    ]


def test_fills_beyond_what_was_ordered_are_kept_when_the_order_ends_and_no_amend_was_told() -> None:
    stage = working()
    seen(stage, early_fill("T1", "0.006"), Fact(Input.CANCELED, "O1"), early_fill("T2", "0.001"))
    order = newest(stage)
    assert (order.state, order.filled) == (State.CANCELED, Quantity.of("0.007"))
    assert [row.kind for row in stage.rows][-3:] == [
        *("order.canceled", "order.fill", "order.fill")
    ]


def early_fill(exec_id: str, quantity: str) -> Fact:
    done = Fill(
        *(exec_id, 1, "O1", "BTC/USD", Side.BUY, Quantity.of(quantity), Price.of("49990")),
        *(Decimal(1), Decimal(0), "USD", "m", 1),
    )
    return Fact(Input.FILL, "O1", fill=done)


def test_an_answer_that_an_actor_before_it_asked_for_takes_no_row_back() -> None:
    stage = working()
    old = Hydrated(1, tuple(stage.rows))
    stage.runtime.crash(f"orders/{INTENT_ID}")
    stage.run(1)
    sent(stage)
    tell_order(stage, old)
    seen(stage, Fact(Input.CANCELED, "O1"))
    versions = [row.version for row in stage.rows]
    assert versions == sorted(set(versions))
    assert stage.rows[-1].kind == "order.canceled"
